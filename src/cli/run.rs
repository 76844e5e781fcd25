//! `wirefold run`: the daemon.

use super::CommandError;
use crate::config::Config;
use crate::daemon::article_text::ArticleTexts;
use crate::daemon::http::api::ApiSource;
use crate::daemon::http::server::{self, Server, ServerBounds, ServerSources};
use crate::daemon::http::status::Instance;
use crate::daemon::kafka::client::{self, Settings, TopicNames};
use crate::daemon::kafka::position_reader::PositionReader;
use crate::daemon::panic_guard;
use crate::daemon::pipeline::shards::{ShardFilter, ShardMap};
use crate::daemon::pipeline::{ClockSource, Delivery, Setup, prepare};
use crate::daemon::publish::{Encoder, UniqueFeed};
use crate::daemon::run::{Daemon, Observers, fresh_key};
use crate::daemon::snapshot::Snapshots;
use crate::daemon::snapshot::shards::ShardStatuses;
use crate::daemon::telemetry::metrics;
use crate::daemon::telemetry::observer::Telemetry;
use crate::daemon::telemetry::systemd::SystemdNotifier;
use anyhow::anyhow;
use std::sync::Arc;
use wirefold_engine::{CORE, decode};

/// Runs until a signal.
pub(super) fn run(config: &Config) -> Result<(), CommandError> {
    panic_guard::install();
    server::check(&config.http).map_err(|why| CommandError::Usage(why.into()))?;
    let kafka = kafka(config);
    client::check(&kafka).map_err(|why| CommandError::Usage(anyhow!(why)))?;
    let brokers = kafka.brokers();
    let (version, settings) = (env!("CARGO_PKG_VERSION"), config.settings_hash());
    tracing::info!(version, core = CORE, settings, group = kafka.group, brokers, "wirefold starts");
    warn(&kafka.map);
    let shown = SharedViews::new(config, &kafka);
    let views = shown.views.clone();
    let server = serve(config, &kafka, &shown)?;
    let daemon = Daemon::start(kafka, setup(config), tellers(shown), views.clone());
    let daemon = daemon.map_err(CommandError::Usage)?;
    let notifier = SystemdNotifier::start(views)?;
    let ended = daemon.run(|| notifier.into_iter().for_each(SystemdNotifier::stopping));
    if let Some(server) = server {
        server.stop();
    }
    Ok(ended?)
}

/// Warns of what works and is dear.
fn warn(map: &ShardMap) {
    for shard in map.decoding() {
        let name = map.name(shard);
        tracing::warn!(shard, name, "its selector reads language or provider: every shard decodes");
    }
}

/// What others may see of the shards.
#[derive(Debug, Clone)]
pub(super) struct SharedViews {
    /// Their status.
    pub(super) views: Arc<ShardStatuses>,
    /// Their articles and stories; `None` where nobody is to see them.
    pub(super) desks: Option<Arc<Snapshots>>,
}

impl SharedViews {
    /// Nothing yet.
    pub(super) fn new(config: &Config, kafka: &Settings) -> Self {
        let served = config.http.page && config.http.address().is_some();
        let desks =
            served.then(|| Snapshots::within(kafka.map.shards(), config.http.views.clone()));
        Self { views: ShardStatuses::new(kafka.map.shards()), desks }
    }
}

/// The admin server of a configuration. From here on, what is counted can be read.
pub(super) fn serve(
    config: &Config,
    kafka: &Settings,
    seen: &SharedViews,
) -> anyhow::Result<Option<Server>> {
    let recorder = metrics::recorder()?;
    let source = |desks: &Arc<Snapshots>| -> std::io::Result<ApiSource> {
        Ok(ApiSource {
            desks: desks.clone(),
            texts: Some(ArticleTexts::start(
                PositionReader::new(kafka.clone()),
                &config.http.views,
            )?),
            engine: Arc::new(config.engine.clone()),
            format: config.input.format,
        })
    };
    let shown = ServerSources {
        instance: instance(config),
        views: seen.views.clone(),
        metrics: recorder.handle(),
        source: seen.desks.as_ref().map(source).transpose()?,
    };
    let server = Server::start(&config.http, shown, ServerBounds::default())?;
    if server.is_some() {
        ::metrics::set_global_recorder(recorder)?;
        metrics::waiting(kafka.map.shards());
    }
    Ok(server)
}

/// The observers of all shards.
pub(super) fn tellers(seen: SharedViews) -> Observers {
    Box::new(move |shard| {
        let teller = Telemetry::new(shard, seen.views.clone());
        let Some(desks) = &seen.desks else { return Box::new(teller) };
        match teller.with_desk(desks) {
            Ok(teller) => Box::new(teller),
            Err(error) => {
                tracing::error!(shard, %error, "no thread for what the page shows: it stays empty");
                Box::new(Telemetry::new(shard, seen.views.clone()))
            }
        }
    })
}

fn instance(config: &Config) -> Instance {
    let delivery = match config.delivery {
        Delivery::ExactlyOnce => "exactly_once",
        Delivery::AtLeastOnce => "at_least_once",
    };
    Instance {
        instance: config.instance_name(),
        version: env!("CARGO_PKG_VERSION").into(),
        core: CORE.into(),
        settings: config.settings_hash(),
        delivery: delivery.into(),
    }
}

/// The Kafka side of a configuration.
pub(super) fn kafka(config: &Config) -> Settings {
    let out = &config.output;
    Settings {
        group: config.group.id.clone(),
        topics: TopicNames {
            events: out.events.clone(),
            stories: out.stories.clone(),
            unique: Some(out.unique.clone()).filter(|topic| !topic.is_empty()),
            rejected: out.rejected.clone(),
            state: out.state.clone(),
        },
        partitions: i32::try_from(out.partitions).unwrap_or(i32::MAX),
        replication: out.replication,
        map: config.map(),
        in_memory: None,
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
        group: config.group.id.clone(),
        renamed_from: Some(config.start.renamed_from.clone()).filter(|group| !group.is_empty()),
        fresh_key: fresh_key(),
        clock: ClockSource::Wall,
        encoder: Arc::new(encoder(config)),
        format: config.input.format,
        decode: decode::items,
        prepare_within: prepare::WITHIN,
        too_large: config.output.too_large,
        slice: ShardFilter { map: config.map(), shard: 0 },
        followed: config.standby.shards.clone(),
    }
}

/// What turns events into records.
pub(super) fn encoder(config: &Config) -> Encoder {
    let unique = if config.output.unique.is_empty() { UniqueFeed::Off } else { UniqueFeed::Wanted };
    Encoder::new(config.output.mode, &config.group.id, config.settings_hash(), unique)
}
