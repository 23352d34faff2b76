import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * What zk2kraft says of a captured migration, phase by phase, beside what was true of it (expect.json) and how its road went
 * on. A cluster whose migration went well refutes each error that is said of it on the way.
 */
public final class JudgesCaptures {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<String> BOTH_STORES = Set.of("S4", "S5", "S6", "R1");

    private final String zk2kraft;
    private final Path scratch;
    private final Path cluster;
    private final List<String> disagreements = new ArrayList<>();
    private final Map<String, Integer> judged = new TreeMap<>();
    private final Map<String, Integer> unknown = new TreeMap<>();
    private int disagreementsBefore;
    private Path phase;
    private JsonNode expect;
    private boolean quotaLeftBehind;

    private JudgesCaptures(String zk2kraft, Path cluster, Path scratch) {
        this.zk2kraft = zk2kraft;
        this.cluster = cluster;
        this.scratch = scratch;
    }

    /** ZK2KRAFT COPY_JUDGE SCENARIO CLUSTER SCRATCH. */
    public static void main(String[] args) throws Exception {
        JudgesCaptures judge = new JudgesCaptures(args[0], Path.of(args[3]), Files.createDirectories(Path.of(args[4])));
        for (Path phase : judge.phases()) judge.judge(phase);
        new ComparesTheRun(judge.cluster, judge.scratch, args[0], args[1], args[2]).judge(judge.disagreements, judge.judged);
        for (String each : judge.disagreements) System.out.println("  NO " + judge.cluster.getFileName() + "/" + each);
        if (!judge.unknown.isEmpty()) System.out.println("  unknown to check: " + judge.unknown);
        System.out.println("  agreed: " + judge.judged + ", " + judge.disagreements.size() + " disagreements");
        System.exit(judge.disagreements.isEmpty() ? 0 : 1);
    }

    /** In the order in which they were captured. */
    private List<Path> phases() throws IOException {
        List<Path> all = new ArrayList<>();
        for (String line : Files.readAllLines(cluster.resolve("events.txt"))) {
            int at = line.indexOf(" captured ");
            if (at >= 0) all.add(cluster.resolve(line.substring(at + " captured ".length())));
        }
        return all;
    }

    private record Said(int code, String text, JsonNode json) { }

    private Said ask(String... words) throws Exception {
        disagreementsBefore = disagreements.size();
        List<String> command = new ArrayList<>(List.of(zk2kraft));
        command.addAll(List.of(words));
        Path err = scratch.resolve("err");
        Path out = scratch.resolve("out");
        Process process = new ProcessBuilder(command).redirectError(err.toFile()).redirectOutput(out.toFile()).start();
        int code = process.waitFor();
        String text = Files.readString(out);
        JsonNode json = null;
        try {
            json = JSON.readTree(text);
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            if (List.of(words).contains("json")) no(words[0] + " prints no JSON: " + e.getOriginalMessage());
        }
        return new Said(code, (text.length() > 2000 ? "" : text) + Files.readString(err), json);
    }

    private void no(String what) {
        disagreements.add(phase.getFileName() + ": " + what.strip().replaceAll("\\s*\n\\s*", " | "));
    }

    /** What was asked last, unless somebody said no to it since. */
    private void countIfAgreed(String what) {
        if (disagreements.size() == disagreementsBefore) judged.merge(what, 1, Integer::sum);
    }

    private List<String> withSecret(String... words) throws IOException {
        List<String> all = new ArrayList<>(List.of(words));
        if (expect.has("secret")) {
            Loopback.write(scratch.resolve("secret"), expect.get("secret").asText() + "\n");
            all.addAll(List.of("--secret", scratch.resolve("secret").toString()));
        }
        return all;
    }

    private void judge(Path each) throws Exception {
        phase = each;
        expect = JSON.readTree(phase.resolve("expect.json").toFile());
        quotaLeftBehind = false;
        inspect();
        if (BOTH_STORES.contains(expect.get("phase").asText())) diff();
        // 3.4 writes nothing of the migration before it copies, so that its beginnings look like a quorum that must not migrate.
        if (before("3.5")) return;
        // No file says that a controller was stopped, and what was true before is true no more.
        boolean isBetween = phase.getFileName().toString().equals("p6-controllers-stopped");
        status(isBetween);
        logs();
        if (isBetween) return;
        check();
        gates();
    }

