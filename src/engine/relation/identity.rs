//! What the wire itself says: versions of one uri, explicit links, marks, kills.
//!
//! Tested before the text kinds, in this order: withdrawal, redelivery, versions of the same uri,
//! explicit links, takes, marks.

use super::verdict::{Archive, Arrival, Earlier, Kind, Relation, Target};
use super::{Settings, Verified, classify};
use crate::engine::article::{About, LinkKind, Order, PubStatus, Revision, Shape};

/// Whether two articles come from the same provider; an unnamed provider is like no other.
pub(super) fn same_provider(a: &About, b: &About) -> bool {
    match (&a.provider, &b.provider) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        _ => false,
    }
}

/// The relation that identity or marks give, if any.
pub(super) fn of(
    new: Arrival<'_>,
    verified: &[Verified<'_>],
    archive: &impl Archive,
    settings: &Settings,
) -> Option<Relation> {
    let newest = archive.newest_of_uri(&new.about.uri);
    if let Some(again) = newest.and_then(|that| same_notice(new, that, verified)) {
        return Some(again);
    }
    // What a notice under the same uri withdrew is no version of the notice.
    let same_uri = archive.standing_of_uri(&new.about.uri);
    withdrawal(new, same_uri, verified, archive)
        .or_else(|| repeat(new, verified, archive))
        .or_else(|| same_uri.map(|that| version(new, that, verified)))
        .or_else(|| link(new, verified, archive))
        .or_else(|| marked(new, verified, archive, settings))
}

/// The relation to `that`, with the evidence of the texts where they were compared.
fn to(
    new: Arrival<'_>,
    that: Earlier<'_>,
    verified: &[Verified<'_>],
    kind: Kind,
    rule: &str,
) -> Relation {
    match verified.iter().find(|v| v.that.sequence == that.sequence) {
        Some(v) => Relation { kind, rule: rule.into(), ..v.relation.clone() },
        None => classify::unread(new, that, kind, rule),
    }
}

/// Whether a notice names an article of another provider, and by its name alone: a relay of that
/// provider's kill, or two reports of one slug. A person should look.
pub(super) fn doubtful(new: Arrival<'_>, that: Earlier<'_>) -> bool {
    let linked = new.about.links.iter().any(|link| link.to.uri == that.about.uri);
    let same_text = new.print.content == that.print.content;
    new.about.uri != that.about.uri
        && !linked
        && !same_text
        && !same_provider(new.about, that.about)
}

/// A notice that came before.
fn same_notice(new: Arrival<'_>, that: Earlier<'_>, verified: &[Verified<'_>]) -> Option<Relation> {
    let same = that.verdict.relation.kind == Kind::Withdrawal
        && that.about.version == new.about.version
        && that.about.pubstatus == new.about.pubstatus
        && that.print.content == new.print.content;
    same.then(|| to(new, that, verified, Kind::Redelivery, "same-version"))
}

fn withdrawal(
    new: Arrival<'_>,
    same_uri: Option<Earlier<'_>>,
    verified: &[Verified<'_>],
    archive: &impl Archive,
) -> Option<Relation> {
    let about = new.about;
    let rule = match (about.marks.order, about.pubstatus) {
        (_, PubStatus::Canceled) => "canceled",
        (Some(Order::Kill), _) => "kill",
        (Some(Order::Hold), _) => "hold",
        (Some(Order::Release), _) => "release",
        (None, PubStatus::Withheld) if same_uri.is_some() => "withheld",
        (None, _) => return None,
    };
    let linked = about.links.iter().find_map(|l| archive.standing_of_uri(&l.to.uri));
    let by_text = || {
        // Notices are much alike: one that has the words of another does not withdraw it.
        let report = |v: &&Verified<'_>| v.that.verdict.relation.kind != Kind::Withdrawal;
        let whole = verified.iter().filter(report).find(|v| v.relation.kind.joins_its_match());
        whole.map(|v| v.that)
    };
    let references = about.marks.references.iter().map(String::as_str);
    let names: Vec<&str> = references.chain(about.slugline.as_deref()).collect();
    let named = |provider: Option<&str>| {
        names.iter().find_map(|name| archive.newest_of_name(name, provider))
    };
    let own = || about.provider.as_deref().and_then(|provider| named(Some(provider)));
    let of = same_uri.or(linked).or_else(by_text).or_else(own).or_else(|| named(None));
    let unseen = Relation { kind: Kind::Withdrawal, rule: rule.into(), ..Relation::default() };
    let Some(that) = of else {
        let named = about.links.first().map(|l| Target { sequence: None, key: l.to.clone() });
        return Some(Relation { of: named, ..unseen });
    };
    Some(to(new, that, verified, Kind::Withdrawal, rule))
}

/// The same item once more: the same version and text, or a text that is marked as a repeat.
fn repeat(new: Arrival<'_>, verified: &[Verified<'_>], archive: &impl Archive) -> Option<Relation> {
    let same_text = |that: &Earlier<'_>| that.print.content == new.print.content;
    let same_version = |that: &Earlier<'_>| that.about.version == new.about.version;
    let mut versions = archive.versions(&new.about.uri).rev();
    if let Some(that) = versions.find(|that| same_version(that) && same_text(that)) {
        return Some(to(new, that, verified, Kind::Redelivery, "same-version"));
    }
    let repeated = new.about.marks.revision == Some(Revision::Repeat);
    let picture = new.about.kind != crate::engine::article::ItemType::Text;
    let again = verified.iter().find(|v| {
        same_text(&v.that) && (repeated || picture && same_provider(new.about, v.that.about))
    })?;
    let rule = if repeated { "marked-repeat" } else { "same-caption" };
    Some(to(new, again.that, verified, Kind::Redelivery, rule))
}

/// Another version of a uri that is known.
fn version(new: Arrival<'_>, that: Earlier<'_>, verified: &[Verified<'_>]) -> Relation {
    if older(new.about, that.about) {
        return to(new, that, verified, Kind::Update, "late-version");
    }
    let unmarked = verified
        .iter()
        .any(|v| v.that.sequence == that.sequence && v.relation.kind == Kind::Correction);
    let kind = if corrects(new.about) || unmarked { Kind::Correction } else { Kind::Update };
    to(new, that, verified, kind, "new-version")
}

/// Whether `new` is an earlier version than `that`: by number, or else by the time claimed.
pub fn older(new: &About, that: &About) -> bool {
    let number =
        |about: &About| about.version.as_deref().and_then(|v| v.trim().parse::<u64>().ok());
    match (number(new), number(that)) {
        (Some(a), Some(b)) => a < b,
        _ => match (new.claimed, that.claimed) {
            (Some(a), Some(b)) => a < b,
            _ => false,
        },
    }
}

fn corrects(about: &About) -> bool {
    matches!(about.marks.revision, Some(Revision::Correction | Revision::Refile))
}

/// An explicit link to an article that is known.
fn link(new: Arrival<'_>, verified: &[Verified<'_>], archive: &impl Archive) -> Option<Relation> {
    let that = new.about.links.iter().find_map(|link| match link.kind {
        LinkKind::Replaces | LinkKind::EvolvedFrom | LinkKind::VersionOf => {
            archive.standing_of_uri(&link.to.uri)
        }
        LinkKind::ReplacedBy | LinkKind::TranslationOf => None,
    })?;
    let kind = if corrects(new.about) { Kind::Correction } else { Kind::Update };
    Some(to(new, that, verified, kind, "link"))
}

/// The wire's marks, together with the slug or shared text.
fn marked(
    new: Arrival<'_>,
    verified: &[Verified<'_>],
    archive: &impl Archive,
    settings: &Settings,
) -> Option<Relation> {
    let marks = &new.about.marks;
    let by_slug = || {
        let (slug, provider) = (new.about.slugline.as_deref()?, new.about.provider.as_deref()?);
        let that = archive.newest_of_name(slug, Some(provider))?;
        (that.verdict.relation.kind != Kind::Withdrawal
            && that.about.marks.shape == new.about.marks.shape)
            .then_some(that)
    };
    if marks.take.is_some_and(|take| take > 1) {
        let that =
            by_slug().filter(|that| that.about.marks.take.unwrap_or(1) < marks.take.unwrap_or(1));
        return that.map(|that| to(new, that, verified, Kind::Update, "take"));
    }
    let revision = marks.revision.filter(|r| *r != Revision::Repeat)?;
    let roundup = Some(Shape::Roundup);
    let shaped = |that: &About| (marks.shape == roundup) == (that.marks.shape == roundup);
    let bound = verified.iter().find(|v| {
        v.that.about.marks.revision != Some(revision)
            && shaped(v.that.about)
            && v.pair.of_new.get().max(v.pair.of_old.get()) >= settings.partial
    });
    let other = |that: &Earlier<'_>| that.about.marks.revision != Some(revision);
    let that = bound.map(|v| v.that).or_else(|| by_slug().filter(other))?;
    let kind = if corrects(new.about) { Kind::Correction } else { Kind::Update };
    Some(to(new, that, verified, kind, "marked"))
}
