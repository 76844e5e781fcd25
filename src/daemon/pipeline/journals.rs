//! Which journals lie in the changelog, and which of them the window has passed.
//!
//! In: the number and clock of every batch, rising. Out: the batches to tombstone. Batches of the
//! same minute share one entry, so a window of 120 h costs at most 7,200 entries however often is
//! committed; the journals of a minute go when its last one may.

use super::broker::Fault;
use super::memory::stop;
use super::record::{self, Journal};
use std::collections::{BTreeMap, VecDeque};
use wirefold_engine::article::{EventTime, Span};

const MINUTE_MS: i64 = 60_000;

/// The journals in the changelog, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Journals(VecDeque<Minute>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Minute {
    minute: i64,
    first: u64,
    last: u64,
}

impl Journals {
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<Minute>()
    }

    /// Takes note of a batch; batches and clocks rise.
    pub fn push(&mut self, batch: u64, clock: EventTime) {
        let minute = clock.0.div_euclid(MINUTE_MS);
        match self.0.back_mut() {
            Some(last) if last.minute >= minute => last.last = batch,
            _ => self.0.push_back(Minute { minute, first: batch, last: batch }),
        }
    }

    /// Forgets everything up to `batch`.
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

    /// Forgets and returns the batches that lie over `window` behind `clock`, `max` at most.
    pub fn passed(&mut self, clock: EventTime, window: Span, max: usize) -> Vec<u64> {
        let mut gone = Vec::new();
        while let Some(oldest) = self.0.front_mut() {
            let ends = EventTime((oldest.minute + 1).saturating_mul(MINUTE_MS));
            if clock.since(ends) <= window || gone.len() >= max {
                break;
            }
            gone.push(oldest.first);
            oldest.first += 1;
            if oldest.first > oldest.last {
                self.0.pop_front();
            }
        }
        gone
    }
}

/// Takes the journals out of `values`: those that lead without a gap to the last batch. Earlier ones are
/// passed, and only their tombstones are gone.
pub(super) fn taken(values: &mut BTreeMap<String, Vec<u8>>, last: u64) -> Result<Journals, Fault> {
    let mut found = values.split_off(record::JOURNAL);
    let mut others = found.split_off(&(record::JOURNAL.to_owned() + "~"));
    values.append(&mut others);
    let mut read = BTreeMap::new();
    for (key, value) in found {
        let batch = record::journal_batch(&key)
            .ok_or_else(|| Fault::Stop(format!("record `{key}` names no batch")))?;
        read.insert(batch, record::decode::<Journal>(&key, &value).map_err(stop)?.clock);
    }
    let first = (1..=last).rev().take_while(|batch| read.contains_key(batch)).last();
    if last > 0 && first.is_none() {
        let why = format!("the journal of batch {last}, the last one, is missing");
        return Err(stop(why));
    }
    let mut journals = Journals::default();
    let kept = first.into_iter().flat_map(|first| read.range(first..=last));
    kept.for_each(|(batch, clock)| journals.push(*batch, *clock));
    Ok(journals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_window_has_passed_goes_once_and_in_order() {
        let mut journals = Journals::default();
        let window = Span::minutes(10);
        for batch in 1..=100 {
            journals.push(batch, EventTime(batch as i64 * 20_000));
        }
        let minute = |n: i64| EventTime(n * MINUTE_MS);
        assert!(journals.passed(minute(11), window, 99).is_empty());
        assert_eq!(journals.passed(EventTime(11 * MINUTE_MS + 1), window, 99), [1, 2]);
        assert_eq!(journals.passed(EventTime(12 * MINUTE_MS + 1), window, 2), [3, 4], "bounded");
        assert_eq!(journals.passed(EventTime(12 * MINUTE_MS + 1), window, 99), [5]);
        assert_eq!(journals.passed(minute(1_000), window, 999).len(), 95);
        assert_eq!(journals, Journals::default());
    }
}
