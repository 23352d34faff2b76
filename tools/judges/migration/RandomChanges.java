import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreateDelegationTokenOptions;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialAlteration;
import org.apache.kafka.clients.admin.UserScramCredentialDeletion;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.StringSerializer;

/** Random changes of metadata of every kind, as clients ask for them. What a server refuses is noted and is no harm. */
final class RandomChanges {
    private static final List<String> TOPICS = List.of("orders", "a", "-", "_", "...", "A.b", "with-dash_and.dot", "UPPER", "0",
        "__transaction-like", "topic." + "x".repeat(240), "x_1", "y.2", "stray", "delete.me", "config");
    private static final List<String> NAMES = List.of("alice", "CN=web,OU=shop,O=A & B", "user with space", "r\u00fcdiger", "a/b", "100%", "a%40b",
        "*", "<default>x", "client@host", "~tilde", "q\"uote", "back\\slash", "plus+and:colon", "default");
    private static final List<String> ODD_TOPICS = List.of("brokers", "topics", "__", "_.", "-.-", "a-b.c-d", "00", "partitions", "changes", "null",
        "z".repeat(249), "Orders", "ORDERS", "...a", "default");
    private static final List<String> ODD_NAMES = List.of("<default>", "%3Cdefault%3E", " leading", "trailing ", "tab\there", "\ud83e\udd8a", "a//b",
        "...", "user:client", "{\"json\":1}", "%", "%%", "a+b", "A".repeat(300), "clients", "0", "null", "\u00e9", "e\u0301", "line\nbreak");
    private static final List<String> ODD_RESOURCES = List.of("$Default", "(x", "<default>", "a:b", "pre-fix*", "%2F", "\ud83e\udd8a", "0", "-");
    private static final List<String> ADDRESSES = List.of("10.0.0.1", "127.0.0.9", "192.168.7.9");
    private static final Map<String, List<String>> TOPIC_CONFIGS = Map.of("retention.ms", List.of("1000", "-1", "86400000"),
        "cleanup.policy", List.of("compact", "delete", "compact,delete"), "min.insync.replicas", List.of("1", "2"),
        "leader.replication.throttled.replicas", List.of("*", "0:1,1:2"), "max.message.bytes", List.of("1048588", "900"),
        "unclean.leader.election.enable", List.of("false", "true"), "min.cleanable.dirty.ratio", List.of("0.5", "1.0E-2"),
        "compression.type", List.of("zstd", "producer"));
    private static final Map<String, List<String>> BROKER_CONFIGS = Map.of("log.cleaner.io.max.bytes.per.second", List.of("1048576.0"),
        "max.connections.per.ip", List.of("100", "2147483647"), "log.retention.ms", List.of("3600000"), "background.threads", List.of("11"),
        "follower.replication.throttled.rate", List.of("1000000"), "min.insync.replicas", List.of("1"),
        "unclean.leader.election.enable", List.of("true"), "log.segment.bytes", List.of("1048576"));

    private final Shape shape;
    private final Random random;
    private final Admin admin;
    private final Consumer<String> note;
    private int done;
    private int refused;

    RandomChanges(Shape shape, Admin admin, String phase, Consumer<String> note) {
        this.shape = shape;
        this.random = new Random(shape.seed * 31 + phase.hashCode());
        this.admin = admin;
        this.note = note;
    }

    private interface Change {
        KafkaFuture<?> ask() throws Exception;
    }

    private void make(String what, Change change) {
        try {
            KafkaFuture<?> answer = change.ask();
            if (answer != null) answer.get(40, TimeUnit.SECONDS);
            ++done;
        } catch (ExecutionException e) {
            ++refused;
            note.accept("  refused: " + what + ": " + e.getCause());
        } catch (Exception e) {
            ++refused;
            note.accept("  refused: " + what + ": " + e);
        }
    }

    private List<String> orOdd(List<String> usual, List<String> odd) {
        return shape.odd && random.nextBoolean() ? odd : usual;
    }

    private String name() {
        return one(orOdd(NAMES, ODD_NAMES));
    }

