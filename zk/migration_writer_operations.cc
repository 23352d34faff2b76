#include "zk/migration_writer_operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "sim/base/check.h"
#include "sim/base/digest.h"
#include "zk/paths.h"
#include "zk/sanitizer.h"

namespace zk {
namespace {

std::string describe(const sim::QuotaEntity& entity) {
  std::string text;
  for (const auto& [type, name] : entity) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", type,
                        name.value_or(std::string(kDefaultEntity)));
  }
  return text;
}

// Random-looking bytes that follow from a number alone.
sim::Bytes nonce_bytes(std::uint64_t seed, std::size_t count) {
  sim::Bytes bytes;
  sim::Digest digest(seed);
  while (bytes.size() < count) {
    digest.add(static_cast<std::uint64_t>(bytes.size()));
    for (std::uint64_t word = digest.value(), i = 0; i < 8 && bytes.size() < count;
         ++i, word >>= 8) {
      bytes.push_back(static_cast<std::uint8_t>(word));
    }
  }
  return bytes;
}

constexpr std::size_t kSaltBytes = 256;
constexpr std::size_t kVectorBytes = 16;
constexpr std::size_t kGcmVectorBytes = 12;
constexpr std::int64_t kProducerIdBlockSize = 1000;

// Paths below which nobody but the creator may read (ZkData.SensitiveRootPaths).
bool is_sensitive(std::string_view path) {
  return path.starts_with("/config/users") || path.starts_with("/config/brokers") ||
         path.starts_with(paths::kTokens);
}

std::optional<std::string> znode_name(const sim::QuotaEntity& entity, std::string_view type,
                                      bool names_stay_encoded) {
  const auto found = entity.find(std::string(type));
  if (found == entity.end()) return std::nullopt;
  if (names_stay_encoded && found->second)
    return found->second->empty() ? std::string(kDefaultEntity) : *found->second;
  return found->second ? sanitize(*found->second) : std::string(kDefaultEntity);
}

}  // namespace

PartitionMap partitions_of(const sim::Topic& topic) {
  PartitionMap partitions;
  for (const auto& [id, partition] : topic.partitions())
    partitions.emplace_hint(partitions.end(), id, partition);
  return partitions;
}

std::map<std::string, std::string> scram_texts(const sim::ScramPart& scram,
                                               const std::optional<std::string>& user) {
  std::map<std::string, std::string> texts;
  if (!user) return texts;
  using enum sim::ScramMechanism;
  for (const auto mechanism : {ScramSha256, ScramSha512}) {
    const auto* const credential = scram.find(mechanism, *user);
    if (credential == nullptr) continue;
    texts.emplace(sim::name_of(mechanism),
                  encode(ScramCredential{.salt = credential->salt,
                                         .stored_key = credential->stored_key,
                                         .server_key = credential->server_key,
                                         .iterations = credential->iterations}));
  }
  return texts;
}

ResourcePattern resource_of(const sim::Acl& acl) {
  return {.resource_type = acl.resource_type,
          .pattern_type = acl.pattern_type,
          .name = acl.resource_name};
}

AclEntry entry_of(const sim::Acl& acl) {
  return {.principal = acl.principal,
          .host = acl.host,
          .operation = acl.operation,
          .permission_type = acl.permission_type};
}

std::map<ResourcePattern, std::vector<AclEntry>> acls_by_resource(const sim::AclsPart& acls) {
  std::map<ResourcePattern, std::vector<AclEntry>> by_resource;
  for (const sim::Acl& acl : acls.acls) by_resource[resource_of(acl)].push_back(entry_of(acl));
  for (auto& [resource, entries] : by_resource) {
    std::ranges::sort(entries);
    const auto repeated = std::ranges::unique(entries);
    entries.erase(repeated.begin(), repeated.end());
  }
  return by_resource;
}

bool is_user_alone(const sim::QuotaEntity& entity) {
  return entity.contains(std::string(kQuotaUser)) && !entity.contains(std::string(kQuotaClientId));
}

