#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "migrate/plan/plan.pb.h"
#include "migrate/render/target.h"

// The steps of one phase, and the way back from it, as text to paste into shells (migration.md §1.2, §1.3,
// §1.5). The steps, their commands and their proofs are those of the plan, word for word: there is one place
// that says what is done to a cluster, and `tools/conformance plan` does it to a real one.
namespace migrate {

// NAME=value of each variable that commands of a plan use, with what this cluster's files tell; a person
// may have to correct them. `source` is what the plan was made from, as a shell takes it.
std::vector<std::string> command_variables(const RenderTarget& target, const ClusterFacts& facts,
                                           const std::string& source);

// Numbered "1.", "2." on the way of the phase, "B1." on the way back from it; everything but commands is a
// shell's comment. A step that the files show as done is named, without its commands. Of `variables` those
// that the steps use are printed.
std::string command_sheet(const zk2kraft::Plan& plan, Phase phase, const ClusterFacts& facts,
                          const std::vector<std::string>& variables);

}  // namespace migrate
