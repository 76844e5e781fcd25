//! Wirefold folds a news wire: it finds every copy of every article, says what each one is and on
//! which evidence, and groups articles into stories whose ids last.
//!
//! # One idea
//!
//! The daemon is a pure state machine with plumbing. The [`engine`] takes one article and a time,
//! changes its own state, and returns events and changed records; it cannot wait, read a clock, log,
//! or roll dice. Everything that can lives in the [`daemon`], which keeps one promise: what the engine
//! said of a batch, and what it remembers of it, are committed together or not at all.
//!
//! # How data flows
//!
//! ```text
//!            bytes ── wire ── text ── fingerprint ── Prepared            no state, in parallel
//! Prepared ── index ── relation ── story ── Events and Changes           one writer, pure
//!
//! input topic ── poll a batch ── prepare ── apply ── one transaction ── read view
//!                                                    │ events, stories, unique feed, rejects
//!                                                    └ state records and input positions
//! ```
//!
//! Imports go one way, `cli -> config -> daemon -> engine`; a test reads the sources and holds them to
//! that drawing.
//!
//! # What always holds
//!
//! 1. The same input in the same order gives the same bytes, however it is batched, and wherever it is
//!    cut, restored and continued.
//! 2. State is a function of its records. A restore takes no decision again, so that an upgrade never
//!    rewrites the past.
//! 3. Nothing is announced before it is committed. After trouble the broker says what is true, never
//!    memory.
//! 4. Everything is bounded: bytes, words, postings, candidates, members scored, live articles. A bound
//!    is a setting, and it has a defined outcome.
//! 5. Bad input dies in [`engine::wire`], with a reason, and loses nothing: its untouched bytes go to
//!    the rejects.
//! 6. Every verdict carries its evidence; whoever prints one prints what the engine computed.
//!
//! # Reading order
//!
//! | read | to learn |
//! |---|---|
//! | [`engine::article`] | the words of the trade, as types |
//! | [`engine::wire`] | how bytes become an article, or a reject |
//! | [`engine::text`] | what of a body is the article's own, and what a word is |
//! | [`engine::fingerprint`] | SimHash, samples and trace: what is kept of a text |
//! | [`engine::index`] | which earlier articles may share text with a new one |
//! | [`engine::relation`] | what an article is, of what, on which evidence |
//! | [`engine::story`] | which story it belongs to |
//! | [`engine::state`] | the state machine, its records, and what a verdict does to earlier articles |
//! | [`daemon::contract`] | what is published |
//! | [`daemon::pipeline`] | the loop and its atomic unit |
//! | [`daemon::kafka`] | leases, transactions, restore |
//! | [`daemon::teller`], [`daemon::metrics`], [`daemon::view`] | what is told of all that: logs, metrics, read views |
//! | [`daemon::admin`] | health, metrics and status over HTTP |
//! | [`daemon::notify`] | the same for a service manager |
//! | [`config`] | every setting, from three sources |
//! | [`cli`] | the commands |
//!
//! # What is absent, on purpose
//!
//! No consensus of its own and no local disk: Kafka elects, fences, replicates and remembers. No
//! embeddings and no learned weights: verdicts are literal, and can be explained. No text in memory:
//! what is kept of an article is its fingerprint, its terms and its metadata.

pub mod cli;
pub mod config;
pub mod daemon;
pub mod engine;
