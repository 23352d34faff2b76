#include "migrate/broker_node.h"

#include <algorithm>
#include <utility>

#include "sim/base/check.h"
#include "sim/base/match.h"

namespace migrate {

std::string_view name_of(BrokerMode mode) {
  switch (mode) {
    case BrokerMode::ZooKeeper:
      return "zookeeper";
    case BrokerMode::Migrating:
      return "migrating";
    case BrokerMode::KRaft:
      return "kraft";
  }
  sim::unreachable("a broker runs in one of three modes");
}

BrokerNode::BrokerNode(BrokerNodeConfig config, const sim::Durable& durable)
    : config_(std::move(config)), durable_(durable) {
  sim::check(config_.zookeeper.has_value() == (config_.mode != BrokerMode::KRaft),
             "brokers in ZooKeeper mode, and no others, have a session");
  sim::check(config_.kraft.has_value() == (config_.mode != BrokerMode::ZooKeeper),
             "brokers that migrate or have migrated, and no others, know the quorum");
}

// A new disk is formatted before a broker in KRaft mode starts on it, and such a one a broker in plain ZooKeeper mode
// refuses (MetaPropertiesEnsemble, REQUIRE_V0; migration.md §1.5 rule 5). With the migration flag any will do.
bool BrokerNode::storage_fits(sim::Context& context) const {
  if (config_.mode == BrokerMode::KRaft && durable_->files.empty()) {
    context.effects.push_back(
        sim::Append{kMetaPropertiesFile, sim::Payload::of(MetaProperties{1})});
  }
  return config_.mode != BrokerMode::ZooKeeper || durable_->at(kMetaPropertiesFile).entries.empty();
}

// KafkaRaftManager.maybeDeleteMetadataLogDir: a broker that migrates begins with the quorum's log from nothing, lest it
// have one of a former attempt (KAFKA-16463).
void BrokerNode::forget_metadata_log(sim::Context& context) {
  for (const sim::File file : {kraft::kQuorumStateFile, kraft::kLogFile, kraft::kCheckpointFile}) {
    const auto found = durable_->files.find(file);
    if (found == durable_->files.end()) continue;
    context.effects.push_back(sim::Truncate{file, 0});
    found->second.entries.clear();
  }
}

void BrokerNode::boot(sim::Context& context) {
  if (!storage_fits(context)) {
    broker_.emplace(config_.broker, *durable_);
    context.effects.push_back(sim::Exit{sim::kMainLane,
                                        "meta.properties of a log directory has version 1, which a "
                                        "broker in ZooKeeper mode does not take"});
    left_ = true;
    return;
  }
  const bool begins_anew =
      config_.mode == BrokerMode::Migrating && !config_.kraft->behaviour.observer_keeps_old_log;
  if (begins_anew) forget_metadata_log(context);
  broker_.emplace(config_.broker, *durable_);
  if (config_.zookeeper) zookeeper_.emplace(*config_.zookeeper);
  if (config_.controller) controller_.emplace(*config_.controller);
  if (config_.kraft) kraft_.emplace(*config_.kraft, context.now, *durable_, context.choices);
  durable_.reset();
  for (const sim::ControlRequest& request : config_.told_before) {
    sim::match(
        request.body,
        [&](const sim::LeaderAndIsrRequest& body) { (void)broker_->leader_and_isr(context, body); },
        [&](const sim::UpdateMetadataRequest& body) {
          (void)broker_->update_metadata(context, body);
        },
        [&](const sim::StopReplicaRequest& body) { (void)broker_->stop_replica(context, body); });
  }
}

sim::Effects BrokerNode::step(sim::Instant now, sim::Input input, sim::Choices& choices) {
  sim::Effects effects;
  sim::Context context{now, choices, effects, last_serial_};
  if (!broker_) boot(context);
  if (left_) return effects;
  dispatch(context, input);
  settle(context);
  leave_if_free(context);
  return effects;
}

void BrokerNode::dispatch(sim::Context& context, const sim::Input& input) {
  const bool wake = std::holds_alternative<sim::Wake>(input);
  if (const auto* const received = std::get_if<sim::Received>(&input)) {
    if (const auto* const stop = received->message.get_if<StopProcess>()) {
      begin_shutdown(context, stop->controlled);
      return;
    }
    if (leaving_ && hear_of_shutdown(context, input)) return;
    if (kraft_ && kraft_->receive(context.now, *received, context.choices, context.effects)) return;
  }
  if (leaving_ && !std::holds_alternative<sim::Received>(input)) hear_of_shutdown(context, input);
  if (zookeeper_ && (wake || zookeeper_->session().owns(input))) {
    zookeeper_->handle(context, input);
    if (!wake) return;
  }
  if (wake && kraft_) kraft_->wake(context.now, context.choices, context.effects);
  // Answers and connections may be anybody's; only a request that the controller serves is its alone.
  if (controller_ && controller_->handle(context, *zookeeper_, input)) return;
  broker_->handle(context, input);
}

void BrokerNode::settle(sim::Context& context) {
  if (zookeeper_) follow_zookeeper(context);
  if (kraft_) follow_kraft(context);
  const sim::BrokerEpochs epochs{.zk = zookeeper_ ? zookeeper_->epoch() : sim::BrokerEpoch(-1),
                                 .kraft = kraft_ ? kraft_->broker_epoch() : sim::BrokerEpoch(-1)};
  if (epochs.zk != epochs_.zk || epochs.kraft != epochs_.kraft) {
    epochs_ = epochs;
    broker_->set_epochs(epochs);
  }
  const std::optional<sim::ControllerLink> link = controller_link();
  if (link != controller_link_) {
    controller_link_ = link;
    broker_->set_controller(context, link);
  }
}

void BrokerNode::follow_zookeeper(sim::Context& context) {
  while (const std::optional<zk::LinkEvent> event = zookeeper_->next(context)) {
    sim::match(
        *event, [&](const zk::BrokerRefused&) { refuse(context); },
        [&](const zk::BrokerRegistered&) {
          if (controller_) controller_->on_registered(context, *zookeeper_);
        },
        [&](const zk::SessionReplaced&) {
          if (controller_) controller_->on_session_replaced(context);
        },
        [&](const zk::WatchFired& fired) {
          if (controller_) controller_->on_watch(context, *zookeeper_, fired.event);
        },
        [&](const zk::BatchDone& done) {
          if (controller_) (void)controller_->on_answer(context, *zookeeper_, done);
        });
  }
}

// Kafka ends the process when another session holds the broker's znode.
void BrokerNode::refuse(sim::Context& context) {
  context.effects.push_back(
      sim::Exit{sim::kMainLane, "a broker of this id is registered in ZooKeeper"});
  left_ = true;
}

void BrokerNode::follow_kraft(sim::Context& context) {
  for (const kraft::Publication& publication : kraft_->take_publications()) {
    if (config_.mode == BrokerMode::KRaft) broker_->publish(context, publication.image);
  }
  // A broker in ZooKeeper mode is ready from the start; one in KRaft mode when the controller has seen it caught
  // up and it has published the image. Its ports open once it is unfenced (kraft.md §4.1, migration.md §5.9).
  const kraft::BrokerLifecycle state = kraft_->state();
  const bool caught_up =
      state == kraft::BrokerLifecycle::Recovery || state == kraft::BrokerLifecycle::Running;
  const bool ready =
      config_.mode == BrokerMode::Migrating ||
      (caught_up && kraft_->image().provenance().last_contained_offset >= sim::Offset(0));
  if (ready && !told_ready_) {
    told_ready_ = true;
    kraft_->ready_to_unfence(context.now, context.choices, context.effects);
  }
  if (config_.mode == BrokerMode::KRaft && state == kraft::BrokerLifecycle::Running) {
    broker_->enable_request_processing(context);
  }
}

// Whom AlterPartition and forwarded requests go to (migration.md §5.7). In ZooKeeper mode it is the word of
// the last UpdateMetadata, not the quorum's and not /controller's; of a KRaft controller it says only that
// there is one, and who that is the quorum knows.
std::optional<sim::ControllerLink> BrokerNode::controller_link() const {
  const auto quorum = [&]() -> std::optional<sim::ControllerLink> {
    const std::optional<sim::NodeId> node = kraft_ ? kraft_->controller_address() : std::nullopt;
    if (!node) return std::nullopt;
    return sim::ControllerLink{*node, kraft_->broker_epoch()};
  };
  if (config_.mode == BrokerMode::KRaft) return quorum();
  const std::optional<sim::CachedController> cached = broker_->metadata().controller();
  if (!cached) return std::nullopt;
  if (cached->kraft) return quorum();
  const auto address = config_.broker.brokers.find(cached->id);
  if (address == config_.broker.brokers.end()) return std::nullopt;
  return sim::ControllerLink{address->second, zookeeper_->epoch()};
}

bool BrokerNode::under_kraft_controller() const {
  const std::optional<sim::CachedController> cached = broker_->metadata().controller();
  return config_.mode == BrokerMode::KRaft || (kraft_ && cached && cached->kraft);
}

void BrokerNode::begin_shutdown(sim::Context& context, bool controlled) {
  if (leave_by_) return;
  broker_->begin_shutdown();
  if (!controlled) {
    leave_by_ = context.now;
  } else if (under_kraft_controller()) {
    begin_kraft_shutdown(context);
  } else {
    leave_by_ = sim::Instant::never();
    leaving_.emplace(Leaving{.network = sim::NetworkClient({.self = config_.broker.self})});
    ask_to_leave(context);
  }
}

void BrokerNode::begin_kraft_shutdown(sim::Context& context) {
  leave_by_ = context.now + config_.controlled_shutdown_timeout;
  kraft_->begin_controlled_shutdown(context.now, context.choices, context.effects);
}

// Asks until nothing is left that it leads, or until it has asked often enough; then it goes all the same.
void BrokerNode::ask_to_leave(sim::Context& context) {
  if (leaving_->in_flight || context.now < leaving_->not_before) return;
  if (under_kraft_controller()) {
    leaving_.reset();
    return begin_kraft_shutdown(context);
  }
  if (leaving_->tries == config_.controlled_shutdown_max_retries) {
    leave_by_ = context.now;
    leaving_.reset();
    return;
  }
  ++leaving_->tries;
  const std::optional<sim::ControllerLink> controller = controller_link();
  if (!controller) {
    leaving_->not_before = context.now + config_.controlled_shutdown_retry_backoff;
    return;
  }
  leaving_->in_flight = leaving_->network.send(
      context, controller->node,
      sim::ControlledShutdownRequest{.broker_id = id(), .broker_epoch = zookeeper_->epoch()});
}

// True if it was the controller's answer.
bool BrokerNode::hear_of_shutdown(sim::Context& context, const sim::Input& input) {
  const auto again = [&] {
    leaving_->in_flight.reset();
    const bool last = leaving_->tries == config_.controlled_shutdown_max_retries;
    leaving_->not_before =
        last ? context.now : context.now + config_.controlled_shutdown_retry_backoff;
  };
  const sim::Response<sim::ControlledShutdownResponse>* answer = nullptr;
  if (const auto* const received = std::get_if<sim::Received>(&input))
    answer = leaving_->network.answer<sim::ControlledShutdownResponse>(*received);
  for (const sim::CorrelationId lost : leaving_->network.handle(context, input)) {
    if (lost == leaving_->in_flight) again();
  }
  if (answer != nullptr && answer->correlation == leaving_->in_flight) {
    const bool free = answer->body.error_code == sim::ErrorCode::None &&
                      answer->body.remaining_partitions.empty();
    if (free) {
      leave_by_ = context.now;
      leaving_.reset();
      return true;
    }
    again();
  }
  ask_to_leave(context);
  return answer != nullptr;
}

void BrokerNode::leave_if_free(sim::Context& context) {
  if (!leave_by_ || left_) return;
  const bool let_go = kraft_ && kraft_->state() == kraft::BrokerLifecycle::ShuttingDown;
  if (!let_go && context.now < *leave_by_) return;
  broker_->flush(context);
  if (zookeeper_) zookeeper_->close(context);
  context.effects.push_back(sim::Exit{sim::kMainLane, "stopped by the operator"});
  left_ = true;
}

std::optional<sim::Instant> BrokerNode::deadline() const {
  if (!broker_) return sim::Instant(0);
  if (left_) return std::nullopt;
  std::optional<sim::Instant> earliest = broker_->deadline();
  const auto consider = [&](std::optional<sim::Instant> at) {
    if (at && *at != sim::Instant::never() && (!earliest || *at < *earliest)) earliest = at;
  };
  if (zookeeper_) consider(zookeeper_->deadline());
  if (controller_) consider(controller_->deadline());
  if (kraft_) consider(kraft_->deadline());
  consider(leave_by_);
  if (leaving_) {
    consider(leaving_->network.deadline());
    if (!leaving_->in_flight) consider(leaving_->not_before);
  }
  return earliest;
}

void BrokerNode::digest_into(sim::Digest& digest) const {
  if (broker_) broker_->digest_into(digest);
  if (zookeeper_) zookeeper_->digest_into(digest);
  if (controller_) controller_->digest_into(digest);
  if (kraft_) kraft_->digest_into(digest);
  sim::digest_into(digest, controller_link_);
  sim::digest_into(digest, leave_by_);
  if (leaving_) leaving_->network.digest_into(digest);
  digest.add(std::uint64_t{told_ready_});
}

}  // namespace migrate
