#include "kraft/controller.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "kraft/area.h"
#include "kraft/notice.h"
#include "sim/base/check.h"
#include "sim/base/match.h"

namespace kraft {

using sim::ZkMigrationState;

namespace {

// MAX_RECORDS_PER_BATCH: of one atomic append, and of each piece of a long one.
constexpr std::size_t kMaxRecordsPerBatch = 10'000;

// The answer that says no to everything asked for: for NOT_CONTROLLER above all.
template <class Body>
typename Body::Response refusal(const Body& body, ErrorCode error) {
  typename Body::Response out;
  if constexpr (requires { out.error_code; }) {
    out.error_code = error;
  } else if constexpr (std::same_as<Body, sim::CreateTopicsRequest>) {
    for (const auto& topic : body.topics) out.topics.push_back({topic.name, {}, error, {}});
  } else if constexpr (std::same_as<Body, sim::DeleteTopicsRequest>) {
    for (const auto& name : body.topic_names) out.responses.push_back({name, error, ""});
  } else if constexpr (std::same_as<Body, sim::CreatePartitionsRequest>) {
    for (const auto& topic : body.topics) out.results.push_back({topic.name, error, ""});
  } else if constexpr (std::same_as<Body, sim::IncrementalAlterConfigsRequest>) {
    for (const auto& resource : body.resources)
      out.responses.push_back({resource.resource_name, error, ""});
  } else if constexpr (std::same_as<Body, sim::AlterClientQuotasRequest>) {
    out.entries.assign(body.entries.size(), {"", error, ""});
  } else if constexpr (std::same_as<Body, sim::CreateAclsRequest>) {
    out.results.assign(body.creations.size(), {"", error, ""});
  } else if constexpr (std::same_as<Body, sim::DeleteAclsRequest>) {
    out.filter_results.assign(body.filters.size(), {"", error, ""});
  } else {
    static_assert(std::same_as<Body, sim::AlterUserScramCredentialsRequest>);
    for (const auto& deletion : body.deletions) out.results.push_back({deletion.name, error, ""});
    for (const auto& upsertion : body.upsertions)
      out.results.push_back({upsertion.name, error, ""});
  }
  return out;
}

sim::VersionedRecord transaction_begin(std::string name) {
  sim::BeginTransactionRecord record;
  record.name = std::move(name);
  return {std::move(record), 0};
}
sim::VersionedRecord transaction_abort(std::string reason) {
  sim::AbortTransactionRecord record;
  record.reason = std::move(reason);
  return {std::move(record), 0};
}
sim::VersionedRecord migration_state(ZkMigrationState state) {
  sim::ZkMigrationStateRecord record;
  record.zk_migration_state = state;
  return {record, 0};
}

void halt(Turn& turn, std::string reason) {
  turn.effects.push_back(sim::Exit{sim::kMainLane, std::move(reason)});
}

}  // namespace

Desk Controller::desk(Turn& turn) {
  return {.state = state_,
          .settings = settings_,
          .heartbeats = heartbeats_,
          .next_offset = turn.replica.is_leader() ? turn.replica.next_offset() : Offset(0),
          .now = turn.now,
          .choices = turn.choices};
}

// ── Requests ────────────────────────────────────────────────────────────────────────────────────

// The first checks of every write event: active, and not in pre-migration unless it may run there.
bool Controller::refuses(PreMigration mode) const {
  if (!is_active()) return true;
  return mode == PreMigration::Refused && !settings_.behaviour.premigration_writes &&
         state_.migration_state() == ZkMigrationState::PreMigration;
}

template <class Body>
bool Controller::serve(Turn& turn, const sim::Received& received, PreMigration mode) {
  const auto* request = received.message.get_if<sim::Request<Body>>();
  if (request == nullptr) return false;
  using Answer = sim::Response<typename Body::Response>;
  const sim::ReplyTo to = sim::reply_to(received, *request);
  if (refuses(mode)) {
    turn.effects.push_back(sim::reply(to, refusal(request->body, ErrorCode::NotController)));
    return true;
  }
  Desk at = desk(turn);
  auto decision = decide(at, request->body);
  if (decision.atomicity == Atomicity::Atomic && decision.records.size() > kMaxRecordsPerBatch) {
    turn.effects.push_back(sim::reply(to, refusal(request->body, ErrorCode::PolicyViolation)));
    return true;
  }
  Parked parked{.offset = at.next_offset.plus(-1),
                .mode = mode,
                .to = to,
                .answer = Payload::of(Answer{to.correlation, std::move(decision.response)}),
                .refused = Payload::of(
                    Answer{to.correlation, refusal(request->body, ErrorCode::NotController)}),
                .request = {},
                .write = {}};
  if (!decision.records.empty()) {
    const auto last = write(turn, std::move(decision.records));
    if (!last) {
      turn.effects.push_back(sim::Send{sim::kMainLane, to.node, to.over, parked.refused});
      renounce(turn);
      return true;
    }
    parked.offset = *last;
    parked.request = std::string(Body::kName);
  }
  if constexpr (std::same_as<Body, sim::BrokerHeartbeatRequest>) {
    // The end offset of the write in which a broker entered controlled shutdown.
    const auto* broker = state_.image.cluster().broker(request->body.broker_id);
    if (broker != nullptr && request->body.want_shut_down && parked.request.size() > 0) {
      heartbeats_.set_controlled_shutdown_offset(request->body.broker_id, parked.offset);
    }
  }
  if constexpr (std::same_as<Body, sim::BrokerHeartbeatRequest> ||
                std::same_as<Body, sim::BrokerRegistrationRequest>) {
    fence_at_ = heartbeats_.next_check(settings_.broker_session_timeout);
  }
  park(turn, std::move(parked));
  return true;
}

bool Controller::receive(Turn& turn, const sim::Received& received) {
  using enum PreMigration;
  return serve<sim::BrokerHeartbeatRequest>(turn, received, Allowed) ||
         serve<sim::AlterPartitionRequest>(turn, received, Refused) ||
         serve<sim::BrokerRegistrationRequest>(turn, received, Allowed) ||
         serve<sim::UnregisterBrokerRequest>(turn, received, Allowed) ||
         serve<sim::ControllerRegistrationRequest>(turn, received, Allowed) ||
         serve<sim::CreateTopicsRequest>(turn, received, Refused) ||
         serve<sim::DeleteTopicsRequest>(turn, received, Refused) ||
         serve<sim::CreatePartitionsRequest>(turn, received, Refused) ||
         serve<sim::IncrementalAlterConfigsRequest>(turn, received, Refused) ||
         serve<sim::AllocateProducerIdsRequest>(turn, received, Refused) ||
         serve<sim::AlterPartitionReassignmentsRequest>(turn, received, Refused) ||
         serve<sim::ElectLeadersRequest>(turn, received, Refused) ||
         serve<sim::AlterClientQuotasRequest>(turn, received, Refused) ||
         serve<sim::CreateAclsRequest>(turn, received, Refused) ||
         serve<sim::DeleteAclsRequest>(turn, received, Refused) ||
         serve<sim::AlterUserScramCredentialsRequest>(turn, received, Refused) ||
         serve<sim::UpdateFeaturesRequest>(turn, received, Refused);
}

// ── Writing and replaying ───────────────────────────────────────────────────────────────────────

// Appends and applies at once: memory is ahead of what is committed, and goes back if it must.
std::optional<Offset> Controller::write(Turn& turn, Records records) {
  std::optional<Offset> last;
  for (std::size_t from = 0; from < records.size(); from += kMaxRecordsPerBatch) {
    const std::size_t to = std::min(records.size(), from + kMaxRecordsPerBatch);
    Records piece(records.begin() + static_cast<std::ptrdiff_t>(from),
                  records.begin() + static_cast<std::ptrdiff_t>(to));
    if (!turn.replica.is_leader() || !is_active()) return std::nullopt;
    const Offset base = turn.replica.next_offset();
    last = turn.replica.append(turn.now, *claim_epoch_, piece);
    if (!last) return std::nullopt;
    replay_all(turn, piece, base);
    remember(*last);
  }
  return last;
}

void Controller::replay_all(Turn& turn, const Records& records, Offset base) {
  std::optional<sim::MetadataDelta> delta;
  const auto apply = [&](Offset last) {
    if (!delta) return;
    state_.image = delta->apply({.last_contained_offset = last,
                                 .last_contained_epoch = turn.replica.epoch(),
                                 .last_contained_log_time_ms = turn.now.milliseconds()});
    delta.reset();
  };
  Offset offset = base;
  for (const sim::VersionedRecord& record : records) {
    const bool transaction = std::holds_alternative<sim::BeginTransactionRecord>(record.record) ||
                             std::holds_alternative<sim::EndTransactionRecord>(record.record) ||
                             std::holds_alternative<sim::AbortTransactionRecord>(record.record);
    if (transaction) {
      apply(offset.plus(-1));
    } else {
      if (is_active()) notice_of(turn, record.record);
      if (!delta) delta.emplace(state_.image);
      // An image takes a topic that comes up again for a snapshot's; the controller dies of it.
      if (const auto* topic = std::get_if<sim::TopicRecord>(&record.record);
          topic != nullptr && delta->now().topics.find(topic->name) != nullptr) {
        return halt(turn, fmt::format("found a duplicate TopicRecord for {}", topic->name));
      }
      const auto replayed = delta->replay(record.record);
      // Fatal in Kafka, too: a controller that cannot apply a record must not go on.
      if (!replayed)
        return halt(turn, "a record cannot be replayed: " + sim::describe(replayed.error()));
      state_.empty = false;
    }
    replay_special(turn, record.record, offset);
    offset = offset.next();
  }
  apply(offset.plus(-1));
}

// What a record means beside its effect on the image.
void Controller::replay_special(Turn& turn, const sim::Record& record, Offset offset) {
  if (const auto* registered = std::get_if<sim::RegisterBrokerRecord>(&record)) {
    state_.registered_at[registered->broker_id] = offset;
    if (is_active()) {
      heartbeats_.remove(registered->broker_id);
      heartbeats_.register_broker(registered->broker_id, registered->fenced, turn.now);
    }
  } else if (const auto* unregistered = std::get_if<sim::UnregisterBrokerRecord>(&record)) {
    state_.registered_at.erase(unregistered->broker_id);
    heartbeats_.remove(unregistered->broker_id);
  } else if (const auto* change = std::get_if<sim::BrokerRegistrationChangeRecord>(&record)) {
    if (is_active() && change->fenced != sim::FencingChange::None) {
      heartbeats_.register_broker(change->broker_id, change->fenced == sim::FencingChange::Fence,
                                  turn.now);
    }
  } else if (const auto* fence = std::get_if<sim::FenceBrokerRecord>(&record)) {
    if (is_active()) heartbeats_.register_broker(fence->id, true, turn.now);
  } else if (const auto* unfence = std::get_if<sim::UnfenceBrokerRecord>(&record)) {
    if (is_active()) heartbeats_.register_broker(unfence->id, false, turn.now);
  } else if (std::holds_alternative<sim::BeginTransactionRecord>(record)) {
    if (state_.transaction_start != kUnknownOffset) {
      return halt(turn, "a metadata transaction begins inside another");
    }
    remember(offset.plus(-1));
    state_.transaction_start = offset;
  } else if (std::holds_alternative<sim::EndTransactionRecord>(record)) {
    if (state_.transaction_start == kUnknownOffset) {
      return halt(turn, "a metadata transaction ends that did not begin");
    }
    state_.transaction_start = kUnknownOffset;
  } else if (const auto* abort = std::get_if<sim::AbortTransactionRecord>(&record)) {
    abort_transaction(turn, abort->reason.value_or(""));
  }
}

// Memory goes back to before the transaction; what is not from the log (heartbeats) stays as it is.
void Controller::abort_transaction(Turn& turn, std::string_view reason) {
  const Offset began = state_.transaction_start;
  if (began == kUnknownOffset)
    return halt(turn, "a metadata transaction is aborted that did not begin");
  if (settings_.behaviour.aborted_transaction_kept) {
    state_.transaction_start = kUnknownOffset;
  } else {
    const auto before = history_.find(began.plus(-1));
    sim::check(before != history_.end(), "the state before an open transaction is remembered");
    state_ = before->second;
  }
  notify(turn.effects,
         TransactionAborted{.node = settings_.id, .began = began, .reason = std::string(reason)});
}

// ── What is committed ───────────────────────────────────────────────────────────────────────────

void Controller::advance_offsets(Offset committed) {
  last_committed_ = committed;
  const auto at = std::prev(history_.upper_bound(committed));
  const Offset open = at->second.transaction_start;
  last_stable_ = open == kUnknownOffset ? committed : std::min(open.plus(-1), committed);
  const auto stable = std::prev(history_.upper_bound(last_stable_));
  // Memory can only be asked to go back to these two, or to something newer.
  if (stable != at) history_.erase(std::next(stable), at);
  history_.erase(history_.begin(), stable);
}

const ControllerState& Controller::stable_state() const {
  if (history_.empty()) return state_;
  return std::prev(history_.upper_bound(std::max(last_stable_, history_.begin()->first)))->second;
}

const ControllerState& Controller::committed_state() const {
  if (history_.empty()) return state_;
  return std::prev(history_.upper_bound(std::max(last_committed_, history_.begin()->first)))
      ->second;
}

void Controller::handle_commit(Turn& turn, const Batch& batch) {
  const Offset last = batch.end().plus(-1);
  if (history_.empty()) remember(batch.base.plus(-1));
  if (!is_active()) {
    replay_all(turn, batch.records(), batch.base);
    remember(last);
  }
  advance_offsets(last);
  release(turn);
}

void Controller::load_checkpoint(Turn& turn, const Checkpoint& checkpoint) {
  sim::check(!is_active(), "an active controller is never asked to load a checkpoint");
  state_ = {};
  history_.clear();
  replay_all(turn, checkpoint.records, checkpoint.id.offset.plus(-1));
  // Every record of a checkpoint is taken to stand where the checkpoint ends.
  for (auto& [broker, at] : state_.registered_at) at = checkpoint.id.offset.plus(-1);
  last_committed_ = last_stable_ = checkpoint.id.offset.plus(-1);
  remember(last_committed_);
}

void Controller::park(Turn& turn, Parked parked) {
  parked_.push_back(std::move(parked));
  release(turn);
}

// What runs in pre-migration waits for its commit only, not for the end of the copy (KAFKA-15441).
void Controller::release(Turn& turn) {
  std::erase_if(parked_, [&](const Parked& parked) {
    if (parked.offset > (parked.mode == PreMigration::Allowed ? last_committed_ : last_stable_))
      return false;
    if (parked.to) {
      turn.effects.push_back(
          sim::Send{sim::kMainLane, parked.to->node, parked.to->over, parked.answer});
    }
    if (!parked.request.empty()) {
      notify(turn.effects, ChangeAcknowledged{.controller = settings_.id,
                                              .epoch = *claim_epoch_,
                                              .offset = parked.offset,
                                              .request = parked.request});
    }
    if (parked.write) {
      writes_[*parked.write] = {
          .state = WriteStatus::State::Committed, .offset = parked.offset, .epoch = *claim_epoch_};
    }
    return true;
  });
}

void Controller::refuse_all(Turn& turn) {
  for (const Parked& parked : std::exchange(parked_, {})) {
    if (parked.to) {
      turn.effects.push_back(
          sim::Send{sim::kMainLane, parked.to->node, parked.to->over, parked.refused});
    }
    if (parked.write) {
      writes_[*parked.write] = {.state = WriteStatus::State::Failed,
                                .error = ErrorCode::NotController};
    }
  }
}

// ── Becoming active, and ceasing to be ──────────────────────────────────────────────────────────

void Controller::fill_heartbeats(Instant now) {
  heartbeats_.clear();
  for (const sim::BrokerRegistration& broker : state_.image.cluster().brokers) {
    heartbeats_.register_broker(broker.broker_id, broker.fenced, now);
  }
}

void Controller::claim(Turn& turn, RaftEpoch epoch) {
  sim::check(!is_active(), "leadership is claimed once");
  if (history_.empty()) remember(kUnknownOffset);
  const auto records = activation_records(turn);
  if (!records) return;
  claim_epoch_ = epoch;
  // MB-22: sessions are made of what memory says now, an open transaction included.
  fill_heartbeats(turn.now);
  if (!records->empty() && !write(turn, *records)) return renounce(turn);
  if (!settings_.behaviour.heartbeat_table_before_abort) fill_heartbeats(turn.now);
  if (settings_.max_idle_interval > Duration(0)) no_op_at_ = turn.now + settings_.max_idle_interval;
  if (settings_.auto_leader_rebalance) balance_at_ = turn.now + settings_.leader_imbalance_interval;
  unclean_at_ = turn.now + settings_.unclean_election_interval;
  notify(turn.effects,
         ControllerActivated{.node = settings_.id,
                             .epoch = epoch,
                             .migration_state = std::string(name_of(state_.migration_state()))});
}

// ActivationRecordsGenerator (kraft.md §3.3, migration.md §3.1).
std::optional<Records> Controller::activation_records(Turn& turn) const {
  using sim::MetadataGate;
  const bool flag = settings_.zk_migration_enabled;
  const bool open = state_.transaction_start != kUnknownOffset;
  Records records;
  if (open) records.push_back(transaction_abort("Controller failover"));
  const ControllerState& before = open ? history_.at(state_.transaction_start.plus(-1)) : state_;
  const auto refuse = [&](std::string why) -> std::optional<Records> {
    halt(turn, std::move(why));
    return std::nullopt;
  };
  if (before.empty) {
    const bool transactions = supports(settings_.bootstrap_version, MetadataGate::Transactions);
    const bool migrates_unprotected =
        flag && !transactions && settings_.behaviour.copies_without_transaction &&
        supports(settings_.bootstrap_version, MetadataGate::ZkMigration);
    if (flag && !transactions && !migrates_unprotected) {
      return refuse("the bootstrap metadata.version does not support ZK migrations");
    }
    if (transactions) records.push_back(transaction_begin("Bootstrap records"));
    sim::FeatureLevelRecord version;
    version.name = std::string(sim::kMetadataVersionFeature);
    version.feature_level = sim::level_of(settings_.bootstrap_version);
    records.push_back({std::move(version), 0});
    std::ranges::copy(settings_.bootstrap_records, std::back_inserter(records));
    if (transactions || migrates_unprotected) {
      records.push_back(
          migration_state(flag ? ZkMigrationState::PreMigration : ZkMigrationState::None));
    }
    if (transactions) records.push_back({sim::EndTransactionRecord{}, 0});
    return records;
  }
  if (!supports(before.version(), MetadataGate::ZkMigration)) {
    if (flag) return refuse("the metadata.version does not support ZK migrations");
    return records;
  }
  switch (before.migration_state()) {
    case ZkMigrationState::None:
      if (flag)
        return refuse("a cluster that was created in KRaft mode cannot be migrated from ZooKeeper");
      break;
    case ZkMigrationState::PreMigration:
      break;
    case ZkMigrationState::Migration:
      if (!flag) records.push_back(migration_state(ZkMigrationState::PostMigration));
      break;
    case ZkMigrationState::PostMigration:
      if (settings_.behaviour.migration_reopens) {
        records.push_back(migration_state(ZkMigrationState::Migration));
      }
      break;
    case ZkMigrationState::Zookeeper:
      return refuse("a ZkMigrationState of ZK is never in the log");
  }
  return records;
}

void Controller::renounce(Turn& turn) {
  if (!is_active()) return;
  const RaftEpoch epoch = *claim_epoch_;
  claim_epoch_.reset();
  turn.replica.resign(turn.now, epoch, "the controller renounced", turn.choices, turn.effects);
  refuse_all(turn);
  // Kafka goes back to the last stable offset; what is committed inside an open transaction is kept here,
  // so that a standby that hears of its end has it all. A standby's memory shows in nothing else.
  state_ = ControllerState(committed_state());
  history_.erase(history_.upper_bound(last_committed_), history_.end());
  heartbeats_.clear();
  no_op_at_ = fence_at_ = balance_at_ = unclean_at_ = Instant::never();
  notify(turn.effects,
         ControllerRenounced{.node = settings_.id, .epoch = epoch, .reverted_to = last_committed_});
}

// ── The migration's writes ──────────────────────────────────────────────────────────────────────

WriteId Controller::write_for_migration(Turn& turn, std::optional<Records> records) {
  const WriteId id = ++last_write_;
  writes_[id] = {};
  if (!is_active() || !records) {
    writes_[id] = {.state = WriteStatus::State::Failed, .error = ErrorCode::NotController};
    return id;
  }
  Offset last = turn.replica.is_leader() ? turn.replica.next_offset().plus(-1) : kUnknownOffset;
  if (!records->empty()) {
    const auto written = write(turn, std::move(*records));
    if (!written) {
      writes_[id] = {.state = WriteStatus::State::Failed, .error = ErrorCode::NotController};
      renounce(turn);
      return id;
    }
    last = *written;
  }
  park(turn, {.offset = last,
              .mode = PreMigration::Allowed,
              .to = {},
              .answer = {},
              .refused = {},
              .request = {},
              .write = id});
  return id;
}

WriteId Controller::begin_migration(Turn& turn) {
  Records records;
  if (supports(state_.version(), sim::MetadataGate::Transactions)) {
    records.push_back(transaction_begin("ZK Migration"));
  }
  copy_began_in_ = claim_epoch_;
  return write_for_migration(turn, std::move(records));
}

// The records of a copy belong into the transaction that its claim began. Kafka asks no more than that the controller
// be active, and the driver does not look up from its copy (MB-24).
WriteId Controller::write_copy(Turn& turn, Records records) {
  if (is_active() && copy_began_in_ != claim_epoch_) {
    if (!settings_.behaviour.copy_outlives_its_claim)
      return write_for_migration(turn, std::nullopt);
    notify(turn.effects, CopyOutlivedItsClaim{.node = settings_.id,
                                              .began = copy_began_in_.value_or(RaftEpoch(0)),
                                              .epoch = *claim_epoch_});
  }
  return write_for_migration(turn, std::move(records));
}

WriteId Controller::accept_batch(Turn& turn, Records records) {
  return write_copy(turn, std::move(records));
}

WriteId Controller::complete_migration(Turn& turn) {
  Records records{migration_state(ZkMigrationState::Migration)};
  if (supports(state_.version(), sim::MetadataGate::Transactions)) {
    records.push_back({sim::EndTransactionRecord{}, 0});
  }
  if (!settings_.behaviour.leaderless_copies_stay)
    desk(turn).elect_for_leaderless(sim::kNoBroker, records);
  return write_copy(turn, std::move(records));
}

// In 3.9 that is a call of the fatal fault handler; the next leader writes the AbortTransaction.
WriteId Controller::abort_migration(Turn& turn) {
  halt(turn, "Aborting the ZK migration");
  return write_for_migration(turn, std::nullopt);
}

WriteStatus Controller::write_status(WriteId id) const {
  const auto found = writes_.find(id);
  sim::check(found != writes_.end(), "the status of a write is asked by who made it");
  return found->second;
}

// ── Periodic work ───────────────────────────────────────────────────────────────────────────────

Instant Controller::deadline() const {
  return std::min({no_op_at_, fence_at_, balance_at_, unclean_at_});
}

void Controller::wake(Turn& turn) {
  if (is_active() && turn.now >= no_op_at_) write_no_op(turn);
  if (is_active() && turn.now >= fence_at_) fence_stale_broker(turn);
  if (is_active() && (turn.now >= balance_at_ || turn.now >= unclean_at_)) balance(turn);
}

// Whatever else is written: it keeps followers' and observers' offsets moving.
void Controller::write_no_op(Turn& turn) {
  no_op_at_ = turn.now + settings_.max_idle_interval;
  if (!supports(state_.version(), sim::MetadataGate::NoOpRecord)) return;
  if (!write(turn, {{sim::NoOpRecord{}, 0}})) renounce(turn);
}

// One broker an event; the next at once. In pre-migration the event fails and nothing arms it again but
// the next heartbeat or registration (migration.md §3.2).
void Controller::fence_stale_broker(Turn& turn) {
  fence_at_ = Instant::never();
  if (!is_active() ||
      (settings_.behaviour.nobody_is_fenced_before_the_copy && refuses(PreMigration::Refused)))
    return;
  const auto stale = heartbeats_.stale_broker(settings_.broker_session_timeout, turn.now);
  if (stale) {
    Records records;
    if (state_.image.cluster().broker(*stale) != nullptr) desk(turn).fence(*stale, records);
    heartbeats_.fence(*stale);
    if (!records.empty() && !write(turn, std::move(records))) return renounce(turn);
  }
  fence_at_ = heartbeats_.next_check(settings_.broker_session_timeout);
}

// Simplified: both passes run at fixed intervals from activation on; Kafka starts the clock of the balance
// when something becomes imbalanced.
void Controller::balance(Turn& turn) {
  const auto pass = [&](Instant& at, Duration interval, auto&& collect) {
    if (turn.now < at) return;
    at = turn.now + interval;
    if (refuses(PreMigration::Refused)) return;
    Records records;
    if (collect(desk(turn), records)) at = turn.now + Duration(10'000'000);
    if (!records.empty() && !write(turn, std::move(records))) renounce(turn);
  };
  pass(balance_at_, settings_.leader_imbalance_interval, balance_leaders);
  if (is_active()) pass(unclean_at_, settings_.unclean_election_interval, elect_unclean);
}

void Controller::notice_of(Turn& turn, const sim::Record& record) {
  const BrokerId self = settings_.id;
  if (const auto* registered = std::get_if<sim::RegisterBrokerRecord>(&record)) {
    notify(turn.effects,
           BrokerRegistered{.controller = self,
                            .broker = registered->broker_id,
                            .epoch = registered->broker_epoch,
                            .is_migrating_zk_broker = registered->is_migrating_zk_broker});
  } else if (const auto* change = std::get_if<sim::BrokerRegistrationChangeRecord>(&record)) {
    if (change->fenced == sim::FencingChange::Fence) {
      notify(turn.effects,
             BrokerFenced{.controller = self, .broker = change->broker_id, .why = "fenced"});
    } else if (change->fenced == sim::FencingChange::Unfence) {
      notify(turn.effects, BrokerUnfenced{.controller = self, .broker = change->broker_id});
    }
  } else if (const auto* partition = std::get_if<sim::PartitionChangeRecord>(&record)) {
    if (partition->leader == sim::kLeaderUnchanged) return;
    notify(turn.effects, ElectedPartitionLeader{.controller = self,
                                                .topic_id = partition->topic_id,
                                                .partition = partition->partition_id,
                                                .leader = partition->leader,
                                                .unclean = partition->leader_recovery_state ==
                                                           sim::LeaderRecoveryState::Recovering});
  } else if (const auto* state = std::get_if<sim::ZkMigrationStateRecord>(&record)) {
    notify(turn.effects,
           MigrationStateChanged{.node = self,
                                 .from = std::string(name_of(state_.migration_state())),
                                 .to = std::string(name_of(state->zk_migration_state))});
  }
}

void Controller::digest_into(sim::Digest& digest) const {
  sim::digest_into(digest, claim_epoch_);
  sim::digest_into(digest, copy_began_in_);
  state_.image.digest_into(digest);
  sim::digest_into(digest, state_.transaction_start);
  sim::digest_into(digest, last_committed_);
  heartbeats_.digest_into(digest);
  digest.add(parked_.size());
  sim::digest_into(digest, deadline());
}

}  // namespace kraft
