//! Kills, holds and releases: whether an article is one, and which article it is about.
//!
//! The target is looked up by uri and link, then by text, then by name. If the notice names a
//! headline, the headline decides: if no article has it, the notice waits for one that does, even
//! if an article about another subject has the same slug. A slug alone is enough only if the notice
//! names no headline.
//!
//! ```text
//! KILL: Bridge reopens, slug MAREL     the article with that headline; else none yet
//! KILL, slug MAREL                     the only article of the sender with that slug
//! ```
//!
//! A notice that identifies its target only by text or by name gets a confidence, which depends on
//! which names agree, on the providers, and on how many other articles have the same name. An
//! article that only copies other publishers' articles is not a notice, whatever its headline says.
//!
//! An article that [may or may not](crate::article::Marks::possible_order) be an order is treated
//! as an order if its sender has sent an article with the headline that it names.

use super::archive::{Archive, Arrival, Earlier, are_strangers, same_provider};
use super::classify::{outlived, to};
use super::identity_record::Identity;
use super::same_uri::{is_anothers_number, is_numbered_alike, target_of_notice};
use super::types::{Kind, Ratio, Relation, RelationTarget};
use super::{VerifiedCandidate, names, subject};
use crate::article::{ArticleMetadata, LinkKind, NoticeOrder, PubStatus};
use crate::marks::bare_headline;
use std::sync::Arc;

/// Minimum number of words in a report. A possible order with that much text is left to an editor.
const REPORT_WORDS: usize = 100;
/// Confidence that a possible order refers to the article that it names, if one sender sent both.
const POSSIBLE_CONFIDENCE: f64 = 0.8;
/// Replaces `POSSIBLE_CONFIDENCE` if the text is as long as a report or the two articles have the
/// same headline. Also the confidence that an order refers to an article with its own uri, if that
/// uri was reused.
const DOUBTFUL_CONFIDENCE: f64 = 0.5;

/// The names by which a notice refers to an article, as keys.
pub struct NoticeNames {
    /// Headlines.
    headlines: Vec<u64>,
    /// Slugs; the notice's own slug comes last.
    slugs: Vec<u64>,
    /// The notice's own slug, if neither text nor headline names it.
    unnamed: Option<u64>,
}

impl NoticeNames {
    /// The names in `about`, the metadata of a notice.
    pub fn of(about: &ArticleMetadata) -> Self {
        let bare = bare_headline(&about.headline);
        // The notice gives this name in its own headline as well, so it is not the slug.
        let repeated = |name: &str| {
            name == bare
                && name.chars().any(char::is_lowercase)
                && about
                    .slugline
                    .as_deref()
                    .is_some_and(|slug| names::key(slug) != names::key(name))
        };
        let (headlines, slugs): (Vec<_>, Vec<_>) =
            about.marks.references.iter().partition(|name| is_headline(name) || repeated(name));
        let keys = |names: Vec<&String>| names.into_iter().filter_map(|n| names::key(n)).collect();
        let (headlines, mut slugs): (Vec<u64>, Vec<u64>) = (keys(headlines), keys(slugs));
        let own = about.slugline.as_deref().and_then(names::key);
        let unnamed = own.filter(|own| !slugs.contains(own) && !headlines.contains(own));
        slugs.extend(own.filter(|own| !slugs.contains(own)));
        Self { headlines, slugs, unnamed }
    }

    /// The keys of the names that identify the target: headlines if the notice names any, otherwise
    /// slugs.
    pub fn decisive(&self) -> &[u64] {
        if self.headlines.is_empty() { &self.slugs } else { &self.headlines }
    }
}

/// Whether a name is a headline: several words, not a code or words joined by hyphens.
fn is_headline(name: &str) -> bool {
    let words = name.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic));
    let dense = name.chars().filter(|c| *c >= '\u{2e80}').count();
    !name.starts_with("BC-") && (words.count() >= 3 || dense >= 4)
}