    private <T> T one(Collection<T> of) {
        return List.copyOf(of).get(random.nextInt(of.size()));
    }

    private List<String> topics() throws Exception {
        return List.copyOf(new TreeSet<>(admin.listTopics().names().get(40, TimeUnit.SECONDS)));
    }

    void make(int count) {
        for (int i = 0; i < count; ++i) {
            try {
                makeOne();
            } catch (Exception e) {
                ++refused;
                note.accept("  refused: " + e);
            }
        }
        note.accept(done + " changes made, " + refused + " refused");
    }

    private void makeOne() throws Exception {
        switch (random.nextInt(shape.authorizer ? 17 : 14)) {
            case 0, 1, 2 -> createTopic();
            case 3 -> createPartitions();
            case 4 -> deleteTopic();
            case 5 -> topicConfig();
            case 6 -> brokerConfig();
            case 7, 8 -> quota();
            case 9 -> scram();
            case 10 -> producerId();
            case 11 -> reassign();
            case 12 -> token();
            case 13 -> brokerPassword();
            default -> acl();
        }
    }

    /** One of each kind, so that no seed is poor. */
    void makeEveryKind() throws Exception {
        for (int i = 0; i < 3; ++i) createTopic();
        topicConfig();
        brokerConfig();
        for (int i = 0; i < 6; ++i) quota();
        for (int i = 0; i < 2; ++i) scram();
        producerId();
        token();
        brokerPassword();
        for (int i = 0; shape.authorizer && i < 5; ++i) acl();
    }

    private void createTopic() {
        String name = random.nextBoolean() ? one(orOdd(TOPICS, ODD_TOPICS)) : "topic-" + random.nextInt(1000);
        int replication = 1 + random.nextInt(shape.brokers.size());
        NewTopic topic;
        if (random.nextInt(4) == 0) {
            List<Integer> replicas = new ArrayList<>(shape.brokers);
            java.util.Collections.shuffle(replicas, random);
            List<Integer> others = new ArrayList<>(replicas);
            java.util.Collections.rotate(others, random.nextInt(others.size()));
            topic = new NewTopic(name, Map.of(0, replicas.subList(0, replication), 1, others.subList(0, replication)));
        } else {
            topic = new NewTopic(name, 1 + random.nextInt(7), (short) replication);
        }
        if (random.nextInt(3) == 0) {
            String key = one(new TreeSet<>(TOPIC_CONFIGS.keySet()));
            topic.configs(Map.of(key, one(TOPIC_CONFIGS.get(key))));
        }
        make("create topic " + name, () -> admin.createTopics(List.of(topic)).all());
    }

    private void createPartitions() throws Exception {
        String name = one(topics());
        if (name.startsWith("__c") || name.startsWith("__tr")) return;
        int now = admin.describeTopics(List.of(name)).allTopicNames().get().get(name).partitions().size();
        make("partitions of " + name, () -> admin.createPartitions(Map.of(name, NewPartitions.increaseTo(now + 1 + random.nextInt(3)))).all());
    }

    private void deleteTopic() throws Exception {
        String name = one(topics());
        if (name.equals("__consumer_offsets")) return;
        make("delete topic " + name, () -> admin.deleteTopics(List.of(name)).all());
        if (random.nextBoolean()) {
            Thread.sleep(1500);
            make("create again " + name, () -> admin.createTopics(List.of(new NewTopic(name, 2, (short) 1))).all());
        }
    }

    private void configure(ConfigResource resource, String key, String value) {
        AlterConfigOp.OpType how = value == null ? AlterConfigOp.OpType.DELETE : AlterConfigOp.OpType.SET;
        make(resource + " " + key + "=" + value,
            () -> admin.incrementalAlterConfigs(Map.of(resource, List.of(new AlterConfigOp(new ConfigEntry(key, value), how)))).all());
    }

    private void topicConfig() throws Exception {
        List<String> topics = topics();
        if (topics.isEmpty()) return;
        String key = one(new TreeSet<>(TOPIC_CONFIGS.keySet()));
        configure(new ConfigResource(ConfigResource.Type.TOPIC, one(topics)), key,
            random.nextInt(4) == 0 ? null : one(TOPIC_CONFIGS.get(key)));
    }

