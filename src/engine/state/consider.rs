//! Questions to the state: what would be said of an article, and who carries what. Nothing is changed.

use super::radius::CarrierSearch;
use super::{State, classified, matched};
use crate::article::{EventTime, Sequence};
use crate::event::{Carrier, Classified, Radius};
use crate::prepare::Prepared;
use crate::stories::Choice;
use crate::verdict::align::Aligner;

/// What would be said of an article if it came now.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// What it would be. Its story is absent: that is in `choice`.
    pub classified: Classified,
    /// The story that it would join, and those near it.
    pub choice: Choice,
}

impl State {
    /// Says what would be said of `new` if it came now. The next article is decided as if this had
    /// not been asked; that scratch space is borrowed for the answer is why it takes `&mut`.
    pub fn consider(&mut self, new: &Prepared) -> Prediction {
        let started = self.clock != EventTime(i64::MIN);
        let stamp = if started { self.clock } else { new.about.claimed.unwrap_or_default() };
        let mut new = new.clone();
        let edges = self.take_off(&mut new);
        let candidates = self.index.candidates(&new.print);
        let verdict = self.judge(&new, &candidates, &edges, stamp);
        let member = self.candidate(self.live.next(), &new, &verdict);
        let choice = self.stories.consider(member, matched(&verdict), &self.live);
        Prediction { classified: classified(&new, verdict), choice }
    }

    /// Who carries what must not be printed any more of the live article at `target`, at most `most`
    /// of them named; `None` where it stands, or a newer version alone took its place.
    pub fn carriers_of(&self, target: Sequence, most: usize) -> Option<Radius> {
        let (tainted, by) = self.taint(target)?;
        let own = self.live.newest_of_key(&by).unwrap_or(target);
        let search = CarrierSearch { own, target, tainted: &tainted, members: &[target], most };
        Some(self.radius(search, by))
    }

    /// Whether the live article at `that` carries what must not be printed any more of `target`.
    pub fn carries(&self, target: Sequence, that: Sequence) -> Option<Carrier> {
        let (tainted, _) = self.taint(target)?;
        let text = &self.live.get(target)?.print;
        self.carrier(&Aligner::of(text), &tainted, that)
    }
}
