//! The Kafka side: leases, input, changelog, transactions, topics.
//!
//! | room | does |
//! |---|---|
//! | [`client`] | client settings, and which of them belong to this system |
//! | `properties` | which side knows which setting |
//! | `connection`, `cause` | connects, or says why not |
//! | `rights`, `refusal` | which right is missing; why a record was not delivered |
//! | [`topics`] | what must exist, and how it is made |
//! | [`position_reader`] | single records of the input, for whoever wants an article's text |
//! | [`lease`] | group membership on the changelog: who owns which shard |
//! | [`cluster`] | a shard's [`Broker`](super::pipeline::broker::Broker) |
//! | `input`, `headers`, `changelog`, `writer` | its parts |
//!
//! Every call blocks, so all of it runs on threads of its own.

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
