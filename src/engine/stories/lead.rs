//! Which article leads a story, and how many independent publishers it has.
//!
//! The lead is the highest by, in this order: it stands (neither withdrawn, corrected nor
//! superseded); it is a report of its own, rather than one built on another's text, rather than a copy,
//! an alert or a picture; it is fuller, in steps of a doubling so that the lead does not jump with
//! every longer article; it came first.
//!
//! A publisher is the family that a root credits, or else that sent it: ten reprints of one text are
//! one publisher. A story none of whose roots is live has one.

use super::Member;
use crate::article::{ItemShape, ItemType, Sequence};
use crate::text::tokens::word_hash;
use crate::verdict::{Kind, Validity};
use std::cmp::Reverse;

/// The place of a member among those that may lead; the highest leads.
pub(super) type Rank = (u8, u8, u32, Reverse<Sequence>);

/// What the rank of a member has beside its sequence.
pub(super) fn places(member: Member<'_>) -> (u8, u8, u8) {
    let standing = match member.standing {
        Validity::Stands => 2,
        Validity::Superseded | Validity::Uncorrected => 1,
        Validity::Withdrawn => 0,
    };
    let shape = member.about.marks.shape;
    let brief = matches!(shape, Some(ItemShape::Alert | ItemShape::Brief | ItemShape::Roundup));
    let own = match own(member.kind) {
        _ if brief || member.about.kind != ItemType::Text => 0,
        own => own,
    };
    (standing, own, member.words.max(1).ilog2() as u8)
}

/// Whether a member of this rank stands, neither withdrawn nor gone.
pub(super) fn stands(rank: Rank) -> bool {
    rank.0 > 0
}

/// How much of a text of this kind is its sender's own.
fn own(kind: Kind) -> u8 {
    match kind {
        Kind::Original | Kind::Update | Kind::Correction | Kind::Recurring => 2,
        Kind::Expansion | Kind::Partial => 1,
        _ => 0,
    }
}

/// Why the member of this rank leads, where `size` members stand.
pub(super) fn reason(lead: Member<'_>, rank: Rank, size: u32) -> &'static str {
    match (rank, lead.kind) {
        ((0 | 1, ..), _) => "nothing-stands",
        _ if size <= 1 => "only",
        (_, Kind::Correction | Kind::Update) => "newest-version",
        ((_, 2, ..), _) => "fullest-original",
        _ => "no-original",
    }
}

/// The family of publishers that a root counts for; `None` for what is no root.
pub(super) fn family(member: Member<'_>) -> Option<u64> {
    if member.root != member.sequence {
        return None;
    }
    let about = member.about;
    let names = [about.credit.as_deref(), about.provider.as_deref()];
    let family = |name: &str| {
        let words = crate::text::words(name, &crate::text::Settings::default());
        words.hashes.iter().fold(0, |all, &word| crate::text::tokens::mix(all, word))
    };
    let named = names.into_iter().flatten().map(family).find(|&hash| hash != 0);
    Some(named.unwrap_or_else(|| word_hash("")))
}
