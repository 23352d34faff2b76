import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooKeeper;

/**
 * A real cluster in ZooKeeper mode, whose operator does what `zk2kraft plan` says and nothing else: its commands, word for
 * word, by Kafka's script names, with the files that `zk2kraft render` writes. Each gate that a program can judge is awaited:
 * metrics over JMX, lines in the nodes' logs, znodes, and verbs over copies of the nodes' files.
 */
public final class FollowsThePlan {
    private static final Duration PATIENCE = Duration.ofSeconds(180);
    private static final Pattern MACHINE = Pattern.compile("# on ([A-Za-z0-9_.-]+)(?: \\(.*\\))?:");
    private static final List<Integer> CONTROLLERS = List.of(3000, 3001, 3002);
    private static final int RECORDS = 200;

    private final Path zk2kraft;
    private final String jars;
    private final Path work;
    private final String road;
    private final Random random;
    private final Path nodes;
    private final Path fleet;
    private final Map<String, Integer> jmx = new TreeMap<>();
    private final Map<String, Long> seenLog = new HashMap<>();
    private final List<Integer> brokers = new ArrayList<>();
    private final Map<Integer, Integer> ports = new TreeMap<>();
    private String chroot = "";
    private int zkPort;
    private Process zookeeper;
    private int gatesHeld;

    private FollowsThePlan(String[] args) throws IOException {
        zk2kraft = Path.of(args[0]);
        jars = args[1];
        work = Path.of(args[2]);
        road = args[3];
        random = new Random(Long.parseLong(args[4]));
        nodes = Files.createDirectories(work.resolve("nodes"));
        fleet = work.resolve("fleet");
    }

    public static void main(String[] args) throws Exception {
        FollowsThePlan judge = new FollowsThePlan(args);
        Runtime.getRuntime().addShutdownHook(new Thread(judge::stopAll));
        int code;
        try {
            code = judge.follow() ? 0 : 1;
        } catch (Loopback.Disagreement e) {
            System.out.println("NO   " + e.getMessage());
            code = 1;
        }
        System.exit(code);
    }

    // ── The cluster ─────────────────────────────────────────────────────────────────────────────

    /** A loopback address of its own, so that the machines of a plan can be told apart. */
    private static String host(int controller) {
        return "127.0.1." + (controller - CONTROLLERS.get(0) + 1);
    }

    private void script(String name, String body) throws IOException {
        Path file = work.resolve("bin").resolve(name);
        Loopback.write(file, "#!/usr/bin/env bash\nset -euo pipefail\n" + body);
        file.toFile().setExecutable(true);
    }

