import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.image.MetadataImage;
import org.apache.zookeeper.ZooKeeper;

/**
 * The real cluster that a hazard is tried on: a ZooKeeper server, three controllers and three brokers, each of them behind a
 * port of the proxy; the steps of a road that the hazards have in common, and what may be looked at. Brokers begin with the
 * migration's flag, and the copy begins with the controllers, so that no roll is needed; topic "orders" has four partitions.
 */
final class HazardCluster extends RealCluster {
    /** Long enough for a process that stands still; what must expire is given a shorter one. */
    static final int LONG_SESSION_MS = 60_000;
    static final int SHORT_SESSION_MS = 6000;

    final ZooKeeperProxy proxy;
    private final Map<String, Integer> proxyPorts = new HashMap<>();
    private final Set<String> frozen = new HashSet<>();
    /** Lines that a trial adds to the configuration of nodes whose name begins with the key. */
    final Map<String, List<String>> alsoConfigured = new HashMap<>();
    int controllerSessionMs = LONG_SESSION_MS;
    int brokerSessionMs = LONG_SESSION_MS;

    HazardCluster(String[] args, Shape shape) throws IOException {
        super(args, shape, 0);
        Files.createDirectories(out);
        proxy = new ZooKeeperProxy(shape.ports.get("zk"), out.resolve("proxy.txt"));
        for (Map<Integer, Node> each : List.of(brokers, controllers)) {
            for (Node node : each.values()) proxyPorts.put(node.name, proxy.listen(node.name));
        }
    }

    @Override
    List<String> adapted(Node node, List<String> lines) {
        List<String> adapted = new ArrayList<>();
        boolean speaksToZooKeeper = false;
        for (String line : lines) {
            if (line.startsWith("zookeeper.session")) continue;
            if (line.startsWith("zookeeper.connect=")) {
                line = "zookeeper.connect=127.0.0.1:" + proxyPorts.get(node.name);
                speaksToZooKeeper = true;
            }
            adapted.add(line);
        }
        boolean controls = node.name.startsWith("controller");
        if (speaksToZooKeeper) adapted.add("zookeeper.session.timeout.ms=" + (controls ? controllerSessionMs : brokerSessionMs));
        if (controls && speaksToZooKeeper) adapted.add("zookeeper.metadata.migration.min.batch.size=1");
        alsoConfigured.forEach((prefix, more) -> {
            if (node.name.startsWith(prefix)) adapted.addAll(more);
        });
        return adapted;
    }

    // ── What is said ────────────────────────────────────────────────────────────────────────────

    /** The verdict: whether the hazard showed, and by what. */
    void tell(boolean shown, String evidence) {
        say("hazard", shown, evidence);
    }

    /** The same without the cause: nothing may show. */
    void control(boolean shown, String evidence) {
        say("control", shown, evidence);
    }

    private void say(String which, boolean shown, String evidence) {
        String line = which + " " + (shown ? "shown" : "not-shown") + " " + evidence;
        note(line);
        System.out.println(line);
        System.out.flush();
    }

    // ── The road ────────────────────────────────────────────────────────────────────────────────

    /** ZooKeeper mode with brokers that have the flag, and topics; controllers are formatted and not started. */
    void begin(NewTopic... topics) throws Exception {
        startZooKeeper();
        for (int id : shape.brokers) startBroker(id, Shape.Broker.MIGRATING);
        await("/cluster/id", () -> exists("/cluster/id"));
        formatControllers();
        for (Node each : brokers.values()) awaitStarted(each);
        admin = Admin.create(RandomChanges.clients(shape));
        await("all brokers are known", () -> admin.describeCluster().nodes().get().size() == brokers.size());
        List<NewTopic> all = new ArrayList<>(List.of(topics));
        all.add(new NewTopic("orders", Map.of(0, List.of(1, 2, 3), 1, List.of(2, 3, 1), 2, List.of(3, 1, 2), 3, List.of(1, 3, 2))));
        admin.createTopics(all).all().get();
        rest();
        note("at rest in ZooKeeper mode");
    }

    void startControllers() throws Exception {
        for (int id : shape.controllers) startController(id, true);
    }

