//! The wire's marks: what headlines, slugs, signals and notes say of an item, as a table of data.
//!
//! In: a decoded article. Out: its [`Marks`]. A pattern is lower-case text in which `#` stands for a
//! number of one to three digits, and `@` for an ordinal such as `2nd`. Of several that match, the
//! first in the table counts, each for its own field of the marks; a desk's own come before ours.
//!
//! Sources: the practice of news agencies as published in their style guides, IPTC NewsCodes
//! (signal, genre), ANPA 1312 keyword lines.

use crate::engine::article::{Article, ItemType, Marks, Order, PubStatus, Revision, Shape};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a pattern is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Place {
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
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Where it is looked for.
    pub place: Place,
    /// What is looked for.
    pub pattern: String,
    /// What it means.
    pub mark: Mark,
}

use Mark::{
    Advisory, Alert, Brief, Correction, Hold, Kill, Refile, Release, Repeat, Roundup, Take, Update,
    Writethru,
};
use Place::{Body, Genre, Headline, InHeadline, Note, Signal, Slug};

/// The marks that are known, in the order in which they are tried.
#[rustfmt::skip]
const KNOWN: &[(Place, &str, Mark)] = &[
    // Withdrawals.
    (Headline, "kill", Kill), (Headline, "mandatory kill", Kill), (Headline, "bulletin kill", Kill),
    (Headline, "story withdrawn", Kill), (Headline, "withdrawn", Kill),
    (Headline, "withdrawal", Kill), (Headline, "eliminate", Kill), (Headline, "story killed", Kill),
    (Headline, "annule", Kill), (Headline, "annulation", Kill), (Headline, "anulado", Kill),
    (Headline, "anulación", Kill), (Headline, "zurückgezogen", Kill),
    (Headline, "meldung zurückgezogen", Kill), (Headline, "annullato", Kill),
    (InHeadline, "story withdrawn", Kill), (InHeadline, "mandatory kill", Kill),
    (Slug, "mandatory kill", Kill), (Slug, "-kill", Kill),
    (Note, "mandatory kill", Kill), (Note, "story withdrawn", Kill), (Note, "kill the story", Kill),
    (Note, "is withdrawn", Kill), (Note, "please disregard and do not use", Kill),
    (Signal, "sig:kill", Kill), (Signal, "kill", Kill), (Signal, "sig:cancel", Kill), (Signal, "edstat:d", Kill),
    (Body, "mandatory kill", Kill), (Body, "story withdrawn", Kill),
    (Headline, "hold-", Hold), (Headline, "hold:", Hold), (Headline, "withhold", Hold),
    (Signal, "sig:hold", Hold), (Note, "hold until further notice", Hold),
    (Headline, "release of hold", Release), (Headline, "hold released", Release),
    (Signal, "sig:release", Release), (Note, "hold is lifted", Release),
    // Corrections and other revisions.
    (Headline, "corrected", Correction), (Headline, "correction", Correction),
    (Headline, "correct:", Correction), (Headline, "berichtigung", Correction),
    (Headline, "korrektur", Correction), (Headline, "berichtigt", Correction),
    (Headline, "correctif", Correction), (Headline, "rectificatif", Correction),
    (Headline, "corrección", Correction), (Headline, "corregido", Correction),
    (Headline, "corrige", Correction), (Headline, "correzione", Correction),
    (Headline, "rettifica", Correction), (Headline, "correção", Correction),
    (Headline, "تصحيح", Correction), (Headline, "訂正", Correction), (Headline, "更正", Correction),
    (Signal, "sig:correction", Correction), (Signal, "correction", Correction), (Signal, "c", Correction), (Signal, "edstat:c", Correction),
    (Note, "corrects", Correction), (Note, "correction:", Correction),
    (Body, "(corrects", Correction), (Body, "(correction", Correction),
    (Headline, "refile", Refile), (Headline, "refiled", Refile), (Body, "(refiles", Refile),
    (Headline, "rpt-", Repeat), (Headline, "rpt:", Repeat), (Headline, "rpt ", Repeat),
    (Headline, "repeat-", Repeat), (Headline, "repeat:", Repeat), (Headline, "wiederholung:", Repeat),
    (Signal, "sig:repeat", Repeat), (Body, "(repeats", Repeat),
    (InHeadline, "@ ld-writethru", Writethru), (Slug, "@ ld-writethru", Writethru),
    (InHeadline, "ld-writethru", Writethru), (Slug, "ld-writethru", Writethru),
    (InHeadline, "@ writethru", Writethru), (Slug, "@ writethru", Writethru),
    (InHeadline, "writethru", Writethru), (Slug, "writethru", Writethru),
    (Slug, ", @ ld", Writethru), (Headline, "@ lead", Update), (Signal, "sig:writethru", Writethru),
    (Headline, "update #", Update), (Headline, "updated #", Update), (Headline, "update:", Update),
    (Headline, "update-", Update), (Headline, "updated:", Update), (Headline, "lead #", Update),
    (Headline, "actualización #", Update), (Headline, "actualización", Update),
    (Headline, "ampliación", Update), (Headline, "aktualisierung", Update),
    (Headline, "aggiornamento", Update), (Headline, "mise à jour", Update),
    (Headline, "atualização", Update), (Headline, "تحديث", Update),
    (Signal, "sig:update", Update), (Signal, "update", Update),
    (Body, "(adds ", Update), (Body, "(updates ", Update), (Body, "(recasts", Update),
    (Headline, "wrapup #", Update),
    // Shapes.
    (Headline, "wrapup", Roundup), (Headline, "roundup", Roundup), (Headline, "round-up", Roundup),
    (Headline, "digest", Roundup), (Headline, "zusammenfassung", Roundup),
    (Headline, "überblick", Roundup), (Headline, "factbox", Roundup), (Headline, "resumen", Roundup),
    (InHeadline, "news summary", Roundup), (InHeadline, "at a glance", Roundup),
    (Headline, "alert", Alert), (Headline, "flash", Alert), (Headline, "snap", Alert),
    (Headline, "eilmeldung", Alert), (Headline, "eil:", Alert), (Headline, "eil ", Alert),
    (Headline, "urgente", Alert), (Headline, "alerte", Alert), (Headline, "عاجل", Alert),
    (Headline, "速報", Alert), (Signal, "sig:alert", Alert), (Genre, "alert", Alert),
    (Headline, "brief-", Brief), (Headline, "brief:", Brief), (Headline, "urgent", Brief),
    (Headline, "kurz:", Brief), (Genre, "brief", Brief),
    (Headline, "advisory", Advisory), (Headline, "eds:", Advisory), (Headline, "editors:", Advisory),
    (Headline, "daybook", Advisory), (Headline, "budget:", Advisory), (Headline, "diary", Advisory),
    (Headline, "news budget", Advisory), (Headline, "termine", Advisory),
    (Headline, "hinweis an die redaktion", Advisory), (Headline, "agenda:", Advisory),
    (InHeadline, "daybook", Advisory), (Slug, "daybook", Advisory), (Slug, "advisory", Advisory),
    (Slug, "news-budget", Advisory), (Genre, "advisory", Advisory), (Genre, "daybook", Advisory),
    (Genre, "advisory to editors", Advisory),
    // Takes.
    (Headline, "take #", Take), (InHeadline, "=#", Take), (InHeadline, "(take #", Take),
    (Slug, "=#", Take), (Slug, "take #", Take),
];

