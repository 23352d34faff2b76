#include "tools/judges/groups/world.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/kafka/disk/group_record_codec.h"

namespace judge {
namespace {

constexpr sim::BrokerId kSelf{0};

Json text_or_null(const std::optional<std::string>& text) {
  return text ? Json(*text) : Json(nullptr);
}

std::string name_of_partition(const sim::TopicPartition& id) {
  return fmt::format("{}-{}", id.topic, id.partition.value());
}

std::int32_t code(sim::ErrorCode error) {
  return static_cast<std::int32_t>(error);
}

// Answers in the words of Sequence.java.
Json told(const sim::JoinGroupResponse& body) {
  Json members = Json::array();
  for (const auto& member : body.members) {
    members.push_back(
        {member.member_id, text_or_null(member.group_instance_id), hex(member.metadata)});
  }
  return {{"error", code(body.error_code)},
          {"generation", body.generation_id},
          {"type", text_or_null(body.protocol_type)},
          {"protocol", text_or_null(body.protocol_name)},
          {"leader", body.leader},
          {"skip", body.skip_assignment},
          {"member", body.member_id},
          {"members", members}};
}

Json told(const sim::SyncGroupResponse& body) {
  return {{"error", code(body.error_code)},
          {"type", text_or_null(body.protocol_type)},
          {"protocol", text_or_null(body.protocol_name)},
          {"assignment", hex(body.assignment)}};
}

Json told(const sim::HeartbeatResponse& body) {
  return {{"error", code(body.error_code)}};
}

Json told(const sim::LeaveGroupResponse& body) {
  Json members = Json::array();
  for (const auto& member : body.members) {
    members.push_back(
        {member.member_id, text_or_null(member.group_instance_id), code(member.error_code)});
  }
  return {{"error", code(body.error_code)}, {"members", members}};
}

Json told(const sim::OffsetCommitResponse& body) {
  Json answer = Json::object();
  for (const auto& part : body.partitions)
    answer[name_of_partition(part.topic_partition)] = code(part.error_code);
  return answer;
}

// Nobody asks for it here: the sequences have no transactions.
Json told(const sim::TxnOffsetCommitResponse& body) {
  Json answer = Json::object();
  for (const auto& part : body.partitions)
    answer[name_of_partition(part.topic_partition)] = code(part.error_code);
  return answer;
}

Json told(const sim::OffsetFetchResponse& body) {
  Json answer{{"error", code(body.error_code)}};
  for (const auto& part : body.partitions) {
    answer[name_of_partition(part.topic_partition)] = {
        code(part.error_code), part.committed_offset.value(), part.committed_leader_epoch.value(),
        part.metadata};
  }
  return answer;
}

Json told(const sim::ListGroupsResponse& body) {
  Json answer{{"error", code(body.error_code)}};
  for (const auto& group : body.groups)
    answer[group.group_id] = {group.protocol_type, group.group_state};
  return answer;
}

Json told(const sim::DescribedGroup& body) {
  Json members = Json::array();
  for (const auto& member : body.members) {
    members.push_back({member.member_id, text_or_null(member.group_instance_id), member.client_id,
                       member.client_host, hex(member.member_metadata),
                       hex(member.member_assignment)});
  }
  return {{"error", code(body.error_code)},
          {"state", body.group_state},
          {"type", body.protocol_type},
          {"protocol", body.protocol_data},
          {"members", members}};
}

Json told(const sim::DeleteGroupsResponse& body) {
  Json answer = Json::object();
  for (const auto& result : body.results) answer[result.group_id] = code(result.error_code);
  return answer;
}

Json told(const sim::OffsetDeleteResponse& body) {
  Json answer{{"error", code(body.error_code)}};
  for (const auto& part : body.partitions)
    answer[name_of_partition(part.topic_partition)] = code(part.error_code);
  return answer;
}

// Key and value as Kafka 3.9 writes them.
std::pair<Json, Json> record_hex(const sim::GroupRecord& record) {
  const bool is_group = std::holds_alternative<sim::GroupMetadataEntry>(record);
  const auto bytes =
      sim::encode_group_record({.record = record,
                                .key_version = static_cast<std::int16_t>(is_group ? 2 : 1),
                                .value_version = 3});
  return {hex(bytes.key), bytes.value ? Json(hex(*bytes.value)) : Json(nullptr)};
}

Json state_of(const sim::GroupMetadata& group) {
  Json members = Json::array();
  for (const auto& [id, member] : group.members) {
    members.push_back({id, text_or_null(member.group_instance_id), member.awaiting_join.has_value(),
                       member.awaiting_sync.has_value(), member.is_new,
                       member.session_timeout.milliseconds(),
                       member.rebalance_timeout.milliseconds()});
  }
  Json offsets = Json::object();
  for (const auto& [id, committed] : group.offsets) {
    const auto& value = committed.value;
    offsets[name_of_partition(id)] = {value.offset.value(), value.leader_epoch.value(),
                                      value.metadata, value.commit_timestamp};
  }
  Json pending = Json::array();
  for (const auto& [id, value] : group.pending_offset_commits)
    pending.push_back(fmt::format("{}={}", name_of_partition(id), value.offset.value()));
  Json state{{"state", name_of(group.state)},
             {"generation", group.generation_id},
             {"leader", text_or_null(group.leader_id)},
             {"type", text_or_null(group.protocol_type)},
             {"protocol", text_or_null(group.protocol_name)},
             {"since",
              group.current_state_timestamp ? Json(*group.current_state_timestamp) : Json(nullptr)},
             {"members", members},
             {"pending", group.pending_members},
             {"pendingSync", group.pending_sync_members},
             {"offsets", offsets},
             {"pendingCommits", pending}};
  if (group.subscribed_topics) state["topics"] = *group.subscribed_topics;
  return state;
}

}  // namespace

sim::Instant at_ms(std::int64_t ms) {
  return sim::Instant(ms * 1'000'000);
}

std::string hex(sim::ByteView bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

World::World(std::uint64_t seed, sim::GroupConfig config)
    : choices_(seed), coordinator_(kSelf, config), logs_(kPartitions) {
  coordinator_.set_partition_count(kPartitions);
}

void World::begin_step(std::string outcome) {
  outcome_ = std::move(outcome);
  seen_ = {{"answers", Json::array()}, {"appends", Json::array()}};
}

Json World::end_step() {
  advance_to(now_ms_);
  seen_["groups"] = group_states();
  return std::move(seen_);
}

std::vector<std::size_t> World::undecided() const {
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < writes_.size(); ++i) {
    if (!writes_[i].decided) open.push_back(i);
  }
  return open;
}

std::optional<std::int64_t> World::next_due_ms() const {
  const auto due = coordinator_.deadline();
  if (!due) return std::nullopt;
  return due->milliseconds();
}

void World::advance_to(std::int64_t ms) {
  for (auto due = next_due_ms(); due && *due <= ms; due = next_due_ms()) {
    now_ms_ = std::max(now_ms_, *due);
    act([&](sim::GroupContext& context) { coordinator_.expire(context); });
  }
  now_ms_ = ms;
}

void World::decide(std::size_t write, sim::ErrorCode error) {
  writes_[write].decided = true;
  act([&](sim::GroupContext& context) {
    coordinator_.on_written(context, writes_[write].id, error, writes_[write].record);
  });
}

void World::finish_load(std::int32_t partition) {
  std::vector<sim::GroupLogEntry> log;
  for (const auto& [offset, records] : logs_[static_cast<std::size_t>(partition)])
    log.push_back({.offset = offset, .records = &records});
  act([&](sim::GroupContext& context) {
    coordinator_.finish_load(context, sim::PartitionId{partition}, log);
  });
}

void World::unload(std::int32_t partition) {
  act([&](sim::GroupContext& context) {
    coordinator_.unload(context, sim::PartitionId{partition});
  });
}

void World::cleanup() {
  act([&](sim::GroupContext& context) { coordinator_.cleanup_group_metadata(context); });
}

void World::partitions_deleted(const std::vector<sim::TopicPartition>& partitions) {
  act([&](sim::GroupContext& context) { coordinator_.on_partitions_deleted(context, partitions); });
}

void World::fetch(std::int32_t request, const sim::OffsetFetchRequest& body) {
  answer(request, coordinator_.handle(body));
}

void World::list(std::int32_t request, const sim::ListGroupsRequest& body) {
  answer(request, coordinator_.handle(body));
}

void World::describe(std::int32_t request, const std::string& group) {
  answer(request, coordinator_.describe(group));
}

void World::remove(std::int32_t request, const sim::DeleteGroupsRequest& body) {
  act([&](sim::GroupContext& context) { answer(request, coordinator_.handle(context, body)); });
}

void World::remove_offsets(std::int32_t request, const sim::OffsetDeleteRequest& body) {
  act([&](sim::GroupContext& context) { answer(request, coordinator_.handle(context, body)); });
}

void World::answer(std::int32_t request, const auto& body) {
  Json answer = told(body);
  answer["request"] = request;
  seen_["answers"].push_back(std::move(answer));
}

void World::perform(sim::GroupEffects effects) {
  for (const sim::GroupEffect& effect : effects) {
    if (const auto* reply = std::get_if<sim::GroupReply>(&effect)) {
      const std::int32_t request = reply->to.correlation.value();
      std::visit([&](const auto& body) { answer(request, body); }, reply->body);
      const auto* join = std::get_if<sim::JoinGroupResponse>(&reply->body);
      if (join == nullptr || join->member_id.empty()) continue;
      const auto asked = std::ranges::find(asked_, request,
                                           &std::pair<std::int32_t, sim::JoinGroupRequest>::first);
      if (asked == asked_.end()) continue;
      joined_.push_back({asked->second.group_id, join->member_id, asked->second.group_instance_id,
                         asked->second.protocols});
    } else if (const auto* append = std::get_if<sim::GroupAppend>(&effect)) {
      written(append->partition, append->records);
      Write write{.id = append->write};
      const bool is_refused = outcome_ != "PARKED" && outcome_ != "NONE";
      auto& log = logs_[static_cast<std::size_t>(append->partition.value())];
      if (!is_refused) {
        write.record = sim::Offset{static_cast<std::int64_t>(log.size())};
        log.emplace_back(write.record, append->records);
      }
      writes_.push_back(write);
      if (outcome_ == "PARKED") continue;
      sim::ErrorCode error = sim::ErrorCode::None;
      for (std::int16_t number = -1; number < 128; ++number) {
        if (name_of(sim::ErrorCode{number}) == outcome_) error = sim::ErrorCode{number};
      }
      decide(writes_.size() - 1, error);
    } else if (const auto* gone = std::get_if<sim::GroupTombstones>(&effect)) {
      written(gone->partition, gone->records);
      auto& log = logs_[static_cast<std::size_t>(gone->partition.value())];
      log.emplace_back(sim::Offset{static_cast<std::int64_t>(log.size())}, gone->records);
    }
  }
}

void World::written(sim::PartitionId partition, const sim::GroupRecords& records) {
  std::vector<std::pair<Json, Json>> lines;
  for (const sim::GroupRecord& record : records.records) lines.push_back(record_hex(record));
  std::ranges::stable_sort(lines, [](const auto& a, const auto& b) {
    return a.first.template get<std::string>() < b.first.template get<std::string>();
  });
  Json append{partition.value()};
  for (const auto& [key, value] : lines) append.push_back({key, value});
  seen_["appends"].push_back(std::move(append));
}

Json World::group_states() const {
  Json states = Json::object();
  const auto listed = coordinator_.handle(sim::ListGroupsRequest{});
  for (const auto& group : listed.groups)
    states[group.group_id] = state_of(*coordinator_.group(group.group_id));
  return states;
}

// Two words of the seed's own stream are one id, before java.util.UUID puts its version into it.
std::vector<std::string> member_ids(std::uint64_t seed, std::size_t count) {
  constexpr sim::Site kMemberId{"group.member_id"};
  sim::Choices choices(seed);
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t high = choices.bits(kMemberId, static_cast<std::uint64_t>(kSelf.value()));
    const std::uint64_t low = choices.bits(kMemberId, static_cast<std::uint64_t>(kSelf.value()));
    ids.push_back(fmt::format("{:016x}{:016x}", high, low));
  }
  return ids;
}

}  // namespace judge
