//! Wirefold folds a news wire.

pub mod engine;
