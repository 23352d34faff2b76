import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/** What cluster a seed stands for, and where its road goes. Each node's server.properties is made of it, by mode. */
final class Shape {
    enum Road { FINALISE, BACK_FROM_HYBRID, BACK_FROM_DUAL_WRITE }
    enum Failover { NONE, HYBRID, DUAL_WRITE }
    enum Broker { ZOOKEEPER, MIGRATING, KRAFT }
    enum Trait { AUTHORIZER, DYNAMIC_QUORUM, TOKENS }

    private static final List<String> CHROOTS = List.of("", "", "/kafka", "/prod/kafka-1", "/a/b/c");
    private static final List<String> ODD_CHROOTS = List.of("/Kafka Cluster (prod)", "/brokers", "/a.b_c-d/~e", "/config/topics", "/0", "/r\u00fcdiger");
    private static final List<String> LISTENERS = List.of("PLAINTEXT", "PLAINTEXT", "INTERNAL", "REPLICATION");

    static final long ODD = 100;  // From this seed on names are legal, and as nobody expects them.

    final long seed;
    final String version;
    final List<Integer> brokers = new ArrayList<>();
    final List<Integer> controllers = new ArrayList<>();
    final Map<String, Integer> ports = new TreeMap<>();
    final String chroot;
    final String metadataVersion;
    final String secret;
    final String tokenSecret;
    final String listener;
    final int logDirs;
    final int snapCount;
    final boolean racks;
    final boolean authorizer;
    final boolean dynamicQuorum;
    final boolean explicitProtocol;
    final boolean smallSnapshots;
    final boolean smallBatches;
    final boolean odd;
    final int sessionTimeoutMs;
    final Road road;
    final Failover failover;

    /** Three brokers and three controllers of the newest metadata version, and nothing that varies but what is asked for. */
    static Shape plain(String version, int sessionTimeoutMs, Trait... traits) {
        return new Shape(version, sessionTimeoutMs, Set.of(traits));
    }

    private Shape(String version, int sessionTimeoutMs, Set<Trait> traits) {
        this.seed = 0;
        this.version = version;
        this.sessionTimeoutMs = sessionTimeoutMs;
        brokers.addAll(List.of(1, 2, 3));
        controllers.addAll(List.of(3000, 3001, 3002));
        List<String> versions = metadataVersions(version);
        metadataVersion = versions.get(versions.size() - 1);
        chroot = "";
        secret = null;
        tokenSecret = traits.contains(Trait.TOKENS) ? "token-secret" : null;
        listener = "PLAINTEXT";
        logDirs = 1;
        snapCount = 100_000;
        authorizer = traits.contains(Trait.AUTHORIZER);
        dynamicQuorum = traits.contains(Trait.DYNAMIC_QUORUM);
        racks = explicitProtocol = smallSnapshots = smallBatches = odd = false;
        road = Road.BACK_FROM_HYBRID;
        failover = Failover.HYBRID;
    }

