//! Which pairs of bytes a text holds, so that most phrases are ruled out without a search.
//!
//! In: a text or phrase. Out: a set of 256 bits, one or more pairs to a bit. A text may hold a phrase
//! only when its set holds all bits of the phrase's.
//!
//! Cost: one multiplication a byte of the text, four operations a phrase.

/// The pairs of neighbouring bytes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pairs([u64; 4]);

impl Pairs {
    /// Those of `text`.
    pub fn of(text: &str) -> Self {
        let mut set = [0; 4];
        for pair in text.as_bytes().windows(2) {
            let bit =
                (u32::from(pair[0]) * 251 + u32::from(pair[1])).wrapping_mul(0x9e37_79b1) >> 24;
            set[bit as usize / 64] |= 1 << (bit % 64);
        }
        Self(set)
    }

    /// Whether a text with these pairs may hold a phrase with those.
    pub fn may_hold(&self, phrase: &Self) -> bool {
        self.0.iter().zip(&phrase.0).all(|(text, phrase)| phrase & !text == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_it_lacks_is_ruled_out() {
        let text = Pairs::of("the ferry ran late on friday");
        assert!(!text.may_hold(&Pairs::of("newsletter")));
        assert!(text.may_hold(&Pairs::of("late on")) && text.may_hold(&Pairs::of("x")));
    }

    proptest! {
        #[test]
        fn what_it_holds_is_not(before in "\\PC{0,40}", phrase in "\\PC{0,20}", behind in "\\PC{0,40}") {
            let text = format!("{before}{phrase}{behind}");
            prop_assert!(Pairs::of(&text).may_hold(&Pairs::of(&phrase)));
        }
    }
}