/// A kill, hold or release, with its target.
pub(super) fn withdrawal(
    new: Arrival<'_>,
    verified: &[VerifiedCandidate<'_>],
    archive: &impl Archive,
) -> Option<Relation> {
    let about = new.about;
    let found = target_of_notice(new, archive);
    let same_uri = found.filter(|(_, certain)| *certain).map(|(that, _)| that);
    let own = |that: &&Identity| {
        let [ours, theirs] = [&about.provider, &that.provider].map(Option::as_deref);
        !is_numbered_alike(&that.uri, ours, theirs)
    };
    let past = || archive.identity_of_uri(&about.uri).filter(own);
    let rule = match (about.marks.order, about.pubstatus) {
        (_, PubStatus::Canceled) => "canceled",
        (Some(_), _) if is_copy_of_another(new, same_uri, verified) => return None,
        (Some(order), _) => rule_of(order),
        (None, PubStatus::Withheld) if same_uri.is_some() || past().is_some() => "withheld",
        (None, _) => return possible(new, same_uri, verified, archive),
    };
    let kind = Kind::Withdrawal;
    let uris = || about.links.iter().map(|l| &l.to.uri).chain(&about.marks.references);
    let linked = || {
        let links = about.links.iter().find_map(|l| archive.valid_of_uri(&l.to.uri));
        let named = about.marks.references.iter().filter_map(|uri| archive.valid_of_uri(uri));
        let mut own = named.filter(|that| !is_anothers_number(about, that.about));
        links.or_else(|| own.next())
    };
    let that = same_uri.or_else(linked).or_else(|| archive.newest_of_series(about));
    if let Some(that) = that {
        return Some(to(new, that, verified, kind, rule));
    }
    let linked = || uris().find_map(|uri| archive.identity_of_uri(uri));
    if let Some(that) = past().or_else(linked) {
        return Some(outlived(that, kind, rule));
    }
    // Notices resemble each other: a notice that shares text with another one does not withdraw it.
    let report = |v: &&VerifiedCandidate<'_>| v.that.verdict.relation.kind != Kind::Withdrawal;
    let mut reports = verified.iter().filter(report);
    if let Some(whole) = reports.find(|v| v.kind.joins_its_match()) {
        let relation = to(new, whole.that, verified, kind, rule);
        return Some(sure(relation, confidence_of_text(about, whole)));
    }
    if let Some((that, confidence)) = named(new, archive) {
        return Some(sure(to(new, that, verified, kind, rule), confidence));
    }
    let names = NoticeNames::of(about);
    let own = names.decisive().iter().filter_map(|key| own_key(about, *key));
    if let Some(that) = own.into_iter().find_map(|key| archive.past_of_name(key)) {
        return Some(sure(outlived(that, kind, rule), Ratio::PAST_NAME_CONFIDENCE));
    }
    if let Some((that, _)) = found {
        let confidence = Ratio::new(DOUBTFUL_CONFIDENCE).unwrap_or_default();
        return Some(sure(to(new, that, verified, kind, rule), confidence));
    }
    let mut links = about.links.iter().filter(|link| link.kind != LinkKind::SeriesOf);
    let of = links.next().map(|l| Arc::new(RelationTarget { sequence: None, key: l.to.clone() }));
    Some(Relation { kind, of, rule: rule.into(), ..Relation::default() })
}

fn rule_of(order: NoticeOrder) -> &'static str {
    match order {
        NoticeOrder::Kill => "kill",
        NoticeOrder::Hold => "hold",
        NoticeOrder::Release => "release",
    }
}

fn sure(mut relation: Relation, confidence: Ratio) -> Relation {
    relation.evidence.confidence = Some(confidence);
    relation
}

/// Whether the article copies articles of other publishers, and none of its own publisher.
fn is_copy_of_another(
    new: Arrival<'_>,
    same_uri: Option<Earlier<'_>>,
    verified: &[VerifiedCandidate<'_>],
) -> bool {
    let whole = |v: &&VerifiedCandidate<'_>| {
        v.kind.joins_its_match() && v.that.verdict.relation.kind != Kind::Withdrawal
    };
    let other = |v: &VerifiedCandidate<'_>| are_strangers(new.about, v.that.about);
    let mut copies = verified.iter().filter(whole).peekable();
    same_uri.is_none() && copies.peek().is_some() && copies.all(other)
}

