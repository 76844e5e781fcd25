//! Throttles repeated warnings.
//!
//! In: the text of a warning. Out: whether to log it now, and how many identical warnings were
//! suppressed since the last one that was logged. The first warning with a text is logged at once,
//! and the next one 30 s later at the earliest. If identical warnings were suppressed in the
//! meantime, this pause doubles, up to eight minutes; otherwise it returns to 30 s.
//!
//! Texts that differ only in numbers (durations, offsets, ports) count as identical.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The first pause between two identical warnings.
const PAUSE_MIN: Duration = Duration::from_secs(30);
/// The longest pause between two identical warnings.
const PAUSE_MAX: Duration = Duration::from_secs(8 * 60);
/// Maximum number of distinct texts that are tracked. Beyond it, the least recently logged text is
/// dropped.
const TEXTS_MAX: usize = 256;

static REPEATS: Mutex<LogThrottle> = Mutex::new(LogThrottle { texts: BTreeMap::new() });

/// Calls `log` unless an identical text was logged recently. `log` gets the number of identical
/// texts that were suppressed since then, or `None` if there were none.
pub(crate) fn throttled(text: &str, log: impl FnOnce(Option<u64>)) {
    let passed = {
        let mut repeats = REPEATS.lock().unwrap_or_else(PoisonError::into_inner);
        repeats.pass(text, Instant::now())
    };
    if let Some(suppressed) = passed {
        log(Some(suppressed).filter(|count| *count > 0));
    }
}

/// The texts that were logged recently.
#[derive(Debug, Default)]
struct LogThrottle {
    /// The entries by text, in which each number is replaced by `#`.
    texts: BTreeMap<String, ThrottleEntry>,
}

/// When a text was last logged, and how it is being suppressed.
#[derive(Debug)]
struct ThrottleEntry {
    logged: Instant,
    /// How long identical texts are suppressed after `logged`.
    pause: Duration,
    /// How many identical messages have been suppressed since `logged`.
    suppressed: u64,
}

impl LogThrottle {
    /// How many identical texts were suppressed since the last one that was logged; `None` if this
    /// one is suppressed too.
    fn pass(&mut self, text: &str, now: Instant) -> Option<u64> {
        let key = without_numbers(text);
        if let Some(entry) = self.texts.get_mut(&key) {
            let since = now.saturating_duration_since(entry.logged);
            if since < entry.pause {
                entry.suppressed += 1;
                return None;
            }
            let suppressed = std::mem::take(&mut entry.suppressed);
            entry.pause = if suppressed > 0 { (entry.pause * 2).min(PAUSE_MAX) } else { PAUSE_MIN };
            entry.logged = now;
            return Some(suppressed);
        }
        if self.texts.len() >= TEXTS_MAX {
            let oldest = self.texts.iter().min_by_key(|(_, entry)| entry.logged);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.texts.remove(&oldest);
            }
        }
        self.texts.insert(key, ThrottleEntry { logged: now, pause: PAUSE_MIN, suppressed: 0 });
        Some(0)
    }
}

/// Replaces each run of digits with `#`.
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
    fn equal_warnings_are_logged_at_growing_intervals_with_their_count() {
        let (mut repeats, start) = (LogThrottle::default(), Instant::now());
        let passed: Vec<(u64, u64)> = (0..400)
            .filter_map(|second| {
                let text = format!("refused (after {second}ms)");
                let suppressed = repeats.pass(&text, start + Duration::from_secs(second))?;
                Some((second, suppressed))
            })
            .collect();
        assert_eq!(passed, [(0, 0), (30, 29), (90, 59), (210, 119)]);
        assert_eq!(
            repeats.pass("another", start),
            Some(0),
            "different texts are counted separately"
        );
    }

    #[test]
    fn the_pause_resets_when_nothing_was_suppressed() {
        let (mut repeats, start) = (LogThrottle::default(), Instant::now());
        for second in [0, 1] {
            repeats.pass("away", start + Duration::from_secs(second));
        }
        let at = |second| start + Duration::from_secs(second);
        assert_eq!(repeats.pass("away", at(40)), Some(1), "the pause is now a minute");
        assert_eq!(repeats.pass("away", at(200)), Some(0));
        assert_eq!(repeats.pass("away", at(231)), Some(0), "the pause is half a minute again");
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
        assert_eq!(
            repeats.pass(&last, start + Duration::from_secs(1)),
            None,
            "the oldest text was dropped"
        );
    }
}
