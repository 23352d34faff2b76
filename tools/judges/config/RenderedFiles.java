import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Lets KafkaConfig say whether nodes would start with the files that {@code zk2kraft render} makes.
 *
 * <pre>
 *   write SEED FLEETS DIR   DIR/fleet-N/broker-1.properties and broker-2.properties, random ones that KafkaConfig accepts
 *   judge DIR               every file below DIR that is some node's: how many were accepted, and REFUSED: file, reason
 * </pre>
 */
public class RenderedFiles {
    public static void main(String[] args) throws IOException {
        if (args[0].equals("write")) write(Long.parseLong(args[1]), Integer.parseInt(args[2]), Path.of(args[3]));
        else System.exit(judge(Path.of(args[1])));
    }

    private static void write(long seed, int fleets, Path to) throws IOException {
        int refused = 0;
        for (int made = 0, next = 0; made < fleets; next++) {
            Map<String, String> first = broker(new Random(seed * 1_000_003 + next), 1);
            Map<String, String> second = broker(new Random(seed * 1_000_003 + next), 2);
            if (refusal(text(first)) != null || refusal(text(second)) != null) {
                refused++;
                continue;
            }
            Path fleet = to.resolve("fleet-" + made++);
            Files.createDirectories(fleet);
            Files.writeString(fleet.resolve("broker-1.properties"), text(first));
            Files.writeString(fleet.resolve("broker-2.properties"), text(second));
        }
        System.err.println(fleets + " fleets, " + refused + " more that KafkaConfig refuses as they are");
    }

    // The same draws for each broker of a fleet; only what must differ does.
    private static Map<String, String> broker(Random random, int id) {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("broker.id", String.valueOf(id));
        all.put("zookeeper.connect", pick(random, "zk:2181", "zk-1:2181,zk-2:2181/kafka", "10.0.0.1:2181/a/b", "[::1]:2181"));
        listeners(random, all, "b" + id);
        maybe(random, all, "inter.broker.protocol.version", "3.9", "3.9-IV0", "3.8", "3.7-IV4", "3.6", "3.4");
        all.put(pick(random, "log.dirs", "log.dir"), pick(random, "/data", "/a,/b", "/var/lib/kafka, /srv/kafka"));
        if (random.nextBoolean()) {
            all.put("authorizer.class.name", pick(random, "kafka.security.authorizer.AclAuthorizer", "com.example.Authorizer"));
            all.put("super.users", "User:admin;User:CN=kafka");
            maybe(random, all, "allow.everyone.if.no.acl.found", "true", "false");
        }
        maybe(random, all, "broker.rack", "rack-" + id);
        maybe(random, all, "node.id", String.valueOf(id));
        maybe(random, all, "broker.id.generation.enable", "false", "true");
        maybe(random, all, "reserved.broker.max.id", "1000", "5000");
        maybe(random, all, "zookeeper.session.timeout.ms", "18000", "30000");
        maybe(random, all, "zookeeper.set.acl", "true", "false");
        maybe(random, all, "zookeeper.ssl.client.enable", "true");
        maybe(random, all, "zookeeper.clientCnxnSocket", "org.apache.zookeeper.ClientCnxnSocketNetty");
        maybe(random, all, "password.encoder.secret", "a secret");
        maybe(random, all, "delegation.token.secret.key", "a key");
        maybe(random, all, "log.message.format.version", "3.9", "3.0", "2.8");
        maybe(random, all, "min.insync.replicas", "1", "2");
        maybe(random, all, "num.partitions", "1", "12");
        maybe(random, all, "default.replication.factor", "3");
        maybe(random, all, "controlled.shutdown.enable", "true", "false");
        maybe(random, all, "unclean.leader.election.enable", "true", "false");
        maybe(random, all, "group.coordinator.rebalance.protocols", "classic");
        maybe(random, all, "early.start.listeners", "PLAINTEXT", "INTERNAL");
        maybe(random, all, "create.topic.policy.class.name", "com.example.Policy");
        maybe(random, all, "metadata.log.dir", "/metadata");
        maybe(random, all, "confluent.license", "a licence");
        maybe(random, all, "my.plugin.key", "anything \\ with = and : in it");
        return all;
    }

