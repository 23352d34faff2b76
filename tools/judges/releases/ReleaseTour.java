import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.zookeeper.ZooKeeper;

/**
 * One tour of a real cluster of one release, the same for every release: into hybrid mode, back, and into a second attempt,
 * past everything where a release is known to do wrong. Prints of each defect whether it showed: ID, "shown" or "not", evidence.
 *
 *   P0  quotas of 'CN=web'; a block of producer ids; a topic whose deletion waits for broker 3
 *   P1  a controller without the flag                                                          KAFKA-14909
 *   P2  the copy, of whatever stands in ZooKeeper while its controller stands still            KAFKA-15605, 15552, 16222
 *   P3  a topic without configs, more partitions, a moved replica; a deletion that broker 3
 *       sleeps through, and another controller                                                 KAFKA-16003, 15149, 16121, 16120, MB-26, KAFKA-15799
 *   P4  back to ZooKeeper, and again: with the first attempt's log on brokers, at a
 *       metadata.version without transactions                                                  KAFKA-16463, 17457
 */
final class ReleaseTour extends RealCluster {
    private static final int SESSION_MS = 40_000;  // A broker may stand still, and its session lives.
    private static final int ASLEEP = 3;

    private ReleaseTour(String[] args) throws IOException {
        super(args, Shape.plain(args[4], SESSION_MS), 0);
    }

    /** JARS ZOOKEEPER_CLASSPATH WORK OUT VERSION. */
    public static void main(String[] args) throws Exception {
        ReleaseTour tour = new ReleaseTour(args);
        Runtime.getRuntime().addShutdownHook(new Thread(tour::killAll));
        int code = 0;
        try {
            tour.note(tour.shape.toString());
            tour.go();
        } catch (Loopback.Disagreement e) {
            tour.note("ended: " + e.getMessage());
            System.err.println("the real cluster: " + e.getMessage());
            code = 1;
        }
        System.exit(code);
    }

    private void go() throws Exception {
        begin();
        controllerWithoutFlag();
        copy();
        topicWithoutConfigs();
        morePartitions();
        movedReplicas();
        deletionSleptThrough();
        backToZooKeeper();
        secondAttempt();
    }

    /** Topics that are gone, or should be, are at rest however brokers show them. */
    @Override
    Map<String, TopicDescription> topics() throws Exception {
        Map<String, TopicDescription> all = new HashMap<>(super.topics());
        all.keySet().removeAll(List.of("doomed", "payments"));
        return all;
    }

    private void tell(String id, boolean shown, String evidence) {
        note(id + (shown ? " shown: " : " not: ") + evidence);
        System.out.println(id + " " + (shown ? "shown" : "not") + " " + evidence);
    }

    // ── P0 ──────────────────────────────────────────────────────────────────────────────────────

