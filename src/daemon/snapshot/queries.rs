//! Questions that only the pipeline can answer, as it alone has the state.
//!
//! In: a bounded channel of questions. Out: answers, between two batches. A question that finds the
//! channel full, or is not answered in time, is refused, so that nobody can make the pipeline wait:
//! it answers at most `PER_PASS` of them between two batches, and drops those that nobody waits for.

use crate::daemon::telemetry::metrics;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::oneshot;
use wirefold_engine::article::{EventTime, Lang};
use wirefold_engine::prepare::Prepared;
use wirefold_engine::state::{Prediction, State};
use wirefold_engine::stories::{PairScore, Terms};

/// Questions answered between two batches.
const PER_PASS: usize = 2;

/// A question, and where its answer goes.
#[derive(Debug)]
pub enum Query {
    /// What would be said of an article?
    Consider(Box<Prepared>, oneshot::Sender<Prediction>),
    /// Are two articles near enough for one story?
    Together(Box<ArticlePair>, oneshot::Sender<(PairScore, usize)>),
}

/// Two articles to compare.
#[derive(Debug)]
pub struct ArticlePair {
    /// The terms of both, and the times that they claim.
    pub sides: [(Terms, Option<EventTime>); 2],
    /// The language whose frequencies count.
    pub language: Option<Lang>,
}

/// Questions about one shard.
#[derive(Debug)]
pub struct Queries {
    sender: Sender<Query>,
    asked: Receiver<Query>,
    open: AtomicBool,
}

/// Why a question is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueryRefused {
    /// Too many wait.
    #[error("too many questions wait for the pipeline")]
    Busy,
    /// No pipeline works on the shard here.
    #[error("no pipeline works on this shard here")]
    Nobody,
}

impl Queries {
    /// A channel that takes nothing yet, for so many questions.
    pub(super) fn new(waiting_max: usize) -> Self {
        let (sender, asked) = bounded(waiting_max);
        Self { sender, asked, open: AtomicBool::new(false) }
    }

    /// Asks; never waits.
    pub(super) fn ask(&self, ask: Query) -> Result<(), QueryRefused> {
        match self.open.load(Ordering::SeqCst) {
            true => self.sender.try_send(ask).map_err(|_| {
                metrics::BOUNDED.add([metrics::BY_QUESTIONS], 1);
                QueryRefused::Busy
            }),
            false => Err(QueryRefused::Nobody),
        }
    }

    /// From now on questions are taken.
    pub(super) fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
    }

    /// From now on questions are refused; so are those that wait.
    pub(super) fn close(&self) {
        self.open.store(false, Ordering::SeqCst);
        self.asked.try_iter().for_each(drop);
    }

    /// Answers some of the questions that wait; says whether there were any.
    pub(super) fn answer(&self, state: &mut State) -> bool {
        let mut left = PER_PASS;
        while left > 0
            && let Ok(ask) = self.asked.try_recv()
        {
            left -= usize::from(reply(ask, state));
        }
        left < PER_PASS
    }
}

/// Answers one question; says whether somebody was there to hear.
fn reply(ask: Query, state: &mut State) -> bool {
    match ask {
        Query::Consider(new, answer) if !answer.is_closed() => {
            answer.send(state.consider(&new)).is_ok()
        }
        Query::Together(pair, answer) if !answer.is_closed() => {
            let [(a, at), (b, bt)] = &pair.sides;
            let told = state.stories().together((a, *at), (b, *bt), pair.language);
            answer.send((told, state.live_articles())).is_ok()
        }
        Query::Consider(..) | Query::Together(..) => false,
    }
}
