#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>

#include "scenarios/runner.h"
#include "scenarios/text.h"
#include "tests/migrate/golden_stores.h"
#include "tests/support/golden.h"

// Runs of whole scenarios, as the tests of this folder begin and judge them.
namespace scenarios {

inline zk2kraft::Scenario scenario(const std::string& name) {
  auto read = read_scenario(std::filesystem::path(ZK2KRAFT_SOURCE_DIR) / "scenarios" / name);
  EXPECT_TRUE(read) << (read ? "" : sim::describe(read.error()));
  return read.value_or(zk2kraft::Scenario{});
}

// The cluster as real Kafka copied it, from a captured data directory.
inline Initial at_claim(const std::string& golden_zookeeper) {
  const std::filesystem::path dir = tests::golden(golden_zookeeper);
  zk::ClaimFinder finder("", zk::Tree());
  const auto transactions = zk::disk::read_transactions(dir, zk::Zxid(0), [&](const auto& entry) {
    return finder.take(entry.txn.header, entry.txn.txn) ? zk::disk::Visit::Continue
                                                        : zk::disk::Visit::Stop;
  });
  EXPECT_TRUE(transactions);
  const auto claim = finder.found({});
  EXPECT_TRUE(claim) << (claim ? "" : sim::describe(claim.error()));
  auto recovery = zk::disk::recover(dir, {.at = *claim});
  EXPECT_TRUE(recovery);
  auto initial = initial_from_source({.database = std::move(recovery->database),
                                      .root = "",
                                      .described = golden_zookeeper,
                                      .at_claim = true});
  EXPECT_TRUE(initial) << (initial ? "" : sim::describe(initial.error()));
  return std::move(*initial);
}

inline Initial from_nothing(const zk2kraft::Scenario& of) {
  auto initial = initial_from_topology(of.cluster(), {});
  EXPECT_TRUE(initial);
  return std::move(*initial);
}

inline Outcome run(const zk2kraft::Scenario& of, const Initial& initial, RunOptions options = {}) {
  auto outcome = run_scenario(of, initial, options, {});
  EXPECT_TRUE(outcome) << (outcome ? "" : sim::describe(outcome.error()));
  return outcome ? std::move(*outcome) : Outcome{};
}

inline std::string why(const Outcome& outcome) {
  std::string text = outcome.goal_reached ? "" : "waits for " + outcome.stuck_at + "\n";
  for (const Violation& v : outcome.violations) text += v.invariant + ": " + v.what + "\n";
  for (const std::string& unmet : outcome.unmet) text += "never came: " + unmet + "\n";
  return text;
}

}  // namespace scenarios
