//! The changes that one delta made to a snapshot.

use std::collections::BTreeSet;
use wirefold_engine::article::Sequence;
use wirefold_engine::stories::StoryId;

/// The changes of one delta.
#[derive(Debug, Default)]
pub(super) struct AppliedChanges {
    /// Whether the delta replaced the whole snapshot.
    pub(super) everything: bool,
    /// Stories that changed or are new.
    pub(super) stories: BTreeSet<StoryId>,
    /// Stories that ended.
    pub(super) gone: BTreeSet<StoryId>,
    /// Articles whose carriers changed.
    pub(super) alerts_changed: BTreeSet<Sequence>,
    /// Whether the validity of some article changed.
    pub(super) validity_changed: bool,
    /// Number of articles that arrived.
    pub(super) articles: u64,
    /// Whether the queue of items that need action may have changed.
    pub(super) queue: bool,
}
