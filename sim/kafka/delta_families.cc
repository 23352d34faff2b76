#include <fmt/format.h>

#include <algorithm>

#include "sim/kafka/delta.h"

// Replay of every family but the topics: configs, quotas, nodes, features, credentials, tokens, ACLs.
namespace sim {
namespace {

// Puts the value in, or keeps the entry that is there if it says the same: so a snapshot that repeats what
// an image holds leaves both sharing it.
template <class Table, class Value>
void put_value(Table& table, const auto& key, Value value) {
  const Value* const there = table.find(key);
  if (there == nullptr || *there != value) table.emplace(std::move(value));
}

// Sets or removes one of the values that a resource or an entity holds under `key`; who is left without
// any is left out.
template <class Table, class Holder, class Value>
void change_value(Table& table, const auto& holder_key, Holder empty_holder, const std::string& key,
                  const std::optional<Value>& value) {
  const Holder* const there = table.find(holder_key);
  Holder holder = there != nullptr ? *there : std::move(empty_holder);
  if (value) {
    holder.values.insert_or_assign(key, *value);
  } else {
    holder.values.erase(key);
  }
  if (holder.values.empty()) {
    table.erase(holder_key);
  } else {
    put_value(table, holder_key, std::move(holder));
  }
}

void sort_by_name(auto& named) {
  std::ranges::sort(named, {},
                    [](const auto& element) -> const std::string& { return element.name; });
}

// A registration as it is held: what has no order sorted, nothing that this version does not know.
template <class Registration>
Registration normalised(Registration registration) {
  registration.unknown_tagged_fields.clear();
  for (auto& end_point : registration.end_points) end_point.unknown_tagged_fields.clear();
  for (auto& feature : registration.features) feature.unknown_tagged_fields.clear();
  sort_by_name(registration.end_points);
  sort_by_name(registration.features);
  return registration;
}

template <class Value>
Value without_unknown_fields(Value value) {
  value.unknown_tagged_fields.clear();
  return value;
}

std::unexpected<ReplayError> for_the_reader() {
  return std::unexpected<ReplayError>(
      "transactions are dealt with by whoever reads the log, not by a delta");
}

}  // namespace

MetadataDelta::Outcome MetadataDelta::replay_one(const ConfigRecord& record) {
  const ConfigResource resource{record.resource_type, record.resource_name};
  changes_.configs[resource].insert(record.name);
  change_value(now_.configs.resources, resource, ResourceConfigs{resource, {}}, record.name,
               record.value);
  return {};
}

MetadataDelta::Outcome MetadataDelta::replay_one(const ClientQuotaRecord& record) {
  const QuotaEntity entity = quota_entity(record);
  changes_.client_quotas[entity].insert(record.key);
  change_value(now_.client_quotas.entities, entity, ClientQuota{entity, {}}, record.key,
               record.remove ? std::nullopt : std::optional(record.value));
  return {};
}

std::expected<BrokerRegistration, ReplayError> MetadataDelta::registered(BrokerId id,
                                                                         BrokerEpoch epoch) const {
  const BrokerRegistration* const registration = now_.cluster.broker(id);
  if (registration == nullptr) {
    return std::unexpected(fmt::format("broker {} is not registered", id.value()));
  }
  if (registration->broker_epoch != epoch) {
    return std::unexpected(fmt::format("broker {} is registered with epoch {}, not {}", id.value(),
                                       registration->broker_epoch.value(), epoch.value()));
  }
  return *registration;
}

void MetadataDelta::put_broker(BrokerRegistration registration) {
  const BrokerId id = registration.broker_id;
  changes_.brokers.insert(id);
  put_value(now_.cluster.brokers, id, std::move(registration));
}

MetadataDelta::Outcome MetadataDelta::replay_one(const RegisterBrokerRecord& record) {
  BrokerRegistration registration = normalised(record);
  std::ranges::sort(registration.log_dirs);
  put_broker(std::move(registration));
  return {};
}

MetadataDelta::Outcome MetadataDelta::replay_one(const UnregisterBrokerRecord& record) {
  const auto registration = registered(record.broker_id, record.broker_epoch);
  if (!registration) return std::unexpected(registration.error());
  changes_.brokers.insert(record.broker_id);
  now_.cluster.brokers.erase(record.broker_id);
  return {};
}

MetadataDelta::Outcome MetadataDelta::replay_one(const FenceBrokerRecord& record) {
  auto registration = registered(record.id, record.epoch);
  if (!registration) return std::unexpected(std::move(registration.error()));
  registration->fenced = true;
  put_broker(std::move(*registration));
  return {};
}

MetadataDelta::Outcome MetadataDelta::replay_one(const UnfenceBrokerRecord& record) {
  auto registration = registered(record.id, record.epoch);
  if (!registration) return std::unexpected(std::move(registration.error()));
  registration->fenced = false;
  put_broker(std::move(*registration));
  return {};
}

// A change that changes nothing is not named among the changes (ClusterDelta). Controlled shutdown is entered
// and never left; an empty directory list says nothing (kraft.md §5, trap 25).
MetadataDelta::Outcome MetadataDelta::replay_one(const BrokerRegistrationChangeRecord& record) {
  auto registration = registered(record.broker_id, record.broker_epoch);
  if (!registration) return std::unexpected(std::move(registration.error()));
  const BrokerRegistration before = *registration;
  if (record.fenced != FencingChange::None) {
    if (record.fenced != FencingChange::Fence && record.fenced != FencingChange::Unfence) {
      return std::unexpected(
          fmt::format("{} is no change of fencing", static_cast<int>(record.fenced)));
    }
    registration->fenced = record.fenced == FencingChange::Fence;
  }
  if (record.in_controlled_shutdown != ControlledShutdownChange::None) {
    if (record.in_controlled_shutdown != ControlledShutdownChange::InControlledShutdown) {
      return std::unexpected(fmt::format("{} is no change of controlled shutdown",
                                         static_cast<int>(record.in_controlled_shutdown)));
    }
    registration->in_controlled_shutdown = true;
  }
  if (!record.log_dirs.empty()) {
    registration->log_dirs = record.log_dirs;
    std::ranges::sort(registration->log_dirs);
  }
  if (*registration != before) put_broker(std::move(*registration));
  return {};
}

MetadataDelta::Outcome MetadataDelta::replay_one(const RegisterControllerRecord& record) {
  changes_.controllers.insert(record.controller_id);
  put_value(now_.cluster.controllers, record.controller_id, normalised(record));
  return {};
}

MetadataDelta::Outcome MetadataDelta::replay_one(const FeatureLevelRecord& record) {
  if (record.name == kMetadataVersionFeature) {
    if (record.feature_level < 1) {
      return std::unexpected(fmt::format("{} is no metadata.version", record.feature_level));
    }
    changes_.metadata_version = true;
    now_.features.metadata_version = static_cast<MetadataVersion>(record.feature_level);
    return {};
  }
  changes_.features.insert(record.name);
  if (record.feature_level == 0) {
    now_.features.finalized.erase(record.name);
  } else {
    put_value(now_.features.finalized, record.name,
              FeatureLevel{record.name, record.feature_level});
  }
  return {};
}

MetadataDelta::Outcome MetadataDelta::replay_one(const ZkMigrationStateRecord& record) {
  const int state = static_cast<int>(record.zk_migration_state);
  if (state < static_cast<int>(ZkMigrationState::None) ||
      state > static_cast<int>(ZkMigrationState::Zookeeper)) {
    return std::unexpected(fmt::format("{} is no migration state", state));
  }
  changes_.zk_migration_state = true;
  now_.features.zk_migration_state = record.zk_migration_state;
  return {};
}

MetadataDelta::Outcome MetadataDelta::replay_one(const ProducerIdsRecord& record) {
  changes_.producer_ids = true;
  now_.producer_ids.next_producer_id = record.next_producer_id;
  return {};
}

MetadataDelta::Outcome MetadataDelta::replay_one(const UserScramCredentialRecord& record) {
  changes_.scram.emplace(record.mechanism, record.name);
  put_value(now_.scram.credentials, scram_key(record), without_unknown_fields(record));
  return {};
}

// Simplified: Kafka 3.9 may lose a credential that comes with a delta which also removes the last one
// of its mechanism (ScramDelta.apply), so that its image depends on where deltas begin.
MetadataDelta::Outcome MetadataDelta::replay_one(const RemoveUserScramCredentialRecord& record) {
  if (!now_.scram.credentials.erase(ScramKey(record.mechanism, record.name))) {
    return std::unexpected(
        fmt::format("user {} has no {} credential", record.name, name_of(record.mechanism)));
  }
  changes_.scram.emplace(record.mechanism, record.name);
  return {};
}

MetadataDelta::Outcome MetadataDelta::replay_one(const DelegationTokenRecord& record) {
  changes_.tokens.insert(record.token_id);
  put_value(now_.tokens.tokens, record.token_id, without_unknown_fields(record));
  return {};
}

MetadataDelta::Outcome MetadataDelta::replay_one(const RemoveDelegationTokenRecord& record) {
  if (!now_.tokens.tokens.erase(record.token_id)) {
    return std::unexpected(fmt::format("there is no delegation token {}", record.token_id));
  }
  changes_.tokens.insert(record.token_id);
  return {};
}

MetadataDelta::Outcome MetadataDelta::replay_one(const AccessControlEntryRecord& record) {
  changes_.acls.insert(record.id);
  put_value(now_.acls.acls, record.id, without_unknown_fields(record));
  return {};
}

// An ACL that was added by the same delta leaves no trace in it (AclsDelta).
MetadataDelta::Outcome MetadataDelta::replay_one(const RemoveAccessControlEntryRecord& record) {
  if (!now_.acls.acls.erase(record.id)) {
    return std::unexpected(fmt::format("there is no ACL with id {}", record.id.describe()));
  }
  if (base_.acls().find(record.id) != nullptr) {
    changes_.acls.insert(record.id);
  } else {
    changes_.acls.erase(record.id);
  }
  return {};
}

MetadataDelta::Outcome MetadataDelta::replay_one(const BeginTransactionRecord&) {
  return for_the_reader();
}
MetadataDelta::Outcome MetadataDelta::replay_one(const EndTransactionRecord&) {
  return for_the_reader();
}
MetadataDelta::Outcome MetadataDelta::replay_one(const AbortTransactionRecord&) {
  return for_the_reader();
}

}  // namespace sim
