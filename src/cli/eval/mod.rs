//! `wirefold eval`: quality on labelled articles, as JSON on stdout and as a table on a terminal.

mod duplicates;

use super::Failure;
use crate::config::Config;
use std::path::PathBuf;

/// What is measured.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Near-duplicates, against labelled pairs or labelled copies.
    Duplicates {
        /// Articles as JSON Lines.
        #[arg(long, value_name = "FILE")]
        articles: PathBuf,
        /// Tab-separated pairs with a header: `id1`, `id2`, `label`, `dt_hours`, `containment_w5`.
        #[arg(long, value_name = "FILE")]
        pairs: Option<PathBuf>,
        /// Scores pairs at most so many hours apart.
        #[arg(long, value_name = "HOURS")]
        within: Option<f64>,
        /// Prints every miss to stderr.
        #[arg(long)]
        misses: bool,
    },
}

/// Runs `eval`.
pub(super) fn run(config: &Config, args: &Args) -> Result<(), Failure> {
    let result = match args {
        Args::Duplicates { articles, pairs, within, misses } => {
            duplicates::run(config, articles, pairs.as_deref(), *within, *misses)?
        }
    };
    println!("{}", serde_json::to_string_pretty(&result)?);
    Ok(())
}
