//! The terms of an article, in three channels.
//!
//! In: headline, cleaned body and language. Out: [`Terms`], integers only.
//!
//! | channel | terms | counts |
//! |---|---|---|
//! | title | stems of the headline | 1 each |
//! | text | stems of headline and body | headline 6, first `lead_words` of the body 2, rest 1 |
//! | names | capitalised words and numbers | 1.5 in the headline, 1 in the body; numbers half |
//!
//! Up to `body_words` of the body are read. For example, in "Ferry sinks off Marel / The ferry sank
//! on 3 May" the text channel has `ferry` with a count of 8, and the names channel has `Marel` with
//! 1.5.
//!
//! A capital letter means nothing where every word would have one: in a headline without lower-case
//! letters, at the start of a line and after a colon. A word in such a position counts as a name
//! only if the article capitalises it elsewhere too. Otherwise table labels (`Net`, `Sales`) would
//! count as names that the reports of two companies' results share.
//!
//! The count `tf` of a term is stored as a saturated count of 4 bits: `q = round(15 tf / (tf +
//! 2))`, at least 1. A fifth bit says whether the term is in the *opening*: the headline or the
//! first `opening_words` of the body. The weight of a term is computed when the term is scored. On
//! arrival, an article is *listed* in the postings under its heaviest terms; a sixth bit marks
//! these terms.
//!
//! Cost: one pass over at most `body_words` words and one sort; 4 bytes per kept term.

use super::Settings;
use super::stem::{ID_BITS, LanguageTerms, TermId};
use crate::article::Lang;
use crate::text::{Clean, Words, words};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// A term with its saturated count and two flags: whether it is in the opening, and whether its
/// article is listed under it. Records contain terms in this format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Term(pub(super) u32);

/// Position of the id in a [`Term`].
const ID_SHIFT: u32 = 32 - ID_BITS;
/// Flag of a [`Term`] that is in the opening.
const OPENING: u32 = 1 << 4;
/// Flag of a [`Term`] under which its article is listed.
pub(super) const LISTED: u32 = 1 << 5;
/// Position of the two bits with the kind of a universal term.
const KIND_SHIFT: u32 = 6;
/// The bits of the marks: the count and both flags.
const MARKS: u32 = (1 << 6) - 1;

impl Term {
    /// A term that is not listed; `q` must be in 1..=15.
    fn new(id: TermId, q: u32, opens: bool) -> Self {
        debug_assert!((1..=15).contains(&q), "the count {q} must fit into 4 bits");
        let opening = if opens { OPENING } else { 0 };
        Self::of_marks(id, opening | q)
    }

    /// A term with this id and these [`marks`](Self::marks).
    pub(super) fn of_marks(id: TermId, marks: u32) -> Self {
        Self(id << ID_SHIFT | marks)
    }

    /// A universal term of this kind (0 to 3); `q` must be in 1..=15.
    pub(super) fn of_kind(id: TermId, q: u32, kind: u32) -> Self {
        Self(Self::new(id, q, false).0 | kind << KIND_SHIFT)
    }

    /// The kind of a universal term, 0 to 3.
    pub(super) fn kind(self) -> u32 {
        self.0 >> KIND_SHIFT & 3
    }

    /// Its flags and its count: 6 bits.
    pub(super) fn marks(self) -> u32 {
        self.0 & MARKS
    }

    /// Its id.
    pub fn id(self) -> u32 {
        self.0 >> ID_SHIFT
    }

    /// Whether it is in the headline or the first words of the body.
    pub fn opens(self) -> bool {
        self.0 & OPENING != 0
    }

    /// Whether its article is listed under it.
    pub(super) fn listed(self) -> bool {
        self.0 & LISTED != 0
    }

    /// Its saturated count, 1..=15.
    pub fn q(self) -> u32 {
        self.0 & 15
    }
}

/// The channels, in the order used by all arrays with one value per channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Stems of the headline.
    Title,
    /// Stems of headline and body.
    Text,
    /// Names and numbers.
    Names,
}

