//! Text to words: one hash and one byte range a word, figures told apart.
//!
//! In: cleaned text. Out: [`Words`]. `"Prices rose 2.5%, to 1,040."` gives the words `prices`,
//! `rose`, `2.5`, `to`, `1,040`, of which the third and the fifth are figures.
//!
//! A word is a run of letters, digits and marks (UAX 29 without its joiners: `don't` is two words,
//! which shingles do not mind). Words are compared after NFKC and full case folding. In scripts
//! that do not part words (Han, kana, Thai, Lao, Khmer, Burmese) each character with its marks is a
//! word, so that shingles become character n-grams. A figure is a word with a digit, and digits
//! joined by `.`, `,` or `/` are one figure.
//!
//! Cost: text is read 64 bytes at a time into bit masks of word bytes, digits and other bytes than
//! ASCII. A block starts where a run does, so that runs lie within blocks: the edges of the first mask
//! are the words, and the others tell by one test each what a word holds. A word is hashed by 8 bytes at
//! a time, of which the last 16 need no branch. Only runs with other bytes, and those that fill a block,
//! take the path by character.
//!
//! Invariants: TK-1 the two paths agree on ASCII; TK-2 spans rise and do not touch.

use super::Settings;
use serde::{Deserialize, Serialize};
use unicode_normalization::{
    IsNormalized, UnicodeNormalization, char::is_combining_mark, is_nfkc_quick,
};

/// A number as it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// The word that it is, counted from 0.
    pub word: u32,
    /// 32 bits of the hash of its value.
    pub hash: u32,
}

/// The words of a text, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// One hash a word, of its normalised form.
    pub hashes: Vec<u64>,
    /// Byte range of each word in the text.
    pub spans: Vec<(u32, u32)>,
    /// The words that hold a digit.
    pub figures: Vec<Figure>,
    /// Hash of the words past `words_max`, 0 where there are none.
    pub rest: u64,
}

