#include "zk/controller.h"

#include <algorithm>
#include <utility>

#include "sim/base/match.h"
#include "zk/controller_notice.h"
#include "zk/paths.h"

namespace zk {

Controller::Controller(ControllerConfig config)
    : config_(std::move(config)), channels_({.self = config_.self}) {}

// ── What the link says
// ──────────────────────────────────────────────────────────────────────────────

void Controller::on_registered(sim::Context& context, BrokerLink& link) {
  events_.emplace_back(Elect{});
  pump(context, link);
}

// Expire: whoever was controller is not any more, and all watches are gone. Registration and a new
// election follow (on_registered).
void Controller::on_session_replaced(sim::Context& context) {
  call_.reset();
  resign(context, "the session expired");
  known_controller_.reset();
}

void Controller::on_watch(sim::Context& context, BrokerLink& link, const WatchedEvent& event) {
  if (event.path == paths::kController) {
    events_.emplace_back(Elect{});
  } else if (!active_) {
    return;
  } else if (event.path == paths::kBrokerIds) {
    events_.emplace_back(BrokersChanged{});
  } else if (event.path == paths::kTopics) {
    events_.emplace_back(TopicsChanged{});
  } else if (event.path == paths::kDeleteTopics) {
    events_.emplace_back(DeletionsChanged{});
  } else if (event.path.starts_with(paths::kTopics)) {
    events_.emplace_back(TopicChanged{event.path.substr(paths::kTopics.size() + 1)});
  }
  pump(context, link);
}

bool Controller::on_answer(sim::Context& context, BrokerLink& link, const BatchDone& done) {
  if (call_ != done.batch) return false;
  call_.reset();
  const bool expired = std::ranges::any_of(done.responses, [](const Response& response) {
    return response.error == ErrorCode::SessionExpired;
  });
  if (expired) {
    resign(context, "the session expired");
  } else {
    advance(context, link, done.responses);
  }
  pump(context, link);
  return true;
}

bool Controller::handle(sim::Context& context, BrokerLink& link, const sim::Input& input) {
  for (const sim::ControlAnswer& answer : channels_.handle(context, input)) {
    if (active_) on_stop_replica_answer(answer);
  }
  if (context.now >= balance_at_) {
    balance_at_ = sim::Instant::never();
    events_.emplace_back(BalanceLeaders{});
  }
  bool mine = false;
  if (const auto* received = std::get_if<sim::Received>(&input)) {
    mine = active_ && take_request(*received);
  }
  pump(context, link);
  return mine;
}

bool Controller::take_request(const sim::Received& received) {
  const auto take = [&]<class Body>(std::in_place_type_t<Body>) {
    const auto* request = received.message.get_if<sim::Request<Body>>();
    if (request == nullptr) return false;
    events_.emplace_back(Asked<Body>{sim::reply_to(received, *request), request->body});
    return true;
  };
  return take(std::in_place_type<sim::AlterPartitionRequest>) ||
         take(std::in_place_type<sim::ControlledShutdownRequest>) ||
         take(std::in_place_type<sim::AllocateProducerIdsRequest>) ||
         take(std::in_place_type<sim::CreateTopicsRequest>) ||
         take(std::in_place_type<sim::DeleteTopicsRequest>) ||
         take(std::in_place_type<sim::CreatePartitionsRequest>);
}

// ── The event thread
// ────────────────────────────────────────────────────────────────────────────────

void Controller::pump(sim::Context& context, BrokerLink& link) {
  while (!call_ && !current_ && !events_.empty()) {
    current_ = std::move(events_.front());
    events_.pop_front();
    begin(context, link, *current_);
  }
}

void Controller::finish_event() {
  stage_ = Stage::Idle;
  current_.reset();
}

void Controller::ask(sim::Context& context, BrokerLink& link, Stage stage,
                     std::vector<Request> requests, Watching watching) {
  stage_ = stage;
  if (requests.empty()) return advance(context, link, {});
  call_ = link.submit(context, std::move(requests), watching);
}

// Every handler but an election's begins with "am I the controller?".
void Controller::begin(sim::Context& context, BrokerLink& link, Event event) {
  if (!active_ && !std::holds_alternative<Elect>(event)) {
    refuse(context, event);
    return finish_event();
  }
  sim::match(
      event, [&](const Elect&) { elect(context, link); },
      [&](const BrokersChanged&) {
        ask(context, link, Stage::ListBrokers, {GetChildren{std::string(paths::kBrokerIds)}},
            Watching::Yes);
      },
      [&](const TopicsChanged&) {
        ask(context, link, Stage::ListTopics, {GetChildren{std::string(paths::kTopics)}},
            Watching::Yes);
      },
      [&](const TopicChanged& changed) {
        asked_topics_ = {changed.topic};
        ask(context, link, Stage::ReadTopics, {GetData{paths::topic(changed.topic)}},
            Watching::Yes);
      },
      [&](const DeletionsChanged&) {
        ask(context, link, Stage::ListDeletions, {GetChildren{std::string(paths::kDeleteTopics)}},
            Watching::Yes);
      },
      [&](const BalanceLeaders&) { balance_leaders(context, link); },
      [&](const FinishDeletion& finish) { delete_znodes(context, link, finish.topic); },
      [&](const Asked<sim::AlterPartitionRequest>& asked) {
        alter_partition(context, link, asked);
      },
      [&](const Asked<sim::ControlledShutdownRequest>& asked) {
        controlled_shutdown(context, link, asked);
      },
      [&](const Asked<sim::AllocateProducerIdsRequest>&) {
        ask(context, link, Stage::ReadBlock, {GetData{std::string(paths::kProducerIdBlock)}});
      },
      [&](const Asked<sim::CreateTopicsRequest>& asked) { create_topics(context, link, asked); },
      [&](const Asked<sim::DeleteTopicsRequest>& asked) { delete_topics(context, link, asked); },
      [&](const Asked<sim::CreatePartitionsRequest>& asked) {
        create_partitions(context, link, asked);
      });
}

void Controller::advance(sim::Context& context, BrokerLink& link,
                         const std::vector<Response>& answers) {
  switch (stage_) {
    case Stage::Idle:
      sim::unreachable("an answer belongs to a stage");
    case Stage::ReadController:
      return on_controller_read(context, link, answers, false);
    case Stage::VerifyClaim:
      return on_controller_read(context, link, answers, true);
    case Stage::CreateEpoch:
      return elect(context, link);
    case Stage::Claim:
      return on_claimed(context, link, answers.front());
    case Stage::LoadNames:
      return on_names(context, link, answers);
    case Stage::LoadData:
      return on_data(context, link, answers);
    case Stage::LoadStates:
      return on_states(context, link, answers);
    case Stage::ListBrokers: {
      const auto* found = result_if<GotChildren>(answers.front());
      asked_brokers_.clear();
      std::vector<Request> reads;
      for (const std::string& name :
           found != nullptr ? found->children : std::vector<std::string>()) {
        asked_brokers_.emplace_back(std::stoi(name));
        reads.emplace_back(GetData{paths::broker(asked_brokers_.back())});
      }
      return ask(context, link, Stage::ReadBrokers, std::move(reads));
    }
    case Stage::ReadBrokers:
      return on_brokers_read(context, link, answers);
    case Stage::ListTopics:
      return on_topics_listed(context, link, answers.front());
    case Stage::ReadTopics:
      return on_topics_read(context, link, answers);
    case Stage::ListDeletions:
      return on_deletions_listed(context, link, answers.front());
    case Stage::PurgeDeletions:
      try_deletions(context);
      return finish_event();
    case Stage::CreateFolders:
    case Stage::CreatePartitions:
    case Stage::CreateStates:
      return on_created(context, link, answers);
    case Stage::ReadConfigs:
      for (std::size_t i = 0; i < asked_topics_.size(); ++i) {
        bool& unclean = unclean_[asked_topics_[i]] = config_.unclean_leader_election_enable;
        const auto* found = result_if<GotData>(answers[i]);
        if (found == nullptr) continue;
        const auto config = parse_config(found->data.value_or(""));
        if (!config) continue;
        const auto value = config->find("unclean.leader.election.enable");
        if (value != config->end()) unclean = value->second == "true";
      }
      return write_states(context, link);
    case Stage::WriteStates:
      return on_written(context, link, answers);
    case Stage::RereadStates:
      return on_reread(context, link, answers);
    case Stage::DeleteZnodes: {
      if (std::ranges::any_of(answers, [&](const Response& answer) { return moved(answer); })) {
        return resign(context, "the controller moved");
      }
      const std::string topic = std::get<FinishDeletion>(*current_).topic;
      topics_.erase(topic);
      deleting_.erase(topic);
      context.notify(sim::Payload::of(ZkTopicDeleted{config_.id, topic}));
      return finish_event();
    }
    case Stage::ReadBlock:
      return on_block_read(context, link, answers.front());
    case Stage::WriteBlock: {
      const auto& asked = std::get<Asked<sim::AllocateProducerIdsRequest>>(*current_);
      if (!answers.front().ok()) {  // someone else took a block: read again
        return ask(context, link, Stage::ReadBlock,
                   {GetData{std::string(paths::kProducerIdBlock)}});
      }
      context.effects.push_back(sim::reply(
          asked.to,
          sim::AllocateProducerIdsResponse{.producer_id_start = sim::ProducerId{next_block_},
                                           .producer_id_len = 1000}));
      return finish_event();
    }
    case Stage::AdminWrites:
      return on_admin_written(context, answers);
  }
}

// onControllerResignation: nothing of the term stays, and who waits hears NOT_CONTROLLER.
void Controller::resign(sim::Context& context, std::string why) {
  std::deque<Event> waiting = std::exchange(events_, {});
  if (current_) waiting.push_front(std::move(*current_));
  current_.reset();
  stage_ = Stage::Idle;
  if (active_) {
    context.notify(sim::Payload::of(ZkControllerResigned{config_.id, epoch_, std::move(why)}));
  }
  active_ = ready_ = false;
  balance_at_ = sim::Instant::never();
  for (Event& event : waiting) {
    if (std::holds_alternative<Elect>(event)) {
      events_.push_back(std::move(event));
    } else {
      refuse(context, event);
    }
  }
  channels_.set_brokers(context, {}, config_.addresses);
  brokers_.clear();
  live_ = {};
  topics_.clear();
  deleting_.clear();
  deletion_awaited_.clear();
  changes_.clear();
  written_.clear();
  new_partitions_.clear();
  unclean_.clear();
  alter_errors_.clear();
  batch_ = sim::ControlRequestBatch();
}

void Controller::refuse(sim::Context& context, const Event& event) {
  constexpr auto kNo = sim::ErrorCode::NotController;
  if (const auto* alter = std::get_if<Asked<sim::AlterPartitionRequest>>(&event)) {
    context.effects.push_back(
        sim::reply(alter->to, sim::AlterPartitionResponse{.error_code = kNo}));
  } else if (const auto* stop = std::get_if<Asked<sim::ControlledShutdownRequest>>(&event)) {
    context.effects.push_back(
        sim::reply(stop->to, sim::ControlledShutdownResponse{.error_code = kNo}));
  } else if (const auto* ids = std::get_if<Asked<sim::AllocateProducerIdsRequest>>(&event)) {
    context.effects.push_back(
        sim::reply(ids->to, sim::AllocateProducerIdsResponse{.error_code = kNo}));
  } else if (const auto* create = std::get_if<Asked<sim::CreateTopicsRequest>>(&event)) {
    sim::CreateTopicsResponse response;
    for (const auto& topic : create->body.topics) {
      response.topics.push_back({.name = topic.name, .error_code = kNo});
    }
    context.effects.push_back(sim::reply(create->to, std::move(response)));
  } else if (const auto* gone = std::get_if<Asked<sim::DeleteTopicsRequest>>(&event)) {
    sim::DeleteTopicsResponse response;
    for (const auto& name : gone->body.topic_names) {
      response.responses.push_back({.name = name, .error_code = kNo});
    }
    context.effects.push_back(sim::reply(gone->to, std::move(response)));
  } else if (const auto* more = std::get_if<Asked<sim::CreatePartitionsRequest>>(&event)) {
    sim::CreatePartitionsResponse response;
    for (const auto& topic : more->body.topics) {
      response.results.push_back({.name = topic.name, .error_code = kNo});
    }
    context.effects.push_back(sim::reply(more->to, std::move(response)));
  }
}

// ── Pushing
// ─────────────────────────────────────────────────────────────────────────────────────────

Controller::PartitionInfo* Controller::find(const sim::TopicPartition& id) {
  return const_cast<PartitionInfo*>(std::as_const(*this).find(id));
}
const Controller::PartitionInfo* Controller::find(const sim::TopicPartition& id) const {
  const auto topic = topics_.find(id.topic);
  if (topic == topics_.end()) return nullptr;
  const auto found = topic->second.partitions.find(id.partition);
  return found == topic->second.partitions.end() ? nullptr : &found->second;
}

sim::LeaderAndIsrPartitionState Controller::leader_and_isr_state(sim::PartitionId id,
                                                                 const PartitionInfo& info,
                                                                 bool is_new) const {
  return {.partition_index = id,
          .controller_epoch = epoch_,
          .leader = info.leadership->leader,
          .leader_epoch = info.leadership->leader_epoch,
          .isr = info.leadership->isr,
          .partition_epoch = info.leadership->zk_version,
          .replicas = info.replicas,
          .adding_replicas = info.adding,
          .removing_replicas = info.removing,
          .is_new = is_new,
          .leader_recovery_state = info.leadership->recovery};
}

sim::UpdateMetadataPartitionState Controller::metadata_state(sim::PartitionId id,
                                                             const PartitionInfo& info) const {
  sim::UpdateMetadataPartitionState state{.partition_index = id,
                                          .controller_epoch = epoch_,
                                          .leader = info.leadership->leader,
                                          .leader_epoch = info.leadership->leader_epoch,
                                          .isr = info.leadership->isr,
                                          .zk_version = info.leadership->zk_version,
                                          .replicas = info.replicas};
  std::ranges::copy_if(info.replicas, std::back_inserter(state.offline_replicas),
                       [&](sim::BrokerId replica) { return !reachable(replica); });
  return state;
}

void Controller::push(sim::Context& context) {
  sim::ControlSender sender{.controller_id = config_.id, .controller_epoch = epoch_};
  for (const auto& [id, broker] : brokers_) {
    sender.live.emplace(id, broker.epoch);
    sender.live_brokers.push_back(broker.metadata);
  }
  channels_.enqueue(context, batch_.finish(sender));
}

std::optional<sim::Instant> Controller::deadline() const {
  const std::optional<sim::Instant> of_channels = channels_.deadline();
  if (balance_at_ == sim::Instant::never()) return of_channels;
  return std::min(balance_at_, of_channels.value_or(balance_at_));
}

void Controller::digest_into(sim::Digest& digest) const {
  channels_.digest_into(digest);
  sim::digest_into(digest, active_);
  sim::digest_into(digest, ready_);
  sim::digest_into(digest, epoch_);
  sim::digest_into(digest, balance_at_);
  sim::digest_into(digest, stage_);
  sim::digest_into(digest, call_);
  digest.add(static_cast<std::uint64_t>(events_.size()));
  for (const auto& [id, broker] : brokers_) {
    sim::digest_into(digest, id);
    sim::digest_into(digest, broker.epoch);
  }
  for_each_partition([&](const sim::TopicPartition& id, const PartitionInfo& info) {
    sim::digest_into(digest, id);
    if (!info.leadership) return;
    sim::digest_into(digest, info.leadership->leader);
    sim::digest_into(digest, info.leadership->leader_epoch);
    sim::digest_into(digest, info.leadership->isr);
    sim::digest_into(digest, info.leadership->zk_version);
  });
}

}  // namespace zk
