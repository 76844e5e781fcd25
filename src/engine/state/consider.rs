//! Queries that do not change the state: how an article would be classified if it arrived now, and
//! which articles carry the text of a withdrawn or corrected one.

use super::classified::classified;
use super::radius::CarrierSearch;
use super::{State, matched};
use crate::article::{ArticleMetadata, EventTime, LinkKind, Sequence};
use crate::event::{Carrier, Classified, Radius};
use crate::prepare::Prepared;
use crate::stories::Choice;
use crate::verdict::align::Aligner;

/// How an article would be classified if it arrived now.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The event without its story, which is in `choice`.
    pub classified: Classified,
    /// The story that the article would join, and the nearest other stories.
    pub choice: Choice,
}

impl State {
    /// Predicts how `new` would be classified if it arrived now. This does not affect the decision
    /// on the next article; `&mut` is only needed for scratch space.
    pub fn predict(&mut self, new: &Prepared) -> Prediction {
        let started = self.clock != EventTime(i64::MIN);
        let stamp = if started { self.clock } else { new.about.claimed.unwrap_or_default() };
        let mut new = new.clone();
        let edges = self.take_off(&mut new);
        let candidates = self.index.candidates(&new.fingerprint);
        let mut verdict = self.judge(&new, &candidates, &edges, stamp);
        self.take_shared_terms(&mut new, &mut verdict);
        let member = self.candidate(self.live.next(), &new, &verdict);
        let choice = self.stories.consider(member, matched(&verdict), &self.live);
        Prediction { classified: classified(&mut new, verdict), choice }
    }

    /// The carriers of the withdrawn or corrected text of the live article at `target`; at most
    /// `most` carriers are named. `None` if the article is valid or was only superseded by a newer
    /// version.
    pub fn carriers_of(&self, target: Sequence, most: usize) -> Option<Radius> {
        let (tainted, by) = self.taint(target)?;
        let own = self.live.newest_of_key(&by).unwrap_or(target);
        let search = CarrierSearch { own, target, tainted: &tainted, members: &[target], most };
        Some(self.radius(search, by))
    }

    /// Whether the live article at `that` contains withdrawn or corrected text of `target`.
    pub fn carries(&self, target: Sequence, that: Sequence) -> Option<Carrier> {
        let (tainted, _) = self.taint(target)?;
        let text = &self.live.get(target)?.print;
        self.carrier(&Aligner::of(text), &tainted, that)
    }

    /// The live article that `about` says it is a translation of.
    pub(super) fn translated(&self, about: &ArticleMetadata) -> Option<Sequence> {
        let links = about.links.iter().filter(|link| link.kind == LinkKind::TranslationOf);
        links
            .filter_map(|link| self.live.versions(&link.to.uri).next_back())
            .map(|e| e.sequence)
            .next()
    }
}