/// Reads the marks of `article`; `own` rules are tried before the known ones.
pub fn read(article: &Article, own: &[Rule]) -> Marks {
    let fields = Texts::of(article);
    let mut marks = Marks::default();
    for rule in own {
        fields.try_rule(rule.place, &rule.pattern, rule.mark, &mut marks);
    }
    for (place, pattern, mark) in KNOWN {
        fields.try_rule(*place, pattern, *mark, &mut marks);
    }
    if article.kind == ItemType::Advisory {
        marks.shape = Some(Shape::Advisory);
    }
    if marks.order.is_some() && article.pubstatus == PubStatus::Usable {
        marks.reference = reference(&fields.headline);
    }
    marks
}

/// What follows the mark in the headline of a notice: the headline or slug that it names.
fn reference(headline: &str) -> Option<String> {
    let (_, rest) = headline.split_once([':', '-', '–', '—'])?;
    let named = rest.trim_matches(|c: char| !c.is_alphanumeric());
    (!named.is_empty()).then(|| named.to_owned())
}

/// The texts that marks stand in, in lower case.
struct Texts {
    headline: String,
    slug: String,
    note: String,
    signals: Vec<String>,
    body: String,
    genre: String,
}

/// Bytes of the body that are looked at.
const BODY_SEEN: usize = 80;

impl Texts {
    fn of(article: &Article) -> Self {
        let lower = |text: &Option<String>| text.as_deref().unwrap_or_default().to_lowercase();
        let body = article.body.published().trim_start();
        let body = match (body.starts_with('<'), body.find('>')) {
            (true, Some(close)) => body[close + 1..].trim_start(),
            _ => body,
        };
        let seen = (0..=BODY_SEEN.min(body.len())).rev().find(|at| body.is_char_boundary(*at));
        Self {
            headline: article.headline.to_lowercase(),
            slug: lower(&article.slugline),
            note: lower(&article.ednote),
            signals: article.signals.clone(),
            body: body[..seen.unwrap_or(0)].to_lowercase(),
            genre: lower(&article.genre),
        }
    }

