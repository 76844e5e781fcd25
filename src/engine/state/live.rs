//! The live articles in order of arrival: new ones are added at the end, expired ones removed at
//! the front.
//!
//! Articles are found by uri, by name and by slug, and pending notices by the uris and names that
//! they give. The list under each slug, and under each uri or name that notices give, is bounded
//! and keeps the newest.

use super::entry::Entry;
use super::survivors::Survivors;
use super::versions::{VersionTables, Versions};
use crate::article::{ArticleKey, NoticeOrder, Sequence};
use crate::stories::{Member, MemberLookup};
use crate::verdict::identity_record::{Identity, IdentityState};
use crate::verdict::names::{self, NameKeys};
use crate::verdict::orders::NoticeNames;
use crate::verdict::{Earlier, Kind, RelationTarget, Scope, Validity};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;
use std::sync::Arc;

/// The live articles of one shard.
#[derive(Debug, Default)]
pub(super) struct LiveArticles {
    /// Sequence of the first entry, or of the next article if there is none.
    first: u64,
    /// The articles, oldest first. Read views may keep an entry, so an entry in use elsewhere is
    /// copied before it is changed.
    entries: VecDeque<Arc<Entry>>,
    /// The articles of each uri.
    uris: FxHashMap<String, Versions>,
    /// The newest article with each name key.
    names: FxHashMap<u64, Sequence>,
    /// The articles by slug key.
    slugs: FxHashMap<u64, KeyedList>,
    /// Pending notices by the keys of the uris and names they wait for.
    orders: FxHashMap<u64, KeyedList>,
    /// The copies that replaced other articles in the unique topic.
    pub(super) survivors: Survivors,
    /// Maximum number of articles or notices listed under one key.
    bearers_max: usize,
    /// Bytes of the entries.
    bytes: usize,
}

/// The live articles or notices under one key.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct KeyedList {
    /// The newest, at most `bearers_max`, in order of arrival.
    pub(super) newest: Vec<Sequence>,
    /// The number of older articles or notices, which can no longer be found by the key.
    pub(super) older: u32,
}

impl KeyedList {
    const NONE: &Self = &Self { newest: Vec::new(), older: 0 };
}

/// Adds `sequence` under `key`. Returns whether the oldest was dropped, because the list already
/// had `most` (at least 1).
fn put(lists: &mut FxHashMap<u64, KeyedList>, key: u64, sequence: Sequence, most: usize) -> bool {
    let list = lists.entry(key).or_default();
    let full = list.newest.len() >= most.max(1);
    if full {
        list.newest.remove(0);
        list.older += 1;
    }
    list.newest.push(sequence);
    full
}

/// Removes `sequence`, the oldest live article, from the list under `key`.
fn take(lists: &mut FxHashMap<u64, KeyedList>, key: u64, sequence: Sequence) {
    let Some(list) = lists.get_mut(&key) else { return };
    if list.newest.first() == Some(&sequence) {
        list.newest.remove(0);
    } else {
        list.older = list.older.saturating_sub(1);
    }
    if list.newest.is_empty() {
        lists.remove(&key);
    }
}

impl LiveArticles {
    /// Creates an empty collection; the next article is `first`.
    pub(super) fn starting_at(first: Sequence, bearers_max: u32) -> Self {
        Self { first: first.0, bearers_max: bearers_max as usize, ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes in use, including the tables.
    pub(super) fn bytes(&self) -> usize {
        let lists = self.uris.capacity() * (size_of::<(String, Vec<Sequence>)>() + 1)
            + (self.slugs.capacity() + self.orders.capacity())
                * (size_of::<(u64, Vec<Sequence>)>() + 1);
        self.bytes
            + lists
            + self.survivors.bytes()
            + self.names.capacity() * (size_of::<(u64, Sequence)>() + 1)
            + self.entries.capacity() * size_of::<Arc<Entry>>()
    }

    /// The sequence of the next article.
    pub(super) fn next(&self) -> Sequence {
        Sequence(self.first + self.entries.len() as u64)
    }

    pub(super) fn get(&self, sequence: Sequence) -> Option<&Entry> {
        self.get_arc(sequence).map(|entry| &**entry)
    }

    /// The article at `sequence`, as an `Arc` that others can keep.
    pub(super) fn get_arc(&self, sequence: Sequence) -> Option<&Arc<Entry>> {
        self.entries.get(usize::try_from(sequence.0.checked_sub(self.first)?).ok()?)
    }

    /// The newest live article with this uri and version.
    pub(super) fn newest_of_key(&self, key: &ArticleKey) -> Option<Sequence> {
        let named = |that: &Earlier<'_>| that.about.version == key.version;
        let newest = match self.crowd(&key.uri) {
            Some(crowd) => crowd.named(key.version.as_deref()).and_then(|s| self.earlier(s)),
            None => self.versions(&key.uri).rev().find(named),
        };
        newest.filter(named).map(|that| that.sequence)
    }

    /// The tables of a uri with many versions.
    fn crowd(&self, uri: &str) -> Option<&VersionTables> {
        self.uris.get(uri)?.tables()
    }

    /// The newest valid version with this uri, or the newest version if none is valid. Notices are
    /// excluded.
    pub(super) fn standing_of_uri(&self, uri: &str) -> Option<Earlier<'_>> {
        if let Some(crowd) = self.crowd(uri) {
            return crowd.standing().and_then(|at| self.earlier(at));
        }
        let report = |that: &Earlier<'_>| that.verdict.relation.kind != Kind::Withdrawal;
        let mut reports = self.versions(uri).filter(report).rev();
        let last = reports.next()?;
        let valid = |that: &Earlier<'_>| that.validity == Validity::Valid;
        Some(std::iter::once(last).chain(reports).find(valid).unwrap_or(last))
    }

    /// The newest notice under this uri that arrived before `own`.
    pub(super) fn notice_before(&self, uri: &str, own: Sequence) -> Option<Earlier<'_>> {
        if let Some(crowd) = self.crowd(uri) {
            return crowd.notice_before(own).and_then(|at| self.earlier(at));
        }
        let notice = |that: &Earlier<'_>| that.verdict.relation.kind == Kind::Withdrawal;
        self.versions(uri).rev().find(|that| that.sequence < own && notice(that))
    }

