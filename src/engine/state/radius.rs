//! The blast radius: which live articles carry withdrawn or corrected text, and whether a new one
//! does.
//!
//! In: the text of a kill's or correction's target, its tainted words, and the live articles. Out:
//! carriers in order of arrival. A carrier is `certain` if it repeats a run of words literally, and
//! `likely` if it has the same slug and the same figures, so that rewritten text is found too. The
//! text of an article that has left the window is no longer stored; its carriers are the articles
//! whose verdicts name it or whose content hash is the same.

use super::State;
use super::entry::Entry;
use crate::article::{ArticleKey, Sequence};
use crate::event::{Carrier, Certainty, EventKind, Radius, Unsearched};
use crate::prepare::Prepared;
use crate::stories::StoryId;
use crate::verdict::align::Aligner;
use crate::verdict::carriers::{TaintedWords, carried_ranges, is_likely_carrier};
use crate::verdict::{self, Earlier, Kind, RelationTarget, Scope, Validity, Verdict};

/// A search for the carriers of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct CarrierSearch<'a> {
    /// The notice or correction. It is not a carrier.
    pub(super) own: Sequence,
    /// The article that is withdrawn or corrected.
    pub(super) target: Sequence,
    /// The tainted words of the target.
    pub(super) tainted: &'a TaintedWords,
    /// All articles that are withdrawn or corrected, in order of arrival, including the target.
    pub(super) members: &'a [Sequence],
    /// Maximum number of carriers that are named.
    pub(super) most: usize,
}

impl State {
    /// The articles that repeat tainted words of the withdrawn or corrected articles
    /// (`search.members`), or probably do. The notice, those articles and other versions of their
    /// uris are excluded.
    ///
    /// Cost: a few microseconds for each comparison, until `most` carriers are found. An article is
    /// compared if the live versions of its uri share two samples with the text, or if the verdict
    /// of one of these versions names the article that the text is from.
    pub(super) fn radius(&self, search: CarrierSearch<'_>, by: ArticleKey) -> Radius {
        let Some(entry) = self.live.get(search.target) else { return self.empty_radius(by) };
        let versions = search
            .members
            .len()
            .saturating_sub(self.settings.tuning.versions_searched_max as usize);
        let (mut carriers, more) = self.literal(search, &search.members[versions..]);
        let slug = self.live.with_slug(entry.names.slug);
        for &bearer in slug.newest.iter().filter(|_| more == 0) {
            let known = carriers.binary_search_by_key(&bearer, |(s, _)| *s);
            let that = self.live.get(bearer).filter(|that| {
                !search.leaves_out(bearer)
                    && apart(that, entry)
                    && is_likely_carrier(&entry.print, search.tainted, &that.print)
            });
            if let (Err(at), Some(that)) = (known, that) {
                carriers.insert(
                    at,
                    (bearer, carrier_entry((bearer, that), Certainty::Likely, Vec::new())),
                );
            }
        }
        let more = more + carriers.len().saturating_sub(search.most);
        carriers.truncate(search.most);
        Radius {
            of: Some(entry.mention()),
            carriers: carriers.into_iter().map(|(_, carrier)| carrier).collect(),
            carriers_unlisted: more as u32,
            unsearched: Unsearched { versions: versions as u32, same_slug: slug.older },
            ..self.radius_in_story(search.target, by)
        }
    }

