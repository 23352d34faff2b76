#include "migrate/differences.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "migrate/config_znode.h"
#include "sim/base/check.h"
#include "sim/kafka/delta.h"
#include "sim/kafka/records.h"

namespace migrate {
namespace {

using sim::Difference;
using sim::Family;

constexpr std::int64_t kProducerIdBlockSize = 1000;

std::vector<Difference> compare_mirrored(const sim::MetadataImage& left,
                                         const sim::MetadataImage& right, sim::Families kinds) {
  return sim::compare(left, right,
                      {.families = kinds, .ignore_acl_ids = true, .ignore_isr_order = true});
}

// ── ZooKeeper's image without what is tolerated: it is made to agree, and what that took is named
// ──

class Tolerating {
 public:
  Tolerating(const DiffInput& input, const sim::MetadataImage& kraft)
      : input_(input), kraft_(kraft), delta_(input.zookeeper) {
    if (input_.kinds.contains(Family::ProducerIds)) producer_ids();
    if (input_.kinds.contains(Family::ClientQuotas)) quotas_left_behind();
    if (input_.kinds.contains(Family::TopicConfigs)) configs_of_deleted_topics();
    passwords();
    empty_configs();
  }

  sim::MetadataImage image() const { return delta_.apply({}); }
  std::vector<Tolerated> take_tolerated() { return std::move(tolerated_); }
  std::vector<Incomparable> take_unknown() { return std::move(unknown_); }

 private:
  void producer_ids();
  void quotas_left_behind();
  void configs_of_deleted_topics();
  void passwords();
  void empty_configs();

  void replay(const sim::Record& record) {
    sim::check(delta_.replay(record).has_value(), "what is there can be changed");
  }
  void tolerate(Tolerance why, Difference difference) {
    tolerated_.push_back({why, std::move(difference)});
  }

