//! Folds a text before it is searched for phrases: lower case, no accents, one kind of apostrophe,
//! and placeholders for numbers.
//!
//! In: a headline, slug, note or the edge of a body. Out: a [`FoldedText`], which also says where
//! each byte came from.
//!
//! ```text
//! ANULACIÓN: Puente            anulacion: puente
//! UPDATE 2-Bridge reopens      update #-bridge reopens
//! BC-BRIDGE, 3rd Ld            bc-bridge, @ ld
//! 【訂正】橋が再開               【訂正】橋か再開 (voicing marks are accents too)
//! ```
//!
//! `#` is the placeholder for a number below 1,000, `@` for an ordinal such as `2nd`. Patterns are
//! written with the same placeholders, so every pattern is a literal. Accents are dropped from both
//! texts and patterns, because agencies write marks in capitals without accents.
//!
//! Cost: one pass; each character becomes a bounded number of bytes.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// The suffixes of ordinal numbers in several languages, longer ones first.
const ORDINALS: [&str; 13] =
    ["ème", "ère", "eme", "st", "nd", "rd", "th", "er", "ra", "º", "ª", "e", "."];
/// Expected length, in bytes, of a section of `origins`; used to reserve memory. Numbers make
/// sections shorter.
const ORIGIN_BYTES: usize = 16;
/// Maximum number of digits of a number that becomes a placeholder.
const DIGITS_MAX: usize = 3;

/// How a byte is folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ByteClass {
    /// An ASCII character in which folding changes nothing but the case.
    Plain,
    /// A space; a run of spaces is folded to one.
    Space,
    /// A line break.
    LineBreak,
    /// Part of a character that must be folded individually.
    Other,
}

/// The class of each byte.
const CLASSES: [ByteClass; 256] = {
    let mut classes = [ByteClass::Other; 256];
    let mut byte = 0x21;
    while byte < 0x7f {
        if !matches!(byte as u8, b'0'..=b'9' | b'#' | b'@' | b'`') {
            classes[byte] = ByteClass::Plain;
        }
        byte += 1;
    }
    classes[b' ' as usize] = ByteClass::Space;
    classes[b'\n' as usize] = ByteClass::LineBreak;
    classes
};

/// A folded text.
#[derive(Debug, Default)]
pub(super) struct FoldedText {
    /// The text.
    pub(super) text: String,
    /// The start of each section of `text` whose bytes correspond one to one to the original, and
    /// its offset in the original. The last entry is the end of the text.
    origins: Vec<(u32, u32)>,
    /// The values of the placeholders, with their offsets in `text`.
    numbers: Vec<(usize, u16)>,
}

impl FoldedText {
    /// Folds a text of an article. A `#` or `@` in it becomes a space.
    pub(super) fn of(original: &str) -> Self {
        let mut folded = Self::default();
        folded.text.reserve(original.len());
        folded.origins.reserve(1 + original.len() / ORIGIN_BYTES);
        let mut at = 0;
        loop {
            at += folded.push_plain(&original[at..], at);
            let rest = &original[at..];
            let Some(c) = rest.chars().next() else { break };
            at += folded.push_next(c, rest, at);
        }
        folded.note_origin(original.len());
        folded
    }

    /// The offset in the original that corresponds to an offset in the folded text.
    pub(super) fn origin(&self, at: usize) -> usize {
        let last = self.origins.partition_point(|(start, _)| *start as usize <= at).checked_sub(1);
        let Some((start, origin)) = last.map(|last| self.origins[last]) else { return 0 };
        origin as usize + at.min(self.text.len()) - start as usize
    }

    /// Records that the next byte of the text comes from `at` in the original.
    fn note_origin(&mut self, at: usize) {
        let start = self.text.len();
        let runs_on = |(from, origin): &(u32, u32)| start - *from as usize + *origin as usize == at;
        if !self.origins.last().is_some_and(runs_on) {
            self.origins.push((start as u32, at as u32));
        }
    }

    /// The first number in a range of the folded text, or 0.
    pub(super) fn number(&self, range: std::ops::Range<usize>) -> u16 {
        let numbers = self.numbers.iter();
        numbers.map(|(at, n)| (range.contains(at), *n)).find(|(is, _)| *is).map_or(0, |(_, n)| n)
    }

