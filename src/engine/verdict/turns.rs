//! Words that change the meaning, among the words that two texts do not share: numbers, scales,
//! negations and opposites.
//!
//! ```text
//! seven people / nine people       guilty / not guilty       raised / cut
//! 40 millones / 40 mil millones
//! ```

use super::archive::{Arrival, Earlier};
use super::leftover::{LeftoverWord, Side};
use super::members;
use crate::text::senses::{Sense, Senses};

/// Texts with more leftover words than this are not searched for words that change the meaning.
const TURNED_MAX: usize = 16;

/// Whether a number, a month, a currency, a negation or one of two opposites differs.
pub(super) fn any(
    (ours, theirs): (&Side<'_>, &Side<'_>),
    new: Arrival<'_>,
    that: Earlier<'_>,
    senses: Senses,
) -> bool {
    ours.words.len() <= TURNED_MAX
        && theirs.len() <= TURNED_MAX
        && (numbers_turn(ours, theirs, senses)
            || scale_turns((ours, theirs), new, that, senses)
            || members::turn(ours, theirs, senses)
            || negations_turn(ours, theirs, senses)
            || opposites_turn(ours, theirs, senses))
}

/// Whether a number was replaced by another one, and at least one of the two is in words.
fn numbers_turn(ours: &Side<'_>, theirs: &Side<'_>, senses: Senses) -> bool {
    let in_words = |w: &LeftoverWord<'_>| senses.number(w.hash);
    let values = |side: &Side<'_>| -> Vec<u64> {
        side.words.iter().filter_map(|w| w.value.or_else(|| in_words(w))).collect()
    };
    let words = |side: &Side<'_>| side.words.iter().any(|w| in_words(w).is_some());
    let one = |side: &Side<'_>| {
        side.words.iter().any(|w| senses.senses(w.hash).contains(&Sense::OneOrArticle))
    };
    if !theirs.is_known() {
        let number = |s: Sense| matches!(s, Sense::Number(_));
        return words(ours) && theirs.has_byte_of(&senses.trace_bytes(number));
    }
    let (mut new, mut old) = (values(ours), values(theirs));
    new.retain(|value| match old.iter().position(|other| other == value) {
        Some(at) => {
            old.remove(at);
            false
        }
        None => true,
    });
    let both = match (new.is_empty(), old.is_empty()) {
        (false, false) => true,
        (false, true) => one(theirs),
        (true, false) => one(ours),
        (true, true) => false,
    };
    both && (words(ours) || words(theirs))
}

/// Whether a scale was added to a number that both texts state, or removed from it: `40 millones`
/// and `40 mil millones`. The differing words of either text must not state any other number.
fn scale_turns(
    (ours, theirs): (&Side<'_>, &Side<'_>),
    new: Arrival<'_>,
    that: Earlier<'_>,
    senses: Senses,
) -> bool {
    let is_scale = |hash: u64| senses.scales().iter().any(|(scale, _)| *scale == hash);
    let sensed = |w: &LeftoverWord<'_>| {
        senses.senses(w.hash).iter().any(|s| matches!(s, Sense::Number(n) if *n >= 1_000))
    };
    let number = |side: &Side<'_>| side.words.iter().any(|w| w.value.is_some() || sensed(w));
    let hashes = &new.words.hashes;
    let added = |w: &LeftoverWord<'_>| {
        let before = w.at.checked_sub(1).map(|at| at as usize);
        let after = hashes.get(w.at as usize + 1).is_some_and(|hash| is_scale(*hash));
        sensed(w) && after && before.is_some_and(|at| new.print.trace[at] == 0)
    };
    if ours.words.iter().any(added) {
        return ours.words.len() <= 2 && theirs.len() <= 1 && !number(theirs);
    }
    let trace = &that.print.trace;
    let scale_byte = |at: usize| {
        trace.get(at).is_some_and(|byte| {
            senses.scales().iter().any(|(hash, _)| (*hash as u8).max(1) == *byte)
        })
    };
    let removed = |at: usize| at > 0 && trace[at - 1] == 0 && scale_byte(at) && scale_byte(at + 1);
    let scale_left = match theirs.is_known() {
        true => theirs.words.iter().any(sensed),
        false => theirs.has_byte_of(&senses.trace_bytes(is_large)),
    };
    ours.words.is_empty() && theirs.len() == 1 && scale_left && (0..trace.len()).any(removed)
}

/// Whether a sense is a number of a thousand or more.
fn is_large(sense: Sense) -> bool {
    matches!(sense, Sense::Number(value) if value >= 1_000)
}

/// Whether only one of the texts has a negation among its words that differ.
fn negations_turn(ours: &Side<'_>, theirs: &Side<'_>, senses: Senses) -> bool {
    let negates = |w: &LeftoverWord<'_>| senses.senses(w.hash).contains(&Sense::Negation);
    let within =
        |side: &Side<'_>| senses.has_negating_parts() && senses.negates_within(&side.common_form());
    let new = ours.words.iter().any(negates) || within(ours);
    if !theirs.is_known() {
        let negation = |sense| sense == Sense::Negation;
        return theirs.len() <= 2
            && ours.words.len() <= 2
            && new != theirs.has_byte_of(&senses.trace_bytes(negation));
    }
    new != (theirs.words.iter().any(negates) || within(theirs))
}

/// Whether one text has a word and the other text its opposite.
fn opposites_turn(ours: &Side<'_>, theirs: &Side<'_>, senses: Senses) -> bool {
    let sides = ours.words.iter().flat_map(|w| senses.senses(w.hash));
    let mut opposite = sides.filter_map(|sense| match *sense {
        Sense::Opposite { pair, second } => Some(Sense::Opposite { pair, second: !second }),
        _ => None,
    });
    opposite.any(|wanted| match theirs.is_known() {
        true => theirs.words.iter().any(|w| senses.senses(w.hash).contains(&wanted)),
        false => theirs.len() <= 4 && theirs.has_byte_of(&senses.trace_bytes(|s| s == wanted)),
    })
}
