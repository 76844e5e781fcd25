//! The common form of all spellings of a word. Words are hashed in this form.
//!
//! In: a word. Out: its letters in lower case, without the marks and variants that writers,
//! keyboards and systems often omit or replace.
//!
//! | written | read as |
//! |---|---|
//! | `Élysée`, composed or decomposed | `elysee` |
//! | `ＮＡＴＯ` (full width) | `nato` |
//! | `Straße` | `strasse` |
//! | `Müller`, `Mueller`, `Muller` | `muller`: `ae`, `oe`, `ue` and `aa` lose their second letter |
//! | `Tønder`, `Łódź`, `đ`, `ı`, `æ` | `tonder`, `lodz`, `d`, `i`, `a` |
//! | Arabic vowel signs, tatweel | nothing |
//! | forms of alef, yeh and heh | the plain letter |
//! | digits of any script | ASCII digits |
//! | soft hyphens, zero-width and other ignorable characters | nothing |
//! | letters of other scripts that look Latin | the Latin letters |
//!
//! The form is the same in all languages. The language of a short text is only a guess, and two
//! copies must match even if the guesses differ. Marks that make a different letter are kept: the
//! breve of `й`, vowel signs of Indic scripts, the voicing of kana.
//!
//! Sources: UAX #15, UTS #39 (confusable characters), the Unicode property
//! Default_Ignorable_Code_Point, and the usual normalization of Arabic for search.

use unicode_normalization::char::decompose_compatible;

/// Default-ignorable characters.
pub(super) fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A word in its common form.
#[derive(Debug, Default)]
pub(super) struct CommonForm {
    /// The form.
    pub(super) text: String,
    /// The scripts of its letters.
    scripts: Scripts,
}

impl CommonForm {
    /// The common form of `word`.
    pub(super) fn of(word: &str) -> Self {
        let text = String::with_capacity(word.len());
        let mut form = Self { text, scripts: Scripts::default() };
        let mut base = ' ';
        for c in word.chars() {
            if c.is_ascii() {
                form.letter(c.to_ascii_lowercase());
                base = c;
            } else if is_whole(c) {
                form.text.push(c);
            } else if !is_ignorable(c) {
                decompose_compatible(unexpanded(c), |part| {
                    if !is_optional_mark(part, base) && !is_ignorable(part) {
                        base = part;
                        part.to_lowercase()
                            .filter(|c| *c != '\u{307}')
                            .for_each(|c| form.letter(c));
                    }
                });
            }
        }
        form
    }

    /// Whether Latin letters are mixed with look-alikes from another script, as in a disguised
    /// word.
    pub(super) fn is_disguised(&self) -> bool {
        self.scripts.are_mixed()
    }

    /// Adds a lower-case letter, a digit or a mark.
    fn letter(&mut self, c: char) {
        if c.is_ascii() {
            self.scripts.add_latin(c);
            return self.push(c);
        }
        if let Some(latin) = look_alike(c) {
            self.scripts.alike = true;
            return self.push(latin);
        }
        self.scripts.other |= is_greek_or_cyrillic(c);
        match variant(c) {
            Some(letters) => letters.chars().for_each(|c| self.push(c)),
            None => self.text.push(digit(c).unwrap_or(c)),
        }
    }

    /// Adds a character, unless it is the second letter of a pair.
    fn push(&mut self, c: char) {
        let last = self.text.as_bytes().last().copied().unwrap_or_default();
        if !c.is_ascii() || !is_pair(last, c as u8) {
            self.text.push(c);
        }
    }
}

/// Maximum length in bytes of a word that is passed to [`shortened`].
pub(super) const SHORTENED_MAX: usize = 32;

/// Removes the second letter of `ae`, `oe`, `ue` and `aa` from an ASCII word. Returns the result
/// and its length. Apart from case, the result is the common form of the word.
pub(super) fn shortened(word: &[u8]) -> ([u8; SHORTENED_MAX], usize) {
    let (mut form, mut len, mut last) = ([0; SHORTENED_MAX], 0, 0);
    for &byte in word.iter().take(SHORTENED_MAX) {
        if !is_pair(last, byte) {
            form[len] = byte;
            (len, last) = (len + 1, byte);
        }
    }
    (form, len)
}

/// Whether `second` is left out after `first`.
fn is_pair(first: u8, second: u8) -> bool {
    matches!((first | 0x20, second | 0x20), (b'a' | b'o' | b'u', b'e') | (b'a', b'a'))
}

/// Replaces two ligatures, which NFKC would expand to phrases of 18 and 8 characters, with
/// private-use characters, so that no word grows to more than six times its length. The phrases
/// contain spaces, so they would not be words anyway.
pub(super) fn unexpanded(c: char) -> char {
    match c {
        '\u{fdfa}' => '\u{f8fa}',
        '\u{fdfb}' => '\u{f8fb}',
        c => c,
    }
}

/// Whether `c` has no other spelling: Hangul syllables and Han characters.
fn is_whole(c: char) -> bool {
    matches!(c, '가'..='힣' | '\u{4e00}'..='\u{9fff}')
}

/// The plain spelling of a letter or sign that decomposition leaves unchanged, such as `o` for `ø`.
fn variant(c: char) -> Option<&'static str> {
    Some(match c {
        'ø' => "o",
        'æ' => "a",
        'œ' => "oe",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ħ' => "h",
        'ŧ' => "t",
        'ı' => "i",
        'ĸ' => "k",
        'ŋ' => "n",
        'ß' => "ss",
        'ς' => "σ",
        '\u{640}' => "",
        '\u{671}' => "\u{627}",
        '\u{649}' | '\u{6cc}' => "\u{64a}",
        '\u{629}' | '\u{6c1}' | '\u{6c3}' => "\u{647}",
        '\u{6a9}' => "\u{643}",
        '\u{66b}' => ".",
        '\u{66c}' => ",",
        _ => return None,
    })
}