// ── Quotas as texts: DynamicConfig.{User,Client,Ip}, QuotaConfigs ───────────────────────────────

namespace {

// The whole number that a value stands for: within a millionth, as ZkAdminManager has it, and no
// more than `most`. Reckoned on the bits, so that every compiler agrees.
std::optional<std::int64_t> whole_number(sim::QuotaValue value, std::int64_t most) {
  constexpr std::uint64_t kFraction = (std::uint64_t{1} << 52) - 1;
  const bool negative = (value.bits() >> 63) != 0;
  const auto biased = static_cast<int>((value.bits() >> 52) & 0x7FF);
  if (biased == 0x7FF) return std::nullopt;  // infinite, or no number
  const std::uint64_t mantissa = (value.bits() & kFraction) | (biased == 0 ? 0 : kFraction + 1);
  const int exponent = (biased == 0 ? 1 : biased) - 1075;  // the value is mantissa * 2^exponent
  std::uint64_t whole = 0;
  if (exponent >= 0) {
    if (exponent > 11) return std::nullopt;
    whole = mantissa << exponent;
  } else if (exponent > -63) {
    const std::uint64_t one = std::uint64_t{1} << -exponent;
    const std::uint64_t rest = mantissa & (one - 1);
    whole = mantissa >> -exponent;
    const std::uint64_t tolerated = one / 1'000'000;
    if (one - rest <= tolerated) {
      ++whole;
    } else if (rest > tolerated) {
      return std::nullopt;
    }
  } else if (exponent > -73 && mantissa > ((std::uint64_t{1} << 62) / 1'000'000)
                                              << (-exponent - 62)) {
    return std::nullopt;
  }
  if (negative && whole != 0) return std::nullopt;
  // Java's cast saturates: 2^63 becomes the largest long and counts as equal to it.
  constexpr std::uint64_t kTwoTo63 = std::uint64_t{1} << 63;
  if (whole == kTwoTo63 && most == std::numeric_limits<std::int64_t>::max()) return most;
  if (whole > static_cast<std::uint64_t>(most)) return std::nullopt;
  return static_cast<std::int64_t>(whole);
}

}  // namespace

std::optional<std::string> quota_text(const sim::QuotaEntity& entity, const std::string& key,
                                      sim::QuotaValue value) {
  constexpr std::array<std::string_view, 2> kLongs{"producer_byte_rate", "consumer_byte_rate"};
  constexpr std::array<std::string_view, 2> kDoubles{"request_percentage",
                                                     "controller_mutation_rate"};
  const bool is_ip = entity.contains(std::string(kQuotaIp)) &&
                     !entity.contains(std::string(kQuotaUser)) &&
                     !entity.contains(std::string(kQuotaClientId));
  const bool is_int = is_ip && key == "connection_creation_rate";
  const bool is_long = !is_ip && std::ranges::find(kLongs, key) != kLongs.end();
  if (!is_ip && std::ranges::find(kDoubles, key) != kDoubles.end()) return value.describe();
  if (!is_int && !is_long) return std::nullopt;
  const auto number = whole_number(value, is_int ? std::numeric_limits<std::int32_t>::max()
                                                 : std::numeric_limits<std::int64_t>::max());
  if (!number) return std::nullopt;
  return std::to_string(*number);
}

// ── Topics ──────────────────────────────────────────────────────────────────────────────────────

Create OperationMaker::create(std::string path, Data data) const {
  AclList acl = open_acl_unsafe();
  if (options_.set_acl) {
    acl = creator_all("auth", "");
    if (!is_sensitive(path)) acl.push_back(read_acl_unsafe().front());
  }
  return {.path = std::move(path), .data = std::move(data), .acl = std::move(acl)};
}

std::string OperationMaker::state_text(const sim::Partition& partition) const {
  // The epoch of the quorum, not that of /controller_epoch: KAFKA-20488 (migration.md §0.4).
  const sim::ControllerEpoch written_by =
      options_.defects.states_bear_raft_epoch
          ? sim::ControllerEpoch(context_.migration.kraft_controller_epoch.value())
          : context_.controller_epoch;
  return encode(PartitionStateZnode{.leader = partition.leader,
                                    .leader_epoch = partition.leader_epoch,
                                    .isr = partition.isr,
                                    .controller_epoch = written_by,
                                    .leader_recovery_state = partition.leader_recovery_state});
}

