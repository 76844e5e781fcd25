//! Identity: what the wire itself states about an item, such as versions of one uri, explicit
//! links and marks.
//!
//! In: the new article, its compared candidates and the archive. Out: a relation, or none if the
//! text kinds have to decide. Tested in this order: a repeated notice, withdrawal, redelivery,
//! versions of the same uri, explicit links, takes, marks. For an article that has left the window,
//! its identity is searched by uri, and for a withdrawal also by name. Withdrawals are decided in
//! [`orders`].

use super::difference::OTHER_SUBJECT;
use super::identity_record::Identity;
use super::types::{Archive, Arrival, Earlier, Kind, Relation, RelationTarget, Scope};
use super::versions::{VersionOrderKey, is_older};
use super::{Settings, VerifiedCandidate, classify, names, orders, subject};
use crate::article::{ArticleKey, ArticleMetadata, ItemShape, LinkKind, Revision};

/// Whether two articles are from the same family of providers. Two unknown providers are not the
/// same.
pub(super) fn same_provider(a: &ArticleMetadata, b: &ArticleMetadata) -> bool {
    match (&a.provider, &b.provider) {
        (Some(a), Some(b)) => crate::article::publisher::same_family(a, b),
        _ => false,
    }
}

/// The relation that identity or marks give, if any.
pub(super) fn of(
    new: Arrival<'_>,
    verified: &[VerifiedCandidate<'_>],
    archive: &impl Archive,
    settings: &Settings,
) -> Option<Relation> {
    let newest = archive.newest_of_uri(&new.about.uri);
    if let Some(again) = newest.and_then(|that| same_notice(new, that, verified)) {
        return Some(again);
    }
    // A notice under this uri is not an earlier version of the article.
    let same_uri = archive.valid_of_uri(&new.about.uri);
    orders::withdrawal(new, same_uri, verified, archive)
        .or_else(|| repeat(new, verified, archive))
        .or_else(|| same_uri.map(|that| version(new, that, verified)))
        .or_else(|| Some(past_version(new, archive.identity_of_uri(&new.about.uri)?)))
        .or_else(|| link(new, verified, archive))
        .or_else(|| marked(new, verified, archive, settings))
}

/// The relation to `that`, with the measures as evidence if the texts were compared.
pub(super) fn to(
    new: Arrival<'_>,
    that: Earlier<'_>,
    verified: &[VerifiedCandidate<'_>],
    kind: Kind,
    rule: &'static str,
) -> Relation {
    match verified.iter().find(|v| v.that.sequence == that.sequence) {
        Some(v) => classify::relation(new, that, &v.comparison, (kind, rule)),
        None => classify::relation_without_comparison(new, that, kind, rule),
    }
}

/// A redelivery of the notice `that`.
fn same_notice(
    new: Arrival<'_>,
    that: Earlier<'_>,
    verified: &[VerifiedCandidate<'_>],
) -> Option<Relation> {
    let same = that.verdict.relation.kind == Kind::Withdrawal
        && that.about.version == new.about.version
        && that.about.pubstatus == new.about.pubstatus
        && that.print.content_hash == new.print.content_hash;
    same.then(|| to(new, that, verified, Kind::Redelivery, "same-version"))
}

/// The relation to an article that has left the window.
pub(super) fn outlived(that: &Identity, kind: Kind, rule: &'static str) -> Relation {
    let root = that.root.as_ref().map(|uri| ArticleKey { uri: uri.clone(), version: None });
    let target = |key| RelationTarget { sequence: None, key };
    Relation {
        kind,
        of: Some(target(that.key())),
        root: Some(target(root.unwrap_or_else(|| that.key()))),
        chain: 1,
        rule: rule.into(),
        scope: Scope::Identity,
        ..Relation::default()
    }
}

/// The relation to an earlier version that has left the window: a redelivery, update or correction.
fn past_version(new: Arrival<'_>, that: &Identity) -> Relation {
    if that.version == new.about.version && that.content == new.print.content_hash {
        return outlived(that, Kind::Redelivery, "same-version");
    }
    if is_older(VersionOrderKey::of(new.about), that.edition()) {
        return outlived(that, Kind::Update, "late-version");
    }
    let kind = if corrects(new.about) { Kind::Correction } else { Kind::Update };
    outlived(that, kind, "new-version")
}

/// A redelivery: the same uri, version and text; or an equal text marked as a repeat; or, for
/// anything but text, an equal caption from the same provider.
fn repeat(
    new: Arrival<'_>,
    verified: &[VerifiedCandidate<'_>],
    archive: &impl Archive,
) -> Option<Relation> {
    let same_text = |that: &Earlier<'_>| that.print.content_hash == new.print.content_hash;
    let version = new.about.version.as_deref();
    // Another headline over the same text is another version.
    let same_headline = |that: &Earlier<'_>| {
        names::key(&that.about.headline) == names::key(&new.about.headline)
            && (that.about.marks.revision == new.about.marks.revision || !corrects(new.about))
    };
    let again = archive.repeated(&new.about.uri, version, new.print.content_hash);
    if let Some(that) = again.filter(same_headline) {
        return Some(to(new, that, verified, Kind::Redelivery, "same-version"));
    }
    let repeated = new.about.marks.revision == Some(Revision::Repeat);
    let picture = new.about.kind != crate::article::ItemType::Text;
    let again = verified.iter().find(|v| {
        same_text(&v.that) && (repeated || picture && same_provider(new.about, v.that.about))
    })?;
    let rule = if repeated { "marked-repeat" } else { "same-caption" };
    Some(to(new, again.that, verified, Kind::Redelivery, rule))
}

/// The relation to a live version of the same uri.
fn version(new: Arrival<'_>, that: Earlier<'_>, verified: &[VerifiedCandidate<'_>]) -> Relation {
    if is_older(VersionOrderKey::of(new.about), VersionOrderKey::of(that.about)) {
        return to(new, that, verified, Kind::Update, "late-version");
    }
    let unmarked =
        verified.iter().any(|v| v.that.sequence == that.sequence && v.kind == Kind::Correction);
    let kind = if corrects(new.about) || unmarked { Kind::Correction } else { Kind::Update };
    to(new, that, verified, kind, "new-version")
}

/// Whether the marks say that the article corrects an earlier one.
fn corrects(about: &ArticleMetadata) -> bool {
    matches!(about.marks.revision, Some(Revision::Correction | Revision::Refile))
}

/// The newest live article of the same series and provider.
pub(super) fn of_series<'a>(
    about: &ArticleMetadata,
    archive: &'a impl Archive,
) -> Option<Earlier<'a>> {
    let series = Some(names::NameKeys::of(about).series).filter(|key| *key != 0)?;
    archive.newest_of_name(names::of_provider(series, about.provider.as_deref()?)?)
}

/// The relation to a live article that the new one explicitly links to.
fn link(
    new: Arrival<'_>,
    verified: &[VerifiedCandidate<'_>],
    archive: &impl Archive,
) -> Option<Relation> {
    let linked = new.about.links.iter().find_map(|link| match link.kind {
        LinkKind::Replaces | LinkKind::EvolvedFrom | LinkKind::VersionOf => {
            archive.valid_of_uri(&link.to.uri)
        }
        LinkKind::ReplacedBy | LinkKind::TranslationOf | LinkKind::SeriesOf => None,
    });
    let newer = |that: &Earlier<'_>| {
        !is_older(VersionOrderKey::of(new.about), VersionOrderKey::of(that.about))
    };
    // Some agencies use one key for all reports of a subject.
    let close = |that: &Earlier<'_>| {
        let mut compared = verified.iter().filter(|v| v.that.sequence == that.sequence);
        compared.any(VerifiedCandidate::is_reported) || subject::agrees(new, *that)
    };
    let series = || of_series(new.about, archive).filter(newer).filter(close);
    let that = linked.or_else(series)?;
    let kind = if corrects(new.about) { Kind::Correction } else { Kind::Update };
    Some(to(new, that, verified, kind, "link"))
}

/// The relation that marks give together with shared text, the headline, or a slug whose article
/// speaks of the same subject.
fn marked(
    new: Arrival<'_>,
    verified: &[VerifiedCandidate<'_>],
    archive: &impl Archive,
    settings: &Settings,
) -> Option<Relation> {
    let marks = &new.about.marks;
    let by_name = |name: &str| {
        let key = names::of_provider(names::key(name)?, new.about.provider.as_deref()?)?;
        let that = archive.newest_of_name(key)?;
        (that.verdict.relation.kind != Kind::Withdrawal
            && that.about.marks.shape == new.about.marks.shape)
            .then_some(that)
    };
    let by_slug = || by_name(new.about.slugline.as_deref()?);
    if marks.take.is_some_and(|take| take > 1) {
        let that =
            by_slug().filter(|that| that.about.marks.take.unwrap_or(1) < marks.take.unwrap_or(1));
        return that.map(|that| to(new, that, verified, Kind::Update, "take"));
    }
    let revision = marks.revision.filter(|r| *r != Revision::Repeat)?;
    let roundup = Some(ItemShape::Roundup);
    let shaped = |that: &ArticleMetadata| (marks.shape == roundup) == (that.marks.shape == roundup);
    let own = |v: &&VerifiedCandidate<'_>| same_provider(new.about, v.that.about);
    let bound = || {
        verified.iter().filter(|v| {
            v.that.about.marks.revision != Some(revision)
                && v.rule != OTHER_SUBJECT
                && shaped(v.that.about)
                && v.comparison.of_new.get().max(v.comparison.of_old.get()) >= settings.partial.get()
                // An equal text of another provider is a copy, not the article being revised.
                && (own(v) || v.that.print.content_hash != new.print.content_hash)
        })
    };
    let bound = bound().find(own).or_else(|| bound().next());
    let other = |that: &Earlier<'_>| that.about.marks.revision != Some(revision);
    let by_headline = || by_name(&new.about.headline);
    let named = || {
        by_headline().or_else(|| by_slug().filter(|that| subject::agrees(new, *that))).filter(other)
    };
    let that = bound.map(|v| v.that).or_else(named)?;
    let kind = if corrects(new.about) { Kind::Correction } else { Kind::Update };
    Some(to(new, that, verified, kind, "marked"))
}