  const DiffInput& input_;
  const sim::MetadataImage& kraft_;
  sim::MetadataDelta delta_;
  std::vector<Tolerated> tolerated_;
  std::vector<Incomparable> unknown_;
};

void Tolerating::producer_ids() {
  const sim::ProducerId zookeeper = input_.zookeeper.producer_ids().next_producer_id;
  const sim::ProducerId kraft = kraft_.producer_ids().next_producer_id;
  if (!kraft_.producer_ids().known() || zookeeper.value() != kraft.value() + kProducerIdBlockSize)
    return;
  replay(sim::ProducerIdsRecord{.broker_id = sim::kNoBroker, .next_producer_id = kraft});
  tolerate(Tolerance::ProducerIdBlock, {.path = "producerIds/next",
                                        .kind = Family::ProducerIds,
                                        .left = std::to_string(zookeeper.value()),
                                        .right = std::to_string(kraft.value())});
}

// An entity whose last quota goes is no longer in the image that Kafka asks for its quotas; only
// users without a client are asked for carefully.
void Tolerating::quotas_left_behind() {
  std::vector<sim::ClientQuota> left_behind;
  for (const sim::ClientQuota& quota : input_.zookeeper.client_quotas().entities) {
    const bool user_alone = quota.entity.contains("user") && !quota.entity.contains("client-id");
    const bool unknown_removal =
        input_.quotas_removed && !input_.quotas_removed->contains(quota.entity);
    if (user_alone || unknown_removal || kraft_.client_quotas().find(quota.entity) != nullptr)
      continue;
    left_behind.push_back(quota);
  }
  for (const sim::ClientQuota& quota : left_behind) {
    sim::ClientQuotaRecord removal{.remove = true};
    for (const auto& [type, name] : quota.entity) {
      removal.entity.push_back({.entity_type = type, .entity_name = name});
    }
    const sim::MetadataImage before = delta_.apply({});
    for (const auto& [key, value] : quota.values) {
      removal.key = key;
      replay(removal);
    }
    for (Difference& each : compare_mirrored(before, delta_.apply({}), input_.kinds)) {
      tolerate(Tolerance::QuotaLeftBehind, std::move(each));
    }
  }
}

// ConfigurationsDelta forgets a deleted topic's configs only where the image before the delta had
// them. A controller that starts makes one delta of the whole log, and mirrors what it kept.
void Tolerating::configs_of_deleted_topics() {
  for (const auto& [resource, configs] : input_.configs_of_deleted_topics) {
    for (const auto& [key, value] : configs) {
      const auto here = input_.zookeeper.configs().value(resource, key);
      if (!here || *here != value || kraft_.configs().value(resource, key)) continue;
      replay(sim::ConfigRecord{.resource_type = resource.type,
                               .resource_name = resource.name,
                               .name = key,
                               .value = std::nullopt});
      tolerate(Tolerance::ConfigOfDeletedTopic, {.path = path_of_config(resource, key),
                                                 .kind = kind_of_config(resource),
                                                 .left = value,
                                                 .right = std::nullopt});
    }
  }
}

void Tolerating::passwords() {
  for (const auto& [path, config] : input_.report.decoded_passwords) {
    const auto resource = resource_of_znode(path);
    if (!resource || !input_.kinds.contains(kind_of_config(*resource))) continue;
    const auto here = input_.zookeeper.configs().value(*resource, config);
    const auto there = kraft_.configs().value(*resource, config);
    if (!here || here != there) continue;  // a difference like any other
    tolerate(Tolerance::EncodedPassword,
             {.path = path_of_config(*resource, config), .kind = kind_of_config(*resource)});
  }
  for (const zk::EncodedPassword& password : input_.report.encoded_passwords) {
    const auto resource = resource_of_znode(password.path);
    if (!resource || !input_.kinds.contains(kind_of_config(*resource))) continue;
    const auto here = input_.zookeeper.configs().value(*resource, password.config);
    const auto there = kraft_.configs().value(*resource, password.config);
    // A controller without the secret imports the encoded text as it is: then both are the same.
    if (!there || !here || here == there) continue;
    unknown_.push_back(
        {path_of_config(*resource, password.config),
         fmt::format("the password is encoded in ZooKeeper and cannot be compared: {}",
                     password.why),
         only(std::array{kind_of_config(*resource)})});
    replay(sim::ConfigRecord{.resource_type = resource->type,
                             .resource_name = resource->name,
                             .name = password.config,
                             .value = std::string(*there)});
  }
}

// Every topic that ZooKeeper mode or the mirror creates has a config znode, empty or not; elsewhere
// an empty one is what removing the last config or quota leaves.
void Tolerating::empty_configs() {
  for (const std::string& path : input_.report.empty_configs) {
    const auto resource = resource_of_znode(path);
    const bool of_a_topic = resource && resource->type == sim::ConfigResourceType::Topic &&
                            input_.zookeeper.topics().find(resource->name) != nullptr;
    const Family kind = resource ? kind_of_config(*resource) : Family::ClientQuotas;
    if (of_a_topic || !input_.kinds.contains(kind)) continue;
    tolerate(Tolerance::EmptyConfig, {.path = path, .kind = kind});
  }
}

// ── Fields of partitions that are no part of the promise ────────────────────────────────────────

std::optional<Tolerance> tolerance_of(const Difference& difference) {
  if (difference.kind != Family::Partitions || !difference.left || !difference.right)
    return std::nullopt;
  const std::string_view path = difference.path;
  const std::string_view field = path.substr(path.rfind('/') + 1);
  if (field == "partitionEpoch") return Tolerance::PartitionEpoch;
  if (field == "directories" || field == "eligibleLeaderReplicas" || field == "lastKnownElr") {
    return Tolerance::NotInZookeeper;
  }
  return std::nullopt;
}

// Splits off what is tolerated.
std::vector<Difference> without_tolerated(std::vector<Difference> found,
                                          std::vector<Tolerated>* tolerated) {
  std::vector<Difference> rest;
  for (Difference& difference : found) {
    const auto why = tolerance_of(difference);
    if (!why) {
      rest.push_back(std::move(difference));
    } else if (tolerated != nullptr) {
      tolerated->push_back({*why, std::move(difference)});
    }
  }
  return rest;
}

// ── Above the checkpoint ────────────────────────────────────────────────────────────────────────

// What changed in KRaft between the checkpoint and the end, by path. A thing that came or went
// covers all that is said about its parts.
class Changes {
 public:
  Changes(const sim::MetadataImage& before, const sim::MetadataImage& after, sim::Families kinds) {
    for (const Difference& change : compare_mirrored(before, after, kinds))
      paths_.insert(change.path);
  }

  bool concern(const std::string& path) const {
    for (std::size_t end = path.size(); end != std::string::npos && end > 0;
         end = path.rfind('/', end - 1)) {
      if (paths_.contains(path.substr(0, end))) return true;
    }
    const auto below = paths_.lower_bound(path + '/');
    return below != paths_.end() && below->starts_with(path + '/');
  }

