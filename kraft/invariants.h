#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kraft/replica.h"

// What must always hold of a quorum: pure functions over const views, with a little remembered state where
// a property speaks of the past (kraft.md §2).
namespace kraft {

struct Violation {
  std::string invariant;  // "kraft.OneLeaderPerEpoch"
  std::string what;       // a sentence with the evidence
  bool operator==(const Violation&) const = default;
};

// What the checks remember from one call to the next.
struct QuorumMemory {
  std::map<RaftEpoch, BrokerId> leaders;            // by epoch: who was seen to lead
  std::map<BrokerId, RaftEpoch> persisted_epochs;   // the highest durable epoch seen
  Offset committed{0};                              // the highest high watermark of any leader
  std::uint64_t committed_chain = 0;                // Log::chain_at(committed)
  std::map<BrokerId, std::pair<RaftEpoch, Offset>> high_watermarks;  // of leaders, within their epoch
};

// Checks one quorum after an event; `replicas` are those that run (null: down), voters and observers alike.
//
//   kraft.OneLeaderPerEpoch      no two replicas lead, or persist different leaders, in one epoch
//   kraft.EpochMonotone          a replica's epoch is its durable one and never falls
//   kraft.HighWatermarkMonotone  a leader's high watermark never falls, nor does the committed end
//   kraft.CommittedPrefixAgrees  below both high watermarks any two logs hold the same batches
//   kraft.LeaderCompleteness     a leader of the newest epoch holds everything that was ever committed
//   kraft.CheckpointAtLogStart   a log that does not start at 0 starts where its checkpoint ends
std::vector<Violation> check_quorum(std::span<const Replica* const> replicas, QuorumMemory& memory);

}  // namespace kraft
