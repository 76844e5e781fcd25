//! `wirefold eval`: measures quality on labelled articles. Prints JSON, or a table on a terminal.

mod duplicates;
mod partition;
mod stories;

use super::{CommandError, print};
use crate::config::Config;
use serde_json::Value;
use std::io::IsTerminal;
use std::path::PathBuf;

/// What to measure.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Scores near-duplicate detection against labelled pairs or labelled copies.
    Duplicates {
        /// The articles, as JSON Lines.
        #[arg(long, value_name = "FILE")]
        articles: PathBuf,
        /// Tab-separated pairs with a header: `id1`, `id2`, `label`, `dt_hours`, `containment_w5`.
        #[arg(long, value_name = "FILE")]
        pairs: Option<PathBuf>,
        /// Ignores pairs more than this many hours apart.
        #[arg(long, value_name = "HOURS")]
        within: Option<f64>,
        /// Prints every error to stderr.
        #[arg(long)]
        misses: bool,
    },
    /// Scores stories against labelled stories.
    Stories {
        /// The articles, as JSON Lines with the label `story`.
        #[arg(long, value_name = "FILE")]
        articles: PathBuf,
        /// The order in which the articles arrive.
        #[arg(long, value_name = "ORDER", default_value = "day")]
        order: stories::ArticleOrder,
        /// Number of runs, each with a different shuffle.
        #[arg(long, value_name = "N", default_value = "5")]
        shuffles: u32,
    },
}

/// Runs `eval`.
pub(super) fn run(config: &Config, args: &Args) -> Result<(), CommandError> {
    let result = match args {
        Args::Duplicates { articles, pairs, within, misses } => {
            duplicates::run(config, articles, pairs.as_deref(), *within, *misses)?
        }
        Args::Stories { articles, order, shuffles } => {
            stories::run(config, articles, *order, *shuffles)?
        }
    };
    if std::io::stdout().is_terminal() {
        let mut rows = Vec::new();
        table(&result, 0, &mut rows);
        print::lines(rows)?;
    } else {
        print::json(&result)?;
    }
    Ok(())
}

/// The message of a JSON error, without the line number, which is always 1.
fn in_line(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}

/// Appends a JSON object as table rows, each with a name and a value. Nested objects are indented.
fn table(result: &Value, depth: usize, rows: &mut Vec<String>) {
    let Some(fields) = result.as_object() else { return };
    for (name, value) in fields {
        let name = format!("{:indent$}{}", "", name.replace('_', " "), indent = 2 * depth);
        match value {
            Value::Object(_) => {
                rows.push(name);
                table(value, depth + 1, rows);
            }
            Value::Number(n) if n.is_f64() => {
                rows.push(format!("{name:<36} {:>10.4}", n.as_f64().unwrap_or_default()));
            }
            Value::String(text) => rows.push(format!("{name:<36} {text:>10}")),
            other => rows.push(format!("{name:<36} {:>10}", other.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_result_is_printed_as_rows() {
        let result =
            json!({ "pairs": { "f1": 0.98765, "found": 12 }, "order": "day", "none": null });
        let mut rows = Vec::new();
        table(&result, 0, &mut rows);
        let shown: Vec<Vec<&str>> = rows.iter().map(|r| r.split_whitespace().collect()).collect();
        let want: [&[&str]; 5] =
            [&["none", "null"], &["order", "day"], &["pairs"], &["f1", "0.9877"], &["found", "12"]];
        assert_eq!(shown, want);
        let widths: Vec<usize> = rows.iter().filter(|r| r.len() > 20).map(String::len).collect();
        assert_eq!(widths, [47; 4]);
    }
}
