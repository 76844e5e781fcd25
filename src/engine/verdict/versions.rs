//! The order of versions. Each provider family writes versions in its own way.
//!
//! | version | ordered by |
//! |---|---|
//! | `2`, `1.10`, `3N` | the numbers, compared one by one as counters |
//! | `2026-11-23T10:00:00Z`, `20261123T100000Z` | the time |
//! | `978556838`, `f0a2` | the time the article claims; without it, two large numbers by value |

use crate::article::{ArticleMetadata, EventTime};

/// The data that order the versions of a uri.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionOrderKey<'a> {
    /// The version as sent.
    pub version: Option<&'a str>,
    /// The time the article claims for itself.
    pub claimed: Option<EventTime>,
}

impl<'a> VersionOrderKey<'a> {
    /// The order key of an article.
    pub fn of(about: &'a ArticleMetadata) -> Self {
        Self { version: about.version.as_deref(), claimed: about.claimed }
    }
}

/// The largest number that is a counter. Larger ones are dates or opaque.
const COUNTER_MAX: u64 = 99_999;

/// How a version string is ordered.
#[derive(Debug, PartialEq, Eq)]
enum VersionOrder {
    /// Counters, compared from left to right.
    Counter(Vec<u64>),
    /// A point in time.
    Time(EventTime),
    /// Neither. Contains the value of the version if it is a number.
    Opaque(Option<u64>),
}

/// Parses a version string.
fn parse(version: &str) -> VersionOrder {
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

/// Whether a version is a counter, such as `2`, `1.10` or `3N`.
pub(super) fn is_counter(version: &str) -> bool {
    matches!(parse(version), VersionOrder::Counter(_))
}

/// Whether two versions of a uri say nothing about the content: they are equal, or both are times.
/// If a sender states the time of each delivery as the version, the version changes without any
/// revision.
pub(super) fn are_interchangeable(new: Option<&str>, that: Option<&str>) -> bool {
    let is_time = |version: &str| matches!(parse(version), VersionOrder::Time(_));
    new == that || matches!((new, that), (Some(a), Some(b)) if is_time(a) && is_time(b))
}

/// Whether `new` is an earlier version than `that`; false if their order is unknown.
pub fn is_older(new: VersionOrderKey<'_>, that: VersionOrderKey<'_>) -> bool {
    let claimed = || match (new.claimed, that.claimed) {
        (Some(a), Some(b)) => Some(a < b),
        _ => None,
    };
    match (new.version.map(parse), that.version.map(parse)) {
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
    fn orders_versions_of_each_provider_family() {
        let at = |text: &str| EventTime::parse(text);
        let (early, late) = (at("2026-11-23T10:00:00Z"), at("2026-11-23T11:00:00Z"));
        let is_older =
            |a: (&'static str, Option<EventTime>), b: (&'static str, Option<EventTime>)| {
                let edition = |(version, claimed): (&'static str, Option<EventTime>)| {
                    VersionOrderKey { version: (!version.is_empty()).then_some(version), claimed }
                };
                (is_older(edition(a), edition(b)), is_older(edition(b), edition(a)))
            };
        for (a, b) in [
            // Counters, regardless of the claimed times.
            (("2", late), ("10", early)),
            (("1.9", None), ("1.10", None)),
            (("1N", None), ("2U", None)),
            // Times.
            (("2026-11-23T10:00:00Z", None), ("2026-11-23T11:00:00+00:00", None)),
            (("20261123T100000Z", None), ("20261123T110000Z", None)),
            (("20261123100000", None), ("20261123110000", None)),
            // Opaque versions by claimed time; without it, large numbers by value.
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
