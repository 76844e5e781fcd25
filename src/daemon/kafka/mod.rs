//! The Kafka side: leases, input, changelog, transactions, topics.
//!
//! | room | does |
//! |---|---|
//! | [`client`] | client settings, and which of them belong to this system |
//! | [`topics`] | what must exist, and how it is made |
//! | [`lease`] | group membership on the changelog: who owns which shard |
//! | [`cluster`] | a shard's [`Broker`](super::pipeline::broker::Broker) |
//! | `input`, `changelog`, `writer` | its three parts |
//! | [`watchdog`] | ends the process when a blocking call outlives its own time-out |
//!
//! Every call blocks, so all of it runs on threads of its own.

mod changelog;
pub mod client;
pub mod cluster;
mod input;
pub mod lease;
pub mod topics;
pub mod watchdog;
mod writer;
