//! Finds which samples of a new text each earlier article shares.
//!
//! In: for each sample, the articles listed under it. Out: the articles, each with a bit set of the
//! samples that it shares.
//!
//! Cost: one probe per hit, or none where articles are listed in the same order under each sample,
//! as copies are.

/// A possible candidate.
#[derive(Debug, Clone, Copy)]
pub(super) struct SampleHit {
    pub(super) id: u32,
    /// The shared samples, as a bit set.
    pub(super) explains: u64,
    /// Number of shared samples times the sampling period.
    pub(super) weight: u32,
    /// Whether the content or masked hash may be equal.
    pub(super) equal: bool,
}

/// An article with the samples that hit it, as a bit set.
pub(super) type Hits = (u32, u64);

/// Collects the sample hits of each article.
#[derive(Default)]
pub(super) struct HitCounter {
    /// Each article with the samples that it shares, as a bit set.
    all: Vec<Hits>,
    /// Open-addressing table of indexes into `all`, increased by 1; 0 marks a free slot. At most
    /// half full.
    slots: Vec<u32>,
    /// Likely index of the next hit: copies are listed in the same order under each sample.
    next: usize,
}

impl HitCounter {
    /// A counter with room for this many articles.
    pub(super) fn with_room(articles: usize) -> Self {
        Self { all: Vec::with_capacity(articles), ..Self::default() }
    }

    pub(super) fn add(&mut self, id: u32, sample: usize) {
        let at = match self.all.get(self.next) {
            Some(one) if one.0 == id => self.next,
            _ => self.index_of(id),
        };
        self.all[at].1 |= 1 << sample;
        self.next = at + 1;
    }

    /// The index of `id` in `all`; adds `id` if it is new.
    fn index_of(&mut self, id: u32) -> usize {
        if 2 * self.all.len() >= self.slots.len() {
            self.slots = vec![0; (2 * self.slots.len()).max(256)];
            for at in 0..self.all.len() {
                let slot = self.slot(self.all[at].0);
                self.slots[slot] = at as u32 + 1;
            }
        }
        let slot = self.slot(id);
        if self.slots[slot] == 0 {
            self.all.push((id, 0));
            self.slots[slot] = self.all.len() as u32;
        }
        self.slots[slot] as usize - 1
    }

    fn slot(&self, id: u32) -> usize {
        let bits = self.slots.len().trailing_zeros();
        let mut at = (id.wrapping_mul(0x9e37_79b1) >> (32 - bits)) as usize;
        while self.slots[at] != 0 && self.all[self.slots[at] as usize - 1].0 != id {
            at = (at + 1) & (self.slots.len() - 1);
        }
        at
    }

    /// The articles hit by one sample, and those hit by several.
    pub(super) fn split(self) -> (Vec<Hits>, Vec<Hits>) {
        self.all.into_iter().partition(|(_, explains)| explains.is_power_of_two())
    }
}
