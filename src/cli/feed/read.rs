//! Splits a file into records.
//!
//! | The file starts with | Records |
//! |---|---|
//! | `[`, and the whole file is one JSON array | the elements of the array |
//! | `{`, and the file is one JSON object or has no line that is a JSON object | the whole file |
//! | record separator (a JSON text sequence, RFC 7464) | the values between the separators |
//! | UTF-16, `<`, start of header, delete, `ZCZC` (XML, IPTC 7901, ANPA) | the whole file |
//! | anything else | the lines that are not blank |
//!
//! In the bulk format of search engines, an action line and the line after it are one record. A
//! line written by `replay --rejects` is replaced by the original bytes it contains. A file
//! compressed with gzip is read as its uncompressed content, whatever its name. If it is cut off or
//! damaged, the content before the damage is read, and the damage is reported.
//!
//! Cost: lines are read one at a time. A file that is a single value is kept in memory. A line or
//! value larger than [`VALUE_BYTES_MAX`], which even a small compressed file can contain, is an
//! error.

use crate::daemon::pipeline::broker::{Header, OutputRecord};
use crate::daemon::pipeline::reject::REJECT_HEADER;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use wirefold_engine::decode;

/// Maximum size of a line or value, in bytes. A value is kept in memory as a whole.
const VALUE_BYTES_MAX: u64 = 1 << 30;
/// The first bytes of a gzip stream.
const GZIP: [u8; 3] = [0x1f, 0x8b, 0x08];
/// The character before each value of a JSON text sequence.
const RECORD_SEPARATOR: u8 = 0x1e;

/// The records of a file.
pub(in crate::cli) struct FileRecords {
    /// Records that have already been read, or lines if the file consists of lines.
    ahead: VecDeque<Vec<u8>>,
    /// The rest of the file, if it is read line by line.
    rest: Option<BufReader<Box<dyn Read + Send>>>,
    /// Maximum size of a line or value, in bytes.
    value_bytes_max: u64,
}

impl FileRecords {
    /// Opens a file, and detects from its beginning how to split it.
    /// `on_damage` is called if a compressed file is damaged.
    pub(super) fn open(
        source: Box<dyn Read + Send>,
        on_damage: impl FnMut(io::Error) + Send + 'static,
    ) -> io::Result<Self> {
        Self::open_within(expanded(source, Box::new(on_damage))?, VALUE_BYTES_MAX)
    }

    /// Opens a file whose lines and values may have at most `value_bytes_max` bytes. `source` is
    /// its uncompressed content.
    fn open_within(source: Box<dyn Read + Send>, value_bytes_max: u64) -> io::Result<Self> {
        let mut source = BufReader::with_capacity(1 << 18, source);
        let mut records = Self { ahead: VecDeque::new(), rest: None, value_bytes_max };
        let mut first = Vec::new();
        while first.trim_ascii().is_empty() {
            first.clear();
            if records.read_line(&mut source, &mut first)? == 0 {
                return Ok(records);
            }
        }
        if first.starts_with(b"\xef\xbb\xbf") {
            first.drain(..3);
        }
        let shown = first.trim_ascii();
        let one = match shown.first() {
            // Teletype messages begin with a header, or with idle characters before it.
            Some(&(b'<' | 0x01 | 0x16 | 0x7f | RECORD_SEPARATOR)) => true,
            _ if wide(&first) => true,
            Some(b'{' | b'[') => !valid(shown) || shown[0] == b'[',
            _ => shown.starts_with(b"ZCZC"),
        };
        if one {
            records.read_whole(first, source)?;
        } else {
            records.ahead = [first].into();
            records.rest = Some(source);
        }
        Ok(records)
    }

    /// Appends the next line to `line`. Returns the number of bytes read.
    fn read_line(&self, source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
        let read = source.take(self.value_bytes_max + 1).read_until(b'\n', line)?;
        self.check(line)?;
        Ok(read)
    }

