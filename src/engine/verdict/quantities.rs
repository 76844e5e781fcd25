//! Quantities: a number with its scale and unit, as it is written in two texts.
//!
//! In: two texts and their comparison. Out: the words with which both write the same quantity in
//! different ways ([`Respelled`]). Such words do not count as a difference.
//!
//! ```text
//! 6 percent           6%
//! 41 million pounds   £41m
//! 1,8 тыс.            1800
//! at 4.20             at 4:20
//! ```
//!
//! Only the hash of an earlier figure is known. The ways in which it can be written are hashed and
//! compared. The words after it are known by their trace bytes, or by their hashes if the text is
//! short. A quantity counts as respelled only if its value is the same, so a trace byte that
//! matches by chance does no harm.
//!
//! Cost: a few dozen hashes for each pair of figures that differ or have different words around
//! them.

use super::archive::{Arrival, Earlier};
use super::compare::Comparison;
use super::leftover::{LeftoverWord, Side, covered};
use crate::text::senses::{Member, Sense, Senses, Set};
use crate::text::tokens::word_hash;
use crate::text::{self, Words, common_form};
use std::ops::Range;

/// Maximum number of pairs of figures that are examined.
const PAIRS_MAX: usize = 64;
/// Maximum length, in words of either text, of a gap whose figures are examined.
const GAP_WORDS_MAX: usize = 12;
/// Letters that multiply the figure before them.
const SUFFIXES: &[(&str, u64)] = &[
    ("k", 1_000),
    ("m", 1_000_000),
    ("mn", 1_000_000),
    ("mln", 1_000_000),
    ("mio", 1_000_000),
    ("b", 1_000_000_000),
    ("bn", 1_000_000_000),
    ("md", 1_000_000_000),
    ("mrd", 1_000_000_000),
    ("tn", 1_000_000_000_000),
];

/// The words of both texts that state one quantity in different ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Respelled {
    /// In the new text.
    pub(super) new: Range<u32>,
    /// In the earlier text.
    pub(super) old: Range<u32>,
}

/// The words around a figure that belong to its quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Around {
    /// What the words multiply the figure by.
    scale: u64,
    unit: Option<Member>,
    /// Number of words before and after the figure.
    before: u32,
    after: u32,
}

/// The quantities that `new` and `that` write in different ways. `old_words` are the words of the
/// earlier text if it is stored in full.
pub(super) fn respelled(
    (new, that): (Arrival<'_>, Earlier<'_>),
    old_words: &Words,
    pair: &Comparison,
    senses: Senses,
) -> Vec<Respelled> {
    Pair::of((new, that), old_words, pair, senses).respelled(pair)
}

/// Marks the pairs of figures that differ only in their spelling as equal.
pub(super) fn unify(new: Arrival<'_>, that: Earlier<'_>, pair: &mut Comparison, senses: Senses) {
    if pair.changed().next().is_none() {
        return;
    }
    let old_words = text::words(&that.print.short_text, &text::Limits::default());
    let respelled = respelled((new, that), &old_words, pair, senses);
    let holds = |range: &Range<u32>, at| range.contains(&at);
    for figures in pair.figures.iter_mut().filter(|p| !p.equal) {
        figures.equal =
            respelled.iter().any(|r| holds(&r.new, figures.new) && holds(&r.old, figures.old));
    }
}

/// Two texts. The words of the earlier one may be known only by their trace bytes.
struct Pair<'a> {
    new: Arrival<'a>,
    that: Earlier<'a>,
    senses: Senses,
    /// The words of the earlier text; empty if they are not known.
    old_words: &'a Words,
    known: bool,
    /// For each word of the new and of the earlier text: whether a shared run covers it.
    covered: [Vec<bool>; 2],
}

