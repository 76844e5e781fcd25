//! `wirefold compare`: shows how the verdicts and stories of files would change with other
//! settings.
//!
//! In: files, the current settings, and these settings changed by `--set`. Out: the totals of both
//! runs, and the articles whose kind, target, forwarding or story differs, with examples. Two
//! stories are the same if the same article opened them.
//!
//! Both runs proceed at the same time, each in one pass. Together they need the memory of two
//! engines.

mod difference;
mod output;
mod rows;

use super::{CommandError, print};
use crate::config::Config;
use anyhow::anyhow;
use difference::{Difference, EXAMPLES_DEFAULT};
use output::ChangedSetting;
use rows::Run;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Input files, in any format that `replay` reads. Both runs read all of them.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Changes a setting in both runs, before the settings of --set are applied; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) base: Vec<String>,
    /// Maximum number of examples of each change.
    #[arg(long, value_name = "N", default_value_t = EXAMPLES_DEFAULT)]
    examples: usize,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Runs `compare` with the settings `before`, and with the settings `after`, to which `--set` was
/// applied.
pub(super) fn run(before: &Config, after: &Config, args: &Args) -> Result<(), CommandError> {
    let settings = changed(before, after)?;
    if settings.is_empty() {
        return Err(CommandError::Usage(anyhow!(
            "both runs have the same settings; say what to change with `--set KEY=VALUE`"
        )));
    }
    if args.files.iter().any(|path| path == Path::new("-")) {
        return Err(CommandError::Usage(anyhow!("stdin cannot be read twice; name a file")));
    }
    let mut runs = [Run::start(before, &args.files)?, Run::start(after, &args.files)?];
    let mut found = Difference::new(args.examples);
    let [first, second] = &mut runs;
    found.compare(|| first.next(), || second.next());
    let [first, second] = runs;
    found.totals = [first.finish()?, second.finish()?];
    if args.json {
        print::json(&output::value(&found, &settings))?;
    } else {
        print::lines(output::lines(&found, &settings))?;
    }
    if before.settings_hash() == after.settings_hash() {
        print::remark("none of these settings changes what the engine decides");
    }
    Ok(())
}

/// The settings that differ, by key.
fn changed(before: &Config, after: &Config) -> anyhow::Result<Vec<ChangedSetting>> {
    let flat = |config: &Config| -> anyhow::Result<BTreeMap<String, String>> {
        let mut all = BTreeMap::new();
        flatten("", &serde_json::to_value(config)?, &mut all);
        Ok(all)
    };
    let (before, after) = (flat(before)?, flat(after)?);
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let value = |all: &BTreeMap<String, String>, key: &String| {
        all.get(key).cloned().unwrap_or_else(|| "not set".into())
    };
    let changed = keys.into_iter().filter(|key| before.get(*key) != after.get(*key));
    Ok(changed.map(|key| (key.clone(), value(&before, key), value(&after, key))).collect())
}

/// Collects settings by their dotted keys.
fn flatten(path: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    match value.as_object() {
        Some(fields) if path != "kafka" => {
            for (key, value) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&path, value, into);
            }
        }
        _ if path == "kafka" => {}
        _ => {
            into.insert(path.to_owned(), value.to_string());
        }
    }
}
