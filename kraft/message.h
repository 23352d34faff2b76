#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "kraft/log.h"
#include "sim/kafka/error.h"

// The Raft RPCs of the metadata quorum (kraft.md §1.15, versions of 3.9). A response carries the
// correlation of its request; one whose request is no longer in flight is dropped by the asker.
//
// Simplified: they travel as datagrams. What TCP would have resent is lost for the request timeout;
// listeners, cluster id and topic name are not carried (one cluster, static voters).
namespace kraft {

using sim::ErrorCode;

// Where a process begins to count its requests in its `life`th life, from 1, so that what comes
// late for a former life matches none of its own: with Kafka that would have come by a connection
// that is no more.
constexpr std::uint32_t first_correlation(std::uint32_t life) {
  return (life - 1) << 20U;
}

struct VoteRequest {
  std::uint32_t correlation = 0;
  BrokerId voter;  // whom the candidate means to ask
  RaftEpoch epoch;
  BrokerId candidate;
  OffsetAndEpoch last;  // end offset and last epoch of the candidate's log
  static constexpr std::string_view kName = "raft.VoteRequest";
  static constexpr auto fields(auto&& visit) {
    using T = VoteRequest;
    return visit(sim::field("correlation", &T::correlation), sim::field("voter", &T::voter),
                 sim::field("epoch", &T::epoch), sim::field("candidate", &T::candidate),
                 sim::field("last", &T::last));
  }
};

// What every Raft response says: who answers, its epoch and the leader it knows.
struct VoteResponse {
  std::uint32_t correlation = 0;
  BrokerId from;
  ErrorCode error = ErrorCode::None;
  RaftEpoch epoch;
  BrokerId leader = kNoLeader;
  bool granted = false;
  static constexpr std::string_view kName = "raft.VoteResponse";
  static constexpr auto fields(auto&& visit) {
    using T = VoteResponse;
    return visit(sim::field("correlation", &T::correlation), sim::field("from", &T::from),
                 sim::field("error", &T::error), sim::field("epoch", &T::epoch),
                 sim::field("leader", &T::leader), sim::field("granted", &T::granted));
  }
};

struct BeginQuorumEpochRequest {
  std::uint32_t correlation = 0;
  BrokerId voter;
  RaftEpoch epoch;
  BrokerId leader;
  static constexpr std::string_view kName = "raft.BeginQuorumEpochRequest";
  static constexpr auto fields(auto&& visit) {
    using T = BeginQuorumEpochRequest;
    return visit(sim::field("correlation", &T::correlation), sim::field("voter", &T::voter),
                 sim::field("epoch", &T::epoch), sim::field("leader", &T::leader));
  }
};

struct BeginQuorumEpochResponse {
  std::uint32_t correlation = 0;
  BrokerId from;
  ErrorCode error = ErrorCode::None;
  RaftEpoch epoch;
  BrokerId leader = kNoLeader;
  static constexpr std::string_view kName = "raft.BeginQuorumEpochResponse";
  static constexpr auto fields(auto&& visit) {
    using T = BeginQuorumEpochResponse;
    return visit(sim::field("correlation", &T::correlation), sim::field("from", &T::from),
                 sim::field("error", &T::error), sim::field("epoch", &T::epoch),
                 sim::field("leader", &T::leader));
  }
};

struct EndQuorumEpochRequest {
  std::uint32_t correlation = 0;
  RaftEpoch epoch;
  BrokerId leader;
  std::vector<BrokerId> preferred_candidates;  // by descending fetch offset
  static constexpr std::string_view kName = "raft.EndQuorumEpochRequest";
  static constexpr auto fields(auto&& visit) {
    using T = EndQuorumEpochRequest;
    return visit(sim::field("correlation", &T::correlation), sim::field("epoch", &T::epoch),
                 sim::field("leader", &T::leader),
                 sim::field("preferredCandidates", &T::preferred_candidates));
  }
};

struct EndQuorumEpochResponse {
  std::uint32_t correlation = 0;
  BrokerId from;
  ErrorCode error = ErrorCode::None;
  RaftEpoch epoch;
  BrokerId leader = kNoLeader;
  static constexpr std::string_view kName = "raft.EndQuorumEpochResponse";
  static constexpr auto fields(auto&& visit) {
    using T = EndQuorumEpochResponse;
    return visit(sim::field("correlation", &T::correlation), sim::field("from", &T::from),
                 sim::field("error", &T::error), sim::field("epoch", &T::epoch),
                 sim::field("leader", &T::leader));
  }
};

struct FetchRequest {
  std::uint32_t correlation = 0;
  BrokerId replica;
  RaftEpoch epoch;       // CurrentLeaderEpoch
  OffsetAndEpoch fetch;  // FetchOffset and LastFetchedEpoch
  std::uint32_t max_wait_ms = 500;
  static constexpr std::string_view kName = "raft.FetchRequest";
  static constexpr auto fields(auto&& visit) {
    using T = FetchRequest;
    return visit(sim::field("correlation", &T::correlation), sim::field("replica", &T::replica),
                 sim::field("epoch", &T::epoch), sim::field("fetch", &T::fetch),
                 sim::field("maxWaitMs", &T::max_wait_ms));
  }
};

struct FetchResponse {
  std::uint32_t correlation = 0;
  BrokerId from;
  ErrorCode error = ErrorCode::None;
  RaftEpoch epoch;
  BrokerId leader = kNoLeader;
  Offset high_watermark = kUnknownOffset;
  Offset log_start{0};
  std::optional<OffsetAndEpoch> diverging;
  std::optional<OffsetAndEpoch> snapshot;
  std::vector<Payload> batches;
  static constexpr std::string_view kName = "raft.FetchResponse";
  static constexpr auto fields(auto&& visit) {
    using T = FetchResponse;
    return visit(sim::field("correlation", &T::correlation), sim::field("from", &T::from),
                 sim::field("error", &T::error), sim::field("epoch", &T::epoch),
                 sim::field("leader", &T::leader), sim::field("highWatermark", &T::high_watermark),
                 sim::field("logStart", &T::log_start), sim::field("diverging", &T::diverging),
                 sim::field("snapshot", &T::snapshot), sim::field("batches", &T::batches));
  }
  std::size_t wire_bytes() const {
    std::size_t bytes = sizeof(FetchResponse);
    for (const Payload& batch : batches) bytes += batch.wire_bytes();
    return bytes;
  }
};

struct FetchSnapshotRequest {
  std::uint32_t correlation = 0;
  BrokerId replica;
  RaftEpoch epoch;
  OffsetAndEpoch snapshot;
  static constexpr std::string_view kName = "raft.FetchSnapshotRequest";
  static constexpr auto fields(auto&& visit) {
    using T = FetchSnapshotRequest;
    return visit(sim::field("correlation", &T::correlation), sim::field("replica", &T::replica),
                 sim::field("epoch", &T::epoch), sim::field("snapshot", &T::snapshot));
  }
};

// Simplified: a checkpoint travels whole, where Kafka sends pieces of up to 8 MiB at growing
// positions.
struct FetchSnapshotResponse {
  std::uint32_t correlation = 0;
  BrokerId from;
  ErrorCode error = ErrorCode::None;
  RaftEpoch epoch;
  BrokerId leader = kNoLeader;
  OffsetAndEpoch snapshot;
  Payload checkpoint;
  static constexpr std::string_view kName = "raft.FetchSnapshotResponse";
  static constexpr auto fields(auto&& visit) {
    using T = FetchSnapshotResponse;
    return visit(sim::field("correlation", &T::correlation), sim::field("from", &T::from),
                 sim::field("error", &T::error), sim::field("epoch", &T::epoch),
                 sim::field("leader", &T::leader), sim::field("snapshot", &T::snapshot),
                 sim::field("checkpoint", &T::checkpoint));
  }
};

// To self, behind a Sync: everything up to `end` is on disk.
struct Flushed {
  std::uint64_t serial = 0;
  static constexpr std::string_view kName = "raft.Flushed";
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("serial", &Flushed::serial));
  }
};

}  // namespace kraft
