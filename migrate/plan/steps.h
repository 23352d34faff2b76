#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "migrate/check/facts.h"
#include "migrate/plan/layout.h"
#include "migrate/plan/plan.pb.h"
#include "migrate/plan/roll.h"

// The steps of the way forward and of the way back, for the nodes of one cluster. What is done
// already is marked so: the way can begin anywhere.
namespace migrate {

class Steps {
 public:
  // `controllers_said`: options of render that say who the controllers will be, or "".
  Steps(const ClusterFacts& facts, const Layout& layout, const RollPlan& roll,
        std::string controllers_said, zk2kraft::Plan& plan)
      : facts_(facts),
        layout_(layout),
        roll_(roll),
        controllers_said_(std::move(controllers_said)),
        plan_(plan) {}

  void add_all();

 private:
  // ── The way forward (steps_forward.cc) ──
  void prepare();
  void upgrade();
  void upgrade_software(bool started);
  void upgrade_protocol(bool started);
  void controllers();
  void migration_mode();
  void copy();
  void hybrid();
  void kraft_mode();
  void soak();
  void finalise();
  void clean_up();
  void towards_four();
  // ── The way back (steps_back.cc) ──
  void back_to_migration_mode();
  void back_to_zookeeper();
  void name_ways_back();

  // A step behind the last one of its own road; the reference holds until the next one is added.
  zk2kraft::PlanStep& add(Stage stage, const std::string& what, std::string title);
  // A step for each wave of the brokers, in order. `is_done` says of a broker whether it was taken.
  struct BrokerRoll {
    Stage stage;
    std::string prefix;  // of the ids: "kraft-mode"
    std::string does;    // "restart {} in KRaft mode"
    std::vector<zk2kraft::PlanProof> proofs;
  };
  template <class Commands, class IsDone>
  void roll(const BrokerRoll& roll, Commands commands, IsDone is_done);
  const LaidOutNode& broker(sim::BrokerId id) const;
  bool passed(Stage stage) const;  // by the phase that the files show
  std::vector<const LaidOutNode*> controllers_active_last() const;

  const ClusterFacts& facts_;
  const Layout& layout_;
  const RollPlan& roll_;
  std::string controllers_said_;
  zk2kraft::Plan& plan_;
  std::string last_;       // of the way forward
  std::string last_back_;  // of the way back
};

// ── What both roads are made of ─────────────────────────────────────────────────────────────────

// Each with what a program can judge (plan.proto); without a value only a person can.
zk2kraft::PlanProof metric(std::string_view name, std::string expect, std::string of = "",
                           std::string value = "");
zk2kraft::PlanProof log_line(std::string file, std::string line, std::string of);
zk2kraft::PlanProof znode(std::string path, std::string expect, std::string value = "");
zk2kraft::PlanProof command(std::string line, std::string expect, std::string value = "");
zk2kraft::PlanProof said_by_a_person(std::string what);
// A word that a shell takes as it is.
std::string shell_word(std::string_view text);
// "# on broker-1 (kafka1.example):", before the commands that are given there.
std::string on_machine(const LaidOutNode& node);
// "kafka1.example", or a variable of hers where nothing tells: "$BROKER_1".
std::string machine_of(const LaidOutNode& node);
// The rendered file is brought to the machine, put in place, and the node restarted with it;
// Kafka's own scripts.
std::vector<std::string> restart_commands(const LaidOutNode& node, Stage stage);

template <class Commands, class IsDone>
void Steps::roll(const BrokerRoll& roll, Commands commands, IsDone is_done) {
  for (const Wave& wave : roll_.waves) {
    std::string names;
    std::string ids;
    bool done = true;
    for (const sim::BrokerId id : wave.brokers) {
      names += (names.empty() ? "" : ", ") + broker(id).name;
      ids += (ids.empty() ? "" : "+") + std::to_string(id.value());
      done = done && is_done(broker(id));
    }
    zk2kraft::PlanStep& step =
        add(roll.stage, roll.prefix + ".broker-" + ids, roll.does + " " + names);
    step.set_done(done);
    for (const sim::BrokerId id : wave.brokers) {
      step.add_nodes(broker(id).name);
      for (std::string& each : commands(broker(id))) step.add_commands(std::move(each));
    }
    for (const zk2kraft::PlanProof& proof : roll.proofs) *step.add_gates() = proof;
    *step.add_gates() = command(
        "kafka-topics --bootstrap-server $BOOTSTRAP --describe --under-replicated-partitions",
        "prints nothing", "prints nothing");
  }
}

}  // namespace migrate
