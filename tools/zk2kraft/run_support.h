#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/initial.h"
#include "scenarios/runner.h"
#include "tools/zk2kraft/verb.h"

// What `run` and `campaign` share: the scenario and the cluster that the command line names, and how an outcome is
// said.
namespace tools {

// --from, --at, --chroot, --secret.
void add_cluster_options(po::options_description& options);

struct PreparedRun {
  zk2kraft::Scenario scenario;
  scenarios::Initial initial;
  std::vector<scenarios::FaultDirective> injected;
  sim::Place place;
};
// Reads the scenario, opens the source if there is one, and reads the faults given with --inject.
sim::Expected<PreparedRun> prepare_run(const po::variables_map& arguments);

// What the cluster is at the beginning: the source's, or the scenario's own topology.
sim::Expected<scenarios::Initial> beginning_of(const po::variables_map& arguments,
                                               const zk2kraft::Scenario& scenario,
                                               const sim::Place& place);

// What is wrong with --first-seed and --seeds, if anything is.
std::optional<sim::Problem> check_range(const po::variables_map& arguments);
ExitCode exit_code_of(scenarios::Verdict verdict);
// As a shell needs it: quoted where it must be.
std::string shell_word(const std::string& word);
// The command that gives this very run again.
std::string replay_command(const po::variables_map& arguments, std::uint64_t seed);

// "S7 not reached; waiting for …"
std::string describe_goal(const scenarios::Outcome& outcome);

// `seconds` of real time that the run took.
void print_outcome(const scenarios::Outcome& outcome, const std::string& replay,
                   const std::vector<scenarios::FaultDirective>& injected, double seconds);
nlohmann::json outcome_json(const scenarios::Outcome& outcome, const std::string& replay);

}  // namespace tools
