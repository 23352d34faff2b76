// What must hold of deliveries at the end, when the world is quiet.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "sim/kafka/application/delivery_ledger.h"
#include "sim/kafka/broker_invariants.h"

namespace sim {
namespace {

// What a letter's way may take beside its retries and pauses (§6.5 L10).
constexpr Duration kLetterPatience{20'000'000'000};

struct Copies {
  std::int32_t count = 0;
  std::int32_t with_origin = 0;
};

// Below the last stable offset, without what was aborted: what readers of committed data are given.
// `visit(batch)` for each batch of values that the tokens name. False: a partition has no leader.
template <class Visit>
bool visit_committed(const std::string& topic, const std::set<RecordToken>& tokens,
                     std::span<const Broker* const> running, Visit&& visit) {
  std::int32_t partitions = 0;
  for (const Broker* const broker : running) {
    if (broker != nullptr) {
      partitions = std::max(partitions, broker->metadata().partition_count(topic));
    }
  }
  if (partitions == 0) return false;
  for (std::int32_t p = 0; p < partitions; ++p) {
    const TopicPartition id{topic, PartitionId{p}};
    const Broker* const leader = leader_of(id, running);
    if (leader == nullptr) return false;
    const ReplicaLog& log = leader->partition(id)->log();
    for (const LogBatch* const batch : log.committed_batches()) {
      if (tokens.contains(batch->first_token)) visit(*batch);
    }
  }
  return true;
}

// What the group has written into a topic and stands there, by what it is about; nothing if one of
// its partitions has no leader.
template <class Value>
std::optional<std::map<RecordOrigin, Copies>> values_in(const std::string& topic,
                                                        const std::set<RecordToken>& tokens,
                                                        std::span<const Broker* const> running) {
  std::map<RecordOrigin, Copies> values;
  const bool reached = visit_committed(topic, tokens, running, [&](const LogBatch& batch) {
    const auto* const value = batch.value.get_if<Value>();
    if (value == nullptr) return;
    Copies& copies = values[value->origin];
    ++copies.count;
    if constexpr (std::same_as<Value, DeadLetter>) {
      if (name_origin(value->headers, value->origin)) ++copies.with_origin;
    }
  });
  if (!reached) return std::nullopt;
  return values;
}

// Letters know the leader epoch of what they are about, and what was polled does not.
const Copies* copies_of(const std::map<RecordOrigin, Copies>& letters, const RecordOrigin& origin) {
  const auto found = std::ranges::find_if(letters, [&](const auto& entry) {
    return entry.first.topic_partition == origin.topic_partition &&
           entry.first.offset == origin.offset && entry.first.token == origin.token;
  });
  return found == letters.end() ? nullptr : &found->second;
}

void check_letters(const std::string& name_of_group, DeliveryMemory::Group& group,
                   std::span<const Broker* const> running, Instant now, DeliveryMemory& memory,
                   Violations& found) {
  const std::string& topic = group.program.dead_letter_topic;
  if (topic.empty()) return;
  const auto letters = values_in<DeadLetter>(topic, group.letter_tokens, running);
  if (!letters) return;  // deleted, or out of reach: nothing is promised about it
  const bool tells = group.program.headers != HeaderStyle::None;
  for (const auto& [origin, acknowledged] : group.letters) {
    const Copies* const copies = copies_of(*letters, origin);
    const std::string which = place_of(origin.topic_partition, origin.offset);
    if (copies == nullptr) {
      found.push_back({"broker.P23", fmt::format("{} acknowledged the dead letter about the record "
                                                 "of {}, and holds none",
                                                 topic, which)});
      continue;
    }
    if (tells && copies->with_origin < copies->count) {
      found.push_back({"broker.P23",
                       fmt::format("a dead letter in {} about the record of {} does not say which "
                                   "topic, partition and offset it is about",
                                   topic, which)});
    }
    group.partitions[origin.topic_partition].account.dlq_duplicates += copies->count - 1;
    if (group.program.uses(BadRecordPolicy::DlqTransactional) && copies->count > 1) {
      found.push_back(
          {"broker.P23", fmt::format("{} holds {} letters about the record of {}, each of them "
                                     "committed with the offset behind it",
                                     topic, copies->count, which)});
    } else if (group.program.idempotent_letters && copies->count > group.life) {
      found.push_back(
          {"broker.P23", fmt::format("{} holds {} letters about the record of {}, and group {} has "
                                     "lived {} times",
                                     topic, copies->count, which, name_of_group, group.life)});
    }
  }
  for (const RecordOrigin& origin : group.unheard) {
    DeliveryMemory::Partition& partition = group.partitions[origin.topic_partition];
    if (copies_of(*letters, origin) != nullptr) {
      if (!group.letters.contains(origin)) ++partition.account.dlq_acked;
      continue;
    }
    ++partition.account.lost_by_crash;
    if (group.program.uses(BadRecordPolicy::DlqIndependent)) {
      memory.expected_losses.push_back(
          {"E-DLQ-ASYNC", name_of_group, origin, 1, now,
           fmt::format("{} at {}, between the commit and the letter's acknowledgement",
                       group.ended_by, describe(group.ended_at))});
      continue;
    }
    found.push_back({"broker.P23",
                     fmt::format("group {} committed past the record of {}, and {} holds no letter "
                                 "about it ({} at {})",
                                 name_of_group, place_of(origin.topic_partition, origin.offset),
                                 topic, group.ended_by, describe(group.ended_at))});
  }
  group.unheard.clear();
}

// broker.P17 of a program that consumes, processes and produces: exactly one result, for who reads committed data.
void check_results(const std::string& name_of_group, const DeliveryMemory::Group& group,
                   std::span<const Broker* const> running, const DeliveryMemory& memory,
                   Violations& found) {
  if (group.program.commit != CommitPattern::Transaction) return;
  const std::string& topic = group.program.output_topic;
  std::set<RecordToken> tokens = group.result_tokens;
  for (const RecordToken late : memory.late_results) tokens.erase(late);
  const auto results = values_in<OutputRecord>(topic, tokens, running);
  if (!results) return;  // deleted, or out of reach
  for (const auto& [origin, copies] : *results) {
    if (copies.count <= 1) continue;
    found.push_back({"broker.P17",
                     fmt::format("{} shows {} results of the record of {} to who "
                                 "reads committed data, and group {} promises one",
                                 topic, copies.count,
                                 place_of(origin.topic_partition, origin.offset), name_of_group)});
  }
  for (const auto& [origin, committed] : group.results) {
    if (results->contains(origin)) continue;
    found.push_back(
        {"broker.P17", fmt::format("the transaction with the result of the record of {} "
                                   "was committed, and {} does not show it",
                                   place_of(origin.topic_partition, origin.offset), topic)});
  }
}

Duration all_pauses(const ClientProgram& program) {
  Duration all{};
  for (std::int32_t n = 1; n < program.attempts; ++n) all = all + program.backoff.nth(n);
  return all;
}

// broker.L10: where records wait behind a bad one, and the pattern says that they need not.
void check_progress(const std::string& name_of_group, const DeliveryMemory::Group& group,
                    const TopicPartition& id, const DeliveryMemory::Partition& partition,
                    std::span<const Broker* const> running, Instant now, Violations& found) {
  if (!group.runs || group.program.uses(BadRecordPolicy::FailStop)) return;
  const Broker* const leader = leader_of(id, running);
  if (leader == nullptr) return;
  const Offset end = leader->partition(id)->log().high_watermark();
  const Duration patience = kLetterPatience + all_pauses(group.program);
  for (const auto& [offset, record] : partition.open) {
    const bool waits_for_letter = record.lettering && record.letters_acked == 0;
    if (!record.failed || waits_for_letter || record.life != group.life) continue;
    if (now - record.failed_at <= patience || end <= offset.next()) continue;
    if (partition.effect_high > offset || partition.handled_high > offset) continue;
    found.push_back({"broker.L10",
                     fmt::format("group {} has not gone on behind the bad record of {}, met at {}, "
                                 "though {} records wait there",
                                 name_of_group, place_of(id, offset), describe(record.failed_at),
                                 offset.next().distance_to(end))});
  }
}

void balance(const std::string& name_of_group, const TopicPartition& id,
             DeliveryMemory::Partition& partition, Violations& found) {
  DeliveryAccount& account = partition.account;
  account.in_flight = std::ranges::count_if(
      partition.open, [](const auto& entry) { return !entry.second.ended(); });
  const std::int64_t known = account.processed_ok + account.skipped + account.dlq_acked +
                             account.spooled + account.in_flight + account.lost_by_policy +
                             account.lost_by_crash;
  // A record may have ended twice: processed after a crash whose letter had come through.
  if (known >= account.consumed) return;
  found.push_back(
      {"broker.P24",
       fmt::format("of {} records of {}-{} that group {} read {} are accounted for",
                   account.consumed, id.topic, id.partition.value(), name_of_group, known)});
}

}  // namespace

Violations check_delivery_at_end(std::span<const Broker* const> running, Instant now,
                                 DeliveryMemory& memory) {
  Violations found;
  for (auto& [name_of_group, group] : memory.groups) {
    for (auto& [id, partition] : group.partitions) {
      // Who does not come back would go on behind what is committed.
      for (auto& [offset, record] : partition.open) {
        if (group.runs || offset >= partition.committed || record.handled()) continue;
        lose(memory, name_of_group, group, id, offset, record, now, found);
      }
      check_progress(name_of_group, group, id, partition, running, now, found);
    }
    check_letters(name_of_group, group, running, now, memory, found);
    check_results(name_of_group, group, running, memory, found);
    for (auto& [id, partition] : group.partitions) {
      balance(name_of_group, id, partition, found);
    }
  }
  return found;
}

}  // namespace sim
