#include "sim/base/problem.h"

#include <fmt/format.h>

namespace sim {

std::string describe(const Place& place) {
  std::string text = place.source;
  if (place.line) text += fmt::format(":{}", *place.line);
  if (place.column) text += fmt::format(":{}", *place.column);
  if (place.offset) text += fmt::format(" at byte {} (0x{:x})", *place.offset, *place.offset);
  return text;
}

std::string describe(const Problem& problem) {
  std::string text = describe(problem.place);
  if (!text.empty()) text += ": ";
  text += problem.what;
  if (!problem.remedy.empty()) text += fmt::format("\n  {}", problem.remedy);
  return text;
}

}  // namespace sim
