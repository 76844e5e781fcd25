//! Finds the headlines and slugs by which a notice, such as a kill, refers to another article.
//!
//! In: the headline, editorial note and body of a notice. Out: up to [`NAMES_MAX`] names: the rest
//! of the headline behind the mark, quoted text, and slugs that follow a word such as `slugged`.
//!
//! ```text
//! KILL: Bridge reopens                              Bridge reopens
//! Bitte verwenden Sie „Brücke zu“ nicht.            Brücke zu
//! Kill BC-NW--Ferry, 2nd Ld, which moved at 9 a.m.  BC-NW--Ferry
//! The story slugged FERRY-MAREL is withdrawn.       FERRY-MAREL
//! ```
//!
//! Whether a name matches an article is decided later, when the notice is applied.

use crate::article::Article;

/// The most names taken from one notice.
const NAMES_MAX: usize = 8;
/// The longest name in characters; longer ones are ignored.
const NAME_CHARS_MAX: usize = 200;
/// How many characters of each text are searched.
const SCANNED_CHARS: usize = 1_000;

/// Opening quotation marks, each with the characters that close it.
const QUOTES: [(char, &[char]); 7] = [
    ('"', &['"']),
    ('\u{201c}', &['\u{201d}']),
    ('\u{201e}', &['\u{201c}', '\u{201d}', '"']),
    ('«', &['»']),
    ('»', &['«']),
    ('\u{2018}', &['\u{2019}']),
    ('「', &['」']),
];

/// Words that introduce a slug or headline.
const POINTERS: [&str; 7] =
    ["slugged ", "slugline ", "slug ", "headlined ", "stichwort ", "mot-clé ", "titled "];

/// The names in the headline, note and body, in that order, without duplicates.
pub(super) fn of(article: &Article) -> Vec<String> {
    let mut names = Vec::new();
    add(&mut names, after_mark(&article.headline));
    let body = without_tags(article.body.as_str());
    for text in [&article.headline, article.ednote.as_deref().unwrap_or_default(), &body] {
        let start: String = text.chars().take(SCANNED_CHARS).collect();
        quoted(&start, &mut names);
        introduced(&start, &mut names);
        for (at, _) in start.match_indices("BC-") {
            add(&mut names, start[at..].split([',', ';', '\n', '"']).next());
        }
    }
    names
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

/// The rest of a notice's headline behind the mark, e.g. behind `KILL:`.
fn after_mark(headline: &str) -> Option<&str> {
    headline.split_once([':', '-', '–', '—', '：']).map(|(_, rest)| rest)
}

/// Adds the quoted texts.
fn quoted(text: &str, names: &mut Vec<String>) {
    let mut rest = text;
    while let Some(at) = rest.find(|c| QUOTES.iter().any(|(open, _)| *open == c)) {
        let Some(open) = rest[at..].chars().next() else { return };
        let inner = &rest[at + open.len_utf8()..];
        let closes = QUOTES.iter().find(|(sign, _)| *sign == open).map_or(&[][..], |(_, c)| c);
        let Some(close) = inner.find(closes) else {
            rest = inner;
            continue;
        };
        add(names, Some(&inner[..close]));
        rest = inner[close..].strip_prefix(closes).unwrap_or_default();
    }
}

/// Adds the names that follow one of [`POINTERS`]: up to the next space or punctuation mark.
fn introduced(text: &str, names: &mut Vec<String>) {
    for pointer in POINTERS {
        let matches = text
            .char_indices()
            .filter(|(at, _)| {
                text.get(*at..*at + pointer.len()).is_some_and(|t| t.eq_ignore_ascii_case(pointer))
            })
            .map(|(at, _)| &text[at + pointer.len()..]);
        for rest in matches {
            add(names, rest.split([' ', ',', ';', '\n', '.']).next());
        }
    }
}

/// A body without its tags, as approximate text: only the entities that names need are resolved.
fn without_tags(body: &str) -> String {
    let (mut text, mut in_tag) = (String::new(), false);
    for c in body.chars().take(SCANNED_CHARS * 2) {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                text.push(' ');
            }
            c if !in_tag => text.push(c),
            _ => {}
        }
    }
    text.replace("&quot;", "\"").replace("&amp;", "&")
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
