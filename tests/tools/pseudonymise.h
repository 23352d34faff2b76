#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <string>

#include "tests/tools/command_line.h"

// What the tests of `zk2kraft pseudonymise` share: a key, where it writes, and what `check` says.
namespace tests {

// What `check` says, without names.
struct Checked {
  tools::ExitCode code = tools::ExitCode::Internal;
  std::string phase;
  std::map<std::string, std::size_t> findings;  // by id
  std::set<std::string> unknown;                // ids of what something is missing for
  std::size_t doubts = 0;
  bool operator==(const Checked&) const = default;
};
inline void PrintTo(const Checked& checked, std::ostream* out) {
  *out << static_cast<int>(checked.code) << " " << checked.phase << ", " << checked.doubts
       << " doubts";
  for (const auto& [id, count] : checked.findings) *out << " " << id << "*" << count;
  for (const std::string& id : checked.unknown) *out << " " << id << "?";
}
inline Checked checked(const std::filesystem::path& fleet) {
  const auto ran = run({"check", fleet.string(), "--output", "json"});
  const auto report = nlohmann::json::parse(ran.out);
  Checked checked{.code = ran.code,
                  .phase = report["phase"],
                  .findings = {},
                  .unknown = {},
                  .doubts = report["doubts"].size()};
  for (const auto& each : report["checks"]) {
    if (!each["findings"].empty()) checked.findings[each["id"]] = each["findings"].size();
    if (!each["missing"].empty()) checked.unknown.insert(each["id"].get<std::string>());
  }
  return checked;
}

class Shared {
 public:
  // One key, so that a name that is found by chance is found every time.
  Shared() { std::ofstream(key()) << "a key that is long enough"; }
  std::filesystem::path key() const { return scratch_.path() / "key"; }
  std::filesystem::path out() const { return scratch_.path() / "out"; }
  const std::filesystem::path& scratch() const { return scratch_.path(); }
  Ran pseudonymise(const std::filesystem::path& source, const std::string& to = "out") const {
    return run({"pseudonymise", source.string(), "-o", (scratch_.path() / to).string(),
                "--key-file", key().string()});
  }
  const ScratchFolder& folder() const { return scratch_; }

 private:
  ScratchFolder scratch_;
};

}  // namespace tests