    private void begin() throws Exception {
        startZooKeeper();
        for (int id : shape.brokers) startBroker(id, Shape.Broker.ZOOKEEPER);
        for (Node broker : brokers.values()) awaitStarted(broker);
        admin = Admin.create(RandomChanges.clients(shape));
        rest();
        admin.createTopics(List.of(new NewTopic("orders", Map.of(0, List.of(1, 2, 3), 1, List.of(2, 3, 1))),
            new NewTopic("payments", Map.of(0, List.of(1, 2, 3))), new NewTopic("moving", Map.of(0, List.of(1, 2, 3))),
            new NewTopic("growing", Map.of(0, List.of(1, 2))),
            new NewTopic("doomed", Map.of(0, List.of(1, ASLEEP))))).all().get();
        admin.alterClientQuotas(List.of(new ClientQuotaAlteration(new ClientQuotaEntity(Map.of(ClientQuotaEntity.USER, "CN=web")),
            List.of(new ClientQuotaAlteration.Op("producer_byte_rate", 1048576.0))))).all().get();
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(RandomChanges.clients(shape), new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>("orders", "a record of an idempotent producer")).get();
        }
        settle();
        note("made topics, a quota, and a block of producer ids");
    }

    // ── P1 ──────────────────────────────────────────────────────────────────────────────────────

    /** The two with the flag elect one of them; the third comes later. */
    private void controllerWithoutFlag() throws Exception {
        int without = 3002;
        formatControllers();
        startNewControllers(List.of(3000, 3001));
        Loopback.await("a controller acts", patience, () -> acting().isPresent());
        startController(without, false);
        awaitStarted(controllers.get(without));
        Thread.sleep(12_000);
        String state = controllers.get(acting().orElseThrow()).driverState();
        tell("KAFKA-14909", !state.equals("WAIT_FOR_CONTROLLER_QUORUM"), "controller-" + without + " is without the flag, the driver is in " + state);
        startAllUntilTheyAreReady();
    }

    /**
     * One first: two that make /migration at the same time get an error, after which the driver of a release with KAFKA-16563
     * never begins (3.6.0 did so on this tour).
     */
    private void startNewControllers(List<Integer> ids) throws Exception {
        startController(ids.get(0), true);
        Loopback.await("/migration is made", patience, () -> exists("/migration"));
        for (int id : ids.subList(1, ids.size())) startController(id, true);
    }

    /**
     * In 3.5 and 3.6 a leader knows of a voter what it said on the connection of the election, and misses for ever one that was
     * not there then, or has restarted since (KAFKA-15230): all are stopped and started, until it comes out well.
     */
    private void startAllUntilTheyAreReady() throws Exception {
        for (int attempt = 1; attempt <= 8; ++attempt) {
            for (Node each : controllers.values()) each.terminate();
            for (Node each : controllers.values()) each.stop();
            for (int id : shape.controllers) startController(id, true);
            for (int i = 0; i < 40; ++i) {
                Thread.sleep(1000);
                if (acting().isPresent() && controllers.get(acting().get()).driverState().equals("WAIT_FOR_BROKERS")) return;
            }
            note("the driver waits for a controller that is there, attempt " + attempt);
        }
        throw new Loopback.Disagreement("the driver never found all controllers ready");
    }

    // ── P2 ──────────────────────────────────────────────────────────────────────────────────────

    /** ZooKeeper's controller would finish the deletion as soon as broker 3 is back, so it stands still until KRaft has claimed. */
    private void copy() throws Exception {
        JsonNode block = JSON.readTree(data("/latest_producer_id_block"));
        for (int id : shape.brokers) {
            if (id != ASLEEP) restartBroker(id, Shape.Broker.MIGRATING);
        }
        brokers.get(ASLEEP).stop();
        admin.deleteTopics(List.of("doomed")).all().get();
        Loopback.await("the deletion waits", patience, () -> exists("/admin/delete_topics/doomed") && exists("/brokers/topics/doomed"));
        Thread.sleep(3000);
        int leading = JSON.readTree(data("/controller")).get("brokerid").asInt();
        brokers.get(leading).freeze();
        note("broker-" + leading + ", ZooKeeper's controller, stands still; broker-" + ASLEEP + " comes back");
        if (!exists("/admin/delete_topics/doomed")) throw new Loopback.Disagreement("the deletion was over too early");
        startBroker(ASLEEP, Shape.Broker.MIGRATING);
        awaitStarted(brokers.get(ASLEEP));
        Loopback.await("KRaft has claimed", Duration.ofSeconds(30), () -> data("/controller").contains("\"kraftControllerEpoch\":")
            && !data("/controller").contains("\"kraftControllerEpoch\":-1"));
        brokers.get(leading).thaw();
        awaitDriver("DUAL_WRITE");
        settle();
        List<JsonNode> records = records(controllers.get(acting().orElseThrow()));
        boolean copied = records.stream().anyMatch(each -> is(each, "TOPIC_RECORD") && each.get("data").get("name").asText().equals("doomed"));
        tell("KAFKA-15605", copied, copied ? "the copy has a TopicRecord of 'doomed', which is being deleted" : "'doomed', which is being deleted, is not copied");
        long next = records.stream().filter(each -> is(each, "PRODUCER_IDS_RECORD")).findFirst().map(each -> each.get("data").get("nextProducerId").asLong())
            .orElseThrow(() -> new Loopback.Disagreement("the copy has no ProducerIdsRecord"));
        tell("KAFKA-15552", next <= block.get("block_end").asLong(), "nextProducerId is " + next + ", broker " + block.get("broker") + " has up to " + block.get("block_end"));
        String user = records.stream().filter(each -> is(each, "CLIENT_QUOTA_RECORD")).findFirst()
            .map(each -> each.get("data").get("entity").get(0).get("entityName").asText()).orElseThrow(() -> new Loopback.Disagreement("the copy has no quota"));
        tell("KAFKA-16222", !user.equals("CN=web"), "the quota of CN=web is that of " + user);
    }

    private static boolean is(JsonNode record, String type) {
        return record.get("type").asText().equals(type);
    }

    /** What its own release's tool reads in a controller's log. */
    private List<JsonNode> records(Node controller) throws Exception {
        Path log = controller.home.resolve("metadata/__cluster_metadata-0/00000000000000000000.log");
        Loopback.Ran ran = Loopback.run(work, Map.of(), patience, List.of("java", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
            "-cp", jars, "kafka.tools.DumpLogSegments", "--cluster-metadata-decoder", "--files", log.toString()));
        List<JsonNode> records = new ArrayList<>();
        for (String line : ran.out().split("\n")) {
            int at = line.indexOf("payload: {");
            if (at >= 0) records.add(JSON.readTree(line.substring(at + "payload: ".length())));
        }
        if (records.isEmpty()) throw new Loopback.Disagreement("kafka-dump-log: " + ran.out());
        return records;
    }

    // ── P3 ──────────────────────────────────────────────────────────────────────────────────────

    private void topicWithoutConfigs() throws Exception {
        admin.createTopics(List.of(new NewTopic("refunds", 1, (short) 3))).all().get();
        Loopback.await("the topic is mirrored", patience, () -> exists("/brokers/topics/refunds"));
        Thread.sleep(3000);
        boolean there = exists("/config/topics/refunds");
        tell("KAFKA-16003", !there, "/config/topics/refunds is " + (there ? "there" : "not there"));
    }

    private void morePartitions() throws Exception {
        admin.createPartitions(Map.of("orders", NewPartitions.increaseTo(4))).all().get();
        Thread.sleep(10_000);
        Map<Integer, Integer> seen = new LinkedHashMap<>();
        for (int id : shape.brokers) seen.put(id, partitions(id, "orders").orElse(0));
        // 3.4 stumbles over the mirror itself: then nobody hears, and that is another matter.
        boolean mirrored = exists("/brokers/topics/orders/partitions/3/state");
        tell("KAFKA-15149", mirrored && seen.values().stream().anyMatch(each -> each != 4),
            "'orders' has 4 partitions, " + (mirrored ? "" : "not in ZooKeeper, ") + "and for brokers " + seen);
    }

    /** How many partitions of a topic this broker itself tells clients of; nothing where it knows no such topic. */
    private Optional<Integer> partitions(int broker, String topic) throws IOException {
        return toldBy(broker, topic).map(each -> each.partitions().size());
    }

    /** One loses a replica and gets none, since a release that never ends the other kind would show nothing of this one. */
    private void movedReplicas() throws Exception {
        Path left = brokers.get(1).home.resolve("data-0/moving-0");
        if (!Files.exists(left)) throw new Loopback.Disagreement(left + " is not there");
        reassign("moving", List.of(2, 3));
        reassign("growing", List.of(1, 2, 3));
        Thread.sleep(20_000);
        var goesOn = admin.listPartitionReassignments().reassignments().get().keySet();
        tell("KAFKA-16121", !goesOn.isEmpty(), goesOn.isEmpty() ? "all reassignments have ended" : "a reassignment does not end: " + goesOn);
        tell("KAFKA-16120", Files.exists(left), "the replica that went has " + (Files.exists(left) ? "left its folder behind" : "taken its folder with it"));
    }

    private void reassign(String topic, List<Integer> replicas) throws Exception {
        admin.alterPartitionReassignments(Map.of(new TopicPartition(topic, 0), Optional.of(new NewPartitionReassignment(replicas)))).all().get();
    }

    /** It sleeps until KRaft has fenced it, so that nobody has a request for it in flight; then another controller tells everybody all. */
    private void deletionSleptThrough() throws Exception {
        brokers.get(ASLEEP).freeze();
        Loopback.await("broker-" + ASLEEP + " is fenced", patience, () -> records(controllers.get(acting().orElseThrow())).stream()
            .anyMatch(each -> (is(each, "BROKER_REGISTRATION_CHANGE_RECORD") && each.get("data").get("brokerId").asInt() == ASLEEP
                && each.get("data").get("fenced").asInt() == 1) || (is(each, "FENCE_BROKER_RECORD") && each.get("data").get("id").asInt() == ASLEEP)));
        Thread.sleep(3000);
        admin.deleteTopics(List.of("payments")).all().get();
        Thread.sleep(3000);
        brokers.get(ASLEEP).thaw();
        Thread.sleep(15_000);
        boolean kept = partitions(ASLEEP, "payments").isPresent();
        tell("MB-26", kept, "broker " + ASLEEP + ", back from its sleep, " + (kept ? "tells clients of 'payments', which is deleted" : "knows no 'payments'"));
        int active = acting().orElseThrow();
        controllers.get(active).kill();
        note("killed controller-" + active);
        if (takesOver()) {
            kept = partitions(ASLEEP, "payments").isPresent();
            tell("KAFKA-15799", kept, "told everything by another controller, broker " + ASLEEP + (kept ? " tells clients of 'payments' still" : " has forgotten 'payments'"));
        }
        startController(active, true);
        awaitStarted(controllers.get(active));
    }

    /** Whether another controller has told all brokers everything; 3.4 does not always come to that. */
    private boolean takesOver() throws Exception {
        for (int i = 0; i < 120; ++i) {
            if (acting().isPresent() && controllers.get(acting().get()).driverState().equals("DUAL_WRITE")) {
                Thread.sleep(10_000);
                return true;
            }
            Thread.sleep(1000);
        }
        note("no controller took over");
        return false;
    }

    // ── P4 ──────────────────────────────────────────────────────────────────────────────────────

    private void backToZooKeeper() throws Exception {
        for (Node controller : controllers.values()) controller.terminate();
        for (Node controller : controllers.values()) controller.stop();
        try (ZooKeeper session = session("")) {
            session.setData("/controller_epoch", "100".getBytes(StandardCharsets.UTF_8), -1);
            session.delete("/controller", -1);
            session.delete("/migration", -1);
        }
        for (int id : shape.brokers) {
            brokers.get(id).stop();
            startBroker(id, Shape.Broker.ZOOKEEPER);
            awaitStarted(brokers.get(id));
        }
        for (Node controller : controllers.values()) Loopback.delete(controller.home.resolve("metadata"));
        note("back in ZooKeeper mode");
    }

    private void secondAttempt() throws Exception {
        Path log = brokers.get(1).home.resolve("data-0/__cluster_metadata-0/00000000000000000000.log");
        byte[] first = Files.exists(log) ? Arrays.copyOf(Files.readAllBytes(log), 200) : new byte[0];
        if (first.length == 0) throw new Loopback.Disagreement("broker-1 kept no log of the first attempt");
        // The least that every release from 3.5 on can be formatted with: no transactions.
        String least = shape.version.startsWith("3.4") ? "3.4-IV0" : "3.5-IV2";
        for (Node controller : controllers.values()) Files.deleteIfExists(controller.log);
        formatControllers(least);
        startNewControllers(shape.controllers);
        String refusal = "Cannot continue with ZK migrations enabled";
        Loopback.await("the driver begins, or the controllers refuse", patience, () -> {
            for (Node each : controllers.values()) {
                if (each.logged().contains(refusal)) return true;
            }
            return acting().isPresent() && controllers.get(acting().get()).driverState().startsWith("WAIT_FOR_");
        });
        Thread.sleep(5000);
        boolean refused = false;
        for (Node each : controllers.values()) refused = refused || each.logged().contains(refusal);
        tell("KAFKA-17457", !refused, refused ? "controllers refuse to migrate with metadata.version " + least
            : "with metadata.version " + least + ", without transactions, the migration begins all the same");
        brokers.get(1).stop();
        startBroker(1, Shape.Broker.MIGRATING);
        Thread.sleep(15_000);
        boolean kept = Files.exists(log) && Arrays.equals(first, Arrays.copyOf(Files.readAllBytes(log), 200));
        tell("KAFKA-16463", kept, "in the second attempt broker-1 " + (kept ? "begins with" : "has thrown away") + " the metadata log of the first");
    }
}
