//! The table of marks: the forms with which agencies announce a kill, a hold, a release, an update,
//! a correction and the like, with their sources.
//!
//! The table is data: `explain --marks` prints it by agency, and `engine.decode.marks` extends it.
//! Patterns are lower case; accents are ignored, `#` is the placeholder for a number and `@` for an
//! ordinal. A row lists the places where its patterns count, the agencies that use them, and the
//! document that describes them. The source `habit` means that there is no such public document.
//!
//! The words of kills, holds and releases ([`Form::Word`]) also occur in news, so heading and text
//! must confirm them; see `order`.

mod orders;
mod revisions;
mod sources;

use super::{Mark, MarkPosition};

/// All rows of the table.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    orders::ORDERS.iter().chain(revisions::REVISIONS)
}

/// All patterns of the table, each with its row and its index in that row. The position in this
/// order is the rank of a pattern: if several patterns match, the first one decides.
pub(super) fn patterns() -> impl Iterator<Item = (&'static Row, usize)> {
    rows().flat_map(|row| (0..row.patterns.len()).map(move |at| (row, at)))
}

/// How reliable a pattern is on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A phrase that only agencies use, or a code.
    Phrase,
    /// A word with which ordinary headlines also begin.
    Word,
}

/// Patterns with the same meaning, places and source.
#[derive(Debug)]
pub(super) struct Row {
    /// The meaning.
    pub(super) mark: Mark,
    /// How reliable the patterns are on their own.
    pub(super) form: Form,
    /// Where they count.
    pub(super) places: &'static [MarkPosition],
    /// The agencies that use them, separated by spaces.
    pub(super) agencies: &'static str,
    /// The document that describes the patterns.
    pub(super) source: &'static str,
    /// The patterns.
    pub(super) patterns: &'static [&'static str],
}

/// A row of the table.
const fn row(
    mark: Mark,
    form: Form,
    places: &'static [MarkPosition],
    (agencies, source): (&'static str, &'static str),
    patterns: &'static [&'static str],
) -> Row {
    Row { mark, form, places, agencies, source, patterns }
}