    /** Kafka's own script names over its jars, and what stands for the way to another machine. */
    private void writeScripts() throws IOException {
        Loopback.write(work.resolve("log4j.properties"),
            "log4j.rootLogger=INFO, out\nlog4j.appender.out=org.apache.log4j.ConsoleAppender\n"
                + "log4j.appender.out.layout=org.apache.log4j.PatternLayout\n"
                + "log4j.appender.out.layout.ConversionPattern=[%d] %p %m (%c)%n\n");
        Loopback.write(work.resolve("quiet.properties"), "log4j.rootLogger=OFF\n");
        String java = "java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '" + jars + "' ";
        script("kafka-server-start", "[ \"$1\" = -daemon ] && shift\n"
            + "nohup " + java + "-Xmx384m -Dlog4j.configuration=file:" + work.resolve("log4j.properties")
            + " -Dcom.sun.management.jmxremote.port=$(cat jmx.port) -Dcom.sun.management.jmxremote.rmi.port=$(cat jmx.port)"
            + " -Dcom.sun.management.jmxremote.authenticate=false -Dcom.sun.management.jmxremote.ssl=false"
            + " -Djava.rmi.server.hostname=127.0.0.1 kafka.Kafka \"$1\" >>server.log 2>&1 </dev/null &\necho $! >kafka.pid\n");
        script("kafka-server-stop", "pid=$(cat kafka.pid)\nkill \"$pid\"\n"
            + "for i in $(seq 4000); do kill -0 \"$pid\" 2>/dev/null || { rm kafka.pid; exit 0; }; sleep 0.1; done\n"
            + "echo 'it does not stop' >&2; exit 1\n");
        Map<String, String> tools = new LinkedHashMap<>();
        tools.put("kafka-storage", "kafka.tools.StorageTool");
        tools.put("kafka-topics", "org.apache.kafka.tools.TopicCommand");
        tools.put("kafka-configs", "kafka.admin.ConfigCommand");
        tools.put("kafka-metadata-quorum", "org.apache.kafka.tools.MetadataQuorumCommand");
        for (Map.Entry<String, String> tool : tools.entrySet()) {
            script(tool.getKey(), "exec " + java + "-Xmx256m -Dlog4j.configuration=file:" + work.resolve("quiet.properties")
                + " " + tool.getValue() + " \"$@\"\n");
        }
        script("zookeeper-shell", "server=$1; shift\nexec " + java + "-Xmx128m -Dlog4j.configuration=file:"
            + work.resolve("quiet.properties")
            + " org.apache.zookeeper.ZooKeeperMainWithTlsSupportForKafka -server \"$server\" \"$@\"\n");
        StringBuilder hosts = new StringBuilder();
        for (int id : CONTROLLERS) hosts.append(host(id)).append(") to=controller-").append(id).append(" ;; ");
        script("scp", "to=${2%%:*}\ncase $to in " + hosts + "esac\ncp \"$1\" '" + nodes + "'/\"$to\"/\"${2#*:}\"\n");
        // Three machines in one: their log directories must not be one.
        script("zk2kraft", "node=\nfor word; do [ \"${last:-}\" = --node ] && node=$word; last=$word; done\n"
            + "if [ \"$1\" = render ] && [[ $node == controller-* ]]; then set -- \"$@\" --controller-log-dir '" + nodes
            + "'/$node/metadata; fi\nexec '" + zk2kraft + "' \"$@\"\n");
        Loopback.write(work.resolve("ops/tools/collect"), "#!/bin/sh\nexit 0\n");
        work.resolve("ops/tools/collect").toFile().setExecutable(true);
    }

    private void startZooKeeper() throws Exception {
        zkPort = Loopback.freePort();
        Path home = work.resolve("zk-1");
        Loopback.write(home.resolve("zoo.cfg"), "tickTime=500\ndataDir=" + home.resolve("data") + "\nclientPort=" + zkPort
            + "\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n4lw.commands.whitelist=*\n");
        Files.createDirectories(home.resolve("data"));
        zookeeper = new ProcessBuilder("java", "-Xmx256m", "-cp", jars, "-Dlog4j.configuration=file:" + work.resolve("log4j.properties"),
            "org.apache.zookeeper.server.quorum.QuorumPeerMain", home.resolve("zoo.cfg").toString())
            .redirectErrorStream(true).redirectOutput(home.resolve("log").toFile()).start();
        await("ZooKeeper answers", () -> {
            try (ZooKeeper session = session()) {
                return session.exists("/", false) != null;
            }
        });
    }

    private ZooKeeper session() throws IOException {
        return new ZooKeeper("127.0.0.1:" + zkPort, 10_000, event -> { });
    }

