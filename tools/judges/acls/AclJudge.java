import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import kafka.security.authorizer.AclAuthorizer;
import kafka.zk.KafkaZkClient;
import kafka.zk.KafkaZkClient$;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.errors.AuthorizerNotReadyException;
import org.apache.kafka.common.metadata.AccessControlEntryRecord;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.authorizer.StandardAcl;
import org.apache.kafka.metadata.authorizer.StandardAuthorizer;
import org.apache.kafka.security.authorizer.AclEntry;
import org.apache.kafka.server.authorizer.Action;
import org.apache.kafka.server.authorizer.AclCreateResult;
import org.apache.kafka.server.authorizer.AuthorizableRequestContext;
import org.apache.kafka.server.authorizer.AuthorizationResult;
import org.apache.kafka.server.authorizer.Authorizer;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.server.ServerCnxnFactory;
import org.apache.zookeeper.server.ZooKeeperServer;

/**
 * Kafka's two authorizers, asked by lines of JSON on stdin, answering by lines on stdout.
 *
 * <pre>
 *   {"superUsers": "User:root;…" or null, "allowEveryone": "true" or null, "loaded": true, "zookeeper": false,
 *    "acls": [[type, pattern, name, principal, host, operation, permission], …]      codes as in metadata records
 *    "requests": [[principal type, principal name, host, operation, type, name or null], …]}
 *       name null: authorizeByResourceType
 *   {"acl": ["ALLOWED", …], "standard": ["DENIED", …]}
 *       or "acl": "THROWS: message", if it does not come so far as to be asked; each answer is ALLOWED, DENIED, NOT_READY,
 *       THROWS: an exception, NEVER_RETURNS: not within two seconds
 * </pre>
 *
 * AclAuthorizer gets its ACLs through the door that its own benchmark uses; with "zookeeper", they are created by one
 * AclAuthorizer in a real ZooKeeper and read by another. StandardAuthorizer gets records, as a snapshot.
 */
public class AclJudge {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final PrintStream ANSWERS = System.out;

    private final String zookeeper;
    private final Map<String, Object> authorizers = new HashMap<>(); // of each configuration: AclAuthorizer, or its exception

    private AclJudge(String zookeeper) {
        this.zookeeper = zookeeper;
    }

    private static Map<String, Object> configs(JsonNode question) {
        Map<String, Object> configs = new HashMap<>();
        if (!question.get("superUsers").isNull()) configs.put("super.users", question.get("superUsers").asText());
        if (!question.get("allowEveryone").isNull()) configs.put("allow.everyone.if.no.acl.found", question.get("allowEveryone").asText());
        return configs;
    }

    private static AclAuthorizer aclAuthorizer(String zookeeper, Map<String, Object> configs) {
        Map<String, Object> all = new HashMap<>(configs);
        all.put("zookeeper.connect", zookeeper);
        all.put("broker.id", "1");
        AclAuthorizer authorizer = new AclAuthorizer();
        authorizer.configure(all);
        return authorizer;
    }

    // ── Questions ───────────────────────────────────────────────────────────────────────────────

    private record Context(KafkaPrincipal principal, InetAddress clientAddress) implements AuthorizableRequestContext {
        @Override public String listenerName() { return "SASL"; }
        @Override public SecurityProtocol securityProtocol() { return SecurityProtocol.SASL_SSL; }
        @Override public int requestType() { return 3; }
        @Override public int requestVersion() { return 9; }
        @Override public String clientId() { return "judge"; }
        @Override public int correlationId() { return 1; }
    }