    private void brokerConfig() {
        String whose = random.nextBoolean() ? "" : String.valueOf(one(shape.brokers));
        String key = one(new TreeSet<>(BROKER_CONFIGS.keySet()));
        configure(new ConfigResource(ConfigResource.Type.BROKER, whose), key,
            random.nextInt(4) == 0 ? null : one(BROKER_CONFIGS.get(key)));
    }

    /** A password among dynamic configs stands encrypted in ZooKeeper; without an encoder's secret a broker refuses it. */
    private void brokerPassword() {
        if (shape.secret == null) return;
        configure(new ConfigResource(ConfigResource.Type.BROKER, String.valueOf(one(shape.brokers))),
            "listener.name.outside.ssl." + (random.nextBoolean() ? "truststore" : "keystore") + ".password",
            random.nextInt(4) == 0 ? null : "secret-" + random.nextInt(1000));
    }

    private void quota() {
        Map<String, String> entity = switch (random.nextInt(9)) {
            case 0 -> entity("user", null);
            case 1 -> entity("client-id", null);
            case 2 -> entity("ip", null);
            case 3 -> entity("ip", one(ADDRESSES));
            case 4 -> entity("client-id", name());
            case 5 -> entity("user", name(), "client-id", name());
            case 6 -> entity("user", null, "client-id", random.nextBoolean() ? null : name());
            case 7 -> entity("user", name(), "client-id", null);
            default -> entity("user", name());
        };
        String key = entity.containsKey("ip") ? "connection_creation_rate"
            : one(List.of("producer_byte_rate", "consumer_byte_rate", "request_percentage", "controller_mutation_rate"));
        Double value = random.nextInt(4) == 0 ? null
            : entity.containsKey("ip") ? Double.valueOf(1 + random.nextInt(500))
            : one(key.endsWith("byte_rate") ? List.of(1024.0, 1.0E9, 9.007199254740993E15) : List.of(0.5, 12345.678, 200.0, 1.0E-7));
        // One that holds for everybody holds for this judge as well, and the servers: it must leave them room to move.
        if (value != null && entity.containsValue(null)) value += 1000;
        Double rate = value;
        make("quota " + entity + " " + key + "=" + rate, () -> admin.alterClientQuotas(
            List.of(new ClientQuotaAlteration(new ClientQuotaEntity(entity), List.of(new ClientQuotaAlteration.Op(key, rate))))).all());
    }

    private static Map<String, String> entity(String... words) {
        Map<String, String> all = new java.util.HashMap<>();
        for (int i = 0; i < words.length; i += 2) all.put(words[i], words[i + 1]);
        return all;
    }

    private void scram() {
        if (shape.metadataVersion.compareTo("3.5") < 0) return;
        ScramMechanism mechanism = random.nextBoolean() ? ScramMechanism.SCRAM_SHA_256 : ScramMechanism.SCRAM_SHA_512;
        String user = name();
        UserScramCredentialAlteration change = random.nextInt(4) == 0 ? new UserScramCredentialDeletion(user, mechanism)
            : new UserScramCredentialUpsertion(user, new ScramCredentialInfo(mechanism, 4096 + random.nextInt(100)), "password");
        make("SCRAM of " + user, () -> admin.alterUserScramCredentials(List.of(change)).all());
    }

    /** An idempotent producer takes an id of a block. */
    private void producerId() {
        Properties properties = clients(shape);
        properties.put("key.serializer", StringSerializer.class.getName());
        properties.put("value.serializer", StringSerializer.class.getName());
        properties.put("max.block.ms", "20000");
        properties.put("delivery.timeout.ms", "30000");
        properties.put("request.timeout.ms", "20000");
        make("a record", () -> {
            try (KafkaProducer<String, String> producer = new KafkaProducer<>(properties)) {
                producer.send(new ProducerRecord<>("orders", "key", "value")).get(30, TimeUnit.SECONDS);
            }
            return null;
        });
    }

