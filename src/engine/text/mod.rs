//! An article's body to clean words.
//!
//! In: an [`Article`]. Out: [`Clean`] text, whose every byte still knows where it stood in the
//! published body, and its [`Words`].
//!
//! ```text
//! html       markup to text, with anchors to the published body
//! edges      headline, datelines, bylines and trailers off
//! pieces     what stands at the edges and may be furniture that nobody listed
//! tokens     text to words and figures
//! language   where the wire does not say
//! ```
//!
//! Offsets are in Unicode scalar values of the body as delivered, markup included.

mod edges;
mod html;
pub mod language;
pub mod pieces;
pub mod tokens;

use super::article::Article;
use serde::{Deserialize, Serialize};
pub use tokens::{Figure, Words, words};

/// Cleaning settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The most words of a body that are read; the hash of the whole body still covers the rest.
    pub words_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { words_max: 65_000 }
    }
}

/// A run of text that was kept: `clean` bytes from here stand at `published` characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Byte offset in [`Clean::text`].
    pub clean: u32,
    /// Character offset (Unicode scalar values) in the published body.
    pub published: u32,
}

/// A body without markup and furniture.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Clean {
    /// The text; newlines part paragraphs.
    pub text: String,
    /// Where runs of it stood in the published body, in order; empty for a headline's text.
    pub anchors: Vec<Anchor>,
}

impl Clean {
    /// The part of the text within `range`, byte offsets at character boundaries.
    pub fn cut(self, range: std::ops::Range<usize>) -> Self {
        if range == (0..self.text.len()) {
            return self;
        }
        let first = Anchor { clean: 0, published: self.published(range.start) };
        let within = |a: &&Anchor| range.start < a.clean as usize && (a.clean as usize) < range.end;
        let moved = |a: &Anchor| Anchor { clean: a.clean - range.start as u32, ..*a };
        let rest = self.anchors.iter().filter(within).map(moved);
        let anchors = std::iter::once(first).chain(rest).collect();
        Self { text: self.text[range].to_owned(), anchors }
    }

    /// The character offset in the published body of the byte `clean` of the text.
    pub fn published(&self, clean: usize) -> u32 {
        let at = self.anchors.partition_point(|a| a.clean as usize <= clean);
        let Some(anchor) = at.checked_sub(1).and_then(|i| self.anchors.get(i)) else { return 0 };
        let within = self.text.get(anchor.clean as usize..clean).map_or(0, |s| s.chars().count());
        anchor.published + within as u32
    }
}

/// Cleans the body of `article`: markup, repeated headline, datelines, bylines and trailers go. Where
/// that leaves nothing, as of an alert of one line, the headline is the text; it stands nowhere in the
/// body, and has no anchors.
pub fn clean(article: &Article) -> Clean {
    if let Some(plain) = html::plain(&article.body) {
        let own = edges::own(plain, &article.headline);
        if !plain[own.clone()].trim().is_empty() {
            let published = plain[..own.start].chars().count() as u32;
            let anchors = vec![Anchor { clean: 0, published }];
            return Clean { text: plain[own].to_owned(), anchors };
        }
    }
    let text = html::text(&article.body);
    let own = edges::own(&text.text, &article.headline);
    if text.text[own.clone()].trim().is_empty() {
        return Clean { text: article.headline.clone(), anchors: Vec::new() };
    }
    text.cut(own)
}

/// The article's own part of a cleaned text whose edges were cut.
pub fn own(clean: Clean, headline: &str) -> Clean {
    let own = edges::own(&clean.text, headline);
    if clean.text[own.clone()].trim().is_empty() { clean } else { clean.cut(own) }
}
