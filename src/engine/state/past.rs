//! The identities that outlive the window, in order of arrival, and the view of all that is known.
//!
//! An identity enters when its article leaves the window and goes when `engine.identity` has passed
//! since the article arrived, or early beyond `identities_max`. It is a record of its own, so that
//! what is known of the past is a function of the records too.
//!
//! Cost: about 100 bytes an identity and as much in tables; constant time for each look-up.

use super::live::LiveArticles;
use super::{RecordChange, State};
use crate::article::{EventTime, Sequence};
use crate::verdict::identity_record::Identity;
use crate::verdict::{Archive, Earlier, Validity};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// The identities of one shard.
#[derive(Debug, Default)]
pub(super) struct IdentityArchive {
    entries: VecDeque<(Sequence, Identity)>,
    /// By uri, in order of arrival, notices included.
    uris: FxHashMap<String, VecDeque<Sequence>>,
    /// The notices among them.
    notices: FxHashMap<String, VecDeque<Sequence>>,
    /// The newest by the keys of its names.
    names: FxHashMap<u64, Sequence>,
    bytes: usize,
}

impl IdentityArchive {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes held, the tables included.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
            + self.uris.capacity() * (size_of::<(String, Vec<Sequence>)>() + 1)
            + self.names.capacity() * (size_of::<(u64, Sequence)>() + 1)
    }

    /// Takes in an identity that arrived after all others.
    pub(super) fn push(&mut self, own: Sequence, identity: Identity) {
        self.uris.entry(identity.uri.clone()).or_default().push_back(own);
        if identity.order.is_some() {
            self.notices.entry(identity.uri.clone()).or_default().push_back(own);
        }
        for key in identity.keys() {
            self.names.insert(key, own);
        }
        self.bytes += bytes(&identity);
        self.entries.push_back((own, identity));
    }

    /// Follows what another instance recorded: a new identity, or how a known one stands.
    pub(super) fn follow(&mut self, own: Sequence, identity: Identity) {
        match self.entries.back().is_none_or(|(last, _)| *last < own) {
            true => self.push(own, identity),
            false => self.stand(own, identity.standing),
        }
    }

    /// The oldest.
    pub(super) fn first(&self) -> Option<&(Sequence, Identity)> {
        self.entries.front()
    }

    /// Removes the oldest.
    pub(super) fn pop(&mut self) {
        let Some((own, identity)) = self.entries.pop_front() else { return };
        self.bytes -= identity.bytes();
        for lists in [&mut self.uris, &mut self.notices] {
            let Some(list) = lists.get_mut(&identity.uri) else { continue };
            if list.front() == Some(&own) {
                list.pop_front();
            }
            if list.is_empty() {
                lists.remove(&identity.uri);
            }
        }
        for key in identity.keys() {
            if self.names.get(&key) == Some(&own) {
                self.names.remove(&key);
            }
        }
    }

    fn at(&self, own: Sequence) -> Option<usize> {
        self.entries.binary_search_by_key(&own, |(sequence, _)| *sequence).ok()
    }

    pub(super) fn get(&self, own: Sequence) -> Option<&Identity> {
        Some(&self.entries[self.at(own)?].1)
    }

    /// Changes how one stands.
    pub(super) fn stand(&mut self, own: Sequence, standing: Validity) {
        if let Some(at) = self.at(own) {
            self.entries[at].1.standing = standing;
        }
    }

    /// Those of a uri, in order of arrival, notices included.
    pub(super) fn versions(
        &self,
        uri: &str,
    ) -> impl DoubleEndedIterator<Item = (Sequence, &Identity)> {
        let all = self.uris.get(uri).into_iter().flatten();
        all.filter_map(|&own| Some((own, self.get(own)?)))
    }

    /// The notice of this uri that arrived last.
    pub(super) fn last_notice(&self, uri: &str) -> Option<&Identity> {
        self.get(*self.notices.get(uri)?.back()?)
    }

    /// That of this uri which stands, or else arrived last; no notice.
    pub(super) fn of_uri(&self, uri: &str) -> Option<&Identity> {
        let mut reports =
            self.versions(uri).map(|(_, identity)| identity).filter(|i| i.order.is_none()).rev();
        let last = reports.next()?;
        let stands = |identity: &&Identity| identity.standing == Validity::Stands;
        Some(std::iter::once(last).chain(reports).find(stands).unwrap_or(last))
    }

    /// Whether the oldest has to go by age at `clock`, when each is kept for `span_ms`.
    pub(super) fn aged(&self, clock: EventTime, span_ms: i64) -> bool {
        self.first().is_some_and(|(_, identity)| clock.since(identity.arrived).0 > span_ms)
    }
}

/// Bytes of an identity, with its place in the list of its uri.
fn bytes(identity: &Identity) -> usize {
    let list = identity.uri.len() + 4 * size_of::<Sequence>();
    identity.bytes() + size_of::<Sequence>() + list
}

/// All that is known: the live articles, and the identities of those before.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownArticles<'a> {
    pub(super) live: &'a LiveArticles,
    pub(super) past: &'a IdentityArchive,
}

impl Archive for KnownArticles<'_> {
    fn earlier(&self, sequence: Sequence) -> Option<Earlier<'_>> {
        self.live.earlier(sequence)
    }

    fn versions(&self, uri: &str) -> impl DoubleEndedIterator<Item = Earlier<'_>> {
        self.live.versions(uri)
    }

    fn standing_of_uri(&self, uri: &str) -> Option<Earlier<'_>> {
        self.live.standing_of_uri(uri)
    }

    fn repeated(&self, uri: &str, version: Option<&str>, content: u64) -> Option<Earlier<'_>> {
        self.live.repeated((uri, version), content)
    }

    fn newest_of_name(&self, key: u64) -> Option<Earlier<'_>> {
        self.live.newest_of_name(key)
    }

    fn bearers_of_slug(&self, key: u64, provider: Option<&str>) -> usize {
        let found = self.live.bearers(key).newest.iter().filter_map(|&s| self.live.get(s));
        let found = found.filter(|entry| {
            entry.standing == Validity::Stands && entry.about.provider.as_deref() == provider
        });
        let mut uris: Vec<&str> = found.map(|entry| entry.about.uri.as_str()).collect();
        uris.sort_unstable();
        uris.dedup();
        uris.len()
    }

    fn past_of_uri(&self, uri: &str) -> Option<&Identity> {
        self.past.of_uri(uri)
    }

    fn past_of_name(&self, key: u64) -> Option<&Identity> {
        self.past.get(*self.past.names.get(&key)?)
    }
}

impl State {
    /// Lets identities go that are too old or too many.
    pub(super) fn forget(&mut self) {
        let span = self.settings.identity.0;
        loop {
            let aged = self.past.aged(self.clock, span);
            if !aged && self.past.len() <= self.settings.identities_max as usize {
                return;
            }
            let Some((sequence, _)) = self.past.first() else { return };
            self.changes.push(RecordChange::identity(*sequence, None));
            self.past.pop();
            self.tally.identities_crowded_out += u64::from(!aged);
        }
    }
}
