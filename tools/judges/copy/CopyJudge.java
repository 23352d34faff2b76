import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kafka.zk.KafkaZkClient;
import kafka.zk.KafkaZkClient$;
import kafka.zk.ZkMigrationClient;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.metadata.ProducerIdsRecord;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.controller.ClusterControlManager;
import org.apache.kafka.controller.ProducerIdControlManager;
import org.apache.kafka.metadata.migration.ZkMigrationLeadershipState;
import org.apache.kafka.server.common.ApiMessageAndVersion;
import org.apache.kafka.timeline.SnapshotRegistry;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.server.ServerCnxnFactory;
import org.apache.zookeeper.server.ZooKeeperServer;

/**
 * Real ZooKeeper, a random Kafka tree in it, and real Kafka's copy of that tree.
 *
 *   CopyJudge OUT FIRST_SEED SEEDS [KIND…]
 *
 * Leaves per seed what a captured cluster has: OUT/seed-N/zk-1/version-2, OUT/seed-N/controller-3000 with the copy as
 * a metadata log (unless Kafka failed), OUT/seed-N/said with what Kafka said. One line a seed on stdout. With kinds,
 * a tree is made of these alone.
 */
public final class CopyJudge {
  private static final int CONTROLLER = 3000;
  private static final Pattern STAGE = Pattern.compile("migrate[A-Z][A-Za-z]*");
  private static final PrintStream ANSWERS = System.out;

  private final Path out;
  private final long seed;
  private final Random random;
  private final RandomTree tree;
  private final Map<String, String> said = new LinkedHashMap<>();

  private CopyJudge(Path out, long seed, Set<String> kinds) {
    this.out = out;
    this.seed = seed;
    random = new Random(seed);
    tree = new RandomTree(seed, kinds);
  }

  private static ZooKeeper connect(String where) throws Exception {
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeper client = new ZooKeeper(where, 30000, event -> {
      if (event.getState() == Watcher.Event.KeeperState.SyncConnected) connected.countDown();
    });
    if (!connected.await(30, TimeUnit.SECONDS)) throw new IllegalStateException("no session after 30 s");
    return client;
  }

  private static KafkaZkClient kafkaClient(String where) {
    return KafkaZkClient$.MODULE$.apply(where, false, 30000, 30000, 1000, Time.SYSTEM, "judge", new ZKClientConfig(),
        "kafka.server", "SessionExpireListener", true, false);
  }

  // ── The tree ──────────────────────────────────────────────────────────────────────────────────

  private static void flush(ZooKeeper client, List<Op> operations) throws Exception {
    if (!operations.isEmpty()) client.multi(operations);
    operations.clear();
  }

  private void write(ZooKeeper client) throws Exception {
    Set<String> known = new HashSet<>();
    for (String root : List.of("/", "/brokers", "/config", "/admin", "/delegation_token")) below(client, root, known);
    List<Op> operations = new ArrayList<>();
    for (Map.Entry<String, byte[]> znode : tree.znodes.entrySet()) {
      String path = znode.getKey();
      for (int slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1)) {
        if (known.add(path.substring(0, slash))) {
          operations.add(Op.create(path.substring(0, slash), null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        }
      }
      CreateMode mode = tree.ephemeral.contains(path) ? CreateMode.EPHEMERAL : CreateMode.PERSISTENT;
      operations.add(known.add(path) ? Op.create(path, znode.getValue(), ZooDefs.Ids.OPEN_ACL_UNSAFE, mode)
                                     : Op.setData(path, znode.getValue(), -1));
      for (int again = tree.rewrites.getOrDefault(path, 0); again > 0; --again) {
        operations.add(Op.setData(path, znode.getValue(), -1));
      }
      if (operations.size() > 400) flush(client, operations);
    }
    flush(client, operations);
  }

  private static void below(ZooKeeper client, String path, Set<String> found) throws Exception {
    try {
      for (String child : client.getChildren(path, false)) found.add(path.equals("/") ? "/" + child : path + "/" + child);
    } catch (KeeperException.NoNodeException absent) {
      // Not every version makes all of them.
    }
  }

  // ── The copy ──────────────────────────────────────────────────────────────────────────────────

  /** Where in its copy Kafka was: the outermost method that readAllMetadata called. */
  private static String stage(Throwable failure) {
    String found = "";
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      for (StackTraceElement frame : cause.getStackTrace()) {
        // Some are in lambdas: $anonfun$migrateDelegationTokens$1.
        Matcher method = STAGE.matcher(frame.getMethodName());
        if (frame.getClassName().startsWith("kafka.zk.ZkMigrationClient") && method.find()) found = method.group();
      }
    }
    return found;
  }

