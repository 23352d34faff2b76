#include "migrate/driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "migrate/notice.h"
#include "sim/base/check.h"
#include "sim/base/match.h"
#include "zk/paths.h"

namespace migrate {
namespace {

constexpr sim::Site kPollJitter{"migrate.poll_jitter"};

// migration.md §2.4: 100 ms, doubled with every poll in one state, at most a minute, all within 2 %.
sim::Duration poll_interval(std::uint32_t polls, sim::BrokerId node, sim::Choices& choices) {
  constexpr std::int64_t kFirstMs = 100;
  constexpr std::int64_t kMostMs = 60'000;
  const std::int64_t doubled_ms = polls >= 10 ? kMostMs : std::min(kMostMs, kFirstMs << polls);
  const std::uint64_t per_mille =
      choices.pick(kPollJitter, static_cast<std::uint64_t>(node.value()), 980, 1020);
  return sim::Duration(doubled_ms * static_cast<std::int64_t>(per_mille) * 1'000);
}

}  // namespace

Driver::Driver(DriverConfig config) : config_(std::move(config)) {
  sim::check(config_.min_batch_size >= 1, "the smallest batch of a copy holds a record");
}

void Driver::start(Context context) {
  events_.emplace_front(PollEvent{});
  run_queue(context);
}

void Driver::on_controller_change(Context context, LeaderAndEpoch leader) {
  leader_ = leader;
  if (state_ == MigrationDriverState::Uninitialized) {
    events_.emplace_back(RecoverMigrationStateFromZkEvent{});
  }
  events_.emplace_back(KRaftLeaderEvent{leader});
  run_queue(context);
}

void Driver::on_metadata_update(Context context, std::shared_ptr<const sim::MetadataDelta> delta,
                                const sim::MetadataImage& image, bool is_snapshot) {
  MetadataChangeEvent change{std::move(delta), image, is_snapshot, leader_};
  const bool leads = leader_.leader == config_.node_id && allows_dual_write(state_);
  if (!config_.defects.requests_wait_for_zookeeper && leads) send_requests_for(context, change);
  events_.emplace_back(std::move(change));
  run_queue(context);
}

void Driver::on_zk_answer(Context context, TicketId ticket, std::vector<zk::Response> responses) {
  if (ticket != waiting_for_) return;
  waiting_for_ = TicketId(0);
  proceed(context, std::move(responses));
  run_queue(context);
}

void Driver::on_commit(Context context, TicketId ticket,
                       std::expected<sim::OffsetAndEpoch, std::string> outcome) {
  auto* const copy = std::get_if<CopyTask>(&task_);
  if (copy == nullptr || ticket != waiting_for_) return;
  waiting_for_ = TicketId(0);
  commit_deadline_.reset();
  committed(context, *copy, outcome);
  run_queue(context);
}

void Driver::wake(Context context) {
  if (commit_deadline_ && context.now >= *commit_deadline_) {
    commit_deadline_.reset();
    waiting_for_ = TicketId(0);
    committed(context, std::get<CopyTask>(task_),
              std::unexpected(std::string("the metadata layer did not commit within 300 seconds")));
  }
  if (next_poll_ && context.now >= *next_poll_) {
    next_poll_.reset();
    events_.emplace_back(PollEvent{});
  }
  run_queue(context);
}

std::optional<sim::Instant> Driver::deadline() const {
  if (!commit_deadline_) return next_poll_;
  return next_poll_ ? std::min(*next_poll_, *commit_deadline_) : *commit_deadline_;
}

void Driver::run_queue(Context& context) {
  while (std::holds_alternative<Nothing>(task_) && !events_.empty()) {
    Event next = std::move(events_.front());
    events_.pop_front();
    run(context, std::move(next));
  }
}

void Driver::run(Context& context, Event event) {
  using enum MigrationDriverState;
  sim::match(
      std::move(event),
      [&](const PollEvent&) {
        running_ = "PollEvent";
        poll(context);
      },
      [&](const RecoverMigrationStateFromZkEvent&) {
        running_ = "RecoverMigrationStateFromZKEvent";
        if (!is_current(Uninitialized)) return;
        task_ = RecoverTask{};
        proceed(context, std::vector<zk::Response>{});
      },
      [&](const KRaftLeaderEvent& e) {
        running_ = "KRaftLeaderEvent";
        become_leader(context, e.leader);
      },
      [&](const WaitForControllerQuorumEvent&) {
        running_ = "WaitForControllerQuorumEvent";
        if (is_current(WaitForControllerQuorum)) wait_for_controller_quorum(context);
      },
      [&](const WaitForZkBrokersEvent&) {
        running_ = "WaitForZkBrokersEvent";
        if (!is_current(WaitForBrokers) || !first_publish_ || image_.cluster().brokers.empty())
          return;
        task_ = BrokersTask{};
        ask(context, {zk::GetChildren{std::string(zk::paths::kBrokerIds)}});
      },
      [&](const BecomeZkControllerEvent& e) {
        running_ = "BecomeZkControllerEvent";
        if (!is_current(BecomeController, e.leader)) return;
        task_ = ClaimTask{};
        ask(context, {zk::GetData{std::string(zk::paths::kControllerEpoch)}});
      },
      [&](const MigrateMetadataEvent& e) {
        running_ = "MigrateMetadataEvent";
        if (!is_current(ZkMigration, e.leader)) return;
        task_ = CopyTask(
            zk::ReadOptions{zk::ReadManner::Driver, config_.read_defects, config_.password_secret});
        notify(context, sim::Payload::of(CopyBegan{config_.node_id}));
        const TicketId ticket = new_ticket();
        context.actions.emplace_back(BeginMigration{ticket});
        wait_for_commit(context, ticket);
      },
      [&](const SyncKRaftMetadataEvent& e) {
        running_ = "SyncKRaftMetadataEvent";
        if (is_current(SyncKraftToZk, e.leader)) sync(context);
      },
      [&](const SendRpcsToBrokersEvent& e) {
        running_ = "SendRPCsToBrokersEvent";
        if (is_current(KraftControllerToBrokerComm, e.leader)) send_full_requests(context);
      },
      [&](MetadataChangeEvent&& e) {
        running_ = "MetadataChangeEvent";
        change(context, std::move(e));
      },
      [&](const RepairEvent&) {
        running_ = "RepairEvent";
        repair(context);
      });
}

void Driver::poll(Context& context) {
  using enum MigrationDriverState;
  if (std::exchange(election_due_, false)) events_.emplace_back(KRaftLeaderEvent{leader_});
  if (std::exchange(repair_due_, false)) events_.emplace_back(RepairEvent{});
  switch (state_) {
    case Uninitialized:
      events_.emplace_back(RecoverMigrationStateFromZkEvent{});
      break;
    case Inactive:
      break;
    case WaitForControllerQuorum:
      events_.emplace_back(WaitForControllerQuorumEvent{});
      break;
    case WaitForBrokers:
      events_.emplace_back(WaitForZkBrokersEvent{});
      break;
    case BecomeController:
      events_.emplace_back(BecomeZkControllerEvent{leader_});
      break;
    case ZkMigration:
      events_.emplace_back(MigrateMetadataEvent{leader_});
      break;
    case SyncKraftToZk:
      events_.emplace_back(SyncKRaftMetadataEvent{leader_});
      break;
    case KraftControllerToBrokerComm:
      events_.emplace_back(SendRpcsToBrokersEvent{leader_});
      break;
    case DualWrite:
      break;
  }
  // Armed whatever becomes of the event: everything that polls drive is retried for ever. Before KAFKA-16563 recovery was
  // a part of the poll itself, so that its failure was the poll's; its success ends in another state, which polls at once.
  if (state_ == Uninitialized && config_.defects.failed_recovery_is_the_last) return;
  next_poll_ = context.now + poll_interval(polls_++, config_.node_id, context.choices);
}

void Driver::transition_to(Context& context, MigrationDriverState next) {
  if (!is_legal_transition(state_, next)) {
    fail(context,
         fmt::format("IllegalStateException: invalid transition in migration driver from {} to {}",
                     name_of(state_), name_of(next)),
         true);
    return;
  }
  if (next == state_) return;
  notify(context, sim::Payload::of(StateChanged{config_.node_id, state_, next}));
  polls_ = 0;
  events_.emplace_back(PollEvent{});
  state_ = next;
}

TicketId Driver::new_ticket() {
  waiting_for_ = TicketId(++last_ticket_);
  return waiting_for_;
}

void Driver::ask(Context& context, std::vector<zk::Request> requests) {
  sim::check(!requests.empty(), "the driver waits only for something that it asked");
  context.actions.emplace_back(ZkBatch{new_ticket(), std::move(requests)});
}

void Driver::proceed(Context& context, std::vector<zk::Response> responses) {
  sim::match(
      task_, [](Nothing&) {},
      [&](RecoverTask& task) { proceed(context, task, std::move(responses)); },
      [&](BrokersTask& task) { proceed(context, task, std::move(responses)); },
      [&](ClaimTask& task) { proceed(context, task, std::move(responses)); },
      [&](CopyTask& task) { proceed(context, task, std::move(responses)); },
      [&](MirrorTask& task) { proceed(context, task, std::move(responses)); },
      [&](RereadTask& task) { proceed(context, task, std::move(responses)); });
}

void Driver::fail(Context& context, std::string why, bool unhandled) {
  notify(context, sim::Payload::of(EventFailed{config_.node_id, std::string(running_),
                                               std::move(why), unhandled}));
  finish();
}

// These become MigrationClientAuthException, which is a fault; any other KeeperException is a MigrationClientException
// and only said to be retried (migration.md §2.5).
bool Driver::is_auth_failure(zk::ErrorCode error) {
  return error == zk::ErrorCode::AuthFailed || error == zk::ErrorCode::NoAuth ||
         error == zk::ErrorCode::SessionClosedRequireSaslAuth;
}

void Driver::fail(Context& context, std::string_view doing, zk::ErrorCode error) {
  fail(context, fmt::format("{}: {}", doing, zk::name_of(error)), is_auth_failure(error));
}

void Driver::digest_into(sim::Digest& digest) const {
  sim::digest_into(digest, state_);
  sim::digest_into(digest, leadership_);
  sim::digest_into(digest, leader_);
  digest.add(image_.digest());
  digest.add(std::uint64_t{first_publish_});
  digest.add(std::uint64_t{events_.size()});
  for (const Event& event : events_) digest.add(std::uint64_t{event.index()});
  digest.add(std::uint64_t{task_.index()});
  sim::digest_into(digest, waiting_for_);
  sim::digest_into(digest, next_poll_);
  digest.add(std::uint64_t{polls_});
  digest.add(std::uint64_t{election_due_});
  digest.add(std::uint64_t{repair_due_});
}

}  // namespace migrate
