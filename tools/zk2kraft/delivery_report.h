#pragma once

#include "tools/zk2kraft/verb.h"

// `zk2kraft campaign --delivery`: the tables of what client programs lose, see twice or set aside, by crash point and
// mode, beside what the reference says.
namespace tools {

// Reads the table that the command line names, measures each cell in each mode under the seeds that are asked for, and
// prints it. Good if every cell agrees under every seed and nothing was objected to; else a Finding.
ExitCode measure_deliveries(const po::variables_map& arguments, OutputFormat format);

}  // namespace tools
