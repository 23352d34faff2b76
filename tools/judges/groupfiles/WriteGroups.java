import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.ConsumerGroupListing;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Groups of every kind, written into a real broker by the real clients, and what the broker's admin client then says of
 * them, as JSON lines: "group" with state, type, assignor, members; "offset" with offset, leader epoch, metadata.
 *
 *   WriteGroups BOOTSTRAP PREFIX classic|consumer ORACLE [hold]
 *
 * With hold, members and transactions stay as they are when the oracle is written; the program says "holding" and waits
 * to be killed, after the broker.
 */
public final class WriteGroups {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration POLL = Duration.ofMillis(200);

  private final String bootstrap;
  private final String prefix;
  private final boolean newProtocol;
  private final Admin admin;
  private final List<KafkaConsumer<String, String>> held = new ArrayList<>();

  private WriteGroups(String bootstrap, String prefix, boolean newProtocol) {
    this.bootstrap = bootstrap;
    this.prefix = prefix;
    this.newProtocol = newProtocol;
    this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap, "request.timeout.ms", "60000"));
  }

  private String topic(String name) { return prefix + "-" + name; }

  private Properties consumerProperties(String group) {
    Properties with = new Properties();
    with.put("bootstrap.servers", bootstrap);
    with.put("group.id", group);
    with.put("client.id", "client of " + group);
    with.put("auto.offset.reset", "earliest");
    with.put("enable.auto.commit", "false");
    with.put("key.deserializer", StringDeserializer.class.getName());
    with.put("value.deserializer", StringDeserializer.class.getName());
    if (newProtocol) {
      with.put("group.protocol", "consumer");
    } else {
      with.put("session.timeout.ms", "1000000");
    }
    return with;
  }

  private KafkaConsumer<String, String> consumer(String group) { return new KafkaConsumer<>(consumerProperties(group)); }

  private static Map<TopicPartition, OffsetAndMetadata> at(String topic, int partition, long offset, String metadata) {
    return Map.of(new TopicPartition(topic, partition), new OffsetAndMetadata(offset, java.util.Optional.of(0), metadata));
  }

  private static void awaitAssignment(Collection<KafkaConsumer<String, String>> consumers) {
    for (int round = 0; round < 600; round++) {
      boolean all = true;
      for (KafkaConsumer<String, String> consumer : consumers) {
        consumer.poll(POLL);
        all = all && !consumer.assignment().isEmpty();
      }
      if (all) return;
    }
    throw new IllegalStateException("no assignment within two minutes");
  }

  private void topics() throws Exception {
    admin.createTopics(List.of(new NewTopic(topic("a"), 3, (short) 1), new NewTopic(topic("b"), 2, (short) 1),
        new NewTopic(topic("gone"), 1, (short) 1))).all().get();
    Properties with = new Properties();
    with.put("bootstrap.servers", bootstrap);
    with.put("key.serializer", StringSerializer.class.getName());
    with.put("value.serializer", StringSerializer.class.getName());
    try (KafkaProducer<String, String> producer = new KafkaProducer<>(with)) {
      for (int i = 0; i < 30; i++) producer.send(new ProducerRecord<>(topic("a"), i % 3, "k", "v" + i));
      for (int i = 0; i < 20; i++) producer.send(new ProducerRecord<>(topic("b"), i % 2, "k", "v" + i));
      producer.flush();
    }
  }

  /** A group that subscribes, commits by hand, and is left empty. */
  private void manual() {
    try (KafkaConsumer<String, String> consumer = consumer(topic("manual"))) {
      consumer.subscribe(List.of(topic("a"), topic("b")));
      awaitAssignment(List.of(consumer));
      consumer.commitSync(at(topic("a"), 0, 4, "m\u00e9tadonn\u00e9es \"x\" \\ \u2603"));
      consumer.commitSync(at(topic("b"), 1, 7, ""));
    }
  }

  private void auto() {
    Properties with = consumerProperties(topic("auto"));
    with.put("enable.auto.commit", "true");
    with.put("auto.commit.interval.ms", "100");
    try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(with)) {
      consumer.subscribe(List.of(topic("a")));
      awaitAssignment(List.of(consumer));
      for (int i = 0; i < 8; i++) consumer.poll(POLL);
    }
  }

  /** A consumer that names its partitions itself: only offsets, no group metadata. */
  private void simple(String group, long... offsets) {
    try (KafkaConsumer<String, String> consumer = consumer(group)) {
      consumer.assign(List.of(new TopicPartition(topic("a"), 1)));
      for (long offset : offsets) consumer.commitSync(at(topic("a"), 1, offset, "of " + offset));
    }
  }

  private KafkaProducer<String, String> transactional(String id) {
    Properties with = new Properties();
    with.put("bootstrap.servers", bootstrap);
    with.put("transactional.id", id);
    with.put("transaction.timeout.ms", "900000");
    with.put("key.serializer", StringSerializer.class.getName());
    with.put("value.serializer", StringSerializer.class.getName());
    KafkaProducer<String, String> producer = new KafkaProducer<>(with);
    producer.initTransactions();
    return producer;
  }

  private void transactions() {
    ConsumerGroupMetadata group = new ConsumerGroupMetadata(topic("transactional"));
    try (KafkaProducer<String, String> producer = transactional(topic("committed"))) {
      producer.beginTransaction();
      producer.send(new ProducerRecord<>(topic("b"), 0, "k", "t"));
      producer.sendOffsetsToTransaction(at(topic("a"), 0, 5, "committed"), group);
      producer.commitTransaction();
    }
    try (KafkaProducer<String, String> producer = transactional(topic("aborted"))) {
      producer.beginTransaction();
      producer.sendOffsetsToTransaction(at(topic("a"), 1, 6, "aborted"), group);
      producer.sendOffsetsToTransaction(at(topic("a"), 0, 9, "aborted"), group);
      producer.abortTransaction();
    }
    // A plain commit behind a transactional one that is decided later: the plain one stays.
    KafkaProducer<String, String> overtaken = transactional(topic("overtaken"));
    overtaken.beginTransaction();
    overtaken.sendOffsetsToTransaction(at(topic("b"), 0, 3, "overtaken"), new ConsumerGroupMetadata(topic("overtaken")));
    try (KafkaConsumer<String, String> consumer = consumer(topic("overtaken"))) {
      consumer.assign(List.of(new TopicPartition(topic("b"), 0)));
      consumer.commitSync(at(topic("b"), 0, 2, "plain"));
    }
    overtaken.commitTransaction();
    overtaken.close();
    // Never closed: its transaction stays open.
    KafkaProducer<String, String> pending = transactional(topic("pending"));
    pending.beginTransaction();
    pending.sendOffsetsToTransaction(at(topic("a"), 2, 8, "pending"), group);
    pending.sendOffsetsToTransaction(at(topic("a"), 2, 8, "pending"), new ConsumerGroupMetadata(topic("only pending")));
  }

  private void deletions() throws Exception {
    simple(topic("deleted group"), 3);
    admin.deleteConsumerGroups(List.of(topic("deleted group"))).all().get();
    try (KafkaConsumer<String, String> consumer = consumer(topic("cut"))) {
      consumer.assign(List.of(new TopicPartition(topic("a"), 0)));
      consumer.commitSync(at(topic("a"), 0, 1, ""));
      consumer.commitSync(at(topic("a"), 2, 2, ""));
    }
    admin.deleteConsumerGroupOffsets(topic("cut"), Set.of(new TopicPartition(topic("a"), 0))).all().get();
    try (KafkaConsumer<String, String> consumer = consumer(topic("of a deleted topic"))) {
      consumer.assign(List.of(new TopicPartition(topic("gone"), 0)));
      consumer.commitSync(at(topic("gone"), 0, 0, "soon gone"));
      consumer.commitSync(at(topic("b"), 0, 1, "stays"));
    }
    admin.deleteTopics(List.of(topic("gone"))).all().get();
    for (int i = 0; i < 150; i++) {
      if (offsetsOf(topic("of a deleted topic")).size() == 1) return;
      Thread.sleep(200);
    }
    throw new IllegalStateException("the offsets of a deleted topic stay");
  }

  /** Static members: they do not leave when they are closed. */
  private void staticMembers() {
    List<KafkaConsumer<String, String>> members = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      Properties with = consumerProperties(topic("static"));
      with.put("group.instance.id", "instance-" + i);
      KafkaConsumer<String, String> consumer = new KafkaConsumer<>(with);
      consumer.subscribe(List.of(topic("a")));
      members.add(consumer);
    }
    awaitAssignment(members);
    members.get(0).commitSync(at(members.get(0).assignment().iterator().next().topic(), 0, 2, "by a static member"));
    members.forEach(KafkaConsumer::close);
  }

  /** So many commits that segments roll and the log cleaner has something to do. */
  private void many() {
    try (KafkaConsumer<String, String> consumer = consumer(topic("many"))) {
      consumer.assign(List.of(new TopicPartition(topic("a"), 0)));
      for (int i = 0; i < 200; i++) {
        Map<TopicPartition, OffsetAndMetadata> all = new HashMap<>();
        for (int partition = 0; partition < 3; partition++) all.putAll(at(topic("a"), partition, i, "number " + i));
        consumer.commitSync(all);
      }
    }
  }

  private void live() {
    List<KafkaConsumer<String, String>> members = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      KafkaConsumer<String, String> consumer = consumer(topic("live"));
      consumer.subscribe(List.of(topic("a"), topic("b")));
      members.add(consumer);
    }
    awaitAssignment(members);
    for (int i = 0; i < 30; i++) members.forEach(consumer -> consumer.poll(POLL));
    members.get(0).commitSync();
    held.addAll(members);
  }

  private Map<TopicPartition, OffsetAndMetadata> offsetsOf(String group) throws Exception {
    Map<TopicPartition, OffsetAndMetadata> offsets =
        admin.listConsumerGroupOffsets(Map.of(group, new ListConsumerGroupOffsetsSpec())).partitionsToOffsetAndMetadata(group).get();
    offsets.values().removeIf(java.util.Objects::isNull);
    return offsets;
  }

  private static ArrayNode partitions(MemberDescription member) {
    ArrayNode partitions = JSON.createArrayNode();
    member.assignment().topicPartitions().stream().map(TopicPartition::toString).sorted().forEach(partitions::add);
    return partitions;
  }

  private void oracle(String file) throws Exception {
    TreeMap<String, ConsumerGroupListing> listed = new TreeMap<>();
    for (ConsumerGroupListing each : admin.listConsumerGroups().all().get()) listed.put(each.groupId(), each);
    try (PrintWriter out = new PrintWriter(file, StandardCharsets.UTF_8)) {
      for (String group : listed.keySet()) {
        ConsumerGroupDescription told;
        try {
          told = admin.describeConsumerGroups(List.of(group)).describedGroups().get(group).get();
        } catch (ExecutionException e) {
          throw new IllegalStateException("cannot describe " + group, e);
        }
        ObjectNode line = JSON.createObjectNode().put("kind", "group").put("group", group)
            .put("state", told.state().toString()).put("protocol", told.partitionAssignor());
        // Kafka calls a group that only commits offsets a classic one.
        line.put("type", told.type().toString());
        out.println(JSON.writeValueAsString(line));
        for (MemberDescription member : told.members().stream()
            .sorted(java.util.Comparator.comparing(MemberDescription::consumerId)).collect(Collectors.toList())) {
          ObjectNode each = JSON.createObjectNode().put("kind", "member").put("group", group)
              .put("memberId", member.consumerId()).put("groupInstanceId", member.groupInstanceId().orElse(null))
              .put("clientId", member.clientId()).put("clientHost", member.host());
          each.set("assignment", partitions(member));
          out.println(JSON.writeValueAsString(each));
        }
        TreeMap<String, ObjectNode> offsets = new TreeMap<>();
        for (Map.Entry<TopicPartition, OffsetAndMetadata> each : offsetsOf(group).entrySet()) {
          offsets.put(each.getKey().toString(), JSON.createObjectNode().put("kind", "offset").put("group", group)
              .put("topic", each.getKey().topic()).put("partition", each.getKey().partition())
              .put("offset", each.getValue().offset()).put("leaderEpoch", each.getValue().leaderEpoch().orElse(-1))
              .put("metadata", each.getValue().metadata()));
        }
        for (ObjectNode each : offsets.values()) out.println(JSON.writeValueAsString(each));
      }
    }
  }

  public static void main(String[] words) throws Exception {
    WriteGroups writer = new WriteGroups(words[0], words[1], words[2].equals("consumer"));
    boolean hold = words.length > 4 && words[4].equals("hold");
    writer.topics();
    writer.manual();
    writer.auto();
    writer.simple(writer.topic("simple"), 1, 2, 9);
    writer.simple(writer.topic("back"), 9, 3);
    writer.simple(words[1] + " \u00fc\u00f1\u00ef \"quoted\" \\ / {} %2F .. \u2603 \ud83d\ude00", 6);
    writer.simple(words[1] + "x".repeat(200), 2);
    writer.transactions();
    writer.deletions();
    if (!writer.newProtocol) writer.staticMembers();
    writer.many();
    if (hold) writer.live();
    writer.oracle(words[3]);
    System.out.println(hold ? "holding" : "written");
    System.out.flush();
    if (!hold) Runtime.getRuntime().halt(0);
    // Members go on sending heartbeats until they are killed.
    for (;;) writer.held.forEach(consumer -> consumer.poll(POLL));
  }
}
