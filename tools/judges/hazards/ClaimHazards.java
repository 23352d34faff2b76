import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What may go wrong between an election and the claim of /controller. */
final class ClaimHazards {
    private ClaimHazards() { }

    static Map<String, HazardJudge.Hazard> all() {
        Map<String, HazardJudge.Hazard> all = new LinkedHashMap<>();
        all.put("MB-03", new HazardJudge.Hazard(ClaimHazards::claimWithoutAnswer));
        all.put("MB-05", new HazardJudge.Hazard(ClaimHazards::electionWithoutZooKeeper));
        all.put("MB-23", new HazardJudge.Hazard(ClaimHazards::pausedClaimant));
        return all;
    }

    static boolean claims(ZooKeeperRequest request) {
        return request.isMulti() && request.is(ZooKeeperRequest.Kind.CREATE, "/controller");
    }

    /** The claim's multi is done and its answer lost. Control: a claim whose request is lost before it reaches ZooKeeper. */
    private static void claimWithoutAnswer(HazardCluster cluster) throws Exception {
        var lost = cluster.loseAnswer("controller", ClaimHazards::claims);
        cluster.begin();
        cluster.startControllers();
        Node claimant = cluster.controller(lost);
        int id = cluster.id(claimant);
        boolean stuck = cluster.staysFor(30, () -> cluster.driverOfLeader().equals("BECOME_CONTROLLER")) && cluster.registered() == id
            && cluster.awaitLeader() == id;
        cluster.tell(stuck, "for 30 s after the lost answer the driver of " + claimant.name + " is in " + cluster.driverOfLeader()
            + ", /controller names " + cluster.registered() + ", the log says " + cluster.migrationState());
        var before = cluster.loseRequest("controller", ClaimHazards::claims);
        cluster.kill(id);
        before.await(cluster.patience);
        cluster.awaitDriverOfLeader("DUAL_WRITE");
        cluster.control(false, "the next leader's claim was lost before it reached ZooKeeper, and it came to DUAL_WRITE");
    }

    /** A controller is elected while its session has expired and it does not know yet. Control: the same failover with ZooKeeper there. */
    private static void electionWithoutZooKeeper(HazardCluster cluster) throws Exception {
        cluster.controllerSessionMs = HazardCluster.SHORT_SESSION_MS;
        cluster.beginHybrid();
        int first = cluster.kill(cluster.awaitLeader());
        int active = cluster.awaitDriverOfLeader("DUAL_WRITE");
        cluster.control(false, "controller-" + active + " took over from controller-" + first + " and came to DUAL_WRITE");
        cluster.startAgain(cluster.controllers.get(first));
        List<Integer> standbys = cluster.shape.controllers.stream().filter(each -> each != active).toList();
        for (int each : standbys) cluster.proxy.isolate("controller-" + each);
        cluster.note("the standbys cannot reach ZooKeeper");
        Thread.sleep(HazardCluster.SHORT_SESSION_MS + 3000);  // Until their sessions have expired at the server.
        cluster.kill(active);
        int elected = cluster.awaitLeader();
        cluster.note("controller-" + elected + " is elected");
        Thread.sleep(3000);  // Its driver hears of it, and asks ZooKeeper.
        for (int each : standbys) cluster.proxy.heal("controller-" + each);
        boolean forgotten = cluster.staysFor(40, () -> cluster.leader().orElse(-1) == elected
            && cluster.driverOfLeader().equals("INACTIVE"));
        cluster.tell(forgotten, "40 s after ZooKeeper answered again controller-" + elected + " leads the quorum and its driver is in "
            + cluster.driverOfLeader());
    }

    /** The claimant stands still when its claim is done and it has not heard of it, while another one claims and copies. */
    private static void pausedClaimant(HazardCluster cluster) throws Exception {
        var answer = cluster.holdAnswer("controller", ClaimHazards::claims);
        cluster.begin();
        cluster.startControllers();
        Node claimant = cluster.controller(answer);
        cluster.freeze(claimant);
        answer.release();
        int successor = cluster.awaitDriverOfLeader("DUAL_WRITE");
        cluster.await("the successor mirrors", () -> cluster.migrationOffset() > 0);
        long before = cluster.migrationOffset();
        cluster.control(before < 0, "while " + claimant.name + " stood still, controller-" + successor
            + " claimed, copied and wrote offset " + before);
        cluster.thaw(claimant);
        boolean back = cluster.comes(60, () -> cluster.migrationOffset() < 0);
        boolean stays = back && cluster.staysFor(15, () -> cluster.migrationOffset() < 0);
        cluster.tell(stays, "when " + claimant.name + " went on, /migration went from offset " + before + " to " + cluster.migrationOffset()
            + " and stayed for 15 s; the log says " + cluster.migrationState());
        if (!stays) return;
        // Its copy fails for it leads no more, and a copy that fails ends the process: somebody starts it again.
        boolean ended = cluster.comes(30, () -> !claimant.runs());
        cluster.note(claimant.name + (ended ? " has ended" : " runs on"));
        if (ended) cluster.startAgain(claimant);
        cluster.kill(successor);
        cluster.await("another leads", () -> cluster.leader().isPresent());
        cluster.await("its driver has looked", () -> cluster.leading().logged().contains("to WAIT_FOR_CONTROLLER_QUORUM state"));
        boolean dead = cluster.staysFor(30, () -> !cluster.driverOfLeader().equals("DUAL_WRITE"));
        cluster.note("at the next failover the driver of controller-" + cluster.awaitLeader() + " is in " + cluster.driverOfLeader()
            + (dead ? " for 30 s" : ""));
    }
}
