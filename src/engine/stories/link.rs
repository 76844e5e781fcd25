//! Links stories in different languages that are about one event.
//!
//! In: the [universal terms](super::universal) of articles. Out: [`StoryLink`]s, each with how many
//! names, places and figures the two stories share.
//!
//! The universal terms of a story are those of its newest articles, added up. Two stories are
//! linked if the cosine of their universal terms is at least `link`, or `link_by_two` if they share
//! only two of them. One shared term is never enough. The weight of a term is `q ln((N + 1) / (n +
//! .5))`, at least `q / 2`, where `N` is the number of live articles in the story's language that
//! have universal terms, and `n` the number of those that contain the term.
//!
//! A story has at most `links_max` links to stories in any one other language: those that are among
//! the best for both stories. A story that absorbs another one takes over its links.
//!
//! Links are decided when an article that contributes terms joins a story, and only for that story.
//! The same decision confirms or ends the story's earlier links. For example, a German story of a
//! ferry accident is linked to an English one because both name Marel, Keller and 412 passengers;
//! if later German articles are about the company's finances, the cosine falls below `link_kept`
//! and the link ends.
//!
//! Invariant SL-1: links have two ends, both of which are live stories with known, different
//! languages.
//!
//! Cost: if all articles are in one language, terms are chosen and indexed, but nothing is looked
//! up. Otherwise, up to `POSTINGS_MAX` postings of each other language and `CANDIDATES_MAX` stories
//! are read. Memory: 8 to 14 bytes per kept term; an article keeps at most `universal_max`.

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
use std::collections::BTreeMap;

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

/// Maximum number of postings read for one article in each other language. For all other languages
/// together, the limit is four times as high.
const POSTINGS_MAX: usize = 256;
/// Maximum number of stories compared for one article, besides those that are already linked.
const CANDIDATES_MAX: usize = 4;
/// A story is represented by the terms of this many of its newest articles.
const ARTICLES_MAX: usize = 4;
/// Maximum number of terms that represent a story: the heaviest ones.
const PROFILE_MAX: usize = 32;
/// The score and counts of a link are updated only if the score has changed by more than this
/// share.
const SCORE_CHANGE: f32 = 0.2;

/// The index of the live articles by their universal terms.
#[derive(Debug, Default)]
pub(super) struct UniversalIndex {
    /// By language; a language without articles has no entry.
    languages: BTreeMap<Lang, LanguageIndex>,
}

/// The index of the articles in one language.
#[derive(Debug, Default)]
struct LanguageIndex {
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
    pub(super) fn insert(&mut self, sequence: Sequence, terms: &Terms, language: Option<Lang>) {
        if let Some(language) = language.filter(|_| !terms.universal().is_empty()) {
            let own = self.languages.entry(language).or_default();
            own.articles += 1;
            own.postings.add(sequence, terms.universal());
        }
    }

    /// Removes the earliest article of all.
    pub(super) fn remove(&mut self, sequence: Sequence, terms: &Terms, language: Option<Lang>) {
        let language = language.filter(|_| !terms.universal().is_empty());
        if let Some((language, own)) = language.and_then(|l| Some((l, self.languages.get_mut(&l)?)))
        {
            own.articles -= 1;
            own.postings.remove(sequence, terms.universal());
            if own.articles == 0 {
                self.languages.remove(&language);
            }
        }
    }

