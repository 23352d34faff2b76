#pragma once

#include <filesystem>

#include "tools/zk2kraft/verb.h"

namespace tools {

// The options of `dump` that are for traces: --from, --to, --node, --causes.
void add_trace_options(po::options_description& options);
// Whether one of them is given.
bool has_trace_options(const po::variables_map& arguments);

// Prints what the options ask of a run's trace (scenarios/trace.h) as JSON lines.
ExitCode dump_trace(const std::filesystem::path& file, const po::variables_map& arguments);

}  // namespace tools
