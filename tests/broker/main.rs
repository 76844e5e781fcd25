//! Daemon processes against a real Kafka. `tests/broker/run` starts one and runs these.
//!
//! Every test is a deployment of its own on the same broker: topics and group with a prefix. What
//! was published is read back by kcat, another client, with read_committed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod deployment;
mod faults;
mod flow;
mod published;
mod shards;
mod telemetry;
