#pragma once

#include <string>
#include <vector>

#include "migrate/render/render.h"

// The steps of one phase as commands for this cluster, to be pasted one after another, and the way
// back from the phase (migration.md §1.2, §1.3, §1.5).
namespace migrate {

struct CommandStep {
  std::string what;                   // "broker-1: restart it with the migration flag"
  std::vector<std::string> commands;  // of a POSIX shell
  std::string proof;                  // what must be seen before the next step; may be empty
};

struct CommandSheet {
  std::vector<std::string> variables;  // NAME=value, which a person may have to correct
  std::vector<CommandStep> forward;
  std::vector<CommandStep> back;  // empty: see `no_way_back`
  std::string no_way_back;        // a sentence
};

// `source` is what the files were rendered from, as a shell takes it.
CommandSheet commands_for(const RenderedFleet& fleet, const ClusterFacts& facts,
                          const std::string& source);

// Numbered: "1.", "2." forward, "B1." back; everything but commands is a shell's comment.
std::string printed(const CommandSheet& sheet);

// A word that a shell takes as it is.
std::string shell_word(std::string_view text);

}  // namespace migrate
