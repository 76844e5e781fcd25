//! Creates missing topics and checks existing ones.
//!
//! In: [`Settings`]. Out: the limits that the broker reports ([`TopicLimits`]), or an error that
//! states exactly what to create, change or permit. Missing topics are created with the right
//! cleanup policy. On existing topics, only settings that would lose state are errors: the
//! changelog's cleanup policy and its number of partitions. Permissions are checked before anything
//! depends on them.

use super::client::{CALL_TIMEOUT, Settings, SilentContext};
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

/// Kafka's default for `max.message.bytes`, assumed if the broker does not report it.
const BYTES_DEFAULT: usize = 1_048_588;
/// How many bytes larger an output record may be than its input record.
const HEADROOM: usize = 64 << 10;
/// How long to wait until every partition of a new topic has a leader.
const SETTLE: Duration = Duration::from_secs(30);

/// The interval at which to check that the output topics still exist.
const CHECK_EVERY: Duration = Duration::from_millis(1_200);
/// The timeout of one check that the topics still exist.
const CHECK_TIMEOUT: Duration = Duration::from_secs(1);
/// How many checks in a row must miss a topic before it counts as deleted. A broker that has just
/// started may not know it yet.
const CHECKS: u32 = 3;

/// Kafka's default for `delete.retention.ms`, assumed if the broker does not report it.
const TOMBSTONES_DEFAULT: Duration = Duration::from_hours(24);

/// What the broker reports about the output topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicLimits {
    /// The size limits of the topics.
    pub limits: Limits,
    /// How long the changelog keeps tombstones.
    pub tombstones_kept: Duration,
}

/// A topic that must exist, and how to create it.
struct RequiredTopic {
    name: String,
    /// What Wirefold writes to the topic; `None` for an input topic.
    role: Option<Role>,
    /// The number of partitions to create it with.
    partitions: i32,
    /// The topic configuration to create it with.
    config: Vec<(&'static str, String)>,
}

/// The clients for metadata and admin requests.
struct TopicAccess<'a> {
    settings: &'a Settings,
    connection: Connection,
    admin: AdminClient<SilentContext>,
}

impl<'a> TopicAccess<'a> {
    /// Connects to the brokers.
    fn open(settings: &'a Settings) -> Result<Self, Error> {
        let connection = Connection::new(settings)?;
        connection.reach(&settings.topics.state)?;
        let admin = settings.admin().create_with_context(SilentContext);
        let admin = admin.map_err(|e: KafkaError| Error::NeedsPerson(e.to_string()))?;
        Ok(Self { settings, connection, admin })
    }

    /// The number of partitions of a topic; `None` if it does not exist.
    fn partitions(&self, topic: &str) -> Result<Option<i32>, Error> {
        self.connection.partitions(topic, CALL_TIMEOUT).map_err(|error| {
            if rights::is_topic_denied(&error) {
                return self.missing("Describe", topic);
            }
            self.connection.failed(&format!("`{topic}`: {error}"))
        })
    }

    /// The error for a missing permission on a topic.
    fn missing(&self, operation: &str, topic: &str) -> Error {
        Error::NeedsPerson(rights::missing_permission_message(
            self.settings,
            operation,
            AclResource::Topic(topic),
        ))
    }
}

