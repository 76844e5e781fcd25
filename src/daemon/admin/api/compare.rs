//! What needs article text: one text with its passages, two texts side by side, and why two articles
//! are, or are not, the same.

use super::query::Params;
use super::rows::{ArticleRow, At, Ref, article_id};
use super::{Api, Problem, WITHIN};
use crate::daemon::admin::answer::{Answer, ProblemBody, fresh};
use crate::daemon::contract::why::{self, Figures, Pair, Together};
use crate::daemon::desk::Desk;
use crate::daemon::desk::asks::{self, Ask, Refused};
use crate::daemon::texts;
use crate::engine::article::{Article, Sequence};
use crate::engine::prepare::{Prepared, prepare};
use crate::engine::relation::{self, Kind};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use utoipa::ToSchema;

/// How long two texts may be compared word by word; what is left then is told as replaced.
const DIFF_WITHIN: Duration = Duration::from_millis(500);

/// An article's text.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TextPage {
    id: String,
    headline: String,
    /// The text, cleaned of markup and furniture; newlines part paragraphs.
    text: String,
    /// The paragraphs. All ranges are in UTF-16 code units of `text`.
    paragraphs: Vec<[usize; 2]>,
    /// What no earlier article of the window had.
    new: Vec<[usize; 2]>,
    /// What other articles have as well, where that explains what this one is.
    shared: Vec<SharedRange>,
    /// Figures.
    numbers: Vec<[usize; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    byline: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dateline: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ednote: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usageterms: Option<String>,
}

/// A passage that another article has.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SharedRange {
    start: usize,
    end: usize,
    /// The other article.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<Ref>,
    /// The kind that it explains.
    #[schema(value_type = String, example = "partial")]
    kind: Kind,
}

/// The text of an article, read from the input topic, with its passages.
#[utoipa::path(
    get,
    path = "/api/v1/articles/{id}/text",
    operation_id = "getText",
    tag = "articles",
    params(
        ("id" = String, Path, description = "the article"),
    ),
    responses(
        (status = 200, body = TextPage),
        (status = 304, description = "unchanged: the client has it"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "a parameter is not understood"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "nothing of that name is live"),
        (status = 410, body = ProblemBody, content_type = "application/problem+json", description = "retention has passed the text"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json", description = "not now: `Retry-After` says when to ask again"),
    )
)]
pub(super) async fn text(
    State(api): State<Api>,
    Path(id): Path<String>,
    params: Params,
    headers: HeaderMap,
) -> Answer {
    params.only(&[])?;
    let side = api.side(&id).await?;
    let page = api.work(move || page(&side)).await?;
    fresh(&headers, &page)
}

fn page(side: &Side) -> TextPage {
    let (article, new) = (&side.article, &side.prepared);
    let text = &new.clean.text;
    let units = Units::of(text);
    let entry = side.desk.article(side.sequence).map(|article| &*article.entry);
    let before = entry.map_or(0, |entry| taken_off(&new.print.trace, &entry.print.trace));
    let run = |from: u32, to: u32| -> Option<[usize; 2]> {
        let start = new.words.spans.get(from as usize)?.0 as usize;
        let end = new.words.spans.get((to as usize).checked_sub(1)?)?.1 as usize;
        Some(units.range(start..end))
    };
    let words = |&(from, to): &(u32, u32)| run(from + before, to + before);
    let verdict = entry.map(|entry| &entry.decision.verdict);
    let novelty = verdict.and_then(|verdict| verdict.novelty.as_ref());
    let relations = verdict.into_iter().flat_map(|v| std::iter::once(&v.relation).chain(&v.also));
    let at = At { shard: side.shard, desk: &side.desk };
    let mut shared = Vec::new();
    for relation in relations {
        for passage in &relation.passages {
            let Some([start, end]) = words(&(passage.start_word, passage.end_word)) else {
                continue;
            };
            let of = at.target(&relation.of);
            shared.push(SharedRange { start, end, of, kind: relation.kind });
        }
    }
    let figures = new.print.figures.iter();
    TextPage {
        id: article_id(side.shard, side.sequence),
        headline: article.headline.clone(),
        paragraphs: paragraphs(text).map(|range| units.range(range)).collect(),
        new: novelty.iter().flat_map(|novelty| &novelty.passages).filter_map(words).collect(),
        shared,
        numbers: figures.filter_map(|figure| run(figure.word, figure.word + 1)).collect(),
        byline: article.byline.clone(),
        dateline: article.dateline.clone(),
        ednote: article.ednote.clone(),
        usageterms: article.usageterms.clone(),
        text: text.clone(),
    }
}

