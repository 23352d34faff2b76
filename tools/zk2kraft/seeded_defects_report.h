#pragma once

#include "tools/zk2kraft/verb.h"

// `zk2kraft campaign --seeded-defects`: the table that says how many seeds each seeded defect took to be found.
namespace tools {

// Reads the table that the command line names, hunts each defect and prints what came of it. Good if every one is
// found by an invariant that was expected to see it and no run without a defect was objected to; else a Finding.
ExitCode hunt_seeded_defects(const po::variables_map& arguments, OutputFormat format);

}  // namespace tools
