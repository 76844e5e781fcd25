//! What datelines and closing lines show about two short texts. These lines are removed before
//! texts are compared.
//!
//! In: the removed lines of both articles. Out: whether the datelines name different places that
//! neither text mentions, so that they may be about different events:
//!
//! ```text
//! MAREL, 20 Nov (Northwire) - Schools were closed because of heavy snow.
//! TAVAR, 20 Nov (Northwire) - Schools were closed because of heavy snow.
//! ```
//!
//! Closing lines only show a change if a word in them changes the meaning: `Guilty` / `Not guilty`.
//!
//! Cost: one pass over each line. Long texts have no such lines.

use super::archive::{Arrival, Earlier, same_provider};
use super::leftover::{Side, Spelling, cancel, carries_meaning};
use super::turns;
use crate::article::ArticleMetadata;
use crate::text::senses::Senses;
use crate::text::tokens::fold;
use crate::text::{self, Clean, Words, is_month};

/// What the lines show.
#[derive(Debug, Default)]
pub(super) struct TrimmedEvidence {
    /// The datelines name different places. If another publisher sent the text, the headlines name
    /// them too, because each publisher may have its own dateline.
    pub(super) other_subject: bool,
    /// A word that changes the meaning differs, or the datelines alone name different places.
    pub(super) turned: bool,
}

/// Reads the lines of both articles; `old_words` are the words of the earlier text.
pub(super) fn read(
    new: Arrival<'_>,
    that: Earlier<'_>,
    old_words: &Words,
    senses: Senses,
) -> TrimmedEvidence {
    let mut shown = TrimmedEvidence::default();
    if let Some((ours, theirs)) = other_places(new, that, old_words, senses) {
        let named = names_one_of(new.about, &ours) && names_one_of(that.about, &theirs);
        shown.other_subject = named || same_provider(new.about, that.about);
        shown.turned = !shown.other_subject;
    }
    if let Some((mut ours, mut theirs)) = closing_lines(new, that) {
        cancel(&mut ours, &mut theirs, senses);
        shown.turned |= turns::any((&ours, &theirs), new, that, senses);
    }
    shown
}

/// Whether a headline contains one of `places`.
fn names_one_of(about: &ArticleMetadata, places: &[u64]) -> bool {
    let words = text::words(&about.headline, &text::Limits::default());
    words.hashes.iter().any(|hash| places.contains(hash))
}

/// A word of a dateline.
struct PlaceWord {
    /// The hash of its normalized form.
    hash: u64,
    /// The form in which it is compared with other words.
    spelling: Spelling,
}

/// The hashes of the words that name the places of both datelines, if each dateline names a place
/// that the other dateline and both texts lack.
fn other_places(
    new: Arrival<'_>,
    that: Earlier<'_>,
    old_words: &Words,
    senses: Senses,
) -> Option<(Vec<u64>, Vec<u64>)> {
    let [ours, theirs] = [&new.print.trimmed, &that.print.trimmed]
        .map(|trimmed| places(Clean::trimmed_lines(trimmed).0, senses));
    let own = |places: &[PlaceWord], others: &[PlaceWord]| -> Option<Vec<u64>> {
        let same = |a: &PlaceWord| {
            others.iter().any(|b| a.hash == b.hash || a.spelling.is_same(&b.spelling))
        };
        let own: Vec<u64> = places.iter().filter(|word| !same(word)).map(|w| w.hash).collect();
        let told = |hash: &u64| new.words.hashes.contains(hash) || old_words.hashes.contains(hash);
        (!own.is_empty() && !own.iter().any(told)).then_some(own)
    };
    Some((own(&ours, &theirs)?, own(&theirs, &ours)?))
}

/// The words of a dateline that name its place, in front of the agency in parentheses.
fn places(dateline: &str, senses: Senses) -> Vec<PlaceWord> {
    let place = dateline.split(['(', '[', '（']).next().unwrap_or_default();
    let words = text::words(place, &text::Limits::default());
    let all = words.hashes.iter().zip(&words.spans);
    all.filter_map(|(&hash, span)| {
        let word = &place[span.0 as usize..span.1 as usize];
        let dated = word.chars().any(char::is_numeric)
            || is_month(word)
            || senses.member(word, hash).is_some();
        (!dated && carries_meaning(word, hash, senses))
            .then(|| PlaceWord { hash, spelling: Spelling::of(&fold(word)) })
    })
    .collect()
}

/// The words of the two closing lines, if both articles have one.
fn closing_lines<'a>(new: Arrival<'a>, that: Earlier<'a>) -> Option<(Side<'a>, Side<'a>)> {
    let [ours, theirs] =
        [&new.print.trimmed, &that.print.trimmed].map(|trimmed| Clean::trimmed_lines(trimmed).1);
    if ours.is_empty() || theirs.is_empty() || ours == theirs {
        return None;
    }
    let side = |line: &'a str| {
        Side::of(line, &text::words(line, &text::Limits::default()), std::iter::empty())
    };
    Some((side(ours), side(theirs)))
}
