import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.MetadataRequest;
import org.apache.kafka.common.requests.MetadataResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;

/**
 * A real cluster of a seed's shape on loopback: its servers in whatever mode they are told, what it means that they are at
 * rest, and copies of their files with what is true of them then (expect.json).
 */
class RealCluster {
    static final ObjectMapper JSON = new ObjectMapper();

    final Shape shape;
    final int manyTopics;
    final Duration patience;
    final String jars;
    final Path work;
    final Path out;
    private final long began = System.nanoTime();
    final Map<Integer, Node> brokers = new LinkedHashMap<>();
    final Map<Integer, Node> controllers = new LinkedHashMap<>();
    final Node zookeeper;
    Admin admin;

    RealCluster(String[] args) throws IOException {
        this(args, new Shape(Long.parseLong(args[4]), args[5]), Integer.parseInt(args[6]));
    }

    /** JARS ZOOKEEPER_CLASSPATH WORK OUT, and what else a judge takes. */
    RealCluster(String[] args, Shape shape, int manyTopics) throws IOException {
        jars = args[0];
        work = Path.of(args[2]);
        out = Path.of(args[3]);
        this.shape = shape;
        this.manyTopics = manyTopics;
        patience = Duration.ofSeconds(300 + manyTopics / 5);  // A log is a few files that each restart looks at.
        shape.choosePorts();
        zookeeper = new Node("zk-1", work.resolve("zk-1"), args[1], heapMegabytes());
        for (int id : shape.brokers) brokers.put(id, node("broker-" + id));
        for (int id : shape.controllers) controllers.put(id, node("controller-" + id));
    }

    private Node node(String name) throws IOException {
        return new Node(name, work.resolve(name), jars, heapMegabytes());
    }

    private int heapMegabytes() {
        return 224 + manyTopics / 10;
    }