    fn try_rule(&self, place: Place, pattern: &str, mark: Mark, marks: &mut Marks) {
        let full = match mark {
            Kill | Hold | Release => marks.order.is_some(),
            Alert | Brief | Roundup | Advisory => marks.shape.is_some(),
            Take => marks.take.is_some(),
            Update | Writethru | Correction | Refile | Repeat => marks.revision.is_some(),
        };
        if full {
            return;
        }
        let found = match place {
            Headline => at_start(&self.headline, pattern),
            InHeadline => anywhere(&self.headline, pattern),
            Slug => anywhere(&self.slug, pattern),
            Note => anywhere(&self.note, pattern),
            Body => prefix(&self.body, pattern).map(|(n, _)| n),
            Genre => (self.genre == pattern).then_some(0),
            Signal => self.signals.iter().any(|s| s == pattern).then_some(0),
        };
        let Some(number) = found else { return };
        match mark {
            Update => marks.revision = Some(Revision::Update(number)),
            Writethru => marks.revision = Some(Revision::Writethru(number)),
            Correction => marks.revision = Some(Revision::Correction),
            Refile => marks.revision = Some(Revision::Refile),
            Repeat => marks.revision = Some(Revision::Repeat),
            Kill => marks.order = Some(Order::Kill),
            Hold => marks.order = Some(Order::Hold),
            Release => marks.order = Some(Order::Release),
            Alert => marks.shape = Some(Shape::Alert),
            Brief => marks.shape = Some(Shape::Brief),
            Roundup => marks.shape = Some(Shape::Roundup),
            Advisory => marks.shape = Some(Shape::Advisory),
            Take => marks.take = Some(number),
        }
    }
}

/// The number that a pattern holds at the start of a headline, brackets and stars passed over. A
/// mark that is one bare word counts only when a mark's punctuation follows it: `Kill: ...` is one,
/// `Kill rates fall` is not.
fn at_start(headline: &str, pattern: &str) -> Option<u16> {
    let bare = headline.trim_start_matches(['(', '[', '*', ' ', '/', '+', '-', '【']);
    let (number, rest) = prefix(bare, pattern)?;
    let closed = pattern.ends_with([':', '-', ' ']);
    let next = rest.trim_start_matches([' ', ')', ']', '】', '/', '*', '+']);
    let next = next.trim_start_matches(|c: char| c.is_ascii_digit());
    let stepped = next.starts_with(['-', ':', '–', '—', '：', '=', '|']);
    let bracketed = rest.starts_with([')', ']', '】', '/']);
    let numbered = pattern.contains(['#', '@']) && rest.starts_with([' ', ':', '-', ',', '–']);
    (closed || stepped || bracketed || numbered || rest.is_empty()).then_some(number)
}

/// The number that a pattern holds anywhere in `text`, at the start of a word.
fn anywhere(text: &str, pattern: &str) -> Option<u16> {
    // Most texts do not hold the longest literal piece of a pattern, which is quickly seen.
    let piece = pattern.split(['#', '@']).max_by_key(|piece| piece.len())?;
    if !text.contains(piece) {
        return None;
    }
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

/// Whether `text` starts with a pattern: the number in it, and what follows.
fn prefix<'a>(text: &'a str, pattern: &str) -> Option<(u16, &'a str)> {
    let (mut rest, mut number) = (text, 0);
    for c in pattern.chars() {
        match c {
            '#' | '@' => {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                number = rest.get(..digits)?.parse().ok().filter(|n| *n < 1_000)?;
                rest = &rest[digits..];
                if c == '@' {
                    rest = ["st", "nd", "rd", "th"].iter().find_map(|s| rest.strip_prefix(s))?;
                }
            }
            c => rest = rest.strip_prefix(c)?,
        }
    }
    Some((number, rest))
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
        assert_eq!(order("KILL: Bridge reopens"), Some(Order::Kill));
        assert_eq!(order("STORY WITHDRAWN-Bridge reopens"), Some(Order::Kill));
        assert_eq!(order("Kill rates fall in the north"), None);
        assert_eq!(order("HOLD: Bridge reopens"), Some(Order::Hold));
        assert_eq!(
            read_headline("KILL: Bridge reopens").reference.as_deref(),
            Some("bridge reopens")
        );
        let shape = |headline| read_headline(headline).shape;
        assert_eq!(shape("WRAPUP 3-Bridges"), Some(Shape::Roundup));
        assert_eq!(shape("ALERT: Bridge reopens"), Some(Shape::Alert));
        assert_eq!(shape("BRIEF-Bridge reopens"), Some(Shape::Brief));
        assert_eq!(shape("DAYBOOK: Tuesday"), Some(Shape::Advisory));
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
        assert_eq!(marks.order, Some(Order::Kill));
        let body = crate::engine::article::Body::Html("<p>(Adds quote) The bridge</p>".into());
        let marks = read(&Article { body, ..Article::default() }, &[]);
        assert_eq!(marks.revision, Some(Revision::Update(0)));
    }

    #[test]
    fn a_desk_adds_its_own() {
        let own = [Rule { place: Headline, pattern: "neufassung #".into(), mark: Update }];
        let article = Article { headline: "Neufassung 4: Brücke".into(), ..Article::default() };
        assert_eq!(read(&article, &own).revision, Some(Revision::Update(4)));
        assert_eq!(read(&article, &[]).revision, None);
    }
}
