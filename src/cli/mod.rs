//! The command line: parses arguments, runs a subcommand and sets the exit code.
//!
//! Exit codes: 0 for success, or if the reader of stdout has closed the pipe; 1 for failure; 2 for
//! invalid usage or configuration. Results go to stdout, progress and logs to stderr.

mod check;
mod color;
mod compare;
mod demo;
mod eval;
mod explain;
mod feed;
mod files;
mod log;
mod print;
mod remote;
mod replay;
mod report;
mod run;
mod schema;
mod screen;
mod signals;
mod summary;
mod tap;
mod top;
mod words;

use crate::config::Config;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Help heading for the options that every command accepts.
const GLOBAL: &str = "Global options";

/// Deduplicates and clusters a news wire: finds copies, classifies each article, and groups
/// articles into stories.
#[derive(Debug, Parser)]
#[command(name = "wirefold", version, about)]
struct Cli {
    /// The configuration file (TOML).
    #[arg(long, global = true, value_name = "FILE", help_heading = GLOBAL)]
    config: Option<PathBuf>,
    /// Changes a setting, overriding the file and the environment; may be repeated.
    #[arg(long, global = true, value_name = "KEY=VALUE", help_heading = GLOBAL)]
    set: Vec<String>,
    /// The format of the logs on stderr.
    #[arg(long, global = true, value_name = "TYPE", default_value = "text", help_heading = GLOBAL)]
    log: log::LogFormat,
    /// The subcommand.
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the daemon, which reads from and writes to Kafka.
    Run,
    /// Runs sample articles through an in-memory broker; needs no Kafka.
    Demo(demo::Args),
    /// Processes files or stdin (`-`) without Kafka.
    Replay(replay::Args),
    /// Shows how the verdicts and stories of files would change with other settings.
    Compare(compare::Args),
    /// Prints the events of a running daemon as they are published.
    Tap(tap::Args),
    /// Shows the state of a running daemon: shards, lag, rates, kinds and the slowest stage.
    Top(top::Args),
    /// Explains why two articles are, or are not, copies of each other.
    Explain(explain::Args),
    /// Measures quality on labelled articles; prints JSON on stdout.
    #[command(subcommand)]
    Eval(eval::Args),
    /// Validates the configuration and, with --connect, the broker and its topics.
    Check(check::Args),
    /// Prints machine-readable schemas of the outputs, the API and the configuration.
    Schema {
        /// What to print.
        what: schema::SchemaKind,
    },
}

/// The reason a subcommand failed.
enum CommandError {
    /// Invalid usage or configuration, which gives exit code 2.
    Usage(anyhow::Error),
    /// Any other failure, which gives exit code 1.
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for CommandError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Parses a duration given on the command line.
fn duration(text: &str) -> Result<Duration, String> {
    let read = text.parse::<jiff::SignedDuration>().ok();
    read.and_then(|read| read.try_into().ok())
        .ok_or_else(|| "expected a duration such as `500ms`".into())
}

/// Parses `args` and runs the subcommand.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    // The demo shows the events on the terminal, where info logs would interfere.
    let format = cli.log;
    let level = if matches!(cli.command, Command::Demo(_)) { "warn" } else { "info" };
    let _guard = match log::start(cli.log, level) {
        Ok(guard) => guard,
        Err(error) => return report(&error, format, 2),
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(CommandError::Usage(error)) => report(&error, format, 2),
        Err(CommandError::Failed(error)) if print::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(CommandError::Failed(error)) => report(&error, format, 1),
    }
}

/// Prints the reason the process failed, in the format of the logs.
fn report(error: &anyhow::Error, format: log::LogFormat, code: u8) -> ExitCode {
    match format {
        log::LogFormat::Text => print::remark(format_args!("wirefold: {error:#}")),
        log::LogFormat::Json => print::remark(log::final_error(&format!("{error:#}"), code)),
    }
    ExitCode::from(code)
}

fn run(cli: Cli) -> Result<(), CommandError> {
    let load = |sets: &[String]| {
        let config = Config::load(cli.config.as_deref(), std::env::vars(), sets);
        config.map_err(|error| CommandError::Usage(error.into()))
    };
    if let Command::Compare(args) = &cli.command {
        let sets = [args.base.as_slice(), &cli.set].concat();
        return compare::run(&load(&args.base)?, &load(&sets)?, args);
    }
    let config = load(&cli.set)?;
    match cli.command {
        Command::Run => run::run(&config),
        Command::Demo(args) => demo::run(&config, &args),
        Command::Replay(args) => replay::run(&config, cli.config.as_deref(), &args),
        Command::Compare(_) => Ok(()),
        Command::Tap(args) => tap::run(&config, &args),
        Command::Top(args) => top::run(&config, &args),
        Command::Explain(args) => explain::run(&config, &args),
        Command::Eval(args) => eval::run(&config, &args),
        Command::Check(args) => check::run(&config, &args),
        Command::Schema { what } => schema::run(&config, what),
    }
}
