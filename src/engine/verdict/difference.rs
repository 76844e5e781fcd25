//! Differences: finds out whether two similar texts report different news, from the words that they
//! do not share.
//!
//! Two texts can share most of their words and still report different news: two cases from one list
//! of court cases, two notices that end with the same legal terms of their publisher, "guilty" and
//! "not guilty". This module reads the words outside the shared runs, and the headlines.
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
//! Cost: a few microseconds, only for texts that the measures alone classify as copies.

use super::archive::{Arrival, Earlier, same_provider};
use super::compare::Comparison;
use super::furniture::senders;
use super::headlines::{HeadlineEvidence, is_brief};
use super::leftover::{LeftoverWord, Name, Side, cancel, carries_meaning, drop_edges, names_moved};
use super::passages::OwnPassages;
use super::quantities::Respelled;
use super::{members, quantities, signs, trimmed, turns};
use crate::marks::bare_headline;
use crate::text;
use crate::text::Words;
use crate::text::senses::{Sense, Senses};
use std::ops::Range;

/// Rule of a text that shares its template or boilerplate with an article about another subject.
pub(super) const OTHER_SUBJECT: &str = "other-subject";
/// Rule of a correction whose only changes are words that change the meaning.
pub(super) const CHANGED_WORDS: &str = "changed-words";

/// Headlines with more leftover words than this are not searched for words that change the meaning.
const TURNED_HEADLINE_MAX: usize = 2;
/// Two texts have different subjects if their names differ, but only if such names are frequent: at
/// least one name in this many words of each text.
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
    /// The articles are brief, and their texts hardly mention what their different headlines say.
    pub(super) other_headline: bool,
    /// A number in words, a negation, one of two opposites, a sign beside a figure or the order of
    /// names has changed; or, if another sender sent the text, only the place in the dateline or a
    /// name in the headline.
    pub(super) turned: bool,
    /// The same sender changed what the headline says, or sent one text under two headlines that
    /// the text hardly mentions.
    pub(super) headline_news: bool,
    /// What the passages outside the shared runs show; set for reprints, and for expansions by the
    /// same sender.
    pub(super) passages: OwnPassages,
    /// Number of figures in the new text that the earlier text does not have.
    pub(super) new_figures: u32,
    /// Number of words, other than figures, that carry meaning and that only the new text has.
    pub(super) new_words: u32,
    /// How many of `new_words` are written as names.
    pub(super) new_names: u32,
    /// Like `new_words`, for words that only the earlier text has; 0 if its words are not known.
    pub(super) old_words: u32,
}

impl Difference {
    /// Whether texts with the same words report different news.
    pub(super) fn is_news(&self) -> bool {
        self.turned || self.headline_news
    }

    /// What differs between `new` and `that`.
    pub(super) fn of(new: Arrival<'_>, that: Earlier<'_>, pair: &Comparison, edges: Edges) -> Self {
        let short = &that.print.short_text;
        let equal = new.print.content_hash == that.print.content_hash;
        let turned = equal && !short.is_empty() && signs::differ(&new.clean.text, short);
        let mut found = Self { turned, ..Self::default() };
        let trimmed_differ = new.print.trimmed != that.print.trimmed;
        if equal && !trimmed_differ && new.about.headline == that.about.headline {
            return found;
        }
        let texts = Texts::of(new, that);
        if trimmed_differ {
            let shown = trimmed::read(new, that, &texts.old_words, texts.senses);
            found.other_subject = shown.other_subject;
            found.turned |= shown.turned;
        }
        let spelled = quantities::respelled((new, that), &texts.old_words, pair, texts.senses);
        let (mut ours, mut theirs) = texts.sides(pair, &spelled);
        texts.read_headlines((&ours, &theirs), &mut found);
        if edges == Edges::Furniture {
            drop_edges(&mut ours, &mut theirs, texts.senses, senders(new, that));
        }
        let same_words = equal || !pair.stamps.is_empty() || !spelled.is_empty();
        texts.read_words((ours, theirs), same_words, &mut found);
        found
    }
}

/// The senses of words in the language of the articles.
pub(super) fn senses_of(new: Arrival<'_>, that: Earlier<'_>) -> Senses {
    Senses::of(new.about.language.or(that.about.language))
}

/// The two articles, and what is known about the words of the earlier one.
struct Texts<'a> {
    new: Arrival<'a>,
    that: Earlier<'a>,
    senses: Senses,
    /// Whether the words of the earlier text are known.
    known: bool,
    /// The words of the earlier text; empty if they are not known.
    old_words: Words,
    /// Whether the articles have the same provider.
    same_sender: bool,
    /// Whether the texts have the same words.
    equal: bool,
}

impl<'a> Texts<'a> {
    fn of(new: Arrival<'a>, that: Earlier<'a>) -> Self {
        let old_words = text::words(&that.print.short_text, &text::Limits::default());
        Self {
            new,
            that,
            senses: senses_of(new, that),
            known: old_words.hashes.len() == that.print.words(),
            old_words,
            same_sender: same_provider(new.about, that.about),
            equal: new.print.content_hash == that.print.content_hash,
        }
    }

