//! Reads the marks of an article: conventional words and codes in its headline, slug, signals,
//! notes, genre and body by which agencies announce updates, corrections, kills and the like.
//!
//! In: a decoded article. Out: its [`Marks`].
//!
//! ```text
//! headline UPDATE 2-Bridge reopens                revision: Update(2)
//! slug     BC-BRIDGE, 3rd Ld-Writethru            revision: Writethru(3)
//! headline KILL: Bridge reopens                   order: Kill, references: ["Bridge reopens"]
//! ```
//!
//! A rule consists of a position, a pattern and a meaning. A pattern is lower-case text in which
//! `#` matches a number below 1,000 and `@` an ordinal such as `2nd`. For each field of [`Marks`],
//! the first matching rule wins; configured rules come before the built-in ones in `known`.
//!
//! Sources: the practice of news agencies as published in their style guides, IPTC NewsCodes
//! (signal, genre), ANPA 1312 keyword lines.

mod known;

use super::references;
use crate::article::{Article, BytePairs, ItemShape, ItemType, Marks, NoticeOrder, Revision};
use known::KNOWN;
use memchr::memmem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// Where to search for a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MarkPosition {
    /// At the start of the headline, followed by punctuation that ends a mark.
    Headline,
    /// Anywhere in the headline, at word boundaries.
    InHeadline,
    /// Anywhere in the slug, at word boundaries.
    Slug,
    /// Anywhere in the note to editors, at word boundaries.
    Note,
    /// One of the signals; the scheme (`sig:`) may be omitted.
    Signal,
    /// At the start of the body.
    Body,
    /// The whole genre.
    Genre,
}

/// The meaning of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// An update, numbered if the pattern contains a number.
    Update,
    /// A writethru (a rewrite of the whole text), numbered if the pattern contains a number.
    Writethru,
    /// A correction.
    Correction,
    /// Filed again to fix a minor error.
    Refile,
    /// Sent again unchanged.
    Repeat,
    /// Withdrawn for good.
    Kill,
    /// Not to be used until further notice.
    Hold,
    /// A hold is lifted.
    Release,
    /// A one-line alert ahead of the report.
    Alert,
    /// A brief of a few lines.
    Brief,
    /// A roundup of several stories.
    Roundup,
    /// A notice to editors.
    Advisory,
    /// A numbered take of an item sent in several parts.
    Take,
    /// A numbered addition to an item; the first add is the second take.
    Add,
}

/// A rule that recognizes a mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkRule {
    /// Where to search for the pattern.
    pub place: MarkPosition,
    /// Lower-case text; `#` matches a number, `@` an ordinal such as `2nd`.
    pub pattern: String,
    /// The meaning of the pattern.
    pub mark: Mark,
}

use Mark::{
    Add, Advisory, Alert, Brief, Correction, Hold, Kill, Refile, Release, Repeat, Roundup, Take,
    Update, Writethru,
};
use MarkPosition::{Body, Genre, Headline, InHeadline, Note, Signal, Slug};

/// Reads the marks of `article`. The `configured` rules are tried before the built-in ones.
pub fn read(article: &Article, configured: &[MarkRule]) -> Marks {
    let fields = MarkTexts::of(article);
    let mut marks = Marks::default();
    for rule in configured {
        fields.try_rule(rule.place, &rule.pattern, rule.mark, &mut marks);
    }
    for (&(place, first), (known, pairs)) in
        KNOWN_STARTS.iter().zip(KNOWN.iter().zip(&*KNOWN_PAIRS))
    {
        if fields.may_hold(place, first, pairs) {
            fields.try_rule(place, known.1, known.2, &mut marks);
        }
    }
    if article.kind == ItemType::Advisory {
        marks.shape = Some(ItemShape::Advisory);
    }
    if marks.order.is_some() {
        marks.references = references::of(article);
    }
    marks
}

/// The position and first byte of each built-in pattern, in a compact table because these rule out
/// most patterns.
static KNOWN_STARTS: LazyLock<Vec<(MarkPosition, u8)>> = LazyLock::new(|| {
    KNOWN.iter().map(|(place, pattern, _)| (*place, pattern.as_bytes()[0])).collect()
});

/// The byte pairs of the longest literal piece of each built-in pattern.
static KNOWN_PAIRS: LazyLock<Vec<BytePairs>> =
    LazyLock::new(|| KNOWN.iter().map(|(_, pattern, _)| BytePairs::of(piece(pattern))).collect());

