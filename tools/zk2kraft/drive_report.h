#pragma once

#include "scenarios/live/drive.h"
#include "tools/zk2kraft/verb.h"

namespace tools {

// What a drive did, for people and for programs, on stdout.
void print_drive(const scenarios::live::DriveOutcome& outcome,
                 const scenarios::live::DriveOptions& options, OutputFormat format);

}  // namespace tools
