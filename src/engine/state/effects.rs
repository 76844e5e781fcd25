//! The effects of a verdict on earlier articles: which are withdrawn, corrected, superseded or
//! released.
//!
//! A kill or hold withdraws every live version of its target, a correction marks its target as
//! uncorrected, a newer version supersedes the older one, and a release undoes a hold. For example,
//! a kill of version 1 also withdraws version 2 of the same uri, and the event of the kill names
//! the carriers of both.
//!
//! Articles that are no longer valid stay in the index, so that late copies are caught; each late
//! copy is announced as a further carrier. A notice that arrives before its target stays pending,
//! and takes effect when an article arrives that matches it by uri, link or name. A notice that
//! identifies its target too vaguely has no effect and is announced for review. If a target has
//! left the window, the validity is changed in its identity (see `past`).

use super::State;
use super::entry::Entry;
use super::live::MatchedBy;
use super::radius::CarrierSearch;
use super::records::RecordChange;
use crate::article::{ArticleKey, ArticleMetadata, NoticeOrder, PubStatus, Sequence};
use crate::event::{ArticleMention, EventKind, Radius, Superseded};
use crate::stories::MemberLookup;
use crate::verdict::carriers::TaintedWords;
use crate::verdict::names::NameKeys;
use crate::verdict::same_uri::{is_anothers_number, is_numbered_alike, starts_again};
use crate::verdict::versions::{VersionOrderKey, is_older};
use crate::verdict::{Earlier, Kind, NEEDS_REVIEW, Relation, Scope, Validity};
use std::collections::{BTreeMap, BTreeSet};

/// Whether a notice withdraws its target: kills and holds do, releases do not.
fn withdraws(that: &Earlier<'_>) -> bool {
    that.about.marks.order != Some(NoticeOrder::Release)
}

fn is_notice(that: &Earlier<'_>) -> bool {
    that.verdict.relation.kind == Kind::Withdrawal
}

/// Whether a relation can change the validity of an earlier article or announce its withdrawal.
fn changes_others(relation: &Relation) -> bool {
    relation.scope == Scope::Identity
        || matches!(relation.kind, Kind::Withdrawal | Kind::Update | Kind::Correction)
}

impl State {
    /// The notice that withdrew `new`, the article at `own`, before it arrived.
    pub(super) fn notice_for(
        &self,
        new: &ArticleMetadata,
        names: NameKeys,
        own: Sequence,
    ) -> Option<ArticleKey> {
        if new.pubstatus != PubStatus::Usable {
            return None;
        }
        let edition = VersionOrderKey::of(new);
        let last = self.live.notice_before(&new.uri, own);
        let last = last.filter(|that| {
            withdraws(that)
                && is_older(edition, VersionOrderKey::of(that.about))
                && !is_anothers_number(new, that.about)
        });
        if let Some(that) = last {
            return Some(that.about.key());
        }
        let waiting = self.live.pending_notices_for(&new.uri, names);
        let mut waiting = waiting.filter(|(that, _)| that.sequence < own);
        let meant = |(that, by): &(Earlier<'_>, MatchedBy)| {
            let earlier = new.claimed.zip(that.about.claimed).map(|(made, killed)| made <= killed);
            // A replacement for the withdrawn text may have the same name, so a match by name
            // counts only if the claimed times show that the article is older than the notice.
            let by_uri = *by == MatchedBy::Uri;
            let linked = that.about.links.iter().any(|link| link.to.uri == new.uri);
            withdraws(that)
                && earlier.unwrap_or(by_uri)
                && (!by_uri || linked || !is_anothers_number(that.about, new))
        };
        if let Some((that, _)) = waiting.find(meant) {
            return Some(that.about.key());
        }
        let last = self.identities.last_notice(&new.uri).filter(|that| {
            !is_numbered_alike(&new.uri, new.provider.as_deref(), that.provider.as_deref())
        })?;
        let withdrawn =
            last.order != Some(NoticeOrder::Release) && is_older(edition, last.edition());
        withdrawn.then(|| last.key())
    }

