//! Questions that only the pipeline can answer, as it alone has the state.
//!
//! In: a bounded channel of questions. Out: answers, between two batches. A question that finds the
//! channel full, or is not answered in time, is refused, so that nobody can make the pipeline wait:
//! it answers at most [`PER_PASS`] of them between two batches, and drops those that nobody waits for.

use crate::daemon::metrics;
use crate::engine::article::{EventTime, Lang};
use crate::engine::prepare::Prepared;
use crate::engine::state::{Considered, State};
use crate::engine::story::{Terms, Together};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::oneshot;

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

/// Questions about one shard.
#[derive(Debug)]
pub struct Asks {
    sender: Sender<Ask>,
    asked: Receiver<Ask>,
    open: AtomicBool,
}

/// Why a question is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too many wait.
    #[error("too many questions wait for the pipeline")]
    Busy,
    /// No pipeline works on the shard here.
    #[error("no pipeline works on this shard here")]
    Nobody,
}

impl Asks {
    /// A channel that takes nothing yet, for so many questions.
    pub(super) fn new(waiting_max: usize) -> Self {
        let (sender, asked) = bounded(waiting_max);
        Self { sender, asked, open: AtomicBool::new(false) }
    }

    /// Asks; never waits.
    pub(super) fn ask(&self, ask: Ask) -> Result<(), Refused> {
        match self.open.load(Ordering::SeqCst) {
            true => self.sender.try_send(ask).map_err(|_| {
                metrics::BOUNDED.add([metrics::BY_QUESTIONS], 1);
                Refused::Busy
            }),
            false => Err(Refused::Nobody),
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
