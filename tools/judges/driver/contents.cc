#include "tools/judges/driver/contents.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "sim/kafka/record_version.h"
#include "zk/paths.h"
#include "zk/znodes.h"

namespace judge {
namespace {

using sim::BrokerId;
using sim::PartitionId;

constexpr int kBrokers[] = {0, 1, 2};
const std::vector<std::string> kTopicNames{"a", "b", "c", "d"};
// The one that may wait to be deleted: of several Kafka writes in the order of a set.
const std::string kPendingTopic = "b";
const std::vector<std::string> kUsers{"a", "d"};
const std::vector<std::string> kTopicConfigs{"retention.ms", "cleanup.policy"};
const std::vector<std::string> kTokenIds{"tok", "tom"};
const std::vector<std::string> kPrincipals{"User:p", "User:q"};

std::vector<BrokerId> any_replicas(Dice& dice) {
  std::vector<BrokerId> replicas;
  const int first = dice.between(0, 2);
  const int count = dice.between(1, 3);
  for (int i = 0; i < count; ++i) replicas.emplace_back((first + i) % 3);
  return replicas;
}

std::vector<BrokerId> any_part(Dice& dice, std::vector<BrokerId> replicas) {
  while (replicas.size() > 1 && dice.one_in(3)) replicas.pop_back();
  return replicas;
}

// In the order of names, and so that Java's hash tables of up to twelve hold them in that order.
sim::Uuid topic_id(std::size_t name, std::int64_t generation) {
  return {static_cast<std::int64_t>(name + 1), (generation + 1) % 4096 << 4};
}

std::string scram_text(Dice& dice) {
  return zk::encode(
      zk::ScramCredential{.salt = sim::Bytes{1, 2, static_cast<std::uint8_t>(dice.below(9))},
                          .stored_key = sim::Bytes(32, 3),
                          .server_key = sim::Bytes(32, 4),
                          .iterations = 4096 + dice.between(0, 4)});
}

std::vector<zk::AclEntry> any_entries(Dice& dice) {
  std::vector<zk::AclEntry> entries;
  for (const std::string& principal : kPrincipals) {
    if (!entries.empty() && dice.one_in(2)) break;
    entries.push_back(
        {.principal = principal,
         .host = "*",
         .operation = dice.one_in(2) ? sim::AclOperation::Read : sim::AclOperation::Write,
         .permission_type = sim::AclPermissionType::Allow});
  }
  return entries;
}

zk::ConfigZnode any_topic_config(Dice& dice) {
  zk::ConfigZnode config;
  for (const std::string& key : kTopicConfigs) {
    if (dice.one_in(2))
      config.emplace(key, key == "retention.ms" ? std::to_string(dice.between(1, 5)) : "compact");
  }
  return config;
}

// ── The tree ────────────────────────────────────────────────────────────────────────────────────

class Planter {
 public:
  explicit Planter(Dice& dice) : dice_(dice) {}

  void put(const std::string& path, std::optional<std::string> data) {
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      const std::string parent = path.substr(0, slash);
      if (known_.emplace(parent, true).second) znodes_.emplace_back(parent, std::nullopt);
    }
    if (known_.emplace(path, true).second) znodes_.emplace_back(path, std::move(data));
  }
  Znodes take() { return std::move(znodes_); }

  void topic(std::size_t number) {
    const std::string& name = kTopicNames[number];
    zk::TopicZnode znode{.topic_id = topic_id(number, 4000)};
    if (dice_.one_in(60)) znode.topic_id.reset();
    const int partitions = dice_.between(1, 3);
    for (int id = 0; id < partitions; ++id) {
      znode.partitions[PartitionId(id)].replicas = any_replicas(dice_);
      if (dice_.one_in(12)) znode.partitions[PartitionId(id)].adding_replicas = {BrokerId(2)};
    }
    put(zk::paths::topic(name), zk::encode(znode));
    if (!dice_.one_in(8))
      put(zk::paths::config(zk::paths::kTopicEntity, name), zk::encode(any_topic_config(dice_)));
    for (const auto& [id, assignment] : znode.partitions) {
      if (dice_.one_in(10)) continue;
      const auto isr = any_part(dice_, assignment.replicas);
      put(zk::paths::partition_state(name, id),
          zk::encode(
              zk::PartitionStateZnode{.leader = dice_.one_in(10) ? sim::kNoBroker : isr.front(),
                                      .leader_epoch = sim::LeaderEpoch(dice_.between(0, 5)),
                                      .isr = isr,
                                      .controller_epoch = sim::ControllerEpoch(1)}));
    }
  }

