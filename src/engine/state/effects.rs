//! What a verdict does to earlier articles: who is withdrawn, corrected or superseded, and who
//! carries their text.
//!
//! A kill or hold withdraws every live version of what it names; a correction leaves its target
//! uncorrected; a newer version supersedes the older. What stands no more stays indexed, so that late
//! copies of it are caught: each of them is announced as a further carrier. A notice that came before
//! what it names stays live, and takes effect when the article comes. One that names another provider's
//! article, by its name alone, is announced for a person to look at and takes no effect.

use super::State;
use crate::engine::article::{About, ArticleKey, Order, Sequence};
use crate::engine::event::{Carrier, Certainty, Radius, Superseded, What};
use crate::engine::prepare::Prepared;
use crate::engine::relation::align::Aligner;
use crate::engine::relation::carriers::{Tainted, carried};
use crate::engine::relation::identity::older;
use crate::engine::relation::{Archive, Earlier, Kind, NEEDS_REVIEW, Standing, Target, Verdict};
use crate::engine::story::{Members, StoryId};

impl State {
    /// Whether a notice under the same uri, of this version or a later one, came before.
    pub(super) fn withdrawn_before(&self, new: &About) -> bool {
        self.notice_for(new).is_some()
    }

    fn notice_for(&self, new: &About) -> Option<ArticleKey> {
        let notice = self.live.newest_of_uri(&new.uri)?;
        let withdraws = notice.verdict.relation.kind == Kind::Withdrawal
            && notice.about.marks.order != Some(Order::Release)
            && new.pubstatus == Default::default()
            && older(new, notice.about);
        withdraws.then(|| notice.about.key())
    }

    /// Carries out what the verdict on the newest article, at `own`, means for earlier ones.
    pub(super) fn take_effect(&mut self, own: Sequence) -> Vec<What> {
        let Some(entry) = self.live.get(own) else { return Vec::new() };
        let (by, relation) = (entry.about.key(), entry.decision.verdict.relation.clone());
        let asks = entry.decision.verdict.flags.iter().any(|flag| flag == NEEDS_REVIEW);
        let released = entry.about.marks.order == Some(Order::Release);
        let of = relation.of.clone();
        let seen = of.as_ref().and_then(|t| t.sequence);
        let mut said = match (relation.kind, seen) {
            (Kind::Withdrawal, Some(target)) if released => {
                self.stand_all(target, Standing::Stands, own, None);
                Vec::new()
            }
            (Kind::Withdrawal, Some(target)) => {
                if !asks {
                    self.stand_all(target, Standing::Withdrawn, own, Some(&by));
                }
                let radius = self.radius(own, target, &Tainted::Whole, by);
                vec![What::Withdrawn(Box::new(radius))]
            }
            (Kind::Withdrawal, None) => vec![What::Withdrawn(Box::new(Radius {
                of: of.map(|t| t.key),
                carriers: Vec::new(),
                ..self.empty_radius(by)
            }))],
            (Kind::Update, Some(_)) if relation.rule == "late-version" => {
                self.stand(own, Standing::Superseded, of.map(|t| t.key));
                Vec::new()
            }
            (Kind::Update, Some(target)) if relation.rule != "take" => {
                self.supersede(target, Standing::Superseded, by)
            }
            (Kind::Correction, Some(target)) => self.correct(own, target, by),
            _ => Vec::new(),
        };
        if relation.kind != Kind::Withdrawal {
            said.extend(self.late_carrier(own));
        }
        said
    }

    fn correct(&mut self, own: Sequence, target: Sequence, by: ArticleKey) -> Vec<What> {
        let (Some(new), Some(old)) = (self.live.get(own), self.live.get(target)) else {
            return Vec::new();
        };
        let tainted = Tainted::corrected(&new.print, &old.print);
        let radius = self.radius(own, target, &tainted, by.clone());
        let mut said = vec![What::Corrected(Box::new(radius))];
        said.extend(self.supersede(target, Standing::Uncorrected, by));
        said
    }

