//! Splits text into words, with a hash and a byte range for each word, and finds the figures.
//!
//! In: cleaned text. Out: [`Words`]. `"Prices rose 2.5%, to 1,040."` gives the words `prices`,
//! `rose`, `2.5`, `to`, `1,040`, of which the third and the fifth are figures.
//!
//! A word is a run of letters, digits and combining marks (UAX #29 without its rules for mid-word
//! punctuation: `don't` is two words, which makes no difference to shingles). Words are compared in
//! the common form of all their spellings; see `spelling`. In scripts that do not separate words
//! (Han, kana, Thai, Lao, Khmer, Burmese), each character with its marks is a word, so shingles are
//! character n-grams. A figure is a word with a digit. Digits joined by `.`, `,` or `/` are one
//! figure, and so are the groups of a number with spaces between its thousands; see `grouping`.
//!
//! Cost: linear. Text is read in blocks of 64 bytes, as bit masks of word bytes, digits and
//! non-ASCII bytes. A block never starts within a run of word bytes, so only a run that fills a
//! block crosses its end. The edges of the word mask delimit the words; one test of each of the
//! other masks shows whether a word has digits or non-ASCII bytes. Words are hashed 16 bytes at a
//! time, the last 16 without branches. Only runs with non-ASCII bytes and runs that fill a block
//! are split character by character. Words with a pair of letters such as `ue` are shortened before
//! they are hashed.
//!
//! Invariants:
//! - TK-1: splitting by block and by character gives the same words for ASCII text.
//! - TK-2: spans are in ascending order and do not overlap.

use super::Limits;
use super::grouping;
use super::script::is_unsegmented;
use super::spelling::{self, CommonForm, SHORTENED_MAX};
use serde::{Deserialize, Serialize};
use unicode_normalization::{
    IsNormalized, UnicodeNormalization, char::is_combining_mark, is_nfkc_quick,
};

/// A word of the text that contains a digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// Index of the word, from 0.
    pub word: u32,
    /// The high 32 bits of the word's hash.
    pub hash: u32,
}

/// The words of a text, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// The hash of each word's normalized form.
    pub hashes: Vec<u64>,
    /// Byte range of each word in the text.
    pub spans: Vec<(u32, u32)>,
    /// The words with a digit, in order.
    pub figures: Vec<Figure>,
    /// Hash of the words beyond `words_max`; 0 if there are none.
    pub overflow_hash: u64,
    /// The indices, in ascending order, of the words that may differ from their common form in more
    /// than case.
    pub respelled: Vec<u32>,
    /// The number of disguised words, in which look-alike letters of two scripts are mixed.
    pub disguised: u32,
}

impl Words {
    /// Adds a word. If there are already `max` words, only updates the hash of the words beyond
    /// them.
    fn push(&mut self, max: u32, hash: u64, span: (usize, usize), figure: bool) {
        if self.hashes.len() >= max as usize {
            self.overflow_hash = mix(self.overflow_hash, hash);
            return;
        }
        if figure {
            let word = self.hashes.len() as u32;
            self.figures.push(Figure { word, hash: (hash >> 32) as u32 });
        }
        self.hashes.push(hash);
        self.spans.push((span.0 as u32, span.1 as u32));
    }

    /// Adds a word of `text` that may differ from its common form in more than case.
    fn push_respelled(&mut self, max: u32, text: &str, span: (usize, usize), figure: bool) {
        let (hash, disguised) = form_hash(&text[span.0..span.1]);
        self.disguised += u32::from(disguised);
        if self.hashes.len() < max as usize {
            self.respelled.push(self.hashes.len() as u32);
        }
        self.push(max, hash, span, figure);
    }
}

/// The value 1 in each of eight bytes.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The high bit of each byte, set in non-ASCII bytes.
const HIGH: u64 = 0x8080_8080_8080_8080;
/// The bit of each byte that distinguishes lower-case from upper-case ASCII letters.
const LOWER: u64 = 0x2020_2020_2020_2020;
/// 2^64 divided by the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Hashes two values: XORs each with a constant and folds their 128-bit product to 64 bits.
pub fn mix(a: u64, b: u64) -> u64 {
    let wide = u128::from(a ^ STEP) * u128::from(b ^ 0xd1b5_4a32_d192_ed03);
    (wide as u64) ^ ((wide >> 64) as u64)
}

