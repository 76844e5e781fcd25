//! Identity: what senders themselves state about an item, such as versions of one uri, explicit
//! links and marks.
//!
//! In: the new article, its compared candidates and the archive. Out: a relation, or none, in which
//! case the best text match decides. Tested in this order: a repeated notice, withdrawal,
//! redelivery, versions of the same uri, explicit links, takes, marks. The identities of articles
//! that have left the window are looked up by uri, and for a withdrawal also by name. Withdrawals
//! are decided in [`orders`].

use super::archive::{Archive, Arrival, Earlier, same_provider};
use super::classify::{outlived, to};
use super::difference::OTHER_SUBJECT;
use super::same_uri::{SEARCHED_MAX, is_anothers_number, is_numbered_alike};
use super::types::{Kind, Relation, Validity};
use super::versions::{VersionOrderKey, are_interchangeable, is_older};
use super::{Settings, VerifiedCandidate, names, orders, stamps, subject};
use crate::article::{ArticleMetadata, ItemShape, LinkKind, Revision};

/// The relation that identity or marks give, if any. `earlier` is the article that `new` is a
/// version of ([`same_uri::earlier_version`]).
pub(super) fn of(
    new: Arrival<'_>,
    earlier: Option<Earlier<'_>>,
    verified: &[VerifiedCandidate<'_>],
    archive: &impl Archive,
    settings: &Settings,
) -> Option<Relation> {
    let newest = archive.newest_of_uri(&new.about.uri);
    if let Some(again) = newest.and_then(|that| same_notice(new, that, verified)) {
        return Some(again);
    }
    orders::withdrawal(new, verified, archive)
        .or_else(|| repeat(new, verified, archive))
        .or_else(|| earlier.and_then(|that| restamped(new, that, verified, settings)))
        .or_else(|| earlier.map(|that| version(new, that, verified)))
        .or_else(|| past_version(new, archive))
        .or_else(|| link(new, verified, archive))
        .or_else(|| marked(new, verified, archive, settings))
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

/// The relation to an earlier version that has left the window: a redelivery, update or correction.
/// Its text is no longer stored, so only the providers can show that the uri was reused.
fn past_version(new: Arrival<'_>, archive: &impl Archive) -> Option<Relation> {
    if archive.valid_of_uri(&new.about.uri).is_some() {
        return None;
    }
    let that = archive.identity_of_uri(&new.about.uri)?;
    let [ours, theirs] = [&new.about.provider, &that.provider].map(Option::as_deref);
    if is_numbered_alike(&that.uri, ours, theirs) {
        return None;
    }
    let version = new.about.version.as_deref();
    if that.content == new.print.content_hash {
        let same_headline = names::key(&that.headline) == names::key(&new.about.headline);
        if that.version == new.about.version {
            return Some(outlived(that, Kind::Redelivery, "same-version"));
        } else if same_headline && are_interchangeable(version, that.version.as_deref()) {
            return Some(outlived(that, Kind::Redelivery, "same-text"));
        }
    }
    if is_older(VersionOrderKey::of(new.about), that.edition()) {
        return Some(outlived(that, Kind::Update, "late-version"));
    }
    let kind = if corrects(new.about) { Kind::Correction } else { Kind::Update };
    Some(outlived(that, kind, "new-version"))
}

/// The relation of a redelivery. This is an article with the same uri, version and text as an
/// earlier one (versions that are times need not be equal); an article that has an equal text and
/// is marked as a repeat; or an item other than text with an equal caption from the same provider.
fn repeat(
    new: Arrival<'_>,
    verified: &[VerifiedCandidate<'_>],
    archive: &impl Archive,
) -> Option<Relation> {
    let same_text = |that: &Earlier<'_>| that.print.content_hash == new.print.content_hash;
    let version = new.about.version.as_deref();
    // The same text under a different headline is a new version.
    let same_headline = |that: &Earlier<'_>| has_same_headline(new, *that);
    let again = archive.repeated(&new.about.uri, version, new.print.content_hash);
    if let Some(that) = again.filter(same_headline) {
        return Some(to(new, that, verified, Kind::Redelivery, "same-version"));
    }
    // The article may repeat a version that is not the newest one, or differ only in a time that is
    // sent as its version.
    let mut versions = archive.versions(&new.about.uri).rev().take(SEARCHED_MAX);
    let again = versions.find(|that| same_text(that) && is_same_version(new, *that));
    if let Some(that) = again {
        return Some(to(new, that, verified, Kind::Redelivery, "same-text"));
    }
    let repeated = new.about.marks.revision == Some(Revision::Repeat);
    let picture = new.about.kind != crate::article::ItemType::Text;
    let again = verified.iter().find(|v| {
        same_text(&v.that) && (repeated || picture && same_provider(new.about, v.that.about))
    })?;
    let rule = if repeated { "marked-repeat" } else { "same-caption" };
    Some(to(new, again.that, verified, Kind::Redelivery, rule))
}

/// The relation of a redelivery of `that`, an article with the same uri, if only time stamps and
/// counters at the edges of its text have changed.
fn restamped(
    new: Arrival<'_>,
    that: Earlier<'_>,
    verified: &[VerifiedCandidate<'_>],
    settings: &Settings,
) -> Option<Relation> {
    let pair = verified.iter().find(|v| v.that.sequence == that.sequence).map(|v| &v.comparison);
    let again = is_same_version(new, that) && stamps::differ_only(new, that, pair, settings);
    again.then(|| to(new, that, verified, Kind::Redelivery, "same-text"))
}

/// Whether the metadata of `new` and `that`, which have the same uri, show nothing new: they have
/// the same headline, status and embargo, and their versions are equal, or are both times. The
/// texts are not compared.
fn is_same_version(new: Arrival<'_>, that: Earlier<'_>) -> bool {
    let (ours, theirs) = (new.about, that.about);
    that.verdict.relation.kind != Kind::Withdrawal
        && that.validity != Validity::Withdrawn
        && has_same_headline(new, that)
        && ours.pubstatus == theirs.pubstatus
        && ours.embargoed == theirs.embargoed
        && !is_anothers_number(ours, theirs)
        && are_interchangeable(ours.version.as_deref(), theirs.version.as_deref())
}

/// Whether the headlines are the same, and `new` has no mark of a correction that `that` lacks.
fn has_same_headline(new: Arrival<'_>, that: Earlier<'_>) -> bool {
    names::key(&that.about.headline) == names::key(&new.about.headline)
        && (that.about.marks.revision == new.about.marks.revision || !corrects(new.about))
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
    // Some agencies use one series key for all reports on a subject.
    let close = |that: &Earlier<'_>| {
        let mut compared = verified.iter().filter(|v| v.that.sequence == that.sequence);
        compared.any(VerifiedCandidate::is_reported) || subject::agrees(new, *that)
    };
    let series = || archive.newest_of_series(new.about).filter(newer).filter(close);
    let that = linked.or_else(series)?;
    let kind = if corrects(new.about) { Kind::Correction } else { Kind::Update };
    Some(to(new, that, verified, kind, "link"))
}

/// The relation that a mark shows together with other evidence: for a later take, the same slug;
/// for a revision, shared text, the same headline, or the same slug if both articles are about the
/// same subject; for a correction, a headline that its text quotes.
fn marked(
    new: Arrival<'_>,
    verified: &[VerifiedCandidate<'_>],
    archive: &impl Archive,
    settings: &Settings,
) -> Option<Relation> {
    let marks = &new.about.marks;
    let by_name = |name: &str| {
        let provider = names::provider(new.about.provider.as_deref()?)?;
        let that = archive.newest_of_name(names::of_provider(names::key(name)?, provider))?;
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
    let shared =
        |v: &VerifiedCandidate<'_>| v.comparison.of_new.get().max(v.comparison.of_old.get());
    let bound = || {
        verified.iter().filter(|v| {
            v.that.about.marks.revision != Some(revision)
                && v.rule != OTHER_SUBJECT
                && shaped(v.that.about)
                && shared(v) >= settings.partial.get()
                // An identical text from another provider is a copy, not the article being revised.
                && (own(v) || v.that.print.content_hash != new.print.content_hash)
        })
    };
    let bound = bound().find(own).or_else(|| bound().next());
    let other = |that: &Earlier<'_>| that.about.marks.revision != Some(revision);
    let by_headline = || by_name(&new.about.headline);
    let named = || {
        by_headline().or_else(|| by_slug().filter(|that| subject::agrees(new, *that))).filter(other)
    };
    // A notice that corrects an article without repeating its text quotes its headline.
    let quoted = || {
        marks.references.iter().find_map(|name| {
            let headline = names::key(name)?;
            by_name(name).filter(|that| names::key(&that.about.headline) == Some(headline))
        })
    };
    let quoted = || quoted().filter(|_| corrects(new.about)).filter(other);
    let that = bound.map(|v| v.that).or_else(named).or_else(quoted)?;
    let kind = if corrects(new.about) { Kind::Correction } else { Kind::Update };
    Some(to(new, that, verified, kind, "marked"))
}