    Shape(long seed, String version) {
        this.seed = seed;
        this.version = version;
        sessionTimeoutMs = 6000;
        Random random = new Random(seed * 7919);
        boolean sick = seed >= RealMigration.SICK;  // What goes wrong needs somebody whom it goes wrong with.
        int brokerCount = sick ? 2 + random.nextInt(2) : 1 + random.nextInt(4);
        int id = List.of(0, 1, 1, 101, random.nextInt(900)).get(random.nextInt(5));
        for (int i = 0; i < brokerCount; ++i, id += 1 + random.nextInt(2) * random.nextInt(9)) brokers.add(id);
        int controllerCount = sick ? 3 - random.nextInt(2) : 1 + random.nextInt(3);
        SickMigration.Misfortune misfortune = sick ? SickMigration.of(seed) : null;
        if (misfortune == SickMigration.Misfortune.FLAGLESS_CONTROLLER) controllerCount = 3;
        id = List.of(3000, 9001, 2000 + random.nextInt(500)).get(random.nextInt(3));
        for (int i = 0; i < controllerCount; ++i) controllers.add(id + i);
        odd = seed >= ODD && !sick;
        List<String> chroots = odd ? ODD_CHROOTS : CHROOTS;
        chroot = chroots.get(random.nextInt(chroots.size()));
        List<String> versions = metadataVersions(version);
        boolean newest = random.nextInt(3) > 0 || misfortune == SickMigration.Misfortune.FLAGLESS_CONTROLLER;
        metadataVersion = newest ? versions.get(versions.size() - 1) : versions.get(random.nextInt(versions.size()));
        boolean directories = metadataVersion.compareTo("3.7-IV2") >= 0;
        logDirs = directories ? 1 + random.nextInt(3) : 1;
        secret = random.nextBoolean() ? "encoder secret of seed " + seed : null;
        tokenSecret = random.nextInt(3) > 0 && metadataVersion.compareTo("3.6-IV2") >= 0 ? "token-secret-of-seed-" + seed : null;
        listener = LISTENERS.get(random.nextInt(LISTENERS.size()));
        racks = random.nextBoolean();
        authorizer = random.nextInt(3) > 0 && version.compareTo("3.5") >= 0;  // 3.4 refuses to migrate with one.
        dynamicQuorum = random.nextInt(3) == 0 && !sick && metadataVersion.equals("3.9-IV0");  // kraft.version 1
        explicitProtocol = !metadataVersion.equals(versions.get(versions.size() - 1)) || random.nextBoolean();
        snapCount = List.of(100_000, 60, 400).get(random.nextInt(3));
        smallSnapshots = random.nextInt(3) == 0;
        smallBatches = misfortune == SickMigration.Misfortune.KILLED_COPY;
        road = List.of(Road.FINALISE, Road.FINALISE, Road.BACK_FROM_HYBRID, Road.BACK_FROM_DUAL_WRITE).get(random.nextInt(4));
        Failover wanted = Failover.values()[random.nextInt(3)];
        // Before 3.6 a name with a slash that is mirrored keeps a controller that takes over in SYNC_KRAFT_TO_ZK for good.
        failover = version.compareTo("3.6") < 0 ? Failover.NONE
            : wanted == Failover.DUAL_WRITE && road == Road.BACK_FROM_HYBRID ? Failover.HYBRID : wanted;
    }

    /** Those that a controller of this version lets a new migration begin with, the newest last. */
    private static List<String> metadataVersions(String version) {
        List<String> all = List.of("3.4-IV0", "3.5-IV2", "3.6-IV1", "3.6-IV2", "3.7-IV0", "3.7-IV4", "3.8-IV0", "3.9-IV0");
        String least = version.compareTo("3.6") < 0 ? "3.4" : "3.6";  // Since 3.6 the copy is a transaction, which 3.6-IV1 can say.
        return all.stream().filter(each -> each.substring(0, 3).compareTo(version.substring(0, 3)) <= 0 && each.compareTo(least) >= 0).toList();
    }

    void choosePorts() throws java.io.IOException {
        for (int id : brokers) {
            ports.put("broker-" + id, Loopback.freePort());
            ports.put("broker-" + id + "-sasl", Loopback.freePort());
        }
        for (int id : controllers) ports.put("controller-" + id, Loopback.freePort());
        ports.put("zk", Loopback.freePort());
    }

    /** As properties files say it: Kafka reads them in ISO-8859-1. */
    private String zkConnect() {
        StringBuilder text = new StringBuilder("127.0.0.1:" + ports.get("zk"));
        for (char each : chroot.toCharArray()) text.append(each < 128 ? String.valueOf(each) : String.format("\\u%04x", (int) each));
        return text.toString();
    }

    private String quorum() {
        List<String> all = new ArrayList<>();
        for (int id : controllers) all.add((dynamicQuorum ? "" : id + "@") + "127.0.0.1:" + ports.get("controller-" + id));
        return (dynamicQuorum ? "controller.quorum.bootstrap.servers=" : "controller.quorum.voters=") + String.join(",", all);
    }

    private String protocolMap(boolean controllers) {
        return "listener.security.protocol.map=" + listener + ":PLAINTEXT" + (tokenSecret != null ? ",CLIENTS:SASL_PLAINTEXT" : "")
            + (controllers ? ",CONTROLLER:PLAINTEXT" : "");
    }

