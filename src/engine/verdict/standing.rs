//! Standing lines: sentences that a desk puts at the end or the start of all its alerts, whatever
//! their subject. An article that shares only such a line with a withdrawn article does not carry
//! the withdrawn text.
//!
//! ```text
//! Ferry aground off Marel. More follows; this is breaking news from our desk.      withdrawn
//! Court frees banker. More follows; this is breaking news from our desk.           carries nothing
//! ```
//!
//! A shared passage is a standing line if it is short, is at the same edge of both texts, and the
//! articles are about different subjects. Within one publisher that is enough, because a sender
//! does not resend text that it has withdrawn. For an article of another publisher, the line must
//! also be in a third article that is about another subject and still valid.

use super::archive::{Arrival, same_provider};
use super::types::{Kind, Validity};
use super::{VerifiedCandidate, subject};

/// Maximum number of words in a standing line.
const LINE_WORDS_MAX: u32 = 30;
/// Maximum number of words, such as an editor's initials, that may follow or precede a standing
/// line.
const SIGNATURE_WORDS: u32 = 3;

/// Whether `new` shares only a standing line with the candidate `with`. `all` contains the
/// comparisons with all candidates.
pub(super) fn is_line(
    new: Arrival<'_>,
    with: &VerifiedCandidate<'_>,
    all: &[VerifiedCandidate<'_>],
) -> bool {
    if !shares_line(new, with) {
        return false;
    }
    let third = |v: &&VerifiedCandidate<'_>| {
        v.that.validity == Validity::Valid
            && v.that.about.uri != with.that.about.uri
            && v.that.about.headline != with.that.about.headline
            && shares_line(new, v)
    };
    same_provider(new.about, with.that.about) || all.iter().any(|v| third(&v))
}

/// Whether all that `new` shares with another article is a short passage at the same edge of both,
/// and they are about different subjects.
fn shares_line(new: Arrival<'_>, with: &VerifiedCandidate<'_>) -> bool {
    let (new_words, old_words) = (new.print.words() as u32, with.that.print.words() as u32);
    let runs = &with.comparison.alignment.runs;
    let edge = |left: u32, right: u32| left <= SIGNATURE_WORDS && right <= SIGNATURE_WORDS;
    let at_start = || runs.iter().all(|run| edge(run.new, run.old));
    let at_end = || {
        let left = |end: u32, words: u32| words.saturating_sub(end);
        runs.iter().all(|run| edge(left(run.new_end(), new_words), left(run.old_end(), old_words)))
    };
    with.kind == Kind::Partial
        && !runs.is_empty()
        && runs.iter().all(|run| run.len <= LINE_WORDS_MAX)
        && (at_end() || at_start())
        && !subject::agrees(new, with.that)
}
