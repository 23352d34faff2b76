import com.fasterxml.jackson.databind.JsonNode;
import java.security.Provider;
import java.security.SecureRandomSpi;
import java.util.ArrayDeque;
import java.util.HexFormat;

/** Where UUID.randomUUID gets its bytes: member ids are those of the sequence, in the order in which they are asked for. */
public final class GivenIds extends Provider {
  private static final ArrayDeque<byte[]> NEXT = new ArrayDeque<>();

  public GivenIds() {
    super("GivenIds", "1", "the member ids of a sequence");
    put("SecureRandom.GivenIds", Bytes.class.getName());
  }

  static void give(JsonNode ids) {
    NEXT.clear();
    for (JsonNode id : ids) NEXT.add(HexFormat.of().parseHex(id.asText()));
  }

  public static final class Bytes extends SecureRandomSpi {
    @Override
    protected void engineSetSeed(byte[] seed) {}

    @Override
    protected void engineNextBytes(byte[] bytes) {
      byte[] id = bytes.length == 16 ? NEXT.poll() : null;
      for (int i = 0; i < bytes.length; ++i) bytes[i] = id == null ? (byte) i : id[i];
    }

    @Override
    protected byte[] engineGenerateSeed(int count) {
      return new byte[count];
    }
  }
}
