#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "migrate/offsets/offset_changes.h"
#include "sim/base/problem.h"
#include "sim/kafka/disk/group_log.h"

// Finds and reads `__consumer_offsets` wherever a person keeps a copy of it: one partition's
// directory, a broker's log directory, or a folder with those of several brokers, as tools/collect
// --offsets leaves it.
namespace tools {

struct OffsetsReplica {
  std::string node;  // "broker 1", or where it lies
  sim::GroupLogRead read;
  std::optional<sim::Offset> high_watermark;  // from replication-offset-checkpoint
  bool whole() const { return read.damage.empty() && read.unknown.empty(); }
};

struct OffsetsPartition {
  sim::PartitionId id{};
  std::vector<OffsetsReplica> replicas;
  // The one that is believed: of those that could be read whole the one with the highest leader
  // epoch, then the longest. Its leader's word counts even where an earlier one had written down
  // more as committed: that is what an unclean election does.
  std::size_t chosen = 0;
  // Records below are committed for certain: the highest of the replicas' high watermarks.
  std::optional<sim::Offset> committed_below;
  // Where another replica says otherwise, a sentence each. One that only lags behind does not.
  std::vector<std::string> disagreements;

  const OffsetsReplica& best() const { return replicas[chosen]; }
};

struct OffsetsSource {
  std::string described;
  std::vector<OffsetsPartition> partitions;  // by id
  std::set<std::string> cluster_ids;
  std::vector<sim::Problem> problems;  // directories that could not be read

  // What offset_changes compares; refers to this value.
  migrate::OffsetsCapture capture() const;
  std::int64_t last_timestamp() const;
};

// Opens all arguments as parts of one cluster. Usage where there is no such folder, Malformed where
// there is no partition of __consumer_offsets below it, Unknown where they belong to several
// clusters.
sim::Expected<OffsetsSource> open_offsets(const std::vector<std::string>& arguments);

}  // namespace tools
