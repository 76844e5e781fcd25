//! Handles records that are too large for their topic: they are rejected while a batch is applied,
//! or are the reason the batch cannot be written.
//!
//! In: the records of a batch and the limits of the topics. Out: the records; if one is too large,
//! a reject in its place, or the reason why the batch fails.

use super::TooLarge;
use super::batch::{ApplyError, Batch, BatchContext};
use super::broker::{Limits, OutputRecord, Role};
use super::record::{self, END, ENDS, PLAN, POSITION, RESETS, SHAPE};

/// Checks that every record of a batch fits its topic.
pub(super) fn check_sizes(batch: &Batch, with: BatchContext<'_>) -> Result<(), ApplyError> {
    let all = batch.plan.iter().chain(&batch.outputs).chain(&batch.changelog).chain(&batch.end);
    let large = all.filter(|r| r.bytes() > with.limits.of(r.role));
    let Some(large) = large.max_by_key(|r| (r.role == Role::State, r.bytes())) else {
        return Ok(());
    };
    let why = too_large_message(large, with.limits);
    let key = std::str::from_utf8(large.key.as_deref().unwrap_or_default()).unwrap_or_default();
    let shell = [PLAN, END, POSITION, SHAPE, ENDS, RESETS].contains(&key)
        || key.starts_with(record::JOURNAL);
    if large.role == Role::State && !shell && with.too_large == TooLarge::Reject {
        return Err(ApplyError::Batch(why.into()));
    }
    let or = if shell { "" } else { ", or set `output.too_large` to `reject`" };
    Err(ApplyError::Stop(format!("{why}: raise `max.message.bytes` of the topic{or}").into()))
}

/// The message about a record that is too large.
pub(super) fn too_large_message(large: &OutputRecord, limits: Limits) -> String {
    let topic = match large.role {
        Role::Events => "events",
        Role::Stories => "stories",
        Role::Unique => "unique",
        Role::Rejected => "rejected",
        Role::State => "state",
    };
    let (bytes, limit) = (large.bytes(), limits.of(large.role));
    format!(
        "a record of {bytes} bytes exceeds the limit of {limit} bytes of the topic in \
         `output.{topic}`"
    )
}