 private:
  std::set<std::string> paths_;
};

sim::OffsetAndEpoch where(const sim::MetadataImage& image) {
  return {.epoch = image.provenance().last_contained_epoch,
          .offset = image.provenance().last_contained_offset};
}

}  // namespace

std::string_view name_of(Tolerance tolerance) {
  switch (tolerance) {
    case Tolerance::ProducerIdBlock:
      return "producer id block";
    case Tolerance::PartitionEpoch:
      return "partition epoch";
    case Tolerance::NotInZookeeper:
      return "not in ZooKeeper";
    case Tolerance::QuotaLeftBehind:
      return "quota left behind (MB-12)";
    case Tolerance::EncodedPassword:
      return "encoded password";
    case Tolerance::EmptyConfig:
      return "empty config znode";
    case Tolerance::ConfigOfDeletedTopic:
      return "config of a deleted topic (MB-25)";
  }
  sim::unreachable("a tolerance is one of those above");
}

std::string_view explain(Tolerance tolerance) {
  switch (tolerance) {
    case Tolerance::ProducerIdBlock:
      return "The mirror writes the block [next, next+999]; after a rollback one block is skipped, "
             "none is "
             "given out twice (migration.md §4.3).";
    case Tolerance::PartitionEpoch:
      return "In ZooKeeper it is the version of the state znode, which moves once for each write "
             "and drifts "
             "from KRaft's (migration.md §4.2).";
    case Tolerance::NotInZookeeper:
      return "ZooKeeper has no place for directories and eligible leader replicas (migration.md "
             "§4.2).";
    case Tolerance::QuotaLeftBehind:
      return "Kafka fails to mirror the removal of an entity's last quota; a rollback would bring "
             "it back "
             "(migration.md §7.2, MB-12).";
    case Tolerance::EncodedPassword:
      return "Decoded with the secret it is equal; the mirror encodes it anew each time "
             "(migration.md §3.4).";
    case Tolerance::EmptyConfig:
      return "Removing the last config or quota leaves an empty znode (migration.md §4.4 d).";
    case Tolerance::ConfigOfDeletedTopic:
      return "A topic of that name had it when it was deleted; Kafka 3.8 and 3.9 bring it back "
             "when "
             "a controller starts, and mirror it (KAFKA-16206's guard in ConfigurationsDelta, "
             "MB-25); after a rollback it is in force.";
  }
  sim::unreachable("a tolerance is one of those above");
}

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Equal:
      return "equal";
    case Verdict::Different:
      return "different";
    case Verdict::Unknown:
      return "unknown";
    case Verdict::Behind:
      return "behind";
  }
  sim::unreachable("a verdict is one of those above");
}

DiffReport differences(const DiffInput& input) {
  DiffReport report;
  report.kraft_end = where(input.kraft_at_end);
  if (input.migration) report.checkpoint = input.migration->kraft_metadata;
  const bool mirrored = input.migration && input.migration->initial_migration_complete();
  const sim::MetadataImage& checkpoint = mirrored ? input.kraft_at_checkpoint : input.kraft_at_end;
  report.counts = count_kinds(input.zookeeper, checkpoint, input.kinds);
  if (mirrored && report.kraft_end < report.checkpoint) {
    report.verdict = Verdict::Behind;
    return report;
  }

  Tolerating at_checkpoint(input, checkpoint);
  report.tolerated = at_checkpoint.take_tolerated();
  report.unknown = at_checkpoint.take_unknown();
  for (const zk::UnreadableZnode& znode : input.report.unreadable) {
    const sim::Families kinds = kinds_of_znode(znode.path);
    if (overlap(kinds, input.kinds)) report.unknown.push_back({znode.path, znode.why, kinds});
  }
  const std::vector<Difference> found = without_tolerated(
      compare_mirrored(at_checkpoint.image(), checkpoint, input.kinds), &report.tolerated);
  const std::vector<Difference> found_at_end =
      without_tolerated(compare_mirrored(Tolerating(input, input.kraft_at_end).image(),
                                         input.kraft_at_end, input.kinds),
                        nullptr);
  const Changes above(checkpoint, input.kraft_at_end, input.kinds);

  // Entries of one ACL share a path.
  const auto key = [](const Difference& difference) {
    return difference.kind == Family::Acls ? sim::describe(difference) : difference.path;
  };
  std::set<std::string> seen;
  for (const Difference& difference : found) {
    seen.insert(key(difference));
    (above.concern(difference.path) ? report.pending : report.different).push_back(difference);
  }
  // What agrees with the checkpoint and not with the end has yet to be mirrored.
  for (const Difference& difference : found_at_end) {
    if (!above.concern(difference.path)) continue;
    report.unmirrored.push_back(difference);
    if (!seen.contains(key(difference))) report.pending.push_back(difference);
  }
  report.verdict = !report.different.empty() ? Verdict::Different
                   : !report.unknown.empty() ? Verdict::Unknown
                                             : Verdict::Equal;
  return report;
}

}  // namespace migrate