    /// The newest article with this uri, version and text; a hash collision may hide it.
    pub(super) fn repeated(&self, key: (&str, Option<&str>), content: u64) -> Option<Earlier<'_>> {
        let (uri, version) = key;
        let same = |that: &Earlier<'_>| {
            that.about.version.as_deref() == version && that.print.content_hash == content
        };
        let newest = match self.crowd(uri) {
            Some(crowd) => crowd.text(version, content).and_then(|at| self.earlier(at)),
            None => self.versions(uri).rev().find(same),
        };
        newest.filter(same)
    }

    /// Changes the validity of an article. Returns whether the validity was different before.
    pub(super) fn stand(
        &mut self,
        sequence: Sequence,
        standing: Validity,
        by: Option<ArticleKey>,
    ) -> bool {
        let at = sequence.0.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        let Some(entry) = at.and_then(|at| self.entries.get_mut(at)) else { return false };
        let entry = Arc::make_mut(entry);
        let changed = entry.standing != standing;
        entry.standing = standing;
        entry.changed_by = by.map(Box::new);
        if let Some(versions) = self.uris.get_mut(&entry.about.uri) {
            versions.restand(sequence, entry);
        }
        changed
    }

    /// Records that the embargo of an article has ended, and the validity of the article at that
    /// time.
    pub(super) fn lift(&mut self, sequence: Sequence) {
        let at = sequence.0.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        if let Some(entry) = at.and_then(|at| self.entries.get_mut(at)) {
            let entry = Arc::make_mut(entry);
            entry.lifted = Some(entry.standing);
        }
    }

    /// Adds the next article. Returns how many earlier articles and notices were dropped from
    /// bounded lists.
    pub(super) fn push(&mut self, entry: Arc<Entry>) -> u64 {
        let (next, most) = (self.next(), self.bearers_max);
        let mut dropped = 0;
        let names = indexed_names(&entry);
        for key in names.all() {
            self.names.insert(key, next);
        }
        if names.slug != 0 {
            dropped += u64::from(put(&mut self.slugs, names.slug, next, most));
        }
        for key in waits_for(&entry) {
            dropped += u64::from(put(&mut self.orders, key, next, most));
        }
        self.bytes += bytes(&entry);
        self.survivors.push(next, &entry);
        let uri = entry.about.uri.clone();
        self.entries.push_back(entry);
        let (first, entries) = (self.first, &self.entries);
        let get = |at: Sequence| entries.get((at.0 - first) as usize).map(|entry| &**entry);
        self.uris.entry(uri).or_default().push(next, get);
        dropped
    }

    /// Replaces the entry of a live article and returns the old one. Uri and names must be the
    /// same.
    pub(super) fn replace(&mut self, sequence: Sequence, entry: Arc<Entry>) -> Option<Arc<Entry>> {
        let at = usize::try_from(sequence.0.checked_sub(self.first)?).ok()?;
        let old = self.entries.get_mut(at)?;
        self.bytes = self.bytes - bytes(old) + bytes(&entry);
        if let Some(versions) = self.uris.get_mut(&entry.about.uri) {
            versions.restand(sequence, &entry);
        }
        Some(std::mem::replace(old, entry))
    }

    /// The sequence of the oldest live article, or of the next article if there is none.
    pub(super) fn first_sequence(&self) -> Sequence {
        Sequence(self.first)
    }

    /// The oldest live article.
    pub(super) fn first(&self) -> Option<(Sequence, &Entry)> {
        self.entries.front().map(|entry| (Sequence(self.first), &**entry))
    }

    /// The newest live article.
    pub(super) fn last(&self) -> Option<&Entry> {
        self.entries.back().map(|entry| &**entry)
    }

    /// Removes the oldest live article and returns its identity.
    pub(super) fn pop(&mut self) -> Option<Identity> {
        let entry = self.entries.pop_front()?;
        let own = Sequence(self.first);
        self.bytes -= bytes(&entry);
        self.survivors.pop(own, &entry);
        if let Some(versions) = self.uris.get_mut(&entry.about.uri) {
            versions.pop(&entry);
            if versions.is_empty() {
                self.uris.remove(&entry.about.uri);
            }
        }
        let names = indexed_names(&entry);
        for key in names.all() {
            if self.names.get(&key) == Some(&own) {
                self.names.remove(&key);
            }
        }
        if names.slug != 0 {
            take(&mut self.slugs, names.slug, own);
        }
        for key in waits_for(&entry) {
            take(&mut self.orders, key, own);
        }
        self.first += 1;
        let verdict = &entry.decision.verdict;
        let (arrived, standing, unique) = (entry.arrived, entry.standing, entry.unique());
        let now = IdentityState { arrived, standing, unique };
        Some(Identity::of((&entry.about, entry.names), &entry.print, verdict, now))
    }

    /// The live articles with this slug key; notices excluded.
    pub(super) fn with_slug(&self, slug: u64) -> &KeyedList {
        self.slugs.get(&slug).unwrap_or(KeyedList::NONE)
    }

    /// Pending notices for an article with this uri or these names, newest first per key.
    pub(super) fn pending_notices_for(
        &self,
        uri: &str,
        names: NameKeys,
    ) -> impl Iterator<Item = (Earlier<'_>, MatchedBy)> {
        let own = names.with_provider().map(|key| (key, MatchedBy::Name));
        let keys = std::iter::once((uri_key(uri), MatchedBy::Uri)).chain(own);
        keys.flat_map(move |(key, by)| {
            let notices = self.orders.get(&key).unwrap_or(KeyedList::NONE);
            notices.newest.iter().rev().filter_map(move |&s| Some((self.earlier(s)?, by)))
        })
    }

    /// All live articles, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Sequence, &Entry)> + Clone {
        let entries = self.entries.iter().map(AsRef::as_ref);
        (self.first..).map(Sequence).zip(entries)
    }
}