impl Channel {
    /// All channels.
    pub const ALL: [Self; 3] = [Self::Title, Self::Text, Self::Names];
}

/// The terms of one article by channel, and its universal terms (see `universal`). Each of these
/// lists is in order of ids and contains each id once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// The terms of all channels, one channel after the other, then the universal terms.
    terms: Box<[Term]>,
    /// Where the terms of each channel end.
    ends: [u32; 3],
}

/// Records contain the universal terms in a field of their own.
impl Serialize for Terms {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        Channel::ALL.map(|channel| self.channel(channel)).serialize(out)
    }
}

impl<'de> Deserialize<'de> for Terms {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut channels = <[Vec<Term>; 3]>::deserialize(from)?;
        channels.iter_mut().for_each(sort);
        // Bits that have no meaning in a channel are left out.
        let known = |term: Term| Term::of_marks(term.id(), term.marks());
        Ok(Self::new(channels.map(|terms| terms.into_iter().map(known).collect())))
    }
}

impl Terms {
    /// Creates terms from those of each channel, which must be in order of ids, each id once.
    pub(super) fn new(channels: [Vec<Term>; 3]) -> Self {
        let mut end = 0;
        let ends = channels.each_ref().map(|terms| {
            end += terms.len() as u32;
            end
        });
        Self { terms: channels.concat().into(), ends }
    }

    /// Keeps the terms of the channels and replaces the universal terms with these. The article is
    /// listed under every universal term.
    #[must_use]
    pub fn with_universal(mut self, mut universal: Vec<Term>) -> Self {
        sort(&mut universal);
        universal.iter_mut().for_each(|term| term.0 |= LISTED);
        self.terms = [&self.terms[..self.ends[2] as usize], &universal].concat().into();
        self
    }

    /// The terms that mean the same in every language.
    pub fn universal(&self) -> &[Term] {
        &self.terms[self.ends[2] as usize..]
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.terms)
    }

    /// The same terms, with the article listed under all of them. Used for records of earlier
    /// releases, which do not say under which terms their article is listed.
    #[must_use]
    pub fn all_listed(&self) -> Self {
        let list = |term: &Term| Term(term.0 | LISTED);
        Self { terms: self.terms.iter().map(list).collect(), ends: self.ends }
    }

    /// The terms of an article in all channels.
    pub fn of(
        headline: &str,
        clean: &Clean,
        body: &Words,
        language: Option<Lang>,
        settings: &Settings,
    ) -> Self {
        let language_terms = LanguageTerms::of(language);
        let title = words(headline, &crate::text::Limits { words_max: 200 });
        let (of_title, of_body) = (title.hashes.len(), body.hashes.len());
        let mut counts = TermCounts {
            title: Vec::with_capacity(of_title),
            text: Vec::with_capacity(of_title + of_body.min(settings.tuning.body_words as usize)),
            names: Vec::with_capacity(of_title),
        };
        counts.title(headline, &title, language_terms);
        counts.body(&clean.text, body, language_terms, settings);
        let TermCounts { title, text, names } = counts;
        Self::new([saturated(title, 2, 0), saturated(text, 2, 0), saturated(names, 8, NAMES)])
    }

    /// The words of the terms in headline and body, in lower case: for each term, the first form
    /// that occurs. If a term is a pair of characters or syllables, its text contains both.
    pub fn spelled(
        headline: &str,
        clean: &Clean,
        body: &Words,
        language: Option<Lang>,
    ) -> BTreeMap<u32, String> {
        let language_terms = LanguageTerms::of(language);
        let title = words(headline, &crate::text::Limits { words_max: 200 });
        let mut spelled = BTreeMap::new();
        for (text, words) in [(headline, &title), (clean.text.as_str(), body)] {
            let terms = language_terms.terms(text, words, usize::MAX);
            for (at, id) in terms.into_iter().enumerate() {
                let Some(id) = id else { continue };
                let last = at + usize::from(language_terms.is_paired(text, words, at));
                let word = &text[words.spans[at].0 as usize..words.spans[last].1 as usize];
                spelled.entry(id).or_insert_with(|| word.to_lowercase());
            }
        }
        spelled
    }

    /// The terms of one channel.
    pub fn channel(&self, channel: Channel) -> &[Term] {
        let at = channel as usize;
        let from = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.terms[from as usize..self.ends[at] as usize]
    }

    /// The terms of its opening.
    pub(super) fn opening(&self) -> impl Iterator<Item = Term> {
        self.channel(Channel::Text).iter().copied().filter(|term| term.opens())
    }

    /// Whether there are no terms in any channel.
    pub fn is_empty(&self) -> bool {
        self.ends[2] == 0
    }
}

