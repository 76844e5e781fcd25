//! Logs on stderr; and with the feature `otlp`, spans to a collector.
//!
//! The filter of logs is `RUST_LOG` (such as `wirefold=debug,librdkafka=warn`), else a level by
//! command. Spans go to a collector where the environment names one, by OpenTelemetry's own
//! variables: `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, as OTLP over
//! HTTP.
//!
//! One filter holds for both. A filter for each layer would lose events: asking whether a record of
//! the crate `log` is wanted, as librdkafka's client does, leaves such filters set for the next event.

use clap::ValueEnum;
use std::io::IsTerminal;
use std::time::{SystemTime, UNIX_EPOCH};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};
use wirefold_engine::article::EventTime;

/// How logs are printed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum LogFormat {
    /// For a person.
    Text,
    /// For a machine: one object a line.
    Json,
}

/// What is to be flushed at the end; dropping it does.
#[must_use = "spans that are not sent yet are sent when this is dropped"]
pub(super) struct LogGuard {
    #[cfg(feature = "otlp")]
    _spans: Option<otlp::Exporting>,
}

/// Starts logging from `level` on, and exporting where it is asked for.
pub(super) fn start(form: LogFormat, level: &str) -> anyhow::Result<LogGuard> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    let lines = match form {
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

/// The last line of a process that failed, as a JSON log line. It is not sent through the filter,
/// which may be set to hide it.
pub(super) fn last(message: &str, code: u8) -> String {
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

    /// Spans on their way to a collector.
    pub(super) struct Exporting(SdkTracerProvider);

    /// Starts to export, where the environment names a collector.
    pub(super) fn start() -> anyhow::Result<Option<Exporting>> {
        let set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let named = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
        if !named.iter().any(set) {
            return Ok(None);
        }
        let exporter = SpanExporter::builder().with_http().build();
        let exporter = exporter.context("spans cannot be exported")?;
        let mut about = Resource::builder();
        if !set(&"OTEL_SERVICE_NAME") {
            about = about.with_service_name("wirefold");
        }
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(about.build())
            .build();
        Ok(Some(Exporting(provider)))
    }

    impl Exporting {
        /// What takes spans.
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
                tracing::warn!(%error, "the last spans were not sent");
            }
        }
    }
}
