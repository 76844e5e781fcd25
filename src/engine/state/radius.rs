//! The blast radius: which live articles carry what was withdrawn or corrected, and which new ones do.
//!
//! `certain` is a run of words that both hold; `likely` is the same slug with the same figures, which
//! finds what was rewritten around them. Of what the window has passed the text is not known: there,
//! the verdicts that later articles were given tell what they had of it.

use super::State;
use super::live::Entry;
use crate::article::{ArticleKey, Sequence};
use crate::event::{Carrier, Certainty, EventKind, Radius, Unsearched};
use crate::prepare::Prepared;
use crate::stories::StoryId;
use crate::verdict::align::Aligner;
use crate::verdict::carriers::{TaintedWords, carried, likely};
use crate::verdict::names::NameKeys;
use crate::verdict::{Earlier, Kind, RelationTarget, Scope, Validity, Verdict};

/// The most carriers that are named, the oldest first; further ones are counted. Far beyond practice: a
/// text is taken by hundreds.
pub(super) const CARRIERS_MAX: usize = 100_000;

/// A search for the carriers of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct CarrierSearch<'a> {
    /// The article that withdraws or corrects, which is left out.
    pub(super) own: Sequence,
    /// What it withdraws or corrects.
    pub(super) target: Sequence,
    /// The words that matter.
    pub(super) tainted: &'a TaintedWords,
    /// All that a notice withdraws, the target among it, in order of arrival.
    pub(super) members: &'a [Sequence],
    /// The most carriers that are named.
    pub(super) most: usize,
}

impl State {
    /// Who carries tainted words of the target, or of another of the members; the notice itself, the
    /// members and their versions left out.
    ///
    /// Cost: one comparison, of some microseconds, for each live article that shares two samples with
    /// the text or whose verdict names it, until as many as wanted are named.
    pub(super) fn radius(&self, search: CarrierSearch<'_>, by: ArticleKey) -> Radius {
        let Some(entry) = self.live.get(search.target) else { return self.empty_radius(by) };
        let versions =
            search.members.len().saturating_sub(self.settings.versions_searched_max as usize);
        let (mut found, more) = self.literal(search, &search.members[versions..]);
        let slug = self.live.bearers(NameKeys::of(&entry.about).slug);
        for &bearer in slug.newest.iter().filter(|_| more == 0) {
            let known = found.binary_search_by_key(&bearer, |(s, _)| *s);
            let that = self.live.get(bearer).filter(|that| {
                !search.leaves_out(bearer)
                    && apart(that, entry)
                    && likely(&entry.print, search.tainted, &that.print)
            });
            if let (Err(at), Some(that)) = (known, that) {
                found.insert(at, (bearer, named((bearer, that), Certainty::Likely, Vec::new())));
            }
        }
        let more = more + found.len().saturating_sub(search.most);
        found.truncate(search.most);
        Radius {
            of: Some(entry.about.key()),
            carriers: found.into_iter().map(|(_, carrier)| carrier).collect(),
            more: more as u32,
            unsearched: Unsearched { versions: versions as u32, bearers: slug.older },
            story: self.story_of(search.target),
            ..self.empty_radius(by)
        }
    }

