import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** What the copy does not look at: notifications, requests of old tools, offsets of old consumers, features. */
final class LeftoverZnodes {
  private final Random random;
  private final Styles styles;
  private final RandomTree tree;

  LeftoverZnodes(Random random, Styles styles, RandomTree tree) {
    this.random = random;
    this.styles = styles;
    this.tree = tree;
  }

  private void json(String path, Map<String, ?> document) {
    if (styles.oneIn(3)) return;
    tree.put("leftovers", path, styles.oneIn(10) ? "{".getBytes(StandardCharsets.UTF_8) : styles.json(document));
  }

  void make() {
    String topic = tree.topics.isEmpty() ? "t" : styles.oneOf(tree.topics);
    int broker = styles.oneOf(tree.brokers);
    Map<String, ?> partition = Map.of("topic", topic, "partition", 0);
    json("/isr_change_notification/isr_change_0000000000", Map.of("version", 1, "partitions", List.of(partition)));
    json("/log_dir_event_notification/log_dir_event_0000000000", Map.of("version", 1, "broker", broker, "event", 1));
    json("/admin/preferred_replica_election", Map.of("version", 1, "partitions", List.of(partition)));
    json("/admin/reassign_partitions", Map.of("version", 1, "partitions",
        List.of(Map.of("topic", topic, "partition", 0, "replicas", List.of(broker)))));
    json("/config/changes/config_change_0000000000", Map.of("version", 2, "entity_path", "topics/" + topic));
    json("/config/changes/config_change_0000000001", Map.of("version", 1, "entity_type", "topics", "entity_name", topic));
    json("/kafka-acl-extended-changes/acl_changes_0000000001",
        Map.of("version", 1, "resourceType", "TOPIC", "name", "x", "patternType", "PREFIXED"));
    tree.put("leftovers", "/kafka-acl-changes/acl_changes_0000000000", "Topic:x".getBytes(StandardCharsets.UTF_8));
    tree.put("leftovers", "/delegation_token/token_changes/token_change_0000000000", "x".getBytes(StandardCharsets.UTF_8));
    tree.put("leftovers", "/consumers/old-group/offsets/" + topic + "/0", "42".getBytes(StandardCharsets.UTF_8));
    tree.put("leftovers", "/config/client-metrics/m", styles.json(Map.of("version", 1, "config", Map.of("interval.ms", "1"))));
    tree.put("leftovers", "/config/strange", new byte[] {(byte) 0xff});
    json("/feature", Map.of("features", Map.of("f", Map.of("max_version_level", 2)), "version", styles.oneOf(1, 2), "status", random.nextInt(2)));
  }
}