    /** A cluster of the seed's: ids, racks, chroot, authorizer, log directories, comments and order. */
    private void writeBrokers() throws IOException {
        int first = random.nextInt(20);
        boolean racks = random.nextBoolean();
        boolean authorizer = random.nextBoolean();
        boolean explicitProtocol = random.nextBoolean();
        boolean namedListener = random.nextBoolean();
        int logDirs = 1 + random.nextInt(2);
        if (random.nextBoolean()) chroot = "/kafka/main";
        for (int i = 0; i < 3; ++i) {
            int id = first + i;
            brokers.add(id);
            ports.put(id, Loopback.freePort());
            String name = "broker-" + id;
            Path home = Files.createDirectories(nodes.resolve(name));
            List<String> dirs = new ArrayList<>();
            for (int d = 0; d < logDirs; ++d) dirs.add(home.resolve("data-" + d).toString());
            List<String> lines = new ArrayList<>();
            lines.add("broker.id=" + id);
            String listener = namedListener ? "INTERNAL" : "PLAINTEXT";
            lines.add("listeners=" + listener + "://127.0.0.1:" + ports.get(id));
            if (namedListener) {
                lines.add("listener.security.protocol.map=INTERNAL:PLAINTEXT");
                lines.add("inter.broker.listener.name=INTERNAL");
            }
            lines.add("log.dirs = " + String.join(",\\\n   ", dirs));
            lines.add("zookeeper.connect=127.0.0.1:" + zkPort + chroot);
            lines.add("offsets.topic.num.partitions=3");
            lines.add("default.replication.factor: 3");
            lines.add("min.insync.replicas=2");
            lines.add("controlled.shutdown.enable=true");
            if (explicitProtocol) lines.add("inter.broker.protocol.version=3.9");
            if (racks) lines.add("broker.rack=rack-" + (i % 2));
            if (authorizer) {
                lines.add("authorizer.class.name=kafka.security.authorizer.AclAuthorizer");
                lines.add("super.users=User:ANONYMOUS;User:admin");
            }
            lines.add(1 + random.nextInt(lines.size() - 1), "# what people wrote about " + name);
            Loopback.write(home.resolve("server.properties"), String.join("\n", lines) + "\n");
            prepare(name);
        }
        for (int id : CONTROLLERS) prepare("controller-" + id);
        for (int id : CONTROLLERS) ports.put(id, Loopback.freePort());
        System.out.printf("cluster: brokers %s, chroot '%s', racks %s, authorizer %s, %d log directories%n", brokers, chroot, racks,
            authorizer, logDirs);
        hasAuthorizer = authorizer;
    }

    private boolean hasAuthorizer;

    private void prepare(String name) throws IOException {
        jmx.put(name, Loopback.freePort());
        Loopback.write(nodes.resolve(name).resolve("jmx.port"), jmx.get(name) + "\n");
    }

    private String bootstrap() {
        List<String> all = new ArrayList<>();
        for (int id : brokers) all.add("127.0.0.1:" + ports.get(id));
        return String.join(",", all);
    }

