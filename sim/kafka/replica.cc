#include "sim/kafka/replica.h"

#include <algorithm>

#include "sim/kafka/broker_notice.h"

namespace sim {
namespace {

// Whether a partition at `known` has already been told something newer.
bool is_past(const LeaderAndIsrPartitionState& state, PartitionEpoch known,
             const ReplicaRules& rules) {
  return state.partition_epoch < known && !rules.behaviour.accept_stale_leader_and_isr;
}

}  // namespace

// ── Roles
// ───────────────────────────────────────────────────────────────────────────────────────────

bool HostedPartition::make_leader(Context& context, const LeaderAndIsrPartitionState& state,
                                  const ReplicaRules& rules) {
  if (is_past(state, partition_epoch_, rules)) return false;
  const bool was_leader = leads();
  const bool new_epoch = !was_leader || state.leader_epoch > leader_epoch_;
  role_ = ReplicaRole::Leader;
  leader_ = rules.self;
  leader_epoch_ = state.leader_epoch;
  partition_epoch_ = state.partition_epoch;
  controller_epoch_ = state.controller_epoch;
  assignment_ = state.replicas;
  isr_ = state.isr;
  pending_.reset();
  if (new_epoch) {
    leader_epoch_start_ = log_.end_offset();
    log_.start_epoch(leader_epoch_, leader_epoch_start_, context.effects);
  }
  reset_remotes(context.now, was_leader, new_epoch);
  std::erase_if(remotes_, [&](const RemoteReplica& remote) { return remote.id == rules.self; });
  if (new_epoch) {
    context.notify(Payload::of(BrokerBecameLeader{.broker = rules.self,
                                                  .topic_partition = id(),
                                                  .leader_epoch = leader_epoch_,
                                                  .partition_epoch = partition_epoch_,
                                                  .isr = isr_,
                                                  .log_end = log_.end_offset(),
                                                  .high_watermark = log_.high_watermark()}));
  }
  maybe_advance_high_watermark(context.now, rules);
  return true;
}

// A follower that this leadership has not heard of yet holds the high watermark back: its end is
// unknown.
void HostedPartition::reset_remotes(Instant now, bool was_leader, bool new_epoch) {
  std::vector<RemoteReplica> remotes;
  for (const BrokerId broker : assignment_) {
    const RemoteReplica* known = was_leader ? remote(broker) : nullptr;
    RemoteReplica next = known != nullptr ? *known : RemoteReplica{.id = broker};
    if (new_epoch || known == nullptr) {
      const bool in_sync = contains(isr_, broker);
      next.last_caught_up = in_sync ? now : kLongAgo;
      next.last_fetch = in_sync && was_leader ? now : kLongAgo;
    }
    remotes.push_back(next);
  }
  remotes_ = std::move(remotes);
}

bool HostedPartition::make_follower(Context& context, const LeaderAndIsrPartitionState& state,
                                    const ReplicaRules& rules) {
  if (is_past(state, partition_epoch_, rules)) return false;
  const bool new_epoch = role_ == ReplicaRole::Offline || state.leader_epoch > leader_epoch_;
  role_ = ReplicaRole::Follower;
  leader_ = state.leader;
  leader_epoch_ = state.leader_epoch;
  partition_epoch_ = state.partition_epoch;
  controller_epoch_ = state.controller_epoch;
  assignment_ = state.replicas;
  isr_.clear();
  pending_.reset();
  remotes_.clear();
  if (!new_epoch) return false;
  if (rules.behaviour.truncate_to_high_watermark) {
    log_.truncate_to(log_.high_watermark(), context.effects);
  }
  context.notify(Payload::of(BrokerBecameFollower{.broker = rules.self,
                                                  .topic_partition = id(),
                                                  .leader_epoch = leader_epoch_,
                                                  .partition_epoch = partition_epoch_,
                                                  .leader = leader_}));
  return true;
}

void HostedPartition::stop() {
  role_ = ReplicaRole::Offline;
  isr_.clear();
  pending_.reset();
  remotes_.clear();
}

// ── Writing and reading
// ─────────────────────────────────────────────────────────────────────────────

ReplicaLog::AppendResult HostedPartition::append(Context& context, LogBatch batch,
                                                 std::int16_t acks, const ReplicaRules& rules,
                                                 Verification verification) {
  if (!leads()) return {.error = ErrorCode::NotLeaderOrFollower};
  const auto needed = std::min<std::size_t>(static_cast<std::size_t>(rules.min_insync_replicas),
                                            assignment_.size());
  if (acks == -1 && isr_.size() < needed) return {.error = ErrorCode::NotEnoughReplicas};
  const auto result =
      log_.append_as_leader(std::move(batch), leader_epoch_, context.effects, verification);
  if (result.error == ErrorCode::None) maybe_advance_high_watermark(context.now, rules);
  return result;
}

ErrorCode HostedPartition::check_read(const FetchPartition& request, BrokerId replica) const {
  if (request.current_leader_epoch.value() >= 0) {
    if (request.current_leader_epoch < leader_epoch_) return ErrorCode::FencedLeaderEpoch;
    if (request.current_leader_epoch > leader_epoch_) return ErrorCode::UnknownLeaderEpoch;
  }
  if (!leads()) return ErrorCode::NotLeaderOrFollower;
  if (replica != kConsumerReplica && remote(replica) == nullptr) {
    return request.current_leader_epoch.value() >= 0 ? ErrorCode::UnknownLeaderEpoch
                                                     : ErrorCode::NotLeaderOrFollower;
  }
  return ErrorCode::None;
}

FetchPartitionData HostedPartition::read(const FetchPartition& request, BrokerId replica,
                                         std::int32_t max_records, IsolationLevel isolation) const {
  FetchPartitionData data{.partition_index = request.partition,
                          .error_code = check_read(request, replica),
                          .high_watermark = log_.high_watermark(),
                          .log_start_offset = log_.start_offset()};
  if (data.error_code != ErrorCode::None) {
    if (leader_epoch_.value() >= 0) data.current_leader = {leader_, leader_epoch_};
    return data;
  }
  const bool behind_start = request.fetch_offset < log_.start_offset();
  if (request.last_fetched_epoch.value() >= 0 && !behind_start) {
    const EpochEndOffset mine = log_.end_offset_for(request.last_fetched_epoch);
    if (mine.epoch.value() < 0) {
      data.error_code = ErrorCode::OffsetOutOfRange;
    } else if (mine.epoch < request.last_fetched_epoch || mine.end_offset < request.fetch_offset) {
      data.diverging_epoch = mine;
      return data;
    }
  }
  if (behind_start || request.fetch_offset > log_.end_offset()) {
    data.error_code = ErrorCode::OffsetOutOfRange;
  }
  if (data.error_code == ErrorCode::OffsetOutOfRange) {
    // Simplified: the leader's end travels with the error; Kafka's follower asks ListOffsets for
    // it.
    data.diverging_epoch = EpochEndOffset{LeaderEpoch{-1}, log_.end_offset()};
    return data;
  }
  const Offset below = replica == kConsumerReplica ? consumer_end(isolation) : log_.end_offset();
  data.records = log_.read(request.fetch_offset, below, max_records);
  if (isolation == IsolationLevel::ReadCommitted) {
    data.last_stable_offset = log_.last_stable_offset();
    if (!data.records.empty()) {
      data.aborted_transactions =
          log_.transactions().aborted(request.fetch_offset, data.records.back().next_offset());
    }
  }
  return data;
}

const RemoteReplica* HostedPartition::remote(BrokerId replica) const {
  const auto found = std::ranges::find(remotes_, replica, &RemoteReplica::id);
  return found == remotes_.end() ? nullptr : &*found;
}

RemoteReplica* HostedPartition::find_remote(BrokerId replica) {
  const auto found = std::ranges::find(remotes_, replica, &RemoteReplica::id);
  return found == remotes_.end() ? nullptr : &*found;
}

bool HostedPartition::note_fetch(Instant now, const FetchPartition& request, BrokerId replica,
                                 BrokerEpoch replica_epoch) {
  RemoteReplica* const follower = find_remote(replica);
  check(follower != nullptr, "a read of an unknown follower was refused before");
  if (replica_epoch != kNoBrokerEpoch && replica_epoch < follower->fetch_epoch) return false;
  const Offset leader_end = log_.end_offset();
  if (request.fetch_offset >= leader_end) {
    follower->last_caught_up = std::max(follower->last_caught_up, now);
  } else if (request.fetch_offset >= follower->last_fetch_leader_end) {
    follower->last_caught_up = std::max(follower->last_caught_up, follower->last_fetch);
  }
  follower->last_fetch_leader_end = std::max(follower->last_fetch_leader_end, leader_end);
  follower->last_fetch = now;
  follower->end_offset = request.fetch_offset;
  follower->fetch_epoch = replica_epoch;
  return true;
}

void HostedPartition::note_settled_fetches(BrokerId replica, Instant until) {
  RemoteReplica* const follower = find_remote(replica);
  if (follower == nullptr) return;
  follower->last_caught_up = std::max(follower->last_caught_up, until);
  follower->last_fetch = std::max(follower->last_fetch, until);
}

// ── High watermark and ISR
// ──────────────────────────────────────────────────────────────────────────

bool HostedPartition::caught_up(const RemoteReplica& remote, Instant now,
                                const ReplicaRules& rules) const {
  return remote.end_offset == log_.end_offset() ||
         now - remote.last_caught_up <= rules.lag_time_max;
}

bool HostedPartition::maybe_advance_high_watermark(Instant now, const ReplicaRules& rules) {
  const auto needed = std::min<std::size_t>(static_cast<std::size_t>(rules.min_insync_replicas),
                                            assignment_.size());
  if (isr_.size() < needed) return false;  // KAFKA-15583
  Offset candidate = log_.end_offset();
  for (const RemoteReplica& remote : remotes_) {
    if (rules.behaviour.high_watermark_ignores_isr) break;
    if (remote.end_offset >= candidate) continue;
    // It also waits for one that is about to join, else a newcomer could never catch up with it.
    const bool joining = caught_up(remote, now, rules) &&
                         rules.metadata.is_isr_eligible(remote.id, remote.fetch_epoch);
    if (contains(maximal_isr(), remote.id) || joining) candidate = remote.end_offset;
  }
  if (candidate <= log_.high_watermark()) return false;
  log_.set_high_watermark(candidate);
  return true;
}

bool HostedPartition::maybe_expand_isr(BrokerId replica, const ReplicaRules& rules) {
  if (!leads() || pending_ || contains(isr_, replica)) return false;
  const RemoteReplica* follower = remote(replica);
  if (follower == nullptr || follower->end_offset.value() < 0) return false;
  if (!rules.metadata.is_isr_eligible(replica, follower->fetch_epoch)) return false;
  const bool complete =
      follower->end_offset >= log_.high_watermark() && follower->end_offset >= leader_epoch_start_;
  if (!complete && !rules.behaviour.expand_isr_before_caught_up) return false;
  pending_ = {.isr = isr_, .expand = true};
  pending_->isr.push_back(replica);
  return true;
}

bool HostedPartition::maybe_shrink_isr(Instant now, const ReplicaRules& rules) {
  if (!leads() || pending_) return false;
  std::vector<BrokerId> staying;
  for (const BrokerId member : isr_) {
    const RemoteReplica* follower = remote(member);
    if (member == rules.self || (follower != nullptr && caught_up(*follower, now, rules))) {
      staying.push_back(member);
    }
  }
  if (staying.size() == isr_.size()) return false;
  pending_ = {.isr = std::move(staying), .expand = false};
  return true;
}

AlterPartitionData HostedPartition::alter_partition(BrokerEpoch own_epoch,
                                                    const ReplicaRules& rules) const {
  check(pending_.has_value(), "there is an ISR to ask for");
  AlterPartitionData data{.partition_index = id().partition,
                          .leader_epoch = leader_epoch_,
                          .partition_epoch = partition_epoch_};
  for (const BrokerId member : pending_->isr) {
    const RemoteReplica* follower = remote(member);
    const BrokerEpoch epoch = member == rules.self  ? own_epoch
                              : follower != nullptr ? follower->fetch_epoch
                                                    : kNoBrokerEpoch;
    data.new_isr_with_epochs.push_back({member, epoch});
  }
  return data;
}

HostedPartition::IsrOutcome HostedPartition::on_alter_partition(
    const AlterPartitionResult& result) {
  if (!leads() || !pending_) return IsrOutcome::Ignored;
  switch (result.error_code) {
    case ErrorCode::None:
      if (result.leader_epoch != leader_epoch_ || result.partition_epoch < partition_epoch_) {
        return IsrOutcome::Ignored;
      }
      isr_ = result.isr;
      partition_epoch_ = result.partition_epoch;
      pending_.reset();
      return IsrOutcome::Committed;
    case ErrorCode::OperationNotAttempted:
    case ErrorCode::IneligibleReplica:
      pending_.reset();
      return IsrOutcome::Reverted;
    case ErrorCode::UnknownTopicOrPartition:
    case ErrorCode::UnknownTopicId:
    case ErrorCode::FencedLeaderEpoch:
    case ErrorCode::InvalidUpdateVersion:
    case ErrorCode::InvalidRequest:
    case ErrorCode::NewLeaderElected:
      return IsrOutcome::Waiting;  // the truth will come as metadata: never guess
    default:
      return IsrOutcome::Retry;
  }
}

void HostedPartition::digest_into(Digest& digest) const {
  log_.digest_into(digest);
  sim::digest_into(digest, role_);
  sim::digest_into(digest, leader_);
  sim::digest_into(digest, leader_epoch_);
  sim::digest_into(digest, partition_epoch_);
  sim::digest_into(digest, leader_epoch_start_);
  sim::digest_into(digest, assignment_);
  sim::digest_into(digest, isr_);
  sim::digest_into(digest, pending_);
  sim::digest_into(digest, remotes_);
}

}  // namespace sim
