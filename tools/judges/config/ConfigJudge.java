import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.io.StringReader;
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
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.ConfigTransformer;
import org.apache.kafka.common.config.provider.ConfigProvider;

/**
 * Asks Java and Kafka what random configuration means: one line for each case on stdout, words separated by blanks,
 * bytes in Base64.
 *
 * <pre>
 *   file BYTES ENTRIES     java.util.Properties.load; entries sorted, each key and value closed by a NUL; "-": it throws
 *   value BYTES RESULT     ConfigTransformer, with a provider of every name used that answers "&lt;name|path|key&gt;"
 *   definition NAME TYPE:DEFAULT    a config of KafkaConfig; "TYPE" alone where the default is null
 *   parse NAME=VALUE -|ok  whether KafkaConfig's definition takes the value
 *   node BYTES -|ok        whether KafkaConfig accepts these properties; "-" has the reason as a fourth word
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
        definitions(random, out);
        for (int i = 0; i < cases / 4; i++) node(new NodeFile(random).text(), out);
        System.out.print(out);
    }

    private static void definitions(Random random, StringBuilder out) {
        String[] values = {"", "0", "1", "-1", "-2", "+7", "2147483648", "40000", "9223372036854775808", "true", "FALSE", " true ",
            "x", "1.5", "0.3", "a,b", "zstd", "gzip", "producer", "compact,delete", "compact, x", "SSL", "PLAINTEXT", "required",
            "3.6", "3.6.1", "3.7-IV2", "2.8-IV1", "0.10.2.1", "3", "5.0", "broker", "controller,broker", "classic", "CreateTime"};
        ConfigDef all = kafka.server.KafkaConfig.configDef();
        for (ConfigDef.ConfigKey key : new TreeMap<>(all.configKeys()).values()) {
            String name = base64(key.name.getBytes(StandardCharsets.UTF_8));
            Object value = key.defaultValue;
            String said = value instanceof List ? String.join(",", ((List<?>) value).toArray(new String[0]))
                : value instanceof Class ? ((Class<?>) value).getName() : String.valueOf(value);
            String text = value == null ? key.type.toString() : key.type + ":" + said;
            out.append("definition ").append(name).append(' ').append(base64(text.getBytes(StandardCharsets.UTF_8))).append('\n');
            // What the table does not hold is named there.
            if (key.type == ConfigDef.Type.CLASS || key.type == ConfigDef.Type.DOUBLE || key.name.startsWith("controller.quorum.")
                || key.name.startsWith("remote.log.") || key.name.equals("group.consumer.migration.policy")) continue;
            ConfigDef one = new ConfigDef().define(key);
            for (String each : values) {
                out.append("parse ").append(base64((key.name + "=" + each).getBytes(StandardCharsets.UTF_8))).append(' ');
                try {
                    one.parse(Map.of(key.name, each));
                    out.append("ok\n");
                } catch (ConfigException e) {
                    out.append("-\n");
                }
            }
        }
    }

    private static void node(String text, StringBuilder out) throws IOException {
        Properties properties = new Properties();
        properties.load(new StringReader(text));
        out.append("node ").append(base64(text.getBytes(StandardCharsets.ISO_8859_1))).append(' ');
        try {
            new kafka.server.KafkaConfig(properties, false);
            out.append("ok\n");
        } catch (RuntimeException e) {
            out.append("- ").append(base64(String.valueOf(e.getMessage()).getBytes(StandardCharsets.UTF_8))).append('\n');
        }
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
