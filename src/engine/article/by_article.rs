//! Values by article, for the duration of one look-up.
//!
//! In: the ids of articles in posting lists (the low bits of their sequences). Out: a value for
//! each article that was found, in the order in which they were first found.
//!
//! For example, with a count as the value, the lists `[4, 9]` and `[4, 7]` result in
//! `[(4, 2), (9, 1), (7, 1)]`.
//!
//! Cost: one hash table probe per article found. If several posting lists contain the same articles
//! in the same order, as happens with copies, only the first list needs probes.

/// A value for each article.
#[derive(Debug)]
pub struct ByArticle<V> {
    /// The articles with their values.
    all: Vec<(u32, V)>,
    /// Open-addressing table. A slot contains an index into `all` plus 1, or 0 if it is free. At
    /// most half of the slots are taken.
    slots: Vec<u32>,
    /// Binary logarithm of the number of slots.
    slots_log2: u32,
    /// Likely index of the next article.
    next: usize,
}

impl<V: Default> ByArticle<V> {
    /// An empty map with room for this many articles; more articles make it grow.
    pub fn with_room(articles: usize) -> Self {
        let slots_log2 = 1 + articles.max(1).next_power_of_two().trailing_zeros();
        let (all, slots) = (Vec::with_capacity(articles), vec![0; 1 << slots_log2]);
        Self { all, slots, slots_log2, next: 0 }
    }

    /// The value of the article `id`; the default if it is new.
    #[inline]
    pub fn value(&mut self, id: u32) -> &mut V {
        let at = match self.all.get(self.next) {
            Some(one) if one.0 == id => self.next,
            _ => self.find(id).unwrap_or_else(|slot| self.add(id, slot)),
        };
        self.next = at + 1;
        &mut self.all[at].1
    }

    /// All articles with their values.
    pub fn into_vec(self) -> Vec<(u32, V)> {
        self.all
    }

    /// `Ok` with the index of `id` in `all`, or `Err` with the free slot where it belongs.
    #[inline]
    fn find(&self, id: u32) -> Result<usize, usize> {
        let mut slot = (id.wrapping_mul(0x9e37_79b1) >> (u32::BITS - self.slots_log2)) as usize;
        loop {
            match self.slots[slot] as usize {
                0 => return Err(slot),
                next if self.all[next - 1].0 == id => return Ok(next - 1),
                _ => slot = (slot + 1) & (self.slots.len() - 1),
            }
        }
    }

    /// Adds a new article at its free slot, and returns the article's index in `all`.
    fn add(&mut self, id: u32, slot: usize) -> usize {
        self.all.push((id, V::default()));
        self.slots[slot] = self.all.len() as u32;
        if 2 * self.all.len() >= self.slots.len() {
            self.slots_log2 += 1;
            self.slots = vec![0; 1 << self.slots_log2];
            for at in 0..self.all.len() {
                let slot = self.find(self.all[at].0).unwrap_or_else(|free| free);
                self.slots[slot] = at as u32 + 1;
            }
        }
        self.all.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn counts_like_a_vector(
            ids in prop::collection::vec(prop::sample::select(vec![0, 7, u32::MAX]), 0..40),
            more in prop::collection::vec(0u32..300, 0..600),
            room in 0usize..200,
        ) {
            let (mut counts, mut naive) = (ByArticle::with_room(room), Vec::<(u32, u32)>::new());
            for id in ids.into_iter().chain(more) {
                *counts.value(id) += 1;
                match naive.iter_mut().find(|one| one.0 == id) {
                    Some(one) => one.1 += 1,
                    None => naive.push((id, 1)),
                }
            }
            prop_assert_eq!(counts.into_vec(), naive);
        }
    }
}
