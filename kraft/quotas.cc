// Client quotas, producer ids and features (ClientQuotaControlManager, ProducerIdControlManager,
// FeatureControlManager; kraft.md §3.10).

#include <algorithm>
#include <array>

#include "kraft/area.h"

namespace kraft {

namespace {

constexpr std::array<std::string_view, 5> kQuotaKeys{"producer_byte_rate", "consumer_byte_rate",
                                                     "request_percentage", "controller_mutation_rate",
                                                     "connection_creation_rate"};

ErrorCode check_entry(const sim::QuotaEntry& entry) {
  if (entry.entity.empty()) return ErrorCode::InvalidRequest;
  const auto known_key = [](const sim::QuotaOperation& op) {
    return std::ranges::find(kQuotaKeys, op.key) != kQuotaKeys.end();
  };
  return std::ranges::all_of(entry.ops, known_key) ? ErrorCode::None : ErrorCode::InvalidRequest;
}

}  // namespace

Decision<sim::AlterClientQuotasResponse> decide(Desk& desk, const sim::AlterClientQuotasRequest& request) {
  Decision<sim::AlterClientQuotasResponse> out{.response = {}};
  for (const sim::QuotaEntry& entry : request.entries) {
    const ErrorCode error = check_entry(entry);
    out.response.entries.push_back({"", error, ""});
    if (error != ErrorCode::None) continue;
    sim::ClientQuotaRecord entity;
    for (const auto& part : entry.entity) {
      auto& data = entity.entity.emplace_back();
      data.entity_type = part.entity_type;
      data.entity_name = part.entity_name;
    }
    const auto* known = desk.image().client_quotas().find(sim::quota_entity(entity));
    for (const sim::QuotaOperation& op : entry.ops) {
      const auto* value = [&]() -> const sim::QuotaValue* {
        if (known == nullptr) return nullptr;
        const auto found = known->values.find(op.key);
        return found == known->values.end() ? nullptr : &found->second;
      }();
      sim::ClientQuotaRecord record = entity;
      record.key = op.key;
      record.remove = op.remove;
      if (!op.remove) record.value = op.value;
      // Only what changes something is written.
      if (op.remove ? value == nullptr : value != nullptr && *value == record.value) continue;
      out.records.push_back(desk.versioned(std::move(record)));
    }
  }
  if (request.validate_only) out.records.clear();
  return out;
}

Decision<sim::AllocateProducerIdsResponse> decide(Desk& desk,
                                                  const sim::AllocateProducerIdsRequest& request) {
  constexpr std::int32_t kBlockSize = 1000;
  if (const ErrorCode error = desk.check_broker_epoch(request.broker_id, request.broker_epoch);
      error != ErrorCode::None) {
    return {.response = {.error_code = error}};
  }
  const auto& known = desk.image().producer_ids();
  const std::int64_t first = known.known() ? known.next_producer_id.value() : 0;
  sim::ProducerIdsRecord record;
  record.broker_id = request.broker_id;
  record.broker_epoch = request.broker_epoch;
  record.next_producer_id = sim::ProducerId(first + kBlockSize);
  return {.response = {.producer_id_start = sim::ProducerId(first), .producer_id_len = kBlockSize},
          .records = {desk.versioned(std::move(record))}};
}

namespace {

using Refused = std::optional<std::string>;

bool everybody_supports(const Desk& desk, std::string_view feature, std::int16_t level) {
  const auto covers = [&](const auto& features) {
    const auto found = std::ranges::find_if(features, [&](const auto& f) { return f.name == feature; });
    return found != features.end() && found->min_supported_version <= level &&
           level <= found->max_supported_version;
  };
  for (const sim::BrokerRegistration& broker : desk.image().cluster().brokers) {
    if (!covers(broker.features)) return false;
  }
  for (const sim::ControllerRegistration& controller : desk.image().cluster().controllers) {
    if (!covers(controller.features)) return false;
  }
  return true;
}

bool records_changed_between(std::int16_t low, std::int16_t high) {
  return std::ranges::any_of(sim::metadata_versions(), [&](const sim::MetadataVersionInfo& info) {
    const std::int16_t level = sim::level_of(info.version);
    return level > low && level <= high && info.records_changed;
  });
}

Refused refuse_metadata_version(const Desk& desk, const sim::FeatureUpdate& update) {
  const std::int16_t current = sim::level_of(desk.version());
  const std::int16_t wanted = update.max_version_level;
  using enum sim::ZkMigrationState;
  const auto migration = desk.state.migration_state();
  if (migration == PreMigration || migration == Migration) {
    return "Unable to modify metadata.version while a ZK migration is in progress.";
  }
  if (wanted < sim::level_of(sim::kMinimumBootstrapVersion)) return "Invalid metadata.version: too low.";
  if (wanted > sim::level_of(desk.settings.latest_supported)) {
    return "Invalid metadata.version: the local controller does not support it.";
  }
  if (wanted < current) {
    if (update.upgrade_type == 1) return "Can't downgrade the version of this feature without a downgrade flag.";
    if (records_changed_between(wanted, current)) {
      return update.upgrade_type == 2
                 ? "Refusing to perform the requested downgrade because it might delete metadata information."
                 : "Unsafe metadata downgrade is not supported in this version.";
    }
  }
  return std::nullopt;
}

}  // namespace

// All updates or none.
Decision<sim::UpdateFeaturesResponse> decide(Desk& desk, const sim::UpdateFeaturesRequest& request) {
  Decision<sim::UpdateFeaturesResponse> out{.response = {}};
  const auto fail = [&](std::string why) {
    return Decision<sim::UpdateFeaturesResponse>{
        .response = {.error_code = ErrorCode::InvalidUpdateVersion, .error_message = std::move(why)}};
  };
  for (const sim::FeatureUpdate& update : request.feature_updates) {
    if (update.feature == sim::kMetadataVersionFeature) {
      if (const Refused why = refuse_metadata_version(desk, update)) return fail(*why);
      if (!everybody_supports(desk, update.feature, update.max_version_level)) {
        return fail("A registered broker or controller does not support this metadata.version.");
      }
    } else if (update.feature == "kraft.version") {
      return fail("kraft.version cannot be changed in this version.");
    } else if (update.max_version_level != 0 &&
               !everybody_supports(desk, update.feature, update.max_version_level)) {
      return fail("A registered broker or controller does not support this feature level.");
    }
    sim::FeatureLevelRecord record;
    record.name = update.feature;
    record.feature_level = update.max_version_level;
    out.records.push_back({std::move(record), 0});
  }
  if (request.validate_only) out.records.clear();
  return out;
}

sim::Uuid random_uuid(Choices& choices, sim::Site site, std::uint64_t entity) {
  while (true) {
    const std::uint64_t most = (choices.bits(site, entity) & ~std::uint64_t{0xF000}) | 0x4000;
    const std::uint64_t least = (choices.bits(site, entity) >> 2) | (std::uint64_t{1} << 63);
    const sim::Uuid id(static_cast<std::int64_t>(most), static_cast<std::int64_t>(least));
    if (!id.describe().starts_with('-')) return id;
  }
}

}  // namespace kraft
