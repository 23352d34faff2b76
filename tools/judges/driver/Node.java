import com.fasterxml.jackson.databind.JsonNode;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import kafka.zk.KafkaZkClient;
import kafka.zk.ZkMigrationClient;
import org.apache.kafka.common.errors.NotControllerException;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.common.utils.Timer;
import org.apache.kafka.controller.QuorumFeatures;
import org.apache.kafka.controller.metrics.QuorumControllerMetrics;
import org.apache.kafka.image.MetadataDelta;
import org.apache.kafka.image.MetadataImage;
import org.apache.kafka.image.MetadataProvenance;
import org.apache.kafka.image.loader.LoaderManifest;
import org.apache.kafka.image.loader.LogDeltaManifest;
import org.apache.kafka.image.loader.SnapshotManifest;
import org.apache.kafka.metadata.KafkaConfigSchema;
import org.apache.kafka.metadata.MetadataRecordSerde;
import org.apache.kafka.metadata.migration.KRaftMigrationDriver;
import org.apache.kafka.metadata.migration.LegacyPropagator;
import org.apache.kafka.metadata.migration.MigrationDriverState;
import org.apache.kafka.metadata.migration.ZkMigrationLeadershipState;
import org.apache.kafka.metadata.migration.ZkRecordConsumer;
import org.apache.kafka.queue.KafkaEventQueue;
import org.apache.kafka.raft.LeaderAndEpoch;
import org.apache.kafka.raft.OffsetAndEpoch;
import org.apache.kafka.security.PasswordEncoder;
import org.apache.kafka.server.common.ApiMessageAndVersion;

/** One controller: its migration driver, the image that its loader has, and the consumer of its records. */
final class Node {
  /** Far enough ahead that no deferred poll of a driver, whose queue lives by the system's clock, ever falls due. */
  private static final long YEARS_AHEAD_NS = 3_000_000_000L * 100_000_000L;
  private static final QuorumControllerMetrics METRICS = new QuorumControllerMetrics(Optional.empty(), Time.SYSTEM, true);

  final int index;
  final int id;
  final Trace trace;
  private final KafkaZkClient zooKeeper;
  private final JsonNode sequence;
  private volatile KRaftMigrationDriver driver;
  private volatile KafkaEventQueue queue;
  private volatile boolean halted;
  private MetadataImage image;
  private Sequence.Interruptions interruptions;

  Node(int index, int id, Trace trace, KafkaZkClient zooKeeper, JsonNode sequence) {
    this.index = index;
    this.id = id;
    this.trace = trace;
    this.zooKeeper = zooKeeper;
    this.sequence = sequence;
  }

  boolean isHalted() {
    return halted;
  }

  boolean isAlive() {
    return driver != null && !halted;
  }

  /** What is to happen while the next step of this node runs. */
  void expect(Sequence.Interruptions next) {
    interruptions = next;
  }

  Sequence.Interruptions interruptions() {
    return interruptions;
  }

  // ── Steps ─────────────────────────────────────────────────────────────────────────────────────

  void boot() throws Exception {
    halted = false;
    image = MetadataImage.EMPTY;
    List<Integer> voters = new ArrayList<>();
    for (JsonNode voter : sequence.get("voters")) voters.add(voter.asInt());
    KRaftMigrationDriver started = KRaftMigrationDriver.newBuilder().setNodeId(id).setZkRecordConsumer(new Controller())
        .setZkMigrationClient(ZkMigrationClient.apply(zooKeeper, PasswordEncoder.NOOP)).setPropagator(new Brokers())
        .setInitialZkLoadHandler(publisher -> trace.add(this, "install")).setFaultHandler((message, cause) -> {
          String event = Trace.eventOf(message.startsWith("Unhandled error in ") ? message.substring(19) : "");
          // The message of a refused authentication names the event as well.
          if (event.isEmpty()) event = Trace.eventOf(message.substring("Encountered ZooKeeper authentication in ".length()));
          trace.add(this, "failed|" + event + "|fault|" + Trace.classesOf(cause));
          return new RuntimeException(message, cause);
        }).setQuorumFeatures(new QuorumFeatures(id, QuorumFeatures.defaultFeatureMap(true), voters))
        .setConfigSchema(KafkaConfigSchema.EMPTY).setControllerMetrics(METRICS)
        .setMinMigrationBatchSize(sequence.get("batch").asInt()).setTime(new FarAhead()).build();
    queue = (KafkaEventQueue) read(started, "eventQueue");
    queue.append(() -> Trace.RUNNING.set(this));
    driver = started;
    started.start();
    started.migrationState().get(); // the first poll has run, so its successor waits
  }

  void kill() throws Exception {
    KRaftMigrationDriver dying = driver;
    halted = true;
    driver = null;
    if (dying != null) dying.close();
  }

  void poll() {
    driver.start();
  }

  void leader(int leader, int epoch) {
    driver.onControllerChange(new LeaderAndEpoch(leader < 0 ? OptionalInt.empty() : OptionalInt.of(leader), epoch));
  }

