//! The live articles, in order of arrival: they enter at one end and leave at the other.
//!
//! They are found by uri, by name, by slug, and, where a notice waits for what it names, by what it
//! names. Lists under one key are bounded, and keep what arrived last.

use super::versions::{VersionTables, Versions};
use crate::article::{About, ArticleKey, EventTime, InputPosition, NoticeOrder, Sequence};
use crate::candidates::PostingKeys;
use crate::fingerprint::Fingerprint;
use crate::stories::{Member, MemberLookup, StoryId, Terms};
use crate::verdict::identity_record::Identity;
use crate::verdict::names::{self, NameKeys};
use crate::verdict::{Earlier, Kind, Relation, Scope, Validity, Verdict};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;
use std::sync::Arc;

/// What was decided about an article when it arrived, as later articles need it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The first article of its chain: itself for an original.
    pub root: Sequence,
    /// Its story at arrival; absent for what never joins one.
    pub story: Option<StoryId>,
    /// The whole verdict, for copies that inherit its links.
    pub verdict: Verdict,
}

impl Decision {
    /// What is kept of a verdict on the article at `own`.
    pub fn new(verdict: &Verdict, own: Sequence, story: Option<StoryId>) -> Self {
        let root = verdict.relation.root.as_ref().and_then(|t| t.sequence).unwrap_or(own);
        Self { root, story, verdict: verdict.clone() }
    }
}

/// A live article.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Where it came from.
    pub input: InputPosition,
    /// The engine's clock when it arrived.
    pub arrived: EventTime,
    /// Its metadata.
    pub about: About,
    /// Its fingerprint.
    pub print: Fingerprint,
    /// Its terms, as kept.
    pub terms: Terms,
    /// Posting keys of its edge pieces, those that were taken off included.
    pub edges: Box<[u32]>,
    /// What was decided.
    pub decision: Decision,
    /// How it stands now.
    pub standing: Validity,
    /// The article that changed its standing.
    pub changed_by: Option<ArticleKey>,
}

impl Entry {
    /// The keys that the index lists this article under, besides those of its text. `previous` is the
    /// newest earlier article with the same uri.
    pub(super) fn keys(&self, previous: Option<Sequence>) -> PostingKeys<'_> {
        let uris = self.decision.verdict.targets().map(|target| target.key.uri.as_str());
        PostingKeys::of(&self.edges, uris.filter(|uri| *uri != self.about.uri), previous)
    }
}

/// The live articles of one shard.
#[derive(Debug, Default)]
pub(super) struct LiveArticles {
    first: u64,
    /// Shared with read views, which keep what they hold as it was.
    entries: VecDeque<Arc<Entry>>,
    uris: FxHashMap<String, Versions>,
    /// The newest article by the keys of its names.
    names: FxHashMap<u64, Sequence>,
    /// The articles that bear a slug.
    slugs: FxHashMap<u64, SlugHolders>,
    /// Notices that wait for what they name, by the keys of uris and names.
    orders: FxHashMap<u64, SlugHolders>,
    bearers_max: usize,
    bytes: usize,
}

/// The live articles under one key, of which the newest are found by it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SlugHolders {
    /// Those that are found, in order of arrival, at most `bearers_max`.
    pub(super) newest: Vec<Sequence>,
    /// How many older ones there are.
    pub(super) older: u32,
}

impl SlugHolders {
    const NONE: &Self = &Self { newest: Vec::new(), older: 0 };
}

/// Puts `sequence` last under `key`, under which at most `most` are kept; says whether the oldest had to
/// leave.
fn put(lists: &mut FxHashMap<u64, SlugHolders>, key: u64, sequence: Sequence, most: usize) -> bool {
    let list = lists.entry(key).or_default();
    let full = list.newest.len() >= most.max(1);
    if full {
        list.newest.remove(0);
        list.older += 1;
    }
    list.newest.push(sequence);
    full
}

