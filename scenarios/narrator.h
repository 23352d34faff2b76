#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "scenarios/cluster.h"
#include "scenarios/operator.h"
#include "sim/kernel/occurrence.h"

namespace scenarios {

struct TimelineLine;

// Tells a run as a story: a line for each change of state that a reader wants to see, in the column of the part
// that it happened in. What happens to every partition at once is told once.
class Narrator : public sim::Observer {
 public:
  // Faults of the plan are told; what the operator does to processes is told as her deeds.
  Narrator(const Cluster& cluster, const sim::FaultPlan& plan,
           std::function<void(const TimelineLine&)> tell);

  void on(const sim::Occurrence& occurrence, const sim::World& world) override;
  // What the operator did since the last time, and phases that began.
  void tell(const sim::World& world, const Operator& operator_);
  // Nothing more will be told.
  void end(const sim::World& world);

 private:
  // What a node said last, and how often again since: a driver that is wedged says the same twice a second for ever.
  struct Said {
    std::string what;
    std::uint64_t repeated = 0;
  };
  void line(const sim::World& world, sim::NodeId node, std::string what);
  void tell_repeated(const sim::World& world, sim::NodeId node);
  std::string sentence(const sim::Payload& notice) const;

  void fault(const sim::Occurrence& occurrence, const sim::World& world);

  const Cluster& cluster_;
  const sim::FaultPlan& plan_;
  std::function<void(const TimelineLine&)> tell_;
  std::map<sim::NodeId, Said> said_;
  std::size_t deeds_told_ = 0;
  std::size_t phases_told_ = 0;
};

}  // namespace scenarios
