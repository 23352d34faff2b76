import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.log4j.Level;
import org.apache.log4j.Logger;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.server.ServerCnxnFactory;
import org.apache.zookeeper.server.ZooKeeperServer;

/**
 * Real ZooKeeper, and Kafka's own KRaftMigrationDriver, KRaftMigrationZkWriter and ZkMigrationClient over it.
 *
 *   DriverJudge FOLDER WORKERS < sequences > observations
 *
 * A line of input is one sequence (driver_judge makes them), a line of output what was seen after each of its steps; not in the
 * order of the input. All sequences share one server, in FOLDER, and each has a chroot of its own, which goes when it is over.
 */
public final class DriverJudge {
  static final ObjectMapper JSON = new ObjectMapper();
  private static final int TICK_MS = 4000;

  final ZooKeeperServer server;
  final String address;
  /** Of whoever is neither of the two controllers: brokers, operators. */
  final ZooKeeper outside;

  private DriverJudge(File folder) throws Exception {
    server = new ZooKeeperServer(folder, folder, TICK_MS);
    ServerCnxnFactory factory = ServerCnxnFactory.createFactory(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    factory.startup(server);
    address = "127.0.0.1:" + factory.getLocalPort();
    CountDownLatch connected = new CountDownLatch(1);
    outside = new ZooKeeper(address, 60000, event -> {
      if (event.getState() == Watcher.Event.KeeperState.SyncConnected) connected.countDown();
    });
    if (!connected.await(30, TimeUnit.SECONDS)) throw new IllegalStateException("no session after 30 s");
  }

  private static void answerAll(BlockingQueue<String> lines, Sequence.Connections connections, PrintStream answers) {
    try {
      for (String line = lines.take(); !line.isEmpty(); line = lines.take()) {
        JsonNode sequence = JSON.readTree(line);
        String answer = JSON.writeValueAsString(new Sequence(connections, sequence).run());
        synchronized (answers) {
          answers.println(answer);
          answers.flush();
        }
      }
    } catch (Throwable failure) {
      failure.printStackTrace();
      Runtime.getRuntime().halt(2);
    }
  }

  public static void main(String[] arguments) throws Exception {
    PrintStream answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    System.setOut(System.err);
    Logger.getRootLogger().setLevel(Level.OFF);
    Logger driver = Logger.getLogger("org.apache.kafka.metadata.migration.KRaftMigrationDriver");
    driver.setLevel(Level.INFO);
    driver.setAdditivity(false);
    driver.addAppender(new Trace.OfLog());
    Path folder = Path.of(arguments[0]);
    Files.createDirectories(folder);
    DriverJudge judge = new DriverJudge(folder.toFile());
    int workers = Integer.parseInt(arguments[1]);
    BlockingQueue<String> lines = new ArrayBlockingQueue<>(4 * workers);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < workers; ++i) {
      Thread thread = new Thread(() -> answerAll(lines, new Sequence.Connections(judge), answers), "worker-" + i);
      thread.start();
      threads.add(thread);
    }
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      if (!line.isEmpty()) lines.put(line);
    }
    for (int i = 0; i < workers; ++i) lines.put("");
    for (Thread thread : threads) thread.join();
    answers.flush();
    Runtime.getRuntime().halt(0); // the server's own threads would keep the process alive
  }
}
