//! Pairs of opposites that occur in news, by language.
//!
//! Each pair has two sides; each side lists forms separated by spaces. A word may be on a side of
//! several pairs. A pair shows a change only if one text has a word of one side and the other text
//! a word of the other side, so a form with a second meaning does little harm. A preposition that
//! is listed counts as a word that carries meaning, so only a few are listed. Pairs such as *with*
//! and *without* are not needed, because *without* is listed as a negation.

mod asian;
mod germanic;
mod others;
mod romance;
mod slavic;

/// The two sides of a pair.
type Pair = (&'static str, &'static str);

/// The pairs of each language.
pub(super) fn all() -> impl Iterator<Item = &'static (&'static str, &'static [Pair])> {
    [germanic::PAIRS, romance::PAIRS, slavic::PAIRS, asian::PAIRS, others::PAIRS]
        .into_iter()
        .flatten()
}
