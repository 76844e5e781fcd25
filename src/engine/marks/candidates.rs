//! Finds possible marks in an article: occurrences of the table's patterns and of the configured
//! rules in the parts of the article where each applies.

use super::fold::FoldedText;
use super::order::Prominence;
use super::phrases::{self, Occurrence, Owner};
use super::place::Line;
use super::sentence::begins_sentence;
use super::sighting::Sighting;
use super::table::{self, Form, Row};
use super::{Mark, MarkPosition, MarkRule};
use crate::article::{Article, NoticeOrder};

/// Patterns with at most this many letters count only if they are set apart.
const SHORT_PATTERN: usize = 4;
/// The rank of the first built-in rule.
const FIRST_BUILT_IN: usize = 1 << 16;

/// A mark in a place where it may count.
pub(super) struct Candidate<'a> {
    /// What it means.
    pub(super) mark: Mark,
    /// Where it is.
    pub(super) place: MarkPosition,
    /// Whether its pattern is a code or a phrase that only agencies use, rather than a word that
    /// also occurs in ordinary headlines.
    pub(super) is_phrase: bool,
    /// How much it stands out in that place.
    pub(super) prominence: Prominence,
    /// The number in the mark, as in `UPDATE 2`; 0 if there is none.
    pub(super) number: u16,
    /// The rank of its rule; configured rules come first.
    rank: usize,
    /// The text as sent.
    text: &'a str,
    /// The pattern of its rule.
    pattern: &'a str,
    /// The document that describes the pattern.
    source: &'a str,
}

/// The texts of an article that are searched for marks.
pub(super) struct Lines<'a> {
    pub(super) headline: Line<'a>,
    pub(super) slug: Line<'a>,
    pub(super) note: Line<'a>,
    /// The start of the body.
    pub(super) start: Line<'a>,
    /// The last paragraphs of the body.
    pub(super) foot: Line<'a>,
}

/// All candidates, in the order of their rules. `in_note` and `in_start` are the occurrences in the
/// note and in the start of the body.
pub(super) fn all<'a>(
    article: &'a Article,
    configured: &'a [MarkRule],
    lines: &Lines<'a>,
    (in_note, in_start): (&[Occurrence], &[Occurrence]),
) -> Vec<Candidate<'a>> {
    let mut all = Vec::new();
    headline_candidates(&lines.headline, &mut all);
    slug_candidates(&lines.slug, &mut all);
    note_candidates(&lines.note, in_note, &mut all);
    body_candidates(&lines.start, in_start, &mut all);
    foot_candidates(&lines.foot, &mut all);
    code_candidates(article, &mut all);
    configured_candidates(article, configured, lines, &mut all);
    all.sort_by_key(|candidate| candidate.rank);
    all
}

impl Candidate<'_> {
    /// The order that the mark announces, if any.
    pub(super) fn orders(&self) -> Option<NoticeOrder> {
        match self.mark {
            Mark::Kill => Some(NoticeOrder::Kill),
            Mark::Hold => Some(NoticeOrder::Hold),
            Mark::Release => Some(NoticeOrder::Release),
            _ => None,
        }
    }

    /// Whether its rule is a configured one.
    pub(super) fn is_configured(&self) -> bool {
        self.rank < FIRST_BUILT_IN
    }

    /// Whether it was found in a text rather than in a code.
    pub(super) fn is_text(&self) -> bool {
        !matches!(self.place, MarkPosition::Signal | MarkPosition::Genre)
    }

    /// Whether it stands out as much as its pattern requires.
    pub(super) fn stands_out_enough(&self) -> bool {
        let short = self.pattern.chars().filter(|c| c.is_alphabetic()).count() <= SHORT_PATTERN
            && self.pattern.is_ascii();
        let needs = match self.mark {
            _ if self.is_phrase || self.place != MarkPosition::Headline => Prominence::Among,
            Mark::Alert | Mark::Brief | Mark::Advisory => Prominence::Apart,
            _ if short && self.number == 0 => Prominence::Apart,
            _ => Prominence::Plain,
        };
        self.prominence >= needs
    }

    pub(super) fn sighting(&self, result: &'static str) -> Sighting {
        Sighting {
            mark: self.mark,
            place: self.place,
            text: self.text.trim().to_owned(),
            pattern: self.pattern.to_owned(),
            source: self.source.to_owned(),
            result,
        }
    }
}

/// A candidate for an occurrence of a pattern of the table.
fn candidate<'a>(
    line: &Line<'a>,
    place: MarkPosition,
    occurrence: &Occurrence,
    prominence: Prominence,
) -> Option<Candidate<'a>> {
    let Owner::Row(row, pattern) = occurrence.owner else { return None };
    Some(Candidate {
        mark: row.mark,
        place,
        is_phrase: row.form == Form::Phrase,
        prominence,
        number: line.folded.number(occurrence.start..occurrence.end),
        rank: FIRST_BUILT_IN + occurrence.rank,
        text: line.shown(occurrence.start, occurrence.end),
        pattern: row.patterns[pattern],
        source: row.source,
    })
}

