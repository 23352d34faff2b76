#pragma once

#include <string>
#include <string_view>

namespace migrate {

// What `diff -u` prints, with three lines of context, and `patch` takes: nothing where both are the
// same. The names stand behind "--- " and "+++ "; a file that does not exist is "/dev/null".
std::string unified_diff(std::string_view before, std::string_view after,
                         std::string_view name_before, std::string_view name_after);

}  // namespace migrate
