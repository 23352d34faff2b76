// Committed offsets: commit, fetch, expiry (brokers.md §3.4, §3.7); and what administrators ask.
#include <algorithm>
#include <cctype>
#include <utility>

#include "sim/kafka/broker_notice.h"
#include "sim/kafka/consumer_protocol.h"
#include "sim/kafka/group_coordinator.h"

namespace sim {
namespace {

// GroupMetadataManager.maybeConvertOffsetCommitError. The record may be in the log all the same.
ErrorCode commit_error(ErrorCode error) {
  using enum ErrorCode;
  if (error == NetworkException) return CoordinatorLoadInProgress;
  if (is_any_of(error, {UnknownTopicOrPartition, NotEnoughReplicas, NotEnoughReplicasAfterAppend}))
    return CoordinatorNotAvailable;
  if (is_any_of(error, {NotLeaderOrFollower, KafkaStorageError})) return NotCoordinator;
  if (is_any_of(error, {MessageTooLarge, RecordListTooLarge, InvalidFetchSize}))
    return InvalidCommitOffsetSize;
  return error;
}

std::string lower_case(std::string_view text) {
  std::string lower;
  for (const char c : text) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

}  // namespace

// ── OffsetCommit
// ────────────────────────────────────────────────────────────────────────────────────

void GroupCoordinator::handle(GroupContext& context, const ReplyTo& to,
                              const OffsetCommitRequest& request) {
  const auto refuse = [&](ErrorCode error) {
    OffsetCommitResponse response;
    for (const OffsetCommitPartition& part : request.partitions)
      response.partitions.push_back({part.topic_partition, error});
    context.effects.push_back(GroupReply{to, std::move(response)});
  };
  const ErrorCode status = validate_group_status(request.group_id, Api::AnyGroupId);
  if (status != ErrorCode::None) return refuse(status);
  if (find(request.group_id) == nullptr && request.generation_id_or_member_epoch >= 0)
    return refuse(ErrorCode::IllegalGeneration);
  GroupMetadata& group = find_or_create(context.now, request.group_id);
  const ErrorCode error = validate_offset_commit(group, request, CommitKind::Plain);
  if (error != ErrorCode::None) return refuse(error);
  switch (group.state) {
    case GroupState::Empty:
      return store_offsets(context, group, to, request);
    case GroupState::Stable:
    case GroupState::PreparingRebalance:  // of the former generation, still
      if (group.has(request.member_id)) schedule_session(context, group, request.member_id);
      return store_offsets(context, group, to, request);
    case GroupState::CompletingRebalance:
      return refuse(ErrorCode::RebalanceInProgress);
    case GroupState::Dead:
      return refuse(ErrorCode::CoordinatorNotAvailable);
  }
}

ErrorCode GroupCoordinator::validate_offset_commit(const GroupMetadata& group,
                                                   const OffsetCommitRequest& request,
                                                   CommitKind kind) const {
  if (!config_.fence_commits) return ErrorCode::None;
  const std::int32_t generation = request.generation_id_or_member_epoch;
  if (generation < 0 && group.is(GroupState::Empty)) return ErrorCode::None;
  if (generation >= 0 || !request.member_id.empty() || request.group_instance_id) {
    const ErrorCode error =
        validate_current_member(group, request.member_id, request.group_instance_id);
    if (error != ErrorCode::None) return error;
    return generation == group.generation_id ? ErrorCode::None : ErrorCode::IllegalGeneration;
  }
  // Older clients do not say who commits in a transaction.
  if (kind == CommitKind::Transactional) return ErrorCode::None;
  return group.is(GroupState::Empty) ? ErrorCode::None : ErrorCode::UnknownMemberId;
}

std::map<TopicPartition, OffsetCommitValue> GroupCoordinator::storable(
    Instant now, const std::vector<OffsetCommitPartition>& partitions,
    std::vector<PartitionError>& errors) const {
  std::map<TopicPartition, OffsetCommitValue> offsets;
  for (const OffsetCommitPartition& part : partitions) {
    const bool too_large = part.committed_metadata.size() >
                           static_cast<std::size_t>(config_.offset_metadata_max_bytes);
    errors.push_back(
        {part.topic_partition, too_large ? ErrorCode::OffsetMetadataTooLarge : ErrorCode::None});
    if (too_large) continue;
    offsets.insert_or_assign(part.topic_partition,
                             OffsetCommitValue{.offset = part.committed_offset,
                                               .leader_epoch = part.committed_leader_epoch,
                                               .metadata = part.committed_metadata,
                                               .commit_timestamp = now.milliseconds()});
  }
  return offsets;
}

void GroupCoordinator::store_offsets(GroupContext& context, GroupMetadata& group, const ReplyTo& to,
                                     const OffsetCommitRequest& request) {
  StoredOffsets stored{.to = to};
  stored.offsets = storable(context.now, request.partitions, stored.response.partitions);
  if (stored.offsets.empty()) {
    context.effects.push_back(GroupReply{to, std::move(stored.response)});
    return;
  }
  context.effects.push_back(Notify{
      Payload::of(OffsetCommitAccepted{.broker = self_,
                                       .group = group.group_id,
                                       .generation_id = request.generation_id_or_member_epoch,
                                       .member_id = request.member_id,
                                       .group_instance_id = request.group_instance_id})});
  GroupRecords records;
  for (const auto& [id, value] : stored.offsets) {
    records.records.emplace_back(
        OffsetCommitEntry{{group.group_id, id.topic, id.partition}, value});
    group.pending_offset_commits.insert_or_assign(id, value);
  }
  append(context, group, std::move(records), std::move(stored));
}

// The last in the order of the log counts, whatever it says: an offset may go back.
void GroupCoordinator::on_offsets_stored(GroupContext& context, GroupMetadata* group,
                                         StoredOffsets stored, ErrorCode error, Offset record) {
  for (const auto& [id, value] : stored.offsets) {
    if (group == nullptr || group->is(GroupState::Dead)) break;
    const auto pending = group->pending_offset_commits.find(id);
    if (pending == group->pending_offset_commits.end()) continue;  // its topic was deleted
    if (error == ErrorCode::None) {
      const auto known = group->offsets.find(id);
      if (known == group->offsets.end() || known->second.record < record)
        group->offsets.insert_or_assign(id, CommittedOffset{record, value});
    }
    if (pending->second == value) group->pending_offset_commits.erase(pending);
  }
  for (PartitionError& part : stored.response.partitions) {
    if (part.error_code == ErrorCode::None) part.error_code = commit_error(error);
  }
  context.effects.push_back(GroupReply{stored.to, std::move(stored.response)});
}

// ── TxnOffsetCommit (brokers.md §2.5)
// ─────────────────────────────────────────────────────────────────────────────────────

// GroupCoordinator.handleTxnCommitOffsets. That the partition is part of the transaction has been seen to.
void GroupCoordinator::handle(GroupContext& context, const ReplyTo& to,
                              const TxnOffsetCommitRequest& request, VerificationGuard guard) {
  const auto refuse = [&](ErrorCode error) {
    TxnOffsetCommitResponse response;
    for (const OffsetCommitPartition& part : request.partitions)
      response.partitions.push_back({part.topic_partition, error});
    context.effects.push_back(GroupReply{to, std::move(response)});
  };
  const ErrorCode status = validate_group_status(request.group_id, Api::Membership);
  if (status != ErrorCode::None) return refuse(status);
  GroupMetadata& group = find_or_create(context.now, request.group_id);
  const ErrorCode error =
      validate_offset_commit(group,
                             {.group_id = request.group_id,
                              .generation_id_or_member_epoch = request.generation_id,
                              .member_id = request.member_id,
                              .group_instance_id = request.group_instance_id},
                             CommitKind::Transactional);
  if (error != ErrorCode::None) return refuse(error);
  StoredTransactionalOffsets stored{.to = to, .producer = request.producer.producer_id};
  stored.offsets = storable(context.now, request.partitions, stored.response.partitions);
  if (stored.offsets.empty()) {
    context.effects.push_back(GroupReply{to, std::move(stored.response)});
    return;
  }
  GroupRecords records;
  auto& pending = group.pending_transactional_offset_commits[stored.producer];
  for (const auto& [id, value] : stored.offsets) {
    records.records.emplace_back(
        OffsetCommitEntry{{group.group_id, id.topic, id.partition}, value});
    pending.insert_or_assign(id, GroupMetadata::PendingTransactionalCommit{{}, value});
  }
  append(context, group, std::move(records), std::move(stored));
  auto& written = std::get<GroupAppend>(context.effects.back());
  written.producer = request.producer;
  written.guard = guard;
}

// The commit stands in the log, or does not; whether it counts is the marker's to say.
void GroupCoordinator::on_transactional_offsets_stored(GroupContext& context, GroupMetadata* group,
                                                       StoredTransactionalOffsets stored,
                                                       ErrorCode error, Offset record) {
  const bool alive = group != nullptr && !group->is(GroupState::Dead);
  const auto pending = alive ? group->pending_transactional_offset_commits.find(stored.producer)
                             : decltype(group->pending_transactional_offset_commits.end()){};
  if (alive && pending != group->pending_transactional_offset_commits.end()) {
    for (const auto& [id, value] : stored.offsets) {
      const auto commit = pending->second.find(id);
      if (commit == pending->second.end()) continue;
      if (error != ErrorCode::None) {
        pending->second.erase(commit);
      } else if (commit->second.value == value) {
        commit->second.record = record;
        if (!config_.transactional_offsets_wait)
          group->offsets.insert_or_assign(id, CommittedOffset{record, value});
      }
    }
    if (error != ErrorCode::None && pending->second.empty())
      group->pending_transactional_offset_commits.erase(pending);
  }
  for (PartitionError& part : stored.response.partitions) {
    if (part.error_code == ErrorCode::None) part.error_code = commit_error(error);
  }
  context.effects.push_back(GroupReply{stored.to, std::move(stored.response)});
}

void GroupCoordinator::on_transaction_completed(PartitionId partition, ProducerId producer,
                                                TransactionResult result) {
  for (auto& [id, group] : groups_) {
    if (partition_of(id) == partition) group.complete_transaction(producer, result);
  }
}

// ── OffsetFetch
// ─────────────────────────────────────────────────────────────────────────────────────

OffsetFetchResponse GroupCoordinator::handle(const OffsetFetchRequest& request) const {
  OffsetFetchResponse response;
  response.error_code = validate_group_status(request.group_id, Api::AnyGroupId);
  if (response.error_code != ErrorCode::None) return response;
  const GroupMetadata* known = group(request.group_id);
  const auto answer = [&](const TopicPartition& asked) {
    OffsetFetchPartition& part =
        response.partitions.emplace_back(OffsetFetchPartition{.topic_partition = asked});
    if (known == nullptr) return;
    if (request.require_stable && known->has_pending_commit(asked)) {
      part.error_code = ErrorCode::UnstableOffsetCommit;
      return;
    }
    const auto committed = known->offsets.find(asked);
    if (committed == known->offsets.end()) return;
    part.committed_offset = committed->second.value.offset;
    part.committed_leader_epoch = committed->second.value.leader_epoch;
    part.metadata = committed->second.value.metadata;
  };
  if (request.partitions) {
    for (const TopicPartition& asked : *request.partitions) answer(asked);
  } else if (known != nullptr) {
    for (const auto& [id, committed] : known->offsets) answer(id);
  }
  return response;
}

// ── What goes
// ───────────────────────────────────────────────────────────────────────────────────────

void GroupCoordinator::cleanup_group_metadata(GroupContext& context) {
  std::vector<std::string> ids;
  for (const auto& [id, group] : groups_) ids.push_back(id);
  for (const std::string& id : ids) {
    GroupMetadata& group = groups_.at(id);
    clean_up(context, group,
             group.expired_offsets(context.now.milliseconds(),
                                   config_.offsets_retention.milliseconds()));
  }
}

void GroupCoordinator::on_partitions_deleted(GroupContext& context,
                                             const std::vector<TopicPartition>& partitions) {
  std::vector<std::string> ids;
  for (const auto& [id, group] : groups_) ids.push_back(id);
  for (const std::string& id : ids) clean_up(context, groups_.at(id), partitions);
}

void GroupCoordinator::on_topics_deleted(GroupContext& context,
                                         const std::set<std::string>& topics) {
  std::set<TopicPartition> gone;
  for (const auto& [group_id, group] : groups_) {
    for (const auto& [id, committed] : group.offsets) {
      if (topics.contains(id.topic)) gone.insert(id);
    }
    for (const auto& [id, value] : group.pending_offset_commits) {
      if (topics.contains(id.topic)) gone.insert(id);
    }
    for (const auto& [producer, pending] : group.pending_transactional_offset_commits) {
      for (const auto& [id, commit] : pending) {
        if (topics.contains(id.topic)) gone.insert(id);
      }
    }
  }
  if (!gone.empty()) on_partitions_deleted(context, {gone.begin(), gone.end()});
}

// Forgets these offsets, and the group if nothing is left of it; the log is told.
void GroupCoordinator::clean_up(GroupContext& context, GroupMetadata& group,
                                const std::vector<TopicPartition>& removed) {
  GroupTombstones tombstones{.partition = partition_of(group.group_id)};
  CommittedOffsetsRemoved notice{.broker = self_, .group = group.group_id};
  for (const TopicPartition& id : removed) {
    group.pending_offset_commits.erase(id);
    for (auto& [producer, pending] : group.pending_transactional_offset_commits) pending.erase(id);
    if (group.offsets.erase(id) == 0) continue;
    notice.partitions.push_back(id);
    tombstones.records.records.emplace_back(
        OffsetCommitEntry{{group.group_id, id.topic, id.partition}, std::nullopt});
  }
  if (group.is(GroupState::Empty) && !group.has_offsets())
    group.transition_to(GroupState::Dead, context.now);
  // A group of generation 0 was never written.
  if (group.is(GroupState::Dead) && group.generation_id > 0)
    tombstones.records.records.emplace_back(GroupMetadataEntry{{group.group_id}, std::nullopt});
  if (group.is(GroupState::Dead)) erase(group);
  if (!notice.partitions.empty()) context.effects.push_back(Notify{Payload::of(std::move(notice))});
  if (!tombstones.records.records.empty()) context.effects.push_back(std::move(tombstones));
}

DeleteGroupsResponse GroupCoordinator::handle(GroupContext& context,
                                              const DeleteGroupsRequest& request) {
  DeleteGroupsResponse response;
  const std::set<std::string> names(request.groups_names.begin(), request.groups_names.end());
  for (const std::string& name : names) {
    ErrorCode error = validate_group_status(name, Api::AnyGroupId);
    GroupMetadata* group = find(name);
    if (error == ErrorCode::None && group == nullptr) error = ErrorCode::GroupIdNotFound;
    if (error == ErrorCode::None && !group->is(GroupState::Empty)) error = ErrorCode::NonEmptyGroup;
    response.results.push_back({name, error});
    if (error != ErrorCode::None) continue;
    group->transition_to(GroupState::Dead, context.now);
    std::vector<TopicPartition> all;
    for (const auto& [id, committed] : group->offsets) all.push_back(id);
    clean_up(context, *group, all);
  }
  return response;
}

OffsetDeleteResponse GroupCoordinator::handle(GroupContext& context,
                                              const OffsetDeleteRequest& request) {
  OffsetDeleteResponse response;
  response.error_code = validate_group_status(request.group_id, Api::Membership);
  if (response.error_code != ErrorCode::None) return response;
  GroupMetadata* group = find(request.group_id);
  if (group == nullptr) return {.error_code = ErrorCode::GroupIdNotFound};
  const bool is_empty = group->is(GroupState::Empty);
  if (!is_empty && group->protocol_type != kConsumerProtocolType)
    return {.error_code = ErrorCode::NonEmptyGroup};
  std::vector<TopicPartition> removed;
  for (const TopicPartition& id : request.partitions) {
    const bool is_read =
        !is_empty && (!group->subscribed_topics || group->subscribed_topics->contains(id.topic));
    response.partitions.push_back(
        {id, is_read ? ErrorCode::GroupSubscribedToTopic : ErrorCode::None});
    if (!is_read) removed.push_back(id);
  }
  if (!removed.empty()) clean_up(context, *group, removed);
  return response;
}

// ── What is there
// ───────────────────────────────────────────────────────────────────────────────────

DescribedGroup GroupCoordinator::describe(const std::string& group_id) const {
  DescribedGroup described{.group_id = group_id};
  described.error_code = validate_group_status(group_id, Api::AnyGroupId);
  if (described.error_code != ErrorCode::None) return described;
  const GroupMetadata* known = group(group_id);
  described.group_state = name_of(known == nullptr ? GroupState::Dead : known->state);
  if (known == nullptr) return described;
  described.protocol_type = known->protocol_type.value_or("");
  const bool is_stable = known->is(GroupState::Stable);
  if (is_stable) described.protocol_data = known->protocol_name.value_or("");
  for (const auto& [id, member] : known->members) {
    DescribedGroupMember& each = described.members.emplace_back(
        DescribedGroupMember{.member_id = id,
                             .group_instance_id = member.group_instance_id,
                             .client_id = member.client_id,
                             .client_host = member.client_host});
    if (!is_stable) continue;
    each.member_metadata = member.metadata(described.protocol_data);
    each.member_assignment = member.assignment;
  }
  return described;
}

ListGroupsResponse GroupCoordinator::handle(const ListGroupsRequest& request) const {
  ListGroupsResponse response;
  if (!loading_.empty()) response.error_code = ErrorCode::CoordinatorLoadInProgress;
  for (const auto& [id, group] : groups_) {
    const std::string state = lower_case(name_of(group.state));
    const bool is_asked = request.states_filter.empty() ||
                          std::ranges::any_of(request.states_filter, [&](const std::string& asked) {
                            return lower_case(asked) == state;
                          });
    if (!is_asked) continue;
    response.groups.push_back({.group_id = id,
                               .protocol_type = group.protocol_type.value_or(""),
                               .group_state = std::string(name_of(group.state))});
  }
  return response;
}

}  // namespace sim
