import java.io.File;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Stat;

/**
 * A real ZooKeeper server of any version (3.4 to 3.9) in this process, and a client to work it.
 *
 *   write DIR SEED OPS   takes OPS random operations, prints every znode, and dies with its sessions open
 *   serve DIR            starts from DIR and prints every znode
 *
 * One JSON object a line, sorted by path, as zk_tree_files prints them.
 */
public final class ZkFiles {
  // No containers, no TTLs, no answers with a stat.
  private static final boolean BEFORE_3_5 = Boolean.getBoolean("judge.before35");
  private static final PrintStream ANSWERS = System.out;

  private static ZooKeeper connect(int port) throws Exception {
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeper client = new ZooKeeper("127.0.0.1:" + port, 30000, new Watcher() {
      @Override
      public void process(WatchedEvent event) {
        if (event.getState() == Event.KeeperState.SyncConnected) connected.countDown();
      }
    });
    if (!connected.await(30, TimeUnit.SECONDS)) throw new IllegalStateException("no session after 30 s");
    client.addAuthInfo("digest", "user:password".getBytes(StandardCharsets.UTF_8));
    return client;
  }

  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') out.append('\\');
      out.append(c);
    }
    return out.append('"').toString();
  }

  private static void paths(ZooKeeper client, String path, TreeSet<String> found) throws Exception {
    found.add(path);
    for (String name : client.getChildren(path, false)) {
      paths(client, path.equals("/") ? "/" + name : path + "/" + name, found);
    }
  }

  private static void print(ZooKeeper client) throws Exception {
    TreeSet<String> found = new TreeSet<>();
    paths(client, "/", found);
    StringBuilder out = new StringBuilder();
    for (String path : found) {
      if (path.startsWith("/zookeeper")) continue;
      Stat stat = new Stat();
      byte[] data = client.getData(path, false, stat);
      StringBuilder acl = new StringBuilder();
      for (ACL one : client.getACL(path, new Stat())) {
        if (acl.length() > 0) acl.append(',');
        acl.append(one.getId().getScheme()).append(':').append(one.getId().getId()).append(':').append(one.getPerms());
      }
      out.append("{\"acl\":").append(quoted(acl.toString()))
          .append(",\"aversion\":").append(stat.getAversion())
          .append(",\"ctime\":").append(stat.getCtime())
          .append(",\"cversion\":").append(stat.getCversion())
          .append(",\"czxid\":").append(stat.getCzxid())
          .append(",\"data\":")
          .append(data == null ? "null" : "\"" + Base64.getEncoder().encodeToString(data) + "\"")
          .append(",\"ephemeralOwner\":").append(stat.getEphemeralOwner())
          .append(",\"mtime\":").append(stat.getMtime())
          .append(",\"mzxid\":").append(stat.getMzxid())
          .append(",\"numChildren\":").append(stat.getNumChildren())
          .append(",\"path\":").append(quoted(path))
          .append(",\"pzxid\":").append(stat.getPzxid())
          .append(",\"version\":").append(stat.getVersion())
          .append("}\n");
    }
    ANSWERS.write(out.toString().getBytes(StandardCharsets.UTF_8));
    ANSWERS.flush();
  }

  private static final class Writer {
    private final Random random;
    private final List<ZooKeeper> clients = new ArrayList<>();
    private final int port;

    Writer(int port, long seed) throws Exception {
      this.port = port;
      random = new Random(seed);
      for (int i = 0; i < 3; ++i) clients.add(connect(port));
    }

    private String path() {
      StringBuilder path = new StringBuilder();
      for (int depth = 1 + random.nextInt(3); depth > 0; --depth) {
        path.append('/').append(random.nextInt(8) == 0 ? "\u00e4-" : "n").append(random.nextInt(12));
      }
      return path.toString();
    }

    private byte[] data() {
      if (random.nextInt(4) == 0) return null;
      byte[] bytes = new byte[random.nextInt(random.nextInt(20) == 0 ? 5000 : 40)];
      random.nextBytes(bytes);
      return bytes;
    }

    private List<ACL> acl() {
      switch (random.nextInt(4)) {
        case 0: return ZooDefs.Ids.CREATOR_ALL_ACL;
        case 1: {
          List<ACL> both = new ArrayList<>(ZooDefs.Ids.READ_ACL_UNSAFE);
          both.addAll(ZooDefs.Ids.CREATOR_ALL_ACL);
          return both;
        }
        default: return ZooDefs.Ids.OPEN_ACL_UNSAFE;
      }
    }

    private CreateMode mode() {
      CreateMode[] modes = {CreateMode.PERSISTENT, CreateMode.PERSISTENT, CreateMode.PERSISTENT, CreateMode.EPHEMERAL,
          CreateMode.PERSISTENT_SEQUENTIAL, CreateMode.EPHEMERAL_SEQUENTIAL, CreateMode.CONTAINER};
      return modes[random.nextInt(BEFORE_3_5 ? 6 : 7)];
    }

    private void createWithStat(ZooKeeper client, boolean ttl) throws Exception {
      if (BEFORE_3_5) return;
      if (ttl) {
        client.create(path(), data(), acl(), CreateMode.PERSISTENT_WITH_TTL, new Stat(), 3600000L);
      } else {
        client.create(path(), data(), acl(), mode(), new Stat());
      }
    }

    private void step() throws Exception {
      int which = random.nextInt(clients.size());
      ZooKeeper client = clients.get(which);
      switch (random.nextInt(20)) {
        case 0: case 1: case 2: case 3: case 4: case 5: client.create(path(), data(), acl(), mode()); break;
        case 6: case 7: case 8: client.setData(path(), data(), -1); break;
        case 9: client.setData(path(), data(), random.nextInt(3)); break;
        case 10: case 11: client.delete(path(), -1); break;
        case 12: client.setACL(path(), acl(), -1); break;
        case 13: case 14: case 15:
          client.multi(Arrays.asList(Op.check("/", -1), Op.create(path(), data(), acl(), mode()),
              Op.setData(path(), data(), -1), Op.create(path(), data(), acl(), CreateMode.PERSISTENT)));
          break;
        case 16: client.multi(Arrays.asList(Op.create(path(), data(), acl(), CreateMode.PERSISTENT))); break;
        case 17: createWithStat(client, false); break;
        case 18: createWithStat(client, true); break;
        default:
          if (random.nextInt(4) == 0) {
            client.close();
            clients.set(which, connect(port));
          }
      }
    }

    void run(int operations) throws Exception {
      for (int i = 0; i < operations; ++i) {
        try {
          step();
        } catch (KeeperException refused) {
          // Most random operations are refused: those are transactions, too.
        }
      }
    }
  }

  /**
   * The server comes from jars of its own (property judge.server), out of sight of the client's: the client of 3.4 does
   * not work on a JDK of today (ZOOKEEPER-3779), the server does.
   */
  private static int startServer(File folder) throws Exception {
    List<URL> jars = new ArrayList<>();
    for (String part : System.getProperty("judge.server").split(":")) {
      File[] files = part.endsWith("/*") ? new File(part.substring(0, part.length() - 2)).listFiles() : null;
      for (File file : files == null ? new File[] {new File(part)} : files) jars.add(file.toURI().toURL());
    }
    ClassLoader loader = new URLClassLoader(jars.toArray(new URL[0]), ClassLoader.getPlatformClassLoader());
    Thread.currentThread().setContextClassLoader(loader);
    Class<?> serverClass = loader.loadClass("org.apache.zookeeper.server.ZooKeeperServer");
    Object server = serverClass.getConstructor(File.class, File.class, int.class).newInstance(folder, folder, 2000);
    serverClass.getMethod("setMinSessionTimeout", int.class).invoke(server, 1000);
    serverClass.getMethod("setMaxSessionTimeout", int.class).invoke(server, 60000);
    Class<?> factoryClass = loader.loadClass("org.apache.zookeeper.server.ServerCnxnFactory");
    Object factory = factoryClass.getMethod("createFactory", InetSocketAddress.class, int.class)
        .invoke(null, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
    factoryClass.getMethod("startup", serverClass).invoke(factory, server);
    return (Integer) factoryClass.getMethod("getLocalPort").invoke(factory);
  }

  public static void main(String[] arguments) {
    System.setOut(System.err); // whatever logs, logs there
    try {
      run(arguments);
      Runtime.getRuntime().halt(0); // as a crash: sessions stay open, ephemerals stay
    } catch (Throwable failure) {
      failure.printStackTrace();
      Runtime.getRuntime().halt(1); // the server's own threads would keep the process alive
    }
  }

  private static void run(String[] arguments) throws Exception {
    File folder = new File(arguments[1]);
    folder.mkdirs();
    int port = startServer(folder);
    if (arguments[0].equals("write")) {
      new Writer(port, Long.parseLong(arguments[2])).run(Integer.parseInt(arguments[3]));
    }
    print(connect(port));
  }
}