    /// The articles that literally carry tainted words of one of `members`, in order of arrival,
    /// and how many articles were not compared because enough carriers were found.
    fn literal(
        &self,
        search: CarrierSearch<'_>,
        members: &[Sequence],
    ) -> (Vec<(Sequence, Carrier)>, usize) {
        let mut texts: Vec<(&Entry, Aligner<'_>)> = Vec::new();
        for member in members.iter().rev().filter_map(|member| self.live.get(*member)) {
            if texts.iter().all(|(known, _)| !known.print.is_equal(&member.print)) {
                texts.push((member, Aligner::of(&member.print)));
            }
        }
        let mut holders: Vec<(Sequence, usize)> = Vec::new();
        for (at, (member, _)) in texts.iter().enumerate() {
            let mut all = self.index.holders(&member.print);
            all.extend(self.index.naming(&member.about.uri));
            let all = self.live.with_versions(&all, &member.about.uri);
            holders.extend(all.into_iter().map(|holder| (holder, at)));
        }
        holders.sort_unstable();
        holders.dedup();
        let mut all = holders.chunk_by(|a, b| a.0 == b.0);
        let mut carriers = Vec::new();
        for texts_held in all.by_ref() {
            let holder = texts_held[0].0;
            let Some(that) = self.live.get(holder).filter(|_| !search.leaves_out(holder)) else {
                continue;
            };
            let mut texts = texts_held.iter().map(|&(_, at)| &texts[at]);
            let carrier = texts.find_map(|(member, text)| {
                apart(that, member).then(|| self.carrier(text, search.tainted, holder))?
            });
            carriers.extend(carrier.map(|carrier| (holder, carrier)));
            if carriers.len() >= search.most {
                break;
            }
        }
        (carriers, all.filter(|texts_held| !search.leaves_out(texts_held[0].0)).count())
    }

    /// The carriers of an article that has left the window, found by their verdicts and content
    /// hashes.
    pub(super) fn past_radius(&self, own: Sequence, of: &ArticleKey, by: ArticleKey) -> Radius {
        let content = self.identities.of_uri(&of.uri).map(|identity| identity.content);
        let mut all = self.index.naming(&of.uri);
        all.extend(content.into_iter().flat_map(|content| self.index.all_with_content(content)));
        let all = self.live.with_versions(&all, &of.uri);
        let carriers = all.into_iter().filter_map(|at| Some((at, self.live.get(at)?)));
        let carriers = carriers.filter(|(s, entry)| {
            *s != own && entry.decision.verdict.relation.kind != Kind::Withdrawal
        });
        let mut carriers = carriers.filter_map(|that| self.carried_from(of, content, that));
        Radius {
            of: Some(self.mention_past(of.clone())),
            carriers: carriers.by_ref().take(self.carriers_max()).collect(),
            carriers_unlisted: carriers.count() as u32,
            scope: Scope::Identity,
            ..self.empty_radius(by)
        }
    }

    /// The carrier entry of a live article, if its content hash or verdict shows that it carries
    /// the text of `of`.
    fn carried_from(
        &self,
        of: &ArticleKey,
        content: Option<u64>,
        (at, that): (Sequence, &Entry),
    ) -> Option<Carrier> {
        let words = that.print.words() as u32;
        if words > 0 && Some(that.print.content_hash) == content {
            return Some(carrier_entry((at, that), Certainty::Certain, vec![(0, words)]));
        }
        let verdict = &that.decision.verdict;
        let mut relations = std::iter::once(&verdict.relation).chain(&verdict.also);
        let is = |target: Option<&RelationTarget>| target.is_some_and(|t| t.key.uri == of.uri);
        if let Some(relation) = relations.find(|relation| is(relation.of.as_deref())) {
            let runs = relation.passages.iter().map(|p| (p.start_word, p.end_word));
            let run_words = self.settings.verdict.run_words.get();
            let runs: Vec<_> = runs.filter(|(from, to)| to - from >= run_words).collect();
            let certainty = if runs.is_empty() { Certainty::Likely } else { Certainty::Certain };
            return Some(carrier_entry((at, that), certainty, runs));
        }
        is(verdict.relation.root.as_deref())
            .then(|| carrier_entry((at, that), Certainty::Likely, Vec::new()))
    }

    /// A radius without a target and without carriers, in the story of a live article.
    fn radius_in_story(&self, target: Sequence, by: ArticleKey) -> Radius {
        let (story, story_headline) = self.story_with_headline(target);
        Radius { story, story_headline, ..self.empty_radius(by) }
    }

    /// A radius without a target and without carriers.
    pub(super) fn empty_radius(&self, by: ArticleKey) -> Radius {
        let searched_from = self.live.first().map_or(self.clock, |(_, entry)| entry.arrived);
        Radius {
            by: self.mention_cause(by),
            of: None,
            carriers: Vec::new(),
            carriers_unlisted: 0,
            part: None,
            unsearched: Unsearched::default(),
            searched_from,
            story: None,
            story_headline: None,
            scope: Scope::Window,
            confidence: None,
        }
    }

    /// The event to emit if the newest article carries withdrawn or corrected text, or was
    /// withdrawn before it arrived.
    pub(super) fn late_carrier(&mut self, own: Sequence) -> Vec<EventKind> {
        let Some(entry) = self.live.get(own) else { return Vec::new() };
        if let Some(by) = self.notice_for(&entry.about, entry.names, own) {
            self.set_validity(own, Validity::Withdrawn, Some(by.clone()));
            let radius =
                self.radius(CarrierSearch::whole(own, own, &[own], self.carriers_max()), by);
            return vec![EventKind::Withdrawn(Box::new(radius))];
        }
        let (relation, flags) = (&entry.decision.verdict.relation, &entry.decision.verdict.flags);
        // A copy carries whatever the article that it copies carries.
        let carries = relation.kind.joins_its_match()
            || flags.iter().any(|flag| flag == verdict::CARRIES_WITHDRAWN);
        let mut targets: Vec<Sequence> = Vec::new();
        for sequence in entry.decision.verdict.carried().filter_map(|target| target.sequence) {
            if !targets.contains(&sequence) {
                targets.push(sequence);
            }
        }
        for sequence in targets {
            let Some(that) =
                self.live.get(sequence).filter(|that| that.about.uri != entry.about.uri)
            else {
                continue;
            };
            if that.standing == Validity::Withdrawn && !carries {
                continue;
            }
            let Some((tainted, by)) = self.taint(sequence) else { continue };
            let aligner = Aligner::of(&that.print);
            let Some(carrier) = self.carrier(&aligner, &tainted, own) else { continue };
            let radius = Box::new(Radius {
                of: Some(that.mention()),
                carriers: vec![carrier],
                ..self.radius_in_story(sequence, by)
            });
            return match that.standing {
                Validity::Withdrawn => vec![EventKind::Withdrawn(radius)],
                _ => vec![EventKind::Corrected(radius)],
            };
        }
        Vec::new()
    }

    /// The withdrawn or corrected words of a live article, and the article that withdrew or
    /// corrected it. `None` if it is valid or was only superseded by a newer version.
    pub(super) fn taint(&self, sequence: Sequence) -> Option<(TaintedWords, ArticleKey)> {
        let that = self.live.get(sequence)?;
        let by = that.changed_by.as_deref().cloned();
        match that.standing {
            Validity::Withdrawn => {
                Some((TaintedWords::Whole, by.unwrap_or_else(|| that.about.key())))
            }
            Validity::Uncorrected => {
                let by = by?;
                let correction = self.live.get(self.live.newest_of_key(&by)?)?;
                let tainted = TaintedWords::corrected(&correction.print, &that.print);
                Some((tainted, by))
            }
            Validity::Valid | Validity::Superseded => None,
        }
    }

    /// Whether `new`, not yet live, carries tainted words of a corrected article that its verdict
    /// names.
    pub(super) fn carries_uncorrected(&self, new: &Prepared, verdict: &Verdict) -> bool {
        let mut targets = verdict.carried().filter_map(|target| target.sequence);
        targets.any(|target| self.carries_of(new, verdict, target, Validity::Uncorrected))
    }

    /// Whether `new`, not yet live, carries text of a withdrawn root because it is a copy of a
    /// copy. Withdrawn candidates were already handled when `new` was judged.
    pub(super) fn carries_withdrawn(&self, new: &Prepared, verdict: &Verdict) -> bool {
        let relation = &verdict.relation;
        let root = relation.root.as_ref().filter(|_| relation.kind.joins_its_match());
        root.and_then(|root| root.sequence)
            .is_some_and(|root| self.carries_of(new, verdict, root, Validity::Withdrawn))
    }

    /// Whether `new`, not yet live, carries tainted words of `target`, and `target` has this
    /// validity.
    fn carries_of(
        &self,
        new: &Prepared,
        verdict: &Verdict,
        target: Sequence,
        standing: Validity,
    ) -> bool {
        let that = self.live.get(target);
        let Some(that) =
            that.filter(|that| that.standing == standing && that.about.uri != new.about.uri)
        else {
            return false;
        };
        let Some((tainted, _)) = self.taint(target) else { return false };
        let new = Earlier {
            sequence: self.live.next(),
            arrived: self.clock,
            about: &new.about,
            print: &new.fingerprint,
            verdict,
            validity: Validity::Valid,
        };
        let run_words = self.settings.verdict.run_words.get();
        !carried_ranges(&Aligner::of(&that.print), &tainted, new, run_words).is_empty()
    }

    /// The carrier entry of the article at `at`, if it literally carries tainted words of `text`.
    pub(super) fn carrier(
        &self,
        text: &Aligner<'_>,
        tainted: &TaintedWords,
        at: Sequence,
    ) -> Option<Carrier> {
        let that = self.live.earlier(at)?;
        let passages = carried_ranges(text, tainted, that, self.settings.verdict.run_words.get());
        if passages.is_empty() {
            return None;
        }
        Some(carrier_entry((at, self.live.get(at)?), Certainty::Certain, passages))
    }

    /// Maximum number of carriers that a kill or correction names.
    pub(super) fn carriers_max(&self) -> usize {
        self.settings.tuning.carriers_max as usize
    }

    /// The story of a live article, and the headline of that story.
    pub(super) fn story_with_headline(
        &self,
        sequence: Sequence,
    ) -> (Option<StoryId>, Option<String>) {
        let story = self.stories.story_of(sequence);
        (story, story.and_then(|story| self.stories.headline(story, &self.live)))
    }
}

impl<'a> CarrierSearch<'a> {
    /// A search for the whole text of the target and of the other withdrawn articles.
    pub(super) fn whole(
        own: Sequence,
        target: Sequence,
        members: &'a [Sequence],
        most: usize,
    ) -> Self {
        Self { own, target, tainted: &TaintedWords::Whole, members, most }
    }

    /// Whether an article is excluded because it is the notice or is itself withdrawn or corrected.
    fn leaves_out(&self, at: Sequence) -> bool {
        at == self.own || self.members.binary_search(&at).is_ok()
    }
}

/// Whether `that` has a different uri than `entry`, and is not a notice.
fn apart(that: &Entry, entry: &Entry) -> bool {
    that.about.uri != entry.about.uri && that.decision.verdict.relation.kind != Kind::Withdrawal
}

/// The carrier entry of an article.
fn carrier_entry(
    (sequence, that): (Sequence, &Entry),
    certainty: Certainty,
    passages: Vec<(u32, u32)>,
) -> Carrier {
    Carrier { sequence, article: that.mention(), certainty, passages }
}