    /// Refuses a line or value that is too large.
    fn check(&self, value: &[u8]) -> io::Result<()> {
        if value.len() as u64 > self.value_bytes_max {
            let message = format!("a line or value has over {} bytes", self.value_bytes_max);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        Ok(())
    }

    /// Reads the rest of the file as one value, unless it turns out to consist of lines.
    fn read_whole(&mut self, mut text: Vec<u8>, source: impl Read) -> io::Result<()> {
        source.take(self.value_bytes_max + 1).read_to_end(&mut text)?;
        self.check(&text)?;
        if wide(&text) {
            self.ahead = [text].into();
            return Ok(());
        }
        let shown = text.trim_ascii();
        self.ahead = match shown.first() {
            Some(&RECORD_SEPARATOR) => {
                shown.split(|&b| b == RECORD_SEPARATOR).map(<[u8]>::to_vec).collect()
            }
            Some(b'[') if valid(shown) => elements(shown),
            Some(b'{' | b'[') if !valid(shown) && shown.split(|&b| b == b'\n').any(object) => {
                shown.split(|&b| b == b'\n').map(<[u8]>::to_vec).collect()
            }
            Some(b'{' | b'[') => [shown.to_vec()].into(),
            _ => [text].into(),
        };
        Ok(())
    }

    /// The next record; `None` at the end.
    pub(in crate::cli) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(mut record) = self.next_line()? else { return Ok(None) };
        if decode::is_bulk_action(&record)
            && let Some(article) = self.next_line()?
        {
            record.push(b'\n');
            record.extend(article);
        }
        Ok(Some(record))
    }

    /// The next line or value that is not blank.
    fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let line = match (self.ahead.pop_front(), self.rest.take()) {
                (Some(line), rest) => {
                    self.rest = rest;
                    line
                }
                (None, None) => return Ok(None),
                (None, Some(mut source)) => {
                    let mut line = Vec::new();
                    if self.read_line(&mut source, &mut line)? == 0 {
                        return Ok(None);
                    }
                    self.rest = Some(source);
                    line
                }
            };
            if wide(&line) {
                return Ok(Some(line));
            }
            let shown = line.trim_ascii();
            if !shown.is_empty() {
                return Ok(Some(RejectedLine::original(shown).unwrap_or_else(|| shown.to_vec())));
            }
        }
    }
}

/// The content of a file that may be compressed with gzip.
fn expanded(
    mut source: Box<dyn Read + Send>,
    on_damage: Box<dyn FnMut(io::Error) + Send>,
) -> io::Result<Box<dyn Read + Send>> {
    let mut start = Vec::new();
    source.by_ref().take(GZIP.len() as u64).read_to_end(&mut start)?;
    let is_gzip = start == GZIP;
    let whole = io::Cursor::new(start).chain(source);
    if !is_gzip {
        return Ok(Box::new(whole));
    }
    let gzip = MultiGzDecoder::new(whole);
    Ok(Box::new(Gunzip { gzip, has_content: false, is_at_end: false, on_damage }))
}

/// The content of a gzip file, which ends where the file is damaged.
struct Gunzip<R> {
    gzip: MultiGzDecoder<R>,
    /// Whether any content has been read.
    has_content: bool,
    is_at_end: bool,
    /// Called once if the file is damaged.
    on_damage: Box<dyn FnMut(io::Error) + Send>,
}

impl<R: Read> Read for Gunzip<R> {
    /// Reads a small part, because the decoder loses the part in which it finds damage.
    ///
    /// # Errors
    /// If the file cannot be read, or is damaged before any content.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        const PART_BYTES_MAX: usize = 4_096;
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        if self.is_at_end {
            return Ok(0);
        }
        let part = into.len().min(PART_BYTES_MAX);
        match self.gzip.read(&mut into[..part]) {
            Err(damage)
                if self.has_content
                    && matches!(damage.kind(), InvalidData | InvalidInput | UnexpectedEof) =>
            {
                self.is_at_end = true;
                (self.on_damage)(damage);
                Ok(0)
            }
            read => {
                self.has_content |= read.as_ref().is_ok_and(|bytes| *bytes > 0);
                read
            }
        }
    }
}

