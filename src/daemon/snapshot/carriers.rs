//! Who still carries text that was withdrawn or corrected.
//!
//! In: the blast radii of a committed batch, or, where there is none (after a restore, on a standby),
//! the state itself. Out: an [`CarrierAlert`] for each article whose text must not be printed any more. Both
//! ways end in the same alerts, as the engine says both times who carries it.

use super::builder::StepChanges;
use super::{Settings, Snapshot};
use crate::daemon::telemetry::metrics;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use wirefold_engine::article::{ArticleKey, Sequence};
use wirefold_engine::event::{Carrier, Event, EventKind, Radius};
use wirefold_engine::state::State;
use wirefold_engine::verdict::{CARRIES_UNCORRECTED, CARRIES_WITHDRAWN, Validity};

/// Who carries the text of one article that must not be printed any more.
#[derive(Debug, Clone, PartialEq)]
pub struct CarrierAlert {
    /// The notice, or the correcting article.
    pub by: ArticleKey,
    /// The articles that carry the text, in order of arrival: the first `carriers_max`.
    pub carriers: Vec<Carrier>,
    /// How many were found.
    found: usize,
    /// How many more may be: they were not compared.
    more: usize,
    /// The last of those that were found.
    last: Option<Sequence>,
}

impl CarrierAlert {
    fn by(radius: &Radius) -> Self {
        let by = radius.by.clone();
        Self { by, carriers: Vec::new(), found: 0, more: 0, last: None }
    }

    /// How many carry the text, those included that have left the window.
    pub fn total(&self) -> usize {
        self.found + self.more
    }

    /// How many of them are counted alone.
    pub fn unnamed(&self) -> usize {
        self.total() - self.carriers.len()
    }

    /// Takes in a carrier. The first by arrival are kept; a later one that was found before is not
    /// counted twice.
    fn add(&mut self, carrier: Carrier, bounds: &Settings) {
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

    /// Takes in how many more there may be after the last event of a search.
    fn add_more(&mut self, radius: &Radius) {
        if radius.part.is_none_or(|part| !part.goes_on()) {
            self.more = self.more.max(radius.more as usize);
        }
    }
}

/// What is said of carriers.
#[derive(Debug, Default)]
pub(super) struct CarrierReport {
    /// Radii; the place of what is withdrawn or corrected, where it is known.
    radii: Vec<(Option<Sequence>, Radius)>,
    /// Further carriers of what is known to be carried.
    carriers: Vec<(Sequence, Carrier)>,
}

impl CarrierReport {
    /// What a committed batch said.
    pub(super) fn by(events: &[Event]) -> Self {
        let radius = |event: &Event| match &event.what {
            EventKind::Withdrawn(radius) | EventKind::Corrected(radius) => {
                Some((None, Radius::clone(radius)))
            }
            _ => None,
        };
        Self { radii: events.iter().filter_map(radius).collect(), carriers: Vec::new() }
    }

    /// What the state answers: who carries the articles that are in `changed`, and of those in `came`
    /// that carry something, what they carry.
    pub(super) fn asked(
        state: &State,
        changed: &BTreeSet<Sequence>,
        came: Range<u64>,
        bounds: &Settings,
    ) -> Self {
        let most = bounds.carriers_max;
        let radius = |&target: &Sequence| Some((Some(target), state.carriers_of(target, most)?));
        let late = |flag: &String| flag == CARRIES_WITHDRAWN || flag == CARRIES_UNCORRECTED;
        let mut carriers = Vec::new();
        for sequence in came.map(Sequence) {
            let Some(entry) = state.article(sequence) else { continue };
            let verdict = &entry.decision.verdict;
            if !verdict.flags.iter().any(late) {
                continue;
            }
            let targets = verdict.targets().filter_map(|target| target.sequence);
            carriers.extend(targets.filter_map(|t| Some((t, state.carries(t, sequence)?))));
        }
        Self { radii: changed.iter().filter_map(radius).collect(), carriers }
    }

    /// What the state answers when nothing is known yet.
    pub(super) fn anew(state: &State, bounds: &Settings) -> Self {
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
    /// The carriers of an alert that still stand, and are live.
    pub fn standing<'a>(&'a self, alert: &'a CarrierAlert) -> impl Iterator<Item = &'a Carrier> {
        let stands = |carrier: &&Carrier| {
            let article = self.article(carrier.sequence);
            article.is_some_and(|article| article.entry.standing == Validity::Stands)
        };
        alert.carriers.iter().filter(stands)
    }

    /// Takes in what was said, or asked, of carriers.
    pub(super) fn hear(&mut self, said: CarrierReport, bounds: &Settings, marks: &mut StepChanges) {
        for (target, radius) in said.radii {
            let target = match target {
                Some(target) => Some(target),
                None => radius.of.as_ref().and_then(|of| self.of_key(of)).map(|(s, _)| s),
            };
            if let Some(target) = target {
                self.alarm(target, &radius, bounds, marks);
            }
        }
        for (target, carrier) in said.carriers {
            let Some(mut alert) = self.alerts.get(&target).cloned() else { continue };
            Arc::make_mut(&mut alert).add(carrier, bounds);
            self.alerts.insert(target, alert);
            marks.alarmed.insert(target);
        }
    }

    fn alarm(
        &mut self,
        target: Sequence,
        radius: &Radius,
        bounds: &Settings,
        marks: &mut StepChanges,
    ) {
        let Some(article) = self.article(target) else { return };
        if !matches!(article.entry.standing, Validity::Withdrawn | Validity::Uncorrected) {
            return;
        }
        let known = self.alerts.get(&target).map(|known| CarrierAlert::clone(known));
        let mut alert = known.unwrap_or_else(|| CarrierAlert::by(radius));
        alert.by = radius.by.clone();
        radius.carriers.iter().for_each(|carrier| alert.add(carrier.clone(), bounds));
        alert.add_more(radius);
        self.alerts.insert(target, Arc::new(alert));
        marks.alarmed.insert(target);
        while self.alerts.len() > bounds.alerts_max {
            metrics::BOUNDED.add([metrics::BY_ALERTS], 1);
            let oldest = self.alerts.get_min().map(|(oldest, _)| *oldest);
            oldest.and_then(|oldest| self.alerts.remove(&oldest));
        }
    }
}