/// The longest piece of a pattern without `#` or `@`.
fn piece(pattern: &str) -> &str {
    pattern.split(['#', '@']).max_by_key(|piece| piece.len()).unwrap_or_default()
}

/// The texts of an article that are searched for marks, in lower case.
struct MarkTexts<'a> {
    /// The headline.
    headline: SearchText,
    /// The length of the leading brackets and stars of the headline, in bytes.
    headline_start: usize,
    /// Whether the start of the headline is in capitals.
    case: HeadlineCase,
    /// The slug.
    slug: SearchText,
    /// The note to editors.
    note: SearchText,
    /// The signals.
    signals: &'a [String],
    /// The start of the body, without its first tag.
    body: String,
    /// The genre.
    genre: String,
}

/// A text that is searched for patterns at any offset.
struct SearchText {
    /// The text in lower case.
    text: String,
    /// Its byte pairs, which rule out most patterns without a search.
    pairs: BytePairs,
}

impl SearchText {
    fn of(text: &str) -> Self {
        let text = text.to_lowercase();
        Self { pairs: BytePairs::of(&text), text }
    }

    /// Whether a pattern with these byte pairs may occur.
    fn may_hold(&self, pairs: &BytePairs) -> bool {
        !self.text.is_empty() && self.pairs.may_contain(pairs)
    }
}

/// Bytes at the start of the body that are searched.
const BODY_BYTES_MAX: usize = 80;

impl<'a> MarkTexts<'a> {
    fn of(article: &'a Article) -> Self {
        let lower = |text: &Option<String>| SearchText::of(text.as_deref().unwrap_or_default());
        let body = article.body.as_str().trim_start();
        let body = match (body.starts_with('<'), body.find('>')) {
            (true, Some(close)) => body[close + 1..].trim_start(),
            _ => body,
        };
        let end = (0..=BODY_BYTES_MAX.min(body.len())).rev().find(|at| body.is_char_boundary(*at));
        let headline = SearchText::of(&article.headline);
        Self {
            headline_start: headline.text.len() - headline.text.trim_start_matches(BRACKETS).len(),
            headline,
            case: HeadlineCase::of(&article.headline),
            slug: lower(&article.slugline),
            note: lower(&article.ednote),
            signals: &article.signals,
            body: body[..end.unwrap_or(0)].to_lowercase(),
            genre: article.genre.as_deref().unwrap_or_default().to_lowercase(),
        }
    }

    /// Whether a pattern may occur in `place`, given its first byte and the byte pairs of its
    /// longest literal piece.
    fn may_hold(&self, place: MarkPosition, first: u8, pairs: &BytePairs) -> bool {
        let begins =
            |text: &str| matches!(first, b'#' | b'@') || text.as_bytes().first() == Some(&first);
        match place {
            Headline => begins(&self.headline.text[self.headline_start..]),
            InHeadline => self.headline.may_hold(pairs),
            Slug => self.slug.may_hold(pairs),
            Note => self.note.may_hold(pairs),
            Body => begins(&self.body),
            Genre => !self.genre.is_empty(),
            Signal => !self.signals.is_empty(),
        }
    }

    /// Applies a rule, unless an earlier rule has set the same field of `marks`.
    fn try_rule(&self, place: MarkPosition, pattern: &str, mark: Mark, marks: &mut Marks) {
        let already_set = match mark {
            Kill | Hold | Release => marks.order.is_some(),
            Alert | Brief | Roundup | Advisory => marks.shape.is_some(),
            Take | Add => marks.take.is_some(),
            Update | Writethru | Correction | Refile | Repeat => marks.revision.is_some(),
        };
        if already_set {
            return;
        }
        let found = match place {
            Headline => at_start(&self.headline.text[self.headline_start..], pattern, self.case),
            InHeadline => anywhere(&self.headline.text, pattern),
            Slug => anywhere(&self.slug.text, pattern),
            Note => anywhere(&self.note.text, pattern),
            Body => prefix(&self.body, pattern).map(|(n, _)| n),
            Genre => (self.genre == pattern).then_some(0),
            Signal => self.signals.iter().any(|s| signals(s, pattern)).then_some(0),
        };
        let Some(number) = found else { return };
        match mark {
            Update => marks.revision = Some(Revision::Update(number)),
            Writethru => marks.revision = Some(Revision::Writethru(number)),
            Correction => marks.revision = Some(Revision::Correction),
            Refile => marks.revision = Some(Revision::Refile),
            Repeat => marks.revision = Some(Revision::Repeat),
            Kill => marks.order = Some(NoticeOrder::Kill),
            Hold => marks.order = Some(NoticeOrder::Hold),
            Release => marks.order = Some(NoticeOrder::Release),
            Alert => marks.shape = Some(ItemShape::Alert),
            Brief => marks.shape = Some(ItemShape::Brief),
            Roundup => marks.shape = Some(ItemShape::Roundup),
            Advisory => marks.shape = Some(ItemShape::Advisory),
            Take => marks.take = Some(number),
            Add => marks.take = Some(number + 1),
        }
    }
}

