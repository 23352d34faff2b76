#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "sim/base/match.h"
#include "zk/migration_writer.h"
#include "zk/migration_writer_operations.h"
#include "zk/paths.h"
#include "zk/sanitizer.h"

// The reconciliation: family by family read ZooKeeper, compare, write the differences (migration.md
// §4.3).
namespace zk {

void MirrorWriter::begin_stage() {
  read_ = std::monostate();
  const auto folder = [&](std::string path, FolderRead::Pace pace) {
    read_ = FolderRead(std::move(path), pace);
  };
  switch (stage_) {
    case Stage::PendingDeletions:
      folder(std::string(paths::kDeleteTopics), FolderRead::Pace::NamesOnly);
      break;
    case Stage::Topics:
      read_ = TopicsRead(TopicsRead::Configs::Skip);
      break;
    case Stage::BrokerConfigs:
      for (const sim::ResourceConfigs& configs : image_->configs().resources) {
        const bool known = configs.resource.type == sim::ConfigResourceType::Topic ||
                           configs.resource.type == sim::ConfigResourceType::Broker;
        if (!known && options_->defects.unknown_config_throws) {  // MB-11
          return fail(
              {MirrorFailure::Kind::Unexpected, fmt::format("Unknown config resource type {}",
                                                            sim::name_of(configs.resource.type))});
        }
      }
      folder(paths::config_type(paths::kBrokerEntity), FolderRead::Pace::Together);
      break;
    case Stage::TopicConfigs:
      folder(paths::config_type(paths::kTopicEntity), FolderRead::Pace::OneByOne);
      break;
    case Stage::Users:
      folder(paths::config_type(paths::kUserEntity), FolderRead::Pace::OneByOne);
      break;
    case Stage::Clients:
      folder(paths::config_type(paths::kClientEntity), FolderRead::Pace::OneByOne);
      break;
    case Stage::UserClients:
      read_ = UserClientsRead();
      break;
    case Stage::Ips:
      folder(paths::config_type(paths::kIpEntity), FolderRead::Pace::OneByOne);
      break;
    case Stage::ProducerId:
      if (!image_->producer_ids().known()) return;
      read_ = ZnodeRead(std::string(paths::kProducerIdBlock));
      break;
    case Stage::Acls:
      read_ = AclsRead();
      break;
    case Stage::TokensWritten:
      for (const sim::DelegationToken& token : image_->tokens().tokens) {
        operations_.push_back(OperationMaker(*options_, context_).token(token));
      }
      return;
    case Stage::TokenNames:
      folder(std::string(paths::kTokens), FolderRead::Pace::NamesOnly);
      break;
    case Stage::Delta:
    case Stage::Finished:
      return;
  }
  sim::match(read_, [](std::monostate) {}, [&](const auto& read) { requests_ = read.ask(); });
}

void MirrorWriter::read_complete() {
  sim::match(
      read_, [](std::monostate) {}, [](const ZnodeRead&) {},
      [&](const auto& read) { reading_.errors(read.errors()); });
  if (!reading_.failed()) {
    switch (stage_) {
      case Stage::PendingDeletions: {
        const auto& names = std::get<FolderRead>(read_).names();
        if (!names.empty()) {
          operations_.push_back(OperationMaker(*options_, context_).clear_pending_deletions(names));
        }
        break;
      }
      case Stage::Topics:
        reconcile_topics();
        break;
      case Stage::BrokerConfigs:
      case Stage::TopicConfigs:
        reconcile_configs();
        break;
      case Stage::Users:
        collect_quotas(std::get<FolderRead>(read_), kQuotaUser);
        break;
      case Stage::Clients:
        collect_quotas(std::get<FolderRead>(read_), kQuotaClientId);
        break;
      case Stage::UserClients:
        collect_user_client_quotas(std::get<UserClientsRead>(read_));
        break;
      case Stage::Ips:
        collect_quotas(std::get<FolderRead>(read_), kQuotaIp);
        reconcile_quotas();
        break;
      case Stage::ProducerId:
        reconcile_producer_id(std::get<ZnodeRead>(read_));
        break;
      case Stage::Acls:
        reconcile_acls(std::get<AclsRead>(read_));
        break;
      case Stage::TokenNames:
        reconcile_token_names(std::get<FolderRead>(read_));
        break;
      case Stage::TokensWritten:
      case Stage::Delta:
      case Stage::Finished:
        break;
    }
  }
  if (reading_.failed()) fail_as_reading_did();
}

// ── Topics: create, change, delete, then partitions, in this order, which loses a topic that was
// deleted and
//    created again under its name (MB-08)
//    ──────────────────────────────────────────────────────────

void MirrorWriter::reconcile_topics() {
  const OperationMaker make(*options_, context_);
  const sim::TopicsPart& image = image_->topics();
  std::set<sim::Uuid> in_zookeeper;
  std::vector<MirrorOperation> changed_topics;
  std::vector<MirrorOperation> deleted_topics;
  std::vector<MirrorOperation> new_partitions;
  std::vector<MirrorOperation> changed_partitions;
  std::vector<MirrorOperation> extraneous_partitions;
  for (const TopicMetadata& metadata : topics_) {
    const sim::Topic* const topic = image.find(metadata.id);
    if (topic == nullptr) {
      deleted_topics.push_back(make.delete_topic(metadata.name, metadata.id));
      continue;
    }
    if (!in_zookeeper.insert(metadata.id).second) continue;
    bool topic_changed = false;
    PartitionMap missing = partitions_of(*topic);
    PartitionMap changed;
    std::vector<sim::PartitionId> extraneous;
    for (const sim::PartitionRecord& record : metadata.partitions) {
      const auto found = missing.find(record.partition_id);
      if (found == missing.end()) {
        extraneous.push_back(record.partition_id);
        continue;
      }
      const auto in_zk = sim::partition_from(record);
      if (!in_zk || !(found->second == *in_zk)) changed.emplace(found->first, found->second);
      topic_changed = topic_changed || !in_zk || !found->second.has_same_assignment(*in_zk);
      missing.erase(found);
    }
    topic_changed = topic_changed || !missing.empty() || !extraneous.empty();
    if (topic_changed) changed_topics.push_back(make.update_topic(*topic));
    // MB-10: setData on `state` znodes that are not there.
    if (!options_->defects.missing_states_are_set && !(missing.empty() && changed.empty())) {
      PartitionMap wanted = missing;
      wanted.insert(changed.begin(), changed.end());
      new_partitions.push_back(make.create_partitions(topic->name(), wanted));
    }
    if (!missing.empty()) new_partitions.push_back(make.update_partitions(topic->name(), missing));
    if (!changed.empty())
      changed_partitions.push_back(make.update_partitions(topic->name(), changed));
    if (!extraneous.empty()) {
      extraneous_partitions.push_back(make.delete_partitions(topic->name(), extraneous));
    }
  }
  if (!options_->defects.topics_created_before_deleted) {
    std::ranges::move(std::exchange(deleted_topics, {}), std::back_inserter(operations_));
  }
  for (const sim::Topic& topic : image) {
    if (!in_zookeeper.contains(topic.id())) operations_.push_back(make.create_topic(topic));
  }
  for (auto* const group : {&changed_topics, &deleted_topics, &new_partitions, &changed_partitions,
                            &extraneous_partitions}) {
    std::ranges::move(*group, std::back_inserter(operations_));
  }
  topics_.clear();
}

// ── Configs: both kinds are read before one is written ──────────────────────────────────────────

void MirrorWriter::reconcile_configs() {
  const bool brokers = stage_ == Stage::BrokerConfigs;
  const auto type = brokers ? sim::ConfigResourceType::Broker : sim::ConfigResourceType::Topic;
  const auto& read = std::get<FolderRead>(read_);
  for (std::size_t i = 0; i < read.names().size(); ++i) {
    auto config = reading_.config(read.answers()[i]);
    if (reading_.failed()) return;
    const std::string& name = read.names()[i];
    configs_.insert_or_assign({type, name == kDefaultEntity ? std::string() : name},
                              std::move(config).value_or(ConfigZnode{}));
  }
  if (brokers) return;

  const OperationMaker make(*options_, context_);
  std::vector<MirrorOperation> updates;
  const auto write = [&](const sim::ConfigResource& resource, const sim::ResourceConfigs* configs,
                         auto& operations) {
    const bool broker = resource.type == sim::ConfigResourceType::Broker;
    auto operation =
        make.configs(broker ? "UpdateBrokerConfig" : "UpdateTopicConfig",
                     broker ? "DeleteBrokerConfig" : "DeleteTopicConfig", resource, configs);
    if (operation) operations.push_back(*std::move(operation));
  };
  for (const sim::ResourceConfigs& configs : image_->configs().resources) {
    if (!configs_.contains(configs.resource)) write(configs.resource, &configs, operations_);
  }
  for (const auto& [resource, config] : configs_) {
    const sim::ResourceConfigs* const configs = image_->configs().find(resource);
    const bool same =
        configs == nullptr ? config.empty() : std::ranges::equal(configs->values, config);
    if (!same) write(resource, configs, updates);
  }
  std::ranges::move(updates, std::back_inserter(operations_));
  configs_.clear();
}

// ── Quotas and credentials: whatever the image has is written again, and what only ZooKeeper has ─

void MirrorWriter::collect_quotas(const FolderRead& read, std::string_view entity_type) {
  for (std::size_t i = 0; i < read.names().size() && !reading_.failed(); ++i) {
    const auto metadata = reading_.quota(read.answers()[i], {{entity_type, read.names()[i]}}, true);
    if (metadata) compare_quota(*metadata);
  }
}

void MirrorWriter::collect_user_client_quotas(const UserClientsRead& read) {
  for (const UserClientsRead::Entity& entity : read.entities()) {
    if (reading_.failed()) return;
    const auto metadata = reading_.quota(
        entity.answer, {{kQuotaUser, entity.user}, {kQuotaClientId, entity.client}}, false);
    if (metadata) compare_quota(*metadata);
  }
}

void MirrorWriter::compare_quota(const QuotaMetadata& metadata) {
  for (const ScramUser& user : metadata.credentials) {
    const auto texts = scram_texts(image_->scram(), user.name);
    const auto found = texts.find(std::string(sim::name_of(user.mechanism)));
    if (found == texts.end() || found->second != encode(user.credential))
      changed_users_.insert(user.name);
  }
  sim::QuotaEntity entity;
  for (const sim::EntityData& part : metadata.entity)
    entity.emplace(part.entity_type, part.entity_name);
  const sim::ClientQuota* const quotas = image_->client_quotas().find(entity);
  const bool same = quotas == nullptr ? metadata.quotas.empty()
                                      : std::ranges::equal(quotas->values, metadata.quotas);
  if (same) return;
  if (is_user_alone(entity)) {
    changed_users_.insert(entity.at(std::string(kQuotaUser)));
  } else {
    changed_entities_.insert(entity);
  }
}

void MirrorWriter::reconcile_quotas() {
  for (const sim::ClientQuota& quota : image_->client_quotas().entities) {
    if (is_user_alone(quota.entity)) {
      changed_users_.insert(quota.entity.at(std::string(kQuotaUser)));
    } else {
      changed_entities_.insert(quota.entity);
    }
  }
  for (const sim::ScramCredential& credential : image_->scram().credentials) {
    changed_users_.insert(credential.name);
  }
  const OperationMaker make(*options_, context_);
  for (const sim::QuotaEntity& entity : changed_entities_) {
    operations_.push_back(make.client_quotas(entity, image_->client_quotas().find(entity), {}));
  }
  for (const auto& user : changed_users_) {
    const sim::QuotaEntity entity{{std::string(kQuotaUser), user}};
    operations_.push_back(make.client_quotas(entity, image_->client_quotas().find(entity),
                                             scram_texts(image_->scram(), user)));
  }
  changed_entities_.clear();
  changed_users_.clear();
}

// ── Producer id, ACLs, tokens ───────────────────────────────────────────────────────────────────

void MirrorWriter::reconcile_producer_id(const ZnodeRead& read) {
  const auto block = reading_.producer_id_block(*read.answer());
  const sim::ProducerId next = image_->producer_ids().next_producer_id;
  if (reading_.failed() || (block && reading_.next_producer_id(*block) == next)) return;
  operations_.push_back(OperationMaker(*options_, context_).producer_id(next));
}

void MirrorWriter::reconcile_acls(const AclsRead& read) {
  const OperationMaker make(*options_, context_);
  auto missing = acls_by_resource(image_->acls());
  std::vector<MirrorOperation> deleted;
  std::vector<MirrorOperation> changed;
  for (const AclsRead::Acls& acls : read.acls()) {
    const auto entries = reading_.acls(acls.answer);
    if (reading_.failed()) return;
    const auto found = missing.find(acls.resource);
    if (found == missing.end()) {
      deleted.push_back(make.acls(acls.resource, {}));
    } else {
      if (entries.value_or(std::vector<AclEntry>{}) != found->second) {
        changed.push_back(make.acls(acls.resource, found->second));
      }
      missing.erase(found);
    }
  }
  for (const auto& [resource, entries] : missing)
    operations_.push_back(make.acls(resource, entries));
  std::ranges::move(deleted, std::back_inserter(operations_));
  std::ranges::move(changed, std::back_inserter(operations_));
}

void MirrorWriter::reconcile_token_names(const FolderRead& read) {
  for (const std::string& id : read.names()) {
    if (image_->tokens().find(id) == nullptr) {
      operations_.push_back(OperationMaker(*options_, context_).delete_token(id));
    }
  }
}

}  // namespace zk
