import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Properties;
import java.util.Set;
import java.util.function.Consumer;
import kafka.common.OffsetAndMetadata;
import kafka.coordinator.group.DelayedHeartbeat;
import kafka.coordinator.group.DelayedRebalance;
import kafka.coordinator.group.GroupCoordinator;
import kafka.coordinator.group.GroupCoordinator$;
import kafka.coordinator.group.GroupMetadata;
import kafka.coordinator.group.GroupOverview;
import kafka.coordinator.group.GroupSummary;
import kafka.coordinator.group.JoinGroupResult;
import kafka.coordinator.group.LeaveGroupResult;
import kafka.coordinator.group.LeaveMemberResponse;
import kafka.coordinator.group.MemberSummary;
import kafka.coordinator.group.SyncGroupResult;
import kafka.server.DelayedOperationPurgatory;
import kafka.server.KafkaConfig;
import kafka.server.RequestLocal;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.JoinGroupResponseData.JoinGroupResponseMember;
import org.apache.kafka.common.message.LeaveGroupRequestData.MemberIdentity;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.Record;
import org.apache.kafka.common.requests.OffsetFetchResponse.PartitionData;
import scala.Function1;
import scala.Option;
import scala.Tuple2;
import scala.runtime.BoxedUnit;

/** One sequence: a coordinator of its own, and what it did at each step. */
final class Sequence {
  private static final HexFormat HEX = HexFormat.of();

  private final JsonNode sequence;
  private final Clock clock;
  private final Replicas replicas;
  private final GroupCoordinator coordinator;
  private final Function1<GroupMetadata, BoxedUnit> onLoaded;
  private final Function1<GroupMetadata, BoxedUnit> onUnloaded;
  private final RequestLocal local = RequestLocal.NoCaching();
  private final Set<Integer> answered = new HashSet<>();
  private ObjectNode seen;

  Sequence(JsonNode sequence) throws Exception {
    this.sequence = sequence;
    clock = new Clock(sequence.get("start").asLong());
    int partitions = sequence.get("partitions").asInt();
    replicas = Replicas.make(partitions);
    replicas.seen = (partition, records) -> written(partition, records);
    Properties properties = new Properties();
    properties.put("broker.id", "0");
    properties.put("zookeeper.connect", "localhost:2181");
    sequence.get("config").fields().forEachRemaining(each -> properties.put(each.getKey(), each.getValue().asText()));
    KafkaConfig config = KafkaConfig.fromProps(properties);
    DelayedOperationPurgatory<DelayedHeartbeat> heartbeats = new DelayedOperationPurgatory<>("Heartbeat", clock, 0, 1000, false, true);
    DelayedOperationPurgatory<DelayedRebalance> rebalances = new DelayedOperationPurgatory<>("Rebalance", clock, 0, 1000, false, true);
    coordinator = GroupCoordinator$.MODULE$.apply(config, replicas, heartbeats, rebalances, clock, new Metrics());
    coordinator.startup(() -> partitions, false);
    onLoaded = hidden("onGroupLoaded");
    onUnloaded = hidden("onGroupUnloaded");
  }

  private Function1<GroupMetadata, BoxedUnit> hidden(String name) throws NoSuchMethodException {
    Method method = GroupCoordinator.class.getDeclaredMethod(name, GroupMetadata.class);
    method.setAccessible(true);
    return group -> {
      try {
        method.invoke(coordinator, group);
      } catch (ReflectiveOperationException failed) {
        throw new IllegalStateException(failed.getCause());
      }
      return BoxedUnit.UNIT;
    };
  }

  ObjectNode run() {
    ObjectNode observed = GroupJudge.JSON.createObjectNode();
    observed.set("name", sequence.get("name"));
    ArrayNode steps = observed.putArray("steps");
    for (JsonNode step : sequence.get("steps")) {
      seen = steps.addObject();
      seen.putArray("answers");
      seen.putArray("appends");
      seen.putArray("thrown");
      perform(step);
      clock.advanceTo(clock.milliseconds(), this::thrown);
      seen.set("groups", GroupStates.of(coordinator));
    }
    coordinator.shutdown();
    return observed;
  }

  // ── Steps ──

  private void perform(JsonNode step) {
    if (step.has("append")) replicas.outcome = step.get("append").asText();
    int request = step.path("request").asInt(-1);
    try {
      switch (step.get("do").asText()) {
        case "advance" -> clock.advanceTo(clock.milliseconds() + step.get("ms").asLong(), this::thrown);
        case "written" -> replicas.decide(step.get("write").asInt(), Errors.valueOf(step.get("error").asText()));
        case "load" -> load(step);
        case "unload" -> coordinator.groupManager().removeGroupsAndOffsets(partition(step), OptionalInt.of(step.get("epoch").asInt()), onUnloaded);
        case "cleanup" -> coordinator.groupManager().cleanupGroupMetadata();
        case "partitionsDeleted" -> coordinator.handleDeletedPartitions(CollectionOf.partitions(step.get("partitions")), local);
        case "join" -> join(step, request);
        case "sync" -> sync(step, request);
        case "heartbeat" -> coordinator.handleHeartbeat(step.get("group").asText(), step.get("member").asText(), Scala.text(step.get("instance")),
            step.get("generation").asInt(), answering(error -> answer(request).put("error", error.code())));
        case "leave" -> leave(step, request);
        case "commit" -> commit(step, request);
        case "fetch" -> fetch(step, request);
        case "list" -> list(step, request);
        case "describe" -> describe(step, request);
        case "delete" -> delete(step, request);
        case "offsetDelete" -> offsetDelete(step, request);
        default -> throw new IllegalArgumentException(step.toString());
      }
    } catch (RuntimeException thrown) {
      thrown(thrown);
      // What KafkaApis answers for whoever throws at it.
      if (step.get("do").asText().equals("join")) answerJoin(request, JoinGroupResult.apply("", Errors.UNKNOWN_SERVER_ERROR));
    }
  }

