//! Links stories in different languages that are about one event.
//!
//! In: the [universal terms](super::universal) of articles. Out: [`StoryLink`]s, with the numbers of
//! names, places and figures that both stories share.
//!
//! The universal terms of a story are those of its newest articles, added up. Two stories are
//! linked if the cosine of their universal terms is at least `link` and they share at least
//! `link_terms_min` of them. The weight of a term is `q ln((N + 1) / (n + .5))`, at least `q / 2`,
//! where `n` of `N` live articles contain it, in any language. A story has at most `links_max` links
//! to stories in one other language, the best ones on both sides.
//!
//! Links are decided when an article that contributes joins a story, for that story only. This also
//! confirms or ends its earlier links. For example, a German story of a ferry accident is linked to
//! an English one because both name Marel, Keller and 412 passengers; if later German articles are
//! about the company's finances, the cosine falls below `link_kept` and the link ends.
//!
//! Invariant SL-1: links have two ends, both of which are live stories with known, different
//! languages.
//!
//! Cost: up to `POSTINGS_MAX` postings and `CANDIDATES_MAX` stories are read, about 20 us. 8 to 14
//! bytes for each kept term of an article, which are at most `universal_max`.

use super::assign::Stories;
use super::live::LiveStory;
use super::postings::{ChannelPostings, sequence_of};
use super::stem::TermId;
use super::terms::{Term, Terms};
use super::universal::UniversalKind;
use super::{Member, MemberLookup, StoryId};
use crate::article::{EventTime, Lang, Sequence};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// A story in another language that is about the same event.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StoryLink {
    /// The other story.
    pub story: StoryId,
    /// The cosine of the universal terms, 0 to 1.
    pub score: f32,
    /// The number of names that both stories contain.
    pub names: u8,
    /// The number of places that both stories contain.
    pub places: u8,
    /// The number of figures that both stories contain.
    pub figures: u8,
}

/// Maximum number of postings read for one article.
const POSTINGS_MAX: usize = 1_024;
/// Maximum number of stories compared for one article, besides those that are already linked.
const CANDIDATES_MAX: usize = 6;
/// The number of newest articles whose terms represent a story.
const ARTICLES_MAX: usize = 8;
/// Maximum number of terms that represent a story: the heaviest ones.
const PROFILE_MAX: usize = 32;
/// A link is updated if its score has changed by more than this share.
const SCORE_CHANGE: f32 = 0.2;

/// The index of the live articles by their universal terms.
#[derive(Debug, Default)]
pub(super) struct UniversalIndex {
    postings: ChannelPostings,
    /// The number of articles in the index.
    articles: u32,
}

/// The universal terms of a story in order of ids. Their weights form a vector of length 1.
type Profile = Vec<WeightedTerm>;

/// A universal term of a story.
#[derive(Debug, Clone, Copy)]
struct WeightedTerm {
    id: TermId,
    kind: UniversalKind,
    weight: f32,
}

impl UniversalIndex {
    /// Adds an article that arrived after all others.
    pub(super) fn insert(&mut self, sequence: Sequence, terms: &Terms) {
        if !terms.universal().is_empty() {
            self.articles += 1;
            self.postings.add(sequence, terms.universal());
        }
    }

    /// Removes the earliest article of all.
    pub(super) fn remove(&mut self, sequence: Sequence, terms: &Terms) {
        if !terms.universal().is_empty() {
            self.articles -= 1;
            self.postings.remove(sequence, terms.universal());
        }
    }

