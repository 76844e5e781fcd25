//! The time limits of the admin server.

use std::time::Duration;

/// The server's time limits.
#[derive(Debug, Clone, Copy)]
pub struct ServerTimeouts {
    /// Time until the headers of a request must have arrived, counted from the start of the
    /// connection or from the previous response.
    pub headers_within: Duration,
    /// How long a client may go without reading what was written to the connection.
    pub taken_within: Duration,
    /// How long a request waits for its body, for a thread that compares texts, or for the
    /// pipeline.
    pub worked_within: Duration,
}

impl Default for ServerTimeouts {
    fn default() -> Self {
        Self {
            headers_within: Duration::from_secs(10),
            taken_within: Duration::from_secs(30),
            worked_within: Duration::from_secs(5),
        }
    }
}
