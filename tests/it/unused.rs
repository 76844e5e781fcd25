//! Finds unused dependencies and public items. The compiler only reports unused private items: for
//! the compiler, every public item counts as used, because another package could use it.
//!
//! The scan is textual. An item counts as used if its name occurs as a word anywhere in `src/`
//! outside comments, test modules, re-exports, definitions, the item itself, and `impl` blocks
//! whose first line contains the name. The scan therefore misses an unused item that shares its
//! name with another item, a field, a variable or a word in a string. It relies on the format of
//! the sources: a block ends at the first line that closes it at its own indentation.

use crate::architecture::{code, modules};
use std::collections::HashMap;
use std::fs;
use std::ops::Range;
use std::path::Path;
use toml::{Table, Value};

/// Public items that only tests, benchmarks and embedders of the engine use, as `module: name`.
const FOR_OTHERS: &[&str] = &["daemon/snapshot/builder: SnapshotBuilder"];

/// The keywords that introduce an item.
const ITEMS: [&str; 7] = ["fn", "struct", "enum", "trait", "const", "static", "type"];

/// The packages: the folder of the manifest, and folders that only contain tests and benchmarks.
const PACKAGES: [(&str, &[&str]); 3] = [
    ("", &["tests/broker", "tests/it", "tests/page", "benches"]),
    ("src/engine", &[]),
    ("tests/fuzz", &[]),
];

/// Lines of a module.
struct Lines {
    /// The index of the module.
    module: usize,
    /// The name of an item, or the first line of an `impl` block.
    what: String,
    range: Range<usize>,
}

impl Lines {
    fn contain(&self, (module, line): (usize, usize)) -> bool {
        self.module == module && self.range.contains(&line)
    }
}

/// The words of a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

/// The lines of the item that begins at line `start`.
fn extent(lines: &[&str], start: usize) -> Range<usize> {
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let (own, mut open) = (indentation(lines[start]), false);
    let closes = |line: &&str| {
        if open {
            return indentation(line) == own && line.trim_start().starts_with(['}', ']']);
        }
        open = line.ends_with('{');
        line.ends_with([';', '}'])
    };
    let length = lines[start..].iter().position(closes).unwrap_or(0);
    start..start + length + 1
}

/// The name of the public item that a line introduces, if any.
fn public_name(line: &str) -> Option<&str> {
    let mut words = words(line.trim_start().strip_prefix("pub ")?).peekable();
    words.next_if(|word| ["async", "unsafe"].contains(word));
    words.peek().filter(|word| ITEMS.contains(word))?;
    words.find(|word| !ITEMS.contains(word) && *word != "mut")
}

/// The unused public items as `module: name`. `sources` contains the modules and their code.
fn unused_items(sources: &[(String, String)]) -> Vec<String> {
    let mut places = HashMap::<&str, Vec<(usize, usize)>>::new();
    let (mut items, mut blocks) = (Vec::new(), Vec::new());
    for (module, (_, code)) in sources.iter().enumerate() {
        let lines: Vec<&str> = code.lines().collect();
        let mut reexported = 0..0;
        for (at, line) in lines.iter().enumerate() {
            let range =
                |what: &str| Lines { module, what: what.to_owned(), range: extent(&lines, at) };
            items.extend(public_name(line).map(range));
            blocks.extend(line.starts_with("impl").then(|| range(line)));
            if line.starts_with("pub use ") {
                reexported = extent(&lines, at);
            }
            let mut before = "";
            for word in words(line).filter(|_| !reexported.contains(&at)) {
                if !ITEMS.contains(&before) {
                    places.entry(word).or_default().push((module, at));
                }
                before = word;
            }
        }
    }
    let used = |item: &Lines| {
        let own = blocks.iter().filter(|block| words(&block.what).any(|word| word == item.what));
        let own: Vec<&Lines> = own.chain([item]).collect();
        let places = places.get(item.what.as_str()).into_iter().flatten();
        places.copied().any(|place| !own.iter().any(|lines| lines.contain(place)))
    };
    let unused = items.iter().filter(|item| !used(item));
    unused.map(|item| format!("{}: {}", sources[item.module].0, item.what)).collect()
}

/// Whether `code` names the package `name` in a path or in a serde attribute. If the package has a
/// module of the same name, only an import or a path that begins with `::` counts.
fn names(code: &str, name: &str, is_module: bool) -> bool {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        let imported = before.ends_with("use ") && after.starts_with([':', ';']);
        let absolute = before.strip_suffix("::").is_some_and(|rest| !rest.ends_with(in_word));
        let plain = !is_module && !before.ends_with(in_word) && !before.ends_with(':');
        let attribute = before.ends_with("with = \"") && after.starts_with('"');
        imported || attribute || after.starts_with("::") && (absolute || plain)
    })
}