/// How many words stood before those that were compared: learned furniture is taken off an article when
/// it comes, and its words are counted from there.
fn taken_off(all: &[u8], compared: &[u8]) -> u32 {
    let most = all.len().saturating_sub(compared.len());
    (0..=most).find(|&at| all[at..].starts_with(compared)).unwrap_or(0) as u32
}

/// The lines of a text that hold something.
fn paragraphs(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    let lines = text.split('\n').map(move |line| {
        let start = at;
        at += line.len() + 1;
        start..start + line.len()
    });
    lines.filter(|range| !text[range.clone()].trim().is_empty())
}

/// Byte offsets as UTF-16 code units, which is how a page counts.
struct Units<'a> {
    text: &'a str,
    /// For each block of bytes, the units before the first character that starts in it or after.
    marks: Vec<(usize, usize)>,
}

const BLOCK: usize = 256;

impl<'a> Units<'a> {
    fn of(text: &'a str) -> Self {
        let (mut marks, mut units, mut due) = (Vec::new(), 0, 0);
        for (at, c) in text.char_indices() {
            if at >= due {
                marks.push((at, units));
                due = at + BLOCK;
            }
            units += c.len_utf16();
        }
        Self { text, marks }
    }

    fn at(&self, byte: usize) -> usize {
        let mark = self.marks.partition_point(|(at, _)| *at <= byte);
        let (from, units) = mark.checked_sub(1).map_or((0, 0), |mark| self.marks[mark]);
        let rest = self.text.get(from..byte.min(self.text.len())).unwrap_or_default();
        units + rest.chars().map(char::len_utf16).sum::<usize>()
    }

    fn range(&self, bytes: Range<usize>) -> [usize; 2] {
        [self.at(bytes.start), self.at(bytes.end)]
    }
}

/// Two texts, word by word.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DiffPage {
    a: ArticleRow,
    b: ArticleRow,
    /// What makes the second of the first, in order.
    ops: Vec<Op>,
    /// Figures that stand in the same place and differ, as the engine aligns them.
    changed_numbers: Vec<Figures>,
    /// The share of both texts that is equal.
    same: f64,
}

/// A stretch of text.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Op {
    /// `equal`, `delete` (the first alone has it) or `insert` (the second alone has it).
    op: &'static str,
    text: String,
    /// Whether it is a figure that stands in the other text with another value.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    number: bool,
}

/// Two texts, word by word.
#[utoipa::path(
    get,
    path = "/api/v1/diff",
    operation_id = "getDiff",
    tag = "articles",
    params(
        ("a" = String, Query, description = "an article"),
        ("b" = String, Query, description = "another"),
    ),
    responses(
        (status = 200, body = DiffPage),
        (status = 304, description = "unchanged: the client has it"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "a parameter is not understood"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "nothing of that name is live"),
        (status = 410, body = ProblemBody, content_type = "application/problem+json", description = "retention has passed the text"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json", description = "not now: `Retry-After` says when to ask again"),
    )
)]
pub(super) async fn diff(State(api): State<Api>, params: Params, headers: HeaderMap) -> Answer {
    params.only(&["a", "b"])?;
    let (a, b) = api.sides(&params).await?;
    let settings = api.source.engine.clone();
    let page = api.work(move || {
        let told = pair(&a, &b).explain(&settings.relation);
        let changed: Vec<(u32, u32)> = why::changed(&told).collect();
        let (ops, same) = ops(&a.prepared, &b.prepared, &changed, Instant::now() + DIFF_WITHIN);
        let changed_numbers = why::Texts::of(pair(&a, &b), &told).changed_numbers;
        Some(DiffPage { a: a.row()?, b: b.row()?, ops, changed_numbers, same })
    });
    let page = page.await?.ok_or_else(|| Problem::missing("an article has left the window"))?;
    fresh(&headers, &page)
}

/// A piece of a text: a word, or what stands between two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Piece<'a> {
    text: &'a str,
    /// Whether it is a figure that has another value in the other text. Two of them never are equal, so
    /// that a figure that changed shows as such wherever it stands.
    changed: bool,
}

