//! The words of two texts that no shared run covers.
//!
//! In: a text, its words, and the runs that it shares with another text. Out: its [`Side`]: the
//! words outside the runs. Words that the other side has as well, spelled alike or in another
//! place, cancel out.
//!
//! ```text
//! the colour of the harbour / the color of the harbor      nothing is left
//! raised its rate / cut its rate                           raised / cut
//! ```

use super::furniture::is_report;
use crate::text::Words;
use crate::text::common_form;
use crate::text::script::is_unsegmented;
use crate::text::senses::Senses;
use crate::text::tokens::fold;

/// Maximum length of boilerplate at the head and at the foot. `(30, 3)` means at most 30 words, and
/// at most a third of the text.
pub(super) const EDGE_MAX: [(usize, usize); 2] = [(6, 6), (30, 3)];
/// If both sides have the same names in another order, this counts as a difference only if neither
/// side has more words than this.
const MOVED_MAX: usize = 8;
/// Minimum number of letters in a word in which one wrong letter counts as a misspelling.
const MISSPELLED_LETTERS_MIN: usize = 5;

/// Whether a word is written as a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    /// It has a capital letter within a sentence, or its script has no capital letters.
    Certain,
    /// It is at the start of a sentence, where every word has a capital letter.
    Possible,
    /// Anything else: a figure, or a word that is not written as a name.
    No,
}

/// A word outside the shared runs.
#[derive(Debug, Clone)]
pub(super) struct LeftoverWord<'a> {
    /// Its index among the words of the text, from 0.
    pub(super) at: u32,
    /// As written.
    pub(super) text: &'a str,
    /// The hash of its normalized form.
    pub(super) hash: u64,
    /// Whether it is written as a name.
    pub(super) name: Name,
    /// Its value, if it is a figure.
    pub(super) value: Option<u64>,
}

/// The words of one text outside the shared runs.
#[derive(Debug, Default)]
pub(super) struct Side<'a> {
    /// The words, if the text is known.
    pub(super) words: Vec<LeftoverWord<'a>>,
    /// The trace bytes of the words, if the text is not known.
    bytes: Vec<u8>,
    /// Whether only trace bytes are known.
    traced: bool,
    /// The words before the first run and after the last one, if they are set apart.
    edges: [std::ops::Range<u32>; 2],
    /// The passages of `edges`, with the punctuation around them.
    edge_texts: [&'a str; 2],
    /// The number of words of the text.
    total: usize,
}

impl<'a> Side<'a> {
    /// The words of `text` outside `runs`, each given by its first word and its length.
    pub(super) fn of(text: &'a str, words: &Words, runs: impl Iterator<Item = (u32, u32)>) -> Self {
        let covered = covered(words.hashes.len(), runs);
        let mut side = Self::default();
        for at in (0..covered.len()).filter(|at| !covered[*at]) {
            side.words.push(LeftoverWord::of(text, words, at));
        }
        let total = covered.len();
        side.total = total;
        let head = covered.iter().position(|c| *c).unwrap_or(0);
        let foot = covered.iter().rposition(|c| *c).map_or(total, |at| at + 1);
        if head > 0 && is_set_apart(text, words, head) {
            side.edges[0] = 0..head as u32;
            side.edge_texts[0] = &text[..words.spans[head].0 as usize];
        }
        if foot < total
            && foot > 0
            && is_set_apart(text, words, foot)
            && !follows_label(text, words, foot)
        {
            side.edges[1] = foot as u32..total as u32;
            side.edge_texts[1] = &text[words.spans[foot].0 as usize..];
        }
        side
    }

    /// For an article whose text is not known: the trace bytes outside `runs`.
    pub(super) fn of_trace(trace: &[u8], runs: impl Iterator<Item = (u32, u32)>) -> Self {
        let covered = covered(trace.len(), runs);
        let bytes = trace.iter().zip(&covered).filter(|(_, covered)| !**covered);
        let bytes = bytes.map(|(byte, _)| *byte).collect();
        Self { bytes, traced: true, total: trace.len(), ..Self::default() }
    }