    /// The words that the texts do not share.
    fn sides(&self, pair: &Comparison, spelled: &[Respelled]) -> (Side<'a>, Side<'a>) {
        let (new, blocks) = (self.new, &pair.alignment.blocks);
        let (text, short) = (&new.clean.text, &self.that.print.short_text);
        let run = |words: &Range<u32>| (words.start, words.len() as u32);
        let new_blocks = blocks.iter().map(|b| (b.new, b.len));
        let old_blocks = blocks.iter().map(|b| (b.old, b.len));
        let new_blocks = new_blocks.chain(spelled.iter().map(|s| run(&s.new)));
        let old_blocks = old_blocks.chain(spelled.iter().map(|s| run(&s.old)));
        let mut ours = Side::of(text, new.words, new_blocks);
        if !self.known {
            let theirs = Side::of_trace(&self.that.print.trace, old_blocks);
            pair.changed().for_each(|changed| ours.add(text, new.words, changed.new));
            return (ours, theirs);
        }
        let mut theirs = Side::of(short, &self.old_words, old_blocks);
        // Words within the blocks may differ, although their trace bytes are equal.
        let pairs = blocks.iter().flat_map(|b| (b.new..b.new_end()).zip(b.old..));
        let differ = pairs.filter(|(at, other)| {
            new.words.hashes[*at as usize] != self.old_words.hashes[*other as usize]
                && !pair.stamps.contains(at)
                && !spelled.iter().any(|s| s.new.contains(at) && s.old.contains(other))
        });
        for (at, other) in differ.chain(pair.changed().map(|changed| (changed.new, changed.old))) {
            ours.add(text, new.words, at);
            theirs.add(short, &self.old_words, other);
        }
        (ours, theirs)
    }

    /// Reads the headlines.
    fn read_headlines(&self, (ours, theirs): (&Side<'_>, &Side<'_>), found: &mut Difference) {
        if self.new.about.headline == self.that.about.headline {
            return;
        }
        let Some(evidence) = HeadlineEvidence::of(self.new, self.that, (ours, theirs), self.senses)
        else {
            found.headline_news = self.same_sender && self.headline_turns();
            return;
        };
        let brief = is_brief(self.new);
        found.other_subject |= evidence.show_other_subject(self.same_sender, brief);
        if brief && evidence.differ_in_names() {
            found.other_subject |= self.same_sender;
            found.turned |= !self.same_sender;
        }
        found.other_headline = brief && evidence.is_apart();
        let other_stub = self.equal && evidence.show_other_stub();
        found.headline_news = self.same_sender && (other_stub || self.headline_turns());
    }

    /// Reads the words that the texts do not share. If `same_words` is true, there may be none.
    fn read_words(
        &self,
        (mut ours, mut theirs): (Side<'_>, Side<'_>),
        same_words: bool,
        found: &mut Difference,
    ) {
        let moved = self.known && names_moved(&ours, &theirs);
        let respelled = cancel(&mut ours, &mut theirs, self.senses);
        let unseen = !same_words && !self.known && ours.len() + theirs.len() == 0;
        quantities::cancel(&mut ours, &mut theirs, self.senses);
        members::cancel(&mut ours, &mut theirs, self.senses);
        if self.known {
            found.other_subject |= self.names_differ(&ours, &theirs);
        }
        self.turns(&ours, &theirs, found);
        found.turned |= moved && found.new_words + found.old_words == 0;
        // A changed word may have the same trace byte as the word that it replaces.
        let more = if self.same_sender { respelled } else { 0 } + u32::from(unseen);
        (found.new_words, found.new_names) = (found.new_words + more, found.new_names + more);
    }

