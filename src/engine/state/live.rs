//! The live articles, in order of arrival: they enter at one end and leave at the other.

use crate::engine::article::{About, ArticleKey, EventTime, InputPosition, Sequence};
use crate::engine::fingerprint::Fingerprint;
use crate::engine::relation::{Archive, Earlier, Relation, Standing, Verdict};
use crate::engine::story::{Member, Members, StoryId, Terms};
use crate::engine::text;
use rustc_hash::FxHashMap;
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
    pub standing: Standing,
    /// The article that changed its standing.
    pub changed_by: Option<ArticleKey>,
}

/// The live articles of one shard.
#[derive(Debug, Default)]
pub(super) struct Live {
    first: u64,
    /// Shared with read views, which keep what they hold as it was.
    entries: VecDeque<Arc<Entry>>,
    uris: FxHashMap<String, Vec<Sequence>>,
    /// The newest article by the hashes of its names.
    names: FxHashMap<u64, Sequence>,
    bytes: usize,
}

impl Live {
    /// None, and the next to come is `first`.
    pub(super) fn starting_at(first: Sequence) -> Self {
        Self { first: first.0, ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes held, the tables by uri and slug not included.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
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
        self.versions(&key.uri).rev().find(named).map(|that| that.sequence)
    }

    /// Changes how an article stands; says whether that is a change.
    pub(super) fn stand(
        &mut self,
        sequence: Sequence,
        standing: Standing,
        by: Option<ArticleKey>,
    ) -> bool {
        let at = sequence.0.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        let Some(entry) = at.and_then(|at| self.entries.get_mut(at)) else { return false };
        let entry = Arc::make_mut(entry);
        let changed = entry.standing != standing;
        entry.standing = standing;
        entry.changed_by = by;
        changed
    }

    pub(super) fn push(&mut self, entry: Entry) {
        let next = self.next();
        self.uris.entry(entry.about.uri.clone()).or_default().push(next);
        for name in names(&entry.about) {
            self.names.insert(name, next);
        }
        self.bytes += bytes(&entry);
        self.entries.push_back(Arc::new(entry));
    }

    /// The oldest live article.
    pub(super) fn first(&self) -> Option<(Sequence, &Entry)> {
        self.entries.front().map(|entry| (Sequence(self.first), &**entry))
    }

    /// Removes the oldest live article.
    pub(super) fn pop(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.bytes -= bytes(&entry);
            if let Some(versions) = self.uris.get_mut(&entry.about.uri) {
                versions.remove(0);
                if versions.is_empty() {
                    self.uris.remove(&entry.about.uri);
                }
            }
            for name in names(&entry.about) {
                if self.names.get(&name) == Some(&Sequence(self.first)) {
                    self.names.remove(&name);
                }
            }
            self.first += 1;
        }
    }
}

/// Bytes of an entry that never change while it lives. Short strings of its verdict are left out.
fn bytes(entry: &Entry) -> usize {
    let about = &entry.about;
    let optional = [&about.version, &about.provider, &about.credit, &about.slugline];
    let text: usize = optional.into_iter().flatten().map(String::len).sum();
    let relations = entry.decision.verdict.also.len() * size_of::<Relation>();
    let heap = entry.print.bytes() - size_of_val(&entry.print) + size_of_val(&*entry.edges);
    size_of::<Entry>() + heap + relations + about.uri.len() + about.headline.len() + text
}

/// The names that an article is found by: its slug and its headline, each alone and with its
/// provider. Notices have none: a notice must not hide what it names.
fn names(about: &About) -> impl Iterator<Item = u64> {
    let named = about.marks.order.is_none();
    let texts = [about.slugline.as_deref(), Some(about.headline.as_str())];
    let provider = about.provider.as_deref();
    let keys = move |text| [name_key(text, None), provider.and_then(|p| name_key(text, Some(p)))];
    texts.into_iter().flatten().filter(move |_| named).flat_map(keys).flatten()
}

/// The hash of a name, its case and punctuation left out; `None` for a name without words.
fn name_key(name: &str, provider: Option<&str>) -> Option<u64> {
    let settings = text::Settings { words_max: 200 };
    let hash = |text: &str| {
        let hashes = text::words(text, &settings).hashes;
        hashes.into_iter().reduce(text::tokens::mix)
    };
    let name = hash(name)?;
    match provider {
        None => Some(name),
        Some(provider) => Some(text::tokens::mix(hash(provider)?, !name)),
    }
}

impl Archive for Live {
    fn earlier(&self, sequence: Sequence) -> Option<Earlier<'_>> {
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

    fn versions(&self, uri: &str) -> impl DoubleEndedIterator<Item = Earlier<'_>> {
        let all = self.uris.get(uri).map(Vec::as_slice).unwrap_or_default();
        all.iter().filter_map(|&sequence| self.earlier(sequence))
    }

    fn newest_of_name(&self, name: &str, provider: Option<&str>) -> Option<Earlier<'_>> {
        self.earlier(*self.names.get(&name_key(name, provider)?)?)
    }
}

impl Members for Live {
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
