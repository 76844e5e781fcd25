//! Identity: what the wire itself states about an item, such as versions of one uri, explicit
//! links, marks and kills.
//!
//! In: the new article, its compared candidates and the archive. Out: a relation, or none if the
//! text kinds have to decide. Tested in this order: a repeated notice, withdrawal, redelivery,
//! versions of the same uri, explicit links, takes, marks. For an article that has left the window,
//! its identity is searched by uri, and for a withdrawal also by name.
//!
//! A notice that identifies an article only by text or by name gets a confidence, which depends on
//! which names agree, on the providers, and on how many other articles have the same name.

use super::difference::OTHER_SUBJECT;
use super::identity_record::Identity;
use super::types::{Archive, Arrival, Earlier, Kind, Ratio, Relation, RelationTarget, Scope};
use super::versions::{VersionOrderKey, is_older};
use super::{Settings, VerifiedCandidate, classify, names};
use crate::article::{
    ArticleKey, ArticleMetadata, ItemShape, LinkKind, NoticeOrder, PubStatus, Revision,
};

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
    withdrawal(new, same_uri, verified, archive)
        .or_else(|| repeat(new, verified, archive))
        .or_else(|| same_uri.map(|that| version(new, that, verified)))
        .or_else(|| Some(past_version(new, archive.identity_of_uri(&new.about.uri)?)))
        .or_else(|| link(new, verified, archive))
        .or_else(|| marked(new, verified, archive, settings))
}

/// The relation to `that`, with the measures as evidence if the texts were compared.
fn to(
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

/// A kill, hold or release. The target is searched by uri and by link, then by text, then by name.
/// By uri, link and name, live articles come before identities.
fn withdrawal(
    new: Arrival<'_>,
    same_uri: Option<Earlier<'_>>,
    verified: &[VerifiedCandidate<'_>],
    archive: &impl Archive,
) -> Option<Relation> {
    let about = new.about;
    let past = || archive.identity_of_uri(&about.uri);
    let rule = match (about.marks.order, about.pubstatus) {
        (_, PubStatus::Canceled) => "canceled",
        (Some(NoticeOrder::Kill), _) => "kill",
        (Some(NoticeOrder::Hold), _) => "hold",
        (Some(NoticeOrder::Release), _) => "release",
        (None, PubStatus::Withheld) if same_uri.is_some() || past().is_some() => "withheld",
        (None, _) => return None,
    };
    let kind = Kind::Withdrawal;
    let linked = || about.links.iter().find_map(|l| archive.valid_of_uri(&l.to.uri));
    if let Some(that) = same_uri.or_else(linked) {
        return Some(to(new, that, verified, kind, rule));
    }
    let linked = || about.links.iter().find_map(|l| archive.identity_of_uri(&l.to.uri));
    if let Some(that) = past().or_else(linked) {
        return Some(outlived(that, kind, rule));
    }
    let sure = |mut relation: Relation, confidence| {
        relation.evidence.confidence = Some(confidence);
        Some(relation)
    };
    // Notices resemble each other: one with the words of another does not withdraw it.
    let report = |v: &&VerifiedCandidate<'_>| v.that.verdict.relation.kind != Kind::Withdrawal;
    let mut reports = verified.iter().filter(report);
    if let Some(whole) = reports.find(|v| v.kind.joins_its_match()) {
        let relation = to(new, whole.that, verified, kind, rule);
        return sure(relation, confidence_of_text(about, whole));
    }
    let all = || about.marks.references.iter().chain(&about.slugline).filter_map(|n| names::key(n));
    let own = |key: u64| about.provider.as_deref().and_then(|p| names::of_provider(key, p));
    for key in all().filter_map(own).chain(all()) {
        if let Some(that) = archive.newest_of_name(key) {
            let confidence = confidence_of_name(about, that, archive);
            return sure(to(new, that, verified, kind, rule), confidence);
        }
    }
    if let Some(that) = all().filter_map(own).find_map(|key| archive.past_of_name(key)) {
        return sure(outlived(that, kind, rule), Ratio::PAST_NAME_CONFIDENCE);
    }
    let of = about.links.first().map(|l| RelationTarget { sequence: None, key: l.to.clone() });
    Some(Relation { kind, of, rule: rule.into(), ..Relation::default() })
}

/// Confidence that a notice which repeats an article's text refers to that article: the share of
/// the article that it repeats, halved if it repeats less than all and is not from the same
/// provider.
fn confidence_of_text(notice: &ArticleMetadata, whole: &VerifiedCandidate<'_>) -> Ratio {
    let same = whole.comparison.of_old.get() >= 1.0 || same_provider(notice, whole.that.about);
    if same {
        whole.comparison.of_old
    } else {
        Ratio::new(whole.comparison.of_old.get() / 2.0).unwrap_or_default()
    }
}

/// Confidence that a notice which gives a name of `that` refers to it. A headline weighs more than
/// a slug, both more than one, a slug shared by several items less. The same provider raises the
/// confidence, another provider lowers it.
fn confidence_of_name(
    notice: &ArticleMetadata,
    that: Earlier<'_>,
    archive: &impl Archive,
) -> Ratio {
    let given: Vec<u64> = notice
        .marks
        .references
        .iter()
        .chain(&notice.slugline)
        .chain([&notice.headline])
        .filter_map(|name| names::key(name))
        .collect();
    let names = names::NameKeys::of(that.about);
    let named = |key: u64| key != 0 && given.contains(&key);
    let alone = archive.count_uris_with_slug(names.slug, that.about.provider.as_deref()) <= 1;
    let base = match (named(names.slug), named(names.headline)) {
        (true, true) => 0.8,
        (false, _) => 0.65,
        (true, false) if alone => 0.55,
        (true, false) => 0.35,
    };
    let provider = match (&notice.provider, &that.about.provider) {
        (Some(_), Some(_)) if same_provider(notice, that.about) => 0.2,
        (Some(_), Some(_)) => -0.3,
        _ => 0.0,
    };
    Ratio::new(base + provider).unwrap_or_default()
}

/// The relation to an article that has left the window.
fn outlived(that: &Identity, kind: Kind, rule: &'static str) -> Relation {
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

/// The relation to a live article that the new one explicitly links to.
fn link(
    new: Arrival<'_>,
    verified: &[VerifiedCandidate<'_>],
    archive: &impl Archive,
) -> Option<Relation> {
    let that = new.about.links.iter().find_map(|link| match link.kind {
        LinkKind::Replaces | LinkKind::EvolvedFrom | LinkKind::VersionOf => {
            archive.valid_of_uri(&link.to.uri)
        }
        LinkKind::ReplacedBy | LinkKind::TranslationOf => None,
    })?;
    let kind = if corrects(new.about) { Kind::Correction } else { Kind::Update };
    Some(to(new, that, verified, kind, "link"))
}

/// The relation that marks give together with the slug or shared text.
fn marked(
    new: Arrival<'_>,
    verified: &[VerifiedCandidate<'_>],
    archive: &impl Archive,
    settings: &Settings,
) -> Option<Relation> {
    let marks = &new.about.marks;
    let by_slug = || {
        let (slug, provider) = (new.about.slugline.as_deref()?, new.about.provider.as_deref()?);
        let key = names::of_provider(names::key(slug)?, provider)?;
        let that = archive.newest_of_name(key)?;
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
    let that = bound.map(|v| v.that).or_else(|| by_slug().filter(other))?;
    let kind = if corrects(new.about) { Kind::Correction } else { Kind::Update };
    Some(to(new, that, verified, kind, "marked"))
}