impl Words {
    fn push(&mut self, max: u32, hash: u64, span: (usize, usize), figure: bool) {
        if self.hashes.len() >= max as usize {
            self.rest = mix(self.rest, hash);
            return;
        }
        if figure {
            let word = self.hashes.len() as u32;
            self.figures.push(Figure { word, hash: (hash >> 32) as u32 });
        }
        self.hashes.push(hash);
        self.spans.push((span.0 as u32, span.1 as u32));
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
const LOWER: u64 = 0x2020_2020_2020_2020;
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The folded 128-bit product of two values: fast and well mixed.
pub fn mix(a: u64, b: u64) -> u64 {
    let wide = u128::from(a ^ STEP) * u128::from(b ^ 0xd1b5_4a32_d192_ed03);
    (wide as u64) ^ ((wide >> 64) as u64)
}

/// Splits `text` into words, of which `words_max` are kept.
///
/// The text must be shorter than 4 GiB, which the bound on records sees to.
pub fn words(text: &str, settings: &Settings) -> Words {
    let bytes = text.as_bytes();
    let mut found = Words::default();
    // Of few sizes, so that the allocator hands out again what it has.
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
            if block.high & within == 0 {
                let hash = hash(&bytes[from..], to - from, true);
                found.push(max, hash, (from, to), block.digit & within != 0);
            } else {
                split(text, from, to, max, &mut found);
            }
        }
        // What is left in `starts` is the run that goes on behind the block.
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

/// Bytes that are looked at together.
const BLOCK: usize = 64;

/// One bit a byte of a block, the first byte lowest.
struct ByteMasks {
    /// ASCII letters and digits, what joins digits, and all of non-ASCII.
    word: u64,
    digit: u64,
    /// Non-ASCII.
    high: u64,
}

impl ByteMasks {
    /// Of the first block of `bytes`, in front of which no run is open.
    fn of(bytes: &[u8]) -> Self {
        let mut masks = Self { word: 0, digit: 0, high: 0 };
        let ahead = load::<BLOCK>(bytes);
        for (at, eight) in ahead.as_chunks().0.iter().enumerate() {
            masks.add(u64::from_le_bytes(*eight), 8 * at);
        }
        // The byte behind the block may be a digit.
        let mut between = !masks.word & (masks.digit << 1) & (masks.digit >> 1 | 1 << (BLOCK - 1));
        while between != 0 {
            let at = between.trailing_zeros();
            between &= between - 1;
            masks.word |= u64::from(joins(ahead[at as usize])) << at;
        }
        masks
    }

    /// Eight bytes, by range tests on all at once.
    fn add(&mut self, eight: u64, shift: usize) {
        let low = eight & !HIGH;
        let folded = low | LOWER;
        let at_least = |value: u64, from: u8| value + ONES * u64::from(0x80 - from);
        let letters = at_least(folded, b'a') & !at_least(folded, b'z' + 1);
        // A non-ASCII byte whose low bits are a digit's is none.
        let digits = at_least(low, b'0') & !at_least(low, b'9' + 1) & !eight & HIGH;
        let bits =
            |marks: u64| ((marks & HIGH) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56 << shift;
        self.word |= bits(letters | digits | eight);
        self.digit |= bits(digits);
        self.high |= bits(eight);
    }
}

/// Whether `byte` makes one figure of the digits on both sides of it.
fn joins(byte: u8) -> bool {
    matches!(byte, b'.' | b',' | b'/')
}

/// The bytes of the run that `bytes` start with.
fn run(bytes: &[u8]) -> usize {
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let within = |at: usize| {
        bytes[at].is_ascii_alphanumeric()
            || !bytes[at].is_ascii()
            || joins(bytes[at]) && digit(at - 1) && digit(at + 1)
    };
    (0..bytes.len()).find(|&at| !within(at)).unwrap_or(bytes.len())
}

/// The first `N` bytes, the missing ones 0.
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

/// The hash of the first `len` bytes; of ASCII letters and digits `in_any_case`.
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
    // Both, rather than a branch that nothing foretells.
    let once = mix(hash, all as u64);
    let twice = mix(once, (all >> 64) as u64);
    if left > 8 { twice } else { once }
}

/// The hash of any word after NFKC and full case folding, as [`words`] gives it.
pub fn word_hash(word: &str) -> u64 {
    if word.is_empty() {
        return 0;
    }
    if word.is_ascii() {
        return hash(word.as_bytes(), word.len(), true);
    }
    let folded = fold(word);
    hash(folded.as_bytes(), folded.len(), folded.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// NFKC and full case folding: lower case of upper case, which unfolds `ß` and final sigma.
///
/// Folding seldom leaves anything to normalise again, which a quick check tells.
pub fn fold(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    let normal = word.chars().map(unexpanded).nfkc();
    let folded: String = normal.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect();
    match is_nfkc_quick(folded.chars()) {
        IsNormalized::Yes => folded,
        IsNormalized::No | IsNormalized::Maybe => folded.nfkc().collect(),
    }
}

/// A character, but for two that NFKC makes a phrase of 18 and of 8: they stay one, as characters
/// of private use, so that no word grows to more than six times its length. A phrase holds spaces,
/// and is no word in any case.
fn unexpanded(c: char) -> char {
    match c {
        '\u{fdfa}' => '\u{f8fa}',
        '\u{fdfb}' => '\u{f8fb}',
        c => c,
    }
}

/// The path by character, for a run that holds non-ASCII bytes or is long.
fn split(text: &str, from: usize, to: usize, max: u32, found: &mut Words) {
    let mut open: Option<usize> = None;
    let close = |open: &mut Option<usize>, at: usize, found: &mut Words| {
        if let Some(start) = open.take() {
            let word = &text[start..at];
            let figure = word.chars().any(char::is_numeric);
            found.push(max, word_hash(word), (start, at), figure);
        }
    };
    let mut alone = false;
    for (offset, c) in text[from..to].char_indices() {
        let at = from + offset;
        let mark = is_combining_mark(c);
        // What joins digits is part of a run only where it does.
        if mark || matches!(c, '\u{200d}' | '\u{200c}' | '.' | ',' | '/') {
            continue;
        }
        if !c.is_alphanumeric() {
            close(&mut open, at, found);
        } else if unspaced(c) || alone {
            close(&mut open, at, found);
            open = Some(at);
        } else if open.is_none() {
            open = Some(at);
        }
        alone = unspaced(c);
    }
    close(&mut open, to, found);
}

/// Whether `c` belongs to a script that does not part its words.
pub(crate) fn unspaced(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0eff}' // Thai, Lao
        | '\u{1000}'..='\u{109f}' // Burmese
        | '\u{1780}'..='\u{17ff}' // Khmer
        | '\u{3040}'..='\u{30ff}' // kana
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' // Han
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9f}' // half-width kana
        | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split_up(text: &str) -> Vec<&str> {
        let found = words(text, &Settings::default());
        assert_eq!(found.hashes.len(), found.spans.len());
        found.spans.iter().map(|&(from, to)| &text[from as usize..to as usize]).collect()
    }

    fn figures(text: &str) -> Vec<u32> {
        words(text, &Settings::default()).figures.iter().map(|f| f.word).collect()
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
        ] {
            assert_eq!(split_up(text), want, "{text}");
            assert_eq!(figures(text), numbers, "{text}");
        }
    }

    #[test]
    fn words_compare_after_folding() {
        for (a, b) in [
            ("STRASSE", "straße"),
            ("É", "e\u{301}"),
            ("ＡＢＣ１", "abc1"),
            ("ﬁne", "FINE"),
            ("ΟΔΟΣ", "οδος"),
            ("Quickstep", "QUICKSTEP"),
        ] {
            let hash = |t: &str| words(t, &Settings::default()).hashes;
            assert_eq!(hash(a), hash(b), "{a} {b}");
            assert_eq!(hash(a), [word_hash(a)], "{a}");
        }
    }

    #[test]
    fn what_is_past_the_bound_still_counts_for_the_whole() {
        let few = Settings { words_max: 3 };
        let (a, b) = (words("a b c d e", &few), words("a b c d f", &few));
        assert_eq!(a.hashes, b.hashes);
        assert_ne!(a.rest, b.rest);
        assert_eq!(words("a b c", &few).rest, 0);
    }

    /// The naive twin: by character, figures joined afterwards.
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
        fn blocks_find_what_a_scan_by_character_finds(
            text in "([ -~\\n]{0,300}|[0-9.,/]{50,140}|[a-z0-9]{60,70}){0,4}",
        ) {
            prop_assert_eq!(split_up(&text), naive(&text));
        }

        #[test]
        fn no_text_breaks_it(text in "\\PC{0,200}") {
            let found = words(&text, &Settings::default());
            prop_assert!(found.spans.windows(2).all(|w| w[0].1 <= w[1].0));
            for (hash, &(from, to)) in found.hashes.iter().zip(&found.spans) {
                prop_assert_eq!(*hash, word_hash(&text[from as usize..to as usize]));
            }
        }
    }
}
