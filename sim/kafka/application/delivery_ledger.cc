#include "sim/kafka/application/delivery_ledger.h"

#include <fmt/format.h>

namespace sim {

std::string place_of(const TopicPartition& id, Offset offset) {
  return fmt::format("{} at offset {}", describe_partition(id), offset.value());
}

std::string home_of(const DeliveryMemory::Group& group, const DeliveryMemory::Record& record,
                    std::string_view otherwise) {
  return record.failed && group.program.writes_letters() ? "broker.P23" : std::string(otherwise);
}

std::string state_of(const DeliveryMemory::Record& record) {
  if (record.letter_sent) return "its dead letter is not acknowledged";
  return record.failed ? "it failed, and was neither skipped nor dead-lettered"
                       : "it was neither processed, skipped nor dead-lettered";
}

void mark_lost(DeliveryMemory::Partition& partition, DeliveryMemory::Record& record) {
  record.lost = true;
  ++partition.account.lost_by_crash;
}

void lose(DeliveryMemory& memory, const std::string& name_of_group, DeliveryMemory::Group& group,
          const TopicPartition& id, Offset offset, DeliveryMemory::Record& record, Instant now,
          Violations& found) {
  DeliveryMemory::Partition& partition = group.partitions[id];
  const RecordOrigin origin{id, offset, {}, record.token};
  if (record.letter_sent) {
    group.unheard.insert(origin);
    record.lost = true;  // or not: the queue is asked at the end
    return;
  }
  mark_lost(partition, record);
  const Promise promise = promise_of(group.program);
  if (promise == Promise::AtMostOnce || promise == Promise::Neither) {
    memory.expected_losses.push_back(
        {"E-PATTERN", name_of_group, origin, 1, now,
         fmt::format("{} at {}; {} promises {}", group.ended_by, describe(group.ended_at),
                     name_of(group.program.commit), name_of(promise))});
    return;
  }
  found.push_back({home_of(group, record, "broker.P17"),
                   fmt::format("group {} goes on behind the record of {}, and {} ({} at {})",
                               name_of_group, place_of(id, offset), state_of(record),
                               group.ended_by, describe(group.ended_at))});
}

}  // namespace sim
