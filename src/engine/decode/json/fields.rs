//! The fields of a JSON object. Values are parsed only when they are needed.
//!
//! In: the text of one object. Out: [`Fields`], whose values are borrowed from the text. Names are
//! compared without regard to case, underscores and hyphens. A [`FieldReader`] reads a value as
//! text, a list of names, or a list of ninjs parts, and records unreadable values in [`Repairs`].
//!
//! Cost: one pass over the object, plus one insertion into a sorted map per field. Because of the
//! map, a 4 MB object in which all names are distinct costs no more than other records of that
//! size.

use super::super::bounds::{self, ENTRIES_MAX};
use super::super::repairs::Repairs;
use super::Error;
use super::rich_text;
use super::tagged::untagged;
use super::text::{JsonText, TextValue, is_empty};
use crate::article::EventTime;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

/// Names of the field that contains the text, if a text is sent as an object. They are used by
/// WordPress, Drupal, Arc, the New York Times, ninjs, JSON-LD, notes of dpa, MongoDB, the usual
/// converters from XML, and the trees of rich text editors.
const CONTENT_NAMES: [&str; 26] = [
    "rendered",
    "processed",
    "basic",
    "main",
    "ednote",
    "value",
    "html",
    "text",
    "content",
    "body",
    "#text",
    "$t",
    "cdata",
    "$date",
    "$oid",
    "$numberlong",
    "$numberint",
    "paragraphs",
    "children",
    "blocks",
    "root",
    "ops",
    "storyelements",
    "cards",
    "data",
    "items",
];
/// Maximum depth at which a text may be nested. A list in a rich text takes two levels each for the
/// list, for its entries and for their paragraphs.
const CONTENT_DEPTH_MAX: u32 = 16;

/// The fields of one object.
pub(super) struct Fields<'a> {
    /// The fields. The key is the length of the folded name and the folded name itself (in lower
    /// case, without underscores and hyphens). Most of the names that are looked up are absent and
    /// differ in length from those that are present, so few names have to be compared.
    all: BTreeMap<(usize, Cow<'a, str>), Field<'a>>,
}

/// A field whose value has not been parsed yet.
struct Field<'a> {
    /// The name as written in the record.
    written: Cow<'a, str>,
    /// The raw JSON of the value.
    value: &'a str,
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Fields { all: BTreeMap::new() };
                while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    fields.add(JsonText::of(name.get()).text, value.get());
                }
                Ok(fields)
            }
        }
        from.deserialize_map(Object)
    }
}

/// An entry of a text list in ninjs 2 and 3, such as `headlines` or `bodies`.
#[derive(Debug)]
pub(super) struct RoleText<'a> {
    /// The `role`, such as `main`.
    pub(super) role: Option<Cow<'a, str>>,
    /// The `contentType`, such as `text/html`.
    pub(super) content_type: Option<Cow<'a, str>>,
    /// The text.
    pub(super) value: Cow<'a, str>,
}

impl<'a> Fields<'a> {
    /// Splits the text of an object into fields.
    pub(super) fn read(text: &'a str) -> Result<Self, Error> {
        serde_json::from_str(text).map_err(|e| syntax(&e))
    }

    /// The fields of `raw`, if it is an object.
    pub(super) fn of_object(raw: &'a str) -> Option<Self> {
        if raw.starts_with('{') { Self::read(raw).ok() } else { None }
    }

    /// Adds a field. If several fields have the same name, the last one wins. If several distinct
    /// names fold to the same name, the name that is written in the folded form wins; if none of
    /// them is, the first in byte order wins.
    fn add(&mut self, name: Cow<'a, str>, value: &'a str) {
        let value = untagged(value);
        let folded = match name.bytes().any(|b| b"_-".contains(&b) || b.is_ascii_uppercase()) {
            false => name.clone(),
            true => name.replace(['_', '-'], "").to_ascii_lowercase().into(),
        };
        let exact = folded == name;
        match self.all.entry((folded.len(), folded)) {
            Entry::Vacant(empty) => drop(empty.insert(Field { written: name, value })),
            Entry::Occupied(mut other) => {
                let (folded, field) = (&other.key().1, other.get());
                let preferred = field.written != *folded && (exact || name < field.written);
                if field.written == name || preferred {
                    other.insert(Field { written: name, value });
                }
            }
        }
    }

