#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/kafka/image.h"
#include "zk/migration_writer.h"
#include "zk/migration_writer_operation.h"

// The logical writes of the mirror, one maker each (the methods of kafka.zk.migration's clients).
namespace zk {

using PartitionMap = std::map<sim::PartitionId, sim::Partition>;

class OperationMaker {
 public:
  OperationMaker(const MirrorOptions& options, const MirrorContext& context)
      : options_(options), context_(context) {}

  MirrorOperation clear_pending_deletions(const std::vector<std::string>& topics) const;
  MirrorOperation create_topic(const sim::Topic& topic) const;
  MirrorOperation update_topic(const sim::Topic& topic) const;
  MirrorOperation delete_topic(const std::string& name, sim::Uuid id) const;
  MirrorOperation create_partitions(const std::string& topic, const PartitionMap& partitions) const;
  MirrorOperation update_partitions(const std::string& topic, const PartitionMap& partitions) const;
  MirrorOperation delete_partitions(const std::string& topic,
                                    const std::vector<sim::PartitionId>& ids) const;
  // An empty map deletes the znode. Nothing for a resource that has no znode: Kafka logs an error.
  std::optional<MirrorOperation> configs(std::string_view update_type, std::string_view delete_type,
                                         const sim::ConfigResource& resource,
                                         const sim::ResourceConfigs* configs) const;
  MirrorOperation client_quotas(const sim::QuotaEntity& entity, const sim::ClientQuota* quotas,
                                const std::map<std::string, std::string>& credentials) const;
  MirrorOperation producer_id(sim::ProducerId next) const;
  MirrorOperation acls(const ResourcePattern& resource, const std::vector<AclEntry>& entries) const;
  MirrorOperation token(const sim::DelegationToken& token) const;
  MirrorOperation delete_token(const std::string& id) const;

 private:
  Create create(std::string path, Data data) const;
  std::string state_text(const sim::Partition& partition) const;
  void add_partition_creates(const std::string& topic, const PartitionMap& partitions,
                             std::vector<Request>& requests) const;
  // A config znode written with all that belongs to it: second try, parents, announcement.
  MirrorOperation config_write(std::string type, std::string what, std::string_view entity_type,
                               const std::string& entity, const ConfigZnode& config,
                               std::string folder) const;
  std::string encoded_password(const std::string& where, const std::string& plain) const;

  const MirrorOptions& options_;
  const MirrorContext& context_;
};

PartitionMap partitions_of(const sim::Topic& topic);
// SCRAM credentials of a user as texts by mechanism; none for the default user.
std::map<std::string, std::string> scram_texts(const sim::ScramPart& scram,
                                               const std::optional<std::string>& user);
ResourcePattern resource_of(const sim::Acl& acl);
AclEntry entry_of(const sim::Acl& acl);
std::map<ResourcePattern, std::vector<AclEntry>> acls_by_resource(const sim::AclsPart& acls);
inline constexpr std::string_view kQuotaUser = "user";
inline constexpr std::string_view kQuotaClientId = "client-id";
inline constexpr std::string_view kQuotaIp = "ip";
// Users without a client are written together with their SCRAM credentials.
bool is_user_alone(const sim::QuotaEntity& entity);

}  // namespace zk
