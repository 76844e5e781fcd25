//! The wire's marks: what headlines, slugs, signals and notes say of an item, as a table of data.
//!
//! In: a decoded article. Out: its [`Marks`]. A pattern is lower-case text in which `#` stands for a
//! number of one to three digits, and `@` for an ordinal such as `2nd`. Of several that match, the
//! first in the table counts, each for its own field of the marks; a desk's own come before ours.
//!
//! Sources: the practice of news agencies as published in their style guides, IPTC NewsCodes
//! (signal, genre), ANPA 1312 keyword lines.

mod known;

use super::references;
use crate::article::{Article, ItemShape, ItemType, Marks, NoticeOrder, Pairs, Revision};
use known::KNOWN;
use memchr::memmem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// Where a pattern is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MarkPosition {
    /// At the start of the headline.
    Headline,
    /// Anywhere in the headline.
    InHeadline,
    /// Anywhere in the slug.
    Slug,
    /// Anywhere in the note to editors.
    Note,
    /// One of the signals.
    Signal,
    /// At the start of the body.
    Body,
    /// The genre.
    Genre,
}

/// What a pattern means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// A newer version, numbered where the pattern holds a number.
    Update,
    /// A rewrite of the whole text, numbered likewise.
    Writethru,
    /// A correction.
    Correction,
    /// Filed again to mend a slip.
    Refile,
    /// Sent again unchanged.
    Repeat,
    /// Withdrawn for good.
    Kill,
    /// Not to be used for now.
    Hold,
    /// A hold is lifted.
    Release,
    /// One line ahead of the report.
    Alert,
    /// A few lines.
    Brief,
    /// Several stories in one.
    Roundup,
    /// A notice to editors.
    Advisory,
    /// One take of several, by number.
    Take,
    /// One addition to an item, by number: the first is its second take.
    Add,
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkRule {
    /// Where it is looked for.
    pub place: MarkPosition,
    /// What is looked for.
    pub pattern: String,
    /// What it means.
    pub mark: Mark,
}

use Mark::{
    Add, Advisory, Alert, Brief, Correction, Hold, Kill, Refile, Release, Repeat, Roundup, Take,
    Update, Writethru,
};
use MarkPosition::{Body, Genre, Headline, InHeadline, Note, Signal, Slug};