  private void load(JsonNode step) {
    replicas.whileLoading = () -> {
      for (JsonNode during : step.path("during")) perform(during);
    };
    coordinator.groupManager().loadGroupsAndOffsets(partition(step), step.get("epoch").asInt(), onLoaded, clock.milliseconds());
    replicas.whileLoading = null;
  }

  private void join(JsonNode step, int request) {
    List<Tuple2<String, byte[]>> protocols = new ArrayList<>();
    for (JsonNode protocol : step.get("protocols")) protocols.add(new Tuple2<>(protocol.get(0).asText(), HEX.parseHex(protocol.get(1).asText())));
    Option<String> instance = Scala.text(step.get("instance"));
    int version = step.get("version").asInt();
    coordinator.handleJoinGroup(step.get("group").asText(), step.get("member").asText(), instance, version >= 4 && instance.isEmpty(), version >= 9,
        step.get("client").asText(), step.get("host").asText(), step.get("rebalance").asInt(), step.get("session").asInt(), step.get("type").asText(),
        Scala.list(protocols), answering(result -> answerJoin(request, result)), Option.empty(), local);
  }

  private void answerJoin(int request, JoinGroupResult result) {
    ObjectNode answer = answer(request);
    answer.put("error", result.error().code()).put("generation", result.generationId()).put("type", Scala.orNull(result.protocolType()))
        .put("protocol", Scala.orNull(result.protocolName())).put("leader", result.leaderId() == null ? "" : result.leaderId())
        .put("skip", result.skipAssignment()).put("member", result.memberId());
    ArrayNode members = answer.putArray("members");
    for (JoinGroupResponseMember member : Scala.each(result.members()))
      members.addArray().add(member.memberId()).add(member.groupInstanceId()).add(HEX.formatHex(member.metadata()));
  }

  private void sync(JsonNode step, int request) {
    Map<String, byte[]> assignments = new LinkedHashMap<>();
    for (JsonNode each : step.get("assignments")) assignments.put(each.get(0).asText(), HEX.parseHex(each.get(1).asText()));
    Function1<SyncGroupResult, BoxedUnit> callback = answering(result -> answer(request).put("error", result.error().code())
        .put("type", Scala.orNull(result.protocolType())).put("protocol", Scala.orNull(result.protocolName()))
        .put("assignment", HEX.formatHex(result.memberAssignment())));
    coordinator.handleSyncGroup(step.get("group").asText(), step.get("generation").asInt(), step.get("member").asText(), Scala.text(step.get("type")),
        Scala.text(step.get("protocol")), Scala.text(step.get("instance")), Scala.map(assignments), callback, local);
  }

  private void leave(JsonNode step, int request) {
    List<MemberIdentity> members = new ArrayList<>();
    for (JsonNode each : step.get("members"))
      members.add(new MemberIdentity().setMemberId(each.get(0).asText()).setGroupInstanceId(each.get(1).isNull() ? null : each.get(1).asText()));
    Function1<LeaveGroupResult, BoxedUnit> callback = answering(result -> {
      ArrayNode each = answer(request).put("error", result.topLevelError().code()).putArray("members");
      for (LeaveMemberResponse member : Scala.each(result.memberResponses()))
        each.addArray().add(member.memberId()).add(Scala.orNull(member.groupInstanceId())).add(member.error().code());
    });
    coordinator.handleLeaveGroup(step.get("group").asText(), Scala.list(members), callback);
  }

  private void commit(JsonNode step, int request) {
    Map<TopicIdPartition, OffsetAndMetadata> offsets = new LinkedHashMap<>();
    for (JsonNode each : step.get("offsets")) {
      int epoch = each.get(3).asInt();
      offsets.put(new TopicIdPartition(Uuid.ZERO_UUID, each.get(1).asInt(), each.get(0).asText()),
          OffsetAndMetadata.apply(each.get(2).asLong(), epoch < 0 ? Optional.empty() : Optional.of(epoch), each.get(4).asText(), clock.milliseconds(), Option.empty()));
    }
    Function1<scala.collection.immutable.Map<TopicIdPartition, Errors>, BoxedUnit> callback = answering(result -> {
      ObjectNode answer = answer(request);
      for (Tuple2<TopicIdPartition, Errors> each : Scala.each(result)) answer.put(each._1().topicPartition().toString(), each._2().code());
    });
    coordinator.handleCommitOffsets(step.get("group").asText(), step.get("member").asText(), Scala.text(step.get("instance")),
        step.get("generation").asInt(), Scala.map(offsets), callback, local);
  }

