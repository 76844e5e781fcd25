//! Articles that wait for the end of their embargo before they go on to `wire.unique`.
//!
//! In: an article whose verdict says that it waits. Out: its input position, when the engine's clock
//! reaches the end of the embargo, unless it was withdrawn or replaced meanwhile. The shell keeps the
//! bytes. Each is a record of its own, so that a wait outlives the window.

use super::{RecordChange, State};
use crate::article::{About, EventTime, InputPosition, Sequence};
use crate::verdict::{Pass, Validity, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An article that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EmbargoedArticle {
    /// Where its bytes came from.
    pub(super) input: InputPosition,
    /// The end of its embargo.
    pub(super) until: EventTime,
}

/// An article whose embargo has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiftedEmbargo {
    /// Where its bytes came from.
    pub input: InputPosition,
    /// How it stands by now.
    pub standing: Validity,
}

impl LiftedEmbargo {
    /// Whether it goes on: what was withdrawn or replaced while it waited does not.
    pub fn stands(&self) -> bool {
        self.standing == Validity::Stands
    }
}

/// What waits, by the end of its embargo.
#[derive(Debug, Default)]
pub(super) struct EmbargoQueue {
    waiting: BTreeMap<(EventTime, Sequence), InputPosition>,
}

impl EmbargoQueue {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// When the next one is free.
    pub(super) fn due(&self) -> Option<EventTime> {
        self.waiting.first_key_value().map(|((until, _), _)| *until)
    }

    /// Bytes held, about; the topic is shared.
    pub(super) fn bytes(&self) -> usize {
        self.waiting.len() * size_of::<(EventTime, Sequence, InputPosition)>() * 2
    }

    pub(super) fn put(&mut self, own: Sequence, waiting: EmbargoedArticle) {
        self.waiting.insert((waiting.until, own), waiting.input);
    }

    /// Follows another instance, where it waits no more.
    pub(super) fn drop_record(&mut self, own: Sequence) {
        self.waiting.retain(|(_, sequence), _| *sequence != own);
    }

    /// The next that is free at `clock`.
    pub(super) fn lift(&mut self, clock: EventTime) -> Option<(Sequence, InputPosition)> {
        let (&(until, own), _) = self.waiting.first_key_value()?;
        if until > clock {
            return None;
        }
        Some((own, self.waiting.remove(&(until, own))?))
    }
}

impl State {
    /// The input positions of the articles that wait.
    pub fn waiting(&self) -> impl Iterator<Item = &InputPosition> {
        self.embargo.waiting.values()
    }

    /// Notes that an article waits for the end of its embargo, while there is room.
    pub(super) fn wait(
        &mut self,
        about: &About,
        verdict: &mut Verdict,
        sequence: Sequence,
        input: &InputPosition,
    ) {
        let (Pass::Embargoed, Some(until)) = (verdict.pass, about.embargoed) else { return };
        if self.embargo.len() >= self.settings.embargoed_max as usize {
            verdict.pass = Pass::Held;
            self.tally.embargoes_dropped += 1;
            return;
        }
        let waiting = EmbargoedArticle { input: input.clone(), until };
        self.changes.push(RecordChange::embargo(sequence, Some(&waiting)));
        self.embargo.put(sequence, waiting);
    }

    /// Frees what the clock has freed.
    pub(super) fn lift(&mut self) {
        while let Some((sequence, input)) = self.embargo.lift(self.clock) {
            self.changes.push(RecordChange::embargo(sequence, None));
            let live = self.live.get(sequence).map(|entry| entry.standing);
            let past = || self.past.get(sequence).map(|identity| identity.standing);
            let standing = live.or_else(past).unwrap_or_default();
            self.lifted.push(LiftedEmbargo { input, standing });
        }
    }
}