/// Whether the text begins like UTF-16, in which a newline is not a single byte.
fn wide(text: &[u8]) -> bool {
    const STARTS: [&[u8; 2]; 8] =
        [b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<", b"{\0", b"\0{", b"[\0", b"\0["];
    STARTS.iter().any(|start| text.starts_with(*start))
}

/// Whether decoding accepts the text as one JSON value.
fn valid(text: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
        || decode::standard_json(text).is_some()
}

/// Whether a line is a complete, non-empty JSON object.
fn object(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.starts_with(b"{") && line.len() > 2 && valid(line)
}

/// The elements of a JSON array, as written in the file, or in standard JSON if the array is not.
/// If some of the text is not valid UTF-8, returns the whole array, because decoding repairs it.
fn elements(text: &[u8]) -> VecDeque<Vec<u8>> {
    let split = |text: &[u8]| {
        let all = serde_json::from_slice::<Vec<&RawValue>>(text).ok()?;
        Some(all.into_iter().map(|raw| raw.get().as_bytes().to_vec()).collect())
    };
    let rewritten = || split(decode::standard_json(text)?.as_bytes());
    split(text).or_else(rewritten).unwrap_or_else(|| [text.to_vec()].into())
}

/// A line written by `replay --rejects`. It contains the reason an item was rejected, and the
/// original bytes of its record, as text if they are UTF-8 and otherwise as base64.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct RejectedLine {
    /// Position and reason.
    pub(in crate::cli) reject: RejectReason,
    /// The original bytes, if they are UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<String>,
    /// The original bytes in base64, if they are not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record_base64: Option<String>,
}

/// Where and why an item was rejected, as in the headers of the rejects topic.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::cli) struct RejectReason {
    pub(in crate::cli) stage: String,
    pub(in crate::cli) reason: String,
    pub(in crate::cli) message: String,
    pub(in crate::cli) topic: String,
    pub(in crate::cli) partition: i32,
    pub(in crate::cli) offset: i64,
    pub(in crate::cli) item: u32,
}

impl RejectReason {
    /// Reads the reason from the headers of a record of the rejects topic.
    pub(in crate::cli) fn of(reject: &OutputRecord) -> Self {
        let text = |name: &str| {
            let named = |(key, _): &&Header| key.strip_prefix(REJECT_HEADER) == Some(name);
            let value = reject.headers.iter().find(named).and_then(|(_, value)| value.as_deref());
            String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
        };
        let (partition, offset, item) = (text("partition"), text("offset"), text("item"));
        Self {
            stage: text("stage"),
            reason: text("reason"),
            message: text("message"),
            topic: text("topic"),
            partition: partition.parse().unwrap_or_default(),
            offset: offset.parse().unwrap_or_default(),
            item: item.parse().unwrap_or_default(),
        }
    }
}

impl RejectedLine {
    /// Creates the line for a record with these bytes.
    pub(in crate::cli) fn new(reject: RejectReason, bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self { reject, record: Some(text.to_owned()), record_base64: None },
            Err(_) => Self { reject, record: None, record_base64: Some(STANDARD.encode(bytes)) },
        }
    }

    /// The original bytes, if `line` was written by `replay --rejects`.
    fn original(line: &[u8]) -> Option<Vec<u8>> {
        if !line.starts_with(b"{\"reject\":") {
            return None;
        }
        let line: Self = serde_json::from_slice(line).ok()?;
        match (line.record, line.record_base64) {
            (Some(text), None) => Some(text.into_bytes()),
            (None, Some(coded)) => STANDARD.decode(coded).ok(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Opens a file with this content.
    fn open(
        content: &[u8],
        value_bytes_max: u64,
        on_damage: impl FnMut(io::Error) + Send + 'static,
    ) -> io::Result<FileRecords> {
        let source = Box::new(io::Cursor::new(content.to_vec()));
        FileRecords::open_within(expanded(source, Box::new(on_damage))?, value_bytes_max)
    }

    /// The records of a file that is not damaged.
    fn split(content: &[u8]) -> Vec<String> {
        let records = open(content, VALUE_BYTES_MAX, |damage| panic!("{damage}"));
        all(&mut records.unwrap())
    }

    fn all(records: &mut FileRecords) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(record) = records.next().unwrap() {
            all.push(String::from_utf8_lossy(&record).into_owned());
        }
        all
    }

    #[test]
    fn lines_arrays_objects_and_documents() {
        for (text, want) in [
            ("{\"a\":1}\n\n  {\"a\":2}\r\n", &["{\"a\":1}", "{\"a\":2}"][..]),
            ("[ {\"a\":1},\n 2 ]", &["{\"a\":1}", "2"]),
            ("[{\"a\":1}]\n", &["{\"a\":1}"]),
            ("[]", &[]),
            ("\n{\n \"a\": 1\n}\n", &["{\n \"a\": 1\n}"]),
            ("{\"a\":1}\n{broken\n", &["{\"a\":1}", "{broken"]),
            ("{broken\n{\"a\":1}\n", &["{broken", "{\"a\":1}"]),
            ("[broken\n{\"a\":1}\n", &["[broken", "{\"a\":1}"]),
            ("{\n \"a\": \"1\r\n2\"\n}\n", &["{\n \"a\": \"1\r\n2\"\n}"]),
            ("no json\n{\"a\":1}\n", &["no json", "{\"a\":1}"]),
            ("<a>\n</a>\n", &["<a>\n</a>"]),
            ("\u{1}x\ny\n", &["\u{1}x\ny"]),
            ("\u{7f}\u{7f}\r\n\u{1}x\ny\n", &["\u{7f}\u{7f}\r\n\u{1}x\ny"]),
            ("\u{feff}{\"a\":1}\n", &["{\"a\":1}"]),
            ("{\"a\":NaN}\n{\"a\":1}\n", &["{\"a\":NaN}", "{\"a\":1}"]),
            ("{\n\"a\":NaN}\n", &["{\n\"a\":NaN}"]),
            ("[{\"a\":NaN},\n{\"a\":1}]", &["{\"a\":null}", "{\"a\":1}"]),
            ("\u{1e}{\n\"a\":1}\n\u{1e}{}\n", &["{\n\"a\":1}", "{}"]),
            ("\"{}\"\n\"[]\"\n", &["\"{}\"", "\"[]\""]),
            (" \n", &[]),
            ("", &[]),
        ] {
            assert_eq!(split(text.as_bytes()), want, "{text:?}");
        }
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut encoder, text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_compressed_file_is_read_as_the_file_in_it() {
        for text in ["{\"a\":1}\n{\"a\":2}\n", "[{\"a\":1}, 2]", "<a>\n</a>", "\u{1}x\ny", ""] {
            assert_eq!(split(&gzip(text.as_bytes())), split(text.as_bytes()), "{text}");
        }
        let parts = [gzip(b"{\"a\":1}\n{\"a\""), gzip(b":2}\n")].concat();
        assert_eq!(split(&parts), ["{\"a\":1}", "{\"a\":2}"]);
    }

    #[test]
    fn the_decompressed_size_of_a_line_or_value_is_limited() {
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(100));
        for text in [&*long, &format!("{{}}\n{long}\n"), &format!("[{long}]"), &format!("<{long}")]
        {
            let count = |most| -> io::Result<usize> {
                let (mut records, mut count) = (open(&gzip(text.as_bytes()), most, drop)?, 0);
                while records.next()?.is_some() {
                    count += 1;
                }
                Ok(count)
            };
            assert!(count(200).is_ok(), "{text}");
            let error = count(100).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::FileTooLarge, "{text}");
        }
    }

    #[test]
    fn a_damaged_compressed_file_is_read_up_to_the_damage() {
        let line = |at: u32| format!("{{\"a\":{}}}", at.wrapping_mul(0x9e37_79b1));
        let lines: Vec<String> = (0..10_000).map(line).collect();
        let whole = gzip(lines.join("\n").as_bytes());
        let end = whole.len();
        let damaged = |at: usize| {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            bytes
        };
        for (bytes, complete) in [
            (whole[..end / 2].to_vec(), 4_000),
            (whole[..end - 9].to_vec(), 9_900),
            (damaged(end - 8), 10_000),
            ([&whole[..], b"\0\0"].concat(), 10_000),
        ] {
            let (send, damage) = std::sync::mpsc::channel();
            let mut records =
                open(&bytes, VALUE_BYTES_MAX, move |error| send.send(error).unwrap()).unwrap();
            let read = all(&mut records);
            drop(records);
            assert_eq!(damage.iter().count(), 1);
            assert!(read.len() >= complete, "{}", read.len());
            assert_eq!(read[..complete], lines[..complete]);
        }
        assert!(open(&whole[..5], VALUE_BYTES_MAX, drop).is_err());
    }

    #[test]
    fn an_array_with_invalid_utf_8_is_one_record() {
        assert_eq!(split(b"[{\"a\":\"\xff\"},\n{\"a\":\"b\"}]").len(), 1);
    }

    #[test]
    fn a_utf_16_document_is_one_record() {
        for mark in [&[0xfeff][..], &[]] {
            for encode in [u16::to_be_bytes, u16::to_le_bytes] {
                for text in ["<a>\n</a>\n", "{\n}\n", "[{},\n{}]\n"] {
                    let units = mark.iter().copied().chain(text.encode_utf16());
                    let text: Vec<u8> = units.flat_map(encode).collect();
                    let mut records = open(&text, VALUE_BYTES_MAX, drop).unwrap();
                    assert_eq!(records.next().unwrap(), Some(text));
                    assert_eq!(records.next().unwrap(), None);
                }
            }
        }
    }

    #[test]
    fn rejected_lines_return_the_original_bytes() {
        for bytes in [&b"{broken"[..], b"\xff\x00{", b"", b"{\"reject\":1}"] {
            let reject = RejectReason {
                stage: "wire".into(),
                reason: "syntax".into(),
                message: "why".into(),
                topic: "in".into(),
                partition: 0,
                offset: 7,
                item: 0,
            };
            let line = serde_json::to_vec(&RejectedLine::new(reject, bytes)).unwrap();
            assert_eq!(RejectedLine::original(&line).as_deref(), Some(bytes));
        }
        assert_eq!(RejectedLine::original(b"{\"reject\":1}"), None);
    }
}
