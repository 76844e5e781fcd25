//! The identity of an article that has left the window. With it, late versions and kills can still
//! find the article.
//!
//! The text is no longer stored, so it cannot be compared: an identity is found by its uri and its
//! names.

use super::names::{self, NameKeys};
use super::types::{Kind, UniqueOutcome, Validity, Verdict};
use super::versions::VersionOrderKey;
use crate::article::{
    ArticleKey, ArticleMetadata, EventTime, MENTION_HEADLINE_BYTES_MAX, NoticeOrder,
};
use crate::fingerprint::Fingerprint;
use crate::text::cut_short;
use serde::{Deserialize, Serialize};

/// The identity of an article that has left the window: about 200 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The provider's identifier.
    pub uri: String,
    /// The version as sent.
    pub version: Option<String>,
    /// The provider that sent it.
    pub provider: Option<String>,
    /// The keys of its slug and its headline. A key is 0 if that name is absent; both are 0 for a
    /// notice.
    pub names: [u64; 2],
    /// The content hash.
    pub content: u64,
    /// The uri of the root of its chain, if that is another article.
    pub root: Option<String>,
    /// The time the article claims for itself.
    pub claimed: Option<EventTime>,
    /// The engine's clock when it arrived.
    pub arrived: EventTime,
    /// The article's validity.
    pub standing: Validity,
    /// For a notice: what it orders.
    pub order: Option<NoticeOrder>,
    /// The headline, at most [`MENTION_HEADLINE_BYTES_MAX`] bytes; empty if it has none, and in
    /// records before version 7.
    pub headline: Box<str>,
    /// Whether it went to the unique topic; absent in records before version 7.
    pub unique: Option<UniqueOutcome>,
}

/// The state of an article when it leaves the window.
#[derive(Debug, Clone, Copy)]
pub struct IdentityState {
    /// The engine's clock when it arrived.
    pub arrived: EventTime,
    /// Whether it is still valid.
    pub standing: Validity,
    /// Whether it went to the unique topic.
    pub unique: UniqueOutcome,
}

impl Identity {
    /// The identity to keep for an article.
    pub fn of(
        (about, names): (&ArticleMetadata, NameKeys),
        print: &Fingerprint,
        verdict: &Verdict,
        now: IdentityState,
    ) -> Self {
        let IdentityState { arrived, standing, unique } = now;
        let notice = verdict.relation.kind == Kind::Withdrawal;
        let root = verdict.relation.root.as_ref().map(|root| root.key.uri.clone());
        Self {
            uri: about.uri.clone(),
            version: about.version.clone(),
            provider: about.provider.clone(),
            // A notice must not be found instead of the article it names.
            names: if notice { [0, 0] } else { [names.slug, names.headline] },
            content: print.content_hash,
            root: root.filter(|root| *root != about.uri),
            claimed: about.claimed,
            arrived,
            standing,
            order: notice.then(|| about.marks.order.unwrap_or(NoticeOrder::Kill)),
            headline: cut_short(&about.headline, MENTION_HEADLINE_BYTES_MAX).into(),
            unique: Some(unique),
        }
    }

    /// Its uri and version.
    pub fn key(&self) -> ArticleKey {
        ArticleKey { uri: self.uri.clone(), version: self.version.clone() }
    }

    /// Its version and claimed time, which order the versions of its uri.
    pub fn edition(&self) -> VersionOrderKey<'_> {
        VersionOrderKey { version: self.version.as_deref(), claimed: self.claimed }
    }

    /// The keys it is indexed by: each name, alone and combined with its provider.
    pub fn keys(&self) -> impl Iterator<Item = u64> {
        let named = self.names.into_iter().filter(|key| *key != 0);
        let provider = self.provider.as_deref().and_then(names::provider);
        named.flat_map(move |key| {
            let own = provider.map(|provider| names::of_provider(key, provider));
            [Some(key), own].into_iter().flatten()
        })
    }

    /// Bytes of memory used, without the tables that index it.
    pub fn bytes(&self) -> usize {
        let optional = [&self.version, &self.provider, &self.root];
        size_of::<Self>()
            + self.uri.len()
            + self.headline.len()
            + optional.into_iter().flatten().map(String::len).sum::<usize>()
    }
}
