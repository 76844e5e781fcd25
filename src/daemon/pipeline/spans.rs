//! Tracing spans of the pipeline, for logs and for an OpenTelemetry collector.
//!
//! ```text
//! restore                 from the first changelog record to the built index
//! batch                   from the gathered records to the commit, including retries
//!   transaction           one attempt: begin, records, commit
//! ```
//!
//! The records of a batch come from many senders, so a batch has no single parent span. With the
//! feature `otlp`, its span is linked to the trace contexts of its records instead.

use super::broker::InputRecord;
use tracing::{Span, info_span};

/// The maximum number of links from one batch.
#[cfg(feature = "otlp")]
const LINKS_MAX: usize = 128;

/// The span of one batch.
pub(super) fn batch(shard: u32, records: &[InputRecord]) -> Span {
    let span = info_span!("batch", shard, records = records.len());
    link(&span, records);
    span
}

/// The span of one attempt to write a batch.
pub(super) fn transaction(batch: u64) -> Span {
    info_span!("transaction", batch)
}

/// The span of a restore.
pub(super) fn restore(shard: u32) -> Span {
    info_span!("restore", shard)
}

#[cfg(not(feature = "otlp"))]
fn link(_: &Span, _: &[InputRecord]) {}

/// Links `span` to the traces of `records`.
#[cfg(feature = "otlp")]
fn link(span: &Span, records: &[InputRecord]) {
    use super::trace_context::TraceContext;
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
    use tracing_opentelemetry::OpenTelemetrySpanExt;
    for context in records.iter().filter_map(TraceContext::of).take(LINKS_MAX) {
        let (trace, parent) = context.ids();
        let (Ok(trace), Ok(parent)) = (TraceId::from_hex(trace), SpanId::from_hex(parent)) else {
            continue;
        };
        let flags = TraceFlags::SAMPLED;
        span.add_link(SpanContext::new(trace, parent, flags, true, TraceState::NONE));
    }
}