    /// Adds a word that lies within a shared run although the other text has a different word
    /// there: a figure, or a word with the same trace byte.
    pub(super) fn add(&mut self, text: &'a str, words: &Words, at: u32) {
        let place = self.words.partition_point(|w| w.at < at);
        if (at as usize) < words.hashes.len() && self.words.get(place).is_none_or(|w| w.at != at) {
            self.words.insert(place, LeftoverWord::of(text, words, at as usize));
        }
    }

    /// Whether the words of the text are known.
    pub(super) fn is_known(&self) -> bool {
        !self.traced
    }

    /// The number of words.
    pub(super) fn len(&self) -> usize {
        self.words.len() + self.bytes.len()
    }

    /// The words in their common form, with a space before and after each. Adjacent characters of
    /// a script that does not separate words stay together.
    pub(super) fn common_form(&self) -> String {
        let mut text = String::new();
        let mut last = None;
        for word in &self.words {
            let joined = word.text.chars().next().is_some_and(is_unsegmented)
                && last.is_some_and(|at: u32| at + 1 == word.at);
            if !joined {
                text.push(' ');
            }
            text.push_str(&common_form(word.text));
            last = Some(word.at);
        }
        text + " "
    }

    /// Whether the side has the word with this hash, or its trace byte if the words are not known.
    pub(super) fn holds(&self, hash: u64) -> bool {
        let byte = (hash as u8).max(1);
        self.words.iter().any(|w| w.hash == hash) || self.bytes.contains(&byte)
    }

    /// Removes one of the trace bytes that are in `set`. Returns whether there was one.
    pub(super) fn take_byte_of(&mut self, set: &[bool; 256]) -> bool {
        let at = self.bytes.iter().position(|byte| set[usize::from(*byte)]);
        at.map(|at| self.bytes.remove(at)).is_some()
    }

    /// Whether one of the trace bytes is in `set`.
    pub(super) fn has_byte_of(&self, set: &[bool; 256]) -> bool {
        self.bytes.iter().any(|byte| set[usize::from(*byte)])
    }
}

impl<'a> LeftoverWord<'a> {
    fn of(text: &'a str, words: &Words, at: usize) -> Self {
        let (from, to) = (words.spans[at].0 as usize, words.spans[at].1 as usize);
        let shown = &text[from..to];
        let value = shown.chars().any(char::is_numeric).then(|| value(shown, words.hashes[at]));
        let hash = words.hashes[at];
        let name = if value.is_some() { Name::No } else { Name::of(&text[..from], shown) };
        Self { at: at as u32, text: shown, hash, name, value }
    }

    /// Whether the word is a single capital letter within a sentence, as in `vitamin C`.
    pub(super) fn is_letter(&self) -> bool {
        let mut chars = self.text.chars();
        let capital = chars.next().is_some_and(char::is_uppercase) && chars.next().is_none();
        capital && self.name == Name::Certain
    }
}

impl Name {
    /// Whether `word`, which follows `before`, is written as a name.
    fn of(before: &str, word: &str) -> Self {
        let mut chars = word.chars();
        let Some(first) = chars.next() else { return Self::No };
        if !first.is_uppercase() && !first.is_lowercase() {
            return if first.is_alphabetic() { Self::Certain } else { Self::No };
        }
        // A single capital letter names something: `vitamin C`.
        let single = word.chars().nth(1).is_none();
        if !first.is_uppercase() || !single && !chars.any(char::is_lowercase) {
            return Self::No;
        }
        let opening = [' ', '"', '“', '«', '„', '(', '\'', '’'];
        let last = before.trim_end_matches(opening).chars().last();
        match last.is_none_or(|c| ".!?:\n…".contains(c)) {
            true if single => Self::No,
            true => Self::Possible,
            false => Self::Certain,
        }
    }
}

