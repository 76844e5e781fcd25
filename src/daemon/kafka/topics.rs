//! What must exist on the broker, and how it is made.
//!
//! In: [`Settings`]. Out: what the broker tells of the topics ([`Told`]), or precisely what to create.
//! Missing topics are made with the right cleanup policy; one that is there is checked where a
//! wrong policy or partition count would lose memory.

use super::client::{CALL, Quiet, Settings};
use crate::daemon::pipeline::broker::{Limits, Role};
use rdkafka::ClientContext;
use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewPartitions, NewTopic, ResourceSpecifier,
    TopicReplication,
};
use rdkafka::client::Client;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::types::RDKafkaRespErr;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// `max.message.bytes` where the broker does not tell.
const BYTES_DEFAULT: usize = 1_048_588;
/// What a record may grow by on its way through.
const HEADROOM: usize = 64 << 10;
/// How long a topic may take from its creation until it can be used.
const SETTLE: Duration = Duration::from_secs(30);

/// Why the topics are not ready.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The broker is not reached, for now.
    #[error("the broker cannot be reached: {0}")]
    Unreached(String),
    /// Somebody has to change or create something.
    #[error("{0}")]
    Wrong(String),
}

/// `delete.retention.ms` where the broker does not tell.
const TOMBSTONES_DEFAULT: Duration = Duration::from_hours(24);

/// What the broker tells of the topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// The limits of record sizes.
    pub limits: Limits,
    /// How long the changelog keeps tombstones.
    pub tombstones_kept: Duration,
}

/// A topic that must exist.
struct Wanted {
    name: String,
    role: Option<Role>,
    partitions: i32,
    config: Vec<(&'static str, String)>,
}

/// Makes what is missing, checks what is there, and returns what is told of it.
///
/// # Errors
/// When the broker is not reached, or when a topic is missing or wrong and cannot be made.
pub fn ready(settings: &Settings) -> Result<Told, Error> {
    let admin: AdminClient<Quiet> = settings
        .admin()
        .create_with_context(Quiet)
        .map_err(|e: KafkaError| Error::Wrong(e.to_string()))?;
    let input_bytes =
        if settings.in_memory.is_none() { input_bytes(&admin, settings)? } else { None };
    let wanted = wanted(settings, input_bytes.unwrap_or(BYTES_DEFAULT));
    for topic in &wanted {
        match found(&admin, &topic.name)? {
            Some(partitions)
                if topic.role == Some(Role::State) && partitions < topic.partitions =>
            {
                grow(&admin, topic, partitions, settings.brokers())?;
            }
            Some(partitions) => check_partitions(topic, partitions)?,
            None => make(&admin, topic, settings)?,
        }
    }
    let untold = |limits| Told { limits, tombstones_kept: TOMBSTONES_DEFAULT };
    settings.in_memory.map(untold).map_or_else(|| told(&admin, &wanted), Ok)
}

/// Says of every topic what is there, or precisely what to create; makes none.
///
/// # Errors
/// When the broker is not reached, or a topic that is there is wrong.
pub fn look(settings: &Settings) -> Result<Vec<String>, Error> {
    let admin: AdminClient<Quiet> = settings
        .admin()
        .create_with_context(Quiet)
        .map_err(|e: KafkaError| Error::Wrong(e.to_string()))?;
    let mut lines = Vec::new();
    for topic in wanted(settings, BYTES_DEFAULT) {
        lines.push(match found(&admin, &topic.name)? {
            Some(partitions) => {
                check_partitions(&topic, partitions)?;
                match partitions {
                    1 => format!("topic `{}` is there, 1 partition", topic.name),
                    _ => format!("topic `{}` is there, {partitions} partitions", topic.name),
                }
            }
            None => missing(&topic, settings.brokers()),
        });
    }
    Ok(lines)
}

/// The largest record that an input topic takes, where there is one and the broker tells.
fn input_bytes<C: ClientContext>(
    admin: &AdminClient<C>,
    settings: &Settings,
) -> Result<Option<usize>, Error> {
    let mut most = None;
    for topic in settings.map.topics() {
        if found(admin, &topic)?.is_some()
            && let Ok(told) = describe(admin, &[&topic])
        {
            most = most.max(told.get(&*topic).and_then(bytes_max));
        }
    }
    Ok(most)
}

fn wanted(settings: &Settings, input_bytes: usize) -> Vec<Wanted> {
    let bytes = ("max.message.bytes", (input_bytes + HEADROOM).to_string());
    let topics = &settings.topics;
    let plain = |name: &String, role: Role| Wanted {
        name: name.clone(),
        role: Some(role),
        partitions: settings.partitions,
        config: vec![("cleanup.policy", "delete".into()), bytes.clone()],
    };
    let hours = |hours: u64| (hours * 3_600_000).to_string();
    let mut wanted = vec![
        plain(&topics.events, Role::Events),
        plain(&topics.rejected, Role::Rejected),
        Wanted {
            config: vec![
                ("cleanup.policy", "compact".into()),
                ("min.compaction.lag.ms", hours(24)),
                bytes.clone(),
            ],
            ..plain(&topics.stories, Role::Stories)
        },
        Wanted {
            partitions: i32::try_from(settings.map.shards()).unwrap_or(i32::MAX),
            config: vec![
                ("cleanup.policy", "compact".into()),
                ("segment.bytes", (128 << 20).to_string()),
                ("segment.ms", hours(6)),
                ("min.cleanable.dirty.ratio", "0.1".into()),
                ("min.compaction.lag.ms", hours(1)),
                ("max.compaction.lag.ms", hours(24)),
                ("delete.retention.ms", hours(48)),
                bytes.clone(),
            ],
            ..plain(&topics.state, Role::State)
        },
    ];
    wanted.extend(settings.map.topics().iter().map(|name| Wanted {
        name: name.to_string(),
        role: None,
        partitions: settings.partitions,
        config: Vec::new(),
    }));
    wanted.extend(topics.unique.as_ref().map(|name| plain(name, Role::Unique)));
    wanted
}

fn check_partitions(topic: &Wanted, found: i32) -> Result<(), Error> {
    if topic.role == Some(Role::State) && found != topic.partitions {
        return Err(Error::Wrong(format!(
            "`{}` has {found} partitions, one for each shard would be {}: set `shards` to fit, or \
             name another topic in `output.state`",
            topic.name, topic.partitions
        )));
    }
    Ok(())
}

/// The partitions of a topic, if it exists.
fn found<C: ClientContext>(admin: &AdminClient<C>, topic: &str) -> Result<Option<i32>, Error> {
    partitions(admin.inner(), topic).map_err(|e| Error::Unreached(e.to_string()))
}

/// The number of partitions of a topic, `None` when it does not exist.
pub(super) fn partitions<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
) -> KafkaResult<Option<i32>> {
    let metadata = client.fetch_metadata(Some(topic), CALL)?;
    let found = metadata.topics().iter().find(|t| t.name() == topic);
    match found.and_then(|topic| topic.error()) {
        None => {}
        Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) => return Ok(None),
        Some(error) => return Err(KafkaError::MetadataFetch(error.into())),
    }
    let count = found.map_or(0, |topic| topic.partitions().len());
    Ok(i32::try_from(count).ok().filter(|count| *count > 0))
}

