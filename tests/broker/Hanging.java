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
 * Leaves a transaction that hangs: bootstrap servers, transactional id, topics. Every partition of
 * the topics gets one record of a transaction that the coordinator does not know of, so that no
 * marker ever ends it. Such a record is refused since Kafka 3.6; the broker is told to take it, and
 * told to refuse the next one.
 */
class Hanging {
    private static final String VERIFIES = "transaction.partition.verification.enable";
    private static final int TIMEOUT_MS = 10_000;
    private static final long STARTED = System.nanoTime();
    private static final long PATIENCE_NS = 60_000_000_000L;
    /** The last version in which topics have names. */
    private static final short PRODUCE_VERSION = 11;
    private static final short INIT_VERSION = 4;

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
                verify(admin, AlterConfigOp.OpType.DELETE);
            }
        }
    }

    /** Turns the check of transactional records off, or back to what it was. */
    private static void verify(Admin admin, AlterConfigOp.OpType how) throws Exception {
        ConfigResource brokers = new ConfigResource(ConfigResource.Type.BROKER, "");
        AlterConfigOp off = new AlterConfigOp(new ConfigEntry(VERIFIES, "false"), how);
        admin.incrementalAlterConfigs(Map.of(brokers, List.of(off))).all().get();
    }

    private static InitProducerIdResponseData init(Socket broker, String id) throws Exception {
        var asked =
                new InitProducerIdRequestData()
                        .setTransactionalId(id)
                        .setTransactionTimeoutMs(TIMEOUT_MS);
        while (true) {
            var request = new InitProducerIdRequest.Builder(asked).build(INIT_VERSION);
            var answer = ((InitProducerIdResponse) ask(broker, request)).data();
            Errors error = Errors.forCode(answer.errorCode());
            if (error == Errors.NONE) {
                return answer;
            }
            retry(error);
        }
    }

    private static void produce(
            Admin admin,
            Socket broker,
            String id,
            InitProducerIdResponseData as,
            String topic,
            int partition)
            throws Exception {
        var record = new SimpleRecord("hanging".getBytes("UTF-8"), "hanging".getBytes("UTF-8"));
        var records =
                MemoryRecords.withTransactionalRecords(
                        Compression.NONE, as.producerId(), as.producerEpoch(), 0, record);
        var of = new PartitionProduceData().setIndex(partition).setRecords(records);
        var to = new TopicProduceData().setName(topic).setPartitionData(List.of(of));
        var data =
                new ProduceRequestData()
                        .setTransactionalId(id)
                        .setAcks((short) -1)
                        .setTimeoutMs(TIMEOUT_MS)
                        .setTopicData(new TopicProduceDataCollection(List.of(to).iterator()));
        while (true) {
            verify(admin, AlterConfigOp.OpType.SET);
            var request = ProduceRequest.builder(data, true).build(PRODUCE_VERSION);
            var answer = ((ProduceResponse) ask(broker, request)).data();
            short code = answer.responses().iterator().next().partitionResponses().get(0).errorCode();
            if (code == Errors.NONE.code()) {
                return;
            }
            retry(Errors.forCode(code));
        }
    }

    /**
     * Waits, where the broker is not ready yet: for an answer, or for the word that it verifies no more.
     * Until that has reached it, it refuses the record in one of two ways.
     */
    private static void retry(Errors error) throws Exception {
        boolean verifies = error == Errors.TRANSACTION_ABORTABLE || error == Errors.INVALID_TXN_STATE;
        boolean waits = verifies || error.exception() instanceof RetriableException;
        if (!waits || System.nanoTime() - STARTED > PATIENCE_NS) {
            throw error.exception();
        }
        Thread.sleep(50);
    }

    private static AbstractResponse ask(Socket broker, AbstractRequest request) throws Exception {
        var header = new RequestHeader(request.apiKey(), request.version(), "hanging", correlation++);
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
