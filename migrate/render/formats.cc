#include "migrate/render/formats.h"

#include <fmt/format.h>

#include <set>

#include "migrate/render/commands.h"
#include "sim/base/check.h"

namespace migrate {
namespace {

// A YAML scalar in double quotes; what Jinja would take for its own is kept from it.
std::string yaml_scalar(std::string_view text) {
  const bool jinja =
      text.find("{{") != text.npos || text.find("{%") != text.npos || text.find("{#") != text.npos;
  std::string out = jinja ? "!unsafe \"" : "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out += std::string("\\") + c;
    else if (byte < 0x20 || byte == 0x7f)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  return out + "\"";
}

std::string_view variable_of(const RenderedNode& node, Profile profile) {
  if (!is_confluent(profile)) return "kafka_properties";
  return is_broker(node.shape) ? "kafka_broker_custom_properties"
                               : "kafka_controller_custom_properties";
}

// ── Strimzi ─────────────────────────────────────────────────────────────────────────────────────

class StrimziWriter {
 public:
  StrimziWriter(std::size_t controllers, const StrimziNames& names)
      : controllers_(controllers), names_(names) {}

  std::string steps_to(Phase phase) && {
    switch (phase) {
      case Phase::S0:
        node_pools();
        break;
      case Phase::S1:
        node_pools();
        controller_pool();
        break;
      // The operator goes from S2 to S6 by itself.
      case Phase::S2:
      case Phase::S3:
      case Phase::S4:
      case Phase::S5:
      case Phase::S6:
        node_pools();
        controller_pool();
        annotate("migration", "KRaftPostMigration",
                 "the operator restarts brokers with the flag, waits for the copy, and restarts "
                 "them in KRaft mode (S2 to S6), without a pause between");
        break;
      case Phase::S7:
      case Phase::S8:
        annotate("enabled", "KRaft",
                 "THE POINT OF NO RETURN: from KRaftPostMigration only, controllers restart "
                 "without the flag");
        clean_up();
        break;
      case Phase::R1:
        annotate("rollback", "KRaftDualWriting",
                 "from KRaftPostMigration only: brokers go back to ZooKeeper mode, with the flag");
        break;
      case Phase::R2:
        annotate("rollback", "KRaftDualWriting",
                 "from KRaftPostMigration only: brokers go back to ZooKeeper mode, with the flag");
        remove_controllers();
        annotate("disabled", "ZooKeeper",
                 "after the controllers are gone: the operator deletes /controller, and restarts "
                 "brokers without the flag");
        leftovers();
        break;
    }
    return std::move(out_);
  }

 private:
  void step(std::string_view what) { out_ += fmt::format("\n# {}. {}\n", ++number_, what); }

  std::string kafka() const {
    return fmt::format("kafka {} -n {}", shell_word(names_.cluster), shell_word(names_.space));
  }

  void wait_for(std::string_view state) {
    out_ += fmt::format(
        "kubectl wait {} --for=jsonpath='{{.status.kafkaMetadataState}}'={} --timeout=2h\n",
        fmt::format("kafka/{} -n {}", shell_word(names_.cluster), shell_word(names_.space)), state);
  }

  void annotate(std::string_view value, std::string_view state, std::string_view what) {
    step(what);
    out_ += fmt::format("kubectl annotate {} strimzi.io/kraft={} --overwrite\n", kafka(), value);
    wait_for(state);
  }

  // The pool must be called kafka, or every broker would get another name and an empty volume.
  void node_pools() {
    step("brokers become a node pool named kafka, if they are in none yet");
    out_ += fmt::format(
        "kubectl get {} -o json | jq '{{apiVersion: \"kafka.strimzi.io/v1beta2\", kind: "
        "\"KafkaNodePool\",\n"
        "  metadata: {{name: \"kafka\", namespace: .metadata.namespace, labels: "
        "{{\"strimzi.io/cluster\": .metadata.name}}}},\n"
        "  spec: ({{replicas: .spec.kafka.replicas, roles: [\"broker\"], storage: "
        ".spec.kafka.storage}}\n"
        "    + (.spec.kafka | {{resources, jvmOptions}} | with_entries(select(.value))))}}' | "
        "kubectl apply -f -\n"
        "kubectl annotate {} strimzi.io/node-pools=enabled --overwrite\n",
        kafka(), kafka());
    wait_for("ZooKeeper");
  }