/// Creates missing topics, checks existing ones, and returns the limits that the broker reports.
///
/// # Errors
/// When the brokers cannot be reached, a permission is missing, a topic cannot be created, or the
/// changelog is configured in a way that loses state.
pub fn create_and_check(settings: &Settings) -> Result<TopicLimits, Error> {
    let access = TopicAccess::open(settings)?;
    let input_bytes = if settings.in_memory.is_none() { input_bytes(&access)? } else { None };
    let wanted = wanted(settings, input_bytes.unwrap_or(BYTES_DEFAULT));
    for topic in &wanted {
        match access.partitions(&topic.name)? {
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
    let limits = topic_limits(&access, &wanted)?;
    check_rights(settings, &wanted)?;
    Ok(limits)
}

/// Reports for every topic that it exists, or exactly how to create it. Creates nothing.
///
/// # Errors
/// When the brokers cannot be reached, a permission is missing, an existing topic is unsuitable, or
/// `run` could not create a missing topic.
pub fn report(settings: &Settings) -> Result<Vec<String>, Error> {
    let access = TopicAccess::open(settings)?;
    let (mut lines, mut existing, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for topic in wanted(settings, BYTES_DEFAULT) {
        let Some(partitions) = access.partitions(&topic.name)? else {
            let missing = missing(&topic, settings.brokers());
            match create(&access, &topic, &options().validate_only(true)) {
                None => lines.push(missing),
                Some(why) => refused.push(format!("{missing} (`run` cannot create it: {why})")),
            }
            continue;
        };
        check_partitions(&topic, partitions)?;
        let plural = if partitions == 1 { "" } else { "s" };
        lines.push(format!("topic `{}` exists, {partitions} partition{plural}", topic.name));
        existing.push(topic);
    }
    if !refused.is_empty() {
        return Err(Error::NeedsPerson(refused.join("\n")));
    }
    if !existing.is_empty() {
        topic_limits(&access, &existing)?;
    }
    check_rights(settings, &existing)?;
    rights::check_transactions(settings)?;
    match lines.len() - existing.len() {
        0 => {}
        1 => lines.push("1 topic does not exist yet; `run` creates it".into()),
        n => lines.push(format!("{n} topics do not exist yet; `run` creates them")),
    }
    Ok(lines)
}

/// The current size limits of the output topics.
///
/// # Errors
/// When the brokers cannot be reached, a permission is missing, or the changelog is not compacted.
pub(super) fn size_limits(settings: &Settings) -> Result<Limits, Error> {
    let access = TopicAccess::open(settings)?;
    Ok(topic_limits(&access, &wanted(settings, BYTES_DEFAULT))?.limits)
}

/// Checks at intervals that the output topics still exist, until `stop` is closed.
///
/// # Errors
/// When a topic was deleted, or the permission to describe it was removed. The message says what to
/// do.
pub fn watch(settings: &Settings, stop: &Receiver<()>) -> Result<(), Error> {
    let connection = Connection::new(settings)?;
    let mut gone = BTreeMap::<&str, u32>::new();
    while stop.recv_timeout(CHECK_EVERY) == Err(RecvTimeoutError::Timeout) {
        for role in Role::ALL {
            let Some(topic) = settings.topics.of(role) else { continue };
            let why = match connection.partitions(topic, CHECK_TIMEOUT) {
                Ok(Some(_)) => {
                    gone.remove(topic);
                    continue;
                }
                Ok(None) => deleted(settings, role, topic),
                Err(error) if rights::is_topic_denied(&error) => {
                    rights::missing_permission_message(
                        settings,
                        "Describe",
                        AclResource::Topic(topic),
                    )
                }
                // The brokers cannot be reached. The pipelines report that.
                Err(_) => break,
            };
            let checks = gone.entry(topic).or_default();
            *checks += 1;
            if *checks >= CHECKS {
                return Err(Error::NeedsPerson(why));
            }
        }
    }
    Ok(())
}

/// The error message about a deleted topic.
fn deleted(settings: &Settings, role: Role, topic: &str) -> String {
    let brokers = settings.brokers();
    let remedy = match role {
        Role::State => {
            "it held the daemon's entire state. Restore the topic from a backup, or restart \
             without state; see deploy/README.md for the consequences"
        }
        _ => "restart to create a new one, or create it with your own configuration first",
    };
    format!("topic `{topic}` was deleted at {brokers} while in use: {remedy}")
}

/// Checks Write on the output topics, and Read on the input topics and the changelog.
fn check_rights(settings: &Settings, topics: &[RequiredTopic]) -> Result<(), Error> {
    let named = |take: fn(Option<Role>) -> bool| -> Vec<&str> {
        topics.iter().filter(|topic| take(topic.role)).map(|topic| topic.name.as_str()).collect()
    };
    let read = named(|role| matches!(role, None | Some(Role::State)));
    rights::check(settings, &named(|role| role.is_some()), &read)
}

/// The largest `max.message.bytes` of the input topics that exist, if the broker reports it.
fn input_bytes(access: &TopicAccess<'_>) -> Result<Option<usize>, Error> {
    let mut most = None;
    for topic in access.settings.map.topics() {
        if access.partitions(&topic)?.is_some() {
            most = most.max(describe(access, &[&topic])?.get(&*topic).and_then(bytes_max));
        }
    }
    Ok(most)
}

/// The topics that must exist, and how to create them. `input_bytes` is the largest input record.
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

/// Checks that the changelog has one partition for each shard.
fn check_partitions(topic: &RequiredTopic, found: i32) -> Result<(), Error> {
    if topic.role == Some(Role::State) && found != topic.partitions {
        return Err(Error::NeedsPerson(format!(
            "the changelog `{}` has {found} partitions but must have {}, one for each shard: \
             change `shards`, or name another topic in `output.state`",
            topic.name, topic.partitions
        )));
    }
    Ok(())
}

/// Adds changelog partitions for new shards.
fn grow(access: &TopicAccess<'_>, topic: &RequiredTopic, partitions: i32) -> Result<(), Error> {
    let wrong = |why: String| {
        let RequiredTopic { name, partitions: wanted, .. } = topic;
        let brokers = access.settings.brokers();
        Error::NeedsPerson(format!(
            "the changelog `{name}` has {partitions} partitions but must have {wanted}, one for \
             each shard, and Wirefold cannot add them ({why}); run kafka-topics.sh \
             --bootstrap-server {brokers} --alter --topic {name} --partitions {wanted}"
        ))
    };
    let count = usize::try_from(topic.partitions).unwrap_or(0);
    let more = NewPartitions::new(&topic.name, count);
    let created = wait(access.admin.create_partitions([&more], &options()));
    // If several instances start at once, only one of them adds the partitions. The others are
    // refused, but find the wanted number of partitions.
    let refused = created.map_err(|e| wrong(e.to_string()))?.into_iter().find_map(Result::err);
    if let Some((_, code)) = refused
        && access.partitions(&topic.name)? != Some(topic.partitions)
    {
        return Err(wrong(code.to_string()));
    }
    tracing::info!(
        topic = topic.name,
        from = partitions,
        to = topic.partitions,
        "partitions added to the changelog"
    );
    settled(access, topic)
}

/// Creates a missing topic and waits until it can be used.
fn make(access: &TopicAccess<'_>, topic: &RequiredTopic) -> Result<(), Error> {
    if let Some(why) = create(access, topic, &options()) {
        let missing = missing(topic, access.settings.brokers());
        return Err(Error::NeedsPerson(format!("{missing} (Wirefold cannot create it: {why})")));
    }
    tracing::info!(topic = topic.name, partitions = topic.partitions, "topic created");
    settled(access, topic)
}

/// Creates a topic, or only validates the request if `options` ask for that. Returns the reason if
/// it failed, and `None` on success or if the topic exists already.
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
            Some(rights::missing_permission_message(
                access.settings,
                "Create",
                AclResource::Topic(&topic.name),
            ))
        }
        Some((_, code)) => Some(code.to_string()),
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(CALL_TIMEOUT)).operation_timeout(Some(CALL_TIMEOUT))
}