/// Flag of a count from the opening. The sum of all counts of a term stays far below this bit.
const OPENS: u32 = 1 << 31;

/// Flag of a count at a position where a capital or a digit shows that the word is a name.
const NAMES: u32 = 1 << 30;

/// The counts of the terms at all their positions. Each entry has the term in its upper 32 bits and
/// the count in its lower 32 bits, so sorting groups the entries by term. Names are counted in
/// quarters.
struct TermCounts {
    /// Counts of the title channel.
    title: Vec<u64>,
    /// Counts of the text channel.
    text: Vec<u64>,
    /// Counts of the names channel.
    names: Vec<u64>,
}

/// Sorts terms by id, and removes duplicates and terms with a count of 0.
fn sort(terms: &mut Vec<Term>) {
    terms.retain(|term| term.q() > 0);
    terms.sort_unstable();
    terms.dedup_by_key(|term| term.id());
}

fn counted(term: TermId, count: u32) -> u64 {
    u64::from(term) << 32 | u64::from(count)
}

impl TermCounts {
    fn title(&mut self, headline: &str, words: &Words, language_terms: LanguageTerms) {
        let mixed_case = headline.chars().any(char::is_lowercase);
        for (at, term) in language_terms.terms(headline, words, usize::MAX).into_iter().enumerate()
        {
            let Some(term) = term else { continue };
            self.title.push(counted(term, 1));
            self.text.push(counted(term, 6 | OPENS));
            self.name(headline, words, at, language_terms, 6, || mixed_case);
        }
    }

    fn body(
        &mut self,
        text: &str,
        words: &Words,
        language_terms: LanguageTerms,
        settings: &Settings,
    ) {
        let terms = language_terms.terms(text, words, settings.tuning.body_words as usize);
        for (at, term) in terms.into_iter().enumerate() {
            let Some(term) = term else { continue };
            let count = if at < settings.tuning.lead_words as usize { 2 } else { 1 };
            let opens = if at < settings.tuning.opening_words as usize { OPENS } else { 0 };
            self.text.push(counted(term, count | opens));
            self.name(text, words, at, language_terms, 4, || !starts_line(text, words, at));
        }
    }

    /// Counts the word at `at` if it may be a name; never in a script without capital letters.
    /// `count` is the amount to add, in quarters; a word with a digit adds half of that. `telling`
    /// is true if a capital letter at this position shows that the word is a name.
    fn name(
        &mut self,
        text: &str,
        words: &Words,
        at: usize,
        language_terms: LanguageTerms,
        count: u32,
        telling: impl FnOnce() -> bool,
    ) {
        let (from, to) = words.spans[at];
        let word = &text[from as usize..to as usize];
        let mut chars = word.chars();
        let Some(first) = chars.next().filter(|_| !language_terms.unsegmented) else { return };
        let id = || language_terms.as_is(words.hashes[at]);
        if word.bytes().any(|b| b.is_ascii_digit()) {
            self.names.push(counted(id(), (count / 2) | NAMES));
        } else if first.is_uppercase() && chars.next().is_some() {
            let names = if telling() { NAMES } else { 0 };
            self.names.push(counted(id(), count | names));
        }
    }
}

/// Whether the word at `at` starts a line, or follows a colon.
fn starts_line(text: &str, words: &Words, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return true };
    let between = &text[words.spans[before].1 as usize..words.spans[at].0 as usize];
    between.contains([':', '\n'])
}

