#pragma once

#include <string>
#include <vector>

#include "scenarios/runner.h"
#include "scenarios/scenario.pb.h"
#include "sim/base/problem.h"

namespace tools {

// Writes a run as one plain HTML file that needs nothing else: verdict, phases, story, invariants.
sim::Expected<void> write_report(const std::string& path, const zk2kraft::Scenario& scenario,
                                 const scenarios::Outcome& outcome,
                                 const std::vector<scenarios::TimelineLine>& lines,
                                 const std::string& replay);

}  // namespace tools
