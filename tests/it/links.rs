//! Tests the links in the documentation: their files and headings must exist.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Collects the Markdown files of the repository.
fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        let skipped = name == "target" || name.starts_with('.') && name != ".github";
        if entry.file_type().unwrap().is_dir() && !skipped {
            documents(&path, found);
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// The text outside fenced blocks.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    });
    lines.map(|line| format!("{line}\n")).collect()
}

/// The targets of inline links and images.
fn targets(text: &str) -> Vec<String> {
    let prose = prose(text);
    let ends = prose.match_indices("](").map(|(at, mark)| &prose[at + mark.len()..]);
    ends.map(|rest| rest.split([')', ' ']).next().unwrap_or_default().to_owned()).collect()
}

/// The anchors that GitHub gives to the headings.
fn anchors(text: &str) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let prose = prose(text);
    let headings = prose.lines().filter(|line| line.trim_start_matches('#').starts_with(' '));
    let headings = headings.filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            let kept = |c: &char| c.is_alphanumeric() || ['-', '_', ' '].contains(c);
            let slug: String = words.chars().filter(kept).collect::<String>().replace(' ', "-");
            let before = seen.entry(slug.clone()).or_default();
            *before += 1;
            if *before == 1 { slug } else { format!("{slug}-{}", *before - 1) }
        })
        .collect()
}

/// What is wrong with a link in the page at `path`, if anything.
fn broken(path: &Path, text: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let linked = if file.is_empty() { path.to_owned() } else { path.parent()?.join(file) };
    if !linked.exists() {
        return Some(format!("{}: no file `{target}`", path.display()));
    }
    let other = if file.is_empty() { text.to_owned() } else { fs::read_to_string(&linked).ok()? };
    let known = anchor.is_empty() || anchors(&other).iter().any(|heading| heading == anchor);
    (!known).then(|| format!("{}: no heading `{target}`", path.display()))
}

#[test]
fn links_in_the_documentation_lead_to_existing_files_and_headings() {
    let mut found = Vec::new();
    documents(Path::new(env!("CARGO_MANIFEST_DIR")), &mut found);
    let (mut links, mut wrong) = (0, Vec::new());
    for path in &found {
        let text = fs::read_to_string(path).unwrap();
        for target in targets(&text) {
            links += 1;
            wrong.extend(broken(path, &text, &target));
        }
    }
    assert!(found.len() > 8 && links > 30, "{links} links in {} pages", found.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn links_to_missing_files_and_headings_are_noticed() {
    let text = "# One thing\n## Its `parts`, in order\n# One thing\n```\n[a](none)\n# No heading\n```\n\
        [a](#one-thing) ![b](Cargo.toml) [c](#its-parts-in-order) [d](#one-thing-1)\n\
        [e](#no-heading) [f](none.md) [g](https://example.org/#x) [h](README.md#no-heading)\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let wrong: Vec<String> =
        targets(text).iter().filter_map(|target| broken(&path, text, target)).collect();
    let ends: Vec<&str> = wrong.iter().filter_map(|line| line.split('`').nth(1)).collect();
    assert_eq!(ends, ["#no-heading", "none.md", "README.md#no-heading"]);
}
