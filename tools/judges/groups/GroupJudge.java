import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.Security;
import org.apache.log4j.Level;
import org.apache.log4j.Logger;

/**
 * Kafka's own classic GroupCoordinator under a clock, a timer and a log that a sequence commands.
 *
 *   GroupJudge < sequences > observations
 *
 * A line of input is one sequence (group_judge makes them), a line of output what was seen after each of its steps.
 */
public final class GroupJudge {
  static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] arguments) throws Exception {
    PrintStream answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    System.setOut(System.err);
    Logger.getRootLogger().setLevel(Level.OFF);
    Security.insertProviderAt(new GivenIds(), 1);
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      if (line.isEmpty()) continue;
      JsonNode sequence = JSON.readTree(line);
      GivenIds.give(sequence.get("uuids"));
      answers.println(JSON.writeValueAsString(new Sequence(sequence).run()));
      answers.flush();
    }
    Runtime.getRuntime().halt(0); // schedulers of Kafka's would keep the process alive
  }
}
