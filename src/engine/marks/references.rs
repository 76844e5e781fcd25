//! Finds the names by which a notice, such as a kill or a correction, refers to another article.
//!
//! In: the headline, editorial note and body of a notice. Out: up to [`NAMES_MAX`] names: the rest
//! of the headline after the mark, quoted text, slugs that follow a word such as `slugged`, and
//! uris.
//!
//! ```text
//! KILL: Bridge reopens                              Bridge reopens
//! Bitte verwenden Sie „Brücke zu“ nicht.            Brücke zu
//! Kill BC-NW--Ferry, 2nd Ld, which moved at 9 a.m.  BC-NW--Ferry
//! The story slugged FERRY-MAREL is withdrawn.       FERRY-MAREL
//! Item haf 157 is withdrawn.                        iptc7901:hda0157:2026-03-17
//! ```
//!
//! Text wires number their items; the uri of an item consists of service, number and day. A number
//! in a notice therefore gives two possible uris: one with the day of the notice, one with the day
//! before.
//!
//! Whether a name matches an article is decided later, when the notice is applied.

use super::bare::{bare_headline, is_mark};
use crate::article::Article;
use crate::text::first_chars;

/// Maximum number of names taken from one notice.
const NAMES_MAX: usize = 8;
/// Maximum length of a name in characters. Longer names are ignored.
const NAME_CHARS_MAX: usize = 200;
/// How many characters at the start of each text are searched.
const SCANNED_CHARS: usize = 1_000;

/// The formats whose uris contain the number of the item.
const TEXT_WIRES: [&str; 2] = ["anpa", "iptc7901"];

/// Opening quotation marks, each with its closing marks.
const QUOTES: [(char, &[char]); 9] = [
    ('"', &['"']),
    ('\u{201c}', &['\u{201d}']),
    ('\u{201e}', &['\u{201c}', '\u{201d}', '"']),
    ('«', &['»']),
    ('»', &['«']),
    ('\u{2018}', &['\u{2019}']),
    ('「', &['」']),
    ('『', &['』']),
    ('《', &['》']),
];

/// Words that introduce a slug or headline.
const POINTERS: [&str; 7] =
    ["slugged ", "slugline ", "slug ", "headlined ", "stichwort ", "mot-clé ", "titled "];

/// Words that introduce a slug or uri, if the slug or uri begins with a capital or contains a
/// digit.
const ITEMS: [&str; 3] = ["story ", "item ", "report "];

/// The names in the headline, note and body, in that order, without duplicates.
pub(super) fn of(article: &Article) -> Vec<String> {
    let mut names = Vec::new();
    add(&mut names, behind_mark(&article.headline).filter(|name| !is_mark(name)));
    let body = without_tags(article.body.as_str(), SCANNED_CHARS);
    for text in [&article.headline, article.ednote.as_deref().unwrap_or_default(), &body] {
        let start: String = text.chars().take(SCANNED_CHARS).collect();
        quoted(&start, &mut names);
        introduced(&start, &mut names);
        for (at, _) in start.match_indices("BC-") {
            add(&mut names, Some(&start[at..at + slug_length(&start[at..])]));
        }
        for uri in uris(&start, article) {
            if names.len() < NAMES_MAX && !names.contains(&uri) {
                names.push(uri);
            }
        }
    }
    names
}

/// The quoted names in the note and the body of a correction notice, without duplicates.
pub(super) fn quoted_by(article: &Article) -> Vec<String> {
    let mut names = Vec::new();
    let body = without_tags(article.body.as_str(), SCANNED_CHARS);
    for text in [article.ednote.as_deref().unwrap_or_default(), body.as_str()] {
        quoted(first_chars(text, SCANNED_CHARS), &mut names);
    }
    names
}

/// Length in bytes of the slug at the start of a text. The slug consists of the first word and the
/// following words that begin with a capital or a digit, up to a punctuation mark.
fn slug_length(text: &str) -> usize {
    let mut end = 0;
    for word in text.split_inclusive(' ') {
        let capital = word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
        if end > 0 && !capital {
            break;
        }
        let bare = word.trim_end();
        let bare = bare.find([',', ';', '\n', '"', '.']).map_or(bare, |at| &bare[..at]);
        if bare.len() < word.trim_end().len() {
            return end + bare.len();
        }
        end += word.len();
    }
    end
}

/// The uris in a text: those with the scheme of the article's own uri, and those of numbered items.
fn uris(text: &str, article: &Article) -> Vec<String> {
    let scheme = article.uri.split_once(':').map_or("", |(scheme, _)| scheme);
    let numbered = NumberedUri::of(&article.uri);
    let mut found = Vec::new();
    let mut before = "";
    for word in text.split_whitespace() {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        let named = word.split_once(':').is_some_and(|(s, rest)| s == scheme && !rest.is_empty());
        if named && word.len() <= NAME_CHARS_MAX && word != article.uri {
            found.push(word.to_owned());
        }
        if let Some(numbered) = &numbered {
            found.extend(numbered.others(before, word, article.provider.as_deref()));
        }
        before = word;
    }
    found
}

