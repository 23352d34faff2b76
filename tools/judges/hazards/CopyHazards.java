import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.metadata.AbortTransactionRecord;
import org.apache.kafka.common.metadata.BeginTransactionRecord;
import org.apache.kafka.common.metadata.BrokerRegistrationChangeRecord;
import org.apache.kafka.common.metadata.EndTransactionRecord;
import org.apache.kafka.common.metadata.PartitionRecord;
import org.apache.kafka.common.metadata.RegisterBrokerRecord;
import org.apache.kafka.common.metadata.TopicRecord;

/** What may go wrong while metadata is copied from ZooKeeper into the log. */
final class CopyHazards {
    private static final List<String> SLOW_TO_ELECT = List.of("controller.quorum.fetch.timeout.ms=60000",
        "controller.quorum.election.timeout.ms=60000");

    private CopyHazards() { }

    static Map<String, HazardJudge.Hazard> all() {
        Map<String, HazardJudge.Hazard> all = new LinkedHashMap<>();
        all.put("MB-22", new HazardJudge.Hazard(CopyHazards::failoverInTheCopy));
        all.put("MB-22-control", new HazardJudge.Hazard(CopyHazards::failoverAfterAllWereUnfenced));
        all.put("MB-07", new HazardJudge.Hazard(CopyHazards::halfCompleteCopy));
        all.put("MB-07-control", new HazardJudge.Hazard(CopyHazards::completeCopy));
        all.put("MB-18", new HazardJudge.Hazard(CopyHazards::optimisticIsr));
        all.put("MB-19", new HazardJudge.Hazard(CopyHazards::deadAndUnfenced));
        all.put("MB-24", new HazardJudge.Hazard(CopyHazards::copyOutlivesItsClaim));
        return all;
    }

    static boolean reads(ZooKeeperRequest request, String path) {
        return request.is(ZooKeeperRequest.Kind.READ, path);
    }

    private static boolean isUnfencing(MetadataLog.Entry entry) {
        return entry.message() instanceof BrokerRegistrationChangeRecord change && change.fenced() == -1;
    }

    private static long unfencings(List<MetadataLog.Entry> entries) {
        return entries.stream().filter(CopyHazards::isUnfencing).count();
    }

    /** What follows the last BeginTransaction: of a copy that goes on, its records so far. */
    private static List<MetadataLog.Entry> sinceBegin(List<MetadataLog.Entry> entries) {
        int from = 0;
        for (int i = 0; i < entries.size(); ++i) {
            if (entries.get(i).message() instanceof BeginTransactionRecord) from = i;
        }
        return entries.subList(from, entries.size());
    }

    /** The copy reads broker configs after all topics: there it is held. */
    private static ZooKeeperProxy.Meeting middleOfTheCopy(HazardCluster cluster) {
        return cluster.holdAnswer("controller", each -> reads(each, "/config/brokers"));
    }

    private static List<Integer> fenced(HazardCluster cluster) throws Exception {
        List<Integer> fenced = new ArrayList<>();
        cluster.image().cluster().brokers().forEach((id, broker) -> {
            if (broker.fenced()) fenced.add(id);
        });
        return fenced;
    }

    /** Whether the broker stands still while it is registered and fenced; it is unfenced some 70 ms after it has registered. */
    private static boolean sleepsBeforeItIsUnfenced(HazardCluster cluster, int broker) throws Exception {
        Node leading = cluster.leading();
        long registered = registrations(leading, broker);
        cluster.startBroker(broker, Shape.Broker.MIGRATING);
        for (long end = System.nanoTime() + cluster.patience.toNanos(); registrations(leading, broker) == registered;) {
            if (System.nanoTime() > end) throw new Loopback.Disagreement("broker-" + broker + " does not register");
            Thread.sleep(1);
        }
        cluster.freeze(cluster.brokers.get(broker));
        Thread.sleep(1000);
        return MetadataLog.image(MetadataLog.entries(leading)).cluster().broker(broker).fenced();
    }

    private static long registrations(Node controller, int broker) throws Exception {
        return MetadataLog.entries(controller).stream()
            .filter(each -> each.message() instanceof RegisterBrokerRecord register && register.brokerId() == broker).count();
    }

