//! Effects: everything that the engine may not do.

pub mod contract;
