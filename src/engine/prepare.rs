//! Everything about an article that needs no state: cleaned text, words, fingerprint, terms.
//!
//! In: an [`Article`]. Out: [`Prepared`]. Stateless, so the shell prepares a batch in parallel.

use super::Settings;
use super::article::{About, Article};
use super::fingerprint::{Fingerprint, FloodKey};
use super::stories::Terms;
use super::text::pieces::{Piece, pieces};
use super::text::{self, Clean, Words};

/// An article that is ready for [`State::apply`](super::state::State::apply).
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The article as decoded.
    pub article: Article,
    /// What is remembered of it while it is live.
    pub about: About,
    /// Its cleaned body.
    pub clean: Clean,
    /// The words of the cleaned body.
    pub words: Words,
    /// What stands at its edges, and may be furniture.
    pub pieces: Vec<Piece>,
    /// The fingerprint of those words.
    pub print: Fingerprint,
    /// All its terms for story matching, not yet cut to those that are kept.
    pub terms: Terms,
}

/// Prepares `article` under `settings`; `key` keys its samples.
pub fn prepare(article: Article, settings: &Settings, key: FloodKey) -> Prepared {
    let clean = text::clean(&article);
    let words = text::words(&clean.text, &settings.text);
    let pieces = pieces(&clean.text, &words);
    let print = Fingerprint::of(&words, &settings.fingerprint, key);
    let language = article.language.or_else(|| text::language::detect(&clean.text));
    let about = About::of(&article, language);
    let terms = Terms::of(&article.headline, &clean, &words, about.language, &settings.story);
    Prepared { article, about, clean, words, pieces, print, terms }
}
