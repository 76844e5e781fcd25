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
//! If an article has no headline, its first sentence serves as the headline. Other publishers start
//! the same text with another date or title, so such a sentence alone shows nothing: its words must
//! also occur in the text after it.
//!
//! Cost: linear in the headlines and in the words that the texts do not share.

use super::archive::{Arrival, Earlier};
use super::leftover::{Name, Side, Spelling, carries_meaning};
use crate::article::ArticleMetadata;
use crate::marks::bare_headline;
use crate::text;
use crate::text::script::is_unsegmented;
use crate::text::senses::Senses;
use crate::text::tokens::fold;

/// Maximum number of words that are read from a headline.
const HEADLINE_WORDS_MAX: u32 = 60;

/// Maximum number of words in a brief text, whose body need not mention the subject of its
/// headline.
const BRIEF_WORDS_MAX: usize = 60;

/// What the headlines show.
#[derive(Debug, Default)]
pub(super) struct HeadlineEvidence {
    new: HeadlineSide,
    old: HeadlineSide,
}

/// One headline.
#[derive(Debug, Default)]
struct HeadlineSide {
    /// Number of its words that carry meaning, including numbers, negations and words with an
    /// opposite (`raises`, `cuts`).
    words: u32,
    /// Number of its words that carry meaning, not counting numbers, negations and words with an
    /// opposite.
    all: u32,
    /// How many of `all` are neither in the other headline nor in the shared text.
    own: u32,
    /// How many of `own` are in the body, outside the shared text and outside a first sentence that
    /// serves as the headline.
    in_rest: u32,
    /// How many of `in_rest` are written as names.
    names: u32,
    /// How many of `words` are in the body.
    in_body: u32,
    /// How many of `words` are in the other headline.
    in_other: u32,
    /// How many of `own` are written as names, in a headline that has other words in lower case.
    own_names: u32,
    /// Whether it has characters of a script without spaces. Some of these characters occur in
    /// almost any text.
    unsegmented: bool,
    /// Whether the first word of `all` is one of `own`.
    leads: bool,
}

/// A word of a headline that carries meaning.
struct HeadlineWord {
    /// The hash of its normalized form.
    hash: u64,
    /// Whether it has a sense: a number, a negation or one of two opposites.
    sensed: bool,
    /// Whether it is a character of a script without spaces.
    unsegmented: bool,
    /// Whether it is written as a name, other than that of the sender, in a headline that has other
    /// words in lower case.
    named: bool,
    /// The form in which it is compared with other words.
    spelling: Spelling,
}

impl HeadlineSide {
    fn count(&mut self, word: &HeadlineWord) {
        self.words += 1;
        self.all += u32::from(!word.sensed);
        self.unsegmented |= word.unsegmented;
    }

    fn share_is_at_least(&self, parts: u32, of: u32) -> bool {
        self.own * of >= self.all * parts
    }

    /// Whether at least half of the headline's words are its own, or a third if it begins with such
    /// a word.
    fn differs(&self) -> bool {
        self.share_is_at_least(1, 2) || self.leads && self.share_is_at_least(1, 3)
    }

    /// Whether the headline differs from the other one only in names that are not in the body.
    fn differs_in_names(&self) -> bool {
        self.own == self.own_names && self.in_rest == 0 && self.own + self.in_other == self.words
    }