    /// Memory in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.languages.values().map(|own| own.postings.bytes()).sum()
    }

    /// The universal terms that are kept for an article in `language`: the `most` heaviest ones, or
    /// none if the language is unknown.
    pub(super) fn heaviest(&self, terms: &[Term], language: Option<Lang>, most: u32) -> Vec<Term> {
        let Some(language) = language else { return Vec::new() };
        let own = self.languages.get(&language);
        let weight = |term: &Term| {
            let (all, with) = own.map_or((0, 0), |own| (own.articles, own.with(term.id())));
            term.q() as f32 * weight(all + 1, with + 1)
        };
        let mut ranked: Vec<(f32, Term)> = terms.iter().map(|term| (weight(term), *term)).collect();
        let heavier =
            |(one, a): &(f32, Term), (other, b): &(f32, Term)| other.total_cmp(one).then(a.cmp(b));
        if ranked.len() > most as usize {
            ranked.select_nth_unstable_by(most as usize, heavier);
            ranked.truncate(most as usize);
        }
        ranked.into_iter().map(|(_, term)| term).collect()
    }

    /// Live articles in other languages that share at least two of these terms. The rarest terms
    /// are read first. The articles that share the most terms come first; among equals, the newest.
    /// `newest` is the latest live article.
    fn near(&self, terms: &[Term], language: Lang, newest: Sequence) -> Vec<Sequence> {
        let mut shared: FxHashMap<u32, u32> = FxHashMap::default();
        let mut left_in_all = 4 * POSTINGS_MAX;
        for (_, other) in self.languages.iter().filter(|(other, _)| **other != language) {
            let mut left = POSTINGS_MAX.min(left_in_all);
            left_in_all -= left;
            for (_, articles) in other.postings.lists(terms) {
                if articles.len() > left {
                    break;
                }
                left -= articles.len();
                articles.newest(usize::MAX, |p| *shared.entry(p.low()).or_default() += 1);
            }
            left_in_all += left;
        }
        let shared = shared.into_iter().filter(|(_, count)| *count > 1);
        let mut near: Vec<(u32, Sequence)> =
            shared.map(|(low, count)| (count, sequence_of(low, newest))).collect();
        near.sort_unstable_by(|a, b| b.cmp(a));
        near.into_iter().map(|(_, sequence)| sequence).collect()
    }
}

impl LanguageIndex {
    /// The number of articles that contain a term.
    fn with(&self, id: TermId) -> u32 {
        self.postings.len(id) as u32
    }