/// For each of the `words` words of a text: whether it is in one of the runs.
pub(super) fn covered(words: usize, runs: impl Iterator<Item = (u32, u32)>) -> Vec<bool> {
    let mut covered = vec![false; words];
    for (from, len) in runs {
        covered[from as usize..(from + len) as usize].fill(true);
    }
    covered
}

/// The value of a figure; a hash if it has letters or is not a whole number.
fn value(figure: &str, hash: u64) -> u64 {
    common_form(figure).parse().unwrap_or(hash | 1 << 63)
}

/// Whether punctuation or a line break between the words `at - 1` and `at` sets them apart.
pub(super) fn is_set_apart(text: &str, words: &Words, at: usize) -> bool {
    let between = &text[words.spans[at - 1].1 as usize..words.spans[at].0 as usize];
    between
        .contains(['.', '!', '?', '\n', '(', ')', '[', ']', '|', '—', '–', '。', '؟', '！', '？'])
        || between.contains(" - ")
        || between.contains(": ")
        || between.contains("--")
}

/// Whether a label precedes the word at `at`, as in `Winner: Una Birch`.
fn follows_label(text: &str, words: &Words, at: usize) -> bool {
    let between = &text[words.spans[at - 1].1 as usize..words.spans[at].0 as usize];
    between.trim() == ":" || between == "："
}

/// Removes boilerplate: words at an edge of one text that are set apart, share nothing with the
/// words at the same edge of the other text, and do not read as part of a report by one of
/// `senders`.
pub(super) fn drop_edges(
    ours: &mut Side<'_>,
    theirs: &mut Side<'_>,
    senses: Senses,
    senders: [Option<&str>; 2],
) {
    for (edge, (most, parts)) in (0..).zip(EDGE_MAX) {
        let (new, old) = (ours.edges[edge].clone(), theirs.edges[edge].clone());
        let among = |side: &Side<'_>, range: &std::ops::Range<u32>| -> Vec<u64> {
            let within = side.words.iter().filter(|w| range.contains(&w.at));
            let brief = range.len() < 8;
            within.filter(|w| brief || !senses.is_function_word(w.hash)).map(|w| w.hash).collect()
        };
        let (a, b) = (among(ours, &new), among(theirs, &old));
        let long = |range: &std::ops::Range<u32>, total: usize| {
            range.len() > most || range.len() * parts > total
        };
        if long(&new, ours.total)
            || long(&old, theirs.total)
            || a.iter().any(|hash| b.contains(hash))
            || is_report(ours.edge_texts[edge], senders)
        {
            continue;
        }
        ours.words.retain(|w| !new.contains(&w.at));
        theirs.words.retain(|w| !old.contains(&w.at));
    }
}

/// Whether the names that both sides have are in a different order, and both sides have only a few
/// words.
pub(super) fn names_moved(ours: &Side<'_>, theirs: &Side<'_>) -> bool {
    let names = |side: &Side<'_>, other: &Side<'_>| -> Vec<u64> {
        let names = side.words.iter().filter(|w| w.name != Name::No);
        names.map(|w| w.hash).filter(|hash| other.holds(*hash)).collect()
    };
    let few = |side: &Side<'_>| side.words.len() <= MOVED_MAX;
    few(ours) && few(theirs) && names(ours, theirs) != names(theirs, ours)
}

/// Removes words that both sides have, in whatever order, and words that are spelled alike. Returns
/// the number of pairs of names with similar but different spellings, such as `Hansen` and
/// `Hanson`.
pub(super) fn cancel(ours: &mut Side<'_>, theirs: &mut Side<'_>, senses: Senses) -> u32 {
    if theirs.traced {
        cancel_bytes(ours, &mut theirs.bytes);
        return 0;
    }
    remove_pairs(ours, theirs, |a, b| a.hash == b.hash);
    join_split(ours, theirs);
    join_split(theirs, ours);
    let plain = |w: &LeftoverWord<'_>| {
        w.value.is_none() && senses.senses(w.hash).is_empty() && !is_numeral(w.text)
    };
    remove_respelled(ours, theirs, plain)
}