  void controller_pool() {
    step("controllers get a pool; until the next step the operator warns of them, which is sound");
    out_ += fmt::format(
        "kubectl apply -f - <<'END'\n"
        "apiVersion: kafka.strimzi.io/v1beta2\n"
        "kind: KafkaNodePool\n"
        "metadata:\n"
        "  name: controller\n"
        "  namespace: {}\n"
        "  labels:\n"
        "    strimzi.io/cluster: {}\n"
        "spec:\n"
        "  replicas: {}\n"
        "  roles: [controller]\n"
        "  storage:\n"
        "    type: jbod\n"
        "    volumes:\n"
        "      - id: 0\n"
        "        type: persistent-claim\n"
        "        size: {}\n"
        "        kraftMetadata: shared\n"
        "        deleteClaim: false\n"
        "END\n",
        names_.space, names_.cluster, controllers_, names_.storage);
  }

  void remove_controllers() {
    step("controllers and their storage go; nobody leads until the next step, so take it at once");
    out_ += fmt::format(
        "kubectl delete kafkanodepool controller -n {0}\n"
        "kubectl delete pvc -n {0} -l strimzi.io/cluster={1},strimzi.io/pool-name=controller\n",
        shell_word(names_.space), shell_word(names_.cluster));
  }

  // Operators before 0.45.1 leave it, and another attempt would skip the copy (I01).
  void leftovers() {
    step("see that /migration is gone; before 0.45.1 the operator leaves it: then delete it");
    out_ += fmt::format(
        "kubectl exec {}-zookeeper-0 -n {} -- bin/zookeeper-shell.sh localhost:12181 ls /\n",
        shell_word(names_.cluster), shell_word(names_.space));
  }

  void clean_up() {
    step("what only ZooKeeper mode knows leaves the Kafka resource");
    out_ += fmt::format(
        "kubectl patch {} --type=merge -p '{{\"spec\": {{\"zookeeper\": null, \"kafka\": "
        "{{\"config\": {{\"inter.broker.protocol.version\": null, \"log.message.format.version\": "
        "null}}}}}}}}'\n",
        kafka());
  }

  std::size_t controllers_;
  const StrimziNames& names_;
  int number_ = 0;
  std::string out_ =
      "# Strimzi 0.45 renders nodes' files itself; it is told what to do by node pools and one "
      "annotation.\n"
      "# Steps that are done already change nothing. Do not skip a wait: an annotation out of "
      "order is ignored.\n";
};

}  // namespace

std::string ansible_variables(const RenderedNode& node, Profile profile) {
  std::string out = fmt::format("# host_vars/{}.yml: {}, made by zk2kraft render\n---\n{}:\n",
                                node.name, name_of(node.shape), variable_of(node, profile));
  for (const std::string& key : node.after.keys())
    out += fmt::format("  {}: {}\n", yaml_scalar(key), yaml_scalar(*node.after.get(key)));
  std::set<std::string> gone;
  for (const Change& change : node.changes) {
    if (!change.after && node.after.find(change.key) == nullptr) gone.insert(change.key);
  }
  out += gone.empty() ? "kafka_properties_removed: []\n" : "kafka_properties_removed:\n";
  for (const std::string& key : gone) out += fmt::format("  - {}\n", yaml_scalar(key));
  return out;
}

std::string strimzi_steps(Phase phase, std::size_t controllers, const StrimziNames& names) {
  return StrimziWriter(controllers, names).steps_to(phase);
}

}  // namespace migrate
