import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Names, values and JSON as three generations of Kafka and a dozen of foreign tools have written them: legal for
 * Kafka's readers, and as far from each other as the law allows.
 */
final class Styles {
  private static final ObjectMapper JACKSON = new ObjectMapper();
  private final Random random;

  Styles(Random random) {
    this.random = random;
  }

  boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  int between(int least, int most) {
    return least + random.nextInt(most - least + 1);
  }

  @SafeVarargs
  final <T> T oneOf(T... choices) {
    return choices[random.nextInt(choices.length)];
  }

  <T> T oneOf(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  /** Legal names of topics (org.apache.kafka.common.internals.Topic), the extremes among them. */
  String topic(int number) {
    switch (random.nextInt(12)) {
      case 0: return oneOf("a", "-", "_", "...", "0", "007", "state", "partitions", "clients", "NaN", "null", "-1");
      case 1: return oneOf("a.b", "a_b", "a-b", "a.b_c-d", ".hidden", "..x", "__consumer_offsets", "__transaction_state");
      case 2: return ("x".repeat(245) + number).substring(0, Math.min(249, 245 + String.valueOf(number).length()));
      case 3: return "Orders" + number;
      case 4: return "ORDERS" + number;
      default: return oneOf("orders-", "payments.", "log_", "t") + number;
    }
  }

  /** Names of principals, clients and groups as people have them, before they are sanitized. */
  String entity() {
    return oneOf("alice", "bob", "a/b", "*", "%", "100%", "a b", "a+b", "\u00e4\u00f6\u00fc", "\u65e5\u672c", "\ud83d\ude00", "<default>",
        "~", "!'()", "CN=alice,OU=x,O=\"y\"", "a%2Fb", "a:b", ".", "..", "-", "_", "app-" + random.nextInt(50),
        "\u007f", "x".repeat(200), "@home", "#1", "{}", "[a]", "a\\b", "\u00a0");
  }

  /** Znode names that the sanitizer did not write. */
  String rawEntity() {
    return oneOf("a+b", "\u00e4", "%41", "%e4%b8%80", "%E4", "%C3%28", "%F0%9F%98%80", "a@b", "%2a", "100%25", "%", "%4", "%zz",
        "%+5", "%-1", "a%00b", "%ED%A0%80", "%F4%90%80%80", "%C0%80", "%E4%B8", "%E4%B8%E4", "<Default>", "<default> ", "clients");
  }

  /** Texts that Kafka wants as a double, and some that are none. */
  String number(boolean legal) {
    if (!legal) {
      return oneOf("", "abc", "1,5", "0x", "1e", "Inf", "nan", "1_000", "--1", "1 2", "\uff11\uff12", "0x1", "1L", "1.0.0", "+", "+-1");
    }
    return oneOf("1024", "100.0", "0", "-0.0", "1.0E-5", "1e10", "1E+10", "NaN", "+NaN", "-NaN", "Infinity", "-Infinity", "0x1.8p3", "0X1P-2",
        "1d", "1.5f", "2D", "3F", " 5 ", "\t6\n", "4.9E-324", "2e-324", "1e400", "-1e400", "1.7976931348623157E308",
        "1.7976931348623159E308", ".5", "5.", "+7", "0.1", "123456789012345678901234567890", "9007199254740993",
        "2.2250738585072012e-308", "1e-400", "00012", "0x.8p1", "0x1p1024", "0x1.fffffffffffff8p0d",
        String.valueOf(random.nextDouble()), String.valueOf(random.nextLong()),
        String.valueOf(Double.longBitsToDouble(random.nextLong())));
  }

  String value() {
    return oneOf("", "1", "true", "compact,delete", "604800000", " spaces ", "\"quoted\"", "back\\slash", "line\nbreak\ttab", "\u00e4\u65e5",
        "\ud83d\ude00", "a=b,c=d", "{\"json\":[1]}", "null", "\u0000\u0001\u001f\u007f\u0080", "\u2028\u2029", "\ufeff", "\ufffd\uffff", "</script>",
        "x".repeat(5000), "*", "0:1,1:2", "'", "/", "\ue000");
  }

  /** A document in the manner of some writer: key order, blanks, escapes and unknown keys differ. */
  byte[] json(Map<String, ?> document) {
    Map<String, Object> shuffled = shuffled(document);
    if (oneIn(6)) shuffled.put("unknown_key", oneOf(null, 1, 1.5, "x", List.of(1), Map.of("a", 1), true));
    try {
      String text = oneIn(4) ? JACKSON.writerWithDefaultPrettyPrinter().writeValueAsString(shuffled)
                             : JACKSON.writeValueAsString(shuffled);
      if (oneIn(5)) text = escaped(text);
      if (oneIn(6)) text = oneOf(" ", "\n", "\t\r\n ") + text + oneOf("", " ", "\n\n");
      return text.getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private Map<String, Object> shuffled(Map<String, ?> document) {
    List<String> keys = new ArrayList<>(document.keySet());
    Collections.shuffle(keys, random);
    Map<String, Object> result = new LinkedHashMap<>();
    for (String key : keys) {
      Object value = document.get(key);
      if (value instanceof Map) {
        @SuppressWarnings("unchecked")
        Map<String, ?> inner = (Map<String, ?>) value;
        value = shuffled(inner);
      }
      result.put(key, value);
    }
    return result;
  }

  /** Everything beyond ASCII, and the slash, as an escape. */
  private static String escaped(String text) {
    StringBuilder out = new StringBuilder();
    for (char c : text.toCharArray()) {
      if (c == '/') {
        out.append("\\/");
      } else if (c > 126) {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }
}
