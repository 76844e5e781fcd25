//! What the headlines of two articles show about their subjects.
//!
//! In: the headlines, and the words that the two texts do not share. Out: how many words each
//! headline has that the other article does not contain, and where else they occur. In a brief
//! text, the headline is often the only place that names the subject:
//!
//! ```text
//! Marel Growth Fund payout   Monthly dividend 3.6 cts, payable on 13 March
//! Seltz Income Fund payout   Monthly dividend 7.3 cts, payable on 13 March     another subject
//! ```
//!
//! Cost: linear in the headlines and in the words that the texts do not share.

use super::archive::{Arrival, Earlier};
use super::leftover::{Name, Side, Spelling, carries_meaning};
use crate::article::ArticleMetadata;
use crate::marks::bare_headline;
use crate::text;
use crate::text::senses::{Sense, Senses};
use crate::text::tokens::fold;

/// Maximum number of words that are read from a headline.
const HEADLINE_WORDS_MAX: u32 = 60;

/// What the headlines show.
#[derive(Debug, Default)]
pub(super) struct HeadlineEvidence {
    new: HeadlineSide,
    old: HeadlineSide,
}

/// One headline.
#[derive(Debug, Default)]
struct HeadlineSide {
    /// Number of its words that carry meaning.
    all: u32,
    /// How many of `all` are neither in the other headline nor in the shared text.
    own: u32,
    /// How many of `own` are in the body, outside the shared text.
    in_rest: u32,
    /// How many of `in_rest` are written as names.
    names: u32,
    /// Number of its words that are one of two opposites. They are not in `all`, because they do
    /// not name a subject.
    opposites: u32,
    /// How many of `all` and `opposites` are in the body.
    in_body: u32,
    /// Whether the first word is one of `own`.
    leads: bool,
}

/// A word of a headline that carries meaning.
struct HeadlineWord {
    /// The hash of its normalized form.
    hash: u64,
    /// The form in which it is compared with other words.
    spelling: Spelling,
    /// Whether it is one of two opposites.
    opposite: bool,
}

impl HeadlineSide {
    fn share_is_at_least(&self, parts: u32, of: u32) -> bool {
        self.own * of >= self.all * parts
    }

    /// Whether at least half of the headline's words are its own, or a third if it begins with one.
    fn differs(&self) -> bool {
        self.share_is_at_least(1, 2) || self.leads && self.share_is_at_least(1, 3)
    }

    /// Whether at most a quarter of the headline's words are in the body.
    fn is_apart(&self) -> bool {
        4 * self.in_body <= self.all + self.opposites
    }
}

impl HeadlineEvidence {
    /// The evidence of the headlines; `None` if either has no words of its own.
    pub(super) fn of(
        new: Arrival<'_>,
        that: Earlier<'_>,
        (ours, theirs): (&Side<'_>, &Side<'_>),
        senses: Senses,
    ) -> Option<Self> {
        let hashes = &new.words.hashes;
        let new = headline_words(new.about, senses);
        let old = headline_words(that.about, senses);
        let among = |word: &HeadlineWord, all: &[HeadlineWord]| {
            all.iter().any(|other| other.hash == word.hash)
                || all.iter().any(|other| other.spelling.is_same(&word.spelling))
        };
        let mut evidence = Self::default();
        for word in &new {
            let side = &mut evidence.new;
            let rest = ours.words.iter().filter(|w| w.hash == word.hash);
            let in_rest = rest.clone().count();
            let in_body = hashes.iter().filter(|hash| **hash == word.hash).count();
            side.in_body += u32::from(in_body > 0);
            if word.opposite {
                side.opposites += 1;
                continue;
            }
            side.all += 1;
            if in_body == in_rest && !among(word, &old) {
                side.own += 1;
                side.leads |= side.all == 1;
                side.in_rest += u32::from(in_rest > 0);
                side.names += u32::from(rest.clone().any(|w| w.name == Name::Certain));
            }
        }
        for word in &old {
            let side = &mut evidence.old;
            let in_new = hashes.contains(&word.hash);
            let in_rest = theirs.holds(word.hash);
            side.in_body += u32::from(in_new || in_rest);
            if word.opposite {
                side.opposites += 1;
                continue;
            }
            side.all += 1;
            if !in_new && !among(word, &new) {
                side.own += 1;
                side.leads |= side.all == 1;
                side.in_rest += u32::from(in_rest);
            }
        }
        (evidence.new.own > 0 && evidence.old.own > 0).then_some(evidence)
    }

    pub(super) fn show_other_subject(&self, same_sender: bool, brief: bool) -> bool {
        let (new, old) = (&self.new, &self.old);
        let named = new.names >= 1 && old.in_rest >= 1 && new.share_is_at_least(1, 4);
        let both = new.share_is_at_least(1, 2) && old.share_is_at_least(1, 3);
        let least = if same_sender { 1 } else { 2 };
        let told = both && new.in_rest >= least && old.in_rest >= 1;
        named || told || brief && new.differs() && old.differs() && self.is_apart()
    }

    /// Whether the texts hardly mention what their headlines say.
    pub(super) fn is_apart(&self) -> bool {
        self.new.is_apart() && self.old.is_apart()
    }
}

/// The words of a headline that carry meaning, without marks, figures, negations and numbers in
/// words.
fn headline_words(about: &ArticleMetadata, senses: Senses) -> Vec<HeadlineWord> {
    let headline = bare_headline(&about.headline);
    let words = text::words(headline, &text::Limits { words_max: HEADLINE_WORDS_MAX });
    let figure = |at: usize| words.figures.iter().any(|f| f.word as usize == at);
    let opposite =
        |hash: u64| senses.senses(hash).iter().any(|sense| matches!(sense, Sense::Opposite { .. }));
    let all = words.hashes.iter().zip(&words.spans).enumerate();
    all.filter(|(at, (hash, span))| {
        let text = &headline[span.0 as usize..span.1 as usize];
        let plain = senses.senses(**hash).is_empty() || opposite(**hash);
        !figure(*at) && carries_meaning(text, **hash, senses) && plain
    })
    .map(|(_, (hash, span))| {
        let word = fold(&headline[span.0 as usize..span.1 as usize]);
        HeadlineWord { hash: *hash, spelling: Spelling::of(&word), opposite: opposite(*hash) }
    })
    .collect()
}