    /// Memory in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.postings.bytes()
    }

    /// The `most` heaviest of an article's universal terms, which are kept.
    pub(super) fn heaviest(&self, terms: &[Term], most: u32) -> Vec<Term> {
        let weight = |term: &Term| term.q() as f32 * self.weight(term.id(), 1);
        let mut ranked: Vec<(f32, Term)> = terms.iter().map(|term| (weight(term), *term)).collect();
        ranked.sort_unstable_by(|(one, a), (other, b)| other.total_cmp(one).then(a.cmp(b)));
        ranked.truncate(most as usize);
        ranked.into_iter().map(|(_, term)| term).collect()
    }

    /// The weight of a term, if `new` more articles contained it.
    fn weight(&self, id: TermId, new: u32) -> f32 {
        let (all, with) = (self.articles + new, self.postings.len(id) as u32 + new);
        ((all as f32 + 1.0) / (with as f32 + 0.5)).ln().max(0.5)
    }

    /// The profile of the articles with these terms.
    fn profile<'a>(&self, articles: impl Iterator<Item = &'a [Term]>) -> Profile {
        let mut terms: Vec<Term> = articles.flatten().copied().collect();
        terms.sort_unstable_by_key(|term| term.id());
        let weighed = terms.chunk_by(|a, b| a.id() == b.id()).map(|same| {
            let q: u32 = same.iter().map(|term| term.q()).sum();
            let (id, kind) = (same[0].id(), UniversalKind::of(same[0]));
            WeightedTerm { id, kind, weight: q as f32 * self.weight(id, 0) }
        });
        let mut profile: Profile = weighed.collect();
        if profile.len() > PROFILE_MAX {
            profile.sort_unstable_by(|a, b| b.weight.total_cmp(&a.weight).then(a.id.cmp(&b.id)));
            profile.truncate(PROFILE_MAX);
            profile.sort_unstable_by_key(|term| term.id);
        }
        let length = profile.iter().map(|term| term.weight * term.weight).sum::<f32>().sqrt();
        profile.iter_mut().for_each(|term| term.weight /= length.max(f32::MIN_POSITIVE));
        profile
    }

    /// The live articles that share the rarest of these terms, by the sum of the weights of the
    /// shared terms, heaviest first. `newest` is the latest live article.
    fn near(&self, terms: &[Term], newest: Sequence) -> Vec<Sequence> {
        let mut scores: FxHashMap<u32, f32> = FxHashMap::default();
        let mut left = POSTINGS_MAX;
        for (term, articles) in self.postings.lists(terms) {
            if articles.len() > left {
                break;
            }
            left -= articles.len();
            let weight = self.weight(term.id(), 0);
            articles.newest(usize::MAX, |posting| {
                *scores.entry(posting.low()).or_default() += weight * weight;
            });
        }
        let mut near: Vec<(u32, f32)> = scores.into_iter().collect();
        near.sort_unstable_by(|(a, one), (b, other)| other.total_cmp(one).then(a.cmp(b)));
        near.into_iter().map(|(low, _)| sequence_of(low, newest)).collect()
    }
}

/// What two stories share.
fn compare(story: StoryId, own: &Profile, other: &Profile) -> StoryLink {
    let mut link = StoryLink { story, score: 0.0, names: 0, places: 0, figures: 0 };
    let mut others = other.iter().copied().peekable();
    for term in own {
        while others.next_if(|other| other.id < term.id).is_some() {}
        let Some(other) = others.next_if(|other| other.id == term.id) else { continue };
        link.score += term.weight * other.weight;
        match term.kind {
            UniversalKind::Name => link.names += 1,
            UniversalKind::Place => link.places += 1,
            UniversalKind::Figure => link.figures += 1,
        }
    }
    link
}

impl StoryLink {
    /// The number of shared terms.
    fn terms(self) -> u32 {
        [self.names, self.places, self.figures].into_iter().map(u32::from).sum()
    }

    /// Whether the score is so different from that of `other` that the record is updated.
    fn differs(self, other: Self) -> bool {
        (self.score - other.score).abs() > SCORE_CHANGE * other.score
    }
}

impl Stories {
    /// Decides the links of `story` after the article `new` joined it; `members` include `new`.
    pub(super) fn link(&mut self, story: StoryId, new: Member<'_>, members: &impl MemberLookup) {
        if new.terms.universal().is_empty() {
            return;
        }
        let links = self.best_links(story, new, members);
        let before = self.live.get(&story).map_or(Vec::new(), |live| live.record.links.clone());
        for gone in before.iter().filter(|old| links.iter().all(|link| link.story != old.story)) {
            self.unlink(story, gone.story, new.arrived);
        }
        for link in links {
            match before.iter().find(|old| old.story == link.story) {
                Some(old) if !link.differs(*old) => {}
                _ => self.set_link(story, link, new.arrived),
            }
        }
    }

    /// A live story and its language, if that is known.
    fn with_language(&self, story: StoryId) -> Option<(&LiveStory, Lang)> {
        let live = self.live.get(&story)?;
        Some((live, live.record.language?))
    }

