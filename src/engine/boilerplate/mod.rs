//! Boilerplate: text at the edges of an article that does not belong to its report, such as
//! datelines, sign-offs and subscription notices.
//!
//! `listed` holds phrases known in advance. [`learned`] holds the edge pieces learned from
//! unrelated articles that carry them.

pub mod learned;
pub(crate) mod listed;