/// Splits `text` into words and stores the first `words_max` of them.
///
/// The text must be shorter than 4 GiB, which the limit on record size guarantees.
pub fn words(text: &str, settings: &Limits) -> Words {
    let mut found = split_runs(text, settings);
    grouping::join(text, &mut found);
    found
}

/// The words of `text`; each group of digits between spaces is still a word of its own.
fn split_runs(text: &str, settings: &Limits) -> Words {
    let bytes = text.as_bytes();
    let mut found = Words::default();
    // Reserve one of only a few distinct sizes, so that the allocator can reuse freed blocks.
    let some = (text.len() / 5).next_power_of_two();
    found.hashes.reserve(some);
    found.spans.reserve(some);
    let max = settings.words_max;
    let mut base = 0;
    while base < bytes.len() {
        let block = ByteMasks::of(&bytes[base..]);
        let mut starts = block.word & !(block.word << 1);
        let mut ends = !block.word & (block.word << 1);
        while ends != 0 {
            let (from, to) = (starts.trailing_zeros(), ends.trailing_zeros());
            (starts, ends) = (starts & (starts - 1), ends & (ends - 1));
            let within = (1_u64 << to) - (1 << from);
            let (from, to) = (base + from as usize, base + to as usize);
            let figure = block.digit & within != 0;
            let plain = (block.high | block.pair) & within == 0;
            if plain && !(figure && is_grouped(&bytes[from..to])) {
                let hash = hash(&bytes[from..], to - from, true);
                found.push(max, hash, (from, to), figure);
            } else if block.high & within == 0 {
                found.push_respelled(max, text, (from, to), figure);
            } else {
                split(text, from, to, max, &mut found);
            }
        }
        // A start without an end belongs to a run that continues beyond the block.
        base += match starts {
            0 => BLOCK,
            1 => {
                let len = run(&bytes[base..]);
                split(text, base, base + len, max, &mut found);
                len
            }
            _ => starts.trailing_zeros() as usize,
        };
    }
    found
}

/// Bytes in a block.
const BLOCK: usize = 64;

/// Bit masks of a block, one bit per byte; the first byte is the lowest bit.
struct ByteMasks {
    /// ASCII letters and digits, characters that join digits, and non-ASCII bytes.
    word: u64,
    /// ASCII digits.
    digit: u64,
    /// Non-ASCII bytes.
    high: u64,
    /// The second letters of pairs, which some spellings omit: the `e` of `ae`, `oe` and `ue`, the
    /// second `a` of `aa`.
    pair: u64,
}

impl ByteMasks {
    /// The masks of the first block of `bytes`, which must not start inside a run.
    fn of(bytes: &[u8]) -> Self {
        let mut masks = Self { word: 0, digit: 0, high: 0, pair: 0 };
        let ahead = load::<BLOCK>(bytes);
        let mut letters = PairLetters { a: 0, e: 0, ou: 0 };
        for (at, eight) in ahead.as_chunks().0.iter().enumerate() {
            let eight = u64::from_le_bytes(*eight);
            masks.add(eight, 8 * at);
            letters.add(eight, 8 * at);
        }
        masks.pair = letters.a << 1 & (letters.a | letters.e) | letters.ou << 1 & letters.e;
        // Digits of other scripts are not ASCII. The last byte of the block is treated as if a
        // digit followed, because the next byte may be a digit.
        let digit = masks.digit | masks.high;
        let mut between = !masks.word & (digit << 1) & (digit >> 1 | 1 << (BLOCK - 1));
        while between != 0 {
            let at = between.trailing_zeros();
            between &= between - 1;
            masks.word |= u64::from(joins(ahead[at as usize])) << at;
        }
        masks
    }

