// Topics and their partitions: create, delete, grow (ReplicationControlManager; kraft.md §3.8).

#include <algorithm>
#include <set>

#include "kraft/area.h"
#include "kraft/placement.h"

namespace kraft {

namespace {

constexpr sim::Site kTopicId{"controller.topic_id"};

using sim::ConfigResourceType;

bool legal_topic_name(std::string_view name) {
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name != "." && name != ".." && name.size() <= 249 &&
         std::ranges::all_of(name, legal);
}

// '.' and '_' are one character in metric names, so names that differ only there collide.
std::string collision_name(std::string_view name) {
  std::string out(name);
  std::ranges::replace(out, '.', '_');
  return out;
}

std::vector<UsableBroker> usable_brokers(const Desk& desk) {
  std::vector<UsableBroker> out;
  for (const sim::BrokerRegistration& broker : desk.image().cluster().brokers) {
    if (broker.in_controlled_shutdown) continue;
    out.push_back({.id = broker.broker_id, .rack = broker.rack, .fenced = broker.fenced});
  }
  return out;
}

sim::VersionedRecord partition_record(const Desk& desk, sim::Uuid topic, std::int32_t index,
                                      const std::vector<BrokerId>& replicas) {
  sim::PartitionRecord record;
  record.partition_id = sim::PartitionId(index);
  record.topic_id = topic;
  record.replicas = replicas;
  std::ranges::copy_if(replicas, std::back_inserter(record.isr),
                       [&](BrokerId id) { return desk.is_active(id); });
  record.leader = record.isr.front();
  record.leader_epoch = sim::LeaderEpoch(0);
  record.partition_epoch = sim::PartitionEpoch(0);
  if (desk.supports(sim::MetadataGate::DirectoryAssignment)) {
    for (const BrokerId replica : replicas)
      record.directories.push_back(desk.default_directory(replica));
  }
  return desk.versioned(std::move(record));
}

struct Refusal {
  ErrorCode error;
  std::string why;
};
using Assignment = std::vector<std::vector<BrokerId>>;

// A manual assignment: partitions 0 to n-1, as many replicas each, registered and distinct brokers, one of
// them active.
std::expected<Assignment, Refusal> manual_assignment(const Desk& desk,
                                                     const sim::CreatableTopic& topic) {
  if (topic.replication_factor != -1 || topic.num_partitions != -1) {
    return std::unexpected(
        Refusal{ErrorCode::InvalidRequest,
                "A manual partition assignment was specified, but replication factor "
                "or number of partitions was not set to -1."});
  }
  std::map<std::int32_t, std::vector<BrokerId>> by_index;
  for (const auto& partition : topic.assignments) {
    by_index[partition.partition_index.value()] = partition.broker_ids;
  }
  const auto refuse = [](std::string why) {
    return std::unexpected(Refusal{ErrorCode::InvalidReplicaAssignment, std::move(why)});
  };
  Assignment out;
  for (const auto& [index, replicas] : by_index) {
    if (index != static_cast<std::int32_t>(out.size())) {
      return refuse("partitions should be a consecutive 0-based integer sequence");
    }
    if (replicas.empty() || (!out.empty() && replicas.size() != out.front().size())) {
      return refuse(
          "The manual partition assignment has partitions of unequal replication factor.");
    }
    const std::set<BrokerId> distinct(replicas.begin(), replicas.end());
    if (distinct.size() != replicas.size()) {
      return refuse("The manual partition assignment includes a broker more than once.");
    }
    for (const BrokerId id : replicas) {
      if (desk.broker(id) == nullptr) {
        return refuse(
            fmt::format("The manual partition assignment includes broker {}, but no such broker "
                        "is registered.",
                        id.value()));
      }
    }
    if (std::ranges::none_of(replicas, [&](BrokerId id) { return desk.is_active(id); })) {
      return refuse(
          fmt::format("All brokers specified in the manual partition assignment for partition {} "
                      "are fenced or in controlled shutdown.",
                      index));
    }
    out.push_back(replicas);
  }
  return out;
}

std::expected<Assignment, Refusal> placed_assignment(const Desk& desk, std::int32_t partitions,
                                                     std::int16_t replication_factor) {
  auto placed = place_replicas(usable_brokers(desk), partitions, replication_factor, desk.choices);
  if (!placed) return std::unexpected(Refusal{ErrorCode::InvalidReplicationFactor, placed.error()});
  for (const auto& replicas : *placed) {
    if (std::ranges::none_of(replicas, [&](BrokerId id) { return desk.is_active(id); })) {
      return std::unexpected(
          Refusal{ErrorCode::InvalidReplicationFactor,
                  "Unable to replicate the partition: all brokers are currently fenced "
                  "or in controlled shutdown."});
    }
  }
  return *placed;
}

std::expected<Assignment, Refusal> assignment_of(const Desk& desk,
                                                 const sim::CreatableTopic& topic) {
  if (!topic.assignments.empty()) return manual_assignment(desk, topic);
  if (topic.num_partitions == 0 || topic.num_partitions < -1) {
    return std::unexpected(
        Refusal{ErrorCode::InvalidPartitions,
                "Number of partitions was set to an invalid non-positive value."});
  }
  if (topic.replication_factor == 0 || topic.replication_factor < -1) {
    return std::unexpected(
        Refusal{ErrorCode::InvalidReplicationFactor,
                "Replication factor must be larger than 0, or -1 to use the default."});
  }
  return placed_assignment(
      desk, topic.num_partitions == -1 ? desk.settings.num_partitions : topic.num_partitions,
      topic.replication_factor == -1 ? desk.settings.default_replication_factor
                                     : topic.replication_factor);
}

std::expected<sim::Uuid, Refusal> create_topic(const Desk& desk, const sim::CreatableTopic& topic,
                                               const std::map<std::string, std::string>& names,
                                               Records& records) {
  if (!legal_topic_name(topic.name)) {
    return std::unexpected(Refusal{ErrorCode::InvalidTopicException,
                                   fmt::format("Topic name is invalid: '{}'", topic.name)});
  }
  if (desk.image().topics().find(topic.name) != nullptr) {
    return std::unexpected(Refusal{ErrorCode::TopicAlreadyExists,
                                   fmt::format("Topic '{}' already exists.", topic.name)});
  }
  if (const auto other = names.find(collision_name(topic.name)); other != names.end()) {
    return std::unexpected(Refusal{
        ErrorCode::InvalidTopicException,
        fmt::format("Topic '{}' collides with existing topic: {}", topic.name, other->second)});
  }
  auto assignment = assignment_of(desk, topic);
  if (!assignment) return std::unexpected(assignment.error());

  sim::TopicRecord topic_record;
  topic_record.name = topic.name;
  topic_record.topic_id = random_uuid(desk.choices, kTopicId, sim::hash_name(topic.name));
  const sim::Uuid id = topic_record.topic_id;
  records.push_back(desk.versioned(std::move(topic_record)));
  for (const sim::ConfigEntry& config : topic.configs) {
    if (!config.value) continue;
    sim::ConfigRecord record;
    record.resource_type = ConfigResourceType::Topic;
    record.resource_name = topic.name;
    record.name = config.name;
    record.value = config.value;
    records.push_back(desk.versioned(std::move(record)));
  }
  std::int32_t index = 0;
  for (const auto& replicas : *assignment) {
    records.push_back(partition_record(desk, id, index++, replicas));
  }
  return id;
}

}  // namespace

Decision<sim::CreateTopicsResponse> decide(Desk& desk, const sim::CreateTopicsRequest& request) {
  Decision<sim::CreateTopicsResponse> out{.response = {}};
  std::map<std::string, std::string> names;  // by collision name
  for (const sim::Topic& topic : desk.image().topics())
    names.emplace(collision_name(topic.name()), topic.name());
  for (const sim::CreatableTopic& topic : request.topics) {
    const auto created = create_topic(desk, topic, names, out.records);
    if (created) {
      names.emplace(collision_name(topic.name), topic.name);
      out.response.topics.push_back({.name = topic.name,
                                     .topic_id = *created,
                                     .error_code = ErrorCode::None,
                                     .error_message = {}});
    } else {
      out.response.topics.push_back({.name = topic.name,
                                     .topic_id = {},
                                     .error_code = created.error().error,
                                     .error_message = created.error().why});
    }
  }
  if (request.validate_only) out.records.clear();
  return out;
}

// One record a topic: replaying it drops partitions and configs, too.
Decision<sim::DeleteTopicsResponse> decide(Desk& desk, const sim::DeleteTopicsRequest& request) {
  Decision<sim::DeleteTopicsResponse> out{.response = {}};
  std::set<sim::Uuid> deleted;
  for (const std::string& name : request.topic_names) {
    const sim::Topic* topic = desk.image().topics().find(name);
    const bool gone = topic == nullptr || !deleted.insert(topic->id()).second;
    out.response.responses.push_back(
        {name, gone ? ErrorCode::UnknownTopicOrPartition : ErrorCode::None, ""});
    if (gone) continue;
    sim::RemoveTopicRecord record;
    record.topic_id = topic->id();
    out.records.push_back(desk.versioned(std::move(record)));
  }
  return out;
}

namespace {

std::expected<void, Refusal> create_partitions(const Desk& desk,
                                               const sim::CreatePartitionsTopic& asked,
                                               Records& records) {
  const sim::Topic* topic = desk.image().topics().find(asked.name);
  if (topic == nullptr) return std::unexpected(Refusal{ErrorCode::UnknownTopicOrPartition, ""});
  const auto present = static_cast<std::int32_t>(topic->partition_count());
  if (asked.count <= present) {
    return std::unexpected(Refusal{
        ErrorCode::InvalidPartitions,
        fmt::format("The topic {} currently has {} partition(s); {} would not be an increase.",
                    asked.name, present, asked.count)});
  }
  const std::int32_t more = asked.count - present;
  Assignment assignment = asked.assignments;
  if (assignment.empty()) {
    const auto first = topic->partition(sim::PartitionId(0));
    const auto factor = static_cast<std::int16_t>(first ? first->replicas.size() : 1);
    auto placed = placed_assignment(desk, more, factor);
    if (!placed) return std::unexpected(placed.error());
    assignment = std::move(*placed);
  } else if (static_cast<std::int32_t>(assignment.size()) != more) {
    return std::unexpected(Refusal{
        ErrorCode::InvalidReplicaAssignment,
        fmt::format("Attempted to add {} additional partition(s), but only {} assignment(s) were "
                    "specified.",
                    more, assignment.size())});
  }
  std::int32_t index = present;
  for (const auto& replicas : assignment) {
    const bool some_active =
        std::ranges::any_of(replicas, [&](BrokerId id) { return desk.is_active(id); });
    const bool registered =
        std::ranges::all_of(replicas, [&](BrokerId id) { return desk.broker(id) != nullptr; });
    if (!some_active || !registered) {
      return std::unexpected(Refusal{ErrorCode::InvalidReplicaAssignment,
                                     "All brokers specified are fenced or unknown."});
    }
    records.push_back(partition_record(desk, topic->id(), index++, replicas));
  }
  return {};
}

}  // namespace

Decision<sim::CreatePartitionsResponse> decide(Desk& desk,
                                               const sim::CreatePartitionsRequest& request) {
  Decision<sim::CreatePartitionsResponse> out{.response = {}};
  for (const sim::CreatePartitionsTopic& asked : request.topics) {
    Records records;
    const auto created = create_partitions(desk, asked, records);
    if (created) {
      std::ranges::move(records, std::back_inserter(out.records));
      out.response.results.push_back({asked.name, ErrorCode::None, ""});
    } else {
      out.response.results.push_back({asked.name, created.error().error, created.error().why});
    }
  }
  if (request.validate_only) out.records.clear();
  return out;
}

}  // namespace kraft
