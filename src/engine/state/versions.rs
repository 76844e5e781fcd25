//! The live articles of one uri.
//!
//! Most uris have one article, and a few have some: those are walked. A uri that is sent again and again
//! gets tables, so that neither a new version nor a notice costs more the more there are.

use super::live::Entry;
use crate::article::Sequence;
use crate::verdict::{Kind, Validity};
use rustc_hash::{FxHashMap, FxHasher};
use std::collections::{BTreeSet, VecDeque};
use std::hash::{Hash, Hasher};

/// Articles from which a uri has tables.
const CROWD_MIN: usize = 8;

/// The live articles of one uri, in order of arrival, notices included.
#[derive(Debug, Default)]
pub(super) struct Versions {
    all: VecDeque<Sequence>,
    crowd: Option<Box<VersionTables>>,
}

/// The same, by what is asked for.
#[derive(Debug, Default)]
pub(super) struct VersionTables {
    reports: VecDeque<Sequence>,
    notices: VecDeque<Sequence>,
    /// Reports that stand.
    standing: BTreeSet<Sequence>,
    /// The newest by version.
    named: FxHashMap<u64, Sequence>,
    /// The newest by version and text.
    texts: FxHashMap<u64, Sequence>,
}

impl Versions {
    pub(super) fn all(&self) -> &VecDeque<Sequence> {
        &self.all
    }

    /// The tables, where there are any.
    pub(super) fn crowd(&self) -> Option<&VersionTables> {
        self.crowd.as_deref()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Puts the article at `at` last; `get` finds all.
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

    /// How the article at `at` stands may have changed.
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
        self.texts.insert(text_key(version, entry.print.content), at);
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
        forget(&mut self.texts, text_key(version, entry.print.content), at);
    }

    fn restand(&mut self, at: Sequence, entry: &Entry) {
        if entry.standing == Validity::Stands && !is_notice(entry) {
            self.standing.insert(at);
        } else {
            self.standing.remove(&at);
        }
    }

    /// The newest report that stands, or else the newest.
    pub(super) fn standing(&self) -> Option<Sequence> {
        self.standing.last().or(self.reports.back()).copied()
    }

    /// The newest notice before `own`.
    pub(super) fn notice_before(&self, own: Sequence) -> Option<Sequence> {
        self.notices.iter().rev().find(|at| **at < own).copied()
    }

    /// The newest of this version; the entry tells for sure.
    pub(super) fn named(&self, version: Option<&str>) -> Option<Sequence> {
        self.named.get(&version_key(version)).copied()
    }

    /// The newest of this version and text; the entry tells for sure.
    pub(super) fn text(&self, version: Option<&str>, content: u64) -> Option<Sequence> {
        self.texts.get(&text_key(version, content)).copied()
    }
}

/// Whether an article withdraws others, or undoes that.
fn is_notice(entry: &Entry) -> bool {
    entry.decision.verdict.relation.kind == Kind::Withdrawal
}

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