    /// The links that `story` should have, at most `links_max` for each language.
    fn best_links(
        &self,
        story: StoryId,
        new: Member<'_>,
        members: &impl MemberLookup,
    ) -> Vec<StoryLink> {
        let Some((live, language)) = self.with_language(story) else { return Vec::new() };
        let tuning = &self.settings.tuning;
        let own = self.profile(live, members);
        let linked = |other: StoryId| live.record.links.iter().any(|link| link.story == other);
        let link = |other: StoryId| {
            let (that, their) = self.with_language(other)?;
            let link = compare(other, &own, &self.profile(that, members));
            let least = if linked(other) { tuning.link_kept } else { tuning.link };
            let holds = link.score >= least && link.terms() >= tuning.link_terms_min;
            let best = || self.links_to(that, language).filter(|own| own.score > link.score).count();
            (holds && best() < tuning.links_max as usize).then_some((their, link))
        };
        let candidates = self.link_candidates(live, language, new);
        let mut links: Vec<(Lang, StoryLink)> = candidates.into_iter().filter_map(link).collect();
        links.sort_unstable_by(|(a, one), (b, other)| {
            a.cmp(b).then(other.score.total_cmp(&one.score)).then(one.story.cmp(&other.story))
        });
        let best = |same: &[(Lang, StoryLink)]| {
            same.iter().take(tuning.links_max as usize).map(|(_, link)| *link).collect::<Vec<_>>()
        };
        links.chunk_by(|(a, _), (b, _)| a == b).flat_map(best).collect()
    }

    /// The stories to which `live`, in `language`, is linked, and those that may be about the same
    /// event because they share rare terms with `new`.
    fn link_candidates(&self, live: &LiveStory, language: Lang, new: Member<'_>) -> Vec<StoryId> {
        let mut stories: Vec<StoryId> = live.record.links.iter().map(|link| link.story).collect();
        let most = stories.len() + CANDIDATES_MAX;
        for sequence in self.universal.near(new.terms.universal(), new.sequence) {
            if stories.len() == most {
                break;
            }
            let Some(other) = self.story_of(sequence) else { continue };
            let Some((that, their)) = self.with_language(other) else { continue };
            let recent = new.arrived.since(that.last_seen()) <= self.settings.tuning.link_within;
            if their != language && recent && !stories.contains(&other) {
                stories.push(other);
            }
        }
        stories
    }

    /// The universal terms of the newest articles of a story.
    fn profile(&self, story: &LiveStory, members: &impl MemberLookup) -> Profile {
        let newest = story.newest_contributors(ARTICLES_MAX);
        let newest: Vec<Member<'_>> = newest.filter_map(|s| members.member(s)).collect();
        self.universal.profile(newest.iter().map(|member| member.terms.universal()))
    }

    /// The links of a story to stories in `language`.
    fn links_to(&self, story: &LiveStory, language: Lang) -> impl Iterator<Item = StoryLink> {
        let of_language = move |link: &StoryLink| {
            self.with_language(link.story).is_some_and(|(_, their)| their == language)
        };
        story.record.links.clone().into_iter().filter(of_language)
    }

    /// Links two stories, or updates their link. If the other story then has too many links to
    /// stories in this language, its weakest one ends.
    fn set_link(&mut self, story: StoryId, link: StoryLink, now: EventTime) {
        for (at, link) in [(story, link), (link.story, StoryLink { story, ..link })] {
            if let Some(live) = self.live.get_mut(&at) {
                live.record.add_links(&[link]);
                self.stir(at, now);
            }
        }
        let language = self.with_language(story).map(|(_, language)| language);
        let Some((other, language)) = self.live.get(&link.story).zip(language) else { return };
        let mut links: Vec<StoryLink> = self.links_to(other, language).collect();
        links.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.story.cmp(&b.story)));
        let most = self.settings.tuning.links_max as usize;
        for weakest in links.into_iter().skip(most) {
            self.unlink(link.story, weakest.story, now);
        }
    }

    /// Ends the link between two stories.
    fn unlink(&mut self, a: StoryId, b: StoryId, now: EventTime) {
        for (story, other) in [(a, b), (b, a)] {
            if let Some(live) = self.live.get_mut(&story) {
                live.record.links.retain(|link| link.story != other);
                self.stir(story, now);
            }
        }
    }

    /// Corrects the links and translations of other stories to `gone`, which has ended: they now
    /// lead to `survivor`, if another story has absorbed it.
    pub(super) fn redirect_links(
        &mut self,
        gone: &LiveStory,
        (id, survivor): (StoryId, Option<StoryId>),
        now: EventTime,
    ) {
        for other in gone.record.all_related() {
            let Some(live) = self.live.get_mut(&other).filter(|_| Some(other) != survivor) else {
                continue;
            };
            let record = &mut live.record;
            let link = record.links.iter().find(|link| link.story == id).copied();
            record.links.retain(|link| link.story != id);
            let translated = record.related.contains(&id);
            record.related.retain(|story| *story != id);
            if let Some(survivor) = survivor {
                let moved = link.map(|link| StoryLink { story: survivor, ..link });
                record.add_links(&Vec::from_iter(moved));
                if let (true, Err(at)) = (translated, record.related.binary_search(&survivor)) {
                    record.related.insert(at, survivor);
                }
            }
            self.stir(other, now);
        }
    }
}