  /** The one control manager that refuses records of a copy; the driver dies of it as of what it cannot read. */
  private static final class Replay {
    private final Object producerIds;
    private final Method replay;

    Replay() throws ReflectiveOperationException {
      LogContext log = new LogContext();
      Constructor<?> make = ProducerIdControlManager.class.getDeclaredConstructor(LogContext.class, ClusterControlManager.class, SnapshotRegistry.class);
      make.setAccessible(true);
      producerIds = make.newInstance(log, null, new SnapshotRegistry(log)); // replaying asks no cluster
      replay = producerIds.getClass().getDeclaredMethod("replay", ProducerIdsRecord.class);
      replay.setAccessible(true);
    }

    void apply(List<ApiMessageAndVersion> records) {
      for (ApiMessageAndVersion record : records) {
        if (!(record.message() instanceof ProducerIdsRecord)) continue;
        try {
          replay.invoke(producerIds, record.message());
        } catch (ReflectiveOperationException refused) {
          throw new IllegalStateException(refused.getCause());
        }
      }
    }
  }

  private void copy(KafkaZkClient zkClient, ZooKeeper client) throws Exception {
    ZkMigrationClient migration = ZkMigrationClient.apply(zkClient, tree.encoderOfTheController());
    zkClient.registerControllerAndIncrementControllerEpoch(tree.brokers.get(0));
    ZkMigrationLeadershipState state = migration.getOrCreateMigrationRecoveryState(
        ZkMigrationLeadershipState.EMPTY.withNewKRaftController(CONTROLLER, 2));
    state = migration.claimControllerLeadership(state);
    if (state.zkControllerEpochZkVersion() == -2) throw new IllegalStateException("the claim failed");
    List<List<ApiMessageAndVersion>> lists = new ArrayList<>();
    Set<Integer> brokers = new TreeSet<>();
    Replay replay = new Replay();
    try {
      migration.readAllMetadata(list -> {
        lists.add(new ArrayList<>(list));
        replay.apply(list);
      }, brokers::add);
    } catch (Throwable failure) {
      said.put("failed", stage(failure));
      said.put("exception", (failure + "").replace('\n', ' ').replace('\r', ' '));
      return;
    }
    said.put("brokers", brokers.toString());
    try {
      long end = CopyLog.write(out.resolve("controller-" + CONTROLLER), CONTROLLER, said.get("cluster"), lists);
      migration.setMigrationRecoveryState(state.withKRaftMetadataOffsetAndEpoch(end, 2));
      afterwards(client);
    } catch (RuntimeException failure) {
      said.put("unwritable", (failure + "").replace('\n', ' '));
    }
  }

  /** Changes behind the copy, so that only `--at claim` shows the tree that was read. */
  private void afterwards(ZooKeeper client) throws Exception {
    List<String> paths = new ArrayList<>(tree.znodes.keySet());
    for (int n = random.nextInt(4); n > 0; --n) {
      String path = paths.get(random.nextInt(paths.size()));
      if (!tree.ephemeral.contains(path)) client.setData(path, tree.znodes.get(path), -1);
    }
  }

  // ── One cluster ───────────────────────────────────────────────────────────────────────────────

