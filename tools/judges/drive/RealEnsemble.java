import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;
import org.apache.zookeeper.server.auth.DigestAuthenticationProvider;

/** Three real ZooKeeper servers on loopback that are one ensemble, numbered from 1. */
final class RealEnsemble {
    private static final int SERVERS = 3;
    private final Path home;
    private final Path log4j;
    private final List<Node> servers = new ArrayList<>();
    private final List<Integer> ports = new ArrayList<>();
    private String auth;

    RealEnsemble(String jars, Path home, Path log4j) throws IOException {
        this.home = home;
        this.log4j = log4j;
        for (int i = 1; i <= SERVERS; ++i) {
            servers.add(new Node("zk-" + i, home.resolve("zk-" + i), jars, 128));
            ports.add(Loopback.freePort());
        }
    }

    /** Each on a copy of these files. */
    void start(Path version2) throws Exception {
        StringBuilder peers = new StringBuilder();
        for (int i = 1; i <= SERVERS; ++i)
            peers.append("server.").append(i).append("=127.0.0.1:").append(Loopback.freePort()).append(':').append(Loopback.freePort()).append('\n');
        for (int i = 1; i <= SERVERS; ++i) {
            Node server = servers.get(i - 1);
            Path data = server.home.resolve("data");
            Loopback.copyTree(version2, data.resolve("version-2"));
            Loopback.write(data.resolve("myid"), i + "\n");
            Loopback.write(server.home.resolve("zoo.cfg"), "tickTime=500\ninitLimit=20\nsyncLimit=10\ndataDir=" + data + "\nclientPort=" + ports.get(i - 1)
                + "\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\nmaxClientCnxns=0\nmaxSessionTimeout=60000\n4lw.commands.whitelist=srvr\n" + peers);
            server.start(log4j, "org.apache.zookeeper.server.quorum.QuorumPeerMain", server.home.resolve("zoo.cfg"));
        }
        Loopback.await("the ensemble has a leader", Duration.ofSeconds(60), () -> leader() > 0);
    }

    String hosts() {
        List<String> hosts = new ArrayList<>();
        for (int port : ports) hosts.add("127.0.0.1:" + port);
        return String.join(",", hosts);
    }

    /** 0 while nobody leads. */
    int leader() {
        for (int i = 1; i <= SERVERS; ++i) {
            if (says(ports.get(i - 1)).contains("Mode: leader")) return i;
        }
        return 0;
    }

    private static String says(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 1000);
            socket.setSoTimeout(1000);
            socket.getOutputStream().write("srvr".getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "";
        }
    }

    long pid(int server) {
        return servers.get(server - 1).pid();
    }

    boolean runs(int server) {
        return servers.get(server - 1).runs();
    }

    void killAll() throws InterruptedException {
        for (Node each : servers) each.kill();
    }

    // ── Znodes ──────────────────────────────────────────────────────────────────────────────────

    private interface Work<T> {
        T on(ZooKeeper session) throws Exception;
    }

    private <T> T with(Work<T> work) throws Exception {
        try (ZooKeeper session = new ZooKeeper(hosts(), 10_000, event -> { })) {
            if (auth != null) session.addAuthInfo("digest", auth.getBytes(StandardCharsets.UTF_8));
            return work.on(session);
        }
    }

    List<String> children(String path) throws Exception {
        return with(session -> session.getChildren(path, false));
    }

    Stat exists(String path) throws Exception {
        return with(session -> session.exists(path, false));
    }

    String data(String path) throws Exception {
        return with(session -> new String(session.getData(path, false, null), StandardCharsets.UTF_8));
    }

    void create(String path, String data) throws Exception {
        with(session -> session.create(path, data.getBytes(StandardCharsets.UTF_8), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
    }

    /** A second cluster, equal to the one at the root. */
    void copyBelow(String chroot) throws Exception {
        with(session -> {
            StringBuilder made = new StringBuilder();
            for (String part : chroot.substring(1).split("/")) {
                made.append('/').append(part);
                session.create(made.toString(), null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            }
            String own = "/" + chroot.substring(1).split("/")[0];
            for (String name : session.getChildren("/", false)) {
                if (!name.equals("zookeeper") && !own.equals("/" + name)) copy(session, "/" + name, chroot + "/" + name);
            }
            return null;
        });
    }

    private static void copy(ZooKeeper session, String from, String to) throws Exception {
        session.create(to, session.getData(from, false, null), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        for (String name : session.getChildren(from, false)) copy(session, from + "/" + name, to + "/" + name);
    }

    /** From now on nobody but this user ("name:password") sees anything. */
    void protect(String root, String user) throws Exception {
        List<ACL> only = new ArrayList<>();
        only.add(new ACL(ZooDefs.Perms.ALL, new Id("digest", DigestAuthenticationProvider.generateDigest(user))));
        auth = user;
        with(session -> {
            protect(session, root, only);
            return null;
        });
    }

    private static void protect(ZooKeeper session, String path, List<ACL> only) throws KeeperException, InterruptedException {
        if (path.equals("/zookeeper")) return;
        for (String name : session.getChildren(path, false)) protect(session, path.equals("/") ? "/" + name : path + "/" + name, only);
        session.setACL(path, only, -1);
    }
}
