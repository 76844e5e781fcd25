//! `wirefold run`: the daemon.

use super::Failure;
use crate::config::Config;
use crate::daemon::contract::{Encoder, Unique};
use crate::daemon::kafka::client::{Settings, Topics};
use crate::daemon::pipeline::batch::Batch;
use crate::daemon::pipeline::{Observer, Phase, Setup};
use crate::daemon::run::{Daemon, fresh_key};
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
        limits: None,
        delivery: config.delivery,
        passed: config.kafka.iter().map(|(key, v)| (key.clone(), v.text())).collect(),
    }
}

/// The pipeline of a configuration.
pub(super) fn setup(config: &Config) -> Setup {
    Setup {
        settings: config.batch.clone(),
        engine: config.engine.clone(),
        delivery: config.delivery,
        reset: config.start.reset,
        fresh_key: fresh_key(),
        encoder: Arc::new(encoder(config)),
        format: config.input.format,
    }
}

/// What turns events into records.
pub(super) fn encoder(config: &Config) -> Encoder {
    let unique = if config.output.unique.is_empty() { Unique::Off } else { Unique::Wanted };
    Encoder::new(config.output.mode, &config.group.id, config.settings_hash(), unique)
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
