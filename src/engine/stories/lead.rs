//! Chooses the lead article of a story, and counts its independent publishers.
//!
//! The lead is the article with the highest [`Rank`]. An article ranks higher, in this order of
//! importance, if it stands (it is not withdrawn, corrected or superseded); if it is a report in
//! its own right (next come reports built on another text, then copies, alerts and pictures); if it
//! is longer (in steps of a doubling, so that the lead does not change with every slightly longer
//! article); and if it came earlier.
//!
//! For example, an original of 400 words beats an alert of 20 words that came earlier, and stays
//! the lead when an original of 450 words follows.
//!
//! A publisher is the family of providers that a root article credits or, without a credit, the
//! family that sent the article. Ten reprints of one text count as one publisher. A story without a
//! live root counts as having one publisher.

use super::Member;
use crate::article::{ItemShape, ItemType, Sequence, publisher};
use crate::text::tokens::word_hash;
use crate::verdict::{Kind, Validity};
use std::cmp::Reverse;

/// The rank of a member among the candidates for the lead; the highest leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// 2 if it stands, 1 if it is superseded or corrected, 0 if it is withdrawn.
    validity: u8,
    /// 2 for a report in its own right, 1 for one built on another text, 0 otherwise.
    own: u8,
    /// The number of doublings in its length.
    doublings: u8,
    /// The earlier member ranks higher.
    sequence: Reverse<Sequence>,
}

impl Rank {
    pub(super) fn of(member: Member<'_>) -> Self {
        let validity = match member.standing {
            Validity::Valid => 2,
            Validity::Superseded | Validity::Uncorrected => 1,
            Validity::Withdrawn => 0,
        };
        let shape = member.about.marks.shape;
        let brief = matches!(shape, Some(ItemShape::Alert | ItemShape::Brief | ItemShape::Roundup));
        let own = match brief || member.about.kind != ItemType::Text {
            true => 0,
            false => own(member.kind),
        };
        let doublings = member.words.max(1).ilog2() as u8;
        Self { validity, own, doublings, sequence: Reverse(member.sequence) }
    }

    /// The member that has this rank.
    pub(super) fn sequence(self) -> Sequence {
        self.sequence.0
    }

    /// Whether the member counts for the story's size, as every member does unless it was
    /// withdrawn.
    pub(super) fn stands(self) -> bool {
        self.validity > 0
    }
}

/// How much of a text of this kind its sender wrote: 2 for a report in its own right, 1 for one
/// built on another text, 0 otherwise.
fn own(kind: Kind) -> u8 {
    match kind {
        Kind::Original | Kind::Update | Kind::Correction | Kind::Recurring => 2,
        Kind::Expansion | Kind::Partial => 1,
        _ => 0,
    }
}

/// Why `lead` leads a story of `size` standing members.
pub(super) fn reason(lead: Member<'_>, rank: Rank, size: u32) -> &'static str {
    match (rank.validity, lead.kind) {
        (0 | 1, _) => "nothing-stands",
        _ if size <= 1 => "only",
        (_, Kind::Correction | Kind::Update) => "newest-version",
        _ if rank.own == 2 => "fullest-original",
        _ => "no-original",
    }
}

/// A hash of the publisher family that a root counts for; `None` if the member is not a root.
pub(super) fn family(member: Member<'_>) -> Option<u64> {
    if member.root != member.sequence {
        return None;
    }
    let about = member.about;
    let names = [about.credit.as_deref(), about.provider.as_deref()];
    let named = names.into_iter().flatten().map(publisher::family).find(|key| !key.is_empty());
    Some(word_hash(&named.unwrap_or_default()))
}
