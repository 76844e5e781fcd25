//! Checks the page's sources without a browser.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const LINES_MAX: usize = 300;

/// Ways to turn text into markup or code.
const FORBIDDEN: [&str; 10] = [
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "createContextualFragment",
    "DOMParser",
    "srcdoc",
    "eval(",
    "new Function",
    "javascript:",
];

fn sources() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/daemon/http/page");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let read = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        let text = fs::read_to_string(entry.path()).ok()?;
        Some((name, text))
    };
    files.filter_map(read).collect()
}

/// Every piece of `text` between `before` and the next `after`.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    let parts = text.split(before).skip(1);
    parts.filter_map(|part| part.split_once(after).map(|(inside, _)| inside)).collect()
}

#[test]
fn text_never_becomes_markup() {
    for (name, text) in sources() {
        for way in FORBIDDEN {
            assert!(!text.contains(way), "{name} uses `{way}`");
        }
    }
}

#[test]
fn no_script_or_style_is_inline_or_from_another_origin() {
    for (name, text) in sources() {
        let own = text.replace("http://www.w3.org/2000/svg", "");
        for scheme in ["http:", "https:", "\"//", "url("] {
            assert!(!own.contains(scheme), "{name} refers to another origin: `{scheme}`");
        }
        if name.ends_with(".html") {
            for inline in ["<style", " style=", " onclick", " onload", " onerror"] {
                assert!(!text.contains(inline), "{name} has `{inline}`");
            }
            for script in between(&text, "<script", "</script>") {
                assert!(script.ends_with('>'), "{name} has an inline script: {script}");
            }
        }
    }
}

#[test]
fn every_file_is_used_and_every_referenced_file_exists() {
    let files = sources();
    let mut used = vec!["index.html".to_owned()];
    for (name, text) in &files {
        let named = between(text, "\"page/", "\"").into_iter().chain(between(text, "\"./", "\""));
        for file in named {
            assert!(files.contains_key(file), "{name} refers to `{file}`, which does not exist");
            used.push(file.to_owned());
        }
    }
    for (name, text) in &files {
        assert!(used.contains(name), "`{name}` is not used");
        let lines = text.lines().count();
        assert!(lines <= LINES_MAX, "{name} has {lines} lines");
    }
}
