#include "sim/kafka/application/transaction_invariants.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/kafka/application/client_notice.h"
#include "sim/kafka/broker_invariants.h"
#include "sim/kafka/broker_notice.h"
#include "sim/kafka/transaction_notice.h"

namespace sim {
namespace {

using Transaction = TransactionMemory::Transaction;

// What an abort may take beyond the timeout: the next scan, and markers (§6.5 L6).
constexpr Duration kAbortPatience{40'000'000'000};
// What a decision may take to be everywhere.
constexpr Duration kMarkerPatience{20'000'000'000};

std::string name_of_partition(const TopicPartition& id) {
  return fmt::format("{}-{}", id.topic, id.partition.value());
}

std::string name_of_transaction(const Transaction& transaction) {
  return fmt::format("{}'s transaction of epoch {}", transaction.transactional_id,
                     transaction.producer.epoch);
}

// The transaction that the client writes to under that number.
std::size_t transaction_of(TransactionMemory& memory, const std::string& client,
                           const std::string& transactional_id, const ProducerIdAndEpoch& producer,
                           std::int64_t number) {
  const auto [current, is_new] =
      memory.current.try_emplace({client, producer}, number, memory.transactions.size());
  if (!is_new && current->second.first == number) return current->second.second;
  current->second = {number, memory.transactions.size()};
  memory.undecided[transactional_id].push_back(memory.transactions.size());
  memory.transactions.push_back(
      {.client = client, .transactional_id = transactional_id, .producer = producer});
  return memory.transactions.size() - 1;
}

const Broker* broker_of(BrokerId id, std::span<const Broker* const> running) {
  const auto found = std::ranges::find_if(running, [&](const Broker* broker) {
    return broker != nullptr && broker->config().id == id;
  });
  return found == running.end() ? nullptr : *found;
}

// ── Fencing and decisions ───────────────────────────────────────────────────────────────────────

bool is_fenced(const TransactionMemory& memory, const std::string& transactional_id,
               const ProducerIdAndEpoch& producer) {
  const auto known = memory.initialized.find(transactional_id);
  return known != memory.initialized.end() && producer < known->second;
}

void on_initialized(const ProducerInitialized& notice, TransactionMemory& memory,
                    Violations& found) {
  auto& known = memory.initialized[notice.transactional_id];
  if (notice.producer <= known) {
    found.push_back({"broker.P16",
                     fmt::format("{} was given epoch {} of producer {}, which another producer of "
                                 "{} was given before",
                                 notice.client, notice.producer.epoch,
                                 notice.producer.producer_id.value(), notice.transactional_id)});
  }
  known = std::max(known, notice.producer);
  memory.ids[notice.producer.producer_id] = notice.transactional_id;
}

void decide(TransactionMemory& memory, Transaction& transaction, TransactionResult result,
            Instant now, Violations& found) {
  transaction.decided = result;
  transaction.decided_at = now;
  const bool commits = result == TransactionResult::Commit;
  ++(commits ? memory.committed : memory.aborted);
  if (transaction.told == TransactionResult::Commit && !commits) {
    found.push_back(
        {"broker.P21", fmt::format("{} was told that {} is committed, and it was "
                                   "aborted",
                                   transaction.client, name_of_transaction(transaction))});
  }
  if (!commits) return;
  for (const OffsetCommitPartition& part : transaction.offsets) {
    Offset& highest = memory.may_be_committed[{transaction.group, part.topic_partition}];
    highest = std::max(highest, part.committed_offset);
  }
}

void on_state_changed(const TransactionStateChanged& notice, Instant now, TransactionMemory& memory,
                      Violations& found) {
  memory.ids[notice.producer.producer_id] = notice.transactional_id;
  if (!is_prepared(notice.state)) return;
  const bool commits = notice.state == TransactionState::PrepareCommit;
  if (commits && is_fenced(memory, notice.transactional_id, notice.producer)) {
    found.push_back({"broker.P16", fmt::format("{} committed a transaction of epoch {}, which is "
                                               "fenced",
                                               notice.transactional_id, notice.producer.epoch)});
  }
  std::erase_if(memory.undecided[notice.transactional_id], [&](std::size_t at) {
    Transaction& transaction = memory.transactions[at];
    const bool is_meant =
        commits ? transaction.producer == notice.producer : transaction.producer <= notice.producer;
    if (is_meant)
      decide(memory, transaction, commits ? TransactionResult::Commit : TransactionResult::Abort,
             now, found);
    return is_meant;
  });
}

void on_ended(const TransactionEnded& notice, TransactionMemory& memory, Violations& found) {
  const auto current = memory.current.find({notice.client, notice.producer});
  if (current == memory.current.end() || current->second.first != notice.transaction) return;
  Transaction& transaction = memory.transactions[current->second.second];
  transaction.told = notice.result;
  if (transaction.decided == notice.result) return;
  // Aborted without a word to the coordinator: nothing of it was ever added.
  if (!transaction.decided && notice.result == TransactionResult::Abort) return;
  found.push_back(
      {"broker.P21", fmt::format("{} was told {} of {}, and the coordinator {}", notice.client,
                                 name_of(notice.result), name_of_transaction(transaction),
                                 transaction.decided ? "decided otherwise" : "has not decided")});
}

// ── What is read ────────────────────────────────────────────────────────────────────────────────

// Whether what stands there came after the marker of its own transaction.
bool is_late(const TransactionMemory& memory, const Transaction& transaction,
             const TopicPartition& id, Offset offset) {
  const auto known = memory.markers.find({id, transaction.producer.producer_id});
  if (known == memory.markers.end()) return false;
  return std::ranges::any_of(known->second, [&](const auto& marker) {
    return marker.first < offset && marker.second >= transaction.decided_at;
  });
}

void on_consumed(const ClientConsumed& notice, TransactionMemory& memory, Violations& found) {
  if (!memory.read_committed.contains(notice.group) || memory.tokens.empty()) return;
  const RecordToken below = notice.first_token.plus(notice.count);
  auto run = memory.tokens.upper_bound(notice.first_token);
  if (run != memory.tokens.begin()) --run;
  for (; run != memory.tokens.end() && run->first < below; ++run) {
    const auto& [count, at] = run->second;
    if (run->first.plus(count) <= notice.first_token) continue;
    const Transaction& transaction = memory.transactions[at];
    if (transaction.decided == TransactionResult::Commit) continue;
    const bool aborted = transaction.decided.has_value();
    const Offset offset = notice.base_offset.plus(
        notice.first_token.distance_to(std::max(run->first, notice.first_token)));
    if (aborted && is_late(memory, transaction, notice.topic_partition, offset)) {
      memory.late.insert(run->first);
      continue;
    }
    found.push_back({aborted ? "broker.P20" : "broker.P22",
                     fmt::format("group {} reads committed data, and was given a record of {} from "
                                 "{}, which {}",
                                 notice.group, name_of_transaction(transaction),
                                 name_of_partition(notice.topic_partition),
                                 aborted ? "was aborted" : "is not decided")});
  }
}

void on_fetched_offset(const ClientFetchedOffset& notice, const TransactionMemory& memory,
                       Violations& found) {
  const auto known = memory.may_be_committed.find({notice.group, notice.topic_partition});
  if (known == memory.may_be_committed.end() || notice.offset <= known->second) return;
  found.push_back({"broker.P20",
                   fmt::format("group {} finds offset {} of {} committed, and no transaction that "
                               "was committed has gone beyond {}",
                               notice.group, notice.offset.value(),
                               name_of_partition(notice.topic_partition), known->second.value())});
}

void look_at_stable_offset(BrokerId broker, const TopicPartition& id,
                           std::span<const Broker* const> running, TransactionMemory& memory,
                           Violations& found) {
  const Broker* const leader = broker_of(broker, running);
  const HostedPartition* const partition = leader == nullptr ? nullptr : leader->partition(id);
  if (partition == nullptr || !partition->leads()) return;
  const Offset stable = partition->log().last_stable_offset();
  auto& [epoch, last] =
      memory.stable.try_emplace({id, broker}, partition->leader_epoch(), stable).first->second;
  if (epoch == partition->leader_epoch() && stable < last) {
    found.push_back({"broker.P22",
                     fmt::format("broker {} leads {} in epoch {}, and its last stable offset went "
                                 "from {} back to {}",
                                 broker.value(), name_of_partition(id), epoch.value(), last.value(),
                                 stable.value())});
  }
  epoch = partition->leader_epoch();
  last = stable;
}

void on_opened(const TransactionOpened& notice, Instant now, std::span<const Broker* const> running,
               TransactionMemory& memory, Violations& found) {
  memory.opened[{notice.topic_partition, notice.producer.producer_id}] = now;
  look_at_stable_offset(notice.broker, notice.topic_partition, running, memory, found);
  const auto id = memory.ids.find(notice.producer.producer_id);
  if (id == memory.ids.end() || !is_fenced(memory, id->second, notice.producer)) return;
  found.push_back(
      {"broker.P16",
       fmt::format("broker {} took a record of {} in epoch {}, which is fenced, at "
                   "offset {} of {}",
                   notice.broker.value(), id->second, notice.producer.epoch,
                   notice.first_offset.value(), name_of_partition(notice.topic_partition))});
}

// ── The end ─────────────────────────────────────────────────────────────────────────────────────

// What a reader of committed data is given of each partition, as runs of tokens.
struct Run {
  std::int32_t count = 0;
  Offset offset{};
};
using Runs = std::map<RecordToken, Run>;
using Shown = std::map<TopicPartition, Runs>;

const Runs* shown_of(const TopicPartition& id, std::span<const Broker* const> running,
                     Shown& shown) {
  const auto known = shown.find(id);
  if (known != shown.end()) return &known->second;
  const Broker* const leader = leader_of(id, running);
  if (leader == nullptr) return nullptr;
  auto& runs = shown[id];
  for (const LogBatch* const batch : leader->partition(id)->log().committed_batches())
    if (batch->first_token.value() >= 0)
      runs[batch->first_token] = {batch->count, batch->base_offset};
  return &runs;
}

// How many of these tokens the runs hold.
std::int64_t held(const Runs& runs, RecordToken first, std::int32_t count) {
  const RecordToken below = first.plus(count);
  std::int64_t found = 0;
  auto run = runs.upper_bound(first);
  if (run != runs.begin()) --run;
  for (; run != runs.end() && run->first < below; ++run) {
    const RecordToken from = std::max(first, run->first);
    const RecordToken to = std::min(below, run->first.plus(run->second.count));
    if (from < to) found += from.distance_to(to);
  }
  return found;
}

void check_atomicity(const Transaction& transaction, std::span<const Broker* const> running,
                     TransactionMemory& memory, Shown& shown, Violations& found) {
  const bool commits = transaction.decided == TransactionResult::Commit;
  for (const TransactionMemory::Sent& sent : transaction.sent) {
    if (memory.excused.contains(sent.topic_partition.topic)) continue;
    const auto* const runs = shown_of(sent.topic_partition, running, shown);
    if (runs == nullptr) continue;
    const std::int64_t there = held(*runs, sent.first_token, sent.count);
    if (there == (commits ? sent.count : 0)) continue;
    const auto first = runs->find(sent.first_token);
    if (!commits && first != runs->end() &&
        is_late(memory, transaction, sent.topic_partition, first->second.offset)) {
      memory.late.insert(sent.first_token);
      continue;
    }
    found.push_back(
        {"broker.P20",
         fmt::format("{} was {}, and of its {} records in {} those who read "
                     "committed data are given {}",
                     name_of_transaction(transaction), commits ? "committed" : "aborted",
                     sent.count, name_of_partition(sent.topic_partition), there)});
  }
}

void check_offsets(const Transaction& transaction, std::span<const Broker* const> running,
                   Violations& found) {
  if (transaction.decided != TransactionResult::Commit) return;
  for (const Broker* const broker : running) {
    if (broker == nullptr || transaction.offsets.empty()) continue;
    const std::int32_t count = broker->metadata().partition_count(kGroupMetadataTopic);
    if (count == 0) continue;
    const PartitionId partition = group_partition(transaction.group, count);
    const TopicPartition id{std::string(kGroupMetadataTopic), partition};
    if (leader_of(id, running) != broker || !broker->groups().leads(partition)) continue;
    for (const OffsetCommitPartition& part : transaction.offsets) {
      const Offset told =
          broker->groups().committed_offset(transaction.group, part.topic_partition);
      if (told >= part.committed_offset) continue;
      found.push_back(
          {"broker.P20",
           fmt::format("{} was committed with offset {} of {}, and group {} finds {}",
                       name_of_transaction(transaction), part.committed_offset.value(),
                       name_of_partition(part.topic_partition), transaction.group, told.value())});
    }
  }
}

const TransactionMetadata* metadata_of(const std::string& transactional_id,
                                       std::span<const Broker* const> running, bool& reached) {
  for (const Broker* const broker : running) {
    if (broker == nullptr) continue;
    const std::int32_t count = broker->metadata().partition_count(kTransactionStateTopic);
    if (count == 0) continue;
    const PartitionId partition = group_partition(transactional_id, count);
    const TopicPartition id{std::string(kTransactionStateTopic), partition};
    if (leader_of(id, running) != broker || !broker->transactions().leads(partition)) continue;
    reached = true;
    return broker->transactions().find(transactional_id);
  }
  return nullptr;
}

void check_open(const Broker& leader, const HostedPartition& partition, Offset first,
                ProducerId producer, std::span<const Broker* const> running, Instant now,
                TransactionMemory& memory, Violations& found) {
  const TopicPartition& id = partition.id();
  const auto name = memory.ids.find(producer);
  if (name == memory.ids.end()) return;
  bool reached = false;
  const TransactionMetadata* const metadata = metadata_of(name->second, running, reached);
  if (!reached) return;  // nobody coordinates it for the moment
  const auto opened = memory.opened.find({id, producer});
  const Duration age = opened == memory.opened.end() ? Duration{} : now - opened->second;
  const auto timeout = memory.timeouts.find(name->second);
  const Duration allowed =
      timeout == memory.timeouts.end() ? Duration{60'000'000'000} : timeout->second;
  const bool known = metadata != nullptr && metadata->producer().producer_id == producer &&
                     metadata->now.transaction_partitions.contains(id);
  const bool hangs = !known && age > kMarkerPatience;
  const bool late = known && age > allowed + kAbortPatience;
  if (!hangs && !late) return;
  found.push_back(
      {"broker.L6",
       fmt::format("broker {} leads {}, whose last stable offset stands at {}: a transaction of {} "
                   "has been open there for {}, and its coordinator {}",
                   leader.config().id.value(), name_of_partition(id), first.value(), name->second,
                   describe(age),
                   hangs ? "knows nothing of it"
                         : fmt::format("has it in {}", name_of(metadata->state())))});
}

}  // namespace

Violations check_transaction_notice(const Payload& notice, Instant now,
                                    std::span<const Broker* const> running,
                                    TransactionMemory& memory) {
  Violations found;
  if (const auto* sent = notice.get_if<TransactionalSend>()) {
    const std::size_t at = transaction_of(memory, sent->client, sent->transactional_id,
                                          sent->producer, sent->transaction);
    memory.transactions[at].sent.push_back({sent->topic_partition, sent->count, sent->first_token});
    memory.tokens[sent->first_token] = {sent->count, at};
  } else if (const auto* offsets = notice.get_if<OffsetsSentToTransaction>()) {
    const std::size_t at = transaction_of(memory, offsets->client, offsets->transactional_id,
                                          offsets->producer, offsets->transaction);
    memory.transactions[at].group = offsets->group;
    memory.transactions[at].offsets = offsets->offsets;
    for (const OffsetCommitPartition& part : offsets->offsets)
      memory.may_be_committed.try_emplace({offsets->group, part.topic_partition}, Offset{0});
  } else if (const auto* committing = notice.get_if<ClientCommitting>()) {
    for (const OffsetCommitPartition& part : committing->offsets) {
      if (committing->how == "transaction") continue;
      Offset& highest = memory.may_be_committed[{committing->group, part.topic_partition}];
      highest = std::max(highest, part.committed_offset);
    }
  } else if (const auto* initialized = notice.get_if<ProducerInitialized>()) {
    on_initialized(*initialized, memory, found);
  } else if (const auto* changed = notice.get_if<TransactionStateChanged>()) {
    on_state_changed(*changed, now, memory, found);
  } else if (const auto* ended = notice.get_if<TransactionEnded>()) {
    on_ended(*ended, memory, found);
  } else if (const auto* consumed = notice.get_if<ClientConsumed>()) {
    on_consumed(*consumed, memory, found);
  } else if (const auto* fetched = notice.get_if<ClientFetchedOffset>()) {
    on_fetched_offset(*fetched, memory, found);
  } else if (const auto* leader = notice.get_if<BrokerBecameLeader>()) {
    // Even in the epoch of its former life: its high watermark may be older than that life's (§6.4 P2).
    memory.stable.erase({leader->topic_partition, leader->broker});
  } else if (const auto* opened = notice.get_if<TransactionOpened>()) {
    on_opened(*opened, now, running, memory, found);
  } else if (const auto* marker = notice.get_if<TransactionMarkerAppended>()) {
    memory.markers[{marker->topic_partition, marker->producer.producer_id}].emplace_back(
        marker->offset, now);
    look_at_stable_offset(marker->broker, marker->topic_partition, running, memory, found);
  }
  return found;
}

Violations check_transactions_at_end(std::span<const Broker* const> running, Instant now,
                                     TransactionMemory& memory) {
  Violations found;
  if (memory.transactions.empty()) return found;
  for (const Broker* const broker : running) {
    if (broker == nullptr) continue;
    broker->for_each_partition([&](const HostedPartition& partition) {
      if (leader_of(partition.id(), running) != broker) return;
      for (const auto& [first, producer] : partition.log().transactions().open())
        check_open(*broker, partition, first, producer, running, now, memory, found);
    });
  }
  for (const auto& [producer, id] : memory.ids) {
    bool reached = false;
    const TransactionMetadata* const metadata = metadata_of(id, running, reached);
    if (metadata == nullptr || !is_prepared(metadata->state())) continue;
    const Duration age = now - metadata->now.transaction_last_update;
    if (metadata->producer().producer_id != producer || age < kAbortPatience) continue;
    found.push_back({"broker.L6", fmt::format("the coordinator of {} has had its transaction in {} "
                                              "for {}, and completes it not",
                                              id, name_of(metadata->state()), describe(age))});
  }
  // What waits behind an open transaction is shown to nobody, and that has been said.
  if (!found.empty()) return found;
  Shown shown;
  for (const Transaction& transaction : memory.transactions) {
    if (!transaction.decided || now - transaction.decided_at < kMarkerPatience) continue;
    check_atomicity(transaction, running, memory, shown, found);
    check_offsets(transaction, running, found);
  }
  return found;
}

}  // namespace sim