    private void common(List<String> lines, boolean zkAuthorizer) {
        lines.add("auto.leader.rebalance.enable=false");
        lines.add("offsets.topic.num.partitions=3");
        lines.add("offsets.topic.replication.factor=" + Math.min(2, brokers.size()));
        lines.add("transaction.state.log.num.partitions=2");
        lines.add("transaction.state.log.replication.factor=1");
        lines.add("transaction.state.log.min.isr=1");
        lines.add("log.cleaner.dedupe.buffer.size=4194304");
        if (tokenSecret != null) lines.add("delegation.token.secret.key=" + tokenSecret);
        if (secret != null) lines.add("password.encoder.secret=" + secret);
        if (!authorizer) return;
        lines.add("authorizer.class.name=" + (zkAuthorizer ? "kafka.security.authorizer.AclAuthorizer"
            : "org.apache.kafka.metadata.authorizer.StandardAuthorizer"));
        lines.add("super.users=User:ANONYMOUS;User:admin;User:tokens");
    }

    List<String> broker(int id, Broker mode, String home) {
        List<String> lines = new ArrayList<>();
        String name = "broker-" + id;
        lines.add("# " + name + " of the cluster of seed " + seed);
        String sasl = tokenSecret == null ? "" : ",CLIENTS://127.0.0.1:" + ports.get(name + "-sasl");
        lines.add("listeners=" + listener + "://127.0.0.1:" + ports.get(name) + sasl);
        lines.add(protocolMap(mode != Broker.ZOOKEEPER));
        lines.add("inter.broker.listener.name=" + listener);
        if (tokenSecret != null) {
            lines.add("sasl.enabled.mechanisms=PLAIN");
            lines.add("listener.name.clients.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required "
                + "user_tokens=\"t\";");
        }
        List<String> dirs = new ArrayList<>();
        for (int d = 0; d < logDirs; ++d) dirs.add(home + (odd ? "/data = " : "/data-") + d);
        lines.add("log.dirs=" + String.join(",", dirs));
        if (racks) lines.add("broker.rack=" + List.of("a", "b", "rack c").get(brokers.indexOf(id) % 3));
        common(lines, mode != Broker.KRAFT);
        if (mode == Broker.KRAFT) {
            lines.add("process.roles=broker");
            lines.add("node.id=" + id);
        } else {
            lines.add("broker.id=" + id);
            lines.add("zookeeper.connect=" + zkConnect());
            lines.add("zookeeper.session.timeout.ms=" + sessionTimeoutMs);
            if (explicitProtocol) lines.add("inter.broker.protocol.version=" + metadataVersion);
        }
        if (mode == Broker.MIGRATING) lines.add("zookeeper.metadata.migration.enable=true");
        if (mode != Broker.ZOOKEEPER) {
            lines.add("controller.listener.names=CONTROLLER");
            lines.add(quorum());
        }
        return lines;
    }

    List<String> controller(int id, boolean migrating, String home) {
        List<String> lines = new ArrayList<>();
        lines.add("process.roles=controller");
        lines.add("node.id=" + id);
        lines.add("listeners=CONTROLLER://127.0.0.1:" + ports.get("controller-" + id));
        lines.add("controller.listener.names=CONTROLLER");
        lines.add("inter.broker.listener.name=" + listener);
        lines.add(protocolMap(true));
        lines.add(quorum());
        lines.add("log.dirs=" + home + "/metadata");
        if (smallSnapshots) lines.add("metadata.log.max.record.bytes.between.snapshots=12000");
        if (tokenSecret != null) lines.add("sasl.enabled.mechanisms=PLAIN");
        common(lines, false);
        if (smallBatches) lines.add("zookeeper.metadata.migration.min.batch.size=1");
        if (migrating) {
            lines.add("zookeeper.metadata.migration.enable=true");
            lines.add("zookeeper.connect=" + zkConnect());
        }
        return lines;
    }

    @Override
    public String toString() {
        return "Kafka " + version + ", brokers " + brokers + ", controllers " + controllers + (dynamicQuorum ? " (dynamic)" : "") + ", "
            + metadataVersion + (explicitProtocol ? "" : " (implied)") + ", chroot '" + chroot + "', " + logDirs + " log directories"
            + (racks ? ", racks" : "") + (authorizer ? ", authorizer" : "") + (secret == null ? "" : ", encoder secret")
            + (tokenSecret == null ? "" : ", tokens") + ", listener " + listener + ", snapCount " + snapCount
            + (smallSnapshots ? ", small snapshots" : "") + (odd ? ", odd names" : "") + ", " + road + ", failover " + failover;
    }
}