    fn supersede(&mut self, target: Sequence, standing: Standing, by: ArticleKey) -> Vec<What> {
        let Some(old) = self.live.get(target) else { return Vec::new() };
        if old.standing == Standing::Withdrawn {
            return Vec::new();
        }
        let article = old.about.key();
        let story = self.story_of(target);
        self.stand(target, standing, Some(by.clone()));
        let reason = match standing {
            Standing::Uncorrected => "corrected",
            _ => "newer-version",
        };
        vec![What::Superseded(Box::new(Superseded { article, by, reason: reason.into(), story }))]
    }

    /// Says that the newest article carries what was withdrawn or corrected, or was itself withdrawn
    /// before it came.
    fn late_carrier(&mut self, own: Sequence) -> Vec<What> {
        let Some(entry) = self.live.get(own) else { return Vec::new() };
        let about = entry.about.clone();
        let notice = self.live.versions(&about.uri).rev().find(|that| that.sequence < own);
        if let Some(notice) = notice
            && notice.verdict.relation.kind == Kind::Withdrawal
            && notice.about.marks.order != Some(Order::Release)
            && older(&about, notice.about)
        {
            let by = notice.about.key();
            self.stand(own, Standing::Withdrawn, Some(by.clone()));
            let radius = self.radius(own, own, &Tainted::Whole, by);
            return vec![What::Withdrawn(Box::new(radius))];
        }
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

    /// Changes the standing of every live version of `target` that is no notice.
    fn stand_all(
        &mut self,
        target: Sequence,
        standing: Standing,
        own: Sequence,
        by: Option<&ArticleKey>,
    ) {
        let Some(uri) = self.live.get(target).map(|entry| entry.about.uri.clone()) else { return };
        let reports = self
            .live
            .versions(&uri)
            .filter(|that| that.sequence != own && that.verdict.relation.kind != Kind::Withdrawal);
        for sequence in reports.map(|that| that.sequence).collect::<Vec<_>>() {
            self.stand(sequence, standing, by.cloned());
        }
    }

    fn stand(&mut self, sequence: Sequence, standing: Standing, by: Option<ArticleKey>) {
        let before = self.live.get(sequence).map(|entry| entry.standing);
        if self.live.stand(sequence, standing, by)
            && let (Some(member), Some(before)) = (self.live.member(sequence), before)
        {
            self.stories.restand(member, before, self.clock);
        }
        self.touched.article(sequence);
        if let Some(entry) = self.live.get(sequence) {
            self.changes.push(super::Change::article(sequence, entry));
        }
    }

    /// Who carries tainted words of `target`; the notice itself and its versions left out.
    pub(super) fn radius(
        &self,
        own: Sequence,
        target: Sequence,
        tainted: &Tainted,
        by: ArticleKey,
    ) -> Radius {
        let Some(entry) = self.live.get(target) else { return self.empty_radius(by) };
        let aligner = Aligner::of(&entry.print);
        let others = self.index.holders(&entry.print).into_iter().filter(|&s| {
            let same = self.live.get(s).is_some_and(|that| that.about.uri == entry.about.uri);
            s != own && s != target && !same
        });
        Radius {
            of: Some(entry.about.key()),
            carriers: others.filter_map(|s| self.carrier(&aligner, tainted, s)).collect(),
            story: self.story_of(target),
            ..self.empty_radius(by)
        }
    }

    pub(super) fn carrier(
        &self,
        text: &Aligner<'_>,
        tainted: &Tainted,
        at: Sequence,
    ) -> Option<Carrier> {
        let that = self.live.earlier(at)?;
        let passages = carried(text, tainted, that, self.settings.relation.run_words);
        (!passages.is_empty()).then(|| Carrier {
            sequence: at,
            article: that.about.key(),
            provider: that.about.provider.clone(),
            certainty: Certainty::Certain,
            passages,
        })
    }

    fn empty_radius(&self, by: ArticleKey) -> Radius {
        let searched_from = self.live.first().map_or(self.clock, |(_, entry)| entry.arrived);
        Radius { by, of: None, carriers: Vec::new(), searched_from, story: None }
    }

    fn story_of(&self, sequence: Sequence) -> Option<StoryId> {
        self.stories.story_of(sequence)
    }
}
