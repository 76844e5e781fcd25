//! Where the admin server listens, and who may ask.

use crate::daemon::snapshot;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Settings of the admin server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The address and port; empty for none. Any address but loopback needs `token_file`.
    pub listen: String,
    /// A file that holds the token which requests must carry as `Authorization: Bearer`, health
    /// excepted; empty for none.
    pub token_file: PathBuf,
    /// Whether the page and the API over stories and articles are served. Their read views share the
    /// engine's own memory, and cost some 850 bytes a live article beside it.
    pub page: bool,
    /// The most connections at once. Further ones may ask for `/livez` and `/readyz` alone; anything
    /// else is refused.
    pub connections_max: u16,
    /// The most clients that follow changes or events at once, each on a connection of its own;
    /// further ones are refused.
    pub streams_max: u16,
    /// The threads that prepare and compare texts for the page and the API, one request each; further
    /// requests wait, and are refused when that takes too long.
    pub workers_max: u8,
    /// Bounds of the views that the page and the API answer from.
    pub views: snapshot::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:9464".into(),
            token_file: PathBuf::new(),
            page: true,
            connections_max: 512,
            streams_max: 256,
            workers_max: 2,
            views: snapshot::Settings::default(),
        }
    }
}

impl Settings {
    /// The address; `None` for no server.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.parse().ok()
    }

    /// Whether the settings hold together.
    ///
    /// # Errors
    /// The key that does not, and why.
    pub fn check(&self) -> Result<(), (String, String)> {
        let wrong = |name: &str, why: &str| Err((format!("http.{name}"), why.to_owned()));
        let bounds = self.views.check();
        bounds.map_err(|(name, why)| (format!("http.views.{name}"), why.to_owned()))?;
        match self.address() {
            _ if self.workers_max == 0 => wrong("workers_max", "must be above zero"),
            _ if self.connections_max <= self.streams_max => wrong(
                "connections_max",
                "must be above `http.streams_max`, which would take them all",
            ),
            _ if self.listen.is_empty() => Ok(()),
            None => wrong("listen", "is no address and port such as `127.0.0.1:9464`"),
            Some(address)
                if !address.ip().is_loopback() && self.token_file.as_os_str().is_empty() =>
            {
                wrong("listen", "an address other than loopback needs `http.token_file`")
            }
            Some(_) => Ok(()),
        }
    }
}
