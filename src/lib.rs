//! Wirefold folds a news wire.

pub mod cli;
pub mod config;
pub mod daemon;
pub mod engine;
