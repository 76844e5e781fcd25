//! Settings of the admin server: its address, its access control, and its limits.

use crate::daemon::snapshot;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// The HTTP server: health, metrics, API and page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The address and port to listen on; empty to disable the server. Any address other than
    /// loopback needs `token_file`.
    pub listen: String,
    /// A file with the token that requests must send as `Authorization: Bearer TOKEN`; empty for no
    /// token. Health checks need no token.
    pub token_file: PathBuf,
    /// Whether to serve the page and the API for stories and articles. They take about 850 bytes of
    /// memory per live article.
    pub page: bool,
    /// The path under which a proxy forwards requests, such as `/wirefold`; empty for the root.
    /// Requests without this path are answered too, so that health checks do not need it.
    pub path: String,
    /// Constants that only tests change.
    #[serde(skip)]
    pub tuning: Tuning,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:9464".into(),
            token_file: PathBuf::new(),
            page: true,
            path: String::new(),
            tuning: Tuning::default(),
        }
    }
}

/// Limits of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuning {
    /// Maximum number of open connections. Connections beyond it may only request `/livez` and
    /// `/readyz`; any other request is refused. Must be more than `streams_max`.
    pub connections_max: u16,
    /// Maximum number of clients that follow changes or events, each on a separate connection.
    /// Further clients are refused.
    pub streams_max: u16,
    /// Number of threads that prepare and compare texts for the page and the API. Each thread works
    /// on one request. Further requests wait, and are refused if they have to wait too long.
    pub workers_max: u8,
    /// Limits of the snapshots from which the page and the API are served.
    pub snapshot: snapshot::Limits,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            connections_max: 512,
            streams_max: 256,
            workers_max: 2,
            snapshot: snapshot::Limits::default(),
        }
    }
}

impl Settings {
    /// The address to listen on; `None` if there is no server.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.parse().ok()
    }

    /// Checks settings that depend on each other.
    ///
    /// # Errors
    /// Returns the invalid key, and the reason.
    pub fn check(&self) -> Result<(), (String, String)> {
        if !is_path(&self.path) {
            let why = format!("`{}` is not a path such as `/wirefold`", self.path);
            return Err(("http.path".to_owned(), why));
        }
        let wrong = |why: String| Err(("http.listen".to_owned(), why));
        match self.address() {
            _ if self.listen.is_empty() => Ok(()),
            None => wrong(format!(
                "`{}` is not an address and port, such as `127.0.0.1:9464`",
                self.listen
            )),
            Some(address)
                if !address.ip().is_loopback() && self.token_file.as_os_str().is_empty() =>
            {
                wrong(format!(
                    "`{address}` is not a loopback address, so `http.token_file` is required"
                ))
            }
            Some(_) => Ok(()),
        }
    }
}

/// Whether `path` is empty, or consists of segments that need no encoding, each preceded by a
/// slash.
fn is_path(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    let is_segment =
        |part: &str| !part.is_empty() && part.chars().all(plain) && !part.chars().all(|c| c == '.');
    path.is_empty() || path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_segment))
}
