//! What a verdict does to earlier articles: who is withdrawn, corrected, superseded or set free again.
//!
//! A kill or hold withdraws every live version of what it names; a correction leaves its target
//! uncorrected; a newer version supersedes the older; a release undoes a hold. What stands no more
//! stays indexed, so that late copies of it are caught: each of them is announced as a further
//! carrier. A notice that came before what it names stays, and takes effect when the article comes,
//! be it known by uri, by link or by name. One that names an article too vaguely is announced for a
//! person to look at and takes no effect. What the window has passed is changed in its identity.

use super::State;
use super::live::MatchedBy;
use super::radius::CarrierSearch;
use super::records::RecordChange;
use crate::article::{About, ArticleKey, NoticeOrder, PubStatus, Sequence};
use crate::event::{EventKind, Radius, Superseded};
use crate::stories::MemberLookup;
use crate::verdict::carriers::TaintedWords;
use crate::verdict::versions::{Edition, older};
use crate::verdict::{Earlier, Kind, NEEDS_REVIEW, Relation, Scope, Validity};
use std::collections::BTreeSet;

/// Whether an earlier article is a notice that withdraws.
fn withdraws(that: &Earlier<'_>) -> bool {
    that.about.marks.order != Some(NoticeOrder::Release)
}

fn is_notice(that: &Earlier<'_>) -> bool {
    that.verdict.relation.kind == Kind::Withdrawal
}

impl State {
    /// The notice that had withdrawn `new`, at `own`, before it came.
    pub(super) fn notice_for(&self, new: &About, own: Sequence) -> Option<ArticleKey> {
        if new.pubstatus != PubStatus::Usable {
            return None;
        }
        let edition = Edition::of(new);
        let last = self.live.notice_before(&new.uri, own);
        let last = last.filter(|that| withdraws(that) && older(edition, Edition::of(that.about)));
        if let Some(that) = last {
            return Some(that.about.key());
        }
        let mut waiting = self.live.orders_for(new).filter(|(that, _)| that.sequence < own);
        let meant = |(that, by): &(Earlier<'_>, MatchedBy)| {
            let earlier = new.claimed.zip(that.about.claimed).map(|(made, killed)| made <= killed);
            // A name alone may be that of the text that is sent instead: only what was made before.
            withdraws(that) && earlier.unwrap_or(*by == MatchedBy::Uri)
        };
        if let Some((that, _)) = waiting.find(meant) {
            return Some(that.about.key());
        }
        let last = self.past.last_notice(&new.uri)?;
        let withdrawn = last.order != Some(NoticeOrder::Release) && older(edition, last.edition());
        withdrawn.then(|| last.key())
    }

    /// Carries out what the verdict on the newest article, at `own`, means for earlier ones.
    pub(super) fn take_effect(&mut self, own: Sequence) -> Vec<EventKind> {
        let Some(entry) = self.live.get(own) else { return Vec::new() };
        let (by, relation) = (entry.about.key(), entry.decision.verdict.relation.clone());
        let asks = entry.decision.verdict.flags.iter().any(|flag| flag == NEEDS_REVIEW);
        let released = entry.about.marks.order == Some(NoticeOrder::Release)
            && entry.about.pubstatus == PubStatus::Usable;
        if relation.scope == Scope::Identity {
            return self.affect_past(own, &relation, by, (asks, released));
        }
        let of = relation.of.clone();
        let seen = of.as_ref().and_then(|t| t.sequence);
        let mut said = match (relation.kind, seen) {
            (Kind::Withdrawal, Some(_)) if released && asks => Vec::new(),
            (Kind::Withdrawal, Some(target)) if released => self.release(own, target, by),
            (Kind::Withdrawal, Some(target)) => {
                let members = self.chain(own, target);
                if !asks {
                    for sequence in &members {
                        self.stand(*sequence, Validity::Withdrawn, Some(by.clone()));
                    }
                }
                let searched = self.settings.versions_searched_max as usize;
                self.tally.versions_unsearched += members.len().saturating_sub(searched) as u64;
                let radius = self.radius(CarrierSearch::whole(own, target, &members), by);
                let confidence = relation.evidence.confidence;
                vec![EventKind::Withdrawn(Box::new(Radius { confidence, ..radius }))]
            }
            (Kind::Withdrawal, None) if released => Vec::new(),
            (Kind::Withdrawal, None) => {
                let of = of.map(|t| t.key);
                vec![EventKind::Withdrawn(Box::new(Radius { of, ..self.empty_radius(by) }))]
            }
            (Kind::Update, Some(_)) if relation.rule == "late-version" => {
                self.stand(own, Validity::Superseded, of.map(|t| t.key));
                Vec::new()
            }
            (Kind::Update, Some(target)) if relation.rule != "take" => {
                self.supersede(target, Validity::Superseded, by)
            }
            (Kind::Correction, Some(target)) => self.correct(own, target, by),
            _ => Vec::new(),
        };
        if relation.kind != Kind::Withdrawal {
            said.extend(self.late_carrier(own));
        }
        said
    }