    /// The raw JSON of a field, by folded name.
    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        let all: &BTreeMap<(usize, Cow<'_, str>), Field<'a>> = &self.all;
        all.get(&(name.len(), Cow::Borrowed(name))).map(|field| field.value)
    }

    /// Whether there is a field with this folded name that is not null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.raw(name).is_some_and(|raw| raw != "null")
    }

    /// Whether there is a field with this name as written.
    pub(super) fn has_written(&self, written: &str) -> bool {
        self.all.values().any(|field| field.written == written)
    }

    /// The value of the only field.
    pub(super) fn only(&self) -> Option<&'a str> {
        let mut values = self.all.values();
        values.next().filter(|_| values.next().is_none()).map(|field| field.value)
    }

    /// Copies the field with this folded name from `other`, unless this object has a value for it.
    pub(super) fn fill(&mut self, other: &Self, name: &'static str) {
        if let Some(value) = other.raw(name).filter(|_| !self.has(name)) {
            let written = Cow::Borrowed(name);
            self.all.insert((name.len(), written.clone()), Field { written, value });
        }
    }

    /// The value of a field, if it is text or a number.
    pub(super) fn text(&self, name: &str) -> Option<JsonText<'a>> {
        match TextValue::of(self.raw(name)?) {
            TextValue::RepairedText(text) => Some(text),
            TextValue::Absent | TextValue::Unreadable => None,
        }
    }
}

/// Reads the fields of one object, and records unreadable values. The argument `field` of its
/// methods is the article field under which an unreadable value is recorded.
pub(super) struct FieldReader<'f, 'a> {
    /// The fields to read.
    pub(super) fields: &'f Fields<'a>,
    /// Collects the unreadable fields.
    pub(super) repairs: &'f Repairs,
}

impl<'f, 'a> FieldReader<'f, 'a> {
    /// A reader for the fields of a nested object.
    pub(super) fn within<'n>(&self, fields: &'n Fields<'a>) -> FieldReader<'n, 'a>
    where
        'f: 'n,
    {
        FieldReader { fields, repairs: self.repairs }
    }

    /// The first text among the fields `names`.
    pub(super) fn first(&self, field: &'static str, names: &[&str]) -> Option<Cow<'a, str>> {
        let raws = names.iter().filter_map(|name| self.fields.raw(name));
        raws.into_iter().find_map(|raw| self.text(field, raw))
    }

    /// Like [`FieldReader::first`], for a required field.
    ///
    /// # Errors
    /// If there is no text, or if an unreadable value precedes it.
    pub(super) fn required(
        &self,
        field: &'static str,
        names: &[&str],
    ) -> Result<Cow<'a, str>, Error> {
        let mut missing = Error::Missing(field);
        for raw in names.iter().filter_map(|name| self.fields.raw(name)) {
            match TextValue::of(raw) {
                TextValue::RepairedText(text) => return Ok(self.record_repair(text)),
                TextValue::Unreadable => {
                    let inner = self.content_of(field, raw, 0);
                    return inner.ok_or(Error::NotText(field));
                }
                TextValue::Absent if raw == "null" => missing = Error::Null(field),
                TextValue::Absent => {}
            }
        }
        Err(missing)
    }

