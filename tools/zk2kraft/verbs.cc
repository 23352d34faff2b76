#include <vector>

#include "tools/zk2kraft/verb.h"

namespace tools {

Verb dump_verb();

std::span<const Verb> verbs() {
  static const std::vector<Verb> all{dump_verb()};
  return all;
}

}  // namespace tools
