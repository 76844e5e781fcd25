//! The command line: arguments to subcommands, outcomes to exit codes.
//!
//! Exit codes: 0 done, or nobody reads stdout any more; 1 failed; 2 bad usage or bad configuration.
//! Results go to stdout, progress and logs to stderr.

mod check;
mod demo;
mod eval;
mod explain;
mod feed;
mod files;
mod log;
mod print;
mod replay;
mod run;
mod schema;

use crate::config::Config;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// The heading of what every command takes.
const EVERYWHERE: &str = "Everywhere";

/// Folds a news wire: finds every copy, says what each article is, groups stories.
#[derive(Debug, Parser)]
#[command(name = "wirefold", version, about)]
struct Cli {
    /// The configuration file (TOML).
    #[arg(long, global = true, value_name = "FILE", help_heading = EVERYWHERE)]
    config: Option<PathBuf>,
    /// One setting, over file and environment; may be repeated.
    #[arg(long, global = true, value_name = "KEY=VALUE", help_heading = EVERYWHERE)]
    set: Vec<String>,
    /// How logs are printed on stderr.
    #[arg(long, global = true, value_name = "FORM", default_value = "text", help_heading = EVERYWHERE)]
    log: log::LogFormat,
    #[command(subcommand)]
    command: Command,
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
        what: schema::SchemaKind,
    },
}

/// Why a subcommand ended without success.
enum CommandError {
    /// Exit code 2.
    Usage(anyhow::Error),
    /// Exit code 1.
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for CommandError {
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
    let form = cli.log;
    let level = if matches!(cli.command, Command::Demo(_)) { "warn" } else { "info" };
    let _telling = match log::start(cli.log, level) {
        Ok(telling) => telling,
        Err(error) => return report(&error, form, 2),
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(CommandError::Usage(error)) => report(&error, form, 2),
        Err(CommandError::Failed(error)) if print::hung_up(&error) => ExitCode::SUCCESS,
        Err(CommandError::Failed(error)) => report(&error, form, 1),
    }
}

/// Says why the process ends, in the form of the logs.
fn report(error: &anyhow::Error, form: log::LogFormat, code: u8) -> ExitCode {
    match form {
        log::LogFormat::Text => print::remark(format_args!("wirefold: {error:#}")),
        log::LogFormat::Json => print::remark(log::last(&format!("{error:#}"), code)),
    }
    ExitCode::from(code)
}

fn run(cli: Cli) -> Result<(), CommandError> {
    let config = Config::load(cli.config.as_deref(), std::env::vars(), &cli.set)
        .map_err(|error| CommandError::Usage(error.into()))?;
    match cli.command {
        Command::Run => run::run(&config),
        Command::Demo(args) => demo::run(&config, &args),
        Command::Replay(args) => replay::run(&config, cli.config.as_deref(), &args),
        Command::Explain(args) => explain::run(&config, &args),
        Command::Eval(args) => eval::run(&config, &args),
        Command::Check(args) => check::run(&config, &args),
        Command::Schema { what } => schema::run(&config, what),
    }
}