    private boolean before(String release) {
        return expect.path("kafka").asText("3.9.1").compareTo(release) < 0;
    }

    /** Before 3.6 names of users and clients are copied as ZooKeeper's paths have them, encoded, and mirrored in the same way. */
    private boolean losesNames() {
        return before("3.6");
    }

    private static boolean isOfName(String object) {
        return object.startsWith("quotas/") || object.startsWith("scram/");
    }

    private boolean isLostName(String check, String object) {
        return losesNames() && (Set.of("G13", "N07").contains(check) && isOfName(object) || check.equals("H05"));
    }

    /** What was done to a sick cluster makes these findings true. */
    private boolean isTrue(String list, String id) {
        return List.of((expect.path(list).asText() + " " + expect.path("may").asText()).split(" ")).contains(id);
    }

    /** A deleted topic's config is in ZooKeeper again: so it is, where the real driver says that it created it (MB-25). */
    private boolean isBack(String check, String object) {
        if (!check.equals("N06")) return false;
        try (Stream<Path> all = Files.walk(cluster.resolve("logs"))) {
            for (Path each : all.filter(Files::isRegularFile).toList()) {
                try (var in = new java.util.zip.GZIPInputStream(Files.newInputStream(each))) {
                    String log = new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
                    String topic = object.replace("topic ", "TOPIC ");
                    // 3.9 says it afterwards, earlier ones say it before.
                    if (log.contains("Created configs for " + topic + " in ") || log.contains("Create configs for " + topic + ". ")) return true;
                }
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return false;
    }

    /** Controllers whose storage is still there after the way back are a trap indeed (MB-02). */
    private boolean isLeftover(String check) {
        return check.equals("N01") && expect.get("phase").asText().equals("R2");
    }

    private List<Path> controllers() throws IOException {
        try (Stream<Path> all = Files.list(phase)) {
            return all.filter(each -> Files.isDirectory(each.resolve("__cluster_metadata-0"))).sorted().toList();
        }
    }

    private void inspect() throws Exception {
        List<Path> sources = new ArrayList<>(List.of(phase.resolve("zk-1")));
        sources.addAll(controllers());
        for (Path source : sources) {
            Said said = ask(withSecret("inspect", "--output", "json", source.toString()).toArray(String[]::new));
            if (said.code() != 0) no("inspect " + source.getFileName() + " ends with " + said.code() + ": " + said.text());
            countIfAgreed("inspect");
        }
        for (Path source : controllers()) {
            Said said = ask("dump", source.resolve("__cluster_metadata-0").toString());
            if (said.code() != 0) no("dump " + source.getFileName() + " ends with " + said.code() + ": " + said.text());
            countIfAgreed("dump");
        }
    }

    private void diff() throws Exception {
        for (Path controller : controllers()) {
            String id = controller.getFileName().toString().replace("controller-", "");
            if (expect.get("drivers").path(id).asText("DEAD").equals("DEAD")) continue;
            Said said = ask(withSecret("diff", "--output", "json", "--from", phase.resolve("zk-1").toString(), "--to",
                controller.toString()).toArray(String[]::new));
            String wanted = expect.path("diff").asText(losesNames() ? "of names alone" : "0");
            for (JsonNode each : said.json() == null ? List.<JsonNode>of() : said.json().get("tolerated"))
                if (each.path("kind").asText().contains("quota")) quotaLeftBehind = true;
            if (wanted.equals("of names alone")) {
                for (JsonNode each : said.json().get("different"))
                    if (!isOfName(each.get("path").asText())) no("diff with controller-" + id + " finds " + each);
            } else if (!wanted.equals("any") && said.code() != Integer.parseInt(wanted))
                no("diff with controller-" + id + " ends with " + said.code() + ": " + brief(said.json(), "different", "unknown") + said.text());
            countIfAgreed(wanted.equals("any") ? "diff, whatever it says" : "diff");
        }
    }

    private static String brief(JsonNode json, String... members) {
        StringBuilder text = new StringBuilder();
        for (String member : members) {
            int shown = 0;
            if (json != null && json.has(member)) {
                for (JsonNode each : json.get(member)) {
                    if (++shown > 4) break;
                    String one = each.toString();
                    text.append(member).append(' ').append(one, 0, Math.min(500, one.length())).append("; ");
                }
            }
        }
        return text.toString();
    }

    private String acting() {
        return expect.has("acting") ? expect.get("drivers").get(expect.get("acting").asText()).asText() : "";
    }

    private void status(boolean phaseAlone) throws Exception {
        Said said = ask("status", phase.toString(), "--output", "json");
        if (said.json() == null) return;
        JsonNode json = said.json();
        if (!json.get("phase").asText().equals(expect.get("phase").asText()))
            no("status says phase " + json.get("phase").asText() + ", it is " + expect.get("phase").asText() + ": " + json.get("phaseBecause").asText());
        if (phaseAlone) return;
        String driver = json.get("driver").asText("");
        if (driver.equals("null") || driver.equals("INACTIVE")) driver = "";  // as a driver that nobody asks
        boolean nobodyCanTell = expect.path("status").asText().equals("unknown");
        if (!driver.equals(acting()) && !nobodyCanTell) no("status says driver '" + driver + "', it is '" + acting() + "': " + json.get("driverBecause").asText());
        for (JsonNode wedge : json.get("wedges")) {
            if (isBack(wedge.get("check").asText(), wedge.get("object").asText())) continue;
            if (isLostName(wedge.get("check").asText(), wedge.get("object").asText())) continue;
            if (isTrue("wedges", wedge.get("check").asText()) || isLeftover(wedge.get("check").asText())) continue;
            no("status sees " + wedge.get("hazard").asText() + " (" + wedge.get("kind").asText() + ", " + wedge.get("check").asText() + "): "
                + wedge.get("object").asText() + ": " + wedge.get("what").asText());
        }
        if (expect.has("wedges") && json.get("wedges").isEmpty())
            no("status sees no " + expect.get("wedges").asText() + " where there is " + expect.get("sick").asText());
        String verdict = json.get("status").asText();
        int code = verdict.equals("healthy") ? 0 : verdict.equals("unknown") ? 2 : 1;
        if (nobodyCanTell && verdict.equals("healthy")) no("status is healthy where there is " + expect.get("sick").asText());
        if (code != said.code()) no("status " + verdict + " ends with " + said.code());
        if (verdict.equals("unknown") && !nobodyCanTell) no("status is unknown: " + json.get("missing") + json.get("doubts") + said.text());
        countIfAgreed("status");
    }

    private void logs() throws Exception {
        Path folder = cluster.resolve("logs").resolve(phase.getFileName());
        if (!Files.isDirectory(folder)) return;
        List<String> words = new ArrayList<>(List.of("status", "--output", "json", "--log"));
        try (Stream<Path> all = Files.list(folder)) {
            all.sorted().forEach(each -> words.add(each.toString()));
        }
        Said said = ask(words.toArray(String[]::new));
        if (said.json() == null) return;
        JsonNode story = said.json().get("logs");
        for (JsonNode each : story.get("drivers")) {
            String is = expect.get("drivers").path(each.get("node").asText()).asText();
            String says = each.get("state").isNull() ? "shut down" : each.get("state").asText();
            // Who was killed wrote nothing of it, and who runs without the flag has no driver.
            if (is.equals("DEAD") || (is.equals("UNINITIALIZED") && says.equals("shut down"))) continue;
            if (!says.equals(is)) no("status --log says controller-" + each.get("node").asText() + " " + says + ", it is " + is);
        }
        String active = story.get("active").isNull() ? "" : story.get("active").asText();
        String acts = expect.has("acting") ? expect.get("acting").asText() : "";
        if (!active.equals(acts) && !acts.isEmpty()) no("status --log says that " + active + " acts, it is " + acts);
        for (JsonNode each : story.get("unexplained")) no("status --log does not know " + each);
        boolean told = expect.has("sick") || losesNames();
        for (JsonNode each : story.get("lines")) {
            String meaning = each.get("meaning").asText();
            if (each.get("hazard").asText().equals("MB-12") && quotaLeftBehind) {
                told = true;
                continue;
            }
            if (meaning.equals("lost") && losesNames()) continue;
            if (each.get("stands").asBoolean() && !expect.has("sick") && (meaning.equals("stuck") || meaning.equals("lost")))
                no("status --log: " + meaning + " " + each.get("id").asText() + " " + each.get("text").asText());
        }
        if (said.code() != 0 && !told) no("status --log ends with " + said.code() + ": " + story.get("verdict").asText());
        countIfAgreed("status --log");
    }

    private void check() throws Exception {
        Said said = ask("check", phase.toString(), "--output", "json");
        if (said.json() == null) return;
        boolean error = false;
        Set<String> found = new TreeSet<>();
        for (JsonNode each : said.json().get("checks")) {
            for (JsonNode finding : each.get("findings")) {
                if (!finding.path("severity").asText(each.path("severity").asText()).equals("error")) continue;
                error = true;
                found.add(each.get("id").asText());
                if (isBack(each.get("id").asText(), finding.get("object").asText())) continue;
                if (isLostName(each.get("id").asText(), finding.get("object").asText())) continue;
                if (isTrue("errors", each.get("id").asText()) || isLeftover(each.get("id").asText())) continue;
                no("check " + each.get("id").asText() + " " + finding.get("object").asText() + ": " + finding.get("what").asText());
            }
            if (each.get("outcome").asText().equals("unknown")) unknown.merge(each.get("id").asText(), 1, Integer::sum);
        }
        if (expect.has("errors") && found.stream().noneMatch(id -> isTrue("errors", id)))
            no("check finds none of " + expect.get("errors").asText() + " where there is " + expect.get("sick").asText());
        String verdict = said.json().get("verdict").asText();
        if (said.code() > 2 || (said.code() == 1) != error) no("check says " + verdict + " and ends with " + said.code() + ": " + said.text());
        countIfAgreed("check");
    }

    private Said gate(String question) throws Exception {
        Said said = ask("gate", question, phase.toString(), "--output", "json");
        if (said.json() == null) return said;
        String answer = said.json().get("answer").asText();
        int code = answer.equals("OPEN") ? 0 : answer.equals("CLOSED") ? 1 : 2;
        if (code != said.code()) no("gate " + question + " is " + answer + " and ends with " + said.code() + ": " + said.text());
        return said;
    }

    private void gateIs(Said said, String question, String wanted) {
        if (said.json() == null || said.json().get("answer").asText().equals(wanted)) return;
        StringBuilder why = new StringBuilder();
        Set<String> seen = new TreeSet<>();
        boolean allBack = said.code() == 1;
        for (JsonNode rule : said.json().get("rules")) {
            if (!rule.get("effect").asText().equals("closes")) continue;
            for (JsonNode finding : rule.get("findings")) {
                allBack &= isBack(rule.get("id").asText(), finding.get("object").asText())
                    || isLostName(rule.get("id").asText(), finding.get("object").asText());
                if (seen.add(rule.get("id").asText())) why.append(rule.get("id").asText()).append(' ').append(finding.get("what").asText()).append("; ");
            }
        }
        if (allBack && wanted.equals("OPEN")) return;
        no("gate " + question + " is " + said.json().get("answer").asText() + ", not " + wanted + ": " + why + said.json().get("missing"));
    }

    private void gates() throws Exception {
        String now = expect.get("phase").asText();
        boolean sick = expect.has("sick");
        boolean last = phase.equals(lastBeforeTheWayBack());
        Path back = cluster.resolve("way-back.txt");
        for (String question : List.of("next", "finalize", "rollback", "retry")) {
            Said said = gate(question);
            String wanted = expect.path(question).asText();
            if (wanted.isEmpty() && !sick) {
                wanted = switch (question) {
                    case "next" -> "OPEN";
                    case "finalize" -> now.equals("S4") || now.equals("S5") ? "CLOSED" : now.equals("S6") ? "OPEN" : "";
                    case "rollback" -> now.equals("S8") ? "CLOSED"
                        : last && Files.exists(back) ? (Files.readString(back).startsWith("well") ? "OPEN" : "CLOSED") : "";
                    default -> phase.endsWith("p6-rolled-back") ? "CLOSED" : phase.endsWith("p6-wiped") ? "OPEN" : "";
                };
            }
            if (!wanted.isEmpty()) gateIs(said, question, wanted);
            countIfAgreed("gate " + question + (wanted.isEmpty() ? ", its exit code alone" : " " + wanted));
        }
    }

    private Path lastBeforeTheWayBack() throws IOException {
        Path last = null;
        for (Path each : phases()) {
            if (each.getFileName().toString().startsWith("p6")) break;
            last = each;
        }
        return last;
    }
}
