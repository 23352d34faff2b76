import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One process of a cluster: where it lives, what it has logged, and whether it runs. */
final class Node {
    private static final Pattern STARTED = Pattern.compile("\\[KafkaServer id=\\d+\\] started|Kafka Server started");
    private static final Pattern TRANSITION = Pattern.compile("transitioning from (\\w+) to (\\w+) state");

    final String name;
    final Path home;
    final Path log;
    private final String classPath;
    private final int heapMegabytes;
    private Process process;
    private long startedAt;

    Node(String name, Path home, String classPath, int heapMegabytes) throws IOException {
        this.name = name;
        this.home = Files.createDirectories(home);
        this.log = home.resolve("server.log");
        this.classPath = classPath;
        this.heapMegabytes = heapMegabytes;
    }

    Path config() {
        return home.resolve("server.properties");
    }

    void configure(List<String> lines) throws IOException {
        Loopback.write(config(), String.join("\n", lines) + "\n");
    }

    /** A main class and what is to be written before its arguments; its log goes on in the same file. */
    void start(Path log4j, String mainClass, Path argument, String... options) throws IOException {
        startedAt = Files.exists(log) ? Files.size(log) : 0;
        List<String> command = new ArrayList<>(List.of("java", "-Xmx" + heapMegabytes + "m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-Dlog4j.configuration=file:" + log4j, "-Dzookeeper.preAllocSize=64", "-Dzookeeper.admin.enableServer=false"));
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", classPath, mainClass, argument.toString()));
        process = new ProcessBuilder(command).directory(home.toFile()).redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile())).start();
    }

    boolean runs() {
        return process != null && process.isAlive();
    }

    long pid() {
        return process.pid();
    }

    /** Asks it to stop, and does not wait. */
    void terminate() {
        if (runs()) process.destroy();
    }

    void stop() throws InterruptedException {
        if (!runs()) return;
        process.destroy();
        if (!process.waitFor(400, TimeUnit.SECONDS)) process.destroyForcibly().waitFor();
    }

    /** Stands still as under a long pause, until `thaw`. */
    void freeze() throws Exception {
        Loopback.run(home, Map.of(), Duration.ofSeconds(10), List.of("kill", "-STOP", String.valueOf(process.pid())));
    }

    void thaw() throws Exception {
        Loopback.run(home, Map.of(), Duration.ofSeconds(10), List.of("kill", "-CONT", String.valueOf(process.pid())));
    }

    void kill() throws InterruptedException {
        if (runs()) process.destroyForcibly().waitFor();
    }

    /** What it has logged since its last start. */
    String logged() throws IOException {
        byte[] all = Files.exists(log) ? Files.readAllBytes(log) : new byte[0];
        return new String(all, (int) startedAt, all.length - (int) startedAt, StandardCharsets.UTF_8);
    }

    boolean hasStarted() throws IOException, Loopback.Disagreement {
        if (!runs()) throw new Loopback.Disagreement(name + " has ended: " + log);
        return STARTED.matcher(logged()).find();
    }

    /** The state of its migration driver, by the last transition since its start; UNINITIALIZED before any. */
    String driverState() throws IOException {
        String state = "UNINITIALIZED";
        for (Matcher each = TRANSITION.matcher(logged()); each.find();) state = each.group(2);
        return state;
    }
}
