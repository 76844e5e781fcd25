//! Compares the rows of two runs.

use super::rows::{RunTotals, VerdictRow};
use crate::cli::summary::is_copy;
use serde::Serialize;
use std::collections::BTreeMap;
use wirefold_engine::verdict::Kind;

/// One value from each of the two runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct BothRuns {
    pub(super) before: u64,
    pub(super) after: u64,
}

/// Default for the maximum number of examples of each change.
pub(super) const EXAMPLES_DEFAULT: usize = 5;

/// How the result for an article differs between the two runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// The second run no longer forwards the article to the unique topic.
    HeldBack,
    /// Only the second run forwards the article to the unique topic.
    Forwarded,
    /// The kinds differ. Contains the kind in the first run and the kind in the second run.
    Kind(Kind, Kind),
    /// The kinds are equal, but the two runs relate the article to different earlier articles.
    Target,
    /// The article is in different stories, or is in a story in only one of the two runs.
    Story,
    /// Only the first run accepted the article.
    Lost,
    /// Only the second run accepted the article.
    Gained,
}

/// An article that changed, as classified by each of the two runs.
#[derive(Debug, Clone)]
pub(super) struct Example {
    pub(super) before: Option<VerdictRow>,
    pub(super) after: Option<VerdictRow>,
}

/// The articles to which one change applies.
#[derive(Debug, Default)]
pub(super) struct ChangeTally {
    pub(super) count: u64,
    /// The first of these articles.
    pub(super) examples: Vec<Example>,
}

/// Everything that differs between two runs.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// Maximum number of examples of each change.
    examples_max: usize,
    pub(super) articles: BothRuns,
    pub(super) copies: BothRuns,
    pub(super) forwarded: BothRuns,
    /// Number of articles to which any of the changes applies.
    pub(super) changed: u64,
    pub(super) changes: BTreeMap<Change, ChangeTally>,
    pub(super) totals: [RunTotals; 2],
}

impl BothRuns {
    fn add(&mut self, before: bool, after: bool) {
        self.before += u64::from(before);
        self.after += u64::from(after);
    }
}

impl Difference {
    /// Creates an empty comparison that keeps up to `examples_max` examples of each change.
    pub(super) fn new(examples_max: usize) -> Self {
        Self { examples_max, ..Self::default() }
    }

    /// Compares the rows of both runs, each in ascending order of position.
    pub(super) fn compare(
        &mut self,
        mut before: impl FnMut() -> Option<VerdictRow>,
        mut after: impl FnMut() -> Option<VerdictRow>,
    ) {
        let (mut left, mut right) = (before(), after());
        loop {
            let at = [&left, &right].map(|row| row.as_ref().map(|row| row.at));
            let first = at.into_iter().flatten().min();
            let Some(first) = first else { return };
            let take = |row: &mut Option<VerdictRow>,
                        next: &mut dyn FnMut() -> Option<VerdictRow>| {
                if row.as_ref().is_some_and(|row| row.at == first) {
                    std::mem::replace(row, next())
                } else {
                    None
                }
            };
            let pair = Example {
                before: take(&mut left, &mut before),
                after: take(&mut right, &mut after),
            };
            self.add(pair);
        }
    }

    /// Counts an article.
    fn add(&mut self, pair: Example) {
        let both = |is: fn(&VerdictRow) -> bool| {
            (pair.before.as_ref().is_some_and(is), pair.after.as_ref().is_some_and(is))
        };
        let (articles, copies) = (both(|_| true), both(|row| is_copy(row.kind)));
        let forwarded = both(|row| row.forwarded);
        self.articles.add(articles.0, articles.1);
        self.copies.add(copies.0, copies.1);
        self.forwarded.add(forwarded.0, forwarded.1);
        let changes = changes(&pair);
        self.changed += u64::from(!changes.is_empty());
        for change in changes {
            let tally = self.changes.entry(change).or_default();
            tally.count += 1;
            if tally.examples.len() < self.examples_max {
                tally.examples.push(pair.clone());
            }
        }
    }
}

/// The changes that apply to an article.
fn changes(pair: &Example) -> Vec<Change> {
    let (before, after) = match (&pair.before, &pair.after) {
        (Some(before), Some(after)) => (before, after),
        (Some(_), None) => return vec![Change::Lost],
        (None, Some(_)) => return vec![Change::Gained],
        (None, None) => return Vec::new(),
    };
    let story = |row: &VerdictRow| row.story.as_ref().map(|(id, _)| *id);
    let mut found = Vec::new();
    if before.kind != after.kind {
        found.push(Change::Kind(before.kind, after.kind));
    } else if before.of != after.of {
        found.push(Change::Target);
    }
    if before.forwarded != after.forwarded {
        found.push(if after.forwarded { Change::Forwarded } else { Change::HeldBack });
    }
    if story(before) != story(after) {
        found.push(Change::Story);
    }
    found
}
