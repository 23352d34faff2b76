#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/judges/groups/world.h"

namespace judge {

// A random group and its topics, for AssignorJudge.java.
Json assignor_case(std::uint64_t seed);
// What ours assigns otherwise, or nothing.
std::optional<std::string> assigned_otherwise(const Json& answered);

}  // namespace judge
