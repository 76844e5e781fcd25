//! Records which values of an article were unreadable or had to be repaired. These become flags of
//! the article's verdict.
//!
//! | flag | what happened |
//! |---|---|
//! | `repaired_text` | U+FFFD replaces invalid bytes or surrogates, or the charset was guessed |
//! | `unreadable_<field>` | a value was ignored: invalid, or too long to replace a missing field |
//! | `unreadable_attribute` | an XML attribute was ignored because its syntax is invalid |
//!
//! A value that is null, false or empty counts as absent, and so does a language tag such as `und`.
//! If a required field is unreadable, the item is rejected.

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

    /// Adds everything that `other` has recorded.
    pub(super) fn add(&self, other: &Self) {
        self.text.set(self.text.get() || other.text.get());
        self.unreadable.borrow_mut().extend(other.unreadable.borrow().iter());
    }

    /// Whether a value of `field` is unreadable.
    pub(super) fn is_unreadable(&self, field: &str) -> bool {
        self.unreadable.borrow().contains(field)
    }

    /// Parses a value of `field`. If `parse` fails and the value is not blank, records the field as
    /// unreadable.
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

    /// The first of `values` that is at most `max` bytes long. The values are used in place of a
    /// `field` that the item does not state. A value that is too long is skipped, and the field is
    /// recorded as unreadable; the item is not rejected.
    pub(super) fn stand_in(
        &self,
        field: &'static str,
        max: usize,
        values: impl IntoIterator<Item = Option<String>>,
    ) -> Option<String> {
        values.into_iter().flatten().find(|value| {
            let fits = value.len() <= max;
            if !fits {
                self.record_unreadable(field);
            }
            fits
        })
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

    /// Parses a language tag. A blank tag, or one that names no specific language (`und`, `mul`,
    /// `mis`, `zxx`), counts as absent.
    pub(super) fn language(&self, tag: &str) -> Option<Lang> {
        if Lang::means_none(tag) { None } else { self.parse("language", tag, Lang::parse) }
    }

    /// Parses an urgency, a number from 1 to 9.
    pub(super) fn urgency(&self, value: &str) -> Option<u8> {
        let parse = |value: &str| value.trim().parse().ok().filter(|u| (1..=9).contains(u));
        self.parse("urgency", value, parse)
    }

    /// The meaning of `status`, a status of NITF or NewsML 1 in lower case. An embargo without an
    /// end lasts until a later version lifts it.
    pub(super) fn editorial_status(&self, status: &str, has_end: bool) -> PubStatus {
        const KNOWN: [&str; 5] = ["usable", "embargoed", "withh", "cancel", "killed"];
        match self.known_status(status, &KNOWN) {
            s if s.contains("cancel") || s == "killed" => PubStatus::Canceled,
            s if s.contains("withh") => PubStatus::Withheld,
            "embargoed" if !has_end => PubStatus::Withheld,
            _ => PubStatus::Usable,
        }
    }

    /// Records the status of an item as unreadable unless it is blank or contains one of `known`.
    /// Both the status and `known` must be in lower case. Returns the status.
    pub(super) fn known_status<'a>(&self, status: &'a str, known: &[&str]) -> &'a str {
        let is_known = known.iter().any(|known| status.contains(known));
        self.parse("pubstatus", status, |_| is_known.then_some(()));
        status
    }

    /// The flags, sorted.
    pub(super) fn flags(&self) -> Vec<String> {
        let unreadable = self.unreadable.borrow();
        let text = self.text.get().then(|| REPAIRED_TEXT.to_owned());
        text.into_iter().chain(unreadable.iter().map(|f| format!("unreadable_{f}"))).collect()
    }
}

/// The value of a field for those items of a record that do not state the field themselves. It is
/// checked once per record, so that an oversized value is not copied for every item.
#[derive(Debug, Default)]
pub(super) struct SharedValue {
    /// The value; `None` if there is none or it is too long.
    value: Option<String>,
    /// Whether there was a value but it was too long.
    is_too_long: bool,
}

impl SharedValue {
    /// A shared value for a field whose limit is `max` bytes.
    pub(super) fn of(value: Option<String>, max: usize) -> Self {
        let is_too_long = value.as_ref().is_some_and(|value| value.len() > max);
        Self { value: value.filter(|_| !is_too_long), is_too_long }
    }

    /// The value for `field` of an item. Records the field as unreadable if the value is too long.
    pub(super) fn for_item(&self, field: &'static str, repairs: &Repairs) -> Option<String> {
        if self.is_too_long {
            repairs.record_unreadable(field);
        }
        self.value.clone()
    }
}
