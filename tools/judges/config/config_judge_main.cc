#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>

#include "migrate/config/properties.h"
#include "zk/base64.h"

// Our side of `tools/conformance config`: reads what ConfigJudge prints and says where we see
// something else. Exit codes: 0 agreed, 1 not, 4 a line that makes no sense.
namespace {

constexpr int kDisagreed = 1;
constexpr int kMalformed = 4;
constexpr std::uint64_t kMostShown = 8;

std::optional<std::string> bytes_of(const std::string& word) {
  if (word == "=") return "";
  const auto bytes = zk::base64_decode(word);
  if (!bytes) return std::nullopt;
  return std::string(bytes->begin(), bytes->end());
}

std::string entries_of(const std::string& text) {
  const auto file = migrate::PropertiesFile::parse(text, "case");
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
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string kind;
    std::string given;
    std::string answer;
    words >> kind >> given >> answer;
    const auto text = bytes_of(given);
    const auto theirs = answer == "-" ? std::optional<std::string>("-") : bytes_of(answer);
    if (!text || !theirs || (kind != "file" && kind != "value")) {
      fmt::print(stderr, "config_judge: this line makes no sense: {}\n", line);
      return kMalformed;
    }
    ++cases;
    if (answer == "-") ++refused;
    const std::string ours = kind == "file" ? entries_of(*text) : resolved(*text);
    if (ours == *theirs) continue;
    if (++different <= kMostShown)
      fmt::print("DIFFERENT: {} {}\n  theirs {}\n  ours   {}\n", kind, shown(*text), shown(*theirs),
                 shown(ours));
  }
  fmt::print("{} cases, {} of them refused by Java, {} different\n", cases, refused, different);
  return different == 0 ? 0 : kDisagreed;
}
