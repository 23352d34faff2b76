#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <variant>
#include <vector>

#include "kraft/log.h"
#include "kraft/message.h"

// The roles of a replica in 3.9 and the legal moves between them (kraft.md §1.3, §1.4). There is no
// pre-vote (that is 4.0), and "Voted" is an Unattached replica that holds a vote.
//
//              election timer            majority
//   Unattached ───────────────► Candidate ────────► Leader
//      ▲  │  ▲                    │  ▲ ▲              │ shut down, resigned,
//      │  │  └── higher epoch ────┘  │ │              │ check-quorum expired
//      │  └─ leader known ─► Follower┘ └── Resigned ◄─┘
//      └───── higher epoch ──┘   fetch timer   election timer
namespace kraft {

// Waits for an election timer (a voter) or asks around (an observer). May hold a vote.
struct Unattached {
  BrokerId voted{-1};
  Instant election_at = Instant::never();
};

struct Candidate {
  std::uint32_t retries = 1;
  std::map<BrokerId, bool> votes;  // by voter: granted or rejected
  Instant election_at = Instant::never();
  Instant backoff_until = Instant::never();  // never: not backing off
};

struct Follower {
  BrokerId leader;
  Instant fetch_at =
      Instant::never();  // when the leader is given up (a voter), or others asked (an observer)
  std::optional<OffsetAndEpoch> fetching_snapshot;
};

// How far one replica is known to have fetched; a voter's end offset certifies durability (§1.10).
struct Progress {
  Offset end = kUnknownOffset;
  Instant last_fetch = Instant(0);
};

// A Fetch that found nothing: answered when the log grows, or with its first, empty, answer in the end.
struct ParkedFetch {
  NodeId from;
  FetchRequest request;
  FetchResponse empty;
  Instant until;
};

struct Leader {
  Offset epoch_start;
  std::vector<BrokerId> granting;
  std::map<BrokerId, Progress> progress;  // voters, self excluded
  std::map<BrokerId, Progress> observers;
  std::set<BrokerId> fetched;  // voters since the check-quorum timer was set
  Instant check_quorum_at = Instant::never();
  std::map<BrokerId, Instant> begin_at;  // BeginQuorumEpoch, by voter
  // Records accepted and not yet in the log; one batch when the linger timer ends.
  Records open_batch;
  Instant linger_until = Instant::never();
  std::vector<ParkedFetch> parked;
};

struct Resigned {
  Instant election_at = Instant::never();
  std::set<BrokerId> to_tell;  // voters that have not acknowledged EndQuorumEpoch
  std::vector<BrokerId> preferred;
};

using Role = std::variant<Unattached, Candidate, Follower, Leader, Resigned>;
// The index of a role in the variant, with a name.
enum class RoleKind : std::uint8_t {
  Unattached,
  Candidate,
  Follower,
  Leader,
  Resigned
};
inline RoleKind kind_of(const Role& role) {
  return static_cast<RoleKind>(role.index());
}
constexpr std::string_view name_of(RoleKind kind) {
  using enum RoleKind;
  switch (kind) {
    case Unattached:
      return "Unattached";
    case Candidate:
      return "Candidate";
    case Follower:
      return "Follower";
    case Leader:
      return "Leader";
    case Resigned:
      return "Resigned";
  }
  return "";
}

enum class EpochMove : std::uint8_t {
  Same,
  Higher,
  NextOne
};
enum class Durability : std::uint8_t {
  Durable,
  Volatile
};

struct Move {
  RoleKind from;
  RoleKind to;
  EpochMove epoch;
  Durability durability;
  std::string_view rule;
};

// kraft.md §1.4. T7 (backing off) and T13 (an observer looks around) stay in their role. T12 needs a
// changing voter set.
// Simplified: voters are static, so T12 and a Follower's move to a larger endpoint set do not occur.
constexpr std::array kMoves{
    Move{RoleKind::Unattached, RoleKind::Unattached, EpochMove::Higher, Durability::Durable,
         "kraft.md §1.4 T1"},
    Move{RoleKind::Candidate, RoleKind::Unattached, EpochMove::Higher, Durability::Durable,
         "kraft.md §1.4 T1"},
    Move{RoleKind::Follower, RoleKind::Unattached, EpochMove::Higher, Durability::Durable,
         "kraft.md §1.4 T1"},
    Move{RoleKind::Leader, RoleKind::Unattached, EpochMove::Higher, Durability::Durable,
         "kraft.md §1.4 T10"},
    Move{RoleKind::Resigned, RoleKind::Unattached, EpochMove::Higher, Durability::Durable,
         "kraft.md §1.4 T1"},
    Move{RoleKind::Unattached, RoleKind::Unattached, EpochMove::Same, Durability::Durable,
         "kraft.md §1.4 T2"},
    Move{RoleKind::Unattached, RoleKind::Follower, EpochMove::Same, Durability::Durable,
         "kraft.md §1.4 T3"},
    Move{RoleKind::Unattached, RoleKind::Follower, EpochMove::Higher, Durability::Durable,
         "kraft.md §1.4 T3"},
    Move{RoleKind::Candidate, RoleKind::Follower, EpochMove::Same, Durability::Durable,
         "kraft.md §1.4 T3"},
    Move{RoleKind::Candidate, RoleKind::Follower, EpochMove::Higher, Durability::Durable,
         "kraft.md §1.4 T3"},
    Move{RoleKind::Follower, RoleKind::Follower, EpochMove::Higher, Durability::Durable,
         "kraft.md §1.4 T3"},
    Move{RoleKind::Leader, RoleKind::Follower, EpochMove::Higher, Durability::Durable,
         "kraft.md §1.4 T10"},
    Move{RoleKind::Resigned, RoleKind::Follower, EpochMove::Higher, Durability::Durable,
         "kraft.md §1.4 T3"},
    Move{RoleKind::Unattached, RoleKind::Candidate, EpochMove::NextOne, Durability::Durable,
         "kraft.md §1.4 T4"},
    Move{RoleKind::Follower, RoleKind::Candidate, EpochMove::NextOne, Durability::Durable,
         "kraft.md §1.4 T5"},
    Move{RoleKind::Candidate, RoleKind::Candidate, EpochMove::NextOne, Durability::Durable,
         "kraft.md §1.4 T6"},
    Move{RoleKind::Resigned, RoleKind::Candidate, EpochMove::NextOne, Durability::Durable,
         "kraft.md §1.4 T11"},
    Move{RoleKind::Candidate, RoleKind::Leader, EpochMove::Same, Durability::Durable,
         "kraft.md §1.4 T8"},
    Move{RoleKind::Leader, RoleKind::Resigned, EpochMove::Same, Durability::Volatile,
         "kraft.md §1.4 T9"},
};

// The move's row, or null if Kafka does not allow it.
constexpr const Move* find_move(RoleKind from, RaftEpoch from_epoch, RoleKind to,
                                RaftEpoch to_epoch) {
  for (const Move& move : kMoves) {
    if (move.from != from || move.to != to) continue;
    switch (move.epoch) {
      case EpochMove::Same:
        if (to_epoch == from_epoch) return &move;
        break;
      case EpochMove::Higher:
        if (to_epoch > from_epoch) return &move;
        break;
      case EpochMove::NextOne:
        if (to_epoch == from_epoch.next()) return &move;
        break;
    }
  }
  return nullptr;
}

}  // namespace kraft
