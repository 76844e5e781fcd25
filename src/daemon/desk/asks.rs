//! Questions that only the pipeline can answer, as it alone has the state.
//!
//! In: a bounded channel of questions. Out: answers, between two batches. A question that finds the
//! channel full, or is not answered in time, is refused, so that nobody can make the pipeline wait:
//! it answers at most [`PER_PASS`] of them between two batches, and drops those that nobody waits for.

use crate::engine::article::{EventTime, Lang};
use crate::engine::prepare::Prepared;
use crate::engine::state::{Considered, State};
use crate::engine::story::{Terms, Together};
use crossbeam_channel::{Receiver, Sender, bounded};
use tokio::sync::oneshot;

/// Questions that may wait.
const WAITING_MAX: usize = 16;
/// Questions answered between two batches.
const PER_PASS: usize = 2;

/// A question, and where its answer goes.
#[derive(Debug)]
pub enum Ask {
    /// What would be said of an article?
    Consider(Box<Prepared>, oneshot::Sender<Considered>),
    /// Are two articles near enough for one story?
    Together(Box<Pair>, oneshot::Sender<(Together, usize)>),
}

/// Two articles to compare.
#[derive(Debug)]
pub struct Pair {
    /// The terms of both, and the times that they claim.
    pub sides: [(Terms, Option<EventTime>); 2],
    /// The language whose frequencies count.
    pub language: Option<Lang>,
}

/// Where questions of one shard go.
#[derive(Debug, Clone)]
pub struct Asks(Sender<Ask>);

/// Too many questions wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many questions wait")]
pub struct Busy;

/// A channel for questions.
pub(super) fn channel() -> (Asks, Receiver<Ask>) {
    let (sender, receiver) = bounded(WAITING_MAX);
    (Asks(sender), receiver)
}

impl Asks {
    /// Asks; never waits.
    ///
    /// # Errors
    /// When too many questions wait.
    pub fn ask(&self, ask: Ask) -> Result<(), Busy> {
        self.0.try_send(ask).map_err(|_| Busy)
    }
}

/// Answers some of the questions that wait.
pub fn answer(asked: &Receiver<Ask>, state: &mut State) {
    let mut left = PER_PASS;
    while left > 0
        && let Ok(ask) = asked.try_recv()
    {
        left -= usize::from(reply(ask, state));
    }
}

/// Refuses all questions that wait: the shard is another's.
pub fn refuse(asked: &Receiver<Ask>) {
    asked.try_iter().for_each(drop);
}

/// Answers one question; says whether somebody was there to hear.
fn reply(ask: Ask, state: &mut State) -> bool {
    match ask {
        Ask::Consider(new, answer) if !answer.is_closed() => {
            answer.send(state.consider(&new)).is_ok()
        }
        Ask::Together(pair, answer) if !answer.is_closed() => {
            let [(a, at), (b, bt)] = &pair.sides;
            let told = state.stories().together((a, *at), (b, *bt), pair.language);
            answer.send((told, state.live_articles())).is_ok()
        }
        Ask::Consider(..) | Ask::Together(..) => false,
    }
}
