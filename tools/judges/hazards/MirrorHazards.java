import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.metadata.ClientQuotaRecord;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;

/** What may go wrong while changes are mirrored, one by one, into ZooKeeper. */
final class MirrorHazards {
    private MirrorHazards() { }

    static Map<String, HazardJudge.Hazard> all() {
        Map<String, HazardJudge.Hazard> all = new LinkedHashMap<>();
        all.put("MB-04", new HazardJudge.Hazard(MirrorHazards::checkpointWithoutAnswer));
        all.put("MB-06", new HazardJudge.Hazard(MirrorHazards::skippedChange));
        all.put("MB-09", new HazardJudge.Hazard(MirrorHazards::silentController));
        all.put("MB-12", new HazardJudge.Hazard(MirrorHazards::quotaLeftBehind));
        all.put("MB-17", new HazardJudge.Hazard(MirrorHazards::invisibleToken, Shape.Trait.TOKENS));
        all.put("MB-20", new HazardJudge.Hazard(MirrorHazards::lostNotification));
        return all;
    }

    /** The write of /migration alone that follows each publication. */
    static boolean isCheckpoint(ZooKeeperRequest request) {
        return !request.isMulti() && request.is(ZooKeeperRequest.Kind.SET_DATA, "/migration");
    }

    private static boolean creates(ZooKeeperRequest request, String path) {
        return request.is(ZooKeeperRequest.Kind.CREATE, path);
    }

    /** The answer to a checkpoint is lost. Control: the checkpoint is lost before it reaches ZooKeeper. */
    private static void checkpointWithoutAnswer(HazardCluster cluster) throws Exception {
        cluster.beginHybrid();
        Node active = cluster.leading();
        cluster.loseRequest(active.name, MirrorHazards::isCheckpoint).await(cluster.patience);
        cluster.create("before", 1, 2, 3);
        boolean mirrored = cluster.comes(40, () -> cluster.exists("/brokers/topics/before"));
        cluster.control(!mirrored, "a checkpoint was lost before it reached ZooKeeper; the next topic "
            + (mirrored ? "was mirrored" : "never came"));
        cluster.loseAnswer(active.name, MirrorHazards::isCheckpoint).await(cluster.patience);
        cluster.note("the answer to a checkpoint is lost");
        cluster.create("after", 1, 2, 3);
        Thread.sleep(3000);
        int version = cluster.version("/migration");
        boolean wedged = cluster.staysFor(30, () -> !cluster.exists("/brokers/topics/after") && cluster.version("/migration") == version);
        cluster.tell(wedged && cluster.leading() == active, "a topic made after the lost answer is "
            + (cluster.image().topics().getTopic("after") == null ? "not " : "")
            + "in KRaft, " + (cluster.exists("/brokers/topics/after") ? "" : "not ") + "in ZooKeeper, and known to broker-2: "
            + cluster.toldBy(2, "after").isPresent() + "; /migration kept version " + version + " for 30 s; the driver of " + active.name
            + " is in " + active.driverState());
        cluster.kill(cluster.awaitLeader());
        cluster.awaitDriverOfLeader("DUAL_WRITE");
        cluster.note("after a failover the topic is in ZooKeeper: " + cluster.comes(30, () -> cluster.exists("/brokers/topics/after")));
    }

    /** The session expires while a topic is mirrored. Control: the connection is away for less than the session. */
    private static void skippedChange(HazardCluster cluster) throws Exception {
        cluster.controllerSessionMs = 12_000;
        cluster.beginHybrid();
        String active = cluster.leading().name;
        outage(cluster, active, "briefly", 2000);
        boolean kept = cluster.comes(40, () -> cluster.exists("/brokers/topics/briefly"));
        cluster.control(!kept, "a topic whose mirroring lost its connection, and not the session, is " + (kept ? "" : "not ")
            + "in ZooKeeper");
        outage(cluster, active, "refunds", 16_000);
        cluster.create("later", 1, 2, 3);
        boolean later = cluster.comes(60, () -> cluster.exists("/brokers/topics/later"));
        long offset = cluster.migrationOffset();
        boolean goesOn = cluster.comes(30, () -> cluster.migrationOffset() > offset);
        boolean missing = cluster.staysFor(20, () -> !cluster.exists("/brokers/topics/refunds"));
        cluster.tell(missing && later && goesOn, "'refunds', whose mirroring met an expired session, is " + (missing ? "not " : "")
            + "in ZooKeeper, 'later', made after it, " + (later ? "is" : "is not") + ", and /migration goes on beyond it: " + goesOn
            + "; broker-2 knows refunds: "
            + cluster.toldBy(2, "refunds").isPresent() + ", later: " + cluster.toldBy(2, "later").isPresent());
    }

