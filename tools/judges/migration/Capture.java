import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Stat;

/** Copies what a cluster's servers have on their disks, as captured clusters are laid out: one folder for a phase. */
final class Capture {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path phase;
    private final String version;

    Capture(Path phase, String version) throws IOException {
        Loopback.delete(phase);
        this.phase = Files.createDirectories(phase);
        this.version = version;
    }

    /** ZooKeeper comes first: a metadata log that is copied later reaches at least as far as what was mirrored of it. */
    void zooKeeper(Path dataDir, ZooKeeper session) throws Exception {
        Loopback.copyTree(dataDir.resolve("version-2"), phase.resolve("zk-1/version-2"));
        if (session == null) return;
        try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(phase.resolve("zookeeper.jsonl")))) {
            dump(session, "/", out);
        }
    }

    private static void dump(ZooKeeper session, String path, PrintWriter out) throws Exception {
        if (path.equals("/zookeeper")) return;
        try {
            Stat stat = new Stat();
            byte[] data = session.getData(path, false, stat);
            ObjectNode line = JSON.createObjectNode();
            line.put("path", path);
            line.put("data", data == null ? null : Base64.getEncoder().encodeToString(data));
            line.put("czxid", stat.getCzxid()).put("mzxid", stat.getMzxid()).put("pzxid", stat.getPzxid());
            line.put("ctime", stat.getCtime()).put("mtime", stat.getMtime()).put("version", stat.getVersion());
            line.put("cversion", stat.getCversion()).put("aversion", stat.getAversion());
            line.put("ephemeralOwner", stat.getEphemeralOwner()).put("numChildren", stat.getNumChildren());
            List<ACL> acls = session.getACL(path, new Stat());
            line.put("acl", String.join(",", acls.stream().map(a -> a.getId().getScheme() + ":" + a.getId().getId() + ":" + a.getPerms()).toList()));
            out.println(JSON.writeValueAsString(line));
            for (String child : new TreeSet<>(session.getChildren(path, false)))
                dump(session, path.equals("/") ? "/" + child : path + "/" + child, out);
        } catch (KeeperException.NoNodeException gone) {
            // It went while one looked.
        }
    }

    void broker(Node broker) throws IOException {
        copyProperties(broker);
        try (Stream<Path> all = Files.list(broker.home)) {
            List<Path> dirs = all.filter(each -> Files.exists(each.resolve("meta.properties"))).sorted().toList();
            for (Path dir : dirs) {
                Path to = dirs.size() == 1 ? phase.resolve(broker.name + ".meta.properties")
                    : phase.resolve(broker.name).resolve(dir.getFileName()).resolve("meta.properties");
                Loopback.copy(dir.resolve("meta.properties"), to);
            }
        }
    }

    private void copyProperties(Node node) throws IOException {
        String text = Files.readString(node.config()).replace(node.home.toString(), "/var/lib/kafka/" + node.name);
        Loopback.write(phase.resolve(node.name + ".properties"), text);
        Loopback.write(phase.resolve(node.name + ".version"), version + "\n");
    }

    void controller(Node controller) throws IOException {
        copyProperties(controller);
        Path metadata = controller.home.resolve("metadata");
        Path to = phase.resolve(controller.name);
        for (String file : List.of("meta.properties", "bootstrap.checkpoint"))
            if (Files.exists(metadata.resolve(file))) Loopback.copy(metadata.resolve(file), to.resolve(file));
        Path log = metadata.resolve("__cluster_metadata-0");
        if (!Files.isDirectory(log)) return;
        try (Stream<Path> all = Files.list(log)) {
            for (Path each : all.filter(file -> !file.toString().endsWith("index")).sorted().toList()) {
                try {
                    Loopback.copy(each, to.resolve("__cluster_metadata-0").resolve(each.getFileName()));
                } catch (java.nio.file.NoSuchFileException gone) {
                    // A live controller removes files while one copies.
                }
            }
        }
    }

    /** Beside the phases, for it is no file of the cluster's disks. */
    void log(Node node, Path to) throws IOException {
        Files.createDirectories(to.getParent());
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(to))) {
            Files.copy(node.log, out);
        }
    }
}