/// How a pending notice was matched to an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MatchedBy {
    /// By a uri that the notice links to.
    Uri,
    /// By a name that the notice gives; notice and article have the same provider.
    Name,
}

/// Bytes of an entry and of its places in the lists by uri and slug. Short strings in the verdict
/// are not counted.
fn bytes(entry: &Entry) -> usize {
    let about = &entry.about;
    let key = |key: &ArticleKey| key.uri.len() + key.version.as_ref().map_or(0, String::len);
    let optional = [&about.version, &about.provider, &about.credit, &about.slugline];
    let text: usize = optional.into_iter().flatten().map(String::len).sum();
    let links: usize = about.links.iter().map(|link| size_of_val(link) + key(&link.to)).sum();
    let marks = about.marks.references.iter().map(|name| size_of_val(name) + name.len());
    let verdict = &entry.decision.verdict;
    let target = |of: &Arc<RelationTarget>| size_of_val(&**of) + key(&of.key);
    let relations = std::iter::once(&verdict.relation).chain(&verdict.also).map(|relation| {
        let targets = relation.of.iter().chain(&relation.root).map(target).sum::<usize>();
        targets + relation.evidence.bytes() + size_of_val(&*relation.passages)
    });
    let heap = entry.print.bytes() - size_of_val(&entry.print) + size_of_val(&*entry.edges);
    let tables = about.uri.len() + LIST_BYTES;
    size_of::<Entry>()
        + heap
        + entry.terms.bytes()
        + relations.sum::<usize>()
        + size_of_val(&*verdict.also)
        + links
        + marks.sum::<usize>()
        + about.uri.len()
        + about.headline.len()
        + entry.lead_sentence.len()
        + text
        + tables
}

/// Bytes of the list entry under a uri, and of the reference counts.
const LIST_BYTES: usize = 4 * size_of::<Sequence>() + 2 * size_of::<usize>();