    private static void listeners(Random random, Map<String, String> all, String host) {
        switch (random.nextInt(7)) {
            case 0 -> all.put("listeners", "PLAINTEXT://" + host + ":9092");
            case 1 -> {
                all.put("listeners", "INTERNAL://" + host + ":9092,EXTERNAL://0.0.0.0:9093");
                all.put("advertised.listeners", "INTERNAL://" + host + ":9092,EXTERNAL://" + host + ".example.org:9093");
                all.put("listener.security.protocol.map", "INTERNAL:PLAINTEXT,EXTERNAL:" + pick(random, "SSL", "SASL_SSL", "PLAINTEXT"));
                all.put("inter.broker.listener.name", "INTERNAL");
                maybe(random, all, "listener.name.external.ssl.keystore.location", "/etc/keys/k.jks");
            }
            case 2 -> {
                all.put("listeners", "SSL://" + host + ":9093");
                all.put("security.inter.broker.protocol", "SSL");
                all.put("ssl.keystore.location", "/etc/keys/k.jks");
            }
            case 3 -> {
                all.put("listeners", "CONTROLPLANE://" + host + ":9090,PLAINTEXT://" + host + ":9092");
                all.put("listener.security.protocol.map", "CONTROLPLANE:PLAINTEXT,PLAINTEXT:PLAINTEXT");
                all.put("control.plane.listener.name", "CONTROLPLANE");
                all.put("inter.broker.listener.name", "PLAINTEXT");
            }
            case 4 -> {
                all.put("listeners", "SASL_PLAINTEXT://" + host + ":9092,PLAINTEXT://" + host + ":9094");
                all.put("security.inter.broker.protocol", "SASL_PLAINTEXT");
                all.put("sasl.mechanism.inter.broker.protocol", "SCRAM-SHA-512");
                all.put("sasl.enabled.mechanisms", "SCRAM-SHA-512,PLAIN");
            }
            case 5 -> {
                // The name that the controllers' listener is to have is somebody's already.
                all.put("listeners", "CONTROLLER://" + host + ":9092");
                all.put("listener.security.protocol.map", "CONTROLLER:PLAINTEXT");
                all.put("inter.broker.listener.name", "CONTROLLER");
            }
            default -> maybe(random, all, "advertised.listeners", "PLAINTEXT://" + host + ":9092");
        }
    }

    private static String pick(Random random, String... values) {
        return values[random.nextInt(values.length)];
    }

    private static void maybe(Random random, Map<String, String> all, String key, String... values) {
        String value = pick(random, values);
        if (random.nextInt(3) == 0) all.put(key, value);
    }

    // As people write them: a comment, blanks, a value that goes on in the next line.
    private static String text(Map<String, String> entries) {
        StringBuilder text = new StringBuilder("# a broker\n");
        entries.forEach((key, value) -> {
            String escaped = value.replace("\\", "\\\\").replace(",", value.length() > 30 ? ",\\\n    " : ",");
            text.append(key).append(key.length() % 2 == 0 ? "=" : " = ").append(escaped).append('\n');
        });
        return text.toString();
    }

    private static int judge(Path below) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(below)) {
            files = all.filter(file -> file.getFileName().toString().equals("server.properties")).sorted().collect(Collectors.toList());
        }
        int refused = 0;
        for (Path file : files) {
            String why = refusal(Files.readString(file));
            if (why == null) continue;
            refused++;
            System.out.println("REFUSED: " + below.relativize(file) + ": " + why);
        }
        System.out.println(files.size() + " rendered files, " + refused + " of them refused by KafkaConfig");
        return refused == 0 && !files.isEmpty() ? 0 : 1;
    }

    // Why KafkaConfig refuses, or null.
    private static String refusal(String text) throws IOException {
        Properties properties = new Properties();
        try (Reader reader = new StringReader(text)) {
            properties.load(reader);
        }
        try {
            new kafka.server.KafkaConfig(properties, false);
            return null;
        } catch (RuntimeException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
