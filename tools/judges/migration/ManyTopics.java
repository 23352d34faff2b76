import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;

/** Thousands of topics with every legal shape of name, some with configs, as clusters have that were used for years. */
final class ManyTopics {
    private static final int AT_ONCE = 50;  // What a controller creates well within a request's time.
    private static final List<String> SHAPES = List.of("t.%05d", "t_%05d-x", "_%d", "%d", "...%d", "-%d-", "A.b.C-%d", "__%d__");
    private static final Map<String, List<String>> CONFIGS = new TreeMap<>(Map.of("retention.ms", List.of("1000", "-1", "604800000"),
        "cleanup.policy", List.of("compact", "delete"), "min.insync.replicas", List.of("1"), "segment.bytes", List.of("1048576"),
        "max.message.bytes", List.of("900", "1048588")));

    private final Shape shape;
    private final Random random;

    ManyTopics(Shape shape) {
        this.shape = shape;
        this.random = new Random(shape.seed * 131);
    }

    private NewTopic topic(int number) {
        // Metrics take '.' for '_', so that two names must differ in more; the number sees to that, and the length is up to 249.
        String name = SHAPES.get(random.nextInt(SHAPES.size())).formatted(number);
        if (random.nextInt(50) == 0) name += "y".repeat(249 - name.length());
        short replication = (short) (random.nextInt(8) == 0 ? Math.min(2, shape.brokers.size()) : 1);
        NewTopic topic = new NewTopic(name, 1 + random.nextInt(20) / 18, replication);
        Map<String, String> configs = new TreeMap<>();
        for (Map.Entry<String, List<String>> each : CONFIGS.entrySet())
            if (random.nextInt(4) == 0) configs.put(each.getKey(), each.getValue().get(random.nextInt(each.getValue().size())));
        return topic.configs(configs);
    }

    void create(Admin admin, int count) throws Exception {
        for (int begin = 0; begin < count; begin += AT_ONCE) {
            List<NewTopic> some = new ArrayList<>();
            for (int i = begin; i < Math.min(count, begin + AT_ONCE); ++i) some.add(topic(i));
            admin.createTopics(some).all().get(120, TimeUnit.SECONDS);
        }
    }
}
