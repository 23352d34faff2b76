import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.zookeeper.ZooKeeper;

/**
 * Roads that go wrong as they do for people: each makes one mistake or has one misfortune, and what is captured is the
 * cluster that stands there. expect.json says which findings are true of it ("errors", "wedges") and what gates answer.
 */
final class SickMigration extends RealMigration {
    enum Misfortune {
        GHOST_REPLICA, FLAGLESS_CONTROLLER, LEFTOVER_MIGRATION, OLD_CONTROLLERS, KILLED_COPY, EARLY_END, DEAD_BROKER, NO_QUORUM,
        ZOOKEEPER_AWAY, EDITED_ZOOKEEPER, PENDING_DELETION
    }

    private final Misfortune misfortune;

    SickMigration(String[] args) throws java.io.IOException {
        super(args);
        misfortune = of(shape.seed);
    }

    static Misfortune of(long seed) {
        return Misfortune.values()[(int) ((seed - SICK) % Misfortune.values().length)];
    }

    /** What is true of a capture besides phase and drivers, as PAIRS of name and value; lists are words with blanks between. */
    private void sick(String name, String phase, String... pairs) throws Exception {
        capture(name, phase);
        ObjectNode expect = (ObjectNode) JSON.readTree(out.resolve(name).resolve("expect.json").toFile());
        expect.put("sick", misfortune.toString());
        for (int i = 0; i < pairs.length; i += 2) expect.put(pairs[i], pairs[i + 1]);
        Loopback.write(out.resolve(name).resolve("expect.json"), JSON.writerWithDefaultPrettyPrinter().writeValueAsString(expect) + "\n");
    }

    private int lastBroker() {
        return shape.brokers.get(shape.brokers.size() - 1);
    }

    @Override
    void go() throws Exception {
        note(misfortune.toString());
        begin();
        switch (misfortune) {
            case GHOST_REPLICA -> ghostReplica();
            case FLAGLESS_CONTROLLER -> flaglessController();
            case LEFTOVER_MIGRATION -> leftoverMigration();
            case OLD_CONTROLLERS -> oldControllers();
            case KILLED_COPY -> killedCopy();
            case EARLY_END -> earlyEnd();
            case DEAD_BROKER -> deadBroker();
            case NO_QUORUM -> noQuorum();
            case ZOOKEEPER_AWAY -> zooKeeperAway();
            case EDITED_ZOOKEEPER -> editedZooKeeper();
            case PENDING_DELETION -> pendingDeletion();
        }
    }

    /** A broker that was taken away while assignments still name it: the copy never begins (migration.md §6.4). */
    private void ghostReplica() throws Exception {
        int ghost = lastBroker();
        admin.createTopics(List.of(new NewTopic("haunted", Map.of(0, shape.brokers)))).all().get();
        settle();
        brokers.get(ghost).stop();
        note("stopped broker-" + ghost + " for good");
        Thread.sleep(8000);
        sick("p0-ghost", "S0", "errors", "B13 E02", "next", "CLOSED");
        provision();
        for (int id : shape.brokers) {
            if (id == ghost) continue;
            brokers.get(id).stop();
            startBroker(id, Shape.Broker.MIGRATING);
            awaitStarted(brokers.get(id));
        }
        Thread.sleep(10_000);
        sick("p2-ghost", "S2", "errors", "B13 E02", "next", "CLOSED", "wedges", "B13");
    }

    /** With a static quorum the driver waits for it; from 3.7-IV0 on, where controllers register. */
    private void flaglessController() throws Exception {
        int without = shape.controllers.get(shape.controllers.size() - 1);
        formatControllers();
        for (int id : shape.controllers) {
            if (id != without) startController(id, true);
        }
        awaitDriver("WAIT_FOR_CONTROLLER_QUORUM");
        startController(without, false);
        awaitStarted(controllers.get(without));
        Thread.sleep(6000);
        sick("p1-flagless", "S1", "errors", "N11", "next", "CLOSED", "wedges", "N11");
        for (int id : shape.brokers) restartBroker(id, Shape.Broker.MIGRATING);
        Thread.sleep(6000);
        sick("p2-flagless", "S2", "errors", "N11", "next", "CLOSED", "wedges", "N11");
    }

    private void backToZooKeeper(boolean deleteMigration) throws Exception {
        stopControllers();
        try (ZooKeeper session = session(shape.chroot)) {
            session.delete("/controller", -1);
            if (deleteMigration) session.delete("/migration", -1);
        }
        for (int id : shape.brokers) restartBroker(id, Shape.Broker.ZOOKEEPER);
        admin.createTopics(List.of(new NewTopic("made-after-the-way-back", 1, (short) 1))).all().get();
        settle();
    }

    /** Another attempt while /migration says that all was copied: the new quorum's emptiness is written over ZooKeeper (MB-01). */
    private void leftoverMigration() throws Exception {
        provision();
        becomeHybrid();
        backToZooKeeper(false);
        for (Node controller : controllers.values()) {
            Loopback.delete(controller.home.resolve("metadata"));
            Files.delete(controller.log);
        }
        sick("p6-leftover", "R2", "errors", "D01", "retry", "CLOSED", "wedges", "D01");
        provision();
        sick("p1-leftover", "S1", "errors", "D01", "retry", "CLOSED", "wedges", "D01");
        for (int id : shape.brokers) {
            brokers.get(id).stop();
            startBroker(id, Shape.Broker.MIGRATING);
            awaitStarted(brokers.get(id));
        }
        Thread.sleep(30_000);
        sick("p3-leftover", "S4", "errors", "N17 N07 G13", "next", "CLOSED", "wedges", "N17", "diff", "any");
    }