    /// Adds eight bytes at bit `shift`, classified in parallel by range tests.
    fn add(&mut self, eight: u64, shift: usize) {
        let low = eight & !HIGH;
        let folded = low | LOWER;
        let at_least = |value: u64, from: u8| value + ONES * u64::from(0x80 - from);
        let letters = at_least(folded, b'a') & !at_least(folded, b'z' + 1);
        // A non-ASCII byte is not a digit, even if its low seven bits are those of one.
        let digits = at_least(low, b'0') & !at_least(low, b'9' + 1) & !eight & HIGH;
        let bits = |marks| bits(marks, shift);
        self.word |= bits(letters | digits | eight);
        self.digit |= bits(digits);
        self.high |= bits(eight);
    }
}

/// The high bits of eight bytes, packed into eight bits at `shift`.
fn bits(marks: u64, shift: usize) -> u64 {
    ((marks & HIGH) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56 << shift
}

/// Bit masks of the letters that form pairs, in either case.
struct PairLetters {
    a: u64,
    e: u64,
    /// The letters o and u.
    ou: u64,
}

impl PairLetters {
    /// Adds eight bytes at bit `shift`. Non-ASCII bytes may count as letters; runs with such bytes
    /// are split by character anyway.
    fn add(&mut self, eight: u64, shift: usize) {
        let folded = (eight & !HIGH) | LOWER;
        let equal = |letter: u8| !((folded ^ (ONES * u64::from(letter))) + ONES * 0x7f);
        self.a |= bits(equal(b'a'), shift);
        self.e |= bits(equal(b'e'), shift);
        self.ou |= bits(equal(b'o') | equal(b'u'), shift);
    }
}

/// Whether `byte`, between two digits, joins them into one figure.
fn joins(byte: u8) -> bool {
    matches!(byte, b'.' | b',' | b'/')
}

/// The length of the run at the start of `bytes`.
fn run(bytes: &[u8]) -> usize {
    let digit = |at: usize| bytes.get(at).is_some_and(|b| b.is_ascii_digit() || !b.is_ascii());
    let within = |at: usize| {
        bytes[at].is_ascii_alphanumeric()
            || !bytes[at].is_ascii()
            || joins(bytes[at]) && digit(at - 1) && digit(at + 1)
    };
    (0..bytes.len()).find(|&at| !within(at)).unwrap_or(bytes.len())
}

/// The first `N` bytes, padded with zeros.
fn load<const N: usize>(bytes: &[u8]) -> [u8; N] {
    match bytes.first_chunk() {
        Some(all) => *all,
        None => {
            let mut all = [0; N];
            all[..bytes.len()].copy_from_slice(bytes);
            all
        }
    }
}

/// The hash of the first `len` bytes. If `in_any_case` is true, case is ignored, and all bytes must
/// be ASCII letters or digits.
#[inline]
fn hash(bytes: &[u8], len: usize, in_any_case: bool) -> u64 {
    let lower = if in_any_case { u128::from(LOWER) << 64 | u128::from(LOWER) } else { 0 };
    let (mut hash, mut bytes, mut left) = (len as u64, bytes, len);
    while left > 16 {
        let all = u128::from_le_bytes(load(bytes)) | lower;
        hash = mix(mix(hash, all as u64), (all >> 64) as u64);
        (bytes, left) = (&bytes[16..], left - 16);
    }
    let keep = u128::MAX.checked_shr(128 - 8 * left as u32).unwrap_or(0);
    let all = (u128::from_le_bytes(load(bytes)) | lower) & keep;
    // Compute both rather than take an unpredictable branch.
    let once = mix(hash, all as u64);
    let twice = mix(once, (all >> 64) as u64);
    if left > 8 { twice } else { once }
}

/// The hash of a word in its common form; equals the hash that [`words`] gives.
pub fn word_hash(word: &str) -> u64 {
    form_hash(word).0
}

/// The hash of a word after NFKC and case folding only. Unlike the common form, it keeps accents,
/// and both letters of pairs such as `ue`.
pub fn exact_hash(word: &str) -> u64 {
    if word.is_ascii() {
        return hash(word.as_bytes(), word.len(), true);
    }
    let folded = fold(word);
    hash(folded.as_bytes(), folded.len(), false)
}

/// Whether an ASCII figure may have groups of digits.
fn is_grouped(figure: &[u8]) -> bool {
    figure.len() >= 5 && figure.iter().take(4).any(|byte| matches!(byte, b'.' | b','))
}

/// The hash of a word in its common form, and whether the word is disguised.
fn form_hash(word: &str) -> (u64, bool) {
    if word.is_empty() {
        return (0, false);
    }
    if word.is_ascii() && word.len() <= SHORTENED_MAX {
        let plain = grouping::ungrouped(word);
        let plain = plain.as_deref().unwrap_or(word);
        let (form, len) = spelling::shortened(plain.as_bytes());
        return (hash(&form, len, true), false);
    }
    let form = CommonForm::of(word);
    let plain = grouping::ungrouped(&form.text);
    let text = plain.as_ref().unwrap_or(&form.text).as_bytes();
    (hash(text, text.len(), text.iter().all(u8::is_ascii_alphanumeric)), form.is_disguised())
}

/// NFKC normalization and full case folding. The text is converted to upper case and then to lower
/// case, which also folds `ß` and final sigma.
///
/// Folding rarely undoes the normalization, so a quick check avoids normalizing a second time.
pub fn fold(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    let normal = word.chars().map(spelling::unexpanded).nfkc();
    let folded: String = normal.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect();
    match is_nfkc_quick(folded.chars()) {
        IsNormalized::Yes => folded,
        IsNormalized::No | IsNormalized::Maybe => folded.nfkc().collect(),
    }
}

/// The decimal separator and the thousands separator of Arabic digits.
const ARABIC_SEPARATORS: [char; 2] = ['\u{66b}', '\u{66c}'];

/// Splits a run character by character. Used for runs with non-ASCII bytes and for long runs.
fn split(text: &str, from: usize, to: usize, max: u32, found: &mut Words) {
    let mut open: Option<usize> = None;
    let close = |open: &mut Option<usize>, at: usize, found: &mut Words| {
        if let Some(start) = open.take() {
            let figure = text[start..at].chars().any(char::is_numeric);
            found.push_respelled(max, text, (start, at), figure);
        }
    };
    let (mut alone, mut last) = (false, ' ');
    for (offset, c) in text[from..to].char_indices() {
        let at = from + offset;
        if is_combining_mark(c) || spelling::is_ignorable(c) {
            continue;
        }
        let joins = matches!(c, '.' | ',' | '/') || ARABIC_SEPARATORS.contains(&c);
        let joins = joins && last.is_numeric();
        last = c;
        if joins && text[at + c.len_utf8()..to].starts_with(char::is_numeric) {
            continue;
        }
        if !c.is_alphanumeric() {
            close(&mut open, at, found);
        } else if is_unsegmented(c) || alone {
            close(&mut open, at, found);
            open = Some(at);
        } else if open.is_none() {
            open = Some(at);
        }
        alone = is_unsegmented(c);
    }
    close(&mut open, to, found);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split_up(text: &str) -> Vec<&str> {
        let found = words(text, &Limits::default());
        assert_eq!(found.hashes.len(), found.spans.len());
        found.spans.iter().map(|&(from, to)| &text[from as usize..to as usize]).collect()
    }

    fn figures(text: &str) -> Vec<u32> {
        words(text, &Limits::default()).figures.iter().map(|f| f.word).collect()
    }

    #[test]
    fn words_and_figures() {
        for (text, want, numbers) in [
            ("", vec![], vec![]),
            (
                "Prices rose 2.5%, to 1,040.",
                vec!["Prices", "rose", "2.5", "to", "1,040"],
                vec![2, 4],
            ),
            (
                "3/4 of A4-size; 10:30",
                vec!["3/4", "of", "A4", "size", "10", "30"],
                vec![0, 2, 4, 5],
            ),
            ("on 1. May", vec!["on", "1", "May"], vec![1]),
            ("1.,2", vec!["1", "2"], vec![0, 1]),
            ("Über Straße", vec!["Über", "Straße"], vec![]),
            ("“quoted” text…", vec!["quoted", "text"], vec![]),
            ("東京都は3月", vec!["東", "京", "都", "は", "3", "月"], vec![4]),
            ("3.5億円、x.億", vec!["3.5", "億", "円", "x", "億"], vec![0]),
            ("ตัว", vec!["ตั", "ว"], vec![]),
            ("السوق ارتفع", vec!["السوق", "ارتفع"], vec![]),
            ("e\u{301}te\u{301} x", vec!["e\u{301}te\u{301}", "x"], vec![]),
            ("a\u{ad}b \u{200b}c", vec!["a\u{ad}b", "c"], vec![]),
            ("१२.५ गुना.यह", vec!["१२.५", "गुना", "यह"], vec![0]),
            ("٣٫٥ ثم ١٬٠٤٠، و", vec!["٣٫٥", "ثم", "١٬٠٤٠", "و"], vec![0, 2]),
        ] {
            assert_eq!(split_up(text), want, "{text}");
            assert_eq!(figures(text), numbers, "{text}");
        }
    }

    #[test]
    fn words_are_compared_after_folding() {
        for (a, b) in [
            ("STRASSE", "straße"),
            ("É", "e\u{301}"),
            ("ＡＢＣ１", "abc1"),
            ("ﬁne", "FINE"),
            ("ΟΔΟΣ", "οδος"),
            ("Quickstep", "QUICKSTEP"),
            ("Nördliche", "NOERDLICHE"),
            ("१२.५", "12.5"),
            ("1,040", "1040"),
            ("7.400", "7400"),
            ("3,400km", "3400KM"),
            ("١٬٠٤٠", "1,040"),
            ("har\u{ad}bour", "harbour"),
            ("Bluesue\u{ad}aa", "BLUESUEAA"),
        ] {
            let hash = |t: &str| words(t, &Limits::default()).hashes;
            assert_eq!(hash(a), hash(b), "{a} {b}");
            assert_eq!(hash(a), [word_hash(a)], "{a}");
        }
    }

    #[test]
    fn words_beyond_the_limit_change_only_the_overflow_hash() {
        let few = Limits { words_max: 3 };
        let (a, b) = (words("a b c d e", &few), words("a b c d f", &few));
        assert_eq!(a.hashes, b.hashes);
        assert_ne!(a.overflow_hash, b.overflow_hash);
        assert_eq!(words("a b c", &few).overflow_hash, 0);
    }

    /// The naive version: splits ASCII text character by character and joins figures afterwards.
    fn naive(text: &str) -> Vec<String> {
        let mut all: Vec<(usize, usize)> = Vec::new();
        for (at, c) in text.char_indices() {
            if c.is_ascii_alphanumeric() {
                match all.last_mut() {
                    Some((_, end)) if *end == at => *end += 1,
                    _ => all.push((at, at + 1)),
                }
            }
        }
        let mut joined: Vec<(usize, usize)> = Vec::new();
        let bytes = text.as_bytes();
        for (from, to) in all {
            if let Some((_, end)) = joined.last_mut()
                && *end + 1 == from
                && b".,/".contains(&bytes[*end])
                && bytes[*end - 1].is_ascii_digit()
                && bytes[from].is_ascii_digit()
            {
                *end = to;
                continue;
            }
            joined.push((from, to));
        }
        joined.into_iter().map(|(from, to)| text[from..to].to_owned()).collect()
    }

    proptest! {
        #[test]
        fn blocks_give_the_same_words_as_a_scan_by_character(
            text in "([ -~\\n]{0,300}|[0-9.,/]{50,140}|[a-z0-9]{60,70}){0,4}",
        ) {
            let found = split_runs(&text, &Limits::default());
            let spans = found.spans.iter().map(|&(from, to)| &text[from as usize..to as usize]);
            prop_assert_eq!(spans.collect::<Vec<_>>(), naive(&text));
        }

        #[test]
        fn any_text_gives_ordered_spans_and_matching_hashes(text in "\\PC{0,200}") {
            let found = words(&text, &Limits::default());
            prop_assert!(found.spans.windows(2).all(|w| w[0].1 <= w[1].0));
            for (hash, &(from, to)) in found.hashes.iter().zip(&found.spans) {
                prop_assert_eq!(*hash, word_hash(&text[from as usize..to as usize]));
            }
        }
    }
}
