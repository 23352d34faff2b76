#include "kraft/disk/migration_transaction.h"

#include <utility>
#include <variant>

#include "kraft/disk/metadata_log.h"
#include "kraft/disk/segment_reader.h"

namespace kraft {
namespace {

class CopyCollector {
 public:
  void take(sim::Record& record) {
    if (complete_) return;
    if (std::holds_alternative<sim::BeginTransactionRecord>(record)) {
      records_.clear();
      migrated_ = false;
    } else if (std::holds_alternative<sim::EndTransactionRecord>(record)) {
      complete_ = migrated_;
    } else if (const auto* state = std::get_if<sim::ZkMigrationStateRecord>(&record)) {
      migrated_ = state->zk_migration_state == sim::ZkMigrationState::Migration;
    } else if (is_of_the_copy(record)) {
      records_.push_back(std::move(record));
    }
  }
  bool complete() const { return complete_; }
  std::vector<sim::Record> take_records() { return std::move(records_); }

 private:
  std::vector<sim::Record> records_;  // of the transaction that is open
  bool migrated_ = false;
  bool complete_ = false;
};

}  // namespace

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

sim::Expected<std::vector<sim::Record>> migration_transaction(const MetadataDir& dir) {
  CopyCollector collector;
  for (const SegmentFile& segment : dir.segments) {
    auto reader = SegmentReader::open(segment.path);
    if (!reader) return std::unexpected(std::move(reader).error());
    // A torn or damaged end hides nothing that stands before it.
    const auto stop = read_batches(*reader, [&](RecordBatch& batch) {
      for (LogRecord& record : batch.records) {
        if (auto* const data = std::get_if<sim::VersionedRecord>(&record.content))
          collector.take(data->record);
      }
    });
    if (collector.complete()) return collector.take_records();
    if (stop && stop->kind == Stop::Kind::Damage) return std::unexpected(stop->problem);
  }
  return std::unexpected(
      sim::Problem{.severity = sim::Severity::Unknown,
                   .place = {.source = dir.path.string()},
                   .what = "no transaction in this log completed a migration's copy",
                   .remedy = "Take the log of a controller that was alive when the copy ended, "
                             "before its first segments were deleted."});
}

}  // namespace kraft
