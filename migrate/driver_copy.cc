// ZK_MIGRATION: the copy, as one metadata transaction (migration.md §3).
#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "migrate/driver.h"
#include "migrate/notice.h"
#include "sim/base/check.h"
#include "zk/paths.h"
#include "zk/znodes.h"

namespace migrate {
namespace {

// KRaftMigrationDriver.METADATA_COMMIT_MAX_WAIT_MS.
constexpr sim::Duration kCommitMaxWait{300'000'000'000};

constexpr sim::Site kAclId{"migrate.acl_id"};

}  // namespace

void Driver::wait_for_commit(Context& context, TicketId ticket) {
  sim::check(ticket == waiting_for_, "the driver waits for one thing at a time");
  commit_deadline_ = context.now + kCommitMaxWait;
}

void Driver::committed(Context& context, CopyTask& task,
                       const std::expected<sim::OffsetAndEpoch, std::string>& outcome) {
  using Step = CopyTask::Step;
  if (!outcome && task.step != Step::Begin) {
    abort(context, outcome.error());
    return;
  }
  switch (task.step) {
    case Step::Begin:
      // Kafka logs a failure here and goes on all the same; the appends then fail in their turn.
      if (!outcome) {
        notify(context, sim::Payload::of(EventFailed{
                            config_.node_id, std::string(running_),
                            "could not start the migration: " + outcome.error(), true}));
      }
      task.step = Step::Read;
      ask(context, task.read.requests());
      return;
    case Step::Append:
    case Step::Flush:
      notify(context,
             sim::Payload::of(CopyBatch{config_.node_id, ++task.batches, task.waiting_for}));
      task.records += task.waiting_for;
      if (task.step == Step::Flush) {
        complete(context, task);
      } else {
        fill_buffer(context, task);
      }
      return;
    case Step::Complete:
      notify(context, sim::Payload::of(CopyCompleted{config_.node_id, *outcome, task.records}));
      leadership_ = leadership_.with_kraft_metadata(*outcome);
      task.step = Step::WriteMigration;
      ask(context, {zk::SetData{std::string(zk::paths::kMigration), zk::encode(leadership_.znode()),
                                leadership_.migration_zk_version}});
      return;
    case Step::Read:
    case Step::WriteMigration:
      break;
  }
  sim::unreachable("a commit is waited for in the steps that append");
}

void Driver::proceed(Context& context, CopyTask& task, std::vector<zk::Response> responses) {
  if (task.step == CopyTask::Step::WriteMigration) {
    const auto* const stat = zk::result_if<zk::Stat>(responses.front());
    if (stat == nullptr) {
      abort(context, fmt::format("writing /migration after the copy: {}",
                                 zk::name_of(responses.front().error)));
      return;
    }
    leadership_ = leadership_.with_migration_zk_version(stat->version);
    finish();
    transition_to(context, MigrationDriverState::SyncKraftToZk);
    return;
  }
  sim::check(task.step == CopyTask::Step::Read,
             "the copy reads ZooKeeper when it waits for ZooKeeper");
  const auto entity = static_cast<std::uint64_t>(config_.node_id.value());
  std::vector<zk::RecordList> lists = task.read.advance(std::move(responses), [&] {
    const auto half = [&] {
      return static_cast<std::int64_t>(context.choices.bits(kAclId, entity));
    };
    const std::int64_t most = half();
    return sim::Uuid(most, half());
  });
  if (task.read.failure()) {
    abort(context, fmt::format("{}: {}", task.read.failure()->path, task.read.failure()->why));
    return;
  }
  std::ranges::move(lists, std::back_inserter(task.lists));
  fill_buffer(context, task);
}

// Lists go whole into the buffer; a full buffer is appended, and its commit awaited, before anything else
// (BufferingBatchConsumer).
void Driver::fill_buffer(Context& context, CopyTask& task) {
  while (!task.lists.empty()) {
    std::ranges::move(task.lists.front(), std::back_inserter(task.buffer));
    task.lists.pop_front();
    if (task.buffer.size() >= config_.min_batch_size) {
      append(context, task, CopyTask::Step::Append);
      return;
    }
  }
  if (!task.read.done()) {
    task.step = CopyTask::Step::Read;
    ask(context, task.read.requests());
  } else if (!task.buffer.empty()) {
    append(context, task, CopyTask::Step::Flush);
  } else {
    complete(context, task);
  }
}

void Driver::append(Context& context, CopyTask& task, CopyTask::Step step) {
  task.step = step;
  task.waiting_for = static_cast<std::int32_t>(task.buffer.size());
  const TicketId ticket = new_ticket();
  context.actions.emplace_back(AppendMigrationRecords{ticket, std::exchange(task.buffer, {})});
  wait_for_commit(context, ticket);
}

void Driver::complete(Context& context, CopyTask& task) {
  task.step = CopyTask::Step::Complete;
  const TicketId ticket = new_ticket();
  context.actions.emplace_back(CompleteMigration{ticket});
  wait_for_commit(context, ticket);
}

void Driver::abort(Context& context, std::string why) {
  notify(context, sim::Payload::of(CopyAborted{config_.node_id, why}));
  commit_deadline_.reset();
  waiting_for_ = TicketId(0);
  finish();
  context.actions.emplace_back(AbortMigration{std::move(why)});
}

}  // namespace migrate
