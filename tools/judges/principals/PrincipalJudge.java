package org.apache.kafka.common.security.kerberos; // BadFormatString and NoMatchingRule are not public

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.security.ssl.SslPrincipalMapper;

/**
 * Kafka's mapping rules, asked by lines of JSON on stdin, answering by lines on stdout.
 *
 * <pre>
 *   {"ssl": rules or null, "names": […]}
 *   {"kerberos": [rule, …], "realm": …, "names": […]}
 *   {"refused": why} or {"names": ["=what came out", "NoMatchingRule", "BadFormat", "BadReplacement", "Malformed", …]}
 * </pre>
 */
public class PrincipalJudge {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final PrintStream ANSWERS = System.out;

    private interface Mapper {
        String map(String name) throws Exception;
    }

    private static Mapper mapper(JsonNode question) {
        if (question.has("ssl")) {
            SslPrincipalMapper mapper = SslPrincipalMapper.fromRules(question.get("ssl").isNull() ? null : question.get("ssl").asText());
            return mapper::getName;
        }
        List<String> rules = new ArrayList<>();
        question.get("kerberos").forEach(rule -> rules.add(rule.asText()));
        KerberosShortNamer namer = KerberosShortNamer.fromUnparsedRules(question.get("realm").asText(), rules);
        return name -> {
            KerberosName parsed;
            try {
                parsed = KerberosName.parse(name);
            } catch (IllegalArgumentException e) {
                return "Malformed";
            }
            return "=" + namer.shortName(parsed);
        };
    }

    private static String mapped(Mapper mapper, String name, boolean ssl) {
        try {
            String result = mapper.map(name);
            return ssl ? "=" + result : result;
        } catch (SslPrincipalMapper.NoMatchingRule | NoMatchingRule e) {
            return "NoMatchingRule";
        } catch (BadFormatString e) {
            return "BadFormat";
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            return "BadReplacement";
        } catch (Exception e) {
            return e.getClass().getSimpleName();
        } catch (StackOverflowError e) {
            return "StackOverflow";
        }
    }

    public static void main(String[] arguments) throws Exception {
        System.setOut(System.err); // whatever logs, logs there
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(ANSWERS, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode question = JSON.readTree(line);
            ObjectNode answer = JSON.createObjectNode();
            try {
                Mapper mapper = mapper(question);
                ArrayNode names = answer.putArray("names");
                for (JsonNode name : question.get("names")) names.add(mapped(mapper, name.asText(), question.has("ssl")));
            } catch (IllegalArgumentException e) { // PatternSyntaxException is one
                answer.put("refused", String.valueOf(e.getMessage()));
            }
            out.println(JSON.writeValueAsString(answer));
            out.flush();
        }
    }
}
