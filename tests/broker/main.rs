//! Daemon processes against a real Kafka. `tests/broker/run` starts one and runs these.
//!
//! Every test is a deployment of its own on the same broker: topics and group with a prefix. What it
//! left there is read by another client and judged by a [`checker`] that is not the daemon.
//!
//! | room | holds |
//! |---|---|
//! | `deployment`, `daemon`, `nodes`, `feed`, `progress` | what a test is made of |
//! | `outside`, `checker` | who judges it |
//! | `checked` | the checker's own tests |
//! | `flow`, `telemetry`, `traces` | what happens when nothing goes wrong |
//! | `snippets` | what the README shows of sending and reading, run as it stands there |
//! | `faults` | the process ends at every point, or loses its transactions |
//! | `panics` | records that panic, pipelines that panic, a process that was suspended |
//! | `commits`, `proxy` | answers to commits are lost, late, or come in the wrong transaction |
//! | `hanging` | a transaction that the coordinator has forgotten |
//! | `leases`, `shards` | several processes, several shards |
//! | `inputs`, `outputs`, `compaction` | topics that are not as one would wish |
//! | `crash` | brokers killed right after they have acknowledged a commit |
//! | `reach`, `rights` | brokers that cannot be reached, or that refuse |
//! | `cluster` | three brokers that die |
//! | `soak` | all of it for hours: `tests/broker/soak` |

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod checked;
mod checker;
mod cluster;
mod commits;
mod compaction;
mod crash;
mod daemon;
mod deployment;
mod faults;
mod feed;
mod flow;
mod hanging;
mod inputs;
mod leases;
mod nodes;
mod outputs;
mod outside;
mod panics;
mod progress;
mod proxy;
mod reach;
mod rights;
mod shards;
mod snippets;
mod soak;
mod telemetry;
#[cfg(feature = "otlp")]
mod traces;
