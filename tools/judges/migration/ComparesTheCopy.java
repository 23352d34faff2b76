import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The copy that the simulated cluster makes of the real tree, beside the one that the real controller made of it. */
final class ComparesTheCopy {
    private final Path cluster;
    private final Path scratch;
    private final String zk2kraft;
    private final String copyJudge;
    private final String scenario;

    ComparesTheCopy(Path cluster, Path scratch, String zk2kraft, String copyJudge, String scenario) {
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
        judged.merge("run", 1, Integer::sum);
        if (ran.code() != 0) disagreements.add("p3-hybrid: run ends with " + ran.code() + ": " + tail(ran.out()));
        // Of a quorum that was run anew, any controller has the copy.
        List<Path> simulated;
        if (!Files.isDirectory(disks)) return;
        try (Stream<Path> all = Files.list(disks)) {
            simulated = all.filter(each -> each.getFileName().toString().startsWith("controller-")).sorted().toList();
        }
        String real = expect.get("drivers").fieldNames().next();
        Loopback.Ran copy = Loopback.run(scratch, Map.of(), Duration.ofMinutes(5),
            List.of(copyJudge, phase.resolve("controller-" + real).toString(), simulated.get(0).toString()));
        judged.merge("copy", 1, Integer::sum);
        if (copy.code() != 0) disagreements.add("p3-hybrid: copy: " + copy.out().strip().replaceAll("\\s*\n\\s*", " | "));
    }

    private static String tail(String text) {
        return text.substring(Math.max(0, text.length() - 600)).strip().replaceAll("\\s*\n\\s*", " | ");
    }
}