    /// Appends the number at the start of `rest` or, if there is none, the first character, `c`.
    /// Returns the number of bytes of `rest` that were folded.
    fn push_next(&mut self, c: char, rest: &str, at: usize) -> usize {
        if let Some(digits) = digits(rest) {
            return self.push_number(rest, digits, at);
        }
        self.push(c, at);
        c.len_utf8()
    }

    /// Appends the run of ASCII letters, punctuation, line breaks and single spaces at the start of
    /// `rest`, and returns its length. Folding changes nothing but the case of such a run, and most
    /// of a text usually consists of such runs.
    fn push_plain(&mut self, rest: &str, at: usize) -> usize {
        let last = self.text.bytes().next_back();
        let mut before = last.map_or(ByteClass::Plain, |byte| CLASSES[usize::from(byte)]);
        let ends_run = |byte: u8| {
            let class = CLASSES[usize::from(byte)];
            let before = std::mem::replace(&mut before, class);
            let after_space = matches!(before, ByteClass::Space | ByteClass::LineBreak);
            class == ByteClass::Other || class == ByteClass::Space && after_space
        };
        let length = rest.bytes().position(ends_run).unwrap_or(rest.len());
        if length == 0 {
            return 0;
        }
        self.note_origin(at);
        let start = self.text.len();
        self.text.push_str(&rest[..length]);
        self.text[start..].make_ascii_lowercase();
        length
    }

    /// Appends a run of digits with its ordinal suffix, and returns its length in bytes.
    fn push_number(&mut self, rest: &str, digits: Digits, at: usize) -> usize {
        let Some(value) = digits.value else {
            for (offset, c) in rest[..digits.bytes].char_indices() {
                self.append(
                    digit(c).and_then(|d| char::from_digit(d, 10)).unwrap_or(c),
                    at + offset,
                );
            }
            return digits.bytes;
        };
        let suffix = ordinal_suffix(&rest[digits.bytes..]);
        self.numbers.push((self.text.len(), value));
        self.append(if suffix > 0 { '@' } else { '#' }, at);
        digits.bytes + suffix
    }

    /// Appends one character that is not a digit.
    fn push(&mut self, c: char, at: usize) {
        match c {
            '\n' => self.append('\n', at),
            '#' | '@' => self.space(at),
            c if c.is_whitespace() || c.is_control() => self.space(at),
            c if c.is_ascii() => self.append(c.to_ascii_lowercase(), at),
            '‘' | '’' | 'ʼ' | '`' | '´' => self.append('\'', at),
            '‐' | '‑' | '−' => self.append('-', at),
            '–' | '—' | '―' => self.append('—', at),
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            '\u{640}' | '\u{ad}' | '\u{feff}' => {}
            'ł' | 'Ł' => self.append('l', at),
            'ø' | 'Ø' => self.append('o', at),
            'đ' | 'Đ' => self.append('d', at),
            'ı' => self.append('i', at),
            'ß' | 'ẞ' => ['s', 's'].into_iter().for_each(|s| self.append(s, at)),
            'æ' | 'Æ' => ['a', 'e'].into_iter().for_each(|s| self.append(s, at)),
            // Syllables and ideographs: nothing to fold.
            '가'..='힣' | '一'..='鿿' => self.append(c, at),
            c => decompose_compatible(c, |part| match part {
                part if is_combining_mark(part) => {}
                ' ' => self.space(at),
                part => part.to_lowercase().for_each(|lower| self.append(lower, at)),
            }),
        }
    }

    /// Appends a space, unless the text already ends with white space.
    fn space(&mut self, at: usize) {
        if !self.text.ends_with([' ', '\n']) {
            self.append(' ', at);
        }
    }

    fn append(&mut self, c: char, at: usize) {
        self.note_origin(at);
        self.text.push(c);
    }
}

/// Folds a pattern in the same way as a text, but keeps its placeholders.
pub(super) fn pattern(pattern: &str) -> String {
    let pieces = pattern.split_inclusive(['#', '@']).map(|piece| {
        let (literal, sign) = match piece.char_indices().next_back() {
            Some((at, '#' | '@')) => piece.split_at(at),
            _ => (piece, ""),
        };
        FoldedText::of(literal).text + sign
    });
    pieces.collect()
}

/// A run of digits at the start of a text.
#[derive(Debug, Clone, Copy)]
struct Digits {
    /// Length of the run in bytes.
    bytes: usize,
    /// The value, if the run is short enough for a placeholder.
    value: Option<u16>,
}

