import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import kafka.api.LeaderAndIsr;
import kafka.controller.LeaderIsrAndControllerEpoch;
import kafka.controller.ReplicaAssignment;
import kafka.zk.ConfigEntityZNode;
import kafka.zk.TopicPartitionStateZNode;
import kafka.zk.TopicZNode;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.common.utils.Sanitizer;
import org.apache.kafka.metadata.LeaderRecoveryState;
import org.apache.kafka.security.PasswordEncoder;
import org.apache.zookeeper.common.PathUtils;
import scala.jdk.javaapi.CollectionConverters;

/**
 * The znodes of one Kafka cluster, made at random from a seed: what its brokers, its operators and ten years of
 * upgrades may have left. Each kind draws from a source of its own, so that leaving one kind out changes no other.
 */
final class RandomTree {
  static final List<String> KINDS = List.of("brokers", "topics", "many-partitions", "many-topics", "thousands", "reassignments", "no-topic-ids",
      "missing-states", "topic-configs", "broker-configs", "passwords", "quotas", "raw-names", "odd-numbers", "scram", "odd-scram",
      "producer-ids", "acls", "odd-acls", "tokens", "deletions", "leftovers", "foreign-writers", "damage");
  // Of so many seeds one has the kind; what is not named here half of all have.
  private static final Map<String, Integer> RARE = Map.of("many-partitions", 12, "many-topics", 25, "no-topic-ids", 25,
      "missing-states", 4, "odd-numbers", 4, "odd-scram", 10, "raw-names", 5, "damage", 2);

  // What takes a judge long: only where it is asked for by name.
  private static final Set<String> BY_NAME = Set.of("thousands");

  static final String SECRET = "password-encoder-secret";

  final Map<String, byte[]> znodes = new LinkedHashMap<>();
  final Map<String, Integer> rewrites = new HashMap<>();
  final Set<String> ephemeral = new HashSet<>();
  final Map<String, Integer> counts = new TreeMap<>();
  final List<Integer> brokers = new ArrayList<>();
  final List<String> topics = new ArrayList<>();
  private final Set<String> names = new HashSet<>();
  final List<String> damaged = new ArrayList<>();
  boolean encoder; // the controller has a secret

  private final long seed;
  private final Set<String> kinds = new TreeSet<>();
  private final PasswordEncoder passwords;
  // Of the kind that is being made.
  private Random random;
  private Styles styles;

  RandomTree(long seed, Set<String> allowed) {
    this.seed = seed;
    boolean named = allowed.size() < KINDS.size();
    for (String kind : KINDS) {
      Random choice = new Random(seed * 7919 + kind.hashCode());
      choice.nextInt();
      if (!allowed.contains(kind)) continue;
      int rarity = RARE.getOrDefault(kind, kind.equals("topics") ? 1 : 2);
      if (BY_NAME.contains(kind) ? named : choice.nextInt(rarity) == 0) kinds.add(kind);
    }
    enter("passwords");
    encoder = has("passwords") || random.nextBoolean();
    passwords = PasswordEncoder.encrypting(new Password(SECRET), styles.oneIn(3) ? "PBKDF2WithHmacSHA1" : null,
        styles.oneIn(3) ? "AES/GCM/NoPadding" : "AES/CBC/PKCS5Padding", 128, 64);
    make();
  }

  PasswordEncoder encoderOfTheController() {
    return encoder ? passwords : PasswordEncoder.NOOP;
  }

  Set<String> kinds() {
    return kinds;
  }

  private boolean has(String kind) {
    return kinds.contains(kind);
  }

  private void enter(String kind) {
    random = new Random(seed * 1000003 + kind.hashCode());
    styles = new Styles(random);
  }

  private void make() {
    enter("brokers");
    makeBrokers();
    enter("topics");
    if (has("topics")) makeTopics(styles.between(0, 14), 6);
    enter("many-partitions");
    if (has("many-partitions")) makeTopics(1, styles.between(500, 4000));
    enter("many-topics");
    if (has("many-topics")) makeTopics(styles.between(300, 1500), 2);
    enter("thousands");
    if (has("thousands")) makeTopics(5000, 7);
    enter("deletions");
    if (has("deletions")) makeDeletions();
    enter("broker-configs");
    if (has("broker-configs")) makeBrokerConfigs();
    enter("quotas");
    if (has("quotas") || has("scram")) makeQuotas();
    enter("producer-ids");
    if (has("producer-ids")) makeProducerIds();
    enter("acls");
    SecurityZnodes security = new SecurityZnodes(random, styles, this);
    if (has("acls")) security.acls(has("odd-acls"));
    enter("tokens");
    security = new SecurityZnodes(random, styles, this);
    if (has("tokens")) security.tokens();
    enter("leftovers");
    if (has("leftovers")) new LeftoverZnodes(random, styles, this).make();
    enter("damage");
    if (has("damage")) new Damage(random, this).make();
  }

