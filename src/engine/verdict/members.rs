//! Changed members of closed sets: months, currencies and weekdays, in the words that two texts do
//! not share.
//!
//! ```text
//! in April / in May      for 40 million euros / dollars        on Thursday / on Friday
//! ```
//!
//! A month or a currency that was replaced changes the meaning, whoever replaced it. A replaced
//! weekday does so only if the same sender replaced it: a reprint may name the day of its own
//! edition.

use super::leftover::{LeftoverWord, Side};
use crate::text::senses::{Member, Senses, Set};

/// Maximum number of differing words in a text if only its trace is known.
const TRACED_MAX: usize = 2;

/// Whether a month or a currency was replaced by another one.
pub(super) fn turn(ours: &Side<'_>, theirs: &Side<'_>, senses: Senses) -> bool {
    replaced(ours, theirs, senses).any(|member| matches!(member.set, Set::Month | Set::Currency))
}

/// How many weekdays were replaced by another weekday.
pub(super) fn weekdays_changed(ours: &Side<'_>, theirs: &Side<'_>, senses: Senses) -> u32 {
    replaced(ours, theirs, senses).filter(|member| member.set == Set::Weekday).count() as u32
}

/// The members of closed sets in `ours` that are not in `theirs`, if `theirs` has another member of
/// the same set.
fn replaced<'a>(
    ours: &'a Side<'_>,
    theirs: &'a Side<'_>,
    senses: Senses,
) -> impl Iterator<Item = Member> + 'a {
    let member = move |w: &LeftoverWord<'_>| senses.member(w.text, w.hash);
    let others = move |own: &Member| {
        senses.bytes_of(|member| member.set == own.set && member.index != own.index)
    };
    let is_other = move |own: &Member| match theirs.is_known() {
        true => {
            let others = || theirs.words.iter().filter_map(member);
            others().all(|other| other != *own) && others().any(|other| other.set == own.set)
        }
        false => theirs.len() <= TRACED_MAX && theirs.has_byte_of(&others(own)),
    };
    ours.words.iter().filter_map(member).filter(is_other)
}

/// Removes words that name the same member, such as `Thursday` and `Thurs`, from both sides.
pub(super) fn cancel(ours: &mut Side<'_>, theirs: &mut Side<'_>, senses: Senses) {
    ours.words.retain(|word| {
        let Some(own) = senses.member(word.text, word.hash) else { return true };
        if !theirs.is_known() {
            return !theirs.take_byte_of(&senses.bytes_of(|member| member == own));
        }
        let same = |w: &LeftoverWord<'_>| senses.member(w.text, w.hash) == Some(own);
        let found = theirs.words.iter().position(same);
        if let Some(at) = found {
            theirs.words.remove(at);
        }
        found.is_none()
    });
}
