import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;

/** Spoils one znode that the copy reads: its bytes, or one value in its JSON. */
final class Damage {
  private static final ObjectMapper JACKSON = new ObjectMapper();
  private static final String[] VALUES = {"null", "0", "-1", "1", "2", "256", "-129", "1.0", "1e2", "2147483647", "2147483648", "9223372036854775808",
      "1e400", "\"\"", "\"1\"", "\"x\"", "true", "[]", "{}", "[1]", "[1,\"2\"]", "[null]", "{\"0\":[1]}", "{\"a\":null}", "\"\\ud800\"", "\"\\u0000\"", "-0",
      "100000000000000000000000000000"};
  private static final String[] TEXTS = {"", " ", "null", "{}", "[]", "\"text\"", "42", "true", "nul", "{", "}", "{\"version\":1}", "{\"version\":1,}",
      "{'version':1}", "{version:1}", "// x\n{}", "{}{}", "{} x", "[1", "NaN", "01", "1 2", "1x", "\ufeff{}", "{\"a\":01}", "{\"a\":.5}", "{\"a\":1.}", "{\"a\":+1}",
      "{\"a\":\"\t\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}", "{\"a\":\u00a01}", "{\"a\" 1}", "\u0000", "{\"a\":-}", "{\"a\":1e}", "{\"a\":tru}"};

  private final Random random;
  private final RandomTree tree;

  Damage(Random random, RandomTree tree) {
    this.random = random;
    this.tree = tree;
  }

  void make() {
    List<String> candidates = new ArrayList<>();
    for (String path : tree.znodes.keySet()) {
      boolean read = path.startsWith("/brokers/topics/") || path.startsWith("/config/topics/") || path.startsWith("/config/brokers/")
          || path.startsWith("/config/users/") || path.startsWith("/config/clients/") || path.startsWith("/config/ips/")
          || path.startsWith("/kafka-acl/") || path.startsWith("/kafka-acl-extended/") || path.startsWith("/delegation_token/tokens/")
          || path.equals("/latest_producer_id_block");
      if (read && tree.znodes.get(path) != null) candidates.add(path);
    }
    if (candidates.isEmpty()) return;
    String path = candidates.get(random.nextInt(candidates.size()));
    byte[] data = tree.znodes.get(path);
    switch (random.nextInt(5)) {
      case 0: data = random.nextInt(4) == 0 ? null : TEXTS[random.nextInt(TEXTS.length)].getBytes(StandardCharsets.UTF_8); break;
      case 1: data = bytes(data); break;
      default: data = field(data);
    }
    tree.znodes.put(path, data);
    tree.damaged.add(path);
    tree.counts.merge("damage", 1, Integer::sum);
  }

  private byte[] bytes(byte[] data) {
    if (data.length == 0) return new byte[] {'{'};
    int at = random.nextInt(data.length);
    byte[] other = data.clone();
    switch (random.nextInt(4)) {
      case 0: return java.util.Arrays.copyOf(data, at);
      case 1: other[at] = (byte) random.nextInt(256); return other;
      case 2: other[at] ^= (byte) (1 << random.nextInt(8)); return other;
      default: // something behind the document
        String behind = new String[] {"x", "}", " 1", "\u0000", ",", "{"}[random.nextInt(6)];
        return (new String(data, StandardCharsets.ISO_8859_1) + behind).getBytes(StandardCharsets.ISO_8859_1);
    }
  }

  private byte[] field(byte[] data) {
    try {
      JsonNode root = JACKSON.readTree(data);
      List<JsonNode> containers = new ArrayList<>();
      collect(root, containers);
      if (containers.isEmpty()) return bytes(data);
      JsonNode chosen = containers.get(random.nextInt(containers.size()));
      String marker = "\"@here@\"";
      if (chosen instanceof ObjectNode) {
        ObjectNode object = (ObjectNode) chosen;
        List<String> names = new ArrayList<>();
        for (Iterator<String> i = object.fieldNames(); i.hasNext();) names.add(i.next());
        if (names.isEmpty()) return bytes(data);
        String name = names.get(random.nextInt(names.size()));
        switch (random.nextInt(6)) {
          case 0: object.remove(name); break;
          case 1: // a second field of the same name
            return text(root).replaceFirst(java.util.regex.Pattern.quote("\"" + name + "\":"),
                java.util.regex.Matcher.quoteReplacement("\"" + name + "\":" + value() + ",\"" + name + "\":")).getBytes(StandardCharsets.UTF_8);
          case 2: object.set(new String[] {"x", "", "00", "+1", "-1", "1.0", " 1", "2147483648", "\u0661"}[random.nextInt(9)], object.remove(name)); break;
          default: object.put(name, "@here@");
        }
      } else {
        ArrayNode array = (ArrayNode) chosen;
        if (array.isEmpty() || random.nextInt(3) == 0) array.add("@here@"); else array.set(random.nextInt(array.size()), JACKSON.getNodeFactory().textNode("@here@"));
      }
      return text(root).replace(marker, value()).getBytes(StandardCharsets.UTF_8);
    } catch (IOException notJson) {
      return bytes(data);
    }
  }

  private String value() {
    return VALUES[random.nextInt(VALUES.length)];
  }

  private static String text(JsonNode node) throws IOException {
    return JACKSON.writeValueAsString(node);
  }

  private static void collect(JsonNode node, List<JsonNode> containers) {
    if (!node.isContainerNode()) return;
    containers.add(node);
    for (JsonNode child : node) collect(child, containers);
  }
}