    /**
     * The last broker's registration sets the copy off, so that it is unfenced inside of the copy's transaction; then the controller dies.
     * The claim is held until the broker stands still between the two.
     */
    private static void failoverInTheCopy(HazardCluster cluster) throws Exception {
        int last = 3;
        cluster.brokerSessionMs = 15_000;
        var claim = cluster.holdRequest("controller", ClaimHazards::claims);
        var middle = middleOfTheCopy(cluster);
        cluster.begin();
        Node sleeper = cluster.brokers.get(last);
        sleeper.stop();
        cluster.startControllers();
        cluster.awaitDriverOfLeader("WAIT_FOR_BROKERS");
        cluster.await("two brokers are unfenced", () -> unfencings(cluster.log()) == 2);
        for (int attempt = 1; !sleepsBeforeItIsUnfenced(cluster, last); ++attempt) {
            if (attempt == 5) throw new Loopback.Disagreement("broker-" + last + " is always unfenced too early");
            cluster.thaw(sleeper);
            sleeper.kill();
        }
        claim.await(cluster.patience);
        claim.release();
        Node active = cluster.controller(middle);
        cluster.thaw(sleeper);
        cluster.await("the last broker is unfenced in the copy", () -> unfencings(sinceBegin(MetadataLog.entries(active))) == 1);
        active.kill();
        middle.cut();
        cluster.note("killed " + active.name + " in the copy");
        cluster.awaitStarted(sleeper);
        int successor = cluster.awaitDriverOfLeader("DUAL_WRITE");
        boolean stays = cluster.staysFor(30, () -> fenced(cluster).equals(List.of(last)));
        cluster.tell(stays, "for 30 s after controller-" + successor + " came to DUAL_WRITE brokers fenced in the log are "
            + fenced(cluster) + ", and all run");
        // The operator's cure: the next activation.
        cluster.startAgain(active);
        cluster.kill(successor);
        cluster.awaitDriverOfLeader("DUAL_WRITE");
        boolean cured = cluster.comes(60, () -> fenced(cluster).isEmpty());
        cluster.note("after one more failover the fenced brokers are " + fenced(cluster) + (cured ? ", cured" : ""));
    }

    /** The same death in the copy of a cluster in which all were unfenced before the claim. */
    private static void failoverAfterAllWereUnfenced(HazardCluster cluster) throws Exception {
        var claim = cluster.holdRequest("controller", ClaimHazards::claims);
        var middle = middleOfTheCopy(cluster);
        cluster.begin();
        cluster.startControllers();
        claim.await(cluster.patience);
        cluster.await("all brokers are unfenced", () -> unfencings(cluster.log()) == cluster.brokers.size());
        claim.release();
        Node active = cluster.controller(middle);
        active.kill();
        middle.cut();
        int successor = cluster.awaitDriverOfLeader("DUAL_WRITE");
        boolean any = !cluster.staysFor(20, () -> fenced(cluster).isEmpty());
        cluster.control(any, active.name + " died in the copy, all brokers had been unfenced before; after controller-" + successor
            + " came to DUAL_WRITE brokers fenced in the log are " + fenced(cluster));
    }

    private static boolean writesOffset(ZooKeeperRequest request) {
        String data = request.dataOf("/migration");
        return request.is(ZooKeeperRequest.Kind.SET_DATA, "/migration") && !data.contains("\"kraft_metadata_offset\":-1");
    }

    /** MIGRATION is in the log and the copy's offset not in /migration. */
    private static void halfCompleteCopy(HazardCluster cluster) throws Exception {
        var offset = cluster.holdRequest("controller", CopyHazards::writesOffset);
        cluster.begin();
        cluster.startControllers();
        Node active = cluster.controller(offset);
        active.kill();
        offset.cut();
        cluster.note("killed " + active.name + " before its copy's offset reached ZooKeeper");
        cluster.awaitLeader();
        cluster.await("the next driver has looked", () -> cluster.leading().logged().contains("to WAIT_FOR_CONTROLLER_QUORUM state"));
        boolean dead = cluster.staysFor(30, () -> List.of("INACTIVE", "WAIT_FOR_CONTROLLER_QUORUM").contains(cluster.driverOfLeader()));
        int second = cluster.awaitLeader();
        String first = cluster.driverOfLeader();
        cluster.startAgain(active);
        cluster.kill(second);
        cluster.awaitLeader();
        boolean deadAgain = !cluster.driverComesTo("DUAL_WRITE", 30);
        cluster.tell(dead && deadAgain, "the log says " + cluster.migrationState() + ", /migration offset " + cluster.migrationOffset()
            + ": for 30 s the driver of controller-" + second + " is in " + first + ", and of its successor controller-"
            + cluster.awaitLeader() + " in " + cluster.driverOfLeader());
    }

