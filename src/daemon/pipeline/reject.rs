//! Records of the reject topic: the untouched bytes, and headers that say where, why and when. Of a
//! record with several items, a refused item gives its own bytes.
//!
//! In: an input record and the reason. Out: an [`OutputRecord`] that fits its topic, with the headers
//! of the input, a broken trace context excepted. One that does
//! not fit whole holds the first bytes that do, the full length and the SHA-256, so that the record
//! can be found again by its input offset.
//!
//! ```text
//! wirefold-reject-stage: wire            wirefold-reject-topic: wire.articles
//! wirefold-reject-reason: syntax         wirefold-reject-partition: 0
//! wirefold-reject-message: not readable  wirefold-reject-offset: 123
//! wirefold-reject-item: 0                wirefold-reject-timestamp: 1795428000000
//! ```

use super::broker::{Header, InputRecord, OutputRecord, Partition, Role};
use super::trace_context::{TraceContext, carried};
use sha2::{Digest, Sha256};
use wirefold_engine::article::InputPosition;
use wirefold_engine::decode::{self, RecordPart};

/// Where items are refused: bad input dies in decoding, never later.
pub const STAGE: &str = "wire";
/// Where outputs are refused that their topic does not take, though their input was read.
pub const STAGE_OUTPUT: &str = "output";
/// Where records are refused that were isolated because processing them failed.
pub const STAGE_PROCESSING: &str = "processing";
/// Why outputs are refused, and records whose changelog records are too large.
pub const TOO_LARGE: &str = "too_large";
/// Why a record is refused that made the process panic or end.
pub const FAILED: &str = "failed";
/// Why a record is refused that took too long.
pub const TOO_SLOW: &str = "too_slow";

/// Why a record is isolated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IsolationReason {
    /// The stable code.
    pub reason: &'static str,
    /// In words, without text of the record.
    pub message: String,
}

/// Why an output is refused whose bytes waited for the end of an embargo and cannot be read again.
pub const LOST: &str = "lost";

const MESSAGE_BYTES_MAX: usize = 1_000;

/// The reject record for item `item` of `record`, which is its `part`: at most `bytes_max` bytes.
///
/// The original headers go along while everything fits.
pub fn reject(
    record: &InputRecord,
    item: usize,
    part: &RecordPart,
    why: &decode::Error,
    bytes_max: usize,
) -> OutputRecord {
    let bytes = part.bytes(payload(record));
    refuse(record, bytes, item, [STAGE, why.reason(), &why.to_string()], bytes_max)
}

/// The reject record in the place of an output that is too large, with the input that brought it about.
pub fn oversized(record: &InputRecord, item: usize, why: &str, bytes_max: usize) -> OutputRecord {
    refuse(record, payload(record), item, [STAGE_OUTPUT, TOO_LARGE, why], bytes_max)
}

/// The reject record for a whole record that is isolated.
pub fn isolated(record: &InputRecord, why: &IsolationReason, bytes_max: usize) -> OutputRecord {
    refuse(record, payload(record), 0, [STAGE_PROCESSING, why.reason, &why.message], bytes_max)
}

/// The reject record in the place of an output that waited for the end of an embargo: its record is
/// no longer in the changelog.
pub fn lost(input: &InputPosition, bytes_max: usize) -> OutputRecord {
    let from = Partition { topic: input.topic.clone(), partition: input.partition };
    let (offset, item) = (input.offset, input.item as usize);
    let record = InputRecord {
        from,
        offset,
        timestamp: None,
        key: None,
        payload: None,
        headers: Vec::new(),
    };
    let why = "its embargo has ended, but its record is no longer in the changelog: read it again \
               from the input";
    refuse(&record, &[], item, [STAGE_OUTPUT, LOST, why], bytes_max)
}

fn payload(record: &InputRecord) -> &[u8] {
    record.payload.as_deref().unwrap_or_default()
}

fn refuse(
    record: &InputRecord,
    bytes: &[u8],
    item: usize,
    why: [&str; 3],
    bytes_max: usize,
) -> OutputRecord {
    let mut out = OutputRecord {
        role: Role::Rejected,
        key: record.key.clone(),
        payload: Some(bytes.to_vec()),
        headers: Vec::new(),
    };
    let reasons = reasons(record, item, why);
    out.headers = [carried(record), reasons.clone()].concat();
    if out.bytes() > bytes_max {
        out.headers = reasons;
        shorten(&mut out, record, bytes, bytes_max);
    }
    out
}