  /** Adds a znode if ZooKeeper can have such a path. */
  boolean put(String kind, String path, byte[] data) {
    try {
      PathUtils.validatePath(path);
    } catch (IllegalArgumentException illegal) {
      return false;
    }
    znodes.put(path, data);
    counts.merge(kind, 1, Integer::sum);
    return true;
  }

  private byte[] config(Map<String, String> entries) {
    if (has("foreign-writers")) {
      if (styles.oneIn(12)) return null;
      if (styles.oneIn(12)) return styles.json(Map.of("version", 1));
      return styles.json(Map.of("version", styles.oneOf(1, 2, "1"), "config", entries));
    }
    Properties properties = new Properties();
    properties.putAll(entries);
    return ConfigEntityZNode.encode(properties);
  }

  // ── Brokers ───────────────────────────────────────────────────────────────────────────────────

  private void makeBrokers() {
    int count = styles.between(1, 5);
    Set<Integer> ids = new TreeSet<>();
    int first = styles.oneOf(0, 1, 1, 100, 1001, 2147483640);
    while (ids.size() < count) ids.add(first + random.nextInt(7));
    brokers.addAll(ids);
    for (int id : brokers) {
      Map<String, Object> znode = new LinkedHashMap<>();
      int version = has("brokers") ? styles.between(1, 5) : 5;
      znode.put("version", version);
      znode.put("host", "broker-" + id + ".example");
      znode.put("port", 9092);
      znode.put("jmx_port", styles.oneOf(-1, 9999));
      znode.put("timestamp", "1731984000000");
      List<String> endpoints = new ArrayList<>(List.of("PLAINTEXT://broker-" + id + ".example:9092"));
      Map<String, String> protocols = new TreeMap<>(Map.of("PLAINTEXT", "PLAINTEXT"));
      if (has("brokers") && version >= 4 && styles.oneIn(2)) {
        endpoints.add("INTERNAL-X://[fe80::1%eth0]:19093");
        protocols.put("INTERNAL-X", styles.oneOf("SASL_SSL", "SSL", "SASL_PLAINTEXT", "PLAINTEXT"));
        endpoints.add("EXTERNAL://:0");
        protocols.put("EXTERNAL", "SSL");
      }
      if (version >= 2) znode.put("endpoints", endpoints);
      if (version >= 3 && styles.oneIn(2)) znode.put("rack", styles.oneOf("r1", "", "eu-west-1a", "\u00e4", null));
      if (version >= 4) znode.put("listener_security_protocol_map", protocols);
      if (version >= 5) znode.put("features", styles.oneIn(3) ? Map.of("f", Map.of("min_version", 1, "max_version", 7)) : Map.of());
      put("brokers", "/brokers/ids/" + id, styles.json(znode));
      ephemeral.add("/brokers/ids/" + id);
    }
  }

  // ── Topics ────────────────────────────────────────────────────────────────────────────────────

  private List<Integer> replicas() {
    List<Integer> shuffled = new ArrayList<>(brokers);
    Collections.shuffle(shuffled, random);
    return new ArrayList<>(shuffled.subList(0, styles.between(1, Math.min(3, shuffled.size()))));
  }

  private void makeTopics(int count, int most) {
    for (int i = 0; i < count; ++i) {
      String name = styles.topic(topics.size());
      if (!names.add(name)) continue;
      topics.add(name);
      int partitions = most > 100 ? most : styles.oneIn(10) ? 40 : styles.between(1, most);
      makeTopic(name, partitions);
    }
  }