/// Whether a signal equals the pattern, with or without its scheme (`sig:`).
fn signals(signal: &str, pattern: &str) -> bool {
    signal == pattern || signal.rsplit_once(':').is_some_and(|(_, code)| code == pattern)
}

/// Matches a pattern at the start of a headline that has no leading brackets, and returns the
/// number in it, or 0.
///
/// The pattern must be followed by punctuation that ends a mark, or by nothing: `Kill: ...` is a
/// kill, `Kill rates fall` is not. A hyphen ends a mark only if the mark is in capitals or has a
/// number: `KILL-Bridge` is a kill, `Kill-switch` is not.
fn at_start(headline: &str, pattern: &str, case: HeadlineCase) -> Option<u16> {
    let (number, rest) = prefix(headline, pattern)?;
    let numbered = pattern.contains(['#', '@']);
    let hyphen = case == HeadlineCase::Capitals || numbered;
    let closed = pattern.ends_with([':', ' ']) || pattern.ends_with('-') && hyphen;
    let next = rest.trim_start_matches([' ', ')', ']', '】', '/', '*', '+', '<']);
    let next = next.trim_start_matches(|c: char| c.is_ascii_digit());
    let spaced = rest.starts_with(' ') && next.starts_with("- ");
    let stepped = next.starts_with([':', '–', '—', '：', '=', '|']) || spaced;
    let stepped = stepped || next.starts_with('-') && hyphen;
    let bracketed = rest.starts_with([')', ']', '】', '/']);
    let counted = numbered && rest.starts_with([' ', ':', '-', ',', '–']);
    (closed || stepped || bracketed || counted || rest.is_empty()).then_some(number)
}

/// Characters that may precede a mark.
const BRACKETS: [char; 10] = ['(', '[', '*', ' ', '/', '+', '-', '【', '<', '>'];

/// Whether the words before the first hyphen of a headline stand out by being in capitals.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HeadlineCase {
    /// Those words are in capitals, and the rest is not.
    Capitals,
    /// Any other headline.
    Mixed,
}

impl HeadlineCase {
    fn of(headline: &str) -> Self {
        let first = headline.trim_start_matches(BRACKETS).split('-').next().unwrap_or_default();
        // Some agencies write entire headlines in capitals, which then mean nothing.
        let stands_out =
            !first.contains(char::is_lowercase) && headline.contains(char::is_lowercase);
        if stands_out { Self::Capitals } else { Self::Mixed }
    }
}

/// Matches a pattern anywhere in `text` at word boundaries, and returns the number in it, or 0.
fn anywhere(text: &str, pattern: &str) -> Option<u16> {
    memmem::find(text.as_bytes(), piece(pattern).as_bytes())?;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let starts = !before.is_alphanumeric() || !c.is_alphanumeric();
        before = c;
        if !starts {
            continue;
        }
        if let Some((number, rest)) = prefix(&text[at..], pattern) {
            let ends = pattern.ends_with(|c: char| !c.is_alphanumeric())
                || !rest.starts_with(char::is_alphanumeric);
            if ends {
                return Some(number);
            }
        }
    }
    None
}

/// The suffixes of ordinal numbers in several languages, longer ones first.
const ORDINALS: [&str; 12] =
    ["ème", "ère", "eme", "st", "nd", "rd", "th", "er", "º", "ª", "e", "."];

