import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** A server.properties of one of the shapes that a migration knows, with a few things wrong in it. */
class NodeFile {
    private final Random random;
    private final Map<String, String> entries = new LinkedHashMap<>();

    NodeFile(Random random) {
        this.random = random;
        switch (random.nextInt(5)) {
            case 0 -> zookeeper(false);
            case 1 -> zookeeper(true);
            case 2 -> kraft("broker");
            case 3 -> kraft("controller");
            default -> kraft("broker,controller");
        }
        for (int n = random.nextInt(4); n > 0; n--) spoil();
    }

    String text() {
        StringBuilder text = new StringBuilder();
        entries.forEach((key, value) -> text.append(key).append('=').append(value).append('\n'));
        return text.toString();
    }

    private void zookeeper(boolean migrating) {
        entries.put("broker.id", "1");
        entries.put("zookeeper.connect", "zk:2181/kafka");
        entries.put("listeners", "PLAINTEXT://:9092");
        entries.put("inter.broker.protocol.version", "3.9");
        if (!migrating) return;
        entries.put("zookeeper.metadata.migration.enable", "true");
        quorum();
        entries.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
    }

    private void kraft(String roles) {
        entries.put("process.roles", roles);
        entries.put("node.id", roles.equals("broker") ? "1" : "3000");
        quorum();
        entries.put("listeners", switch (roles) {
            case "broker" -> "PLAINTEXT://:9092";
            case "controller" -> "CONTROLLER://:9093";
            default -> "PLAINTEXT://:9092,CONTROLLER://:9093";
        });
        if (random.nextBoolean()) entries.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
        if (!roles.equals("broker") && random.nextBoolean()) {
            entries.put("zookeeper.metadata.migration.enable", "true");
            entries.put("zookeeper.connect", "zk:2181");
        }
    }

    private void quorum() {
        entries.put("controller.listener.names", "CONTROLLER");
        if (random.nextBoolean()) entries.put("controller.quorum.voters", "3000@c1:9093,3001@c2:9093");
        else entries.put("controller.quorum.bootstrap.servers", "c1:9093,c2:9093");
    }

    private static final String[][] CHANGES = {
        {"broker.id", "1", "-1", "2", "1001", "3000", "x", null}, {"node.id", "1", "3000", "3002", "-1", null},
        {"zookeeper.connect", null, "", "zk:2181"}, {"zookeeper.metadata.migration.enable", "true", "false", null, "TRUE", "yes"},
        {"broker.id.generation.enable", "false", "true"}, {"reserved.broker.max.id", "5", "0"},
        {"process.roles", null, "", "broker", "controller", "broker,broker", "leader", "controller, broker"},
        {"listeners", "PLAINTEXT://:9092", "CONTROLLER://:9093", "PLAINTEXT://:9092,CONTROLLER://:9092", "SSL://h:1", null,
            "PLAINTEXT://:9092,CONTROLLER://:9093", "plaintext://0.0.0.0:9092", "INTERNAL://h:9092,PLAINTEXT://h:9093", "PLAINTEXT:9092",
            "PLAINTEXT://127.0.0.1:9092,CONTROLLER://[::1]:9092", "PLAINTEXT://a:1,PLAINTEXT://b:2", "", "CONTROLLER://:9093,OTHER://:9094",
            "PLAINTEXT://:0,CONTROLLER://:0", " PLAINTEXT://h:9092 , CONTROLLER://h:9093 ,"},
        {"advertised.listeners", "PLAINTEXT://h:9092", "CONTROLLER://h:9093", "PLAINTEXT://0.0.0.0:9092", "PLAINTEXT://h:1,CONTROLLER://h:1",
            "INTERNAL://h:1", "", "PLAINTEXT://h"},
        {"listener.security.protocol.map", null, "PLAINTEXT:PLAINTEXT", "CONTROLLER:SSL", "PLAINTEXT:PLAINTEXT,CONTROLLER:TLS", "x", "",
            "PLAINTEXT:PLAINTEXT,CONTROLLER:plaintext,INTERNAL:SASL_SSL,OTHER:PLAINTEXT", "CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT"},
        {"controller.listener.names", null, "", "CONTROLLER", "controller", "CONTROLLER,OTHER", "PLAINTEXT", "SSL", "CONTROLLER,", "A, B"},
        {"controller.quorum.voters", null, "", "1@c:9093", "3000@c:9093", "c:9093", "3000@c", "x@c:1", "3000@c1:9093,3001@[::1]:9093", "-1@c:1"},
        {"controller.quorum.bootstrap.servers", null, "", "c1:9093", "c1", "http://c1:9093", "[::1]:9093,c2:1"},
        {"control.plane.listener.name", "CONTROLLER", "PLAINTEXT", "INTERNAL", "", null},
        {"inter.broker.listener.name", "PLAINTEXT", "INTERNAL", "CONTROLLER", "plaintext", "NONE"},
        {"security.inter.broker.protocol", "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "ssl"},
        {"inter.broker.protocol.version", "3.3", "3.4", "3.6", "3.9.1", "2.8", "2.0", "x", "3.7-IV1", "3.7-IV2", "4.0", null},
        {"log.dirs", "/a,/b", "/a", "", ",", null}, {"log.dir", "/x", ""},
        {"log.retention.ms", "0", "-1", "1"}, {"log.retention.minutes", "0", "5"}, {"log.retention.hours", "0", "1"},
        {"log.cleaner.threads", "200", "2"}, {"log.cleaner.dedupe.buffer.size", "1048576", "1048577"},
        {"replica.fetch.wait.max.ms", "500", "30001", "60000"}, {"replica.lag.time.max.ms", "100"}, {"replica.socket.timeout.ms", "200"},
        {"queued.max.request.bytes", "1", "0", "104857600"}, {"max.connections.per.ip", "0"}, {"max.connections.per.ip.overrides", "h:5", ""},
        {"connections.max.idle.ms", "100", "-1", "50"}, {"connection.failed.authentication.delay.ms", "100", "99"},
        {"sasl.mechanism.inter.broker.protocol", "PLAIN", "GSSAPI"}, {"sasl.enabled.mechanisms", "PLAIN", "PLAIN,GSSAPI", ""},
        {"listener.name.internal.sasl.enabled.mechanisms", "PLAIN"}, {"listener.name.sasl_plaintext.sasl.enabled.mechanisms", "PLAIN"},
        {"group.coordinator.rebalance.protocols", "classic,consumer", "consumer", "classic"},
        {"early.start.listeners", "PLAINTEXT", "CONTROLLER", "OTHER", "", "plaintext"},
        {"num.partitions", "0", "3", "x"}, {"unclean.leader.election.enable", "maybe"}, {"my.plugin.key", "anything"},
    };

    private void spoil() {
        String[] change = CHANGES[random.nextInt(CHANGES.length)];
        String value = change[1 + random.nextInt(change.length - 1)];
        if (value == null) entries.remove(change[0]);
        else entries.put(change[0], value);
    }
}
