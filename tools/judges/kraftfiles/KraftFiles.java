import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What kafka-dump-log --cluster-metadata-decoder knows of metadata logs and checkpoints, as JSON lines in the form of
 * "zk2kraft dump": one for each file, batch and record, keys sorted.
 *
 *   dump FILE…                   what Kafka's own tool says
 *   same                         sorts the keys of the JSON lines on stdin, so that two answers can be compared line by line
 *   committed COMMITTED LOG…     whether Kafka's tool finds in each log the records of COMMITTED (what a run committed, as
 *                                "zk2kraft run --disks" leaves it) one by one, from where the log starts; exit 1 if not
 */
public final class KraftFiles {
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS).build();
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final Pattern SEGMENT = Pattern.compile("Log starting offset: (\\d+)");
  private static final Pattern CHECKPOINT = Pattern.compile("Snapshot end offset: (\\d+), epoch: (\\d+)");
  private static final Pattern CONTROL =
      Pattern.compile("(.*) (SnapshotHeader|SnapshotFooter|KRaftVersion|KRaftVoters) (\\{.*)");
  private static final Map<String, String> CONTROL_TYPES = Map.of(
      "SnapshotHeader", "SNAPSHOT_HEADER(3)", "SnapshotFooter", "SNAPSHOT_FOOTER(4)",
      "KRaftVersion", "KRAFT_VERSION(5)", "KRaftVoters", "KRAFT_VOTERS(6)");

  private static JsonNode scalar(String text) {
    if (text.equals("OptionalLong.empty")) return NODES.nullNode();
    if (text.equals("[]")) return NODES.arrayNode();
    if (text.equals("true") || text.equals("false")) return NODES.booleanNode(text.equals("true"));
    try {
      return NODES.numberNode(Long.parseLong(text));
    } catch (NumberFormatException e) {
      return NODES.textNode(text);
    }
  }

  /** "offset: 1 CreateTime: 2 … headerKeys: []". */
  private static ObjectNode pairs(String text) {
    ObjectNode object = NODES.objectNode();
    String[] words = text.trim().split("\\s+");
    for (int at = 0; at + 1 < words.length; at += 2) {
      object.set(words[at].substring(0, words[at].length() - 1), scalar(words[at + 1]));
    }
    return object;
  }

  private static ObjectNode record(String text) throws Exception {
    ObjectNode record;
    Matcher control = CONTROL.matcher(text);
    int payload = text.indexOf(" payload: ");
    if (payload >= 0) {
      record = pairs(text.substring(0, payload));
      record.set("payload", JSON.readTree(text.substring(payload + 10)));
    } else if (control.matches()) {
      record = pairs(control.group(1));
      record.put("controlType", CONTROL_TYPES.get(control.group(2)));
      record.set("data", JSON.readTree(control.group(3)));
    } else {
      record = pairs(text);
    }
    return record.put("kind", "record");
  }

  /** A line of kafka-dump-log; null for one that says nothing of the file's content. */
  private static ObjectNode line(String text) throws Exception {
    Matcher match;
    if (text.startsWith("Dumping ")) return null;
    if ((match = SEGMENT.matcher(text)).matches()) {
      return NODES.objectNode().put("kind", "file").put("logStartingOffset", Long.parseLong(match.group(1)));
    }
    if ((match = CHECKPOINT.matcher(text)).matches()) {
      return NODES.objectNode().put("kind", "file").put("snapshotEndOffset", Long.parseLong(match.group(1)))
          .put("epoch", Long.parseLong(match.group(2)));
    }
    if (text.equals("KRaft bootstrap snapshot")) return NODES.objectNode().put("kind", "file").put("bootstrap", true);
    if (text.startsWith("| ")) return record(text.substring(2));
    if (text.startsWith("baseOffset: ")) return pairs(text).put("kind", "batch");
    return NODES.objectNode().put("kind", "said").put("text", text);
  }

  /** Scala's console is whatever System.out is when its class is loaded: this, for the life of the process. */
  private static final ByteArrayOutputStream SAID = new ByteArrayOutputStream();
  private static final PrintStream CONSOLE = new PrintStream(SAID, true, StandardCharsets.UTF_8);

  private static List<String> dump(List<String> files) throws Exception {
    SAID.reset();
    System.setOut(CONSOLE);
    Method main = Class.forName("kafka.tools.DumpLogSegments").getMethod("main", String[].class);
    main.invoke(null, (Object) new String[] {"--cluster-metadata-decoder", "--files", String.join(",", files)});
    CONSOLE.flush();
    return SAID.toString(StandardCharsets.UTF_8).lines().toList();
  }

  /**
   * What both sides know, in one form. Not compared: the path in the "file" line; the data of LEADER_CHANGE, which
   * Kafka's tool leaves out; numbers are compared by value, so a double may be written 1.0E7 or 10000000.0.
   */
  private static String same(ObjectNode line) throws Exception {
    line.remove("file");
    if (line.path("controlType").asText().startsWith("LEADER_CHANGE")) line.remove("data");
    return JSON.writeValueAsString(sorted(line));
  }

  private static Object sorted(JsonNode node) {
    if (node.isObject()) {
      TreeMap<String, Object> fields = new TreeMap<>();
      for (Iterator<Map.Entry<String, JsonNode>> at = node.fields(); at.hasNext();) {
        Map.Entry<String, JsonNode> field = at.next();
        fields.put(field.getKey(), sorted(field.getValue()));
      }
      return fields;
    }
    if (!node.isArray()) return node;
    List<Object> elements = new ArrayList<>();
    for (JsonNode element : node) elements.add(sorted(element));
    return elements;
  }

  /** A committed record as both sides show it: what it is, without when it was written. */
  private static String content(long epoch, JsonNode line) throws Exception {
    JsonNode payload = line.path("payload");
    return "epoch " + epoch + ' '
        + (payload.isMissingNode() ? line.path("controlType").asText() : JSON.writeValueAsString(sorted(payload)));
  }

  private static TreeMap<Long, String> recordsOf(String log) throws Exception {
    TreeMap<Long, String> records = new TreeMap<>();
    long epoch = -1;
    for (String text : dump(List.of(log))) {
      ObjectNode line = line(text);
      if (line == null) continue;
      if (line.path("kind").asText().equals("batch")) epoch = line.path("partitionLeaderEpoch").asLong();
      if (line.path("kind").asText().equals("record")) records.put(line.path("offset").asLong(), content(epoch, line));
    }
    return records;
  }

  /** How many records of the log are committed; -1, and why on stderr, when one of them is another. */
  private static int committed(TreeMap<Long, String> committed, String log) throws Exception {
    TreeMap<Long, String> found = recordsOf(log);
    if (found.isEmpty()) {
      System.err.println(log + ": no record at all");
      return -1;
    }
    int count = 0;
    // A log that was replaced by a checkpoint starts at its end; a standby may not have the last ones yet.
    for (Map.Entry<Long, String> record : committed.subMap(found.firstKey(), true, found.lastKey(), true).entrySet()) {
      if (!record.getValue().equals(found.get(record.getKey()))) {
        System.err.println(log + ": at offset " + record.getKey() + " Kafka reads\n  " + found.get(record.getKey())
            + "\nand the run committed\n  " + record.getValue());
        return -1;
      }
      count++;
    }
    return count;
  }

  private static boolean allCommitted(String truth, List<String> logs) throws Exception {
    TreeMap<Long, String> committed = new TreeMap<>();
    for (String text : Files.readAllLines(Path.of(truth))) {
      JsonNode line = JSON.readTree(text);
      committed.put(line.path("offset").asLong(), content(line.path("epoch").asLong(), line));
    }
    int most = 0;
    for (String log : logs) {
      int count = committed(committed, log);
      if (count < 0) return false;
      most = Math.max(most, count);
    }
    System.err.println(most + " committed records, each where Kafka reads it");
    return most > 0;
  }

  public static void main(String[] words) throws Exception {
    PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, "UTF-8");
    if (words.length >= 2 && words[0].equals("dump")) {
      for (String text : dump(List.of(words).subList(1, words.length))) {
        ObjectNode line = line(text);
        if (line != null) out.println(same(line));
      }
    } else if (words.length >= 3 && words[0].equals("committed")) {
      System.exit(allCommitted(words[1], List.of(words).subList(2, words.length)) ? 0 : 1);
    } else if (words.length == 1 && words[0].equals("same")) {
      BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String text; (text = in.readLine()) != null;) out.println(same((ObjectNode) JSON.readTree(text)));
    } else {
      System.err.println("KraftFiles dump FILE… | same | committed COMMITTED LOG…");
      System.exit(3);
    }
    out.flush();
  }
}
