import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.admin.Admin;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooKeeper;

/**
 * One whole migration of a real cluster, made by its seed: to the end or back again, captured phase by phase. Seeds from
 * SICK on are of roads that go wrong (SickMigration).
 */
class RealMigration extends RealCluster {
    static final long SICK = 1000;

    RealMigration(String[] args) throws java.io.IOException {
        super(args);
    }

    /** JARS ZOOKEEPER_CLASSPATH WORK OUT SEED VERSION TOPICS. */
    public static void main(String[] args) throws Exception {
        RealMigration migration = Long.parseLong(args[4]) < SICK ? new RealMigration(args) : new SickMigration(args);
        Runtime.getRuntime().addShutdownHook(new Thread(migration::killAll));
        int code = 0;
        try {
            migration.note(migration.shape + (migration.manyTopics > 0 ? ", " + migration.manyTopics + " topics more" : ""));
            migration.go();
        } catch (Loopback.Disagreement e) {
            migration.note("ended: " + e.getMessage());
            System.out.println("the real cluster: " + e.getMessage());
            code = 1;
        }
        System.exit(code);
    }

    void go() throws Exception {
        begin();
        provision();
        capture("p1-controllers-ready", "S1");
        becomeHybrid();
        capture("p3-hybrid", "S4");
        change("p3", 14);
        capture("p3-hybrid-changed", "S4");
        if (shape.failover == Shape.Failover.HYBRID) failOver("p3", "S4");
        if (shape.road == Shape.Road.BACK_FROM_HYBRID) {
            goBack();
            return;
        }

        rollBrokers(Shape.Broker.KRAFT, "p4-rolling", "S5");
        change("p4", 10);
        capture("p4-dual-write", "S6");
        if (shape.failover == Shape.Failover.DUAL_WRITE) failOver("p4", "S6");
        if (shape.road == Shape.Road.BACK_FROM_DUAL_WRITE) {
            rollBrokers(Shape.Broker.MIGRATING, "p4-rolling-back", "R1");
            settle();
            capture("p4-hybrid-again", "R1");
            goBack();
            return;
        }
        finalise();
    }

    void begin() throws Exception {
        startZooKeeper();
        for (int id : shape.brokers) startBroker(id, Shape.Broker.ZOOKEEPER);
        for (Node broker : brokers.values()) awaitStarted(broker);
        admin = Admin.create(RandomChanges.clients(shape));
        rest();
        if (manyTopics > 0) {
            new ManyTopics(shape).create(admin, manyTopics);
            note("created " + manyTopics + " topics");
        }
        change("p0", 20);
        capture("p0-zookeeper", "S0");
    }

    void provision() throws Exception {
        formatControllers();
        for (int id : shape.controllers) startController(id, true);
        awaitDriver("WAIT_FOR_BROKERS");
        Thread.sleep(2000);
    }

    void becomeHybrid() throws Exception {
        rollBrokers(Shape.Broker.MIGRATING, "p2-rolling", "S2");
        awaitDriver("DUAL_WRITE");
        settle();
    }

    void rollBrokers(Shape.Broker mode, String name, String phase) throws Exception {
        int last = shape.brokers.get(shape.brokers.size() - 1);
        for (int id : shape.brokers) {
            restartBroker(id, mode);
            if (id != shape.brokers.get(0) || id == last) continue;
            settle();
            capture(name, phase);
        }
    }

    void failOver(String name, String phase) throws Exception {
        int active = acting().orElseThrow(() -> new Loopback.Disagreement("no controller acts"));
        controllers.get(active).kill();
        note("killed controller-" + active);
        if (controllers.size() == 1 || controllers.size() == 2) startController(active, true);
        awaitDriver("DUAL_WRITE");
        change(name + "-failover", 5);
        capture(name + "-after-failover", phase);
        if (controllers.get(active).runs()) return;
        startController(active, true);
        awaitStarted(controllers.get(active));
        settle();
    }

    void stopControllers() throws Exception {
        for (Node controller : controllers.values()) controller.terminate();
        for (Node controller : controllers.values()) controller.stop();
        note("stopped the controllers");
    }

    void goBack() throws Exception {
        stopControllers();
        capture("p6-controllers-stopped", shape.road == Shape.Road.BACK_FROM_HYBRID ? "S4" : "R1");
        try (ZooKeeper session = session(shape.chroot)) {
            session.delete("/controller", -1);
            session.delete("/migration", -1);
        }
        note("deleted /controller and /migration");
        Loopback.await("a broker is controller", patience, () -> {
            try (ZooKeeper session = session(shape.chroot)) {
                JsonNode data = JSON.readTree(new String(session.getData("/controller", false, null), StandardCharsets.UTF_8));
                return brokers.containsKey(data.get("brokerid").asInt());
            } catch (KeeperException.NoNodeException none) {
                return false;
            }
        });
        capture("p6-controller-elected", "R2");
        boolean well = true;
        for (int id : shape.brokers) {
            brokers.get(id).stop();
            startBroker(id, Shape.Broker.ZOOKEEPER);
            awaitStarted(brokers.get(id));
            try {
                Loopback.await("every ISR is complete", Duration.ofSeconds(60), this::isAtRest);
            } catch (Loopback.Disagreement e) {
                note("after broker-" + id + ": " + e.getMessage());
                well = false;
            }
        }
        Loopback.write(out.resolve("way-back.txt"), well ? "well\n" : "partitions without a leader, or replicas out of sync\n");
        if (well) change("p6", 6);
        capture("p6-rolled-back", "R2");
        for (Node controller : controllers.values()) Loopback.delete(controller.home.resolve("metadata"));
        capture("p6-wiped", "S0");
    }

    void finalise() throws Exception {
        int active = acting().orElseThrow(() -> new Loopback.Disagreement("no controller acts"));
        List<Integer> order = new ArrayList<>(shape.controllers);
        order.remove(Integer.valueOf(active));
        order.add(active);
        for (int id : order) {
            controllers.get(id).stop();
            note("stopped controller-" + id);
            startController(id, false);
            awaitStarted(controllers.get(id));
            rest();
            if (id != order.get(0) || id == active) continue;
            // Of two controllers the one without the flag may be elected now, and ends the migration.
            for (int i = 0; i < 20 && acting().isEmpty(); ++i) Thread.sleep(1000);
            settle();
            capture("p5-rolling", "S7");
        }
        change("p5", 6);
        capture("p5-finalised", "S8");
    }
}
