//! What bounds the views that the page and the API answer from.

use serde::{Deserialize, Serialize};

/// Bounds of the views. What a bound keeps out or lets go is counted by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Changes that are kept for pages that come back; who asks for older ones loads anew.
    pub changes_kept: usize,
    /// Events that are kept for programs that follow; older ones show as a gap.
    pub events_kept: usize,
    /// The most bytes of those events; older ones show as a gap.
    pub events_bytes_max: usize,
    /// Events of a shard that are taken in for followers, a second on average, twice as many at once; a
    /// backlog that is read faster shows as a gap.
    pub events_per_second: u32,
    /// Withdrawn or corrected articles whose carriers are known; the oldest are forgotten first.
    pub alerts_max: usize,
    /// Carriers of one such article that are named; further ones are counted.
    pub carriers_max: usize,
    /// Questions that may wait for the pipeline; further ones are refused.
    pub questions_max: usize,
    /// Texts that may wait to be read from the input topic; further ones are refused.
    pub texts_waiting_max: usize,
    /// The most bytes of input records that are kept for their text, those read longest ago leaving first.
    pub texts_bytes_max: usize,
    /// Commits that may wait to be shown; where more do, all is taken anew.
    pub steps_max: usize,
}

impl Default for Settings {
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

impl Settings {
    /// Whether the settings hold together.
    ///
    /// # Errors
    /// The name of the bound that does not, and why.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let all = [
            ("changes_kept", self.changes_kept),
            ("events_kept", self.events_kept),
            ("events_bytes_max", self.events_bytes_max),
            ("events_per_second", self.events_per_second as usize),
            ("alerts_max", self.alerts_max),
            ("carriers_max", self.carriers_max),
            ("questions_max", self.questions_max),
            ("texts_waiting_max", self.texts_waiting_max),
            ("texts_bytes_max", self.texts_bytes_max),
            ("steps_max", self.steps_max),
        ];
        match all.into_iter().find(|(_, bound)| *bound == 0) {
            Some((name, _)) => Err((name, "must be above zero")),
            None => Ok(()),
        }
    }
}
