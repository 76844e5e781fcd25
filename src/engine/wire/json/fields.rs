//! The fields of a JSON object, unread until they are asked for.
//!
//! In: the text of one object. Out: [`Fields`], whose values are borrowed from it. Names are compared
//! without case and without underscores; a value is read as text, a list of names, or a list of parts.

use super::Error;
use crate::engine::article::EventTime;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The fields of one object, unread, by folded name. Objects are small: names are compared one by one.
pub(super) struct Fields<'a> {
    all: Vec<Field<'a>>,
    /// A bit for the length and the first letter of each name: most names that are asked for are none.
    seen: u64,
}

fn bit(name: &str) -> u64 {
    let first = name.bytes().next().unwrap_or_default();
    1 << ((name.len() * 7 + usize::from(first)) % 64)
}

/// A field, unread: its folded name, the name as written, and whether the two are one.
struct Field<'a> {
    name: Cow<'a, str>,
    written: Cow<'a, str>,
    exact: bool,
    value: &'a str,
}

/// The name of a field, borrowed where it can be.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Fields { all: Vec::with_capacity(16), seen: 0 };
                while let Some((Name(name), value)) = map.next_entry::<_, &RawValue>()? {
                    fields.add(name, value.get());
                }
                Ok(fields)
            }
        }
        from.deserialize_map(Object)
    }
}

/// A list entry of ninjs 2 and 3: text with a role and a type.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) role: Option<Cow<'a, str>>,
    pub(super) content_type: Option<Cow<'a, str>>,
    pub(super) value: Cow<'a, str>,
}

impl<'a> Fields<'a> {
    pub(super) fn read(text: &'a str) -> Result<Self, Error> {
        serde_json::from_str(text).map_err(|e| syntax(&e))
    }

    /// Adds a field. The last of equal names counts; where two names fold to one, the one that is
    /// written so, or else the first in the order of their letters.
    fn add(&mut self, name: Cow<'a, str>, value: &'a str) {
        let exact = name.bytes().all(|b| b.is_ascii_lowercase());
        let folded = match exact {
            true => name.clone(),
            false => name.replace('_', "").to_ascii_lowercase().into(),
        };
        let bit = bit(&folded);
        let known = match self.seen & bit {
            0 => None,
            _ => self.all.iter_mut().find(|field| field.name == folded),
        };
        self.seen |= bit;
        match known {
            None => self.all.push(Field { name: folded, written: name, exact, value }),
            Some(field) => {
                let before = !field.exact && (exact || name < field.written);
                if field.written == name || before {
                    (field.written, field.exact, field.value) = (name, exact, value);
                }
            }
        }
    }

    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        if self.seen & bit(name) == 0 {
            return None;
        }
        self.all.iter().find(|field| field.name == name).map(|field| field.value)
    }

    /// Text, or a number as text; absent when empty, null or of another type.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        scalar(self.raw(name)?)
    }

    pub(super) fn first(&self, names: &[&str]) -> Option<Cow<'a, str>> {
        names.iter().find_map(|name| self.text(name))
    }

    /// The first of `names` that is there; `None` when none is.
    ///
    /// # Errors
    /// When the first that is there is null or no text.
    pub(super) fn required(
        &self,
        names: &[&str],
        as_name: &'static str,
    ) -> Result<Option<Cow<'a, str>>, Error> {
        let Some(raw) = names.iter().find_map(|name| self.raw(name)) else { return Ok(None) };
        match raw.as_bytes().first() {
            Some(b'"' | b'0'..=b'9' | b'-') => Ok(self.first(names)),
            Some(b'n') => Err(Error::Null(as_name)),
            _ => Err(Error::NotText(as_name)),
        }
    }

    pub(super) fn time(&self, names: &[&str]) -> Option<EventTime> {
        names.iter().find_map(|name| EventTime::parse(&self.text(name)?))
    }

    /// Names in a list of texts or objects, in a single object, or as text.
    pub(super) fn names(&self, name: &str) -> Vec<String> {
        let Some(raw) = self.raw(name) else { return Vec::new() };
        let one = |raw: &'a str| named(raw).map(Cow::into_owned);
        match raw.starts_with('[').then(|| list(raw)) {
            Some(Ok(all)) => all.into_iter().filter_map(one).collect(),
            _ => one(raw).into_iter().collect(),
        }
    }

    pub(super) fn parts(&self, name: &str) -> Vec<Part<'a>> {
        let Some(raw) = self.raw(name) else { return Vec::new() };
        let all: Vec<&'a RawValue> = serde_json::from_str(raw).unwrap_or_default();
        let part = |raw: &'a str| {
            let fields = Fields::read(raw).ok()?;
            let value = fields.text("value")?;
            Some(Part {
                role: fields.text("role"),
                content_type: fields.text("contenttype"),
                value,
            })
        };
        all.into_iter().filter_map(|raw| part(raw.get())).collect()
    }
}

pub(super) fn scalar(raw: &str) -> Option<Cow<'_, str>> {
    match raw.as_bytes().first()? {
        b'"' => {
            // A borrowed read where nothing is escaped, which is most text.
            let inner = raw.get(1..raw.len() - 1)?;
            let text: Cow<'_, str> = match memchr::memchr(b'\\', inner.as_bytes()) {
                None => Cow::Borrowed(inner),
                Some(_) => Cow::Owned(match unescaped(inner) {
                    Some(text) => text,
                    None => serde_json::from_str::<String>(raw).ok()?,
                }),
            };
            (!text.trim().is_empty()).then_some(text)
        }
        b'0'..=b'9' | b'-' => Some(Cow::Borrowed(raw)),
        _ => None,
    }
}

/// A text without its escapes, where these are of one letter; `None` where it holds others.
fn unescaped(raw: &str) -> Option<String> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        text.push_str(&rest[..at]);
        text.push(match rest.as_bytes().get(at + 1)? {
            b'n' => '\n',
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b't' => '\t',
            b'r' => '\r',
            _ => return None,
        });
        rest = &rest[at + 2..];
    }
    text.push_str(rest);
    Some(text)
}

/// The name in an object that names something, or the text itself.
fn named(raw: &str) -> Option<Cow<'_, str>> {
    if raw.starts_with('{') {
        let fields = Fields::read(raw).ok()?;
        return fields.first(&["name", "literal", "code", "qcode", "value", "uri"]);
    }
    scalar(raw)
}

pub(super) fn syntax(error: &serde_json::Error) -> Error {
    let kind = match error.classify() {
        serde_json::error::Category::Eof => "unexpected end",
        serde_json::error::Category::Data => "unexpected type",
        _ => "syntax error",
    };
    Error::Syntax { format: "JSON", kind, line: error.line(), column: error.column() }
}

pub(super) fn list(text: &str) -> Result<Vec<&str>, serde_json::Error> {
    let all: Vec<&RawValue> = serde_json::from_str(text)?;
    Ok(all.into_iter().map(RawValue::get).collect())
}
