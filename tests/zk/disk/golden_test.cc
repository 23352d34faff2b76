#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/support/golden.h"
#include "tests/zk/disk/oracle.h"
#include "zk/disk/recovery.h"
#include "zk/disk/snapshot.h"
#include "zk/disk/txn_codec.h"
#include "zk/disk/txn_log.h"

// Every file of every golden cluster: what real ZooKeeper 3.8.4 servers wrote while real Kafka
// worked on them.
namespace zk::disk {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> golden_phases() {
  std::vector<fs::path> phases;
  for (const std::string& cluster : tests::golden_clusters()) {
    for (const auto& entry : fs::directory_iterator(tests::golden(cluster))) {
      if (fs::exists(entry.path() / "zk-1/version-2")) phases.push_back(entry.path());
    }
  }
  std::ranges::sort(phases);
  return phases;
}

std::vector<fs::path> golden_data_files(std::string_view prefix) {
  std::vector<fs::path> files;
  for (const fs::path& phase : golden_phases()) {
    for (const auto& entry : fs::directory_iterator(phase / "zk-1/version-2")) {
      if (entry.path().filename().string().starts_with(prefix)) files.push_back(entry.path());
    }
  }
  return files;
}

sim::Bytes contents(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

TEST(GoldenZooKeeperFiles, TheRecoveredTreeIsWhatTheServerAnswered) {
  int compared = 0;
  for (const fs::path& phase : golden_phases()) {
    if (!fs::exists(phase / "zookeeper.jsonl")) continue;
    SCOPED_TRACE(phase.string());
    const Oracle oracle = read_oracle(phase / "zookeeper.jsonl");
    const auto recovery = recover(phase / "zk-1", {.at = newest(oracle)});
    ASSERT_TRUE(recovery) << sim::describe(recovery.error());
    EXPECT_EQ(differences(recovery->database.tree, oracle), std::vector<std::string>{});
    ++compared;
  }
  EXPECT_GE(compared, 20);
}

TEST(GoldenZooKeeperFiles, EveryTransactionLeavesTheDigestThatTheLeaderHad) {
  for (const fs::path& phase : golden_phases()) {
    SCOPED_TRACE(phase.string());
    // From the oldest snapshot, so that every transaction of every file is replayed.
    std::uint64_t with_digest = 0;
    const auto recovery = replay(phase / "zk-1", std::nullopt, [&](const Replayed& replayed) {
      if (replayed.txn.digest) ++with_digest;
      return Visit::Continue;
    });
    ASSERT_TRUE(recovery) << sim::describe(recovery.error());
    EXPECT_EQ(recovery->digests_verified, with_digest);
    EXPECT_GT(recovery->digests_verified, 100U);
    EXPECT_FALSE(recovery->casts_doubt());
    for (const Warning& warning : recovery->warnings) ADD_FAILURE() << describe(warning);
  }
}

TEST(GoldenZooKeeperFiles, EverySnapshotLeadsToTheSameTree) {
  int snapshots = 0;
  for (const fs::path& phase : golden_phases()) {
    SCOPED_TRACE(phase.string());
    const auto newest = recover(phase / "zk-1");
    ASSERT_TRUE(newest) << sim::describe(newest.error());
    const auto directory = DataDirectory::find(phase / "zk-1");
    for (const SnapshotFile& snapshot : directory->snapshots) {
      const auto older = replay(phase / "zk-1", snapshot.zxid.next(),
                                [](const Replayed&) { return Visit::Continue; });
      ASSERT_TRUE(older) << sim::describe(older.error());
      EXPECT_TRUE(older->database.tree.same_content(newest->database.tree));
      EXPECT_EQ(older->database.tree.digest(), newest->database.tree.digest());
      EXPECT_EQ(older->database.session_timeouts_ms, newest->database.session_timeouts_ms);
      ++snapshots;
    }
  }
  EXPECT_GT(snapshots, 60);
}

TEST(GoldenZooKeeperFiles, ASnapshotIsWrittenAsItWasRead) {
  const auto files = golden_data_files("snapshot.");
  ASSERT_FALSE(files.empty());
  for (const fs::path& file : files) {
    SCOPED_TRACE(file.string());
    const Compression compression = parse_snapshot_name(file.filename().string())->compression;
    auto input = Input::open(file, compression);
    ASSERT_TRUE(input);
    const auto snapshot = read_snapshot(*std::move(input), file.string());
    ASSERT_TRUE(snapshot) << sim::describe(snapshot.error());
    // Packed bytes depend on the packer; what is in them does not.
    auto again = Input::open(file, compression);
    const auto bytes = again->take(again->left(1U << 30));
    EXPECT_EQ(encode_snapshot(*snapshot), sim::Bytes(bytes->begin(), bytes->end()));
  }
}

TEST(GoldenZooKeeperFiles, ALogIsWrittenAsItWasRead) {
  const auto files = golden_data_files("log.");
  ASSERT_FALSE(files.empty());
  std::uint64_t entries = 0;
  for (const fs::path& file : files) {
    SCOPED_TRACE(file.string());
    const sim::Bytes bytes = contents(file);
    auto reader = LogReader::open(file);
    ASSERT_TRUE(reader) << sim::describe(reader.error());
    sim::Bytes again = encode_log_header();
    for (auto entry = reader->next(); entry && entry->has_value(); entry = reader->next()) {
      const sim::Bytes encoded = encode_entry((*entry)->txn);
      again.insert(again.end(), encoded.begin(), encoded.end());
      ++entries;
    }
    EXPECT_EQ(reader->end(), LogEnd::Clean);
    ASSERT_LE(again.size(), bytes.size());
    EXPECT_TRUE(std::equal(again.begin(), again.end(), bytes.begin()));
    EXPECT_TRUE(std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(again.size()), bytes.end(),
                            [](std::uint8_t byte) { return byte == 0; }));
  }
  EXPECT_GT(entries, 10'000U);
}

}  // namespace
}  // namespace zk::disk
