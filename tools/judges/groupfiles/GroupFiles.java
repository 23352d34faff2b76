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
 * What Kafka's own tools say of a broker's __consumer_offsets, beside what zk2kraft says.
 *
 *   dump FILE…             kafka-dump-log --offsets-decoder of segments, as JSON lines in the form of "zk2kraft dump"
 *   same                   sorts the keys of the JSON lines on stdin, so that two answers can be compared line by line
 *   compare ORACLE OURS    whether "zk2kraft inspect --groups --output jsonl" says of every group, member and offset what
 *                          the admin client said (WriteGroups), and of none besides; exit 1 if not
 */
public final class GroupFiles {
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS).build();
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final Pattern SEGMENT = Pattern.compile("Log starting offset: (\\d+)");

  private static JsonNode scalar(String text) {
    if (text.equals("OptionalLong.empty")) return NODES.nullNode();
    Matcher present = Pattern.compile("OptionalLong\\[(\\d+)\\]").matcher(text);
    if (present.matches()) return NODES.numberNode(Long.parseLong(present.group(1)));
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
    int key = text.indexOf(" key: ");
    if (key < 0) return pairs(text).put("kind", "record");
    ObjectNode record = pairs(text.substring(0, key)).put("kind", "record");
    // A key holds names; what follows it is the last " payload: " that leaves JSON on both sides.
    for (int payload = text.lastIndexOf(" payload: "); payload > key; payload = text.lastIndexOf(" payload: ", payload - 1)) {
      String value = text.substring(payload + 10);
      try {
        record.set("key", JSON.readTree(text.substring(key + 6, payload)));
        record.set("payload", value.equals("<DELETE>") ? NODES.textNode(value) : JSON.readTree(value));
        return record;
      } catch (com.fasterxml.jackson.core.JsonProcessingException inAName) {
        continue;
      }
    }
    return record.put("said", text.substring(key));
  }

  /** A line of kafka-dump-log; null for one that says nothing of the file's content. */
  private static ObjectNode line(String text) throws Exception {
    if (text.startsWith("Dumping ")) return null;
    Matcher match = SEGMENT.matcher(text);
    if (match.matches()) return NODES.objectNode().put("kind", "file").put("logStartingOffset", Long.parseLong(match.group(1)));
    if (text.startsWith("| ")) return record(text.substring(2));
    if (text.startsWith("baseOffset: ")) return pairs(text).put("kind", "batch");
    return NODES.objectNode().put("kind", "said").put("text", text);
  }

  private static List<String> dump(List<String> files) throws Exception {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    PrintStream console = new PrintStream(said, true, StandardCharsets.UTF_8);
    // Scala's console is whatever System.out is when its class is loaded.
    System.setOut(console);
    Method main = Class.forName("kafka.tools.DumpLogSegments").getMethod("main", String[].class);
    main.invoke(null, (Object) new String[] {"--offsets-decoder", "--files", String.join(",", files)});
    console.flush();
    return said.toString(StandardCharsets.UTF_8).lines().toList();
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

  /** What both sides know, in one form. Not compared: the path in the "file" line. */
  private static String same(ObjectNode line) throws Exception {
    line.remove("file");
    return JSON.writeValueAsString(sorted(line));
  }

  private static final List<String> KINDS = List.of("group", "member", "offset");

  private static String name(JsonNode line) {
    String name = line.path("kind").asText() + " " + line.path("group").asText();
    switch (line.path("kind").asText()) {
      case "member": return name + " " + line.path("memberId").asText();
      case "offset": return name + " " + line.path("topic").asText() + "-" + line.path("partition").asText();
      default: return name;
    }
  }

  private static TreeMap<String, JsonNode> byName(String file) throws Exception {
    TreeMap<String, JsonNode> lines = new TreeMap<>();
    for (String text : Files.readAllLines(Path.of(file))) {
      JsonNode line = JSON.readTree(text);
      if (KINDS.contains(line.path("kind").asText()) && lines.put(name(line), line) != null) {
        throw new IllegalStateException("twice: " + name(line));
      }
    }
    return lines;
  }

  /** Kafka's words for what has none of its own in a log. */
  private static JsonNode asAdmin(String field, JsonNode ours, JsonNode theirs) {
    // The assignor of a group of the new protocol is the broker's default, unless a member asks for another.
    if (field.equals("protocol") && ours.isNull() && theirs.path("type").asText().equals("Consumer")) return theirs.path(field);
    // A group that only commits offsets is a classic one for the admin client, and has an assignor "".
    if (field.equals("type") && ours.asText().equals("Simple")) return NODES.textNode("Classic");
    if (field.equals("protocol") && ours.isNull()) return NODES.textNode("");
    return ours;
  }

  private static int compare(String oracle, String ours) throws Exception {
    TreeMap<String, JsonNode> theirs = byName(oracle);
    TreeMap<String, JsonNode> mine = byName(ours);
    int disagreements = 0;
    int fields = 0;
    for (Map.Entry<String, JsonNode> each : theirs.entrySet()) {
      JsonNode other = mine.remove(each.getKey());
      if (other == null) {
        System.err.println("DIFFERENT: Kafka has and we have not: " + each.getValue());
        disagreements++;
        continue;
      }
      for (Iterator<Map.Entry<String, JsonNode>> at = each.getValue().fields(); at.hasNext();) {
        Map.Entry<String, JsonNode> field = at.next();
        JsonNode value = asAdmin(field.getKey(), other.path(field.getKey()), each.getValue());
        fields++;
        // By their text, so that 1 of two widths is 1.
        if (value.toString().equals(field.getValue().toString())) continue;
        System.err.println("DIFFERENT: " + each.getKey() + ": " + field.getKey() + ": Kafka says " + field.getValue()
            + ", we say " + value);
        disagreements++;
      }
    }
    for (JsonNode left : mine.values()) {
      System.err.println("DIFFERENT: we have and Kafka has not: " + left);
      disagreements++;
    }
    System.err.println(theirs.size() + " groups, members and offsets, " + fields + " fields, " + disagreements + " disagreements");
    return disagreements == 0 && !theirs.isEmpty() ? 0 : 1;
  }

  public static void main(String[] words) throws Exception {
    PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, "UTF-8");
    if (words.length >= 2 && words[0].equals("dump")) {
      for (String text : dump(List.of(words).subList(1, words.length))) {
        ObjectNode line = line(text);
        if (line != null) out.println(same(line));
      }
    } else if (words.length == 3 && words[0].equals("compare")) {
      System.exit(compare(words[1], words[2]));
    } else if (words.length == 1 && words[0].equals("same")) {
      BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String text; (text = in.readLine()) != null;) out.println(same((ObjectNode) JSON.readTree(text)));
    } else {
      System.err.println("GroupFiles dump FILE… | same | compare ORACLE OURS");
      System.exit(3);
    }
    out.flush();
  }
}