    /** To dual write, every broker in ZooKeeper mode. */
    void beginHybrid(NewTopic... topics) throws Exception {
        begin(topics);
        startControllers();
        awaitDriverOfLeader("DUAL_WRITE");
        rest();
    }

    void stopControllers() throws Exception {
        for (Node each : controllers.values()) each.terminate();
        for (Node each : controllers.values()) each.stop();
        note("stopped the controllers");
    }

    void wipeControllers() throws Exception {
        for (Node each : controllers.values()) {
            Loopback.delete(each.home.resolve("metadata"));
            Files.deleteIfExists(each.log);
        }
        note("wiped the controllers");
    }

    void deleteZnodes(String... paths) throws Exception {
        try (ZooKeeper session = session("")) {
            for (String path : paths) session.delete(path, -1);
        }
        note("deleted " + String.join(", ", paths));
    }

    /** A broker that was killed is registered until its session ends, and does not start before. */
    @Override
    void startBroker(int id, Shape.Broker mode) throws Exception {
        await("/brokers/ids/" + id + " is gone", () -> !exists("/brokers/ids/" + id));
        super.startBroker(id, mode);
    }

    /** All at once: nobody's availability is at stake here. */
    void restartBrokers(Shape.Broker mode) throws Exception {
        for (Node each : brokers.values()) each.terminate();
        for (int id : shape.brokers) {
            brokers.get(id).stop();
            startBroker(id, mode);
        }
        for (Node each : brokers.values()) awaitStarted(each);
    }

    int kill(int controller) throws Exception {
        controllers.get(controller).kill();
        note("killed controller-" + controller);
        return controller;
    }

    /** A controller that has ended is there again, and follows. */
    void startAgain(Node controller) throws Exception {
        startController(id(controller), true);
        awaitStarted(controller);
        await(controller.name + " follows", () -> controller.driverState().equals("INACTIVE"));
    }

    void freeze(Node node) throws Exception {
        node.freeze();
        frozen.add(node.name);
        note(node.name + " stands still");
    }

    void thaw(Node node) throws Exception {
        node.thaw();
        frozen.remove(node.name);
        note(node.name + " goes on");
    }

