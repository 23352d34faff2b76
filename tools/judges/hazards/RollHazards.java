import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** What those who produce notice of brokers that are restarted. */
final class RollHazards {
    /** A broker stays away for so long; what waits longer than half of it waited for the broker. */
    private static final int AWAY_MS = 20_000;

    private RollHazards() { }

    static Map<String, HazardJudge.Hazard> all() {
        Map<String, HazardJudge.Hazard> all = new LinkedHashMap<>();
        all.put("roll-in-hybrid", new HazardJudge.Hazard(RollHazards::recordsWait));
        all.put("MB-28", new HazardJudge.Hazard(RollHazards::copiedWithoutLeader));
        return all;
    }

    private interface Absence {
        void begin(Node broker) throws Exception;
    }

    /** The longest wait of a record with acks=all for a partition whose leader is there, while a follower of it is away. */
    private static long longestWait(HazardCluster cluster, Absence absence) throws Exception {
        Properties properties = RandomChanges.clients(cluster.shape);
        properties.put("acks", "all");
        properties.put("delivery.timeout.ms", "120000");
        AtomicBoolean goesOn = new AtomicBoolean(true);
        AtomicLong longest = new AtomicLong();
        try (KafkaProducer<String, String> producer =
                 new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer())) {
            Thread produces = new Thread(() -> {
                while (goesOn.get()) {
                    long begun = System.nanoTime();
                    try {
                        producer.send(new ProducerRecord<>("orders", 0, null, "record")).get();
                        Thread.sleep(50);
                    } catch (Exception e) {
                        cluster.note("a record failed: " + e);
                    }
                    longest.accumulateAndGet((System.nanoTime() - begun) / 1_000_000, Math::max);
                }
            });
            producer.send(new ProducerRecord<>("orders", 0, null, "first")).get();
            produces.start();
            Thread.sleep(3000);
            Node away = cluster.brokers.get(3);
            absence.begin(away);
            Thread.sleep(AWAY_MS);
            cluster.startBroker(3, Shape.Broker.MIGRATING);
            cluster.awaitStarted(away);
            cluster.rest();
            goesOn.set(false);
            produces.join();
        }
        return longest.get();
    }

    /** Broker 3, a follower, is stopped in good order and stays away. Controls: the same in ZooKeeper mode, and one that is killed. */
    private static void recordsWait(HazardCluster cluster) throws Exception {
        cluster.brokerSessionMs = HazardCluster.SHORT_SESSION_MS;
        cluster.begin();
        long before = longestWait(cluster, Node::stop);
        cluster.control(before > AWAY_MS / 2, "in ZooKeeper mode a broker was stopped in good order and away for 20 s; no record waited longer than "
            + before + " ms");
        cluster.startControllers();
        cluster.awaitDriverOfLeader("DUAL_WRITE");
        cluster.rest();
        long hybrid = longestWait(cluster, Node::stop);
        cluster.tell(hybrid > AWAY_MS / 2, "in hybrid the same broker was stopped in good order and away for 20 s; a record waited for "
            + hybrid + " ms");
        long killed = longestWait(cluster, Node::kill);
        cluster.control(killed > AWAY_MS * 3 / 4, "in hybrid it was killed and away for 20 s; no record waited longer than " + killed + " ms");
    }

    /** ZooKeeper's controller is too slow to give the last broker's partition its leader back, and the broker is unfenced before the copy. */
    private static void copiedWithoutLeader(HazardCluster cluster) throws Exception {
        String state = "/brokers/topics/alone/partitions/0/state";
        cluster.begin(new NewTopic("alone", Map.of(0, List.of(3))));
        Node last = cluster.brokers.get(3);
        last.stop();
        cluster.await("'alone' has no leader", () -> cluster.partitionState("alone", 0).get("leader").asInt() == -1);
        cluster.startControllers();
        cluster.awaitDriverOfLeader("WAIT_FOR_BROKERS");
        var election = cluster.holdRequest("broker", each -> each.is(ZooKeeperRequest.Kind.SET_DATA, state));
        var claim = cluster.holdRequest("controller", ClaimHazards::claims);
        cluster.startBroker(3, Shape.Broker.MIGRATING);
        election.await(cluster.patience);
        cluster.note("ZooKeeper's controller would elect, and is slow");
        claim.await(cluster.patience);
        cluster.await("broker-3 is unfenced", () -> !cluster.image().cluster().broker(3).fenced());
        cluster.note("broker-3 is unfenced before the copy");
        claim.release();
        cluster.awaitDriverOfLeader("DUAL_WRITE");
        election.release();
        boolean leaderless = cluster.staysFor(30, () -> leader(cluster, "alone") == -1);
        cluster.tell(leaderless, "for 30 s after the copy 'alone', whose only replica is on broker-3, has leader "
            + leader(cluster, "alone") + "; broker-3 is " + (cluster.image().cluster().broker(3).fenced() ? "" : "un") + "fenced");
        cluster.control(leader(cluster, "orders") == -1, "orders-0 came out of the same copy with leader " + leader(cluster, "orders"));
    }

    private static int leader(HazardCluster cluster, String topic) throws Exception {
        var image = cluster.image();
        return image.topics().getPartition(image.topics().getTopic(topic).id(), 0).leader;
    }
}