impl<'a> Pair<'a> {
    fn of(
        (new, that): (Arrival<'a>, Earlier<'a>),
        old_words: &'a Words,
        pair: &Comparison,
        senses: Senses,
    ) -> Self {
        let blocks = &pair.alignment.blocks;
        let known = old_words.hashes.len() == that.print.words();
        let ours = covered(new.print.words(), blocks.iter().map(|b| (b.new, b.len)));
        let theirs = covered(that.print.words(), blocks.iter().map(|b| (b.old, b.len)));
        Self { new, that, senses, old_words, known, covered: [ours, theirs] }
    }

    fn respelled(&self, pair: &Comparison) -> Vec<Respelled> {
        let mut found: Vec<Respelled> = Vec::new();
        let mut figures: Vec<(u32, u32, bool)> =
            pair.figures.iter().map(|p| (p.new, p.old, self.is_same_word(p.new, p.old))).collect();
        figures.retain(|&(new, old, equal)| !equal || self.is_open(new, old));
        for (ours, theirs) in
            pair.gaps(self.new.print.words() as u32, self.that.print.words() as u32)
        {
            if ours.len().max(theirs.len()) <= GAP_WORDS_MAX {
                for new in ours.filter(|at| self.new.print.trace[*at] == 0) {
                    let old = theirs.clone().filter(|at| self.that.print.trace[*at] == 0);
                    figures.extend(old.map(|old| (new as u32, old as u32, false)));
                }
            }
        }
        for (new, old, equal) in figures.into_iter().take(PAIRS_MAX) {
            let same = self.quantity(new, old, equal).or_else(|| self.clock(new, old));
            let free = |same: &Respelled| {
                found.iter().all(|f| f.new.end <= same.new.start || same.new.end <= f.new.start)
            };
            if let Some(same) = same.filter(free) {
                found.push(same);
            }
        }
        found
    }

    /// Whether the figures are written in the same way. Figures that are written differently can be
    /// paired as equal, because `unify` marks different spellings of one quantity as equal.
    fn is_same_word(&self, new: u32, old: u32) -> bool {
        let hash = self.new.words.hashes.get(new as usize).map(|hash| (hash >> 32) as u32);
        hash.is_some() && hash == self.old_hash(old)
    }

    /// Whether a word beside one of the figures is not shared.
    fn is_open(&self, new: u32, old: u32) -> bool {
        let open = |covered: &[bool], at: u32| {
            let near = [at.checked_sub(1), Some(at + 1)];
            near.iter().flatten().any(|at| covered.get(*at as usize) == Some(&false))
        };
        open(&self.covered[0], new) || open(&self.covered[1], old)
    }

    /// The words that state the quantity with the figure `new`, and those for the figure `old`;
    /// `None` if the quantities differ.
    fn quantity(&self, new: u32, old: u32, equal: bool) -> Option<Respelled> {
        let ours =
            self.around(new, |at, hash| self.new.words.hashes.get(at as usize) == Some(&hash));
        let theirs = self.around(old, |at, hash| self.old_is(at, hash));
        let different = |(a, b): (Member, Member)| a != b;
        if ours.unit.zip(theirs.unit).is_some_and(different) {
            return None;
        }
        let percent = |unit: Option<Member>| unit.is_some_and(|unit| unit.set == Set::Percent);
        let sign = self.has_percent_sign(new);
        if percent(theirs.unit) && !percent(ours.unit) && !sign {
            return None;
        }
        let same = match equal {
            true => ours.scale == theirs.scale,
            false => self.is_same_value(new, old, (ours.scale, theirs.scale)),
        };
        let range = |at: u32, around: Around| at - around.before..at + 1 + around.after;
        same.then(|| Respelled { new: range(new, ours), old: range(old, theirs) })
    }

