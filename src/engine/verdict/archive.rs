//! The data that verdicts use about the new article, and about the earlier articles that it is
//! compared with.

use super::identity_record::Identity;
use super::names;
use super::types::{Kind, RelationTarget, Validity, Verdict};
use crate::article::{ArticleMetadata, EventTime, Sequence, publisher};
use crate::fingerprint::Fingerprint;
use crate::text::{Clean, Words};
use std::sync::Arc;

/// The data that verdicts use about an earlier article.
#[derive(Debug, Clone, Copy)]
pub struct Earlier<'a> {
    /// Its place in the shard's order.
    pub sequence: Sequence,
    /// The engine's clock when it arrived.
    pub arrived: EventTime,
    /// Its metadata.
    pub about: &'a ArticleMetadata,
    /// Its fingerprint.
    pub print: &'a Fingerprint,
    /// Its own verdict.
    pub verdict: &'a Verdict,
    /// Its current validity.
    pub validity: Validity,
}

impl<'a> Earlier<'a> {
    /// The root that articles matching this one inherit; `None` if this article itself starts a
    /// chain.
    pub fn inherited_root(self) -> Option<&'a Arc<RelationTarget>> {
        let theirs = &self.verdict.relation;
        theirs.root.as_ref().filter(|_| theirs.kind.joins_its_match())
    }

    /// The first article of the chain that this article belongs to: this article itself, unless
    /// articles of its kind join the chain of the article that they match.
    pub fn root(self) -> Sequence {
        self.inherited_root().and_then(|root| root.sequence).unwrap_or(self.sequence)
    }
}

/// A view of the live articles, and of the identities of articles that have left the window.
pub trait Archive {
    /// The live article at `sequence`.
    fn earlier(&self, sequence: Sequence) -> Option<Earlier<'_>>;
    /// The live articles with this uri in order of arrival, notices included.
    fn versions(&self, uri: &str) -> impl DoubleEndedIterator<Item = Earlier<'_>>;
    /// The live article with this uri that arrived last, notices included.
    fn newest_of_uri(&self, uri: &str) -> Option<Earlier<'_>> {
        self.versions(uri).next_back()
    }
    /// The newest valid version with this uri, or the newest version if none is valid. Notices are
    /// excluded.
    fn valid_of_uri(&self, uri: &str) -> Option<Earlier<'_>> {
        let report = |that: &Earlier<'_>| that.verdict.relation.kind != Kind::Withdrawal;
        let valid = |that: &Earlier<'_>| that.validity == Validity::Valid;
        let mut reports = self.versions(uri).filter(report).rev();
        let last = reports.next()?;
        Some(std::iter::once(last).chain(reports).find(valid).unwrap_or(last))
    }
    /// The newest live article with this uri, version and content hash.
    fn repeated(&self, uri: &str, version: Option<&str>, content: u64) -> Option<Earlier<'_>> {
        let same = |that: &Earlier<'_>| {
            that.about.version.as_deref() == version && that.print.content_hash == content
        };
        self.versions(uri).rev().find(same)
    }
    /// The newest live article with this name key ([`names`](super::names)); notices excluded.
    fn newest_of_name(&self, key: u64) -> Option<Earlier<'_>>;
    /// The newest live article of the same series and provider as `about`.
    fn newest_of_series(&self, about: &ArticleMetadata) -> Option<Earlier<'_>> {
        let series = names::series(about)?;
        let provider = names::provider(about.provider.as_deref()?)?;
        self.newest_of_name(names::of_provider(series, provider))
    }
    /// How many uris of this provider have a valid live article with this slug key.
    fn count_uris_with_slug(&self, key: u64, provider: Option<&str>) -> usize;
    /// Among the articles that have left the window, the newest valid identity with this uri, or
    /// the newest identity if none is valid. Notices are excluded.
    fn identity_of_uri(&self, uri: &str) -> Option<&Identity>;
    /// The newest identity with this name key among the articles that have left the window.
    fn past_of_name(&self, key: u64) -> Option<&Identity>;
}

/// Whether two articles are from the same family of providers. False if either provider is unknown.
pub(super) fn same_provider(a: &ArticleMetadata, b: &ArticleMetadata) -> bool {
    match (&a.provider, &b.provider) {
        (Some(a), Some(b)) => publisher::same_family(a, b),
        _ => false,
    }
}

/// Whether two articles are known to be from different families of providers.
pub(crate) fn are_strangers(a: &ArticleMetadata, b: &ArticleMetadata) -> bool {
    publisher::are_different(a.provider.as_deref(), b.provider.as_deref())
}

/// The data that verdicts use about the new article.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// Its metadata.
    pub about: &'a ArticleMetadata,
    /// Its cleaned text.
    pub clean: &'a Clean,
    /// Its words.
    pub words: &'a Words,
    /// Its fingerprint.
    pub print: &'a Fingerprint,
    /// The engine's clock.
    pub now: EventTime,
}
