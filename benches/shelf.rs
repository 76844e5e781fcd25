//! The earlier articles, as verdicts need them. Benches include this file.

use rustc_hash::FxHashMap;
use wirefold_engine::article::{About, EventTime, Sequence};
use wirefold_engine::fingerprint::Fingerprint;
use wirefold_engine::verdict::{Archive, Earlier, Validity, Verdict, identity_record::Identity};

/// The earlier articles, as verdicts need them.
#[derive(Default)]
pub(crate) struct Shelf {
    pub(crate) all: Vec<(About, Fingerprint, Verdict, EventTime)>,
    pub(crate) uris: FxHashMap<String, Vec<Sequence>>,
}

impl Archive for Shelf {
    fn earlier(&self, sequence: Sequence) -> Option<Earlier<'_>> {
        let (about, print, verdict, arrived) = self.all.get(sequence.0 as usize)?;
        let (arrived, standing) = (*arrived, Validity::Stands);
        Some(Earlier { sequence, arrived, about, print, verdict, standing })
    }

    fn versions(&self, uri: &str) -> impl DoubleEndedIterator<Item = Earlier<'_>> {
        let all = self.uris.get(uri).map(Vec::as_slice).unwrap_or_default();
        all.iter().filter_map(|&sequence| self.earlier(sequence))
    }

    fn newest_of_name(&self, _: u64) -> Option<Earlier<'_>> {
        None
    }

    fn bearers_of_slug(&self, _: u64, _: Option<&str>) -> usize {
        0
    }

    fn past_of_uri(&self, _: &str) -> Option<&Identity> {
        None
    }

    fn past_of_name(&self, _: u64) -> Option<&Identity> {
        None
    }
}
