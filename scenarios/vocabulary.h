#pragma once

#include <string>
#include <utility>
#include <vector>

namespace scenarios {

// What can be named in a scenario or on the command line, with a word on each.
struct VocabularyList {
  std::string name;  // "notices"
  std::string explanation;
  std::vector<std::pair<std::string, std::string>> words;
};
// notices (faults and changes wait for them), roles, faults, defects, phases.
std::vector<VocabularyList> vocabulary();

}  // namespace scenarios