  private String chroot() {
    String[] chroots = {"", "", "/kafka", "/deep/er/kafka", "/config", "/brokers/ids", "/\u00e4 b", "/cluster/id/x", "/k"};
    return chroots[random.nextInt(chroots.length)];
  }

  private void neighbour(String server, String chroot) throws Exception {
    // A cluster at the root would find a chroot below one of its own znodes in its way.
    boolean rootIsFree = chroot.equals("/kafka") || chroot.equals("/k");
    String other = chroot.isEmpty() ? "/other" : rootIsFree && random.nextBoolean() ? "" : chroot + "/nested";
    KafkaZkClient client = kafkaClient(server + other);
    client.createTopLevelPaths();
    client.createOrGetClusterId("the-other-cluster");
    client.close();
    said.put("neighbour", other.isEmpty() ? "/" : other);
  }

  private void run() throws Exception {
    // Some servers take many snapshots, most none.
    System.setProperty("zookeeper.snapCount", random.nextInt(4) == 0 ? "50" : "100000");
    File folder = Files.createTempDirectory("copy-judge").toFile();
    ZooKeeperServer server = new ZooKeeperServer(folder, folder, 2000);
    server.setMinSessionTimeout(1000);
    server.setMaxSessionTimeout(60000);
    ServerCnxnFactory factory = ServerCnxnFactory.createFactory(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
    factory.startup(server);
    try {
      String address = "127.0.0.1:" + factory.getLocalPort();
      String chroot = chroot();
      said.put("chroot", chroot.isEmpty() ? "/" : chroot);
      said.put("kinds", String.join(" ", tree.kinds()));
      said.put("cluster", new Uuid(seed, 4711).toString());
      if (tree.encoder) said.put("secret", RandomTree.SECRET);
      for (String path : tree.damaged) said.put("damaged", path);
      boolean alone = random.nextInt(5) != 0;
      try (KafkaZkClient kafka = kafkaClient(address + chroot)) {
        if (!alone) neighbour(address, chroot);
        kafka.createTopLevelPaths();
        kafka.createOrGetClusterId(said.get("cluster"));
        ZooKeeper client = connect(address + chroot);
        write(client);
        copy(kafka, client);
        // As a capture from running servers: sessions are open, ephemerals are there.
        save(folder.toPath().resolve("version-2"), out.resolve("zk-1/version-2"));
        client.close();
      }
    } finally {
      factory.shutdown();
      delete(folder);
    }
    List<String> lines = new ArrayList<>();
    said.forEach((key, value) -> lines.add(key + "=" + value));
    // Not every exception's text is well-formed Unicode.
    Files.write(out.resolve("said"), (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8));
  }

  private static void save(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (var files = Files.list(from)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  private static void delete(File folder) {
    File[] inside = folder.listFiles();
    if (inside != null) for (File file : inside) delete(file);
    folder.delete();
  }

  public static void main(String[] arguments) {
    System.setOut(System.err); // whatever logs, logs there
    try {
      Path root = Path.of(arguments[0]);
      long first = Long.parseLong(arguments[1]);
      Set<String> kinds = new TreeSet<>(arguments.length > 3 ? Arrays.asList(arguments).subList(3, arguments.length) : RandomTree.KINDS);
      for (long seed = first; seed < first + Long.parseLong(arguments[2]); ++seed) {
        Path out = root.resolve("seed-" + seed);
        Files.createDirectories(out);
        CopyJudge judge = new CopyJudge(out, seed, kinds);
        judge.run();
        Map<String, Integer> counts = new TreeMap<>(judge.tree.counts);
        ANSWERS.println("seed " + seed + " " + counts + (judge.said.containsKey("failed") ? " failed" : ""));
        ANSWERS.flush();
      }
      Runtime.getRuntime().halt(0);
    } catch (Throwable failure) {
      failure.printStackTrace();
      Runtime.getRuntime().halt(1); // the server's own threads would keep the process alive
    }
  }
}
