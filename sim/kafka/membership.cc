#include "sim/kafka/membership.h"

#include <algorithm>
#include <utility>

#include "sim/kafka/broker_notice.h"
#include "sim/kafka/consumer_protocol.h"

namespace sim {
namespace {

// A JoinGroup may wait for the others as long as the most patient member; and five seconds more.
constexpr Duration kJoinGroupTimeoutLapse{5'000'000'000};

}  // namespace

std::string_view name_of(Membership::State state) {
  switch (state) {
    case Membership::State::Unjoined:
      return "Unjoined";
    case Membership::State::PreparingRebalance:
      return "PreparingRebalance";
    case Membership::State::CompletingRebalance:
      return "CompletingRebalance";
    case Membership::State::Stable:
      return "Stable";
  }
  return "unknown";
}

std::optional<MembershipEvent> Membership::take_event() {
  if (events_.empty()) return std::nullopt;
  MembershipEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

// ── The application's thread
// ────────────────────────────────────────────────────────────────────────

void Membership::poll(Context& context, NetworkClient& network, const ClientMetadata& metadata) {
  if (failed_) return;
  poll_ends_ = context.now + config_.max_poll_interval;
  if (!coordinator_) return find_coordinator(context, network, metadata);
  // The leader watches the topics that it has dealt out.
  if (is_leader_ && state_ == State::Stable && partition_counts(metadata) != assigned_counts_)
    rejoin_needed_ = true;
  if (!rejoin_needed_ || joining_ || context.now < not_before_) return;
  const auto node = metadata.node(*coordinator_);
  if (!node) return lose_coordinator(context.now);
  if (!join_prepared_) join_prepared_ = prepare_join(context.now);
  if (join_prepared_) join(context, network, *node);
}

void Membership::find_coordinator(Context& context, NetworkClient& network,
                                  const ClientMetadata& metadata) {
  if (finding_ || context.now < not_before_) return;
  finding_ =
      network.send(context, metadata.any_broker(context), FindCoordinatorRequest{config_.group});
}

// ConsumerCoordinator.onJoinPrepare. True once the partitions of the former generation are given up.
bool Membership::prepare_join(Instant now) {
  is_leader_ = false;
  if (revoking_until_) {
    if (now < *revoking_until_) return false;
    revoking_until_.reset();
  } else if (!assignment_.empty()) {
    std::vector<TopicPartition> owned = std::exchange(assignment_, {});
    if (generation_id_ >= 0 && !member_id_.empty()) {
      revoking_until_ = now + config_.max_poll_interval;
      events_.emplace_back(PartitionsRevoking{std::move(owned)});
      return false;
    }
    events_.emplace_back(PartitionsLost{std::move(owned)});
  }
  return true;
}

void Membership::join(Context& context, NetworkClient& network, NodeId coordinator) {
  state_ = State::PreparingRebalance;
  JoinGroupRequest request{.client_id = config_.client_id,
                           .client_host = config_.client_host,
                           .group_id = config_.group,
                           .session_timeout = config_.session_timeout,
                           .rebalance_timeout = config_.max_poll_interval,
                           .member_id = member_id_,
                           .group_instance_id = config_.group_instance_id,
                           .protocol_type = std::string(kConsumerProtocolType)};
  ConsumerProtocolSubscription subscription{.topics = config_.topics,
                                            .owned_partitions = by_topic(assignment_),
                                            .generation_id = generation_id_};
  for (const std::string& assignor : config_.assignors)
    request.protocols.push_back({assignor, encode(subscription)});
  joining_ = network.send(context, coordinator, std::move(request),
                          std::max(NetworkClient::Config{}.request_timeout,
                                   config_.max_poll_interval + kJoinGroupTimeoutLapse));
}

// ── The heartbeat thread
// ────────────────────────────────────────────────────────────────────────────

void Membership::run(Context& context, NetworkClient& network, const ClientMetadata& metadata) {
  if (failed_ || !has_joined()) return;
  if (!coordinator_) return find_coordinator(context, network, metadata);
  if (context.now >= session_ends_) return lose_coordinator(context.now);
  const auto node = metadata.node(*coordinator_);
  if (!node) return lose_coordinator(context.now);
  if (context.now >= poll_ends_) {  // the application has stalled: others shall have its partitions
    if (!config_.group_instance_id) {
      network.send(context, *node, LeaveGroupRequest{config_.group, {{.member_id = member_id_}}});
    }
    return reset(true);
  }
  if (context.now >= next_beat_) beat(context, network, *node);
}

void Membership::beat(Context& context, NetworkClient& network, NodeId coordinator) {
  next_beat_ = context.now + config_.heartbeat_interval;
  beating_ = network.send(context, coordinator,
                          HeartbeatRequest{.group_id = config_.group,
                                           .generation_id = generation_id_,
                                           .member_id = member_id_,
                                           .group_instance_id = config_.group_instance_id});
}

void Membership::close(Context& context, NetworkClient& network, const ClientMetadata& metadata) {
  const auto node = coordinator_ ? metadata.node(*coordinator_) : std::nullopt;
  if (!config_.group_instance_id && node && state_ != State::Unjoined && !member_id_.empty())
    network.send(context, *node, LeaveGroupRequest{config_.group, {{.member_id = member_id_}}});
  assignment_.clear();
  reset(true);
  failed_ = true;
}

// ── Answers
// ─────────────────────────────────────────────────────────────────────────────────────────

bool Membership::handle(Context& context, NetworkClient& network, const ClientMetadata& metadata,
                        const Received& received) {
  // An answer is looked at only if it is to a question of its own that still counts.
  const auto is_mine = [&](std::optional<CorrelationId>& asked, CorrelationId correlation) {
    if (asked != correlation) return false;
    asked.reset();
    return true;
  };
  if (const auto* found = received.message.get_if<Response<FindCoordinatorResponse>>()) {
    if (finding_ != found->correlation || !network.answer<FindCoordinatorResponse>(received))
      return false;
    finding_.reset();
    on_found(context.now, found->body);
  } else if (const auto* joined = network.answer<JoinGroupResponse>(received)) {
    if (is_mine(joining_, joined->correlation)) on_joined(context, network, metadata, joined->body);
  } else if (const auto* synced = network.answer<SyncGroupResponse>(received)) {
    if (is_mine(joining_, synced->correlation)) on_synced(context.now, synced->body);
  } else if (const auto* beaten = network.answer<HeartbeatResponse>(received)) {
    if (is_mine(beating_, beaten->correlation)) on_beaten(context.now, beaten->body);
  } else {
    return network.answer<LeaveGroupResponse>(received) != nullptr;
  }
  return true;
}

void Membership::on_found(Instant now, const FindCoordinatorResponse& response) {
  if (response.error_code != ErrorCode::None) return retry(now);
  coordinator_ = response.node_id;
  session_ends_ = now + config_.session_timeout;
}

void Membership::on_joined(Context& context, NetworkClient& network, const ClientMetadata& metadata,
                           const JoinGroupResponse& response) {
  using enum ErrorCode;
  const ErrorCode error = response.error_code;
  if (error == None) {
    if (state_ != State::PreparingRebalance) return;  // it has left meanwhile
    state_ = State::CompletingRebalance;
    member_id_ = response.member_id;
    generation_id_ = response.generation_id;
    protocol_name_ = response.protocol_name;
    session_ends_ = context.now + config_.session_timeout;
    poll_ends_ = context.now + config_.max_poll_interval;
    next_beat_ = context.now + config_.heartbeat_interval;
    is_leader_ = response.leader == response.member_id;
    sync(context, network, metadata,
         is_leader_ ? lead(metadata, response) : std::vector<SyncGroupRequestAssignment>{});
  } else if (error == MemberIdRequired) {
    member_id_ = response.member_id;
    generation_id_ = -1;
  } else if (error == UnknownMemberId) {
    reset(true);
  } else if (is_any_of(error, {CoordinatorNotAvailable, NotCoordinator})) {
    lose_coordinator(context.now);
  } else if (error == CoordinatorLoadInProgress) {
    retry(context.now);
  } else if (error != RebalanceInProgress) {
    fail(error);
  }
}

std::vector<SyncGroupRequestAssignment> Membership::lead(const ClientMetadata& metadata,
                                                         const JoinGroupResponse& response) {
  assigned_counts_ = partition_counts(metadata);
  if (response.skip_assignment) return {};
  std::vector<AssignorMember> members;
  for (const JoinGroupResponseMember& member : response.members) {
    const auto subscription = decode_subscription(member.metadata);
    members.push_back({member.member_id, member.group_instance_id,
                       subscription ? subscription->topics : std::vector<std::string>{}});
  }
  const auto assignment = assign(response.protocol_name.value_or(""), members, assigned_counts_);
  check(assignment.has_value(), "members vote for assignors that they have");
  std::vector<SyncGroupRequestAssignment> given;
  for (const auto& [id, partitions] : *assignment) {
    given.push_back(
        {id, encode(ConsumerProtocolAssignment{.assigned_partitions = by_topic(partitions)})});
  }
  return given;
}

void Membership::sync(Context& context, NetworkClient& network, const ClientMetadata& metadata,
                      std::vector<SyncGroupRequestAssignment> assignments) {
  const auto node = coordinator_ ? metadata.node(*coordinator_) : std::nullopt;
  if (!node) return lose_coordinator(context.now);
  joining_ = network.send(context, *node,
                          SyncGroupRequest{.group_id = config_.group,
                                           .generation_id = generation_id_,
                                           .member_id = member_id_,
                                           .group_instance_id = config_.group_instance_id,
                                           .protocol_type = std::string(kConsumerProtocolType),
                                           .protocol_name = protocol_name_,
                                           .assignments = std::move(assignments)});
}

void Membership::on_synced(Instant now, const SyncGroupResponse& response) {
  using enum ErrorCode;
  const ErrorCode error = response.error_code;
  if (error == None) {
    if (state_ != State::CompletingRebalance || generation_id_ < 0) return reset(true);
    const auto assigned = decode_assignment(response.assignment);
    state_ = State::Stable;
    rejoin_needed_ = false;
    join_prepared_ = false;
    assignment_ =
        assigned ? partitions_of(assigned->assigned_partitions) : std::vector<TopicPartition>{};
    std::ranges::sort(assignment_);
    events_.emplace_back(PartitionsAssigned{generation_id_, assignment_});
  } else if (error == RebalanceInProgress) {
    rejoin_needed_ = true;
  } else if (is_any_of(error, {UnknownMemberId, IllegalGeneration})) {
    reset(error != IllegalGeneration);
  } else if (is_any_of(error, {CoordinatorNotAvailable, NotCoordinator})) {
    lose_coordinator(now);
  } else {
    fail(error);
  }
}

void Membership::on_beaten(Instant now, const HeartbeatResponse& response) {
  using enum ErrorCode;
  const ErrorCode error = response.error_code;
  if (is_any_of(error, {None, RebalanceInProgress})) {
    session_ends_ = now + config_.session_timeout;
    if (error == RebalanceInProgress && state_ == State::Stable) rejoin_needed_ = true;
  } else if (is_any_of(error, {CoordinatorNotAvailable, NotCoordinator})) {
    lose_coordinator(now);
  } else if (is_any_of(error, {UnknownMemberId, IllegalGeneration})) {
    reset(error != IllegalGeneration);
  } else {
    fail(error);
  }
}

// OffsetCommitResponseHandler.
void Membership::on_commit_error(Instant now, ErrorCode error) {
  using enum ErrorCode;
  if (is_any_of(error, {CoordinatorNotAvailable, NotCoordinator, RequestTimedOut})) {
    lose_coordinator(now);
  } else if (error == RebalanceInProgress) {
    rejoin_needed_ = true;
  } else if (is_any_of(error, {UnknownMemberId, IllegalGeneration})) {
    reset(error != IllegalGeneration);
  } else if (error == FencedInstanceId) {
    fail(error);
  }
}

// ── Loss
// ────────────────────────────────────────────────────────────────────────────────────────────

bool Membership::on_lost(Instant now, CorrelationId correlation) {
  if (finding_ == correlation) {
    finding_.reset();
    retry(now);
  } else if (joining_ == correlation) {
    joining_.reset();
    rejoin_needed_ = true;
    lose_coordinator(now);
  } else if (beating_ == correlation) {
    beating_.reset();
    lose_coordinator(now);
  } else {
    return false;
  }
  return true;
}

// AbstractCoordinator.resetStateAndRejoin: what it owned belongs to nobody knows whom.
void Membership::reset(bool forget_member_id) {
  state_ = State::Unjoined;
  generation_id_ = -1;
  protocol_name_.reset();
  if (forget_member_id) member_id_.clear();
  rejoin_needed_ = true;
  join_prepared_ = false;
  is_leader_ = false;
  revoking_until_.reset();
  joining_.reset();
  beating_.reset();
}

void Membership::lose_coordinator(Instant now) {
  coordinator_.reset();
  retry(now);
  next_beat_ = std::max(next_beat_, not_before_);
}

void Membership::fail(ErrorCode error) {
  if (!assignment_.empty()) events_.emplace_back(PartitionsLost{std::exchange(assignment_, {})});
  reset(true);
  failed_ = true;
  events_.emplace_back(MembershipFailed{error});
}

PartitionCounts Membership::partition_counts(const ClientMetadata& metadata) const {
  PartitionCounts counts;
  for (const auto& [id, leader] : metadata.leaders()) {
    if (std::ranges::find(config_.topics, id.topic) != config_.topics.end())
      counts[id.topic] = std::max(counts[id.topic], id.partition.value() + 1);
  }
  return counts;
}

std::optional<Instant> Membership::deadline() const {
  if (failed_ || !has_joined()) return std::nullopt;
  if (coordinator_) return std::min({next_beat_, session_ends_, poll_ends_});
  if (finding_) return std::nullopt;
  return not_before_;
}

std::optional<Instant> Membership::poll_deadline() const {
  if (failed_ || finding_ || joining_ || (coordinator_ && !rejoin_needed_)) return std::nullopt;
  return revoking_until_ ? std::max(*revoking_until_, not_before_) : not_before_;
}

void Membership::digest_into(Digest& digest) const {
  sim::digest_into(digest, state_);
  sim::digest_into(digest, member_id_);
  sim::digest_into(digest, generation_id_);
  sim::digest_into(digest, rejoin_needed_);
  sim::digest_into(digest, join_prepared_);
  sim::digest_into(digest, assignment_);
  sim::digest_into(digest, coordinator_);
  sim::digest_into(digest, finding_);
  sim::digest_into(digest, joining_);
  sim::digest_into(digest, beating_);
  sim::digest_into(digest, not_before_);
  sim::digest_into(digest, next_beat_);
  sim::digest_into(digest, session_ends_);
  sim::digest_into(digest, poll_ends_);
}

}  // namespace sim