  void security() {
    using namespace zk::paths;
    for (const std::string& user : kUsers) {
      if (dice_.one_in(2)) continue;
      zk::ConfigZnode config;
      if (dice_.one_in(2))
        config.emplace("producer_byte_rate", std::to_string(dice_.between(1, 3) * 1024));
      if (dice_.one_in(2)) config.emplace("SCRAM-SHA-256", scram_text(dice_));
      put(config_path(kUserEntity, user), zk::encode(config));
      if (dice_.one_in(3)) {
        put(zk::paths::config(kUserEntity, user + "/clients/e"),
            zk::encode(zk::ConfigZnode{{"request_percentage", "50.0"}}));
      }
    }
    if (dice_.one_in(3))
      put(config_path(kClientEntity, "e"),
          zk::encode(zk::ConfigZnode{{"consumer_byte_rate", "2048"}}));
    if (dice_.one_in(4))
      put(config_path("ips", "10.0.0.14"),
          zk::encode(zk::ConfigZnode{{"connection_creation_rate", "7"}}));
    if (dice_.one_in(2)) {
      put("/kafka-acl/Topic/a", zk::encode(any_entries(dice_)));
      put("/kafka-acl-changes", std::nullopt);
    }
    if (dice_.one_in(4))
      put("/kafka-acl-extended/prefixed/Topic/p", zk::encode(any_entries(dice_)));
    if (!dice_.one_in(4)) put("/kafka-acl-extended-changes", std::nullopt);
    for (const std::string& id : kTokenIds) {
      if (!dice_.one_in(4)) continue;
      put(token(id), zk::encode(zk::DelegationTokenZnode{.token_id = id,
                                                         .owner = "User:p",
                                                         .token_requester = "User:p",
                                                         .renewers = {},
                                                         .issue_timestamp_ms = 1000,
                                                         .expiry_timestamp_ms = 2000,
                                                         .max_timestamp_ms = 3000}));
    }
  }

 private:
  static std::string config_path(std::string_view type, const std::string& name) {
    return zk::paths::config(type, name);
  }

  Dice& dice_;
  Znodes znodes_;
  std::map<std::string, bool> known_;
};

std::string migration_znode(Dice& dice) {
  return zk::encode(
      zk::MigrationZnode{BrokerId(3000 + dice.between(0, 1)),
                         sim::RaftEpoch(dice.between(0, 9)),
                         {sim::RaftEpoch(dice.between(-1, 6)), sim::Offset(dice.between(-1, 30))}});
}

std::string controller_znode(Dice& dice) {
  std::optional<sim::RaftEpoch> kraft_epoch(-1);
  if (dice.one_in(6)) kraft_epoch.reset();
  if (dice.one_in(6)) kraft_epoch = sim::RaftEpoch(dice.between(0, 12));
  return zk::encode(
      zk::ControllerZnode{BrokerId(dice.between(0, 2)), 1'700'000'000'000, kraft_epoch});
}

}  // namespace

Znodes any_tree(Dice& dice) {
  using namespace zk::paths;
  Planter planter(dice);
  if (!dice.one_in(20))
    planter.put(std::string(kControllerEpoch), std::to_string(dice.between(1, 9)));
  if (!dice.one_in(5)) planter.put(std::string(kController), controller_znode(dice));
  if (dice.one_in(8)) planter.put(std::string(kMigration), migration_znode(dice));
  for (const int id : kBrokers) {
    if (!dice.one_in(6)) planter.put(broker(BrokerId(id)), "{}");
  }
  if (dice.one_in(12)) return planter.take();
  for (const std::string_view path : {kTopics, kConfigChanges, kDeleteTopics, kTokens}) {
    if (!dice.one_in(8)) planter.put(std::string(path), std::nullopt);
  }
  for (std::size_t number = 0; number < kTopicNames.size(); ++number) {
    if (dice.one_in(2)) continue;
    planter.topic(number);
  }
  if (dice.one_in(4)) planter.put(delete_topic(kPendingTopic), std::nullopt);
  if (dice.one_in(3))
    planter.put(config(kBrokerEntity, "0"),
                zk::encode(zk::ConfigZnode{{"log.cleaner.threads", "2"}}));
  if (dice.one_in(2)) {
    planter.put(std::string(kProducerIdBlock),
                zk::encode(zk::ProducerIdBlockZnode{BrokerId(0), 1000, 1999}));
  }
  planter.security();
  return planter.take();
}

