//! The integration tests: one binary, one module a boundary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod architecture;
mod broker;
mod config;
mod contract;
mod determinism;
mod feed;
mod mock;
mod pipeline;
mod scenario;
