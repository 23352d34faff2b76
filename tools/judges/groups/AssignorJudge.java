import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.internals.AbstractPartitionAssignor;
import org.apache.kafka.common.TopicPartition;

/** What Kafka's own assignors give to whom: a case a line in, the same line with its assignment out. */
public final class AssignorJudge {
  public static void main(String[] arguments) throws Exception {
    PrintStream answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    System.setOut(System.err);
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      ObjectNode asked = (ObjectNode) GroupJudge.JSON.readTree(line);
      asked.set("assignment", assigned(asked));
      answers.println(GroupJudge.JSON.writeValueAsString(asked));
    }
    answers.flush();
  }

  private static ObjectNode assigned(JsonNode asked) {
    Map<String, Integer> counts = new HashMap<>();
    asked.get("counts").fields().forEachRemaining(topic -> counts.put(topic.getKey(), topic.getValue().asInt()));
    Map<String, Subscription> subscriptions = new HashMap<>();
    for (JsonNode member : asked.get("members")) {
      List<String> topics = new ArrayList<>();
      member.get(2).forEach(topic -> topics.add(topic.asText()));
      Subscription subscription = new Subscription(topics);
      subscription.setGroupInstanceId(member.get(1).isNull() ? Optional.empty() : Optional.of(member.get(1).asText()));
      subscriptions.put(member.get(0).asText(), subscription);
    }
    AbstractPartitionAssignor assignor = asked.get("assignor").asText().equals("range") ? new RangeAssignor() : new RoundRobinAssignor();
    ObjectNode told = GroupJudge.JSON.createObjectNode();
    assignor.assign(counts, subscriptions).forEach((member, partitions) -> {
      ArrayNode all = told.putArray(member);
      TreeSet<String> sorted = new TreeSet<>();
      for (TopicPartition partition : partitions) sorted.add(partition.toString());
      sorted.forEach(all::add);
    });
    return told;
  }
}