  private void fetch(JsonNode step, int request) {
    Option<scala.collection.Seq<TopicPartition>> asked =
        step.get("partitions").isNull() ? Option.empty() : Option.apply(CollectionOf.partitions(step.get("partitions")));
    Tuple2<Errors, scala.collection.Map<TopicPartition, PartitionData>> told =
        coordinator.handleFetchOffsets(step.get("group").asText(), step.get("stable").asBoolean(), asked);
    ObjectNode answer = answer(request);
    answer.put("error", told._1().code());
    for (Tuple2<TopicPartition, PartitionData> each : Scala.each(told._2())) {
      PartitionData data = each._2();
      answer.putArray(each._1().toString()).add(data.error.code()).add(data.offset).add(data.leaderEpoch.orElse(-1)).add(data.metadata);
    }
  }

  private void list(JsonNode step, int request) {
    List<String> states = new ArrayList<>();
    step.get("states").forEach(state -> states.add(state.asText()));
    Tuple2<Errors, scala.collection.immutable.List<GroupOverview>> told =
        coordinator.handleListGroups(Scala.list(states).toSet(), Scala.list(List.<String>of()).toSet());
    ObjectNode answer = answer(request);
    answer.put("error", told._1().code());
    for (GroupOverview each : Scala.each(told._2())) answer.putArray(each.groupId()).add(each.protocolType()).add(each.state());
  }

  private void describe(JsonNode step, int request) {
    Tuple2<Errors, GroupSummary> told = coordinator.handleDescribeGroup(step.get("group").asText());
    ObjectNode answer = answer(request);
    answer.put("error", told._1().code()).put("state", told._2().state()).put("type", told._2().protocolType()).put("protocol", told._2().protocol());
    ArrayNode members = answer.putArray("members");
    for (MemberSummary each : Scala.each(told._2().members()))
      members.addArray().add(each.memberId()).add(Scala.orNull(each.groupInstanceId())).add(each.clientId()).add(each.clientHost())
          .add(HEX.formatHex(each.metadata())).add(HEX.formatHex(each.assignment()));
  }

  private void delete(JsonNode step, int request) {
    List<String> groups = new ArrayList<>();
    step.get("groups").forEach(group -> groups.add(group.asText()));
    scala.collection.Map<String, Errors> told = coordinator.handleDeleteGroups(Scala.list(groups).toSet(), local);
    ObjectNode answer = answer(request);
    for (Tuple2<String, Errors> each : Scala.each(told)) answer.put(each._1(), each._2().code());
  }

  private void offsetDelete(JsonNode step, int request) {
    Tuple2<Errors, scala.collection.Map<TopicPartition, Errors>> told =
        coordinator.handleDeleteOffsets(step.get("group").asText(), CollectionOf.partitions(step.get("partitions")), local);
    ObjectNode answer = answer(request);
    answer.put("error", told._1().code());
    for (Tuple2<TopicPartition, Errors> each : Scala.each(told._2())) answer.put(each._1().toString(), each._2().code());
  }

  // ── What is seen ──

  private static TopicPartition partition(JsonNode step) {
    return new TopicPartition("__consumer_offsets", step.get("partition").asInt());
  }

  private <T> Function1<T, BoxedUnit> answering(Consumer<T> consumer) {
    return result -> {
      consumer.accept(result);
      return BoxedUnit.UNIT;
    };
  }

  /** A request is answered once: what a callback says after that is lost in GroupCoordinatorAdapter's CompletableFuture. */
  private ObjectNode answer(int request) {
    if (!answered.add(request)) return GroupJudge.JSON.createObjectNode();
    return ((ArrayNode) seen.get("answers")).addObject().put("request", request);
  }

  /** Records of one append in the order of their keys: those of a commit stand in the order of a hash table. */
  private void written(int partition, List<Record> records) {
    ArrayNode append = ((ArrayNode) seen.get("appends")).addArray();
    append.add(partition);
    List<String[]> lines = new ArrayList<>();
    for (Record record : records) {
      byte[] key = new byte[record.keySize()];
      record.key().get(key);
      byte[] value = record.hasValue() ? new byte[record.valueSize()] : null;
      if (value != null) record.value().get(value);
      lines.add(new String[] {HEX.formatHex(key), value == null ? null : HEX.formatHex(value)});
    }
    lines.sort(Comparator.comparing(line -> line[0]));
    for (String[] line : lines) append.addArray().add(line[0]).add(line[1]);
  }

  private void thrown(Throwable thrown) {
    ((ArrayNode) seen.get("thrown")).add(thrown.getClass().getSimpleName() + ": " + thrown.getMessage());
  }

  static final class CollectionOf {
    static scala.collection.immutable.List<TopicPartition> partitions(JsonNode node) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (JsonNode each : node) partitions.add(new TopicPartition(each.get(0).asText(), each.get(1).asInt()));
      return Scala.list(partitions);
    }
  }
}