    /// Whether the figures have the same value if they are multiplied by `scales`.
    fn is_same_value(&self, new: u32, old: u32, scales: (u64, u64)) -> bool {
        let (Some(shown), Some(hash)) = (self.shown(new), self.old_hash(old)) else { return false };
        let Some(value) = Decimal::of(&common_form(shown)) else { return false };
        let Some(value) = value.times(scales.0) else { return false };
        let is_old = |form: &str| figure_hash(form) == hash;
        if value.over(scales.1).iter().flat_map(|value| value.forms()).any(|form| is_old(&form)) {
            return true;
        }
        scales.1 == 1
            && SUFFIXES.iter().any(|(letters, scale)| {
                let forms = value.over(*scale).into_iter().flat_map(|value| value.forms());
                forms.into_iter().any(|form| is_old(&format!("{form}{letters}")))
            })
    }

    /// A time of day with a colon in one text, and with a full stop or a letter in the other.
    fn clock(&self, new: u32, old: u32) -> Option<Respelled> {
        let digits = |s: &str| (1..=2).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
        let value = |s: &str| s.parse::<u32>().ok().filter(|hour| *hour < 24);
        let shown = self.shown(new)?;
        if digits(shown) {
            // Either the hour or the minute may be paired with the figure of the earlier text.
            let from = [Some(new), new.checked_sub(1)].into_iter().flatten();
            let from = from.filter(|at| self.between(*at) == ":");
            return from
                .filter_map(|from| {
                    let hour = value(self.shown(from).filter(|s| digits(s))?)?;
                    let minute = self.shown(from + 1).filter(|s| digits(s) && s.len() == 2)?;
                    let forms = [".", "h", ","].map(|sign| {
                        [format!("{hour}{sign}{minute}"), format!("{hour:02}{sign}{minute}")]
                    });
                    let hash = self.old_hash(old)?;
                    let is_old = forms.iter().flatten().any(|form| figure_hash(form) == hash);
                    is_old.then_some(Respelled { new: from..from + 2, old: old..old + 1 })
                })
                .next();
        }
        let (hour, minute) = shown.split_once(['.', 'h', 'H'])?;
        let hours = value(hour).filter(|_| digits(minute) && minute.len() == 2)?;
        let is = |at: u32, forms: [String; 2]| {
            self.old_hash(at).is_some_and(|hash| forms.iter().any(|f| figure_hash(f) == hash))
        };
        let from = [Some(old), old.checked_sub(1)].into_iter().flatten().find(|&at| {
            is(at, [format!("{hours}"), format!("{hours:02}")])
                && is(at + 1, [minute.to_owned(), minute.to_owned()])
        })?;
        Some(Respelled { new: new..new + 1, old: from..from + 2 })
    }

    /// The scale and the unit of the figure `at`. `is` tells whether a word has the given hash.
    fn around(&self, at: u32, is: impl Fn(u32, u64) -> bool) -> Around {
        let mut found = Around { scale: 1, unit: None, before: 0, after: 0 };
        let mut next = at + 1;
        for _ in 0..2 {
            let scale = self.senses.scales().iter().find(|(hash, _)| is(next, *hash));
            if let Some((_, scale)) = scale {
                found.scale = found.scale.saturating_mul(*scale);
                next += 1;
            }
        }
        let starts = |at: u32, phrase: &[u64]| (at..).zip(phrase).all(|(at, hash)| is(at, *hash));
        let unit = |at: u32| self.senses.units().iter().find(|(phrase, _)| starts(at, phrase));
        // `18 millions d'euros`, `18 millones de euros`
        let link = ["d", "de", "di", "of"].iter().any(|word| is(next, word_hash(word)));
        let after = unit(next).map(|unit| (unit, next));
        let after = after.or_else(|| unit(next + 1).filter(|_| link).map(|unit| (unit, next + 1)));
        if let Some(((phrase, unit), from)) = after {
            found.unit = Some(*unit);
            next = from + phrase.len() as u32;
        } else {
            let before = self.senses.units().iter().find(|(phrase, _)| {
                at.checked_sub(phrase.len() as u32).is_some_and(|from| starts(from, phrase))
            });
            if let Some((phrase, unit)) = before {
                (found.unit, found.before) = (Some(*unit), phrase.len() as u32);
            }
        }
        found.after = next - at - 1;
        found
    }

