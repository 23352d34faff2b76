import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What `zk2kraft drive` leaves behind, asked of real software: one round on an ensemble of three, see Round.
 *
 *   DriveJudge BINARY JARS REPOSITORY WORK ROUND
 *
 * Exit 0: all agree. 1: they do not; a sentence says where. What was seen is printed line by line.
 */
public final class DriveJudge {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofSeconds(180);
    private static final int CONTROLLER = 3000;
    private static final int BROKER = 1;

    private final String binary;
    private final String jars;
    private final Path repository;
    private final Path work;
    private final Round round;
    private final RealEnsemble ensemble;
    private final Path log4j;
    private final List<Node> started = new ArrayList<>();
    private final int controllerPort = Loopback.freePort();
    private final int brokerPort = Loopback.freePort();

    private DriveJudge(String[] args) throws IOException {
        binary = args[0];
        jars = args[1];
        repository = Path.of(args[2]);
        work = Path.of(args[3]);
        round = Round.valueOf(args[4].toUpperCase());
        log4j = work.resolve("log4j.properties");
        ensemble = new RealEnsemble(jars, work.resolve("zookeeper"), log4j);
    }

    public static void main(String[] args) throws Exception {
        DriveJudge judge = new DriveJudge(args);
        int code = 0;
        try {
            judge.run();
        } catch (Loopback.Disagreement e) {
            System.out.println("DISAGREEMENT: " + e.getMessage());
            code = 1;
        } finally {
            for (Node each : judge.started) each.kill();
            judge.ensemble.killAll();
        }
        System.exit(code);
    }

    private static void say(String what) {
        System.out.println("  " + what);
    }

    private static void expect(boolean holds, String otherwise) throws Loopback.Disagreement {
        if (!holds) throw new Loopback.Disagreement(otherwise);
    }

    private void run() throws Exception {
        Loopback.write(log4j, "log4j.rootLogger=INFO, out\nlog4j.appender.out=org.apache.log4j.ConsoleAppender\n"
            + "log4j.appender.out.layout=org.apache.log4j.PatternLayout\n"
            + "log4j.appender.out.layout.ConversionPattern=[%d] %p %m (%c)%n\n");
        ensemble.start(repository.resolve("scenarios/sample/p0-zookeeper/zk-1/version-2"));
        // Sessions of the sample's brokers last no longer than they did; with them go the ephemerals.
        Loopback.await("the sample's brokers are gone", PATIENCE, () -> ensemble.children("/brokers/ids").isEmpty());
        if (round.chroot.isEmpty()) {
            ensemble.create("/zk2kraft-scratch", "may-be-overwritten");
        } else {
            ensemble.copyBelow(round.chroot);
            ensemble.create(round.chroot + "/zk2kraft-scratch", "may-be-overwritten");
        }
        if (round.auth != null) ensemble.protect(round.chroot.isEmpty() ? "/" : round.chroot, round.auth);

        JsonNode said = drive();
        TreeSet<String> mirrored = whatZkCliReads();
        if (!round.chroot.isEmpty()) {
            expect(ensemble.exists("/migration") == null && ensemble.data("/controller_epoch").equals("1"),
                "the cluster beside the chroot was touched");
            say("the cluster beside the chroot is as it was");
        }
        bootOn(said.path("disks").get(0).asText(), mirrored);
    }

    // ── Ours ────────────────────────────────────────────────────────────────────────────────────

