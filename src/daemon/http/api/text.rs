//! The text of an article with its passages, read from the input topic by position. Also contains
//! the functions with which `diff` and `why` read two texts.

use super::query::Id;
use super::rows::{ArticleRef, ArticleRow, article_id};
use super::{Api, LocatedArticle, Params, Problem};
use crate::daemon::article_text;
use crate::daemon::http::response::{ApiResult, Unread, fresh};
use crate::daemon::publish::data::{TextRange, TextUnit};
use crate::daemon::publish::why::PreparedPair;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use std::ops::Range;
use utoipa::ToSchema;
use wirefold_engine::article::Article;
use wirefold_engine::prepare::{Prepared, prepare};
use wirefold_engine::verdict::Kind;

/// A live article with its text.
pub(super) struct ArticleText {
    /// The article in its snapshot.
    pub(super) located: LocatedArticle,
    /// The article as decoded from the input record.
    article: Article,
    /// The article prepared for comparison.
    pub(super) prepared: Box<Prepared>,
}

impl ArticleText {
    /// The article as the API sends it.
    pub(super) fn row(&self) -> ArticleRow {
        self.located.row()
    }
}

/// Two articles for the engine to compare, the earlier one first.
pub(super) fn pair<'a>(a: &'a ArticleText, b: &'a ArticleText) -> PreparedPair<'a> {
    let arrived = |of: &ArticleText| of.located.article.entry.arrived;
    PreparedPair { a: (&a.prepared, arrived(a)), b: (&b.prepared, arrived(b)) }
}

impl Api {
    /// The article with this id, with its text.
    pub(super) async fn text(&self, id: &str) -> Result<ArticleText, Problem> {
        let found = self.article(id)?;
        let texts = self.source.texts.as_ref();
        let texts =
            texts.ok_or_else(|| Problem::later("this instance cannot read article text", 60))?;
        let engine = self.source.engine.clone();
        let at = &found.article.entry.input;
        let article = texts.article(at, self.source.format, &engine).await;
        let article = article.map_err(|why| match why {
            article_text::Error::Passed | article_text::Error::Different => {
                Problem::new(StatusCode::GONE, why.to_string())
            }
            article_text::Error::Busy | article_text::Error::Unread(_) => {
                Problem::later(why.to_string(), 2)
            }
        })?;
        let (key, copy) = (found.desk.key, article.clone());
        let prepared = self.work(move || Box::new(prepare(copy, &engine, key))).await?;
        Ok(ArticleText { located: found, article, prepared })
    }

    /// The articles given by the parameters `a` and `b`. No other parameters are allowed.
    pub(super) async fn texts(
        &self,
        params: &Params,
    ) -> Result<(ArticleText, ArticleText), Problem> {
        params.only(&["a", "b"])?;
        let (a, b) = (params.needed("a")?, params.needed("b")?);
        Ok((self.text(a).await?, self.text(b).await?))
    }
}

/// The text of an article.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TextPage {
    /// The article's id.
    id: String,
    /// The main headline; may be empty.
    headline: String,
    /// The text without markup and boilerplate. Paragraphs are separated by newlines.
    text: String,
    /// The paragraphs of `text`. All ranges are in UTF-16 code units of `text`, from the first to
    /// the position after the last.
    paragraphs: Vec<[usize; 2]>,
    /// Passages that no earlier article in the window contains.
    new: Vec<[usize; 2]>,
    /// The paragraphs, as ranges with their unit.
    paragraph_ranges: Vec<TextRange>,
    /// The passages in `new`, as ranges with their unit.
    new_ranges: Vec<TextRange>,
    /// The figures in `numbers`, as ranges with their unit.
    number_ranges: Vec<TextRange>,
    /// Passages that other articles also contain and that explain the article's relations.
    shared: Vec<SharedRange>,
    /// The figures in the text.
    numbers: Vec<[usize; 2]>,
    /// The byline, as sent by the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    byline: Option<String>,
    /// The dateline, as sent by the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    dateline: Option<String>,
    /// The note to editors, as sent by the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    ednote: Option<String>,
    /// The usage terms, as sent by the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    usageterms: Option<String>,
}

/// A passage that another article also contains.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SharedRange {
    /// Start of the passage in `text`, in UTF-16 code units.
    start: usize,
    /// End of the passage (exclusive), in UTF-16 code units.
    end: usize,
    /// What `start` and `end` count: always `utf16`.
    unit: TextUnit,
    /// The other article.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<ArticleRef>,
    /// The kind of the relation that the passage explains.
    #[schema(value_type = String, example = "partial")]
    kind: Kind,
}

