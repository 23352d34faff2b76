#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <algorithm>

#include "sim/kafka/delta.h"
#include "tests/sim/kafka/image_model.h"

namespace sim::testing {
namespace {

int pick(int count) {
  return *rc::gen::resize(100, rc::gen::inRange(0, count));
}
bool toss() {
  return pick(2) == 0;
}
template <class T>
T one_of(const std::vector<T>& choices) {
  return choices[static_cast<std::size_t>(pick(static_cast<int>(choices.size())))];
}

// Ids of one byte, of two and of more in packed form.
BrokerId some_broker() {
  return BrokerId(one_of<int>({1, 2, 3, 127, 128, 70'000}));
}
PartitionId some_partition() {
  return PartitionId(one_of<int>({0, 1, 2, 63, 64, 65, 500}));
}
Uuid some_id() {
  return {7, 1000 + pick(6)};
}
std::string some_name() {
  return one_of<std::string>({"orders", "a", "b.c", "x y", ""});
}
Uuid some_directory() {
  return one_of<Uuid>({kMigratingDirectory,
                       kMigratingDirectory,
                       kUnassignedDirectory,
                       kLostDirectory,
                       {5, 1},
                       {5, 2},
                       {-5, 3}});
}
std::vector<BrokerId> some_brokers() {
  std::vector<BrokerId> brokers;
  for (int i = pick(4); i > 0; --i) brokers.push_back(some_broker());
  return brokers;
}
std::vector<Uuid> some_directories(std::size_t count) {
  std::vector<Uuid> directories;
  for (std::size_t i = 0; i < count; ++i) directories.push_back(some_directory());
  return directories;
}
Bytes some_bytes() {
  return Bytes(static_cast<std::size_t>(pick(3)), static_cast<std::uint8_t>(pick(256)));
}
template <class Make>
auto maybe(Make&& make) {
  return toss() ? std::optional(make()) : std::nullopt;
}

Uuid topic_in(const NaiveImage& known) {
  if (known.topics.empty() || pick(8) == 0) return some_id();
  auto at = known.topics.begin();
  std::advance(at, pick(static_cast<int>(known.topics.size())));
  return at->second;
}

std::pair<BrokerId, BrokerEpoch> broker_in(const NaiveImage& known) {
  const BrokerId id = some_broker();
  const auto found = known.brokers.find(id.value());
  if (found == known.brokers.end() || pick(8) == 0) return {id, BrokerEpoch(pick(3))};
  return {id, found->second.broker_epoch};
}

PartitionRecord some_partition_record(const NaiveImage& known) {
  PartitionRecord record{.partition_id = some_partition(), .topic_id = topic_in(known)};
  record.replicas = some_brokers();
  record.isr = toss() ? record.replicas : some_brokers();
  record.removing_replicas = toss() ? std::vector<BrokerId>() : some_brokers();
  record.adding_replicas = toss() ? std::vector<BrokerId>() : some_brokers();
  record.leader = toss() && !record.replicas.empty() ? record.replicas[0] : BrokerId(pick(3) - 1);
  record.leader_recovery_state =
      toss() ? LeaderRecoveryState::Recovered : LeaderRecoveryState::Recovering;
  record.leader_epoch = LeaderEpoch(pick(300));
  record.partition_epoch = PartitionEpoch(pick(300));
  record.directories =
      some_directories(toss() ? record.replicas.size() : static_cast<std::size_t>(pick(3)));
  record.eligible_leader_replicas = maybe(some_brokers);
  record.last_known_elr = maybe(some_brokers);
  return record;
}

PartitionChangeRecord some_change(const NaiveImage& known) {
  PartitionChangeRecord record{.partition_id = some_partition(), .topic_id = topic_in(known)};
  if (!known.partitions.empty() && pick(8) != 0) {
    auto at = known.partitions.begin();
    std::advance(at, pick(static_cast<int>(known.partitions.size())));
    record.partition_id = PartitionId(at->first.second);
    record.topic_id = known.topics.at(at->first.first);
  }
  record.isr = maybe(some_brokers);
  record.leader = toss() ? kLeaderUnchanged : BrokerId(pick(3) - 1);
  record.replicas = pick(3) == 0 ? std::optional(some_brokers()) : std::nullopt;
  record.removing_replicas = maybe(some_brokers);
  record.adding_replicas = maybe(some_brokers);
  record.leader_recovery_state =
      one_of<LeaderRecoveryState>({LeaderRecoveryState::NoChange, LeaderRecoveryState::Recovered,
                                   LeaderRecoveryState::Recovering});
  if (toss()) {
    record.directories = some_directories(record.replicas ? record.replicas->size()
                                                          : static_cast<std::size_t>(pick(4)));
  }
  record.eligible_leader_replicas = maybe(some_brokers);
  record.last_known_elr = maybe(some_brokers);
  return record;
}

RegisterBrokerRecord some_registration() {
  RegisterBrokerRecord record{.broker_id = some_broker()};
  record.is_migrating_zk_broker = toss();
  record.incarnation_id = some_id();
  record.broker_epoch = BrokerEpoch(pick(3));
  record.rack = maybe(some_name);
  record.fenced = toss();
  for (int i = pick(3); i > 0; --i) {
    record.end_points.push_back(
        {.name = "L" + std::to_string(i), .host = some_name(), .port = 9092});
    record.features.push_back({.name = "f" + std::to_string(i), .max_supported_version = 3});
    record.log_dirs.push_back(some_id());
  }
  return record;
}

ClientQuotaRecord some_quota() {
  ClientQuotaRecord record;
  record.entity.push_back({.entity_type = "user", .entity_name = maybe(some_name)});
  if (toss())
    record.entity.push_back({.entity_type = "client-id", .entity_name = maybe(some_name)});
  if (toss()) std::ranges::reverse(record.entity);
  record.key = one_of<std::string>({"producer_byte_rate", "request_percentage"});
  record.value = QuotaValue(static_cast<double>(pick(3)));
  record.remove = pick(3) == 0;
  return record;
}

Record some_security_record(const NaiveImage& known) {
  const auto mechanism = toss() ? ScramMechanism::ScramSha256 : ScramMechanism::ScramSha512;
  switch (pick(6)) {
    case 0:
      return UserScramCredentialRecord{.name = some_name(),
                                       .mechanism = mechanism,
                                       .salt = some_bytes(),
                                       .stored_key = some_bytes(),
                                       .iterations = 4096};
    case 1:
      return RemoveUserScramCredentialRecord{.name = some_name(), .mechanism = mechanism};
    case 2:
      return DelegationTokenRecord{.owner = some_name(),
                                   .renewers = {some_name()},
                                   .issue_timestamp = pick(3),
                                   .token_id = some_name()};
    case 3:
      return RemoveDelegationTokenRecord{.token_id = some_name()};
    case 4:
      return AccessControlEntryRecord{.id = some_id(),
                                      .resource_type = AclResourceType::Topic,
                                      .resource_name = some_name(),
                                      .pattern_type = PatternType::Literal,
                                      .principal = "User:" + some_name(),
                                      .host = "*",
                                      .operation = AclOperation::Read,
                                      .permission_type = AclPermissionType::Allow};
    default:
      if (!known.acls.empty() && toss())
        return RemoveAccessControlEntryRecord{.id = known.acls.begin()->first};
      return RemoveAccessControlEntryRecord{.id = some_id()};
  }
}

Record some_node_record(const NaiveImage& known) {
  const auto [broker, epoch] = broker_in(known);
  switch (pick(6)) {
    case 0:
      return UnregisterBrokerRecord{.broker_id = broker, .broker_epoch = epoch};
    case 1:
      return FenceBrokerRecord{.id = broker, .epoch = epoch};
    case 2:
      return UnfenceBrokerRecord{.id = broker, .epoch = epoch};
    case 3:
      return BrokerRegistrationChangeRecord{
          .broker_id = broker,
          .broker_epoch = epoch,
          .fenced = one_of<FencingChange>(
              {FencingChange::None, FencingChange::Fence, FencingChange::Unfence}),
          .in_controlled_shutdown = toss() ? ControlledShutdownChange::None
                                           : ControlledShutdownChange::InControlledShutdown,
          .log_dirs = std::vector<Uuid>(static_cast<std::size_t>(pick(2)), some_id())};
    case 4:
      return RegisterControllerRecord{.controller_id = BrokerId(3000 + pick(2)),
                                      .incarnation_id = some_id(),
                                      .zk_migration_ready = toss()};
    default:
      return some_registration();
  }
}

Partition naive_partition(const PartitionRecord& record) {
  Partition p;
  p.replicas = record.replicas;
  p.directories = record.directories;
  if (p.directories.empty()) p.directories.assign(p.replicas.size(), kMigratingDirectory);
  p.isr = record.isr;
  p.removing_replicas = record.removing_replicas;
  p.adding_replicas = record.adding_replicas;
  p.leader = record.leader;
  p.leader_recovery_state = record.leader_recovery_state;
  p.leader_epoch = record.leader_epoch;
  p.partition_epoch = record.partition_epoch;
  if (record.eligible_leader_replicas)
    p.eligible_leader_replicas = *record.eligible_leader_replicas;
  if (record.last_known_elr) p.last_known_elr = *record.last_known_elr;
  return p;
}

std::optional<Partition> naive_merge(Partition p, const PartitionChangeRecord& change) {
  if (change.replicas) p.replicas = *change.replicas;
  if (change.directories) p.directories = *change.directories;
  const auto migrating = std::ranges::count(p.directories, kMigratingDirectory);
  if (static_cast<std::size_t>(migrating) == p.directories.size()) {
    if (change.replicas && change.directories && !change.directories->empty() &&
        change.directories->size() != change.replicas->size()) {
      return std::nullopt;
    }
    p.directories = std::vector<Uuid>(p.replicas.size(), kMigratingDirectory);
  }
  if (p.directories.size() != p.replicas.size()) return std::nullopt;
  if (change.isr) p.isr = *change.isr;
  if (change.removing_replicas) p.removing_replicas = *change.removing_replicas;
  if (change.adding_replicas) p.adding_replicas = *change.adding_replicas;
  if (change.eligible_leader_replicas)
    p.eligible_leader_replicas = *change.eligible_leader_replicas;
  if (change.last_known_elr) p.last_known_elr = *change.last_known_elr;
  if (change.leader.value() != -2) {
    p.leader = change.leader;
    p.leader_epoch = LeaderEpoch(p.leader_epoch.value() + 1);
  }
  if (static_cast<int>(change.leader_recovery_state) != -1) {
    p.leader_recovery_state = change.leader_recovery_state;
  }
  p.partition_epoch = PartitionEpoch(p.partition_epoch.value() + 1);
  return p;
}

// The replay rules of the naive image, one overload for each record.
struct NaiveReplay {
  NaiveImage& image;

  std::optional<std::string> topic_name(Uuid id) const {
    for (const auto& [name, topic_id] : image.topics) {
      if (topic_id == id) return name;
    }
    return std::nullopt;
  }
  BrokerRegistration* registered(BrokerId id, BrokerEpoch epoch) const {
    const auto found = image.brokers.find(id.value());
    if (found == image.brokers.end() || found->second.broker_epoch != epoch) return nullptr;
    return &found->second;
  }

  bool operator()(const TopicRecord& r) const {
    if (image.topics.contains(r.name) || topic_name(r.topic_id)) return false;
    image.topics[r.name] = r.topic_id;
    return true;
  }
  bool operator()(const PartitionRecord& r) const {
    const auto name = topic_name(r.topic_id);
    if (!name) return false;
    if (!r.directories.empty() && r.directories.size() != r.replicas.size()) return false;
    image.partitions[{*name, r.partition_id.value()}] = naive_partition(r);
    return true;
  }
  bool operator()(const PartitionChangeRecord& r) const {
    const auto name = topic_name(r.topic_id);
    if (!name) return false;
    const auto found = image.partitions.find({*name, r.partition_id.value()});
    if (found == image.partitions.end()) return false;
    const auto changed = naive_merge(found->second, r);
    if (changed) found->second = *changed;
    return changed.has_value();
  }
  bool operator()(const RemoveTopicRecord& r) const {
    const auto name = topic_name(r.topic_id);
    if (!name) return false;
    image.topics.erase(*name);
    std::erase_if(image.partitions, [&](const auto& p) { return p.first.first == *name; });
    std::erase_if(image.configs, [&](const auto& c) {
      return std::get<0>(c.first) == 2 && std::get<1>(c.first) == *name;
    });
    return true;
  }
  bool operator()(const ConfigRecord& r) const {
    const std::tuple key(static_cast<int>(r.resource_type), r.resource_name, r.name);
    image.configs.erase(key);
    if (r.value) image.configs[key] = *r.value;
    return true;
  }
  bool operator()(const ClientQuotaRecord& r) const {
    QuotaEntity entity;
    for (const EntityData& part : r.entity) entity[part.entity_type] = part.entity_name;
    image.quotas.erase({entity, r.key});
    if (!r.remove) image.quotas[{entity, r.key}] = r.value;
    return true;
  }
  bool operator()(const RegisterBrokerRecord& r) const {
    BrokerRegistration registration = r;
    std::ranges::sort(registration.end_points);
    std::ranges::sort(registration.features);
    std::ranges::sort(registration.log_dirs);
    image.brokers[r.broker_id.value()] = registration;
    return true;
  }
  bool operator()(const UnregisterBrokerRecord& r) const {
    if (registered(r.broker_id, r.broker_epoch) == nullptr) return false;
    image.brokers.erase(r.broker_id.value());
    return true;
  }
  bool operator()(const FenceBrokerRecord& r) const { return set_fenced(r.id, r.epoch, true); }
  bool operator()(const UnfenceBrokerRecord& r) const { return set_fenced(r.id, r.epoch, false); }
  bool set_fenced(BrokerId id, BrokerEpoch epoch, bool fenced) const {
    BrokerRegistration* const broker = registered(id, epoch);
    if (broker != nullptr) broker->fenced = fenced;
    return broker != nullptr;
  }
  bool operator()(const BrokerRegistrationChangeRecord& r) const {
    BrokerRegistration* const broker = registered(r.broker_id, r.broker_epoch);
    if (broker == nullptr) return false;
    if (static_cast<int>(r.fenced) != 0) broker->fenced = static_cast<int>(r.fenced) == 1;
    if (static_cast<int>(r.in_controlled_shutdown) == 1) broker->in_controlled_shutdown = true;
    if (!r.log_dirs.empty()) broker->log_dirs = r.log_dirs;
    return true;
  }
  bool operator()(const RegisterControllerRecord& r) const {
    image.controllers[r.controller_id.value()] = r;
    return true;
  }
  bool operator()(const FeatureLevelRecord& r) const {
    if (r.name == "metadata.version") {
      image.metadata_version = r.feature_level;
    } else {
      image.features.erase(r.name);
      if (r.feature_level != 0) image.features[r.name] = r.feature_level;
    }
    return true;
  }
  bool operator()(const ZkMigrationStateRecord& r) const {
    image.migration = r.zk_migration_state;
    return true;
  }
  bool operator()(const ProducerIdsRecord& r) const {
    image.next_producer_id = r.next_producer_id.value();
    return true;
  }
  bool operator()(const UserScramCredentialRecord& r) const {
    image.scram[{static_cast<int>(r.mechanism), r.name}] = r;
    return true;
  }
  bool operator()(const RemoveUserScramCredentialRecord& r) const {
    return image.scram.erase({static_cast<int>(r.mechanism), r.name}) == 1;
  }
  bool operator()(const DelegationTokenRecord& r) const {
    image.tokens[r.token_id] = r;
    return true;
  }
  bool operator()(const RemoveDelegationTokenRecord& r) const {
    return image.tokens.erase(r.token_id) == 1;
  }
  bool operator()(const AccessControlEntryRecord& r) const {
    image.acls[r.id] = r;
    return true;
  }
  bool operator()(const RemoveAccessControlEntryRecord& r) const {
    return image.acls.erase(r.id) == 1;
  }
  bool operator()(const NoOpRecord&) const { return true; }
  bool operator()(const BeginTransactionRecord&) const { return false; }
  bool operator()(const EndTransactionRecord&) const { return false; }
  bool operator()(const AbortTransactionRecord&) const { return false; }
};

}  // namespace

NaiveImage NaiveImage::of(const MetadataImage& image) {
  NaiveImage naive;
  naive.metadata_version = level_of(image.features().metadata_version);
  naive.migration = image.features().zk_migration_state;
  naive.next_producer_id = image.producer_ids().next_producer_id.value();
  for (const FeatureLevel& f : image.features().finalized) naive.features[f.name] = f.level;
  for (const BrokerRegistration& b : image.cluster().brokers)
    naive.brokers[b.broker_id.value()] = b;
  for (const ControllerRegistration& c : image.cluster().controllers) {
    naive.controllers[c.controller_id.value()] = c;
  }
  for (const Topic& topic : image.topics()) {
    naive.topics[topic.name()] = topic.id();
    for (const auto& [id, partition] : topic.partitions()) {
      naive.partitions[{topic.name(), id.value()}] = partition;
    }
  }
  for (const ResourceConfigs& held : image.configs().resources) {
    for (const auto& [key, value] : held.values) {
      naive.configs[{static_cast<int>(held.resource.type), held.resource.name, key}] = value;
    }
  }
  for (const ClientQuota& quota : image.client_quotas().entities) {
    for (const auto& [key, value] : quota.values) naive.quotas[{quota.entity, key}] = value;
  }
  for (const ScramCredential& c : image.scram().credentials) {
    naive.scram[{static_cast<int>(c.mechanism), c.name}] = c;
  }
  for (const Acl& acl : image.acls().acls) naive.acls[acl.id] = acl;
  for (const DelegationToken& token : image.tokens().tokens) naive.tokens[token.token_id] = token;
  return naive;
}

bool NaiveImage::replay(const Record& record) {
  return std::visit(NaiveReplay{*this}, record);
}

Record random_record(const NaiveImage& known) {
  switch (pick(16)) {
    case 0:
    case 1:
      return TopicRecord{.name = some_name(), .topic_id = some_id()};
    case 2:
    case 3:
    case 4:
      return some_partition_record(known);
    case 5:
    case 6:
    case 7:
      return some_change(known);
    case 8:
      return RemoveTopicRecord{.topic_id = topic_in(known)};
    case 9:
      return ConfigRecord{.resource_type = one_of<ConfigResourceType>(
                              {ConfigResourceType::Topic, ConfigResourceType::Broker,
                               ConfigResourceType::ClientMetrics}),
                          .resource_name = some_name(),
                          .name = one_of<std::string>({"retention.ms", "k"}),
                          .value = maybe(some_name)};
    case 10:
      return some_quota();
    case 11:
      switch (pick(4)) {
        case 0:
          return FeatureLevelRecord{.name = "metadata.version",
                                    .feature_level = static_cast<std::int16_t>(1 + pick(23))};
        case 1:
          return FeatureLevelRecord{.name = some_name(),
                                    .feature_level = static_cast<std::int16_t>(pick(3))};
        case 2:
          return ZkMigrationStateRecord{.zk_migration_state =
                                            static_cast<ZkMigrationState>(pick(4))};
        default:
          return ProducerIdsRecord{.next_producer_id = ProducerId(pick(3) * 1000)};
      }
    case 12:
    case 13:
      return some_node_record(known);
    case 14:
      return some_security_record(known);
    default:
      return NoOpRecord{};
  }
}

std::vector<Record> random_history(NaiveImage& image, int most_records) {
  std::vector<Record> history;
  for (int i = pick(most_records + 1); i > 0; --i) {
    Record record = random_record(image);
    if (image.replay(record)) history.push_back(std::move(record));
  }
  return history;
}

RC_GTEST_PROP(Image, IsWhatTheNaiveImageIs, ()) {
  NaiveImage naive;
  MetadataDelta delta{MetadataImage()};
  bool changed_a_partition = false;
  bool refused_one = false;
  for (int i = pick(120); i > 0; --i) {
    const Record record = random_record(naive);
    const MetadataImage before = delta.apply({});
    const bool replayed = delta.replay(record).has_value();
    RC_ASSERT(naive.replay(record) == replayed);
    if (!replayed) RC_ASSERT(delta.apply({}).digest() == before.digest());
    changed_a_partition |= replayed && std::holds_alternative<PartitionChangeRecord>(record);
    refused_one |= !replayed;
  }
  RC_CLASSIFY(changed_a_partition);
  RC_CLASSIFY(refused_one);
  const MetadataImage image = delta.apply({});
  RC_ASSERT(NaiveImage::of(image) == naive);
  RC_ASSERT(image.topics().partition_count() == naive.partitions.size());
}

}  // namespace sim::testing
