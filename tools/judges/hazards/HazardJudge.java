import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Tries one hazard on a real cluster. Prints "hazard shown …" or "hazard not-shown …", and the same of the control, which is
 * the tape without its cause.
 */
final class HazardJudge {
    interface Trial {
        void run(HazardCluster cluster) throws Exception;
    }

    /** A trial, and what its cluster has besides. */
    record Hazard(Trial trial, Shape.Trait... traits) { }

    private static final Map<String, Hazard> HAZARDS = new LinkedHashMap<>();

    static {
        Stream.of(ClaimHazards.all(), CopyHazards.all(), MirrorHazards.all(), ReconcileHazards.all(), WayBackHazards.all(),
            GateHazards.all(), RollHazards.all(),
            AuthorizerHazards.all()).forEach(HAZARDS::putAll);
    }

    private HazardJudge() { }

    /** `list`, or JARS ZOOKEEPER_CLASSPATH WORK OUT VERSION HAZARD. */
    public static void main(String[] args) throws Exception {
        if (args[0].equals("list")) {
            HAZARDS.keySet().forEach(System.out::println);
            return;
        }
        Hazard hazard = HAZARDS.get(args[5]);
        // A broker may stand still, and its session lives.
        HazardCluster cluster = new HazardCluster(args, Shape.plain(args[4], HazardCluster.LONG_SESSION_MS, hazard.traits));
        Runtime.getRuntime().addShutdownHook(new Thread(cluster::killAll));
        int code = 0;
        try {
            cluster.note(args[5] + " on " + cluster.shape);
            hazard.trial.run(cluster);
            cluster.note("done");
        } catch (Loopback.Disagreement e) {
            cluster.note("ended: " + e.getMessage());
            System.err.println("the real cluster: " + e.getMessage());
            code = 1;
        }
        System.exit(code);
    }
}
