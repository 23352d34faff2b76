import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.util.timer.Timer;
import org.apache.kafka.server.util.timer.TimerTask;

/** Time that stands still until it is told to go on, and tasks that run at their own instant, in the order in which they were set. */
final class Clock implements Time, Timer {
  private long now;
  private final TreeMap<Long, java.util.ArrayDeque<TimerTask>> tasks = new TreeMap<>();

  Clock(long start) {
    now = start;
  }

  /** `failed` hears of what a task throws. */
  void advanceTo(long then, Consumer<Throwable> failed) {
    while (!tasks.isEmpty() && tasks.firstKey() <= then) {
      now = Math.max(now, tasks.firstKey());
      TimerTask task = tasks.firstEntry().getValue().poll();
      if (tasks.firstEntry().getValue().isEmpty()) tasks.pollFirstEntry();
      try {
        task.run(); // one that is complete does nothing
      } catch (Throwable thrown) {
        failed.accept(thrown);
      }
    }
    now = then;
  }

  @Override
  public void add(TimerTask task) {
    tasks.computeIfAbsent(now + Math.max(task.delayMs, 0), at -> new java.util.ArrayDeque<>()).add(task);
  }

  @Override
  public boolean advanceClock(long timeoutMs) {
    return false;
  }

  @Override
  public int size() {
    return tasks.values().stream().mapToInt(java.util.ArrayDeque::size).sum();
  }

  @Override
  public void close() {}

  @Override
  public long milliseconds() {
    return now;
  }

  @Override
  public long nanoseconds() {
    return now * 1_000_000;
  }

  @Override
  public void sleep(long ms) {}

  @Override
  public void waitObject(Object object, Supplier<Boolean> condition, long deadlineMs) {}
}
