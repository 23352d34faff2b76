#include <fmt/format.h>

#include <utility>

#include "zk/znodes.h"
#include "zk/znodes_json.h"
#include "zk/znodes_order.h"

// Topics, partition states, configs, and the requests and notifications that list partitions.
namespace zk {
namespace {

using Replicas = std::vector<sim::BrokerId>;

// adding_replicas and removing_replicas hold the partitions that are moving, and are absent
// before 2.4.
Replicas moving_replicas(JsonFields& read, std::string_view key, const std::string& partition) {
  const nlohmann::json* const moving = read.find(key);
  if (moving == nullptr) return {};
  const auto found = moving->find(partition);
  return found == moving->end() ? Replicas{} : read.as_brokers(*found, key);
}

void write_replicas(JsonWriter& json, std::string_view key, const TopicZnode& znode,
                    Replicas TopicZnode::Assignment::* member, bool skip_empty) {
  std::vector<std::string> ids;
  for (const auto& [id, assignment] : znode.partitions) {
    if (!skip_empty || !(assignment.*member).empty()) ids.push_back(std::to_string(id.value()));
  }
  json.key(key).begin('{');
  for (const std::string& id : hash_map_order(std::move(ids))) {
    const sim::PartitionId partition(parse_i32(id).value_or(0));
    json.key(id).brokers(znode.partitions.at(partition).*member);
  }
  json.end('}');
}

}  // namespace

Parsed<TopicZnode> parse_topic(std::string_view data) {
  const auto json = parse_json(data);
  // Kafka takes such a topic for one without id and partitions, and then stumbles over the missing
  // id.
  if (!json) return not_json();
  JsonFields read(*json);
  TopicZnode topic;
  if (const auto* id = read.find("topic_id")) {
    topic.topic_id = sim::Uuid::parse(read.as_text(*id, "topic_id"));
    if (!topic.topic_id) read.complain("the topic id is no base64 text of 16 bytes");
  }
  for (const char* key : {"partitions", "adding_replicas", "removing_replicas"}) {
    const nlohmann::json* const by_partition = read.find(key);
    if (by_partition != nullptr && !by_partition->is_object())
      read.complain(fmt::format("the field '{}' is no object", key));
  }
  const nlohmann::json* const partitions = read.find("partitions");
  if (read.complaint()) return unreadable(*read.complaint());
  if (partitions == nullptr) return topic;
  for (const auto& [name, replicas] : partitions->items()) {
    const auto id = parse_i32(name);
    if (!id) return unreadable(fmt::format("'{}' is no number of a partition", name));
    topic.partitions.insert_or_assign(
        sim::PartitionId(*id),
        TopicZnode::Assignment{
            .replicas = read.as_brokers(replicas, "partitions"),
            .adding_replicas = moving_replicas(read, "adding_replicas", name),
            .removing_replicas = moving_replicas(read, "removing_replicas", name)});
  }
  if (read.complaint()) return unreadable(*read.complaint());
  return topic;
}

std::string encode(const TopicZnode& znode) {
  using Assignment = TopicZnode::Assignment;
  JsonWriter json;
  json.begin('{');
  write_replicas(json, "partitions", znode, &Assignment::replicas, false);
  if (znode.topic_id) json.key("topic_id").text(znode.topic_id->describe());
  write_replicas(json, "adding_replicas", znode, &Assignment::adding_replicas, true);
  write_replicas(json, "removing_replicas", znode, &Assignment::removing_replicas, true);
  return json.key("version").number(3).end('}').take();
}

Parsed<PartitionStateZnode> parse_partition_state(std::string_view data) {
  const auto json = parse_json(data);
  // Kafka takes it for absent: migration.md §3.4, "missing state znode".
  if (!json) return std::unexpected(Unreadable{"it is no JSON", false});
  JsonFields read(*json);
  PartitionStateZnode state{.leader = sim::BrokerId(read.i32("leader")),
                            .leader_epoch = sim::LeaderEpoch(read.i32("leader_epoch")),
                            .isr = read.brokers("isr"),
                            .controller_epoch = sim::ControllerEpoch(read.i32("controller_epoch"))};
  if (const auto* recovery = read.find("leader_recovery_state")) {
    // Kafka cuts the number to a byte before it looks.
    const auto value = static_cast<std::int8_t>(read.as_i32(*recovery, "leader_recovery_state"));
    if (value != 0 && value != 1)
      read.complain(fmt::format("{} is no leader recovery state", value));
    state.leader_recovery_state = static_cast<sim::LeaderRecoveryState>(value);
  }
  if (read.complaint()) return unreadable(*read.complaint());
  return state;
}

const Parsed<PartitionStateZnode>& PartitionStateReader::read(std::string_view data) {
  const auto found = known_.find(data);
  if (found != known_.end()) return found->second;
  constexpr std::size_t kMost = 1U << 16U;
  if (known_.size() >= kMost) known_.clear();
  return known_.emplace(std::string(data), parse_partition_state(data)).first->second;
}

std::string encode(const PartitionStateZnode& znode) {
  JsonWriter json;
  json.begin('{');
  json.key("controller_epoch").number(znode.controller_epoch.value());
  json.key("leader").number(znode.leader.value());
  json.key("version").number(1);
  if (znode.leader_recovery_state != sim::LeaderRecoveryState::Recovered) {
    json.key("leader_recovery_state")
        .number(static_cast<std::int64_t>(znode.leader_recovery_state));
  }
  json.key("leader_epoch").number(znode.leader_epoch.value());
  return json.key("isr").brokers(znode.isr).end('}').take();
}

Parsed<ConfigZnode> parse_config(std::string_view data) {
  const auto json = parse_json(data);
  if (!json) return std::unexpected(Unreadable{"it is no JSON", false});
  ConfigZnode config;
  if (!json->is_object()) return config;
  JsonFields read(*json);
  const auto* const entries = read.find("config");
  if (entries == nullptr || !entries->is_object()) return config;
  for (const auto& [key, value] : entries->items()) {
    config.insert_or_assign(key, read.as_text(value, key));
  }
  if (read.complaint()) return unreadable(*read.complaint());
  return config;
}

std::string encode(const ConfigZnode& znode) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : znode) keys.push_back(key);
  JsonWriter json;
  json.begin('{').key("version").number(1).key("config").begin('{');
  for (const std::string& key : hash_map_order(std::move(keys))) json.key(key).text(znode.at(key));
  return json.end('}').end('}').take();
}

