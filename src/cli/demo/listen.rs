//! Where the demo serves metrics, health and status: the port asked for, or else any free one.

use super::super::run::{SharedViews, serve as serve_at};
use crate::config::Config;
use crate::daemon::http;
use crate::daemon::http::server::{Error, Server};
use crate::daemon::kafka::client::Settings;
use anyhow::anyhow;
use std::io::ErrorKind;

/// A server, and what to say of its address.
pub(super) struct BoundServer {
    pub(super) server: Server,
    pub(super) note: Option<String>,
}

/// Starts the server on 127.0.0.1.
///
/// # Errors
/// When the port that was asked for is taken.
pub(super) fn serve(
    config: &Config,
    port: Option<u16>,
    kafka: &Settings,
    seen: &SharedViews,
) -> anyhow::Result<BoundServer> {
    let usual = config.http.address().or_else(|| http::Settings::default().address());
    let wanted = port.or_else(|| usual.map(|address| address.port())).unwrap_or(0);
    match start(config, wanted, kafka, seen) {
        Ok(server) => Ok(BoundServer { server, note: None }),
        Err(error) if !taken(&error) => Err(error),
        Err(_) if port.is_some() => Err(anyhow!(
            "port {wanted} is taken: give another one with `--port`, or `--port 0` for any free one"
        )),
        Err(_) => {
            let note = Some(format!("port {wanted} is taken, so another one is used"));
            Ok(BoundServer { server: start(config, 0, kafka, seen)?, note })
        }
    }
}

fn start(
    config: &Config,
    port: u16,
    kafka: &Settings,
    seen: &SharedViews,
) -> anyhow::Result<Server> {
    let mut config = config.clone();
    config.http.listen = format!("127.0.0.1:{port}");
    serve_at(&config, kafka, seen)?.ok_or_else(|| anyhow!("no admin server"))
}

fn taken(error: &anyhow::Error) -> bool {
    let bind = error.downcast_ref::<Error>();
    matches!(bind, Some(Error::Bind { source, .. }) if source.kind() == ErrorKind::AddrInUse)
}