fn manifest(folder: &str) -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join("Cargo.toml");
    fs::read_to_string(path).unwrap().parse().unwrap()
}

/// The names in a section of a manifest.
fn section<'a>(manifest: &'a Table, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    manifest.get(name).and_then(Value::as_table).into_iter().flatten()
}

/// The dependencies in a section of a manifest that `code` does not name.
fn unused_in(section_name: &str, manifest: &Table, code: &str, modules: &[String]) -> Vec<String> {
    let unused = section(manifest, section_name).filter(|(name, _)| {
        let name = name.replace('-', "_");
        !names(code, &name, modules.contains(&name))
    });
    unused.map(|(name, _)| name.clone()).collect()
}

#[test]
fn every_public_item_is_used() {
    let sources = modules("src").into_iter().map(|(module, text)| (module, code(&text)));
    let mut unused = unused_items(&sources.collect::<Vec<_>>());
    unused.sort();
    assert_eq!(
        unused, FOR_OTHERS,
        "delete unused items; if tests or embedders need an item, name it in `FOR_OTHERS`"
    );
}

#[test]
fn every_dependency_is_used() {
    for (folder, test_folders) in PACKAGES {
        let manifest = manifest(folder);
        let source = if folder.is_empty() { "src" } else { folder };
        let of_engine = |module: &str| folder.is_empty() && module.starts_with("engine");
        let sources: Vec<_> =
            modules(source).into_iter().filter(|(module, _)| !of_engine(module)).collect();
        let last = |(module, _): &(String, String)| module.rsplit('/').next().unwrap().to_owned();
        let own: Vec<String> = sources.iter().map(last).collect();
        let shipped: String = sources.iter().map(|(_, text)| code(text)).collect();
        let tests = test_folders.iter().flat_map(|folder| modules(folder));
        let tests: String = sources.iter().cloned().chain(tests).map(|(_, text)| text).collect();
        assert_eq!(unused_in("dependencies", &manifest, &shipped, &own), [""; 0], "{folder}");
        assert_eq!(unused_in("dev-dependencies", &manifest, &tests, &own), [""; 0], "{folder}");
    }
}

#[test]
fn every_dependency_of_the_workspace_is_inherited() {
    let (root, engine) = (manifest(""), manifest("src/engine"));
    let inherited = |name: &str| {
        let sections = ["dependencies", "dev-dependencies"];
        let mut all = sections.iter().flat_map(|s| section(&root, s).chain(section(&engine, s)));
        all.any(|(key, value)| key == name && value.get("workspace").is_some())
    };
    let workspace = root["workspace"].as_table().unwrap();
    let unused: Vec<_> =
        section(workspace, "dependencies").filter(|(name, _)| !inherited(name)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn the_scanner_finds_unused_items() {
    const A: &str = "\
pub use b::Exported;

pub struct Used {
    pub field: u8,
}

pub struct Dead(u8);

impl Dead {
    pub fn of(dead: Dead) -> Self {
        Dead::of(dead)
    }
}

impl Clone for Dead {
    fn clone(&self) -> Self {
        Dead(self.0)
    }
}

pub const DEAD: &[&str] =
    &[\"x\"];

pub fn live() {}
";
    const B: &str = "\
pub struct Exported;

pub fn recursive(
    n: u8,
) {
    recursive(n);
}

fn main(used: Used) {
    live();
}
";
    let sources = [("a", A), ("b", B)].map(|(module, code)| (module.to_owned(), code.to_owned()));
    let unused = unused_items(&sources);
    assert_eq!(unused, ["a: Dead", "a: of", "a: DEAD", "b: Exported", "b: recursive"]);
}

#[test]
fn the_scanner_finds_unused_dependencies() {
    let manifest: Table = "[dependencies]\nplain = \"1\"\nmetrics = \"1\"\nsome-name = \
                           \"1\"\nonly-word = \"1\"\n"
        .parse()
        .unwrap();
    let unused =
        |code: &str| unused_in("dependencies", &manifest, code, &["metrics".to_owned()]).join(" ");
    assert_eq!(unused("plain::f(); use some_name::X; let only_word = 1;"), "metrics only-word");
    assert_eq!(unused("crate::plain::f(metrics::X)"), "metrics only-word plain some-name");
    assert_eq!(unused("f(::metrics::X)"), "only-word plain some-name");
    assert_eq!(unused("use metrics;"), "only-word plain some-name");
}
