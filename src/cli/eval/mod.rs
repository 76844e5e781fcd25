//! `wirefold eval`: quality on labelled articles, as JSON on stdout and as a table on a terminal.

mod duplicates;
mod partition;
mod stories;

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
    /// Stories, against labelled ones.
    Stories {
        /// Articles as JSON Lines, each with a `story`.
        #[arg(long, value_name = "FILE")]
        articles: PathBuf,
        /// How the articles are put in order.
        #[arg(long, value_name = "ORDER", default_value = "day")]
        order: stories::Order,
        /// How many orders are run.
        #[arg(long, value_name = "N", default_value = "5")]
        shuffles: u32,
    },
}

/// Runs `eval`.
pub(super) fn run(config: &Config, args: &Args) -> Result<(), Failure> {
    let result = match args {
        Args::Duplicates { articles, pairs, within, misses } => {
            duplicates::run(config, articles, pairs.as_deref(), *within, *misses)?
        }
        Args::Stories { articles, order, shuffles } => {
            stories::run(config, articles, *order, *shuffles)?
        }
    };
    println!("{}", serde_json::to_string_pretty(&result)?);
    Ok(())
}
