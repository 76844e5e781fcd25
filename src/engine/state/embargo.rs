//! Embargoes: articles that wait for the end of their embargo before they go to the unique topic.
//!
//! In: an article whose verdict says that it waits. Out: its input position, once the engine clock
//! reaches the end of the embargo, and whether the article is still valid by then. The daemon keeps
//! the bytes of the article. Each waiting article has its own record, so it can wait longer than
//! the window.

use super::{RecordChange, State};
use crate::article::{ArticleMetadata, EventTime, InputPosition, Sequence};
use crate::verdict::{Pass, Validity, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An article that waits for the end of its embargo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EmbargoedArticle {
    /// The input position of its bytes.
    pub(super) input: InputPosition,
    /// The end of its embargo.
    pub(super) until: EventTime,
}

/// An article whose embargo has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiftedEmbargo {
    /// The input position of its bytes.
    pub input: InputPosition,
    /// The article's validity.
    pub standing: Validity,
}

impl LiftedEmbargo {
    /// Whether the article is published: false if it was withdrawn or replaced while it waited.
    pub fn is_valid(&self) -> bool {
        self.standing == Validity::Valid
    }
}

/// The waiting articles.
#[derive(Debug, Default)]
pub(super) struct EmbargoQueue {
    /// Input positions by end of embargo and sequence.
    waiting: BTreeMap<(EventTime, Sequence), InputPosition>,
}

impl EmbargoQueue {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The earliest end of an embargo.
    pub(super) fn due(&self) -> Option<EventTime> {
        self.waiting.first_key_value().map(|((until, _), _)| *until)
    }

    /// Approximate bytes in use; topic names are shared and do not count.
    pub(super) fn bytes(&self) -> usize {
        self.waiting.len() * size_of::<(EventTime, Sequence, InputPosition)>() * 2
    }

    pub(super) fn put(&mut self, own: Sequence, waiting: EmbargoedArticle) {
        self.waiting.insert((waiting.until, own), waiting.input);
    }

    /// Removes an article because another instance recorded that it no longer waits.
    pub(super) fn drop_record(&mut self, own: Sequence) {
        self.waiting.retain(|(_, sequence), _| *sequence != own);
    }

    /// Removes and returns the next article whose embargo has ended at `clock`.
    pub(super) fn lift(&mut self, clock: EventTime) -> Option<(Sequence, InputPosition)> {
        let (&(until, own), _) = self.waiting.first_key_value()?;
        if until > clock {
            return None;
        }
        Some((own, self.waiting.remove(&(until, own))?))
    }
}

impl State {
    /// The input positions of the waiting articles.
    pub fn waiting(&self) -> impl Iterator<Item = &InputPosition> {
        self.embargo.waiting.values()
    }

    /// Adds an article whose verdict says that it waits. If `embargoed_max` articles are already
    /// waiting, it is permanently held instead.
    pub(super) fn queue_embargoed(
        &mut self,
        about: &ArticleMetadata,
        verdict: &mut Verdict,
        sequence: Sequence,
        input: &InputPosition,
    ) {
        let (Pass::Embargoed, Some(until)) = (&verdict.pass, about.embargoed) else { return };
        if self.embargo.len() >= self.settings.tuning.embargoed_max as usize {
            verdict.pass = Pass::Held;
            self.outcome.tally.embargoes_dropped += 1;
            return;
        }
        let waiting = EmbargoedArticle { input: input.clone(), until };
        self.outcome.changes.push(RecordChange::embargo(sequence, Some(&waiting)));
        self.embargo.put(sequence, waiting);
    }

    /// Lifts the embargoes that have ended.
    pub(super) fn lift(&mut self) {
        while let Some((sequence, input)) = self.embargo.lift(self.clock) {
            self.outcome.changes.push(RecordChange::embargo(sequence, None));
            self.live.lift(sequence);
            if let Some(entry) = self.live.get(sequence) {
                self.outcome.changes.push(RecordChange::article(sequence, entry));
                self.outcome.touched.article(sequence);
            } else if self.identities.lift(sequence) {
                let identity = self.identities.get(sequence);
                self.outcome.changes.push(RecordChange::identity(sequence, identity));
            }
            let live = self.live.get(sequence).map(|entry| entry.standing);
            let past = || self.identities.get(sequence).map(|identity| identity.standing);
            let standing = live.or_else(past).unwrap_or_default();
            self.outcome.lifted.push(LiftedEmbargo { input, standing });
        }
    }
}
