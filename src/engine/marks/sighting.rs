//! A mark that was seen, as `explain` shows it.

use super::{Mark, MarkPosition};
use serde::Serialize;

/// A mark that was seen in an article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sighting {
    /// What the mark means.
    pub mark: Mark,
    /// Where it was seen.
    pub place: MarkPosition,
    /// The text as sent.
    pub text: String,
    /// The pattern that matched.
    pub pattern: String,
    /// The document that describes the pattern; `setting` for a configured pattern.
    pub source: String,
    /// Whether it counts; if not, the reason.
    pub result: &'static str,
}
