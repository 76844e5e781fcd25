//! A 256-bit Bloom filter of the byte pairs in a text, which rules out most phrases without a
//! search.
//!
//! In: a text or phrase. Out: [`Pairs`]. A text can contain a phrase only if its filter has all the
//! bits of the phrase's filter; the reverse does not hold.
//!
//! Cost: one multiplication per byte to build a filter; four word operations to test a phrase.

/// The set of adjacent byte pairs of a text, each hashed to one of 256 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BytePairs([u64; 4]);

impl BytePairs {
    /// The byte pairs of `text`.
    pub fn of(text: &str) -> Self {
        let mut set = [0; 4];
        for pair in text.as_bytes().windows(2) {
            let bit =
                (u32::from(pair[0]) * 251 + u32::from(pair[1])).wrapping_mul(0x9e37_79b1) >> 24;
            set[bit as usize / 64] |= 1 << (bit % 64);
        }
        Self(set)
    }

    /// Whether a text with these pairs may contain a phrase with the pairs `phrase`.
    pub fn may_contain(&self, phrase: &Self) -> bool {
        self.0.iter().zip(&phrase.0).all(|(text, phrase)| phrase & !text == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn phrases_with_other_pairs_are_ruled_out() {
        let text = BytePairs::of("the ferry ran late on friday");
        assert!(!text.may_contain(&BytePairs::of("newsletter")));
        assert!(
            text.may_contain(&BytePairs::of("late on")) && text.may_contain(&BytePairs::of("x"))
        );
    }

    proptest! {
        #[test]
        fn contained_phrases_are_never_ruled_out(
            before in "\\PC{0,40}",
            phrase in "\\PC{0,20}",
            after in "\\PC{0,40}",
        ) {
            let text = format!("{before}{phrase}{after}");
            prop_assert!(BytePairs::of(&text).may_contain(&BytePairs::of(&phrase)));
        }
    }
}