    /** ZooKeeper is away from the request on that would create the topic. */
    private static void outage(HazardCluster cluster, String active, String topic, int milliseconds) throws Exception {
        var first = cluster.holdRequest(active, each -> creates(each, "/brokers/topics/" + topic));
        cluster.create(topic, 1, 2, 3);
        first.await(cluster.patience);
        cluster.proxy.isolate(active);
        first.cut();
        Thread.sleep(milliseconds);
        cluster.proxy.heal(active);
        cluster.note(active + " reaches ZooKeeper again");
    }

    /** A broker that leads a partition dies. With ZooKeeper there the others hear of its successor, without it they do not. */
    private static void silentController(HazardCluster cluster) throws Exception {
        cluster.brokerSessionMs = HazardCluster.SHORT_SESSION_MS;
        cluster.beginHybrid();
        int dead = cluster.image().topics().getPartition(cluster.image().topics().getTopic("orders").id(), 0).leader;
        int other = dead == 2 ? 3 : 2;
        cluster.brokers.get(dead).kill();
        boolean heard = cluster.comes(60, () -> cluster.leaderToldBy(other, "orders", 0) != dead);
        cluster.control(!heard, "broker-" + dead + " died, and broker-" + other + " " + (heard ? "heard of" : "never heard of")
            + " the next leader of orders-0");
        cluster.startBroker(dead, Shape.Broker.MIGRATING);
        cluster.awaitStarted(cluster.brokers.get(dead));
        cluster.rest();

        int second = cluster.leaderToldBy(dead, "orders", 0);
        // Nothing is in flight when ZooKeeper goes, so that no answer of it is lost: that would be MB-04.
        String active = cluster.leading().name;
        var held = cluster.holdRequest(active, MirrorHazards::isCheckpoint);
        held.await(cluster.patience);
        cluster.zookeeper.kill();
        held.cut();
        cluster.note("ZooKeeper is gone");
        cluster.brokers.get(second).kill();
        cluster.await("KRaft has another leader", () ->
            cluster.image().topics().getPartition(cluster.image().topics().getTopic("orders").id(), 0).leader != second);
        int next = cluster.image().topics().getPartition(cluster.image().topics().getTopic("orders").id(), 0).leader;
        cluster.note("KRaft says that broker-" + next + " leads orders-0");
        boolean silent = cluster.staysFor(25, () -> cluster.leaderToldBy(next, "orders", 0) == second);
        cluster.startZooKeeper();
        boolean told = cluster.comes(60, () -> cluster.leaderToldBy(next, "orders", 0) == next);
        cluster.tell(silent, "without ZooKeeper broker-" + second + " died and KRaft elected broker-" + next
            + " for orders-0; for 25 s broker-" + next
            + (silent ? " still told clients of the dead one" : " told clients of the new one") + "; with ZooKeeper back it was told: "
            + told);
    }

    private static void alter(HazardCluster cluster, ClientQuotaEntity entity, Double value) throws Exception {
        cluster.admin.alterClientQuotas(List.of(new ClientQuotaAlteration(entity,
            List.of(new ClientQuotaAlteration.Op("producer_byte_rate", value))))).all().get();
    }

    /** The last quota of a client is removed. Control: that of a user. */
    private static void quotaLeftBehind(HazardCluster cluster) throws Exception {
        cluster.beginHybrid();
        Map<String, ClientQuotaEntity> entities = Map.of(
            "/config/users/alice", new ClientQuotaEntity(Map.of(ClientQuotaEntity.USER, "alice")),
            "/config/clients/batch", new ClientQuotaEntity(Map.of(ClientQuotaEntity.CLIENT_ID, "batch")));
        for (String path : List.of("/config/users/alice", "/config/clients/batch")) {
            alter(cluster, entities.get(path), 1048576.0);
            cluster.await("the quota is mirrored", () -> cluster.data(path).contains("1048576"));
            alter(cluster, entities.get(path), null);
            cluster.await("the quota is gone in KRaft", () -> cluster.log().stream()
                .anyMatch(each -> each.message() instanceof ClientQuotaRecord quota && quota.remove()));
            boolean stays = cluster.staysFor(20, () -> cluster.data(path).contains("1048576"));
            String evidence = "20 s after the last quota of it was removed, " + path + " says " + cluster.data(path);
            if (path.contains("users")) cluster.control(stays, evidence);
            else cluster.tell(stays, evidence + "; the driver is in " + cluster.driverOfLeader());
        }
    }

