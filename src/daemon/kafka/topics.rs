//! What must exist on the broker, and how it is made.
//!
//! In: [`Settings`]. Out: what the broker tells of the topics ([`TopicLimits`]), or precisely what to create.
//! Missing topics are made with the right cleanup policy; one that is there is checked where a
//! wrong policy or partition count would lose memory. Rights are asked for before anything depends on
//! them.

use super::client::{CALL, Settings, SilentContext};
use super::connection::Connection;
pub use super::connection::Error;
use super::rights::{self, AclResource};
use crate::daemon::pipeline::broker::{Limits, Role};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewPartitions, NewTopic, ResourceSpecifier,
    TopicReplication,
};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// `max.message.bytes` where the broker does not tell.
const BYTES_DEFAULT: usize = 1_048_588;
/// What a record may grow by on its way through.
const HEADROOM: usize = 64 << 10;
/// How long a topic may take from its creation until it can be used.
const SETTLE: Duration = Duration::from_secs(30);

/// How often is looked whether the topics are still there, how long an answer may take, and how many
/// looks in a row must miss a topic: a broker that has just started may not know it yet.
const LOOK_EVERY: Duration = Duration::from_millis(1_200);
const LOOK: Duration = Duration::from_secs(1);
const LOOKS: u32 = 3;

/// `delete.retention.ms` where the broker does not tell.
const TOMBSTONES_DEFAULT: Duration = Duration::from_hours(24);

/// What the broker tells of the topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicLimits {
    /// The limits of record sizes.
    pub limits: Limits,
    /// How long the changelog keeps tombstones.
    pub tombstones_kept: Duration,
}

/// A topic that must exist.
struct RequiredTopic {
    name: String,
    role: Option<Role>,
    partitions: i32,
    config: Vec<(&'static str, String)>,
}

/// What asks the broker.
struct TopicAccess<'a> {
    settings: &'a Settings,
    connection: Connection,
    admin: AdminClient<SilentContext>,
}

impl<'a> TopicAccess<'a> {
    /// Connects.
    fn open(settings: &'a Settings) -> Result<Self, Error> {
        let connection = Connection::new(settings)?;
        connection.reach(&settings.topics.state)?;
        let admin = settings.admin().create_with_context(SilentContext);
        let admin = admin.map_err(|e: KafkaError| Error::Wrong(e.to_string()))?;
        Ok(Self { settings, connection, admin })
    }

    /// The partitions of a topic, if it exists.
    fn found(&self, topic: &str) -> Result<Option<i32>, Error> {
        self.connection.partitions(topic, CALL).map_err(|error| {
            if rights::refuses(&error) {
                return self.missing("Describe", topic);
            }
            self.connection.failed(&format!("`{topic}`: {error}"))
        })
    }

    fn missing(&self, operation: &str, topic: &str) -> Error {
        Error::Wrong(rights::missing(self.settings, operation, AclResource::Topic(topic)))
    }
}

/// Makes what is missing, checks what is there, and returns what is told of it.
///
/// # Errors
/// When the broker is not reached, when a right is missing, or when a topic is missing or wrong and
/// cannot be made.
pub fn ready(settings: &Settings) -> Result<TopicLimits, Error> {
    let access = TopicAccess::open(settings)?;
    let input_bytes = if settings.in_memory.is_none() { input_bytes(&access)? } else { None };
    let wanted = wanted(settings, input_bytes.unwrap_or(BYTES_DEFAULT));
    for topic in &wanted {
        match access.found(&topic.name)? {
            Some(partitions)
                if topic.role == Some(Role::State) && partitions < topic.partitions =>
            {
                grow(&access, topic, partitions)?;
            }
            Some(partitions) => check_partitions(topic, partitions)?,
            None => make(&access, topic)?,
        }
    }
    if let Some(limits) = settings.in_memory {
        return Ok(TopicLimits { limits, tombstones_kept: TOMBSTONES_DEFAULT });
    }
    let told = told(&access, &wanted)?;
    check_rights(settings, &wanted)?;
    Ok(told)
}

