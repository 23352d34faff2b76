import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;

/** A gate that never opens, and one that is always open. */
final class GateHazards {
    private GateHazards() { }

    static Map<String, HazardJudge.Hazard> all() {
        Map<String, HazardJudge.Hazard> all = new LinkedHashMap<>();
        all.put("MB-16", new HazardJudge.Hazard(GateHazards::ghostReplica));
        all.put("vacuous-gate", new HazardJudge.Hazard(GateHazards::controllerWithoutFlag, Shape.Trait.DYNAMIC_QUORUM));
        all.put("vacuous-gate-control", new HazardJudge.Hazard(GateHazards::controllerWithoutFlag));
        return all;
    }

    /** An assignment names a broker that is no more. Control: without it the same cluster goes on. */
    private static void ghostReplica(HazardCluster cluster) throws Exception {
        cluster.begin();
        String ghost = "{\"removing_replicas\":{},\"partitions\":{\"0\":[9]},\"topic_id\":\"AAAAAAAAAAAAAAAAAAAAAQ\","
            + "\"adding_replicas\":{},\"version\":3}";
        try (ZooKeeper session = cluster.session("")) {
            session.create("/brokers/topics/left-behind", ghost.getBytes(StandardCharsets.UTF_8), ZooDefs.Ids.OPEN_ACL_UNSAFE,
                CreateMode.PERSISTENT);
        }
        cluster.startControllers();
        cluster.awaitDriverOfLeader("WAIT_FOR_BROKERS");
        cluster.await("all brokers are registered", () -> cluster.image().cluster().brokers().size() == 3);
        boolean waits = cluster.staysFor(40, () -> cluster.driverOfLeader().equals("WAIT_FOR_BROKERS"));
        cluster.tell(waits, "all three brokers are registered, topic left-behind names broker 9; for 40 s the driver is in "
            + cluster.driverOfLeader());
        cluster.deleteZnodes("/brokers/topics/left-behind");
        cluster.awaitDriverOfLeader("DUAL_WRITE");
        cluster.control(false, "with the topic deleted the driver came to DUAL_WRITE");
    }

    /** One of three controllers has not the flag. The gate looks at the static voters alone, of which a dynamic quorum has none. */
    private static void controllerWithoutFlag(HazardCluster cluster) throws Exception {
        int without = 3002;
        cluster.begin();
        cluster.startController(3000, true);
        cluster.startController(3001, true);
        cluster.awaitLeader();
        cluster.startController(without, false);  // Had it led first, the log would say NONE, and nobody could migrate.
        cluster.await("all controllers have registered", () -> cluster.image().cluster().controllers().size() == 3);
        boolean copies = cluster.driverComesTo("DUAL_WRITE", 40);
        String evidence = "controller-" + without + " registered with zkMigrationReady="
            + cluster.image().cluster().controllers().get(without).zkMigrationReady() + "; controller-" + cluster.awaitLeader()
            + " leads, its driver is in " + cluster.driverOfLeader() + ", the log says " + cluster.migrationState();
        if (cluster.shape.dynamicQuorum) cluster.tell(copies, "dynamic quorum: " + evidence);
        else cluster.control(copies, "static quorum: " + evidence);
    }
}
