//! Starts the demo's admin server on the configured port or, if that port is in use, on a free
//! port.

use super::super::run::{SharedViews, serve as serve_at};
use crate::config::Config;
use crate::daemon::http;
use crate::daemon::http::server::{Error, Server};
use crate::daemon::kafka::client::Settings;
use anyhow::anyhow;
use std::io::ErrorKind;

/// A running server.
pub(super) struct BoundServer {
    /// The server.
    pub(super) server: Server,
    /// A note about the server's port, if it differs from the configured one.
    pub(super) note: Option<String>,
}

/// Starts the server on 127.0.0.1.
///
/// # Errors
/// If the port given by `--port` is in use, or the server cannot start.
pub(super) fn serve(
    config: &Config,
    port: Option<u16>,
    kafka: &Settings,
    shared: &SharedViews,
) -> anyhow::Result<BoundServer> {
    let usual = config.http.address().or_else(|| http::Settings::default().address());
    let wanted = port.or_else(|| usual.map(|address| address.port())).unwrap_or(0);
    match start(config, wanted, kafka, shared) {
        Ok(server) => Ok(BoundServer { server, note: None }),
        Err(error) if !in_use(&error) => Err(error),
        Err(_) if port.is_some() => Err(anyhow!(
            "port {wanted} is already in use; choose another with `--port` (0 picks a free port)"
        )),
        Err(_) => {
            let note = Some(format!("port {wanted} is already in use; using a free port instead"));
            Ok(BoundServer { server: start(config, 0, kafka, shared)?, note })
        }
    }
}

fn start(
    config: &Config,
    port: u16,
    kafka: &Settings,
    shared: &SharedViews,
) -> anyhow::Result<Server> {
    let mut config = config.clone();
    config.http.listen = format!("127.0.0.1:{port}");
    serve_at(&config, kafka, shared)?.ok_or_else(|| anyhow!("the admin server did not start"))
}

/// Whether the server failed because the port is in use.
fn in_use(error: &anyhow::Error) -> bool {
    let bind = error.downcast_ref::<Error>();
    matches!(bind, Some(Error::Bind { source, .. }) if source.kind() == ErrorKind::AddrInUse)
}