/// A text in words and what stands between them.
fn pieces<'a>(of: &'a Prepared, changed: &[u32]) -> Vec<Piece<'a>> {
    let text = of.clean.text.as_str();
    let (mut pieces, mut at) = (Vec::with_capacity(of.words.spans.len() * 2 + 1), 0);
    for (n, &(from, to)) in of.words.spans.iter().enumerate() {
        let (from, to) = (from as usize, to as usize);
        let (Some(between), Some(word)) = (text.get(at..from), text.get(from..to)) else {
            continue;
        };
        if !between.is_empty() {
            pieces.push(Piece { text: between, changed: false });
        }
        pieces.push(Piece { text: word, changed: changed.contains(&(n as u32)) });
        at = to;
    }
    if let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        pieces.push(Piece { text: rest, changed: false });
    }
    pieces
}

/// What makes `b` of `a`, and the share of both that is equal. `changed` are the words of `a` and of `b`
/// that are figures with another value there.
fn ops(a: &Prepared, b: &Prepared, changed: &[(u32, u32)], until: Instant) -> (Vec<Op>, f64) {
    let (old, new): (Vec<u32>, Vec<u32>) = changed.iter().copied().unzip();
    let (old, new) = (pieces(a, &old), pieces(b, &new));
    let found = capture_diff_slices_deadline(Algorithm::Myers, &old, &new, Some(until));
    let mut ops: Vec<Op> = Vec::new();
    let mut equal = 0;
    let mut push = |op: &'static str, pieces: &[Piece<'_>]| {
        for piece in pieces {
            match ops.last_mut().filter(|last| last.op == op && !last.number && !piece.changed) {
                Some(last) => last.text.push_str(piece.text),
                None => ops.push(Op { op, text: piece.text.into(), number: piece.changed }),
            }
        }
    };
    for op in found {
        match op {
            DiffOp::Equal { old_index, len, .. } => {
                let same = &old[old_index..old_index + len];
                equal += 2 * same.iter().map(|piece| piece.text.len()).sum::<usize>();
                push("equal", same);
            }
            DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => {
                push("delete", &old[op.old_range()]);
                push("insert", &new[op.new_range()]);
            }
        }
    }
    let all = a.clean.text.len() + b.clean.text.len();
    let same = if all == 0 { 1.0 } else { equal as f64 / all as f64 };
    (ops, (same * 10_000.0).round() / 10_000.0)
}

/// Why two articles are, or are not, the same, and in one story.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WhyPage {
    a: ArticleRow,
    b: ArticleRow,
    /// The texts, compared as the engine compares them.
    texts: why::Texts,
    /// Whether they are near enough for one story; absent where the shard is not worked on here.
    #[serde(skip_serializing_if = "Option::is_none")]
    together: Option<Together>,
    /// Why `together` is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    together_absent: Option<String>,
    /// Whether both are in one story now.
    same_story: bool,
    /// What was decided when the later one came, if it names the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    direct: Option<Direct>,
}

/// A relation that was decided.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Direct {
    #[schema(value_type = String, example = "reprint")]
    kind: Kind,
    rule: String,
}

/// Why two articles are, or are not, the same, and in one story.
#[utoipa::path(
    get,
    path = "/api/v1/why",
    operation_id = "getWhy",
    tag = "articles",
    params(
        ("a" = String, Query, description = "an article"),
        ("b" = String, Query, description = "another"),
    ),
    responses(
        (status = 200, body = WhyPage),
        (status = 304, description = "unchanged: the client has it"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "a parameter is not understood"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "nothing of that name is live"),
        (status = 410, body = ProblemBody, content_type = "application/problem+json", description = "retention has passed the text"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json", description = "not now: `Retry-After` says when to ask again"),
    )
)]
pub(super) async fn why(State(api): State<Api>, params: Params, headers: HeaderMap) -> Answer {
    params.only(&["a", "b"])?;
    let (a, b) = api.sides(&params).await?;
    let (a, b) = if (a.sequence, a.shard) <= (b.sequence, b.shard) { (a, b) } else { (b, a) };
    let told = api.together(&a, &b).await;
    let settings = api.source.engine.clone();
    let page = api.work(move || {
        let pair = pair(&a, &b);
        let explained = pair.explain(&settings.relation);
        let sides = [&*a.prepared, &*b.prepared];
        let together = told.as_ref().ok().map(|(told, of)| Together::of(told, sides, *of));
        let (first, second) = (a.desk.article(a.sequence)?, b.desk.article(b.sequence)?);
        let verdict = &second.entry.decision.verdict;
        let named = |relation: &&relation::Relation| {
            relation.of.as_ref().is_some_and(|of| of.sequence == Some(a.sequence))
        };
        let direct = std::iter::once(&verdict.relation).chain(&verdict.also).find(named);
        Some(WhyPage {
            a: a.row()?,
            b: b.row()?,
            texts: why::Texts::of(pair, &explained).without_text(),
            together,
            together_absent: told.err(),
            same_story: first.story.is_some() && first.story == second.story,
            direct: direct.map(|r| Direct { kind: r.kind, rule: r.rule.clone() }),
        })
    });
    let page = page.await?.ok_or_else(|| Problem::missing("an article has left the window"))?;
    fresh(&headers, &page)
}

