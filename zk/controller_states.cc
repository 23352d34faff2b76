// Writing partition states: each under the epoch of the election and the version that was read
// (zookeeper.md §6.5, §6.8). Whoever has `changes_` and `new_partitions_` filled enters at
// create_new_partitions.
#include <algorithm>
#include <utility>

#include "zk/controller.h"
#include "zk/controller_notice.h"
#include "zk/paths.h"

namespace zk {
namespace {

PartitionStateZnode znode_of(const LeaderAndIsr& state, sim::ControllerEpoch epoch) {
  return {.leader = state.leader,
          .leader_epoch = state.leader_epoch,
          .isr = state.isr,
          .controller_epoch = epoch,
          .leader_recovery_state = state.recovery};
}

}  // namespace

// A write of the controller: refused once /controller_epoch has moved on.
Request Controller::fenced(Op op) const {
  Multi multi;
  if (!config_.behaviour.controller_epoch_unchecked) {
    multi.ops.emplace_back(Check{std::string(paths::kControllerEpoch), epoch_version_});
  }
  multi.ops.push_back(std::move(op));
  return multi;
}

// Whether a fenced write was refused by the fence.
bool Controller::moved(const Response& response) const {
  const auto* multi = std::get_if<MultiResult>(&response.result);
  return !config_.behaviour.controller_epoch_unchecked && multi != nullptr &&
         !multi->results.empty() && multi->results.front().error == ErrorCode::BadVersion;
}

// ── New partitions: three rounds of creates, as three may fail apart
// ────────────────────────────────

void Controller::create_new_partitions(sim::Context& context, BrokerLink& link) {
  written_.clear();
  std::erase_if(new_partitions_, [&](const sim::TopicPartition& id) {
    const PartitionInfo* info = find(id);
    if (info == nullptr || info->leadership) return true;
    const auto state = initial_leader(info->replicas, live_);
    if (state) written_[id] = *state;
    return !state;  // nobody of it is alive: it stays new
  });
  if (new_partitions_.empty()) return write_states(context, link);
  std::set<std::string> folders;
  std::vector<Request> creates;
  for (const sim::TopicPartition& id : new_partitions_) {
    if (folders.insert(id.topic).second) {
      creates.push_back(fenced(Create{.path = paths::partitions(id.topic)}));
    }
  }
  ask(context, link, Stage::CreateFolders, std::move(creates));
}

void Controller::on_created(sim::Context& context, BrokerLink& link,
                            const std::vector<Response>& answers) {
  if (std::ranges::any_of(answers, [&](const Response& answer) { return moved(answer); })) {
    return resign(context, "the controller moved");
  }
  std::vector<Request> creates;
  if (stage_ == Stage::CreateFolders) {
    for (const sim::TopicPartition& id : new_partitions_) {
      creates.push_back(fenced(Create{.path = paths::partition(id.topic, id.partition)}));
    }
    return ask(context, link, Stage::CreatePartitions, std::move(creates));
  }
  if (stage_ == Stage::CreatePartitions) {
    for (const sim::TopicPartition& id : new_partitions_) {
      creates.push_back(fenced(Create{.path = paths::partition_state(id.topic, id.partition),
                                      .data = encode(znode_of(written_.at(id), epoch_))}));
    }
    return ask(context, link, Stage::CreateStates, std::move(creates));
  }
  for (std::size_t i = 0; i < new_partitions_.size(); ++i) {
    const sim::TopicPartition& id = new_partitions_[i];
    if (!answers[i].ok()) continue;  // "failed state change": it stays new in memory
    find(id)->leadership = written_.at(id);
    find(id)->leadership->controller_epoch = epoch_;
    changes_.erase(id);
    changed(context, id);
  }
  new_partitions_.clear();
  write_states(context, link);
}

// ── Changes
// ─────────────────────────────────────────────────────────────────────────────────────────

std::optional<LeaderAndIsr> Controller::next_state(const sim::TopicPartition& id,
                                                   const Change& change) const {
  const PartitionInfo* info = find(id);
  if (info == nullptr || !info->leadership) return std::nullopt;
  switch (change.kind) {
    case Change::Kind::BrokersChanged: {
      const auto unclean = unclean_.find(id.topic);
      return elect_after_change(*info->leadership, info->replicas, live_,
                                unclean != unclean_.end() && unclean->second);
    }
    case Change::Kind::Shutdown:
      return elect_for_shutdown(*info->leadership, info->replicas, live_, change.leaving);
    case Change::Kind::Preferred:
      return elect_preferred(*info->leadership, info->replicas, live_);
    case Change::Kind::SetIsr: {
      LeaderAndIsr next = *info->leadership;
      next.isr = change.isr;
      next.recovery = sim::LeaderRecoveryState::Recovered;
      return next;
    }
  }
  return std::nullopt;
}

// PartitionStateMachine and ReplicaStateMachine take a state of a higher epoch for a newer controller's and leave it as
// it is, leader dead or not. After the way back from KRaft it is the mirror's, which wrote Raft epochs (KAFKA-20488,
// migration.md §1.5 rule 1). What a leader asks for its ISR is written all the same, and mends it.
bool Controller::is_refused(sim::Context& context, const sim::TopicPartition& id,
                            const Change& change) const {
  const sim::ControllerEpoch written_by = find(id)->leadership->controller_epoch;
  if (change.kind == Change::Kind::SetIsr || written_by <= epoch_) return false;
  context.notify(sim::Payload::of(ZkElectionRefused{config_.id, id, epoch_, written_by}));
  return true;
}

void Controller::write_states(sim::Context& context, BrokerLink& link) {
  // Whether an unclean election is allowed is asked where no clean one is possible.
  std::set<std::string> questions;
  for (const auto& [id, change] : changes_) {
    if (change.kind != Change::Kind::BrokersChanged || unclean_.contains(id.topic)) continue;
    const PartitionInfo* info = find(id);
    if (info == nullptr || !info->leadership) continue;
    const auto next = next_state(id, change);
    const sim::BrokerId leader = next ? next->leader : info->leadership->leader;
    const bool someone = std::ranges::any_of(
        info->replicas, [&](sim::BrokerId replica) { return live_.may_lead(replica); });
    if (leader == sim::kNoBroker && someone) questions.insert(id.topic);
  }
  if (!questions.empty()) {
    asked_topics_.assign(questions.begin(), questions.end());
    std::vector<Request> reads;
    for (const std::string& topic : asked_topics_) {
      reads.emplace_back(GetData{paths::config(paths::kTopicEntity, topic)});
    }
    return ask(context, link, Stage::ReadConfigs, std::move(reads));
  }
  written_.clear();
  asked_partitions_.clear();
  std::vector<Request> writes;
  for (const auto& [id, change] : changes_) {
    const auto next = next_state(id, change);
    if (!next) continue;
    if (is_refused(context, id, change)) continue;
    const DataVersion version = config_.behaviour.state_version_unchecked
                                    ? kAnyVersion
                                    : DataVersion(next->zk_version.value());
    asked_partitions_.push_back(id);
    written_[id] = *next;
    SetData write{.path = paths::partition_state(id.topic, id.partition),
                  .data = encode(znode_of(*next, epoch_)),
                  .version = version};
    writes.push_back(config_.behaviour.state_version_unchecked
                         ? Request(Multi{.ops = {std::move(write)}})
                         : fenced(std::move(write)));
  }
  if (writes.empty()) return complete_changes(context, link);
  ask(context, link, Stage::WriteStates, std::move(writes));
}

void Controller::on_written(sim::Context& context, BrokerLink& link,
                            const std::vector<Response>& answers) {
  if (std::ranges::any_of(answers, [&](const Response& answer) { return moved(answer); })) {
    return resign(context, "the controller moved");
  }
  std::map<sim::TopicPartition, Change> again;
  for (std::size_t i = 0; i < asked_partitions_.size(); ++i) {
    const sim::TopicPartition& id = asked_partitions_[i];
    if (const auto* done = result_if<MultiResult>(answers[i])) {
      LeaderAndIsr state = written_.at(id);
      state.zk_version =
          sim::PartitionEpoch{std::get<Stat>(done->results.back().value).version.value()};
      state.controller_epoch = epoch_;
      find(id)->leadership = state;
      changed(context, id);
    } else if (answers[i].error == ErrorCode::BadVersion) {
      again[id] = changes_.at(id);
    }  // another error: logged and dropped, as Kafka does
  }
  changes_ = std::move(again);
  if (changes_.empty()) return complete_changes(context, link);
  asked_partitions_.clear();
  std::vector<Request> reads;
  for (const auto& [id, change] : changes_) {
    asked_partitions_.push_back(id);
    reads.emplace_back(GetData{paths::partition_state(id.topic, id.partition)});
  }
  ask(context, link, Stage::RereadStates, std::move(reads));
}

void Controller::on_reread(sim::Context& context, BrokerLink& link,
                           const std::vector<Response>& answers) {
  for (std::size_t i = 0; i < asked_partitions_.size(); ++i) {
    const sim::TopicPartition& id = asked_partitions_[i];
    const auto* found = result_if<GotData>(answers[i]);
    const auto state = found == nullptr ? Parsed<PartitionStateZnode>(std::unexpected(Unreadable{}))
                                        : parse_partition_state(found->data.value_or(""));
    // Written by a controller elected later, or gone: not ours to change.
    if (!state || state->controller_epoch > epoch_) {
      changes_.erase(id);
      continue;
    }
    const Change change = changes_.at(id);
    if (change.kind == Change::Kind::SetIsr &&
        state->leader_epoch != find(id)->leadership->leader_epoch) {
      alter_errors_[id] = sim::ErrorCode::FencedLeaderEpoch;
      changes_.erase(id);
    }
    find(id)->leadership =
        LeaderAndIsr{.leader = state->leader,
                     .leader_epoch = state->leader_epoch,
                     .isr = state->isr,
                     .recovery = state->leader_recovery_state,
                     .zk_version = sim::PartitionEpoch{found->stat.version.value()},
                     .controller_epoch = state->controller_epoch};
    // It is its own write whose answer was lost, so that nobody knows yet (doRemoveReplicasFromIsr).
    // Simplified: for a leader that it elected Kafka elects once more, in the next leader epoch.
    if (change.kind != Change::Kind::SetIsr && !next_state(id, change)) changed(context, id);
  }
  write_states(context, link);
}

// A written state goes to all replicas alive, and to everybody as metadata. An ISR that a leader
// asked for is known to it: the others learn by metadata.
void Controller::changed(sim::Context& context, const sim::TopicPartition& id) {
  const PartitionInfo& info = *find(id);
  const sim::Uuid topic_id = topics_.find(id.topic)->second.id;
  const bool is_new = stage_ == Stage::CreateStates;
  const auto change = changes_.find(id);
  if (change == changes_.end() || change->second.kind != Change::Kind::SetIsr) {
    for (const sim::BrokerId replica : info.replicas) {
      if (!reachable(replica)) continue;
      batch_.add_leader_and_isr(replica, id.topic, topic_id,
                                leader_and_isr_state(id.partition, info, is_new));
    }
  }
  batch_.add_update_metadata(id.topic, topic_id, metadata_state(id.partition, info));
  context.notify(sim::Payload::of(
      ZkPartitionChanged{config_.id, id, info.leadership->leader, info.leadership->leader_epoch,
                         info.leadership->zk_version, info.leadership->isr}));
}

void Controller::complete_changes(sim::Context& context, BrokerLink&) {
  std::vector<sim::BrokerId> all;
  for (const auto& [id, broker] : brokers_) all.push_back(id);
  batch_.add_update_metadata(all);
  push(context);
  changes_.clear();
  written_.clear();
  unclean_.clear();
  if (std::holds_alternative<Asked<sim::AlterPartitionRequest>>(*current_)) {
    answer_alter_partition(context);
  } else if (const auto* stop = std::get_if<Asked<sim::ControlledShutdownRequest>>(&*current_)) {
    sim::ControlledShutdownResponse response;
    for_each_partition([&](const sim::TopicPartition& id, const PartitionInfo& info) {
      if (info.leadership && info.leadership->leader == stop->body.broker_id &&
          info.replicas.size() > 1) {
        response.remaining_partitions.push_back(id);
      }
    });
    context.effects.push_back(sim::reply(stop->to, std::move(response)));
  }
  try_deletions(context);
  finish_event();
}

}  // namespace zk
