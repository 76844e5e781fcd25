//! Terms in order of their ids, three bytes each.
//!
//! ```text
//! ffffff dddddddddddddddddd     flags and count, the distance to the id before
//! 000000 dddddddddddddddddd     no term: so many times 2^18 more to the next
//! ```
//!
//! A term has a count of at least 1, which tells the two apart. Articles of some hundred terms need few
//! of the second kind.

use super::stem::ID_BITS;
use super::terms::Term;

const BYTES: usize = 3;
const NEAR_BITS: u32 = 18;
const NEAR: u32 = (1 << NEAR_BITS) - 1;

/// Appends `terms`, in order of ids.
pub(super) fn pack(terms: impl Iterator<Item = Term>, packed: &mut Vec<u8>) {
    let mut before = 0;
    for term in terms {
        let apart = term.id() - before;
        before = term.id();
        if apart > NEAR {
            packed.extend_from_slice(&(apart >> NEAR_BITS).to_le_bytes()[..BYTES]);
        }
        let unit = term.marks() << NEAR_BITS | (apart & NEAR);
        packed.extend_from_slice(&unit.to_le_bytes()[..BYTES]);
    }
}

/// Terms as they were packed.
#[derive(Debug, Clone)]
pub struct UnpackedTerms<'a> {
    units: std::slice::ChunksExact<'a, u8>,
    left: usize,
    before: u32,
}

impl<'a> UnpackedTerms<'a> {
    /// The `len` terms in `packed`.
    pub(super) fn new(packed: &'a [u8], len: usize) -> Self {
        Self { units: packed.chunks_exact(BYTES), left: len, before: 0 }
    }
}

impl Iterator for UnpackedTerms<'_> {
    type Item = Term;

    fn next(&mut self) -> Option<Term> {
        loop {
            let unit = self.units.next()?;
            let unit = u32::from_le_bytes([unit[0], unit[1], unit[2], 0]);
            let marks = unit >> NEAR_BITS;
            if marks == 0 {
                self.before += unit << NEAR_BITS;
                continue;
            }
            self.before += unit & NEAR;
            self.left -= 1;
            return Some(Term::of_marks(self.before & ((1 << ID_BITS) - 1), marks));
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for UnpackedTerms<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn what_was_packed_is_unpacked(
            near in prop::collection::btree_map(0u32..5_000, 1u32..64, 0..20),
            far in prop::collection::btree_map(0u32..1 << ID_BITS, 1u32..64, 0..40),
        ) {
            let all: BTreeMap<u32, u32> = near.into_iter().chain(far).collect();
            let terms: Vec<Term> = all.into_iter().map(|(id, marks)| Term::of_marks(id, marks)).collect();
            let mut packed = vec![1, 2, 3];
            pack(terms.iter().copied(), &mut packed);
            let unpacked = UnpackedTerms::new(&packed[3..], terms.len());
            prop_assert_eq!(unpacked.len(), terms.len());
            prop_assert_eq!(unpacked.collect::<Vec<_>>(), terms);
        }
    }
}
