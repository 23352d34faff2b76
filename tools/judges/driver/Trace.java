import java.util.ArrayList;
import java.util.List;
import org.apache.log4j.AppenderSkeleton;
import org.apache.log4j.spi.LoggingEvent;

/** What one sequence does, in order: requests and their answers, calls of the controller, transitions, failures. */
final class Trace {
  /** Whose driver runs on this thread. */
  static final ThreadLocal<Node> RUNNING = new ThreadLocal<>();
  private static final String[] REFUSALS = {"The controller's ZkMigrationState is NONE", "KRaft controller indicates a"};
  private static final String[][] STAYS = {
      {"Unable to claim leadership", "BECOME_CONTROLLER"}, {"which does not contain a superset of the metadata", "SYNC_KRAFT_TO_ZK"},
      {"Not sending metadata RPCs with current", "KRAFT_CONTROLLER_TO_BROKER_COMM"}, {"Not running this event", "event dropped"}};

  private List<String> entries = new ArrayList<>();

  synchronized void add(Node node, String entry) {
    if (!node.isHalted()) entries.add(node.index + "|" + entry);
  }

  synchronized List<String> take() {
    List<String> taken = entries;
    entries = new ArrayList<>();
    return taken;
  }

  /** "MetadataChangeEvent{provenance=…": the name is enough. */
  static String eventOf(String text) {
    int end = 0;
    while (end < text.length() && Character.isLetter(text.charAt(end))) ++end;
    return text.substring(0, end);
  }

  /** A fault of a driver as the classes that it is made of, the outermost first. */
  static String classesOf(Throwable failure) {
    StringBuilder classes = new StringBuilder();
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      classes.append(classes.length() == 0 ? "" : " < ").append(cause.getClass().getSimpleName());
    }
    return classes.toString();
  }

  /** What a driver tells by its log alone. */
  static final class OfLog extends AppenderSkeleton {
    @Override
    protected void append(LoggingEvent event) {
      Node node = RUNNING.get();
      if (node == null) return;
      String text = event.getRenderedMessage();
      if (text.contains(" transitioning from ")) {
        String states = text.substring(text.indexOf(" from ") + 6, text.lastIndexOf(" state"));
        if (event.getLevel().isGreaterOrEqual(org.apache.log4j.Level.INFO)) node.trace.add(node, "state|" + states.replace(" to ", "|"));
        return;
      }
      int error = text.indexOf("Encountered ZooKeeper error during event ");
      if (error >= 0) {
        String name = eventOf(text.substring(error + "Encountered ZooKeeper error during event ".length()));
        node.trace.add(node, "failed|" + name + "|retried|MigrationClientException");
        return;
      }
      for (String refusal : REFUSALS) {
        if (text.contains(refusal)) node.trace.add(node, "failed|WaitForControllerQuorumEvent|refused|" + refusal);
      }
      for (String[] stay : STAYS) {
        if (text.contains(stay[0])) node.trace.add(node, "note|" + stay[1]);
      }
    }

    @Override
    public void close() { }

    @Override
    public boolean requiresLayout() {
      return false;
    }
  }
}