    private JsonNode drive() throws Exception {
        int leader = ensemble.leader();
        List<String> command = new ArrayList<>(List.of(binary, "drive", repository.resolve("scenarios/mirror.txtpb").toString(),
            "--zk", ensemble.hosts() + round.chroot, "--disks", work.resolve("quorum").toString(), "--output", "json"));
        if (round.auth != null) command.addAll(List.of("--auth", "digest:" + round.auth));
        command.addAll(List.of("--do", "kill -" + round.signal + " " + ensemble.pid(leader) + " on migrate.CopyBatch 1"));
        if (round.signal.equals("STOP"))
            command.addAll(List.of("--do", "kill -CONT " + ensemble.pid(leader) + " on migrate.StateChanged with to=DUAL_WRITE"));
        Path out = work.resolve("drive.json");
        Process process = new ProcessBuilder(command).directory(work.toFile()).redirectOutput(out.toFile())
            .redirectError(work.resolve("drive.story").toFile()).start();
        if (!process.waitFor(400, TimeUnit.SECONDS)) process.destroyForcibly();
        String story = Files.readString(work.resolve("drive.story"));
        expect(process.exitValue() == 0, "drive ended with " + process.exitValue() + ": " + Files.readString(out) + story);
        JsonNode said = JSON.readTree(out.toFile());
        expect(said.path("verdict").asText().equals("reached"), "drive says " + said);
        expect(said.path("stores").path("verdict").asText().equals("equal"), "drive says " + said.path("stores"));
        expect(said.path("zookeeper").path("connectionsLost").asInt() > 0, "nobody noticed what happened to the leader");
        expect(ensemble.runs(leader) == round.signal.equals("STOP"), "the leader was not struck");
        // While its leader stands still a follower answers reads: nobody notices before the write that ends the copy.
        String before = round.signal.equals("STOP") ? "-> DUAL_WRITE" : "copy complete";
        int lost = story.indexOf("loses its connection");
        expect(lost > story.indexOf("copies batch 1:") && lost < story.indexOf(before), "the strike was not in mid-copy");
        say("drive: server " + leader + " led, kill -" + round.signal + " after batch 1 of " + said.path("copy").path("batches")
            + "; " + said.path("zookeeper").path("connectionsLost") + " connections lost, " + said.path("copy").path("records")
            + " records copied, " + said.path("changes").size() + " changes mirrored, in " + said.path("tookMs") + " ms");
        return said;
    }

    // ── ZooKeeper's own client ──────────────────────────────────────────────────────────────────

    private String zkCli(String... commands) throws Exception {
        Path in = work.resolve("zkcli.in");
        List<String> lines = new ArrayList<>();
        if (round.auth != null) lines.add("addauth digest " + round.auth);
        lines.addAll(List.of(commands));
        lines.add("quit");
        Loopback.write(in, String.join("\n", lines) + "\n");
        Path out = work.resolve("zkcli.out");
        Process process = new ProcessBuilder("java", "-Xmx64m", "-XX:+UseSerialGC", "-Dlog4j.configuration=file:/dev/null", "-cp", jars,
            "org.apache.zookeeper.ZooKeeperMain", "-waitforconnection", "-server", ensemble.hosts() + round.chroot).directory(work.toFile())
            .redirectInput(in.toFile()).redirectErrorStream(true).redirectOutput(out.toFile()).start();
        if (!process.waitFor(60, TimeUnit.SECONDS)) process.destroyForcibly();
        return Files.readString(out);
    }

    /** Data, or the list of children, as zkCli prints it: a line of its own. */
    private String line(String said, String begin) throws Loopback.Disagreement {
        for (String each : said.split("\n")) {
            if (each.startsWith(begin) && !each.startsWith("[zk: ")) return each;
        }
        throw new Loopback.Disagreement("zkCli says: " + said);
    }

    private TreeSet<String> whatZkCliReads() throws Exception {
        JsonNode topic = JSON.readTree(line(zkCli("get /brokers/topics/mirrored"), "{"));
        expect(topic.path("partitions").size() == 5, "the mirrored topic is " + topic);
        JsonNode config = JSON.readTree(line(zkCli("get /config/topics/mirrored"), "{"));
        expect(config.path("config").path("retention.ms").asText().equals("86400000"), "its config is " + config);
        JsonNode state = JSON.readTree(line(zkCli("get /brokers/topics/mirrored/partitions/4/state"), "{"));
        expect(state.path("leader").asInt(-1) >= 0, "its last partition is " + state);
        JsonNode controller = JSON.readTree(line(zkCli("get /controller"), "{"));
        expect(controller.path("brokerid").asInt() == CONTROLLER, "/controller is " + controller);
        TreeSet<String> topics = topics();
        say("zkCli: mirrored has 5 partitions, its config and a leader of each; " + topics.size() + " topics in all");
        return topics;
    }

    private TreeSet<String> topics() throws Exception {
        String list = line(zkCli("ls /brokers/topics"), "[");
        return new TreeSet<>(Arrays.asList(list.substring(1, list.lastIndexOf(']')).split(", ")));
    }

    // ── Kafka ───────────────────────────────────────────────────────────────────────────────────

