//! The fields of a JSON object, unread until they are asked for.
//!
//! In: the text of one object. Out: [`Fields`], whose values are borrowed from it. Names are compared
//! without case and without underscores; through a [`FieldReader`] a value is read as text, a list of
//! names, or a list of parts. What is there and cannot be read is noted in [`Repairs`].
//!
//! Cost: one pass and one search in a sorted map for each name, so that an object of 4 MB whose
//! names are all different takes no longer than other records of its size.

use super::super::bounds::{self, ENTRIES_MAX};
use super::super::repairs::Repairs;
use super::Error;
use super::text::{RepairedText, TextValue, is_empty};
use crate::article::EventTime;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// The fields of one object, unread, by folded name.
pub(super) struct Fields<'a> {
    all: BTreeMap<Cow<'a, str>, Field<'a>>,
}

/// A field, unread: its name as written.
struct Field<'a> {
    written: Cow<'a, str>,
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
                    fields.add(RepairedText::of(name.get()).text, value.get());
                }
                Ok(fields)
            }
        }
        from.deserialize_map(Object)
    }
}

/// A list entry of ninjs 2 and 3: text with a role and a type.
#[derive(Debug)]
pub(super) struct RoleText<'a> {
    pub(super) role: Option<Cow<'a, str>>,
    pub(super) content_type: Option<Cow<'a, str>>,
    pub(super) value: Cow<'a, str>,
}

impl<'a> Fields<'a> {
    pub(super) fn read(text: &'a str) -> Result<Self, Error> {
        serde_json::from_str(text).map_err(|e| syntax(&e))
    }

    /// The fields of an object, if `raw` is one.
    pub(super) fn of_object(raw: &'a str) -> Option<Self> {
        if raw.starts_with('{') { Self::read(raw).ok() } else { None }
    }

    /// Adds a field. The last of equal names counts; where two names fold to one, the one that is
    /// written so, or else the first in the order of their letters.
    fn add(&mut self, name: Cow<'a, str>, value: &'a str) {
        let folded = match name.bytes().any(|b| b == b'_' || b.is_ascii_uppercase()) {
            false => name.clone(),
            true => name.replace('_', "").to_ascii_lowercase().into(),
        };
        let exact = folded == name;
        match self.all.get_mut(&folded) {
            None => drop(self.all.insert(folded, Field { written: name, value })),
            Some(field) => {
                let before = field.written != folded && (exact || name < field.written);
                if field.written == name || before {
                    *field = Field { written: name, value };
                }
            }
        }
    }

    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        self.all.get(name).map(|field| field.value)
    }

    /// Text, or a number as text; absent when it is empty or of another type.
    pub(super) fn text(&self, name: &str) -> Option<RepairedText<'a>> {
        match TextValue::of(self.raw(name)?) {
            TextValue::RepairedText(text) => Some(text),
            TextValue::Absent | TextValue::Unreadable => None,
        }
    }
}

/// Reads the fields of one object as those of an article, and notes what cannot be read.
pub(super) struct FieldReader<'f, 'a> {
    pub(super) fields: &'f Fields<'a>,
    pub(super) repairs: &'f Repairs,
}

impl<'f, 'a> FieldReader<'f, 'a> {
    /// The same for an object within.
    pub(super) fn within<'n>(&self, fields: &'n Fields<'a>) -> FieldReader<'n, 'a>
    where
        'f: 'n,
    {
        FieldReader { fields, repairs: self.repairs }
    }

    /// The first text under `names`, as the field of that name of an article.
    pub(super) fn first(&self, field: &'static str, names: &[&str]) -> Option<Cow<'a, str>> {
        let raws = names.iter().filter_map(|name| self.fields.raw(name));
        raws.into_iter().find_map(|raw| self.text(field, raw))
    }

    /// As [`FieldReader::first`], for what an article cannot do without.
    ///
    /// # Errors
    /// When there is none, or one that cannot be read comes first.
    pub(super) fn required(
        &self,
        field: &'static str,
        names: &[&str],
    ) -> Result<Cow<'a, str>, Error> {
        let mut missing = Error::Missing(field);
        for raw in names.iter().filter_map(|name| self.fields.raw(name)) {
            match TextValue::of(raw) {
                TextValue::RepairedText(text) => return Ok(self.noted(text)),
                TextValue::Unreadable => return Err(Error::NotText(field)),
                TextValue::Absent if raw == "null" => missing = Error::Null(field),
                TextValue::Absent => {}
            }
        }
        Err(missing)
    }

