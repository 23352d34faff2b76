// Brokers that come, go and bounce, and what they ask of their controller (zookeeper.md §6.7, §6.8,
// §6.11).
#include <algorithm>
#include <utility>

#include "zk/controller.h"
#include "zk/paths.h"
#include "zk/producer_id_block.h"

namespace zk {

void Controller::read_broker(sim::BrokerId id, const Response& answer,
                             std::map<sim::BrokerId, BrokerInfo>& into) {
  const auto* found = result_if<GotData>(answer);
  if (found == nullptr) return;
  const auto znode = parse_broker(found->data.value_or(""));
  if (!znode) return;
  BrokerInfo& info = into[id];
  info.epoch = sim::BrokerEpoch{found->stat.czxid.value()};
  info.metadata = {.id = id, .rack = znode->rack};
  for (const BrokerZnode::Endpoint& endpoint : znode->endpoints) {
    info.metadata.endpoints.push_back({.name = endpoint.listener,
                                       .host = endpoint.host,
                                       .port = static_cast<std::uint16_t>(endpoint.port),
                                       .security_protocol = endpoint.security_protocol});
  }
}

void Controller::refresh_channels(sim::Context& context) {
  std::map<sim::BrokerId, sim::BrokerEpoch> generations;
  for (const auto& [id, broker] : brokers_) generations.emplace(id, broker.epoch);
  channels_.set_brokers(context, generations, config_.addresses);
}

// All partitions to these brokers as metadata, and to each its own replicas.
void Controller::tell_everything(const std::vector<sim::BrokerId>& targets) {
  batch_.add_update_metadata(targets);
  for (const auto& [name, topic] : topics_) {
    for (const auto& [id, info] : topic.partitions) {
      if (!info.leadership) continue;
      batch_.add_update_metadata(name, topic.id, metadata_state(id, info));
      for (const sim::BrokerId replica : info.replicas) {
        if (!reachable(replica) || std::ranges::find(targets, replica) == targets.end()) continue;
        batch_.add_leader_and_isr(replica, name, topic.id, leader_and_isr_state(id, info, false));
      }
    }
  }
}

// BrokerChange: by czxid a broker that bounced is told from one that stayed; it is first dead, then
// new.
void Controller::on_brokers_read(sim::Context& context, BrokerLink& link,
                                 const std::vector<Response>& answers) {
  std::map<sim::BrokerId, BrokerInfo> now;
  for (std::size_t i = 0; i < asked_brokers_.size(); ++i) {
    read_broker(asked_brokers_[i], answers[i], now);
  }
  std::set<sim::BrokerId> dead;
  bool bounced = false;
  for (const auto& [id, broker] : brokers_) {
    const auto found = now.find(id);
    if (found == now.end()) {
      dead.insert(id);
    } else if (found->second.epoch > broker.epoch) {
      dead.insert(id);
      bounced = true;
      now.erase(found);  // new when the event is handled again
    }
  }
  std::vector<sim::BrokerId> added;
  std::vector<sim::BrokerId> stayed;
  for (const auto& [id, broker] : now) (brokers_.contains(id) ? stayed : added).push_back(id);
  brokers_ = std::move(now);
  live_.live.clear();
  for (const auto& [id, broker] : brokers_) {
    if (!live_.shutting_down.contains(id)) live_.live.insert(id);
  }
  for (const sim::BrokerId id : dead) live_.shutting_down.erase(id);
  if (bounced) events_.emplace_front(BrokersChanged{});
  if (dead.empty() && added.empty()) return finish_event();
  refresh_channels(context);
  deletion_awaited_.clear();  // answers may have gone with a channel: topics are deleted anew
  if (!added.empty()) {
    batch_.add_update_metadata(stayed);
    push(context);
    tell_everything(added);
    push(context);
  }
  for_each_partition([&](const sim::TopicPartition& id, const PartitionInfo& info) {
    if (deleting_.contains(id.topic)) return;
    if (!info.leadership) {
      new_partitions_.push_back(id);
      return;
    }
    const bool touched = std::ranges::any_of(info.replicas, [&](sim::BrokerId replica) {
      return dead.contains(replica) || std::ranges::find(added, replica) != added.end();
    });
    if (touched) changes_[id] = {};
  });
  create_new_partitions(context, link);
}

// ── AlterPartition
// ──────────────────────────────────────────────────────────────────────────────────

void Controller::alter_partition(sim::Context& context, BrokerLink& link,
                                 const Asked<sim::AlterPartitionRequest>& asked) {
  const auto sender = brokers_.find(asked.body.broker_id);
  if (sender == brokers_.end() || sender->second.epoch != asked.body.broker_epoch) {
    context.effects.push_back(sim::reply(
        asked.to, sim::AlterPartitionResponse{.error_code = sim::ErrorCode::StaleBrokerEpoch}));
    return finish_event();
  }
  alter_errors_.clear();
  for (const sim::AlterPartitionTopic& topic : asked.body.topics) {
    for (const sim::AlterPartitionData& data : topic.partitions) {
      const sim::TopicPartition id{topic.topic_name, data.partition_index};
      sim::ErrorCode& error = alter_errors_[id] = sim::ErrorCode::None;
      const PartitionInfo* info = find(id);
      if (info == nullptr || !info->leadership) {
        error = sim::ErrorCode::UnknownTopicOrPartition;
        continue;
      }
      const LeaderAndIsr& known = *info->leadership;
      std::vector<sim::BrokerId> isr;
      for (const sim::BrokerState& member : data.new_isr_with_epochs) {
        isr.push_back(member.broker_id);
      }
      if (data.leader_epoch > known.leader_epoch || data.partition_epoch > known.zk_version) {
        error = sim::ErrorCode::NotController;
      } else if (data.leader_epoch < known.leader_epoch) {
        error = sim::ErrorCode::FencedLeaderEpoch;
      } else if (isr == known.isr) {
        // Asked again after a lost answer: it is so.
      } else if (data.partition_epoch < known.zk_version) {
        error = sim::ErrorCode::InvalidUpdateVersion;
      } else if (!std::ranges::all_of(isr, [&](sim::BrokerId b) { return live_.may_lead(b); })) {
        error = sim::ErrorCode::IneligibleReplica;
      } else {
        changes_[id] = {.kind = Change::Kind::SetIsr, .isr = std::move(isr)};
      }
    }
  }
  write_states(context, link);
}

void Controller::answer_alter_partition(sim::Context& context) {
  const auto& asked = std::get<Asked<sim::AlterPartitionRequest>>(*current_);
  sim::AlterPartitionResponse response;
  for (const sim::AlterPartitionTopic& topic : asked.body.topics) {
    response.topics.push_back({topic.topic_name, topic.topic_id, {}});
    for (const sim::AlterPartitionData& data : topic.partitions) {
      const sim::TopicPartition id{topic.topic_name, data.partition_index};
      sim::AlterPartitionResult result{.partition_index = data.partition_index,
                                       .error_code = alter_errors_.at(id)};
      if (result.error_code == sim::ErrorCode::None) {
        const LeaderAndIsr& state = *find(id)->leadership;
        result.leader_id = state.leader;
        result.leader_epoch = state.leader_epoch;
        result.isr = state.isr;
        result.leader_recovery_state = state.recovery;
        result.partition_epoch = state.zk_version;
      }
      response.topics.back().partitions.push_back(std::move(result));
    }
  }
  context.effects.push_back(sim::reply(asked.to, std::move(response)));
  alter_errors_.clear();
}

// ── Controlled shutdown, producer ids
// ───────────────────────────────────────────────────────────────

void Controller::controlled_shutdown(sim::Context& context, BrokerLink& link,
                                     const Asked<sim::ControlledShutdownRequest>& asked) {
  const sim::BrokerId leaving = asked.body.broker_id;
  const auto known = brokers_.find(leaving);
  if (known == brokers_.end() || (asked.body.broker_epoch != sim::kNoBrokerEpoch &&
                                  asked.body.broker_epoch < known->second.epoch)) {
    const auto error = known == brokers_.end() ? sim::ErrorCode::BrokerNotAvailable
                                               : sim::ErrorCode::StaleBrokerEpoch;
    context.effects.push_back(
        sim::reply(asked.to, sim::ControlledShutdownResponse{.error_code = error}));
    return finish_event();
  }
  live_.live.erase(leaving);
  live_.shutting_down.insert(leaving);
  for_each_partition([&](const sim::TopicPartition& id, const PartitionInfo& info) {
    if (info.replicas.size() < 2 || !info.leadership || deleting_.contains(id.topic)) return;
    if (std::ranges::find(info.replicas, leaving) == info.replicas.end()) return;
    changes_[id] = {.kind = Change::Kind::Shutdown, .leaving = leaving};
    if (info.leadership->leader == leaving) return;
    batch_.add_stop_replica(
        leaving, id.topic,
        {.partition_index = id.partition, .leader_epoch = info.leadership->leader_epoch});
  });
  write_states(context, link);
}

// checkAndTriggerAutoLeaderRebalance: a broker that leads too few of the partitions that prefer it gets back those that
// it can lead.
void Controller::balance_leaders(sim::Context& context, BrokerLink& link) {
  balance_at_ = context.now + config_.leader_imbalance_interval;
  struct Preferring {
    std::int64_t all = 0;
    std::vector<sim::TopicPartition> led_by_others;
  };
  std::map<sim::BrokerId, Preferring> by_preferred;
  for_each_partition([&](const sim::TopicPartition& id, const PartitionInfo& info) {
    if (deleting_.contains(id.topic) || info.replicas.empty()) return;
    Preferring& preferring = by_preferred[info.replicas.front()];
    ++preferring.all;
    if (info.leadership && info.leadership->leader != info.replicas.front())
      preferring.led_by_others.push_back(id);
  });
  for (const auto& [broker, preferring] : by_preferred) {
    const auto others = static_cast<std::int64_t>(preferring.led_by_others.size());
    if (others * 100 <= preferring.all * config_.leader_imbalance_percentage) continue;
    for (const sim::TopicPartition& id : preferring.led_by_others)
      changes_[id] = {.kind = Change::Kind::Preferred};
  }
  if (changes_.empty()) return finish_event();
  write_states(context, link);
}

// ProducerIdManager's compare-and-set loop; an empty znode is no block yet.
void Controller::on_block_read(sim::Context& context, BrokerLink& link, const Response& answer) {
  const auto* found = result_if<GotData>(answer);
  const auto& asked = std::get<Asked<sim::AllocateProducerIdsRequest>>(*current_);
  std::int64_t next = 0;
  if (found != nullptr && found->data && !found->data->empty()) {
    const auto block = parse_producer_id_block(*found->data);
    if (block) next = next_producer_id(*block).value();
  }
  if (found == nullptr) {
    context.effects.push_back(sim::reply(
        asked.to,
        sim::AllocateProducerIdsResponse{.error_code = sim::ErrorCode::UnknownServerError}));
    return finish_event();
  }
  next_block_ = next;
  ask(context, link, Stage::WriteBlock,
      {SetData{.path = std::string(paths::kProducerIdBlock),
               .data = encode(ProducerIdBlockZnode{
                   .broker = asked.body.broker_id, .block_start = next, .block_end = next + 999}),
               .version = found->stat.version}});
}

}  // namespace zk
