#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/problem.h"
#include "sim/kafka/disk/batch_reader.h"
#include "sim/kafka/disk/group_record_codec.h"
#include "sim/kafka/disk/groups_image.h"
#include "sim/kafka/ids.h"

// Reads what a broker has on its disk of `__consumer_offsets`: segments of record batches v2,
// whatever their compression, and messages of the formats before; records, transaction markers,
// torn tails, damage.
namespace sim {

// "__consumer_offsets-7" → 7. Nothing for any other name, as that of a partition which is being
// deleted, moved or was found astray ("…-delete", "-future", "-stray").
std::optional<PartitionId> parse_group_log_name(std::string_view directory_name);

// Whether a directory is one, by its name alone, however its path is written.
bool is_group_log(const std::filesystem::path& directory);

// The marker at the end of a transaction (EndTransactionMarker).
struct TransactionMarker {
  GroupsImage::Outcome outcome = GroupsImage::Outcome::Abort;
  std::int32_t coordinator_epoch = 0;
};
// A control record of another type.
struct OtherControl {
  std::int16_t type = -1;
};
// A record in the order of its log. `Problem` where it cannot be read, placed in the file; an
// offset in a compressed batch is that of the batch.
struct GroupLogRecord {
  Offset offset;
  std::int64_t timestamp = -1;
  std::int32_t key_size = -1;
  std::int32_t value_size = -1;
  std::vector<std::string> header_keys;
  std::variant<VersionedGroupRecord, TransactionMarker, OtherControl, Problem> content;
};
// Unpacks and decodes a whole batch. Fails where its records cannot be told apart; those before
// went to the sink. Offsets of problems count from the start of the batch.
Expected<void> read_group_batch(const BatchView& batch,
                                const std::function<void(GroupLogRecord&)>& sink);

struct GroupLogRead {
  std::filesystem::path directory;
  PartitionId partition{-1};
  GroupsImage image;
  Offset start;                      // base of the first segment
  Offset end;                        // one past the last record: the log end offset
  LeaderEpoch epoch{-1};             // of the last batch
  std::int64_t last_timestamp = -1;  // the latest of any batch, ms
  std::uint64_t segments = 0;
  std::uint64_t batches = 0;
  std::uint64_t records = 0;
  std::uint64_t old_messages = 0;                   // of formats v0 and v1
  std::map<std::string, std::uint64_t> compressed;  // batches by codec, if any
  // What follows the last sound batch of the last segment; the rest was read.
  std::optional<Stop> torn_tail;
  std::vector<Problem> damage;   // batches that were left out, by file and offset
  std::vector<Problem> unknown;  // records that were left out: of another Kafka's type or version
};

// Reads a directory of segments. What is damaged is left out and named, the rest read. Fails as
// group_log_segments does.
Expected<GroupLogRead> read_group_log(const std::filesystem::path& directory);

// "00000000000000000042.log" → 42, the offset that it begins at; the same of ".log.swap".
std::optional<Offset> base_of_segment(const std::filesystem::path& file);

// Segments in the order of their offsets. One that a crash left in the middle of a swap
// (".log.swap", which Kafka renames when it starts) counts where no other begins at the same
// offset. Fails only if there is no such directory, or no segment in it.
Expected<std::vector<std::filesystem::path>> group_log_segments(
    const std::filesystem::path& directory);

// `replication-offset-checkpoint` of a log directory: the high watermarks when they were last
// written down, every five seconds and at a clean shutdown. Empty if there is no such file or it
// cannot be read.
std::map<TopicPartition, Offset> read_offset_checkpoint(const std::filesystem::path& file);

}  // namespace sim