/// Whether a word is a Roman numeral.
fn is_numeral(word: &str) -> bool {
    word.bytes().all(|byte| matches!(byte, b'I' | b'V' | b'X'))
}

/// Removes words whose trace bytes the other side has. Each byte cancels one word.
fn cancel_bytes(ours: &mut Side<'_>, theirs: &mut Vec<u8>) {
    let mut left = [0u32; 256];
    theirs.iter().for_each(|byte| left[usize::from(*byte)] += 1);
    ours.words.retain(|w| {
        let byte = if w.value.is_some() { 0 } else { (w.hash as u8).max(1) };
        let left = &mut left[usize::from(byte)];
        let both = *left > 0;
        *left -= u32::from(both);
        !both
    });
    *theirs =
        (0..=255).zip(left).flat_map(|(byte, n)| std::iter::repeat_n(byte, n as usize)).collect();
}

/// Removes pairs of words that are spelled alike, if `plain` holds for both. A word is in at most
/// one pair. Returns the number of pairs of names with similar but different spellings.
fn remove_respelled(
    ours: &mut Side<'_>,
    theirs: &mut Side<'_>,
    plain: impl Fn(&LeftoverWord<'_>) -> bool,
) -> u32 {
    let mut names = 0;
    if ours.words.is_empty() || theirs.words.is_empty() {
        return names;
    }
    let spelling = |w: &LeftoverWord<'_>| plain(w).then(|| Spelling::of(&fold(w.text)));
    let mut others: Vec<Option<Spelling>> = theirs.words.iter().map(spelling).collect();
    ours.words.retain(|word| {
        let Some(own) = spelling(word) else { return true };
        let found = others.iter().position(|o| o.as_ref().is_some_and(|other| own.is_like(other)));
        if let Some(at) = found {
            let (other, that) = (others.remove(at), theirs.words.remove(at));
            let both = [word.name, that.name] == [Name::Certain; 2];
            names += u32::from(both && other.is_some_and(|other| !own.is_same(&other)));
        }
        found.is_none()
    });
    names
}

/// Removes pairs of words for which `equal` holds. A word is in at most one pair.
fn remove_pairs(
    ours: &mut Side<'_>,
    theirs: &mut Side<'_>,
    equal: impl Fn(&LeftoverWord<'_>, &LeftoverWord<'_>) -> bool,
) {
    ours.words.retain(|a| match theirs.words.iter().position(|b| equal(a, b)) {
        Some(at) => {
            theirs.words.remove(at);
            false
        }
        None => true,
    });
}

/// Removes pairs of adjacent words of `split` that together form one word of `whole`, as when a
/// line break splits a word.
fn join_split(split: &mut Side<'_>, whole: &mut Side<'_>) {
    if split.words.len() < 2 || whole.words.is_empty() {
        return;
    }
    let mut others: Vec<_> = whole.words.iter().map(|w| fold(w.text)).collect();
    let mut at = 0;
    while at + 1 < split.words.len() {
        let (a, b) = (&split.words[at], &split.words[at + 1]);
        let joined = (a.at + 1 == b.at).then(|| fold(a.text) + &fold(b.text));
        match joined.and_then(|joined| others.iter().position(|other| *other == joined)) {
            Some(other) => {
                others.remove(other);
                whole.words.remove(other);
                split.words.drain(at..at + 2);
            }
            None => at += 1,
        }
    }
}

/// A folded word in the form in which spellings are compared.
pub(super) struct Spelling {
    /// The letters, changed so that usual spellings of a word are equal; see [`skeleton`].
    letters: Vec<char>,
    /// The word itself, if its script has no spaces: such a word has only one spelling.
    unsegmented: Option<String>,
}

impl Spelling {
    pub(super) fn of(word: &str) -> Self {
        let unsegmented = word.chars().next().is_some_and(is_unsegmented);
        Self { letters: skeleton(word), unsegmented: unsegmented.then(|| word.to_owned()) }
    }

    /// Whether both are the same word in two spellings: equal apart from accents, doubled letters
    /// and other usual differences between spellings.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.unsegmented == other.unsegmented && self.letters == other.letters
    }

    /// Whether both are the same word: in two spellings, with one of them abbreviated, or with one
    /// misspelled letter.
    fn is_like(&self, other: &Self) -> bool {
        let (a, b) = (&self.letters, &other.letters);
        match (&self.unsegmented, &other.unsegmented) {
            (None, None) => {
                a == b || a.first() == b.first() && (is_misspelled(a, b) || is_abbreviated(a, b))
            }
            (own, other) => own == other,
        }
    }
}