    /// Whether the headlines differ in meaning although they have most words in common: in a
    /// number, a negation or an opposite.
    fn headline_turns(&self) -> bool {
        let headlines =
            [self.new.about, self.that.about].map(|about| bare_headline(&about.headline));
        let [new, old] = headlines.map(|text| text::words(text, &text::Limits::default()));
        let [mut ours, mut theirs] = [(headlines[0], &new), (headlines[1], &old)]
            .map(|(text, words)| Side::of(text, words, std::iter::empty()));
        cancel(&mut ours, &mut theirs, self.senses);
        let alike = |side: &Side<'_>, all: &Words| {
            side.words.len() <= TURNED_HEADLINE_MAX && 2 * side.words.len() <= all.hashes.len()
        };
        if !alike(&ours, &new) || !alike(&theirs, &old) {
            return false;
        }
        let figure = |side: &Side<'_>| side.words.iter().any(|w| w.value.is_some());
        figure(&ours) && figure(&theirs)
            || turns::any((&ours, &theirs), self.new, self.that, self.senses)
    }

    /// Whether the words that differ are mostly names, so that the subjects differ as well.
    fn names_differ(&self, ours: &Side<'_>, theirs: &Side<'_>) -> bool {
        // Words at the start of a sentence count as names only if another word is certainly a name.
        let count = |side: &Side<'_>| {
            let all = side.words.iter().filter(|w| self.is_content(w));
            let certain = all.clone().filter(|w| w.name == Name::Certain).count();
            let names = all.clone().filter(|w| w.name != Name::No).count();
            (if certain > 0 { names } else { 0 }, all.count())
        };
        let (new, old) = (count(ours), count(theirs));
        let least = if self.same_sender { 1 } else { 2 };
        let mostly = |(names, all): (usize, usize)| match self.same_sender {
            true => 2 * names >= all,
            false => 3 * names >= 2 * all,
        };
        let words = self.new.print.words();
        let many = |(names, _): (usize, usize)| names >= least && NAMES_PART * names >= words;
        many(new) && many(old) && mostly(new) && mostly(old)
    }

    fn is_content(&self, word: &LeftoverWord<'_>) -> bool {
        word.value.is_none()
            && (carries_meaning(word.text, word.hash, self.senses) || word.is_letter())
            && self.senses.senses(word.hash).is_empty()
    }

    /// Looks for words that change the meaning, and counts the others.
    fn turns(&self, ours: &Side<'_>, theirs: &Side<'_>, found: &mut Difference) {
        let turned = turns::any((ours, theirs), self.new, self.that, self.senses);
        found.turned |= turned;
        let content = |side: &Side<'_>| {
            let sensed = |w: &&LeftoverWord<'_>| {
                !turned && !self.senses.senses(w.hash).is_empty() && !self.is_article(w.hash)
            };
            side.words.iter().filter(|w| self.is_content(w) || sensed(w)).count() as u32
        };
        found.new_figures = ours.words.iter().filter(|w| w.value.is_some()).count() as u32;
        found.new_words = content(ours);
        let names = ours.words.iter().filter(|w| w.name == Name::Certain && self.is_content(w));
        found.new_names = names.count() as u32;
        if self.same_sender {
            // The name of a day is news like any other name, even if it is in lower case.
            found.new_names += members::weekdays_changed(ours, theirs, self.senses);
        }
        found.old_words = content(theirs);
    }

    fn is_article(&self, hash: u64) -> bool {
        self.senses.senses(hash).contains(&Sense::OneOrArticle)
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
            .with_text(&clean);
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

    /// Whether `one` and `other`, in place of `#` in `body`, give texts with different meanings.
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
    fn months_currencies_scales_and_days_of_a_long_text_are_found_by_their_trace_bytes() {
        let filler = |from: u8| {
            (0..70).fold(String::new(), |text, n| {
                let letter = |n: u8| char::from(b'a' + n);
                text + &format!("w{}{}{} ", letter(from), letter(n / 26), letter(n % 26))
            })
        };
        let body = format!("{} 40 # {}", filler(1), filler(7));
        for (language, one, other, want) in [
            ("es", "en enero", "en marzo", true),
            ("nl", "januari", "februari", true),
            ("ru", "мая", "июня", true),
            ("en", "million pounds", "million euros", true),
            ("es", "millones", "mil millones", true),
            ("pt", "milhões", "mil milhões", true),
            ("en", "in May", "in June", true),
            ("en", "they may", "they can", false),
            ("fr", "millions", "millions", false),
        ] {
            assert_eq!(turns(language, &body, one, other), want, "{one} / {other}");
            assert_eq!(turns(language, &body, other, one), want, "{other} / {one}");
        }
        for (language, one, other, names) in [
            ("fr", "jeudi", "mercredi", 1),
            ("es", "el jueves", "el miércoles", 1),
            ("it", "giovedì", "giovedì", 0),
            ("en", "on Thursday", "on Thurs.", 0),
        ] {
            let [old, new] = [one, other].map(|word| body.replace('#', word));
            let same = difference(language, ("nw", "Fire", &old), ("nw", "Fire", &new));
            assert_eq!(same.new_names, names, "{one} / {other}: {same:?}");
            assert!(!same.turned, "{one} / {other}: {same:?}");
        }
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
    fn a_first_sentence_that_serves_as_headline_is_not_evidence_alone() {
        let body = "The ferry to Port Seltz ran aground on a reef in the night, and all of the \
                    passengers were taken off by lifeboats, the coast guard said. Divers will look \
                    at the hull today. The harbour master closed the eastern channel.";
        let whole = |opening: &str| format!("{opening}\n{}", [body; 4].join(" "));
        for (old, new, want) in [
            ("May 3 Monday 6:03 PM EST", "Tuesday 4 May 2031 11:12 CET", false),
            ("Marel Ferry Rescue", "Anlow Lifeboats Praised", false),
            ("Una Birch fined\nUna Birch drives.", "Odo Reed fined\nOdo Reed drives.", true),
        ] {
            let (old, new) = (whole(old), whole(new));
            let [first, second] = [&old, &new].map(|text| text::first_sentence(text));
            let found = difference("en", ("nw", &first, &old), ("bay", &second, &new));
            assert_eq!(found.other_subject, want, "{first} / {second}: {found:?}");
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
