#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "sim/base/described.h"
#include "tests/migrate/golden_stores.h"
#include "tests/support/golden.h"

// What our copy makes of the tree that real Kafka copied, beside what real Kafka committed.
//
//   ZooKeeper's files ─ as of the claim ─► tree ─► our records ══ as a multiset ══ the log's copy
namespace {

class Copy : public testing::TestWithParam<const char*> {};

TEST_P(Copy, MakesTheRecordsThatKafkaCommitted) {
  const auto zookeeper = tests::golden(std::string(GetParam()) + "/zk-1");
  zk::ClaimFinder finder("", zk::Tree());
  const auto transactions =
      zk::disk::read_transactions(zookeeper, zk::Zxid(0), [&](const auto& entry) {
        return finder.take(entry.txn.header, entry.txn.txn) ? zk::disk::Visit::Continue
                                                            : zk::disk::Visit::Stop;
      });
  ASSERT_TRUE(transactions) << tests::said(transactions.error());
  const auto claim = finder.found({});
  ASSERT_TRUE(claim) << tests::said(claim.error());

  const auto tree = tests::zookeeper_tree(zookeeper, {.at = *claim});
  const auto copy = zk::copy_of(tree, "", {.manner = zk::ReadManner::Driver});
  ASSERT_FALSE(copy.failure) << copy.failure->path << ": " << copy.failure->why;
  std::multiset<sim::Record> ours;
  for (const auto& list : copy.lists) {
    for (const sim::Record& record : list) ours.insert(tests::comparable(record));
  }
  const auto theirs =
      tests::committed_copy(tests::golden(std::string(GetParam()) + "/controller-3000"));
  EXPECT_FALSE(theirs.empty());
  EXPECT_EQ(ours.size(), theirs.size());
  std::vector<sim::Record> only_ours;
  std::vector<sim::Record> only_theirs;
  std::ranges::set_difference(ours, theirs, std::back_inserter(only_ours));
  std::ranges::set_difference(theirs, ours, std::back_inserter(only_theirs));
  const auto show = [](const sim::Record& record) {
    return std::visit([](const auto& r) { return sim::describe_value(r); }, record);
  };
  for (const auto& record : only_ours) ADD_FAILURE() << "only ours: " << show(record);
  for (const auto& record : only_theirs) ADD_FAILURE() << "only Kafka's: " << show(record);
}

INSTANTIATE_TEST_SUITE_P(OfEveryCapturedCluster, Copy,
                         testing::Values("sample/p3-hybrid", "failover/p3-hybrid",
                                         "rollback_hybrid/p3-hybrid", "copy_killed/p3-hybrid",
                                         "gz/p3-hybrid"));

}  // namespace
