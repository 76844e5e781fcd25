//! What the wire itself says: versions of one uri, explicit links, marks, kills.
//!
//! Tested before the text kinds, in this order: withdrawal, redelivery, versions of the same uri,
//! explicit links, takes, marks. What the window does not hold any more is looked for among the
//! identities that outlive it, by uri, and by name for a withdrawal.
//!
//! A notice that names an article by words alone means it with a confidence: which names agree, whose
//! they are, and whether others bear them.

use super::identity_record::Identity;
use super::types::{Archive, Arrival, Earlier, Kind, Ratio, Relation, RelationTarget, Scope};
use super::versions::{Edition, older};
use super::{Settings, VerifiedCandidate, classify, names};
use crate::article::{About, ArticleKey, ItemShape, LinkKind, NoticeOrder, PubStatus, Revision};

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
    verified: &[VerifiedCandidate<'_>],
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
        .or_else(|| Some(past_version(new, archive.past_of_uri(&new.about.uri)?)))
        .or_else(|| link(new, verified, archive))
        .or_else(|| marked(new, verified, archive, settings))
}

/// The relation to `that`, with the evidence of the texts where they were compared.
fn to(
    new: Arrival<'_>,
    that: Earlier<'_>,
    verified: &[VerifiedCandidate<'_>],
    kind: Kind,
    rule: &'static str,
) -> Relation {
    match verified.iter().find(|v| v.that.sequence == that.sequence) {
        Some(v) => classify::relation(new, that, &v.pair, (kind, rule)),
        None => classify::unread(new, that, kind, rule),
    }
}

/// A notice that came before.
fn same_notice(
    new: Arrival<'_>,
    that: Earlier<'_>,
    verified: &[VerifiedCandidate<'_>],
) -> Option<Relation> {
    let same = that.verdict.relation.kind == Kind::Withdrawal
        && that.about.version == new.about.version
        && that.about.pubstatus == new.about.pubstatus
        && that.print.content == new.print.content;
    same.then(|| to(new, that, verified, Kind::Redelivery, "same-version"))
}

fn withdrawal(
    new: Arrival<'_>,
    same_uri: Option<Earlier<'_>>,
    verified: &[VerifiedCandidate<'_>],
    archive: &impl Archive,
) -> Option<Relation> {
    let about = new.about;
    let past = || archive.past_of_uri(&about.uri);
    let rule = match (about.marks.order, about.pubstatus) {
        (_, PubStatus::Canceled) => "canceled",
        (Some(NoticeOrder::Kill), _) => "kill",
        (Some(NoticeOrder::Hold), _) => "hold",
        (Some(NoticeOrder::Release), _) => "release",
        (None, PubStatus::Withheld) if same_uri.is_some() || past().is_some() => "withheld",
        (None, _) => return None,
    };
    let kind = Kind::Withdrawal;
    let linked = || about.links.iter().find_map(|l| archive.standing_of_uri(&l.to.uri));
    if let Some(that) = same_uri.or_else(linked) {
        return Some(to(new, that, verified, kind, rule));
    }
    let linked = || about.links.iter().find_map(|l| archive.past_of_uri(&l.to.uri));
    if let Some(that) = past().or_else(linked) {
        return Some(outlived(that, kind, rule));
    }
    let sure = |mut relation: Relation, confidence| {
        relation.evidence.confidence = Some(confidence);
        Some(relation)
    };
    // Notices are much alike: one that has the words of another does not withdraw it.
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
        return sure(outlived(that, kind, rule), Ratio::HIGH);
    }
    let of = about.links.first().map(|l| RelationTarget { sequence: None, key: l.to.clone() });
    Some(Relation { kind, of, rule: rule.into(), ..Relation::default() })
}

/// How sure it is that a notice which carries an article's text means that article: as sure as it
/// holds of it, and half as sure where another provider sent it: a relay of that provider's notice.
fn confidence_of_text(notice: &About, whole: &VerifiedCandidate<'_>) -> Ratio {
    let same = whole.pair.of_old.get() >= 1.0 || same_provider(notice, whole.that.about);
    if same {
        whole.pair.of_old
    } else {
        Ratio::new(whole.pair.of_old.get() / 2.0).unwrap_or_default()
    }
}

/// How sure it is that a notice means `that`, which bears a name that it gives: surer of a headline
/// than of a slug, surer of both, surer within one provider, less sure where other items bear the
/// slug too.
fn confidence_of_name(notice: &About, that: Earlier<'_>, archive: &impl Archive) -> Ratio {
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
    let alone = archive.bearers_of_slug(names.slug, that.about.provider.as_deref()) <= 1;
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

/// The relation to an article whose window has passed.
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

/// Another version of a uri, or the same once more, whose window has passed.
fn past_version(new: Arrival<'_>, that: &Identity) -> Relation {
    if that.version == new.about.version && that.content == new.print.content {
        return outlived(that, Kind::Redelivery, "same-version");
    }
    if older(Edition::of(new.about), that.edition()) {
        return outlived(that, Kind::Update, "late-version");
    }
    let kind = if corrects(new.about) { Kind::Correction } else { Kind::Update };
    outlived(that, kind, "new-version")
}

/// The same item once more: the same version and text, or a text that is marked as a repeat.
fn repeat(
    new: Arrival<'_>,
    verified: &[VerifiedCandidate<'_>],
    archive: &impl Archive,
) -> Option<Relation> {
    let same_text = |that: &Earlier<'_>| that.print.content == new.print.content;
    let version = new.about.version.as_deref();
    if let Some(that) = archive.repeated(&new.about.uri, version, new.print.content) {
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

/// Another version of a uri that is known.
fn version(new: Arrival<'_>, that: Earlier<'_>, verified: &[VerifiedCandidate<'_>]) -> Relation {
    if older(Edition::of(new.about), Edition::of(that.about)) {
        return to(new, that, verified, Kind::Update, "late-version");
    }
    let unmarked =
        verified.iter().any(|v| v.that.sequence == that.sequence && v.kind == Kind::Correction);
    let kind = if corrects(new.about) || unmarked { Kind::Correction } else { Kind::Update };
    to(new, that, verified, kind, "new-version")
}

fn corrects(about: &About) -> bool {
    matches!(about.marks.revision, Some(Revision::Correction | Revision::Refile))
}

/// An explicit link to an article that is known.
fn link(
    new: Arrival<'_>,
    verified: &[VerifiedCandidate<'_>],
    archive: &impl Archive,
) -> Option<Relation> {
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
    let shaped = |that: &About| (marks.shape == roundup) == (that.marks.shape == roundup);
    let own = |v: &&VerifiedCandidate<'_>| same_provider(new.about, v.that.about);
    let bound = || {
        verified.iter().filter(|v| {
            v.that.about.marks.revision != Some(revision)
                && shaped(v.that.about)
                && v.pair.of_new.get().max(v.pair.of_old.get()) >= settings.partial
                // The same text from elsewhere is a copy of what is revised, or of this.
                && (own(v) || v.that.print.content != new.print.content)
        })
    };
    let bound = bound().find(own).or_else(|| bound().next());
    let other = |that: &Earlier<'_>| that.about.marks.revision != Some(revision);
    let that = bound.map(|v| v.that).or_else(|| by_slug().filter(other))?;
    let kind = if corrects(new.about) { Kind::Correction } else { Kind::Update };
    Some(to(new, that, verified, kind, "marked"))
}
