#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/road.h"
#include "scenarios/scenario.pb.h"
#include "sim/base/problem.h"
#include "sim/kafka/application/client_application.h"

// The client programs of a scenario, from its words.
namespace scenarios {

struct PlannedConsumer {
  std::string name;                     // of its node, "consumer-1"
  std::optional<Phase> from_phase;      // begins with it,
  sim::Duration after;                  // so long after it
  sim::ClientApplicationConfig config;  // without node, brokers and life
};

// All consumers of the scenario, in its order. `usual_topics`: what a client reads that names none.
// A Usage problem for a name that is none, and for what is not simulated.
sim::Expected<std::vector<PlannedConsumer>> plan_consumers(
    const zk2kraft::Scenario& scenario, const std::vector<std::string>& usual_topics,
    const sim::ClientBehaviour& behaviour, const sim::Place& place);

// Tokens of the nth producer (from 0) begin at n times this, and of what the nth consumer writes
// behind those of all producers.
inline constexpr std::int64_t kTokensPerClient = 1'000'000'000;

}  // namespace scenarios
