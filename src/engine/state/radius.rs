//! The blast radius: which live articles carry what was withdrawn or corrected, and which new ones do.
//!
//! `certain` is a run of words that both hold; `likely` is the same slug with the same figures, which
//! finds what was rewritten around them. Of what the window has passed the text is not known: there,
//! the verdicts that later articles were given tell what they had of it.

use super::State;
use super::live::Entry;
use crate::engine::article::{ArticleKey, Sequence};
use crate::engine::event::{Carrier, Certainty, Radius, What};
use crate::engine::prepare::Prepared;
use crate::engine::relation::align::Aligner;
use crate::engine::relation::carriers::{Tainted, carried, likely};
use crate::engine::relation::names::Names;
use crate::engine::relation::{Earlier, Kind, Scope, Standing, Target, Verdict};
use crate::engine::story::StoryId;

impl State {
    /// Who carries tainted words of `target`, or of another of `members`, all of which a notice
    /// withdraws; the notice itself, the members and their versions left out.
    pub(super) fn radius(
        &self,
        own: Sequence,
        target: Sequence,
        tainted: &Tainted,
        members: &[Sequence],
        by: ArticleKey,
    ) -> Radius {
        let Some(entry) = self.live.get(target) else { return self.empty_radius(by) };
        let mut found: Vec<(Sequence, Carrier)> = Vec::new();
        let newest = members.iter().rev().take(self.settings.versions_searched_max as usize);
        for member in newest.filter_map(|member| self.live.get(*member)) {
            let other = |s: &Sequence| {
                *s != own
                    && !members.contains(s)
                    && self.live.get(*s).is_some_and(|that| apart(that, member))
            };
            let aligner = Aligner::of(&member.print);
            for holder in self.index.holders(&member.print).into_iter().filter(other) {
                let known = found.iter().any(|(s, _)| *s == holder);
                let carrier = if known { None } else { self.carrier(&aligner, tainted, holder) };
                found.extend(carrier.map(|carrier| (holder, carrier)));
            }
        }
        let slug = Names::of(&entry.about).slug;
        let bearers = self.live.bearers(slug).iter().filter(|s| !members.contains(s) && **s != own);
        for bearer in bearers {
            let known = found.iter().any(|(s, _)| s == bearer);
            let Some(that) = self.live.get(*bearer).filter(|that| !known && apart(that, entry))
            else {
                continue;
            };
            if likely(&entry.print, tainted, &that.print) {
                found.push((*bearer, named((*bearer, that), Certainty::Likely, Vec::new())));
            }
        }
        found.sort_by_key(|(s, _)| *s);
        Radius {
            of: Some(entry.about.key()),
            carriers: found.into_iter().map(|(_, carrier)| carrier).collect(),
            story: self.story_of(target),
            ..self.empty_radius(by)
        }
    }

    /// Who carries the text of an article whose window has passed, by what was found then.
    pub(super) fn past_radius(&self, own: Sequence, of: &ArticleKey, by: ArticleKey) -> Radius {
        let content = self.past.of_uri(&of.uri).map(|identity| identity.content);
        let carriers = self.live.iter().filter(|(s, entry)| {
            *s != own
                && entry.about.uri != of.uri
                && entry.decision.verdict.relation.kind != Kind::Withdrawal
        });
        let carriers = carriers.filter_map(|that| self.carried_from(of, content, that));
        Radius {
            of: Some(of.clone()),
            carriers: carriers.collect(),
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
        let is = |target: &Option<Target>| target.as_ref().is_some_and(|t| t.key.uri == of.uri);
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
            searched_from,
            story: None,
            scope: Scope::Window,
            confidence: None,
        }
    }

    /// Says that the newest article carries what was withdrawn or corrected, or was itself withdrawn
    /// before it came.
    pub(super) fn late_carrier(&mut self, own: Sequence) -> Vec<What> {
        let Some(entry) = self.live.get(own) else { return Vec::new() };
        let about = entry.about.clone();
        if let Some(by) = self.notice_for(&about, own) {
            self.stand(own, Standing::Withdrawn, Some(by.clone()));
            let radius = self.radius(own, own, &Tainted::Whole, &[own], by);
            return vec![What::Withdrawn(Box::new(radius))];
        }
        let Some(entry) = self.live.get(own) else { return Vec::new() };
        let verdict = &entry.decision.verdict;
        let targets: Vec<Target> = std::iter::once(&verdict.relation)
            .chain(&verdict.also)
            .filter_map(|r| r.of.clone())
            .collect();
        for sequence in targets.iter().filter_map(|t| t.sequence) {
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
                Standing::Withdrawn => vec![What::Withdrawn(radius)],
                _ => vec![What::Corrected(radius)],
            };
        }
        Vec::new()
    }

    /// What of a live article must not be printed any more, and since which article; `None` where it
    /// stands, or a newer version alone took its place.
    pub(super) fn taint(&self, sequence: Sequence) -> Option<(Tainted, ArticleKey)> {
        let that = self.live.get(sequence)?;
        let by = that.changed_by.clone();
        match that.standing {
            Standing::Withdrawn => Some((Tainted::Whole, by.unwrap_or_else(|| that.about.key()))),
            Standing::Uncorrected => {
                let by = by?;
                let of = |v: &Earlier<'_>| v.about.version == by.version;
                let tainted = {
                    let correction = self.live.versions(&by.uri).find(of)?;
                    Tainted::corrected(correction.print, &that.print)
                };
                Some((tainted, by))
            }
            Standing::Stands | Standing::Superseded => None,
        }
    }

    /// Whether `new`, not yet live, carries what an article that its verdict names was corrected in.
    pub(super) fn carries_uncorrected(&self, new: &Prepared, verdict: &Verdict) -> bool {
        let relations = std::iter::once(&verdict.relation).chain(&verdict.also);
        let mut targets = relations.filter_map(|r| r.of.as_ref()?.sequence);
        targets.any(|sequence| {
            let that = self.live.get(sequence);
            let Some(that) = that.filter(|that| {
                that.standing == Standing::Uncorrected && that.about.uri != new.about.uri
            }) else {
                return false;
            };
            let Some((tainted, _)) = self.taint(sequence) else { return false };
            let new = Earlier {
                sequence: self.live.next(),
                arrived: self.clock,
                about: &new.about,
                print: &new.print,
                verdict,
                standing: Standing::Stands,
            };
            let run_words = self.settings.relation.run_words;
            !carried(&Aligner::of(&that.print), &tainted, new, run_words).is_empty()
        })
    }

    pub(super) fn carrier(
        &self,
        text: &Aligner<'_>,
        tainted: &Tainted,
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
