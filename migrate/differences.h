#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/metadata_kinds.h"
#include "sim/kafka/compare.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/image.h"
#include "zk/migration_reader_values.h"
#include "zk/znodes.h"

// Whether ZooKeeper says what KRaft says, as far as Kafka promises it (migration.md §4.4). Two
// comparisons of images, and a name for each difference that a healthy mirror leaves. Two states of
// one store: same_store.h.
//
//        KRaft log   ├──────────────┤ /migration's offset ├───────────┤ end
//        ZooKeeper   ════════════════ must agree ═══════════ pending ═══
namespace migrate {

// Why a difference is none of anybody's fault.
enum class Tolerance : std::uint8_t {
  ProducerIdBlock,  // the mirror writes [next, next+999], whose successor is next+1000
  PartitionEpoch,   // in ZooKeeper the version of the znode, which moves with each write
  NotInZookeeper,   // directories and eligible leader replicas: ZooKeeper has no place for them
  QuotaLeftBehind,  // MB-12: the last quota of a client, address or user's client was removed
  EncodedPassword,  // decoded with the secret and equal; each encoding has its own salt
  EmptyConfig,      // a config znode without configs
  ConfigOfDeletedTopic,  // MB-25: of a former topic of that name; a restarted controller brings it
                         // back
};
std::string_view name_of(Tolerance tolerance);
std::string_view explain(Tolerance tolerance);  // a sentence with its reference

struct Tolerated {
  Tolerance why = Tolerance::PartitionEpoch;
  sim::Difference
      difference;  // both sides may be equal, or absent: then the znodes differ all the same
};

// Something that cannot be compared.
struct Incomparable {
  std::string path;
  std::string why;
  sim::Families kinds = sim::Families::all();  // what it may hide
};

enum class Verdict : std::uint8_t {
  Equal,
  Different,  // exit 1
  Unknown,    // exit 2: something could not be read or decoded
  Behind,     // exit 2: the KRaft log ends before the offset in /migration
};
std::string_view name_of(Verdict verdict);

struct DiffInput {
  const sim::MetadataImage& zookeeper;
  const zk::ReadReport& report;  // of reading it
  // /migration; nothing: no migration has begun, and the end of the log is what is compared.
  std::optional<zk::MigrationZnode> migration;
  const sim::MetadataImage& kraft_at_checkpoint;  // as of /migration's offset
  const sim::MetadataImage& kraft_at_end;
  // Entities whose quotas were removed in the log up to the checkpoint, if the log reaches back to
  // its beginning: then a quota left behind must be one of them.
  std::optional<std::set<sim::QuotaEntity>> quotas_removed = std::nullopt;
  // What topics had at their deletion, and nothing has set since; up to the checkpoint.
  std::map<sim::ConfigResource, std::map<std::string, std::string>> configs_of_deleted_topics = {};
  sim::Families kinds = sim::Families::mirrored();  // of those that are mirrored, what to compare
};

struct DiffReport {
  Verdict verdict = Verdict::Unknown;
  sim::OffsetAndEpoch checkpoint{sim::RaftEpoch(-1), sim::Offset(-1)};  // /migration's
  sim::OffsetAndEpoch kraft_end{sim::RaftEpoch(-1), sim::Offset(-1)};   // the last record read
  std::vector<Tolerated> tolerated;
  std::vector<sim::Difference>
      pending;  // above /migration's offset: not mirrored yet, or mirrored early
  // Above /migration's offset, and not in ZooKeeper as the end of the log has it.
  std::vector<sim::Difference> unmirrored;
  std::vector<sim::Difference> different;  // left is ZooKeeper, right is KRaft
  std::vector<Incomparable> unknown;
  std::vector<KindCount> counts;  // of the kinds compared, left and right as above

  bool equal() const { return verdict == Verdict::Equal; }
};

// Compares the kinds that are mirrored, or those of them that are asked for. The provenances of the
// KRaft images say where they stand.
DiffReport differences(const DiffInput& input);

}  // namespace migrate