/// Matches a pattern at the start of `text`. Returns the number in it, or 0, and the rest of the
/// text.
fn prefix<'a>(text: &'a str, pattern: &str) -> Option<(u16, &'a str)> {
    let (mut rest, mut number, mut wanted) = (text, 0, pattern);
    while let Some(at) = wanted.bytes().position(|b| matches!(b, b'#' | b'@')) {
        rest = rest.strip_prefix(&wanted[..at])?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        number = rest[..digits].parse().ok().filter(|n| *n < 1_000)?;
        rest = &rest[digits..];
        if wanted[at..].starts_with('@') {
            rest = ORDINALS.iter().find_map(|s| rest.strip_prefix(s))?;
        }
        wanted = &wanted[at + 1..];
    }
    Some((number, rest.strip_prefix(wanted)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_headline(headline: &str) -> Marks {
        read(&Article { headline: headline.into(), ..Article::default() }, &[])
    }

    #[test]
    fn reads_revisions_from_headlines() {
        let revision = |headline| read_headline(headline).revision;
        for (headline, want) in [
            ("UPDATE 2-Bridge reopens", Some(Revision::Update(2))),
            ("UPDATE 1: Bridge reopens", Some(Revision::Update(1))),
            ("CORRECTED - Bridge reopens", Some(Revision::Correction)),
            ("(CORRECTED)-Bridge reopens", Some(Revision::Correction)),
            ("CORRECTED-UPDATE 1-Bridge reopens", Some(Revision::Correction)),
            ("Korrektur: Brücke wieder offen", Some(Revision::Correction)),
            ("REFILE-Bridge reopens", Some(Revision::Refile)),
            ("RPT-Bridge reopens", Some(Revision::Repeat)),
            ("Bridge reopens, 2nd Ld-Writethru", Some(Revision::Writethru(2))),
            ("訂正：橋が再開", Some(Revision::Correction)),
            ("Correction of the river begins", None),
            ("Update on the bridge due Monday", None),
            ("Company corrects its error", None),
        ] {
            assert_eq!(revision(headline), want, "{headline}");
        }
    }

    #[test]
    fn reads_orders_shapes_and_takes_from_headlines() {
        let order = |headline| read_headline(headline).order;
        assert_eq!(order("KILL: Bridge reopens"), Some(NoticeOrder::Kill));
        assert_eq!(order("STORY WITHDRAWN-Bridge reopens"), Some(NoticeOrder::Kill));
        assert_eq!(order("KILL-Bridge reopens"), Some(NoticeOrder::Kill));
        assert_eq!(order("Kill - Bridge reopens"), Some(NoticeOrder::Kill));
        assert_eq!(order("Kill rates fall in the north"), None);
        assert_eq!(order("Kill-switch law passes"), None);
        assert_eq!(order("Hold-up at the harbour bank"), None);
        assert_eq!(order("HOLD-UP AT THE HARBOUR BANK"), None);
        assert_eq!(order("HOLD"), Some(NoticeOrder::Hold));
        assert_eq!(order("HOLD HOLD HOLD"), Some(NoticeOrder::Hold));
        assert_eq!(order("FREIGABE: Brücke zu"), Some(NoticeOrder::Release));
        assert_eq!(order("HOLD: Bridge reopens"), Some(NoticeOrder::Hold));
        assert_eq!(read_headline("KILL: Bridge reopens").references, ["Bridge reopens"]);
        let shape = |headline| read_headline(headline).shape;
        assert_eq!(shape("WRAPUP 3-Bridges"), Some(ItemShape::Roundup));
        assert_eq!(shape("ALERT: Bridge reopens"), Some(ItemShape::Alert));
        assert_eq!(shape("BRIEF-Bridge reopens"), Some(ItemShape::Brief));
        assert_eq!(shape("DAYBOOK: Tuesday"), Some(ItemShape::Advisory));
        assert_eq!(shape("Alert driver saves bus"), None);
        assert_eq!(read_headline("Bridge reopens =2").take, Some(2));
    }

    #[test]
    fn reads_marks_from_slug_signals_note_and_body() {
        let article = Article {
            slugline: Some("BC-BRIDGE, 3rd Ld".into()),
            signals: vec!["sig:update".into()],
            ednote: Some("Eds: MANDATORY KILL of an earlier item.".into()),
            ..Article::default()
        };
        let marks = read(&article, &[]);
        assert_eq!(marks.revision, Some(Revision::Writethru(3)));
        assert_eq!(marks.order, Some(NoticeOrder::Kill));
        let body = crate::article::Body::Html("<p>(Adds quote) The bridge</p>".into());
        let marks = read(&Article { body, ..Article::default() }, &[]);
        assert_eq!(marks.revision, Some(Revision::Update(0)));
    }

    #[test]
    fn configured_rules_are_tried() {
        let configured = [MarkRule { place: Headline, pattern: "fassung #".into(), mark: Update }];
        let article = Article { headline: "Fassung 4: Brücke".into(), ..Article::default() };
        assert_eq!(read(&article, &configured).revision, Some(Revision::Update(4)));
        assert_eq!(read(&article, &[]).revision, None);
    }
}