    private void bootOn(String disk, TreeSet<String> mirrored) throws Exception {
        Node controller = new Node("controller-" + CONTROLLER, work.resolve("controller"), jars, 256);
        List<String> properties = new ArrayList<>(List.of("process.roles=controller", "node.id=" + CONTROLLER,
            "listeners=CONTROLLER://127.0.0.1:" + controllerPort, "controller.listener.names=CONTROLLER", voters(), "log.dirs=" + disk));
        // Where a real controller may log in, it goes on as the next driver; else it finalises.
        if (round.auth == null) {
            properties.addAll(List.of("zookeeper.metadata.migration.enable=true", "zookeeper.connect=" + ensemble.hosts() + round.chroot,
                "delegation.token.secret.key=token-secret-of-the-sample"));
        }
        controller.configure(properties);
        start(controller);
        if (round.auth == null) {
            Loopback.await("the real driver is in DUAL_WRITE", PATIENCE, () -> controller.driverState().equals("DUAL_WRITE"));
            say("Kafka's controller boots from the disk, its driver claims and is in DUAL_WRITE; " + reconciled(controller));
        } else {
            Loopback.await("the controller leads", PATIENCE, () -> controller.logged().contains("Becoming the active controller"));
            say("Kafka's controller boots from the disk, without the migration flag");
        }
        Node broker = new Node("broker-" + BROKER, work.resolve("broker"), jars, 256);
        broker.configure(List.of("process.roles=broker", "node.id=" + BROKER, "listeners=PLAINTEXT://127.0.0.1:" + brokerPort,
            "controller.listener.names=CONTROLLER", "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT", voters(),
            "log.dirs=" + broker.home.resolve("data"), "log.cleaner.dedupe.buffer.size=4194304", "broker.rack=a"));
        Loopback.Ran formatted = kafka("kafka.tools.StorageTool", "format", "-t", clusterId(disk), "-c", broker.config().toString());
        expect(formatted.code() == 0, "kafka-storage: " + formatted.out());
        start(broker);
        String server = "127.0.0.1:" + brokerPort;
        TreeSet<String> listed = new TreeSet<>();
        Loopback.await("kafka-topics lists what zkCli listed", PATIENCE, () -> {
            Loopback.Ran ran = kafka("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", server, "--list");
            listed.clear();
            listed.addAll(Arrays.asList(ran.out().trim().split("\n")));
            return listed.equals(mirrored);
        });
        Loopback.Ran described = kafka("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", server, "--describe", "--topic", "mirrored");
        expect(described.out().contains("PartitionCount: 5") && described.out().contains("retention.ms=86400000"),
            "kafka-topics says of the mirrored topic: " + described.out());
        say("Kafka's broker joins it; kafka-topics lists the same " + listed.size() + " topics, mirrored with 5 partitions and its config");
        if (round.auth == null) goOnMirroring(server);
    }

    /** What Kafka's own driver does on top of what ours left. */
    private void goOnMirroring(String server) throws Exception {
        Loopback.Ran created = kafka("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", server, "--create", "--topic", "by-kafka",
            "--partitions", "2", "--replication-factor", "1");
        expect(created.code() == 0, "kafka-topics --create: " + created.out());
        Loopback.await("Kafka's driver mirrors a topic of its own", PATIENCE, () -> topics().contains("by-kafka"));
        say("a topic made through Kafka is mirrored by Kafka's driver, and zkCli reads it");
    }

    private String reconciled(Node controller) throws IOException {
        Matcher made = Pattern.compile("Made the following ZK writes when reconciling with KRaft state: (\\{.*?\\})").matcher(controller.logged());
        return made.find() ? "it reconciles " + made.group(1) : "it has nothing to reconcile";
    }

    private void start(Node node) throws Exception {
        started.add(node);
        node.start(log4j, "kafka.Kafka", node.config());
        Loopback.await(node.name + " starts", PATIENCE, node::hasStarted);
    }

    private Loopback.Ran kafka(String main, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-Dlog4j.configuration=file:/dev/null", "-cp", jars, main));
        command.addAll(List.of(arguments));
        Loopback.Ran ran = Loopback.run(work, Map.of(), Duration.ofSeconds(90), command);
        return new Loopback.Ran(ran.code(), ran.out().replaceAll("(?m)^(log4j|SLF4J|WARNING).*\n", ""));
    }

    private String voters() {
        return "controller.quorum.voters=" + CONTROLLER + "@127.0.0.1:" + controllerPort;
    }

    private static String clusterId(String disk) throws IOException {
        for (String line : Files.readAllLines(Path.of(disk, "meta.properties"))) {
            if (line.startsWith("cluster.id=")) return line.substring("cluster.id=".length());
        }
        throw new IOException("no cluster.id in " + disk);
    }
}