/// The message about a missing topic, with the command that creates it.
fn missing(topic: &RequiredTopic, brokers: &str) -> String {
    let RequiredTopic { name, partitions, config, .. } = topic;
    let config: String =
        config.iter().map(|(key, value)| format!(" --config {key}={value}")).collect();
    format!(
        "topic `{name}` does not exist; create it with kafka-topics.sh --bootstrap-server \
         {brokers} --create --topic {name} --partitions {partitions}{config}"
    )
}

/// Waits until every partition has a leader.
fn settled(access: &TopicAccess<'_>, topic: &RequiredTopic) -> Result<(), Error> {
    let started = Instant::now();
    while !access.connection.all_have_leaders(&topic.name, topic.partitions, CALL_TIMEOUT)? {
        if started.elapsed() > SETTLE {
            return Err(Error::Unreachable(format!(
                "not every partition of `{}` has a leader yet",
                topic.name
            )));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// The configuration of topics, by name.
type Configs = BTreeMap<String, ConfigResource>;

/// The configuration of existing topics; empty if the broker cannot report it.
fn describe(access: &TopicAccess<'_>, topics: &[&str]) -> Result<Configs, Error> {
    let specifiers: Vec<ResourceSpecifier<'_>> =
        topics.iter().map(|topic| ResourceSpecifier::Topic(topic)).collect();
    let described = wait(access.admin.describe_configs(&specifiers, &options()));
    let described = match described {
        Ok(described) => described,
        Err(error) => {
            tracing::warn!(%error, "cannot read the topics' configuration; assuming defaults");
            return Ok(Configs::new());
        }
    };
    let named = |resource: ConfigResource| match &resource.specifier {
        rdkafka::admin::OwnedResourceSpecifier::Topic(name) => Some((name.clone(), resource)),
        _ => None,
    };
    let configs: Configs = described.into_iter().filter_map(Result::ok).filter_map(named).collect();
    // If DescribeConfigs is refused, the client returns the topic without any entries.
    match configs.iter().find(|(_, resource)| resource.entries.is_empty()) {
        Some((topic, _)) => Err(access.missing("DescribeConfigs", topic)),
        None => Ok(configs),
    }
}

/// Whether compaction may remove records of a topic; false if the broker does not report it.
pub(super) fn is_compacted(settings: &Settings, topic: &str) -> bool {
    let policy = |resource: &ConfigResource| resource.get("cleanup.policy")?.value.clone();
    match TopicAccess::open(settings).and_then(|access| describe(&access, &[topic])) {
        Ok(configs) => configs.get(topic).and_then(policy).is_some_and(|p| p.contains("compact")),
        Err(error) => {
            tracing::warn!(
                topic,
                %error,
                "cannot read the topic's configuration; assuming that it is not compacted"
            );
            false
        }
    }
}

/// The `max.message.bytes` of a topic.
fn bytes_max(resource: &ConfigResource) -> Option<usize> {
    usize::try_from(number(resource, "max.message.bytes")?).ok()
}

/// A numeric configuration entry.
fn number(resource: &ConfigResource, name: &str) -> Option<u64> {
    resource.get(name)?.value.as_ref()?.parse().ok()
}

/// Reads the limits of existing topics and checks their cleanup policies.
fn topic_limits(access: &TopicAccess<'_>, topics: &[RequiredTopic]) -> Result<TopicLimits, Error> {
    let names: Vec<&str> = topics.iter().map(|topic| topic.name.as_str()).collect();
    let limits = Limits { by_role: [BYTES_DEFAULT; 5] };
    let mut found = TopicLimits { limits, tombstones_kept: TOMBSTONES_DEFAULT };
    let described = describe(access, &names)?;
    for topic in topics {
        let (Some(role), Some(resource)) = (topic.role, described.get(&topic.name)) else {
            continue;
        };
        let policy = resource.get("cleanup.policy").and_then(|entry| entry.value.clone());
        let compacted = policy.as_deref() == Some("compact");
        if role == Role::State && !compacted {
            let policy = policy.unwrap_or_default();
            return Err(Error::NeedsPerson(format!(
                "the changelog `{}` has `cleanup.policy={policy}`: it must be `compact`, or state \
                 will be lost",
                topic.name
            )));
        }
        if role == Role::State
            && let Some(millis) = number(resource, "delete.retention.ms")
        {
            found.tombstones_kept = Duration::from_millis(millis);
        }
        if role == Role::Stories && !compacted {
            tracing::warn!(
                topic = topic.name,
                "the topic in `output.stories` is not compacted, so it will lose the state of live \
                 stories; set its `cleanup.policy` to `compact`"
            );
        }
        if let Some(bytes) = bytes_max(resource) {
            found.limits.by_role[role as usize] = bytes;
        }
    }
    Ok(found)
}

/// Blocks until an admin call completes. Its client polls on a separate thread.
fn wait<F: Future>(call: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime without drivers needs no system resources")
        .block_on(call)
}
