import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/** What a broker's other authorizer makes of the same ACLs. */
final class AuthorizerHazards {
    private AuthorizerHazards() { }

    static Map<String, HazardJudge.Hazard> all() {
        Map<String, HazardJudge.Hazard> all = new LinkedHashMap<>();
        all.put("acl-walk", new HazardJudge.Hazard(AuthorizerHazards::walkWithoutEnd, Shape.Trait.AUTHORIZER, Shape.Trait.TOKENS));
        return all;
    }

    /** Whether somebody who may not see the group is told so, by whichever broker is asked. */
    private static boolean isAnswered(HazardCluster cluster, String group) throws Exception {
        Properties properties = MirrorHazards.saslClients(cluster, 1);
        properties.put("request.timeout.ms", "8000");
        properties.put("default.api.timeout.ms", "24000");
        try (Admin one = Admin.create(properties)) {
            one.describeConsumerGroups(List.of(group)).all().get();
            return true;
        } catch (ExecutionException e) {
            cluster.note("asked for " + group + ": " + e.getCause());
            return e.getCause() instanceof GroupAuthorizationException;
        }
    }

    private static List<Integer> deaf(HazardCluster cluster) {
        List<Integer> deaf = new ArrayList<>();
        for (int each : cluster.shape.brokers) {
            try {
                cluster.toldBy(each, "orders");
            } catch (IOException noAnswer) {
                deaf.add(each);
            }
        }
        return deaf;
    }

    /**
     * One ACL on group "$Default", and a client that asks for "$audit": in KRaft mode each such request takes one of a broker's threads
     * for good; here each has one. Control: the same before, in ZooKeeper mode, and another group after.
     */
    private static void walkWithoutEnd(HazardCluster cluster) throws Exception {
        cluster.alsoConfigured.put("broker", List.of("super.users=User:ANONYMOUS", "num.io.threads=1"));
        cluster.beginHybrid();
        cluster.admin.createAcls(List.of(new AclBinding(new ResourcePattern(ResourceType.GROUP, "$Default", PatternType.LITERAL),
            new AccessControlEntry("User:alice", "*", AclOperation.READ, AclPermissionType.ALLOW)))).all().get();
        cluster.await("the ACL is mirrored", () -> cluster.exists("/kafka-acl/Group/$Default"));
        boolean before = isAnswered(cluster, "$audit");
        cluster.restartBrokers(Shape.Broker.KRAFT);
        cluster.rest();
        boolean other = isAnswered(cluster, "audit");
        cluster.control(!before || !other, "in ZooKeeper mode a client that may not see group $audit is told so: " + before
            + ", and in KRaft mode one that may not see audit: " + other);
        boolean ends = isAnswered(cluster, "$audit");
        List<Integer> deaf = deaf(cluster);
        cluster.tell(!ends && !deaf.isEmpty(), "in KRaft mode one that may not see $audit is " + (ends ? "" : "not ")
            + "told so within 24 s; brokers that answer nobody since then: " + deaf);
    }
}