    /// The text of a value.
    pub(super) fn text(&self, field: &'static str, raw: &'a str) -> Option<Cow<'a, str>> {
        match TextValue::of(raw) {
            TextValue::RepairedText(text) => Some(self.noted(text)),
            TextValue::Absent => None,
            TextValue::Unreadable => {
                self.repairs.unreadable(field);
                None
            }
        }
    }

    fn noted(&self, text: RepairedText<'a>) -> Cow<'a, str> {
        if text.repaired {
            self.repairs.text();
        }
        text.text
    }

    pub(super) fn time(&self, field: &'static str, names: &[&str]) -> Option<EventTime> {
        let one = |name: &&str| {
            let text = self.text(field, self.fields.raw(name)?)?;
            self.repairs.time(field, &text)
        };
        names.iter().find_map(one)
    }

    /// Names in a list of texts or objects, in a single object, or as text.
    pub(super) fn names(&self, field: &'static str, name: &str) -> Result<Vec<String>, Error> {
        let one = |raw: &'a str| self.named(field, raw).map(Cow::into_owned);
        Ok(self.entries(field, name)?.into_iter().filter_map(one).collect())
    }

    /// The first name under `names`.
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

    /// The entries of a list, or the one value that is there.
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

    /// The name in an object that names something, or the text itself.
    fn named(&self, field: &'static str, raw: &'a str) -> Option<Cow<'a, str>> {
        let Some(object) = Fields::of_object(raw) else { return self.text(field, raw) };
        let names = ["name", "literal", "code", "qcode", "value", "uri"];
        let found = names.into_iter().find_map(|name| object.text(name));
        if found.is_none() && !is_empty(raw) {
            self.repairs.unreadable(field);
        }
        found.map(|text| self.noted(text))
    }

    pub(super) fn parts(
        &self,
        field: &'static str,
        name: &str,
    ) -> Result<Vec<RoleText<'a>>, Error> {
        let entries = self.entries(field, name)?;
        Ok(entries.into_iter().filter_map(|raw| self.part(field, raw)).collect())
    }

    fn part(&self, field: &'static str, raw: &'a str) -> Option<RoleText<'a>> {
        let Some(fields) = Fields::of_object(raw) else {
            if TextValue::of(raw) != TextValue::Absent {
                self.repairs.unreadable(field);
            }
            return None;
        };
        let within = self.within(&fields);
        let value = within.first(field, &["value"])?;
        let role = within.first(field, &["role"]);
        Some(RoleText { role, content_type: within.first(field, &["contenttype"]), value })
    }
}

pub(super) fn syntax(error: &serde_json::Error) -> Error {
    let kind = match error.classify() {
        serde_json::error::Category::Eof => "unexpected end",
        serde_json::error::Category::Data => "unexpected type",
        _ => "syntax error",
    };
    Error::Syntax { format: "JSON", kind, line: error.line(), column: error.column() }
}

/// The first entries of a list, unread, and how many there are.
pub(super) struct FieldList<'a> {
    pub(super) entries: Vec<&'a str>,
    pub(super) count: usize,
}

impl<'a> FieldList<'a> {
    /// Reads a list, of which `max` entries are kept.
    pub(super) fn read(text: &'a str, max: usize) -> Result<Self, Error> {
        let mut from = serde_json::Deserializer::from_str(text);
        let list = from.deserialize_seq(Entries(max)).and_then(|list| from.end().map(|()| list));
        list.map_err(|e| syntax(&e))
    }
}

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
