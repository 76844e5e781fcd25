//! The identities of articles that have left the window, in order of arrival. Also contains the
//! view through which verdicts see all known articles.
//!
//! An identity is added when its article leaves the window. It is removed when the time
//! `engine.identity` has passed since the article arrived, or earlier if there are more than
//! `identities_max`. Each identity has its own record, so the identities are a function of the
//! records as well.
//!
//! Cost: about 200 bytes per identity and another 100 bytes in tables; constant time per look-up.

use super::live::LiveArticles;
use super::{RecordChange, State};
use crate::article::{EventTime, Sequence};
use crate::verdict::identity_record::Identity;
use crate::verdict::{Archive, Earlier, UniqueOutcome, Validity};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// The identities of one shard.
#[derive(Debug, Default)]
pub(super) struct IdentityArchive {
    /// The identities, oldest first.
    entries: VecDeque<(Sequence, Identity)>,
    /// Sequences by uri in order of arrival, notices included.
    uris: FxHashMap<String, VecDeque<Sequence>>,
    /// Sequences of the notices by uri.
    notices: FxHashMap<String, VecDeque<Sequence>>,
    /// The newest identity with each name key.
    names: FxHashMap<u64, Sequence>,
    /// Bytes of the entries.
    bytes: usize,
}

impl IdentityArchive {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes in use, including the tables.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
            + self.uris.capacity() * (size_of::<(String, Vec<Sequence>)>() + 1)
            + self.names.capacity() * (size_of::<(u64, Sequence)>() + 1)
    }

    /// Adds an identity that arrived after all others.
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

    /// Applies a record of another instance: a new identity, or a new state of a known one.
    pub(super) fn follow(&mut self, own: Sequence, identity: Identity) {
        match self.entries.back().is_none_or(|(last, _)| *last < own) {
            true => self.push(own, identity),
            false => {
                if let Some(at) = self.at(own) {
                    let known = &mut self.entries[at].1;
                    (known.standing, known.unique) = (identity.standing, identity.unique);
                }
            }
        }
    }

    /// The oldest identity.
    pub(super) fn first(&self) -> Option<&(Sequence, Identity)> {
        self.entries.front()
    }

    /// Removes the oldest identity.
    pub(super) fn pop(&mut self) {
        let Some((own, identity)) = self.entries.pop_front() else { return };
        self.bytes -= bytes(&identity);
        debug_assert!(!self.entries.is_empty() || self.bytes == 0, "no identities, no bytes");
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

    /// The position of an identity in `entries`.
    fn at(&self, own: Sequence) -> Option<usize> {
        self.entries.binary_search_by_key(&own, |(sequence, _)| *sequence).ok()
    }

    pub(super) fn get(&self, own: Sequence) -> Option<&Identity> {
        Some(&self.entries[self.at(own)?].1)
    }

    /// Changes the validity of an identity.
    pub(super) fn stand(&mut self, own: Sequence, standing: Validity) {
        if let Some(at) = self.at(own) {
            self.entries[at].1.standing = standing;
        }
    }

    /// Records that the embargo of an article has ended. Returns whether its identity is known.
    pub(super) fn lift(&mut self, own: Sequence) -> bool {
        let Some(at) = self.at(own) else { return false };
        let identity = &mut self.entries[at].1;
        identity.unique = Some(match identity.standing {
            Validity::Valid => UniqueOutcome::Forwarded,
            _ => UniqueOutcome::Held,
        });
        true
    }

    /// The identities of a uri in order of arrival, notices included.
    pub(super) fn versions(
        &self,
        uri: &str,
    ) -> impl DoubleEndedIterator<Item = (Sequence, &Identity)> {
        let all = self.uris.get(uri).into_iter().flatten();
        all.filter_map(|&own| Some((own, self.get(own)?)))
    }

    /// The newest notice of this uri.
    pub(super) fn last_notice(&self, uri: &str) -> Option<&Identity> {
        self.get(*self.notices.get(uri)?.back()?)
    }

    /// The newest valid identity with this uri, or the newest if none is valid. Notices are
    /// excluded.
    pub(super) fn of_uri(&self, uri: &str) -> Option<&Identity> {
        let mut reports =
            self.versions(uri).map(|(_, identity)| identity).filter(|i| i.order.is_none()).rev();
        let last = reports.next()?;
        let valid = |identity: &&Identity| identity.standing == Validity::Valid;
        Some(std::iter::once(last).chain(reports).find(valid).unwrap_or(last))
    }

    /// Whether the oldest identity is older than `span_ms` at `clock`.
    pub(super) fn aged(&self, clock: EventTime, span_ms: i64) -> bool {
        self.first().is_some_and(|(_, identity)| clock.since(identity.arrived).0 > span_ms)
    }
}

/// Bytes of an identity and its place in the list of its uri.
fn bytes(identity: &Identity) -> usize {
    let list = identity.uri.len() + 4 * size_of::<Sequence>();
    identity.bytes() + size_of::<Sequence>() + list
}

/// All known articles: the live ones, and the identities of those that have left the window.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownArticles<'a> {
    /// The live articles.
    pub(super) live: &'a LiveArticles,
    /// The identities.
    pub(super) past: &'a IdentityArchive,
}

impl Archive for KnownArticles<'_> {
    fn earlier(&self, sequence: Sequence) -> Option<Earlier<'_>> {
        self.live.earlier(sequence)
    }

    fn versions(&self, uri: &str) -> impl DoubleEndedIterator<Item = Earlier<'_>> {
        self.live.versions(uri)
    }

    fn valid_of_uri(&self, uri: &str) -> Option<Earlier<'_>> {
        self.live.standing_of_uri(uri)
    }

    fn repeated(&self, uri: &str, version: Option<&str>, content: u64) -> Option<Earlier<'_>> {
        self.live.repeated((uri, version), content)
    }

    fn newest_of_name(&self, key: u64) -> Option<Earlier<'_>> {
        self.live.newest_of_name(key)
    }

    fn count_uris_with_slug(&self, key: u64, provider: Option<&str>) -> usize {
        let bearers = self.live.with_slug(key).newest.iter().filter_map(|&s| self.live.get(s));
        let valid = bearers.filter(|entry| {
            entry.standing == Validity::Valid && entry.about.provider.as_deref() == provider
        });
        let mut uris: Vec<&str> = valid.map(|entry| entry.about.uri.as_str()).collect();
        uris.sort_unstable();
        uris.dedup();
        uris.len()
    }

    fn identity_of_uri(&self, uri: &str) -> Option<&Identity> {
        self.past.of_uri(uri)
    }

    fn past_of_name(&self, key: u64) -> Option<&Identity> {
        self.past.get(*self.past.names.get(&key)?)
    }
}

impl State {
    /// Removes identities that are too old, and the oldest if there are too many.
    pub(super) fn expire_identities(&mut self) {
        let span = self.settings.identity.0;
        loop {
            let aged = self.identities.aged(self.clock, span);
            if !aged && self.identities.len() <= self.settings.tuning.identities_max as usize {
                return;
            }
            let Some((sequence, _)) = self.identities.first() else { return };
            self.outcome.changes.push(RecordChange::identity(*sequence, None));
            self.identities.pop();
            self.outcome.tally.identities_crowded_out += u64::from(!aged);
        }
    }
}
