//! Throttles repeated warnings.
//!
//! In: the text of a warning. Out: whether to log it now, and how many equal ones were left out
//! since the last time. The first of equal texts is logged at once, the next after 30 s; the pause
//! doubles up to eight minutes while the text keeps coming, and starts over once it has stayed away
//! that long.
//!
//! Texts that differ in numbers only (durations, offsets, ports) count as equal.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const PAUSE_MIN: Duration = Duration::from_secs(30);
const PAUSE_MAX: Duration = Duration::from_secs(8 * 60);
/// How many different texts are remembered; beyond that the one logged longest ago is forgotten.
const TEXTS_MAX: usize = 256;

static REPEATS: Mutex<LogThrottle> = Mutex::new(LogThrottle { texts: BTreeMap::new() });

/// Calls `log` unless an equal text was logged a short while ago. `log` gets the number of equal
/// texts that were left out since, `None` if there were none.
pub(crate) fn throttled(text: &str, log: impl FnOnce(Option<u64>)) {
    let passed = {
        let mut repeats = REPEATS.lock().unwrap_or_else(PoisonError::into_inner);
        repeats.pass(text, Instant::now())
    };
    if let Some(left_out) = passed {
        log(Some(left_out).filter(|count| *count > 0));
    }
}

/// The texts that were logged lately.
#[derive(Debug, Default)]
struct LogThrottle {
    texts: BTreeMap<String, ThrottleEntry>,
}

#[derive(Debug)]
struct ThrottleEntry {
    logged: Instant,
    pause: Duration,
    left_out: u64,
}

impl LogThrottle {
    /// How many equal texts were left out since the last one that passed; `None` if this one is
    /// left out too.
    fn pass(&mut self, text: &str, now: Instant) -> Option<u64> {
        let key = without_numbers(text);
        if let Some(entry) = self.texts.get_mut(&key) {
            let since = now.saturating_duration_since(entry.logged);
            if since < entry.pause {
                entry.left_out += 1;
                return None;
            }
            let left_out = std::mem::take(&mut entry.left_out);
            entry.pause = if left_out > 0 { (entry.pause * 2).min(PAUSE_MAX) } else { PAUSE_MIN };
            entry.logged = now;
            return Some(left_out);
        }
        if self.texts.len() >= TEXTS_MAX {
            let oldest = self.texts.iter().min_by_key(|(_, entry)| entry.logged);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.texts.remove(&oldest);
            }
        }
        self.texts.insert(key, ThrottleEntry { logged: now, pause: PAUSE_MIN, left_out: 0 });
        Some(0)
    }
}

fn without_numbers(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    for c in text.chars() {
        let c = if c.is_ascii_digit() { '#' } else { c };
        if c != '#' || !key.ends_with('#') {
            key.push(c);
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_warnings_pass_at_growing_intervals_with_their_count() {
        let (mut repeats, start) = (LogThrottle::default(), Instant::now());
        let passed: Vec<(u64, u64)> = (0..400)
            .filter_map(|second| {
                let text = format!("refused (after {second}ms)");
                let left_out = repeats.pass(&text, start + Duration::from_secs(second))?;
                Some((second, left_out))
            })
            .collect();
        assert_eq!(passed, [(0, 0), (30, 29), (90, 59), (210, 119)]);
        assert_eq!(repeats.pass("another", start), Some(0), "texts are counted apart");
    }

    #[test]
    fn a_text_that_stayed_away_starts_over() {
        let (mut repeats, start) = (LogThrottle::default(), Instant::now());
        for second in [0, 1] {
            repeats.pass("away", start + Duration::from_secs(second));
        }
        let at = |second| start + Duration::from_secs(second);
        assert_eq!(repeats.pass("away", at(40)), Some(1), "the pause is a minute now");
        assert_eq!(repeats.pass("away", at(200)), Some(0));
        assert_eq!(repeats.pass("away", at(231)), Some(0), "and half a minute again");
    }

    #[test]
    fn the_number_of_texts_is_bounded() {
        let (mut repeats, start) = (LogThrottle::default(), Instant::now());
        for n in 0..TEXTS_MAX + 10 {
            let text = "x".repeat(n + 1);
            assert_eq!(repeats.pass(&text, start + Duration::from_millis(n as u64)), Some(0));
        }
        assert_eq!(repeats.texts.len(), TEXTS_MAX);
        let last = "x".repeat(TEXTS_MAX + 10);
        assert_eq!(repeats.pass(&last, start + Duration::from_secs(1)), None, "the oldest went");
    }
}
