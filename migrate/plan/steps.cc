#include "migrate/plan/steps.h"

#include <fmt/format.h>

#include <algorithm>

#include "migrate/plan/thresholds.h"
#include "sim/base/check.h"

namespace migrate {
namespace {

zk2kraft::PlanProof proof(std::string kind, std::string where, std::string expect, std::string of,
                          std::string value) {
  zk2kraft::PlanProof proof;
  proof.set_kind(std::move(kind));
  proof.set_where(std::move(where));
  proof.set_expect(std::move(expect));
  proof.set_of(std::move(of));
  proof.set_value(std::move(value));
  return proof;
}

}  // namespace

zk2kraft::PlanProof metric(std::string_view name, std::string expect, std::string of,
                           std::string value) {
  return proof("metric", fmt::format("kafka.controller:type=KafkaController,name={}", name),
               std::move(expect), std::move(of), std::move(value));
}
zk2kraft::PlanProof log_line(std::string file, std::string line, std::string of) {
  return proof("log", std::move(file), line, std::move(of), line);
}
zk2kraft::PlanProof znode(std::string path, std::string expect, std::string value) {
  return proof("znode", std::move(path), std::move(expect), "", std::move(value));
}
zk2kraft::PlanProof command(std::string line, std::string expect, std::string value) {
  return proof("command", std::move(line), std::move(expect), "", std::move(value));
}
zk2kraft::PlanProof said_by_a_person(std::string what) {
  return proof("person", "a person says so", std::move(what), "", "");
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos)
    return std::string(text);
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string on_machine(const LaidOutNode& node) {
  return node.host.empty() ? fmt::format("# on {}:", node.name)
                           : fmt::format("# on {} ({}):", node.name, node.host);
}

std::string machine_of(const LaidOutNode& node) {
  if (!node.host.empty()) return node.host;
  std::string name = "$";
  for (const char c : in_capitals(node.name))
    name += (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
  return name;
}

std::vector<std::string> restart_commands(const LaidOutNode& node, Stage stage) {
  return {render_command(stage, node.name),
          fmt::format("scp rendered/{}/{}/server.properties {}:server.properties.next",
                      name_of(phase_of(stage)), node.name, machine_of(node)),
          on_machine(node),
          "kafka-server-stop",
          "cp server.properties server.properties.before",
          "mv server.properties.next server.properties",
          "kafka-server-start -daemon server.properties"};
}

zk2kraft::PlanStep& Steps::add(Stage stage, const std::string& what, std::string title) {
  zk2kraft::PlanStep& step = *plan_.add_steps();
  step.set_id(what);
  step.set_stage(std::string(name_of(stage)));
  step.set_phase(std::string(name_of(phase_of(stage))));
  step.set_title(std::move(title));
  std::string& last = is_way_back(stage) ? last_back_ : last_;
  if (!last.empty()) step.add_after(last);
  last = what;
  step.set_done(passed(stage));
  for (const Threshold& threshold : thresholds()) {
    if (is_watched(threshold, stage)) step.add_abort_if(std::string(threshold.id));
  }
  return step;
}

const LaidOutNode& Steps::broker(sim::BrokerId id) const {
  const auto at = std::ranges::find(layout_.brokers, id, &LaidOutNode::id);
  sim::check(at != layout_.brokers.end(), "a roll is made of the layout's brokers");
  return *at;
}

bool Steps::passed(Stage stage) const {
  const Phase phase = facts_.phase;
  const bool going_back = phase == Phase::R1 || phase == Phase::R2;
  if (is_way_back(stage)) return stage == Stage::BackToMigrationMode && phase == Phase::R2;
  if (going_back) return stage == Stage::Prepare || stage == Stage::Upgrade;
  return phase_of(stage) < phase;
}

std::vector<const LaidOutNode*> Steps::controllers_active_last() const {
  std::vector<const LaidOutNode*> order;
  for (const LaidOutNode& controller : layout_.controllers) order.push_back(&controller);
  std::ranges::stable_partition(
      order, [&](const LaidOutNode* each) { return layout_.active_controller != each->id; });
  return order;
}

void Steps::add_all() {
  prepare();
  upgrade();
  controllers();
  migration_mode();
  copy();
  hybrid();
  kraft_mode();
  soak();
  finalise();
  clean_up();
  towards_four();
  back_to_migration_mode();
  back_to_zookeeper();
  name_ways_back();
}

}  // namespace migrate