Parsed<std::string> parse_config_change(std::string_view data) {
  const auto json = parse_json(data);
  if (!json) return not_json();
  JsonFields read(*json);
  const std::int32_t version = read.i32("version");
  std::string path = version == 1
                         ? fmt::format("{}/{}", read.text("entity_type"), read.text("entity_name"))
                         : read.text("entity_path");
  if (!read.complaint() && version != 1 && version != 2) {
    return unreadable(fmt::format("version {} of a config change is not supported", version));
  }
  if (read.complaint()) return unreadable(*read.complaint());
  return path;
}

std::string encode_config_change(std::string_view entity_path) {
  return JsonWriter()
      .begin('{')
      .key("version")
      .number(2)
      .key("entity_path")
      .text(entity_path)
      .end('}')
      .take();
}

Parsed<std::vector<sim::TopicPartition>> parse_partition_list(std::string_view data) {
  std::vector<sim::TopicPartition> partitions;
  const auto json = parse_json(data);
  if (!json) return std::unexpected(Unreadable{"it is no JSON", false});
  JsonFields read(*json);
  for (const nlohmann::json& element : read.array("partitions")) {
    JsonFields partition(element);
    partitions.push_back({partition.text("topic"), sim::PartitionId(partition.i32("partition"))});
    if (partition.complaint()) read.complain(*partition.complaint());
  }
  if (read.complaint()) return unreadable(*read.complaint());
  return partitions;
}

std::string encode_partition_list(const std::vector<sim::TopicPartition>& partitions) {
  JsonWriter json;
  json.begin('{').key("version").number(1).key("partitions").begin('[');
  for (const sim::TopicPartition& each : partitions) {
    json.begin('{').key("topic").text(each.topic);
    json.key("partition").number(each.partition.value()).end('}');
  }
  return json.end(']').end('}').take();
}

Parsed<ReassignmentZnode> parse_reassignment(std::string_view data) {
  ReassignmentZnode reassignment;
  const auto json = parse_json(data);
  if (!json) return std::unexpected(Unreadable{"it is no JSON", false});
  JsonFields read(*json);
  for (const nlohmann::json& element : read.array("partitions")) {
    JsonFields each(element);
    const sim::TopicPartition partition{each.text("topic"),
                                        sim::PartitionId(each.i32("partition"))};
    reassignment.insert_or_assign(partition, each.brokers("replicas"));
    if (each.complaint()) read.complain(*each.complaint());
  }
  if (read.complaint()) return unreadable(*read.complaint());
  return reassignment;
}

std::string encode(const ReassignmentZnode& znode) {
  JsonWriter json;
  json.begin('{').key("version").number(1).key("partitions").begin('[');
  for (const auto& [partition, replicas] : znode) {
    json.begin('{').key("topic").text(partition.topic);
    json.key("partition").number(partition.partition.value());
    json.key("replicas").brokers(replicas).end('}');
  }
  return json.end(']').end('}').take();
}

}  // namespace zk