  void publish(JsonNode step) {
    boolean snapshot = step.get("snapshot").asBoolean();
    MetadataDelta delta = new MetadataDelta.Builder().setImage(image).build();
    for (JsonNode record : step.get("records")) {
      byte[] bytes = Base64.getDecoder().decode(record.asText());
      delta.replay(MetadataRecordSerde.INSTANCE.read(new ByteBufferAccessor(java.nio.ByteBuffer.wrap(bytes)), bytes.length).message());
    }
    if (snapshot) delta.finishSnapshot();
    MetadataProvenance provenance = new MetadataProvenance(step.get("offset").asLong(), step.get("epoch").asInt(), 0);
    image = delta.apply(provenance);
    LoaderManifest manifest = snapshot ? new SnapshotManifest(provenance, 0)
        : new LogDeltaManifest.Builder().provenance(provenance).leaderAndEpoch(LeaderAndEpoch.UNKNOWN).numBatches(1).elapsedNs(0).numBytes(1).build();
    driver.onMetadataUpdate(delta, image, manifest);
  }

  /** Until the driver has nothing to do but the poll that waits. */
  void awaitIdle() {
    if (driver == null) return;
    for (int turn = 0; queue.size() > 1; ++turn) {
      if (turn < 50) Thread.onSpinWait(); else LockSupport.parkNanos(20_000);
      if (turn > 2_000_000) throw new IllegalStateException("the driver of " + id + " does not come to rest");
    }
  }

  private static Object read(KRaftMigrationDriver driver, String field) throws ReflectiveOperationException {
    Field found = KRaftMigrationDriver.class.getDeclaredField(field);
    found.setAccessible(true);
    return found.get(driver);
  }

  /** State and leadership state, as driver_judge prints its own. */
  String describe() throws ReflectiveOperationException {
    if (!isAlive()) return "down";
    MigrationDriverState state = (MigrationDriverState) read(driver, "migrationState");
    ZkMigrationLeadershipState known = (ZkMigrationLeadershipState) read(driver, "migrationLeadershipState");
    return state + " kraft " + known.kraftControllerId() + "@" + known.kraftControllerEpoch() + " metadata " + known.kraftMetadataOffset()
        + "@" + known.kraftMetadataEpoch() + " migration v" + known.migrationZkVersion() + " zk epoch " + known.zkControllerEpoch()
        + " v" + known.zkControllerEpochZkVersion();
  }

  // ── What a driver lives with ──────────────────────────────────────────────────────────────────

  private static final class TimedOut extends CompletableFuture<OffsetAndEpoch> { }

  /** The system's time, years ahead; whoever waits for what never comes is told so at once. */
  private static final class FarAhead implements Time {
    @Override public long milliseconds() { return Time.SYSTEM.milliseconds(); }
    @Override public long nanoseconds() { return Time.SYSTEM.nanoseconds() + YEARS_AHEAD_NS; }
    @Override public void sleep(long ms) { Time.SYSTEM.sleep(ms); }
    @Override public void waitObject(Object object, Supplier<Boolean> condition, long deadlineMs) { throw new UnsupportedOperationException(); }
    @Override public Timer timer(long timeoutMs) { throw new UnsupportedOperationException(); }
    @Override public <T> T waitForFuture(Future<T> future, long deadlineNs) throws TimeoutException, InterruptedException, ExecutionException {
      if (future instanceof TimedOut) throw new TimeoutException();
      return future.get();
    }
  }

  /** QuorumController, as far as the driver sees it. */
  private final class Controller implements ZkRecordConsumer {
    private CompletableFuture<OffsetAndEpoch> answer() {
      switch (interruptions.onCommit()) {
        case "fail": return CompletableFuture.failedFuture(new NotControllerException("no longer the active controller"));
        case "never": return new TimedOut();
        default: return CompletableFuture.completedFuture(interruptions.endOfCopy());
      }
    }

    @Override
    public CompletableFuture<?> beginMigration() {
      trace.add(Node.this, "begin");
      return answer();
    }

    @Override
    public CompletableFuture<?> acceptBatch(List<ApiMessageAndVersion> records) {
      StringBuilder text = new StringBuilder("records");
      for (ApiMessageAndVersion record : records) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        java.nio.ByteBuffer buffer = java.nio.ByteBuffer.allocate(MetadataRecordSerde.INSTANCE.recordSize(record, cache));
        MetadataRecordSerde.INSTANCE.write(record, cache, new ByteBufferAccessor(buffer));
        text.append('|').append(Base64.getEncoder().encodeToString(buffer.array()));
      }
      trace.add(Node.this, text.toString());
      return answer();
    }

    @Override
    public CompletableFuture<OffsetAndEpoch> completeMigration() {
      trace.add(Node.this, "complete");
      return answer();
    }

    /** Ends the process. */
    @Override
    public void abortMigration() {
      trace.add(Node.this, "abort");
      halted = true;
    }
  }

  private final class Brokers implements LegacyPropagator {
    @Override public void startup() { }
    @Override public void shutdown() { }
    @Override public void publishMetadata(MetadataImage published) { }
    @Override public void clear() { }

    @Override
    public void sendRPCsToBrokersFromMetadataDelta(MetadataDelta delta, MetadataImage sent, int zkControllerEpoch) {
      trace.add(Node.this, "requests|" + sent.highestOffsetAndEpoch().offset() + "|" + zkControllerEpoch);
    }

    @Override
    public void sendRPCsToBrokersFromMetadataImage(MetadataImage sent, int zkControllerEpoch) {
      trace.add(Node.this, "requests|" + sent.highestOffsetAndEpoch().offset() + "|" + zkControllerEpoch);
    }
  }
}
