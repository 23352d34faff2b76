#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>

#include "migrate/config/definitions.h"
#include "migrate/config/validation.h"
#include "zk/base64.h"

// Our side of `tools/conformance config`: reads what ConfigJudge prints and says where we see
// something else. Exit codes: 0 agreed, 1 not, 4 a line that makes no sense.
namespace {

constexpr int kDisagreed = 1;
constexpr int kMalformed = 4;
constexpr std::uint64_t kMostShown = 12;

std::optional<std::string> bytes_of(const std::string& word) {
  if (word == "=") return "";
  const auto bytes = zk::base64_decode(word);
  if (!bytes) return std::nullopt;
  return std::string(bytes->begin(), bytes->end());
}

std::string entries_of(const std::string& text) {
  const auto file = sim::PropertiesFile::parse(text, "case");
  if (!file) return "-";
  if (file->text() != text) return "written back, it is another file";
  std::string entries;
  for (const std::string& key : file->keys()) entries += key + '\0' + *file->get(key) + '\0';
  return entries;
}

std::string resolved(const std::string& value) {
  std::string result;
  std::size_t at = 0;
  for (const auto& each : migrate::references_in(value)) {
    result += value.substr(at, each.begin - at);
    result += fmt::format("<{}|{}|{}>", each.provider, each.path.value_or(""), each.key);
    at = each.end;
  }
  return result + value.substr(at);
}

std::string type_of(migrate::ConfigType type) {
  constexpr std::array<const char*, 9> kNames{"BOOLEAN", "STRING", "SHORT", "INT",     "LONG",
                                              "DOUBLE",  "LIST",   "CLASS", "PASSWORD"};
  return kNames.at(static_cast<std::size_t>(type));
}

std::string definition_of(const std::string& name) {
  const auto* definition = migrate::find_definition(name);
  if (definition == nullptr) return "not in the table";
  return type_of(definition->type) +
         (definition->default_value == nullptr ? "" : ":" + std::string(definition->default_value));
}

std::string parsed(const std::string& pair) {
  const std::size_t equals = pair.find('=');
  const auto* definition = migrate::find_definition(pair.substr(0, equals));
  const bool taken =
      definition != nullptr && !migrate::why_invalid(*definition, pair.substr(equals + 1));
  return taken ? "ok" : "-";
}

// Why we think that Kafka refuses, rule by rule; empty if it does not.
std::string refusals(const std::string& text) {
  auto file = sim::PropertiesFile::parse(text, "node");
  if (!file) return "not readable";
  std::string refusals;
  for (const auto& outcome : migrate::judge(migrate::NodeConfig(*std::move(file)))) {
    if (outcome.refused) refusals += fmt::format("{} {}; ", outcome.rule->id, *outcome.refused);
  }
  return refusals;
}

std::string answer_to(const std::string& kind, const std::string& given) {
  if (kind == "file") return entries_of(given);
  if (kind == "value") return resolved(given);
  if (kind == "definition") return definition_of(given);
  if (kind == "parse") return parsed(given);
  return refusals(given).empty() ? "ok" : "-";
}

std::string shown(const std::string& text) {
  std::string out;
  for (const char c : text)
    out += c >= ' ' && c < '\x7F' && c != '\\'
               ? std::string(1, c)
               : fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

int main() {
  std::uint64_t cases = 0;
  std::uint64_t refused = 0;
  std::uint64_t different = 0;
  std::string line;
  const std::set<std::string> kinds{"file", "value", "definition", "parse", "node"};
  std::map<std::string, std::uint64_t> of_kind;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string kind;
    std::string given;
    std::string answer;
    std::string reason;
    words >> kind >> given >> answer >> reason;
    const auto text = bytes_of(given);
    const bool plain = answer == "-" || answer == "ok";
    const auto theirs = plain ? std::optional(answer) : bytes_of(answer);
    if (!text || !theirs || !kinds.contains(kind)) {
      fmt::print(stderr, "config_judge: this line makes no sense: {}\n", line);
      return kMalformed;
    }
    ++cases;
    ++of_kind[kind];
    if (answer == "-") ++refused;
    const std::string ours = answer_to(kind, *text);
    if (ours == *theirs) continue;
    if (++different > kMostShown) continue;
    fmt::print("DIFFERENT: {} {}\n  theirs {} {}\n  ours   {} {}\n", kind, shown(*text),
               shown(*theirs), shown(bytes_of(reason).value_or("")), shown(ours),
               kind == "node" ? refusals(*text) : "");
  }
  for (const auto& [kind, count] : of_kind) fmt::print("{} {}, ", count, kind);
  fmt::print("{} cases, {} of them refused by Java or Kafka, {} different\n", cases, refused,
             different);
  return different == 0 ? 0 : kDisagreed;
}
