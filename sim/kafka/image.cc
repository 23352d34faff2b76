#include "sim/kafka/image.h"

#include <fmt/format.h>

namespace sim {

std::optional<std::string_view> ConfigsPart::value(const ConfigResource& resource,
                                                   std::string_view key) const {
  const ResourceConfigs* const configs = find(resource);
  if (configs == nullptr) return std::nullopt;
  const auto found = configs->values.find(key);
  if (found == configs->values.end()) return std::nullopt;
  return found->second;
}

// If a record names a type twice the later one counts, as in ClientQuotaImage.dataToEntity.
QuotaEntity quota_entity(const ClientQuotaRecord& record) {
  QuotaEntity entity;
  for (const EntityData& part : record.entity) {
    entity.insert_or_assign(part.entity_type, part.entity_name);
  }
  return entity;
}

std::uint64_t MetadataImage::digest() const {
  Digest digest;
  digest.add(static_cast<std::uint64_t>(parts_.features.metadata_version));
  digest.add(static_cast<std::uint64_t>(parts_.features.zk_migration_state));
  digest.add(parts_.features.finalized.digest());
  digest.add(parts_.cluster.brokers.digest());
  digest.add(parts_.cluster.controllers.digest());
  digest.add(parts_.topics.digest());
  digest.add(parts_.configs.resources.digest());
  digest.add(parts_.client_quotas.entities.digest());
  digest.add(static_cast<std::uint64_t>(parts_.producer_ids.next_producer_id.value()));
  digest.add(parts_.acls.acls.digest());
  digest.add(parts_.scram.credentials.digest());
  digest.add(parts_.tokens.tokens.digest());
  return digest.value();
}

std::string MetadataImage::describe() const {
  return fmt::format("image at {}: {} topics, {} partitions, {} brokers, digest {:016x}",
                     provenance_.last_contained_offset.value(), parts_.topics.size(),
                     parts_.topics.partition_count(), parts_.cluster.brokers.size(), digest());
}

}  // namespace sim