    /** A client that says who it is, of one broker alone. */
    static Properties saslClients(HazardCluster cluster, int broker) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", "127.0.0.1:" + cluster.shape.ports.get("broker-" + broker + "-sasl"));
        properties.put("security.protocol", "SASL_PLAINTEXT");
        properties.put("sasl.mechanism", "PLAIN");
        properties.put("sasl.jaas.config",
            "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"tokens\" password=\"t\";");
        return properties;
    }

    private static Admin authenticated(HazardCluster cluster, int broker) {
        return Admin.create(saslClients(cluster, broker));
    }

    private static int tokensTold(HazardCluster cluster, int broker) throws Exception {
        try (Admin one = authenticated(cluster, broker)) {
            return one.describeDelegationToken().delegationTokens().get().size();
        }
    }

    /** ZooKeeper's controller refuses one that a broker forwards to it without TLS or SASL; so whoever asked another broker asks again. */
    private static void makeToken(HazardCluster cluster) throws Exception {
        cluster.await("a token is made", () -> {
            try (Admin one = authenticated(cluster, 1)) {
                one.createDelegationToken().delegationToken().get();
                return true;
            }
        });
    }

    private static boolean allTell(HazardCluster cluster, int tokens) throws Exception {
        for (int each : cluster.shape.brokers) {
            if (tokensTold(cluster, each) != tokens) return false;
        }
        return true;
    }

    /** A token is made by KRaft. Control: one that is made by ZooKeeper's controller is known to all brokers. */
    private static void invisibleToken(HazardCluster cluster) throws Exception {
        cluster.begin();
        makeToken(cluster);
        boolean known = cluster.comes(30, () -> allTell(cluster, 1));
        cluster.control(!known, "a token made in ZooKeeper mode is known to all brokers: " + known);
        cluster.startControllers();
        cluster.awaitDriverOfLeader("DUAL_WRITE");
        cluster.rest();
        makeToken(cluster);
        cluster.await("the token is mirrored", () -> cluster.children("/delegation_token/tokens").size() == 2);
        boolean invisible = cluster.staysFor(20, () -> tokensTold(cluster, 2) == 1);
        cluster.brokers.get(2).stop();
        cluster.startBroker(2, Shape.Broker.MIGRATING);
        cluster.awaitStarted(cluster.brokers.get(2));
        boolean restarted = cluster.comes(60, () -> tokensTold(cluster, 2) == 2);
        cluster.tell(invisible, "20 s after KRaft made a second token and ZooKeeper had it, broker-2 "
            + (invisible ? "knew one" : "knew both") + "; restarted it knows both: " + restarted);
    }

    private static void setRetention(HazardCluster cluster, String value) throws Exception {
        cluster.admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.BROKER, "2"),
            List.of(new AlterConfigOp(new ConfigEntry("log.retention.ms", value), AlterConfigOp.OpType.SET)))).all().get();
    }

    private static String retention(HazardCluster cluster) throws Exception {
        ConfigResource broker = new ConfigResource(ConfigResource.Type.BROKER, "2");
        return cluster.admin.describeConfigs(List.of(broker)).all().get().get(broker).get("log.retention.ms").value();
    }

    /** The controller dies between a config and the notification of it. Control: it does not. */
    private static void lostNotification(HazardCluster cluster) throws Exception {
        cluster.beginHybrid();
        setRetention(cluster, "11111111");
        boolean hears = cluster.comes(30, () -> retention(cluster).equals("11111111"));
        cluster.control(!hears, "broker-2 lives by its first new log.retention.ms: " + hears);
        Node active = cluster.leading();
        var notification = cluster.holdRequest(active.name, each -> each.operations().get(0).kind() == ZooKeeperRequest.Kind.CREATE
            && each.operations().get(0).path().startsWith("/config/changes/"));
        setRetention(cluster, "22222222");
        notification.await(cluster.patience);
        active.kill();
        notification.cut();
        cluster.note("killed " + active.name + " before it notified");
        cluster.awaitDriverOfLeader("DUAL_WRITE");
        boolean old = cluster.staysFor(20, () -> retention(cluster).equals("11111111"));
        cluster.tell(old, "20 s after the next leader came to DUAL_WRITE /config/brokers/2 says " + cluster.data("/config/brokers/2")
            + ", and broker-2 lives by " + retention(cluster));
    }
}