    private static Callable<AuthorizationResult> question(Authorizer authorizer, JsonNode request) throws Exception {
        Context context = new Context(new KafkaPrincipal(request.get(0).asText(), request.get(1).asText()),
            InetAddress.getByName(request.get(2).asText()));
        AclOperation operation = AclOperation.fromCode((byte) request.get(3).asInt());
        ResourceType type = ResourceType.fromCode((byte) request.get(4).asInt());
        if (request.get(5).isNull()) return () -> authorizer.authorizeByResourceType(context, operation, type);
        ResourcePattern resource = new ResourcePattern(type, request.get(5).asText(), PatternType.LITERAL);
        Action action = new Action(operation, resource, 1, false, false);
        return () -> authorizer.authorize(context, List.of(action)).get(0);
    }

    // Two threads would do; one that never returns is lost, and replaced.
    private static String answer(Callable<AuthorizationResult> question, boolean mayHang) {
        try {
            if (!mayHang) return question.call().toString();
            FutureTask<AuthorizationResult> task = new FutureTask<>(question);
            Thread thread = new Thread(task, "request handler");
            thread.setDaemon(true);
            thread.start();
            try {
                return task.get(2, TimeUnit.SECONDS).toString();
            } catch (TimeoutException e) {
                stop(thread);
                return "NEVER_RETURNS";
            } catch (ExecutionException e) {
                throw (Exception) e.getCause();
            }
        } catch (AuthorizerNotReadyException e) {
            return "NOT_READY";
        } catch (Exception e) {
            return "THROWS: " + e;
        }
    }

    @SuppressWarnings({"deprecation", "removal"})
    private static void stop(Thread thread) {
        thread.stop(); // nothing else ends it
    }

    // StandardAuthorizer alone can go round for ever, and only over names that sort before "*".
    private static boolean mayHang(JsonNode request) {
        String name = request.get(5).asText();
        return !request.get(5).isNull() && !name.isEmpty() && name.charAt(0) < '*';
    }

    private static ArrayNode answers(Authorizer authorizer, JsonNode requests, boolean standard) throws Exception {
        ArrayNode answers = JSON.createArrayNode();
        for (JsonNode request : requests) answers.add(answer(question(authorizer, request), standard && mayHang(request)));
        return answers;
    }

    // ── The two sides ───────────────────────────────────────────────────────────────────────────

    private static Map<ResourcePattern, List<AclEntry>> byResource(JsonNode acls) {
        Map<ResourcePattern, List<AclEntry>> entries = new LinkedHashMap<>();
        for (JsonNode acl : acls) {
            ResourcePattern resource = new ResourcePattern(ResourceType.fromCode((byte) acl.get(0).asInt()), acl.get(2).asText(),
                PatternType.fromCode((byte) acl.get(1).asInt()));
            AccessControlEntry entry = new AccessControlEntry(acl.get(3).asText(), acl.get(4).asText(),
                AclOperation.fromCode((byte) acl.get(5).asInt()), AclPermissionType.fromCode((byte) acl.get(6).asInt()));
            entries.computeIfAbsent(resource, r -> new ArrayList<>()).add(new AclEntry(entry));
        }
        return entries;
    }

    private static AclAuthorizer.VersionedAcls versioned(List<AclEntry> entries) {
        scala.collection.immutable.Set<AclEntry> set = scala.jdk.javaapi.CollectionConverters.asScala(entries).toSet();
        return new AclAuthorizer.VersionedAcls(set, 1);
    }

    private JsonNode throughCache(JsonNode question) throws Exception {
        Map<String, Object> configs = configs(question);
        Object known = authorizers.computeIfAbsent(configs.toString(), key -> {
            try {
                return aclAuthorizer(zookeeper, configs);
            } catch (RuntimeException e) {
                return e;
            }
        });
        if (known instanceof RuntimeException e) throw e;
        AclAuthorizer authorizer = (AclAuthorizer) known;
        Map<ResourcePattern, List<AclEntry>> entries = byResource(question.get("acls"));
        entries.forEach((resource, acls) -> authorizer.updateCache(resource, versioned(acls)));
        try {
            return answers(authorizer, question.get("requests"), false);
        } finally {
            entries.keySet().forEach(resource -> authorizer.updateCache(resource, versioned(List.of())));
        }
    }