/// Takes `sequence`, the oldest of all, from under `key`.
fn take(lists: &mut FxHashMap<u64, SlugHolders>, key: u64, sequence: Sequence) {
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
    /// None, and the next to come is `first`; so many articles are found by one slug.
    pub(super) fn starting_at(first: Sequence, bearers_max: u32) -> Self {
        Self { first: first.0, bearers_max: bearers_max as usize, ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes held, the tables included.
    pub(super) fn bytes(&self) -> usize {
        let lists = self.uris.capacity() * (size_of::<(String, Vec<Sequence>)>() + 1)
            + (self.slugs.capacity() + self.orders.capacity())
                * (size_of::<(u64, Vec<Sequence>)>() + 1);
        self.bytes
            + lists
            + self.names.capacity() * (size_of::<(u64, Sequence)>() + 1)
            + self.entries.capacity() * size_of::<Arc<Entry>>()
    }

    /// The sequence of the next article.
    pub(super) fn next(&self) -> Sequence {
        Sequence(self.first + self.entries.len() as u64)
    }

    pub(super) fn get(&self, sequence: Sequence) -> Option<&Entry> {
        self.shared(sequence).map(|entry| &**entry)
    }

    /// The article at `sequence`, to be kept by others as it is now.
    pub(super) fn shared(&self, sequence: Sequence) -> Option<&Arc<Entry>> {
        self.entries.get(usize::try_from(sequence.0.checked_sub(self.first)?).ok()?)
    }

    /// The newest live article of this name.
    pub(super) fn newest_of_key(&self, key: &ArticleKey) -> Option<Sequence> {
        let named = |that: &Earlier<'_>| that.about.version == key.version;
        let found = match self.crowd(&key.uri) {
            Some(crowd) => crowd.named(key.version.as_deref()).and_then(|s| self.earlier(s)),
            None => self.versions(&key.uri).rev().find(named),
        };
        found.filter(named).map(|that| that.sequence)
    }

    fn crowd(&self, uri: &str) -> Option<&VersionTables> {
        self.uris.get(uri)?.crowd()
    }

    /// The version of this uri that stands, or else the one that arrived last; no notice.
    pub(super) fn standing_of_uri(&self, uri: &str) -> Option<Earlier<'_>> {
        if let Some(crowd) = self.crowd(uri) {
            return crowd.standing().and_then(|at| self.earlier(at));
        }
        let report = |that: &Earlier<'_>| that.verdict.relation.kind != Kind::Withdrawal;
        let mut reports = self.versions(uri).filter(report).rev();
        let last = reports.next()?;
        let stands = |that: &Earlier<'_>| that.standing == Validity::Stands;
        Some(std::iter::once(last).chain(reports).find(stands).unwrap_or(last))
    }

    /// The newest notice under this uri that came before `own`.
    pub(super) fn notice_before(&self, uri: &str, own: Sequence) -> Option<Earlier<'_>> {
        if let Some(crowd) = self.crowd(uri) {
            return crowd.notice_before(own).and_then(|at| self.earlier(at));
        }
        let notice = |that: &Earlier<'_>| that.verdict.relation.kind == Kind::Withdrawal;
        self.versions(uri).rev().find(|that| that.sequence < own && notice(that))
    }

    /// The newest article of this name with this text, where one can be found at once.
    pub(super) fn repeated(&self, key: (&str, Option<&str>), content: u64) -> Option<Earlier<'_>> {
        let (uri, version) = key;
        let same = |that: &Earlier<'_>| {
            that.about.version.as_deref() == version && that.print.content == content
        };
        let found = match self.crowd(uri) {
            Some(crowd) => crowd.text(version, content).and_then(|at| self.earlier(at)),
            None => self.versions(uri).rev().find(same),
        };
        found.filter(same)
    }

    /// Changes how an article stands; says whether that is a change.
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
        entry.changed_by = by;
        if let Some(versions) = self.uris.get_mut(&entry.about.uri) {
            versions.restand(sequence, entry);
        }
        changed
    }

    /// Puts the next article in; says how many others are not found by a slug or a name any more.
    pub(super) fn push(&mut self, entry: Entry) -> u64 {
        let (next, most) = (self.next(), self.bearers_max);
        let mut dropped = 0;
        let names = borne(&entry.about);
        for key in keys(names, entry.about.provider.as_deref()) {
            self.names.insert(key, next);
        }
        if names.slug != 0 {
            dropped += u64::from(put(&mut self.slugs, names.slug, next, most));
        }
        for key in waits_for(&entry) {
            dropped += u64::from(put(&mut self.orders, key, next, most));
        }
        self.bytes += bytes(&entry);
        let uri = entry.about.uri.clone();
        self.entries.push_back(Arc::new(entry));
        let (first, entries) = (self.first, &self.entries);
        let get = |at: Sequence| entries.get((at.0 - first) as usize).map(|entry| &**entry);
        self.uris.entry(uri).or_default().push(next, get);
        dropped
    }

    /// Puts a live article's entry in the place of the former one, and returns that. What is found by
    /// uri and name does not change.
    pub(super) fn replace(&mut self, sequence: Sequence, entry: Entry) -> Option<Arc<Entry>> {
        let at = usize::try_from(sequence.0.checked_sub(self.first)?).ok()?;
        let held = self.entries.get_mut(at)?;
        self.bytes = self.bytes - bytes(held) + bytes(&entry);
        if let Some(versions) = self.uris.get_mut(&entry.about.uri) {
            versions.restand(sequence, &entry);
        }
        Some(std::mem::replace(held, Arc::new(entry)))
    }

    /// The sequence of the oldest live article, or of the next one where there is none.
    pub(super) fn first_sequence(&self) -> Sequence {
        Sequence(self.first)
    }

    /// The oldest live article.
    pub(super) fn first(&self) -> Option<(Sequence, &Entry)> {
        self.entries.front().map(|entry| (Sequence(self.first), &**entry))
    }

    /// Removes the oldest live article; what outlives its window.
    pub(super) fn pop(&mut self) -> Option<Identity> {
        let entry = self.entries.pop_front()?;
        let own = Sequence(self.first);
        self.bytes -= bytes(&entry);
        if let Some(versions) = self.uris.get_mut(&entry.about.uri) {
            versions.pop(&entry);
            if versions.is_empty() {
                self.uris.remove(&entry.about.uri);
            }
        }
        let names = borne(&entry.about);
        for key in keys(names, entry.about.provider.as_deref()) {
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
        let at = (entry.arrived, entry.standing);
        Some(Identity::of(&entry.about, &entry.print, verdict, at))
    }

    /// The live articles that bear the slug of this key, notices left out.
    pub(super) fn bearers(&self, slug: u64) -> &SlugHolders {
        self.slugs.get(&slug).unwrap_or(SlugHolders::NONE)
    }

    /// Notices that wait for an article of this uri or these names, newest first, each with what it
    /// was found by.
    pub(super) fn orders_for(
        &self,
        about: &About,
    ) -> impl Iterator<Item = (Earlier<'_>, MatchedBy)> {
        let mut keys = vec![(uri_key(&about.uri), MatchedBy::Uri)];
        if let Some(provider) = about.provider.as_deref().filter(|_| !self.orders.is_empty()) {
            let own =
                NameKeys::of(about).iter().filter_map(|key| names::of_provider(key, provider));
            keys.extend(own.map(|key| (key, MatchedBy::Name)));
        }
        keys.into_iter().flat_map(move |(key, by)| {
            let found = self.orders.get(&key).unwrap_or(SlugHolders::NONE);
            found.newest.iter().rev().filter_map(move |&s| Some((self.earlier(s)?, by)))
        })
    }

    /// All live articles, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Sequence, &Entry)> + Clone {
        let entries = self.entries.iter().map(AsRef::as_ref);
        (self.first..).map(Sequence).zip(entries)
    }
}

