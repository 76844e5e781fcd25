//! Tracks which journals are in the changelog, and which of them have left the window.
//!
//! In: the number and clock of every batch, in rising order. Out: the batches whose journals can
//! get a tombstone. Batches of the same minute share one entry, so a window of 120 h costs at most
//! 7,200 entries no matter how often the pipeline commits. The journals of a minute expire
//! together.

use super::broker::Fault;
use super::record::{self, Journal, stop};
use std::collections::VecDeque;
use wirefold_engine::article::{EventTime, Span};

const MINUTE_MS: i64 = 60_000;

/// The journals in the changelog, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Journals(VecDeque<Minute>);

/// The batches `first` to `last`, whose clocks are in the same minute.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Minute {
    /// Minutes since the epoch.
    minute: i64,
    first: u64,
    last: u64,
}

impl Journals {
    /// The size in memory, in bytes.
    pub fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<Minute>()
    }

    /// Adds a batch. Batch numbers and clocks must rise.
    pub fn push(&mut self, batch: u64, clock: EventTime) {
        let minute = clock.0.div_euclid(MINUTE_MS);
        match self.0.back_mut() {
            Some(last) if last.minute >= minute => last.last = batch,
            _ => self.0.push_back(Minute { minute, first: batch, last: batch }),
        }
    }

    /// Applies the journal records of a batch, or of the whole changelog up to batch `last`, in
    /// order of their keys. If a batch number is missing, all journals before the gap have expired:
    /// compaction has removed the tombstones of later journals, but not yet these journals.
    ///
    /// # Errors
    /// [`Fault::Stop`] when a record is not readable, or the journal of the last batch is missing.
    pub(super) fn follow(
        &mut self,
        records: Vec<(String, Option<Vec<u8>>)>,
        last: u64,
    ) -> Result<(), Fault> {
        for (key, value) in records {
            let batch = record::journal_batch(&key).ok_or_else(|| {
                Fault::stop(format!(
                    "the key of changelog record `{key}` does not contain a batch number"
                ))
            })?;
            let Some(value) = value else {
                self.forget(batch);
                continue;
            };
            if self.last().is_some_and(|last| last + 1 != batch) {
                self.0.clear();
            }
            self.push(batch, record::decode::<Journal>(&key, &value).map_err(stop)?.clock);
        }
        match last > 0 && self.last() != Some(last) {
            true => Err(stop(format!("the journal of its last batch, {last}, is missing"))),
            false => Ok(()),
        }
    }

    /// The newest batch.
    fn last(&self) -> Option<u64> {
        self.0.back().map(|minute| minute.last)
    }

    /// Removes all batches up to and including `batch`.
    pub fn forget(&mut self, batch: u64) {
        while let Some(oldest) = self.0.front_mut().filter(|minute| minute.first <= batch) {
            oldest.first = oldest.first.max(batch + 1);
            if oldest.first > oldest.last {
                self.0.pop_front();
            } else {
                break;
            }
        }
    }

    /// Removes and returns at most `max` batches that are more than `window` older than `clock`.
    pub fn take_expired(&mut self, clock: EventTime, window: Span, max: usize) -> Vec<u64> {
        let mut expired = Vec::new();
        while let Some(oldest) = self.0.front_mut() {
            let ends = EventTime((oldest.minute + 1).saturating_mul(MINUTE_MS));
            if clock.since(ends) <= window || expired.len() >= max {
                break;
            }
            expired.push(oldest.first);
            oldest.first += 1;
            if oldest.first > oldest.last {
                self.0.pop_front();
            }
        }
        expired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expired_journals_are_returned_once_and_in_order() {
        let mut journals = Journals::default();
        let window = Span::minutes(10);
        for batch in 1..=100 {
            journals.push(batch, EventTime(batch as i64 * 20_000));
        }
        let minute = |n: i64| EventTime(n * MINUTE_MS);
        assert!(journals.take_expired(minute(11), window, 99).is_empty());
        assert_eq!(journals.take_expired(EventTime(11 * MINUTE_MS + 1), window, 99), [1, 2]);
        assert_eq!(
            journals.take_expired(EventTime(12 * MINUTE_MS + 1), window, 2),
            [3, 4],
            "at most `max`"
        );
        assert_eq!(journals.take_expired(EventTime(12 * MINUTE_MS + 1), window, 99), [5]);
        assert_eq!(journals.take_expired(minute(1_000), window, 999).len(), 95);
        assert_eq!(journals, Journals::default());
    }
}
