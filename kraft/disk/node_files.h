#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/problem.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/uuid.h"

// The small files beside a metadata log: who the node is, what it voted, where epochs begin. All are text;
// each has a reader that names file and line, and a writer whose text Kafka reads (kraft.md §1.2, §6.7–6.9).
namespace kraft {

// meta.properties of a log directory. Version 0 is a broker's that ZooKeeper numbered, version 1 KRaft's;
// a migrated broker may keep version 0.
struct MetaProperties {
  std::int32_t version = 1;
  std::optional<sim::BrokerId> node_id;  // broker.id in version 0; absent: not yet assigned
  std::optional<std::string> cluster_id;
  std::optional<sim::Uuid> directory_id;
  bool operator==(const MetaProperties&) const = default;
};
sim::Expected<MetaProperties> parse_meta_properties(std::string_view text,
                                                    const std::string& source);
// Keys in the order in which Kafka 3.9 leaves them; the date in the comment is left out.
std::string to_text(const MetaProperties& properties);

// quorum-state, schema QuorumStateData. In version 0, cluster id and applied offset have no meaning and
// the voters are there for people; version 1 has a voted directory instead.
struct QuorumStateData {
  std::int16_t data_version = 0;
  std::string cluster_id;
  sim::BrokerId leader_id = sim::kNoBroker;
  sim::RaftEpoch leader_epoch{-1};
  sim::BrokerId voted_id = sim::kNoBroker;
  sim::Uuid voted_directory_id;
  std::int64_t applied_offset = 0;
  std::vector<sim::BrokerId> current_voters;
  bool operator==(const QuorumStateData&) const = default;
};
sim::Expected<QuorumStateData> parse_quorum_state(std::string_view text, const std::string& source);
std::string to_text(const QuorumStateData& state);

// leader-epoch-checkpoint: the first offset of each epoch, ascending.
struct EpochEntry {
  sim::RaftEpoch epoch;
  sim::Offset start_offset;
  bool operator==(const EpochEntry&) const = default;
};
sim::Expected<std::vector<EpochEntry>> parse_leader_epochs(std::string_view text,
                                                           const std::string& source);
std::string to_text(const std::vector<EpochEntry>& entries);

// partition.metadata: the topic id; of the metadata log always sim::kMetadataTopicId.
sim::Expected<sim::Uuid> parse_partition_metadata(std::string_view text, const std::string& source);
std::string partition_metadata_text(const sim::Uuid& topic_id);

// A whole small file. Files above a mebibyte are refused: none of these has more.
sim::Expected<std::string> read_small_file(const std::filesystem::path& file);

}  // namespace kraft