/// What a waiting notice was found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MatchedBy {
    /// The uri that it links to.
    Uri,
    /// A name that it gives.
    Name,
}

/// Bytes of an entry, with its places in the lists by uri and slug. Short strings of its verdict
/// are left out.
fn bytes(entry: &Entry) -> usize {
    let about = &entry.about;
    let key = |key: &ArticleKey| key.uri.len() + key.version.as_ref().map_or(0, String::len);
    let optional = [&about.version, &about.provider, &about.credit, &about.slugline];
    let text: usize = optional.into_iter().flatten().map(String::len).sum();
    let links: usize = about.links.iter().map(|link| size_of_val(link) + key(&link.to)).sum();
    let marks = about.marks.references.iter().map(|name| size_of_val(name) + name.len());
    let also = entry.decision.verdict.also.iter();
    let relations =
        also.map(|also| size_of::<Relation>() + also.of.as_ref().map_or(0, |of| key(&of.key)));
    let heap = entry.print.bytes() - size_of_val(&entry.print) + size_of_val(&*entry.edges);
    let tables = about.uri.len() + LIST_BYTES;
    size_of::<Entry>()
        + heap
        + entry.terms.bytes()
        + relations.sum::<usize>()
        + links
        + marks.sum::<usize>()
        + about.uri.len()
        + about.headline.len()
        + text
        + tables
}

