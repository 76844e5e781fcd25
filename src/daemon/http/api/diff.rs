//! Two texts side by side, word by word.

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

/// How long two texts may be compared word by word; what is left then is told as replaced.
const DIFF_WITHIN: Duration = Duration::from_millis(500);

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
        Unread,
    )
)]
pub(super) async fn two(State(api): State<Api>, params: Params, headers: HeaderMap) -> ApiResult {
    let (a, b) = api.texts(&params).await?;
    let settings = api.source.engine.clone();
    let page = api.work(move || {
        let told = pair(&a, &b).explain(&settings.relation);
        let changed: Vec<(u32, u32)> = why::changed(&told).collect();
        let (ops, same) = ops(&a.prepared, &b.prepared, &changed, Instant::now() + DIFF_WITHIN);
        let changed_numbers = why::TextComparison::of(pair(&a, &b), &told).changed_numbers;
        DiffPage { a: a.row(), b: b.row(), ops, changed_numbers, same }
    });
    fresh(&headers, &page.await?)
}

/// A piece of a text: a word, or what stands between two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct DiffToken<'a> {
    text: &'a str,
    /// Whether it is a figure that has another value in the other text. Two of them never are equal, so
    /// that a figure that changed shows as such wherever it stands.
    changed: bool,
}

/// A text in words and what stands between them.
fn pieces<'a>(of: &'a Prepared, changed: &[u32]) -> Vec<DiffToken<'a>> {
    let text = of.clean.text.as_str();
    let (mut pieces, mut at) = (Vec::with_capacity(of.words.spans.len() * 2 + 1), 0);
    for (n, &(from, to)) in of.words.spans.iter().enumerate() {
        let (from, to) = (from as usize, to as usize);
        let (Some(between), Some(word)) = (text.get(at..from), text.get(from..to)) else {
            continue;
        };
        if !between.is_empty() {
            pieces.push(DiffToken { text: between, changed: false });
        }
        pieces.push(DiffToken { text: word, changed: changed.contains(&(n as u32)) });
        at = to;
    }
    if let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        pieces.push(DiffToken { text: rest, changed: false });
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
    let mut push = |op: &'static str, pieces: &[DiffToken<'_>]| {
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
