//! What of an article was there and could not be read as it stood, as flags of its verdict.
//!
//! | flag | what happened |
//! |---|---|
//! | `repaired_text` | U+FFFD stands for bytes that are not UTF-8, or for an escaped half of a surrogate pair |
//! | `unreadable_<field>` | the field is left out: its value has another type, or is no time, language or number |
//! | `unreadable_attribute` | an attribute of an XML document does not follow the syntax, and is left out |
//!
//! A value that is null, false or empty says that there is none, and so does a language tag such as
//! `und`. A field that the article cannot do without refuses it instead.

use crate::article::{EventTime, Lang};
use std::cell::RefCell;
use std::collections::BTreeSet;

const REPAIRED_TEXT: &str = "repaired_text";
/// The flag of a document whose attributes could not all be read.
pub(super) const UNREADABLE_ATTRIBUTE: &str = "unreadable_attribute";

/// Collects flags while an article is read.
#[derive(Debug, Default)]
pub(super) struct Repairs {
    text: std::cell::Cell<bool>,
    unreadable: RefCell<BTreeSet<&'static str>>,
}

impl Repairs {
    /// Notes that text was repaired.
    pub(super) fn text(&self) {
        self.text.set(true);
    }

    /// Notes that a value of `field` could not be read.
    pub(super) fn unreadable(&self, field: &'static str) {
        self.unreadable.borrow_mut().insert(field);
    }

    /// Whether a value of `field` could not be read.
    pub(super) fn lost(&self, field: &str) -> bool {
        self.unreadable.borrow().contains(field)
    }

    /// What `parse` makes of the value of `field`; noted where that is nothing.
    pub(super) fn read<T>(
        &self,
        field: &'static str,
        value: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let read = parse(value);
        if read.is_none() && !value.trim().is_empty() {
            self.unreadable(field);
        }
        read
    }

    pub(super) fn time(&self, field: &'static str, value: &str) -> Option<EventTime> {
        self.read(field, value, EventTime::parse)
    }

    /// The language of a tag; one that says that the language is not known is read as none.
    pub(super) fn language(&self, tag: &str) -> Option<Lang> {
        if Lang::says_none(tag) { None } else { self.read("language", tag, Lang::parse) }
    }

    pub(super) fn urgency(&self, value: &str) -> Option<u8> {
        let parse = |value: &str| value.trim().parse().ok().filter(|u| (1..=9).contains(u));
        self.read("urgency", value, parse)
    }

    /// The flags, sorted.
    pub(super) fn flags(&self) -> Vec<String> {
        let unreadable = self.unreadable.borrow();
        let text = self.text.get().then(|| REPAIRED_TEXT.to_owned());
        text.into_iter().chain(unreadable.iter().map(|f| format!("unreadable_{f}"))).collect()
    }
}