    /// The text of a raw value.
    pub(super) fn text(&self, field: &'static str, raw: &'a str) -> Option<Cow<'a, str>> {
        match TextValue::of(raw) {
            TextValue::RepairedText(text) => Some(self.record_repair(text)),
            TextValue::Absent => None,
            TextValue::Unreadable => {
                self.repairs.record_unreadable(field);
                None
            }
        }
    }

    /// The text, after recording whether it was repaired.
    fn record_repair(&self, text: JsonText<'a>) -> Cow<'a, str> {
        if text.repaired {
            self.repairs.record_repaired_text();
        }
        text.text
    }

    /// The first text among the fields `names`. The text may be nested: in an object, under one of
    /// the names that content systems and XML converters use, or in a list of paragraphs.
    pub(super) fn content(&self, field: &'static str, names: &[&str]) -> Option<Cow<'a, str>> {
        let raws = names.iter().filter_map(|name| self.fields.raw(name));
        raws.into_iter().find_map(|raw| self.content_of(field, raw, 0))
    }

    /// The text of a value that may be nested. Records the value as unreadable if it contains no
    /// text.
    fn content_of(&self, field: &'static str, raw: &'a str, depth: u32) -> Option<Cow<'a, str>> {
        if depth == CONTENT_DEPTH_MAX || !raw.starts_with(['{', '[']) || is_empty(raw) {
            return self.text(field, raw);
        }
        if let Some(object) = Fields::of_object(raw) {
            return self.content_of_object(field, &object, depth);
        }
        let inner = |raw: &'a str| self.content_of(field, raw, depth + 1);
        let list = FieldList::read(raw, ENTRIES_MAX).ok()?;
        if list.count > ENTRIES_MAX {
            self.repairs.record_unreadable(field);
        }
        let paragraphs: Vec<Cow<'a, str>> = list.entries.into_iter().filter_map(inner).collect();
        if paragraphs.is_empty() && depth == 0 {
            self.repairs.record_unreadable(field);
        }
        (!paragraphs.is_empty()).then(|| paragraphs.join("\n\n").into())
    }

    /// The text of an object: that of the first of the fields `CONTENT_NAMES` with a text or, if
    /// the object contains only translations of a text, the first translation.
    fn content_of_object(
        &self,
        field: &'static str,
        object: &Fields<'a>,
        depth: u32,
    ) -> Option<Cow<'a, str>> {
        if depth > 0 && rich_text::is_media(object) {
            return None;
        }
        let mut has_content = false;
        for name in CONTENT_NAMES {
            let Some(raw) = object.raw(name) else { continue };
            has_content = true;
            let text = match rich_text::line(object, name, raw, ENTRIES_MAX) {
                Some(line) => Some(line.into()),
                None => self.content_of(field, raw, depth + 1),
            };
            if text.is_some() {
                return text;
            }
        }
        let translations = || object.all.values().filter(|other| other.value != "null");
        let all = translations().all(|other| {
            rich_text::is_language(&other.written) && rich_text::may_be_text(other.value)
        });
        let first = translations().min_by(|a, b| a.written.cmp(&b.written));
        if let Some(first) = first.filter(|_| all) {
            return self.content_of(field, first.value, depth + 1);
        }
        // A node of a tree may be empty.
        if depth == 0 || !has_content && !rich_text::is_node(object) {
            self.repairs.record_unreadable(field);
        }
        None
    }

    /// The first time among the fields `names`.
    pub(super) fn time(&self, field: &'static str, names: &[&str]) -> Option<EventTime> {
        let one = |name: &&str| {
            let text = self.content_of(field, self.fields.raw(name)?, 0)?;
            self.repairs.time(field, &text)
        };
        names.iter().find_map(one)
    }

    /// The names in a field: a list of texts or objects, a single object, or a text.
    pub(super) fn names(&self, field: &'static str, name: &str) -> Result<Vec<String>, Error> {
        let one = |raw: &'a str| self.named(field, raw).map(Cow::into_owned);
        Ok(self.entries(field, name)?.into_iter().filter_map(one).collect())
    }

    /// The first name in the fields `names`.
    pub(super) fn name(
        &self,
        field: &'static str,
        names: &[&str],
    ) -> Result<Option<String>, Error> {
        for name in names {
            let entries = self.entries(field, name)?;
            if let Some(found) = entries.into_iter().find_map(|raw| self.named(field, raw)) {
                return Ok(Some(found.into_owned()));
            }
        }
        Ok(None)
    }

    /// The raw entries of a list field. If the value is not a list, the value itself is the only
    /// entry.
    pub(super) fn entries(&self, field: &'static str, name: &str) -> Result<Vec<&'a str>, Error> {
        match self.fields.raw(name) {
            None => Ok(Vec::new()),
            Some(raw) if raw.starts_with('[') => {
                let list = FieldList::read(raw, ENTRIES_MAX)?;
                bounds::entries(field, list.count, ENTRIES_MAX)?;
                Ok(list.entries)
            }
            Some(raw) => Ok(vec![raw]),
        }
    }

    /// The name of a list entry: the text itself, or the first naming field of an object.
    fn named(&self, field: &'static str, raw: &'a str) -> Option<Cow<'a, str>> {
        let Some(object) = Fields::of_object(raw) else { return self.text(field, raw) };
        let names = [
            "name", "literal", "title", "code", "qcode", "value", "uri", "domain", "id", "original",
        ];
        let found = names.into_iter().find_map(|name| object.text(name));
        if found.is_none() && !is_empty(raw) {
            self.repairs.record_unreadable(field);
        }
        found.map(|text| self.record_repair(text))
    }

    /// The entries of a ninjs text list.
    pub(super) fn parts(
        &self,
        field: &'static str,
        name: &str,
    ) -> Result<Vec<RoleText<'a>>, Error> {
        let entries = self.entries(field, name)?;
        Ok(entries.into_iter().filter_map(|raw| self.part(field, raw)).collect())
    }

    /// One entry of a ninjs text list; `None` if it has no text.
    fn part(&self, field: &'static str, raw: &'a str) -> Option<RoleText<'a>> {
        let Some(fields) = Fields::of_object(raw) else {
            if TextValue::of(raw) != TextValue::Absent {
                self.repairs.record_unreadable(field);
            }
            return None;
        };
        let within = self.within(&fields);
        let value = within.first(field, &["value"])?;
        let role = within.first(field, &["role"]);
        Some(RoleText { role, content_type: within.first(field, &["contenttype"]), value })
    }
}

