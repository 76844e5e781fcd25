//! `wirefold run`: runs the daemon.
//!
//! Converts a [`Config`] into the settings of the Kafka clients, the pipeline and the admin server,
//! and runs these until a signal arrives. `demo` and `replay` use the same conversions.

use super::{CommandError, signals};
use crate::config::Config;
use crate::daemon::article_text::ArticleTexts;
use crate::daemon::http::api::ApiSource;
use crate::daemon::http::server::{self, Server, ServerSources, ServerTimeouts};
use crate::daemon::http::status::Instance;
use crate::daemon::kafka::client::{self, Settings, TopicNames};
use crate::daemon::kafka::position_reader::PositionReader;
use crate::daemon::panic_guard;
use crate::daemon::pipeline::shards::{ShardFilter, ShardMap};
use crate::daemon::pipeline::{ClockSource, Delivery, Phase, Setup, prepare};
use crate::daemon::publish::{Encoder, UniqueTopic};
use crate::daemon::run::{Daemon, Observers, fresh_key};
use crate::daemon::snapshot::Snapshots;
use crate::daemon::snapshot::shards::ShardStatuses;
use crate::daemon::telemetry::metrics;
use crate::daemon::telemetry::observer::Telemetry;
use std::sync::{Arc, OnceLock};
use wirefold_engine::{ENGINE_VERSION, decode};

/// Runs the daemon until a signal arrives.
pub(super) fn run(config: &Config) -> Result<(), CommandError> {
    panic_guard::install();
    server::check(&config.http).map_err(|why| CommandError::Usage(why.into()))?;
    let kafka = kafka_settings(config);
    client::check(&kafka).map_err(|why| CommandError::Usage(why.into()))?;
    let brokers = kafka.brokers();
    let (version, settings) = (env!("CARGO_PKG_VERSION"), config.settings_hash());
    tracing::info!(
        version,
        core = ENGINE_VERSION,
        settings,
        group = kafka.group,
        brokers,
        "starting wirefold"
    );
    warn(&kafka.map);
    let shared = SharedViews::new(config, &kafka);
    let views = shared.statuses.clone();
    let server = serve(config, &kafka, &shared)?;
    if let Some(server) = server.as_ref().filter(|_| shared.snapshots.is_some()) {
        let page = format!("http://{}{}/", server.address(), config.http.path);
        tracing::info!(page, "serving the page");
    }
    let daemon = Daemon::start(kafka, pipeline_setup(config), observers(shared), views.clone());
    let daemon = daemon.map_err(CommandError::Usage)?;
    let stop = daemon.stop();
    let received = Arc::new(OnceLock::new());
    let signal = received.clone();
    signals::on_first(move |name| {
        signal.set(name).ok();
        stop.stop();
    })?;
    let result = daemon.wait();
    if let Some(server) = server {
        server.stop();
    }
    result?;
    let signal = received.get().copied().unwrap_or("a request");
    tracing::info!("stopped: received {signal}; {}", committed(&views));
    Ok(())
}

/// What is committed when the daemon has stopped, in words.
fn committed(views: &ShardStatuses) -> &'static str {
    let in_doubt = |phase: Option<Phase>| phase == Some(Phase::Recovering);
    if views.all().iter().any(|view| in_doubt(view.phase)) {
        return "a shard was recovering, so its last batch may not be committed; the next start \
                finds out and continues";
    }
    "everything is committed"
}

/// Warns about valid but expensive configurations.
fn warn(map: &ShardMap) {
    for shard in map.shards_that_decode() {
        let name = map.name(shard);
        tracing::warn!(
            shard,
            name,
            "this shard filters by language or provider, so every shard must decode every record"
        );
    }
}

/// Read-only views of the shards, shared with the admin server and the supervisor.
#[derive(Debug, Clone)]
pub(super) struct SharedViews {
    /// Status of each shard.
    pub(super) statuses: Arc<ShardStatuses>,
    /// Snapshots of articles and stories; `None` if the page or the admin server is disabled.
    pub(super) snapshots: Option<Arc<Snapshots>>,
}

impl SharedViews {
    /// Empty views.
    pub(super) fn new(config: &Config, kafka: &Settings) -> Self {
        let served = config.http.page && config.http.address().is_some();
        let desks = served.then(|| {
            Snapshots::with_limits(kafka.map.shards(), config.http.tuning.snapshot.clone())
        });
        Self { statuses: ShardStatuses::new(kafka.map.shards()), snapshots: desks }
    }
}

/// Starts the admin server, if configured, and installs the metrics recorder that it exports.
pub(super) fn serve(
    config: &Config,
    kafka: &Settings,
    shared: &SharedViews,
) -> anyhow::Result<Option<Server>> {
    let recorder = metrics::recorder()?;
    let source = |desks: &Arc<Snapshots>| -> std::io::Result<ApiSource> {
        Ok(ApiSource {
            snapshots: desks.clone(),
            texts: Some(ArticleTexts::start(
                PositionReader::new(kafka.clone()),
                &config.http.tuning.snapshot,
            )?),
            engine: Arc::new(config.engine.clone()),
            format: config.input.format,
        })
    };
    let sources = ServerSources {
        instance: instance(config),
        shards: shared.statuses.clone(),
        metrics: recorder.handle(),
        source: shared.snapshots.as_ref().map(source).transpose()?,
    };
    let server = Server::start(&config.http, sources, ServerTimeouts::default())?;
    if server.is_some() {
        ::metrics::set_global_recorder(recorder)?;
        metrics::mark_shards_not_ready(kafka.map.shards());
    }
    Ok(server)
}

/// Creates the observer of each shard.
pub(super) fn observers(shared: SharedViews) -> Observers {
    Box::new(move |shard| {
        let observer = Telemetry::new(shard, shared.statuses.clone());
        let Some(desks) = &shared.snapshots else { return Box::new(observer) };
        match observer.with_snapshot(desks) {
            Ok(observer) => Box::new(observer),
            Err(error) => {
                tracing::error!(
                    shard, %error, "cannot start the snapshot thread; the page stays empty"
                );
                Box::new(Telemetry::new(shard, shared.statuses.clone()))
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
        core: ENGINE_VERSION.into(),
        settings: config.settings_hash(),
        delivery: delivery.into(),
    }
}

/// The settings of the Kafka clients.
pub(super) fn kafka_settings(config: &Config) -> Settings {
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
        map: config.shard_map(),
        in_memory: None,
        delivery: config.delivery,
        properties: config.kafka.iter().map(|(key, v)| (key.clone(), v.text())).collect(),
    }
}

/// The settings of the pipeline.
pub(super) fn pipeline_setup(config: &Config) -> Setup {
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
        decode: decode::decode_items,
        prepare_within: prepare::WITHIN,
        too_large: config.output.too_large,
        slice: ShardFilter { map: config.shard_map(), shard: 0 },
        followed: config.standby.shards.clone(),
    }
}

/// The encoder that turns events into output records.
pub(super) fn encoder(config: &Config) -> Encoder {
    let unique = if config.output.unique.is_empty() { UniqueTopic::Off } else { UniqueTopic::On };
    Encoder::new(config.output.mode, &config.group.id, config.settings_hash(), unique)
}
