//! Passes the trace context of an input record on to every output caused by that record.
//!
//! ```text
//! traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
//!              version, trace id, parent id, flags
//! ```
//!
//! In: the headers of a record. A plain `traceparent` header takes precedence over the CloudEvents
//! attribute. Out: the trace context, if it is well formed. A malformed `traceparent` is dropped
//! together with its `tracestate`, which has no meaning on its own.
//!
//! Source: W3C Trace Context, level 1, sections 3.2 and 3.3; the CloudEvents distributed tracing
//! extension.

use super::broker::{Header, InputRecord};

/// The header pairs that can contain a trace context. The second pair is that of CloudEvents.
const NAMES: [(&str, &str); 2] =
    [("traceparent", "tracestate"), ("ce_traceparent", "ce_tracestate")];

/// Maximum length of a `tracestate` to pass on. The specification requires at least 512 bytes.
const STATE_BYTES_MAX: usize = 512;

/// A well-formed trace context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext<'a> {
    /// The `traceparent`, which identifies the trace and the span in which the record was sent.
    pub parent: &'a str,
    /// The `tracestate`, which is opaque, vendor-specific data.
    pub state: Option<&'a str>,
}

impl<'a> TraceContext<'a> {
    /// The trace context of a record, if it has a well-formed one.
    pub fn of(record: &'a InputRecord) -> Option<Self> {
        NAMES.into_iter().find_map(|(parent, state)| {
            let text = |name| std::str::from_utf8(record.header(name)?).ok();
            let parent = text(parent).filter(|parent| well_formed(parent))?;
            Some(Self { parent, state: text(state).filter(|state| passes(state)) })
        })
    }

    /// The trace id and the parent span id, in hexadecimal.
    pub fn ids(&self) -> (&'a str, &'a str) {
        (&self.parent[3..35], &self.parent[36..52])
    }
}

/// The headers of a record, without malformed trace contexts.
pub fn forwarded_headers(record: &InputRecord) -> Vec<Header> {
    let broken = |name: &str| {
        let pair = NAMES.into_iter().find(|(parent, state)| name == *parent || name == *state);
        pair.is_some_and(|(parent, _)| {
            let parent = record.header(parent).and_then(|value| std::str::from_utf8(value).ok());
            !parent.is_some_and(well_formed)
        })
    };
    record.headers.iter().filter(|(name, _)| !broken(name)).cloned().collect()
}

/// Whether `text` is a valid `traceparent`. Versions after 00 may have further fields at the end.
fn well_formed(text: &str) -> bool {
    let hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let some = |part: &str| part.bytes().any(|b| b != b'0');
    let mut parts = text.splitn(5, '-');
    let mut next = || parts.next().unwrap_or_default();
    let (version, trace, span, flags) = (next(), next(), next(), next());
    let more = parts.next().is_some();
    hex(version, 2)
        && version != "ff"
        && hex(trace, 32)
        && some(trace)
        && hex(span, 16)
        && some(span)
        && hex(flags, 2)
        && !(more && version == "00")
}

/// Whether `state` is short enough and consists of printable ASCII characters only.
fn passes(state: &str) -> bool {
    (1..=STATE_BYTES_MAX).contains(&state.len()) && state.bytes().all(|b| (0x20..0x7f).contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::pipeline::broker::Partition;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn record(headers: &[(&str, &str)]) -> InputRecord {
        let header =
            |(name, value): &(&str, &str)| ((*name).to_owned(), Some(value.as_bytes().into()));
        InputRecord {
            from: Partition { topic: "in".into(), partition: 0 },
            offset: 0,
            timestamp: None,
            key: None,
            payload: None,
            headers: headers.iter().map(header).collect(),
        }
    }

    #[test]
    fn traceparent_is_validated_as_in_the_specification() {
        for (text, want) in [
            (GOOD, true),
            (&GOOD.replace("-01", "-00"), true),
            (&GOOD.replace("00-0a", "cc-0a"), true),
            (&format!("{}-later", GOOD.replace("00-0a", "cc-0a")), true),
            (&format!("{GOOD}-more"), false),
            (&format!("{GOOD}-"), false),
            (&GOOD.replace("00-0a", "ff-0a"), false),
            (&GOOD.to_uppercase(), false),
            (&GOOD.replace('7', "g"), false),
            (&GOOD.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)), false),
            (&GOOD.replace("b7ad6b7169203331", &"0".repeat(16)), false),
            (&GOOD[..GOOD.len() - 1], false),
            (&GOOD[..52], false),
            (&format!(" {GOOD}"), false),
            ("00-\u{e9}", false),
            ("", false),
        ] {
            assert_eq!(well_formed(text), want, "{text}");
        }
    }

    #[test]
    fn a_plain_header_takes_precedence_over_the_cloudevents_attribute() {
        let other = GOOD.replace("-01", "-00");
        let both =
            record(&[("ce_traceparent", &other), ("traceparent", GOOD), ("tracestate", "a=1")]);
        assert_eq!(
            TraceContext::of(&both),
            Some(TraceContext { parent: GOOD, state: Some("a=1") })
        );
        let ids = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
        assert_eq!(TraceContext::of(&both).unwrap().ids(), ids);
        let broken =
            record(&[("traceparent", "00-1"), ("tracestate", "a=1"), ("ce_traceparent", GOOD)]);
        assert_eq!(TraceContext::of(&broken), Some(TraceContext { parent: GOOD, state: None }));
        assert_eq!(TraceContext::of(&record(&[("tracestate", "a=1")])), None);
    }

    #[test]
    fn tracestate_is_bounded_and_printable_ascii() {
        for (state, want) in [("a=1,b=2", true), ("", false), ("a=\u{e9}", false), ("a=\n", false)]
        {
            let record = record(&[("traceparent", GOOD), ("tracestate", state)]);
            assert_eq!(TraceContext::of(&record).unwrap().state.is_some(), want, "{state:?}");
        }
        let long = "a".repeat(STATE_BYTES_MAX + 1);
        let record = record(&[("traceparent", GOOD), ("tracestate", &long)]);
        assert_eq!(TraceContext::of(&record).unwrap().state, None);
    }

    #[test]
    fn only_a_malformed_context_is_dropped() {
        let names = |headers: &[(&str, &str)]| -> Vec<String> {
            forwarded_headers(&record(headers)).into_iter().map(|(name, _)| name).collect()
        };
        let own = ("own", "x");
        let good = [own, ("traceparent", GOOD), ("tracestate", "a=1"), ("ce_id", "7")];
        assert_eq!(names(&good), ["own", "traceparent", "tracestate", "ce_id"]);
        let broken =
            [own, ("traceparent", "00-1"), ("tracestate", "a=1"), ("ce_traceparent", GOOD)];
        assert_eq!(names(&broken), ["own", "ce_traceparent"]);
    }
}
