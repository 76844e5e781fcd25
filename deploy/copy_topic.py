#!/usr/bin/env python3
"""Copies a Kafka topic, to keep the state of Wirefold before an upgrade.

    pip install confluent-kafka
    deploy/copy_topic.py broker:9092 wire.state wire.state.before [client.properties]

Reads the committed records of every partition up to its end, and writes them to the same partition
of the second topic, which must exist, be empty and have as many partitions: keys, values, headers
and timestamps stay the same. Stop every instance first. The file holds more client properties,
such as passwords, as lines `name=value`.
"""

import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition


def partitions(consumer, topic):
    """The numbers of the partitions of a topic."""
    found = consumer.list_topics(topic, timeout=30).topics[topic]
    if found.error:
        raise SystemExit(f"{topic}: {found.error}")
    return sorted(found.partitions)


def copy(brokers, source, target, properties):
    common = {**properties, "bootstrap.servers": brokers}
    consumer = Consumer({**common, "group.id": "copy_topic", "enable.auto.commit": False,
                         "isolation.level": "read_committed", "enable.partition.eof": True})
    producer = Producer({**common, "enable.idempotence": True, "compression.type": "lz4"})
    numbers = partitions(consumer, source)
    if partitions(consumer, target) != numbers:
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
