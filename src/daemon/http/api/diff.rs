//! Compares two texts word by word.

use super::rows::ArticleRow;
use super::text::pair;
use super::{Api, Params};
use crate::daemon::http::response::{ApiResult, Unread, fresh};
use crate::daemon::publish::why::{self, Figures};
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};
use std::time::{Duration, Instant};
use utoipa::ToSchema;
use wirefold_engine::prepare::Prepared;

/// Time limit for the word-by-word comparison. What has not been compared by then is reported as
/// replaced.
const DIFF_WITHIN: Duration = Duration::from_millis(500);

/// The difference between two texts, word by word.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DiffPage {
    /// The article `a`.
    a: ArticleRow,
    /// The article `b`.
    b: ArticleRow,
    /// The edits that turn the text of `a` into the text of `b`, in order.
    ops: Vec<Op>,
    /// Figures whose value differs between two places that the engine aligned.
    changed_numbers: Vec<Figures>,
    /// Share of both texts that is equal, from 0 to 1.
    same: f64,
    /// Hamming distance of the two SimHashes, in bits (0 to 64); absent if the texts were not
    /// compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    hamming: Option<u32>,
}

/// One edit.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Op {
    /// `equal`, `delete` (only `a` contains the text) or `insert` (only `b` contains the text).
    op: &'static str,
    /// The text.
    text: String,
    /// Whether this is a figure that has another value in the aligned place of the other text.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    number: bool,
}

/// The difference between two texts, word by word.
#[utoipa::path(
    get,
    path = "/api/v1/diff",
    operation_id = "getDiff",
    tag = "articles",
    params(
        ("a" = String, Query, min_length = 1, description = "id of an article"),
        ("b" = String, Query, min_length = 1, description = "id of another article"),
    ),
    responses(
        (status = 200, body = DiffPage, description = "the texts of two articles, word by word"),
        Unread,
    )
)]
pub(super) async fn two(State(api): State<Api>, params: Params, headers: HeaderMap) -> ApiResult {
    let (a, b) = api.texts(&params).await?;
    let settings = api.source.engine.clone();
    let page = api.work(move || {
        let explanation = pair(&a, &b).explain(&settings.verdict);
        let changed: Vec<(u32, u32)> = why::changed(&explanation).collect();
        let (ops, same) = ops(&a.prepared, &b.prepared, &changed, Instant::now() + DIFF_WITHIN);
        let texts = why::TextComparison::of(pair(&a, &b), &explanation);
        let (changed_numbers, hamming) = (texts.changed_numbers, texts.hamming);
        DiffPage { a: a.row(), b: b.row(), ops, changed_numbers, same, hamming }
    });
    fresh(&headers, &page.await?)
}

/// A piece of a text: a word, or the characters between two words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct DiffToken<'a> {
    /// The characters.
    text: &'a str,
    /// Whether this is a figure that has another value in the other text. The two figures of such a
    /// pair never compare as equal, so that a changed figure always shows as changed.
    changed: bool,
}

/// Splits a text into words and the characters between them. `changed` lists its changed figures.
fn tokens<'a>(of: &'a Prepared, changed: &[u32]) -> Vec<DiffToken<'a>> {
    let text = of.clean.text.as_str();
    let (mut tokens, mut at) = (Vec::with_capacity(of.words.spans.len() * 2 + 1), 0);
    for (n, &(from, to)) in of.words.spans.iter().enumerate() {
        let (from, to) = (from as usize, to as usize);
        let (Some(between), Some(word)) = (text.get(at..from), text.get(from..to)) else {
            continue;
        };
        if !between.is_empty() {
            tokens.push(DiffToken { text: between, changed: false });
        }
        tokens.push(DiffToken { text: word, changed: changed.contains(&(n as u32)) });
        at = to;
    }
    if let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        tokens.push(DiffToken { text: rest, changed: false });
    }
    tokens
}

/// The edits that turn `a` into `b`, and the share of both texts that is equal. `changed` lists the
/// changed figures as pairs of word indices, the first in `a` and the second in `b`.
fn ops(a: &Prepared, b: &Prepared, changed: &[(u32, u32)], until: Instant) -> (Vec<Op>, f64) {
    let (old, new): (Vec<u32>, Vec<u32>) = changed.iter().copied().unzip();
    let (old, new) = (tokens(a, &old), tokens(b, &new));
    let found = capture_diff_slices_deadline(Algorithm::Myers, &old, &new, Some(until));
    let mut ops: Vec<Op> = Vec::new();
    let mut equal = 0;
    let mut push = |op: &'static str, tokens: &[DiffToken<'_>]| {
        for token in tokens {
            match ops.last_mut().filter(|last| last.op == op && !last.number && !token.changed) {
                Some(last) => last.text.push_str(token.text),
                None => ops.push(Op { op, text: token.text.into(), number: token.changed }),
            }
        }
    };
    for op in found {
        match op {
            DiffOp::Equal { old_index, len, .. } => {
                let same = &old[old_index..old_index + len];
                equal += 2 * same.iter().map(|token| token.text.len()).sum::<usize>();
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
