#include "sim/kafka/image_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/kafka/record_version.h"

namespace sim {
namespace {

// One snapshot being written: where it goes, at which version, and what was lost on the way.
class Writer {
 public:
  Writer(MetadataVersion version, const RecordSink& sink) : version_(version), sink_(sink) {}

  void write_features(const FeaturesPart& features) {
    // A feature level can be recorded from 3.3-IV0 on.
    if (version_ >= kMinimumBootstrapVersion) {
      write(FeatureLevelRecord{.name = std::string(kMetadataVersionFeature),
                               .feature_level = level_of(version_)});
      for (const FeatureLevel& feature : features.finalized) {
        write(FeatureLevelRecord{.name = feature.name, .feature_level = feature.level});
      }
    } else if (!features.finalized.empty()) {
      lose("feature levels");
    }
    if (supports(MetadataGate::ZkMigration)) {
      write(ZkMigrationStateRecord{.zk_migration_state = features.zk_migration_state});
    } else if (features.zk_migration_state != ZkMigrationState::None) {
      lose("the ZooKeeper migration state");
    }
  }

  void write_cluster(const ClusterPart& cluster) {
    for (const BrokerRegistration& broker : cluster.brokers) write_broker(broker);
    if (supports(MetadataGate::ControllerRegistration)) {
      for (const ControllerRegistration& controller : cluster.controllers) write(controller);
    } else if (!cluster.controllers.empty()) {
      lose("controller registrations");
    }
  }

  void write_topics(const TopicsPart& topics) {
    for (const Topic& topic : topics) {
      write(TopicRecord{.name = topic.name(), .topic_id = topic.id()});
      for (const auto& [id, partition] : topic.partitions()) {
        write_partition(to_record(partition, topic.id(), id));
      }
    }
  }

  void write_configs(const ConfigsPart& configs) {
    for (const ResourceConfigs& held : configs.resources) {
      for (const auto& [key, value] : held.values) {
        write(ConfigRecord{.resource_type = held.resource.type,
                           .resource_name = held.resource.name,
                           .name = key,
                           .value = value});
      }
    }
  }

  void write_client_quotas(const ClientQuotasPart& quotas) {
    for (const ClientQuota& quota : quotas.entities) {
      std::vector<EntityData> entity;
      for (const auto& [type, name] : quota.entity) {
        entity.push_back({.entity_type = type, .entity_name = name});
      }
      for (const auto& [key, value] : quota.values) {
        write(ClientQuotaRecord{.entity = entity, .key = key, .value = value});
      }
    }
  }

  void write_producer_ids(const ProducerIdsPart& ids) {
    if (!ids.known()) return;
    write(ProducerIdsRecord{.broker_id = kNoBroker,
                            .broker_epoch = BrokerEpoch(-1),
                            .next_producer_id = ids.next_producer_id});
  }

  void write_security(const AclsPart& acls, const ScramPart& scram,
                      const DelegationTokensPart& tokens) {
    write_all(acls.acls);
    write_from(MetadataGate::Scram, scram.credentials, "SCRAM credentials");
    write_from(MetadataGate::DelegationTokens, tokens.tokens, "delegation tokens");
  }

  std::vector<std::string> losses() const { return {losses_.begin(), losses_.end()}; }

 private:
  template <class T>
  void write(T record) {
    const std::int16_t version = record_version<T>(version_);
    sink_({.record = std::move(record), .version = version});
  }
  template <class Value, auto kKey>
  void write_all(const Table<Value, kKey>& table) {
    for (const Value& value : table) write(value);
  }
  template <class Value, auto kKey>
  void write_from(MetadataGate gate, const Table<Value, kKey>& table, std::string_view what) {
    if (supports(gate)) {
      write_all(table);
    } else if (!table.empty()) {
      lose(std::string(what));
    }
  }

  void write_broker(BrokerRegistration broker) {
    if (!supports(MetadataGate::InControlledShutdown) && broker.in_controlled_shutdown) {
      lose("controlled shutdowns of brokers");
      broker.in_controlled_shutdown = false;
    }
    if (!supports(MetadataGate::ZkMigration) && broker.is_migrating_zk_broker) {
      lose("that brokers are migrating from ZooKeeper");
      broker.is_migrating_zk_broker = false;
    }
    if (!supports(MetadataGate::DirectoryAssignment) && !broker.log_dirs.empty()) {
      lose("log directories of brokers");
      broker.log_dirs.clear();
    }
    write(std::move(broker));
  }

  // Directories that are all MIGRATING say nothing, so nothing is lost with them.
  void write_partition(PartitionRecord record) {
    if (!supports(MetadataGate::DirectoryAssignment)) {
      const bool all_migrating = std::ranges::all_of(
          record.directories, [](const Uuid& id) { return id == kMigratingDirectory; });
      if (!all_migrating) lose("log directories of replicas");
      record.directories.clear();
    }
    if (!supports(MetadataGate::EligibleLeaderReplicas)) {
      // Kafka leaves them out without a word (PartitionRegistration.toRecord).
      if (record.eligible_leader_replicas || record.last_known_elr)
        lose("eligible leader replicas");
      record.eligible_leader_replicas.reset();
      record.last_known_elr.reset();
    }
    write(std::move(record));
  }

  bool supports(MetadataGate gate) const { return sim::supports(version_, gate); }
  void lose(std::string what) { losses_.insert(std::move(what)); }

  MetadataVersion version_;
  const RecordSink& sink_;
  std::set<std::string> losses_;
};

}  // namespace

std::vector<std::string> to_records(const MetadataImage& image, MetadataVersion version,
                                    const RecordSink& sink) {
  Writer writer(version, sink);
  writer.write_features(image.features());
  writer.write_cluster(image.cluster());
  writer.write_topics(image.topics());
  writer.write_configs(image.configs());
  writer.write_client_quotas(image.client_quotas());
  writer.write_producer_ids(image.producer_ids());
  writer.write_security(image.acls(), image.scram(), image.tokens());
  return writer.losses();
}

std::vector<std::string> to_records(const MetadataImage& image, const RecordSink& sink) {
  return to_records(image, image.features().metadata_version, sink);
}

}  // namespace sim
