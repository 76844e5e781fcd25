//! Telemetry: metrics, log throttling, the observer that reports each batch, the watchdog for
//! blocking calls, and notifications to systemd.

pub mod metrics;
pub mod observer;
pub mod systemd;
pub(crate) mod throttle;
pub mod watchdog;