/// Gives the changelog the partitions of shards that were added.
fn grow<C: ClientContext>(
    admin: &AdminClient<C>,
    topic: &Wanted,
    partitions: i32,
    brokers: &str,
) -> Result<(), Error> {
    let wrong = |why: String| {
        let Wanted { name, partitions: wanted, .. } = topic;
        Error::Wrong(format!(
            "`{name}` has {partitions} partitions and cannot be given {wanted}, one for each shard \
             ({why}): kafka-topics.sh --bootstrap-server {brokers} --alter --topic {name} \
             --partitions {wanted}"
        ))
    };
    let count = usize::try_from(topic.partitions).unwrap_or(0);
    let more = NewPartitions::new(&topic.name, count);
    let options = AdminOptions::new().request_timeout(Some(CALL)).operation_timeout(Some(CALL));
    let made =
        wait(admin.create_partitions([&more], &options)).map_err(|e| wrong(e.to_string()))?;
    // Of several instances that start at once, one makes them, and the others find them made.
    let refused = made.into_iter().find_map(Result::err);
    if let Some((_, code)) = refused
        && found(admin, &topic.name)? != Some(topic.partitions)
    {
        return Err(wrong(code.to_string()));
    }
    tracing::info!(topic = topic.name, from = partitions, to = topic.partitions, "partitions made");
    settled(admin, topic)
}

fn make<C: ClientContext>(
    admin: &AdminClient<C>,
    topic: &Wanted,
    settings: &Settings,
) -> Result<(), Error> {
    let replication = TopicReplication::Fixed(settings.replication);
    let mut new = NewTopic::new(&topic.name, topic.partitions, replication);
    for (key, value) in &topic.config {
        new = new.set(key, value);
    }
    let options = AdminOptions::new().request_timeout(Some(CALL)).operation_timeout(Some(CALL));
    let made = wait(admin.create_topics([&new], &options));
    let failed = match made {
        Err(error) => Some(error.to_string()),
        Ok(results) => results.into_iter().find_map(|result| match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => None,
            Err((_, code)) => Some(code.to_string()),
        }),
    };
    if let Some(why) = failed {
        let missing = missing(topic, settings.brokers());
        return Err(Error::Wrong(format!("{missing}, and cannot be made: {why}")));
    }
    tracing::info!(topic = topic.name, partitions = topic.partitions, "topic made");
    settled(admin, topic)
}

