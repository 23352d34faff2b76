// Client quotas, producer ids and features (ClientQuotaControlManager, ProducerIdControlManager,
// FeatureControlManager; kraft.md §3.10).

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>

#include "kraft/area.h"

namespace kraft {

namespace {

constexpr std::string_view kUser = "user";
constexpr std::string_view kClientId = "client-id";
constexpr std::string_view kIp = "ip";

// QuotaConfigs: what an entity may be given, and what Kafka takes the number for. The arithmetic on quotas is
// comparison and remainder alone, which every machine does alike.
struct QuotaKey {
  std::string_view name;
  bool of_ip = false;  // else of users and clients
  enum class Type : std::uint8_t {
    Double,
    Int,
    Long
  } type = Type::Double;
};
constexpr std::array<QuotaKey, 5> kQuotaKeys{
    {{"producer_byte_rate", false, QuotaKey::Type::Long},
     {"consumer_byte_rate", false, QuotaKey::Type::Long},
     {"request_percentage", false, QuotaKey::Type::Double},
     {"controller_mutation_rate", false, QuotaKey::Type::Double},
     {"connection_creation_rate", true, QuotaKey::Type::Int}}};

// Not refused: a NaN, which is neither below nor above anything.
bool is_legal(const QuotaKey& key, sim::QuotaValue quota) {
  const auto value = quota.value();
  if (value <= 0) return false;
  switch (key.type) {
    case QuotaKey::Type::Double:
      return true;
    case QuotaKey::Type::Int:
      if (value > 0x7fffffffp0) return false;
      break;
    case QuotaKey::Type::Long:
      if (value > 0x1p63) return false;
      break;
  }
  return !(std::fmod(value, 1) > 1e-6);
}

// Simplified: every name of an ip is taken for one that resolves.
std::string why_no_entity(const std::vector<sim::EntityData>& entity) {
  if (entity.empty()) return "Invalid empty client quota entity";
  std::set<std::string_view> types;
  for (const sim::EntityData& part : entity) {
    const std::string_view type = part.entity_type;
    if (!types.insert(type).second) {
      return fmt::format("Invalid client quota entity, duplicate entity entry {}", type);
    }
    if (type != kUser && type != kClientId && type != kIp) {
      return fmt::format("Unhandled client quota entity type: {}", type);
    }
    if (part.entity_name && part.entity_name->empty())
      return fmt::format("Empty {} not supported", type);
  }
  const bool mixed = types.contains(kIp) && types.size() > 1;
  return mixed ? "Invalid quota entity combination: an IP stands alone" : "";
}

// Removing is always allowed, even what no entity can have. Empty: fine.
std::string why_no_quotas(const sim::QuotaEntry& entry) {
  if (std::string why = why_no_entity(entry.entity); !why.empty()) return why;
  const bool of_ip = entry.entity.front().entity_type == kIp;
  std::set<std::string_view> keys;
  for (const sim::QuotaOperation& op : entry.ops) {
    if (!keys.insert(op.key).second) return fmt::format("Duplicate quota key {}", op.key);
  }
  for (const sim::QuotaOperation& op : entry.ops) {
    if (op.remove) continue;
    const auto key = std::ranges::find(kQuotaKeys, std::string_view(op.key), &QuotaKey::name);
    if (key == kQuotaKeys.end() || key->of_ip != of_ip) {
      return fmt::format("Invalid configuration key {}", op.key);
    }
    if (!is_legal(*key, op.value))
      return fmt::format("Quota {} cannot be {}", op.key, op.value.describe());
  }
  return "";
}

}  // namespace

Decision<sim::AlterClientQuotasResponse> decide(Desk& desk,
                                                const sim::AlterClientQuotasRequest& request) {
  Decision<sim::AlterClientQuotasResponse> out{.response = {}};
  std::map<sim::QuotaEntity, std::size_t> answers;
  for (const sim::QuotaEntry& entry : request.entries) {
    sim::ClientQuotaRecord entity;
    entity.entity = entry.entity;
    std::string why = why_no_quotas(entry);
    const auto [first, is_first] =
        answers.try_emplace(sim::quota_entity(entity), out.response.entries.size());
    if (!is_first) {
      // One answer an entity: what was written for the first of them stays, though it hears of an error.
      why = "Ignoring duplicate entity";
      out.response.entries[first->second] = {"", ErrorCode::InvalidRequest, why};
    }
    out.response.entries.push_back(
        {"", why.empty() ? ErrorCode::None : ErrorCode::InvalidRequest, why});
    if (!why.empty()) continue;
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
    const auto found =
        std::ranges::find_if(features, [&](const auto& f) { return f.name == feature; });
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
  if (wanted < sim::level_of(sim::kMinimumBootstrapVersion))
    return "Invalid metadata.version: too low.";
  if (wanted > sim::level_of(desk.settings.latest_supported)) {
    return "Invalid metadata.version: the local controller does not support it.";
  }
  if (wanted < current) {
    if (update.upgrade_type == 1)
      return "Can't downgrade the version of this feature without a downgrade flag.";
    if (records_changed_between(wanted, current)) {
      return update.upgrade_type == 2
                 ? "Refusing to perform the requested downgrade because it might delete metadata "
                   "information."
                 : "Unsafe metadata downgrade is not supported in this version.";
    }
  }
  return std::nullopt;
}

}  // namespace

// All updates or none.
Decision<sim::UpdateFeaturesResponse> decide(Desk& desk,
                                             const sim::UpdateFeaturesRequest& request) {
  Decision<sim::UpdateFeaturesResponse> out{.response = {}};
  const auto fail = [&](std::string why) {
    return Decision<sim::UpdateFeaturesResponse>{
        .response = {.error_code = ErrorCode::InvalidUpdateVersion,
                     .error_message = std::move(why)}};
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