    void create(String topic, Integer... replicas) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, Map.of(0, List.of(replicas))))).all().get();
        note("created " + topic);
    }

    // ── What happens on the way to ZooKeeper ────────────────────────────────────────────────────

    /** The next such request of a client whose name begins so is held, until it is released or cut. */
    ZooKeeperProxy.Meeting holdRequest(String client, Predicate<ZooKeeperRequest> which) {
        return proxy.meet(client, ZooKeeperProxy.Way.REQUEST, ZooKeeperProxy.Deed.HOLD, 1, which);
    }

    /** ZooKeeper has done what was asked for, and the client does not hear of it yet. */
    ZooKeeperProxy.Meeting holdAnswer(String client, Predicate<ZooKeeperRequest> which) {
        return proxy.meet(client, ZooKeeperProxy.Way.ANSWER, ZooKeeperProxy.Deed.HOLD, 1, which);
    }

    /** The next such request never reaches ZooKeeper, and the connection is lost. */
    ZooKeeperProxy.Meeting loseRequest(String client, Predicate<ZooKeeperRequest> which) {
        return proxy.meet(client, ZooKeeperProxy.Way.REQUEST, ZooKeeperProxy.Deed.CUT, 1, which);
    }

    /** ZooKeeper has done what was asked for, and the connection is lost before the client hears of it. */
    ZooKeeperProxy.Meeting loseAnswer(String client, Predicate<ZooKeeperRequest> which) {
        return proxy.meet(client, ZooKeeperProxy.Way.ANSWER, ZooKeeperProxy.Deed.CUT, 1, which);
    }

    /** The controller whose request or answer it is, when it comes. */
    Node controller(ZooKeeperProxy.Meeting meeting) throws Exception {
        String name = meeting.await(patience);
        return controllers.values().stream().filter(each -> each.name.equals(name)).findFirst().orElseThrow();
    }

    // ── What may be seen ────────────────────────────────────────────────────────────────────────

    void await(String what, Loopback.Condition condition) throws Exception {
        Loopback.await(what, patience, condition);
    }

    int id(Node controller) {
        return Integer.parseInt(controller.name.substring("controller-".length()));
    }

    private boolean works(Node node) {
        return node.runs() && !frozen.contains(node.name);
    }

    private static JsonNode quorumState(Node controller) throws IOException {
        return JSON.readTree(Files.readString(controller.home.resolve("metadata/__cluster_metadata-0/quorum-state")));
    }

    /** Who leads the quorum, by the newest quorum-state of the controllers that work. */
    Optional<Integer> leader() throws IOException {
        int epoch = -1;
        Optional<Integer> leader = Optional.empty();
        for (Node each : controllers.values()) {
            if (!works(each) || !Files.exists(each.home.resolve("metadata/__cluster_metadata-0/quorum-state"))) continue;
            JsonNode state = quorumState(each);
            int named = state.get("leaderId").asInt();
            if (state.get("leaderEpoch").asInt() < epoch || (state.get("leaderEpoch").asInt() == epoch && leader.isPresent())) continue;
            epoch = state.get("leaderEpoch").asInt();
            leader = named >= 0 && works(controllers.get(named)) ? Optional.of(named) : Optional.empty();
        }
        return leader;
    }

    int quorumEpoch(Node controller) throws IOException {
        return quorumState(controller).get("leaderEpoch").asInt();
    }

    int awaitLeader() throws Exception {
        await("a controller leads", () -> leader().isPresent());
        return leader().orElseThrow();
    }

    Node leading() throws Exception {
        return controllers.get(awaitLeader());
    }

    String driverOfLeader() throws Exception {
        Optional<Integer> leader = leader();
        return leader.isEmpty() ? "none" : controllers.get(leader.get()).driverState();
    }

    int awaitDriverOfLeader(String state) throws Exception {
        try {
            await("the leader's driver is in " + state, () -> driverOfLeader().equals(state));
        } catch (Loopback.Disagreement e) {
            throw new Loopback.Disagreement(e.getMessage() + "; it is in " + driverOfLeader());
        }
        note("controller-" + awaitLeader() + " in " + state);
        return awaitLeader();
    }

    /** Whether the leader's driver comes to a state within so many seconds. */
    boolean driverComesTo(String state, int seconds) throws Exception {
        return comes(seconds, () -> driverOfLeader().equals(state));
    }

    boolean comes(int seconds, Loopback.Condition condition) throws Exception {
        try {
            Loopback.await("", Duration.ofSeconds(seconds), condition);
            return true;
        } catch (Loopback.Disagreement e) {
            return false;
        }
    }

    /** Whether it holds at each look for so long. */
    boolean staysFor(int seconds, Loopback.Condition condition) throws Exception {
        return !comes(seconds, () -> !condition.holds());
    }

    List<MetadataLog.Entry> log() throws Exception {
        return MetadataLog.entries(leading());
    }

    MetadataImage image() throws Exception {
        return MetadataLog.image(log());
    }

    String migrationState() throws Exception {
        return image().features().zkMigrationState().name();
    }

    /** What /migration says is copied or mirrored: an offset of the log. */
    long migrationOffset() throws Exception {
        return JSON.readTree(data("/migration")).get("kraft_metadata_offset").asLong();
    }

    int version(String path) throws Exception {
        try (ZooKeeper session = session("")) {
            return session.exists(path, false).getVersion();
        }
    }

    List<String> children(String path) throws Exception {
        try (ZooKeeper session = session("")) {
            return session.getChildren(path, false).stream().sorted().toList();
        }
    }

    /** The id in /controller. */
    int registered() throws Exception {
        return JSON.readTree(data("/controller")).get("brokerid").asInt();
    }

    JsonNode partitionState(String topic, int partition) throws Exception {
        return JSON.readTree(data("/brokers/topics/" + topic + "/partitions/" + partition + "/state"));
    }

    /** The leader of a partition as this broker tells clients. */
    int leaderToldBy(int broker, String topic, int partition) throws Exception {
        return toldBy(broker, topic).orElseThrow(() -> new Loopback.Disagreement("broker-" + broker + " knows no "
            + topic)).partitions().stream()
            .filter(each -> each.partitionIndex() == partition).findFirst().orElseThrow().leaderId();
    }
}
