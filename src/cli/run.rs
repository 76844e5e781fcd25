//! `wirefold run`: the daemon.

use super::Failure;
use crate::config::{self, Config};
use crate::daemon::contract::Encoder;
use crate::daemon::kafka::client::{Settings, Topics};
use crate::daemon::pipeline::batch::Batch;
use crate::daemon::pipeline::{self, Delivery, Observer, Phase, Reset, Setup};
use crate::daemon::run::{Daemon, fresh_key};
use crate::engine::article::Span;
use crate::engine::state::State;
use std::sync::Arc;

/// Runs until a signal.
pub(super) fn run(config: &Config) -> Result<(), Failure> {
    let daemon = Daemon::start(
        kafka(config),
        setup(config),
        Box::new(|shard| Box::new(Log { shard, phase: Phase::Idle })),
    );
    daemon.map_err(Failure::Usage)?.run()?;
    Ok(())
}

/// The Kafka side of a configuration.
pub(super) fn kafka(config: &Config) -> Settings {
    let out = &config.output;
    Settings {
        group: config.group.id.clone(),
        topics: Topics {
            input: config.input.topic.clone(),
            events: out.events.clone(),
            stories: out.stories.clone(),
            unique: Some(out.unique.clone()).filter(|topic| !topic.is_empty()),
            rejected: out.rejected.clone(),
            state: out.state.clone(),
        },
        partitions: i32::try_from(out.partitions).unwrap_or(i32::MAX),
        replication: out.replication,
        shards: 1,
        delivery: delivery(config),
        passed: config.kafka.iter().map(|(key, v)| (key.clone(), v.text())).collect(),
    }
}

fn delivery(config: &Config) -> Delivery {
    match config.delivery {
        config::Delivery::ExactlyOnce => Delivery::ExactlyOnce,
        config::Delivery::AtLeastOnce => Delivery::AtLeastOnce,
    }
}

/// The pipeline of a configuration.
pub(super) fn setup(config: &Config) -> Setup {
    let span = |ms: u64| Span(i64::try_from(ms).unwrap_or(i64::MAX));
    Setup {
        settings: pipeline::Settings {
            records_max: config.batch.records_max,
            bytes_max: config.batch.bytes_max,
            commit_every: span(config.batch.apart_ms),
            merge_wait: span(config.input.wait_ms),
            ..pipeline::Settings::default()
        },
        engine: config.engine.clone(),
        delivery: delivery(config),
        reset: match config.start.reset {
            config::Reset::Error => Reset::Error,
            config::Reset::Earliest => Reset::Earliest,
            config::Reset::Latest => Reset::Latest,
        },
        fresh_key: fresh_key(),
        encoder: Arc::new(Encoder::new(config)),
        format: config.input.format,
    }
}

/// Tells the log.
struct Log {
    shard: u32,
    phase: Phase,
}

impl Observer for Log {
    fn phase(&mut self, phase: Phase) {
        if self.phase != phase {
            tracing::info!(shard = self.shard, ?phase, "phase");
            self.phase = phase;
        }
    }

    fn committed(&mut self, state: &State, batch: Option<&Batch>) {
        if let Some(batch) = batch {
            tracing::debug!(
                shard = self.shard,
                batch = batch.number,
                records = batch.records,
                rejected = batch.rejected,
                live = state.live_articles(),
                "committed"
            );
        }
    }
}
