import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.Method;
import java.util.TreeSet;
import kafka.common.OffsetAndMetadata;
import kafka.coordinator.group.GroupCoordinator;
import kafka.coordinator.group.GroupMetadata;
import kafka.coordinator.group.MemberMetadata;
import org.apache.kafka.common.TopicPartition;
import scala.Tuple2;

/** What Kafka's coordinator holds of its groups between two steps. */
final class GroupStates {
  static ObjectNode of(GroupCoordinator coordinator) {
    ObjectNode groups = GroupJudge.JSON.createObjectNode();
    for (GroupMetadata group : Scala.each(coordinator.groupManager().currentGroups())) groups.set(group.groupId(), of(group));
    return groups;
  }

  private static ObjectNode of(GroupMetadata group) {
    ObjectNode told = GroupJudge.JSON.createObjectNode();
    told.put("state", group.currentState().toString()).put("generation", group.generationId()).put("leader", group.leaderOrNull())
        .put("type", Scala.orNull(group.protocolType())).put("protocol", Scala.orNull(group.protocolName()))
        .put("since", (Long) Scala.orNull(group.currentStateTimestamp()));
    ArrayNode members = told.putArray("members");
    for (MemberMetadata member : Scala.each(group.allMemberMetadata()))
      members.addArray().add(member.memberId()).add(Scala.orNull(member.groupInstanceId())).add(member.isAwaitingJoin()).add(member.isAwaitingSync())
          .add(member.isNew()).add(member.sessionTimeoutMs()).add(member.rebalanceTimeoutMs());
    ArrayNode pending = told.putArray("pending");
    new TreeSet<>(strings(hidden(group, "pendingMembers"))).forEach(pending::add);
    ArrayNode pendingSync = told.putArray("pendingSync");
    new TreeSet<>(strings(group.allPendingSyncMembers())).forEach(pendingSync::add);
    ArrayNode topics = group.getSubscribedTopics().isDefined() ? told.putArray("topics") : null;
    if (topics != null) new TreeSet<>(strings(group.getSubscribedTopics().get())).forEach(topics::add);
    ObjectNode offsets = told.putObject("offsets");
    for (Tuple2<TopicPartition, OffsetAndMetadata> each : Scala.each(group.allOffsets()))
      offsets.putArray(each._1().toString()).add(each._2().offset()).add(each._2().leaderEpoch().orElse(-1)).add(each._2().metadata())
          .add(each._2().commitTimestamp());
    @SuppressWarnings("unchecked")
    scala.collection.Map<TopicPartition, OffsetAndMetadata> writing =
        (scala.collection.Map<TopicPartition, OffsetAndMetadata>) hidden(group, "pendingOffsetCommits");
    ArrayNode commits = told.putArray("pendingCommits");
    TreeSet<String> names = new TreeSet<>();
    for (Tuple2<TopicPartition, OffsetAndMetadata> each : Scala.each(writing)) names.add(each._1() + "=" + each._2().offset());
    names.forEach(commits::add);
    return told;
  }

  @SuppressWarnings("unchecked")
  private static java.util.List<String> strings(Object collection) {
    java.util.List<String> all = new java.util.ArrayList<>();
    for (String each : Scala.each((scala.collection.Iterable<String>) collection)) all.add(each);
    return all;
  }

  private static Object hidden(GroupMetadata group, String name) {
    try {
      Method method = GroupMetadata.class.getDeclaredMethod(name);
      method.setAccessible(true);
      return method.invoke(group);
    } catch (ReflectiveOperationException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