// ── The log ─────────────────────────────────────────────────────────────────────────────────────

sim::VersionedRecord versioned(sim::Record record, const sim::MetadataImage& image) {
  const std::int16_t version = sim::record_version(record, image.features().metadata_version);
  return {std::move(record), version};
}

namespace {

sim::Record registration(Dice& dice, int id, std::int64_t epoch) {
  return sim::RegisterBrokerRecord{.broker_id = BrokerId(id),
                                   .is_migrating_zk_broker = !dice.one_in(8),
                                   .incarnation_id = sim::Uuid(9, epoch),
                                   .broker_epoch = sim::BrokerEpoch(epoch),
                                   .end_points = {{.name = "PLAINTEXT", .host = "h", .port = 9092}},
                                   .features = {},
                                   .rack = std::nullopt,
                                   .fenced = dice.one_in(2)};
}

sim::Record controller(Dice& dice, BrokerId id) {
  return sim::RegisterControllerRecord{
      .controller_id = id,
      .incarnation_id = sim::Uuid(8, static_cast<std::int64_t>(dice.below(99))),
      .zk_migration_ready = !dice.one_in(10),
      .end_points = {},
      .features = {}};
}

}  // namespace

std::vector<sim::VersionedRecord> any_bootstrap(Dice& dice, const std::vector<BrokerId>& voters) {
  using enum sim::MetadataVersion;
  constexpr sim::MetadataVersion kVersions[] = {V3_9_IV0, V3_9_IV0, V3_8_IV0, V3_7_IV2, V3_6_IV2};
  const sim::MetadataVersion version = dice.one_of(kVersions);
  std::vector<sim::VersionedRecord> records;
  records.push_back(
      {sim::FeatureLevelRecord{"metadata.version", static_cast<std::int16_t>(version)}, 0});
  constexpr sim::ZkMigrationState kOthers[] = {sim::ZkMigrationState::None,
                                               sim::ZkMigrationState::Migration,
                                               sim::ZkMigrationState::PostMigration};
  records.push_back(
      {sim::ZkMigrationStateRecord{dice.one_in(12) ? dice.one_of(kOthers)
                                                   : sim::ZkMigrationState::PreMigration},
       0});
  const auto add = [&](sim::Record record) {
    const std::int16_t at = sim::record_version(record, version);
    records.push_back({std::move(record), at});
  };
  if (sim::supports(version, sim::MetadataGate::ControllerRegistration)) {
    for (const BrokerId id : voters) {
      if (!dice.one_in(10)) add(controller(dice, id));
    }
  }
  for (const int id : kBrokers) {
    if (!dice.one_in(10)) add(registration(dice, id, 5 + id));
  }
  // It stays: ScramDelta.apply loses what is set behind the removal of a mechanism's last
  // credential (README.md).
  add(sim::UserScramCredentialRecord{.name = "z",
                                     .mechanism = sim::ScramMechanism::ScramSha256,
                                     .salt = sim::Bytes{8},
                                     .stored_key = sim::Bytes(32, 8),
                                     .server_key = sim::Bytes(32, 8),
                                     .iterations = 4096});
  return records;
}

namespace {

class Changer {
 public:
  Changer(Dice& dice, const sim::MetadataImage& image, std::int64_t generation)
      : dice_(dice), image_(image), generation_(generation) {}

  std::vector<sim::VersionedRecord> take() { return std::move(records_); }

  void any() {
    // What a controller takes before the copy (migration.md §3.2).
    if (image_.features().zk_migration_state == sim::ZkMigrationState::PreMigration) {
      dice_.one_in(4) ? add(sim::NoOpRecord{}) : node();
      return;
    }
    switch (dice_.between(0, 15)) {
      case 0:
      case 1:
        create_topic();
        break;
      case 2:
        delete_topic();
        break;
      case 3:
        add_partition();
        break;
      case 4:
      case 5:
      case 6:
        change_partition();
        break;
      case 7:
        topic_config();
        break;
      case 8:
        other_config();
        break;
      case 9:
        quota();
        break;
      case 10:
        scram();
        break;
      case 11:
        producer_ids();
        break;
      case 12:
        acl();
        break;
      case 13:
        token();
        break;
      case 14:
        node();
        break;
      default:
        add(sim::NoOpRecord{});
        break;
    }
  }

