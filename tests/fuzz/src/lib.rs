//! What must hold of whatever the decoders make of bytes from outside.

use serde_json::Value;
use std::time::{Duration, Instant};
use wirefold_engine::article::Article;
use wirefold_engine::decode::{self, Error, Format, Settings};

/// Decodes `bytes` as `format` and by looking, cleans what came of it, and holds the invariants.
///
/// # Panics
/// When one does not hold.
pub fn decode(bytes: &[u8], format: Format) {
    for format in [format, Format::Auto] {
        let all = timed(bytes, format);
        assert!(!all.is_empty(), "WI-2: a record gives at least one result");
        if let [Ok(article)] = &all[..] {
            nothing_vanishes(bytes, article);
        }
        for article in all.into_iter().flatten() {
            let body = article.body.published();
            assert!(!article.uri.is_empty(), "an article has a name");
            assert!(
                !article.headline.is_empty() || !body.trim().is_empty(),
                "an article has something to read"
            );
            let longest = article.uri.len().max(article.headline.len());
            assert!(longest <= 16_384 && article.links.len() <= 250, "WI-4: fields are bounded");
            let clean = wirefold_engine::text::clean(&article);
            let words = wirefold_engine::text::words(
                &clean.text,
                &wirefold_engine::text::Settings::default(),
            );
            let characters = body.chars().count() as u32;
            for (start, end) in words.spans {
                let (from, to) = (clean.published(start as usize), clean.published(end as usize));
                assert!(from <= to && to <= characters, "a word stands in the published body");
            }
        }
    }
}

/// Decodes within a time in proportion to the bytes, several times what any shape needs. Another
/// process may have taken the core, so that the least of several runs counts.
fn timed(bytes: &[u8], format: Format) -> Vec<Result<Article, Error>> {
    let settings = Settings::default();
    let allowed = Duration::from_millis(5) + Duration::from_nanos(500) * bytes.len() as u32;
    let mut least = Duration::MAX;
    for _ in 0..6 {
        let started = Instant::now();
        let all = decode::decode(bytes, None, format, &settings);
        least = least.min(started.elapsed());
        if least <= allowed {
            return all;
        }
    }
    panic!("decoding {} bytes takes {least:?}: it is not linear", bytes.len());
}

/// WI-5: what one object of JSON says under these names is in its article, or named in the flags.
fn nothing_vanishes(bytes: &[u8], article: &Article) {
    let text = whole(&String::from_utf8_lossy(bytes));
    let Ok(Value::Object(fields)) = serde_json::from_str(&text) else { return };
    if !fields.contains_key("uri") {
        return;
    }
    for (name, read) in [
        ("headline", !article.headline.is_empty()),
        ("body", !article.body.published().is_empty()),
        ("version", article.version.is_some()),
        ("slugline", article.slugline.is_some()),
        ("ednote", article.ednote.is_some()),
        ("embargoed", article.embargoed.is_some()),
        ("provider", article.provider.is_some()),
    ] {
        let there = fields.get(name).is_some_and(there);
        let flag = format!("unreadable_{name}");
        let said = read || article.flags.contains(&flag);
        assert!(!there || said, "WI-5: `{name}` is there and is gone");
    }
}

/// Whether a value says something.
fn there(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(all) => all.iter().any(there),
        Value::Object(object) => !object.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

/// JSON in which escaped surrogates, paired or not, are replacement characters: serde_json reads no
/// half of a pair.
fn whole(json: &str) -> String {
    let mut whole = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find("\\u") {
        let (before, escape) = rest.split_at(at);
        let digits = escape.get(2..6).and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let surrogate = digits.is_some_and(|unit| (0xd800..=0xdfff).contains(&unit));
        whole.push_str(before);
        whole.push_str(if surrogate { "\\ufffd" } else { "\\u" });
        rest = &escape[if surrogate { 6 } else { 2 }..];
    }
    whole + rest
}
