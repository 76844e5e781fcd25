#!/usr/bin/env python3
"""Copies a Kafka topic, to keep the state of Wirefold before an upgrade.

    python3 -m venv venv && . venv/bin/activate && pip install confluent-kafka
    deploy/copy_topic.py broker:9092 wire.state wire.state.before [client.properties]

Reads the committed records of every partition up to its end, and writes them to the same partition
of the second topic: keys, values, headers and timestamps stay the same. If the second topic does
not exist, it is created with the partitions, replication and configuration of the first one;
otherwise it must be empty and have as many partitions. Stop every instance first. The file holds
more client properties, such as passwords, as lines `name=value` with the names of librdkafka and
without spaces around `=`. Needs the permissions of Wirefold itself; if these are for another prefix
of groups than `wirefold`, add a `group.id` with that prefix to the file.
"""

import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, ConfigSource, NewTopic


def partitions(consumer, topic):
    """The partitions of a topic by number; `None` if it does not exist."""
    found = consumer.list_topics(timeout=30).topics.get(topic)
    if found and found.error:
        raise SystemExit(f"{topic}: {found.error}")
    return found and found.partitions


def create(admin, consumer, source, target):
    """Creates `target` like `source`, and waits until every partition has a leader."""
    like = partitions(consumer, source)
    resource = ConfigResource(ConfigResource.Type.TOPIC, source)
    config = admin.describe_configs([resource])[resource].result(timeout=30)
    # Only what was set for this topic: the broker's defaults also apply to the new topic.
    own = {name: entry.value for name, entry in config.items()
           if entry.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value}
    topic = NewTopic(target, len(like), len(like[0].replicas), config=own)
    admin.create_topics([topic])[target].result(timeout=30)
    for _ in range(60):
        made = partitions(consumer, target) or {}
        if len(made) == len(like) and all(each.leader >= 0 for each in made.values()):
            return
        time.sleep(0.5)
    raise SystemExit(f"{target} has no leader after 30 s")


def copy(brokers, source, target, properties):
    common = {**properties, "bootstrap.servers": brokers}
    # The group stays empty, but the client needs a permission to look up the group's coordinator.
    # The daemon's permission for groups with the prefix `wirefold` covers this name.
    group = common.pop("group.id", "wirefold.copy_topic")
    consumer = Consumer({**common, "group.id": group, "enable.auto.commit": False,
                         "isolation.level": "read_committed", "enable.partition.eof": True})
    producer = Producer({**common, "enable.idempotence": True, "compression.type": "lz4"})
    if not partitions(consumer, source):
        raise SystemExit(f"{source} does not exist")
    numbers = sorted(partitions(consumer, source))
    if partitions(consumer, target) is None:
        create(AdminClient(common), consumer, source, target)
    elif sorted(partitions(consumer, target)) != numbers:
        raise SystemExit(f"{target} must have {len(numbers)} partition(s)")
    for number in numbers:
        if consumer.get_watermark_offsets(TopicPartition(target, number), timeout=30)[1] > 0:
            raise SystemExit(f"{target} is not empty")

    def delivered(error, _record):
        if error:
            raise SystemExit(f"not delivered: {error}")

    consumer.assign([TopicPartition(source, number, OFFSET_BEGINNING) for number in numbers])
    copied, left = 0, set(numbers)
    while left:
        record = consumer.poll(30.0)
        if record is None:
            raise SystemExit("the broker has not responded for 30 s")
        if record.error():
            if record.error().code() != KafkaError._PARTITION_EOF:
                raise SystemExit(str(record.error()))
            left.discard(record.partition())
            continue
        while True:
            try:
                producer.produce(target, record.value(), record.key(), record.partition(),
                                 on_delivery=delivered, timestamp=record.timestamp()[1],
                                 headers=record.headers() or [])
                break
            except BufferError:
                producer.poll(1.0)
        producer.poll(0)
        copied += 1
    if producer.flush(120):
        raise SystemExit("some records were not delivered within 120 s")
    print(f"{copied} records copied from {source} to {target}")


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        raise SystemExit(__doc__)
    more = {}
    if len(sys.argv) == 5:
        with open(sys.argv[4]) as file:
            lines = [line.strip() for line in file]
        more = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    copy(*sys.argv[1:4], more)
