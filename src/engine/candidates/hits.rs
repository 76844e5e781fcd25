//! Finds which samples of a new text each earlier article shares.
//!
//! In: for each sample, the articles listed under it. Out: the articles, each with a bit set of the
//! samples that it shares.

use crate::article::ByArticle;

/// A possible candidate.
#[derive(Debug, Clone, Copy)]
pub(super) struct SampleHit {
    pub(super) id: u32,
    /// The shared samples, as a bit set.
    pub(super) explains: u64,
    /// Number of shared samples times the sampling period.
    pub(super) weight: u32,
    /// Whether the content or masked hash may be equal.
    pub(super) equal: bool,
}

/// An article with the samples that hit it, as a bit set.
pub(super) type Hits = (u32, u64);

/// The articles hit by one sample, and those hit by several.
pub(super) fn split(hits: ByArticle<u64>) -> (Vec<Hits>, Vec<Hits>) {
    hits.into_vec().into_iter().partition(|(_, explains)| explains.is_power_of_two())
}
