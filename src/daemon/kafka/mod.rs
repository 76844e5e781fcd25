//! Kafka access: leases, input, changelog, transactions and topics.
//!
//! | module | purpose |
//! |---|---|
//! | [`client`] | librdkafka configuration of each client |
//! | `properties` | which properties only producers or only consumers know |
//! | `connection`, `cause` | connects to the brokers, and explains failures |
//! | `rights` | checks ACLs at startup and names the missing one |
//! | `refusal`, `delivery_reports` | the reasons for failed deliveries |
//! | [`topics`] | creates missing topics and checks existing ones |
//! | [`position_reader`] | reads single input records by position, to fetch an article's text |
//! | [`lease`] | consumer group membership on the changelog: which instance owns which shard |
//! | [`cluster`] | the [`Broker`](super::pipeline::broker::Broker) of one shard |
//! | `input`, `headers`, `changelog`, `writer`, `written` | the parts of `cluster` |
//!
//! Every call blocks, so none of this runs on async threads.

mod cause;
mod changelog;
pub mod client;
pub mod cluster;
mod connection;
mod delivery_reports;
mod headers;
mod input;
pub mod lease;
pub mod position_reader;
mod properties;
mod refusal;
mod rights;
pub mod topics;
mod writer;
mod written;
