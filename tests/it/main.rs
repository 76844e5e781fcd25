//! The integration tests: one binary, one module a boundary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod admin;
mod api;
mod architecture;
mod bounds;
mod broker;
mod carriers;
mod chains;
mod config;
mod contract;
mod demo;
mod deploy;
mod desk;
mod determinism;
mod docs;
mod explain;
mod feed;
mod furniture;
mod guard;
mod held;
mod memory;
mod metrics;
mod mock;
mod notify;
mod page;
mod pipeline;
mod records;
mod rig;
mod sample;
mod scenario;
mod script;
mod seeds;
mod shards;
mod standby;
mod stdout;
mod stories;
mod stream;
mod wire_agencies;
mod wire_feed;
mod wire_json;
mod wire_xml;
mod withdrawals;
