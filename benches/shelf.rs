//! A minimal archive of earlier articles for verdicts. Benches include this file as a module.

use rustc_hash::FxHashMap;
use wirefold_engine::article::{ArticleMetadata, EventTime, Sequence};
use wirefold_engine::fingerprint::Fingerprint;
use wirefold_engine::verdict::{Archive, Earlier, Validity, Verdict, identity_record::Identity};

/// Earlier articles by sequence and uri. Nothing expires; names and slugs are not indexed.
#[derive(Default)]
pub(crate) struct Shelf {
    /// The articles; the index is the sequence.
    pub(crate) all: Vec<(ArticleMetadata, Fingerprint, Verdict, EventTime)>,
    /// For each uri, the sequences of the articles with this uri, in order.
    pub(crate) uris: FxHashMap<String, Vec<Sequence>>,
}

impl Archive for Shelf {
    fn earlier(&self, sequence: Sequence) -> Option<Earlier<'_>> {
        let (about, print, verdict, arrived) = self.all.get(sequence.0 as usize)?;
        let (arrived, standing) = (*arrived, Validity::Valid);
        Some(Earlier { sequence, arrived, about, print, verdict, validity: standing })
    }

    fn versions(&self, uri: &str) -> impl DoubleEndedIterator<Item = Earlier<'_>> {
        let all = self.uris.get(uri).map(Vec::as_slice).unwrap_or_default();
        all.iter().filter_map(|&sequence| self.earlier(sequence))
    }

    fn newest_of_name(&self, _: u64) -> Option<Earlier<'_>> {
        None
    }

    fn count_uris_with_slug(&self, _: u64, _: Option<&str>) -> usize {
        0
    }

    fn identity_of_uri(&self, _: &str) -> Option<&Identity> {
        None
    }

    fn past_of_name(&self, _: u64) -> Option<&Identity> {
        None
    }
}