void OperationMaker::add_partition_creates(const std::string& topic, const PartitionMap& partitions,
                                           std::vector<Request>& requests) const {
  requests.emplace_back(create(paths::partitions(topic), std::nullopt));
  for (const auto& [id, partition] : partitions) {
    requests.emplace_back(create(paths::partition(topic, id), std::nullopt));
    requests.emplace_back(create(paths::partition_state(topic, id), state_text(partition)));
  }
}

namespace {

std::string topic_text(const sim::Topic& topic, const PartitionMap& partitions) {
  TopicZnode znode{.topic_id = topic.id()};
  for (const auto& [id, partition] : partitions) {
    znode.partitions.emplace_hint(
        znode.partitions.end(), id,
        TopicZnode::Assignment{.replicas = partition.replicas,
                               .adding_replicas = partition.adding_replicas,
                               .removing_replicas = partition.removing_replicas});
  }
  return encode(znode);
}

}  // namespace

MirrorOperation OperationMaker::clear_pending_deletions(
    const std::vector<std::string>& topics) const {
  MirrorOperation operation{.type = "DeletePendingTopicDeletion",
                            .what = "Deleted pending topic deletions",
                            .requests = {},
                            .unwrapped = true};
  for (const std::string& topic : topics)
    operation.requests.emplace_back(Delete{paths::delete_topic(topic)});
  return operation;
}

MirrorOperation OperationMaker::create_topic(const sim::Topic& topic) const {
  const PartitionMap partitions = partitions_of(topic);
  MirrorOperation operation{
      .type = "CreateTopic",
      .what = fmt::format("Created Topic {}, ID {}", topic.name(), topic.id().describe()),
      .acceptance = Acceptance::TopicCreated};
  operation.requests.emplace_back(
      create(paths::topic(topic.name()), topic_text(topic, partitions)));
  if (!options_.defects.topics_get_no_config_znode) {
    operation.requests.emplace_back(
        create(paths::config(paths::kTopicEntity, topic.name()), encode(ConfigZnode{})));
  }
  add_partition_creates(topic.name(), partitions, operation.requests);
  return operation;
}

MirrorOperation OperationMaker::update_topic(const sim::Topic& topic) const {
  return {
      .type = "UpdateTopic",
      .what = fmt::format("Changed Topic {}, ID {}", topic.name(), topic.id().describe()),
      .requests = {SetData{paths::topic(topic.name()), topic_text(topic, partitions_of(topic))}}};
}

MirrorOperation OperationMaker::delete_topic(const std::string& name, sim::Uuid id) const {
  return {
      .type = "DeleteTopic",
      .what = fmt::format("Deleted Topic {}, ID {}", name, id.describe()),
      .requests = {Delete{paths::config(paths::kTopicEntity, name)}, Delete{paths::topic(name)}},
      .acceptance = Acceptance::LastOk,
      .delete_below = paths::topic(name)};
}

MirrorOperation OperationMaker::create_partitions(const std::string& topic,
                                                  const PartitionMap& partitions) const {
  MirrorOperation operation{.type = "UpdatePartition",
                            .what = fmt::format("Created new partitions for Topic {}", topic),
                            .acceptance = Acceptance::OkOrNodeExists};
  add_partition_creates(topic, partitions, operation.requests);
  return operation;
}

MirrorOperation OperationMaker::update_partitions(const std::string& topic,
                                                  const PartitionMap& partitions) const {
  MirrorOperation operation{.type = "UpdatePartition",
                            .what = fmt::format("Updated Partitions for Topic {}", topic)};
  for (const auto& [id, partition] : partitions) {
    operation.requests.emplace_back(
        SetData{paths::partition_state(topic, id), state_text(partition)});
  }
  return operation;
}

