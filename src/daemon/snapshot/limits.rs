//! Limits of the snapshots that the page and the API read.

/// Limits of the snapshots. Everything refused or dropped because of a limit is counted under the
/// name of the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Number of changes kept for pages that reconnect. A page that missed older changes reloads.
    pub changes_kept: usize,
    /// Number of events kept for programs that follow the stream. Older events show as a gap.
    pub events_kept: usize,
    /// Bytes of events kept. Older events show as a gap.
    pub events_bytes_max: usize,
    /// Number of events of a shard kept per second on average, with bursts of up to twice as many.
    /// Further events, for instance while a backlog is processed, are left out and show as a gap.
    pub events_per_second: u32,
    /// Number of withdrawn or corrected articles with an alert. The oldest are dropped first.
    pub alerts_max: usize,
    /// Number of carriers listed per alert. Further carriers are only counted.
    pub carriers_max: usize,
    /// Number of queries waiting for the pipeline. Further queries are refused.
    pub questions_max: usize,
    /// Number of texts waiting to be read from the input topic. Further requests are refused.
    pub texts_waiting_max: usize,
    /// Bytes of input records cached for their text. The least recently used are dropped first.
    pub texts_bytes_max: usize,
    /// Number of deltas waiting for the snapshot thread. Beyond this number, deltas are dropped and
    /// the whole state is read again.
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
