#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scenarios/admin.h"
#include "scenarios/cluster.h"
#include "scenarios/operator.h"
#include "scenarios/scenario.pb.h"
#include "sim/kernel/occurrence.h"

// The administrative changes that a scenario asks for, each at its time: handed to the administrator's client,
// which sees to it that they are answered; and the client programs that begin with a phase. (Producers and
// groups need no looking after.)
namespace scenarios {

// What the administrator's client is told to do for a change. A Usage problem for one that says nothing.
sim::Expected<AdminTask> admin_task(const zk2kraft::Change& wanted, const sim::Place& place);

class Workload : public sim::Observer {
 public:
  // A Usage problem for a phase or a notice that is none or a change that says nothing.
  static sim::Expected<Workload> plan(const zk2kraft::Scenario& scenario, const Cluster& cluster,
                                      const sim::Place& place);

  void on(const sim::Occurrence& occurrence, const sim::World& world) override;
  // Now is the moment from which times count, of a scenario whose operator rests.
  void rest(sim::Instant now);
  // Gives out what is due by now.
  void look(sim::World& world, const Operator& person);

 private:
  struct Change {
    std::optional<sim::Instant> at;
    std::optional<Phase> phase;
    std::string notice;  // empty: none
    std::string node;
    int nth = 1;
    sim::Duration after;
    AdminTask task;
    int seen = 0;
    std::optional<sim::Instant> due;
    bool given = false;
    bool to_controllers = false;
  };
  explicit Workload(const Cluster& cluster)
      : admin_(cluster.admin()), controller_admin_(cluster.controller_admin()) {}

  sim::NodeId admin_;
  std::optional<sim::NodeId> controller_admin_;
  bool waits_for_rest_ = false;
  std::vector<Change> changes_;
  // Client programs that wait for a phase.
  struct Start {
    sim::NodeId node;
    Phase phase;
    sim::Duration after;
    std::optional<sim::Instant> due;
    bool given = false;
  };
  std::vector<Start> starts_;
};

}  // namespace scenarios