/// What to create, in words that can be pasted.
fn missing(topic: &Wanted, brokers: &str) -> String {
    let Wanted { name, partitions, config, .. } = topic;
    let config: String =
        config.iter().map(|(key, value)| format!(" --config {key}={value}")).collect();
    format!(
        "topic `{name}` is missing: kafka-topics.sh --bootstrap-server {brokers} --create \
         --topic {name} --partitions {partitions}{config}"
    )
}

/// Waits until every partition has a leader.
fn settled<C: ClientContext>(admin: &AdminClient<C>, topic: &Wanted) -> Result<(), Error> {
    let started = Instant::now();
    loop {
        let metadata = admin.inner().fetch_metadata(Some(&topic.name), CALL);
        let metadata = metadata.map_err(|e| Error::Unreached(e.to_string()))?;
        let led = metadata.topics().iter().any(|t| {
            t.name() == topic.name
                && t.partitions().len() == usize::try_from(topic.partitions).unwrap_or(0)
                && t.partitions().iter().all(|p| p.leader() >= 0)
        });
        if led {
            return Ok(());
        }
        if started.elapsed() > SETTLE {
            return Err(Error::Unreached(format!("`{}` has no leader", topic.name)));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

type Configs = BTreeMap<String, ConfigResource>;

fn describe<C: ClientContext>(admin: &AdminClient<C>, topics: &[&str]) -> Result<Configs, String> {
    let specifiers: Vec<ResourceSpecifier<'_>> =
        topics.iter().map(|topic| ResourceSpecifier::Topic(topic)).collect();
    let options = AdminOptions::new().request_timeout(Some(CALL));
    let described = wait(admin.describe_configs(&specifiers, &options));
    let described = described.map_err(|e| e.to_string())?;
    let named = |resource: ConfigResource| match &resource.specifier {
        rdkafka::admin::OwnedResourceSpecifier::Topic(name) => Some((name.clone(), resource)),
        _ => None,
    };
    Ok(described.into_iter().filter_map(Result::ok).filter_map(named).collect())
}

/// Whether compaction may remove records of a topic; false where the broker does not tell.
pub(super) fn is_compacted(settings: &Settings, topic: &str) -> bool {
    let made = settings.admin().create_with_context(Quiet);
    let Ok(admin) = made else { return false };
    let admin: AdminClient<Quiet> = admin;
    let policy = |resource: &ConfigResource| resource.get("cleanup.policy")?.value.clone();
    match describe(&admin, &[topic]) {
        Ok(told) => told.get(topic).and_then(policy).is_some_and(|p| p.contains("compact")),
        Err(why) => {
            tracing::warn!(topic, why, "cannot read topic configuration; assuming no compaction");
            false
        }
    }
}

fn bytes_max(resource: &ConfigResource) -> Option<usize> {
    usize::try_from(number(resource, "max.message.bytes")?).ok()
}

fn number(resource: &ConfigResource, name: &str) -> Option<u64> {
    resource.get(name)?.value.as_ref()?.parse().ok()
}

fn told<C: ClientContext>(admin: &AdminClient<C>, wanted: &[Wanted]) -> Result<Told, Error> {
    let names: Vec<&str> = wanted.iter().map(|topic| topic.name.as_str()).collect();
    let limits = Limits { by_role: [BYTES_DEFAULT; 5] };
    let mut told = Told { limits, tombstones_kept: TOMBSTONES_DEFAULT };
    let described = match describe(admin, &names) {
        Ok(described) => described,
        Err(why) => {
            tracing::warn!(why, "topic settings are not told; taking the defaults");
            return Ok(told);
        }
    };
    for topic in wanted {
        let (Some(role), Some(resource)) = (topic.role, described.get(&topic.name)) else {
            continue;
        };
        let policy = resource.get("cleanup.policy").and_then(|entry| entry.value.clone());
        let compacted = policy.as_deref() == Some("compact");
        if role == Role::State && !compacted {
            let policy = policy.unwrap_or_default();
            return Err(Error::Wrong(format!(
                "`{}` has `cleanup.policy={policy}`: it must be `compact`, or memory is lost",
                topic.name
            )));
        }
        if role == Role::State
            && let Some(millis) = number(resource, "delete.retention.ms")
        {
            told.tombstones_kept = Duration::from_millis(millis);
        }
        if role == Role::Stories && !compacted {
            tracing::warn!(topic = topic.name, "not compacted: live stories will be lost there");
        }
        if let Some(bytes) = bytes_max(resource) {
            told.limits.by_role[role as usize] = bytes;
        }
    }
    Ok(told)
}

/// Waits for an admin call; its client answers on a thread of its own.
fn wait<F: Future>(call: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime without drivers needs nothing of the system")
        .block_on(call)
}
