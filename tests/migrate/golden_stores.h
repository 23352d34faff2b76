#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kraft/disk/metadata_log.h"
#include "kraft/disk/segment_reader.h"
#include "migrate/differences.h"
#include "sim/kafka/delta.h"
#include "sim/kafka/image.h"
#include "zk/cluster_root.h"
#include "zk/disk/recovery.h"
#include "zk/migration_reader_claim.h"
#include "zk/migration_reader_tree.h"

// The two stores of a captured cluster, as the tests of the copy and of `diff` read them.
namespace tests {

inline std::string said(const sim::Problem& problem) {
  return sim::describe(problem);
}

inline zk::Tree zookeeper_tree(const std::filesystem::path& dir,
                               const zk::disk::RecoverOptions& options = {}) {
  auto recovery = zk::disk::recover(dir, options);
  if (!recovery) {
    ADD_FAILURE() << said(recovery.error());
    return {};
  }
  return std::move(recovery->database.tree);
}

// The records of a metadata log as a loader applies them.
inline std::vector<kraft::AppliedRecord> applied_records(
    const std::filesystem::path& controller_dir) {
  std::vector<kraft::AppliedRecord> records;
  const auto dir = kraft::open_metadata_dir(controller_dir);
  if (!dir) {
    ADD_FAILURE() << said(dir.error());
    return records;
  }
  kraft::AppliedRecords applied(
      [&](const kraft::AppliedRecord& record) { records.push_back(record); });
  const auto read = kraft::read_metadata_log(
      *dir, [&](auto& batch, const kraft::BatchSource& source) { applied.add(batch, source); });
  EXPECT_FALSE(read.damage) << said(*read.damage);
  return records;
}

struct KraftImages {
  sim::MetadataImage at_checkpoint;
  sim::MetadataImage at_end;
};
inline KraftImages kraft_images(const std::filesystem::path& controller_dir,
                                const std::optional<sim::OffsetAndEpoch>& checkpoint) {
  const auto dir = kraft::open_metadata_dir(controller_dir);
  if (!dir) {
    ADD_FAILURE() << said(dir.error());
    return {};
  }
  sim::MetadataDelta now{sim::MetadataImage()};
  sim::MetadataDelta then{sim::MetadataImage()};
  sim::OffsetAndEpoch last{sim::RaftEpoch(-1), sim::Offset(-1)};
  kraft::AppliedRecords applied([&](const kraft::AppliedRecord& record) {
    const auto replayed = now.replay(record.record.record);
    EXPECT_TRUE(replayed) << said(replayed.error());
    if (!checkpoint || record.offset <= checkpoint->offset) {
      EXPECT_TRUE(then.replay(record.record.record));
    }
  });
  const auto read = kraft::read_metadata_log(
      *dir, [&](auto& batch, const kraft::BatchSource& source) { applied.add(batch, source); });
  last = {.epoch = read.epoch, .offset = sim::Offset(read.end.value() - 1)};
  return {.at_checkpoint =
              then.apply({.last_contained_offset = checkpoint ? checkpoint->offset : last.offset,
                          .last_contained_epoch = checkpoint ? checkpoint->epoch : last.epoch}),
          .at_end = now.apply(
              {.last_contained_offset = last.offset, .last_contained_epoch = last.epoch})};
}

inline migrate::DiffReport diff_stores(const zk::Tree& tree,
                                       const std::filesystem::path& controller_dir) {
  const auto view = zk::cluster_view(tree, "");
  const auto zookeeper = zk::zk_to_image(tree, "", {});
  std::optional<zk::MigrationZnode> migration;
  if (view.migration) migration = view.migration->znode;
  const auto kraft = kraft_images(
      controller_dir, migration ? std::optional(migration->kraft_metadata) : std::nullopt);
  return migrate::differences({.zookeeper = zookeeper.image,
                               .report = zookeeper.report,
                               .migration = migration,
                               .kraft_at_checkpoint = kraft.at_checkpoint,
                               .kraft_at_end = kraft.at_end});
}

// What is the copy's, with what is random or none of a version's business taken out.
inline bool is_of_the_copy(const sim::Record& record) {
  return std::holds_alternative<sim::TopicRecord>(record) ||
         std::holds_alternative<sim::PartitionRecord>(record) ||
         std::holds_alternative<sim::ConfigRecord>(record) ||
         std::holds_alternative<sim::ClientQuotaRecord>(record) ||
         std::holds_alternative<sim::UserScramCredentialRecord>(record) ||
         std::holds_alternative<sim::ProducerIdsRecord>(record) ||
         std::holds_alternative<sim::AccessControlEntryRecord>(record) ||
         std::holds_alternative<sim::DelegationTokenRecord>(record);
}

inline sim::Record comparable(sim::Record record) {
  if (auto* acl = std::get_if<sim::AccessControlEntryRecord>(&record)) acl->id = {};
  return record;
}

// The records of the last transaction that was completed with ZkMigrationState(MIGRATION).
inline std::multiset<sim::Record> committed_copy(const std::filesystem::path& controller_dir) {
  std::multiset<sim::Record> copy;
  std::multiset<sim::Record> open;
  const auto dir = kraft::open_metadata_dir(controller_dir);
  if (!dir) {
    ADD_FAILURE() << said(dir.error());
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

}  // namespace tests
