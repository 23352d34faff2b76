import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.LeaderChangeMessage;
import org.apache.kafka.common.metadata.BeginTransactionRecord;
import org.apache.kafka.common.metadata.EndTransactionRecord;
import org.apache.kafka.common.metadata.ZkMigrationStateRecord;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.SimpleRecord;
import org.apache.kafka.metadata.MetadataRecordSerde;
import org.apache.kafka.metadata.migration.ZkMigrationState;
import org.apache.kafka.server.common.ApiMessageAndVersion;

/** A copy as a controller's metadata log: Kafka's own encoding of Kafka's own records, as one transaction. */
final class CopyLog {
  private static final long WHEN = 1731984000000L;
  private static final int EPOCH = 2;

  private final FileChannel file;
  private long next;

  private CopyLog(FileChannel file) {
    this.file = file;
  }

  private static ByteBuffer bytes(ApiMessageAndVersion record) {
    ObjectSerializationCache cache = new ObjectSerializationCache();
    ByteBuffer buffer = ByteBuffer.allocate(MetadataRecordSerde.INSTANCE.recordSize(record, cache));
    MetadataRecordSerde.INSTANCE.write(record, cache, new ByteBufferAccessor(buffer));
    buffer.flip();
    return buffer;
  }

  private void append(MemoryRecords batch, int records) throws IOException {
    for (ByteBuffer buffer = batch.buffer().duplicate(); buffer.hasRemaining();) file.write(buffer);
    next += records;
  }

  private void append(List<ApiMessageAndVersion> records) throws IOException {
    final int most = 10000;
    for (int from = 0; from < records.size(); from += most) {
      List<ApiMessageAndVersion> part = records.subList(from, Math.min(records.size(), from + most));
      SimpleRecord[] simple = part.stream().map(r -> new SimpleRecord(WHEN, null, bytes(r).array())).toArray(SimpleRecord[]::new);
      append(MemoryRecords.withRecords(next, Compression.NONE, EPOCH, simple), simple.length);
    }
  }

  /** Answers the offset of the last record. */
  static long write(Path controller, int id, String cluster, List<List<ApiMessageAndVersion>> lists) throws IOException {
    Path folder = controller.resolve("__cluster_metadata-0");
    Files.createDirectories(folder);
    Files.writeString(controller.resolve("meta.properties"), "version=1\ncluster.id=" + cluster + "\nnode.id=" + id + "\n", StandardCharsets.UTF_8);
    try (FileChannel file = FileChannel.open(folder.resolve("00000000000000000000.log"), StandardOpenOption.CREATE,
             StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
      CopyLog log = new CopyLog(file);
      LeaderChangeMessage leader = new LeaderChangeMessage().setLeaderId(id)
          .setVoters(List.of(new LeaderChangeMessage.Voter().setVoterId(id))).setGrantingVoters(List.of(new LeaderChangeMessage.Voter().setVoterId(id)));
      log.append(MemoryRecords.withLeaderChangeMessage(0, WHEN, EPOCH, ByteBuffer.allocate(512), leader), 1);
      log.append(List.of(new ApiMessageAndVersion(new BeginTransactionRecord().setName("ZK Migration"), (short) 0)));
      for (List<ApiMessageAndVersion> list : lists) log.append(list);
      log.append(List.of(ZkMigrationState.MIGRATION.toRecord(), new ApiMessageAndVersion(new EndTransactionRecord(), (short) 0)));
      return log.next - 1;
    }
  }
}