    private Properties client() {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap());
        properties.put("key.serializer", StringSerializer.class.getName());
        properties.put("value.serializer", StringSerializer.class.getName());
        properties.put("key.deserializer", StringDeserializer.class.getName());
        properties.put("value.deserializer", StringDeserializer.class.getName());
        return properties;
    }

    private void fill() throws Exception {
        try (Admin admin = Admin.create(client())) {
            List<NewTopic> topics = new ArrayList<>();
            topics.add(new NewTopic("orders", 6, (short) 3));
            for (int i = 0; i < 3 + random.nextInt(5); ++i)
                topics.add(new NewTopic("topic_" + i, 1 + random.nextInt(4), (short) (2 + random.nextInt(2))));
            admin.createTopics(topics).all().get();
            admin.incrementalAlterConfigs(Map.of(
                new ConfigResource(ConfigResource.Type.TOPIC, "orders"),
                List.of(new AlterConfigOp(new ConfigEntry("retention.ms", "86400000"), AlterConfigOp.OpType.SET)),
                new ConfigResource(ConfigResource.Type.BROKER, ""),
                List.of(new AlterConfigOp(new ConfigEntry("log.cleaner.threads", "1"), AlterConfigOp.OpType.SET)))).all().get();
            if (hasAuthorizer) {
                admin.createAcls(List.of(new AclBinding(new ResourcePattern(ResourceType.TOPIC, "orders", PatternType.LITERAL),
                    new AccessControlEntry("User:alice", "*", AclOperation.READ, AclPermissionType.ALLOW)))).all().get();
            }
        }
    }

    private void produce(String what) throws Exception {
        Properties properties = client();
        properties.put("acks", "all");
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(properties)) {
            for (int i = 0; i < RECORDS; ++i) producer.send(new ProducerRecord<>("orders", what + i, what + i)).get(60, TimeUnit.SECONDS);
        }
    }

    private Set<String> readAll() {
        Set<String> found = new HashSet<>();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(client())) {
            List<TopicPartition> all = new ArrayList<>();
            for (int i = 0; i < 6; ++i) all.add(new TopicPartition("orders", i));
            consumer.assign(all);
            consumer.seekToBeginning(all);
            long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (System.nanoTime() < end && found.size() < 2 * RECORDS)
                consumer.poll(Duration.ofMillis(500)).forEach(record -> found.add(record.value()));
        }
        return found;
    }

    // ── Copies of its files ─────────────────────────────────────────────────────────────────────

    /** What tools/collect would bring: ZooKeeper's files first, so that the metadata log reaches what they say. */
    private void collect() throws IOException {
        Loopback.delete(fleet);
        Loopback.copyTree(work.resolve("zk-1/data"), fleet.resolve("zk-1"));
        try (Stream<Path> all = Files.list(nodes)) {
            for (Path node : all.sorted().toList()) {
                Path to = fleet.resolve(node.getFileName());
                if (!Files.exists(node.resolve("server.properties"))) continue;
                Loopback.copy(node.resolve("server.properties"), to.resolve("server.properties"));
                Loopback.write(to.resolve("version"), "3.9.1\n");
                try (Stream<Path> dirs = Files.list(node)) {
                    for (Path dir : dirs.filter(Files::isDirectory).sorted().toList()) {
                        if (Files.exists(dir.resolve("meta.properties")))
                            Loopback.copy(dir.resolve("meta.properties"), to.resolve(dir.getFileName()).resolve("meta.properties"));
                        Path log = dir.resolve("__cluster_metadata-0");
                        if (Files.isDirectory(log) && node.getFileName().toString().startsWith("controller"))
                            Loopback.copyTree(log, to.resolve("__cluster_metadata-0"));
                    }
                }
            }
        }
    }

    // ── The plan ────────────────────────────────────────────────────────────────────────────────

    private Loopback.Ran bash(Path where, String command) throws Exception {
        Map<String, String> env = new HashMap<>();
        env.put("PATH", work.resolve("bin") + ":" + System.getenv("PATH"));
        env.put("FLEET", fleet.toString());
        env.put("ZK", "127.0.0.1:" + zkPort);
        env.put("BOOTSTRAP", bootstrap());
        env.put("NO_COLOR", "1");
        for (String name : jmx.keySet()) env.put(name.toUpperCase().replace('-', '_'), name);
        env.put("METADATA_LOG_DIR", where.resolve("metadata").toString());
        return Loopback.run(where, env, Duration.ofMinutes(10), List.of("bash", "-o", "pipefail", "-c", command));
    }

    private JsonNode plan() throws Exception {
        collect();
        StringBuilder voters = new StringBuilder();
        for (int id : CONTROLLERS) voters.append(voters.isEmpty() ? "" : ",").append(id).append("@").append(host(id)).append(":").append(ports.get(id));
        Loopback.Ran ran = bash(Files.createDirectories(work.resolve("ops")), "zk2kraft plan $FLEET --output json --controllers " + voters
            + " --controller-listener CONTROLLER:PLAINTEXT 2>plan.err >plan.json; code=$?; cat plan.err; exit $code");
        JsonNode plan = new ObjectMapper().readTree(Files.readString(work.resolve("ops/plan.json")));
        if (ran.code() != 0)
            throw new Loopback.Disagreement("the plan is blocked, or something is missing: " + plan.get("blockedBy") + " " + plan.get("missing") + ran.out());
        return plan;
    }

    private Map<String, JsonNode> byId(JsonNode plan) {
        Map<String, JsonNode> steps = new LinkedHashMap<>();
        for (JsonNode step : plan.get("steps")) steps.put(step.get("id").asText(), step);
        return steps;
    }

    private static List<String> texts(JsonNode list) {
        List<String> all = new ArrayList<>();
        list.forEach(each -> all.add(each.asText()));
        return all;
    }

    /** The last step forward. */
    private String turn() {
        return switch (road) {
            case "finalise" -> "finalise.proof";
            case "back-from-hybrid" -> "hybrid.next";
            case "back-from-dual-write" -> "soak.verify";
            default -> throw new IllegalArgumentException(road);
        };
    }

    /** Everything up to there, in order. */
    private List<String> way(Map<String, JsonNode> steps) {
        String turn = turn();
        List<String> way = new ArrayList<>();
        for (String id : steps.keySet()) {
            if (!id.equals("soak.drill") && !id.equals("soak.wait")) way.add(id);
            if (id.equals(turn)) break;
        }
        return way;
    }

    private void take(JsonNode step) throws Exception {
        System.out.printf("step %-38s %s%n", step.get("id").asText(), step.get("title").asText());
        seenLog.clear();
        for (String name : jmx.keySet()) {
            Path log = nodes.resolve(name).resolve("server.log");
            seenLog.put(name, Files.exists(log) ? Files.size(log) : 0L);
        }
        collect();
        Path where = work.resolve("ops");
        for (String command : texts(step.get("commands"))) {
            var machine = MACHINE.matcher(command);
            if (machine.matches()) where = nodes.resolve(machine.group(1));
            if (command.startsWith("#")) continue;
            Loopback.Ran ran = bash(where, command);
            // What a verb says is judged by the gates.
            if (ran.code() != 0 && !command.startsWith("zk2kraft check") && !command.startsWith("zk2kraft diff")
                && !command.startsWith("zk2kraft status") && !command.startsWith("zk2kraft gate"))
                throw new Loopback.Disagreement(step.get("id").asText() + ": '" + command + "' ends with " + ran.code() + ": " + ran.out());
        }
        for (JsonNode gate : step.get("gates")) judge(step, gate);
    }

    // ── Its gates ───────────────────────────────────────────────────────────────────────────────

    private static void await(String what, Loopback.Condition condition) throws Exception {
        Loopback.await(what, PATIENCE, condition);
    }

    private void judge(JsonNode step, JsonNode gate) throws Exception {
        String value = gate.get("value").asText();
        if (value.isEmpty()) return;
        String where = gate.get("where").asText();
        String of = gate.get("of").asText();
        String what = step.get("id").asText() + ": " + where + ": " + gate.get("expect").asText();
        String kind = gate.get("kind").asText();
        String[] last = {""};
        try {
            await(what, () -> switch (kind) {
                case "metric" -> metricHolds(where, of, Double.parseDouble(value));
                case "log" -> logHas(value, of, step);
                case "znode" -> znodeHolds(where, value, step);
                case "command" -> commandHolds(where, value, last);
                default -> throw new Loopback.Disagreement("a gate of kind " + kind);
            });
        } catch (Loopback.Disagreement e) {
            throw new Loopback.Disagreement(e.getMessage() + (last[0].isEmpty() ? "" : "\n" + last[0]));
        }
        ++gatesHeld;
        System.out.printf("     yes %s%n", what.substring(what.indexOf(": ") + 2));
    }

    private Double metric(String node, String bean) throws Exception {
        JMXServiceURL url = new JMXServiceURL("service:jmx:rmi:///jndi/rmi://127.0.0.1:" + jmx.get(node) + "/jmxrmi");
        try (JMXConnector connector = JMXConnectorFactory.connect(url)) {
            return ((Number) connector.getMBeanServerConnection().getAttribute(new ObjectName(bean), "Value")).doubleValue();
        }
    }

    private boolean metricHolds(String bean, String of, double value) throws Exception {
        int holds = 0;
        for (int id : CONTROLLERS) {
            String node = "controller-" + id;
            boolean counts = !of.equals("the active controller")
                || metric(node, "kafka.controller:type=KafkaController,name=ActiveControllerCount") == 1.0;
            if (counts && metric(node, bean) == value) ++holds;
        }
        return holds == (of.equals("every controller") ? CONTROLLERS.size() : 1);
    }

    private boolean logHas(String line, String of, JsonNode step) throws IOException {
        for (String node : of.equals("the node") ? texts(step.get("nodes")) : List.copyOf(jmx.keySet())) {
            if (!of.equals("the node") && !node.startsWith("controller")) continue;
            Path log = nodes.resolve(node).resolve("server.log");
            if (!Files.exists(log)) continue;
            // Of the active controller a line may be older than the step that waits for it.
            long from = of.equals("the node") ? seenLog.get(node) : 0;
            byte[] bytes = Files.readAllBytes(log);
            if (new String(bytes, (int) from, bytes.length - (int) from, StandardCharsets.UTF_8).contains(line)) return true;
        }
        return false;
    }

    private boolean znodeHolds(String path, String value, JsonNode step) throws Exception {
        List<String> paths = new ArrayList<>();
        if (path.endsWith("/ID")) {
            for (String node : texts(step.get("nodes"))) paths.add(path.replace("ID", node.substring(node.lastIndexOf('-') + 1)));
        } else {
            paths.add(path);
        }
        try (ZooKeeper session = session()) {
            for (String each : paths) {
                byte[] data;
                try {
                    data = session.getData(chroot + each, false, null);
                } catch (KeeperException.NoNodeException gone) {
                    if (value.equals("absent")) continue;
                    return false;
                }
                if (value.equals("absent") || !Pattern.compile(value).matcher(new String(data, StandardCharsets.UTF_8)).find()) return false;
            }
        }
        return true;
    }

    private boolean commandHolds(String command, String value, String[] last) throws Exception {
        collect();
        Loopback.Ran ran = bash(work.resolve("ops"), command);
        last[0] = ran.out();
        if (value.equals("exit 0")) return ran.code() == 0;
        if (value.equals("prints nothing")) return ran.code() == 0 && ran.out().isBlank();
        return ran.code() == 0 && ran.out().contains(value.substring("prints ".length()));
    }

    // ── All of it ───────────────────────────────────────────────────────────────────────────────

    private int followAll(Map<String, JsonNode> steps, List<String> way) throws Exception {
        int taken = 0;
        for (String id : way) {
            JsonNode step = steps.get(id);
            if (step.get("done").asBoolean()) continue;
            take(step);
            ++taken;
        }
        return taken;
    }

    private boolean follow() throws Exception {
        writeScripts();
        startZooKeeper();
        writeBrokers();
        for (int id : brokers) bash(nodes.resolve("broker-" + id), "kafka-server-start -daemon server.properties");
        await("every broker is registered", () -> {
            try (ZooKeeper session = session()) {
                return session.getChildren(chroot + "/brokers/ids", false).size() == brokers.size();
            }
        });
        fill();
        produce("before-");
        Map<String, JsonNode> steps = byId(plan());
        List<String> way = way(steps);
        int taken = followAll(steps, way);
        // Who turns round makes the plan again: it knows then who is active.
        if (!road.equals("finalise")) {
            Map<String, JsonNode> now = byId(plan());
            taken += followAll(now, texts(now.get(turn()).get("wayBack")));
        }
        produce("after-");
        Set<String> read = readAll();
        if (read.size() != 2 * RECORDS) throw new Loopback.Disagreement(read.size() + " of " + 2 * RECORDS + " acknowledged records are read");
        collect();
        Loopback.Ran status = bash(work.resolve("ops"), "zk2kraft status $FLEET");
        String ends = road.equals("finalise") ? "S8" : "S0";
        if (!Pattern.compile("phase +" + ends).matcher(status.out()).find())
            throw new Loopback.Disagreement("the road ends in " + ends + ", and status says:\n" + status.out());
        System.out.printf("yes  real Kafka followed %d steps of the plan, %s; %d gates held; %d records acknowledged and read; it ends in %s%n",
            taken, road, gatesHeld, read.size(), ends);
        return true;
    }

    private void stopAll() {
        for (String name : jmx.keySet()) {
            try {
                Path pid = nodes.resolve(name).resolve("kafka.pid");
                if (Files.exists(pid)) ProcessHandle.of(Long.parseLong(Files.readString(pid).trim())).ifPresent(ProcessHandle::destroyForcibly);
            } catch (IOException | NumberFormatException ignored) {
                // It ended by itself.
            }
        }
        if (zookeeper != null) zookeeper.destroyForcibly();
    }
}
