//! Wirefold deduplicates and clusters a news wire. It finds every copy of every article, classifies
//! each article and shows the evidence, and groups related articles into stories with stable ids.
//!
//! # The idea
//!
//! The engine is a pure state machine, and the daemon does its input and output. The
//! [engine](wirefold_engine) takes one article and a time, changes its state, and returns events
//! and changed records. It cannot wait, read a clock, log or draw random numbers. All code that
//! does any of these things is in the [`daemon`], which guarantees that the events of a batch and
//! the state they came from are either committed together or not at all.
//!
//! # Data flow
//!
//! ```text
//! bytes -> decode -> text -> fingerprint -> Prepared                        stateless, in parallel
//! Prepared -> candidates -> verdict -> stories -> events and record changes   one writer, pure
//!
//! input topic -> poll a batch -> prepare -> apply -> one transaction -> snapshot
//!                                                    |
//!                                                    +- events, stories, unique articles, rejects
//!                                                    +- state records and input positions
//! ```
//!
//! Modules may import only in this direction: `cli -> config -> daemon -> engine`. The engine is a
//! separate package, so the compiler enforces this for the engine. A test reads the sources and
//! checks the other modules.
//!
//! # Invariants
//!
//! 1. The same input in the same order gives the same output bytes, however the input is batched,
//!    and wherever processing is interrupted, restored and continued.
//! 2. The state is a function of its records. A restore repeats no decision, so an upgrade never
//!    changes past decisions.
//! 3. Nothing is published before it is committed. After a failure, the broker's data is
//!    authoritative, never the data in memory.
//! 4. Everything is bounded: bytes, words, postings, candidates, scored members, live articles. For
//!    each bound, the behaviour when it is reached is defined.
//! 5. Bad input is rejected during [decoding](wirefold_engine::decode) with a reason. Nothing is
//!    lost: the original bytes go to the rejects topic.
//! 6. Every verdict includes its evidence. All code that prints a verdict prints what the engine
//!    computed.
//!
//! # Reading order
//!
//! | module | contents |
//! |---|---|
//! | [`wirefold_engine::article`] | the terms of the news trade, as types |
//! | [`wirefold_engine::decode`] | converts bytes to an article or a reject |
//! | [`wirefold_engine::text`] | the article's own text, and its words |
//! | [`wirefold_engine::fingerprint`] | SimHash, samples and trace: what is stored of a text |
//! | [`wirefold_engine::candidates`] | earlier articles that may share text with a new one |
//! | [`wirefold_engine::verdict`] | the relation of an article to earlier ones, with the evidence |
//! | [`wirefold_engine::stories`] | the story an article belongs to |
//! | [`wirefold_engine::state`] | the state machine, its records, and the effects of withdrawals |
//! | [`daemon::publish`] | the published events |
//! | [`daemon::pipeline`] | the processing loop of one shard, batch by batch |
//! | [`daemon::kafka`] | leases, transactions, restore |
//! | [`daemon::telemetry`] | logs, metrics, the watchdog, notifications to systemd |
//! | [`daemon::snapshot`] | the read model behind the page and the API |
//! | [`daemon::http`] | health checks, metrics, the API and the page |
//! | [`config`] | the settings, read from three sources |
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