/// The Latin letter that a letter of another script resembles, in upper or lower case.
fn look_alike(c: char) -> Option<char> {
    Some(match c {
        'а' | 'α' | 'ɑ' => 'a',
        'в' | 'β' => 'b',
        'с' => 'c',
        'ԁ' => 'd',
        'е' | 'ε' => 'e',
        'ɡ' => 'g',
        'н' | 'һ' | 'հ' => 'h',
        'і' | 'ι' | 'ӏ' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'м' => 'm',
        'ո' => 'n',
        'о' | 'ο' | 'օ' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' | 'ս' => 'u',
        'ν' => 'v',
        'ԝ' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'ү' => 'y',
        _ => return None,
    })
}

/// The ASCII digit that corresponds to a decimal digit of another script.
fn digit(c: char) -> Option<char> {
    const ZEROS: [u32; 21] = [
        0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6,
        0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946,
    ];
    let code = u32::from(c);
    let zero = ZEROS.into_iter().find(|zero| (*zero..*zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

/// Whether a combining mark after `base` may be left out.
fn is_optional_mark(c: char, base: char) -> bool {
    match c {
        // The breve of й and ў, and the diaeresis of ї, make different letters; the diaeresis of ё
        // does not.
        '\u{306}' => !is_cyrillic(base),
        '\u{308}' => !is_cyrillic(base) || matches!(base, 'е' | 'Е'),
        '\u{300}'..='\u{36f}'
        | '\u{591}'..='\u{5c7}'
        | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}'
        | '\u{670}'
        | '\u{6d6}'..='\u{6dc}'
        | '\u{6df}'..='\u{6e8}'
        | '\u{6ea}'..='\u{6ed}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' => true,
        _ => false,
    }
}

fn is_cyrillic(c: char) -> bool {
    ('\u{400}'..='\u{52f}').contains(&c)
}

fn is_greek_or_cyrillic(c: char) -> bool {
    is_cyrillic(c) || ('\u{370}'..='\u{3ff}').contains(&c)
}

/// The scripts of the letters of a word.
#[derive(Debug, Clone, Copy, Default)]
struct Scripts {
    /// The word has Latin letters.
    latin: bool,
    /// One of the Latin letters has no look-alike in another script.
    only_latin: bool,
    /// The word has look-alikes of Latin letters.
    alike: bool,
    /// The word has Greek or Cyrillic letters that do not look Latin.
    other: bool,
}

impl Scripts {
    fn add_latin(&mut self, c: char) {
        self.latin |= c.is_ascii_alphabetic();
        self.only_latin |= matches!(c, 'd' | 'f' | 'g' | 'l' | 'n' | 'q' | 'r' | 'u'..='w' | 'z');
    }

    /// Whether Latin letters and look-alikes of Latin letters are mixed. A word that has both Latin
    /// letters without look-alikes and non-Latin letters that do not look Latin does not count.
    /// `μm` and `HRы` are not disguised.
    fn are_mixed(self) -> bool {
        self.latin && self.alike && !(self.only_latin && self.other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(word: &str) -> String {
        CommonForm::of(word).text
    }

    #[test]
    fn spellings_of_one_word_have_one_form() {
        for (a, b) in [
            ("Élysée", "ELYSEE"),
            ("Müller", "Mueller"),
            ("Müller", "Muller"),
            ("Mu\u{308}ller", "MÜLLER"),
            ("Tønder", "Toender"),
            ("Århus", "Aarhus"),
            ("blåbær", "blabaer"),
            ("Łódź", "Lodz"),
            ("İSTANBUL", "istanbul"),
            ("ışık", "isik"),
            ("Đà", "Da"),
            ("phường", "phuong"),
            ("œuvre", "oeuvre"),
            ("Straße", "STRASSE"),
            ("ΟΔΟΣ", "οδός"),
            ("ёлка", "ЕЛКА"),
            ("مُحَمَّد", "محمد"),
            ("أحمد", "احمد"),
            ("الســلام", "السلام"),
            ("على", "علي"),
            ("مدرسة", "مدرسه"),
            ("١٢٣", "123"),
            ("۱۲۳", "123"),
            ("१२३", "123"),
            ("๑๒๓", "123"),
            ("１２３", "123"),
            ("٣٫٥", "3.5"),
            ("Schiff\u{ad}fahrt", "Schifffahrt"),
            ("wo\u{200b}rd\u{e0041}\u{2062}", "word"),
            ("раssроrt", "passport"),
            ("ᴘ\u{34f}", "ᴘ"),
            ("שָׁלוֹם", "שלום"),
        ] {
            assert_eq!(form(a), form(b), "{a} {b}");
        }
    }

    #[test]
    fn different_words_have_different_forms() {
        for (a, b) in [
            ("мой", "мои"),
            ("їх", "іх"),
            ("が", "か"),
            ("की", "को"),
            ("हुई", "हुआ"),
            ("12", "21"),
            ("१२", "१३"),
            ("bare", "bar"),
        ] {
            assert_ne!(form(a), form(b), "{a} {b}");
        }
    }

    #[test]
    fn disguised_words_are_noticed() {
        for (word, disguised) in [
            ("раssроrt", true),
            ("αlpha", true),
            ("пaспoрт", true),
            ("паспорт", false),
            ("café", false),
            ("μm", false),
            ("kΩ", false),
            ("HRы", false),
        ] {
            assert_eq!(CommonForm::of(word).is_disguised(), disguised, "{word}");
        }
    }
}
