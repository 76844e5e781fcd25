//! Alerts: which articles still contain text that was withdrawn or corrected.
//!
//! Input: the blast radius events of a committed batch or, if there is no batch (after a restore,
//! on a standby), the state itself. Output: a [`CarrierAlert`] for each article whose text must no
//! longer be published. Both inputs lead to the same alerts, because the engine computes the
//! carriers in both cases.

use super::changes::AppliedChanges;
use super::{Limits, Snapshot};
use crate::daemon::telemetry::metrics;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use wirefold_engine::article::{ArticleKey, Sequence};
use wirefold_engine::event::{Carrier, Event, EventKind, Radius};
use wirefold_engine::state::State;
use wirefold_engine::verdict::{CARRIES_UNCORRECTED, CARRIES_WITHDRAWN, Validity};

/// The articles that contain the withdrawn or uncorrected text of one article.
#[derive(Debug, Clone, PartialEq)]
pub struct CarrierAlert {
    /// The article that withdraws or corrects: the notice, or the corrected version.
    pub by: ArticleKey,
    /// The first `carriers_max` articles that contain the text, in order of arrival.
    pub carriers: Vec<Carrier>,
    /// Number of carriers found.
    found: usize,
    /// Number of further possible carriers that were not compared.
    more: usize,
    /// The newest carrier found.
    last: Option<Sequence>,
}

impl CarrierAlert {
    /// An alert without carriers.
    fn by(radius: &Radius) -> Self {
        let by = radius.by.key.clone();
        Self { by, carriers: Vec::new(), found: 0, more: 0, last: None }
    }

    /// Number of carriers, including those that have left the window.
    pub fn total(&self) -> usize {
        self.found + self.more
    }

    /// Number of carriers that are counted but not listed.
    pub fn unnamed(&self) -> usize {
        self.total() - self.carriers.len()
    }

    /// Adds a carrier. The first `carriers_max` by arrival are listed. A carrier beyond these is
    /// counted, unless it was counted before.
    fn add(&mut self, carrier: Carrier, bounds: &Limits) {
        // Keep only the key: the details that the event gives are also in the carrier's own row.
        let carrier = Carrier { article: carrier.article.key.into(), ..carrier };
        let sequence = carrier.sequence;
        match self.carriers.binary_search_by_key(&sequence, |c| c.sequence) {
            Ok(at) => self.carriers[at] = carrier,
            Err(at) if at < bounds.carriers_max => {
                self.carriers.insert(at, carrier);
                self.found += 1;
            }
            Err(_) => {
                self.found += usize::from(Some(sequence) > self.last);
                metrics::BOUNDED.add([metrics::BY_CARRIERS], 1);
            }
        }
        if self.carriers.len() > bounds.carriers_max {
            self.carriers.pop();
            metrics::BOUNDED.add([metrics::BY_CARRIERS], 1);
        }
        self.last = self.last.max(Some(sequence));
    }

    /// Updates the number of further carriers, from the last event of a search.
    fn add_more(&mut self, radius: &Radius) {
        if radius.part.is_none_or(|part| !part.has_more()) {
            self.more = self.more.max(radius.carriers_unlisted as usize);
        }
    }
}

/// New information about carriers.
#[derive(Debug, Default)]
pub(super) struct CarrierReport {
    /// Blast radii, each with the sequence number of the withdrawn or corrected article, if that
    /// number is already known.
    radii: Vec<(Option<Sequence>, Radius)>,
    /// Further carriers of articles that already have an alert.
    carriers: Vec<(Sequence, Carrier)>,
}

impl CarrierReport {
    /// The information about carriers in the events of a committed batch.
    pub(super) fn by(events: &[Event]) -> Self {
        let radius = |event: &Event| match &event.kind {
            EventKind::Withdrawn(radius) | EventKind::Corrected(radius) => {
                Some((None, Radius::clone(radius)))
            }
            _ => None,
        };
        Self { radii: events.iter().filter_map(radius).collect(), carriers: Vec::new() }
    }

