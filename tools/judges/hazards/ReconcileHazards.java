import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/** What the next controller cannot reconcile: each failover before it goes well, and the one after it does not. */
final class ReconcileHazards {
    private static final int STUCK_SECONDS = 40;

    private ReconcileHazards() { }

    static Map<String, HazardJudge.Hazard> all() {
        Map<String, HazardJudge.Hazard> all = new LinkedHashMap<>();
        all.put("MB-08", new HazardJudge.Hazard(ReconcileHazards::recreatedTopic));
        all.put("MB-10", new HazardJudge.Hazard(ReconcileHazards::partialTopic));
        all.put("MB-11", new HazardJudge.Hazard(ReconcileHazards::unknownConfigType));
        all.put("MB-21", new HazardJudge.Hazard(ReconcileHazards::nameThatIsNone, Shape.Trait.AUTHORIZER));
        return all;
    }

    /** Kills who leads, awaits that another is in dual write, and brings the first back. */
    private static void failOverWell(HazardCluster cluster) throws Exception {
        int first = cluster.kill(cluster.awaitLeader());
        int next = cluster.awaitDriverOfLeader("DUAL_WRITE");
        cluster.control(false, "controller-" + next + " took over and came to DUAL_WRITE");
        cluster.startAgain(cluster.controllers.get(first));
    }

    /** Kills who leads; whether the next stays in its reconciliation. */
    private static boolean isStuckAfterFailover(HazardCluster cluster) throws Exception {
        cluster.kill(cluster.awaitLeader());
        cluster.awaitDriverOfLeader("SYNC_KRAFT_TO_ZK");
        return !cluster.driverComesTo("DUAL_WRITE", STUCK_SECONDS);
    }

    private static String topicId(String znode) throws Exception {
        return RealCluster.JSON.readTree(znode).get("topic_id").asText();
    }

    /** Deleted and made again while the mirror cannot reach ZooKeeper, then a failover. Control: the same with ZooKeeper there. */
    private static void recreatedTopic(HazardCluster cluster) throws Exception {
        NewTopic refunds = new NewTopic("refunds", Map.of(0, List.of(1, 2, 3)));
        NewTopic payments = new NewTopic("payments", Map.of(0, List.of(1, 2, 3), 1, List.of(2, 3, 1)));
        cluster.beginHybrid(refunds, payments);
        cluster.admin.deleteTopics(List.of("refunds")).all().get();
        cluster.create("refunds", 1, 2, 3);
        String id = cluster.image().topics().getTopic("refunds").id().toString();
        boolean there = cluster.comes(30, () -> topicId(cluster.data("/brokers/topics/refunds")).equals(id));
        cluster.control(!there, "with ZooKeeper there the second 'refunds' is " + (there ? "" : "not ") + "in ZooKeeper");
        int active = cluster.awaitLeader();
        String old = topicId(cluster.data("/brokers/topics/payments"));
        cluster.proxy.isolate("controller-" + active);
        cluster.admin.deleteTopics(List.of("payments")).all().get();
        cluster.create("payments", 2, 3, 1);
        cluster.kill(active);
        int next = cluster.awaitDriverOfLeader("DUAL_WRITE");
        boolean missing = cluster.staysFor(20, () -> !cluster.exists("/brokers/topics/payments"));
        cluster.tell(missing, "'payments' was " + old + " and is " + cluster.image().topics().getTopic("payments").id()
            + " in KRaft; 20 s after controller-" + next + " has reconciled, ZooKeeper has " + (cluster.exists("/brokers/topics/payments")
            ? cluster.data("/brokers/topics/payments") : "none")
            + "; broker-1 tells clients of it: " + cluster.toldBy(1, "payments").isPresent());
    }

    private static void partialTopic(HazardCluster cluster) throws Exception {
        cluster.beginHybrid();
        // Something that differs from what the copy assumes where a state is missing: the leader is not the first replica.
        cluster.admin.alterPartitionReassignments(Map.of(new TopicPartition("orders", 2),
            Optional.of(new NewPartitionReassignment(List.of(2, 3, 1))))).all().get();
        cluster.await("orders-2 is reassigned", () -> cluster.data("/brokers/topics/orders").contains("\"2\":[2,3,1]"));
        failOverWell(cluster);
        cluster.deleteZnodes("/brokers/topics/orders/partitions/2/state");
        boolean stuck = isStuckAfterFailover(cluster);
        cluster.tell(stuck, "without the state of orders-2 the next driver is in " + cluster.driverOfLeader() + " after " + STUCK_SECONDS
            + " s; the state is " + (cluster.exists("/brokers/topics/orders/partitions/2/state") ? "there" : "not there"));
    }

    private static void unknownConfigType(HazardCluster cluster) throws Exception {
        cluster.beginHybrid();
        failOverWell(cluster);
        ConfigResource subscription = new ConfigResource(ConfigResource.Type.CLIENT_METRICS, "latency");
        cluster.admin.incrementalAlterConfigs(Map.of(subscription,
            List.of(new AlterConfigOp(new ConfigEntry("interval.ms", "60000"), AlterConfigOp.OpType.SET)))).all().get();
        boolean stuck = isStuckAfterFailover(cluster);
        cluster.tell(stuck, "with a subscription to client metrics the next driver is in " + cluster.driverOfLeader() + " after "
            + STUCK_SECONDS + " s");
        cluster.admin.incrementalAlterConfigs(Map.of(subscription,
            List.of(new AlterConfigOp(new ConfigEntry("interval.ms", null), AlterConfigOp.OpType.DELETE)))).all().get();
        cluster.note("without it the driver comes to DUAL_WRITE: " + cluster.driverComesTo("DUAL_WRITE", 90));
    }

    private static AclBinding mayRead(String group) {
        return new AclBinding(new ResourcePattern(ResourceType.GROUP, group, PatternType.LITERAL),
            new AccessControlEntry("User:alice", "*", AclOperation.READ, AclPermissionType.ALLOW));
    }

    private static void nameThatIsNone(HazardCluster cluster) throws Exception {
        cluster.beginHybrid();
        cluster.admin.createAcls(List.of(mayRead("team-app"))).all().get();
        cluster.await("the ACL is mirrored", () -> cluster.exists("/kafka-acl/Group/team-app"));
        failOverWell(cluster);
        cluster.admin.createAcls(List.of(mayRead("team/app"))).all().get();
        boolean missing = cluster.staysFor(10, () -> !cluster.exists("/kafka-acl/Group/team/app"));
        boolean stuck = isStuckAfterFailover(cluster);
        cluster.tell(missing && stuck, "KRaft took an ACL of group 'team/app', which is " + (missing ? "not " : "")
            + "mirrored; the next driver is in " + cluster.driverOfLeader() + " after " + STUCK_SECONDS + " s");
    }
}
