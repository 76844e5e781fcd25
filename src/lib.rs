//! Wirefold deduplicates and clusters a news wire. It finds every copy of every article, says what
//! each article is and on which evidence, and groups related articles into stories with stable ids.
//!
//! # The idea
//!
//! The daemon is a pure state machine with plumbing around it. The [engine](wirefold_engine) takes
//! one article and a time, changes its own state, and returns events and changed records. It cannot
//! wait, read a clock, log or draw random numbers. Everything that can lives in the [`daemon`],
//! which keeps one promise: the events of a batch and the state they came from are committed
//! together or not at all.
//!
//! # Data flow
//!
//! ```text
//! bytes -> decode -> text -> fingerprint -> Prepared                          stateless, in
//! parallel Prepared -> candidates -> verdict -> stories -> events and record changes   one writer,
//! pure
//!
//! input topic -> poll a batch -> prepare -> apply -> one transaction -> snapshot
//!                                                    |
//!                                                    +- events, stories, unique articles, rejects
//!                                                    +- state records and input positions
//! ```
//!
//! Imports go one way: `cli -> config -> daemon -> engine`. The engine is a package of its own, so
//! the compiler enforces that boundary; a test reads the sources and checks the others.
//!
//! # Invariants
//!
//! 1. The same input in the same order gives the same bytes, however it is batched, and wherever it
//!    is interrupted, restored and continued.
//! 2. State is a function of its records. A restore repeats no decision, so an upgrade never
//!    rewrites the past.
//! 3. Nothing is announced before it is committed. After a failure the broker says what is true,
//!    never memory.
//! 4. Everything is bounded: bytes, words, postings, candidates, members scored, live articles.
//!    Each bound has a defined outcome.
//! 5. Bad input is rejected in [decoding](wirefold_engine::decode) with a reason, and loses
//!    nothing: the original bytes go to the rejects topic.
//! 6. Every verdict carries its evidence. Whatever prints a verdict prints what the engine
//!    computed.
//!
//! # Reading order
//!
//! | module | contents |
//! |---|---|
//! | [`wirefold_engine::article`] | the terms of the news trade, as types |
//! | [`wirefold_engine::decode`] | from bytes to an article or a reject |
//! | [`wirefold_engine::text`] | the article's own text, and its words |
//! | [`wirefold_engine::fingerprint`] | SimHash, samples and trace: what is kept of a text |
//! | [`wirefold_engine::candidates`] | earlier articles that may share text with a new one |
//! | [`wirefold_engine::verdict`] | what an article is, relative to which, on which evidence |
//! | [`wirefold_engine::stories`] | the story an article belongs to |
//! | [`wirefold_engine::state`] | the state machine, its records, and the effects of withdrawals |
//! | [`daemon::publish`] | the published events |
//! | [`daemon::pipeline`] | the loop of one shard and its atomic unit |
//! | [`daemon::kafka`] | leases, transactions, restore |
//! | [`daemon::telemetry`] | logs, metrics, the watchdog, systemd |
//! | [`daemon::snapshot`] | the read model behind page and API |
//! | [`daemon::http`] | health, metrics, API and page |
//! | [`config`] | the settings, from three sources |
//! | [`cli`] | the commands |
//!
//! # Deliberately absent
//!
//! There is no consensus protocol and no local disk: Kafka elects, fences, replicates and stores.
//! There are no embeddings and no learned weights: verdicts are literal and can be explained. No
//! article text is kept in memory, only its fingerprint, its terms and its metadata.

pub mod cli;
pub mod config;
pub mod daemon;
