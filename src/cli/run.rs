//! `wirefold run`: the daemon.

use super::Failure;
use crate::config::Config;
use crate::daemon::admin::api::Source;
use crate::daemon::admin::server::{self, Bounds, Server, Shown};
use crate::daemon::admin::status::Instance;
use crate::daemon::contract::{Encoder, Unique};
use crate::daemon::desk::Desks;
use crate::daemon::kafka::client::{self, Settings, Topics};
use crate::daemon::kafka::texts::Positions;
use crate::daemon::metrics;
use crate::daemon::notify::Notifier;
use crate::daemon::panics;
use crate::daemon::pipeline::shards::{Map, Slice};
use crate::daemon::pipeline::{ClockSource, Delivery, Setup, prepare};
use crate::daemon::run::{Daemon, Observers, fresh_key};
use crate::daemon::teller::Teller;
use crate::daemon::texts::Texts;
use crate::daemon::view::Views;
use crate::engine::{CORE, wire};
use anyhow::anyhow;
use std::sync::Arc;

/// Runs until a signal.
pub(super) fn run(config: &Config) -> Result<(), Failure> {
    panics::install();
    server::check(&config.http).map_err(|why| Failure::Usage(why.into()))?;
    let kafka = kafka(config);
    client::check(&kafka).map_err(|why| Failure::Usage(anyhow!(why)))?;
    let brokers = kafka.brokers();
    let (version, settings) = (env!("CARGO_PKG_VERSION"), config.settings_hash());
    tracing::info!(version, core = CORE, settings, group = kafka.group, brokers, "wirefold starts");
    warn(&kafka.map);
    let shown = Seen::new(config, &kafka);
    let views = shown.views.clone();
    let server = serve(config, &kafka, &shown)?;
    let daemon = Daemon::start(kafka, setup(config), tellers(shown), views.clone());
    let daemon = daemon.map_err(Failure::Usage)?;
    let notifier = Notifier::start(views)?;
    let ended = daemon.run(|| notifier.into_iter().for_each(Notifier::stopping));
    if let Some(server) = server {
        server.stop();
    }
    Ok(ended?)
}

/// Warns of what works and is dear.
fn warn(map: &Map) {
    for shard in map.decoding() {
        let name = map.name(shard);
        tracing::warn!(shard, name, "its selector reads language or provider: every shard decodes");
    }
}

/// What others may see of the shards.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Their status.
    pub(super) views: Arc<Views>,
    /// Their articles and stories; `None` where nobody is to see them.
    pub(super) desks: Option<Arc<Desks>>,
}

impl Seen {
    /// Nothing yet.
    pub(super) fn new(config: &Config, kafka: &Settings) -> Self {
        let served = config.http.page && config.http.address().is_some();
        let desks = served.then(|| Desks::within(kafka.map.shards(), config.http.views.clone()));
        Self { views: Views::new(kafka.map.shards()), desks }
    }
}

/// The admin server of a configuration. From here on, what is counted can be read.
pub(super) fn serve(
    config: &Config,
    kafka: &Settings,
    seen: &Seen,
) -> anyhow::Result<Option<Server>> {
    let recorder = metrics::recorder()?;
    let source = |desks: &Arc<Desks>| -> std::io::Result<Source> {
        Ok(Source {
            desks: desks.clone(),
            texts: Some(Texts::start(Positions::new(kafka.clone()), &config.http.views)?),
            engine: Arc::new(config.engine.clone()),
            format: config.input.format,
        })
    };
    let shown = Shown {
        instance: instance(config),
        views: seen.views.clone(),
        metrics: recorder.handle(),
        source: seen.desks.as_ref().map(source).transpose()?,
    };
    let server = Server::start(&config.http, shown, Bounds::default())?;
    if server.is_some() {
        ::metrics::set_global_recorder(recorder)?;
        metrics::waiting(kafka.map.shards());
    }
    Ok(server)
}

/// The observers of all shards.
pub(super) fn tellers(seen: Seen) -> Observers {
    Box::new(move |shard| {
        let teller = Teller::new(shard, seen.views.clone());
        let Some(desks) = &seen.desks else { return Box::new(teller) };
        match teller.with_desk(desks) {
            Ok(teller) => Box::new(teller),
            Err(error) => {
                tracing::error!(shard, %error, "no thread for what the page shows: it stays empty");
                Box::new(Teller::new(shard, seen.views.clone()))
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
        topics: Topics {
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
        decode: wire::items,
        prepare_within: prepare::WITHIN,
        too_large: config.output.too_large,
        slice: Slice { map: config.map(), shard: 0 },
        followed: config.standby.shards.clone(),
    }
}

/// What turns events into records.
pub(super) fn encoder(config: &Config) -> Encoder {
    let unique = if config.output.unique.is_empty() { Unique::Off } else { Unique::Wanted };
    Encoder::new(config.output.mode, &config.group.id, config.settings_hash(), unique)
}