/// Adds up the counts of each term and saturates them; `half` is the count, in the units of the
/// channel, whose saturated count is half of the maximum. A term is left out if none of its counts
/// has the flag `needs`.
fn saturated(mut counts: Vec<u64>, half: u32, needs: u32) -> Vec<Term> {
    counts.sort_unstable();
    let mut terms = Vec::with_capacity(counts.len());
    let counted = counts
        .chunk_by(|a, b| a >> 32 == b >> 32)
        .filter(|same| needs == 0 || same.iter().any(|&count| count as u32 & needs != 0))
        .map(|same| {
            let tf: u32 = same.iter().map(|&count| count as u32 & !(OPENS | NAMES)).sum();
            let opens = same.iter().any(|&count| count as u32 & OPENS != 0);
            Term::new((same[0] >> 32) as TermId, saturation(tf, half), opens)
        });
    terms.extend(counted);
    terms
}

/// The saturated count, 1..=15, of `tf` occurrences; half the maximum if `tf` equals `half`.
pub(super) fn saturation(tf: u32, half: u32) -> u32 {
    ((30 * tf + tf + half) / (2 * (tf + half))).clamp(1, 15)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::Tuning;
    use crate::stories::frequencies::Frequencies;
    use crate::text::tokens::word_hash;

    fn terms(headline: &str, body: &str, language: &str) -> Terms {
        let body_words = words(body, &crate::text::Limits::default());
        let clean = Clean { text: body.to_owned(), ..Default::default() };
        Terms::of(headline, &clean, &body_words, Lang::parse(language), &Settings::default())
    }

    fn q(terms: &Terms, channel: Channel, word: &str, language: &str) -> Option<u32> {
        let language_terms = LanguageTerms::of(Lang::parse(language));
        let id = match channel {
            Channel::Names => language_terms.as_is(word_hash(word)),
            _ => language_terms.stem(word, word_hash(word)),
        };
        terms.channel(channel).iter().find(|t| t.id() == id).map(|t| t.q())
    }

    #[test]
    fn counts_saturate_in_each_channel() {
        let all =
            terms("Ferry sinks off Marel", "The ferry sank on 3 May.\nFerry crews came.", "en");
        for (channel, word, want) in [
            (Channel::Title, "ferry", Some(5)),
            (Channel::Title, "crews", None),
            (Channel::Text, "ferry", Some(13)),
            (Channel::Text, "crews", Some(8)),
            (Channel::Names, "marel", Some(6)),
            (Channel::Names, "3", Some(3)),
            (Channel::Names, "sank", None),
            (Channel::Names, "ferry", Some(8)),
        ] {
            assert_eq!(q(&all, channel, word, "en"), want, "{channel:?} {word}");
        }
    }

    #[test]
    fn capitals_mean_nothing_where_every_word_has_one() {
        let names = |headline: &str, body: &str| {
            let all = terms(headline, body, "en");
            let words = ["osmia", "net", "sales", "seltz", "42"];
            words.map(|word| q(&all, Channel::Names, word, "en").is_some())
        };
        assert_eq!(names("Osmia of Seltz", ""), [true, false, false, true, false]);
        assert_eq!(names("OSMIA NET UP 42", ""), [false, false, false, false, true]);
        assert_eq!(names("OSMIA NET", "It is Osmia."), [true, false, false, false, false]);
        let table = "Osmia said: Net 42.\nSales 42. Seltz stayed, as Seltz would.";
        assert_eq!(names("", table), [false, false, false, true, true]);
    }

    #[test]
    fn the_opening_is_headline_and_first_words() {
        let settings = Settings {
            tuning: Tuning { opening_words: 2, ..Tuning::default() },
            ..Settings::default()
        };
        let body = "ferry reef tunnel";
        let all_words = words(body, &crate::text::Limits::default());
        let clean = Clean { text: body.to_owned(), ..Default::default() };
        let all = Terms::of("captain", &clean, &all_words, None, &settings);
        let opening: Vec<u32> = all.opening().map(Term::id).collect();
        let id = |word| LanguageTerms::of(None).as_is(word_hash(word));
        let mut want = ["captain", "ferry", "reef"].map(id);
        want.sort_unstable();
        assert_eq!(opening, want);
    }

    #[test]
    fn characters_and_syllables_count_in_pairs() {
        assert_eq!(terms("", "東京都は", "ja").channel(Channel::Text).len(), 3);
        assert_eq!(terms("", "東京。都", "ja").channel(Channel::Text).len(), 1);
        assert_eq!(terms("", "thành phố, mới", "vi").channel(Channel::Text).len(), 1);
    }

    #[test]
    fn terms_are_spelled_as_words() {
        for (body, language, want) in [
            ("Ferries sank. The ferry", "en", vec!["ferries", "sank"]),
            ("東京都 42", "ja", vec!["42", "京都", "東京"]),
            ("thành phố mới", "vi", vec!["phố mới", "thành phố"]),
        ] {
            let all_words = words(body, &crate::text::Limits::default());
            let clean = Clean { text: body.to_owned(), ..Default::default() };
            let spelled = Terms::spelled("", &clean, &all_words, Lang::parse(language));
            let mut found: Vec<&str> = spelled.values().map(String::as_str).collect();
            found.sort_unstable();
            assert_eq!(found, want, "{language}");
        }
    }

    #[test]
    fn the_heaviest_terms_are_kept_in_order() {
        let settings = Settings {
            tuning: Tuning { terms_max: [2, 3, 0], ..Tuning::default() },
            ..Settings::default()
        };
        let all = terms("a b c", "d d d d e", "en");
        let frequencies = Frequencies::default();
        let weights = frequencies.weights(None);
        let kept = all.cut(&frequencies, &weights, &settings);
        assert_eq!(Channel::ALL.map(|c| kept.channel(c).len()), [2, 3, 0]);
        assert!(kept.channel(Channel::Text).is_sorted_by_key(|term| term.id()));
        assert_eq!(kept, kept.cut(&frequencies, &weights, &settings));
    }

    /// Earlier releases wrote a 27-bit id and five bits of marks. Only the upper 22 bits of the id
    /// are kept.
    #[test]
    fn terms_of_earlier_records_are_read() {
        let earlier = |id: u32, marks: u32| id << 5 | marks;
        let text = vec![earlier(7 << 5 | 3, 4), earlier(7 << 5 | 30, 4), earlier(900 << 5 | 1, 31)];
        let record = postcard::to_stdvec(&[vec![], text, vec![]]).unwrap();
        let read = postcard::from_bytes::<Terms>(&record).unwrap().all_listed();
        let text = read.channel(Channel::Text);
        assert_eq!(text.iter().map(|t| (t.id(), t.q())).collect::<Vec<_>>(), [(7, 4), (900, 15)]);
        assert!(text.iter().all(|t| t.listed()) && text[1].opens() && !text[0].opens());
        let again = postcard::to_stdvec(&read).unwrap();
        assert_eq!(postcard::from_bytes::<Terms>(&again).unwrap(), read);
    }

    #[test]
    fn an_article_is_listed_under_its_heaviest_terms() {
        let settings = Settings {
            tuning: Tuning { terms_listed: [0, 2, 9], ..Tuning::default() },
            ..Settings::default()
        };
        let none = Frequencies::default();
        let kept =
            terms("", "a b b b c c Seltz Osmia", "xx").cut(&none, &none.weights(None), &settings);
        let listed = |channel| kept.channel(channel).iter().filter(|t| t.listed()).count();
        assert_eq!(Channel::ALL.map(listed), [0, 2, 2]);
        let id = |word| LanguageTerms::of(Lang::parse("xx")).as_is(word_hash(word));
        let mut want = ["b", "c"].map(id);
        want.sort_unstable();
        let text = kept.channel(Channel::Text).iter().filter(|t| t.listed());
        assert_eq!(text.map(|t| t.id()).collect::<Vec<_>>(), want);
    }
}
