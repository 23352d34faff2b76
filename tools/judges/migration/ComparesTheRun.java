import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * What the simulated cluster makes of the real tree, beside what the real controllers made of it: the records of the copy, and
 * the states that the driver went through from its election to DUAL_WRITE.
 */
final class ComparesTheRun {
    private static final Pattern TRANSITION = Pattern.compile("transitioning from (\\w+) to (\\w+) state");

    private final Path cluster;
    private final Path scratch;
    private final String zk2kraft;
    private final String copyJudge;
    private final String scenario;

    ComparesTheRun(Path cluster, Path scratch, String zk2kraft, String copyJudge, String scenario) {
        this.cluster = cluster;
        this.scratch = scratch;
        this.zk2kraft = zk2kraft;
        this.copyJudge = copyJudge;
        this.scenario = scenario;
    }

    void judge(List<String> disagreements, Map<String, Integer> judged) throws Exception {
        Path phase = cluster.resolve("p3-hybrid");
        if (!Files.isDirectory(phase)) return;
        JsonNode expect = new ObjectMapper().readTree(phase.resolve("expect.json").toFile());
        Path disks = scratch.resolve("disks");
        Loopback.delete(disks);
        List<String> command = new ArrayList<>(List.of(zk2kraft, "run", scenario, "--from", phase.resolve("zk-1").toString(), "--at", "claim",
            "--quiet", "--seed", "7", "--disks", disks.toString(), "--trace", scratch.resolve("trace").toString()));
        if (expect.has("secret")) {
            Loopback.write(scratch.resolve("secret"), expect.get("secret").asText() + "\n");
            command.addAll(List.of("--secret", scratch.resolve("secret").toString()));
        }
        Loopback.Ran ran = Loopback.run(scratch, Map.of(), Duration.ofMinutes(5), command);
        if (ran.code() == 0) judged.merge("run", 1, Integer::sum);
        else disagreements.add("p3-hybrid: run ends with " + ran.code() + ": " + tail(ran.out()));
        // Of a quorum that was run anew, any controller has the copy.
        List<Path> simulated;
        if (!Files.isDirectory(disks)) {
            if (ran.code() == 0) disagreements.add("p3-hybrid: run leaves no disks");
            return;
        }
        try (Stream<Path> all = Files.list(disks)) {
            simulated = all.filter(each -> each.getFileName().toString().startsWith("controller-")).sorted().toList();
        }
        if (!copiesInATransaction(expect)) return;
        String controller = expect.get("drivers").fieldNames().next();
        Loopback.Ran copy = Loopback.run(scratch, Map.of(), Duration.ofMinutes(5),
            List.of(copyJudge, phase.resolve("controller-" + controller).toString(), simulated.get(0).toString()));
        if (copy.code() == 0) judged.merge("copy", 1, Integer::sum);
        else disagreements.add("p3-hybrid: copy: " + copy.out().strip().replaceAll("\\s*\n\\s*", " | "));
        List<String> real = realRoad();
        List<String> ours = simulatedRoad();
        // In hybrid the real driver has come there: two empty roads are no agreement.
        if (!real.isEmpty() && real.equals(ours)) judged.merge("driver's states", 1, Integer::sum);
        else disagreements.add("p3-hybrid: the driver's states: simulated " + ours + ", real " + real);
    }

    /** Since 3.6 (KIP-868). Before, the copy has no borders in the log to compare it by. */
    static boolean copiesInATransaction(JsonNode expect) {
        return expect.path("kafka").asText("3.9.1").compareTo("3.6") >= 0;
    }

    /** From the last election on, up to DUAL_WRITE; empty if it never came there. */
    private static List<String> road(List<String> states) {
        int end = states.indexOf("DUAL_WRITE");
        if (end < 0) return List.of();
        int begin = states.subList(0, end).lastIndexOf("WAIT_FOR_CONTROLLER_QUORUM");
        return states.subList(Math.max(begin, 0), end + 1);
    }

    private List<String> realRoad() throws Exception {
        try (Stream<Path> all = Files.list(cluster.resolve("logs/p3-hybrid"))) {
            for (Path log : all.sorted().toList()) {
                List<String> states = new ArrayList<>();
                try (var in = new GZIPInputStream(Files.newInputStream(log))) {
                    for (var each = TRANSITION.matcher(new String(in.readAllBytes(), StandardCharsets.UTF_8)); each.find();)
                        if (!each.group(1).equals(each.group(2))) states.add(each.group(2));
                }
                if (!road(states).isEmpty()) return road(states);
            }
        }
        return List.of();
    }

    private List<String> simulatedRoad() throws Exception {
        Map<String, List<String>> states = new java.util.TreeMap<>();
        // Of thousands of topics a trace is too long to be kept as a whole.
        Process dump = new ProcessBuilder(zk2kraft, "dump", scratch.resolve("trace").toString()).redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
        try (BufferedReader lines = dump.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.contains("\"migrate.StateChanged\"")) continue;
                JsonNode each = new ObjectMapper().readTree(line);
                states.computeIfAbsent(each.get("node").asText(), node -> new ArrayList<>()).add(each.get("fields").get("to").asText());
            }
        }
        if (dump.waitFor() != 0) return List.of();
        return states.values().stream().map(ComparesTheRun::road).filter(each -> !each.isEmpty()).findFirst().orElse(List.of());
    }

    private static String tail(String text) {
        return text.substring(Math.max(0, text.length() - 600)).strip().replaceAll("\\s*\n\\s*", " | ");
    }
}
