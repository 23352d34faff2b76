#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kraft/message.h"
#include "kraft/node.h"
#include "kraft/replica.h"
#include "sim/base/violation.h"

// What must always hold of a quorum: pure functions over const views, with a little remembered state where
// a property speaks of the past (kraft.md §2).
namespace kraft {

using sim::Violation;
using sim::Violations;

// Adds a violation of kraft.<invariant>.
inline void violated(Violations& out, std::string invariant, std::string what) {
  out.push_back({.invariant = "kraft." + std::move(invariant), .what = std::move(what)});
}

// What the checks remember from one call to the next.
struct QuorumMemory {
  std::map<RaftEpoch, BrokerId> leaders;           // by epoch: who was seen to lead
  std::map<BrokerId, RaftEpoch> persisted_epochs;  // the highest durable epoch seen
  Offset committed{0};                             // the highest high watermark of any leader
  std::uint64_t committed_chain = 0;               // Log::chain_at(committed)
  std::map<BrokerId, std::pair<RaftEpoch, Offset>>
      high_watermarks;  // of leaders, within their epoch
  // By voter and epoch: the candidate that a vote was sent to.
  std::map<std::pair<BrokerId, RaftEpoch>, BrokerId> votes;
};

// Checks one quorum after an event; `replicas` are those that run (null: down), voters and observers alike.
//
//   kraft.OneLeaderPerEpoch      no two replicas lead, or persist different leaders, in one epoch
//   kraft.EpochMonotone          a replica's epoch is its durable one and never falls
//   kraft.HighWatermarkMonotone  a leader's high watermark never falls, nor does the committed end
//   kraft.CommittedPrefixAgrees  below both high watermarks any two logs hold the same batches
//   kraft.LeaderCompleteness     a leader of the newest epoch holds everything that was ever committed
//   kraft.VoteIsKept             a vote that was sent is not forgotten
//   kraft.LeaderCommitsItsEpoch  what a leader newly commits ends beyond the start of its own epoch (§1.10)
//   kraft.CheckpointAtLogStart   a log that does not start at 0 starts where its checkpoint ends
Violations check_quorum(std::span<const Replica* const> replicas, QuorumMemory& memory);

// Looks at an answer as it leaves its voter: a vote must be on its disk by then (§1.5).
//
//   kraft.VoteIsKept             within one epoch no second candidate gets it
Violations check_vote(const VoteResponse& vote, BrokerId candidate, QuorumMemory& memory);

// What the checks of metadata remember.
struct MetadataMemory {
  std::map<RaftEpoch, BrokerId> active;       // by claim epoch: which controller was active
  std::map<Offset, std::uint64_t> published;  // by last contained offset: the image's digest
  std::map<BrokerId, Offset> compared;        // by controller: where its memory was last compared
  sim::MetadataImage newest;                  // the published image of the highest offset
};

// Checks controllers after an event, and any images that brokers publish beside them.
//
//   kraft.OneControllerPerEpoch      no two controllers claim the same epoch
//   kraft.ActiveControllerLeads      who is active leads the quorum in its claim epoch
//   kraft.PublishedImagesAgree       images of one offset are equal wherever they are published
//   kraft.EpochsMonotone             from image to image no leader, partition or broker epoch falls, and a
//                                    partition that changed has a new partition epoch
//   kraft.PostMigrationIsFinal       nothing follows POST_MIGRATION, nothing returns to PRE_MIGRATION
//   kraft.NoTransactionInAnImage     no image stands inside an open metadata transaction
//   kraft.MemoryIsTheImage           a controller's memory at its last stable offset is what was published there
//   broker.P10                       from image to image: the ISR is among the replicas, the leader is in it, and
//                                    who newly leads or newly joins it beside others is neither fenced nor
//                                    shutting down
Violations check_metadata(std::span<const Node* const> nodes,
                          std::span<const sim::MetadataImage* const> images,
                          MetadataMemory& memory);

// kraft.ImageIsTheFoldOfTheLog: replays the node's whole log up to its image. Costly: at rest, not after
// every event.
Violations check_fold(const Node& node);

}  // namespace kraft