    fn correct(&mut self, own: Sequence, target: Sequence, by: ArticleKey) -> Vec<EventKind> {
        let (Some(new), Some(old)) = (self.live.get(own), self.live.get(target)) else {
            return Vec::new();
        };
        let tainted = TaintedWords::corrected(&new.print, &old.print);
        let search = CarrierSearch {
            tainted: &tainted,
            ..CarrierSearch::whole(own, target, std::slice::from_ref(&target))
        };
        let radius = self.radius(search, by.clone());
        let mut said = vec![EventKind::Corrected(Box::new(radius))];
        said.extend(self.supersede(target, Validity::Uncorrected, by));
        said
    }

    fn supersede(
        &mut self,
        target: Sequence,
        standing: Validity,
        by: ArticleKey,
    ) -> Vec<EventKind> {
        let Some(old) = self.live.get(target) else { return Vec::new() };
        if old.standing == Validity::Withdrawn {
            return Vec::new();
        }
        let article = old.about.key();
        let story = self.story_of(target);
        self.stand(target, standing, Some(by.clone()));
        let reason = reason(standing).to_owned();
        vec![EventKind::Superseded(Box::new(Superseded { article, by, reason, story }))]
    }

    /// What a version or notice does to articles whose window has passed.
    fn affect_past(
        &mut self,
        own: Sequence,
        relation: &Relation,
        by: ArticleKey,
        (asks, released): (bool, bool),
    ) -> Vec<EventKind> {
        let Some(of) = relation.of.as_ref().map(|t| t.key.clone()) else { return Vec::new() };
        let superseded = |reason: &str, by: ArticleKey| {
            let (article, reason) = (of.clone(), reason.to_owned());
            EventKind::Superseded(Box::new(Superseded { article, by, reason, story: None }))
        };
        match relation.kind {
            Kind::Withdrawal if asks && released => Vec::new(),
            Kind::Withdrawal if released => {
                self.stand_past(&of.uri, Validity::Withdrawn, Validity::Stands);
                vec![superseded("released", by)]
            }
            Kind::Withdrawal => {
                if !asks {
                    self.stand_past(&of.uri, Validity::Stands, Validity::Withdrawn);
                }
                let radius = self.past_radius(own, &of, by);
                let confidence = relation.evidence.confidence;
                vec![EventKind::Withdrawn(Box::new(Radius { confidence, ..radius }))]
            }
            Kind::Update if relation.rule == "late-version" => {
                self.stand(own, Validity::Superseded, Some(of));
                self.late_carrier(own)
            }
            Kind::Correction => {
                let radius = self.past_radius(own, &of, by.clone());
                self.stand_past(&of.uri, Validity::Stands, Validity::Uncorrected);
                vec![EventKind::Corrected(Box::new(radius)), superseded("corrected", by)]
            }
            Kind::Update => {
                self.stand_past(&of.uri, Validity::Stands, Validity::Superseded);
                vec![superseded("newer-version", by)]
            }
            _ => self.late_carrier(own),
        }
    }

