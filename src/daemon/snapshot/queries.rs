//! Queries that only the pipeline can answer, because only it has the state.
//!
//! Input: a bounded queue of queries. Output: answers, given between two batches. Queries cannot
//! delay the pipeline: a query is refused if the queue is full, and the pipeline answers at most
//! `PER_PASS` queries between two batches. A caller stops waiting after a time limit, and the
//! pipeline then drops the query.

use super::{SnapshotArticle, delta};
use crate::daemon::telemetry::metrics;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::oneshot;
use wirefold_engine::article::{EventTime, Lang, Sequence};
use wirefold_engine::fingerprint::SimHash;
use wirefold_engine::prepare::Prepared;
use wirefold_engine::state::{Prediction, State};
use wirefold_engine::stories::{PairScore, Terms};

/// Number of queries answered between two batches.
const PER_PASS: usize = 2;

/// A query, with the channel for its answer.
#[derive(Debug)]
pub enum Query {
    /// What would the verdict on this article be?
    Consider(Box<Prepared>, oneshot::Sender<Prediction>),
    /// How similar are these two articles, for grouping them into stories? The answer includes the
    /// number of articles from which the term frequencies were computed.
    Together(Box<ArticlePair>, oneshot::Sender<(PairScore, usize)>),
    /// Which live articles have nearly this SimHash?
    Similar(SimilarityQuery, oneshot::Sender<SimilarArticles>),
}

/// A query for the articles near a SimHash.
#[derive(Debug, Clone, Copy)]
pub struct SimilarityQuery {
    /// The SimHash.
    pub hash: SimHash,
    /// Maximum number of bits that may differ.
    pub distance: u32,
    /// An article to leave out.
    pub except: Option<Sequence>,
    /// Maximum number of articles to return.
    pub most: usize,
}

/// The articles near a SimHash.
#[derive(Debug)]
pub struct SimilarArticles {
    /// The nearest articles, sorted by distance. At the same distance, the oldest comes first.
    pub nearest: Vec<SimilarArticle>,
    /// Number of articles found, including those that are not returned.
    pub total: usize,
    /// Whether all live articles were searched.
    pub complete: bool,
}

/// An article near a SimHash.
#[derive(Debug)]
pub struct SimilarArticle {
    /// The article's sequence number.
    pub sequence: Sequence,
    /// Number of bits in which its SimHash differs from the given one.
    pub distance: u32,
    /// The article.
    pub article: SnapshotArticle,
}

/// Two articles to compare for story similarity.
#[derive(Debug)]
pub struct ArticlePair {
    /// The terms and the claimed time of each article.
    pub sides: [(Terms, Option<EventTime>); 2],
    /// The language whose term frequencies are used.
    pub language: Option<Lang>,
}

/// The queue of queries about one shard.
#[derive(Debug)]
pub struct Queries {
    /// Queues a query.
    sender: Sender<Query>,
    /// Takes queries from the queue.
    receiver: Receiver<Query>,
    /// Whether queries are accepted.
    open: AtomicBool,
}

/// The reason a query was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueryRefused {
    /// The queue is full.
    #[error("too many requests are waiting for the pipeline; try again later")]
    Busy,
    /// This instance runs no pipeline for the shard.
    #[error("this instance is not processing the shard; try another instance")]
    NotOwner,
}

impl Queries {
    /// A closed queue for at most `waiting_max` queries.
    pub(super) fn new(waiting_max: usize) -> Self {
        let (sender, receiver) = bounded(waiting_max);
        Self { sender, receiver, open: AtomicBool::new(false) }
    }

    /// Queues a query; never blocks.
    pub(super) fn ask(&self, ask: Query) -> Result<(), QueryRefused> {
        match self.open.load(Ordering::SeqCst) {
            true => self.sender.try_send(ask).map_err(|_| {
                metrics::BOUNDED.add([metrics::BY_QUESTIONS], 1);
                QueryRefused::Busy
            }),
            false => Err(QueryRefused::NotOwner),
        }
    }

    /// Starts accepting queries.
    pub(super) fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
    }

    /// Stops accepting queries, and drops those in the queue.
    pub(super) fn close(&self) {
        self.open.store(false, Ordering::SeqCst);
        self.receiver.try_iter().for_each(drop);
    }

    /// Answers some of the waiting queries. Returns whether any were answered.
    pub(super) fn answer(&self, state: &mut State) -> bool {
        let mut remaining = PER_PASS;
        while remaining > 0
            && let Ok(ask) = self.receiver.try_recv()
        {
            remaining -= usize::from(reply(ask, state));
        }
        remaining < PER_PASS
    }
}

/// Answers one query. Returns whether the caller was still waiting.
fn reply(ask: Query, state: &mut State) -> bool {
    match ask {
        Query::Consider(new, answer) if !answer.is_closed() => {
            answer.send(state.predict(&new)).is_ok()
        }
        Query::Together(pair, answer) if !answer.is_closed() => {
            let [(a, at), (b, bt)] = &pair.sides;
            let score = state.stories().compare((a, *at), (b, *bt), pair.language);
            answer.send((score, state.live_articles())).is_ok()
        }
        Query::Similar(query, answer) if !answer.is_closed() => {
            answer.send(similar(query, state)).is_ok()
        }
        Query::Consider(..) | Query::Together(..) | Query::Similar(..) => false,
    }
}

/// Answers a [`SimilarityQuery`].
fn similar(query: SimilarityQuery, state: &State) -> SimilarArticles {
    let mut near = state.similar(query.hash, query.distance);
    near.articles.retain(|near| Some(near.sequence) != query.except);
    let nearest = near.articles.iter().take(query.most).filter_map(|near| {
        let article = delta::article(state, near.sequence)?;
        Some(SimilarArticle { sequence: near.sequence, distance: near.distance, article })
    });
    SimilarArticles {
        nearest: nearest.collect(),
        total: near.articles.len(),
        complete: near.complete,
    }
}
