import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import kafka.zk.DelegationTokenInfoZNode;
import kafka.zk.ResourceZNode;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.token.delegation.TokenInformation;
import org.apache.kafka.common.utils.Sanitizer;
import org.apache.kafka.security.authorizer.AclEntry;
import scala.jdk.javaapi.CollectionConverters;

/** ACLs and delegation tokens of a random cluster. */
final class SecurityZnodes {
  private final Random random;
  private final Styles styles;
  private final RandomTree tree;

  SecurityZnodes(Random random, Styles styles, RandomTree tree) {
    this.random = random;
    this.styles = styles;
    this.tree = tree;
  }

  void acls(boolean odd) {
    for (int n = styles.between(1, 12); n > 0; --n) {
      String type = styles.oneOf("Topic", "Group", "Cluster", "TransactionalId", "DelegationToken", "User");
      if (odd && styles.oneIn(5)) type = styles.oneOf("topic", "GROUP", "Transactional_Id", "TRANSACTIONALID", "Any", "Unknown", "Foo", "Match");
      String store = styles.oneIn(2) ? "/kafka-acl" : "/kafka-acl-extended/" + (odd && styles.oneIn(8) ? styles.oneOf("match", "any", "PREFIXED") : "prefixed");
      String name = type.equals("Cluster") ? "kafka-cluster" : styles.oneOf("*", "orders-", styles.entity(), styles.entity(), "kafka-cluster");
      if (name.contains("/")) continue; // refused in ZooKeeper mode
      tree.put("acls", store + "/" + type + "/" + name, odd ? oddEntries() : entries());
    }
    if (styles.oneIn(3)) tree.put("acls", "/kafka-acl/Group", null);
    if (odd && styles.oneIn(3)) tree.put("acls", "/kafka-acl/Any", null);
  }

  private byte[] entries() {
    Set<AclEntry> entries = new LinkedHashSet<>();
    // More than 100 entries of one resource are several lists.
    for (int n = styles.oneIn(12) ? 230 : random.nextInt(7); n > 0; --n) {
      AclOperation operation = AclOperation.fromCode((byte) styles.between(2, 14));
      entries.add(new AclEntry(new AccessControlEntry(principal(), host(), operation, styles.oneOf(AclPermissionType.ALLOW, AclPermissionType.DENY))));
    }
    return ResourceZNode.encode(CollectionConverters.asScala(entries).toSet());
  }

  private String principal() {
    return styles.oneOf("User:", "User:", "User:", "Group:", "ServiceAccount:", ":") + (styles.oneIn(4) ? styles.entity() : "u" + random.nextInt(400));
  }

  private String host() {
    return styles.oneOf("*", "127.0.0.1", "10.0.0." + random.nextInt(256), "::1", "fe80::1%eth0", "\u00e4", "");
  }

  private byte[] oddEntries() {
    List<Map<String, Object>> acls = new ArrayList<>();
    for (int n = random.nextInt(5); n > 0; --n) {
      Map<String, Object> acl = new LinkedHashMap<>();
      acl.put("principal", styles.oneIn(25) ? styles.oneOf("", "nocolon", 5) : principal());
      acl.put("permissionType", styles.oneOf("Allow", "Deny", "ALLOW", "dEnY", "Any", "Perhaps", ""));
      acl.put("operation", styles.oneOf("Read", "READ", "ClusterAction", "CLUSTERACTION", "cluster_action", "Cluster_Action", "DescribeConfigs", "All", "Any",
          "Unknown", "Foo", "createtokens", "\u0131dempotentWrite", "Wr\u0131te", "De\u017fcribe", ""));
      acl.put("host", host());
      acls.add(acl);
      if (styles.oneIn(4)) acls.add(acl); // twice
    }
    if (styles.oneIn(10)) return styles.oneOf(null, new byte[0], "not json".getBytes());
    return styles.json(Map.of("version", styles.oneIn(20) ? 2 : 1, "acls", acls));
  }

  void tokens() {
    for (int n = styles.between(1, 6); n > 0; --n) {
      String id = styles.oneIn(3) ? Sanitizer.sanitize(styles.entity()) : "token" + random.nextInt(1000);
      long issued = 1731984000000L + random.nextInt();
      List<KafkaPrincipal> renewers = new ArrayList<>();
      for (int r = random.nextInt(4); r > 0; --r) renewers.add(user());
      byte[] data = DelegationTokenInfoZNode.encode(new TokenInformation(id, user(), user(), renewers, issued,
          styles.oneOf(-1L, 0L, issued + 604800000L), styles.oneOf(-1L, Long.MAX_VALUE, issued + 86400000L)));
      if (styles.oneIn(3)) data = old(id, issued);
      tree.put("tokens", "/delegation_token/tokens/" + id, data);
    }
  }

  private KafkaPrincipal user() {
    return new KafkaPrincipal(styles.oneOf("User", "Group"), styles.entity());
  }

  private byte[] old(String id, long issued) {
    int version = styles.between(1, 3);
    Map<String, Object> token = new LinkedHashMap<>();
    token.put("version", version);
    token.put("owner", Sanitizer.sanitize(user().toString()));
    if (version == 3 || styles.oneIn(3)) token.put("tokenRequester", Sanitizer.sanitize(user().toString()));
    token.put("renewers", styles.oneIn(2) ? List.of() : List.of(Sanitizer.sanitize(user().toString()), "User%3Ab"));
    token.put("issueTimestamp", styles.oneOf(issued, 0, 5));
    token.put("maxTimestamp", issued + 1);
    token.put("expiryTimestamp", issued + 2);
    token.put("tokenId", styles.oneIn(6) ? "another" : id);
    return styles.json(token);
  }
}
