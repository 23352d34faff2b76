import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.metadata.PartitionRegistration;
import org.apache.zookeeper.ZooKeeper;

/** What a step that is forgotten, or taken too early, does on the way back, in the next attempt, or at the end. */
final class WayBackHazards {
    private WayBackHazards() { }

    static Map<String, HazardJudge.Hazard> all() {
        Map<String, HazardJudge.Hazard> all = new LinkedHashMap<>();
        all.put("MB-01", new HazardJudge.Hazard(WayBackHazards::leftoverMigration));
        all.put("MB-02", new HazardJudge.Hazard(WayBackHazards::staleLog));
        all.put("MB-13", new HazardJudge.Hazard(WayBackHazards::twoControllers));
        all.put("MB-14", new HazardJudge.Hazard(cluster -> partitionEpochBehind(cluster, true)));
        all.put("MB-14-control", new HazardJudge.Hazard(cluster -> partitionEpochBehind(cluster, false)));
        all.put("MB-15", new HazardJudge.Hazard(WayBackHazards::finalisedEarly));
        all.put("KAFKA-20488", new HazardJudge.Hazard(WayBackHazards::epochBelow));
        return all;
    }

    private static void awaitBrokerAsController(HazardCluster cluster) throws Exception {
        cluster.await("a broker is controller", () -> cluster.brokers.containsKey(cluster.registered()));
        cluster.note("broker-" + cluster.registered() + " is controller");
    }

    private static void goBack(HazardCluster cluster, String... delete) throws Exception {
        cluster.stopControllers();
        cluster.deleteZnodes(delete);
        awaitBrokerAsController(cluster);
        cluster.restartBrokers(Shape.Broker.ZOOKEEPER);
        cluster.rest();
    }

    private static void beginAgain(HazardCluster cluster) throws Exception {
        cluster.formatControllers();
        cluster.startControllers();
        cluster.restartBrokers(Shape.Broker.MIGRATING);
    }

    /** Back from hybrid, and again with new controllers and the old /migration. Control: the same with /migration deleted. */
    private static void leftoverMigration(HazardCluster cluster) throws Exception {
        cluster.beginHybrid();
        goBack(cluster, "/controller", "/migration");
        cluster.wipeControllers();
        beginAgain(cluster);
        cluster.awaitDriverOfLeader("DUAL_WRITE");
        List<String> topics = cluster.children("/brokers/topics");
        cluster.control(!topics.contains("orders"),
            "with /migration deleted the second attempt comes to DUAL_WRITE; topics in ZooKeeper: " + topics);
        goBack(cluster, "/controller");
        cluster.wipeControllers();
        cluster.note("/migration still says " + cluster.data("/migration"));
        beginAgain(cluster);
        boolean wiped = cluster.comes(120, () -> cluster.children("/brokers/topics").isEmpty());
        cluster.tell(wiped, "with /migration left the next attempt's driver is in " + cluster.driverOfLeader() + ", the log says "
            + cluster.migrationState() + ", topics in ZooKeeper: " + cluster.children("/brokers/topics") + ", before: " + topics);
    }

    /** Back from hybrid, a topic is made, and the old controllers are started again with their log and /migration. */
    private static void staleLog(HazardCluster cluster) throws Exception {
        cluster.beginHybrid();
        String migration = cluster.data("/migration");
        goBack(cluster, "/controller", "/migration");
        cluster.create("between", 1, 2, 3);
        cluster.startControllers();
        cluster.awaitLeader();
        boolean kept = cluster.staysFor(25, () -> cluster.exists("/brokers/topics/between")
            && cluster.brokers.containsKey(cluster.registered()));
        cluster.control(!kept, "without /migration the old controllers' driver is in " + cluster.driverOfLeader() + ", broker-"
            + cluster.registered() + " stays controller, and the topic made meanwhile stays");
        cluster.stopControllers();
        try (ZooKeeper session = cluster.session("")) {
            session.setData("/migration", migration.getBytes(StandardCharsets.UTF_8), -1);
        }
        cluster.note("/migration says again " + migration);
        cluster.startControllers();
        boolean gone = cluster.comes(60, () -> !cluster.exists("/brokers/topics/between"));
        cluster.tell(gone, "with /migration left the old controllers' driver is in " + cluster.driverOfLeader() + ", /controller names "
            + cluster.registered()
            + ", and the topic made meanwhile " + (gone ? "is gone from ZooKeeper" : "stays") + "; broker-1 tells clients of it: "
            + cluster.toldBy(1, "between").isPresent());
    }

