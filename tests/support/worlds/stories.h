#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "scenarios/initial.h"
#include "scenarios/runner.h"
#include "scenarios/scenario.pb.h"

// What tests of whole worlds begin with: scenario files, and the clusters to play them on.
namespace tests {

// Every scenario file of the repository, from the root, sorted: "scenarios/demo.txtpb".
std::vector<std::string> scenario_files();

// The file, which a test failure says cannot be read if it cannot.
zk2kraft::Scenario scenario(const std::string& path_from_root);
zk2kraft::Scenario scenario_from(const std::string& text);

// The cluster as real Kafka copied it: what `--from DIR --at claim` reads from a captured data directory.
scenarios::Initial at_claim(const std::string& golden_zookeeper);
// What the scenario's own topology describes.
scenarios::Initial from_nothing(const zk2kraft::Scenario& of);
// The beginning that a file is written for: its own topology, or the sample at its claim if it has none.
scenarios::Initial beginning_of(const zk2kraft::Scenario& of);

// A run that must be possible.
scenarios::Outcome run(const zk2kraft::Scenario& of, const scenarios::Initial& initial,
                       const scenarios::RunOptions& options = {});
// Why the verdict is what it is, for a failing test: violations, what is waited for, what never came.
std::string why(const scenarios::Outcome& outcome);

}  // namespace tests