    private void reassign() throws Exception {
        String name = one(topics());
        int partition = random.nextInt(admin.describeTopics(List.of(name)).allTopicNames().get().get(name).partitions().size());
        List<Integer> target = new ArrayList<>(shape.brokers);
        java.util.Collections.shuffle(target, random);
        List<Integer> replicas = target.subList(0, 1 + random.nextInt(target.size()));
        make("reassign " + name + "-" + partition + " to " + replicas, () -> admin.alterPartitionReassignments(
            Map.of(new TopicPartition(name, partition), Optional.of(new NewPartitionReassignment(replicas)))).all());
    }

    /** Tokens are given to who has said who it is: by the listener with SASL/PLAIN. */
    private void token() {
        if (shape.tokenSecret == null) return;
        Properties properties = clients(shape);
        properties.put("bootstrap.servers", "127.0.0.1:" + shape.ports.get("broker-" + one(shape.brokers) + "-sasl"));
        properties.put("security.protocol", "SASL_PLAINTEXT");
        properties.put("sasl.mechanism", "PLAIN");
        properties.put("sasl.jaas.config",
            "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"tokens\" password=\"t\";");
        make("a token", () -> {
            try (Admin one = Admin.create(properties)) {
                var options = new CreateDelegationTokenOptions();
                if (random.nextBoolean()) options.maxlifeTimeMs(86_400_000L + random.nextInt(1000));
                if (random.nextBoolean())
                    options.renewers(List.of(new org.apache.kafka.common.security.auth.KafkaPrincipal("User", "alice")));
                var token = one.createDelegationToken(options).delegationToken().get(40, TimeUnit.SECONDS);
                if (random.nextInt(3) == 0) one.expireDelegationToken(token.hmac()).expiryTimestamp().get(40, TimeUnit.SECONDS);
            }
            return null;
        });
    }

    private void acl() {
        ResourceType type = one(List.of(ResourceType.TOPIC, ResourceType.GROUP, ResourceType.CLUSTER, ResourceType.TRANSACTIONAL_ID,
            ResourceType.DELEGATION_TOKEN, ResourceType.USER));
        PatternType pattern = random.nextInt(3) == 0 && type != ResourceType.CLUSTER ? PatternType.PREFIXED : PatternType.LITERAL;
        String name = type == ResourceType.CLUSTER ? "kafka-cluster"
            : type == ResourceType.USER ? "User:" + one(List.of("alice", "bob"))
            : one(orOdd(List.of("*", "orders", "a", "A.b", "pre-", "with space", "UPPER", "r\u00fcdiger"), ODD_RESOURCES));
        if (pattern == PatternType.PREFIXED && name.equals("*")) name = "app";
        AclOperation operation = one(List.of(AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBE, AclOperation.ALL,
            AclOperation.ALTER, AclOperation.CREATE_TOKENS));
        AclBinding binding = new AclBinding(new ResourcePattern(type, name, pattern), new AccessControlEntry("User:" + name(),
            random.nextInt(3) == 0 ? "10.0.0.1" : "*", operation, random.nextInt(4) == 0 ? AclPermissionType.DENY : AclPermissionType.ALLOW));
        if (random.nextInt(5) == 0) {
            make("no more " + binding.pattern(), () -> admin.deleteAcls(List.of(new org.apache.kafka.common.acl.AclBindingFilter(
                binding.pattern().toFilter(), org.apache.kafka.common.acl.AccessControlEntryFilter.ANY))).all());
        } else {
            make("ACL " + binding, () -> admin.createAcls(List.of(binding)).all());
        }
    }

    static Properties clients(Shape shape) {
        List<String> all = new ArrayList<>();
        for (int id : shape.brokers) all.add("127.0.0.1:" + shape.ports.get("broker-" + id));
        Properties properties = new Properties();
        properties.put("bootstrap.servers", String.join(",", all));
        properties.put("request.timeout.ms", "20000");
        properties.put("default.api.timeout.ms", "40000");
        return properties;
    }
}
