//! Finds the earlier article that a new article with the same uri refers to.
//!
//! Usually all articles with one uri are versions of one article, and a new one refers to its
//! newest valid version. But some feeds number their items from 1, give all items one link or write
//! `N/A` as the identifier, so that unrelated articles have the same uri:
//!
//! ```text
//! 1001  Kestrel   Quay to close
//! 1001  Meridian  Early grape harvest    not a version of the first: the uri is reused
//! 1001  Kestrel   Quay closes earlier    a version of the first
//! ```
//!
//! An article is a version of an earlier one if they share text or their headlines agree. It is
//! also a version if the version strings differ, the providers are not known to differ, and either
//! both version strings are numbers or the uri is globally unique (`urn:`, `tag:`). An article of
//! another provider with the same short number is never a version.
//!
//! Some sites send one short text, such as an invitation to subscribe, for every article. If two
//! brief texts are equal, but their headlines name different subjects, the new article is only a
//! version if it is marked as a revision or the uri is globally unique.
//!
//! Cost: at most a constant number of earlier articles is examined.

use super::VerifiedCandidate;
use super::archive::{Archive, Arrival, Earlier, are_strangers, same_provider};
use super::difference::OTHER_SUBJECT;
use super::subject;
use super::types::{Kind, Relation, Validity};
use super::versions::is_counter;
use crate::article::{ArticleMetadata, publisher};

/// Maximum number of earlier articles with the same uri that are searched for a new article.
pub(super) const SEARCHED_MAX: usize = 64;

/// Flag of an article whose uri was used before by an unrelated article.
pub const REUSED_URI: &str = "reused_uri";

/// The live article with the same uri that `new` is a version of. `None` if there is none, or if
/// the providers or texts show that the uri was reused.
pub(super) fn earlier_version<'a>(
    new: Arrival<'_>,
    verified: &[VerifiedCandidate<'a>],
    archive: &'a impl Archive,
) -> Option<Earlier<'a>> {
    let newest = archive.valid_of_uri(&new.about.uri)?;
    if continues(new, newest, verified) {
        return Some(newest);
    }
    let resembles = |v: &&VerifiedCandidate<'_>| {
        let same =
            v.that.about.uri == new.about.uri && !is_anothers_number(new.about, v.that.about);
        same && is_report(&v.that) && is_match(v)
    };
    let similar = || verified.iter().filter(resembles).map(|v| v.that);
    similar().find(|that| that.validity == Validity::Valid).or_else(|| similar().next())
}

/// Whether `new` is a version of `that`, the newest article with its uri.
fn continues(new: Arrival<'_>, that: Earlier<'_>, verified: &[VerifiedCandidate<'_>]) -> bool {
    if is_anothers_number(new.about, that.about) {
        return false;
    }
    let mut compared = verified.iter().filter(|v| v.that.sequence == that.sequence);
    compared.any(is_match)
        || subject::agrees(new, that)
        || is_numbered(new.about, that.about)
        || is_revised_headline(new, that)
}

/// Whether `new` revises only the headline of `that`: the texts are equal, and a mark or a globally
/// unique uri shows that they are one article.
fn is_revised_headline(new: Arrival<'_>, that: Earlier<'_>) -> bool {
    new.print.is_equal(that.print)
        && same_provider(new.about, that.about)
        && (new.about.marks.revision.is_some() || is_unique(&new.about.uri))
}

/// Whether the scheme of a uri makes it globally unique.
fn is_unique(uri: &str) -> bool {
    ["urn:", "tag:"].iter().any(|scheme| uri.starts_with(scheme))
}

/// Whether the version strings alone show that both are versions of one article.
fn is_numbered(new: &ArticleMetadata, that: &ArticleMetadata) -> bool {
    let (Some(a), Some(b)) = (new.version.as_deref(), that.version.as_deref()) else {
        return false;
    };
    a != b && !are_strangers(new, that) && (is_unique(&new.uri) || is_counter(a) && is_counter(b))
}

/// Whether the uri of `that`, which `new` has or mentions, is a short number or word that another
/// provider gave to its own article.
pub(crate) fn is_anothers_number(new: &ArticleMetadata, that: &ArticleMetadata) -> bool {
    is_numbered_alike(&that.uri, new.provider.as_deref(), that.provider.as_deref())
}

/// Whether two providers may have given the same short id to different articles: both providers are
/// known and differ, and `uri`, which both sent, contains no colon, so it is not globally unique.
pub(crate) fn is_numbered_alike(uri: &str, new: Option<&str>, that: Option<&str>) -> bool {
    !uri.contains(':') && publisher::are_different(new, that)
}

/// Whether the texts show that both articles are about the same subject.
fn is_match(v: &VerifiedCandidate<'_>) -> bool {
    v.is_reported() && v.rule != OTHER_SUBJECT
}

/// The live article that a notice is about, searched for under the notice's own uri, and whether
/// this is certain. It is uncertain if the uri was reused, or used only by another provider, and
/// neither the headline nor the text of the notice mentions the article.
pub(super) fn target_of_notice<'a>(
    notice: Arrival<'_>,
    archive: &'a impl Archive,
) -> Option<(Earlier<'a>, bool)> {
    let newest = archive.valid_of_uri(&notice.about.uri)?;
    let all = || archive.versions(&notice.about.uri).rev().take(SEARCHED_MAX);
    let reports = || all().filter(is_report);
    let own = |that: &Earlier<'_>| !are_strangers(notice.about, that.about);
    if reports().all(|that| own(&that) && !starts_again(that)) {
        return Some((newest, true));
    }
    let valid = |that: &Earlier<'_>| that.validity == Validity::Valid;
    let named = || reports().filter(|that| subject::agrees(notice, *that));
    if let Some(that) = named().find(valid).or_else(|| named().next()) {
        return Some((that, true));
    }
    match reports().filter(own).collect::<Vec<_>>().as_slice() {
        [only] => Some((*only, true)),
        [newest, ..] => Some((*newest, false)),
        [] => Some((newest, false)),
    }
}

/// Whether `new` has the uri of an unrelated live article. `relation` is its relation, and
/// `earlier` is the article that it is a version of, if any.
pub(super) fn is_reused(
    new: Arrival<'_>,
    relation: &Relation,
    earlier: Option<Earlier<'_>>,
    archive: &impl Archive,
) -> bool {
    !matches!(relation.kind, Kind::Withdrawal | Kind::Redelivery)
        && earlier.is_none()
        && archive.valid_of_uri(&new.about.uri).is_some()
}

/// Whether the article reused the uri of an unrelated article.
pub(crate) fn starts_again(that: Earlier<'_>) -> bool {
    that.verdict.flags.iter().any(|flag| flag == REUSED_URI)
}

fn is_report(that: &Earlier<'_>) -> bool {
    that.verdict.relation.kind != Kind::Withdrawal
}
