//! Event times and durations, and a parser for the time formats that agencies send.

use super::loose_time;
use jiff::SignedDuration;
use jiff::fmt::rfc2822::DateTimeParser;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// A point in event time: milliseconds since 1970-01-01T00:00:00Z. May be negative.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct EventTime(pub i64);

impl EventTime {
    /// Parses an RFC 3339 or RFC 2822 time or one of the looser formats that agencies send: ISO
    /// 8601 basic format (`20261123T100000Z`), an offset without colon
    /// (`2026-11-23T10:00:00+0000`), a date only, a time without zone (taken as UTC), seconds to
    /// nanoseconds since 1970, 12 or 14 digits (`20261123100000`), or times as people write them
    /// (`Nov 23 2026 11:00 CET`).
    pub fn parse(text: &str) -> Option<Self> {
        Self::of_standard(text.trim()).or_else(|| loose_time::parse(text).map(Self))
    }

    /// Parses a time in the same way as [`EventTime::parse`], except that an ISO 8601 time without
    /// zone is taken to be in `zone`.
    pub fn parse_in(text: &str, zone: &jiff::tz::TimeZone) -> Option<Self> {
        let text = text.trim();
        match text.parse::<jiff::civil::DateTime>() {
            Ok(civil) if text.parse::<jiff::Timestamp>().is_err() => {
                Some(Self(zone.to_timestamp(civil).ok()?.as_millisecond()))
            }
            _ => Self::parse(text),
        }
    }

    /// Parses a time in a standard format.
    fn of_standard(text: &str) -> Option<Self> {
        if let Ok(stamp) = text.parse::<jiff::Timestamp>() {
            return Some(Self(stamp.as_millisecond()));
        }
        // The parser treats every unknown zone name as UTC.
        let has_offset = text.ends_with(|c: char| c.is_ascii_digit()) || text.ends_with("GMT");
        if has_offset && text.contains(' ') {
            let parser = DateTimeParser::new().relaxed_weekday(true);
            if let Ok(stamp) = parser.parse_timestamp(text) {
                return Some(Self(stamp.as_millisecond()));
            }
        }
        for form in ["%Y%m%dT%H%M%S%z", "%Y%m%dT%H%M%S%:z", "%Y-%m-%dT%H:%M%z", "%Y%m%dT%H%M%z"] {
            if let Ok(zoned) = jiff::fmt::strtime::parse(form, text)
                && let Ok(stamp) = zoned.to_timestamp()
            {
                return Some(Self(stamp.as_millisecond()));
            }
        }
        if text.bytes().all(|b| b.is_ascii_digit()) && text.len() > 8 {
            return Self::of_digits(text);
        }
        let civil: jiff::civil::DateTime = text.trim_end_matches(['Z', 'z']).parse().ok()?;
        Self::in_utc(civil)
    }

    /// Parses a time that consists of digits only; their number determines the format.
    fn of_digits(digits: &str) -> Option<Self> {
        let number: i64 = digits.parse().ok()?;
        match digits.len() {
            10 => Some(Self(number * 1_000)),
            13 => Some(Self(number)),
            16 => Some(Self(number / 1_000)),
            19 => Some(Self(number / 1_000_000)),
            12 | 14 => {
                let civil =
                    jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", format!("{digits:0<14}"));
                Self::in_utc(civil.ok()?)
            }
            _ => None,
        }
    }

    /// The time at which clocks in UTC show `civil`.
    fn in_utc(civil: jiff::civil::DateTime) -> Option<Self> {
        let stamp = jiff::tz::Offset::UTC.to_timestamp(civil).ok()?;
        Some(Self(stamp.as_millisecond()))
    }

    /// This time plus a duration, saturating.
    #[must_use]
    pub fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The duration from `earlier` to this time, saturating; negative if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for EventTime {
    /// RFC 3339 in UTC, with milliseconds only if they are not zero.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(stamp) => write!(out, "{stamp}"),
            Err(_) => write!(out, "{}ms", self.0),
        }
    }
}

/// A duration in milliseconds, written as `"120h"`, `"30s"` or `"1d 2h"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(pub i64);

impl Span {
    /// A number of hours.
    pub const fn hours(hours: i64) -> Self {
        Self(hours * 3_600_000)
    }
    /// A number of minutes.
    pub const fn minutes(minutes: i64) -> Self {
        Self(minutes * 60_000)
    }
    /// A number of seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds * 1_000)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:#}", SignedDuration::from_millis(self.0))
    }
}

impl Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let duration: SignedDuration = text.parse().map_err(|_| {
            serde::de::Error::custom(format!(
                "`{text}` is not a duration; write it like `120h` or `30s`"
            ))
        })?;
        i64::try_from(duration.as_millis()).map(Self).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "description": "a duration such as `120h` or `30s`"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_the_time_formats_that_agencies_send() {
        let want = Some(EventTime(1_795_428_000_000));
        for text in [
            "2026-11-23T10:00:00Z",
            "2026-11-23T12:00:00+02:00",
            "2026-11-23T10:00:00+0000",
            "20261123T100000Z",
            "20261123T100000+0000",
            "2026-11-23T10:00:00",
            "2026-11-23 10:00:00",
            "2026-11-23 10:00",
            "2026-11-23T11:00+01:00",
            "20261123T1000+0000",
            "20261123T100000+00:00",
            "20261123T100000",
            "20261123100000",
            "202611231000",
            "1795428000",
            "1795428000000",
        ] {
            assert_eq!(EventTime::parse(text), want, "{text}");
        }
        assert_eq!(EventTime::parse("2026-11-23"), Some(EventTime(1_795_392_000_000)));
        for text in ["", "soon", "2026-13-01", "10:00", "YYYYMMDD000000-HHMM", "123456789"] {
            assert_eq!(EventTime::parse(text), None, "{text}");
        }
        assert_eq!(want.map(|t| t.to_string()).as_deref(), Some("2026-11-23T10:00:00Z"));
    }

    #[test]
    fn spans_are_read_and_written_with_units() {
        let read = |text: &str| serde_json::from_value::<Span>(text.into()).ok();
        assert_eq!(read("120h"), Some(Span::hours(120)));
        assert_eq!(read("1h 30m"), Some(Span::minutes(90)));
        assert_eq!(read("250ms"), Some(Span(250)));
        assert_eq!(read("soon"), None);
        assert_eq!(read(&Span::hours(120).to_string()), Some(Span::hours(120)));
    }
}
