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
//   ZooKeeper's files ── as of the claim ──► tree ──► our records  ═══ as a multiset ═══  the
//   log's, Begin … End
namespace {

// What is the copy's, with what is random or none of a version's business taken out.
bool is_of_the_copy(const sim::Record& record) {
  return std::holds_alternative<sim::TopicRecord>(record) ||
         std::holds_alternative<sim::PartitionRecord>(record) ||
         std::holds_alternative<sim::ConfigRecord>(record) ||
         std::holds_alternative<sim::ClientQuotaRecord>(record) ||
         std::holds_alternative<sim::UserScramCredentialRecord>(record) ||
         std::holds_alternative<sim::ProducerIdsRecord>(record) ||
         std::holds_alternative<sim::AccessControlEntryRecord>(record) ||
         std::holds_alternative<sim::DelegationTokenRecord>(record);
}

sim::Record comparable(sim::Record record) {
  if (auto* acl = std::get_if<sim::AccessControlEntryRecord>(&record)) acl->id = {};
  return record;
}

// The records of the last transaction that was completed with ZkMigrationState(MIGRATION).
std::multiset<sim::Record> committed_copy(const std::filesystem::path& controller_dir) {
  std::multiset<sim::Record> copy;
  std::multiset<sim::Record> open;
  const auto dir = kraft::open_metadata_dir(controller_dir);
  if (!dir) {
    ADD_FAILURE() << tests::said(dir.error());
    return copy;
  }
  const auto take = [&](const sim::Record& record) {
    if (std::holds_alternative<sim::BeginTransactionRecord>(record)) {
      open.clear();
    } else if (std::holds_alternative<sim::EndTransactionRecord>(record)) {
      if (!open.empty()) copy = open;
      open.clear();
    } else if (is_of_the_copy(record)) {
      open.insert(comparable(record));
    }
  };
  // Segments alone: a checkpoint would hide the transaction.
  for (const kraft::SegmentFile& segment : dir->segments) {
    auto reader = kraft::SegmentReader::open(segment.path);
    EXPECT_TRUE(reader);
    if (!reader) continue;
    const auto stop = kraft::read_batches(*reader, [&](const kraft::RecordBatch& batch) {
      for (const kraft::LogRecord& record : batch.records) {
        if (const auto* data = std::get_if<sim::VersionedRecord>(&record.content))
          take(data->record);
      }
    });
    if (!copy.empty()) break;
  }
  return copy;
}

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
    for (const sim::Record& record : list) ours.insert(comparable(record));
  }
  const auto theirs = committed_copy(tests::golden(std::string(GetParam()) + "/controller-3000"));
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