    /** The controller dies as well, when the offset has just reached ZooKeeper. */
    private static void completeCopy(HazardCluster cluster) throws Exception {
        var offset = cluster.holdAnswer("controller", CopyHazards::writesOffset);
        cluster.begin();
        cluster.startControllers();
        Node active = cluster.controller(offset);
        active.kill();
        offset.cut();
        boolean comes = cluster.driverComesTo("DUAL_WRITE", 120);
        cluster.control(!comes, active.name + " died when its copy's offset had reached ZooKeeper; the driver of controller-"
            + cluster.awaitLeader() + " is in " + cluster.driverOfLeader());
    }

    /** A partition with one replica in sync has no state in ZooKeeper at the copy. Control: the one beside it, which has. */
    private static void optimisticIsr(HazardCluster cluster) throws Exception {
        int last = 3;
        cluster.brokerSessionMs = HazardCluster.SHORT_SESSION_MS;
        cluster.begin(new NewTopic("thin", Map.of(0, List.of(1, 2), 1, List.of(1, 2))));
        cluster.brokers.get(last).stop();
        cluster.startControllers();
        cluster.awaitDriverOfLeader("WAIT_FOR_BROKERS");
        cluster.await("two brokers are registered", () -> cluster.image().cluster().brokers().size() == 2);
        cluster.brokers.get(1).kill();
        cluster.await("broker-2 alone is in sync", () -> cluster.partitionState("thin", 0).get("isr").toString().equals("[2]")
            && cluster.partitionState("thin", 1).get("isr").toString().equals("[2]"));
        String before = cluster.data("/brokers/topics/thin/partitions/0/state");
        cluster.deleteZnodes("/brokers/topics/thin/partitions/0/state");
        cluster.startBroker(last, Shape.Broker.MIGRATING);
        cluster.awaitDriverOfLeader("DUAL_WRITE");
        Map<Integer, String> copied = new LinkedHashMap<>();
        List<MetadataLog.Entry> log = cluster.log();
        for (MetadataLog.Entry each : log) {
            if (each.message() instanceof PartitionRecord partition
                && partition.topicId().equals(MetadataLog.image(log).topics().getTopic("thin").id()))
                copied.put(partition.partitionId(), "leader " + partition.leader() + ", isr " + partition.isr() + ", leader epoch "
                + partition.leaderEpoch());
        }
        cluster.control(!copied.get(1).startsWith("leader 2, isr [2]"), "thin-1, whose state was there, is copied with " + copied.get(1));
        cluster.tell(copied.get(0).equals("leader 1, isr [1, 2], leader epoch 0"), "thin-0, whose state was " + before
            + " until it was deleted, is copied with " + copied.get(0) + ", while broker-1 is dead");
    }

    private static boolean isLed(HazardCluster cluster, List<MetadataLog.Entry> entries, int broker) {
        var image = MetadataLog.image(entries);
        return !image.cluster().broker(broker).fenced()
            && image.topics().getPartition(image.topics().getTopic("orders").id(), 0).leader == broker;
    }