/// Says of every topic what is there, or precisely what to create; makes none.
///
/// # Errors
/// When the broker is not reached, a right is missing, a topic that is there is wrong, or topics are
/// missing that `run` could not make.
pub fn look(settings: &Settings) -> Result<Vec<String>, Error> {
    let access = TopicAccess::open(settings)?;
    let (mut lines, mut there, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for topic in wanted(settings, BYTES_DEFAULT) {
        let Some(partitions) = access.found(&topic.name)? else {
            let missing = missing(&topic, settings.brokers());
            match create(&access, &topic, &options().validate_only(true)) {
                None => lines.push(missing),
                Some(why) => refused.push(format!("{missing}, and `run` cannot make it: {why}")),
            }
            continue;
        };
        check_partitions(&topic, partitions)?;
        let many = if partitions == 1 { "" } else { "s" };
        lines.push(format!("topic `{}` is there, {partitions} partition{many}", topic.name));
        there.push(topic);
    }
    if !refused.is_empty() {
        return Err(Error::Wrong(refused.join("\n")));
    }
    told(&access, &there)?;
    check_rights(settings, &there)?;
    rights::transactions(settings)?;
    Ok(lines)
}

/// The limits of record sizes as they are now.
///
/// # Errors
/// When the broker is not reached, or a right is missing.
pub(super) fn limits(settings: &Settings) -> Result<Limits, Error> {
    let access = TopicAccess::open(settings)?;
    Ok(told(&access, &wanted(settings, BYTES_DEFAULT))?.limits)
}

/// Looks whether the topics that are written are still there, until `stop` is closed.
///
/// # Errors
/// When one of them was deleted, or may no longer be looked at; the message says what to do.
pub fn watch(settings: &Settings, stop: &Receiver<()>) -> Result<(), String> {
    let connection = Connection::new(settings).map_err(|error| error.to_string())?;
    let mut gone = BTreeMap::<&str, u32>::new();
    while stop.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
        for role in Role::ALL {
            let Some(topic) = settings.topics.of(role) else { continue };
            let why = match connection.partitions(topic, LOOK) {
                Ok(Some(_)) => {
                    gone.remove(topic);
                    continue;
                }
                Ok(None) => deleted(settings, role, topic),
                Err(error) if rights::refuses(&error) => {
                    rights::missing(settings, "Describe", AclResource::Topic(topic))
                }
                // The broker is away; whoever works with it says so.
                Err(_) => break,
            };
            let looks = gone.entry(topic).or_default();
            *looks += 1;
            if *looks >= LOOKS {
                return Err(why);
            }
        }
    }
    Ok(())
}

fn deleted(settings: &Settings, role: Role, topic: &str) -> String {
    let brokers = settings.brokers();
    let then = match role {
        Role::State => {
            "it held all that was remembered. Bring it back from a copy, or start again without \
             memory: deploy/README.md says what that means"
        }
        _ => "start again to make a new one, or make it with settings of your own first",
    };
    format!("topic `{topic}` was deleted at {brokers} while it was written: {then}")
}

fn check_rights(settings: &Settings, there: &[RequiredTopic]) -> Result<(), Error> {
    let named = |take: fn(Option<Role>) -> bool| -> Vec<&str> {
        there.iter().filter(|topic| take(topic.role)).map(|topic| topic.name.as_str()).collect()
    };
    let read = named(|role| matches!(role, None | Some(Role::State)));
    rights::check(settings, &named(|role| role.is_some()), &read)
}

/// The largest record that an input topic takes, where there is one and the broker tells.
fn input_bytes(access: &TopicAccess<'_>) -> Result<Option<usize>, Error> {
    let mut most = None;
    for topic in access.settings.map.topics() {
        if access.found(&topic)?.is_some() {
            most = most.max(describe(access, &[&topic])?.get(&*topic).and_then(bytes_max));
        }
    }
    Ok(most)
}