    /// The information about carriers in the state: the carriers of the articles in `changed`, and
    /// the withdrawn or uncorrected texts that the articles in `came` contain.
    pub(super) fn asked(
        state: &State,
        changed: &BTreeSet<Sequence>,
        came: Range<u64>,
        bounds: &Limits,
    ) -> Self {
        let most = bounds.carriers_max;
        let radius = |&target: &Sequence| Some((Some(target), state.carriers_of(target, most)?));
        let carries_tainted =
            |flag: &String| flag == CARRIES_WITHDRAWN || flag == CARRIES_UNCORRECTED;
        let mut carriers = Vec::new();
        for sequence in came.map(Sequence) {
            let Some(entry) = state.article(sequence) else { continue };
            let verdict = &entry.decision.verdict;
            if !verdict.flags.iter().any(carries_tainted) {
                continue;
            }
            let targets = verdict.targets().filter_map(|target| target.sequence);
            carriers.extend(targets.filter_map(|t| Some((t, state.carries(t, sequence)?))));
        }
        Self { radii: changed.iter().filter_map(radius).collect(), carriers }
    }

    /// The information about carriers in the state, for a new snapshot: all carriers of the newest
    /// `alerts_max` withdrawn or corrected articles.
    pub(super) fn anew(state: &State, bounds: &Limits) -> Self {
        let tainted = |sequence: &Sequence| {
            let standing = state.article(*sequence).map(|entry| entry.standing);
            matches!(standing, Some(Validity::Withdrawn | Validity::Uncorrected))
        };
        let newest =
            state.window().rev().map(Sequence).filter(tainted).take(bounds.alerts_max).collect();
        Self::asked(state, &newest, 0..0, bounds)
    }
}

impl Snapshot {
    /// The carriers of an alert that are live and valid.
    pub fn standing<'a>(&'a self, alert: &'a CarrierAlert) -> impl Iterator<Item = &'a Carrier> {
        let stands = |carrier: &&Carrier| {
            let article = self.article(carrier.sequence);
            article.is_some_and(|article| article.entry.standing == Validity::Valid)
        };
        alert.carriers.iter().filter(stands)
    }

    /// Applies new information about carriers.
    pub(super) fn apply_carriers(
        &mut self,
        said: CarrierReport,
        bounds: &Limits,
        changes: &mut AppliedChanges,
    ) {
        for (target, radius) in said.radii {
            let target = match target {
                Some(target) => Some(target),
                None => radius.of.as_ref().and_then(|of| self.of_key(&of.key)).map(|(s, _)| s),
            };
            if let Some(target) = target {
                self.alarm(target, &radius, bounds, changes);
            }
        }
        for (target, carrier) in said.carriers {
            let Some(mut alert) = self.alerts.get(&target).cloned() else { continue };
            Arc::make_mut(&mut alert).add(carrier, bounds);
            self.alerts.insert(target, alert);
            changes.alerts_changed.insert(target);
        }
    }

    /// Creates or updates the alert for `target`, and drops the oldest alerts beyond `alerts_max`.
    fn alarm(
        &mut self,
        target: Sequence,
        radius: &Radius,
        bounds: &Limits,
        changes: &mut AppliedChanges,
    ) {
        let Some(article) = self.article(target) else { return };
        if !matches!(article.entry.standing, Validity::Withdrawn | Validity::Uncorrected) {
            return;
        }
        let known = self.alerts.get(&target).map(|known| CarrierAlert::clone(known));
        let mut alert = known.unwrap_or_else(|| CarrierAlert::by(radius));
        alert.by = radius.by.key.clone();
        radius.carriers.iter().for_each(|carrier| alert.add(carrier.clone(), bounds));
        alert.add_more(radius);
        self.alerts.insert(target, Arc::new(alert));
        changes.alerts_changed.insert(target);
        while self.alerts.len() > bounds.alerts_max {
            metrics::BOUNDED.add([metrics::BY_ALERTS], 1);
            let oldest = self.alerts.get_min().map(|(oldest, _)| *oldest);
            oldest.and_then(|oldest| self.alerts.remove(&oldest));
        }
    }
}
