#include "tools/source/offsets_source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "kraft/disk/node_files.h"
#include "sim/kafka/metadata_cache.h"
#include "tools/source/node_files.h"

namespace tools {
namespace {

namespace fs = std::filesystem;
using sim::Offset;

// Log directories of machines, of nodes: no deeper.
void find_group_logs(const fs::path& folder, int depth, std::vector<fs::path>& found) {
  constexpr int kDeepestLog = 5;
  if (sim::parse_group_log_name(folder.filename().string())) {
    found.push_back(folder);
    return;
  }
  if (depth == kDeepestLog) return;
  for (const fs::path& entry : entries_of(folder)) {
    if (is_folder(entry)) find_group_logs(entry, depth + 1, found);
  }
}

// What a log directory says of itself, beside its partitions.
struct LogDirectoryWords {
  std::string node;
  std::optional<std::string> cluster_id;
  std::map<sim::TopicPartition, Offset> high_watermarks;
};

LogDirectoryWords words_of(const fs::path& log_directory) {
  LogDirectoryWords words;
  words.node = log_directory.string();
  words.high_watermarks =
      sim::read_offset_checkpoint(log_directory / "replication-offset-checkpoint");
  const fs::path file = log_directory / kMetaName;
  const auto text = kraft::read_small_file(file);
  if (!text) return words;
  const auto meta = kraft::parse_meta_properties(*text, file.string());
  if (!meta) return words;
  words.cluster_id = meta->cluster_id;
  if (meta->node_id) words.node = fmt::format("broker {}", meta->node_id->value());
  return words;
}

// ── Which replica is believed ───────────────────────────────────────────────────────────────────

void choose(OffsetsPartition& partition) {
  for (const OffsetsReplica& replica : partition.replicas) {
    if (!replica.high_watermark) continue;
    partition.committed_below =
        std::max(partition.committed_below.value_or(Offset(0)), *replica.high_watermark);
  }
  const auto rank = [](const OffsetsReplica& replica) {
    return std::tuple(replica.whole(), replica.read.epoch, replica.read.end);
  };
  const auto best = std::ranges::max_element(partition.replicas, {}, rank);
  partition.chosen = static_cast<std::size_t>(best - partition.replicas.begin());
}

// ── Whether the others say the same ─────────────────────────────────────────────────────────────

// The last word on each key, and where it stands, without what it says beyond that it is there.
template <class T>
bool differ(const std::optional<sim::LastWord<T>>& other,
            const std::optional<sim::LastWord<T>>& best, const sim::GroupLogRead& of_other,
            const sim::GroupLogRead& of_best) {
  if (other && best && other->place.offset == best->place.offset)
    return other->value != best->value;
  const Offset at_other = other ? other->place.offset : Offset(-1);
  const Offset at_best = best ? best->place.offset : Offset(-1);
  if (at_best > at_other) {
    // Not there yet; or a tombstone that only one of both has cleaned away.
    return at_best >= of_other.start && at_best < of_other.end &&
           (best->value || (other && other->value));
  }
  return at_other >= of_best.start &&
         (at_other >= of_best.end || other->value || (best && best->value));
}

bool is_pending(const sim::GroupsImage& image, const std::string& group,
                const sim::TopicPartition& partition) {
  return std::ranges::any_of(image.open_transactions(), [&](const auto& open) {
    return open.second.commits.contains(std::pair(group, partition));
  });
}

template <class Map, class Key>
auto word_at(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? std::optional<typename Map::mapped_type>()
                            : std::optional(found->second);
}

std::vector<std::string> keys_that_differ(const sim::GroupLogRead& other,
                                          const sim::GroupLogRead& best) {
  std::vector<std::string> keys;
  std::set<std::string> groups;
  for (const auto* read : {&other, &best}) {
    for (const auto& [name, group] : read->image.groups()) groups.insert(name);
  }
  const sim::StoredGroup none;
  for (const std::string& name : groups) {
    const auto* const theirs = other.image.find(name);
    const auto* const ours = best.image.find(name);
    const sim::StoredGroup& left = theirs == nullptr ? none : *theirs;
    const sim::StoredGroup& right = ours == nullptr ? none : *ours;
    if (differ(left.classic, right.classic, other, best))
      keys.push_back(fmt::format("metadata of group '{}'", name));
    std::set<sim::TopicPartition> partitions;
    for (const auto* group : {&left, &right}) {
      for (const auto& [partition, commit] : group->offsets) partitions.insert(partition);
    }
    for (const sim::TopicPartition& partition : partitions) {
      // Of a transaction one replica may have the end, and the other not yet.
      if (is_pending(other.image, name, partition) || is_pending(best.image, name, partition))
        continue;
      if (differ(word_at(left.offsets, partition), word_at(right.offsets, partition), other,
                 best)) {
        keys.push_back(fmt::format("offset of group '{}' for {}-{}", name, partition.topic,
                                   partition.partition.value()));
      }
    }
  }
  return keys;
}

void compare_replicas(OffsetsPartition& partition) {
  constexpr std::size_t kNamed = 3;
  for (std::size_t i = 0; i < partition.replicas.size(); ++i) {
    const OffsetsReplica& other = partition.replicas[i];
    if (i == partition.chosen || !other.whole()) continue;
    auto keys = keys_that_differ(other.read, partition.best().read);
    if (keys.empty()) continue;
    const std::size_t all = keys.size();
    keys.resize(std::min(all, kNamed));
    partition.disagreements.push_back(fmt::format(
        "{} (end {}, epoch {}) and {} (end {}, epoch {}) disagree on {} key{}: {}{}", other.node,
        other.read.end.value(), other.read.epoch.value(), partition.best().node,
        partition.best().read.end.value(), partition.best().read.epoch.value(), all,
        all == 1 ? "" : "s", fmt::join(keys, ", "), all > kNamed ? ", …" : ""));
  }
}

sim::Expected<std::vector<fs::path>> group_logs_below(const std::vector<std::string>& arguments) {
  std::vector<fs::path> logs;
  for (const std::string& argument : arguments) {
    if (!is_folder(argument)) {
      return sim::refused(
          sim::Severity::Usage, argument, "there is no such folder",
          "Give a broker's log directory, one __consumer_offsets-N in it, or a folder of several "
          "brokers' (tools/collect --offsets).");
    }
    const std::size_t before = logs.size();
    // A trailing slash, or ".", has no name to know the folder by.
    const fs::path given = argument;
    std::error_code ignored;
    const fs::path whole = fs::absolute(given, ignored).lexically_normal();
    const bool says_its_name =
        given.has_filename() && given.filename() != "." && given.filename() != "..";
    find_group_logs(says_its_name          ? given
                    : whole.has_filename() ? whole
                                           : whole.parent_path(),
                    0, logs);
    if (logs.size() == before) {
      return sim::refused(
          sim::Severity::Malformed, argument,
          "there is no partition of __consumer_offsets in this folder",
          "Copy the __consumer_offsets-* directories of every broker: tools/collect --offsets.");
    }
  }
  std::ranges::sort(logs);
  const auto repeated = std::ranges::unique(logs);
  logs.erase(repeated.begin(), repeated.end());
  return logs;
}

}  // namespace

migrate::OffsetsCapture OffsetsSource::capture() const {
  migrate::OffsetsCapture capture;
  for (const OffsetsPartition& partition : partitions) {
    capture.partitions[partition.id] = {.image = &partition.best().read.image,
                                        .committed_below = partition.committed_below,
                                        .whole = partition.best().whole()};
  }
  capture.last_timestamp = last_timestamp();
  return capture;
}

std::int64_t OffsetsSource::last_timestamp() const {
  std::int64_t last = -1;
  for (const OffsetsPartition& partition : partitions)
    last = std::max(last, partition.best().read.last_timestamp);
  return last;
}

sim::Expected<OffsetsSource> open_offsets(const std::vector<std::string>& arguments) {
  const auto logs = group_logs_below(arguments);
  if (!logs) return std::unexpected(logs.error());
  OffsetsSource source;
  source.described = fmt::format("{}", fmt::join(arguments, ", "));
  std::map<fs::path, LogDirectoryWords> directories;
  std::map<sim::PartitionId, OffsetsPartition> partitions;
  for (const fs::path& log : *logs) {
    const fs::path parent = log.parent_path();
    const auto [words, is_new] = directories.try_emplace(parent);
    if (is_new) words->second = words_of(parent);
    if (words->second.cluster_id) source.cluster_ids.insert(*words->second.cluster_id);
    auto read = sim::read_group_log(log);
    if (!read) {
      source.problems.push_back(std::move(read).error());
      continue;
    }
    OffsetsPartition& partition = partitions[read->partition];
    partition.id = read->partition;
    const auto watermark = words->second.high_watermarks.find(
        {.topic = std::string(sim::kGroupMetadataTopic), .partition = read->partition});
    OffsetsReplica& replica = partition.replicas.emplace_back();
    replica.node = words->second.node;
    if (watermark != words->second.high_watermarks.end())
      replica.high_watermark = watermark->second;
    replica.read = *std::move(read);
  }
  if (source.cluster_ids.size() > 1) {
    return sim::refused(
        sim::Severity::Unknown, source.described,
        fmt::format("these are files of several clusters: {}", fmt::join(source.cluster_ids, ", ")),
        "Give those of one.");
  }
  for (auto& [id, partition] : partitions) {
    choose(partition);
    compare_replicas(partition);
    source.partitions.push_back(std::move(partition));
  }
  return source;
}

}  // namespace tools
