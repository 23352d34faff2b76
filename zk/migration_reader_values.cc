#include "zk/migration_reader_values.h"

#include <fmt/format.h>

#include <utility>

#include "zk/password.h"
#include "zk/paths.h"
#include "zk/producer_id_block.h"
#include "zk/sanitizer.h"

namespace zk {
namespace {

constexpr std::string_view kEncodedAlgorithms = "encryptedPassword:";

std::string server_error(ErrorCode error) {
  return fmt::format("the server answered {}", name_of(error));
}

}  // namespace

void ZnodeReading::unreadable(std::string path, Unreadable why, std::optional<ErrorCode> error) {
  UnreadableZnode znode{std::move(path), std::move(why.why), why.kafka_throws, error};
  if (options_.manner == ReadManner::Driver && znode.kafka_throws && !failure_) failure_ = znode;
  report_.unreadable.push_back(std::move(znode));
}

void ZnodeReading::errors(const std::vector<ReadError>& errors) {
  for (const ReadError& error : errors)
    unreadable(error.path, {server_error(error.error), true}, error.error);
}

bool ZnodeReading::refused(const std::vector<Request>& requests,
                           const std::vector<Response>& responses) {
  if (options_.manner != ReadManner::Driver) return false;
  for (std::size_t i = 0; i < responses.size() && !failed(); ++i) {
    const ErrorCode error = responses[i].error;
    if (error == ErrorCode::Ok || error == ErrorCode::NoNode) continue;
    unreadable(std::string(path_of(requests.at(i))), {server_error(error), true}, error);
  }
  return failed();
}

// False when the znode is absent, null, or the server refused; the last is noted.
bool ZnodeReading::has_data(const ZnodeAnswer& answer) {
  if (answer.error != ErrorCode::Ok && answer.exists()) {
    unreadable(answer.path, {server_error(answer.error), true}, answer.error);
  }
  return answer.error == ErrorCode::Ok && answer.data.has_value();
}

// ── Topics ──────────────────────────────────────────────────────────────────────────────────────

std::optional<TopicMetadata> ZnodeReading::topic(const TopicsRead::Topic& topic) {
  if (!topic.parsed) {
    unreadable(topic.znode.path, topic.parsed.error());
    return std::nullopt;
  }
  TopicMetadata metadata{.name = topic.name, .id = *topic.parsed->topic_id};
  if (topic.config) {
    auto read = config(*topic.config);
    if (failed()) return std::nullopt;
    if (read) metadata.config = *std::move(read);
  }
  metadata.partitions.reserve(topic.parsed->partitions.size());
  for (const auto& [id, assignment] : topic.parsed->partitions) {
    auto record = partition(topic, id, assignment);
    if (failed()) return std::nullopt;
    if (record) metadata.partitions.push_back(*std::move(record));
  }
  return metadata;
}

std::optional<sim::PartitionRecord> ZnodeReading::partition(
    const TopicsRead::Topic& topic, sim::PartitionId id, const TopicZnode::Assignment& assignment) {
  sim::PartitionRecord record{.partition_id = id,
                              .topic_id = *topic.parsed->topic_id,
                              .replicas = assignment.replicas,
                              .removing_replicas = assignment.removing_replicas,
                              .adding_replicas = assignment.adding_replicas};
  report_.brokers_named.insert(assignment.replicas.begin(), assignment.replicas.end());
  report_.brokers_named.insert(assignment.adding_replicas.begin(),
                               assignment.adding_replicas.end());

  const ZnodeAnswer& answer = topic.states.at(id);
  if (answer.exists()) {
    Parsed<PartitionStateZnode> state = std::unexpected(Unreadable{"it holds no data", true});
    if (answer.error != ErrorCode::Ok)
      state = std::unexpected(Unreadable{server_error(answer.error)});
    if (answer.data) state = states_.read(*answer.data);
    if (state) {
      record.isr = std::move(state->isr);
      record.leader = state->leader;
      record.leader_epoch = state->leader_epoch;
      record.partition_epoch = sim::PartitionEpoch(answer.version.value());
      record.leader_recovery_state = state->leader_recovery_state;
      return record;
    }
    const bool kafka_throws = state.error().kafka_throws;
    unreadable(answer.path, std::move(state.error()));
    // Nobody knows what the state is; a reader shows the partition as it would be made without one.
    if (kafka_throws && failed()) return std::nullopt;
  }
  if (assignment.replicas.empty()) {
    unreadable(
        topic.znode.path,
        {fmt::format("partition {} has neither replicas nor a readable state", id.value()), true});
    return std::nullopt;
  }
  report_.partitions_without_state.push_back({topic.name, id});
  record.isr = assignment.replicas;
  record.leader = assignment.replicas.front();
  record.leader_epoch = sim::LeaderEpoch(0);
  record.partition_epoch = sim::PartitionEpoch(0);
  return record;
}

// ── Configs ─────────────────────────────────────────────────────────────────────────────────────

std::optional<ConfigZnode> ZnodeReading::config(const ZnodeAnswer& answer) {
  if (!has_data(answer)) {
    if (answer.error != ErrorCode::Ok && answer.exists()) return std::nullopt;
    return ConfigZnode{};
  }
  auto parsed = parse_config(*answer.data);
  if (!parsed) {
    unreadable(answer.path, std::move(parsed.error()));
    return std::nullopt;
  }
  if (parsed->empty()) report_.empty_configs.push_back(answer.path);
  decode_passwords(answer.path, *parsed);
  return *std::move(parsed);
}

void ZnodeReading::decode_passwords(const std::string& path, ConfigZnode& config) {
  for (auto& [name, value] : config) {
    if (!is_password_config(name)) continue;
    if (!options_.password_secret) {
      const bool encoded =
          value.find(kEncodedAlgorithms) != std::string::npos && looks_encoded(value);
      if (encoded) report_.encoded_passwords.push_back({path, name, "no secret was given"});
      continue;
    }
    auto plain = decode_password(value, *options_.password_secret);
    if (plain) {
      value = *std::move(plain);
      report_.decoded_passwords.emplace_back(path, name);
    } else {
      report_.encoded_passwords.push_back({path, name, plain.error()});
      if (options_.manner == ReadManner::Driver) {
        unreadable(
            path, {fmt::format("the password in '{}' cannot be decoded: {}", name, plain.error())});
      }
    }
  }
}

// ── Quotas and credentials ──────────────────────────────────────────────────────────────────────

std::optional<QuotaMetadata> ZnodeReading::quota(
    const ZnodeAnswer& answer, const std::vector<std::pair<std::string_view, std::string>>& entity,
    bool with_credentials) {
  if (!has_data(answer)) return std::nullopt;
  auto config = parse_config(*answer.data);
  if (!config) {
    unreadable(answer.path, std::move(config.error()));
    return std::nullopt;
  }
  if (config->empty()) report_.empty_configs.push_back(answer.path);
  QuotaMetadata metadata;
  for (const auto& [type, znode_name] : entity) {
    std::optional<std::string> name;
    if (options_.defects.entity_names_stay_encoded) {
      name = znode_name == kDefaultEntity ? std::string() : znode_name;
    } else if (znode_name != kDefaultEntity) {
      name = desanitize(znode_name);
      if (!name) {
        unreadable(answer.path,
                   {fmt::format("the name '{}' is not URL-encoded", znode_name), true});
        return std::nullopt;
      }
    }
    metadata.entity.push_back({.entity_type = std::string(type), .entity_name = std::move(name)});
  }
  if (with_credentials) {
    using enum sim::ScramMechanism;
    for (const auto mechanism : {ScramSha256, ScramSha512}) {
      const auto found = config->find(std::string(sim::name_of(mechanism)));
      if (found == config->end()) continue;
      auto credential = parse_scram_credential(found->second);
      if (credential) {
        // Kafka desanitizes the znode's name here without regard to <default>.
        metadata.credentials.push_back(
            {desanitize(entity.front().second).value_or(entity.front().second), mechanism,
             *std::move(credential)});
      } else {
        unreadable(answer.path, std::move(credential.error()));
        if (failed()) return std::nullopt;
      }
      config->erase(found);
    }
  }
  for (const auto& [key, text] : *config) {
    if (const auto value = sim::QuotaValue::parse(text)) {
      metadata.quotas.emplace(key, *value);
    } else {
      unreadable(answer.path,
                 {fmt::format("the quota '{}' is '{}', which is no number", key, text), true});
      if (failed()) return std::nullopt;
    }
  }
  return metadata;
}

// ── The rest ────────────────────────────────────────────────────────────────────────────────────

std::optional<ProducerIdBlockZnode> ZnodeReading::producer_id_block(const ZnodeAnswer& answer) {
  if (!has_data(answer)) return std::nullopt;
  // No block was ever allocated. Kafka creates the znode with null; empty data would make it throw.
  if (answer.data->empty() && options_.manner == ReadManner::Reader) return std::nullopt;
  auto block = parse_producer_id_block(*answer.data);
  if (block) return *block;
  unreadable(answer.path, std::move(block.error()));
  return std::nullopt;
}

sim::ProducerId ZnodeReading::next_producer_id(const ProducerIdBlockZnode& block) const {
  return options_.defects.current_producer_id_block_is_next ? sim::ProducerId(block.block_start)
                                                            : zk::next_producer_id(block);
}

std::optional<std::vector<AclEntry>> ZnodeReading::acls(const ZnodeAnswer& answer) {
  if (!has_data(answer)) return std::nullopt;
  auto entries = parse_acls(*answer.data);
  if (entries) return *std::move(entries);
  unreadable(answer.path, std::move(entries.error()));
  return std::nullopt;
}

std::optional<DelegationTokenZnode> ZnodeReading::delegation_token(const ZnodeAnswer& answer) {
  if (!has_data(answer) || answer.data->empty()) return std::nullopt;
  auto token = parse_delegation_token(*answer.data);
  if (token) return *std::move(token);
  unreadable(answer.path, std::move(token.error()));
  return std::nullopt;
}

}  // namespace zk