/// Reads the marks of `article`; `own` rules are tried before the known ones.
pub fn read(article: &Article, own: &[MarkRule]) -> Marks {
    let fields = MarkTexts::of(article);
    let mut marks = Marks::default();
    for rule in own {
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

/// The place of each known pattern and its first byte: side by side, since most are ruled out by them.
static KNOWN_STARTS: LazyLock<Vec<(MarkPosition, u8)>> = LazyLock::new(|| {
    KNOWN.iter().map(|(place, pattern, _)| (*place, pattern.as_bytes()[0])).collect()
});

/// The pairs of bytes of the longest literal piece of each known pattern.
static KNOWN_PAIRS: LazyLock<Vec<Pairs>> =
    LazyLock::new(|| KNOWN.iter().map(|(_, pattern, _)| Pairs::of(piece(pattern))).collect());

/// The longest literal piece of a pattern.
fn piece(pattern: &str) -> &str {
    pattern.split(['#', '@']).max_by_key(|piece| piece.len()).unwrap_or_default()
}

/// The texts that marks stand in, in lower case.
struct MarkTexts<'a> {
    headline: SearchText,
    /// Bytes of the brackets and stars before it.
    bare: usize,
    case: HeadlineCase,
    slug: SearchText,
    note: SearchText,
    signals: &'a [String],
    body: String,
    genre: String,
}

/// A text in which patterns are looked for anywhere.
struct SearchText {
    text: String,
    pairs: Pairs,
}

impl SearchText {
    fn of(text: &str) -> Self {
        let text = text.to_lowercase();
        Self { pairs: Pairs::of(&text), text }
    }

    fn may_hold(&self, pairs: &Pairs) -> bool {
        !self.text.is_empty() && self.pairs.may_hold(pairs)
    }
}

/// Bytes of the body that are looked at.
const BODY_SEEN: usize = 80;

impl<'a> MarkTexts<'a> {
    fn of(article: &'a Article) -> Self {
        let lower = |text: &Option<String>| SearchText::of(text.as_deref().unwrap_or_default());
        let body = article.body.published().trim_start();
        let body = match (body.starts_with('<'), body.find('>')) {
            (true, Some(close)) => body[close + 1..].trim_start(),
            _ => body,
        };
        let seen = (0..=BODY_SEEN.min(body.len())).rev().find(|at| body.is_char_boundary(*at));
        let headline = SearchText::of(&article.headline);
        Self {
            bare: headline.text.len() - headline.text.trim_start_matches(BRACKETS).len(),
            headline,
            case: HeadlineCase::of(&article.headline),
            slug: lower(&article.slugline),
            note: lower(&article.ednote),
            signals: &article.signals,
            body: body[..seen.unwrap_or(0)].to_lowercase(),
            genre: article.genre.as_deref().unwrap_or_default().to_lowercase(),
        }
    }

    /// Whether a pattern that begins with the byte `first`, and whose longest literal piece has these
    /// pairs, may be in a place.
    fn may_hold(&self, place: MarkPosition, first: u8, pairs: &Pairs) -> bool {
        let begins =
            |text: &str| matches!(first, b'#' | b'@') || text.as_bytes().first() == Some(&first);
        match place {
            Headline => begins(&self.headline.text[self.bare..]),
            InHeadline => self.headline.may_hold(pairs),
            Slug => self.slug.may_hold(pairs),
            Note => self.note.may_hold(pairs),
            Body => begins(&self.body),
            Genre => !self.genre.is_empty(),
            Signal => !self.signals.is_empty(),
        }
    }

    fn try_rule(&self, place: MarkPosition, pattern: &str, mark: Mark, marks: &mut Marks) {
        let full = match mark {
            Kill | Hold | Release => marks.order.is_some(),
            Alert | Brief | Roundup | Advisory => marks.shape.is_some(),
            Take | Add => marks.take.is_some(),
            Update | Writethru | Correction | Refile | Repeat => marks.revision.is_some(),
        };
        if full {
            return;
        }
        let found = match place {
            Headline => at_start(&self.headline.text[self.bare..], pattern, self.case),
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

/// Whether a signal is the pattern, its scheme (`sig:`) left out where the pattern has none.
fn signals(signal: &str, pattern: &str) -> bool {
    signal == pattern || signal.rsplit_once(':').is_some_and(|(_, code)| code == pattern)
}

/// The number that a pattern holds at the start of a headline without brackets and stars. A
/// mark that is one bare word counts only when a mark's punctuation follows it: `Kill: ...` is one,
/// `Kill rates fall` is not. A hyphen does when the mark stands in capitals or has a number:
/// `KILL-Bridge` is one, `Kill-switch` is not.
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

/// What may stand before a mark.
const BRACKETS: [char; 10] = ['(', '[', '*', ' ', '/', '+', '-', '【', '<', '>'];

/// Whether the words before the first hyphen of a headline stand out in capitals.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HeadlineCase {
    Capitals,
    Mixed,
}

impl HeadlineCase {
    fn of(headline: &str) -> Self {
        let first = headline.trim_start_matches(BRACKETS).split('-').next().unwrap_or_default();
        // Some desks write whole headlines in capitals, where they say nothing.
        let stands_out =
            !first.contains(char::is_lowercase) && headline.contains(char::is_lowercase);
        if stands_out { Self::Capitals } else { Self::Mixed }
    }
}

/// The number that a pattern holds anywhere in `text`, at the start of a word.
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

/// What makes a number an ordinal, in the languages of the table; longer ones first.
const ORDINALS: [&str; 12] =
    ["ème", "ère", "eme", "st", "nd", "rd", "th", "er", "º", "ª", "e", "."];

/// Whether `text` starts with a pattern: the number in it, and what follows.
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
    fn headlines_carry_marks() {
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
    fn orders_and_shapes() {
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
    fn other_fields_carry_marks_too() {
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
    fn a_desk_adds_its_own() {
        let own = [MarkRule { place: Headline, pattern: "fassung #".into(), mark: Update }];
        let article = Article { headline: "Fassung 4: Brücke".into(), ..Article::default() };
        assert_eq!(read(&article, &own).revision, Some(Revision::Update(4)));
        assert_eq!(read(&article, &[]).revision, None);
    }
}
