//! Boilerplate: text around an article that is not its own, such as datelines, sign-offs and
//! subscription notices.
//!
//! `listed` has phrases known in advance. [`learned`] keeps the pieces of text that were seen at the
//! edge of many unrelated articles of one provider.

pub mod learned;
pub(crate) mod listed;
