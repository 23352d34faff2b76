#pragma once

#include <string>
#include <string_view>

#include "scenarios/scenario.pb.h"
#include "sim/base/problem.h"

// Scenario files as people write them: Protocol Buffers' text format, read with errors that say where.
namespace scenarios {

// Reads a scenario. A misspelt field, a value of the wrong type, an unknown word where words are enumerated
// or a duration that is none is a Usage problem with line, column and what was probably meant. `source` names
// the text in problems.
sim::Expected<zk2kraft::Scenario> parse_scenario(std::string_view text, const std::string& source);
// The same from a file; a file that cannot be opened is a Usage problem.
sim::Expected<zk2kraft::Scenario> read_scenario(const std::string& path);

// Any other message of the schemas, read with the same care; `path` is a file. What must be said in it is the
// caller's to check.
sim::Expected<void> read_message(const std::string& path, google::protobuf::Message& message);

// The text of a scenario, which `parse_scenario` reads back to an equal one.
std::string print_scenario(const zk2kraft::Scenario& scenario);

}  // namespace scenarios
