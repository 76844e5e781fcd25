//! Differences: whether two similar texts report different news, by the words they do not share.
//!
//! Two texts can share most of their words and still report different news: two cases from one list
//! of court cases, two notices followed by the same publisher's terms, a verdict with and without
//! "not". This module reads the words outside the shared runs, and the headlines.
//!
//! In: the new article, an earlier one, and the comparison of their texts. Out: a [`Difference`].
//!
//! ```text
//! Una Birch, of Quay Street, was fined by magistrates ...
//! Odo Reed, of Mill Lane, was fined by magistrates ...      another subject
//! a fire killed seven people ...
//! a fire killed nine people ...                             a word changes the meaning
//! ```
//!
//! The words of an earlier text are only known if it is short
//! ([`Fingerprint::short_text`](crate::fingerprint::Fingerprint)). For a longer text, one byte per
//! word is kept, which is enough to look for a given word, but not to compare spellings.
//!
//! Words spelled alike, and boilerplate set apart at the edges, do not count as differences.
//!
//! Cost: a few microseconds, only for texts that are copies by the measures alone.

use super::archive::{Arrival, Earlier, same_provider};
use super::compare::Comparison;
use super::headlines::HeadlineEvidence;
use super::leftover::{LeftoverWord, Name, Side, cancel, carries_meaning, drop_edges};
use crate::text;
use crate::text::senses::{Sense, Senses};

/// Rule of a text that shares its template or boilerplate with an article about another subject.
pub(super) const OTHER_SUBJECT: &str = "other-subject";
/// Rule of a correction whose only changes are words that change the meaning.
pub(super) const CHANGED_WORDS: &str = "changed-words";

/// Texts with more leftover words than this are not searched for words that change the meaning.
const TURNED_MAX: usize = 16;
/// Maximum words in a brief text, whose body need not mention the subject of its headline.
const BRIEF_WORDS_MAX: usize = 60;
/// Names that differ show another subject only if there is at least one per this many words.
const NAMES_PART: usize = 30;

/// How to treat words at an edge that are set apart from the shared text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edges {
    /// As boilerplate, which is not news.
    Furniture,
    /// Like any other text.
    Text,
}

/// What the words outside the shared runs show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Difference {
    /// The articles are about different subjects.
    pub(super) other_subject: bool,
    /// The articles are brief, only their headlines name the subject, and these are not the same.
    pub(super) other_headline: bool,
    /// A number in words, a negation or one of two opposites has changed.
    pub(super) turned: bool,
    /// Number of figures in the new text that the earlier text does not have.
    pub(super) new_figures: u32,
    /// Number of other words in the new text that carry meaning.
    pub(super) new_words: u32,
    /// Number of other words in the earlier text that carry meaning; 0 if its words are not known.
    pub(super) old_words: u32,
}

impl Difference {
    /// What differs between `new` and `that`.
    pub(super) fn of(new: Arrival<'_>, that: Earlier<'_>, pair: &Comparison, edges: Edges) -> Self {
        let same_headline = new.about.headline == that.about.headline;
        if same_headline && new.print.content_hash == that.print.content_hash {
            return Self::default();
        }
        let senses = Senses::of(new.about.language.or(that.about.language));
        let blocks = &pair.alignment.blocks;
        let mut ours = Side::of(&new.clean.text, new.words, blocks.iter().map(|b| (b.new, b.len)));
        let short = &that.print.short_text;
        let old_words = text::words(short, &text::Limits::default());
        let known = old_words.hashes.len() == that.print.words();
        let old_blocks = blocks.iter().map(|b| (b.old, b.len));
        let mut theirs = match known {
            true => Side::of(short, &old_words, old_blocks),
            false => Side::of_trace(&that.print.trace, old_blocks),
        };
        for changed in pair.changed() {
            ours.add_figure(&new.clean.text, new.words, changed.new);
            if known {
                theirs.add_figure(short, &old_words, changed.old);
            }
        }
        let texts = Texts { new, senses, known };
        let mut found = Self::default();
        let evidence = match same_headline {
            true => None,
            false => HeadlineEvidence::of(new, that, (&ours, &theirs), senses),
        };
        let same_sender = same_provider(new.about, that.about);
        let brief = new.print.words() <= BRIEF_WORDS_MAX;
        let shows = |e: &HeadlineEvidence| e.show_other_subject(same_sender, brief);
        found.other_subject = evidence.as_ref().is_some_and(shows);
        found.other_headline = brief && evidence.as_ref().is_some_and(HeadlineEvidence::is_apart);
        if edges == Edges::Furniture {
            drop_edges(&mut ours, &mut theirs, senses);
        }
        cancel(&mut ours, &mut theirs, senses);
        if known {
            found.other_subject |= texts.names_differ(&ours, &theirs, same_sender);
        }
        texts.turns(&ours, &theirs, &mut found);
        found
    }
}

