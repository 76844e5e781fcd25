//! Everything that can be computed from an article without state: cleaned text, words, edge pieces,
//! fingerprint and story terms.
//!
//! In: an [`Article`]. Out: [`Prepared`]. Stateless, so the daemon prepares a batch in parallel.

use super::Settings;
use super::article::{Article, ArticleMetadata};
use super::fingerprint::{Fingerprint, SamplingKey};
use super::stories::Terms;
use super::text::pieces::{Piece, pieces};
use super::text::{self, Clean, Words};
use super::verdict::names::NameKeys;

/// An article ready for [`State::apply`](super::state::State::apply).
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The article as decoded.
    pub article: Article,
    /// The metadata kept while the article is live.
    pub about: ArticleMetadata,
    /// The keys of the names in `about`.
    pub names: NameKeys,
    /// The cleaned body.
    pub clean: Clean,
    /// The words of the cleaned body.
    pub words: Words,
    /// The pieces at the edges of the text. They may be boilerplate.
    pub edge_pieces: Vec<Piece>,
    /// The fingerprint of `words`.
    pub fingerprint: Fingerprint,
    /// All terms for story matching. Only some of them are stored later.
    pub terms: Terms,
}

/// Prepares `article`; `key` is the secret that selects the fingerprint's samples.
pub fn prepare(article: Article, settings: &Settings, key: SamplingKey) -> Prepared {
    let clean = text::clean(&article);
    let words = text::words(&clean.text, &settings.tuning.text);
    let pieces = pieces(&clean.text, &words);
    let print = Fingerprint::of(&words, &settings.tuning.fingerprint, key).with_text(&clean);
    let language = article.language.or_else(|| text::language::detect(&clean.text));
    let mut about = ArticleMetadata::of(&article, language);
    if about.headline.is_empty() {
        // Alerts often have no headline, but stories and editors need one.
        about.headline = text::first_sentence(&clean.text).into_owned();
    }
    let mut new = Prepared {
        article,
        names: NameKeys::of(&about),
        about,
        clean,
        words,
        edge_pieces: pieces,
        fingerprint: print,
        terms: Terms::default(),
    };
    new.terms = new.terms_of(&new.clean, &new.words, settings);
    new
}

impl Prepared {
    /// Keeps only the story terms of the headline and of the words outside `shared`, given as word
    /// ranges in ascending order.
    pub(super) fn keep_terms_outside(&mut self, shared: &[(u32, u32)], settings: &Settings) {
        let mut own = Clean::default();
        let mut from = 0;
        let spans = &self.words.spans;
        for &(start, end) in shared {
            let first = spans.get(start as usize).map_or(from, |span| span.0 as usize);
            own.text.push_str(self.clean.text.get(from..first).unwrap_or_default());
            own.text.push('\n');
            from = (end as usize)
                .checked_sub(1)
                .and_then(|at| spans.get(at))
                .map_or(from, |s| s.1 as usize);
        }
        own.text.push_str(self.clean.text.get(from..).unwrap_or_default());
        let words = text::words(&own.text, &settings.tuning.text);
        self.terms = self.terms_of(&own, &words, settings);
    }

    /// The story terms of the headline and of `clean`, which is a part of the text; `words` are the
    /// words of that part.
    pub(super) fn terms_of(&self, clean: &Clean, words: &Words, settings: &Settings) -> Terms {
        let (headline, language) = (&self.article.headline, self.about.language);
        let stories = &settings.stories;
        Terms::of(headline, clean, words, language, stories).and_universal(
            headline,
            clean,
            words,
            &stories.tuning,
        )
    }
}