    /// Changes how the identities of a uri stand that stood in one way, notices left out.
    fn stand_past(&mut self, uri: &str, before: Validity, after: Validity) {
        let all = self.past.versions(uri).filter(|(_, i)| i.order.is_none());
        let all: Vec<Sequence> =
            all.filter(|(_, i)| i.standing == before).map(|(sequence, _)| sequence).collect();
        for sequence in all {
            self.past.stand(sequence, after);
            self.changes.push(RecordChange::identity(sequence, self.past.get(sequence)));
        }
    }

    /// All that `target` is a version of: the live versions of its uri, and those of the uris that
    /// these revised, by the same provider; notices and the article at `own` left out.
    fn chain(&self, own: Sequence, target: Sequence) -> Vec<Sequence> {
        let mut members: BTreeSet<Sequence> = BTreeSet::new();
        let mut next = Some(target);
        while let Some(entry) = next.and_then(|target| self.live.get(target)) {
            let reports = self.live.versions(&entry.about.uri).filter(|that| !is_notice(that));
            let fresh: BTreeSet<Sequence> = reports
                .map(|that| that.sequence)
                .filter(|s| *s != own && !members.contains(s))
                .collect();
            if fresh.is_empty() {
                break;
            }
            let revised =
                fresh.iter().filter_map(|s| self.revised(*s)).find(|s| !fresh.contains(s));
            members.extend(fresh);
            next = revised.filter(|s| !members.contains(s));
        }
        members.into_iter().collect()
    }

    /// The article of the same provider that this one revised.
    fn revised(&self, at: Sequence) -> Option<Sequence> {
        let entry = self.live.get(at)?;
        let relation = &entry.decision.verdict.relation;
        let revises = matches!(relation.kind, Kind::Update | Kind::Correction);
        let before = relation.of.as_ref().filter(|_| revises)?.sequence?;
        let that = self.live.get(before)?;
        (that.about.provider == entry.about.provider).then_some(before)
    }

    /// Undoes a hold: the newest version stands again, the others as it left them.
    fn release(&mut self, own: Sequence, target: Sequence, by: ArticleKey) -> Vec<EventKind> {
        let withdrawn = |s: &Sequence| {
            self.live.get(*s).is_some_and(|entry| entry.standing == Validity::Withdrawn)
        };
        let held: Vec<Sequence> = self.chain(own, target).into_iter().filter(withdrawn).collect();
        let precedes = |a: Sequence, b: Sequence| match (self.live.get(a), self.live.get(b)) {
            (Some(a), Some(b)) => {
                let late = older(Edition::of(&b.about), Edition::of(&a.about));
                a.about.uri != b.about.uri || !late
            }
            _ => true,
        };
        let newest = held.iter().copied().reduce(|a, b| if precedes(a, b) { b } else { a });
        let Some(newest) = newest else { return Vec::new() };
        let Some(article) = self.live.get(newest).map(|entry| entry.about.key()) else {
            return Vec::new();
        };
        for sequence in held {
            if sequence == newest {
                self.stand(sequence, Validity::Stands, None);
            } else {
                self.stand(sequence, Validity::Superseded, Some(article.clone()));
            }
        }
        let (reason, story) = ("released".to_owned(), self.story_of(newest));
        vec![EventKind::Superseded(Box::new(Superseded { article, by, reason, story }))]
    }

    pub(super) fn stand(&mut self, sequence: Sequence, standing: Validity, by: Option<ArticleKey>) {
        let before = self.live.get(sequence).map(|entry| entry.standing);
        if self.live.stand(sequence, standing, by)
            && let (Some(member), Some(before)) = (self.live.member(sequence), before)
        {
            self.stories.restand(member, before, self.clock);
        }
        self.touched.article(sequence);
        if let Some(entry) = self.live.get(sequence) {
            self.changes.push(RecordChange::article(sequence, entry));
        }
    }
}

fn reason(standing: Validity) -> &'static str {
    match standing {
        Validity::Uncorrected => "corrected",
        _ => "newer-version",
    }
}