/// The relation of a possible order, which counts as an order if its sender has sent an article
/// with the headline that it names.
fn possible(
    new: Arrival<'_>,
    same_uri: Option<Earlier<'_>>,
    verified: &[VerifiedCandidate<'_>],
    archive: &impl Archive,
) -> Option<Relation> {
    let order = new.about.marks.possible_order?;
    let names = NoticeNames::of(new.about);
    // The order may be in the note or in the text, below an unchanged headline.
    let unchanged = names::key(&new.about.headline);
    let keys = || names.headlines.iter().copied().chain(unchanged);
    let has_it = |that: &Earlier<'_>| {
        let headline = names::NameKeys::of(that.about).headline;
        let named = headline != 0 && keys().any(|key| key == headline);
        named && !has_same_mark(&new.about.headline, &that.about.headline)
    };
    let own = || keys().filter_map(|key| own_key(new.about, key));
    let that = same_uri
        .filter(has_it)
        .or_else(|| own().find_map(|key| archive.newest_of_name(key)).filter(has_it))?;
    let doubtful =
        new.words.hashes.len() >= REPORT_WORDS || new.about.headline == that.about.headline;
    let confidence = if doubtful { DOUBTFUL_CONFIDENCE } else { POSSIBLE_CONFIDENCE };
    let relation = to(new, that, verified, Kind::Withdrawal, rule_of(order));
    Some(sure(relation, Ratio::new(confidence).unwrap_or_default()))
}

/// Whether both headlines have the same marks. An earlier report that also begins with `Hold:` is
/// news about a hold, and so is the new one.
fn has_same_mark(new: &str, that: &str) -> bool {
    let marks = |headline: &str| {
        let bare = bare_headline(headline);
        headline.replacen(bare, "", 1).trim().to_lowercase()
    };
    !marks(new).is_empty() && marks(new) == marks(that)
}

/// A name key combined with the provider of `about`.
fn own_key(about: &ArticleMetadata, key: u64) -> Option<u64> {
    Some(names::of_provider(key, names::provider(about.provider.as_deref()?)?))
}

/// The live article that the notice names, and the confidence that it is meant. Articles of the
/// sender come first, and headlines come before slugs.
fn named<'a>(new: Arrival<'_>, archive: &'a impl Archive) -> Option<(Earlier<'a>, Ratio)> {
    let names = NoticeNames::of(new.about);
    let found = |keys: &[u64]| {
        let own = keys.iter().filter_map(|key| own_key(new.about, *key));
        own.chain(keys.iter().copied()).find_map(|key| archive.newest_of_name(key))
    };
    // The order may be in the note or in the text, below an unchanged headline.
    let unchanged = names::key(&new.about.headline);
    let by_headline = found(&names.headlines).or_else(|| found(unchanged.as_slice()));
    let that = by_headline.or_else(|| {
        let that = found(&names.slugs)?;
        let free = names.headlines.is_empty() || subject::agrees(new, that);
        free.then_some(that)
    })?;
    Some((that, confidence_of_name(new, that, &names, archive)))
}

/// Confidence that a notice which repeats an article's text refers to that article: the share of
/// the article that the notice repeats, halved if the two are not from the same provider.
fn confidence_of_text(notice: &ArticleMetadata, whole: &VerifiedCandidate<'_>) -> Ratio {
    if same_provider(notice, whole.that.about) {
        whole.comparison.of_old
    } else {
        Ratio::new(whole.comparison.of_old.get() / 2.0).unwrap_or_default()
    }
}

/// Confidence that a notice which names `that`, by its headline or slug, refers to `that`. A
/// headline weighs more than a slug, and both together weigh more than either. A slug weighs less
/// if several items have it, or if nothing else shows that its article is meant. The same provider
/// raises the confidence, another provider lowers it.
fn confidence_of_name(
    new: Arrival<'_>,
    that: Earlier<'_>,
    given: &NoticeNames,
    archive: &impl Archive,
) -> Ratio {
    let notice = new.about;
    let names = names::NameKeys::of(that.about);
    let slug = names.slug != 0 && given.slugs.contains(&names.slug);
    let own = names::key(&notice.headline) == Some(names.headline);
    let headline = names.headline != 0 && (own || given.headlines.contains(&names.headline));
    let alone = archive.count_uris_with_slug(names.slug, that.about.provider.as_deref()) <= 1;
    let base = match (slug, headline) {
        (true, true) => 0.8,
        (false, _) => 0.65,
        (true, false)
            if alone && (given.unnamed != Some(names.slug) || subject::agrees(new, that)) =>
        {
            0.55
        }
        (true, false) => 0.35,
    };
    let provider = match (&notice.provider, &that.about.provider) {
        (Some(_), Some(_)) if same_provider(notice, that.about) => 0.2,
        (Some(_), Some(_)) => -0.3,
        _ => 0.0,
    };
    Ratio::new(base + provider).unwrap_or_default()
}