/// The text of an article, read from the input topic, with its new and shared passages.
#[utoipa::path(
    get,
    path = "/api/v1/articles/{id}/text",
    operation_id = "getText",
    tag = "articles",
    params(Id),
    responses(
        (status = 200, body = TextPage,
            description = "the text as published, with the shared passages"),
        Unread,
    )
)]
pub(super) async fn one(State(api): State<Api>, Id(id): Id, headers: HeaderMap) -> ApiResult {
    let text = api.text(&id).await?;
    let page = api.work(move || page(&text)).await?;
    fresh(&headers, &page)
}

fn page(of: &ArticleText) -> TextPage {
    let (article, new) = (&of.article, &of.prepared);
    let text = &new.clean.text;
    let units = Units::of(text);
    let entry = &of.located.article.entry;
    let before = stripped_words(&new.fingerprint.trace, &entry.print.trace);
    let run = |from: u32, to: u32| -> Option<[usize; 2]> {
        let start = new.words.spans.get(from as usize)?.0 as usize;
        let end = new.words.spans.get((to as usize).checked_sub(1)?)?.1 as usize;
        Some(units.range(start..end))
    };
    let words = |&(from, to): &(u32, u32)| run(from + before, to + before);
    let verdict = &entry.decision.verdict;
    let novelty = verdict.novelty.as_ref();
    let relations = std::iter::once(&verdict.relation).chain(&verdict.also);
    let at = of.located.at();
    let mut shared = Vec::new();
    for relation in relations {
        for passage in &relation.passages {
            let Some([start, end]) = words(&(passage.start_word, passage.end_word)) else {
                continue;
            };
            let of = at.target(relation.of.as_deref());
            let unit = TextUnit::Utf16;
            shared.push(SharedRange { start, end, unit, of, kind: relation.kind });
        }
    }
    let figures = new.fingerprint.figures.iter();
    let paragraphs: Vec<_> = paragraphs(text).map(|range| units.range(range)).collect();
    let fresh: Vec<_> =
        novelty.iter().flat_map(|novelty| &novelty.passages).filter_map(words).collect();
    let numbers: Vec<_> = figures.filter_map(|figure| run(figure.word, figure.word + 1)).collect();
    let ranges = |all: &[[usize; 2]]| all.iter().copied().map(TextRange::of_utf16).collect();
    TextPage {
        id: article_id(of.located.shard, of.located.sequence),
        headline: article.headline.clone(),
        paragraph_ranges: ranges(&paragraphs),
        new_ranges: ranges(&fresh),
        number_ranges: ranges(&numbers),
        paragraphs,
        new: fresh,
        shared,
        numbers,
        byline: article.byline.clone(),
        dateline: article.dateline.clone(),
        ednote: article.ednote.clone(),
        usageterms: article.usageterms.clone(),
        text: text.clone(),
    }
}

/// The number of words before the part of the text that was compared. Learned boilerplate is
/// removed from an article when it arrives, so the words in its verdict are counted without that
/// boilerplate.
fn stripped_words(all: &[u8], compared: &[u8]) -> u32 {
    let most = all.len().saturating_sub(compared.len());
    (0..=most).find(|&at| all[at..].starts_with(compared)).unwrap_or(0) as u32
}

/// The lines of a text that are not blank.
fn paragraphs(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    let lines = text.split('\n').map(move |line| {
        let start = at;
        at += line.len() + 1;
        start..start + line.len()
    });
    lines.filter(|range| !text[range.clone()].trim().is_empty())
}

/// Converts byte offsets to the UTF-16 code units in which JavaScript counts.
struct Units<'a> {
    /// The text.
    text: &'a str,
    /// For each block of bytes: the offset of its first character, and the number of UTF-16 code
    /// units before it.
    marks: Vec<(usize, usize)>,
}

/// Bytes per block.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_from_the_compared_text() {
        for (all, compared, want) in [
            (&b"abcd"[..], &b"abcd"[..], 0),
            (b"xxabcd", b"abcd", 2),
            (b"xxabcdyy", b"abcd", 2),
            (b"other", b"abcd", 0),
            (b"ab", b"abcd", 0),
            (b"", b"", 0),
        ] {
            assert_eq!(stripped_words(all, compared), want, "{all:?}");
        }
    }

    #[test]
    fn byte_offsets_convert_to_utf16_units() {
        let text = format!("{}\u{1f6a2}\u{e9}x", "a".repeat(300));
        let units = Units::of(&text);
        for (at, _) in text.char_indices().chain([(text.len(), ' ')]) {
            assert_eq!(units.at(at), text[..at].encode_utf16().count(), "{at}");
        }
    }
}
