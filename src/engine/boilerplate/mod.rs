//! Boilerplate: text around an article that is not its own, such as datelines, sign-offs and
//! subscription notices.
//!
//! `listed` holds phrases known in advance. [`learned`] holds the edge pieces learned from
//! unrelated articles that carry them.

pub mod learned;
pub(crate) mod listed;