    /// Whether the word `at` of the earlier text has this hash, as far as it is known.
    fn old_is(&self, at: u32, hash: u64) -> bool {
        match self.known {
            true => self.old_words.hashes.get(at as usize) == Some(&hash),
            false => self.that.print.trace.get(at as usize) == Some(&(hash as u8).max(1)),
        }
    }

    /// Whether there is a percent sign beside the figure `at` of the new text.
    fn has_percent_sign(&self, at: u32) -> bool {
        const SIGNS: [char; 3] = ['%', '％', '٪'];
        let (from, to) = self.new.words.spans[at as usize];
        let (from, to) = (from as usize, to as usize);
        let text = &self.new.clean.text;
        text[to..].trim_start_matches([' ', '\u{a0}', '\u{202f}']).starts_with(SIGNS)
            || text[..from].ends_with(SIGNS)
    }

    /// The word `at` of the new text as written.
    fn shown(&self, at: u32) -> Option<&str> {
        let span = self.new.words.spans.get(at as usize)?;
        self.new.clean.text.get(span.0 as usize..span.1 as usize)
    }

    /// The text between the words `at` and `at + 1` of the new text.
    fn between(&self, at: u32) -> &str {
        let span = |at: u32| self.new.words.spans.get(at as usize);
        let range = span(at).zip(span(at + 1)).map(|(a, b)| a.1 as usize..b.0 as usize);
        range.and_then(|range| self.new.clean.text.get(range)).unwrap_or_default()
    }

    fn old_hash(&self, at: u32) -> Option<u32> {
        let figures = &self.that.print.figures;
        let place = figures.binary_search_by_key(&at, |figure| figure.word).ok()?;
        Some(figures[place].hash)
    }
}

/// A decimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Decimal {
    /// The number, multiplied by a million.
    millionths: u128,
}

const MILLION: u128 = 1_000_000;

