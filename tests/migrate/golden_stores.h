#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kraft/disk/metadata_log.h"
#include "kraft/disk/migration_transaction.h"
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

// With what is random taken out.
inline sim::Record comparable(sim::Record record) {
  if (auto* acl = std::get_if<sim::AccessControlEntryRecord>(&record)) acl->id = {};
  return record;
}

// The records of the transaction that completed the copy.
inline std::multiset<sim::Record> committed_copy(const std::filesystem::path& controller_dir) {
  std::multiset<sim::Record> copy;
  const auto dir = kraft::open_metadata_dir(controller_dir);
  if (!dir) {
    ADD_FAILURE() << said(dir.error());
    return copy;
  }
  const auto records = kraft::migration_transaction(*dir);
  if (!records) {
    ADD_FAILURE() << said(records.error());
    return copy;
  }
  for (const sim::Record& record : *records) copy.insert(comparable(record));
  return copy;
}

}  // namespace tests
