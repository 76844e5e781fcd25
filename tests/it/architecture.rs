//! Checks the structure of `src/`: which folder may import which, that the engine has no side
//! effects, and how long a file may be.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const LINES_MAX: usize = 500;
/// Maximum number of characters in a line.
const COLUMNS_MAX: usize = 100;

/// What each folder may import besides itself; the entry with the longest matching path applies.
/// `state`, `event` and `prepare` may use all of the engine except `decode`, because bad input is
/// rejected before it reaches the state machine.
const FOLDERS: &[(&str, &[&str])] = &[
    ("engine/article", &[]),
    ("engine/marks", &["engine/article", "engine/text"]),
    ("engine/decode", &["engine/article", "engine/marks"]),
    ("engine/text", &["engine/article", "engine/boilerplate"]),
    ("engine/fingerprint", &["engine/text"]),
    ("engine/boilerplate", &["engine/article", "engine/text"]),
    ("engine/candidates", &["engine/article", "engine/boilerplate", "engine/fingerprint"]),
    (
        "engine/verdict",
        &[
            "engine/article",
            "engine/boilerplate",
            "engine/candidates",
            "engine/fingerprint",
            "engine/marks",
            "engine/text",
        ],
    ),
    ("engine/stories", &["engine/article", "engine/text", "engine/verdict"]),
    ("engine/prepare", &["engine"]),
    ("engine/event", &["engine"]),
    ("engine/state", &["engine"]),
    ("engine", &["engine"]),
    ("daemon", &[]),
    ("config", &["daemon"]),
    ("cli", &["config", "daemon"]),
    ("lib", &["config", "daemon", "cli"]),
    ("main", &["cli"]),
];

/// Folders that the state machine may not import although `engine` allows them.
const STATE_FORBIDS: &[&str] = &["engine/decode"];

/// Sources of side effects that the engine must not use. The engine's `Cargo.toml` excludes other
/// packages.
const EFFECTS: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
    "SystemTime",
    "Instant",
    "println!",
    "eprintln!",
    "Timestamp::now",
    "Zoned::now",
];

/// All modules of `src/` with their text.
fn sources() -> Vec<(String, String)> {
    let found = modules("src");
    assert!(found.len() > 10, "the sources were not found");
    found
}

/// All modules of a folder of the project with their text.
pub(crate) fn modules(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    found.sort();
    found
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            walk(root, &path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let inner = path.strip_prefix(root).unwrap().with_extension("");
            let module = inner.to_str().unwrap().replace('\\', "/");
            found.push((module.trim_end_matches("/mod").trim_end_matches("/lib").to_owned(), text));
        }
    }
}

/// The entry of [`FOLDERS`] that applies to a module.
fn folder(module: &str) -> &'static str {
    FOLDERS
        .iter()
        .map(|(folder, _)| *folder)
        .filter(|folder| module == *folder || module.starts_with(&format!("{folder}/")))
        .max_by_key(|folder| folder.len())
        .unwrap_or_else(|| panic!("`{module}` is in no folder of the table `FOLDERS`"))
}

/// The code of a file without comments and without its test module, which may import anything.
pub(crate) fn code(text: &str) -> String {
    let without_tests = text.split("#[cfg(test)]").next().unwrap_or_default();
    without_tests
        .lines()
        .map(|l| l.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The modules of this crate that `code` names, as paths such as `engine/decode`; groups are
/// expanded.
fn imports(module: &str, code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let root: &[&str] = if module.starts_with("engine") { &["engine"] } else { &[] };
    for (start, prefix) in [("crate::", 0usize), ("super::", 1)] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let mut rest = &code[at + start.len()..];
            let mut base: Vec<&str> = root.to_vec();
            if prefix == 1 {
                base = module.split('/').collect();
                base.pop();
                while let Some(further) = rest.strip_prefix("super::") {
                    base.pop();
                    rest = further;
                }
            }
            for tail in expand(rest) {
                let full: Vec<&str> = base.iter().copied().chain(tail.split("::")).collect();
                found.push(full.join("/"));
            }
        }
    }
    found
}

