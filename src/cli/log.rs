//! Logs on stderr and, with the feature `otlp`, spans exported to a collector.
//!
//! `RUST_LOG` sets the log filter (for example `wirefold=debug,librdkafka=warn`). If it is not set,
//! each command has a default level. Spans are exported as OTLP over HTTP if a standard variable of
//! OpenTelemetry names a collector: `OTEL_EXPORTER_OTLP_ENDPOINT` or
//! `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`.
//!
//! Logs and spans share one filter. With per-layer filters, events would be lost: when the rdkafka
//! crate checks through the `log` crate whether a level is enabled, such filters store the result
//! and apply it to the next event.

use clap::ValueEnum;
use std::io::IsTerminal;
use std::time::{SystemTime, UNIX_EPOCH};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};
use wirefold_engine::article::EventTime;

/// The format of log lines.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum LogFormat {
    /// Human-readable text.
    Text,
    /// JSON Lines: one object per line.
    Json,
}

/// Exports the remaining spans when dropped.
#[must_use = "dropping the guard exports the remaining spans"]
pub(super) struct LogGuard {
    #[cfg(feature = "otlp")]
    /// The span exporter, if a collector is configured.
    _spans: Option<otlp::Exporting>,
}

/// Starts logging at `level` and above, unless `RUST_LOG` is set, and starts exporting spans if a
/// collector is configured.
pub(super) fn start(format: LogFormat, level: &str) -> anyhow::Result<LogGuard> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let all = tracing_subscriber::registry().with(filter).with(lines);
    #[cfg(feature = "otlp")]
    {
        let exporting = otlp::start()?;
        all.with(exporting.as_ref().map(otlp::Exporting::layer)).init();
        Ok(LogGuard { _spans: exporting })
    }
    #[cfg(not(feature = "otlp"))]
    {
        all.init();
        Ok(LogGuard {})
    }
}

/// The error that ends the process, as a JSON log line. It is not passed through the log filter,
/// which could hide it.
pub(super) fn final_error(message: &str, code: u8) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = EventTime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    let line = serde_json::json!({
        "timestamp": now.to_string(), "level": "ERROR", "message": message, "exit_code": code,
        "target": "wirefold::cli",
    });
    line.to_string()
}

#[cfg(feature = "otlp")]
mod otlp {
    use anyhow::Context;
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_otlp::SpanExporter;
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::Layer;
    use tracing_subscriber::registry::LookupSpan;

    /// The provider of a running span exporter.
    pub(super) struct Exporting(SdkTracerProvider);

    /// Starts exporting if the environment names a collector.
    pub(super) fn start() -> anyhow::Result<Option<Exporting>> {
        let set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let named = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
        if !named.iter().any(set) {
            return Ok(None);
        }
        let exporter = SpanExporter::builder().with_http().build();
        let exporter = exporter.context("cannot start the span exporter")?;
        let mut resource = Resource::builder();
        if !set(&"OTEL_SERVICE_NAME") {
            resource = resource.with_service_name("wirefold");
        }
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.build())
            .build();
        Ok(Some(Exporting(provider)))
    }

    impl Exporting {
        /// The layer that passes spans to the exporter.
        pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
        where
            S: tracing::Subscriber + for<'a> LookupSpan<'a>,
        {
            let tracer = self.0.tracer("wirefold");
            let layer = tracing_opentelemetry::layer().with_tracer(tracer);
            layer.with_location(false).with_threads(false)
        }
    }

    impl Drop for Exporting {
        fn drop(&mut self) {
            if let Err(error) = self.0.shutdown() {
                tracing::warn!(%error, "could not export the last spans");
            }
        }
    }
}
