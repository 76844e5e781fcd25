//! Tests of daemon processes against a real Kafka broker, which `tests/broker/run` starts.
//!
//! Each test is a separate deployment on the shared broker: its topics and its group have a
//! separate prefix. At the end, Kafka's own client reads all records of the deployment, and a
//! [`checker`] that is independent of the daemon judges them.
//!
//! | modules | contents |
//! |---|---|
//! | `deployment`, `daemon`, `nodes`, `feed`, `progress` | building blocks of the tests |
//! | `outside`, `checker` | the independent client and the checker |
//! | `checked` | tests of the checker itself |
//! | `flow`, `telemetry`, `traces` | normal operation |
//! | `snippets` | the send and read examples in the documentation, run on a test deployment |
//! | `faults` | the process ends at each failpoint, or loses its transactions |
//! | `panics` | records that cause a panic, pipelines that panic, a suspended process |
//! | `commits`, `proxy` | lost or late commit responses, commits in the wrong transaction |
//! | `hanging` | a transaction that the coordinator has forgotten |
//! | `leases`, `shards` | several processes, several shards |
//! | `inputs`, `outputs`, `compaction` | topics in unusual or broken states |
//! | `crash` | brokers that are killed right after they acknowledged a commit |
//! | `reach`, `rights` | unreachable brokers, missing permissions |
//! | `cluster` | three brokers that are killed one at a time and all at once |
//! | `soak` | random faults for hours: `tests/broker/soak` |

#![expect(clippy::unwrap_used, reason = "a test fails at the line that cannot continue")]

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
