import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.jute.BinaryInputArchive;
import org.apache.jute.Record;
import org.apache.zookeeper.MultiOperationRecord;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooDefs.OpCode;
import org.apache.zookeeper.proto.CreateRequest;
import org.apache.zookeeper.proto.RequestHeader;
import org.apache.zookeeper.proto.SetDataRequest;

/** What one frame of a ZooKeeper client asks for: its operations, one but in a multi, read by ZooKeeper's own classes. */
record ZooKeeperRequest(int xid, List<Operation> operations) {
    enum Kind { CREATE, SET_DATA, DELETE, CHECK, READ, PING, OTHER }

    /** `data` is that of a create or setData, else empty. */
    record Operation(Kind kind, String path, String data) {
        @Override
        public String toString() {
            return kind + " " + path + (data.isEmpty() ? "" : " " + data);
        }
    }

    static ZooKeeperRequest read(byte[] frame) throws IOException {
        BinaryInputArchive in = BinaryInputArchive.getArchive(new ByteArrayInputStream(frame));
        RequestHeader header = new RequestHeader();
        header.deserialize(in, "header");
        List<Operation> operations = new ArrayList<>();
        if (header.getType() == OpCode.multi) {
            MultiOperationRecord multi = new MultiOperationRecord();
            multi.deserialize(in, "multi");
            for (Op op : multi) operations.add(new Operation(kind(op.getType()), op.getPath(), data(op.toRequestRecord())));
        } else {
            operations.add(single(header.getType(), in));
        }
        return new ZooKeeperRequest(header.getXid(), operations);
    }

    private static Operation single(int type, BinaryInputArchive in) throws IOException {
        Kind kind = kind(type);
        switch (kind) {
            case CREATE -> {
                CreateRequest create = new CreateRequest();
                create.deserialize(in, "create");
                return new Operation(kind, create.getPath(), data(create));
            }
            case SET_DATA -> {
                SetDataRequest set = new SetDataRequest();
                set.deserialize(in, "set");
                return new Operation(kind, set.getPath(), data(set));
            }
            case PING, OTHER -> {
                return new Operation(kind, "", "");
            }
            default -> {
                return new Operation(kind, in.readString("path"), "");
            }
        }
    }

    private static Kind kind(int type) {
        return switch (type) {
            case OpCode.create, OpCode.create2, OpCode.createTTL, OpCode.createContainer -> Kind.CREATE;
            case OpCode.setData -> Kind.SET_DATA;
            case OpCode.delete -> Kind.DELETE;
            case OpCode.check -> Kind.CHECK;
            case OpCode.exists, OpCode.getData, OpCode.getChildren, OpCode.getChildren2, OpCode.getACL -> Kind.READ;
            case OpCode.ping -> Kind.PING;
            default -> Kind.OTHER;
        };
    }

    private static String data(Record request) {
        byte[] bytes = request instanceof CreateRequest create ? create.getData() : request instanceof SetDataRequest set ? set.getData()
            : null;
        return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
    }

    boolean is(Kind kind, String path) {
        return operations.stream().anyMatch(each -> each.kind == kind && each.path.equals(path));
    }

    /** Of a setData or create of exactly this path; empty where there is none. */
    String dataOf(String path) {
        return operations.stream().filter(each -> each.path.equals(path)).map(Operation::data).filter(each ->
            !each.isEmpty()).findFirst().orElse("");
    }

    boolean isMulti() {
        return operations.size() > 1;
    }
}