impl Decimal {
    /// The value of a figure in common form. The figure may end with letters that multiply it, as
    /// in `41m`.
    fn of(figure: &str) -> Option<Self> {
        let end = figure.find(char::is_alphabetic).unwrap_or(figure.len());
        let (number, letters) = figure.split_at(end);
        let scale = match letters {
            "" => 1,
            letters => SUFFIXES.iter().find(|(suffix, _)| *suffix == letters)?.1,
        };
        let (whole, decimals) = number.split_once(['.', ',']).unwrap_or((number, ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 15 || decimals.len() > 6 {
            return None;
        }
        if !digits(whole) || !digits(decimals) {
            return None;
        }
        let parts = format!("{whole}{decimals:0<6}");
        Self { millionths: parts.parse().ok()? }.times(scale)
    }

    fn times(self, scale: u64) -> Option<Self> {
        let millionths = self.millionths.checked_mul(u128::from(scale))?;
        Some(Self { millionths })
    }

    /// The number divided by `scale`, if the result is exact and not zero.
    fn over(self, scale: u64) -> Option<Self> {
        let scale = u128::from(scale);
        let exact = scale > 0 && self.millionths.is_multiple_of(scale) && self.millionths >= scale;
        exact.then(|| Self { millionths: self.millionths / scale })
    }

    /// The usual ways of writing the number.
    fn forms(self) -> Vec<String> {
        let (whole, rest) = (self.millionths / MILLION, self.millionths % MILLION);
        if rest == 0 {
            return vec![whole.to_string()];
        }
        let decimals = format!("{rest:06}");
        let decimals = decimals.trim_end_matches('0');
        [".", ","].map(|sign| format!("{whole}{sign}{decimals}")).into()
    }
}

/// The hash of a figure, as in a fingerprint.
fn figure_hash(figure: &str) -> u32 {
    (word_hash(figure) >> 32) as u32
}

/// Removes from both sides the numbers that both state, whether in figures or in words.
pub(super) fn cancel(ours: &mut Side<'_>, theirs: &mut Side<'_>, senses: Senses) {
    if !theirs.is_known() {
        let is_number = |value: u64| senses.trace_bytes(|sense| sense == Sense::Number(value));
        ours.words.retain(|w| {
            !w.value.is_some_and(|value| value > 1 && theirs.take_byte_of(&is_number(value)))
        });
        return;
    }
    let (new, mut old) = (numbers(ours, senses), numbers(theirs, senses));
    let (mut from_new, mut from_old) = (Vec::new(), Vec::new());
    for number in new {
        if let Some(at) = old.iter().position(|other| other.value == number.value) {
            from_new.extend(number.words);
            from_old.extend(old.remove(at).words);
        }
    }
    ours.words.retain(|w| !from_new.contains(&w.at));
    theirs.words.retain(|w| !from_old.contains(&w.at));
}

/// A number that consists of one or more adjacent words.
#[derive(Debug)]
struct Number {
    value: u64,
    words: Range<u32>,
}

/// The numbers among the words of `side`.
fn numbers(side: &Side<'_>, senses: Senses) -> Vec<Number> {
    let value = |w: &LeftoverWord<'_>| {
        w.value.or_else(|| senses.number(w.hash)).or_else(|| scale_of(w, senses))
    };
    let mut found: Vec<(Number, Vec<u64>)> = Vec::new();
    for word in &side.words {
        let Some(value) = value(word) else { continue };
        let figure = word.value.is_some();
        if let Some((number, parts)) = found.last_mut()
            && number.words.end == word.at
            && !figure
            && combine(parts, value)
        {
            number.words.end = word.at + 1;
            continue;
        }
        found.push((Number { value, words: word.at..word.at + 1 }, vec![value]));
    }
    let sum = |(number, parts): (Number, Vec<u64>)| Number {
        value: parts.iter().fold(0, |sum: u64, part| sum.saturating_add(*part)),
        ..number
    };
    found.into_iter().map(sum).collect()
}

/// The scale that a word abbreviates.
fn scale_of(word: &LeftoverWord<'_>, senses: Senses) -> Option<u64> {
    senses.scales().iter().find(|(hash, _)| *hash == word.hash).map(|(_, scale)| *scale)
}

/// Adds the value of the next word to the parts of a number: `[20]` and 5, `[3]` and 1000. Returns
/// whether it can belong to the same number.
fn combine(parts: &mut Vec<u64>, value: u64) -> bool {
    let scale = value >= 100;
    let below: u64 = parts.iter().filter(|part| **part < value).sum();
    if scale && below > 0 {
        parts.retain(|part| *part >= value);
        parts.push(below.saturating_mul(value));
        return true;
    }
    let fits = parts.last().is_some_and(|last| *last > value && *last >= 20);
    if fits {
        parts.push(value);
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_and_written() {
        let value = |figure: &str| Decimal::of(figure).map(|d| d.millionths);
        assert_eq!(value("41m"), Some(41_000_000 * MILLION));
        assert_eq!(value("1,8"), Some(1_800_000));
        assert_eq!(value("41x"), None);
        assert_eq!(value("20.11.2026"), None);
        let forms = |figure: &str, scale| Decimal::of(figure).unwrap().over(scale).unwrap().forms();
        assert_eq!(forms("1800", 1_000), ["1.8", "1,8"]);
        assert_eq!(forms("41000000", 1_000_000), ["41"]);
    }

    #[test]
    fn number_words_combine() {
        for (words, want) in [
            (&[3, 1_000][..], Some(3_000)),
            (&[20, 1], Some(21)),
            (&[2, 100, 50], Some(250)),
            (&[40, 1_000, 1_000_000], Some(40_000_000_000)),
            (&[2, 3], None),
        ] {
            let mut parts = vec![words[0]];
            let whole = words[1..].iter().all(|value| combine(&mut parts, *value));
            assert_eq!(whole.then(|| parts.iter().sum::<u64>()), want, "{words:?}");
        }
    }
}
