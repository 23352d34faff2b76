import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** What the judges that run whole clusters on loopback have in common: ports, files, commands, and patience. */
final class Loopback {
    private Loopback() { }

    /** The two do not agree, or the cluster did not come to where it should be: a sentence for people. */
    static final class Disagreement extends Exception {
        Disagreement(String what) {
            super(what);
        }
    }

    interface Condition {
        boolean holds() throws Exception;
    }

    record Ran(int code, String out) { }

    /** Below the ports that systems give to outgoing connections, so that a stopped server finds its own again. */
    static int freePort() throws IOException {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(12_000, 32_000);
            try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (java.net.BindException taken) {
                // Another one, then.
            }
        }
    }

    static void await(String what, Duration patience, Condition condition) throws Exception {
        long end = System.nanoTime() + patience.toNanos();
        Exception last = null;
        while (System.nanoTime() < end) {
            try {
                if (condition.holds()) return;
                last = null;
            } catch (Disagreement | InterruptedException | Error e) {
                throw e;
            } catch (Exception e) {
                last = e;
            }
            Thread.sleep(500);
        }
        throw new Disagreement(what + " - not within " + patience.toSeconds() + " s" + (last == null ? "" : ": " + last));
    }

    /** Output and error of a command together; code -1 if it took too long. */
    static Ran run(Path where, Map<String, String> environment, Duration limit, List<String> command) throws Exception {
        Path out = Files.createTempFile("judge", "");
        try {
            ProcessBuilder builder = new ProcessBuilder(command).directory(where.toFile()).redirectErrorStream(true)
                .redirectOutput(out.toFile());
            builder.environment().putAll(environment);
            Process process = builder.start();
            if (!process.waitFor(limit.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return new Ran(-1, "it took more than " + limit.toSeconds() + " seconds");
            }
            return new Ran(process.exitValue(), Files.readString(out));
        } finally {
            Files.delete(out);
        }
    }

    static void write(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to.getParent());
        Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
    }

    static void copyTree(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path each : all.toList()) {
                if (!Files.isRegularFile(each)) continue;
                try {
                    copy(each, to.resolve(from.relativize(each).toString()));
                } catch (NoSuchFileException gone) {
                    // A live server removes files while one copies.
                }
            }
        }
    }

    static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) return;
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) Files.delete(each);
        }
    }
}
