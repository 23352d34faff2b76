#include "kraft/invariants.h"

#include <algorithm>

namespace kraft {

namespace {

void one_leader_per_epoch(const Replica& replica, QuorumMemory& memory, Violations& out) {
  const auto claim = [&](RaftEpoch epoch, BrokerId leader, std::string_view how) {
    if (leader == kNoLeader) return;
    const auto [known, fresh] = memory.leaders.try_emplace(epoch, leader);
    if (!fresh && known->second != leader) {
      violated(out, "OneLeaderPerEpoch",
               fmt::format("epoch {} was led by {}, and {} {} {} as its leader", epoch.value(),
                           known->second.value(), replica.id().value(), how, leader.value()));
    }
  };
  if (replica.is_leader()) claim(replica.epoch(), replica.id(), "names");
  claim(replica.persisted().epoch, replica.persisted().leader, "wrote down");
}

void epoch_monotone(const Replica& replica, QuorumMemory& memory, Violations& out) {
  RaftEpoch& seen = memory.persisted_epochs[replica.id()];
  if (replica.epoch() < seen) {
    violated(out, "EpochMonotone",
             fmt::format("replica {} fell from epoch {} to {}", replica.id().value(), seen.value(),
                         replica.epoch().value()));
  }
  seen = std::max(seen, replica.durable_epoch());
}

void vote_is_kept(const Replica& voter, const QuorumMemory& memory, Violations& out) {
  const auto newer = memory.votes.upper_bound({voter.id(), voter.epoch()});
  if (newer != memory.votes.end() && newer->first.first == voter.id()) {
    violated(out, "VoteIsKept",
             fmt::format("{} gave its vote of epoch {} to {} and is back in epoch {}",
                         voter.id().value(), newer->first.second.value(), newer->second.value(),
                         voter.epoch().value()));
  }
  const auto vote = memory.votes.find({voter.id(), voter.epoch()});
  if (vote == memory.votes.end()) return;
  const auto* const unattached = std::get_if<Unattached>(&voter.role());
  const bool forgot = (unattached != nullptr && unattached->voted != vote->second) ||
                      std::holds_alternative<Candidate>(voter.role());
  if (!forgot) return;
  violated(out, "VoteIsKept",
           fmt::format("{} gave its vote of epoch {} to {} and knows no more of it",
                       voter.id().value(), voter.epoch().value(), vote->second.value()));
}

void checkpoint_at_log_start(const Replica& replica, Violations& out) {
  const Log& log = replica.log();
  if (log.start() == Offset(0)) return;
  const auto id = log.checkpoint_id();
  if (!id || id->offset < log.start()) {
    violated(
        out, "CheckpointAtLogStart",
        fmt::format("the log of {} starts at {} without a checkpoint that covers what is before",
                    replica.id().value(), log.start().value()));
  }
}

void high_watermark_monotone(const Replica& leader, QuorumMemory& memory, Violations& out) {
  auto& [epoch, seen] = memory.high_watermarks[leader.id()];
  if (epoch == leader.epoch() && leader.high_watermark() < seen) {
    violated(out, "HighWatermarkMonotone",
             fmt::format("the high watermark of leader {} fell from {} to {}", leader.id().value(),
                         seen.value(), leader.high_watermark().value()));
  }
  // Figure 8 of the Raft paper: counting copies of a former epoch's records commits what may yet be replaced.
  const Offset epoch_start = std::get<Leader>(leader.role()).epoch_start;
  if (epoch == leader.epoch() && leader.high_watermark() > seen &&
      leader.high_watermark() <= epoch_start) {
    violated(out, "LeaderCommitsItsEpoch",
             fmt::format(
                 "leader {} moved the high watermark from {} to {}, and its epoch {} begins at {}",
                 leader.id().value(), seen.value(), leader.high_watermark().value(), epoch.value(),
                 epoch_start.value()));
  }
  epoch = leader.epoch();
  seen = leader.high_watermark();
}

// Everything committed once, by whichever leader, is remembered by its chain; every log must agree with it
// as far as that log's own high watermark reaches.
void remember_committed(const Replica& leader, QuorumMemory& memory, Violations& out) {
  const Offset high_watermark = leader.high_watermark();
  if (high_watermark == kUnknownOffset) return;
  const Log& log = leader.log();
  if (high_watermark >= memory.committed) {
    if (memory.committed >= log.start() && memory.committed > Offset(0) &&
        (!log.is_border(memory.committed) ||
         log.chain_at(memory.committed) != memory.committed_chain)) {
      violated(
          out, "CommittedPrefixAgrees",
          fmt::format("leader {} of epoch {} committed up to {}, yet what was committed before {} "
                      "is not what it holds",
                      leader.id().value(), leader.epoch().value(), high_watermark.value(),
                      memory.committed.value()));
    }
    if (high_watermark > memory.committed && log.is_border(high_watermark)) {
      memory.committed = high_watermark;
      memory.committed_chain = log.chain_at(high_watermark);
    }
  }
}

void leader_completeness(const Replica& leader, RaftEpoch newest, const QuorumMemory& memory,
                         Violations& out) {
  if (leader.epoch() < newest) return;
  const Log& log = leader.log();
  const bool holds =
      log.end() >= memory.committed && (memory.committed <= log.start() ||
                                        (log.is_border(memory.committed) &&
                                         log.chain_at(memory.committed) == memory.committed_chain));
  if (!holds) {
    violated(out, "LeaderCompleteness",
             fmt::format(
                 "leader {} of epoch {} ends at {} and lacks records that were committed up to {}",
                 leader.id().value(), leader.epoch().value(), log.end().value(),
                 memory.committed.value()));
  }
}

void prefixes_agree(const Replica& a, const Replica& b, Violations& out) {
  const Offset both =
      std::min({a.high_watermark(), b.high_watermark(), a.log().end(), b.log().end()});
  if (both <= std::max(a.log().start(), b.log().start())) return;
  if (!a.log().is_border(both) || !b.log().is_border(both) ||
      a.log().chain_at(both) != b.log().chain_at(both)) {
    violated(
        out, "CommittedPrefixAgrees",
        fmt::format("{} and {} both call offset {} committed and hold different records below it",
                    a.id().value(), b.id().value(), both.value()));
  }
}

}  // namespace

Violations check_vote(const VoteResponse& vote, BrokerId candidate, QuorumMemory& memory) {
  Violations out;
  if (!vote.granted) return out;
  const auto [known, fresh] = memory.votes.try_emplace({vote.from, vote.epoch}, candidate);
  if (!fresh && known->second != candidate) {
    violated(out, "VoteIsKept",
             fmt::format("{} gives its vote of epoch {} to {}, and gave it to {} before",
                         vote.from.value(), vote.epoch.value(), candidate.value(),
                         known->second.value()));
  }
  return out;
}

Violations check_quorum(std::span<const Replica* const> replicas, QuorumMemory& memory) {
  Violations out;
  // The newest leader may be down, and an older one not know of it.
  RaftEpoch newest = memory.leaders.empty() ? RaftEpoch(0) : memory.leaders.rbegin()->first;
  for (const Replica* replica : replicas) {
    if (replica != nullptr) newest = std::max(newest, replica->epoch());
  }
  for (const Replica* replica : replicas) {
    if (replica == nullptr) continue;
    one_leader_per_epoch(*replica, memory, out);
    epoch_monotone(*replica, memory, out);
    vote_is_kept(*replica, memory, out);
    checkpoint_at_log_start(*replica, out);
    if (!replica->is_leader()) continue;
    high_watermark_monotone(*replica, memory, out);
    remember_committed(*replica, memory, out);
    leader_completeness(*replica, newest, memory, out);
  }
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    for (std::size_t j = i + 1; j < replicas.size(); ++j) {
      if (replicas[i] != nullptr && replicas[j] != nullptr)
        prefixes_agree(*replicas[i], *replicas[j], out);
    }
  }
  return out;
}

}  // namespace kraft
