import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import kafka.zk.KafkaZkClient;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.raft.OffsetAndEpoch;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.server.DataNode;
import org.apache.zookeeper.server.DataTree;

/** One sequence: a tree, two controllers, and what happens to them step by step. */
final class Sequence {
  private static final int CONTROLLERS = 2;

  /** Of one worker, a session for each controller and chroot after chroot. */
  static final class Connections {
    final DriverJudge judge;

    Connections(DriverJudge judge) {
      this.judge = judge;
    }
  }

  private final DriverJudge judge;
  private final JsonNode sequence;
  private final String chroot;
  private final Trace trace = new Trace();
  private final Node[] nodes = new Node[CONTROLLERS];
  private final List<AutoCloseable> open = new ArrayList<>();
  private Map<String, String> before = new HashMap<>();

  Sequence(Connections connections, JsonNode sequence) {
    judge = connections.judge;
    this.sequence = sequence;
    chroot = "/" + sequence.get("name").asText();
  }

  ObjectNode run() throws Exception {
    ObjectNode answer = DriverJudge.JSON.createObjectNode();
    answer.set("name", sequence.get("name"));
    ArrayNode seen = answer.putArray("steps");
    plant();
    before = read();
    try {
      for (JsonNode step : sequence.get("steps")) {
        perform(step);
        observe(seen.addObject());
      }
    } finally {
      for (Node node : nodes) if (node != null) node.kill();
      for (AutoCloseable client : open) client.close();
      uproot();
    }
    return answer;
  }

  private Node node(int index) {
    if (nodes[index] == null) {
      InterruptedZooKeeper client = new InterruptedZooKeeper(judge.address + chroot, "judge");
      KafkaZkClient kafka = new KafkaZkClient(client, false, Time.SYSTEM, false);
      open.add(kafka);
      nodes[index] = new Node(index, sequence.get("ids").get(index).asInt(), trace, kafka, sequence);
      client.belongTo(nodes[index]);
    }
    return nodes[index];
  }

  // ── Steps ─────────────────────────────────────────────────────────────────────────────────────

  private void perform(JsonNode step) throws Exception {
    String what = step.get("do").asText();
    if (what.equals("zk")) {
      for (JsonNode op : step.get("ops")) outside(op);
      return;
    }
    Node node = node(step.get("node").asInt());
    boolean inside = Trace.RUNNING.get() == node;
    if (!inside) node.expect(new Interruptions(step));
    switch (what) {
      case "boot": node.boot(); break;
      case "kill": node.kill(); break;
      case "poll": node.poll(); break;
      case "leader": node.leader(step.get("leader").asInt(), step.get("epoch").asInt()); break;
      case "publish": node.publish(step); break;
      default: throw new IllegalStateException("unknown step " + what);
    }
    if (inside) return;
    node.awaitIdle();
    if (!node.isAlive()) node.kill();
  }

  private static byte[] bytes(JsonNode data) {
    return data.isNull() ? null : data.asText().getBytes(StandardCharsets.UTF_8);
  }

  /** Whoever writes to ZooKeeper besides; what is refused is refused. */
  private void outside(JsonNode op) throws Exception {
    String path = chroot + op.get(1).asText();
    try {
      switch (op.get(0).asText()) {
        case "create": judge.outside.create(path, bytes(op.get(2)), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT); break;
        case "set": judge.outside.setData(path, bytes(op.get(2)), -1); break;
        case "delete": judge.outside.delete(path, -1); break;
        default: throw new IllegalStateException("unknown operation");
      }
    } catch (KeeperException refused) {
      // As it shall be for both.
    }
  }

  /** What happens while a step runs: at the nth request of its driver, at the nth call of its controller. */
  final class Interruptions {
    private final JsonNode step;
    private int requests;
    private int commits;

    Interruptions(JsonNode step) {
      this.step = step;
    }

    private List<JsonNode> due(String at, int count) {
      List<JsonNode> found = new ArrayList<>();
      JsonNode during = step.get("during");
      if (during == null) return found;
      for (JsonNode each : during) if (each.has(at) && each.get(at).asInt() == count) found.add(each);
      return found;
    }

    private void run(JsonNode interruption) {
      try {
        perform(interruption.get("step"));
      } catch (Exception failure) {
        throw new Error(failure);
      }
    }

    boolean isDueAtRequest() {
      return !due("request", requests).isEmpty();
    }

    void passRequest() {
      ++requests;
    }

    /** Steps are done; a fault is given back. */
    JsonNode beforeRequest() {
      JsonNode fault = null;
      for (JsonNode each : due("request", requests++)) {
        if (each.has("fault")) fault = each; else run(each);
      }
      return fault;
    }

    /** "ok", "fail" or "never". */
    String onCommit() {
      String outcome = "ok";
      for (JsonNode each : due("commit", commits++)) {
        if (each.has("outcome")) outcome = each.get("outcome").asText(); else run(each);
      }
      return outcome;
    }

    OffsetAndEpoch endOfCopy() {
      JsonNode end = step.get("end");
      return new OffsetAndEpoch(end.get(0).asLong(), end.get(1).asInt());
    }
  }

  // ── The tree ──────────────────────────────────────────────────────────────────────────────────

  private void plant() throws Exception {
    List<Op> operations = new ArrayList<>();
    operations.add(Op.create(chroot, null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
    for (JsonNode znode : sequence.get("tree")) {
      String path = chroot + znode.get(0).asText();
      operations.add(Op.create(path, bytes(znode.get(1)), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
      for (int again = znode.get(2).asInt(); again > 0; --again) operations.add(Op.setData(path, bytes(znode.get(1)), -1));
    }
    judge.outside.multi(operations);
  }

  private void uproot() throws Exception {
    List<String> paths = new ArrayList<>(read().keySet());
    List<Op> operations = new ArrayList<>();
    for (int i = paths.size() - 1; i >= 0; --i) operations.add(Op.delete(chroot + paths.get(i), -1));
    operations.add(Op.delete(chroot, -1));
    judge.outside.multi(operations);
  }

  /** All znodes below the chroot by path, with their versions: the server's own memory, for it is at rest. */
  private Map<String, String> read() {
    Map<String, String> found = new TreeMap<>();
    read(judge.server.getZKDatabase().getDataTree(), chroot, found);
    return found;
  }

  private void read(DataTree tree, String at, Map<String, String> found) {
    DataNode node = tree.getNode(at);
    if (node == null) return;
    List<String> children;
    synchronized (node) {
      if (at.length() > chroot.length()) {
        byte[] data = node.getData();
        found.put(at.substring(chroot.length()), node.stat.getVersion() + (data == null ? " null" : "=" + new String(data, StandardCharsets.UTF_8)));
      }
      children = new ArrayList<>(node.getChildren());
    }
    for (String child : children) read(tree, at + "/" + child, found);
  }

  private void observe(ObjectNode seen) throws Exception {
    ArrayNode entries = seen.putArray("trace");
    for (String entry : trace.take()) entries.add(entry);
    ArrayNode states = seen.putArray("nodes");
    for (Node node : nodes) states.add(node == null ? "down" : node.describe());
    Map<String, String> now = read();
    ObjectNode changed = seen.putObject("znodes");
    for (Map.Entry<String, String> znode : now.entrySet()) {
      if (!znode.getValue().equals(before.get(znode.getKey()))) changed.put(znode.getKey(), znode.getValue());
    }
    for (String path : before.keySet()) if (!now.containsKey(path)) changed.putNull(path);
    before = now;
  }
}
