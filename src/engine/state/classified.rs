//! The event of a classified article, with the ranges of its verdict converted to positions in the
//! published body.

use crate::article::{Article, Body};
use crate::event::{Classified, VerdictMentions};
use crate::prepare::Prepared;
use crate::text::{Clean, Words};
use crate::verdict::Verdict;

/// The event, without its story and without the mentions of other articles. Moves the article out
/// of `new`; its body is dropped, because events do not contain it.
pub(super) fn classified(new: &mut Prepared, verdict: Verdict) -> Classified {
    let article = Article { body: Body::default(), ..std::mem::take(&mut new.article) };
    let ranges =
        |runs: &mut dyn Iterator<Item = (u32, u32)>| published(runs, &new.words, &new.clean);
    let new_passages = verdict.novelty.iter().flat_map(|n| n.passages.iter().copied());
    let relations = std::iter::once(&verdict.relation).chain(&verdict.also);
    Classified {
        article,
        about: new.about.clone(),
        words: new.fingerprint.words() as u32,
        simhash: new.fingerprint.simhash,
        new_passages: ranges(&mut new_passages.clone()),
        passages: relations
            .map(|r| ranges(&mut r.passages.iter().map(|p| (p.start_word, p.end_word))))
            .collect(),
        story: None,
        mentions: VerdictMentions::default(),
        verdict,
    }
}

/// Converts word runs to character ranges of the published body.
fn published(
    runs: &mut dyn Iterator<Item = (u32, u32)>,
    words: &Words,
    clean: &Clean,
) -> Vec<(u32, u32)> {
    runs.filter_map(|(from, to)| {
        let start = words.spans.get(from as usize)?.0;
        let end = words.spans.get((to as usize).checked_sub(1)?)?.1;
        Some((clean.published(start as usize), clean.published(end as usize)))
    })
    .collect()
}
