//! Removes the framing of the document in a record: gzip compression, and the schema id (a zero
//! byte and four more bytes) that schema registry serializers write before a value. JSON in UTF-16
//! becomes UTF-8; the XML decoder reads UTF-16 itself.
//!
//! In: the bytes of a record. Out: its [`Document`], which is not larger than the limit.

use super::Error;
use flate2::read::MultiGzDecoder;
use std::borrow::Cow;
use std::io::Read;

/// Number of bytes that a schema registry serializer writes before a value.
const SCHEMA_ID_BYTES: usize = 5;
/// The first bytes of a gzip stream.
const GZIP: [u8; 3] = [0x1f, 0x8b, 0x08];

/// What a record contains.
#[derive(Debug)]
pub(super) struct Document<'a> {
    /// Its bytes.
    pub(super) bytes: Cow<'a, [u8]>,
    /// Whether a compressed stream is cut off or broken, so that the end of the document is
    /// missing.
    pub(super) is_cut_off: bool,
}

/// The document of a record. A compressed document may have at most `max` bytes.
///
/// # Errors
/// If a compressed document is broken from its beginning, or too large.
pub(super) fn document(bytes: &[u8], max: u32) -> Result<Document<'_>, Error> {
    if !bytes.starts_with(&GZIP) {
        let bytes = unframed(bytes);
        return Ok(Document { bytes, is_cut_off: false });
    }
    let mut document = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(u64::from(max) + 1).read_to_end(&mut document);
    if document.len() > max as usize {
        return Err(Error::TooLarge { bytes: document.len(), max });
    }
    // If the stream is cut off, only its end is lost.
    if read.is_err() && document.is_empty() {
        return Err(Error::Syntax { format: "gzip", kind: "syntax error", line: 1, column: 1 });
    }
    let bytes = Cow::Owned(unframed(&document).into_owned());
    Ok(Document { bytes, is_cut_off: read.is_err() })
}

/// The value without a schema id, in UTF-8 if it is JSON in UTF-16.
fn unframed(bytes: &[u8]) -> Cow<'_, [u8]> {
    match json_in_utf_16(bytes) {
        Some(json) => Cow::Owned(json),
        None => Cow::Borrowed(without_schema_id(bytes)),
    }
}

/// JSON in UTF-16 as UTF-8; `None` if the bytes are anything else. The first two characters of JSON
/// are ASCII, so half of their bytes are zero. An unpaired surrogate becomes a
/// byte that is not valid UTF-8, so that the JSON decoder replaces and flags it.
fn json_in_utf_16(bytes: &[u8]) -> Option<Vec<u8>> {
    let (unit, bytes): (fn([u8; 2]) -> u16, _) = match bytes {
        [0xff, 0xfe, bytes @ ..] => (u16::from_le_bytes, bytes),
        [0xfe, 0xff, bytes @ ..] => (u16::from_be_bytes, bytes),
        [b'{' | b'[', 0, _, 0, ..] => (u16::from_le_bytes, bytes),
        [0, b'{' | b'[', 0, ..] => (u16::from_be_bytes, bytes),
        _ => return None,
    };
    let (pairs, odd) = bytes.as_chunks();
    let characters = || char::decode_utf16(pairs.iter().copied().map(unit));
    let first = characters().flatten().find(|c| !c.is_whitespace())?;
    if !matches!(first, '{' | '[' | '"' | '\u{1e}') {
        return None;
    }
    let mut json = Vec::with_capacity(bytes.len());
    for character in characters() {
        match character {
            Ok(c) => json.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Err(_) => json.push(0xff),
        }
    }
    json.extend_from_slice(if odd.is_empty() { b"" } else { b"\xff" });
    Some(json)
}

/// The value after a schema id, if there is a schema id and a JSON or XML document follows it. A
/// UTF-16 XML document may also start with a zero byte, but its second byte is then `<`. No schema
/// id in use has `<` as its second byte.
fn without_schema_id(bytes: &[u8]) -> &[u8] {
    let value = bytes.get(SCHEMA_ID_BYTES..).unwrap_or_default();
    let document = value.trim_ascii_start().first().is_some_and(|b| b"{[<".contains(b));
    if bytes.first() == Some(&0) && bytes.get(1) != Some(&b'<') && document { value } else { bytes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    const MAX: u32 = 1_000;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn schema_id_and_compression_are_removed() {
        let framed = b"\0\0\0\x01\x02{\"id\":1}";
        for (bytes, want) in [
            (framed.to_vec(), &framed[5..]),
            (gzip(framed), &framed[5..]),
            ([gzip(b"{\"id\""), gzip(b":1}")].concat(), &framed[5..]),
            (b"\0\0\0\x01\x02 <rss/>".to_vec(), b" <rss/>"),
            (b"\0\0\0\x01\x02\x08Avro".to_vec(), b"\0\0\0\x01\x02\x08Avro"),
            (b"\0<\0r\0<\0".to_vec(), b"\0<\0r\0<\0"),
            (b"{}".to_vec(), b"{}"),
            (Vec::new(), b""),
        ] {
            let document = document(&bytes, MAX).unwrap();
            assert_eq!((&*document.bytes, document.is_cut_off), (want, false), "{bytes:?}");
        }
    }

    #[test]
    fn json_in_utf_16_becomes_utf_8() {
        let text = "[{\"id\":\"é\"},\n\"😀\"]";
        for encode in [u16::to_be_bytes, u16::to_le_bytes] {
            let wide = |text: &str| text.encode_utf16().flat_map(encode).collect::<Vec<u8>>();
            for start in ["", "\u{feff}", "\u{feff}\r\n  "] {
                let framed = wide(&format!("{start}{text}"));
                for bytes in [framed.clone(), gzip(&framed)] {
                    let document = document(&bytes, MAX).unwrap();
                    assert_eq!(str::from_utf8(&document.bytes).unwrap().trim(), text);
                }
            }
            let broken: Vec<u8> = [0x5b, 0x20, 0xd83d, 0x5d].into_iter().flat_map(encode).collect();
            assert_eq!(*document(&broken, MAX).unwrap().bytes, *b"[ \xff]");
            assert_eq!(
                *document(&[&broken[..], b"x"].concat(), MAX).unwrap().bytes,
                *b"[ \xff]\xff"
            );
            for other in ["\u{feff}<a/>", "\u{feff}", "text"] {
                assert_eq!(*document(&wide(other), MAX).unwrap().bytes, *wide(other));
            }
        }
    }

    #[test]
    fn a_cut_off_stream_keeps_its_beginning() {
        let text: Vec<u8> =
            (0..900_u32).map(|i| b'a' + (i.wrapping_mul(0x9e37_79b1) >> 24) as u8 % 26).collect();
        let whole = gzip(&text);
        let read = document(&whole[..whole.len() / 2], MAX).unwrap();
        assert!(!read.bytes.is_empty() && text.starts_with(&read.bytes) && read.is_cut_off);
        assert_eq!(document(&GZIP, MAX).unwrap_err().reason(), "syntax");
    }

    #[test]
    fn the_decompressed_size_is_limited() {
        assert_eq!(document(&gzip(&[b' '; 1_000]), MAX).unwrap().bytes.len(), 1_000);
        assert_eq!(document(&gzip(&[b' '; 1_001]), MAX).unwrap_err().reason(), "too_large");
    }
}
