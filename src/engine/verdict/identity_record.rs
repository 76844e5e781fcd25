//! What is known of an article whose window has passed: its identity, by which a late version or kill
//! still finds it.
//!
//! The text is gone, so nothing is compared: an identity answers to its uri and to its names.

use super::names::{self, NameKeys};
use super::types::{Kind, Validity, Verdict};
use super::versions::Edition;
use crate::article::{About, ArticleKey, EventTime, NoticeOrder};
use crate::fingerprint::Fingerprint;
use serde::{Deserialize, Serialize};

/// An article that left the window: about 100 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The provider's identifier.
    pub uri: String,
    /// The version as sent.
    pub version: Option<String>,
    /// Who sent it.
    pub provider: Option<String>,
    /// The keys of its slug and its headline; 0 where it has none.
    pub names: [u64; 2],
    /// The hash of its words.
    pub content: u64,
    /// The uri of the first article of its chain, where that is another.
    pub root: Option<String>,
    /// The time that it claimed for itself.
    pub claimed: Option<EventTime>,
    /// The engine's clock when it arrived.
    pub arrived: EventTime,
    /// How it stands.
    pub standing: Validity,
    /// What it ordered, where it was a notice.
    pub order: Option<NoticeOrder>,
}

impl Identity {
    /// What outlives the window of an article.
    pub fn of(
        about: &About,
        print: &Fingerprint,
        verdict: &Verdict,
        (arrived, standing): (EventTime, Validity),
    ) -> Self {
        let notice = verdict.relation.kind == Kind::Withdrawal;
        let NameKeys { slug, headline } = NameKeys::of(about);
        let root = verdict.relation.root.as_ref().map(|root| root.key.uri.clone());
        Self {
            uri: about.uri.clone(),
            version: about.version.clone(),
            provider: about.provider.clone(),
            // A notice must not hide what it names.
            names: if notice { [0, 0] } else { [slug, headline] },
            content: print.content,
            root: root.filter(|root| *root != about.uri),
            claimed: about.claimed,
            arrived,
            standing,
            order: notice.then(|| about.marks.order.unwrap_or(NoticeOrder::Kill)),
        }
    }

    /// Its uri and version.
    pub fn key(&self) -> ArticleKey {
        ArticleKey { uri: self.uri.clone(), version: self.version.clone() }
    }

    /// Its place among the versions of its uri.
    pub fn edition(&self) -> Edition<'_> {
        Edition { version: self.version.as_deref(), claimed: self.claimed }
    }

    /// The keys that it is found by: each name, alone and with its provider.
    pub fn keys(&self) -> impl Iterator<Item = u64> {
        let named = self.names.into_iter().filter(|key| *key != 0);
        named.flat_map(|key| {
            let provider = self.provider.as_deref();
            [Some(key), provider.and_then(|p| names::of_provider(key, p))].into_iter().flatten()
        })
    }

    /// Bytes that it takes, the tables that find it left out.
    pub fn bytes(&self) -> usize {
        let optional = [&self.version, &self.provider, &self.root];
        size_of::<Self>()
            + self.uri.len()
            + optional.into_iter().flatten().map(String::len).sum::<usize>()
    }
}