/// The names by which an article is found. Notices have none, so that they do not hide the articles
/// that they name.
fn indexed_names(entry: &Entry) -> NameKeys {
    match entry.about.marks.order {
        None => entry.names,
        Some(_) => NameKeys::default(),
    }
}

/// The key of a uri in `orders`.
fn uri_key(uri: &str) -> u64 {
    use std::hash::{Hash, Hasher};
    let mut hash = rustc_hash::FxHasher::default();
    uri.hash(&mut hash);
    hash.finish()
}

/// For a notice whose target is not known yet: the keys of all uris and names that it gives. Empty
/// for a release, which never stays pending.
fn waits_for(entry: &Entry) -> Vec<u64> {
    let (about, relation) = (&entry.about, &entry.decision.verdict.relation);
    let known = relation.of.as_ref().is_some_and(|of| of.sequence.is_some());
    let releases = about.marks.order == Some(NoticeOrder::Release);
    if relation.kind != Kind::Withdrawal || known || releases || relation.scope == Scope::Identity {
        return Vec::new();
    }
    let mut keys: Vec<u64> = about.links.iter().map(|link| uri_key(&link.to.uri)).collect();
    keys.extend(about.marks.references.iter().map(|name| uri_key(name)));
    if entry.names.provider != 0 {
        let named = NoticeNames::of(about);
        let provider = entry.names.provider;
        keys.extend(named.decisive().iter().map(|key| names::of_provider(*key, provider)));
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

impl LiveArticles {
    /// The data that verdicts use about the live article at `sequence`.
    pub(super) fn earlier(&self, sequence: Sequence) -> Option<Earlier<'_>> {
        let entry = self.get(sequence)?;
        Some(Earlier {
            sequence,
            arrived: entry.arrived,
            about: &entry.about,
            print: &entry.print,
            verdict: &entry.decision.verdict,
            validity: entry.standing,
        })
    }

    /// The live articles of this uri in order of arrival, notices included.
    pub(super) fn versions(&self, uri: &str) -> impl DoubleEndedIterator<Item = Earlier<'_>> {
        let all = self.uris.get(uri).into_iter().flat_map(Versions::all);
        all.filter_map(|&sequence| self.earlier(sequence))
    }

    /// The newest live article of this uri, notices included.
    pub(super) fn newest_of_uri(&self, uri: &str) -> Option<Sequence> {
        self.uris.get(uri)?.all().back().copied()
    }

    /// All live versions of these articles (those with the same uri), oldest first, leaving out
    /// articles with the uri `left_out`.
    pub(super) fn with_versions(&self, of: &[Sequence], left_out: &str) -> Vec<Sequence> {
        let mut all = Vec::with_capacity(of.len());
        let mut expanded: FxHashSet<Sequence> = FxHashSet::default();
        let entries = of.iter().filter_map(|&sequence| Some((sequence, self.get(sequence)?)));
        for (sequence, entry) in entries.filter(|(_, entry)| entry.about.uri != left_out) {
            let versions = self.uris.get(&entry.about.uri).map(Versions::all);
            match versions.filter(|versions| versions.len() > 1) {
                Some(versions) if expanded.insert(versions[0]) => all.extend(versions),
                Some(_) => {}
                None => all.push(sequence),
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The newest live article with this name key.
    pub(super) fn newest_of_name(&self, key: u64) -> Option<Earlier<'_>> {
        self.earlier(*self.names.get(&key)?)
    }
}

impl MemberLookup for LiveArticles {
    fn member(&self, sequence: Sequence) -> Option<Member<'_>> {
        let entry = self.get(sequence)?;
        Some(Member {
            sequence,
            arrived: entry.arrived,
            about: &entry.about,
            kind: entry.decision.verdict.relation.kind,
            root: entry.decision.root,
            words: entry.print.words() as u32,
            terms: &entry.terms,
            standing: entry.standing,
            opening: entry.opening(),
            unique: entry.unique(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_keeps_the_newest_articles_and_counts_the_older_ones() {
        let mut lists = FxHashMap::default();
        let dropped: Vec<bool> = (0..4).map(|n| put(&mut lists, 7, Sequence(n), 2)).collect();
        assert_eq!(dropped, [false, false, true, true]);
        assert_eq!(lists[&7].newest, [Sequence(2), Sequence(3)]);
        assert_eq!(lists[&7].older, 2);
        take(&mut lists, 7, Sequence(0));
        assert_eq!(lists[&7].older, 1);
        (1..4).for_each(|n| take(&mut lists, 7, Sequence(n)));
        assert!(lists.is_empty());
        assert!(!put(&mut lists, 7, Sequence(4), 0) && put(&mut lists, 7, Sequence(5), 0));
        assert_eq!(lists[&7].newest, [Sequence(5)], "at least one is kept");
    }
}
