//! Effects: everything that the engine may not do.
//!
//! ```text
//! kafka::lease  -- Wake -->  pipeline  -- Broker -->  kafka: input, changelog, writer
//! ```
//!
//! The pipeline owns the engine's state and talks to a broker through the small traits of
//! [`pipeline::broker`]; [`kafka`] implements them, and tests implement them in memory.

pub mod admin;
pub mod contract;
pub mod kafka;
pub mod pipeline;
pub mod run;