/// The new article, and what is known about the words of the earlier one.
struct Texts<'a> {
    new: Arrival<'a>,
    senses: Senses,
    /// Whether the words of the earlier text are known.
    known: bool,
}

impl Texts<'_> {
    /// Whether the words that differ are mostly names, so that the subjects differ as well.
    fn names_differ(&self, ours: &Side<'_>, theirs: &Side<'_>, same_sender: bool) -> bool {
        // Words at the start of a sentence count as names only if another word is certainly a name.
        let count = |side: &Side<'_>| {
            let all = side.words.iter().filter(|w| self.is_content(w));
            let certain = all.clone().filter(|w| w.name == Name::Certain).count();
            let names = all.clone().filter(|w| w.name != Name::No).count();
            (if certain > 0 { names } else { 0 }, all.count())
        };
        let (new, old) = (count(ours), count(theirs));
        let least = if same_sender { 1 } else { 2 };
        let mostly = |(names, all): (usize, usize)| match same_sender {
            true => 2 * names >= all,
            false => 3 * names >= 2 * all,
        };
        let words = self.new.print.words();
        let many = |(names, _): (usize, usize)| names >= least && NAMES_PART * names >= words;
        many(new) && many(old) && mostly(new) && mostly(old)
    }

    fn is_content(&self, word: &LeftoverWord<'_>) -> bool {
        word.value.is_none()
            && carries_meaning(word.text, word.hash, self.senses)
            && self.senses.senses(word.hash).is_empty()
    }

    /// Looks for words that change the meaning, and counts the others.
    fn turns(&self, ours: &Side<'_>, theirs: &Side<'_>, found: &mut Difference) {
        let few = ours.words.len() <= TURNED_MAX && theirs.len() <= TURNED_MAX;
        let turned = few
            && (self.numbers_turn(ours, theirs)
                || self.negations_turn(ours, theirs)
                || self.opposites_turn(ours, theirs));
        found.turned = turned;
        let content = |side: &Side<'_>| {
            let sensed = |w: &&LeftoverWord<'_>| {
                !turned && !self.senses.senses(w.hash).is_empty() && !self.is_article(w.hash)
            };
            side.words.iter().filter(|w| self.is_content(w) || sensed(w)).count() as u32
        };
        found.new_figures = ours.words.iter().filter(|w| w.value.is_some()).count() as u32;
        found.new_words = content(ours);
        found.old_words = content(theirs);
    }

    fn is_article(&self, hash: u64) -> bool {
        self.senses.senses(hash).contains(&Sense::OneOrArticle)
    }

    /// Whether a number was replaced by another one, and at least one of the two is in words.
    fn numbers_turn(&self, ours: &Side<'_>, theirs: &Side<'_>) -> bool {
        let in_words = |w: &LeftoverWord<'_>| {
            let numbers = self.senses.senses(w.hash).iter();
            numbers.filter_map(|s| if let Sense::Number(n) = s { Some(*n) } else { None }).next()
        };
        let values = |side: &Side<'_>| -> Vec<u64> {
            side.words.iter().filter_map(|w| w.value.or_else(|| in_words(w))).collect()
        };
        let words = |side: &Side<'_>| side.words.iter().any(|w| in_words(w).is_some());
        let one = |side: &Side<'_>| side.words.iter().any(|w| self.is_article(w.hash));
        if !self.known {
            let number = |s: Sense| matches!(s, Sense::Number(_));
            return words(ours) && theirs.has_byte_of(&self.senses.trace_bytes(number));
        }
        let (mut new, mut old) = (values(ours), values(theirs));
        new.retain(|value| match old.iter().position(|other| other == value) {
            Some(at) => {
                old.remove(at);
                false
            }
            None => true,
        });
        let both = match (new.is_empty(), old.is_empty()) {
            (false, false) => true,
            (false, true) => one(theirs),
            (true, false) => one(ours),
            (true, true) => false,
        };
        both && (words(ours) || words(theirs))
    }

    /// Whether only one of the texts has a negation among its words that differ.
    fn negations_turn(&self, ours: &Side<'_>, theirs: &Side<'_>) -> bool {
        let negates = |w: &LeftoverWord<'_>| self.senses.senses(w.hash).contains(&Sense::Negation);
        let within = |side: &Side<'_>| {
            self.senses.has_negating_parts() && self.senses.negates_within(&side.common_form())
        };
        let new = ours.words.iter().any(negates) || within(ours);
        if !self.known {
            let negation = |sense| sense == Sense::Negation;
            return theirs.len() <= 2
                && ours.words.len() <= 2
                && new != theirs.has_byte_of(&self.senses.trace_bytes(negation));
        }
        new != (theirs.words.iter().any(negates) || within(theirs))
    }

    /// Whether one text has a word and the other text its opposite.
    fn opposites_turn(&self, ours: &Side<'_>, theirs: &Side<'_>) -> bool {
        let sides = ours.words.iter().flat_map(|w| self.senses.senses(w.hash));
        let mut opposite = sides.filter_map(|sense| match *sense {
            Sense::Opposite { pair, second } => Some(Sense::Opposite { pair, second: !second }),
            _ => None,
        });
        opposite.any(|wanted| match self.known {
            true => theirs.words.iter().any(|w| self.senses.senses(w.hash).contains(&wanted)),
            false => {
                theirs.len() <= 4 && theirs.has_byte_of(&self.senses.trace_bytes(|s| s == wanted))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::super::align::Aligner;
    use super::super::types::{Validity, Verdict};
    use super::*;
    use crate::article::{ArticleMetadata, EventTime, Lang, Sequence};
    use crate::fingerprint::{self, Fingerprint, SamplingKey};
    use crate::text::{Clean, Words};

    /// A test article: provider, headline and body.
    type Text<'a> = (&'a str, &'a str, &'a str);

    fn prepared(text: Text<'_>, language: &str) -> (ArticleMetadata, Clean, Words, Fingerprint) {
        let about = ArticleMetadata {
            provider: Some(text.0.into()),
            headline: text.1.into(),
            language: Lang::parse(language),
            ..ArticleMetadata::default()
        };
        let clean = Clean { text: text.2.into(), ..Clean::default() };
        let words = text::words(text.2, &text::Limits::default());
        let print = Fingerprint::of(&words, &fingerprint::Limits::default(), SamplingKey(1))
            .with_text(text.2);
        (about, clean, words, print)
    }

    fn difference(language: &str, old: Text<'_>, new: Text<'_>) -> Difference {
        let ((a, _, _, old), (about, clean, words, print)) =
            (prepared(old, language), prepared(new, language));
        let verdict = Verdict::default();
        let that = Earlier {
            sequence: Sequence(0),
            arrived: EventTime(0),
            about: &a,
            print: &old,
            verdict: &verdict,
            validity: Validity::Valid,
        };
        let new = Arrival {
            about: &about,
            clean: &clean,
            words: &words,
            print: &print,
            now: that.arrived,
        };
        let settings = Settings::default();
        let pair = Comparison::of(&Aligner::of(&print), &print, &old, &settings);
        Difference::of(new, that, &pair, Edges::Furniture)
    }

    /// Whether the meaning of `body` differs with `one` and with `other` in place of `#`.
    fn turns(language: &str, body: &str, one: &str, other: &str) -> bool {
        let [old, new] = [one, other].map(|word| body.replace('#', word));
        let found = difference(language, ("nw", "Fire", &old), ("nw", "Fire", &new));
        assert!(!found.other_subject, "{old} / {new}");
        found.turned
    }

    #[test]
    fn numbers_negations_and_opposites_change_the_meaning() {
        let english = "Fire crews at the old harbour said on Friday that they had # the last of \
                       the boats before the storm came in, and went home for the night.";
        let german = "Die Feuerwehr am alten Hafen sagte am Freitag, dass sie # Boote vor dem \
                      Sturm gesichert habe, und fuhr dann nach Hause.";
        for (language, body, one, other, want) in [
            ("en", english, "found", "not found", true),
            ("en", english, "raised", "lowered", true),
            ("en", english, "seven of", "nine of", true),
            ("en", english, "12 of", "twelve of", false),
            ("en", english, "a of", "two of", true),
            ("en", english, "coloured", "colored", false),
            ("en", english, "moored", "fastened", false),
            ("de", german, "sieben", "neun", true),
            ("de", german, "siebzehn", "siebenundvierzig", true),
            ("de", german, "alle", "keine", true),
            ("de", german, "die", "diese", false),
        ] {
            assert_eq!(turns(language, body, one, other), want, "{one} / {other}");
            assert_eq!(turns(language, body, other, one), want, "{other} / {one}");
        }
    }

    #[test]
    fn a_word_that_changes_the_meaning_of_a_long_text_is_found_by_its_trace_byte() {
        let long = (0..130).fold(String::new(), |text, n| {
            let letter = |n: u8| char::from(b'a' + n);
            text + &format!("word{}{} ", letter(n / 26), letter(n % 26))
        });
        let body = format!("{long} the jury found him # of fraud {long}");
        assert!(turns("en", &body, "guilty", "not guilty"));
        assert!(turns("en", &body, "guilty", "innocent"));
        assert!(turns("en", &body, "four counts", "six counts"));
        assert!(!turns("en", &body, "accused", "suspected"));
    }

    #[test]
    fn headlines_and_names_show_another_subject() {
        let fined = |who: &str, street: &str| {
            format!(
                "{who}, of {street}, was fined by the court at Port Seltz on Tuesday for driving \
                 without insurance and has to pay within a month."
            )
        };
        let (birch, reed) = (fined("Una Birch", "Quay Street"), fined("Odo Reed", "Mill Lane"));
        let (birches, burch) = (fined("Una Birch", "Quay Road"), fined("Una Burch", "Quay Street"));
        let rule = "The council of the town has voted for a new rule on bicycles in the park.";
        let wall = "You have read your last free story of the month. Sign in to read on.";
        for (old, new, want) in [
            (("nw", "In court", &*birch), ("nw", "In court", &*reed), true),
            (("nw", "In court", &birch), ("bay", "In court", &reed), true),
            (("nw", "Una Birch fined", &birch), ("nw", "Odo Reed fined", &reed), true),
            (("nw", "In court", &birch), ("nw", "Fined again", &birch), false),
            (("nw", "In court", &birch), ("bay", "In court", &burch), false),
            (("nw", "In court", &birch), ("nw", "In court", &birches), true),
            (("nw", "Ferry aground", wall), ("nw", "Mayor resigns", wall), true),
            (("nw", "Ferry aground", wall), ("nw", "Ferry aground", wall), false),
            (("nw", "Council votes", rule), ("bay", "New rule on bicycles", rule), false),
        ] {
            let found = difference("en", old, new);
            assert_eq!(found.other_subject, want, "{old:?} / {new:?}: {found:?}");
        }
    }

    #[test]
    fn boilerplate_and_spelling_are_not_differences() {
        let body = "The council of the town has voted for a new rule on bicycles in the park, \
                    the mayor said on Friday, and will publish a programme in spring.";
        for new in [
            format!("PORT SELTZ (Northwire) - {body}"),
            format!("{body} (Reporting by Ada Fenn)"),
            body.replace("programme", "program").replace("voted", "votde"),
            body.replace("bicycles", "bi-\ncycles"),
        ] {
            let found = difference("en", ("nw", "Rule", body), ("bay", "Rule", &new));
            let nothing = Difference::default();
            assert_eq!(found, nothing, "{new}");
        }
    }
}