    private JsonNode throughZooKeeper(JsonNode question) throws Exception {
        String stored = zookeeper + "/stored"; // the authorizers of the other questions hear of changes, too
        try (AclAuthorizer writer = aclAuthorizer(stored, Map.of())) {
            List<AclBinding> bindings = new ArrayList<>();
            byResource(question.get("acls")).forEach((resource, acls) -> acls.forEach(acl -> bindings.add(new AclBinding(resource, acl.ace))));
            for (var created : writer.createAcls(null, bindings)) {
                AclCreateResult result = created.toCompletableFuture().get();
                if (result.exception().isPresent()) throw result.exception().get();
            }
        }
        try (AclAuthorizer authorizer = aclAuthorizer(stored, configs(question))) {
            return answers(authorizer, question.get("requests"), false);
        } finally {
            try (KafkaZkClient client = KafkaZkClient$.MODULE$.apply(stored, false, 30000, 30000, 1000, Time.SYSTEM, "judge",
                    new ZKClientConfig(), "kafka.server", "SessionExpireListener", true, false)) {
                client.deleteRecursive("/kafka-acl", -1);
                client.deleteRecursive("/kafka-acl-extended", -1);
                client.deleteRecursive("/kafka-acl-changes", -1);
                client.deleteRecursive("/kafka-acl-extended-changes", -1);
            }
        }
    }

    private static JsonNode standard(JsonNode question) throws Exception {
        try (StandardAuthorizer authorizer = new StandardAuthorizer()) {
            authorizer.configure(configs(question));
            Map<Uuid, StandardAcl> acls = new LinkedHashMap<>();
            long id = 0;
            for (JsonNode acl : question.get("acls")) {
                acls.put(new Uuid(1, ++id), StandardAcl.fromRecord(new AccessControlEntryRecord()
                    .setResourceType((byte) acl.get(0).asInt()).setPatternType((byte) acl.get(1).asInt())
                    .setResourceName(acl.get(2).asText()).setPrincipal(acl.get(3).asText()).setHost(acl.get(4).asText())
                    .setOperation((byte) acl.get(5).asInt()).setPermissionType((byte) acl.get(6).asInt())));
            }
            authorizer.loadSnapshot(acls);
            if (question.get("loaded").asBoolean()) authorizer.completeInitialLoad();
            return answers(authorizer, question.get("requests"), true);
        }
    }

    private interface Side {
        JsonNode ask() throws Exception;
    }

    private static JsonNode said(Side side) {
        try {
            return side.ask();
        } catch (Exception e) {
            return JSON.getNodeFactory().textNode("THROWS: " + e);
        }
    }

    private void run() throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(ANSWERS, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode question = JSON.readTree(line);
            ObjectNode answer = JSON.createObjectNode();
            boolean stored = question.get("zookeeper").asBoolean();
            answer.set("acl", said(() -> stored ? throughZooKeeper(question) : throughCache(question)));
            answer.set("standard", said(() -> standard(question)));
            out.println(JSON.writeValueAsString(answer));
            out.flush();
        }
    }

    public static void main(String[] arguments) {
        System.setOut(System.err); // whatever logs, logs there
        try {
            File folder = Files.createTempDirectory("acl-judge").toFile();
            ZooKeeperServer server = new ZooKeeperServer(folder, folder, 2000);
            ServerCnxnFactory factory = ServerCnxnFactory.createFactory(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1000);
            factory.startup(server);
            new AclJudge("127.0.0.1:" + factory.getLocalPort()).run();
            delete(folder);
            Runtime.getRuntime().halt(0);
        } catch (Throwable failure) {
            failure.printStackTrace();
            Runtime.getRuntime().halt(1); // the server's own threads would keep the process alive
        }
    }

    private static void delete(File folder) {
        File[] inside = folder.listFiles();
        if (inside != null) for (File file : inside) delete(file);
        folder.delete();
    }
}
