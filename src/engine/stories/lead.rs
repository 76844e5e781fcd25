//! Chooses the lead article of a story, and counts its independent publishers.
//!
//! The lead is the article with the highest [`Rank`]. The criteria are, in this order: the article
//! is still valid (not withdrawn, corrected or superseded); its publisher is preferred; and the
//! setting `lead`:
//!
//! - `fullest`: a report in its own right (an original, update, correction or recurring report)
//!   ranks highest, then one built on another text (an expansion or partial copy), then copies,
//!   alerts and pictures. Among equals, the longer one ranks higher. Lengths are rounded down to a
//!   power of two before they are compared, so that the lead does not change with every slightly
//!   longer article. Then the earlier one ranks higher.
//! - `first` and `newest`: with `first` the earlier article ranks higher, with `newest` the later
//!   one.
//! - `longest`: the longer article ranks higher; if both are equally long, the earlier one.
//!
//! With `first`, `newest` and `longest`, redeliveries and items that are not texts rank below all
//! others.
//!
//! For example, with `fullest` an original of 400 words outranks an earlier alert of 20 words, and
//! stays the lead when an original of 450 words follows.
//!
//! A publisher is the family of providers that a root article credits or, without a credit, the
//! family that sent the article. Ten reprints of one text count as one publisher. A story without a
//! live root counts as having one publisher.

use super::{LeadChoice, Member};
use crate::article::{
    ItemShape, ItemType, PreferencePlace, PreferredPublishers, Sequence, publisher,
};
use crate::text::tokens::word_hash;
use crate::verdict::{Kind, Validity};
use std::cmp::Reverse;

/// How the lead is chosen.
#[derive(Debug, Clone, Default)]
pub(super) struct LeadOrder {
    /// The setting `lead`.
    pub(super) choice: LeadChoice,
    /// The preferred publishers.
    pub(super) preferred: PreferredPublishers,
}

/// The rank of a member among the candidates for the lead; the highest leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// 2 if it is still valid, 1 if it is superseded or corrected, 0 if it is withdrawn.
    validity: u8,
    /// Higher for a publisher that comes earlier in the list of preferred publishers.
    preference: Reverse<PreferencePlace>,
    /// The setting `lead` that was used for the rank; the same for all members.
    choice: LeadChoice,
    /// With `fullest`: 2 for a report in its own right, 1 for one built on another text, 0
    /// otherwise. With the other choices: 1 for a text that is not a redelivery.
    own: u8,
    /// With `fullest` the base 2 logarithm of its length, rounded down; with `longest` its length;
    /// otherwise 0.
    size: u32,
    /// The sequence. Except with `newest`, its bits are inverted so that the earlier member ranks
    /// higher.
    order: u64,
}

impl Rank {
    pub(super) fn of(member: Member<'_>, order: &LeadOrder) -> Self {
        let validity = match member.standing {
            Validity::Valid => 2,
            Validity::Superseded | Validity::Uncorrected => 1,
            Validity::Withdrawn => 0,
        };
        let choice = order.choice;
        let text = member.about.kind == ItemType::Text;
        let own = match choice {
            LeadChoice::Fullest if is_brief(member) || !text => 0,
            LeadChoice::Fullest => own(member.kind),
            _ => u8::from(text && member.kind != Kind::Redelivery),
        };
        let size = match choice {
            LeadChoice::Fullest => member.words.max(1).ilog2(),
            LeadChoice::Longest => member.words,
            LeadChoice::First | LeadChoice::Newest => 0,
        };
        let preference = Reverse(order.preferred.place(member.about.provider.as_deref()));
        let order = in_order(choice, member.sequence.0);
        Self { validity, preference, choice, own, size, order }
    }

    /// The member that has this rank.
    pub(super) fn sequence(self) -> Sequence {
        Sequence(in_order(self.choice, self.order))
    }

    /// Whether the member stands, that is, is not withdrawn.
    pub(super) fn stands(self) -> bool {
        self.validity > 0
    }
}

/// Turns a sequence into a number that is higher for the member that ranks higher, and back.
fn in_order(choice: LeadChoice, sequence: u64) -> u64 {
    if choice == LeadChoice::Newest { sequence } else { !sequence }
}

fn is_brief(member: Member<'_>) -> bool {
    let shape = member.about.marks.shape;
    matches!(shape, Some(ItemShape::Alert | ItemShape::Brief | ItemShape::Roundup))
}

/// How much of a text of this kind is the sender's own: 2 for a report in its own right, 1 for one
/// built on another text, 0 otherwise.
fn own(kind: Kind) -> u8 {
    match kind {
        Kind::Original | Kind::Update | Kind::Correction | Kind::Recurring => 2,
        Kind::Expansion | Kind::Partial => 1,
        _ => 0,
    }
}

/// The reason why `lead` leads a story of this size.
pub(super) fn reason(lead: Member<'_>, rank: Rank, size: u32) -> &'static str {
    match (rank.validity, rank.choice) {
        (0 | 1, _) => "nothing-stands",
        _ if size <= 1 => "only",
        _ if rank.preference.0.is_listed() => "preferred-publisher",
        (_, LeadChoice::First) => "first",
        (_, LeadChoice::Newest) => "newest",
        (_, LeadChoice::Longest) => "longest",
        _ if matches!(lead.kind, Kind::Correction | Kind::Update) => "newest-version",
        _ if rank.own == 2 => "fullest-original",
        _ => "no-original",
    }
}

/// A hash of the publisher family to which a root is attributed; `None` if the member is not a
/// root.
pub(super) fn family(member: Member<'_>) -> Option<u64> {
    if member.root != member.sequence {
        return None;
    }
    let about = member.about;
    let names = [about.credit.as_deref(), about.provider.as_deref()];
    let named = names.into_iter().flatten().map(publisher::family).find(|key| !key.is_empty());
    Some(word_hash(&named.unwrap_or_default()))
}