    /** The old controllers are started again after the way back: they claim with what they know (MB-02), or refuse to go on. */
    private void oldControllers() throws Exception {
        provision();
        becomeHybrid();
        boolean deleted = shape.seed % 2 == 0;
        backToZooKeeper(deleted);
        sick("p6-old-controllers", "R2", "errors", "N01 D01", "retry", "CLOSED", "wedges", "N01 D01");
        for (int id : shape.controllers) startController(id, true);
        Thread.sleep(20_000);
        sick("p3-old-controllers", deleted ? "R2" : "S4", "errors", "N09 N01 D03 D01 N07 G13 G07", "next", "CLOSED", "wedges", "N09 N01 D01 G07",
            "diff", "any");
    }

    /** The active controller dies while it copies; the next one copies again, and may leave a broker fenced (MB-22). */
    private void killedCopy() throws Exception {
        provision();
        int last = lastBroker();
        for (int id : shape.brokers) {
            if (id != last) restartBroker(id, Shape.Broker.MIGRATING);
        }
        brokers.get(last).stop();
        startBroker(last, Shape.Broker.MIGRATING);
        int[] active = {-1};
        Loopback.await("the copy has begun", patience, () -> {
            for (int spin = 0; spin < 200; ++spin) {
                for (Map.Entry<Integer, Node> each : controllers.entrySet()) {
                    if (!each.getValue().logged().contains("to ZK_MIGRATION state")) continue;
                    active[0] = each.getKey();
                    return true;
                }
                Thread.sleep(3);
            }
            return false;
        });
        controllers.get(active[0]).kill();
        note("killed controller-" + active[0] + " in the copy");
        startController(active[0], true);
        awaitDriver("DUAL_WRITE");
        Thread.sleep(12_000);
        sick("p3-copied-again", "S4", "may", "N05 E02");
    }

    /** The controllers lose the flag while brokers are in ZooKeeper mode: nothing prevents it (KAFKA-20960). */
    private void earlyEnd() throws Exception {
        provision();
        becomeHybrid();
        stopControllers();
        for (int id : shape.controllers) startController(id, false);
        for (int id : shape.controllers) awaitStarted(controllers.get(id));
        Thread.sleep(15_000);
        sick("p5-early", "S8", "errors", "H01 H02 G07", "wedges", "H01", "next", "CLOSED", "rollback", "CLOSED");
    }

    /** A broker dies in hybrid and is fenced; the migration itself is well. */
    private void deadBroker() throws Exception {
        provision();
        becomeHybrid();
        brokers.get(lastBroker()).kill();
        note("killed broker-" + lastBroker());
        Thread.sleep(20_000);
        sick("p3-dead-broker", "S4", "errors", "E02", "finalize", "CLOSED");
    }

    /** The majority of the controllers dies: nobody leads. */
    private void noQuorum() throws Exception {
        provision();
        becomeHybrid();
        int survivor = shape.controllers.get(0);
        for (int id : shape.controllers) {
            if (id != survivor) controllers.get(id).kill();
        }
        note("killed all controllers but " + survivor);
        Thread.sleep(15_000);
        sick("p3-no-quorum", "S4", "status", "unknown");
    }

    private void zooKeeperAway() throws Exception {
        provision();
        becomeHybrid();
        for (int id : shape.brokers) restartBroker(id, Shape.Broker.KRAFT);
        settle();
        zookeeper.kill();
        note("killed ZooKeeper");
        admin.createTopics(List.of(new NewTopic("made-without-zookeeper", 2, (short) 1))).all().get();
        Thread.sleep(15_000);
        // Up to a minute of it is told as what is not mirrored yet.
        sick("p4-zookeeper-away", "S6", "may", "N08 N10", "diff", "any", "rollback", "CLOSED");
    }

    /** Somebody writes into ZooKeeper itself while KRaft leads. */
    private void editedZooKeeper() throws Exception {
        provision();
        becomeHybrid();
        admin.createTopics(List.of(new NewTopic("edited", Map.of(0, List.of(shape.brokers.get(0)))).configs(Map.of("retention.ms", "4000"))))
            .all().get();
        settle();
        try (ZooKeeper session = session(shape.chroot)) {
            session.setData("/config/topics/edited", "{\"version\":1,\"config\":{\"retention.ms\":\"5000\"}}".getBytes(), -1);
        }
        Thread.sleep(3000);
        sick("p3-edited", "S4", "errors", "G13 N07", "diff", "1");
    }

    /** A dead broker holds up deletions while the controllers come; with it back, all is well. */
    private void pendingDeletion() throws Exception {
        int away = lastBroker();
        List<Integer> both = shape.brokers.size() > 1 ? List.of(shape.brokers.get(0), away) : List.of(away);
        admin.createTopics(List.of(new NewTopic("to-be-deleted", Map.of(0, both, 1, both)))).all().get();
        settle();
        brokers.get(away).stop();
        note("stopped broker-" + away);
        if (shape.brokers.size() > 1) {
            admin.deleteTopics(List.of("to-be-deleted")).all().get();
        }
        Thread.sleep(6000);
        sick("p0-pending", "S0", "errors", "B13 E02", "next", "CLOSED");
        provision();
        List<Integer> order = new ArrayList<>(shape.brokers);
        for (int id : order) {
            brokers.get(id).stop();
            startBroker(id, Shape.Broker.MIGRATING);
            awaitStarted(brokers.get(id));
        }
        awaitDriver("DUAL_WRITE");
        settle();
        capture("p3-hybrid", "S4");
    }
}
