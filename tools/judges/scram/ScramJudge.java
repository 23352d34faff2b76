import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import javax.security.auth.callback.NameCallback;
import javax.security.auth.callback.PasswordCallback;
import javax.security.sasl.SaslException;
import org.apache.kafka.common.errors.IllegalSaslStateException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.authenticator.CredentialCache;
import org.apache.kafka.common.security.scram.ScramCredential;
import org.apache.kafka.common.security.scram.ScramExtensionsCallback;
import org.apache.kafka.common.security.scram.internals.ScramFormatter;
import org.apache.kafka.common.security.scram.internals.ScramMechanism;
import org.apache.kafka.common.security.scram.internals.ScramSaslClient;
import org.apache.kafka.common.security.scram.internals.ScramSaslServer;
import org.apache.kafka.common.security.scram.internals.ScramServerCallbackHandler;
import org.apache.kafka.common.security.token.delegation.DelegationToken;
import org.apache.kafka.common.security.token.delegation.TokenInformation;
import org.apache.kafka.common.security.token.delegation.internals.DelegationTokenCache;

/**
 * Kafka's own SCRAM client and server, a step a line: JSON in, JSON out, messages in hexadecimal.
 *
 * <pre>
 *   {"credential": mechanism, "password": …, "salt": hex, "iterations": n}   {"storedKey": hex, "serverKey": hex}
 *   {"new": mechanism, "user": …, "password": …, "extensions": {…},           {}
 *    "users": {name: {"salt", "storedKey", "serverKey", "iterations"}}, "tokens": {id: {…, "owner", "expiry"}}}
 *   {"client": hex}, {"server": hex}     the next message for that side        {"message": hex} or {"error": kind, "text": …}
 *                                                    and {"complete": true, "authorizationId": …, "expiry": n or null}
 * </pre>
 */
public class ScramJudge {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HexFormat HEX = HexFormat.of();
    private static final PrintStream ANSWERS = System.out;

    private ScramSaslClient client;
    private ScramSaslServer server;

    private static ScramCredential credential(JsonNode of) {
        return new ScramCredential(HEX.parseHex(of.get("salt").asText()), HEX.parseHex(of.get("storedKey").asText()),
            HEX.parseHex(of.get("serverKey").asText()), of.get("iterations").asInt());
    }

    private ObjectNode begin(JsonNode question) throws Exception {
        ScramMechanism mechanism = ScramMechanism.forMechanismName(question.get("new").asText());
        CallbackHandler login = callbacks -> {
            for (Callback callback : callbacks) {
                if (callback instanceof NameCallback name) name.setName(question.get("user").asText());
                else if (callback instanceof PasswordCallback password) password.setPassword(question.get("password").asText().toCharArray());
                else if (callback instanceof ScramExtensionsCallback extensions) {
                    Map<String, String> map = new LinkedHashMap<>();
                    question.get("extensions").fields().forEachRemaining(each -> map.put(each.getKey(), each.getValue().asText()));
                    extensions.extensions(map);
                }
            }
        };
        client = new ScramSaslClient(mechanism, login);

        CredentialCache.Cache<ScramCredential> users = new CredentialCache().createCache(mechanism.mechanismName(), ScramCredential.class);
        question.get("users").fields().forEachRemaining(each -> users.put(each.getKey(), credential(each.getValue())));
        DelegationTokenCache tokens = new DelegationTokenCache(ScramMechanism.mechanismNames());
        question.get("tokens").fields().forEachRemaining(each -> {
            KafkaPrincipal owner = new KafkaPrincipal(KafkaPrincipal.USER_TYPE, each.getValue().get("owner").asText());
            TokenInformation information = new TokenInformation(each.getKey(), owner, owner, List.of(), 0, Long.MAX_VALUE,
                each.getValue().get("expiry").asLong());
            tokens.updateCache(new DelegationToken(information, new byte[] {1}), Map.of(mechanism.mechanismName(), credential(each.getValue())));
        });
        ScramServerCallbackHandler handler = new ScramServerCallbackHandler(users, tokens);
        handler.configure(Map.of(), mechanism.mechanismName(), List.of());
        server = new ScramSaslServer(mechanism, Map.of(), handler);
        return JSON.createObjectNode();
    }

    private static ObjectNode credential(String mechanism, JsonNode question) throws Exception {
        ScramFormatter formatter = new ScramFormatter(ScramMechanism.forMechanismName(mechanism));
        byte[] salt = HEX.parseHex(question.get("salt").asText());
        int iterations = question.get("iterations").asInt();
        byte[] salted = formatter.saltedPassword(question.get("password").asText(), salt, iterations);
        ScramCredential made = formatter.generateCredential(salt, salted, iterations);
        return JSON.createObjectNode().put("storedKey", HEX.formatHex(made.storedKey())).put("serverKey", HEX.formatHex(made.serverKey()));
    }

    private ObjectNode step(boolean ofClient, byte[] message) {
        ObjectNode answer = JSON.createObjectNode();
        try {
            byte[] next = ofClient ? client.evaluateChallenge(message) : server.evaluateResponse(message);
            answer.put("message", next == null ? "" : HEX.formatHex(next));
        } catch (SaslAuthenticationException e) {
            answer.put("error", "SaslAuthentication").put("text", e.getMessage());
        } catch (IllegalSaslStateException e) {
            answer.put("error", "IllegalSaslState").put("text", e.getMessage());
        } catch (SaslException e) {
            answer.put("error", "Sasl").put("text", e.getMessage());
        } catch (IllegalArgumentException e) {
            answer.put("error", "IllegalArgument").put("text", e.getMessage());
        } catch (Exception e) {
            answer.put("error", e.getClass().getSimpleName()).put("text", String.valueOf(e.getMessage()));
        }
        answer.put("complete", ofClient ? client.isComplete() : server.isComplete());
        if (!ofClient && server.isComplete()) {
            answer.put("authorizationId", server.getAuthorizationID());
            answer.put("expiry", (Long) server.getNegotiatedProperty("CREDENTIAL.LIFETIME.MS"));
        }
        return answer;
    }

    private void run() throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(ANSWERS, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode question = JSON.readTree(line);
            ObjectNode answer;
            if (question.has("credential")) answer = credential(question.get("credential").asText(), question);
            else if (question.has("new")) answer = begin(question);
            else if (question.has("client")) answer = step(true, HEX.parseHex(question.get("client").asText()));
            else answer = step(false, HEX.parseHex(question.get("server").asText()));
            out.println(JSON.writeValueAsString(answer));
            out.flush();
        }
    }

    public static void main(String[] arguments) throws Exception {
        System.setOut(System.err); // whatever logs, logs there
        new ScramJudge().run();
    }
}
