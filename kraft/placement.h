#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "kraft/log.h"
#include "sim/base/choices.h"

namespace kraft {

struct UsableBroker {
  BrokerId id;
  std::optional<std::string> rack;
  bool fenced = false;
};

// StripedReplicaPlacer (kraft.md §3.8): replicas of each partition in preferred order, the leader on an
// unfenced broker, racks spread before brokers. The random starts are choices named "placement.*".
// `usable`: registered brokers that are not in controlled shutdown. The error is Kafka's sentence for
// INVALID_REPLICATION_FACTOR.
std::expected<std::vector<std::vector<BrokerId>>, std::string> place_replicas(
    const std::vector<UsableBroker>& usable, std::int32_t partitions,
    std::int16_t replication_factor, sim::Choices& choices);

}  // namespace kraft
