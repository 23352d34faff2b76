#include "sim/kafka/application/delivery_invariants.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/kafka/application/client_notice.h"
#include "sim/kafka/application/delivery_ledger.h"
#include "sim/kafka/broker_notice.h"
#include "sim/kafka/transaction_notice.h"

namespace sim {
namespace {

using Group = DeliveryMemory::Group;
using Partition = DeliveryMemory::Partition;
using Record = DeliveryMemory::Record;

Group* find(DeliveryMemory& memory, const std::string& group) {
  const auto known = memory.groups.find(group);
  return known == memory.groups.end() ? nullptr : &known->second;
}

// The record that a notice is about; one behind the committed offset that has ended is known no more.
Record* open_record(Group& group, const RecordOrigin& origin) {
  Partition& partition = group.partitions[origin.topic_partition];
  const auto known = partition.open.find(origin.offset);
  if (known != partition.open.end()) return &known->second;
  if (origin.offset < partition.committed) return nullptr;
  ++partition.account.consumed;
  Record& record = partition.open[origin.offset];
  record.token = origin.token;
  record.life = group.life;
  return &record;
}

void forget_ended(Partition& partition) {
  std::erase_if(partition.open, [&](const auto& entry) {
    return entry.first < partition.committed && entry.second.ended();
  });
}

void end_record(Partition& partition, Offset offset) {
  partition.handled_high = std::max(partition.handled_high, offset);
}

// What a former life made of it is over; its letter may come through all the same.
void read_again(Record& record, std::int32_t life) {
  if (record.life != life) record.lettering = record.letter_sent = false;
  record.life = life;
}

// ── Notices ─────────────────────────────────────────────────────────────────────────────────────

void on_polled(const ClientConsumed& notice, DeliveryMemory& memory) {
  Group* const group = find(memory, notice.group);
  if (group == nullptr) return;
  group->runs = true;
  Partition& partition = group->partitions[notice.topic_partition];
  const bool retry_topic =
      std::ranges::find(group->program.retry_topics, notice.topic_partition.topic,
                        &RetryTopic::topic) != group->program.retry_topics.end();
  const Offset end = notice.base_offset.plus(notice.count);
  partition.polled_end = std::max(partition.polled_end, end);
  // Whoever comes to a retry topic is known by what it is about.
  if (retry_topic) return;
  for (std::int32_t i = 0; i < notice.count; ++i) {
    const Offset offset = notice.base_offset.plus(i);
    Record* const record =
        open_record(*group, {notice.topic_partition, offset, {}, notice.first_token.plus(i)});
    if (record != nullptr) read_again(*record, group->life);
  }
}

void on_position(const ClientPositionSet& notice, Instant now, DeliveryMemory& memory,
                 Violations& found) {
  Group* const group = find(memory, notice.group);
  if (group == nullptr) return;
  group->runs = true;
  Partition& partition = group->partitions[notice.topic_partition];
  const bool void_results = notice.from == "stored" && group->store_may_go_back;
  if (void_results && notice.offset < partition.committed) {
    const std::int64_t gone = notice.offset.distance_to(partition.committed);
    partition.account.processed_ok -= gone;
    partition.account.consumed -= gone;
    partition.committed = notice.offset;
  }
  for (auto& [offset, record] : partition.open) {
    if (offset >= notice.offset) break;
    if (!record.handled()) {
      lose(memory, notice.group, *group, notice.topic_partition, offset, record, now, found);
    }
  }
  forget_ended(partition);
  const bool jumps = notice.from == "reset" && partition.polled_end.value() >= 0 &&
                     notice.offset > partition.polled_end;
  if (!jumps) return;
  const std::int64_t unread = partition.polled_end.distance_to(notice.offset);
  partition.account.lost_by_retention += unread;
  memory.expected_losses.push_back({"E-RETAIN",
                                    notice.group,
                                    {notice.topic_partition, partition.polled_end, {}, {}},
                                    unread,
                                    now,
                                    "auto.offset.reset went past what was not read"});
}

// What stands in a retry topic is handled only when it has gone on from there.
void check_retry_topic(const ClientCommitted& notice, Group& group, Violations& found) {
  for (auto& [id, partition] : group.partitions) {
    for (auto& [offset, record] : partition.open) {
      const bool behind = record.in_retry_topic &&
                          record.retry_partition == notice.topic_partition &&
                          record.retry_offset < notice.offset;
      if (!behind || record.ended()) continue;
      mark_lost(partition, record);
      found.push_back(
          {"broker.P23",
           fmt::format("group {} committed {} of {}, behind the record of {} that waited "
                       "there, and it was neither processed nor sent on",
                       notice.group, notice.offset.value(), notice.topic_partition.topic,
                       place_of(id, offset))});
    }
  }
}

void on_commit(const ClientCommitted& notice, DeliveryMemory& memory, Violations& found) {
  Group* const group = find(memory, notice.group);
  if (group == nullptr) return;
  Partition& partition = group->partitions[notice.topic_partition];
  Offset known = partition.polled_end;
  if (!partition.open.empty()) known = std::max(known, partition.open.rbegin()->first.next());
  if (known.value() >= 0 && notice.offset > known && notice.offset > partition.committed) {
    found.push_back({"broker.P17",
                     fmt::format("group {} committed {} of {}-{}, and has read only what is before "
                                 "{}",
                                 notice.group, notice.offset.value(), notice.topic_partition.topic,
                                 notice.topic_partition.partition.value(), known.value())});
  }
  if (!group->program.retry_topics.empty()) check_retry_topic(notice, *group, found);
  const bool all_first = promise_of(group->program) == Promise::AtLeastOnce;
  for (auto& [offset, record] : partition.open) {
    if (offset >= notice.offset) break;
    const bool may_be_open =
        record.letter_sent && group->program.uses(BadRecordPolicy::DlqIndependent);
    if (record.handled() || may_be_open || !all_first) continue;
    mark_lost(partition, record);
    found.push_back({home_of(*group, record, "broker.P17"),
                     fmt::format("group {} committed {}, behind the record of {}, and {}",
                                 notice.group, notice.offset.value(),
                                 place_of(notice.topic_partition, offset), state_of(record))});
  }
  partition.committed = std::max(partition.committed, notice.offset);
  forget_ended(partition);
}

// Whoever goes on to a later record has made up its mind about the earlier ones.
void check_passed_over(const std::string& name_of_group, Group& group, const TopicPartition& id,
                       Offset below, Violations& found) {
  for (auto& [offset, record] : group.partitions[id].open) {
    if (offset >= below) break;
    if (record.handled() || record.letter_sent || record.life != group.life) continue;
    mark_lost(group.partitions[id], record);
    found.push_back({home_of(group, record, "broker.P24"),
                     fmt::format("group {} passed over the record of {}, and {}", name_of_group,
                                 place_of(id, offset), state_of(record))});
  }
}

// The side effect of the record was executed, once more.
void count_effect(const std::string& name_of_group, Group& group, const RecordOrigin& origin,
                  Violations& found) {
  const TopicPartition& id = origin.topic_partition;
  Partition& partition = group.partitions[id];
  Record* const record = open_record(group, origin);
  const bool again = record == nullptr || record->effects > 0;
  const bool from_retry_topic = record != nullptr && record->in_retry_topic;
  if (record != nullptr) ++record->effects;
  ++(again ? partition.account.reprocessed : partition.account.processed_ok);
  if (!again && origin.offset < partition.effect_high) ++partition.account.out_of_order;
  partition.effect_high = std::max(partition.effect_high, origin.offset);
  end_record(partition, origin.offset);
  const Promise promise = promise_of(group.program);
  if (again && (promise == Promise::AtMostOnce || promise == Promise::ExactlyOnce)) {
    found.push_back(
        {"broker.P17", fmt::format("group {} promises {}, and executed the effect of the record of "
                                   "{} twice",
                                   name_of_group, name_of(promise), place_of(id, origin.offset))});
  }
  if (!from_retry_topic) check_passed_over(name_of_group, group, id, origin.offset, found);
}

void on_processed(const ClientProcessed& notice, DeliveryMemory& memory, Violations& found) {
  Group* const group = find(memory, notice.group);
  if (group == nullptr) return;
  Partition& partition = group->partitions[notice.origin.topic_partition];
  if (notice.attempt > 1) ++partition.account.retried;
  // What it leads to counts when the transaction does.
  if (group->program.commit == CommitPattern::Transaction) return;
  count_effect(notice.group, *group, notice.origin, found);
  // The offset is committed with the result.
  if (promise_of(group->program) == Promise::ExactlyOnce) {
    partition.committed = std::max(partition.committed, notice.origin.offset.next());
  }
  forget_ended(partition);
}

// ── Transactions ────────────────────────────────────────────────────────────────────────────────

void on_output(const ClientOutputSent& notice, DeliveryMemory& memory) {
  Group* const group = find(memory, notice.group);
  if (group == nullptr) return;
  auto& open = memory.transactions[{notice.transactional_id, notice.producer}];
  open.group = notice.group;
  open.results.push_back(notice.origin);
  group->result_tokens.insert(notice.token);
}

void on_offsets_sent(const OffsetsSentToTransaction& notice, DeliveryMemory& memory) {
  if (find(memory, notice.group) == nullptr) return;
  auto& open = memory.transactions[{notice.transactional_id, notice.producer}];
  open.group = notice.group;
  open.offsets = notice.offsets;
}

void on_decided(const TransactionStateChanged& notice, DeliveryMemory& memory, Violations& found) {
  if (!is_prepared(notice.state)) return;
  auto open = memory.transactions.extract({notice.transactional_id, notice.producer});
  // A fence ends what any former producer of the id began.
  std::erase_if(memory.transactions, [&](const auto& entry) {
    return entry.first.first == notice.transactional_id && entry.first.second < notice.producer;
  });
  if (open.empty() || notice.state == TransactionState::PrepareAbort) return;
  Group& group = memory.groups.at(open.mapped().group);
  for (const RecordOrigin& origin : open.mapped().results) {
    ++group.results[origin];
    count_effect(open.mapped().group, group, origin, found);
  }
  for (const OffsetCommitPartition& part : open.mapped().offsets) {
    Partition& partition = group.partitions[part.topic_partition];
    partition.committed = std::max(partition.committed, part.committed_offset);
    forget_ended(partition);
  }
}

void on_letter_failed(const ClientDeadLetterFailed& notice, Instant now, DeliveryMemory& memory) {
  Group* const group = find(memory, notice.group);
  if (group == nullptr) return;
  Partition& partition = group->partitions[notice.origin.topic_partition];
  ++partition.account.dlq_failed;
  Record* const record = open_record(*group, notice.origin);
  if (record == nullptr) return;
  record->lettering = record->letter_sent = false;
  if (notice.then != name_of(LetterFailure::Drop)) return;
  record->dropped = true;
  ++partition.account.lost_by_policy;
  end_record(partition, notice.origin.offset);
  const bool independent = group->program.uses(BadRecordPolicy::DlqIndependent);
  memory.expected_losses.push_back(
      {independent ? "E-DLQ-ASYNC" : "E-PATTERN", notice.group, notice.origin, 1, now,
       fmt::format("the dead letter to {} failed with {}, and the program drops it", notice.topic,
                   name_of(notice.error))});
}

void on_acknowledged_letter(const ClientDeadLettered& notice, DeliveryMemory& memory) {
  Group* const group = find(memory, notice.group);
  if (group == nullptr) return;
  Record* const record = open_record(*group, notice.origin);
  Partition& partition = group->partitions[notice.origin.topic_partition];
  const bool queue = notice.topic_partition.topic == group->program.dead_letter_topic;
  if (queue && ++group->letters[notice.origin] == 1) ++partition.account.dlq_acked;
  end_record(partition, notice.origin.offset);
  if (record == nullptr) return;
  record->lettering = record->letter_sent = false;
  if (queue) {
    ++record->letters_acked;
  } else {
    record->in_retry_topic = true;
    record->retry_partition = notice.topic_partition;
    record->retry_offset = notice.offset;
  }
  forget_ended(partition);
}

void on_passed(const ClientPassedBadRecord& notice, DeliveryMemory& memory) {
  Group* const group = find(memory, notice.group);
  if (group == nullptr) return;
  Partition& partition = group->partitions[notice.origin.topic_partition];
  end_record(partition, notice.origin.offset);
}

template <class Notice, class Change>
bool on_record(const Payload& notice, DeliveryMemory& memory, Change&& change) {
  const auto* const about = notice.get_if<Notice>();
  if (about == nullptr) return false;
  Group* const group = find(memory, about->group);
  if (group == nullptr) return true;
  Record* const record = open_record(*group, about->origin);
  change(*about, *group, group->partitions[about->origin.topic_partition], record);
  return true;
}

// Notices that only change the record that they are about.
bool note(const Payload& notice, Instant now, DeliveryMemory& memory, Violations& found) {
  const auto not_logged = [&](const std::string& group, const RecordOrigin& origin) {
    found.push_back(
        {"broker.P23", fmt::format("group {} set the record of {} aside and logged its payload "
                                   "nowhere, as its program says it does",
                                   group, place_of(origin.topic_partition, origin.offset))});
  };
  const auto must_be_logged = [](const Group& group, const Record* record) {
    const bool promised =
        group.program.logs_payload || group.program.uses(BadRecordPolicy::LogAndSkip);
    return promised && record != nullptr && record->failed && !record->payload_logged;
  };
  return on_record<ClientRecordFailed>(
             notice, memory,
             [&](const auto& about, Group& group, Partition& partition, Record* record) {
               if (about.attempt > 1) ++partition.account.retried;
               if (record == nullptr) return;
               if (!std::exchange(record->failed, true)) record->failed_at = now;
               read_again(*record, group.life);
             }) ||
         on_record<ClientPayloadLogged>(notice, memory,
                                        [](const auto&, Group&, Partition&, Record* record) {
                                          if (record != nullptr) record->payload_logged = true;
                                        }) ||
         on_record<ClientSkipped>(
             notice, memory,
             [&](const auto& about, Group& group, Partition& partition, Record* record) {
               if (must_be_logged(group, record)) not_logged(about.group, about.origin);
               end_record(partition, about.origin.offset);
               if (record == nullptr || std::exchange(record->skipped, true)) return;
               ++partition.account.skipped;
             }) ||
         on_record<ClientDeadLettering>(
             notice, memory,
             [&](const auto& about, const Group& group, Partition&, Record* record) {
               if (must_be_logged(group, record)) not_logged(about.group, about.origin);
               if (record != nullptr) record->lettering = true;
             }) ||
         on_record<ClientDeadLetterSent>(
             notice, memory,
             [](const auto& about, Group& group, Partition& partition, Record* record) {
               const bool queue = about.topic == group.program.dead_letter_topic;
               group.letter_tokens.insert(about.token);
               if (queue) ++partition.account.dlq_attempted;
               if (record != nullptr) record->letter_sent = true;
             }) ||
         on_record<ClientSpooled>(
             notice, memory, [](const auto& about, Group&, Partition& partition, Record* record) {
               end_record(partition, about.origin.offset);
               if (record == nullptr || std::exchange(record->spooled, true)) return;
               ++partition.account.spooled;
             });
}

}  // namespace

void DeliveryMemory::on_ended(const std::string& group, Instant at, std::string by, Disk disk) {
  Group* const known = find(*this, group);
  if (known == nullptr) return;
  ++known->life;
  known->runs = false;
  known->ended_at = at;
  known->ended_by = std::move(by);
  if (disk == Disk::MayGoBack) known->store_may_go_back = true;
}

void DeliveryMemory::on_topic_deleted(const std::string& topic) {
  for (auto& [name, group] : groups) {
    if (group.program.dead_letter_topic == topic) group.letters.clear();
    for (auto& [id, partition] : group.partitions) {
      if (id.topic != topic) continue;
      const DeliveryAccount kept = partition.account;
      partition = {};
      partition.account = kept;
    }
  }
}

DeliveryAccount DeliveryMemory::total(const std::string& group) const {
  DeliveryAccount total;
  const auto known = groups.find(group);
  if (known == groups.end()) return total;
  for (const auto& [id, partition] : known->second.partitions) {
    DeliveryAccount::fields(
        [&](const auto&... f) { ((total.*(f.member) += partition.account.*(f.member)), ...); });
  }
  return total;
}

Violations check_delivery_notice(const Payload& notice, Instant now, DeliveryMemory& memory) {
  Violations found;
  if (memory.groups.empty()) return found;
  if (const auto* const polled = notice.get_if<ClientConsumed>()) {
    on_polled(*polled, memory);
  } else if (const auto* const position = notice.get_if<ClientPositionSet>()) {
    on_position(*position, now, memory, found);
  } else if (const auto* const committed = notice.get_if<ClientCommitted>()) {
    on_commit(*committed, memory, found);
  } else if (const auto* const processed = notice.get_if<ClientProcessed>()) {
    on_processed(*processed, memory, found);
  } else if (const auto* const output = notice.get_if<ClientOutputSent>()) {
    on_output(*output, memory);
  } else if (const auto* const offsets = notice.get_if<OffsetsSentToTransaction>()) {
    on_offsets_sent(*offsets, memory);
  } else if (const auto* const changed = notice.get_if<TransactionStateChanged>()) {
    on_decided(*changed, memory, found);
  } else if (const auto* const failed = notice.get_if<ClientDeadLetterFailed>()) {
    on_letter_failed(*failed, now, memory);
  } else if (const auto* const letter = notice.get_if<ClientDeadLettered>()) {
    on_acknowledged_letter(*letter, memory);
  } else if (const auto* const passed = notice.get_if<ClientPassedBadRecord>()) {
    on_passed(*passed, memory);
  } else if (const auto* const stopped = notice.get_if<ClientStopped>()) {
    memory.on_ended(stopped->group, now, stopped->why, DeliveryMemory::Disk::Kept);
  } else {
    note(notice, now, memory, found);
  }
  return found;
}

}  // namespace sim