/// An article with its text, prepared.
struct Side {
    shard: u32,
    desk: Arc<Desk>,
    sequence: Sequence,
    article: Article,
    prepared: Box<Prepared>,
}

impl Side {
    fn row(&self) -> Option<ArticleRow> {
        At { shard: self.shard, desk: &self.desk }.row_at(self.sequence)
    }
}

fn pair<'a>(a: &'a Side, b: &'a Side) -> Pair<'a> {
    let arrived = |side: &Side| {
        side.desk.article(side.sequence).map(|article| article.entry.arrived).unwrap_or_default()
    };
    Pair { a: (&a.prepared, arrived(a)), b: (&b.prepared, arrived(b)) }
}

impl Api {
    /// The article of an id, with its text.
    async fn side(&self, id: &str) -> Result<Side, Problem> {
        let (shard, desk, sequence) = self.place(id)?;
        let texts = self.source.texts.as_ref();
        let texts = texts.ok_or_else(|| Problem::later("article text is not read here", 60))?;
        let missing = || Problem::missing(format!("no live article `{id}`"));
        let at = desk.article(sequence).ok_or_else(missing)?.entry.input.clone();
        let engine = self.source.engine.clone();
        let article = texts.article(&at, self.source.format, &engine).await;
        let article = article.map_err(|why| match why {
            texts::Error::Passed | texts::Error::Different => {
                Problem::new(StatusCode::GONE, why.to_string())
            }
            texts::Error::Busy | texts::Error::Unread(_) => Problem::later(why.to_string(), 2),
        })?;
        let (key, copy) = (desk.key, article.clone());
        let prepared = self.work(move || Box::new(prepare(copy, &engine, key))).await?;
        Ok(Side { shard, desk, sequence, article, prepared })
    }

    /// The articles that the parameters `a` and `b` name.
    async fn sides(&self, params: &Params) -> Result<(Side, Side), Problem> {
        let (a, b) = (params.needed("a")?, params.needed("b")?);
        Ok((self.side(a).await?, self.side(b).await?))
    }

    /// The score of two articles by the frequencies of their shard.
    async fn together(
        &self,
        a: &Side,
        b: &Side,
    ) -> Result<(crate::engine::story::Together, usize), String> {
        if a.shard != b.shard {
            return Err("the articles are of two shards, which share no stories".into());
        }
        let sides = [a, b].map(|side| (side.prepared.terms.clone(), side.prepared.about.claimed));
        let pair = asks::Pair { sides, language: b.prepared.about.language };
        let (answer, answered) = oneshot::channel();
        let asked = self.source.desks.ask(b.shard, Ask::Together(Box::new(pair), answer));
        asked.map_err(|why| why.to_string())?;
        match tokio::time::timeout(WITHIN, answered).await {
            Ok(Ok(told)) => Ok(told),
            Ok(Err(_)) => Err(Refused::Nobody.to_string()),
            Err(_) => Err("the pipeline did not answer in time".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_from_what_was_compared() {
        for (all, compared, want) in [
            (&b"abcd"[..], &b"abcd"[..], 0),
            (b"xxabcd", b"abcd", 2),
            (b"xxabcdyy", b"abcd", 2),
            (b"other", b"abcd", 0),
            (b"ab", b"abcd", 0),
            (b"", b"", 0),
        ] {
            assert_eq!(taken_off(all, compared), want, "{all:?}");
        }
    }

    #[test]
    fn bytes_are_counted_as_pages_count() {
        let text = format!("{}\u{1f6a2}\u{e9}x", "a".repeat(300));
        let units = Units::of(&text);
        for (at, _) in text.char_indices().chain([(text.len(), ' ')]) {
            assert_eq!(units.at(at), text[..at].encode_utf16().count(), "{at}");
        }
    }
}