/// Bytes of the list that names an article under its uri, and of the count of its owners.
const LIST_BYTES: usize = 4 * size_of::<Sequence>() + 2 * size_of::<usize>();

/// The names that an article bears. Notices have none: a notice must not hide what it names.
fn borne(about: &About) -> NameKeys {
    match about.marks.order {
        None => NameKeys::of(about),
        Some(_) => NameKeys { slug: 0, headline: 0 },
    }
}

/// The keys that an article is found by: each of its names, alone and with its provider.
fn keys(names: NameKeys, provider: Option<&str>) -> impl Iterator<Item = u64> {
    let own = move |key| provider.and_then(|p| names::of_provider(key, p));
    names.iter().flat_map(move |key| [Some(key), own(key)].into_iter().flatten())
}

/// The key of a uri among those of names.
fn uri_key(uri: &str) -> u64 {
    use std::hash::{Hash, Hasher};
    let mut hash = rustc_hash::FxHasher::default();
    uri.hash(&mut hash);
    hash.finish()
}

/// The keys of what a notice waits for: all that it names, while it has found nothing. A release waits
/// for nothing.
fn waits_for(entry: &Entry) -> Vec<u64> {
    let (about, relation) = (&entry.about, &entry.decision.verdict.relation);
    let found = relation.of.as_ref().is_some_and(|of| of.sequence.is_some());
    let releases = about.marks.order == Some(NoticeOrder::Release);
    if relation.kind != Kind::Withdrawal || found || releases || relation.scope == Scope::Identity {
        return Vec::new();
    }
    let mut keys: Vec<u64> = about.links.iter().map(|link| uri_key(&link.to.uri)).collect();
    let named = about.marks.references.iter().chain(&about.slugline);
    if let Some(provider) = &about.provider {
        let own = |name: &String| names::of_provider(names::key(name)?, provider);
        keys.extend(named.filter_map(own));
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

impl LiveArticles {
    /// The live article at `sequence`, as relation sees it.
    pub(super) fn earlier(&self, sequence: Sequence) -> Option<Earlier<'_>> {
        let entry = self.get(sequence)?;
        Some(Earlier {
            sequence,
            arrived: entry.arrived,
            about: &entry.about,
            print: &entry.print,
            verdict: &entry.decision.verdict,
            standing: entry.standing,
        })
    }

    /// The live articles of this uri, in order of arrival, notices included.
    pub(super) fn versions(&self, uri: &str) -> impl DoubleEndedIterator<Item = Earlier<'_>> {
        let all = self.uris.get(uri).into_iter().flat_map(Versions::all);
        all.filter_map(|&sequence| self.earlier(sequence))
    }

    /// The newest live article of this uri, notices included.
    pub(super) fn newest_of_uri(&self, uri: &str) -> Option<Sequence> {
        self.uris.get(uri)?.all().back().copied()
    }

    /// Every live version of the uris of these articles, in order of arrival, except versions of the
    /// uri that `left_out` names.
    pub(super) fn with_versions(&self, of: &[Sequence], left_out: &str) -> Vec<Sequence> {
        let mut all = Vec::with_capacity(of.len());
        let mut expanded: FxHashSet<Sequence> = FxHashSet::default();
        let entries = of.iter().filter_map(|&sequence| Some((sequence, self.get(sequence)?)));
        for (sequence, entry) in entries.filter(|(_, entry)| entry.about.uri != left_out) {
            match self.uris.get(&entry.about.uri).map(Versions::all) {
                Some(versions) if versions.len() > 1 => {
                    let first = versions.front().copied().unwrap_or(sequence);
                    if expanded.insert(first) {
                        all.extend(versions);
                    }
                }
                _ => all.push(sequence),
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The newest live article that bears the name of this key.
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
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_under_a_key_and_each_leaves_once() {
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
        assert_eq!(lists[&7].newest, [Sequence(5)], "one at least");
    }
}
