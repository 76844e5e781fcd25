import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceDataCollection;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.InitProducerIdRequest;
import org.apache.kafka.common.requests.InitProducerIdResponse;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.ProduceResponse;
import org.apache.kafka.common.requests.RequestHeader;

/**
 * Leaves a hanging transaction. Arguments: bootstrap servers, transactional id, topics. Writes one
 * transactional record to every partition of the topics without adding the partition to a
 * transaction at the coordinator, so that no marker ever ends the transaction. Brokers have
 * rejected such records since Kafka 3.6; this class turns that verification off and, at the end, on
 * again.
 */
class Hanging {
    /** The broker setting that verifies transactional records. */
    private static final String VERIFICATION = "transaction.partition.verification.enable";
    private static final int TIMEOUT_MS = 10_000;
    private static final long STARTED = System.nanoTime();
    private static final long RETRY_NS = 60_000_000_000L;
    /** The last version of Produce requests that contain the topics' names instead of their ids. */
    private static final short PRODUCE_VERSION = 11;
    private static final short INIT_VERSION = 4;

    /** The correlation id of the next request. */
    private static int correlation;

    public static void main(String[] args) throws Exception {
        String[] host = args[0].split(",")[0].split(":");
        List<String> topics = List.of(args).subList(2, args.length);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]));
                Socket broker = new Socket(host[0], Integer.parseInt(host[1]))) {
            InitProducerIdResponseData producer = init(broker, args[1]);
            try {
                for (var topic : admin.describeTopics(topics).allTopicNames().get().values()) {
                    for (int partition = 0; partition < topic.partitions().size(); partition++) {
                        produce(admin, broker, args[1], producer, topic.name(), partition);
                    }
                }
            } finally {
                setVerification(admin, AlterConfigOp.OpType.DELETE);
            }
        }
    }

    /** Turns verification of transactional records off (SET) or back to its default (DELETE). */
    private static void setVerification(Admin admin, AlterConfigOp.OpType how) throws Exception {
        ConfigResource brokers = new ConfigResource(ConfigResource.Type.BROKER, "");
        AlterConfigOp off = new AlterConfigOp(new ConfigEntry(VERIFICATION, "false"), how);
        admin.incrementalAlterConfigs(Map.of(brokers, List.of(off))).all().get();
    }

    /** Gets a producer id and epoch for a transactional id, like initTransactions. */
    private static InitProducerIdResponseData init(Socket broker, String id) throws Exception {
        var data =
                new InitProducerIdRequestData()
                        .setTransactionalId(id)
                        .setTransactionTimeoutMs(TIMEOUT_MS);
        while (true) {
            var request = new InitProducerIdRequest.Builder(data).build(INIT_VERSION);
            var answer = ((InitProducerIdResponse) ask(broker, request)).data();
            Errors error = Errors.forCode(answer.errorCode());
            if (error == Errors.NONE) {
                return answer;
            }
            retry(error);
        }
    }

    /** Writes one transactional record, with verification turned off. */
    private static void produce(
            Admin admin,
            Socket broker,
            String id,
            InitProducerIdResponseData producer,
            String topic,
            int partition)
            throws Exception {
        var record = new SimpleRecord("hanging".getBytes("UTF-8"), "hanging".getBytes("UTF-8"));
        var records =
                MemoryRecords.withTransactionalRecords(
                        Compression.NONE,
                        producer.producerId(),
                        producer.producerEpoch(),
                        0,
                        record);
        var partitionData = new PartitionProduceData().setIndex(partition).setRecords(records);
        var topicData =
                new TopicProduceData().setName(topic).setPartitionData(List.of(partitionData));
        var allTopics = new TopicProduceDataCollection(List.of(topicData).iterator());
        var data =
                new ProduceRequestData()
                        .setTransactionalId(id)
                        .setAcks((short) -1)
                        .setTimeoutMs(TIMEOUT_MS)
                        .setTopicData(allTopics);
        while (true) {
            setVerification(admin, AlterConfigOp.OpType.SET);
            var request = ProduceRequest.builder(data, true).build(PRODUCE_VERSION);
            var answer = ((ProduceResponse) ask(broker, request)).data();
            var partitions = answer.responses().iterator().next().partitionResponses();
            short code = partitions.get(0).errorCode();
            if (code == Errors.NONE.code()) {
                return;
            }
            retry(Errors.forCode(code));
        }
    }

    /**
     * Waits before a retry if the error is temporary, and throws otherwise. Until the broker has
     * applied the new setting, it rejects the record with one of two errors, which count as
     * temporary.
     */
    private static void retry(Errors error) throws Exception {
        boolean verified =
                error == Errors.TRANSACTION_ABORTABLE || error == Errors.INVALID_TXN_STATE;
        boolean temporary = verified || error.exception() instanceof RetriableException;
        if (!temporary || System.nanoTime() - STARTED > RETRY_NS) {
            throw error.exception();
        }
        Thread.sleep(50);
    }

    /** Sends a request and reads its response. */
    private static AbstractResponse ask(Socket broker, AbstractRequest request) throws Exception {
        var header =
                new RequestHeader(request.apiKey(), request.version(), "hanging", correlation++);
        ByteBuffer bytes = request.serializeWithHeader(header);
        var out = new DataOutputStream(broker.getOutputStream());
        out.writeInt(bytes.remaining());
        out.write(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
        out.flush();
        var in = new DataInputStream(broker.getInputStream());
        byte[] answer = in.readNBytes(in.readInt());
        return AbstractResponse.parseResponse(ByteBuffer.wrap(answer), header);
    }
}
