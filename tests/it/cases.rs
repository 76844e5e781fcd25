//! Runs the cases: inputs as users send them, with the expected results. See
//! `tests/cases/README.md`.

use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");

/// The expectations of one case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What went wrong, or would go wrong.
    fault: String,
    /// The input files, in order.
    files: Vec<String>,
    /// The expected results for each article, by uri.
    #[serde(default)]
    articles: BTreeMap<String, Expected>,
    /// The uris of all articles on the unique topic.
    unique: Option<BTreeSet<String>>,
    /// The number of stories of all articles together.
    stories: Option<usize>,
}

/// The expected results for one article; results that are left out are not checked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// The kinds that are accepted.
    #[serde(default)]
    kind: Vec<String>,
    /// The uri of the article that it is related to.
    of: Option<String>,
    /// An article of the same story.
    story_of: Option<String>,
    /// Whether it is forwarded to the unique topic.
    passes: Option<bool>,
    /// Flags that it must have.
    #[serde(default)]
    flags: Vec<String>,
}

/// The results of `replay` for the files of a case.
struct Outcome {
    /// The data of the last event about each article, by uri.
    articles: BTreeMap<String, Value>,
    /// The uris on the unique topic.
    unique: BTreeSet<String>,
}

impl Outcome {
    fn of(case: &Case) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (events, unique) = (folder.path().join("events"), folder.path().join("unique"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_wirefold"));
        command.arg("replay").args(&case.files).arg("--events").arg(&events);
        let output = command.arg("--unique").arg(&unique).current_dir(CASES).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut articles = BTreeMap::new();
        for line in lines(&events) {
            if line["type"] == "wirefold.article.classified.v1" {
                let uri = line["data"]["article"]["uri"].as_str().unwrap().to_owned();
                articles.insert(uri, line["data"].clone());
            }
        }
        let uri = |line: &Value| {
            ["uri", "id"].iter().find_map(|key| line[*key].as_str()).map(str::to_owned)
        };
        Self { articles, unique: lines(&unique).iter().filter_map(uri).collect() }
    }

    fn story(&self, uri: &str) -> &Value {
        &self.articles.get(uri).unwrap_or(&Value::Null)["story"]["id"]
    }

    /// The differences between the results for one article and its expectations.
    fn faults(&self, uri: &str, expected: &Expected) -> Vec<String> {
        let Some(data) = self.articles.get(uri) else { return vec![format!("no {uri}")] };
        let relation = &data["relation"];
        let kind = relation["kind"].as_str().unwrap_or_default();
        let mut faults = Vec::new();
        let mut check = |holds: bool, fault: String| {
            if !holds {
                faults.push(format!("{uri}: {fault}"));
            }
        };
        let kinds = &expected.kind;
        check(
            kinds.is_empty() || kinds.iter().any(|k| k == kind),
            format!("{kind}, not {kinds:?}"),
        );
        if let Some(of) = &expected.of {
            check(relation["of"]["uri"] == **of, format!("of {}, not {of}", relation["of"]["uri"]));
        }
        if let Some(other) = &expected.story_of {
            check(self.story(uri) == self.story(other), format!("not in the story of {other}"));
        }
        if let Some(passes) = expected.passes {
            check(self.unique.contains(uri) == passes, format!("passes: {}", !passes));
        }
        let flags = data["flags"].as_array().cloned().unwrap_or_default();
        for flag in &expected.flags {
            check(flags.contains(&Value::from(flag.as_str())), format!("no flag {flag}"));
        }
        faults
    }
}

/// The JSON Lines of a file.
fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The differences between the results of a case and its expectations.
fn faults(case: &Case) -> Vec<String> {
    let result = Outcome::of(case);
    let each = case.articles.iter().flat_map(|(uri, expected)| result.faults(uri, expected));
    let mut faults: Vec<String> = each.collect();
    if let Some(unique) = case.unique.as_ref().filter(|unique| **unique != result.unique) {
        faults.push(format!("unique {:?}, not {unique:?}", result.unique));
    }
    let ids = result.articles.values().map(|data| data["story"]["id"].to_string());
    let stories = ids.collect::<BTreeSet<_>>().len();
    if case.stories.is_some_and(|expected| expected != stories) {
        faults.push(format!("{stories} stories, not {:?}", case.stories));
    }
    faults
}

#[test]
fn every_case_gives_the_expected_result() {
    let files = fs::read_dir(CASES).unwrap().map(|entry| entry.unwrap().path());
    let is_case = |path: &PathBuf| path.extension().is_some_and(|end| end == "json");
    let mut paths: Vec<PathBuf> = files.filter(is_case).collect();
    paths.sort();
    assert!(!paths.is_empty());
    let mut all = Vec::new();
    for path in &paths {
        let name = path.file_stem().unwrap().display();
        let case: Case = serde_json::from_str(&fs::read_to_string(path).unwrap())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        all.extend(faults(&case).into_iter().map(|f| format!("{name}: {f} ({})", case.fault)));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

/// Every kind of expectation fails if it is not met.
#[test]
fn a_case_can_fail() {
    let expected =
        r#"{"kind": ["original"], "of": "x", "story_of": "x", "passes": true, "flags": ["x"]}"#;
    let case = format!(
        r#"{{"fault": "", "files": ["spelling-french-accents.jsonl"], "articles": {{"10-2": {expected}, "x": {{}}}},
            "unique": [], "stories": 7}}"#
    );
    assert_eq!(faults(&serde_json::from_str(&case).unwrap()).len(), 8);
}