    /// Whether at most a quarter of the headline's words are in the body, or, in a script without
    /// spaces, at most half of its characters.
    fn is_apart(&self) -> bool {
        let parts = if self.unsegmented { 2 } else { 4 };
        parts * self.in_body <= self.words
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
        let rest_starts = headline_words_in_text(new);
        let new = headline_words(new.about, senses);
        let old = headline_words(that.about, senses);
        let among = |word: &HeadlineWord, all: &[HeadlineWord]| {
            all.iter().any(|other| other.hash == word.hash)
                || all.iter().any(|other| other.spelling.is_same(&word.spelling))
        };
        let mut evidence = Self::default();
        for word in &new {
            let side = &mut evidence.new;
            side.count(word);
            let rest = ours.words.iter().filter(|w| w.hash == word.hash);
            let outside_shared = rest.clone().count();
            let mut in_rest = rest.filter(|w| w.at >= rest_starts).peekable();
            let in_body = hashes.iter().filter(|hash| **hash == word.hash).count();
            side.in_body += u32::from(in_body > 0);
            let in_other = among(word, &old);
            side.in_other += u32::from(in_other);
            if in_body == outside_shared && !word.sensed && !in_other {
                side.own += 1;
                side.own_names += u32::from(word.named);
                side.leads |= side.all == 1;
                side.in_rest += u32::from(in_rest.peek().is_some());
                side.names += u32::from(in_rest.any(|w| w.name == Name::Certain));
            }
        }
        for word in &old {
            let side = &mut evidence.old;
            side.count(word);
            let in_new = hashes.contains(&word.hash);
            let in_rest = theirs.holds(word.hash);
            side.in_body += u32::from(in_new || in_rest);
            let in_other = among(word, &new);
            side.in_other += u32::from(in_other);
            if !in_new && !word.sensed && !in_other {
                side.own += 1;
                side.own_names += u32::from(word.named);
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
        named || told || brief && self.show_other_stub()
    }

    /// Whether the headlines are the same except for names that neither text mentions:
    /// `Brightsound shares suspended`, `Corvane shares suspended`.
    pub(super) fn differ_in_names(&self) -> bool {
        let shared = self.new.in_other > 0 && self.old.in_other > 0;
        shared && self.new.differs_in_names() && self.old.differs_in_names()
    }

    /// Whether the articles, which have the same text under different headlines, are stubs: the
    /// text hardly mentions what the headlines say.
    pub(super) fn show_other_stub(&self) -> bool {
        self.new.differs() && self.old.differs() && self.is_apart()
    }

    /// Whether the texts hardly mention what their headlines say.
    pub(super) fn is_apart(&self) -> bool {
        self.new.is_apart() && self.old.is_apart()
    }
}

/// The number of words in the first sentence of the text if that sentence is the headline,
/// otherwise 0.
fn headline_words_in_text(new: Arrival<'_>) -> u32 {
    let first = text::first_sentence(&new.clean.text);
    match first == new.about.headline {
        true => text::words(&first, &text::Limits::default()).hashes.len() as u32,
        false => 0,
    }
}

/// Whether a text is brief, so that its body need not mention the subject of its headline. In a
/// script without spaces, each character counts as a word, so a brief text may have twice as many.
pub(super) fn is_brief(new: Arrival<'_>) -> bool {
    let unsegmented =
        |(from, _): &&(u32, u32)| new.clean.text[*from as usize..].starts_with(is_unsegmented);
    let characters = new.words.spans.iter().take(8).filter(unsegmented).count();
    let most = if characters >= 4 { 2 * BRIEF_WORDS_MAX } else { BRIEF_WORDS_MAX };
    new.print.words() <= most
}

/// The words of a headline that carry meaning, without marks and figures.
fn headline_words(about: &ArticleMetadata, senses: Senses) -> Vec<HeadlineWord> {
    let headline = bare_headline(&about.headline);
    let words = text::words(headline, &text::Limits { words_max: HEADLINE_WORDS_MAX });
    let in_lower_case = |word: &str| word.chars().next().is_some_and(char::is_lowercase);
    let mixed = words.hashes.iter().zip(&words.spans).any(|(hash, span)| {
        let text = &headline[span.0 as usize..span.1 as usize];
        in_lower_case(text) && carries_meaning(text, *hash, senses)
    });
    let provider = about.provider.as_deref().unwrap_or_default().to_lowercase();
    let is_sender = |word: &str| provider.contains(&word.to_lowercase());
    let figure = |at: usize| words.figures.iter().any(|f| f.word as usize == at);
    let all = words.hashes.iter().zip(&words.spans).enumerate();
    all.filter(|(at, (hash, span))| {
        let text = &headline[span.0 as usize..span.1 as usize];
        !figure(*at) && carries_meaning(text, **hash, senses)
    })
    .map(|(_, (&hash, span))| {
        let text = &headline[span.0 as usize..span.1 as usize];
        let (sensed, spelling) = (!senses.senses(hash).is_empty(), Spelling::of(&fold(text)));
        let named = mixed && text.starts_with(char::is_uppercase) && !is_sender(text);
        HeadlineWord {
            hash,
            sensed,
            unsegmented: text.starts_with(is_unsegmented),
            named,
            spelling,
        }
    })
    .collect()
}