  private void makeTopic(String name, int partitions) {
    Uuid id = has("no-topic-ids") && styles.oneIn(3) ? null : topics.size() == 7 ? Uuid.ZERO_UUID : new Uuid(random.nextLong(), random.nextLong());
    Map<String, List<Integer>> all = new LinkedHashMap<>();
    Map<String, List<Integer>> adding = new LinkedHashMap<>();
    Map<String, List<Integer>> removing = new LinkedHashMap<>();
    Map<TopicPartition, ReplicaAssignment> assignment = new HashMap<>();
    // Partitions are numbered from 0 unless a tool was clumsy.
    int first = has("foreign-writers") && styles.oneIn(15) ? 3 : 0;
    for (int p = first; p < first + partitions; ++p) {
      List<Integer> replicas = replicas();
      List<Integer> in = new ArrayList<>();
      List<Integer> out = new ArrayList<>();
      if (has("reassignments") && styles.oneIn(4)) {
        for (int broker : replicas) {
          if (styles.oneIn(3)) in.add(broker);
          else if (styles.oneIn(3)) out.add(broker);
        }
        counts.merge("reassignments", 1, Integer::sum);
      }
      all.put(String.valueOf(p), replicas);
      if (!in.isEmpty()) adding.put(String.valueOf(p), in);
      if (!out.isEmpty()) removing.put(String.valueOf(p), out);
      assignment.put(new TopicPartition(name, p), ReplicaAssignment.apply(scala(replicas), scala(in), scala(out)));
      makeState(name, p, replicas);
    }
    byte[] data;
    if (has("foreign-writers")) {
      Map<String, Object> znode = new LinkedHashMap<>();
      znode.put("version", styles.between(1, 3));
      znode.put("partitions", all);
      if (id != null) znode.put("topic_id", styles.oneIn(8) ? id + "==" : id.toString());
      if (!adding.isEmpty() || styles.oneIn(2)) znode.put("adding_replicas", adding);
      if (!removing.isEmpty() || styles.oneIn(2)) znode.put("removing_replicas", removing);
      data = styles.json(znode);
    } else {
      data = TopicZNode.encode(scala.Option.apply(id), CollectionConverters.asScala(assignment));
    }
    put(id == null ? "no-topic-ids" : "topics", "/brokers/topics/" + name, data);
    rewrites.put("/brokers/topics/" + name, random.nextInt(3));
    if (has("topic-configs") && !styles.oneIn(4)) makeTopicConfig(name);
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static scala.collection.immutable.Seq<Object> scala(List<Integer> ids) {
    return CollectionConverters.asScala((List<Object>) (List) ids).toList();
  }

  private void makeState(String topic, int partition, List<Integer> replicas) {
    if (has("missing-states") && styles.oneIn(6)) {
      counts.merge("missing-states", 1, Integer::sum);
      return;
    }
    List<Integer> isr = new ArrayList<>(replicas);
    while (isr.size() > 1 && styles.oneIn(4)) isr.remove(random.nextInt(isr.size()));
    Collections.shuffle(isr, random);
    int leader = styles.oneIn(10) ? -1 : isr.get(0);
    boolean recovering = styles.oneIn(12);
    int leaderEpoch = random.nextInt(styles.oneOf(1, 50, 1_000_000));
    byte[] data;
    if (has("foreign-writers")) {
      Map<String, Object> state = new LinkedHashMap<>(Map.of("controller_epoch", 7, "leader", leader, "version", 1,
          "leader_epoch", leaderEpoch, "isr", styles.oneIn(15) ? List.of() : isr));
      if (recovering || styles.oneIn(10)) state.put("leader_recovery_state", recovering ? 1 : 0);
      data = styles.json(state);
    } else {
      data = TopicPartitionStateZNode.encode(LeaderIsrAndControllerEpoch.apply(
          LeaderAndIsr.apply(leader, leaderEpoch, scala(isr).toList(),
              recovering ? LeaderRecoveryState.RECOVERING : LeaderRecoveryState.RECOVERED, 0), 7));
    }
    String path = TopicPartitionStateZNode.path(new TopicPartition(topic, partition));
    if (put("partitions", path, data)) rewrites.put(path, styles.oneIn(20) ? 30 : random.nextInt(4));
  }

  private void makeTopicConfig(String topic) {
    Map<String, String> config = new LinkedHashMap<>();
    for (int n = random.nextInt(7); n > 0; --n) {
      config.put(styles.oneOf("cleanup.policy", "retention.ms", "segment.bytes", "min.insync.replicas", "compression.type", "message.format.version",
          "leader.replication.throttled.replicas", "follower.replication.throttled.replicas", "x.y", "", "\u00e4"), styles.value());
    }
    put("topic-configs", "/config/topics/" + topic, config(config));
  }

  private void makeDeletions() {
    for (int n = styles.between(1, 3); n > 0; --n) {
      String topic = topics.isEmpty() || styles.oneIn(3) ? "never-there-" + n : styles.oneOf(topics);
      put("deletions", "/admin/delete_topics/" + topic, null);
    }
  }

  // ── Configs of brokers ────────────────────────────────────────────────────────────────────────

  private void makeBrokerConfigs() {
    List<String> entities = new ArrayList<>(List.of("<default>"));
    for (int id : brokers) entities.add(String.valueOf(id));
    if (styles.oneIn(2)) entities.add("77"); // long gone
    for (String entity : entities) {
      if (styles.oneIn(4)) continue;
      Map<String, String> config = new LinkedHashMap<>();
      for (int n = random.nextInt(4); n > 0; --n) {
        config.put(styles.oneOf("log.retention.ms", "num.io.threads", "leader.replication.throttled.rate", "listener.name.x.ssl.keystore.location", "x"), styles.value());
      }
      if (has("passwords")) {
        for (int n = random.nextInt(3); n > 0; --n) config.put(passwordConfig(), encoded());
      }
      put("broker-configs", "/config/brokers/" + entity, config(config));
    }
  }

  private String passwordConfig() {
    return styles.oneOf("ssl.keystore.password", "ssl.key.password", "ssl.truststore.password", "sasl.jaas.config", "ssl.keystore.key",
        "listener.name.internal.ssl.keystore.password", "listener.name.x.scram-sha-256.sasl.jaas.config", "my.own.ssl.key.password");
  }

  private String encoded() {
    try {
      counts.merge("passwords", 1, Integer::sum);
      return passwords.encode(new Password(styles.oneOf("secret", "", "p\u00e4ss", "\ud83d\ude00", "x".repeat(300), "a,b:c")));
    } catch (java.security.GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  // ── Quotas and credentials ────────────────────────────────────────────────────────────────────

  private void makeQuotas() {
    for (int n = random.nextInt(9); n > 0; --n) put("quotas", "/config/users/" + name(), config(quota(has("scram"))));
    for (int n = random.nextInt(6); n > 0; --n) put("quotas", "/config/clients/" + name(), config(quota(false)));
    for (int n = random.nextInt(9); n > 0; --n) {
      put("quotas", "/config/users/" + name() + "/clients/" + name(), config(quota(false)));
    }
    for (int n = random.nextInt(4); n > 0; --n) {
      String ip = styles.oneOf("<default>", "127.0.0.1", Sanitizer.sanitize("::1"), "10.1.2.3", "host.example", name());
      put("quotas", "/config/ips/" + ip, config(Map.of("connection_creation_rate", has("odd-numbers") ? styles.number(true) : "17")));
    }
  }

  private String name() {
    if (styles.oneIn(6)) return "<default>";
    if (has("raw-names") && styles.oneIn(4)) return styles.rawEntity();
    return Sanitizer.sanitize(styles.entity());
  }

  private Map<String, String> quota(boolean credentials) {
    Map<String, String> config = new LinkedHashMap<>();
    if (has("quotas")) {
      for (int n = random.nextInt(4); n > 0; --n) {
        String key = styles.oneOf("producer_byte_rate", "consumer_byte_rate", "request_percentage", "controller_mutation_rate");
        String value = key.endsWith("byte_rate") ? String.valueOf(styles.oneOf(1L, 1024L, 10485760L, Long.MAX_VALUE))
                                                 : styles.oneOf("100.0", "1.0E-5", "12.5", "7", "0.1", "200");
        if (has("odd-numbers") && styles.oneIn(4)) key = "odd";
        config.put(key, has("odd-numbers") ? styles.number(!styles.oneIn(12)) : value);
      }
    }
    if (credentials) {
      for (String mechanism : List.of("SCRAM-SHA-256", "SCRAM-SHA-512")) {
        if (styles.oneIn(2)) config.put(mechanism, credential());
      }
    }
    return config;
  }

  private String credential() {
    counts.merge("scram", 1, Integer::sum);
    List<String> parts = new ArrayList<>();
    for (String key : List.of("salt", "stored_key", "server_key")) {
      byte[] bytes = new byte[styles.between(0, 64)];
      random.nextBytes(bytes);
      String text = Base64.getEncoder().encodeToString(bytes);
      if (has("odd-scram") && styles.oneIn(4)) {
        text = styles.oneOf("", "=", "==", "a", "ab", "abc", "abcd=", "ab=", "a b=", "ab==c", "ab-_", "YWJjZA", "YWJjZB==", "\u00e4");
      }
      parts.add(key + "=" + text);
    }
    parts.add("iterations=" + (has("odd-scram") && styles.oneIn(4) ? styles.oneOf("", "-1", "+8", "0x10", "2147483648", " 1", "\u0661")
                                                                  : String.valueOf(styles.between(1, 20000))));
    Collections.shuffle(parts, random);
    if (has("odd-scram")) {
      if (styles.oneIn(8)) parts.remove(0);
      if (styles.oneIn(8)) parts.add(styles.oneOf("", "x", "=x", "x=y", "salt=eA==", ","));
    }
    return String.join(",", parts);
  }

  private void makeProducerIds() {
    long start = styles.oneOf(0L, 1000L, 123456000L, Long.MAX_VALUE - 999);
    long end = styles.oneIn(15) ? start - 1 : start + 999;
    byte[] data = styles.json(Map.of("version", 1, "broker", styles.oneOf(-1, 1, 1001), "block_start", String.valueOf(start),
        "block_end", String.valueOf(end)));
    if (styles.oneIn(4)) data = null;
    if (data != null && styles.oneIn(20)) data = "".getBytes(StandardCharsets.UTF_8);
    put("producer-ids", "/latest_producer_id_block", data);
  }
}
