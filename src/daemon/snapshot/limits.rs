//! Limits of the snapshots that the page and the API read.

/// Limits of the snapshots. Whatever a limit refuses or drops is counted under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Number of changes kept for pages that reconnect. A page that missed older ones reloads.
    pub changes_kept: usize,
    /// Number of events kept for programs that follow; older ones show as a gap.
    pub events_kept: usize,
    /// Bytes of events kept; older ones show as a gap.
    pub events_bytes_max: usize,
    /// Events of a shard accepted per second on average, with bursts of up to twice as many. Events
    /// beyond that, for instance while a backlog is processed, show as a gap.
    pub events_per_second: u32,
    /// Number of withdrawn or corrected articles with an alert; the oldest are dropped first.
    pub alerts_max: usize,
    /// Number of carriers listed per alert; further ones are only counted.
    pub carriers_max: usize,
    /// Number of queries waiting for the pipeline; further ones are refused.
    pub questions_max: usize,
    /// Number of texts waiting to be read from the input topic; further ones are refused.
    pub texts_waiting_max: usize,
    /// Bytes of input records cached for their text; the least recently used are dropped first.
    pub texts_bytes_max: usize,
    /// Number of deltas waiting for the snapshot thread. Beyond it, they are dropped and the whole
    /// state is read again.
    pub steps_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            changes_kept: 4_096,
            events_kept: 4_096,
            events_bytes_max: 8 << 20,
            events_per_second: 200,
            alerts_max: 1_000,
            carriers_max: 500,
            questions_max: 16,
            texts_waiting_max: 32,
            texts_bytes_max: 32 << 20,
            steps_max: 64,
        }
    }
}
