import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads topics from beginning to end with Kafka's own consumer, which shares no code with the
 * daemon's client.
 *
 * <p>Arguments: bootstrap servers, isolation level, topics. Prints one big-endian frame per record:
 * index of the topic (8 bits), partition (32), offset (64), timestamp (64), key, value, number of
 * headers (32), and each header's name and value. A byte string is preceded by its length (32 bits;
 * -1 means null). The byte 255 ends the output. A missing topic has no records.
 */
class Outside {
    private static final Duration POLL = Duration.ofMillis(200);

    public static void main(String[] args) throws IOException {
        List<String> topics = List.of(args).subList(2, args.length);
        Properties settings = new Properties();
        settings.put("bootstrap.servers", args[0]);
        settings.put("isolation.level", args[1]);
        settings.put("enable.auto.commit", "false");
        settings.put("auto.offset.reset", "none");
        settings.put("check.crcs", "true");
        settings.put("max.poll.records", "5000");
        ByteArrayDeserializer bytes = new ByteArrayDeserializer();
        try (var consumer = new KafkaConsumer<byte[], byte[]>(settings, bytes, bytes);
                var out = new DataOutputStream(new BufferedOutputStream(System.out, 1 << 16))) {
            List<TopicPartition> partitions = new ArrayList<>();
            for (String topic : topics) {
                for (PartitionInfo info : consumer.partitionsFor(topic)) {
                    partitions.add(new TopicPartition(topic, info.partition()));
                }
            }
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = new HashMap<>(consumer.endOffsets(partitions));
            while (!ends.isEmpty()) {
                ends.entrySet().removeIf(end -> consumer.position(end.getKey()) >= end.getValue());
                for (var record : consumer.poll(POLL)) {
                    write(out, topics.indexOf(record.topic()), record);
                }
            }
            out.writeByte(255);
        }
    }

    private static void write(
            DataOutputStream out, int topic, ConsumerRecord<byte[], byte[]> record)
            throws IOException {
        out.writeByte(topic);
        out.writeInt(record.partition());
        out.writeLong(record.offset());
        out.writeLong(record.timestamp());
        write(out, record.key());
        write(out, record.value());
        Header[] headers = record.headers().toArray();
        out.writeInt(headers.length);
        for (Header header : headers) {
            write(out, header.key().getBytes("UTF-8"));
            write(out, header.value());
        }
    }

    private static void write(DataOutputStream out, byte[] bytes) throws IOException {
        if (bytes == null) {
            out.writeInt(-1);
            return;
        }
        out.writeInt(bytes.length);
        out.write(bytes);
    }
}
