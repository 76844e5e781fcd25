//! What an event says about the articles that it names, so that a consumer need not look them up.
//!
//! In: the key of an article, and its sequence if it was live when the verdict was made. Out: its
//! provider, its headline, and whether it went to the unique topic, from the live article or, if it
//! has left the window, from its identity. An article that Wirefold has not seen has only its key.

use super::State;
use super::entry::Entry;
use crate::article::{ArticleKey, MENTION_HEADLINE_BYTES_MAX};
use crate::event::{ArticleMention, RelationMentions, VerdictMentions};
use crate::text::cut_short;
use crate::verdict::identity_record::Identity;
use crate::verdict::{Relation, RelationTarget, Verdict};

impl Entry {
    /// What events say about this article.
    pub(super) fn mention(&self) -> ArticleMention {
        let headline = cut_short(&self.about.headline, MENTION_HEADLINE_BYTES_MAX);
        ArticleMention {
            key: self.about.key(),
            provider: self.about.provider.clone(),
            headline: Some(headline.into_owned()).filter(|headline| !headline.is_empty()),
            unique: Some(self.unique()),
        }
    }
}

/// What events say about an article that has left the window. `key` is the uri and version by which
/// the event names it.
fn of_identity(key: ArticleKey, identity: &Identity) -> ArticleMention {
    ArticleMention {
        key,
        provider: identity.provider.clone(),
        headline: Some(identity.headline.to_string()).filter(|headline| !headline.is_empty()),
        unique: identity.unique,
    }
}

impl State {
    /// What events say about an article that is not live: the identity of the newest report with
    /// this uri and version or, if there is none, of the newest notice.
    pub(super) fn mention_past(&self, key: ArticleKey) -> ArticleMention {
        let all = self.identities.versions(&key.uri).map(|(_, identity)| identity);
        let found = all
            .filter(|identity| identity.version == key.version)
            .max_by_key(|identity| identity.order.is_none());
        match found {
            Some(identity) => of_identity(key, identity),
            None => key.into(),
        }
    }

    /// What events say about the article that withdrew or corrected another one. If several have
    /// this uri and version, live ones are preferred, then notices, then newer ones.
    pub(super) fn mention_cause(&self, key: ArticleKey) -> ArticleMention {
        let notice = self.live.notice_before(&key.uri, self.live.next());
        let notice = notice.filter(|that| that.about.version == key.version);
        let live = notice.map(|that| that.sequence).or_else(|| self.live.newest_of_key(&key));
        if let Some(entry) = live.and_then(|sequence| self.live.get(sequence)) {
            return entry.mention();
        }
        let notice = self.identities.last_notice(&key.uri);
        match notice.filter(|that| that.version == key.version) {
            Some(notice) => of_identity(key, notice),
            None => self.mention_past(key),
        }
    }

    /// What events say about an article that a verdict names.
    pub(super) fn mention(&self, target: &RelationTarget) -> ArticleMention {
        if let Some(entry) = target.sequence.and_then(|sequence| self.live.get(sequence)) {
            return entry.mention();
        }
        let key = target.key.clone();
        match target.sequence.and_then(|sequence| self.identities.get(sequence)) {
            Some(identity) => of_identity(key, identity),
            None => self.mention_past(key),
        }
    }

    /// What events say about all articles that a verdict names.
    pub(super) fn mentions(&self, verdict: &Verdict) -> VerdictMentions {
        let relation = |relation: &Relation| RelationMentions {
            of: relation.of.as_ref().map(|target| self.mention(target)),
            root: relation.root.as_ref().map(|target| self.mention(target)),
        };
        let relations = std::iter::once(&verdict.relation).chain(&verdict.also);
        let replaces = verdict.pass.replaces().map(|key| {
            let live = self.live.newest_of_key(key).and_then(|sequence| self.live.get(sequence));
            live.map_or_else(|| key.clone().into(), Entry::mention)
        });
        VerdictMentions { relations: relations.map(relation).collect(), replaces }
    }
}