 private:
  void add(sim::Record record) { records_.push_back(versioned(std::move(record), image_)); }

  const sim::Topic* any_topic() {
    std::vector<const sim::Topic*> topics;
    for (const sim::Topic& topic : image_.topics()) topics.push_back(&topic);
    return topics.empty() ? nullptr : dice_.one_of(topics);
  }

  sim::Record partition(sim::Uuid topic, int id) {
    const auto replicas = any_replicas(dice_);
    sim::PartitionRecord record{
        .partition_id = PartitionId(id), .topic_id = topic, .replicas = replicas, .isr = replicas};
    record.leader = replicas.front();
    record.leader_epoch = sim::LeaderEpoch(0);
    record.partition_epoch = sim::PartitionEpoch(0);
    if (dice_.one_in(2) &&
        sim::supports(image_.features().metadata_version, sim::MetadataGate::DirectoryAssignment)) {
      for (std::size_t i = 0; i < replicas.size(); ++i) record.directories.emplace_back(7, 7);
    }
    return record;
  }

  void create_topic() {
    for (std::size_t number = 0; number < kTopicNames.size(); ++number) {
      if (image_.topics().find(kTopicNames[number]) != nullptr || dice_.one_in(3)) continue;
      if (!created_.insert(number).second) continue;
      const sim::Uuid id = topic_id(number, generation_);
      add(sim::TopicRecord{.name = kTopicNames[number], .topic_id = id});
      const int partitions = dice_.between(1, 3);
      for (int each = 0; each < partitions; ++each) add(partition(id, each));
      return;
    }
  }
  void delete_topic() {
    const auto* const topic = any_topic();
    if (topic != nullptr && !configured_.contains(topic->name()))
      add(sim::RemoveTopicRecord{.topic_id = topic->id()});
  }
  void add_partition() {
    const auto* const topic = any_topic();
    if (topic == nullptr || topic->partition_count() > 3) return;
    add(partition(topic->id(), static_cast<int>(topic->partition_count())));
  }
  void change_partition() {
    const auto* const topic = any_topic();
    if (topic == nullptr || topic->partition_count() == 0) return;
    const PartitionId id(dice_.between(0, static_cast<int>(topic->partition_count()) - 1));
    const auto known = topic->partition(id);
    if (!known) return;
    sim::PartitionChangeRecord change{.partition_id = id, .topic_id = topic->id()};
    switch (dice_.between(0, 3)) {
      case 0:
        change.isr = any_part(dice_, known->replicas);
        break;
      case 1:
        change.leader = dice_.one_in(3) ? sim::kNoBroker : known->replicas.front();
        break;
      case 2:
        change.replicas = any_replicas(dice_);
        change.isr = *change.replicas;
        change.leader = change.replicas->front();
        break;
      default:
        if (!sim::supports(image_.features().metadata_version,
                           sim::MetadataGate::DirectoryAssignment))
          return;
        change.directories.emplace(known->replicas.size(), sim::Uuid(7, dice_.between(7, 8)));
    }
    add(std::move(change));
  }
  void topic_config() {
    const auto* const topic = any_topic();
    const std::string name =
        topic == nullptr || dice_.one_in(12) ? std::string("d") : topic->name();
    sim::ConfigRecord record{.resource_type = sim::ConfigResourceType::Topic,
                             .resource_name = name,
                             .name = dice_.one_of(kTopicConfigs)};
    if (!dice_.one_in(3))
      record.value =
          record.name == "retention.ms" ? std::to_string(dice_.between(1, 5)) : "compact";
    configured_.insert(name);
    add(std::move(record));
  }
  void other_config() {
    sim::ConfigRecord record{.resource_type = sim::ConfigResourceType::Broker,
                             .resource_name = "0",
                             .name = "log.cleaner.threads"};
    if (dice_.one_in(10)) {
      record.resource_type = sim::ConfigResourceType::ClientMetrics;
      record.resource_name = "m";
      record.name = "interval.ms";
    }
    if (!dice_.one_in(3)) record.value = std::to_string(dice_.between(1, 4));
    add(std::move(record));
  }
  void quota() {
    sim::ClientQuotaRecord record{.key = "producer_byte_rate",
                                  .value = sim::QuotaValue(1024.0 * dice_.between(1, 4))};
    switch (dice_.between(0, 4)) {
      case 0:
        record.entity = {{.entity_type = "client-id", .entity_name = "e"}};
        break;
      case 1:
        record.entity = {{.entity_type = "user", .entity_name = dice_.one_of(kUsers)},
                         {.entity_type = "client-id", .entity_name = "e"}};
        record.key = "request_percentage";
        record.value = sim::QuotaValue(12.5);
        break;
      case 2:
        record.entity = {{.entity_type = "ip", .entity_name = "10.0.0.14"}};
        record.key = "connection_creation_rate";
        record.value = sim::QuotaValue(static_cast<double>(dice_.between(1, 9)));
        break;
      default:
        record.entity = {{.entity_type = "user", .entity_name = dice_.one_of(kUsers)}};
        break;
    }
    const auto* const known = image_.client_quotas().find(sim::quota_entity(record));
    record.remove = known != nullptr && known->values.contains(record.key) && dice_.one_in(3);
    if (record.remove) record.value = {};
    add(std::move(record));
  }
  void scram() {
    if (!sim::supports(image_.features().metadata_version, sim::MetadataGate::Scram)) return;
    const std::string user = dice_.one_of(kUsers);
    if (image_.scram().find(sim::ScramMechanism::ScramSha256, user) != nullptr && dice_.one_in(2)) {
      add(sim::RemoveUserScramCredentialRecord{.name = user,
                                               .mechanism = sim::ScramMechanism::ScramSha256});
      return;
    }
    add(sim::UserScramCredentialRecord{
        .name = user,
        .mechanism = sim::ScramMechanism::ScramSha256,
        .salt = sim::Bytes{5, static_cast<std::uint8_t>(dice_.below(9))},
        .stored_key = sim::Bytes(32, 6),
        .server_key = sim::Bytes(32, 7),
        .iterations = 4096});
  }
  void producer_ids() {
    const std::int64_t next =
        image_.producer_ids().known() ? image_.producer_ids().next_producer_id.value() : 0;
    add(sim::ProducerIdsRecord{.broker_id = BrokerId(0),
                               .broker_epoch = sim::BrokerEpoch(5),
                               .next_producer_id = sim::ProducerId(next + 1000)});
  }
  void acl() {
    std::vector<sim::Uuid> ids;
    for (const sim::Acl& acl : image_.acls().acls) ids.push_back(acl.id);
    if (!ids.empty() && (ids.size() > 4 || dice_.one_in(2))) {
      add(sim::RemoveAccessControlEntryRecord{.id = dice_.one_of(ids)});
      return;
    }
    const bool prefixed = dice_.one_in(3);
    add(sim::AccessControlEntryRecord{
        .id = sim::Uuid(6, static_cast<std::int64_t>(dice_.below(1'000'000))),
        .resource_type = sim::AclResourceType::Topic,
        .resource_name = prefixed ? "p" : "a",
        .pattern_type = prefixed ? sim::PatternType::Prefixed : sim::PatternType::Literal,
        .principal = dice_.one_of(kPrincipals),
        .host = "*",
        .operation = dice_.one_in(2) ? sim::AclOperation::Read : sim::AclOperation::Write,
        .permission_type = sim::AclPermissionType::Allow});
  }
  void token() {
    if (!sim::supports(image_.features().metadata_version, sim::MetadataGate::DelegationTokens))
      return;
    const std::string id = dice_.one_of(kTokenIds);
    if (image_.tokens().find(id) != nullptr && dice_.one_in(2)) {
      add(sim::RemoveDelegationTokenRecord{.token_id = id});
      return;
    }
    add(sim::DelegationTokenRecord{.owner = "User:p",
                                   .requester = "User:q",
                                   .renewers = {},
                                   .issue_timestamp = 1000,
                                   .max_timestamp = 3000 + dice_.between(0, 3),
                                   .expiration_timestamp = 2000,
                                   .token_id = id});
  }
  void node() {
    const int id = dice_.between(0, 2);
    const auto* const known = image_.cluster().broker(BrokerId(id));
    if (dice_.one_in(4) && sim::supports(image_.features().metadata_version,
                                         sim::MetadataGate::ControllerRegistration)) {
      add(controller(dice_, BrokerId(3000 + dice_.between(0, 1))));
    } else if (known == nullptr || dice_.one_in(3)) {
      add(registration(dice_, id, 100 + static_cast<std::int64_t>(dice_.below(900))));
    } else if (dice_.one_in(4)) {
      add(sim::UnregisterBrokerRecord{.broker_id = BrokerId(id),
                                      .broker_epoch = known->broker_epoch});
    } else {
      add(sim::BrokerRegistrationChangeRecord{
          .broker_id = BrokerId(id),
          .broker_epoch = known->broker_epoch,
          .fenced = known->fenced ? sim::FencingChange::Unfence : sim::FencingChange::Fence,
          .log_dirs = {}});
    }
  }