    /// Applies the effects of the verdict on the newest article, at `own`, and returns the events.
    pub(super) fn apply_effects(&mut self, own: Sequence) -> Vec<EventKind> {
        let Some(entry) = self.live.get(own) else { return Vec::new() };
        if !changes_others(&entry.decision.verdict.relation) {
            return self.late_carrier(own);
        }
        let (by, relation) = (entry.about.key(), entry.decision.verdict.relation.clone());
        let needs_review = entry.decision.verdict.flags.iter().any(|flag| flag == NEEDS_REVIEW);
        let released = entry.about.marks.order == Some(NoticeOrder::Release)
            && entry.about.pubstatus == PubStatus::Usable;
        if relation.scope == Scope::Identity {
            return self.affect_past(own, &relation, by, (needs_review, released));
        }
        let of = relation.of.clone();
        let seen = of.as_ref().and_then(|t| t.sequence);
        let mut events = match (relation.kind, seen) {
            (Kind::Withdrawal, Some(_)) if released && needs_review => Vec::new(),
            (Kind::Withdrawal, Some(target)) if released => self.release(own, target, by),
            (Kind::Withdrawal, Some(target)) => {
                let members = self.chain(own, target);
                if !needs_review {
                    for sequence in &members {
                        self.set_validity(*sequence, Validity::Withdrawn, Some(by.clone()));
                    }
                }
                let searched = self.settings.tuning.versions_searched_max as usize;
                self.outcome.tally.versions_unsearched +=
                    members.len().saturating_sub(searched) as u64;
                let radius = self
                    .radius(CarrierSearch::whole(own, target, &members, self.carriers_max()), by);
                let confidence = relation.evidence.confidence;
                vec![EventKind::Withdrawn(Box::new(Radius { confidence, ..radius }))]
            }
            (Kind::Withdrawal, None) if released => Vec::new(),
            (Kind::Withdrawal, None) => {
                let of = of.as_ref().map(|target| self.mention(target));
                vec![EventKind::Withdrawn(Box::new(Radius { of, ..self.empty_radius(by) }))]
            }
            (Kind::Update, Some(_)) if relation.rule == "late-version" => {
                self.set_validity(own, Validity::Superseded, of.map(|t| t.key.clone()));
                Vec::new()
            }
            (Kind::Update, Some(target)) if relation.rule != "take" => {
                self.supersede(target, Validity::Superseded, by)
            }
            (Kind::Correction, Some(target)) => self.correct(own, target, by),
            _ => Vec::new(),
        };
        if relation.kind != Kind::Withdrawal {
            events.extend(self.late_carrier(own));
        }
        events
    }

    /// Applies a correction: `target` becomes uncorrected.
    fn correct(&mut self, own: Sequence, target: Sequence, by: ArticleKey) -> Vec<EventKind> {
        let (Some(new), Some(old)) = (self.live.get(own), self.live.get(target)) else {
            return Vec::new();
        };
        let tainted = TaintedWords::corrected(&new.print, &old.print);
        let search = CarrierSearch {
            tainted: &tainted,
            ..CarrierSearch::whole(own, target, std::slice::from_ref(&target), self.carriers_max())
        };
        let radius = self.radius(search, by.clone());
        let mut events = vec![EventKind::Corrected(Box::new(radius))];
        events.extend(self.supersede(target, Validity::Uncorrected, by));
        events
    }