fn wanted(settings: &Settings, input_bytes: usize) -> Vec<RequiredTopic> {
    let bytes = ("max.message.bytes", (input_bytes + HEADROOM).to_string());
    let topics = &settings.topics;
    let plain = |name: &String, role: Role| RequiredTopic {
        name: name.clone(),
        role: Some(role),
        partitions: settings.partitions,
        config: vec![("cleanup.policy", "delete".into()), bytes.clone()],
    };
    let hours = |hours: u64| (hours * 3_600_000).to_string();
    let mut wanted = vec![
        plain(&topics.events, Role::Events),
        plain(&topics.rejected, Role::Rejected),
        RequiredTopic {
            config: vec![
                ("cleanup.policy", "compact".into()),
                ("min.compaction.lag.ms", hours(24)),
                bytes.clone(),
            ],
            ..plain(&topics.stories, Role::Stories)
        },
        RequiredTopic {
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
    wanted.extend(settings.map.topics().iter().map(|name| RequiredTopic {
        name: name.to_string(),
        role: None,
        partitions: settings.partitions,
        config: Vec::new(),
    }));
    wanted.extend(topics.unique.as_ref().map(|name| plain(name, Role::Unique)));
    wanted
}

fn check_partitions(topic: &RequiredTopic, found: i32) -> Result<(), Error> {
    if topic.role == Some(Role::State) && found != topic.partitions {
        return Err(Error::Wrong(format!(
            "`{}` has {found} partitions, one for each shard would be {}: set `shards` to fit, or \
             name another topic in `output.state`",
            topic.name, topic.partitions
        )));
    }
    Ok(())
}

/// Gives the changelog the partitions of shards that were added.
fn grow(access: &TopicAccess<'_>, topic: &RequiredTopic, partitions: i32) -> Result<(), Error> {
    let wrong = |why: String| {
        let RequiredTopic { name, partitions: wanted, .. } = topic;
        let brokers = access.settings.brokers();
        Error::Wrong(format!(
            "`{name}` has {partitions} partitions and cannot be given {wanted}, one for each shard \
             ({why}): kafka-topics.sh --bootstrap-server {brokers} --alter --topic {name} \
             --partitions {wanted}"
        ))
    };
    let count = usize::try_from(topic.partitions).unwrap_or(0);
    let more = NewPartitions::new(&topic.name, count);
    let made = wait(access.admin.create_partitions([&more], &options()));
    // Of several instances that start at once, one makes them, and the others find them made.
    let refused = made.map_err(|e| wrong(e.to_string()))?.into_iter().find_map(Result::err);
    if let Some((_, code)) = refused
        && access.found(&topic.name)? != Some(topic.partitions)
    {
        return Err(wrong(code.to_string()));
    }
    tracing::info!(topic = topic.name, from = partitions, to = topic.partitions, "partitions made");
    settled(access, topic)
}

fn make(access: &TopicAccess<'_>, topic: &RequiredTopic) -> Result<(), Error> {
    if let Some(why) = create(access, topic, &options()) {
        let missing = missing(topic, access.settings.brokers());
        return Err(Error::Wrong(format!("{missing}, and cannot be made: {why}")));
    }
    tracing::info!(topic = topic.name, partitions = topic.partitions, "topic made");
    settled(access, topic)
}

/// Why a topic cannot be made; `None` once it is, or where it was only asked.
fn create(
    access: &TopicAccess<'_>,
    topic: &RequiredTopic,
    options: &AdminOptions,
) -> Option<String> {
    let replication = TopicReplication::Fixed(access.settings.replication);
    let mut new = NewTopic::new(&topic.name, topic.partitions, replication);
    for (key, value) in &topic.config {
        new = new.set(key, value);
    }
    let refused = match wait(access.admin.create_topics([&new], options)) {
        Err(error) => return Some(error.to_string()),
        Ok(results) => results.into_iter().find_map(Result::err),
    };
    match refused {
        None | Some((_, RDKafkaErrorCode::TopicAlreadyExists)) => None,
        Some((_, RDKafkaErrorCode::TopicAuthorizationFailed)) => {
            Some(rights::missing(access.settings, "Create", AclResource::Topic(&topic.name)))
        }
        Some((_, code)) => Some(code.to_string()),
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(CALL)).operation_timeout(Some(CALL))
}

/// What to create, in words that can be pasted.
fn missing(topic: &RequiredTopic, brokers: &str) -> String {
    let RequiredTopic { name, partitions, config, .. } = topic;
    let config: String =
        config.iter().map(|(key, value)| format!(" --config {key}={value}")).collect();
    format!(
        "topic `{name}` is missing: kafka-topics.sh --bootstrap-server {brokers} --create \
         --topic {name} --partitions {partitions}{config}"
    )
}

/// Waits until every partition has a leader.
fn settled(access: &TopicAccess<'_>, topic: &RequiredTopic) -> Result<(), Error> {
    let started = Instant::now();
    while !access.connection.led(&topic.name, topic.partitions, CALL)? {
        if started.elapsed() > SETTLE {
            return Err(Error::Unreached(format!("`{}` has no leader", topic.name)));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

type Configs = BTreeMap<String, ConfigResource>;

/// The settings of topics that exist; none where the broker knows no such request.
fn describe(access: &TopicAccess<'_>, topics: &[&str]) -> Result<Configs, Error> {
    let specifiers: Vec<ResourceSpecifier<'_>> =
        topics.iter().map(|topic| ResourceSpecifier::Topic(topic)).collect();
    let described = wait(access.admin.describe_configs(&specifiers, &options()));
    let described = match described {
        Ok(described) => described,
        Err(error) => {
            tracing::warn!(%error, "topic settings are not told; taking the defaults");
            return Ok(Configs::new());
        }
    };
    let named = |resource: ConfigResource| match &resource.specifier {
        rdkafka::admin::OwnedResourceSpecifier::Topic(name) => Some((name.clone(), resource)),
        _ => None,
    };
    let told: Configs = described.into_iter().filter_map(Result::ok).filter_map(named).collect();
    // The client gives a topic whose settings are refused as one without settings.
    match told.iter().find(|(_, resource)| resource.entries.is_empty()) {
        Some((topic, _)) => Err(access.missing("DescribeConfigs", topic)),
        None => Ok(told),
    }
}

/// Whether compaction may remove records of a topic; false where the broker does not tell.
pub(super) fn is_compacted(settings: &Settings, topic: &str) -> bool {
    let policy = |resource: &ConfigResource| resource.get("cleanup.policy")?.value.clone();
    match TopicAccess::open(settings).and_then(|access| describe(&access, &[topic])) {
        Ok(told) => told.get(topic).and_then(policy).is_some_and(|p| p.contains("compact")),
        Err(error) => {
            tracing::warn!(topic, %error, "cannot read topic configuration; assuming no compaction");
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

fn told(access: &TopicAccess<'_>, wanted: &[RequiredTopic]) -> Result<TopicLimits, Error> {
    let names: Vec<&str> = wanted.iter().map(|topic| topic.name.as_str()).collect();
    let limits = Limits { by_role: [BYTES_DEFAULT; 5] };
    let mut told = TopicLimits { limits, tombstones_kept: TOMBSTONES_DEFAULT };
    let described = describe(access, &names)?;
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