  Dice& dice_;
  const sim::MetadataImage& image_;
  std::int64_t generation_;
  std::set<std::size_t> created_;
  std::set<std::string> configured_;  // World::batches_together
  std::vector<sim::VersionedRecord> records_;
};

}  // namespace

std::vector<sim::VersionedRecord> any_change(Dice& dice, const sim::MetadataImage& image,
                                             std::int64_t generation) {
  Changer changer(dice, image, generation);
  for (int count = dice.between(1, 3); count > 0; --count) changer.any();
  return changer.take();
}

// ── What others write ───────────────────────────────────────────────────────────────────────────

std::vector<Write> any_writes(Dice& dice, const zk::Tree& tree) {
  using namespace zk::paths;
  const auto put = [&](std::string path, std::optional<std::string> data) {
    const bool there = tree.find(path) != nullptr;
    return Write{there ? Write::Kind::Set : Write::Kind::Create, std::move(path), std::move(data)};
  };
  const auto remove = [](std::string path) {
    return Write{Write::Kind::Delete, std::move(path), std::nullopt};
  };
  switch (dice.between(0, 13)) {
    case 0:
    case 1: {
      // A broker becomes the controller, as an election in ZooKeeper mode does it.
      const zk::Znode* const epoch = tree.find(kControllerEpoch);
      const auto value = epoch == nullptr
                             ? zk::Parsed<sim::ControllerEpoch>(sim::ControllerEpoch(0))
                             : zk::parse_controller_epoch(epoch->data.value_or(""));
      return {remove(std::string(kController)),
              put(std::string(kControllerEpoch),
                  zk::encode_controller_epoch(value.value_or(sim::ControllerEpoch(0)).next())),
              {Write::Kind::Create, std::string(kController), controller_znode(dice)}};
    }
    case 2:
      return {remove(std::string(kController))};
    case 3:
      return {put(std::string(kController), controller_znode(dice))};
    case 4:
      return {put(std::string(kMigration), migration_znode(dice))};
    case 5:
      return {remove(std::string(kMigration))};
    case 6:
      return {put(broker(BrokerId(dice.between(0, 2))), "{}")};
    case 7:
      return {remove(broker(BrokerId(dice.between(0, 2))))};
    case 8:
      return {put(delete_topic(kPendingTopic), std::nullopt)};
    case 9:
      return {
          put(config(kTopicEntity, dice.one_of(kTopicNames)), zk::encode(any_topic_config(dice)))};
    case 10:
      return {remove(config(kTopicEntity, dice.one_of(kTopicNames)))};
    case 11: {
      const std::string topic_name = dice.one_of(kTopicNames);
      const PartitionId id(dice.between(0, 3));
      return {put(
          partition_state(topic_name, id),
          zk::encode(zk::PartitionStateZnode{
              .leader = BrokerId(1), .leader_epoch = sim::LeaderEpoch(6), .isr = {BrokerId(1)}}))};
    }
    case 12: {
      const std::string topic_name = dice.one_of(kTopicNames);
      const PartitionId id(dice.between(0, 3));
      return {remove(partition_state(topic_name, id)), remove(partition(topic_name, id))};
    }
    default:
      return {put(std::string(kControllerEpoch), std::to_string(dice.between(1, 30)))};
  }
}

}  // namespace judge
