// How a broker becomes the controller, and what it reads then (zookeeper.md §6.3, §6.4).
#include <algorithm>
#include <utility>

#include "zk/controller.h"
#include "zk/controller_notice.h"
#include "zk/paths.h"

namespace zk {
namespace {

// Leaders are balanced for the first time so long after a failover (KafkaController.onControllerFailover).
constexpr sim::Duration kFirstBalance{5'000'000'000};

std::vector<Request> controller_reads() {
  return {GetData{std::string(paths::kController)}, GetData{std::string(paths::kControllerEpoch)},
          Exists{std::string(paths::kController)}};
}

}  // namespace

// Also what ControllerChange and Reelect do first: who is it now? The watch is armed by the same
// reads.
void Controller::elect(sim::Context& context, BrokerLink& link) {
  ask(context, link, Stage::ReadController, controller_reads(), Watching::Yes);
}

void Controller::on_controller_read(sim::Context& context, BrokerLink& link,
                                    const std::vector<Response>& answers, bool verifying) {
  const GotData* controller = result_if<GotData>(answers[0]);
  const GotData* epoch = result_if<GotData>(answers[1]);
  known_controller_.reset();
  if (controller != nullptr) {
    if (const auto parsed = parse_controller(controller->data.value_or(""))) {
      known_controller_ = *parsed;
    }
  }
  const auto known_epoch = epoch == nullptr ? Parsed<sim::ControllerEpoch>(sim::ControllerEpoch{0})
                                            : parse_controller_epoch(epoch->data.value_or(""));
  const bool mine = known_controller_ && !known_controller_->is_kraft() &&
                    known_controller_->broker == config_.id;
  if (controller != nullptr) {
    // checkControllerAndEpoch: the claim's reply was lost, the claim was not.
    if (verifying && mine && known_epoch && *known_epoch == claimed_epoch_) {
      return become_active(context, link, claimed_epoch_, epoch->stat.version);
    }
    finish_event();
    if (active_ && !mine) resign(context, "the controller moved");
    // KAFKA-13407: a /controller that names this broker while it has resigned is taken for an
    // election won.
    return finish_event();
  }
  if (active_) {
    resign(context, "/controller is gone");
    events_.emplace_front(Elect{});
    return;
  }
  if (epoch == nullptr) {
    return ask(context, link, Stage::CreateEpoch,
               {Create{.path = std::string(paths::kControllerEpoch), .data = "0"}});
  }
  if (!known_epoch) return finish_event();
  claimed_epoch_ = known_epoch->next();
  const ControllerZnode claim{.broker = config_.id,
                              .timestamp_ms = context.now.milliseconds(),
                              .kraft_controller_epoch = sim::RaftEpoch{-1}};
  ask(context, link, Stage::Claim,
      {Multi{.ops = {Create{.path = std::string(paths::kController),
                            .data = encode(claim),
                            .mode = CreateMode::Ephemeral},
                     SetData{.path = std::string(paths::kControllerEpoch),
                             .data = encode_controller_epoch(claimed_epoch_),
                             .version = epoch->stat.version}}}});
}

void Controller::on_claimed(sim::Context& context, BrokerLink& link, const Response& answer) {
  if (const auto* done = result_if<MultiResult>(answer)) {
    return become_active(context, link, claimed_epoch_,
                         std::get<Stat>(done->results[1].value).version);
  }
  ask(context, link, Stage::VerifyClaim, controller_reads(), Watching::Yes);
}

void Controller::become_active(sim::Context& context, BrokerLink& link, sim::ControllerEpoch epoch,
                               DataVersion version) {
  active_ = true;
  epoch_ = epoch;
  epoch_version_ = version;
  known_controller_ = ControllerZnode{.broker = config_.id};
  context.notify(sim::Payload::of(ZkControllerElected{config_.id, epoch_}));
  ask(context, link, Stage::LoadNames,
      {GetChildren{std::string(paths::kBrokerIds)}, GetChildren{std::string(paths::kTopics)},
       GetChildren{std::string(paths::kDeleteTopics)}},
      Watching::Yes);
}

// ── Failover: what there is
// ─────────────────────────────────────────────────────────────────────────

void Controller::on_names(sim::Context& context, BrokerLink& link,
                          const std::vector<Response>& answers) {
  const auto names = [&](std::size_t at) {
    const auto* found = result_if<GotChildren>(answers[at]);
    return found == nullptr ? std::vector<std::string>() : found->children;
  };
  asked_brokers_.clear();
  asked_topics_ = names(1);
  const auto deletions = names(2);
  deleting_.insert(deletions.begin(), deletions.end());
  std::vector<Request> reads;
  for (const std::string& name : names(0)) {
    asked_brokers_.emplace_back(std::stoi(name));
    reads.emplace_back(GetData{paths::broker(asked_brokers_.back())});
  }
  for (const std::string& name : asked_topics_) reads.emplace_back(GetData{paths::topic(name)});
  ask(context, link, Stage::LoadData, std::move(reads), Watching::Yes);
}

void Controller::on_data(sim::Context& context, BrokerLink& link,
                         const std::vector<Response>& answers) {
  std::size_t at = 0;
  for (const sim::BrokerId id : asked_brokers_) {
    read_broker(id, answers[at++], brokers_);
  }
  for (const auto& [id, broker] : brokers_) live_.live.insert(id);
  for (const std::string& name : asked_topics_) read_topic(name, answers[at++]);
  std::vector<Request> reads;
  asked_partitions_.clear();
  for_each_partition([&](const sim::TopicPartition& id, const PartitionInfo&) {
    asked_partitions_.push_back(id);
    reads.emplace_back(GetData{paths::partition_state(id.topic, id.partition)});
  });
  ask(context, link, Stage::LoadStates, std::move(reads));
}

void Controller::on_states(sim::Context& context, BrokerLink& link,
                           const std::vector<Response>& answers) {
  for (std::size_t i = 0; i < asked_partitions_.size(); ++i) {
    const auto* found = result_if<GotData>(answers[i]);
    if (found == nullptr) continue;
    const auto state = parse_partition_state(found->data.value_or(""));
    if (!state) continue;
    find(asked_partitions_[i])->leadership =
        LeaderAndIsr{.leader = state->leader,
                     .leader_epoch = state->leader_epoch,
                     .isr = state->isr,
                     .recovery = state->leader_recovery_state,
                     .zk_version = sim::PartitionEpoch{found->stat.version.value()},
                     .controller_epoch = state->controller_epoch};
  }
  refresh_channels(context);
  std::vector<sim::BrokerId> all;
  for (const auto& [id, broker] : brokers_) all.push_back(id);
  batch_.add_update_metadata(all);
  push(context);  // brokers first, that leaders can be reached when they are named
  tell_everything(all);
  push(context);
  for_each_partition([&](const sim::TopicPartition& id, const PartitionInfo& info) {
    if (deleting_.contains(id.topic)) return;
    if (!info.leadership) new_partitions_.push_back(id);
    changes_[id] = {};
  });
  ready_ = true;
  if (config_.auto_leader_rebalance) balance_at_ = context.now + kFirstBalance;
  context.notify(sim::Payload::of(
      ZkControllerReady{config_.id, epoch_, brokers_.size(), asked_partitions_.size()}));
  create_new_partitions(context, link);
}

}  // namespace zk