/// The uri of a text wire: `iptc7901:hda0157:2026-03-17`.
struct NumberedUri<'a> {
    format: &'a str,
    /// The letters before the number.
    service: &'a str,
    number: &'a str,
    day: Option<&'a str>,
}

impl<'a> NumberedUri<'a> {
    fn of(uri: &'a str) -> Option<Self> {
        let (format, rest) = uri.split_once(':').filter(|(f, _)| TEXT_WIRES.contains(f))?;
        let (item, day) =
            rest.split_once(':').map_or((rest, None), |(item, day)| (item, Some(day)));
        let digits = item.find(|c: char| c.is_ascii_digit())?;
        let (service, number) = item.split_at(digits);
        let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        Some(Self { format, service, number: &number[..end], day })
    }

    /// The possible uris of the item that `word` refers to by its number. `word` must begin with
    /// the letters of the service (`V9991`) or follow the name of the provider (`haf 157`).
    fn others(&self, before: &str, word: &str, provider: Option<&str>) -> Vec<String> {
        let digits = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let letters = &word[..word.len() - digits.len()];
        let counts = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let width = self.number.len();
        let own = letters.eq_ignore_ascii_case(self.service) && !letters.is_empty();
        let behind = letters.is_empty()
            && provider.is_some_and(|provider| before.eq_ignore_ascii_case(provider));
        if !counts || digits.len() > width || !(own || behind) {
            return Vec::new();
        }
        let item = format!("{}:{}{digits:0>width$}", self.format, self.service);
        match self.day {
            None => vec![item],
            Some(day) => {
                let days = [Some(day.to_owned()), day_before(day)];
                days.into_iter().flatten().map(|day| format!("{item}:{day}")).collect()
            }
        }
    }
}

/// The day before `day`, as in `2026-03-16`.
fn day_before(day: &str) -> Option<String> {
    let day: jiff::civil::Date = day.parse().ok()?;
    Some(day.yesterday().ok()?.to_string())
}

/// Adds a name if it is new, not too long, and there is room.
fn add(names: &mut Vec<String>, name: Option<&str>) {
    let Some(name) = name else { return };
    let name = name.trim_matches(|c: char| !c.is_alphanumeric());
    let fits = !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX;
    if fits && names.len() < NAMES_MAX && !names.iter().any(|other| other == name) {
        names.push(name.to_owned());
    }
}

/// The headline without its marks; for example, the text after `KILL:`. If it has no known mark,
/// the text after the first colon or dash.
fn behind_mark(headline: &str) -> Option<&str> {
    let bare = bare_headline(headline);
    if bare.len() < headline.trim().len() {
        return Some(bare);
    }
    headline.split_once([':', '-', '–', '—', '：']).map(|(_, rest)| rest)
}

/// Adds the quoted texts.
fn quoted(text: &str, names: &mut Vec<String>) {
    let mut rest = text;
    // The quotation marks that have no closing mark in the rest of the text.
    let mut unclosed = [false; QUOTES.len()];
    while let Some(at) = rest.find(|c| QUOTES.iter().any(|(open, _)| *open == c)) {
        let kind = QUOTES.iter().position(|(open, _)| rest[at..].starts_with(*open));
        let Some(kind) = kind else { return };
        let (open, closes) = QUOTES[kind];
        let inner = &rest[at + open.len_utf8()..];
        let close = if unclosed[kind] { None } else { inner.find(closes) };
        let Some(close) = close else {
            unclosed[kind] = true;
            rest = inner;
            continue;
        };
        add(names, Some(&inner[..close]));
        rest = inner[close..].strip_prefix(closes).unwrap_or_default();
    }
}

/// Adds the names that follow one of [`POINTERS`] or [`ITEMS`].
fn introduced(text: &str, names: &mut Vec<String>) {
    for pointer in POINTERS.into_iter().chain(ITEMS) {
        let matches = text
            .char_indices()
            .filter(|(at, _)| {
                text.get(*at..*at + pointer.len()).is_some_and(|t| t.eq_ignore_ascii_case(pointer))
            })
            .map(|(at, _)| &text[at + pointer.len()..]);
        for rest in matches {
            let word = rest.split(char::is_whitespace).next().unwrap_or_default();
            let stated =
                word.starts_with(char::is_uppercase) || word.contains(|c: char| c.is_ascii_digit());
            let name = Some(&rest[..slug_length(rest)]);
            add(names, name.filter(|_| stated || POINTERS.contains(&pointer)));
        }
    }
}