/// Converts an error of serde_json.
pub(super) fn syntax(error: &serde_json::Error) -> Error {
    let kind = match error.classify() {
        serde_json::error::Category::Eof => "unexpected end",
        serde_json::error::Category::Data => "unexpected type",
        _ => "syntax error",
    };
    Error::Syntax { format: "JSON", kind, line: error.line(), column: error.column() }
}

/// The entries of a list, not parsed yet.
pub(super) struct FieldList<'a> {
    /// The raw JSON of the first entries.
    pub(super) entries: Vec<&'a str>,
    /// The number of all entries.
    pub(super) count: usize,
}

impl<'a> FieldList<'a> {
    /// Reads a list; keeps at most the first `max` entries.
    pub(super) fn read(text: &'a str, max: usize) -> Result<Self, Error> {
        let mut from = serde_json::Deserializer::from_str(text);
        let list = from.deserialize_seq(Entries(max)).and_then(|list| from.end().map(|()| list));
        list.map_err(|e| syntax(&e))
    }
}

/// Visits a list; contains the maximum number of entries to keep.
struct Entries(usize);

impl<'de> Visitor<'de> for Entries {
    type Value = FieldList<'de>;
    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<FieldList<'de>, A::Error> {
        let mut entries = Vec::new();
        while entries.len() < self.0 {
            let Some(entry) = list.next_element::<&RawValue>()? else { break };
            entries.push(entry.get());
        }
        let mut count = entries.len();
        if count == self.0 {
            while list.next_element::<IgnoredAny>()?.is_some() {
                count += 1;
            }
        }
        Ok(FieldList { entries, count })
    }
}
