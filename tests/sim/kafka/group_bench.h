#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/kafka/consumer_protocol.h"
#include "sim/kafka/group_coordinator.h"

namespace sim {

// A group coordinator with a log that takes what it is given at once, or when a test says so, and
// clients that are nothing but requests. The coordinator leads all partitions from the start.
class GroupBench {
 public:
  static constexpr std::int32_t kPartitionCount = 1;

  explicit GroupBench(GroupConfig config = {}, std::uint64_t seed = 1)
      : config_(config), choices_(seed), coordinator_(BrokerId{1}, config) {
    coordinator_.set_partition_count(kPartitionCount);
    coordinator_.load(PartitionId{0});
    finish_load();
  }

  // Asks; the answer may come later.
  template <RequestBody Body>
  std::int32_t ask(const Body& body) {
    const std::int32_t request = ++last_request_;
    act([&](GroupContext& context) {
      coordinator_.handle(context, {.correlation = CorrelationId{request}}, body);
    });
    return request;
  }
  // The answer to a request, once it is there.
  template <class Response>
  std::optional<Response> answer(std::int32_t request) const {
    const auto found = answers_.find(request);
    if (found == answers_.end()) return std::nullopt;
    return std::get<Response>(found->second);
  }
  // Asks, and requires that the answer comes at once.
  template <RequestBody Body>
  typename Body::Response told(const Body& body) {
    const auto answered = answer<typename Body::Response>(ask(body));
    check(answered.has_value(), "the coordinator answers at once");
    return *answered;
  }

  JoinGroupRequest joining(const std::string& member_id = {},
                           const std::vector<std::string>& topics = {"orders"}) const {
    return {.client_id = "app",
            .client_host = "/10.0.0.1",
            .group_id = group,
            .session_timeout = Duration{10'000'000'000},
            .rebalance_timeout = Duration{60'000'000'000},
            .member_id = member_id,
            .protocol_type = std::string(kConsumerProtocolType),
            .protocols = {{"range", encode(ConsumerProtocolSubscription{.topics = topics})}}};
  }
  // Joins with the id that the coordinator gives it; its JoinGroup waits.
  std::pair<std::string, std::int32_t> join_anew() {
    const std::string id = told(joining()).member_id;
    return {id, ask(joining(id))};
  }
  SyncGroupRequest syncing(const std::string& member_id) const {
    return {.group_id = group, .generation_id = metadata()->generation_id, .member_id = member_id};
  }
  // The leader gives each member one byte, its place among the members.
  SyncGroupRequest leading(const std::string& member_id) const {
    SyncGroupRequest request = syncing(member_id);
    std::uint8_t place = 0;
    for (const auto& [id, member] : metadata()->members)
      request.assignments.push_back({id, Bytes{place++}});
    return request;
  }
  HeartbeatRequest beating(const std::string& member_id) const {
    return {.group_id = group, .generation_id = metadata()->generation_id, .member_id = member_id};
  }
  OffsetCommitRequest committing(const std::string& member_id, std::int64_t offset) const {
    return {.group_id = group,
            .generation_id_or_member_epoch = member_id.empty() ? -1 : metadata()->generation_id,
            .member_id = member_id,
            .partitions = {{.topic_partition = orders0, .committed_offset = Offset{offset}}}};
  }
  // As many members as asked for, stable, the leader first.
  std::vector<std::string> stable(std::size_t count) {
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < count; ++i) ids.push_back(join_anew().first);
    run_for(config_.group_initial_rebalance_delay * 2);
    const std::string leader = *metadata()->leader_id;
    ask(leading(leader));
    for (const std::string& id : ids) {
      if (id != leader) ask(syncing(id));
    }
    std::ranges::partition(ids, [&](const std::string& id) { return id == leader; });
    return ids;
  }

  void run_for(Duration duration) {
    const Instant end = now + duration;
    for (auto due = coordinator_.deadline(); due && *due <= end; due = coordinator_.deadline()) {
      now = std::max(now, *due);
      act([&](GroupContext& context) { coordinator_.expire(context); });
    }
    now = end;
  }
  // What the log could not decide yet.
  void decide_all(ErrorCode error) {
    for (const auto& [write, offset] : std::exchange(undecided_, {})) {
      act([&](GroupContext& context) { coordinator_.on_written(context, write, error, offset); });
    }
  }
  // The partition goes to another broker that has the same log.
  void fail_over() {
    act([&](GroupContext& context) { coordinator_.unload(context, PartitionId{0}); });
    coordinator_.load(PartitionId{0});
  }
  void finish_load() {
    std::vector<GroupLogEntry> read;
    for (std::size_t i = 0; i < log.size(); ++i)
      read.push_back({.offset = Offset{static_cast<std::int64_t>(i)}, .records = &log[i]});
    act([&](GroupContext& context) { coordinator_.finish_load(context, PartitionId{0}, read); });
  }

  GroupCoordinator& coordinator() { return coordinator_; }
  const GroupMetadata* metadata() const { return coordinator_.group(group); }
  GroupState state() const { return metadata() == nullptr ? GroupState::Dead : metadata()->state; }
  Offset committed() const { return coordinator_.committed_offset(group, orders0); }

  std::string group = "billing";
  TopicPartition orders0{"orders", PartitionId{0}};
  Instant now{1'000'000'000};
  bool parked = false;  // writes are decided by decide_all alone
  std::vector<GroupRecords> log;
  std::vector<Payload> notices;

 private:
  void act(const auto& what) {
    GroupEffects effects;
    GroupContext context{now, choices_, effects};
    what(context);
    for (const GroupEffect& effect : effects) perform(effect);
  }
  void perform(const GroupEffect& effect) {
    if (const auto* reply = std::get_if<GroupReply>(&effect)) {
      const bool is_first = answers_.emplace(reply->to.correlation.value(), reply->body).second;
      check(is_first, "a request is answered once");
    } else if (const auto* append = std::get_if<GroupAppend>(&effect)) {
      const Offset offset{static_cast<std::int64_t>(log.size())};
      log.push_back(append->records);
      undecided_.emplace_back(append->write, offset);
      if (!parked) decide_all(ErrorCode::None);
    } else if (const auto* gone = std::get_if<GroupTombstones>(&effect)) {
      log.push_back(gone->records);
    } else {
      notices.push_back(std::get<Notify>(effect).notice);
    }
  }

  GroupConfig config_;
  Choices choices_;
  GroupCoordinator coordinator_;
  std::map<std::int32_t, decltype(GroupReply::body)> answers_;
  std::vector<std::pair<std::uint64_t, Offset>> undecided_;
  std::int32_t last_request_ = 0;
};

}  // namespace sim
