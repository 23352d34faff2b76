#pragma once

#include <string>

#include "sim/kafka/ids.h"

namespace sim {

// Finds partitions in a map by TopicPartition for somebody who asks in the map's own order, as a fetch does of
// thousands: the next few entries are looked at before the tree is searched. Any other order is as right, and slower.
// Requires that the map keeps its entries meanwhile.
template <class Map>
class OrderedLookup {
 public:
  explicit OrderedLookup(Map& map) : map_(map), next_(map.begin()) {}

  // The value, or null.
  auto* find(const std::string& topic, PartitionId partition) {
    constexpr int kNear = 8;
    for (int steps = 0; steps < kNear && next_ != map_.end(); ++steps, ++next_) {
      if (next_->first.partition == partition && next_->first.topic == topic) return &(next_++)->second;
    }
    next_ = map_.find({topic, partition});
    return next_ == map_.end() ? nullptr : &(next_++)->second;
  }

 private:
  Map& map_;
  decltype(map_.begin()) next_;
};

}  // namespace sim
