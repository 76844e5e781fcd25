//! Finds the article inside the envelopes in which Kafka tools wrap a value: Kafka Connect with
//! schemas, Debezium change events, and CloudEvents in structured mode.
//!
//! ```text
//! {"schema": {..}, "payload": V}                    V
//! {"before": null, "after": V, "op": "c"}           V
//! {"specversion": "1.0", "type": "..", "data": V}   V
//! ```
//!
//! V is an object, a list, or a text that contains another document, such as XML. A record may also
//! be such a text without an envelope, if its sender has encoded the article as JSON twice.

use super::Error;
use super::fields::Fields;
use super::text::JsonText;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use serde_json::value::RawValue;

/// Maximum nesting depth of envelopes and wrappers.
pub(super) const ENVELOPES_MAX: u32 = 4;

/// The contents of an envelope.
pub(super) enum Payload<'a> {
    /// A JSON object or list.
    Json(&'a str),
    /// A JSON string with the text of another document.
    Text(&'a str),
    /// A JSON string with the bytes of another document in base64.
    Base64(&'a str),
}

/// The payload of an envelope; `None` if the object is not an envelope.
///
/// # Errors
/// If the envelope says that a row was deleted.
pub(super) fn payload<'a>(fields: &Fields<'a>) -> Result<Option<Payload<'a>>, Error> {
    let has = |name: &str| fields.raw(name).is_some();
    if has("specversion") {
        if let Some(bytes) = fields.raw("database64") {
            return Ok(Some(Payload::Base64(bytes)));
        }
        return Ok(fields.raw("data").and_then(of_value));
    }
    if has("op") && (has("after") || has("before")) {
        let after = fields.raw("after").filter(|raw| *raw != "null");
        return after.map(of_value).ok_or(Error::NoArticle("a deleted row"));
    }
    let is_article = ["uri", "guid", "headline", "title", "body"].into_iter().any(has);
    if is_article {
        return Ok(None);
    }
    Ok(fields.raw("payload").and_then(of_value))
}

fn of_value(raw: &str) -> Option<Payload<'_>> {
    match raw.as_bytes().first() {
        Some(b'{' | b'[') => Some(Payload::Json(raw)),
        Some(b'"') => Some(Payload::Text(raw)),
        _ => None,
    }
}

/// A document that a record contains as a text.
pub(in crate::decode) struct EmbeddedDocument {
    /// Its bytes.
    pub(in crate::decode) bytes: Vec<u8>,
    /// Whether U+FFFD replaces an unpaired surrogate.
    pub(in crate::decode) repaired: bool,
}

/// The document that the record or its envelope contains as a text.
pub(in crate::decode) fn embedded_document(text: &str) -> Option<EmbeddedDocument> {
    const HINTS: [&str; 3] = ["\"specversion\"", "\"payload\"", "\"after\""];
    let document = |raw| {
        let JsonText { text, repaired } = JsonText::of(raw);
        EmbeddedDocument { bytes: text.into_owned().into_bytes(), repaired }
    };
    if text.starts_with('"') {
        let raw: &RawValue = serde_json::from_str(text).ok()?;
        let is_document = |inner: &EmbeddedDocument| {
            inner.bytes.trim_ascii_start().first().is_some_and(|b| b"{[<\"".contains(b))
        };
        return Some(document(raw.get())).filter(is_document);
    }
    let hinted = HINTS.iter().any(|hint| memmem::find(text.as_bytes(), hint.as_bytes()).is_some());
    if !hinted || !text.starts_with('{') {
        return None;
    }
    let mut text = text;
    for _ in 0..ENVELOPES_MAX {
        match payload(&Fields::read(text).ok()?).ok()?? {
            Payload::Json(inner) => text = inner,
            Payload::Text(raw) => return Some(document(raw)),
            Payload::Base64(raw) => {
                let bytes = STANDARD.decode(&*JsonText::of(raw).text).ok()?;
                return Some(EmbeddedDocument { bytes, repaired: false });
            }
        }
    }
    None
}
