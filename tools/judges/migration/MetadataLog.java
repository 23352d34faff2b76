import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.metadata.AbortTransactionRecord;
import org.apache.kafka.common.metadata.BeginTransactionRecord;
import org.apache.kafka.common.metadata.EndTransactionRecord;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.record.FileRecords;
import org.apache.kafka.common.record.Record;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.image.MetadataDelta;
import org.apache.kafka.image.MetadataImage;
import org.apache.kafka.image.MetadataProvenance;
import org.apache.kafka.metadata.MetadataRecordSerde;

/** A controller's log of metadata, read and replayed by Kafka's own classes while the controller runs. */
final class MetadataLog {
    record Entry(long offset, int epoch, ApiMessage message) { }

    private MetadataLog() { }

    /** All records in the order of the log; what is not committed yet is among them. */
    static List<Entry> entries(Node controller) throws IOException {
        List<Entry> entries = new ArrayList<>();
        try (Stream<Path> files = Files.list(controller.home.resolve("metadata/__cluster_metadata-0"))) {
            for (Path each : files.filter(file -> file.toString().endsWith(".log")).sorted().toList()) read(each, entries);
        }
        return entries;
    }

    private static void read(Path segment, List<Entry> entries) throws IOException {
        FileRecords records = FileRecords.open(segment.toFile(), false);
        try {
            for (RecordBatch batch : records.batches()) {
                if (batch.isControlBatch()) continue;
                for (Record record : batch) {
                    ApiMessage message = MetadataRecordSerde.INSTANCE.read(new ByteBufferAccessor(record.value()), record.valueSize()).message();
                    entries.add(new Entry(record.offset(), batch.partitionLeaderEpoch(), message));
                }
            }
        } finally {
            records.closeHandlers();  // Its close() would cut off what the controller has appended since.
        }
    }

    /** What a loader makes of it: an open transaction is not seen yet, an aborted one never. */
    static MetadataImage image(List<Entry> entries) {
        MetadataImage before = MetadataImage.EMPTY;
        MetadataDelta delta = new MetadataDelta.Builder().setImage(before).build();
        boolean open = false;
        MetadataProvenance provenance = MetadataProvenance.EMPTY;
        for (Entry each : entries) {
            if (each.message instanceof BeginTransactionRecord) {
                before = delta.apply(provenance);
                delta = new MetadataDelta.Builder().setImage(before).build();
                open = true;
            } else if (each.message instanceof AbortTransactionRecord) {
                delta = new MetadataDelta.Builder().setImage(before).build();
                open = false;
            } else if (each.message instanceof EndTransactionRecord) {
                open = false;
            } else {
                delta.replay(each.message);
            }
            provenance = new MetadataProvenance(each.offset, each.epoch, 0);
        }
        return open ? before : delta.apply(provenance);
    }
}
