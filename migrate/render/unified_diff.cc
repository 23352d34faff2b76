#include "migrate/render/unified_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace migrate {
namespace {

constexpr std::size_t kContextLines = 3;

using Lines = std::vector<std::string_view>;

Lines lines_with_ends(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

// One line of the whole comparison: ' ' in both, '-' only before, '+' only after.
struct Step {
  char kind;
  std::string_view line;
};

// By the longest common subsequence, in a table of lines × lines: configurations are short.
std::vector<Step> compared(const Lines& a, const Lines& b) {
  std::vector<std::vector<std::size_t>> common(a.size() + 1,
                                               std::vector<std::size_t>(b.size() + 1, 0));
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;)
      common[i][j] =
          a[i] == b[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
  }
  std::vector<Step> steps;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      steps.push_back({' ', a[i]});
      ++i;
      ++j;
    } else if (j == b.size() || (i < a.size() && common[i + 1][j] >= common[i][j + 1])) {
      steps.push_back({'-', a[i++]});
    } else {
      steps.push_back({'+', b[j++]});
    }
  }
  return steps;
}

// "12,3"; of no lines, the line before.
std::string range(std::size_t first, std::size_t count) {
  return fmt::format("{},{}", count == 0 ? first : first + 1, count);
}

void print_hunk(const std::vector<Step>& steps, std::size_t begin, std::size_t end,
                std::string& out) {
  const auto lines_of = [&](std::size_t from, std::size_t to, char without) {
    return static_cast<std::size_t>(
        std::count_if(steps.begin() + static_cast<std::ptrdiff_t>(from),
                      steps.begin() + static_cast<std::ptrdiff_t>(to),
                      [&](const Step& step) { return step.kind != without; }));
  };
  out += fmt::format("@@ -{} +{} @@\n", range(lines_of(0, begin, '+'), lines_of(begin, end, '+')),
                     range(lines_of(0, begin, '-'), lines_of(begin, end, '-')));
  for (std::size_t at = begin; at < end; ++at) {
    out += steps[at].kind;
    out += steps[at].line;
    if (!steps[at].line.ends_with('\n')) out += "\n\\ No newline at end of file\n";
  }
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after,
                         std::string_view name_before, std::string_view name_after) {
  if (before == after) return {};
  const auto steps = compared(lines_with_ends(before), lines_with_ends(after));
  std::string out = fmt::format("--- {}\n+++ {}\n", name_before, name_after);
  for (std::size_t at = 0; at < steps.size();) {
    if (steps[at].kind == ' ') {
      ++at;
      continue;
    }
    // A hunk ends where more lines are the same than two contexts hold.
    const std::size_t begin = at - std::min(at, kContextLines);
    std::size_t last = at;
    for (std::size_t next = at; next < steps.size() && next <= last + 2 * kContextLines + 1;
         ++next) {
      if (steps[next].kind != ' ') last = next;
    }
    const std::size_t end = std::min(last + 1 + kContextLines, steps.size());
    print_hunk(steps, begin, end, out);
    at = end;
  }
  return out;
}

}  // namespace migrate
