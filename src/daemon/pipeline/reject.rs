//! Builds the records of the reject topic: the original bytes, with headers that state where, why
//! and when they were rejected. If the input record has several items, the reject record contains
//! only the bytes of the rejected item.
//!
//! In: an input record and the reason. Out: an [`OutputRecord`] that fits its topic, with the
//! headers of the input except a malformed trace context. If the bytes do not fit, the record
//! contains as many leading bytes as fit, the full length and the SHA-256, and the input record can
//! be found by its offset. In this case, the only header kept from the input is a valid
//! `traceparent`.
//!
//! ```text
//! wirefold-reject-stage: wire            wirefold-reject-topic: wire.articles
//! wirefold-reject-reason: syntax         wirefold-reject-partition: 0
//! wirefold-reject-message: not readable  wirefold-reject-offset: 123
//! wirefold-reject-item: 0                wirefold-reject-timestamp: 1795428000000
//! ```

use super::broker::{Header, InputRecord, OutputRecord, Partition, Role};
use super::trace_context::{TraceContext, forwarded_headers};
use sha2::{Digest, Sha256};
use wirefold_engine::article::InputPosition;
use wirefold_engine::decode::{self, RecordPart};

/// The stage for items that cannot be decoded. Bad input is rejected only at this stage.
pub const STAGE: &str = "wire";
/// The stage for outputs that do not fit their topic although their input was decoded.
pub const STAGE_OUTPUT: &str = "output";
/// The stage for records that were isolated because processing them failed.
pub const STAGE_PROCESSING: &str = "processing";
/// The reason for outputs that are too large, and for input records whose changelog records are too
/// large.
pub const TOO_LARGE: &str = "too_large";
/// The reason for input records that made the process panic or exit.
pub const FAILED: &str = "failed";
/// The reason for input records that took too long.
pub const TOO_SLOW: &str = "too_slow";

/// Prefix of the headers of reject records.
pub const REJECT_HEADER: &str = "wirefold-reject-";

/// The reason a record is isolated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IsolationReason {
    /// The stable reason code.
    pub reason: &'static str,
    /// A description that contains no text of the record.
    pub message: String,
}

/// The reason for outputs under embargo whose bytes can no longer be read when the embargo ends.
pub const LOST: &str = "lost";

/// Maximum length of a message in a header. The rest is cut off.
const MESSAGE_BYTES_MAX: usize = 1_000;

/// The reject record for the item with the index `item` in `record`. The bytes of the item are
/// `part`. The reject record has at most `bytes_max` bytes.
///
/// The original headers are included if everything fits.
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

/// The reject record written instead of an output that is too large. It holds the input that caused
/// the output.
pub fn oversized(record: &InputRecord, item: usize, why: &str, bytes_max: usize) -> OutputRecord {
    refuse(record, payload(record), item, [STAGE_OUTPUT, TOO_LARGE, why], bytes_max)
}

/// The reject record for a whole record that was isolated.
pub fn isolated(record: &InputRecord, why: &IsolationReason, bytes_max: usize) -> OutputRecord {
    refuse(record, payload(record), 0, [STAGE_PROCESSING, why.reason, &why.message], bytes_max)
}

/// The reject record written instead of an output whose embargo has ended but whose record is no
/// longer in the changelog. It contains only the input position and no bytes.
pub fn lost_output(input: &InputPosition, bytes_max: usize) -> OutputRecord {
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
    let why = "the embargo has ended, but the held record is no longer in the changelog; read the \
               article from the input topic again";
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
    out.headers = [forwarded_headers(record), reasons.clone()].concat();
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
    (format!("{REJECT_HEADER}{name}"), Some(value.into_bytes()))
}

/// Cuts a reject record to `bytes_max`. If even an empty payload does not fit, the key is dropped.
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

/// `text` cut to at most `bytes_max` bytes, at a character boundary.
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

    fn header_text(out: &OutputRecord, name: &str) -> Option<String> {
        let (_, value) = out.headers.iter().find(|(key, _)| key == name)?;
        value.clone().map(|v| String::from_utf8(v).unwrap())
    }

    #[test]
    fn the_reject_keeps_the_original_bytes_and_headers_say_where_and_why() {
        let why = decode::Error::Missing("uri");
        let out = reject(&record(Some(b"\xff\x00{")), 2, &RecordPart::Whole, &why, 10_000);
        assert_eq!(out.payload.as_deref(), Some(&b"\xff\x00{"[..]));
        assert_eq!(out.key.as_deref(), Some(&b"k"[..]));
        let reject_header =
            |name: &str| header_text(&out, &format!("wirefold-reject-{name}")).unwrap();
        assert_eq!(reject_header("stage"), "wire");
        assert_eq!(reject_header("reason"), "missing_field");
        assert_eq!(reject_header("topic"), "in");
        assert_eq!(
            [
                reject_header("partition"),
                reject_header("offset"),
                reject_header("item"),
                reject_header("timestamp")
            ],
            ["3", "12", "2", "77"]
        );
        assert_eq!(header_text(&out, "own").as_deref(), Some("kept"));
        assert_eq!(header_text(&out, "traceparent").as_deref(), Some(TRACE));
        assert_eq!(
            header_text(&out, "ce_traceparent"),
            None,
            "a malformed trace context is dropped"
        );
    }

    #[test]
    fn a_truncated_reject_carries_length_and_digest() {
        let payload = vec![b'x'; 5_000];
        let why = decode::Error::Missing("uri");
        for bytes_max in [900, 2_000, 4_999] {
            let out = reject(&record(Some(&payload)), 0, &RecordPart::Whole, &why, bytes_max);
            assert!(out.bytes() <= bytes_max, "{} over {bytes_max}", out.bytes());
            let kept = out.payload.clone().unwrap();
            assert!(!kept.is_empty() && payload.starts_with(&kept));
            assert_eq!(header_text(&out, "wirefold-reject-length").as_deref(), Some("5000"));
            assert_eq!(header_text(&out, "wirefold-reject-sha256").unwrap().len(), 64);
            assert_eq!(header_text(&out, "own"), None);
            assert_eq!(header_text(&out, "traceparent").as_deref(), Some(TRACE));
        }
    }

    #[test]
    fn a_rejected_tombstone_has_an_empty_payload() {
        let out = reject(&record(None), 0, &RecordPart::Whole, &decode::Error::Empty, 10_000);
        assert_eq!(out.payload.as_deref(), Some(&b""[..]));
    }

    #[test]
    fn messages_are_cut_at_character_boundaries() {
        let text = format!("x{}", "\u{e9}".repeat(5));
        let lengths: Vec<usize> = (0..8).map(|max| cut(&text, max).len()).collect();
        assert_eq!(lengths, [0, 1, 1, 3, 3, 5, 5, 7]);
    }
}
