#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/checkers.h"
#include "scenarios/cluster.h"
#include "scenarios/coverage.h"
#include "scenarios/fault_text.h"
#include "scenarios/operator.h"
#include "scenarios/scenario.pb.h"
#include "sim/kernel/fault.h"
#include "sim/kernel/world.h"

// One simulated run of a scenario, from its beginning to a verdict.
namespace scenarios {

enum class Verdict : std::uint8_t {
  Good,  // the goal was reached, no invariant was broken; or what the scenario is there to show was shown
  Finding,  // an invariant was broken, or the goal was not reached
  Unknown,  // a planned fault never fired, a fixed choice was never asked for, what was to be shown was not seen
};
std::string_view name_of(Verdict verdict);
std::optional<Verdict> parse_verdict(std::string_view name);

// What `Outcome::digest` is made of, and how. A larger number when that changes: digests of different formats say
// nothing about each other.
constexpr std::uint32_t kDigestFormat = 1;

// A line of the story, in the column of the part that it happened in.
enum class Column : std::uint8_t {
  Ensemble,
  Brokers,
  Quorum,
  Operator
};
struct TimelineLine {
  sim::Instant at;
  Column column = Column::Operator;
  std::string who;
  std::string what;
};

struct Outcome {
  Verdict verdict = Verdict::Unknown;
  std::vector<Violation> violations;        // those that count
  std::vector<Violation> known_violations;  // those that the scenario expects of the version
  std::vector<Violation> shown_violations;  // those that the scenario is there to show
  std::vector<std::string> random_faults;   // drawn for this seed, as directives
  std::vector<std::string> unmet;           // what was planned and never came
  bool goal_reached = false;
  std::string goal;
  std::string stuck_at;           // what the operator waited for at the end; empty once she is done
  bool stopped_by_known = false;  // the goal was missed because of known violations alone
  std::map<Phase, sim::Instant> phases;
  std::vector<Operator::Deed> deeds;
  std::map<std::string, std::uint64_t> checks;
  std::uint64_t zookeeper_elections = 0;
  std::uint64_t raft_elections = 0;
  std::uint64_t partition_elections = 0;
  sim::Durability durability;
  // Losses that Kafka does not promise to survive, by the name of their excuse (brokers.md §6.3): "E-LRS".
  std::map<std::string, std::uint64_t> expected_losses;
  // What became of the records that client programs read (brokers.md §4.6), by group; and which of them
  // were lost as the programs' patterns allow.
  std::map<std::string, sim::DeliveryAccount> deliveries;
  std::vector<sim::ExpectedLoss> delivery_losses;
  sim::Instant ended_at;
  std::uint64_t seed = 0;
  std::uint64_t digest = 0;
  std::uint64_t events = 0;
  Coverage coverage;  // how often each thing was met
};

struct RunOptions {
  std::optional<std::uint64_t> seed;  // else the scenario's
  // Faults beside the scenario's own, of the command line, a campaign or a property.
  std::vector<FaultDirective> more_faults;
  sim::Place more_faults_from;  // for a message about one of them
  // Ends the run soon after the first violation: who only asks whether there is one need not wait.
  bool stop_at_violation = false;
  // Called with each line as it happens.
  std::function<void(const TimelineLine&)> on_line;
  // Called when the operator of a scenario that has one rests, before anything that counts its time from then.
  std::function<void(const sim::World&, const Cluster&)> at_rest;
  // Called with the world at the end, before it goes.
  std::function<void(const sim::World&, const Cluster&)> at_end;
  std::vector<sim::Observer*> observers;
};

// The seed that a run of it has.
std::uint64_t seed_of(const zk2kraft::Scenario& scenario, const RunOptions& options);

// Runs. A Usage problem if the scenario cannot be: unknown goal, a fault that names a notice or a node that does
// not exist. A sim::Bug goes through to the caller, unless an invariant was broken before: then it is one more violation,
// "check", and the end of the run.
sim::Expected<Outcome> run_scenario(const zk2kraft::Scenario& scenario, const Initial& initial,
                                    const RunOptions& options, const sim::Place& place);

}  // namespace scenarios