fn reasons(record: &InputRecord, item: usize, [stage, reason, message]: [&str; 3]) -> Vec<Header> {
    let timestamp = record.timestamp.map(|t| t.0.to_string());
    let named = [
        ("stage", Some(stage.to_owned())),
        ("reason", Some(reason.to_owned())),
        ("message", Some(cut(message, MESSAGE_BYTES_MAX).to_owned())),
        ("topic", Some(record.from.topic.to_string())),
        ("partition", Some(record.from.partition.to_string())),
        ("offset", Some(record.offset.to_string())),
        ("item", Some(item.to_string())),
        ("timestamp", timestamp),
    ];
    named.into_iter().filter_map(|(name, value)| Some(header(name, value?))).collect()
}

fn header(name: &str, value: String) -> Header {
    (format!("wirefold-reject-{name}"), Some(value.into_bytes()))
}

fn shorten(out: &mut OutputRecord, record: &InputRecord, payload: &[u8], bytes_max: usize) {
    let digest: String = Sha256::digest(payload).iter().map(|b| format!("{b:02x}")).collect();
    if let Some(context) = TraceContext::of(record) {
        out.headers.push(("traceparent".into(), Some(context.parent.into())));
    }
    out.headers.push(header("length", payload.len().to_string()));
    out.headers.push(header("sha256", digest));
    out.payload = None;
    if out.bytes() > bytes_max {
        out.key = None;
    }
    let room = bytes_max.saturating_sub(out.bytes()).min(payload.len());
    out.payload = Some(payload[..room].to_vec());
}

/// `text` cut to `bytes_max` at a character's edge.
fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::pipeline::broker::Partition;
    use wirefold_engine::article::EventTime;

    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn record(payload: Option<&[u8]>) -> InputRecord {
        InputRecord {
            from: Partition { topic: "in".into(), partition: 3 },
            offset: 12,
            timestamp: Some(EventTime(77)),
            key: Some(b"k".to_vec()),
            payload: payload.map(<[u8]>::to_vec),
            headers: vec![
                ("own".into(), Some(b"kept".to_vec())),
                ("null".into(), None),
                ("traceparent".into(), Some(TRACE.into())),
                ("ce_traceparent".into(), Some(b"broken".to_vec())),
            ],
        }
    }

    fn said(out: &OutputRecord, name: &str) -> Option<String> {
        let (_, value) = out.headers.iter().find(|(key, _)| key == name)?;
        value.clone().map(|v| String::from_utf8(v).unwrap())
    }

    #[test]
    fn bytes_stay_untouched_and_headers_say_where_and_why() {
        let why = decode::Error::Missing("uri");
        let out = reject(&record(Some(b"\xff\x00{")), 2, &RecordPart::Whole, &why, 10_000);
        assert_eq!(out.payload.as_deref(), Some(&b"\xff\x00{"[..]));
        assert_eq!(out.key.as_deref(), Some(&b"k"[..]));
        let says = |name: &str| said(&out, &format!("wirefold-reject-{name}")).unwrap();
        assert_eq!(says("stage"), "wire");
        assert_eq!(says("reason"), "missing_field");
        assert_eq!(says("topic"), "in");
        assert_eq!(
            [says("partition"), says("offset"), says("item"), says("timestamp")],
            ["3", "12", "2", "77"]
        );
        assert_eq!(said(&out, "own").as_deref(), Some("kept"));
        assert_eq!(said(&out, "traceparent").as_deref(), Some(TRACE));
        assert_eq!(said(&out, "ce_traceparent"), None, "a broken trace context is dropped");
    }

    #[test]
    fn what_does_not_fit_is_named_by_length_and_digest() {
        let payload = vec![b'x'; 5_000];
        let why = decode::Error::Missing("uri");
        for bytes_max in [900, 2_000, 4_999] {
            let out = reject(&record(Some(&payload)), 0, &RecordPart::Whole, &why, bytes_max);
            assert!(out.bytes() <= bytes_max, "{} over {bytes_max}", out.bytes());
            let kept = out.payload.clone().unwrap();
            assert!(!kept.is_empty() && payload.starts_with(&kept));
            assert_eq!(said(&out, "wirefold-reject-length").as_deref(), Some("5000"));
            assert_eq!(said(&out, "wirefold-reject-sha256").unwrap().len(), 64);
            assert_eq!(said(&out, "own"), None);
            assert_eq!(said(&out, "traceparent").as_deref(), Some(TRACE));
        }
    }

    #[test]
    fn a_tombstone_is_taken_as_no_bytes() {
        let out = reject(&record(None), 0, &RecordPart::Whole, &decode::Error::Empty, 10_000);
        assert_eq!(out.payload.as_deref(), Some(&b""[..]));
    }

    #[test]
    fn messages_are_cut_between_characters() {
        let text = format!("x{}", "\u{e9}".repeat(5));
        let lengths: Vec<usize> = (0..8).map(|max| cut(&text, max).len()).collect();
        assert_eq!(lengths, [0, 1, 1, 3, 3, 5, 5, 7]);
    }
}
