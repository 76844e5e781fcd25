import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.HeaderConverter;
import org.apache.kafka.connect.storage.SimpleHeaderConverter;
import org.apache.kafka.connect.transforms.Transformation;

/**
 * Does what a Kafka Connect worker does before a sink connector gets its records: reads the topic
 * of a connector from beginning to end, and applies the converters and transforms of its
 * configuration, all of which are Connect's own classes.
 *
 * <p>Arguments: bootstrap servers, the file with the connector. Prints a line for each record: the
 * key, a tab, and the value as JSON.
 */
class Sink {
    private static final String OVERRIDE = "consumer.override.";

    private final Map<String, String> config = new HashMap<>();
    private final Converter keys;
    private final Converter values;
    private final HeaderConverter headers;
    private final List<Transformation<SinkRecord>> transforms = new ArrayList<>();

    public static void main(String[] args) throws Exception {
        JsonNode connector = new ObjectMapper().readTree(new File(args[1]));
        new Sink(connector.get("config")).run(args[0]);
    }

    private Sink(JsonNode connector) throws Exception {
        connector.properties().forEach(e -> config.put(e.getKey(), e.getValue().asText()));
        keys = (Converter) instance(config.get("key.converter"));
        keys.configure(under("key.converter."), true);
        values = (Converter) instance(config.get("value.converter"));
        values.configure(under("value.converter."), false);
        String simple = SimpleHeaderConverter.class.getName();
        headers = (HeaderConverter) instance(config.getOrDefault("header.converter", simple));
        Map<String, Object> settings = under("header.converter.");
        settings.put("converter.type", "header");
        headers.configure(settings);
        for (String name : config.getOrDefault("transforms", "").split(",")) {
            if (!name.isEmpty()) {
                String prefix = "transforms." + name + ".";
                @SuppressWarnings("unchecked")
                var transform = (Transformation<SinkRecord>) instance(config.get(prefix + "type"));
                transform.configure(under(prefix));
                transforms.add(transform);
            }
        }
    }

    private static Object instance(String name) throws Exception {
        return Class.forName(name).getDeclaredConstructor().newInstance();
    }

    /** The settings that begin with a prefix, without the prefix. */
    private Map<String, Object> under(String prefix) {
        Map<String, Object> found = new HashMap<>();
        config.forEach((key, value) -> {
            if (key.startsWith(prefix)) {
                found.put(key.substring(prefix.length()), value);
            }
        });
        return found;
    }

    private void run(String bootstrap) {
        Map<String, Object> settings = under(OVERRIDE);
        settings.put("bootstrap.servers", bootstrap);
        settings.put("enable.auto.commit", "false");
        var bytes = new ByteArrayDeserializer();
        var json = new JsonConverter();
        json.configure(Map.of("schemas.enable", "false"), false);
        var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        try (var consumer = new KafkaConsumer<byte[], byte[]>(settings, bytes, bytes)) {
            List<TopicPartition> partitions = new ArrayList<>();
            consumer.partitionsFor(config.get("topics")).forEach(
                info -> partitions.add(new TopicPartition(info.topic(), info.partition())));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            var ends = new HashMap<>(consumer.endOffsets(partitions));
            while (!ends.isEmpty()) {
                ends.entrySet().removeIf(end -> consumer.position(end.getKey()) >= end.getValue());
                for (var record : consumer.poll(Duration.ofMillis(200))) {
                    SinkRecord sunk = transformed(record);
                    byte[] value = json.fromConnectData(sunk.topic(), null, sunk.value());
                    String text = value == null ? "null" : new String(value, StandardCharsets.UTF_8);
                    out.println(sunk.key() + "\t" + text);
                }
            }
        }
        out.flush();
    }

    private SinkRecord transformed(ConsumerRecord<byte[], byte[]> record) {
        var converted = new ConnectHeaders();
        for (var header : record.headers()) {
            converted.add(header.key(),
                headers.toConnectHeader(record.topic(), header.key(), header.value()));
        }
        var key = keys.toConnectData(record.topic(), record.key());
        var value = values.toConnectData(record.topic(), record.value());
        var sunk = new SinkRecord(
            record.topic(), record.partition(), key.schema(), key.value(), value.schema(),
            value.value(), record.offset(), record.timestamp(), record.timestampType(), converted);
        for (var transform : transforms) {
            sunk = transform.apply(sunk);
        }
        return sunk;
    }
}
