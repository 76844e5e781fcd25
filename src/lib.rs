//! Wirefold folds a news wire.