    void note(String what) {
        try {
            Files.createDirectories(out);
            Files.writeString(out.resolve("events.txt"), String.format("%7.2f %s%n", (System.nanoTime() - began) / 1e9, what),
                StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    void killAll() {
        List<Node> all = new ArrayList<>(brokers.values());
        all.addAll(controllers.values());
        all.add(zookeeper);
        for (Node each : all) {
            try {
                each.kill();
            } catch (InterruptedException ignored) {
                // The next one all the same.
            }
        }
    }

    // ── Its servers ─────────────────────────────────────────────────────────────────────────────

    ZooKeeper session(String root) throws IOException {
        return new ZooKeeper("127.0.0.1:" + shape.ports.get("zk") + root, 10_000, event -> { });
    }

    /** A judge's own lines of a node's configuration. */
    List<String> adapted(Node node, List<String> lines) {
        return lines;
    }

    String data(String path) throws Exception {
        try (ZooKeeper session = session(shape.chroot)) {
            return new String(session.getData(path, false, null), StandardCharsets.UTF_8);
        }
    }

    boolean exists(String path) throws Exception {
        try (ZooKeeper session = session(shape.chroot)) {
            return session.exists(path, false) != null;
        }
    }

    private Path log4j() {
        return work.resolve("log4j.properties");
    }

    void startZooKeeper() throws Exception {
        Loopback.write(log4j(), "log4j.rootLogger=INFO, out\nlog4j.appender.out=org.apache.log4j.ConsoleAppender\n"
            + "log4j.appender.out.layout=org.apache.log4j.PatternLayout\n"
            + "log4j.appender.out.layout.ConversionPattern=[%d] %p %m (%c)%n\n"
            + "log4j.logger.org.apache.kafka.metadata.migration=TRACE\n");
        Loopback.write(zookeeper.home.resolve("zoo.cfg"), "tickTime=500\ndataDir=" + zookeeper.home.resolve("data") + "\nclientPort="
            + shape.ports.get("zk") + "\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\nmaxClientCnxns=0\nmaxSessionTimeout=60000\n");
        Files.createDirectories(zookeeper.home.resolve("data"));
        zookeeper.start(log4j(), "org.apache.zookeeper.server.quorum.QuorumPeerMain", zookeeper.home.resolve("zoo.cfg"),
            "-Dzookeeper.snapCount=" + shape.snapCount);
        Loopback.await("ZooKeeper answers", patience, () -> {
            try (ZooKeeper session = session("")) {
                return session.exists("/", false) != null;
            }
        });
        if (shape.odd) makeNeighbours();
        // A chroot is the operator's to make; Kafka makes it, too.
        note("zookeeper up");
    }

    /** An ensemble is shared: with others' locks, and with what an older Kafka left. */
    private void makeNeighbours() throws Exception {
        try (ZooKeeper session = session("")) {
            for (String path : List.of("/other", "/other/lock", "/old-kafka", "/old-kafka/brokers", "/old-kafka/brokers/ids",
                    "/old-kafka/brokers/topics", "/old-kafka/controller_epoch"))
                session.create(path, "1".getBytes(), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        }
    }

    void startBroker(int id, Shape.Broker mode) throws Exception {
        Node broker = brokers.get(id);
        broker.configure(adapted(broker, shape.broker(id, mode, broker.home.toString())));
        broker.start(log4j(), "kafka.Kafka", broker.config());
        note("started " + broker.name + " as " + mode);
    }

    void awaitStarted(Node node) throws Exception {
        Loopback.await(node.name + " has started", patience, node::hasStarted);
    }

    void restartBroker(int id, Shape.Broker mode) throws Exception {
        brokers.get(id).stop();
        note("stopped broker-" + id);
        startBroker(id, mode);
        awaitStarted(brokers.get(id));
        rest();
    }

    void formatControllers() throws Exception {
        formatControllers(shape.metadataVersion);
    }

    void formatControllers(String metadataVersion) throws Exception {
        String cluster;
        try (ZooKeeper session = session(shape.chroot)) {
            cluster = JSON.readTree(session.getData("/cluster/id", false, null)).get("id").asText();
        }
        List<String> initial = new ArrayList<>();
        for (int id : shape.controllers)
            initial.add(id + "@127.0.0.1:" + shape.ports.get("controller-" + id) + ":" + Uuid.randomUuid());
        for (Map.Entry<Integer, Node> each : controllers.entrySet()) {
            Node controller = each.getValue();
            controller.configure(adapted(controller, shape.controller(each.getKey(), true, controller.home.toString())));
            List<String> command = new ArrayList<>(List.of("java", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
                "-Dlog4j.configuration=file:" + log4j(), "-cp", jars, "kafka.tools.StorageTool", "format", "-t=" + cluster, "-c",
                controller.config().toString(), "--release-version", metadataVersion));
            if (shape.dynamicQuorum) command.addAll(List.of("--initial-controllers", String.join(",", initial)));
            Loopback.Ran ran = Loopback.run(work, Map.of(), patience, command);
            if (ran.code() != 0) throw new Loopback.Disagreement("format: " + ran.out());
        }
    }

    void startController(int id, boolean migrating) throws Exception {
        Node controller = controllers.get(id);
        controller.configure(adapted(controller, shape.controller(id, migrating, controller.home.toString())));
        controller.start(log4j(), "kafka.Kafka", controller.config());
        note("started controller-" + id + (migrating ? "" : " without the flag"));
    }

    /** The controller whose driver does something: it leads the quorum. */
    Optional<Integer> acting() throws IOException {
        for (Map.Entry<Integer, Node> each : controllers.entrySet()) {
            String state = each.getValue().driverState();
            if (each.getValue().runs() && !state.equals("INACTIVE") && !state.equals("UNINITIALIZED")) return Optional.of(each.getKey());
        }
        return Optional.empty();
    }

    void awaitDriver(String state) throws Exception {
        Loopback.await("a driver is in " + state, patience, () -> {
            Optional<Integer> acting = acting();
            return acting.isPresent() && controllers.get(acting.get()).driverState().equals(state);
        });
        note("controller-" + acting().get() + " in " + state);
    }

    // ── What brokers say ────────────────────────────────────────────────────────────────────────

    /** What this broker itself tells clients of a topic; nothing where it knows none. */
    Optional<MetadataResponseTopic> toldBy(int broker, String topic) throws IOException {
        RequestHeader header = new RequestHeader(ApiKeys.METADATA, (short) 9, "judge", 1);
        ByteBuffer request = MetadataRequest.Builder.allTopics().build((short) 9).serializeWithHeader(header);
        try (Socket socket = new Socket("127.0.0.1", shape.ports.get("broker-" + broker))) {
            socket.setSoTimeout(10_000);
            DataOutputStream to = new DataOutputStream(socket.getOutputStream());
            to.writeInt(request.remaining());
            to.write(request.array(), request.arrayOffset() + request.position(), request.remaining());
            DataInputStream from = new DataInputStream(socket.getInputStream());
            byte[] answer = new byte[from.readInt()];
            from.readFully(answer);
            MetadataResponse response = (MetadataResponse) AbstractResponse.parseResponse(ByteBuffer.wrap(answer), header);
            return response.data().topics().stream().filter(each -> each.name().equals(topic)).findFirst();
        }
    }

    // ── At rest ─────────────────────────────────────────────────────────────────────────────────

    Map<String, TopicDescription> topics() throws Exception {
        var names = admin.listTopics(new ListTopicsOptions().listInternal(true)).names().get();
        return admin.describeTopics(names).allTopicNames().get();
    }

    /** Every partition has its leader and all of its replicas in sync, seen through the brokers. */
    boolean isAtRest() throws Exception {
        if (admin.describeCluster().nodes().get().size() != (int) brokers.values().stream().filter(Node::runs).count()) return false;
        for (TopicDescription topic : topics().values()) {
            for (var partition : topic.partitions()) {
                if (partition.leader() == null || partition.isr().size() != partition.replicas().size()) return false;
            }
        }
        return true;
    }

    void rest() throws Exception {
        Loopback.await("every ISR is complete", patience, this::isAtRest);
    }

    /** Time for what is on its way: reassignments, deletions, the mirror. */
    void settle() throws Exception {
        Thread.sleep(2500);
        rest();
        Thread.sleep(1500);
    }

    void change(String phase, int count) throws Exception {
        RandomChanges changes = new RandomChanges(shape, admin, phase, this::note);
        if (phase.startsWith("p0")) changes.makeEveryKind();
        changes.make(count);
        settle();
    }

    // ── What is kept ────────────────────────────────────────────────────────────────────────────

    void capture(String name, String phase) throws Exception {
        Capture capture = new Capture(out.resolve(name), shape.version);
        try (ZooKeeper session = zookeeper.runs() ? session("") : null) {
            capture.zooKeeper(zookeeper.home.resolve("data"), session);
        }
        ObjectNode expect = JSON.createObjectNode().put("phase", phase).put("chroot", shape.chroot).put("kafka", shape.version);
        if (shape.secret != null) expect.put("secret", shape.secret);
        if (shape.tokenSecret != null) expect.put("tokenSecret", shape.tokenSecret);
        ObjectNode drivers = expect.putObject("drivers");
        for (Map.Entry<Integer, Node> each : controllers.entrySet()) {
            if (!Files.exists(each.getValue().log)) continue;
            capture.controller(each.getValue());
            capture.log(each.getValue(), out.resolve("logs").resolve(name).resolve(each.getValue().name + ".log.gz"));
            drivers.put(String.valueOf(each.getKey()), each.getValue().runs() ? each.getValue().driverState() : "DEAD");
        }
        acting().ifPresent(id -> expect.put("acting", id));
        for (Node broker : brokers.values()) capture.broker(broker);
        Loopback.write(out.resolve(name).resolve("expect.json"), JSON.writerWithDefaultPrettyPrinter().writeValueAsString(expect) + "\n");
        note("captured " + name);
        System.out.println("  " + name);
    }
}