    private static boolean takesConfig(Admin admin, String value) throws Exception {
        try {
            admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.BROKER, ""),
                List.of(new AlterConfigOp(new ConfigEntry("log.retention.ms", value), AlterConfigOp.OpType.SET)))).all().get();
            return true;
        } catch (java.util.concurrent.ExecutionException refused) {
            return false;
        }
    }

    private static Admin ofControllers(HazardCluster cluster) {
        Properties properties = new Properties();
        properties.put("bootstrap.controllers", String.join(",",
            cluster.shape.controllers.stream().map(each -> "127.0.0.1:" + cluster.shape.ports.get("controller-" + each)).toList()));
        properties.put("default.api.timeout.ms", "20000");
        properties.put("request.timeout.ms", "10000");
        return Admin.create(properties);
    }

    /** /controller is deleted while the quorum rules. Control: before that the brokers have no controller of their own. */
    private static void twoControllers(HazardCluster cluster) throws Exception {
        cluster.beginHybrid();
        try (Admin quorum = ofControllers(cluster)) {
            boolean one = cluster.staysFor(5, () -> cluster.registered() == cluster.leader().orElse(-1));
            cluster.control(!one, "before, /controller names who leads the quorum: " + one);
            cluster.deleteZnodes("/controller");
            awaitBrokerAsController(cluster);
            String[] made = {""};
            cluster.await("brokers take orders from ZooKeeper's controller", () -> {
                made[0] = "of-zookeeper-" + System.nanoTime();
                cluster.create(made[0], 1, 2, 3);
                return cluster.image().topics().getTopic(made[0]) == null && cluster.exists("/brokers/topics/" + made[0]);
            });
            boolean kraft = takesConfig(quorum, "33333333");
            cluster.tell(kraft, "broker-" + cluster.registered() + " is controller and acknowledged topic " + made[0]
                + ", which KRaft does not know; the quorum, led by controller-"
                + cluster.awaitLeader() + " with its driver in " + cluster.driverOfLeader() + ", acknowledged a config: "
                + kraft);
        }
    }

    /** The controllers lose the flag in hybrid. Control: they are restarted with it. */
    private static void finalisedEarly(HazardCluster cluster) throws Exception {
        cluster.beginHybrid();
        cluster.stopControllers();
        cluster.startControllers();
        cluster.awaitDriverOfLeader("DUAL_WRITE");
        cluster.create("before", 1, 2, 3);
        boolean told = cluster.comes(60, () -> cluster.toldBy(2, "before").isPresent());
        cluster.control(!told, "controllers restarted with the flag; the log says " + cluster.migrationState()
            + ", broker-2 hears of a new topic: " + told);
        cluster.stopControllers();
        for (int id : cluster.shape.controllers) cluster.startController(id, false);
        cluster.await("the log says POST_MIGRATION", () -> cluster.migrationState().equals("POST_MIGRATION"));
        cluster.await("a topic is made", () -> {
            if (cluster.image().topics().getTopic("after") == null) cluster.create("after", 1, 2, 3);
            return true;
        });
        boolean orphaned = cluster.staysFor(30, () -> cluster.toldBy(2, "after").isEmpty());
        cluster.tell(orphaned, "controllers without the flag finalised (the log says " + cluster.migrationState()
            + ") while all brokers are in ZooKeeper mode; KRaft has a topic made since: "
            + (cluster.image().topics().getTopic("after") != null)
            + ", for 30 s broker-2 " + (orphaned ? "heard nothing of it" : "heard of it") + ", in ZooKeeper: "
            + cluster.exists("/brokers/topics/after"));
    }

    /** The quorum's epoch is above /controller_epoch when a topic is made, and nobody looks at it on the way back. */
    private static void epochBelow(HazardCluster cluster) throws Exception {
        int last = 3;
        cluster.brokerSessionMs = HazardCluster.SHORT_SESSION_MS;
        cluster.begin(new NewTopic("of-zookeeper", Map.of(0, List.of(1, 2))));  // Nothing of it changes while KRaft leads.
        cluster.brokers.get(last).stop();
        cluster.startControllers();
        cluster.awaitDriverOfLeader("WAIT_FOR_BROKERS");
        for (int flap = 0; flap < 4; ++flap) {
            Node leading = cluster.leading();
            cluster.freeze(leading);
            cluster.awaitLeader();
            cluster.thaw(leading);
        }
        cluster.startBroker(last, Shape.Broker.MIGRATING);
        cluster.awaitStarted(cluster.brokers.get(last));
        cluster.awaitDriverOfLeader("DUAL_WRITE");
        cluster.rest();
        cluster.create("under-kraft", 1, 2, 3);
        cluster.await("the topic is mirrored", () -> cluster.exists("/brokers/topics/under-kraft/partitions/0/state"));
        int written = cluster.partitionState("under-kraft", 0).get("controller_epoch").asInt();
        String epoch = cluster.data("/controller_epoch");
        cluster.note("/controller_epoch is " + epoch + ", the state of under-kraft-0 says " + written + ", of orders-0 "
            + cluster.partitionState("orders", 0).get("controller_epoch"));
        cluster.stopControllers();
        cluster.deleteZnodes("/controller", "/migration");
        awaitBrokerAsController(cluster);
        int dead = 1;
        for (String topic : List.of("under-kraft", "of-zookeeper")) {
            if (cluster.partitionState(topic, 0).get("leader").asInt() != dead)
                throw new Loopback.Disagreement("broker-" + dead + " does not lead " + topic);
        }
        cluster.brokers.get(dead).kill();
        cluster.note("killed broker-" + dead + ", which leads both");
        boolean elects = cluster.comes(60, () -> cluster.partitionState("of-zookeeper", 0).get("leader").asInt() != dead);
        cluster.control(!elects, "of-zookeeper-0, made in ZooKeeper mode, has another leader: " + elects);
        boolean none = cluster.staysFor(30, () -> cluster.partitionState("under-kraft", 0).get("leader").asInt() == dead);
        cluster.tell(none && elects, "/controller_epoch was " + epoch + " and is " + cluster.data("/controller_epoch")
            + ", the state of under-kraft-0 says " + written + "; for 30 s after the dead broker was noticed its leader is "
            + cluster.partitionState("under-kraft", 0).get("leader"));
    }

    private static boolean takesRecord(HazardCluster cluster) throws Exception {
        Properties properties = RandomChanges.clients(cluster.shape);
        properties.put("acks", "all");
        properties.put("request.timeout.ms", "4000");
        properties.put("delivery.timeout.ms", "5000");
        properties.put("linger.ms", "0");
        properties.put("max.block.ms", "5000");
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>("orders", 0, null, "a record")).get();
            return true;
        } catch (java.util.concurrent.ExecutionException timedOut) {
            return false;
        }
    }

    private static String isr(HazardCluster cluster) throws Exception {
        return cluster.partitionState("orders", 0).get("isr").toString();
    }

    /**
     * The followers of orders-0 come back in sync while the mirror cannot reach ZooKeeper (or can, for the control), so that its state falls
     * behind the partition epoch that its leader knows; then the way back, without a restart of the brokers, and a follower dies.
     */
    private static void partitionEpochBehind(HazardCluster cluster, boolean behind) throws Exception {
        cluster.brokerSessionMs = 12_000;
        cluster.alsoConfigured.put("broker", List.of("replica.lag.time.max.ms=4000"));
        cluster.alsoConfigured.put("controller", List.of("broker.session.timeout.ms=60000"));
        cluster.beginHybrid();
        for (int each : List.of(2, 3)) cluster.freeze(cluster.brokers.get(each));
        cluster.await("broker-1 alone is in sync", () -> {
            takesRecord(cluster);
            return isr(cluster).equals("[1]");
        });
        int first = partition(cluster).partitionEpoch;
        int active = cluster.awaitLeader();
        if (behind) cluster.proxy.isolate("controller-" + active);
        for (int each : List.of(2, 3)) {
            cluster.thaw(cluster.brokers.get(each));
            cluster.await("broker-" + each + " is in sync", () -> {
                for (int isr : partition(cluster).isr) {
                    if (isr == each) return true;
                }
                return false;
            });
        }
        cluster.note("partition epoch was " + first + " and is " + partition(cluster).partitionEpoch + "; version of the state's znode is "
            + cluster.version("/brokers/topics/orders/partitions/0/state"));
        if (!behind) cluster.await("ZooKeeper has it", () -> isr(cluster).length() == "[1,2,3]".length());
        String epochs = "KRaft's partition epoch is " + partition(cluster).partitionEpoch + ", the znode's version "
            + cluster.version("/brokers/topics/orders/partitions/0/state");
        for (int each : cluster.shape.controllers) {
            if (each != active) cluster.controllers.get(each).stop();
        }
        cluster.kill(active);  // Asked to stop while its driver waits for ZooKeeper, it once did not within three minutes.
        try (ZooKeeper session = cluster.session("")) {
            session.setData("/controller_epoch", "100".getBytes(StandardCharsets.UTF_8), -1);
        }
        cluster.deleteZnodes("/controller", "/migration");
        awaitBrokerAsController(cluster);
        cluster.await("records are taken", () -> takesRecord(cluster));
        cluster.brokers.get(2).kill();
        cluster.note("killed broker-2");
        boolean stalls = !cluster.comes(60, () -> takesRecord(cluster));
        String evidence = epochs + "; 60 s after broker-2 died orders-0 " + (stalls ? "takes no record" : "takes records")
            + " with acks=all, ZooKeeper says isr " + isr(cluster) + ", leader " + cluster.partitionState("orders", 0).get("leader");
        if (!behind) {
            cluster.control(stalls, evidence);
            return;
        }
        cluster.brokers.get(1).stop();
        cluster.startBroker(1, Shape.Broker.MIGRATING);
        cluster.awaitStarted(cluster.brokers.get(1));
        cluster.tell(stalls, evidence + "; with broker-1 restarted it does: " + cluster.comes(90, () -> takesRecord(cluster)));
    }

    private static PartitionRegistration partition(HazardCluster cluster) throws Exception {
        var topics = cluster.image().topics();
        return topics.getPartition(topics.getTopic("orders").id(), 0);
    }
}
