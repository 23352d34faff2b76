#include "kraft/node.h"

#include <algorithm>

#include "kraft/area.h"
#include "kraft/notice.h"
#include "sim/base/check.h"
#include "sim/kafka/image_records.h"

namespace kraft {

namespace {

constexpr sim::Site kControllerIncarnation{"controller.incarnation"};
// ControllerRegistrationManager: 100 ms, doubled up to two minutes.
constexpr Duration kFirstBackoff{100'000'000};
constexpr Duration kLongestBackoff{120'000'000'000};

Replica::Config replica_config(const Node::Config& config) {
  return {.id = config.id,
          .self = config.self,
          .life = config.life,
          .quorum = config.quorum,
          .raft = config.raft,
          .flush_as_follower = true,
          .behaviour = config.behaviour};
}

Controller::Settings controller_settings(const Node::Config& config) {
  Controller::Settings settings = config.controller;
  settings.id = config.id;
  settings.quorum_nodes = config.quorum.voters;
  settings.behaviour = config.behaviour;
  return settings;
}

}  // namespace

Node::Node(Config config, const sim::Durable& durable, Choices& choices)
    : config_(std::move(config)),
      replica_(replica_config(config_), durable),
      controller_(controller_settings(config_)),
      loader_(config_.behaviour.loader_publishes_open_transactions
                  ? Loader::Transactions::PublishedHalf
                  : Loader::Transactions::Atomic),
      incarnation_(random_uuid(choices, kControllerIncarnation,
                               static_cast<std::uint64_t>(config_.id.value()))),
      correlation_(static_cast<std::int32_t>(first_correlation(config_.life))) {}

Effects Node::step(Instant now, sim::Input input, Choices& choices) {
  Effects effects;
  if (const auto* received = std::get_if<sim::Received>(&input)) {
    receive(now, *received, choices, effects);
  } else {
    wake(now, choices, effects);
  }
  publications_.clear();
  leader_changes_.clear();
  return effects;
}

bool Node::receive(Instant now, const sim::Received& received, Choices& choices, Effects& effects) {
  Turn at = turn(now, choices, effects);
  if (const auto* answer =
          received.message.get_if<sim::Response<sim::ControllerRegistrationResponse>>()) {
    if (answer->correlation == correlation_) handle(now, answer->body);
  } else if (!replica_.receive(now, received.from, received.message, choices, effects) &&
             !controller_.receive(at, received)) {
    return false;
  }
  progress(now, choices, effects);
  return true;
}

void Node::wake(Instant now, Choices& choices, Effects& effects) {
  replica_.wake(now, choices, effects);
  Turn at = turn(now, choices, effects);
  controller_.wake(at);
  progress(now, choices, effects);
}

Instant Node::next_deadline() const {
  const bool can_register = loader_.published_any() && announced_.leader != kNoLeader;
  return std::min({replica_.deadline(), controller_.deadline(),
                   can_register ? register_at_ : Instant::never()});
}

void Node::begin_shutdown(Instant now, Choices& choices, Effects& effects) {
  Turn at = turn(now, choices, effects);
  controller_.renounce(at);
  replica_.begin_shutdown(now, choices, effects);
  progress(now, choices, effects);
}

// What a change of the replica means for those who listen to it. A claim writes, and with one voter what is
// written may be committed at once: so until nothing moves.
void Node::progress(Instant now, Choices& choices, Effects& effects) {
  Turn at = turn(now, choices, effects);
  while (true) {
    const Offset read = loader_.next_offset();
    const LeaderAndEpoch announced = announced_;
    read_committed(at);
    announce_leader(at);
    replica_.wake(now, choices, effects);
    if (read == loader_.next_offset() && announced == announced_) break;
  }
  maybe_register(now, effects);
}

void Node::read_committed(Turn& turn) {
  const Log& log = replica_.log();
  const Offset high_watermark = replica_.high_watermark();
  if (high_watermark == kUnknownOffset || high_watermark <= loader_.next_offset()) return;
  Offset next = loader_.next_offset();
  if (next < log.start()) {
    const auto& checkpoint = log.checkpoint().as<Checkpoint>();
    controller_.load_checkpoint(turn, checkpoint);
    next = checkpoint.id.offset;
  }
  for (const Payload& payload : log.read(next, high_watermark, SIZE_MAX)) {
    const auto& batch = payload.as<Batch>();
    notify(turn.effects,
           Committed{
               .node = config_.id, .base = batch.base, .end = batch.end(), .epoch = batch.epoch});
    controller_.handle_commit(turn, batch);
    bytes_since_checkpoint_ += batch.bytes;
  }
  auto published = loader_.read(log, high_watermark);
  if (loader_.fault()) {
    turn.effects.push_back(sim::Exit{sim::kMainLane, "metadata loading: " + *loader_.fault()});
  }
  if (published.empty()) return;
  const auto& provenance = loader_.image().provenance();
  notify(turn.effects, MetadataPublished{.node = config_.id,
                                         .offset = provenance.last_contained_offset,
                                         .epoch = provenance.last_contained_epoch});
  std::ranges::move(published, std::back_inserter(publications_));
  maybe_keep_checkpoint(turn.now, turn.effects);
}

// maybeFireLeaderChange: this node itself only when it has read past the start of its epoch; nothing at all
// while it is Resigned.
void Node::announce_leader(Turn& turn) {
  if (replica_.kind() == RoleKind::Resigned) return;
  LeaderAndEpoch next{.leader = replica_.leader(), .epoch = replica_.epoch()};
  if (const auto* leader = std::get_if<Leader>(&replica_.role())) {
    if (loader_.next_offset() <= leader->epoch_start) return;
  }
  if (next == announced_) return;
  announced_ = next;
  leader_changes_.push_back(next);
  if (controller_.is_active()) controller_.renounce(turn);
  if (next.leader == config_.id) controller_.claim(turn, next.epoch);
}

// SnapshotGenerator: by bytes, or by time; never in the middle of a transaction, for no image stands there.
// Simplified: the log is never cleaned up to a checkpoint (Kafka does after 100 MiB or a week).
void Node::maybe_keep_checkpoint(Instant now, Effects& effects) {
  const bool by_bytes = bytes_since_checkpoint_ >= config_.snapshot_bytes;
  const bool by_time = config_.snapshot_interval > Duration(0) &&
                       now - last_checkpoint_ >= config_.snapshot_interval;
  if (!by_bytes && !by_time) return;
  const sim::MetadataImage& image = loader_.image();
  const OffsetAndEpoch id{.epoch = image.provenance().last_contained_epoch,
                          .offset = image.provenance().last_contained_offset.next()};
  if (!replica_.log().is_border(id.offset) || id.offset > replica_.high_watermark()) return;
  bytes_since_checkpoint_ = 0;
  last_checkpoint_ = now;
  Checkpoint checkpoint{
      .id = id,
      .last_contained_timestamp_ms = image.provenance().last_contained_log_time_ms,
      .records = {},
      .chain = replica_.log().chain_at(id.offset)};
  const auto lost = sim::to_records(
      image, [&](sim::VersionedRecord record) { checkpoint.records.push_back(std::move(record)); });
  sim::check(lost.empty(), "an image holds only what its metadata.version can say");
  replica_.keep_checkpoint(std::move(checkpoint), Replica::Cleaning::Keep, effects);
}

// ControllerRegistrationManager: registers this incarnation as soon as the metadata.version knows how.
void Node::maybe_register(Instant now, Effects& effects) {
  const auto* registered = loader_.image().cluster().controller(config_.id);
  if (registered != nullptr && registered->incarnation_id == incarnation_) {
    register_at_ = Instant::never();
    registration_sent_ = false;
    return;
  }
  const bool supported = sim::supports(loader_.image().features().metadata_version,
                                       sim::MetadataGate::ControllerRegistration);
  if (!loader_.published_any() || !supported) {
    register_at_ = Instant::never();
    return;
  }
  if (register_at_ == Instant::never() && !registration_sent_) register_at_ = now;
  if (now < register_at_ || announced_.leader == kNoLeader) return;
  correlation_ = correlation_.next();
  registration_sent_ = true;
  register_at_ = now + config_.raft.request_timeout;
  sim::ControllerRegistrationRequest body{
      .controller_id = config_.id,
      .incarnation_id = incarnation_,
      .zk_migration_ready = config_.controller.zk_migration_enabled,
      .listeners = config_.listeners,
      .features = config_.features};
  effects.push_back(sim::Send{sim::kMainLane, config_.quorum.addresses.at(announced_.leader),
                              sim::kDatagram,
                              Payload::of(sim::Request<sim::ControllerRegistrationRequest>{
                                  correlation_, std::move(body)})});
}

void Node::handle(Instant now, const sim::ControllerRegistrationResponse& response) {
  if (response.error_code == ErrorCode::None) {
    registration_failures_ = 0;
    return;  // the image will say so
  }
  const std::uint32_t doublings = std::min(registration_failures_++, 20U);
  register_at_ = now + std::min(kFirstBackoff * (std::int64_t{1} << doublings), kLongestBackoff);
}

std::vector<Publication> Node::take_publications() {
  return std::exchange(publications_, {});
}
std::vector<LeaderAndEpoch> Node::take_leader_changes() {
  return std::exchange(leader_changes_, {});
}

WriteId Node::begin_migration(Instant now, Choices& choices, Effects& effects) {
  Turn at = turn(now, choices, effects);
  return controller_.begin_migration(at);
}
WriteId Node::accept_batch(Records records, Instant now, Choices& choices, Effects& effects) {
  Turn at = turn(now, choices, effects);
  return controller_.accept_batch(at, std::move(records));
}
WriteId Node::complete_migration(Instant now, Choices& choices, Effects& effects) {
  Turn at = turn(now, choices, effects);
  return controller_.complete_migration(at);
}
WriteId Node::abort_migration(Instant now, Choices& choices, Effects& effects) {
  Turn at = turn(now, choices, effects);
  return controller_.abort_migration(at);
}

void Node::digest_into(sim::Digest& digest) const {
  replica_.digest_into(digest);
  controller_.digest_into(digest);
  loader_.digest_into(digest);
  sim::digest_into(digest, announced_);
  sim::digest_into(digest, incarnation_);
  sim::digest_into(digest, register_at_);
}

}  // namespace kraft
