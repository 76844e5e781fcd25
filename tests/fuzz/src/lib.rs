//! Checks that must hold for the decoders' results on arbitrary bytes.
//!
//! Input: the bytes of a record and a format. The checks cover decoding (`WI-2`, `WI-4`, `WI-5`,
//! linear time) and text cleaning (word spans). A violation panics.

use cpu_time::ThreadTime;
use serde_json::Value;
use std::time::Duration;
use wirefold_engine::article::Article;
use wirefold_engine::decode::{self, Error, Format, Settings};

/// Decodes `bytes` as `format` and with format detection, cleans the articles, and checks the
/// invariants.
///
/// # Panics
/// If an invariant is violated.
pub fn decode(bytes: &[u8], format: Format) {
    for format in [format, Format::Auto] {
        let all = timed(bytes, format);
        assert!(!all.is_empty(), "WI-2: a record must give at least one result");
        if let [Ok(article)] = &all[..] {
            check_no_field_lost(bytes, article);
        }
        for article in all.into_iter().flatten() {
            let body = article.body.as_str();
            assert!(!article.uri.is_empty(), "an article must have a uri");
            assert!(
                !article.headline.is_empty() || !body.trim().is_empty(),
                "an article must have a headline or a body"
            );
            let longest = article.uri.len().max(article.headline.len());
            assert!(
                longest <= 16_384 && article.links.len() <= 250,
                "WI-4: a field exceeds its bound"
            );
            let clean = wirefold_engine::text::clean(&article);
            let words = wirefold_engine::text::words(
                &clean.text,
                &wirefold_engine::text::Limits::default(),
            );
            let characters = body.chars().count() as u32;
            for (start, end) in words.spans {
                let (from, to) = (clean.published(start as usize), clean.published(end as usize));
                assert!(from <= to && to <= characters, "a word must lie in the published body");
            }
        }
    }
}

/// Decodes the bytes and checks that the CPU time is linear in the number of bytes and items. The
/// limit is several times what any input needs. The fastest of up to six runs counts, because other
/// processes may fill the caches.
fn timed(bytes: &[u8], format: Format) -> Vec<Result<Article, Error>> {
    let settings = Settings::default();
    let of_bytes = Duration::from_millis(5) + Duration::from_nanos(500) * bytes.len() as u32;
    let mut least = Duration::MAX;
    for _ in 0..6 {
        let started = ThreadTime::now();
        let all = decode::decode(bytes, None, format, &settings);
        least = least.min(started.elapsed());
        let allowed = of_bytes + Duration::from_micros(100) * all.len() as u32;
        if least <= allowed {
            return all;
        }
    }
    panic!("decoding {} bytes takes {least:?}, more than the linear limit", bytes.len());
}

/// WI-5: the value of each of these fields of a JSON object must be in its article, or the article
/// must have the flag `unreadable_<field>`.
fn check_no_field_lost(bytes: &[u8], article: &Article) {
    let text = replace_surrogates(&String::from_utf8_lossy(bytes));
    let Ok(Value::Object(fields)) = serde_json::from_str(&text) else { return };
    if !fields.contains_key("uri") {
        return;
    }
    for (name, read) in [
        ("headline", !article.headline.is_empty()),
        ("body", !article.body.as_str().is_empty()),
        ("version", article.version.is_some()),
        ("slugline", article.slugline.is_some()),
        ("ednote", article.ednote.is_some()),
        ("embargoed", article.embargoed.is_some()),
        ("provider", article.provider.is_some()),
    ] {
        let present = fields.get(name).is_some_and(has_content);
        let flag = format!("unreadable_{name}");
        let kept = read || article.flags.contains(&flag);
        assert!(!present || kept, "WI-5: `{name}` is lost without a flag");
    }
}

/// Whether a value has content: it is not null, false, blank or empty.
fn has_content(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(all) => all.iter().any(has_content),
        Value::Object(object) => !object.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

/// Replaces escaped surrogates, paired or not, with replacement characters: serde_json rejects
/// unpaired ones.
fn replace_surrogates(json: &str) -> String {
    let mut replaced = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find("\\u") {
        let (before, escape) = rest.split_at(at);
        let digits = escape.get(2..6).and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let surrogate = digits.is_some_and(|unit| (0xd800..=0xdfff).contains(&unit));
        replaced.push_str(before);
        replaced.push_str(if surrogate { "\\ufffd" } else { "\\u" });
        rest = &escape[if surrogate { 6 } else { 2 }..];
    }
    replaced + rest
}
