#include "sim/kafka/application/client_steps.h"

#include <algorithm>
#include <utility>

namespace sim {
namespace {

void add_transaction_end(Steps& steps, std::vector<OffsetCommitPartition> offsets) {
  const CommitHow how = CommitHow::Transaction;
  for (const StepKind kind : {StepKind::Committing, StepKind::SendOffsets,
                              StepKind::CommitTransaction, StepKind::AwaitTransaction})
    steps.push_back({.kind = kind, .offsets = offsets, .how = how});
}

void add_commit(Steps& steps, std::vector<OffsetCommitPartition> offsets, CommitHow how) {
  steps.push_back({.kind = StepKind::Committing, .offsets = offsets, .how = how});
  steps.push_back({.kind = StepKind::Commit, .offsets = offsets, .how = how});
  if (how != CommitHow::Sync && how != CommitHow::Close) return;
  steps.push_back({.kind = StepKind::AwaitCommit, .offsets = std::move(offsets), .how = how});
}

}  // namespace

std::string_view name_of(StepKind kind) {
  switch (kind) {
    case StepKind::Process:
      return "process";
    case StepKind::HandOver:
      return "hand over";
    case StepKind::Back:
      return "back off";
    case StepKind::LogPayload:
      return "log payload";
    case StepKind::Skip:
      return "skip";
    case StepKind::Letter:
      return "letter";
    case StepKind::SendLetter:
      return "send letter";
    case StepKind::AwaitLetter:
      return "await letter";
    case StepKind::Seek:
      return "seek";
    case StepKind::Committing:
      return "committing";
    case StepKind::Commit:
      return "commit";
    case StepKind::AwaitCommit:
      return "await commit";
    case StepKind::Produce:
      return "produce";
    case StepKind::SendOffsets:
      return "send offsets";
    case StepKind::CommitTransaction:
      return "commit transaction";
    case StepKind::AbortTransaction:
      return "abort transaction";
    case StepKind::AwaitTransaction:
      return "await transaction";
    case StepKind::Throw:
      return "throw";
    case StepKind::Close:
      return "close";
  }
  unreachable("each step has a name");
}

std::string_view name_of(CommitHow how) {
  switch (how) {
    case CommitHow::Sync:
      return "sync";
    case CommitHow::Async:
      return "async";
    case CommitHow::Auto:
      return "auto";
    case CommitHow::Close:
      return "close";
    case CommitHow::Transaction:
      return "transaction";
  }
  unreachable("each way to commit has a name");
}

std::vector<OffsetCommitPartition> offsets_behind(const std::vector<PolledRecord>& records) {
  std::vector<OffsetCommitPartition> offsets;
  for (const PolledRecord& record : records) {
    auto known =
        std::ranges::find(offsets, record.topic_partition, &OffsetCommitPartition::topic_partition);
    if (known == offsets.end()) {
      known = offsets.insert(offsets.end(), {.topic_partition = record.topic_partition});
    }
    known->committed_offset = record.offset.next();
    known->committed_leader_epoch = record.leader_epoch;
  }
  return offsets;
}

Steps transaction_steps(std::vector<OffsetCommitPartition> offsets) {
  Steps steps;
  add_transaction_end(steps, std::move(offsets));
  return steps;
}

Steps commit_steps(const ClientProgram& program, std::vector<OffsetCommitPartition> offsets) {
  Steps steps;
  switch (program.commit) {
    case CommitPattern::SyncBatch:
    case CommitPattern::SyncEach:
    case CommitPattern::SyncBefore:
      add_commit(steps, std::move(offsets), CommitHow::Sync);
      break;
    case CommitPattern::Async:
      add_commit(steps, std::move(offsets), CommitHow::Async);
      break;
    case CommitPattern::Transaction:
      add_transaction_end(steps, std::move(offsets));
      break;
    case CommitPattern::Auto:         // in poll()
    case CommitPattern::AutoThreads:  // in poll()
    case CommitPattern::Interval:     // in the framework's loop
    case CommitPattern::ExternalStore:
      break;
  }
  return steps;
}

Steps steps_of(const ClientProgram& program, const std::vector<PolledRecord>& records) {
  Steps steps;
  const auto append = [&](Steps more) {
    for (Step& step : more) steps.push_back(std::move(step));
  };
  const bool as_one = program.failed.policy == BadRecordPolicy::Split;
  const auto process_all = [&] {
    if (as_one) return steps.push_back({.kind = StepKind::Process, .records = records});
    for (const PolledRecord& record : records) {
      steps.push_back({.kind = StepKind::Process, .records = {record}});
    }
  };
  switch (program.commit) {
    case CommitPattern::SyncEach:
      for (const PolledRecord& record : records) {
        steps.push_back({.kind = StepKind::Process, .records = {record}});
        append(commit_steps(program, offsets_behind({record})));
      }
      break;
    case CommitPattern::SyncBefore:
      append(commit_steps(program, offsets_behind(records)));
      process_all();
      break;
    case CommitPattern::AutoThreads:
      steps.push_back({.kind = StepKind::HandOver, .records = records});
      break;
    case CommitPattern::SyncBatch:
    case CommitPattern::Async:
    case CommitPattern::Auto:
    case CommitPattern::ExternalStore:
    case CommitPattern::Transaction:
    case CommitPattern::Interval:
      process_all();
      append(commit_steps(program, offsets_behind(records)));
      break;
  }
  return steps;
}

}  // namespace sim