MirrorOperation OperationMaker::delete_partitions(const std::string& topic,
                                                  const std::vector<sim::PartitionId>& ids) const {
  MirrorOperation operation{
      .type = "DeletePartition",
      .what = fmt::format("Deleted extraneous Partitions for Topic {}", topic),
      .requests = {},
      .unwrapped = true};
  // Without the `state` below: NotEmpty in the first round (MB-10).
  for (const sim::PartitionId id : ids)
    operation.requests.emplace_back(Delete{paths::partition(topic, id)});
  return operation;
}

// ── Configs ─────────────────────────────────────────────────────────────────────────────────────

std::string OperationMaker::encoded_password(const std::string& where,
                                             const std::string& plain) const {
  if (!options_.password_secret) return plain;
  sim::Digest digest(options_.nonce_seed);
  digest.add(std::string_view(where));
  digest.add(static_cast<std::uint64_t>(context_.migration_zk_version.value()));
  const bool gcm = options_.password_encoding.cipher_algorithm.starts_with("AES/GCM/");
  const PasswordNonce nonce{
      .salt = nonce_bytes(digest.value(), kSaltBytes),
      .initialization_vector = nonce_bytes(~digest.value(), gcm ? kGcmVectorBytes : kVectorBytes)};
  auto encoded =
      encode_password(plain, *options_.password_secret, options_.password_encoding, nonce);
  sim::check(encoded.has_value(), "the configured cipher was tried when the controller started");
  return *std::move(encoded);
}

MirrorOperation OperationMaker::config_write(std::string type, std::string what,
                                             std::string_view entity_type,
                                             const std::string& entity, const ConfigZnode& config,
                                             std::string folder) const {
  const std::string path = paths::config(entity_type, entity);
  std::string text = encode(config);
  return {.type = std::move(type),
          .what = std::move(what),
          .requests = {SetData{path, text}},
          .folder_to_create = std::move(folder),
          .create = create(path, std::move(text)),
          .notification =
              Create{.path = std::string(paths::kConfigChangePrefix),
                     .data = encode_config_change(fmt::format("{}/{}", entity_type, entity)),
                     .acl = create("", {}).acl,
                     .mode = CreateMode::PersistentSequential},
          .notification_folder = std::string(paths::kConfigChanges)};
}

std::optional<MirrorOperation> OperationMaker::configs(std::string_view update_type,
                                                       std::string_view delete_type,
                                                       const sim::ConfigResource& resource,
                                                       const sim::ResourceConfigs* configs) const {
  const bool broker = resource.type == sim::ConfigResourceType::Broker;
  if (!broker && resource.type != sim::ConfigResourceType::Topic) return std::nullopt;
  const std::string_view entity_type = broker ? paths::kBrokerEntity : paths::kTopicEntity;
  const std::string entity = resource.name.empty() ? std::string(kDefaultEntity) : resource.name;
  const std::string whom = fmt::format("{} {}", sim::name_of(resource.type), resource.name);
  ConfigZnode config;
  if (configs != nullptr) {
    for (const auto& [name, value] : configs->values) {
      const std::string where = fmt::format("{}/{}/{}", entity_type, entity, name);
      config.emplace(name, is_password_config(name) ? encoded_password(where, value) : value);
    }
  }
  MirrorOperation write =
      config_write(std::string(update_type), fmt::format("Updated configs for {}", whom),
                   entity_type, entity, config, paths::config_type(entity_type));
  if (!config.empty()) return write;
  return MirrorOperation{.type = std::string(delete_type),
                         .what = fmt::format("Deleted configs for {}", whom),
                         .requests = {Delete{paths::config(entity_type, entity)}},
                         .acceptance = Acceptance::OkOrAbsent,
                         .notification = std::move(write.notification),
                         .notification_folder = std::move(write.notification_folder)};
}