/// The occurrences of patterns that count in `place`, each with its row.
fn of_place(
    found: &[Occurrence],
    place: MarkPosition,
) -> impl Iterator<Item = (&Occurrence, &'static Row)> + Clone {
    found.iter().filter_map(move |o| match o.owner {
        Owner::Row(row, _) if row.places.contains(&place) => Some((o, row)),
        _ => None,
    })
}

fn headline_candidates<'a>(line: &Line<'a>, all: &mut Vec<Candidate<'a>>) {
    let found = phrases::find(&line.folded);
    let headings = of_place(&found, MarkPosition::Headline);
    let longest = |start| {
        let at = headings.clone().filter(|(o, _)| o.start == start);
        let ends = at.filter(|(o, _)| line.heading(o.start, o.end).is_some()).map(|(o, _)| o.end);
        ends.max()
    };
    let starts = line.heading_starts(longest);
    for (o, row) in headings.clone() {
        let heading = line.heading(o.start, o.end).filter(|_| starts.contains(&o.start));
        let orders = matches!(row.mark, Mark::Kill | Mark::Hold | Mark::Release);
        let tail = || line.tail(o.start, o.end).filter(|p| orders || *p >= Prominence::Apart);
        if let Some(prominence) = heading.map(|spot| spot.prominence).or_else(tail) {
            all.extend(candidate(line, MarkPosition::Headline, o, prominence));
        }
    }
    for (o, row) in of_place(&found, MarkPosition::InHeadline) {
        // A number after an equals sign is a take if it is at the end of a headline; elsewhere it
        // is part of a formula.
        let last = || line.tail(o.start, o.end).is_some() && !line.joins_word(o.start);
        if row.mark == Mark::Take && !last() {
            continue;
        }
        all.extend(candidate(line, MarkPosition::InHeadline, o, Prominence::Among));
    }
}

fn slug_candidates<'a>(line: &Line<'a>, all: &mut Vec<Candidate<'a>>) {
    let found = phrases::find(&line.folded);
    for (o, row) in of_place(&found, MarkPosition::Slug) {
        let text = &line.folded.text;
        let punctuated = !text[o.start..].starts_with(|c: char| c.is_alphanumeric() || c == '@');
        let phrase = row.form == Form::Phrase;
        let orders = matches!(row.mark, Mark::Kill | Mark::Hold | Mark::Release);
        let last = !text[o.end..].contains(char::is_alphanumeric);
        let tail = line.slug_tail(o.start, o.end).or(match () {
            () if punctuated && (phrase || last) => Some(Prominence::Plain),
            () if phrase && !orders => Some(Prominence::Plain),
            () => None,
        });
        if tail.is_none() {
            continue;
        }
        // Capitals mean nothing in a slug, so a word never stands out there.
        let prominence = if phrase { Prominence::Apart } else { Prominence::Plain };
        all.extend(candidate(line, MarkPosition::Slug, o, prominence));
    }
}

fn note_candidates<'a>(line: &Line<'a>, found: &[Occurrence], all: &mut Vec<Candidate<'a>>) {
    for (o, row) in of_place(found, MarkPosition::Note) {
        let orders = matches!(row.mark, Mark::Kill | Mark::Hold | Mark::Release);
        if orders && !begins_sentence(&line.folded.text, found, o.start) {
            continue;
        }
        all.extend(candidate(line, MarkPosition::Note, o, Prominence::Apart));
    }
    // Text wires send headline marks as notices above the headline, each on a line of its own.
    for (o, row) in
        of_place(found, MarkPosition::Headline).filter(|(o, _)| line.is_line(o.start, o.end))
    {
        let orders = matches!(row.mark, Mark::Kill | Mark::Hold | Mark::Release);
        let shapes = matches!(row.mark, Mark::Alert | Mark::Brief | Mark::Roundup | Mark::Advisory);
        if !shapes && (!orders || row.form == Form::Phrase) {
            all.extend(candidate(line, MarkPosition::Note, o, Prominence::Alone));
        }
    }
}

fn body_candidates<'a>(line: &Line<'a>, found: &[Occurrence], all: &mut Vec<Candidate<'a>>) {
    let start = line.skip_openers(0);
    for (o, row) in of_place(found, MarkPosition::Body).filter(|(o, _)| o.start <= start) {
        let orders = matches!(row.mark, Mark::Kill | Mark::Hold | Mark::Release);
        let prominence = match line.heading(o.start, o.end) {
            Some(spot) if spot.prominence >= Prominence::Apart => Prominence::Apart,
            _ if line.folded.text[o.end..].trim_start_matches(' ').starts_with('\n') => {
                Prominence::Apart
            }
            _ if orders && row.form == Form::Phrase => Prominence::Apart,
            _ => Prominence::Plain,
        };
        all.extend(candidate(line, MarkPosition::Body, o, prominence));
    }
}

