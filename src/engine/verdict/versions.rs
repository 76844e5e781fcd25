//! The order of versions, which each provider family writes in its own way.
//!
//! | written | ordered by |
//! |---|---|
//! | `2`, `1.10`, `3N` | number by number, as counters |
//! | `2026-11-23T10:00:00Z`, `20261123T100000Z` | time |
//! | `978556838`, `f0a2` | nothing that it says: the time that the version claims; of two large numbers without times, the number |

use crate::article::{About, EventTime};

/// What tells a version's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edition<'a> {
    /// The version as sent.
    pub version: Option<&'a str>,
    /// The time that it claims for itself.
    pub claimed: Option<EventTime>,
}

impl<'a> Edition<'a> {
    /// That of an article.
    pub fn of(about: &'a About) -> Self {
        Self { version: about.version.as_deref(), claimed: about.claimed }
    }
}

/// The largest number that counts versions; larger ones are dates or opaque.
const COUNTER_MAX: u64 = 99_999;

/// What a version says of its order.
#[derive(Debug, PartialEq, Eq)]
enum VersionOrder {
    Counter(Vec<u64>),
    Time(EventTime),
    Opaque(Option<u64>),
}

fn written(version: &str) -> VersionOrder {
    let version = version.trim();
    let bare = version.trim_start_matches(['v', 'V']).trim_end_matches(char::is_alphabetic);
    let parts: Option<Vec<u64>> = bare.split('.').map(|part| part.parse().ok()).collect();
    match parts {
        Some(parts) if parts.iter().all(|part| *part <= COUNTER_MAX) => {
            VersionOrder::Counter(parts)
        }
        _ => match EventTime::parse(version) {
            Some(time) if version.contains(['-', 'T', ':']) || version.len() == 14 => {
                VersionOrder::Time(time)
            }
            _ => VersionOrder::Opaque(version.parse().ok()),
        },
    }
}

/// Whether `new` is an earlier version than `that`.
pub fn older(new: Edition<'_>, that: Edition<'_>) -> bool {
    let claimed = || match (new.claimed, that.claimed) {
        (Some(a), Some(b)) => Some(a < b),
        _ => None,
    };
    match (new.version.map(written), that.version.map(written)) {
        (Some(VersionOrder::Counter(a)), Some(VersionOrder::Counter(b))) => a < b,
        (Some(VersionOrder::Time(a)), Some(VersionOrder::Time(b))) => a < b,
        (Some(VersionOrder::Opaque(Some(a))), Some(VersionOrder::Opaque(Some(b)))) => {
            claimed().unwrap_or(a < b)
        }
        _ => claimed().unwrap_or(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_has_its_order() {
        let at = |text: &str| EventTime::parse(text);
        let (early, late) = (at("2026-11-23T10:00:00Z"), at("2026-11-23T11:00:00Z"));
        let is_older = |a: (&'static str, Option<EventTime>),
                        b: (&'static str, Option<EventTime>)| {
            let edition = |(version, claimed): (&'static str, Option<EventTime>)| Edition {
                version: (!version.is_empty()).then_some(version),
                claimed,
            };
            (older(edition(a), edition(b)), older(edition(b), edition(a)))
        };
        for (a, b) in [
            // Counters, whatever the times say.
            (("2", late), ("10", early)),
            (("1.9", None), ("1.10", None)),
            (("1N", None), ("2U", None)),
            // Times.
            (("2026-11-23T10:00:00Z", None), ("2026-11-23T11:00:00+00:00", None)),
            (("20261123T100000Z", None), ("20261123T110000Z", None)),
            (("20261123100000", None), ("20261123110000", None)),
            // Opaque ones by their claims; large numbers without claims by themselves.
            (("1542761538", early), ("978556838", late)),
            (("978556838", None), ("1542761538", None)),
            (("f0a2", early), ("07b1", late)),
            (("", early), ("", late)),
        ] {
            assert_eq!(is_older(a, b), (true, false), "{a:?} before {b:?}");
        }
        for (a, b) in
            [(("f0", None), ("07", None)), (("3", early), ("3", late)), (("", None), ("2", late))]
        {
            assert_eq!(is_older(a, b), (false, false), "{a:?} beside {b:?}");
        }
    }
}
