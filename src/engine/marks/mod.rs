//! Reads the marks of an article: the conventional words and codes by which agencies announce
//! updates, corrections, kills and the like. They are in the headline, slug, signals, notes, genre
//! or body.
//!
//! In: a decoded article. Out: its [`Marks`](crate::article::Marks).
//!
//! ```text
//! headline UPDATE 2-Bridge reopens                revision: Update(2)
//! slug     BC-BRIDGE, 3rd Ld-Writethru            revision: Writethru(3)
//! headline KILL: Bridge reopens                   order: Kill, references: ["Bridge reopens"]
//! ```
//!
//! A rule consists of a place, a pattern and a meaning. A pattern is lower-case text in which `#`
//! matches a number below 1,000 and `@` an ordinal such as `2nd`. The built-in rules are the
//! `table`; configured rules come before them. If several rules match, each field of `Marks` is set
//! by the first rule, in the order of the table. A pattern alone is not enough for an order (a
//! kill, hold or release): `order` also considers the text and the note.
//!
//! ```text
//! fold      lower case, no accents, numbers as placeholders
//! phrases   all patterns in one pass
//! place     where a pattern is, and whether it stands out
//! sentence  what one sentence says about an item
//! order     the decision from heading, text and note
//! bare      names without their marks
//! ```

mod bare;
mod candidates;
mod coverage;
mod cues;
mod fold;
mod order;
mod phrases;
mod place;
mod read;
mod references;
mod sentence;
mod sighting;
mod table;

pub use bare::{bare_headline, slug_root};
pub use coverage::{Coverage, coverage};
pub use read::{explain, read};
pub use sighting::Sighting;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where to search for a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MarkPosition {
    /// At the start of the headline, followed by punctuation that ends a mark, or in brackets at
    /// its end.
    Headline,
    /// Anywhere in the headline, at word boundaries.
    InHeadline,
    /// In the slug, at word boundaries: the last words, or anywhere if the pattern begins with
    /// punctuation.
    Slug,
    /// Anywhere in the note to editors, at word boundaries.
    Note,
    /// One of the signals; the scheme (`sig:`) may be omitted.
    Signal,
    /// At the start of the body.
    Body,
    /// At the start of one of the last paragraphs of the body.
    Foot,
    /// The whole genre.
    Genre,
}

/// The meaning of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// An update, numbered if the pattern contains a number.
    Update,
    /// A writethru (a rewrite of the whole text), numbered if the pattern contains a number.
    Writethru,
    /// A correction.
    Correction,
    /// The item is filed again to fix a minor error.
    Refile,
    /// The item is sent again unchanged.
    Repeat,
    /// The item is withdrawn for good.
    Kill,
    /// The item must not be used until further notice.
    Hold,
    /// A hold is lifted.
    Release,
    /// A one-line alert ahead of the report.
    Alert,
    /// A brief of a few lines.
    Brief,
    /// A roundup of several stories.
    Roundup,
    /// A notice to editors.
    Advisory,
    /// A numbered take of an item sent in several parts.
    Take,
    /// A numbered addition to an item; the first add is the second take.
    Add,
}

/// A rule that recognizes a mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkRule {
    /// Where to search for the pattern.
    pub place: MarkPosition,
    /// Lower-case text; `#` matches a number, `@` an ordinal such as `2nd`.
    pub pattern: String,
    /// The meaning of the pattern.
    pub mark: Mark,
}
