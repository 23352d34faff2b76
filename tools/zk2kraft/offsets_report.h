#pragma once

#include <string>

#include "migrate/offsets/offset_changes.h"
#include "tools/zk2kraft/diff_report.h"
#include "tools/zk2kraft/verb.h"

// `diff --offsets BEFORE AFTER`: what became of each committed offset.
namespace tools {

// --offsets and what goes with it, for the verb's table.
void add_offsets_options(po::options_description& options);
// Whether the words ask for it, and the whole of it: opens both captures, compares, prints, and
// says how it ended: 1 where an offset went back or vanished without a good reason, 2 where that
// cannot be told.
bool asks_for_offsets(const po::variables_map& arguments);
ExitCode run_offsets_diff(const po::variables_map& arguments, OutputFormat format, Detail detail);

}  // namespace tools