    /// Who literally carries tainted words of one of `members`, in order of arrival, and how many more
    /// may.
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
        let mut found = Vec::new();
        for texts_held in all.by_ref() {
            let holder = texts_held[0].0;
            let Some(that) = self.live.get(holder).filter(|_| !search.leaves_out(holder)) else {
                continue;
            };
            let mut texts = texts_held.iter().map(|&(_, at)| &texts[at]);
            let carrier = texts.find_map(|(member, text)| {
                apart(that, member).then(|| self.carrier(text, search.tainted, holder))?
            });
            found.extend(carrier.map(|carrier| (holder, carrier)));
            if found.len() >= search.most {
                break;
            }
        }
        (found, all.filter(|texts_held| !search.leaves_out(texts_held[0].0)).count())
    }

    /// Who carries the text of an article whose window has passed, by what was found then.
    pub(super) fn past_radius(&self, own: Sequence, of: &ArticleKey, by: ArticleKey) -> Radius {
        let content = self.past.of_uri(&of.uri).map(|identity| identity.content);
        let mut all = self.index.naming(&of.uri);
        all.extend(content.into_iter().flat_map(|content| self.index.equal(content)));
        let all = self.live.with_versions(&all, &of.uri);
        let carriers = all.into_iter().filter_map(|at| Some((at, self.live.get(at)?)));
        let carriers = carriers.filter(|(s, entry)| {
            *s != own && entry.decision.verdict.relation.kind != Kind::Withdrawal
        });
        let mut carriers = carriers.filter_map(|that| self.carried_from(of, content, that));
        Radius {
            of: Some(of.clone()),
            carriers: carriers.by_ref().take(CARRIERS_MAX).collect(),
            more: carriers.count() as u32,
            scope: Scope::Identity,
            ..self.empty_radius(by)
        }
    }

    fn carried_from(
        &self,
        of: &ArticleKey,
        content: Option<u64>,
        (at, that): (Sequence, &Entry),
    ) -> Option<Carrier> {
        let words = that.print.words() as u32;
        if words > 0 && Some(that.print.content) == content {
            return Some(named((at, that), Certainty::Certain, vec![(0, words)]));
        }
        let verdict = &that.decision.verdict;
        let mut relations = std::iter::once(&verdict.relation).chain(&verdict.also);
        let is =
            |target: &Option<RelationTarget>| target.as_ref().is_some_and(|t| t.key.uri == of.uri);
        if let Some(relation) = relations.find(|relation| is(&relation.of)) {
            let runs = relation.passages.iter().map(|p| (p.start_word, p.end_word));
            let run_words = self.settings.relation.run_words;
            let runs: Vec<_> = runs.filter(|(from, to)| to - from >= run_words).collect();
            let certainty = if runs.is_empty() { Certainty::Likely } else { Certainty::Certain };
            return Some(named((at, that), certainty, runs));
        }
        is(&verdict.relation.root).then(|| named((at, that), Certainty::Likely, Vec::new()))
    }

    pub(super) fn empty_radius(&self, by: ArticleKey) -> Radius {
        let searched_from = self.live.first().map_or(self.clock, |(_, entry)| entry.arrived);
        Radius {
            by,
            of: None,
            carriers: Vec::new(),
            more: 0,
            part: None,
            unsearched: Unsearched::default(),
            searched_from,
            story: None,
            scope: Scope::Window,
            confidence: None,
        }
    }

    /// Says that the newest article carries what was withdrawn or corrected, or was itself withdrawn
    /// before it came.
    pub(super) fn late_carrier(&mut self, own: Sequence) -> Vec<EventKind> {
        let Some(entry) = self.live.get(own) else { return Vec::new() };
        let about = entry.about.clone();
        if let Some(by) = self.notice_for(&about, own) {
            self.stand(own, Validity::Withdrawn, Some(by.clone()));
            let radius = self.radius(CarrierSearch::whole(own, own, &[own]), by);
            return vec![EventKind::Withdrawn(Box::new(radius))];
        }
        let Some(entry) = self.live.get(own) else { return Vec::new() };
        let mut targets: Vec<Sequence> = Vec::new();
        for sequence in entry.decision.verdict.targets().filter_map(|target| target.sequence) {
            if !targets.contains(&sequence) {
                targets.push(sequence);
            }
        }
        for sequence in targets {
            let Some(that) = self.live.get(sequence).filter(|that| that.about.uri != about.uri)
            else {
                continue;
            };
            let Some((tainted, by)) = self.taint(sequence) else { continue };
            let aligner = Aligner::of(&that.print);
            let Some(carrier) = self.carrier(&aligner, &tainted, own) else { continue };
            let radius = Box::new(Radius {
                of: Some(that.about.key()),
                carriers: vec![carrier],
                story: self.story_of(sequence),
                ..self.empty_radius(by)
            });
            return match that.standing {
                Validity::Withdrawn => vec![EventKind::Withdrawn(radius)],
                _ => vec![EventKind::Corrected(radius)],
            };
        }
        Vec::new()
    }

    /// What of a live article must not be printed any more, and since which article; `None` where it
    /// stands, or a newer version alone took its place.
    pub(super) fn taint(&self, sequence: Sequence) -> Option<(TaintedWords, ArticleKey)> {
        let that = self.live.get(sequence)?;
        let by = that.changed_by.clone();
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
            Validity::Stands | Validity::Superseded => None,
        }
    }

    /// Whether `new`, not yet live, carries what an article that its verdict names was corrected in.
    pub(super) fn carries_uncorrected(&self, new: &Prepared, verdict: &Verdict) -> bool {
        let mut targets = verdict.targets().filter_map(|target| target.sequence);
        targets.any(|target| self.carries_of(new, verdict, target, Validity::Uncorrected))
    }

    /// Whether `new`, not yet live, is a copy of a copy of what was withdrawn. (What it was compared
    /// with itself is looked at when it is judged.)
    pub(super) fn carries_withdrawn(&self, new: &Prepared, verdict: &Verdict) -> bool {
        let relation = &verdict.relation;
        let root = relation.root.as_ref().filter(|_| relation.kind.joins_its_match());
        root.and_then(|root| root.sequence)
            .is_some_and(|root| self.carries_of(new, verdict, root, Validity::Withdrawn))
    }

    /// Whether `new`, not yet live, carries what must not be printed any more of an article that stands
    /// so.
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
            print: &new.print,
            verdict,
            standing: Validity::Stands,
        };
        let run_words = self.settings.relation.run_words;
        !carried(&Aligner::of(&that.print), &tainted, new, run_words).is_empty()
    }

    pub(super) fn carrier(
        &self,
        text: &Aligner<'_>,
        tainted: &TaintedWords,
        at: Sequence,
    ) -> Option<Carrier> {
        let that = self.live.earlier(at)?;
        let passages = carried(text, tainted, that, self.settings.relation.run_words);
        if passages.is_empty() {
            return None;
        }
        Some(named((at, self.live.get(at)?), Certainty::Certain, passages))
    }

    pub(super) fn story_of(&self, sequence: Sequence) -> Option<StoryId> {
        self.stories.story_of(sequence)
    }
}

impl<'a> CarrierSearch<'a> {
    /// For the whole of a target and of all other members.
    pub(super) fn whole(own: Sequence, target: Sequence, members: &'a [Sequence]) -> Self {
        Self { own, target, tainted: &TaintedWords::Whole, members, most: CARRIERS_MAX }
    }

    fn leaves_out(&self, at: Sequence) -> bool {
        at == self.own || self.members.binary_search(&at).is_ok()
    }
}

/// Whether an article is neither a notice nor another version of `entry`.
fn apart(that: &Entry, entry: &Entry) -> bool {
    that.about.uri != entry.about.uri && that.decision.verdict.relation.kind != Kind::Withdrawal
}

fn named(
    (sequence, that): (Sequence, &Entry),
    certainty: Certainty,
    passages: Vec<(u32, u32)>,
) -> Carrier {
    let provider = that.about.provider.clone();
    Carrier { sequence, article: that.about.key(), provider, certainty, passages }
}