    /** A broker stands still in a copy that takes longer than its session. Control: it stands still when the copy is over. */
    private static void deadAndUnfenced(HazardCluster cluster) throws Exception {
        int asleep = 1;
        var middle = middleOfTheCopy(cluster);
        cluster.begin();
        cluster.startControllers();
        Node active = cluster.controller(middle);
        cluster.await("all brokers are unfenced", () -> unfencings(MetadataLog.entries(active)) == cluster.brokers.size());
        cluster.freeze(cluster.brokers.get(asleep));
        Thread.sleep(20_000);  // More than twice its session of 9 s.
        middle.release();
        cluster.await("the copy has ended", () -> sinceBegin(MetadataLog.entries(active)).stream()
            .anyMatch(each -> each.message() instanceof EndTransactionRecord));
        List<MetadataLog.Entry> log = MetadataLog.entries(active);
        int end = 0;
        for (int i = 0; i < log.size(); ++i) {
            if (log.get(i).message() instanceof EndTransactionRecord) end = i;
        }
        boolean shown = isLed(cluster, log.subList(0, end + 1), asleep);
        cluster.awaitDriverOfLeader("DUAL_WRITE");
        boolean later = cluster.comes(60, () -> cluster.image().cluster().broker(asleep).fenced());
        cluster.tell(shown, "broker-" + asleep + " stood still for 20 s of the copy; in the image that the copy makes it is "
            + (shown ? "unfenced and leads orders-0" : "fenced, or leads nothing") + "; fenced afterwards: " + later);
        cluster.thaw(cluster.brokers.get(asleep));
        cluster.await("it is unfenced", () -> !cluster.image().cluster().broker(asleep).fenced());
        cluster.rest();
        cluster.freeze(cluster.brokers.get(asleep));
        boolean fenced = cluster.comes(20, () -> cluster.image().cluster().broker(asleep).fenced());
        cluster.control(!fenced, "when it stands still in dual write it is fenced within 20 s: " + fenced);
    }

    /**
     * The controller loses its quorum and wins it back while its driver waits for ZooKeeper in the midst of the copy. Timeouts see to it
     * that it is the one that wins.
     */
    private static void copyOutlivesItsClaim(HazardCluster cluster) throws Exception {
        for (String other : List.of("controller-3001", "controller-3002"))
            cluster.alsoConfigured.put(other, SLOW_TO_ELECT);
        Node active = cluster.controllers.get(3000);
        var second = cluster.proxy.meet(active.name, ZooKeeperProxy.Way.ANSWER, ZooKeeperProxy.Deed.HOLD, 2,
            each -> each.operations().get(0).kind() == ZooKeeperRequest.Kind.READ
            && each.operations().get(0).path().startsWith("/config/topics/"));
        cluster.begin(new NewTopic("audit", Map.of(0, List.of(1, 2))), new NewTopic("payments", Map.of(0, List.of(2, 3))));
        cluster.startControllers();
        second.await(cluster.patience);
        int before = cluster.quorumEpoch(active);
        for (int other : List.of(3001, 3002)) cluster.freeze(cluster.controllers.get(other));
        cluster.await("controller-3000 has resigned", () -> cluster.quorumEpoch(active) > before);
        for (int other : List.of(3001, 3002)) cluster.thaw(cluster.controllers.get(other));
        cluster.await("controller-3000 aborts the copy's transaction", () -> MetadataLog.entries(active).stream()
            .anyMatch(each -> each.message() instanceof AbortTransactionRecord));
        second.release();
        boolean ended = cluster.comes(60, () -> !active.runs());
        List<String> outside = new ArrayList<>();
        boolean open = true;
        for (MetadataLog.Entry each : MetadataLog.entries(active)) {
            if (each.message() instanceof BeginTransactionRecord) open = true;
            if (each.message() instanceof AbortTransactionRecord || each.message() instanceof EndTransactionRecord) open = false;
            if (!open && each.message() instanceof TopicRecord topic) outside.add(topic.name());
        }
        boolean refused = active.logged().contains("no open transaction");
        cluster.startController(3000, true);
        // Whoever leads next copies from the beginning; timeouts see to it that it takes a while until somebody does.
        Node[] next = {null};
        boolean endsAgain = cluster.comes(180, () -> {
            for (Node each : cluster.controllers.values()) {
                if (!each.runs()) next[0] = each;
            }
            return next[0] != null;
        });
        cluster.tell(!outside.isEmpty() && ended && endsAgain, "copied outside of any transaction: " + outside + "; controller-3000 ended"
            + (refused ? " by an EndTransaction without a transaction: " : ": ") + ended + "; the next to lead, " + (next[0] == null
            ? "none" : next[0].name)
            + ", ended" + (endsAgain && next[0].logged().contains("duplicate TopicRecord") ? " by a duplicate TopicRecord: " : ": ")
            + endsAgain);
    }
}