/// The last characters of a body, without tags, starting at a word.
pub(super) fn foot(body: &str, chars: usize) -> String {
    let mut from = body.floor_char_boundary(body.len().saturating_sub(2 * chars));
    // The cut must not be inside a tag.
    if from > 0 {
        from += body[from..].find(['>', '\n', '.']).map_or(0, |at| at + 1);
    }
    let text = without_tags(&body[from..], 2 * chars);
    let from = match text.len().checked_sub(chars + 1) {
        Some(from) if text.is_ascii() => from,
        Some(_) => text.char_indices().nth_back(chars).map_or(0, |(at, _)| at),
        None => 0,
    };
    match from {
        0 => text,
        _ => {
            text[from..].find(char::is_whitespace).map_or("", |gap| &text[from + gap..]).to_owned()
        }
    }
}

/// Up to `chars` characters from the start of a body, as approximate plain text: tags are removed,
/// only the entities that occur in names are resolved, and every block starts a new line.
pub(super) fn without_tags(body: &str, chars: usize) -> String {
    let (mut text, mut left) = (String::new(), chars);
    let mut rest = body;
    while left > 0 && !rest.is_empty() {
        // A character has at most four bytes.
        let near = &rest[..rest.floor_char_boundary(4 * left)];
        let run = &near[..near.find('<').unwrap_or(near.len())];
        let run = first_chars(run, left);
        text.push_str(run);
        left -= run.chars().count();
        rest = &rest[run.len()..];
        let Some(behind) = rest.strip_prefix('<').filter(|_| left > 0) else { continue };
        left -= 1;
        if !behind.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') {
            text.push('<');
            rest = behind;
            continue;
        }
        let name = behind.trim_start_matches('/');
        let inline = ["b>", "i>", "em>", "strong>", "a ", "a>", "span"];
        text.push(if inline.iter().any(|tag| name.starts_with(tag)) { ' ' } else { '\n' });
        rest = behind.find('>').map_or("", |close| &behind[close + 1..]);
    }
    if text.contains('&') {
        text = text.replace("&quot;", "\"").replace("&#39;", "'").replace("&nbsp;", " ");
        text = text.replace("&amp;", "&");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::Body;
    use proptest::prelude::*;

    fn names(headline: &str, note: &str, body: &str) -> Vec<String> {
        of(&Article {
            headline: headline.into(),
            ednote: Some(note.into()),
            body: Body::Html(body.into()),
            ..Article::default()
        })
    }

    #[test]
    fn finds_names_in_headline_note_and_body() {
        for (headline, note, body, want) in [
            ("KILL: Bridge reopens", "", "", &["Bridge reopens"][..]),
            ("KILL-FERRY-MAREL", "", "", &["FERRY-MAREL"]),
            (
                "HOLD",
                "",
                "<p>Bitte „Brücke wieder offen“ nicht verwenden.</p>",
                &["Brücke wieder offen"],
            ),
            ("Kill", "", "<p>Do not use &quot;Ferry aground&quot;.</p>", &["Ferry aground"]),
            (
                "Bulletin Kill",
                "Kill BC-NW--Ferry-Marel, 2nd Ld-Writethru.",
                "",
                &["BC-NW--Ferry-Marel"],
            ),
            (
                "Withdrawn",
                "",
                "The story slugged FERRY-MAREL, sent at 9, is withdrawn.",
                &["FERRY-MAREL"],
            ),
            ("ANNULATION", "« Le port relève ses tarifs »", "", &["Le port relève ses tarifs"]),
            (
                "Kill",
                "",
                "Kill BC-NW--Harbor Fire. Officials deny it. BC-NW--Ferry moved at 9 a.m.",
                &["BC-NW--Harbor Fire", "BC-NW--Ferry"],
            ),
            ("Bulletin kill", "", "Kill the story Ferries, moved at 9.", &["Ferries"]),
            ("Note", "Please kill item 85x-o, it is wrong.", "", &["85x-o"]),
            ("Kill", "", "The story is wrong.", &[]),
            ("Kill", "", "He said \"no", &[]),
        ] {
            assert_eq!(names(headline, note, body), want, "{headline} {note} {body}");
        }
    }

    #[test]
    fn limits_number_and_length_of_names() {
        let body: String = (0..50).map(|n| format!("\"name {n}\" ")).collect();
        assert_eq!(names("Kill", "", &body).len(), NAMES_MAX);
        assert!(names("Kill", "", &format!("\"{}\"", "x".repeat(NAME_CHARS_MAX + 1))).is_empty());
    }

    proptest! {
        #[test]
        fn never_panics(text in "[\"“”„«»<>& BC:a-zé「」-]{0,60}") {
            drop(names(&text, &text, &text));
        }
    }
}
