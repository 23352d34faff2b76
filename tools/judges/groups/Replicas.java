import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Lock;
import kafka.cluster.Partition;
import kafka.log.UnifiedLog;
import kafka.server.ActionQueue;
import kafka.server.ReplicaManager;
import kafka.server.RequestLocal;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.MutableRecordBatch;
import org.apache.kafka.common.record.Record;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.common.record.RecordValidationStats;
import org.apache.kafka.common.requests.ProduceResponse.PartitionResponse;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.FetchDataInfo;
import org.apache.kafka.storage.internals.log.FetchIsolation;
import org.apache.kafka.storage.internals.log.LogAppendInfo;
import org.apache.kafka.storage.internals.log.LogOffsetMetadata;
import org.apache.kafka.storage.internals.log.VerificationGuard;
import scala.Function1;
import scala.Option;
import scala.collection.Map;
import scala.runtime.BoxedUnit;

/**
 * The replica manager as the coordinator sees it: logs of `__consumer_offsets` that keep what is written, and answer at once or when
 * they are told. Made without a constructor, for Kafka's wants a whole broker.
 */
final class Replicas extends ReplicaManager {
  interface Seen {
    void written(int partition, List<Record> records);
  }
  static final class Parked {
    TopicPartition partition;
    long baseOffset;
    Function1<Map<TopicPartition, PartitionResponse>, BoxedUnit> callback;
  }

  /** How the appends of a step end: "PARKED", or the name of an error. */
  String outcome;
  Seen seen;
  /** All appends so far, decided ones too. */
  List<Parked> parked;
  OneLog[] logs;
  Led[] led;
  Runnable whileLoading;

  private Replicas() {
    super(null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
  }

  static Replicas make(int partitions) {
    Replicas replicas = Made.of(Replicas.class);
    replicas.outcome = "NONE";
    replicas.parked = new ArrayList<>();
    replicas.logs = new OneLog[partitions];
    replicas.led = new Led[partitions];
    for (int i = 0; i < partitions; ++i) {
      replicas.logs[i] = Made.of(OneLog.class);
      replicas.logs[i].batches = new ArrayList<>();
      replicas.led[i] = Made.of(Led.class);
      replicas.led[i].index = i;
      replicas.led[i].replicas = replicas;
    }
    return replicas;
  }

  @Override
  public void appendRecords(long timeout, short acks, boolean internalTopics, AppendOrigin origin, Map<TopicPartition, MemoryRecords> entries,
      Function1<Map<TopicPartition, PartitionResponse>, BoxedUnit> callback, Option<Lock> lock,
      Function1<Map<TopicPartition, RecordValidationStats>, BoxedUnit> stats, RequestLocal local, ActionQueue queue,
      Map<TopicPartition, VerificationGuard> guards) {
    if (acks != -1) throw new IllegalStateException("acks " + acks);
    TopicPartition partition = entries.head()._1();
    MemoryRecords records = entries.head()._2();
    seen.written(partition.partition(), list(records));
    Parked write = new Parked();
    write.partition = partition;
    write.callback = callback;
    parked.add(write);
    boolean isRefused = !outcome.equals("PARKED") && !outcome.equals("NONE");
    write.baseOffset = isRefused ? -1 : logs[partition.partition()].append(records);
    if (!outcome.equals("PARKED")) decide(parked.size() - 1, Errors.valueOf(outcome));
  }

  void decide(int index, Errors error) {
    Parked write = parked.get(index);
    Function1<Map<TopicPartition, PartitionResponse>, BoxedUnit> callback = write.callback;
    write.callback = null;
    PartitionResponse response = new PartitionResponse(error, write.baseOffset, RecordBatch.NO_TIMESTAMP, 0L);
    callback.apply(Scala.map(java.util.Map.of(write.partition, response)));
  }

  static List<Record> list(MemoryRecords records) {
    List<Record> all = new ArrayList<>();
    records.records().forEach(all::add);
    return all;
  }

  @Override
  public Option<Object> getMagic(TopicPartition partition) {
    return Option.apply(RecordBatch.MAGIC_VALUE_V2);
  }

  @Override
  public Option<Partition> onlinePartition(TopicPartition partition) {
    return Option.apply(led[partition.partition()]);
  }

  @Override
  public Option<UnifiedLog> getLog(TopicPartition partition) {
    Runnable during = whileLoading;
    whileLoading = null;
    if (during != null) during.run();
    return Option.apply(logs[partition.partition()]);
  }

  @Override
  public Option<Object> getLogEndOffset(TopicPartition partition) {
    return Option.apply(logs[partition.partition()].end);
  }

  @Override
  public void tryCompleteActions() {}

  static final class Led extends Partition {
    int index;
    Replicas replicas;

    private Led() {
      super(null, 0, null, 0, null, null, null, null, null, null, null, null);
    }

    @Override
    public LogAppendInfo appendRecordsToLeader(MemoryRecords records, AppendOrigin origin, int acks, RequestLocal local, VerificationGuard guard) {
      if (acks != 0) throw new IllegalStateException("acks " + acks);
      replicas.seen.written(index, list(records));
      replicas.logs[index].append(records);
      return null;
    }
  }

  static final class OneLog extends UnifiedLog {
    List<ByteBuffer> batches;
    long end;

    private OneLog() {
      super(0, null, null, 0, null, null, null, false, false, null);
    }

    long append(MemoryRecords records) {
      long base = end;
      ByteBuffer copy = ByteBuffer.allocate(records.sizeInBytes());
      copy.put(records.buffer().duplicate()).flip();
      for (MutableRecordBatch batch : MemoryRecords.readableRecords(copy).batches()) {
        batch.setLastOffset(end + batch.lastOffset() - batch.baseOffset());
        end = batch.lastOffset() + 1;
      }
      batches.add(copy);
      return base;
    }

    @Override
    public long logStartOffset() {
      return 0;
    }

    @Override
    public FetchDataInfo read(long from, int length, FetchIsolation isolation, boolean minOne) {
      int size = batches.stream().mapToInt(ByteBuffer::limit).sum();
      ByteBuffer all = ByteBuffer.allocate(from < end ? size : 0);
      if (from < end) for (ByteBuffer batch : batches) all.put(batch.duplicate());
      all.flip();
      return new FetchDataInfo(new LogOffsetMetadata(from), MemoryRecords.readableRecords(all));
    }
  }

  /** An object of which no constructor has run. */
  static final class Made {
    @SuppressWarnings("unchecked")
    static <T> T of(Class<T> type) {
      try {
        java.lang.reflect.Field field = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
        field.setAccessible(true);
        return (T) ((sun.misc.Unsafe) field.get(null)).allocateInstance(type);
      } catch (ReflectiveOperationException impossible) {
        throw new IllegalStateException(impossible);
      }
    }
  }
}
