//! Records which values of an article were unreadable or had to be repaired, as flags of its
//! verdict.
//!
//! | flag | what happened |
//! |---|---|
//! | `repaired_text` | U+FFFD replaces invalid UTF-8 or an escaped unpaired surrogate |
//! | `unreadable_<field>` | a value was ignored: wrong type, or invalid time, language or number |
//! | `unreadable_attribute` | an XML attribute was ignored because its syntax is invalid |
//!
//! A value that is null, false or empty counts as absent, and so does a language tag such as `und`.
//! If a required field is unreadable, the item is rejected instead.

use crate::article::{EventTime, Lang, PubStatus};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// The flag of an article whose text was repaired.
pub(super) const REPAIRED_TEXT: &str = "repaired_text";
/// The flag of every article in a document with an unreadable attribute.
pub(super) const UNREADABLE_ATTRIBUTE: &str = "unreadable_attribute";

/// Collects flags while an article is decoded.
#[derive(Debug, Default)]
pub(super) struct Repairs {
    /// Whether any text was repaired.
    text: std::cell::Cell<bool>,
    /// The fields with an unreadable value.
    unreadable: RefCell<BTreeSet<&'static str>>,
}

impl Repairs {
    /// Records that text was repaired.
    pub(super) fn record_repaired_text(&self) {
        self.text.set(true);
    }

    /// Records that a value of `field` is unreadable.
    pub(super) fn record_unreadable(&self, field: &'static str) {
        self.unreadable.borrow_mut().insert(field);
    }

    /// Whether a value of `field` is unreadable.
    pub(super) fn is_unreadable(&self, field: &str) -> bool {
        self.unreadable.borrow().contains(field)
    }

    /// Parses a value of `field`. Records it as unreadable if `parse` fails and it is not blank.
    pub(super) fn parse<T>(
        &self,
        field: &'static str,
        value: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let parsed = parse(value);
        if parsed.is_none() && !value.trim().is_empty() {
            self.record_unreadable(field);
        }
        parsed
    }

    /// Parses a time.
    pub(super) fn time(&self, field: &'static str, value: &str) -> Option<EventTime> {
        self.parse(field, value, EventTime::parse)
    }

    /// The status of an article that was sent with status `sent`. If the end of its embargo is
    /// unreadable, the article is withheld until a later version lifts the embargo.
    pub(super) fn status(&self, sent: PubStatus, embargoed: Option<EventTime>) -> PubStatus {
        let unclear = embargoed.is_none() && self.is_unreadable("embargoed");
        if unclear && sent == PubStatus::Usable { PubStatus::Withheld } else { sent }
    }

    /// Parses a language tag. A tag for an unknown language counts as absent.
    pub(super) fn language(&self, tag: &str) -> Option<Lang> {
        if Lang::means_none(tag) { None } else { self.parse("language", tag, Lang::parse) }
    }

    /// Parses an urgency, a number from 1 to 9.
    pub(super) fn urgency(&self, value: &str) -> Option<u8> {
        let parse = |value: &str| value.trim().parse().ok().filter(|u| (1..=9).contains(u));
        self.parse("urgency", value, parse)
    }

    /// The flags, sorted.
    pub(super) fn flags(&self) -> Vec<String> {
        let unreadable = self.unreadable.borrow();
        let text = self.text.get().then(|| REPAIRED_TEXT.to_owned());
        text.into_iter().chain(unreadable.iter().map(|f| format!("unreadable_{f}"))).collect()
    }
}
