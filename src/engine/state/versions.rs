//! The live articles of one uri.
//!
//! Most uris have one article and some have a few; a look-up scans these. A uri with many versions
//! gets tables, so that the cost of a new version or notice does not grow with their number.

use super::entry::Entry;
use crate::article::Sequence;
use crate::verdict::{Kind, Validity};
use rustc_hash::{FxHashMap, FxHasher};
use std::collections::{BTreeSet, VecDeque};
use std::hash::{Hash, Hasher};

/// A uri gets tables once it has this many articles.
const CROWD_MIN: usize = 8;

/// The live articles of one uri in order of arrival, notices included.
#[derive(Debug, Default)]
pub(super) struct Versions {
    /// All of them, oldest first.
    all: VecDeque<Sequence>,
    /// The tables; `None` until there have been `CROWD_MIN` articles.
    crowd: Option<Box<VersionTables>>,
}

/// The same articles, indexed for each kind of look-up.
#[derive(Debug, Default)]
pub(super) struct VersionTables {
    /// Articles that are not notices, oldest first.
    reports: VecDeque<Sequence>,
    /// Notices, oldest first.
    notices: VecDeque<Sequence>,
    /// Valid articles that are not notices.
    standing: BTreeSet<Sequence>,
    /// For each version, by its hash, the newest article with that version.
    named: FxHashMap<u64, Sequence>,
    /// For each version and text, by the hash of both, the newest article that has them.
    texts: FxHashMap<u64, Sequence>,
}

impl Versions {
    pub(super) fn all(&self) -> &VecDeque<Sequence> {
        &self.all
    }

    /// The tables, if there are any.
    pub(super) fn tables(&self) -> Option<&VersionTables> {
        self.crowd.as_deref()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Adds the article at `at` as the newest; `get` looks up entries.
    pub(super) fn push<'a>(&mut self, at: Sequence, get: impl Fn(Sequence) -> Option<&'a Entry>) {
        self.all.push_back(at);
        let new = match self.crowd {
            Some(_) => self.all.len() - 1,
            None if self.all.len() < CROWD_MIN => return,
            None => 0,
        };
        let crowd = self.crowd.get_or_insert_default();
        for &at in self.all.range(new..) {
            if let Some(entry) = get(at) {
                crowd.put(at, entry);
            }
        }
    }

    /// Removes the oldest article.
    pub(super) fn pop(&mut self, entry: &Entry) {
        let Some(at) = self.all.pop_front() else { return };
        if let Some(crowd) = &mut self.crowd {
            crowd.take(at, entry);
        }
    }

    /// Updates the tables after the validity of the article at `at` may have changed.
    pub(super) fn restand(&mut self, at: Sequence, entry: &Entry) {
        if let Some(crowd) = &mut self.crowd {
            crowd.restand(at, entry);
        }
    }
}

impl VersionTables {
    fn put(&mut self, at: Sequence, entry: &Entry) {
        if is_notice(entry) {
            self.notices.push_back(at);
        } else {
            self.reports.push_back(at);
        }
        self.restand(at, entry);
        let version = entry.about.version.as_deref();
        self.named.insert(version_key(version), at);
        self.texts.insert(text_key(version, entry.print.content_hash), at);
    }

    fn take(&mut self, at: Sequence, entry: &Entry) {
        for list in [&mut self.notices, &mut self.reports] {
            if list.front() == Some(&at) {
                list.pop_front();
            }
        }
        self.standing.remove(&at);
        let version = entry.about.version.as_deref();
        forget(&mut self.named, version_key(version), at);
        forget(&mut self.texts, text_key(version, entry.print.content_hash), at);
    }

    fn restand(&mut self, at: Sequence, entry: &Entry) {
        if entry.standing == Validity::Valid && !is_notice(entry) {
            self.standing.insert(at);
        } else {
            self.standing.remove(&at);
        }
    }

    /// The newest valid article that is not a notice. If none is valid, the newest article that is
    /// not a notice.
    pub(super) fn standing(&self) -> Option<Sequence> {
        self.standing.last().or(self.reports.back()).copied()
    }

    /// The newest notice before `own`.
    pub(super) fn notice_before(&self, own: Sequence) -> Option<Sequence> {
        self.notices.iter().rev().find(|at| **at < own).copied()
    }

    /// The newest article with this version, by hash; the caller must check the entry.
    pub(super) fn named(&self, version: Option<&str>) -> Option<Sequence> {
        self.named.get(&version_key(version)).copied()
    }

    /// The newest article with this version and text, by hash; the caller must check the entry.
    pub(super) fn text(&self, version: Option<&str>, content: u64) -> Option<Sequence> {
        self.texts.get(&text_key(version, content)).copied()
    }
}

/// Whether an article is a notice: a kill, hold or release.
fn is_notice(entry: &Entry) -> bool {
    entry.decision.verdict.relation.kind == Kind::Withdrawal
}

/// Removes `key` unless it already belongs to a newer article.
fn forget(newest: &mut FxHashMap<u64, Sequence>, key: u64, at: Sequence) {
    if newest.get(&key) == Some(&at) {
        newest.remove(&key);
    }
}

fn version_key(version: Option<&str>) -> u64 {
    text_key(version, 0)
}

fn text_key(version: Option<&str>, content: u64) -> u64 {
    let mut hash = FxHasher::default();
    (version, content).hash(&mut hash);
    hash.finish()
}
