#include "kraft/broker_link.h"

#include <algorithm>

#include "kraft/area.h"
#include "kraft/notice.h"
#include "sim/base/check.h"

namespace kraft {

using namespace sim::literals;

namespace {

constexpr sim::Site kBrokerIncarnation{"broker.incarnation"};
constexpr sim::Site kBackoffJitter{"broker.backoff_jitter"};

Replica::Config replica_config(const BrokerLink::Config& config) {
  return {.id = config.id,
          .self = config.self,
          .life = config.life,
          .quorum = config.quorum,
          .raft = config.raft,
          .flush_as_follower = false,  // a broker's observer certifies nothing
          .behaviour = config.behaviour};
}

}  // namespace

std::string_view name_of(BrokerLifecycle state) {
  switch (state) {
    case BrokerLifecycle::NotRunning:
      return "NOT_RUNNING";
    case BrokerLifecycle::Starting:
      return "STARTING";
    case BrokerLifecycle::Recovery:
      return "RECOVERY";
    case BrokerLifecycle::Running:
      return "RUNNING";
    case BrokerLifecycle::PendingControlledShutdown:
      return "PENDING_CONTROLLED_SHUTDOWN";
    case BrokerLifecycle::ShuttingDown:
      return "SHUTTING_DOWN";
  }
  return "UNKNOWN";
}

BrokerLink::BrokerLink(Config config, Instant now, const sim::Durable& durable, Choices& choices)
    : config_(std::move(config)),
      replica_(replica_config(config_), durable),
      loader_(config_.behaviour.loader_publishes_open_transactions
                  ? Loader::Transactions::PublishedHalf
                  : Loader::Transactions::Atomic),
      incarnation_(
          random_uuid(choices, kBrokerIncarnation, static_cast<std::uint64_t>(config_.id.value()))),
      ready_(config_.is_migrating_zk_broker),
      correlation_(static_cast<std::int32_t>(first_correlation(config_.life))),
      next_request_(now) {
  if (!config_.is_migrating_zk_broker) registered_by_ = now + config_.registration_timeout;
}

std::optional<NodeId> BrokerLink::controller_address() const {
  if (controller() == kNoLeader) return std::nullopt;
  return config_.quorum.addresses.at(controller());
}

// A broker in ZooKeeper mode counts offsets and builds no image (migration.md §5.9).
Offset BrokerLink::metadata_offset() const {
  if (config_.is_migrating_zk_broker) return loader_.next_offset().plus(-1);
  return loader_.image().provenance().last_contained_offset;
}

std::vector<Publication> BrokerLink::take_publications() {
  return std::exchange(publications_, {});
}

bool BrokerLink::receive(Instant now, const sim::Received& received, Choices& choices,
                         Effects& effects) {
  const BrokerId before = controller();
  const auto& message = received.message;
  const auto awaited = [&](sim::CorrelationId correlation, InFlight kind) {
    return in_flight_ == kind && correlation == correlation_;
  };
  if (const auto* r = message.get_if<sim::Response<sim::BrokerRegistrationResponse>>()) {
    if (awaited(r->correlation, InFlight::Registration)) handle(now, r->body, choices, effects);
  } else if (const auto* h = message.get_if<sim::Response<sim::BrokerHeartbeatResponse>>()) {
    if (awaited(h->correlation, InFlight::Heartbeat)) handle(now, h->body, choices, effects);
  } else if (!replica_.receive(now, received.from, message, choices, effects)) {
    return false;
  }
  // A request to a former controller is given up as soon as another is known.
  if (controller() != before && in_flight_ != InFlight::None) {
    in_flight_ = InFlight::None;
    next_request_ = now;
  }
  poll(now, choices, effects);
  return true;
}

void BrokerLink::wake(Instant now, Choices& choices, Effects& effects) {
  replica_.wake(now, choices, effects);
  poll(now, choices, effects);
}

Instant BrokerLink::deadline() const {
  Instant at = std::min(replica_.deadline(), registered() ? Instant::never() : registered_by_);
  if (state_ == BrokerLifecycle::ShuttingDown || state_ == BrokerLifecycle::NotRunning) {
    return replica_.deadline();
  }
  if (in_flight_ != InFlight::None) return std::min(at, answer_by_);
  return controller() == kNoLeader ? at : std::min(at, next_request_);
}

void BrokerLink::poll(Instant now, Choices& choices, Effects& effects) {
  read_log();
  if (state_ == BrokerLifecycle::ShuttingDown || state_ == BrokerLifecycle::NotRunning) return;
  if (!registered() && now >= registered_by_) {
    move_to(BrokerLifecycle::ShuttingDown, effects);
    return;
  }
  register_again_if_directories_are_missing(now);
  if (in_flight_ != InFlight::None) {
    if (now < answer_by_) return;
    in_flight_ = InFlight::None;
    back_off(now, choices);
  }
  if (now < next_request_ || controller() == kNoLeader) return;
  if (must_register_) {
    send_registration(now, effects);
  } else {
    send_heartbeat(now, effects);
  }
}

void BrokerLink::read_log() {
  auto published = loader_.read(replica_.log(), replica_.high_watermark());
  if (config_.is_migrating_zk_broker) return;
  std::ranges::move(published, std::back_inserter(publications_));
}

// BrokerRegistrationTracker: directories are told once the metadata.version can record them.
void BrokerLink::register_again_if_directories_are_missing(Instant now) {
  if (config_.is_migrating_zk_broker || !registered() || must_register_) return;
  const auto* registration = image().cluster().broker(config_.id);
  if (registration == nullptr || registration->incarnation_id != incarnation_) return;
  if (!registration->log_dirs.empty() || config_.log_dirs.empty() || registered_with_directories_)
    return;
  if (!sim::supports(image().features().metadata_version, sim::MetadataGate::DirectoryAssignment))
    return;
  registered_with_directories_ = true;
  must_register_ = true;
  next_request_ = now;
}

void BrokerLink::send_registration(Instant now, Effects& effects) {
  sim::BrokerRegistrationRequest body{.broker_id = config_.id,
                                      .cluster_id = config_.cluster_id,
                                      .incarnation_id = incarnation_,
                                      .listeners = config_.listeners,
                                      .features = config_.features,
                                      .rack = config_.rack,
                                      .is_migrating_zk_broker = config_.is_migrating_zk_broker,
                                      .log_dirs = config_.log_dirs};
  correlation_ = correlation_.next();
  in_flight_ = InFlight::Registration;
  answer_by_ = now + config_.session_timeout / 2;
  effects.push_back(sim::Send{
      sim::kMainLane, *controller_address(), sim::kDatagram,
      Payload::of(sim::Request<sim::BrokerRegistrationRequest>{correlation_, std::move(body)})});
}

void BrokerLink::send_heartbeat(Instant now, Effects& effects) {
  sim::BrokerHeartbeatRequest body{
      .broker_id = config_.id,
      .broker_epoch = broker_epoch_,
      .current_metadata_offset = metadata_offset(),
      .want_fence = !ready_,
      .want_shut_down = state_ == BrokerLifecycle::PendingControlledShutdown,
      .offline_log_dirs = failed_directories_};
  correlation_ = correlation_.next();
  in_flight_ = InFlight::Heartbeat;
  wanted_meanwhile_ = false;
  answer_by_ = now + config_.session_timeout / 2;
  effects.push_back(sim::Send{
      sim::kMainLane, *controller_address(), sim::kDatagram,
      Payload::of(sim::Request<sim::BrokerHeartbeatRequest>{correlation_, std::move(body)})});
}

// 100 ms, doubled up to the session timeout, +-2 %.
void BrokerLink::back_off(Instant now, Choices& choices) {
  const std::uint32_t doublings = std::min(failures_++, 10U);
  const Duration backoff =
      std::min(100_ms * (std::int64_t{1} << doublings), config_.session_timeout);
  const auto entity = static_cast<std::uint64_t>(config_.id.value());
  next_request_ =
      now + choices.uniform(kBackoffJitter, entity, backoff * 98 / 100, backoff * 102 / 100);
}

void BrokerLink::handle(Instant now, const sim::BrokerRegistrationResponse& response,
                        Choices& choices, Effects& effects) {
  in_flight_ = InFlight::None;
  if (response.error_code == ErrorCode::NotController) {
    next_request_ = now + 100_ms;  // the channel looks for the controller again; no failure of ours
    return;
  }
  if (response.error_code != ErrorCode::None) return back_off(now, choices);
  failures_ = 0;
  must_register_ = false;
  broker_epoch_ = response.broker_epoch;
  next_request_ = now;
  if (state_ == BrokerLifecycle::NotRunning) move_to(BrokerLifecycle::Starting, effects);
}

// The table of kraft.md §4.1. A running broker that is told it is fenced stays running.
void BrokerLink::handle(Instant now, const sim::BrokerHeartbeatResponse& response, Choices& choices,
                        Effects& effects) {
  in_flight_ = InFlight::None;
  if (response.error_code == ErrorCode::NotController) {
    next_request_ = now + 100_ms;
    return;
  }
  if (response.error_code != ErrorCode::None) return back_off(now, choices);
  failures_ = 0;
  fenced_ = response.is_fenced;
  Duration wait = config_.heartbeat_interval;
  switch (state_) {
    case BrokerLifecycle::Starting:
      wait = 10_ms;
      if (response.is_caught_up) move_to(BrokerLifecycle::Recovery, effects);
      break;
    case BrokerLifecycle::Recovery:
      if (!response.is_fenced) move_to(BrokerLifecycle::Running, effects);
      break;
    case BrokerLifecycle::PendingControlledShutdown:
      if (response.should_shut_down) {
        move_to(BrokerLifecycle::ShuttingDown, effects);
      } else if (!first_shutdown_reply_seen_) {
        first_shutdown_reply_seen_ = true;
        wait = 50_ms;
      }
      break;
    case BrokerLifecycle::Running:
    case BrokerLifecycle::NotRunning:
    case BrokerLifecycle::ShuttingDown:
      break;
  }
  next_request_ = wanted_meanwhile_ ? now : now + wait;
}

void BrokerLink::move_to(BrokerLifecycle next, Effects& effects) {
  if (next == state_) return;
  notify(effects, BrokerStateChanged{.broker = config_.id,
                                     .from = std::string(name_of(state_)),
                                     .to = std::string(name_of(next))});
  state_ = next;
}

void BrokerLink::ready_to_unfence(Instant now, Choices& choices, Effects& effects) {
  if (ready_) return;
  ready_ = true;
  wanted_meanwhile_ = true;
  if (in_flight_ == InFlight::None && !must_register_) next_request_ = now;
  poll(now, choices, effects);
}

void BrokerLink::begin_controlled_shutdown(Instant now, Choices& choices, Effects& effects) {
  if (state_ == BrokerLifecycle::PendingControlledShutdown) return;
  if (state_ != BrokerLifecycle::Running) return move_to(BrokerLifecycle::ShuttingDown, effects);
  move_to(BrokerLifecycle::PendingControlledShutdown, effects);
  wanted_meanwhile_ = true;
  if (in_flight_ == InFlight::None) next_request_ = now;
  poll(now, choices, effects);
}

void BrokerLink::directory_failed(sim::Uuid directory) {
  const auto at = std::ranges::lower_bound(failed_directories_, directory);
  if (at == failed_directories_.end() || *at != directory)
    failed_directories_.insert(at, directory);
}

void BrokerLink::digest_into(sim::Digest& digest) const {
  replica_.digest_into(digest);
  loader_.digest_into(digest);
  digest.add(static_cast<std::uint64_t>(state_));
  sim::digest_into(digest, incarnation_);
  sim::digest_into(digest, broker_epoch_);
  sim::digest_into(digest, next_request_);
  sim::digest_into(digest, answer_by_);
  digest.add(static_cast<std::uint64_t>(in_flight_));
}

}  // namespace kraft
