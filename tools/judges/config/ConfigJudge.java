import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigData;
import org.apache.kafka.common.config.ConfigTransformer;
import org.apache.kafka.common.config.provider.ConfigProvider;

/**
 * Asks Java and Kafka what random configuration means: one line for each case on stdout, words separated by blanks,
 * bytes in Base64.
 *
 * <pre>
 *   file BYTES ENTRIES     java.util.Properties.load; entries sorted, each key and value closed by a NUL; "-": it throws
 *   value BYTES RESULT     ConfigTransformer, with a provider of every name used that answers "&lt;name|path|key&gt;"
 * </pre>
 */
public class ConfigJudge {
    private static final String[] PIECES = {
        "a", "b", "broker.id", "=", ":", " ", "\t", "\f", "\\", "\\", "\\\\", "\n", "\n", "\r", "\r\n", "#", "!", "\\u0041",
        "\\ud83d", "\\ude00", "\\u00e9", "\\u", "\\n", "\\=", "\u00e9", "\u00c3\u00a9", ",", "1", "u0042", "\0"};
    private static final String[] REFERENCES = {"${", "}", ":", "env", "file", "/etc/x", "key", "$", "{", "a", "${env:X}", " "};

    public static void main(String[] args) throws IOException {
        long seed = Long.parseLong(args[0]);
        int cases = Integer.parseInt(args[1]);
        Random random = new Random(seed);
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < cases; i++) {
            file(pieces(random, PIECES, 24), out);
            value(pieces(random, REFERENCES, 14), out);
        }
        // Longer than the buffer from which Java reads, so that its edge falls everywhere.
        for (int i = 0; i < cases / 100; i++) {
            file("#" + "x".repeat(8160 + random.nextInt(40)) + "\n" + pieces(random, PIECES, 40), out);
        }
        System.out.print(out);
    }

    private static String pieces(Random random, String[] from, int most) {
        StringBuilder text = new StringBuilder();
        for (int n = random.nextInt(most); n > 0; n--) text.append(from[random.nextInt(from.length)]);
        return text.toString();
    }

    private static void file(String text, StringBuilder out) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        String asked = "file " + base64(bytes) + ' ';
        Properties properties = new Properties();
        try {
            properties.load(new ByteArrayInputStream(bytes));
        } catch (IllegalArgumentException e) {
            out.append(asked).append("-\n");
            return;
        }
        Map<String, String> sorted = new TreeMap<>((a, b) ->
            Arrays.compareUnsigned(a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8)));
        for (String name : properties.stringPropertyNames()) sorted.put(whole(name), whole(properties.getProperty(name)));
        // Two keys that differ by halves of a pair alone: a case that cannot be said in UTF-8.
        if (sorted.size() != properties.size()) return;
        ByteArrayOutputStream entries = new ByteArrayOutputStream();
        for (Map.Entry<String, String> entry : sorted.entrySet()) {
            entries.write((entry.getKey() + '\0' + entry.getValue() + '\0').getBytes(StandardCharsets.UTF_8));
        }
        out.append(asked).append(base64(entries.toByteArray())).append('\n');
    }

    private static void value(String text, StringBuilder out) {
        Map<String, ConfigProvider> providers = new HashMap<>();
        // Whatever name the pattern finds has a provider.
        for (int from = 0; from < text.length(); from++) {
            for (int to = from; to <= text.length(); to++) providers.put(text.substring(from, to), new Echo(text.substring(from, to)));
        }
        String result = new ConfigTransformer(providers).transform(Map.of("k", text)).data().get("k");
        out.append("value ").append(base64(text.getBytes(StandardCharsets.UTF_8))).append(' ')
            .append(base64(result.getBytes(StandardCharsets.UTF_8))).append('\n');
    }

    // Half of a surrogate pair is no character that UTF-8 knows.
    private static String whole(String text) {
        StringBuilder whole = new StringBuilder();
        text.codePoints().forEach(c -> whole.appendCodePoint(c >= 0xD800 && c < 0xE000 ? 0xFFFD : c));
        return whole.toString();
    }

    private static String base64(byte[] bytes) {
        return bytes.length == 0 ? "=" : Base64.getEncoder().encodeToString(bytes);
    }

    private static final class Echo implements ConfigProvider {
        private final String name;

        Echo(String name) {
            this.name = name;
        }

        @Override
        public ConfigData get(String path) {
            throw new UnsupportedOperationException();
        }

        @Override
        public ConfigData get(String path, Set<String> keys) {
            Map<String, String> data = new HashMap<>();
            for (String key : List.copyOf(keys)) data.put(key, "<" + name + "|" + path + "|" + key + ">");
            return new ConfigData(data);
        }

        @Override
        public void configure(Map<String, ?> configs) {
        }

        @Override
        public void close() {
        }
    }
}
