#include "tools/zk2kraft/check_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <string_view>
#include <utility>

#include "migrate/check/check.h"
#include "migrate/config/definitions.h"

namespace tools {
namespace {

std::string part(std::string_view text) {
  return std::string(migrate::trimmed(text));
}

}  // namespace

sim::Expected<std::map<std::string, migrate::Answer, std::less<>>> read_answers(
    const std::string& path) {
  const auto wrong = [&](std::size_t line, std::string what) {
    return sim::refused(sim::Severity::Usage, line == 0 ? path : fmt::format("{}:{}", path, line),
                        std::move(what), "Write lines like: A05 = yes  # no upgrade is planned");
  };
  std::ifstream file(path);
  if (!file) return wrong(0, "this file with answers cannot be read");
  std::map<std::string, migrate::Answer, std::less<>> answers;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    const std::string_view text = line;
    const std::size_t hash = std::min(text.find('#'), text.size());
    const std::string said = part(text.substr(0, hash));
    if (said.empty()) continue;
    const std::size_t equals = said.find('=');
    if (equals == std::string::npos) return wrong(number, "this line has no '='");
    const std::string id = part(std::string_view(said).substr(0, equals));
    const std::string value = part(std::string_view(said).substr(equals + 1));
    if (migrate::find_check(id) == nullptr)
      return wrong(number, fmt::format("there is no check '{}'", id));
    if (value != "yes" && value != "no")
      return wrong(number, fmt::format("'{}' is neither yes nor no", value));
    const std::string reason = hash < text.size() ? part(text.substr(hash + 1)) : "";
    if (reason.empty()) return wrong(number, "the reason is missing: say how you know");
    const bool is_new =
        answers
            .emplace(id, migrate::Answer{.yes = value == "yes",
                                         .reason = fmt::format("{} # {}", value, reason),
                                         .where = fmt::format("{}:{}", path, number)})
            .second;
    if (!is_new) return wrong(number, fmt::format("{} is answered a second time", id));
  }
  return answers;
}

}  // namespace tools
