//! What must hold of whatever the decoders make of bytes from outside.

/// The rooms of the engine that take bytes from outside, by a link to their folder.
pub mod engine {
    pub mod article;
    pub mod text;
    pub mod wire;
}

use engine::wire::{self, Format, Settings};

/// Decodes `bytes` as `format` and by looking, cleans what came of it, and holds the invariants.
///
/// # Panics
/// When one does not hold.
pub fn decode(bytes: &[u8], format: Format) {
    let settings = Settings::default();
    for format in [format, Format::Auto] {
        let all = wire::decode(bytes, None, format, &settings);
        assert!(!all.is_empty(), "WI-2: a record gives at least one result");
        for article in all.into_iter().flatten() {
            let body = article.body.published();
            assert!(!article.uri.is_empty(), "an article has a name");
            assert!(
                !article.headline.is_empty() || !body.trim().is_empty(),
                "an article has something to read"
            );
            let clean = engine::text::clean(&article);
            let words = engine::text::words(&clean.text, &engine::text::Settings::default());
            let characters = body.chars().count() as u32;
            for (start, end) in words.spans {
                let (from, to) = (clean.published(start as usize), clean.published(end as usize));
                assert!(from <= to && to <= characters, "a word stands in the published body");
            }
        }
    }
}