    /// The profile of a story with articles that have these terms.
    fn profile<'a>(&self, articles: impl Iterator<Item = &'a [Term]>) -> Profile {
        let mut terms: Vec<Term> = articles.flatten().copied().collect();
        terms.sort_unstable_by_key(|term| term.id());
        let weighed = terms.chunk_by(|a, b| a.id() == b.id()).map(|same| {
            let q: u32 = same.iter().map(|term| term.q()).sum();
            let (id, kind) = (same[0].id(), UniversalKind::of(same[0]));
            WeightedTerm { id, kind, weight: q as f32 * weight(self.articles, self.with(id)) }
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
}

/// The weight of a term that occurs in `with` of the `all` articles.
fn weight(all: u32, with: u32) -> f32 {
    ((all as f32 + 1.0) / (with as f32 + 0.5)).ln().max(0.5)
}

/// The link between two stories, computed from their profiles.
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

/// The `most` best links to each language, and the other links. Among links with the same score,
/// the one to the story with the smallest id is the best.
fn best_by_language(
    mut links: Vec<(Option<Lang>, StoryLink)>,
    most: u32,
) -> (Vec<StoryLink>, Vec<StoryLink>) {
    links.sort_unstable_by(|(a, one), (b, other)| {
        a.cmp(b).then(other.score.total_cmp(&one.score)).then(one.story.cmp(&other.story))
    });
    let (mut best, mut others) = (Vec::new(), Vec::new());
    for same in links.chunk_by(|(a, _), (b, _)| a == b) {
        let (first, rest) = same.split_at(same.len().min(most as usize));
        best.extend(first.iter().map(|(_, link)| *link));
        others.extend(rest.iter().map(|(_, link)| *link));
    }
    (best, others)
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
        debug_assert!(self.links_are_mutual(story), "SL-1");
    }

    /// Whether the links of a story lead to live stories in other languages, and back.
    fn links_are_mutual(&self, story: StoryId) -> bool {
        let Some((live, language)) = self.with_language(story) else { return true };
        live.record.links.iter().all(|link| {
            self.with_language(link.story).is_some_and(|(other, their)| {
                their != language && other.record.links.iter().any(|back| back.story == story)
            })
        })
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
        let candidates = self.link_candidates(live, language, new);
        if candidates.is_empty() {
            return Vec::new();
        }
        let own = self.profile(live, language, members);
        let linked = |other: StoryId| live.record.links.iter().any(|link| link.story == other);
        let link = |other: StoryId| {
            let (that, their) = self.with_language(other)?;
            let link = compare(other, &own, &self.profile(that, their, members));
            let least = match link.terms() {
                0 | 1 => return None,
                _ if linked(other) => tuning.link_kept,
                2 => tuning.link_by_two,
                _ => tuning.link,
            };
            let is_better = |own: &&StoryLink| {
                own.story != story && (own.score, story) > (link.score, own.story)
            };
            let better = that.record.links.iter().filter(|own| self.leads_to(own, language));
            let fits = better.filter(is_better).count() < tuning.links_max as usize;
            let holds = link.score >= least && their != language && other != story;
            (holds && fits).then_some((Some(their), link))
        };
        let links = candidates.into_iter().filter_map(link).collect();
        best_by_language(links, tuning.links_max).0
    }

    /// The stories to which `live`, in `language`, is linked, and the stories that may be about the
    /// same event because they share rare terms with `new`.
    fn link_candidates(&self, live: &LiveStory, language: Lang, new: Member<'_>) -> Vec<StoryId> {
        let mut stories: Vec<StoryId> = live.record.links.iter().map(|link| link.story).collect();
        let most = stories.len() + CANDIDATES_MAX;
        for sequence in self.universal.near(new.terms.universal(), language, new.sequence) {
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

    /// The universal terms of the newest articles of a story in `language`.
    fn profile(&self, story: &LiveStory, language: Lang, members: &impl MemberLookup) -> Profile {
        let Some(index) = self.universal.languages.get(&language) else { return Vec::new() };
        let newest = story.newest_contributors(ARTICLES_MAX);
        let newest: Vec<Member<'_>> = newest.filter_map(|s| members.member(s)).collect();
        index.profile(newest.iter().map(|member| member.terms.universal()))
    }

    /// Whether a link leads to a story in `language`.
    fn leads_to(&self, link: &StoryLink, language: Lang) -> bool {
        self.with_language(link.story).is_some_and(|(_, their)| their == language)
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
        self.trim_links(link.story, now);
    }

    /// Ends the weakest links of a story that has more than `links_max` to one language.
    pub(super) fn trim_links(&mut self, story: StoryId, now: EventTime) {
        let Some(live) = self.live.get(&story) else { return };
        let language = |link: &StoryLink| Some(self.with_language(link.story)?.1);
        let links = live.record.links.iter().map(|link| (language(link), *link)).collect();
        let (_, weakest) = best_by_language(links, self.settings.tuning.links_max);
        for weakest in weakest {
            self.unlink(story, weakest.story, now);
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

    /// The number of publishers of a story and of those linked to it.
    pub(super) fn publishers_of_linked(&self, story: &LiveStory) -> u32 {
        let linked = story.record.all_related();
        let linked = linked.iter().filter_map(|id| self.live.get(id)).flat_map(|s| s.families());
        let mut families: Vec<u64> = story.families().chain(linked).collect();
        families.sort_unstable();
        families.dedup();
        families.len().max(1) as u32
    }

    /// Records that the published states of the stories linked to `story` changed.
    pub(super) fn stir_linked(&mut self, story: StoryId, now: EventTime) {
        let linked = self.live.get(&story).map_or(Vec::new(), |live| live.record.all_related());
        for other in linked {
            self.stir(other, now);
        }
    }

    /// Corrects the links and translations between `gone`, which has ended, and other stories. If
    /// `survivor` has absorbed it, the links and translations now lead to `survivor`, except for
    /// links to stories in the language of `survivor`, which end.
    pub(super) fn redirect_links(
        &mut self,
        gone: &mut LiveStory,
        (id, survivor): (StoryId, Option<StoryId>),
        now: EventTime,
    ) {
        let language = survivor.and_then(|survivor| self.live.get(&survivor)?.record.language);
        for other in gone.record.all_related() {
            let Some(live) = self.live.get_mut(&other) else { continue };
            let to = survivor.filter(|to| *to != other);
            let same_language = live.record.language == language;
            let link = live.record.take_link(id).filter(|_| !same_language);
            let translated = live.record.take_related(id);
            if let (Some(to), Some(link)) = (to, link) {
                live.record.add_links(&[StoryLink { story: to, ..link }]);
            }
            if let (Some(to), true) = (to, translated) {
                live.record.add_related(to);
            }
            if to.is_none() || same_language {
                gone.record.take_link(other);
            }
            if to.is_none() {
                gone.record.take_related(other);
            }
            self.stir(other, now);
        }
    }
}
