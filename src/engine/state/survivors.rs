//! Decides which copy of a text stays in the unique topic.
//!
//! In: a copy that brings nothing new. Out: the article that it replaces in the unique topic, if
//! any.
//!
//! ```text
//! survivor = longest
//! nw-1    original, 120 words               forwarded
//! bay-1   duplicate of nw-1, 120 words      not forwarded
//! hill-1  expansion of nw-1, 130 words      forwarded, replaces nw-1
//! coast-1 expansion of hill-1, 134 words    forwarded, replaces hill-1
//! ```
//!
//! The *head* of a text is the article that was forwarded because it was news: `nw-1`. Copies with
//! the same head replace each other, so a consumer keeps one article for each head, and an
//! expansion that was news itself is never replaced by a copy of a shorter text. An update or
//! correction of a head replaces the copy that has replaced that head.
//!
//! Invariants: SU-1 an article is replaced at most once; SU-2 the survivors are a function of the
//! live articles: each is the newest live copy that was forwarded under its head, or the head if
//! there is none.
//!
//! Cost: nothing if the first copy survives and no publisher is preferred. Otherwise, one table
//! entry for each text with a forwarded copy, and for each copy a walk along its chain of copies to
//! the head.
//!
//! Deliberately absent: forwarding a copy whose head cannot be reached because articles between
//! copy and head have left the window.

use super::entry::Entry;
use super::{LiveArticles, State};
use crate::article::{PreferredPublishers, Sequence};
use crate::prepare::Prepared;
use crate::verdict::{Kind, Pass, Relation, Replacement, SurvivorChoice, Validity, Verdict};
use rustc_hash::FxHashMap;

/// Maximum number of links from a copy to the head of its text. A copy that is further away is not
/// forwarded.
const LINKS_MAX: usize = 1_000;

/// The newest copy forwarded under each head; heads that no copy replaced have no entry.
#[derive(Debug, Default)]
pub(super) struct Survivors(FxHashMap<Sequence, Sequence>);

impl Survivors {
    pub(super) fn bytes(&self) -> usize {
        self.0.capacity() * (size_of::<(Sequence, Sequence)>() + 1)
    }

    /// Records a new live article.
    pub(super) fn push(&mut self, own: Sequence, entry: &Entry) {
        if let Some(head) = head_of_copy(entry) {
            self.0.insert(head, own);
        }
    }

    /// Forgets the oldest live article.
    pub(super) fn pop(&mut self, own: Sequence, entry: &Entry) {
        if let Some(head) = head_of_copy(entry).filter(|head| self.0.get(head) == Some(&own)) {
            self.0.remove(&head);
        }
    }
}

/// Whether an article of this kind contains the whole text of its match.
fn is_whole_copy(kind: Kind) -> bool {
    matches!(kind, Kind::Duplicate | Kind::Reprint | Kind::Expansion)
}

/// The head of a copy that was forwarded in place of another article.
fn head_of_copy(entry: &Entry) -> Option<Sequence> {
    match &entry.decision.verdict.pass {
        Pass::Replacement(replacement) => replacement.head,
        _ => None,
    }
}

/// The properties of a copy that decide whether it becomes the survivor.
#[derive(Debug, Clone, Copy)]
struct TextCopy<'a> {
    provider: Option<&'a str>,
    words: usize,
}

/// Whether a new copy of a text replaces `that`, the copy that is in the unique topic.
fn is_better(
    new: TextCopy<'_>,
    that: TextCopy<'_>,
    choice: SurvivorChoice,
    preferred: &PreferredPublishers,
) -> bool {
    let [place, before] = [new, that].map(|copy| preferred.place(copy.provider));
    match choice {
        _ if place != before => place < before,
        SurvivorChoice::First => false,
        SurvivorChoice::Newest => true,
        SurvivorChoice::Longest => new.words > that.words,
    }
}

/// Whether a new version with this relation makes the earlier version invalid.
fn supersedes(relation: &Relation) -> bool {
    match relation.kind {
        Kind::Correction => true,
        Kind::Update => relation.rule != "take" && relation.rule != "late-version",
        _ => false,
    }
}

impl LiveArticles {
    /// The head of an article's text. The head may have left the window.
    fn head(&self, of: Sequence) -> Option<Sequence> {
        let mut at = of;
        for _ in 0..LINKS_MAX {
            let verdict = &self.get(at)?.decision.verdict;
            match &verdict.pass {
                Pass::Yes | Pass::Embargoed => return Some(at),
                Pass::Replacement(replacement) => return Some(replacement.head.unwrap_or(at)),
                Pass::Repeat | Pass::Held => {}
            }
            let kind = verdict.relation.kind;
            if !is_whole_copy(kind) && kind != Kind::Redelivery {
                return None;
            }
            at = verdict.relation.of.as_ref()?.sequence?;
        }
        None
    }
}

impl State {
    /// The article that `new` replaces in the unique topic, given the `verdict` on `new` so far.
    pub(super) fn replacement(&self, new: &Prepared, verdict: &Verdict) -> Option<Replacement> {
        let unique = &self.settings.verdict.unique;
        let choice = unique.survivor;
        let preferred = &self.settings.preferred_publishers;
        if choice == SurvivorChoice::First && preferred.is_empty() {
            return None;
        }
        let relation = &verdict.relation;
        let of = relation.of.as_ref()?.sequence?;
        let head = self.live.head(of)?;
        let survivor = self.live.survivors.0.get(&head).copied().unwrap_or(head);
        let that = self.live.get(survivor)?;
        let waits = verdict.pass == Pass::Repeat && unique.waits(new.about.embargoed, self.clock);
        if waits || !self.is_replaceable(of, head, that) || that.about.uri == new.about.uri {
            return None;
        }
        let new_copy =
            TextCopy { provider: new.about.provider.as_deref(), words: new.fingerprint.words() };
        let old_copy =
            TextCopy { provider: that.about.provider.as_deref(), words: that.print.words() };
        let replaces = match verdict.pass {
            Pass::Repeat => {
                is_whole_copy(relation.kind) && is_better(new_copy, old_copy, choice, preferred)
            }
            Pass::Yes => supersedes(relation) && of == head && survivor != head,
            _ => false,
        };
        let head = Some(head).filter(|_| verdict.pass == Pass::Repeat);
        replaces.then(|| Replacement { of: that.about.key(), head })
    }

    /// Whether `that`, the survivor of the copies of `head`, can be replaced by an article that
    /// relates to the article at `of`: all three (`of`, `head` and `that`) are valid, and `that` is
    /// in the unique topic.
    fn is_replaceable(&self, of: Sequence, head: Sequence, that: &Entry) -> bool {
        let live = |at| self.live.get(at).map(|entry| entry.standing);
        let past = || self.identities.get(head).map(|identity| identity.standing);
        let valid = |standing: Option<Validity>| standing == Some(Validity::Valid);
        let head = live(head).or_else(past).unwrap_or_default();
        let unique = &self.settings.verdict.unique;
        let unpublished = that.decision.verdict.pass == Pass::Embargoed
            && unique.waits(that.about.embargoed, self.clock);
        valid(live(of)) && valid(Some(head)) && valid(Some(that.standing)) && !unpublished
    }
}
