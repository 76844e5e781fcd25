//! The names by which a notice means another article: what its words quote or spell out.
//!
//! ```text
//! KILL: Bridge reopens                              Bridge reopens
//! Bitte verwenden Sie „Brücke zu“ nicht.            Brücke zu
//! Kill BC-NW--Ferry, 2nd Ld, which moved at 9 a.m.  BC-NW--Ferry
//! The story slugged FERRY-MAREL is withdrawn.       FERRY-MAREL
//! ```
//!
//! Whether such a name means anything is seen later, where the articles are.

use crate::article::Article;

/// The most names of one notice.
const NAMES_MAX: usize = 8;
/// The longest name, and how much of a text is looked at, in characters.
const NAME_CHARS_MAX: usize = 200;
const SEEN_CHARS: usize = 1_000;

/// Signs that open a quotation, each with what closes it.
const QUOTES: [(char, &[char]); 7] = [
    ('"', &['"']),
    ('\u{201c}', &['\u{201d}']),
    ('\u{201e}', &['\u{201c}', '\u{201d}', '"']),
    ('«', &['»']),
    ('»', &['«']),
    ('\u{2018}', &['\u{2019}']),
    ('「', &['」']),
];

/// Words behind which a name stands.
const POINTERS: [&str; 7] =
    ["slugged ", "slugline ", "slug ", "headlined ", "stichwort ", "mot-clé ", "titled "];

/// The names in headline, note and text, in that order, without repeats.
pub(super) fn of(article: &Article) -> Vec<String> {
    let mut names = Vec::new();
    add(&mut names, behind_the_mark(&article.headline));
    let body = bare(article.body.published());
    for text in [&article.headline, article.ednote.as_deref().unwrap_or_default(), &body] {
        let seen: String = text.chars().take(SEEN_CHARS).collect();
        quoted(&seen, &mut names);
        pointed(&seen, &mut names);
        for (at, _) in seen.match_indices("BC-") {
            add(&mut names, seen[at..].split([',', ';', '\n', '"']).next());
        }
    }
    names
}

fn add(names: &mut Vec<String>, name: Option<&str>) {
    let Some(name) = name else { return };
    let name = name.trim_matches(|c: char| !c.is_alphanumeric());
    let fits = !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX;
    if fits && names.len() < NAMES_MAX && !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

/// What follows the mark in the headline of a notice.
fn behind_the_mark(headline: &str) -> Option<&str> {
    headline.split_once([':', '-', '–', '—', '：']).map(|(_, rest)| rest)
}

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

/// A slug behind the word that announces it: up to the next space or comma.
fn pointed(text: &str, names: &mut Vec<String>) {
    for pointer in POINTERS {
        let found = text
            .char_indices()
            .filter(|(at, _)| {
                text.get(*at..*at + pointer.len()).is_some_and(|t| t.eq_ignore_ascii_case(pointer))
            })
            .map(|(at, _)| &text[at + pointer.len()..]);
        for rest in found {
            add(names, rest.split([' ', ',', ';', '\n', '.']).next());
        }
    }
}

/// The text of a body without its tags, which is near enough for names.
fn bare(body: &str) -> String {
    let (mut text, mut within) = (String::new(), false);
    for c in body.chars().take(SEEN_CHARS * 2) {
        match c {
            '<' => within = true,
            '>' if within => {
                within = false;
                text.push(' ');
            }
            c if !within => text.push(c),
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
    fn names_are_read_where_notices_put_them() {
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
    fn names_are_bounded() {
        let body: String = (0..50).map(|n| format!("\"name {n}\" ")).collect();
        assert_eq!(names("Kill", "", &body).len(), NAMES_MAX);
        assert!(names("Kill", "", &format!("\"{}\"", "x".repeat(NAME_CHARS_MAX + 1))).is_empty());
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "[\"“”„«»<>& BC:a-zé「」-]{0,60}") {
            drop(names(&text, &text, &text));
        }
    }
}
