#include "sim/kafka/delta.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/match.h"

// Replay of what concerns topics and their partitions, and the end of a snapshot. The other families:
// delta_families.cc.
namespace sim {
namespace {

std::unexpected<ReplayError> no_such_topic(Uuid id) {
  return std::unexpected(fmt::format("there is no topic with id {}", id.describe()));
}

std::unexpected<ReplayError> of_partition(const Topic& topic, PartitionId id, ReplayError error) {
  return std::unexpected(fmt::format("partition {}-{}: {}", topic.name(), id.value(), error));
}

// Removes from `table` what `named` does not contain, and names it.
template <class Table, class Named>
void remove_unnamed(Table& table, Named& named) {
  const Table before = table;
  for (const auto& held : before) {
    const auto& key = Table::key_of(held);
    if (named.emplace(key).second) table.erase(key);
  }
}

}  // namespace

bool MetadataChanges::any() const {
  return metadata_version || zk_migration_state || producer_ids || !features.empty() ||
         any_node() || any_topic() || !configs.empty() || !client_quotas.empty() ||
         !scram.empty() || !acls.empty() || !tokens.empty();
}

Expected<void> MetadataDelta::replay(const Record& record, const Place& place) {
  Outcome outcome =
      std::visit([&](const auto& alternative) { return replay_one(alternative); }, record);
  if (outcome) return {};
  return std::unexpected(
      Problem{.severity = Severity::Malformed,
              .place = place,
              .what = fmt::format("{} cannot be replayed: {}", name_of(record), outcome.error()),
              .remedy = ""});
}

std::optional<Partition> MetadataDelta::partition_before(Uuid topic, PartitionId id) const {
  const auto change = changes_.topics.find(topic);
  if (change != changes_.topics.end() && change->second.is_new) return std::nullopt;
  const Topic* const before = base_.topics().find(topic);
  return before == nullptr ? std::nullopt : before->partition(id);
}

// Within one delta a name or id comes up once. Against the base both may come up again, for then the records
// are those of a snapshot: the topic begins anew, and one of the same name but another id is gone (TopicsDelta
// behaves so; it is the controller that dies of a duplicate).
MetadataDelta::Outcome MetadataDelta::replay_one(const TopicRecord& record) {
  const Topic* const same_name = now_.topics.find(record.name);
  const Topic* const same_id = now_.topics.find(record.topic_id);
  for (const Topic* const other : {same_name, same_id}) {
    if (other == nullptr) continue;
    const auto change = changes_.topics.find(other->id());
    if (change == changes_.topics.end() || !change->second.is_new) continue;
    return std::unexpected(fmt::format("topic {} with id {} has been created before", other->name(),
                                       other->id().describe()));
  }
  const bool was_in_base = same_id != nullptr;
  if (same_name != nullptr && same_name != same_id) remove_topic(same_name->id());
  if (was_in_base) now_.topics.remove(record.topic_id);
  changes_.deleted_topics.erase(record.topic_id);
  now_.topics.create(record.name, record.topic_id);
  changes_.topics.insert_or_assign(
      record.topic_id, TopicChange{.name = record.name, .is_new = true, .partitions = {}});
  return {};
}

MetadataDelta::Outcome MetadataDelta::replay_one(const PartitionRecord& record) {
  const Topic* const topic = now_.topics.find(record.topic_id);
  if (topic == nullptr) return no_such_topic(record.topic_id);
  if (record.partition_id.value() < 0) {
    return of_partition(*topic, record.partition_id, "partitions are numbered from 0");
  }
  const auto partition = partition_from(record);
  if (!partition) return of_partition(*topic, record.partition_id, partition.error());
  change_of(*topic).partitions.insert(record.partition_id);
  now_.topics.set_partition(*topic, record.partition_id, *partition);
  return {};
}

MetadataDelta::Outcome MetadataDelta::replay_one(const PartitionChangeRecord& record) {
  const Topic* const topic = now_.topics.find(record.topic_id);
  if (topic == nullptr) return no_such_topic(record.topic_id);
  std::optional<Partition> before = topic->partition(record.partition_id);
  if (!before) return of_partition(*topic, record.partition_id, "there is no such partition");
  const auto partition = merged(std::move(*before), record);
  if (!partition) return of_partition(*topic, record.partition_id, partition.error());
  change_of(*topic).partitions.insert(record.partition_id);
  now_.topics.set_partition(*topic, record.partition_id, *partition);
  return {};
}

// The topic's configs go with it; no records say so (kraft.md §5.1).
// Simplified: Kafka 3.9 keeps configs that the same delta set for a topic which the base did not have
// (ConfigurationsDelta.replay(RemoveTopicRecord)), so that its image depends on where deltas begin.
MetadataDelta::Outcome MetadataDelta::replay_one(const RemoveTopicRecord& record) {
  const Topic* const topic = now_.topics.find(record.topic_id);
  if (topic == nullptr) return no_such_topic(record.topic_id);
  remove_configs({ConfigResourceType::Topic, topic->name()});
  remove_topic(record.topic_id);
  return {};
}

TopicChange& MetadataDelta::change_of(const Topic& topic) {
  const auto [change, is_first] = changes_.topics.try_emplace(topic.id());
  if (is_first) change->second.name = topic.name();
  return change->second;
}

void MetadataDelta::remove_topic(Uuid id) {
  now_.topics.remove(id);
  changes_.topics.erase(id);
  const Topic* const before = base_.topics().find(id);
  if (before != nullptr) changes_.deleted_topics.emplace(id, before->name());
}

void MetadataDelta::remove_configs(const ConfigResource& resource) {
  const ResourceConfigs* const configs = now_.configs.find(resource);
  if (configs == nullptr) return;
  auto& keys = changes_.configs[resource];
  for (const auto& [key, value] : configs->values) keys.insert(key);
  now_.configs.resources.erase(resource);
}

void MetadataDelta::finish_snapshot() {
  finish_topics();
  finish_configs();
  finish_quotas();
  remove_unnamed(now_.features.finalized, changes_.features);
  remove_unnamed(now_.cluster.brokers, changes_.brokers);
  remove_unnamed(now_.cluster.controllers, changes_.controllers);
  remove_unnamed(now_.acls.acls, changes_.acls);
  remove_unnamed(now_.scram.credentials, changes_.scram);
  remove_unnamed(now_.tokens.tokens, changes_.tokens);
}

void MetadataDelta::finish_topics() {
  for (const Topic& topic : base_.topics()) {
    if (changes_.topics.contains(topic.id())) {
      now_.topics.share_if_same(base_.topics(), topic.id());
    } else if (now_.topics.find(topic.id()) != nullptr) {
      remove_topic(topic.id());
    }
  }
}

void MetadataDelta::finish_configs() {
  for (const ResourceConfigs& before : base_.configs().resources) {
    auto& named = changes_.configs[before.resource];
    const ResourceConfigs* const current = now_.configs.find(before.resource);
    if (current == nullptr) continue;
    ResourceConfigs kept = *current;
    for (const auto& [key, value] : before.values) {
      if (named.insert(key).second) kept.values.erase(key);
    }
    if (kept.values.empty()) {
      now_.configs.resources.erase(before.resource);
    } else if (kept != *current) {
      now_.configs.resources.emplace(std::move(kept));
    }
  }
}

void MetadataDelta::finish_quotas() {
  for (const ClientQuota& before : base_.client_quotas().entities) {
    auto& named = changes_.client_quotas[before.entity];
    const ClientQuota* const current = now_.client_quotas.find(before.entity);
    if (current == nullptr) continue;
    ClientQuota kept = *current;
    for (const auto& [key, value] : before.values) {
      if (named.insert(key).second) kept.values.erase(key);
    }
    if (kept.values.empty()) {
      now_.client_quotas.entities.erase(before.entity);
    } else if (kept != *current) {
      now_.client_quotas.entities.emplace(std::move(kept));
    }
  }
}

}  // namespace sim