/// The digits at the start of `text`, which may be full-width; `None` if there are none.
fn digits(text: &str) -> Option<Digits> {
    let mut run = Digits { bytes: 0, value: Some(0) };
    for (n, (c, digit)) in text.chars().map_while(|c| Some((c, digit(c)?))).enumerate() {
        run.bytes += c.len_utf8();
        run.value = run.value.filter(|_| n < DIGITS_MAX).map(|value| 10 * value + digit as u16);
    }
    Some(run).filter(|run| run.bytes > 0)
}

/// The value of a digit.
fn digit(c: char) -> Option<u32> {
    match c {
        '0'..='9' => Some(u32::from(c) - u32::from('0')),
        '０'..='９' => Some(u32::from(c) - u32::from('０')),
        _ => None,
    }
}

/// Length in bytes of the ordinal suffix at the start of `text`; 0 if there is none. A full stop
/// between digits is a decimal point, and a short suffix must end the word.
fn ordinal_suffix(text: &str) -> usize {
    let may_start = |c: char| match c.is_ascii() {
        true => ORDINALS.iter().any(|suffix| suffix.starts_with(c.to_ascii_lowercase())),
        false => c.is_alphabetic() || matches!(c, 'º' | 'ª'),
    };
    if !text.starts_with(may_start) {
        return 0;
    }
    let lower: String = text.chars().take(3).flat_map(char::to_lowercase).collect();
    let found = ORDINALS.iter().find(|suffix| {
        let Some(rest) = lower.strip_prefix(**suffix) else { return false };
        let next = rest.chars().next().or_else(|| text.chars().nth(suffix.chars().count()));
        let next = next.unwrap_or(' ');
        match **suffix {
            "." => !next.is_alphanumeric(),
            "st" | "nd" | "rd" | "th" => true,
            _ => !next.is_alphanumeric(),
        }
    });
    let characters = found.map_or(0, |suffix| suffix.chars().count());
    text.chars().take(characters).map(char::len_utf8).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folds_case_accents_and_numbers() {
        for (original, want) in [
            ("ANULACIÓN: Puente", "anulacion: puente"),
            ("UPDATE 2-Bridge", "update #-bridge"),
            ("BC-BRIDGE, 3rd Ld", "bc-bridge, @ ld"),
            ("1. Lead: 2026", "@ lead: 2026"),
            ("Update 4.2 of 12,000", "update #.# of #,#"),
            ("2ndlead, 2e lead, 3eur", "@lead, @ lead, #eur"),
            ("Мойка\u{a0} №  1", "моика no #"),
            ("ZURÜCKGEZOGEN – MITÄTÖITY", "zuruckgezogen — mitatoity"),
            ("İPTAL ıptal Łódź Ålesund", "iptal iptal lodz alesund"),
            ("إلغاء", "الغاء"),
            ("（종합２보）", "(종합#보)"),
            ("a#b@c", "a b c"),
        ] {
            assert_eq!(FoldedText::of(original).text, want, "{original}");
        }
        assert_eq!(pattern("Fassung #, @ Ausgabe Ü"), "fassung #, @ ausgabe u");
    }

    #[test]
    fn numbers_and_origins_are_kept() {
        let folded = FoldedText::of("ÄÖ 12th x");
        assert_eq!(folded.text, "ao @ x");
        assert_eq!(folded.number(0..6), 12);
        assert_eq!(folded.number(0..3), 0);
        assert_eq!([0, 1, 3, 5, 6].map(|at| folded.origin(at)), [0, 2, 5, 10, 11]);
    }

    proptest! {
        #[test]
        fn runs_are_folded_like_single_characters(text in "[ a-zA-Z0-9#@`'\n\t.éß-]{0,60}") {
            let (mut single, mut at) = (FoldedText::default(), 0);
            while let Some(c) = text[at..].chars().next() {
                at += single.push_next(c, &text[at..], at);
            }
            single.note_origin(text.len());
            let folded = FoldedText::of(&text);
            prop_assert_eq!(folded.text, single.text);
            prop_assert_eq!(folded.origins, single.origins);
            prop_assert_eq!(folded.numbers, single.numbers);
        }

        #[test]
        fn origins_are_character_boundaries(text in "\\PC{0,40}") {
            let folded = FoldedText::of(&text);
            for (at, _) in folded.text.char_indices() {
                prop_assert!(text.is_char_boundary(folded.origin(at)));
            }
            prop_assert_eq!(folded.origin(folded.text.len()), text.len());
        }
    }
}