MirrorOperation OperationMaker::client_quotas(
    const sim::QuotaEntity& entity, const sim::ClientQuota* quotas,
    const std::map<std::string, std::string>& credentials) const {
  const bool encoded = options_.read_defects.entity_names_stay_encoded;
  const auto user = znode_name(entity, kQuotaUser, encoded);
  const auto client = znode_name(entity, kQuotaClientId, encoded);
  const auto ip = znode_name(entity, kQuotaIp, encoded);
  const std::string what = fmt::format("Updated client quotas for {}", describe(entity));
  const std::string type = "UpdateClientQuota";
  ConfigZnode config(credentials.begin(), credentials.end());
  if (quotas != nullptr) {
    for (const auto& [key, value] : quotas->values) {
      auto text = quota_text(entity, key, value);
      if (!text) {
        return {
            .type = type,
            .what = what,
            .throws = MirrorFailure{MirrorFailure::Kind::ZooKeeper,
                                    fmt::format("the quota {}={} of {} has no form in ZooKeeper",
                                                key, value.describe(), describe(entity))}};
      }
      config.emplace(key, *std::move(text));
    }
  }
  if (user && client) {
    return config_write(type, what, paths::kUserEntity,
                        fmt::format("{}/clients/{}", *user, *client), config,
                        paths::user_clients(*user));
  }
  const std::string_view entity_type = user     ? paths::kUserEntity
                                       : client ? paths::kClientEntity
                                                : paths::kIpEntity;
  const auto& name = user ? user : client ? client : ip;
  // An entity that ZooKeeper mode does not know: Kafka logs an error and goes on.
  if (!name) return {.type = type, .what = what};
  return config_write(type, what, entity_type, *name, config, paths::config_type(entity_type));
}

// ── The rest ────────────────────────────────────────────────────────────────────────────────────

MirrorOperation OperationMaker::producer_id(sim::ProducerId next) const {
  return {.type = "UpdateProducerId",
          .what = "Set next producer ID",
          .requests = {SetData{
              std::string(paths::kProducerIdBlock),
              encode(ProducerIdBlockZnode{.broker = sim::kNoBroker,
                                          .block_start = next.value(),
                                          .block_end = next.value() + kProducerIdBlockSize - 1})}},
          .acceptance = Acceptance::Whatever};
}

MirrorOperation OperationMaker::acls(const ResourcePattern& resource,
                                     const std::vector<AclEntry>& entries) const {
  const std::string path = acl_path(resource);
  const Create notification{.path = std::string(acl_change_path(resource)),
                            .data = encode_acl_change(resource),
                            .acl = create("", {}).acl,
                            .mode = CreateMode::PersistentSequential};
  if (entries.empty()) {
    return {.type = "DeleteAcl",
            .what = fmt::format("Deleted resource {} which has no more ACLs", path),
            .requests = {Delete{path}},
            .acceptance = Acceptance::AclDeleted,
            .notification = notification,
            .unwrapped = true};
  }
  return {.type = "UpdateAcl",
          .what = fmt::format("Wrote {} for resource {}", entries.size(), path),
          .requests = {SetData{path, encode(entries)}},
          .acceptance = Acceptance::AclWritten,
          .create = create(path, encode(entries)),
          .notification = notification};
}

MirrorOperation OperationMaker::token(const sim::DelegationToken& token) const {
  const std::string text =
      encode(DelegationTokenZnode{.token_id = token.token_id,
                                  .owner = token.owner,
                                  .token_requester = token.requester,
                                  .renewers = token.renewers,
                                  .issue_timestamp_ms = token.issue_timestamp,
                                  .expiry_timestamp_ms = token.expiration_timestamp,
                                  .max_timestamp_ms = token.max_timestamp});
  const std::string path = paths::token(token.token_id);
  return {.type = "UpdateDelegationToken",
          .what = fmt::format("Updated DelegationToken for {}", token.token_id),
          .requests = {SetData{path, text}},
          .create = create(path, text)};
}

MirrorOperation OperationMaker::delete_token(const std::string& id) const {
  return {.type = "DeleteDelegationToken",
          .what = fmt::format("Deleted DelegationToken for {}", id),
          .requests = {Delete{paths::token(id)}},
          .acceptance = Acceptance::OkOrAbsent};
}

}  // namespace zk