    /// Marks `target` as replaced by `by`, unless it is withdrawn.
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
        let article = old.mention();
        self.set_validity(target, standing, Some(by.clone()));
        vec![self.superseded(target, article, by, reason(standing))]
    }

    /// Applies the effects of a version or notice on articles that have left the window.
    fn affect_past(
        &mut self,
        own: Sequence,
        relation: &Relation,
        by: ArticleKey,
        (needs_review, released): (bool, bool),
    ) -> Vec<EventKind> {
        let Some(of) = relation.of.as_ref().map(|t| t.key.clone()) else { return Vec::new() };
        let article = self.mention_past(of.clone());
        let cause = self.mention_cause(by.clone());
        let superseded = |reason: &str| {
            let reason = reason.to_owned();
            let (story, story_headline) = (None, None);
            let what = Superseded { article, by: cause, reason, story, story_headline };
            EventKind::Superseded(Box::new(what))
        };
        let mut events = match relation.kind {
            Kind::Withdrawal if needs_review && released => Vec::new(),
            Kind::Withdrawal if released => {
                self.set_past_validity(&of.uri, Validity::Withdrawn, Validity::Valid);
                vec![superseded("released")]
            }
            Kind::Withdrawal => {
                if !needs_review {
                    self.set_past_validity(&of.uri, Validity::Valid, Validity::Withdrawn);
                }
                let radius = self.past_radius(own, &of, by);
                let confidence = relation.evidence.confidence;
                vec![EventKind::Withdrawn(Box::new(Radius { confidence, ..radius }))]
            }
            Kind::Update if relation.rule == "late-version" => {
                self.set_validity(own, Validity::Superseded, Some(of));
                Vec::new()
            }
            Kind::Correction => {
                let radius = self.past_radius(own, &of, by);
                self.set_past_validity(&of.uri, Validity::Valid, Validity::Uncorrected);
                vec![EventKind::Corrected(Box::new(radius)), superseded("corrected")]
            }
            Kind::Update => {
                self.set_past_validity(&of.uri, Validity::Valid, Validity::Superseded);
                vec![superseded("newer-version")]
            }
            _ => Vec::new(),
        };
        if relation.kind != Kind::Withdrawal {
            events.extend(self.late_carrier(own));
        }
        events
    }

    /// Changes the validity of identities of a uri from `before` to `after`. Notices are excluded.
    fn set_past_validity(&mut self, uri: &str, before: Validity, after: Validity) {
        let all = self.identities.versions(uri).filter(|(_, i)| i.order.is_none());
        let all: Vec<Sequence> =
            all.filter(|(_, i)| i.standing == before).map(|(sequence, _)| sequence).collect();
        for sequence in all {
            self.identities.stand(sequence, after);
            self.outcome
                .changes
                .push(RecordChange::identity(sequence, self.identities.get(sequence)));
        }
    }

    /// The live versions of `target`: the articles with its uri; if one of them revised an article
    /// that the same provider sent under another uri, also the articles with that uri; and so on.
    /// Notices, the article at `own`, and unrelated articles with the same uri are excluded.
    fn chain(&self, own: Sequence, target: Sequence) -> Vec<Sequence> {
        let mut members: BTreeSet<Sequence> = BTreeSet::new();
        let mut next = Some(target);
        while let Some(entry) = next.and_then(|target| self.live.get(target)) {
            let versions = self.versions_of(&entry.about.uri, next);
            let fresh: BTreeSet<Sequence> =
                versions.into_iter().filter(|s| *s != own && !members.contains(s)).collect();
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

    /// The live reports with this uri that are versions of the article at `target`. These are all
    /// reports with this uri, unless the uri was reused for an unrelated article.
    fn versions_of(&self, uri: &str, target: Option<Sequence>) -> Vec<Sequence> {
        let reports: Vec<Earlier<'_>> =
            self.live.versions(uri).filter(|that| !is_notice(that)).collect();
        if !reports.iter().any(|that| starts_again(*that)) {
            return reports.iter().map(|that| that.sequence).collect();
        }
        // For each report, the first of the articles that it is a version of.
        let mut firsts: BTreeMap<Sequence, Sequence> = BTreeMap::new();
        for that in &reports {
            let of = that.verdict.relation.of.as_ref().and_then(|of| of.sequence);
            let of = of.filter(|_| !starts_again(*that)).and_then(|of| firsts.get(&of));
            firsts.insert(that.sequence, of.copied().unwrap_or(that.sequence));
        }
        let first = target.and_then(|target| firsts.get(&target).copied());
        firsts.iter().filter(|(_, line)| Some(**line) == first).map(|(own, _)| *own).collect()
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

    /// Undoes a hold: the newest withdrawn version becomes valid again and supersedes the others.
    fn release(&mut self, own: Sequence, target: Sequence, by: ArticleKey) -> Vec<EventKind> {
        let withdrawn = |s: &Sequence| {
            self.live.get(*s).is_some_and(|entry| entry.standing == Validity::Withdrawn)
        };
        let held: Vec<Sequence> = self.chain(own, target).into_iter().filter(withdrawn).collect();
        let precedes = |a: Sequence, b: Sequence| match (self.live.get(a), self.live.get(b)) {
            (Some(a), Some(b)) => {
                let late = is_older(VersionOrderKey::of(&b.about), VersionOrderKey::of(&a.about));
                a.about.uri != b.about.uri || !late
            }
            _ => true,
        };
        let newest = held.iter().copied().reduce(|a, b| if precedes(a, b) { b } else { a });
        let Some(newest) = newest else { return Vec::new() };
        let Some(article) = self.live.get(newest).map(Entry::mention) else { return Vec::new() };
        for sequence in held {
            if sequence == newest {
                self.set_validity(sequence, Validity::Valid, None);
            } else {
                self.set_validity(sequence, Validity::Superseded, Some(article.key.clone()));
            }
        }
        vec![self.superseded(newest, article, by, "released")]
    }

    /// The event about a live article whose validity changed.
    fn superseded(
        &self,
        of: Sequence,
        article: ArticleMention,
        by: ArticleKey,
        reason: &str,
    ) -> EventKind {
        let (by, reason) = (self.mention_cause(by), reason.to_owned());
        let (story, story_headline) = self.story_with_headline(of);
        let what = Superseded { article, by, reason, story, story_headline };
        EventKind::Superseded(Box::new(what))
    }

    /// Changes the validity of a live article and updates its story and its record.
    pub(super) fn set_validity(
        &mut self,
        sequence: Sequence,
        standing: Validity,
        by: Option<ArticleKey>,
    ) {
        let before = self.live.get(sequence).map(|entry| entry.standing);
        if self.live.stand(sequence, standing, by)
            && let (Some(member), Some(before)) = (self.live.member(sequence), before)
        {
            self.stories.change_validity(member, before, self.clock);
        }
        self.outcome.touched.article(sequence);
        if let Some(entry) = self.live.get(sequence) {
            self.outcome.changes.push(RecordChange::article(sequence, entry));
        }
    }
}

/// The stable name of the reason for a new validity.
fn reason(standing: Validity) -> &'static str {
    match standing {
        Validity::Uncorrected => "corrected",
        _ => "newer-version",
    }
}