/// Whether one word consists of the first three or four letters of the other, and is at most half
/// as long.
fn is_abbreviated(a: &[char], b: &[char]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    (3..=4).contains(&short.len()) && 2 * short.len() <= long.len() && long.starts_with(short)
}

/// The letters of a word, changed so that its usual spellings become equal.
fn skeleton(word: &str) -> Vec<char> {
    let mut letters: Vec<char> = Vec::with_capacity(word.len());
    for c in common_form(word).chars().filter(|c| c.is_alphanumeric()) {
        let c = if c == 'z' { 's' } else { c };
        if letters.last() != Some(&c) && (letters.last(), c) != (Some(&'o'), 'u') {
            letters.push(c);
        }
    }
    if let [.., 'r', 'e'] = letters.as_slice() {
        let end = letters.len();
        letters.swap(end - 2, end - 1);
    }
    letters
}

/// Whether two words of at least [`MISSPELLED_LETTERS_MIN`] letters differ by one letter that is
/// added, left out or replaced, or by two adjacent letters that are swapped.
fn is_misspelled(a: &[char], b: &[char]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.len() < MISSPELLED_LETTERS_MIN || long.len() > short.len() + 1 {
        return false;
    }
    let front = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let (short, long) = (&short[front..], &long[front..]);
    if long.len() > short.len() {
        return *short == long[1..];
    }
    match (short, long) {
        ([], []) => true,
        ([a, b, rest @ ..], [c, d, other @ ..]) if a == d && b == c => rest == other,
        _ => short[1..] == long[1..],
    }
}

/// Whether a word carries meaning: it is not a function word, and it has more than one letter or
/// belongs to a script without spaces.
pub(super) fn carries_meaning(text: &str, hash: u64, senses: Senses) -> bool {
    let mut chars = text.chars();
    let first = chars.next();
    let long = chars.next().is_some() || first.is_some_and(crate::text::script::is_unsegmented);
    long && !senses.is_function_word(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_one_word_are_alike() {
        for (a, b) in [
            ("colour", "color"),
            ("organise", "organize"),
            ("münchen", "muenchen"),
            ("straße", "strasse"),
            ("łódź", "lodz"),
            ("theatre", "theater"),
            ("government", "goverment"),
            ("minister", "minsiter"),
            ("dec", "december"),
            ("corp", "corporation"),
            ("أحمد", "احمد"),
        ] {
            assert!(Spelling::of(a).is_like(&Spelling::of(b)), "{a} {b}");
        }
        for (a, b) in [
            ("raised", "cut"),
            ("northern", "southern"),
            ("fenn", "penn"),
            ("guilty", "innocent"),
            ("three", "thirteen"),
            ("dan", "dana"),
            ("marel", "obersund"),
        ] {
            assert!(!Spelling::of(a).is_like(&Spelling::of(b)), "{a} {b}");
        }
    }
}
