#pragma once

#include <string>
#include <string_view>

namespace tools {

// The text as it may stand in an element or attribute; what XML cannot say becomes '?'.
std::string xml(std::string_view text);

}  // namespace tools
