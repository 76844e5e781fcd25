//! The command line: arguments to subcommands, outcomes to exit codes.
//!
//! Exit codes: 0 done, 1 failed, 2 bad usage or bad configuration. Results go to stdout, progress
//! and logs to stderr.

mod check;
mod demo;
mod eval;
mod explain;
mod feed;
mod replay;
mod run;
mod schema;

use crate::config::Config;
use clap::{Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Folds a news wire: finds every copy, says what each article is, groups stories.
#[derive(Debug, Parser)]
#[command(name = "wirefold", version, about)]
struct Cli {
    /// The configuration file (TOML).
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, over file and environment; may be repeated.
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// How logs are printed on stderr.
    #[arg(long, global = true, value_name = "FORM", default_value = "text")]
    log: Log,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Log {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The daemon: Kafka in, Kafka out.
    Run,
    /// A sample wire through a broker in memory: no Kafka needed.
    Demo(demo::Args),
    /// Runs over files or stdin (`-`), without Kafka.
    Replay(replay::Args),
    /// Why two articles are, or are not, the same.
    Explain(explain::Args),
    /// Measures on labelled articles: JSON on stdout.
    #[command(subcommand)]
    Eval(eval::Args),
    /// Validates the settings, then the connection.
    Check(check::Args),
    /// Prints what is published and what is set, for machines.
    Schema {
        /// What to print.
        what: schema::What,
    },
}

/// Why a subcommand ended without success.
enum Failure {
    /// Exit code 2.
    Usage(anyhow::Error),
    /// Exit code 1.
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Runs the command that `args` ask for.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    // The screen of the demo belongs to the wire.
    let level = if matches!(cli.command, Command::Demo(_)) { "warn" } else { "info" };
    start_log(cli.log, level);
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(error)) => report(&error, 2),
        Err(Failure::Failed(error)) => report(&error, 1),
    }
}

fn report(error: &anyhow::Error, code: u8) -> ExitCode {
    eprintln!("wirefold: {error:#}");
    ExitCode::from(code)
}

fn run(cli: Cli) -> Result<(), Failure> {
    let config = Config::load(cli.config.as_deref(), std::env::vars(), &cli.set)
        .map_err(|error| Failure::Usage(error.into()))?;
    match cli.command {
        Command::Run => run::run(&config),
        Command::Demo(args) => demo::run(&config, &args),
        Command::Replay(args) => replay::run(&config, &args),
        Command::Explain(args) => explain::run(&config, &args),
        Command::Eval(args) => eval::run(&config, &args),
        Command::Check(args) => check::run(&config, &args),
        Command::Schema { what } => schema::run(&config, what),
    }
}

fn start_log(form: Log, level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match form {
        Log::Text => log.init(),
        Log::Json => log.json().init(),
    }
}