/// Expands `a::{b::c, d}` to `a::b::c` and `a::d`. One level is enough for the code base.
fn expand(rest: &str) -> Vec<String> {
    let end =
        rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(rest.len());
    let head = rest[..end].trim_end_matches(':');
    if rest[end..].starts_with('{') {
        let close = rest[end..].find("};").map_or(rest.len(), |i| end + i);
        let inner = &rest[end + 1..close];
        return inner
            .split(',')
            .map(|part| part.trim().split([' ', '{', '}']).next().unwrap_or_default())
            .filter(|part| !part.is_empty())
            .map(|part| if head.is_empty() { part.to_owned() } else { format!("{head}::{part}") })
            .collect();
    }
    vec![head.to_owned()]
}

#[test]
fn every_import_is_allowed() {
    let allowed_by: BTreeMap<&str, &[&str]> = FOLDERS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (module, text) in sources() {
        let home = folder(&module);
        for import in imports(&module, &code(&text)) {
            let top = import.split('/').next().unwrap_or_default();
            if !["engine", "config", "daemon", "cli"].contains(&top) {
                continue;
            }
            let target = folder(&import);
            let inside = target == home || target.starts_with(&format!("{home}/"));
            let allowed = allowed_by[home]
                .iter()
                .any(|folder| target == *folder || target.starts_with(&format!("{folder}/")));
            let upward = home.starts_with(&format!("{target}/"));
            let forbidden = home == "engine/state" && STATE_FORBIDS.contains(&target);
            if forbidden || !(inside || allowed || upward) {
                wrong.push(format!("{module} imports {import}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports that the table `FOLDERS` does not allow:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_engine_has_no_side_effects() {
    let mut wrong = Vec::new();
    for (module, text) in sources() {
        if module != "engine" && !module.starts_with("engine/") {
            continue;
        }
        let code = code(&text);
        wrong.extend(
            EFFECTS.iter().filter(|e| code.contains(**e)).map(|e| format!("{module} uses {e}")),
        );
    }
    assert!(wrong.is_empty(), "side effects in the engine:\n{}", wrong.join("\n"));
}

/// `println!` panics when stdout is closed.
#[test]
fn only_one_module_writes_to_stdout() {
    let prints = |text: &str| {
        let code = code(text).replace("eprint", "");
        ["print!(", "println!("].iter().any(|call| code.contains(call))
    };
    let wrong: Vec<String> =
        sources().into_iter().filter(|(_, text)| prints(text)).map(|(module, _)| module).collect();
    assert_eq!(wrong, [""; 0], "use `cli::print`");
}

/// Errors are types, except in value parsers for clap, which expects errors as text.
#[test]
fn no_error_is_a_string() {
    let ends_in_string = |line: &str| line.contains("-> Result<") && line.contains(", String>");
    let returns = |text: &str| code(text).lines().any(ends_in_string);
    let of_others = sources().into_iter().filter(|(module, _)| !module.starts_with("cli"));
    let wrong: Vec<String> =
        of_others.filter(|(_, text)| returns(text)).map(|(module, _)| module).collect();
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn no_line_is_longer_than_the_limit() {
    let mut long = Vec::new();
    for (module, text) in sources() {
        for (line, number) in text.lines().zip(1..) {
            if line.chars().count() > COLUMNS_MAX {
                long.push(format!("{module}:{number}"));
            }
        }
    }
    assert!(long.is_empty(), "lines of more than {COLUMNS_MAX} columns: {long:?}");
}

#[test]
fn no_file_is_longer_than_the_limit() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|(module, text)| (module, text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(module, lines)| format!("{module}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "over {LINES_MAX} lines:\n{}", long.join("\n"));
}

#[test]
fn the_import_scanner_finds_all_forms_of_imports() {
    let seen = imports(
        "engine/text/html",
        "use crate::{article::Body, decode};\nuse super::super::candidates::Index;\nfn f() \
         { crate::state::x() }",
    );
    assert_eq!(
        seen,
        ["engine/article/Body", "engine/decode", "engine/state/x", "engine/candidates/Index"],
        "groups, parents and paths in code are all recognized"
    );
}

/// JSON objects must keep their keys in alphabetical order, so that the same value always gives the
/// same bytes. Any dependency, including a dependency of the tests, that enables the
/// `preserve_order` feature of serde_json would change that for the daemon.
#[test]
fn json_objects_have_sorted_keys() {
    let object: serde_json::Value = serde_json::from_str("{\"b\": 1, \"a\": 2}").unwrap();
    assert_eq!(
        object.to_string(),
        "{\"a\":2,\"b\":1}",
        "`preserve_order` is on: see `cargo tree -e features -i serde_json`"
    );
}
