#pragma once

#include <string>
#include <string_view>

#include "sim/kafka/application/delivery_invariants.h"

// What the checkers of deliveries share: how a record is named, whose invariant its loss breaks, and when it is lost.
namespace sim {

// "orders-0 at offset 7"
std::string place_of(const TopicPartition& id, Offset offset);
// A bad record of a pattern that sets it aside is P23's; anything else is the other invariant's.
std::string home_of(const DeliveryMemory::Group& group, const DeliveryMemory::Record& record,
                    std::string_view otherwise);
// What has been made of it so far, as the end of a sentence.
std::string state_of(const DeliveryMemory::Record& record);
void mark_lost(DeliveryMemory::Partition& partition, DeliveryMemory::Record& record);
// The group goes on behind a record that is not handled: an expected loss, or a violation of what its
// pattern promises. Of one whose letter was on its way the queue will tell at the end.
void lose(DeliveryMemory& memory, const std::string& name_of_group, DeliveryMemory::Group& group,
          const TopicPartition& id, Offset offset, DeliveryMemory::Record& record, Instant now,
          Violations& found);

}  // namespace sim
