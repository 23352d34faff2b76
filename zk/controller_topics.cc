// Topics: found, created, grown, deleted (zookeeper.md §6.9).
#include <algorithm>
#include <utility>

#include "sim/kafka/metadata_cache.h"
#include "zk/controller.h"
#include "zk/controller_notice.h"
#include "zk/paths.h"

namespace zk {

// Takes a topic's assignment into memory; leadership that is known stays. False: gone or
// unreadable.
bool Controller::read_topic(const std::string& name, const Response& answer) {
  const auto* found = result_if<GotData>(answer);
  if (found == nullptr) return false;
  const auto znode = parse_topic(found->data.value_or(""));
  if (!znode) return false;
  TopicInfo& topic = topics_[name];
  topic.id = znode->topic_id.value_or(sim::Uuid());
  for (const auto& [id, assignment] : znode->partitions) {
    PartitionInfo& info = topic.partitions[id];
    info.replicas = assignment.replicas;
    info.adding = assignment.adding_replicas;
    info.removing = assignment.removing_replicas;
  }
  return true;
}

void Controller::on_topics_listed(sim::Context& context, BrokerLink& link, const Response& answer) {
  const auto* found = result_if<GotChildren>(answer);
  if (found == nullptr) return finish_event();
  std::erase_if(topics_, [&](const auto& entry) {
    return std::ranges::find(found->children, entry.first) == found->children.end() &&
           !deleting_.contains(entry.first);
  });
  asked_topics_.clear();
  std::vector<Request> reads;
  for (const std::string& name : found->children) {
    if (topics_.contains(name)) continue;
    asked_topics_.push_back(name);
    reads.emplace_back(GetData{paths::topic(name)});
  }
  ask(context, link, Stage::ReadTopics, std::move(reads), Watching::Yes);
}

void Controller::on_topics_read(sim::Context& context, BrokerLink& link,
                                const std::vector<Response>& answers) {
  for (std::size_t i = 0; i < asked_topics_.size(); ++i) {
    const std::string& name = asked_topics_[i];
    if (!read_topic(name, answers[i]) || deleting_.contains(name)) continue;
    for (const auto& [id, info] : topics_.at(name).partitions) {
      if (!info.leadership) new_partitions_.push_back({name, id});
    }
  }
  create_new_partitions(context, link);
}

// ── Deletion
// ────────────────────────────────────────────────────────────────────────────────────────

void Controller::on_deletions_listed(sim::Context& context, BrokerLink& link,
                                     const Response& answer) {
  const auto* found = result_if<GotChildren>(answer);
  std::vector<Request> purge;
  for (const std::string& name : found != nullptr ? found->children : std::vector<std::string>()) {
    if (topics_.contains(name)) {
      deleting_.insert(name);
    } else {
      purge.push_back(fenced(Delete{.path = paths::delete_topic(name)}));
    }
  }
  ask(context, link, Stage::PurgeDeletions, std::move(purge));
}

// A topic goes once all its replicas can be told; those told already are waited for.
void Controller::try_deletions(sim::Context& context) {
  for (const std::string& name : deleting_) {
    const auto topic = topics_.find(name);
    if (topic == topics_.end() || deletion_awaited_.contains(name)) continue;
    std::set<std::pair<sim::TopicPartition, sim::BrokerId>> awaited;
    bool all_alive = true;
    for (const auto& [id, info] : topic->second.partitions) {
      for (const sim::BrokerId replica : info.replicas) {
        all_alive = all_alive && reachable(replica);
        awaited.insert({{name, id}, replica});
      }
    }
    if (!all_alive) continue;
    std::vector<sim::BrokerId> all;
    for (const auto& [id, broker] : brokers_) all.push_back(id);
    batch_.add_update_metadata(all);
    for (const auto& [id, info] : topic->second.partitions) {
      batch_.add_update_metadata(name, topic->second.id,
                                 {.partition_index = id,
                                  .controller_epoch = epoch_,
                                  .leader = sim::kLeaderDuringDelete,
                                  .leader_epoch = sim::kEpochDuringDelete,
                                  .replicas = info.replicas});
      for (const sim::BrokerId replica : info.replicas) {
        batch_.add_stop_replica(replica, name,
                                {.partition_index = id,
                                 .leader_epoch = sim::kEpochDuringDelete,
                                 .delete_partition = true});
      }
    }
    deletion_awaited_.emplace(name, std::move(awaited));
  }
  push(context);
}

void Controller::on_stop_replica_answer(const sim::ControlAnswer& answer) {
  const auto* stopped = std::get_if<sim::StopReplicaResponse>(&answer.body);
  if (stopped == nullptr) return;
  for (const sim::PartitionError& part : stopped->partition_errors) {
    const auto awaited = deletion_awaited_.find(part.topic_partition.topic);
    if (awaited == deletion_awaited_.end() || part.error_code != sim::ErrorCode::None) continue;
    awaited->second.erase({part.topic_partition, answer.from});
    if (!awaited->second.empty()) continue;
    events_.emplace_back(FinishDeletion{part.topic_partition.topic});
    deletion_awaited_.erase(awaited);
  }
}

// completeDeleteTopic. Children first; a crash in between leaves a part, which the next controller
// finds by the znode under /admin/delete_topics: it goes last.
void Controller::delete_znodes(sim::Context& context, BrokerLink& link, const std::string& name) {
  std::vector<Request> deletes;
  const auto remove = [&](std::string path) {
    deletes.push_back(fenced(Delete{.path = std::move(path)}));
  };
  const auto topic = topics_.find(name);
  if (topic != topics_.end()) {
    for (const auto& [id, info] : topic->second.partitions) {
      remove(paths::partition_state(name, id));
      remove(paths::partition(name, id));
    }
  }
  remove(paths::partitions(name));
  remove(paths::topic(name));
  remove(paths::config(paths::kTopicEntity, name));
  remove(paths::delete_topic(name));
  ask(context, link, Stage::DeleteZnodes, std::move(deletes));
}

// ── What administrators ask: znodes are written, and watches do the rest
// ────────────────────────────

// AdminUtils.assignReplicasToBrokersRackUnaware: round robin from a random broker, followers at a
// shift that grows with each round. Simplified: racks are not looked at.
std::vector<std::vector<sim::BrokerId>> Controller::place(sim::Context& context,
                                                          std::int32_t partitions,
                                                          std::int32_t replication_factor,
                                                          std::int32_t first) {
  static constexpr sim::Site kStart{"zkcontroller.placement_start"};
  static constexpr sim::Site kShift{"zkcontroller.placement_shift"};
  const std::vector<sim::BrokerId> brokers(live_.live.begin(), live_.live.end());
  const auto entity = static_cast<std::uint64_t>(config_.id.value());
  const std::uint64_t count = brokers.size();
  const std::uint64_t start = context.choices.pick(kStart, entity, 0, count - 1);
  std::uint64_t shift = context.choices.pick(kShift, entity, 0, count - 1);
  std::vector<std::vector<sim::BrokerId>> placed;
  for (std::int32_t p = first; p < first + partitions; ++p) {
    const auto partition = static_cast<std::uint64_t>(p);
    if (p > 0 && partition % count == 0) ++shift;
    const std::uint64_t leader = (partition + start) % count;
    std::vector<sim::BrokerId> replicas = {brokers[leader]};
    for (std::int32_t r = 0; r < replication_factor - 1; ++r) {
      const std::uint64_t step = 1 + (shift + static_cast<std::uint64_t>(r)) % (count - 1);
      replicas.push_back(brokers[(leader + step) % count]);
    }
    placed.push_back(std::move(replicas));
  }
  return placed;
}

void Controller::create_topics(sim::Context& context, BrokerLink& link,
                               const Asked<sim::CreateTopicsRequest>& asked) {
  static constexpr sim::Site kTopicId{"zkcontroller.topic_id"};
  created_topics_.clear();
  admin_slots_.clear();
  std::vector<Request> writes;
  for (const sim::CreatableTopic& topic : asked.body.topics) {
    sim::CreatableTopicResult result{.name = topic.name};
    const std::int32_t factor = topic.replication_factor > 0 ? topic.replication_factor
                                                             : config_.default_replication_factor;
    const std::int32_t count =
        topic.num_partitions > 0 ? topic.num_partitions : config_.num_partitions;
    if (topics_.contains(topic.name)) {
      result.error_code = sim::ErrorCode::TopicAlreadyExists;
    } else if (topic.assignments.empty() && static_cast<std::size_t>(factor) > live_.live.size()) {
      result.error_code = sim::ErrorCode::InvalidReplicationFactor;
    }
    if (result.error_code == sim::ErrorCode::None && !asked.body.validate_only) {
      TopicZnode znode;
      const auto entity = sim::hash_name(topic.name);
      const auto most = static_cast<std::int64_t>(context.choices.bits(kTopicId, entity));
      const auto least = static_cast<std::int64_t>(context.choices.bits(kTopicId, entity));
      znode.topic_id = result.topic_id = sim::Uuid(most, least);
      for (const sim::ReplicaAssignment& manual : topic.assignments) {
        znode.partitions[manual.partition_index].replicas = manual.broker_ids;
      }
      if (topic.assignments.empty()) {
        std::int32_t p = 0;
        for (auto& replicas : place(context, count, factor, 0)) {
          znode.partitions[sim::PartitionId{p++}].replicas = std::move(replicas);
        }
      }
      ConfigZnode config;
      for (const sim::ConfigEntry& entry : topic.configs) {
        if (entry.value) config[entry.name] = *entry.value;
      }
      // Not atomic in Kafka either: a crash in between leaves a config without a topic.
      writes.emplace_back(
          Create{.path = paths::config(paths::kTopicEntity, topic.name), .data = encode(config)});
      writes.emplace_back(Create{.path = paths::topic(topic.name), .data = encode(znode)});
      admin_slots_.push_back(created_topics_.size());
    }
    created_topics_.push_back(std::move(result));
  }
  ask(context, link, Stage::AdminWrites, std::move(writes));
}

void Controller::delete_topics(sim::Context& context, BrokerLink& link,
                               const Asked<sim::DeleteTopicsRequest>& asked) {
  admin_results_.clear();
  std::vector<Request> writes;
  for (const std::string& name : asked.body.topic_names) {
    sim::AdminResult result{.name = name};
    if (topics_.contains(name)) {
      writes.emplace_back(Create{.path = paths::delete_topic(name)});
    } else {
      result.error_code = sim::ErrorCode::UnknownTopicOrPartition;
    }
    admin_results_.push_back(std::move(result));
  }
  ask(context, link, Stage::AdminWrites, std::move(writes));
}

void Controller::create_partitions(sim::Context& context, BrokerLink& link,
                                   const Asked<sim::CreatePartitionsRequest>& asked) {
  admin_results_.clear();
  std::vector<Request> writes;
  for (const sim::CreatePartitionsTopic& grown : asked.body.topics) {
    sim::AdminResult result{.name = grown.name};
    const auto topic = topics_.find(grown.name);
    if (topic == topics_.end()) {
      result.error_code = sim::ErrorCode::UnknownTopicOrPartition;
    } else if (grown.count <= static_cast<std::int32_t>(topic->second.partitions.size())) {
      result.error_code = sim::ErrorCode::InvalidPartitions;
    } else {
      TopicZnode znode;
      if (!topic->second.id.is_zero()) znode.topic_id = topic->second.id;
      for (const auto& [id, info] : topic->second.partitions) {
        znode.partitions[id] = {info.replicas, info.adding, info.removing};
      }
      auto next = static_cast<std::int32_t>(znode.partitions.size());
      const auto factor =
          static_cast<std::int32_t>(znode.partitions.begin()->second.replicas.size());
      auto placed = grown.assignments.empty() ? place(context, grown.count - next, factor, next)
                                              : grown.assignments;
      for (auto& replicas : placed) {
        znode.partitions[sim::PartitionId{next++}].replicas = std::move(replicas);
      }
      writes.emplace_back(SetData{.path = paths::topic(grown.name), .data = encode(znode)});
    }
    admin_results_.push_back(std::move(result));
  }
  ask(context, link, Stage::AdminWrites, std::move(writes));
}

void Controller::on_admin_written(sim::Context& context, const std::vector<Response>& answers) {
  if (const auto* create = std::get_if<Asked<sim::CreateTopicsRequest>>(&*current_)) {
    for (std::size_t i = 0; i < admin_slots_.size(); ++i) {
      const Response& topic_created = answers[2 * i + 1];
      if (topic_created.error == ErrorCode::NodeExists) {
        created_topics_[admin_slots_[i]].error_code = sim::ErrorCode::TopicAlreadyExists;
      } else if (!topic_created.ok()) {
        created_topics_[admin_slots_[i]].error_code = sim::ErrorCode::UnknownServerError;
      }
    }
    context.effects.push_back(
        sim::reply(create->to, sim::CreateTopicsResponse{std::exchange(created_topics_, {})}));
  } else if (const auto* gone = std::get_if<Asked<sim::DeleteTopicsRequest>>(&*current_)) {
    context.effects.push_back(
        sim::reply(gone->to, sim::DeleteTopicsResponse{std::exchange(admin_results_, {})}));
  } else {
    const auto& grown = std::get<Asked<sim::CreatePartitionsRequest>>(*current_);
    context.effects.push_back(
        sim::reply(grown.to, sim::CreatePartitionsResponse{std::exchange(admin_results_, {})}));
  }
  finish_event();
}

}  // namespace zk