fn foot_candidates<'a>(line: &Line<'a>, all: &mut Vec<Candidate<'a>>) {
    let text = &line.folded.text;
    let found = phrases::find_at_foot(&line.folded);
    for (o, _) in of_place(&found, MarkPosition::Foot) {
        let before = text[..o.start].trim_end_matches([' ', '(', '*', '_', '—', '-', '[']);
        if before.is_empty() || before.ends_with(['\n', '.', ':']) {
            all.extend(candidate(line, MarkPosition::Foot, o, Prominence::Apart));
        }
    }
}

/// Adds the candidates from the signals and the genre. Each of these is compared as a whole.
fn code_candidates<'a>(article: &'a Article, all: &mut Vec<Candidate<'a>>) {
    let codes = article.signals.iter().map(|code| (MarkPosition::Signal, code));
    let genre = article.genre.iter().map(|code| (MarkPosition::Genre, code));
    for (place, code) in codes.chain(genre) {
        let folded = FoldedText::of(code).text;
        for (rank, row, pattern) in codes_of(place) {
            if is_code(&folded, pattern) {
                all.push(Candidate {
                    mark: row.mark,
                    place,
                    is_phrase: true,
                    prominence: Prominence::Alone,
                    number: 0,
                    rank: FIRST_BUILT_IN + rank,
                    text: code,
                    pattern,
                    source: row.source,
                });
            }
        }
    }
}

/// The codes of the table for a place, each with its rank.
fn codes_of(place: MarkPosition) -> impl Iterator<Item = (usize, &'static Row, &'static str)> {
    let all = table::patterns().enumerate();
    let all = all.map(|(rank, (row, at))| (rank, row, row.patterns[at]));
    all.filter(move |(_, row, _)| row.places.contains(&place))
}

/// Whether a code equals the pattern, with or without its scheme (`sig:`).
fn is_code(code: &str, pattern: &str) -> bool {
    code == pattern || code.rsplit_once(':').is_some_and(|(_, code)| code == pattern)
}

/// Adds the candidates of the configured rules.
fn configured_candidates<'a>(
    article: &'a Article,
    configured: &'a [MarkRule],
    lines: &Lines<'a>,
    all: &mut Vec<Candidate<'a>>,
) {
    for (rank, rule) in configured.iter().enumerate() {
        let line = match rule.place {
            MarkPosition::Headline | MarkPosition::InHeadline => &lines.headline,
            MarkPosition::Slug => &lines.slug,
            MarkPosition::Note => &lines.note,
            MarkPosition::Body => &lines.start,
            MarkPosition::Foot => &lines.foot,
            MarkPosition::Signal | MarkPosition::Genre => {
                all.extend(configured_code(article, rule, rank));
                continue;
            }
        };
        let found = phrases::find_configured(&line.folded, &rule.pattern);
        let at_place = found.into_iter().find(|(start, end)| match rule.place {
            MarkPosition::Headline => {
                *start == line.skip_openers(0) && line.heading(*start, *end).is_some()
                    || line.tail(*start, *end) == Some(Prominence::Apart)
            }
            MarkPosition::Body => *start <= line.skip_openers(0),
            _ => true,
        });
        if let Some((start, end)) = at_place {
            all.push(Candidate {
                number: line.folded.number(start..end),
                text: line.shown(start, end),
                ..configured_candidate(rule, rank, "")
            });
        }
    }
}

/// A configured rule for a signal or the genre, if it matches.
fn configured_code<'a>(
    article: &'a Article,
    rule: &'a MarkRule,
    rank: usize,
) -> Option<Candidate<'a>> {
    let mut codes = match rule.place {
        MarkPosition::Signal => article.signals.iter().collect::<Vec<_>>(),
        _ => article.genre.iter().collect(),
    }
    .into_iter();
    let pattern = super::fold::pattern(&rule.pattern);
    let code = codes.find(|code| is_code(&FoldedText::of(code).text, &pattern))?;
    Some(configured_candidate(rule, rank, code))
}

fn configured_candidate<'a>(rule: &'a MarkRule, rank: usize, text: &'a str) -> Candidate<'a> {
    Candidate {
        mark: rule.mark,
        place: rule.place,
        is_phrase: true,
        prominence: Prominence::Alone,
        number: 0,
        rank,
        text,
        pattern: &rule.pattern,
        source: "setting",
    }
}
