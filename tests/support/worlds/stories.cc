#include "tests/support/worlds/stories.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "scenarios/text.h"
#include "tests/support/golden.h"
#include "zk/disk/recovery.h"
#include "zk/migration_reader_claim.h"

namespace tests {
namespace {

namespace fs = std::filesystem;
const fs::path kRoot = ZK2KRAFT_SOURCE_DIR;

template <class T>
T value_of(sim::Expected<T> expected) {
  if (expected) return std::move(*expected);
  ADD_FAILURE() << sim::describe(expected.error());
  return {};
}

}  // namespace

std::vector<std::string> scenario_files() {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / "scenarios")) {
    if (entry.path().extension() == ".txtpb")
      files.push_back(fs::relative(entry.path(), kRoot).generic_string());
  }
  std::ranges::sort(files);
  return files;
}

zk2kraft::Scenario scenario(const std::string& path_from_root) {
  return value_of(scenarios::read_scenario((kRoot / path_from_root).string()));
}

zk2kraft::Scenario scenario_from(const std::string& text) {
  return value_of(scenarios::parse_scenario(text, "test"));
}

scenarios::Initial at_claim(const std::string& golden_zookeeper) {
  const fs::path dir = golden(golden_zookeeper);
  zk::ClaimFinder finder("", zk::Tree());
  const auto transactions = zk::disk::read_transactions(dir, zk::Zxid(0), [&](const auto& entry) {
    return finder.take(entry.txn.header, entry.txn.txn) ? zk::disk::Visit::Continue
                                                        : zk::disk::Visit::Stop;
  });
  EXPECT_TRUE(transactions);
  const auto claim = value_of(finder.found({}));
  auto recovery = zk::disk::recover(dir, {.at = claim});
  if (!recovery) {
    ADD_FAILURE() << sim::describe(recovery.error());
    return {};
  }
  return value_of(scenarios::initial_from_source({.database = std::move(recovery->database),
                                                  .root = "",
                                                  .described = golden_zookeeper,
                                                  .at_claim = true}));
}

scenarios::Initial from_nothing(const zk2kraft::Scenario& of) {
  return value_of(scenarios::initial_from_topology(of.cluster(), {}));
}

scenarios::Initial beginning_of(const zk2kraft::Scenario& of) {
  const zk2kraft::Cluster& cluster = of.cluster();
  const bool own = cluster.brokers() != 0 || cluster.topics_size() != 0;
  return own ? from_nothing(of) : at_claim("sample/p3-hybrid/zk-1");
}

scenarios::Outcome run(const zk2kraft::Scenario& of, const scenarios::Initial& initial,
                       const scenarios::RunOptions& options) {
  return value_of(scenarios::run_scenario(of, initial, options, {}));
}

std::string why(const scenarios::Outcome& outcome) {
  std::string text = outcome.goal_reached ? "" : "waits for " + outcome.stuck_at + "\n";
  for (const scenarios::Violation& v : outcome.violations)
    text += v.invariant + ": " + v.what + "\n";
  for (const std::string& unmet : outcome.unmet) text += "never came: " + unmet + "\n";
  return text;
}

}  // namespace tests
