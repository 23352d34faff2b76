#include "tests/support/golden.h"

#include <gtest/gtest.h>

#include "sim/base/check.h"

namespace {

TEST(Golden, EveryClusterOpensAndHasControllersWithTheirOracles) {
  for (const std::string& cluster : tests::golden_clusters()) {
    EXPECT_TRUE(std::filesystem::is_directory(tests::golden(cluster))) << cluster;
    EXPECT_FALSE(tests::golden_files_in(tests::golden(cluster), ".dump-log.txt").empty())
        << cluster;
  }
}

TEST(Golden, APhaseIsNamedByItsPath) {
  EXPECT_TRUE(std::filesystem::exists(tests::golden("failover/p4-dual-write") / "zookeeper.jsonl"));
  EXPECT_TRUE(std::filesystem::exists(tests::golden("sample/p3-hybrid/zk-1") / "version-2"));
  EXPECT_THROW(tests::golden("failover/p9-nowhere"), sim::Bug);
}

}  // namespace
