#include "migrate/check/min_isr.h"

#include <algorithm>
#include <string>

#include "migrate/check/evidence.h"
#include "migrate/config/definitions.h"

namespace migrate {

MinIsr::MinIsr(const ClusterFacts& facts, const sim::MetadataImage& image) : image_(image) {
  for (const NodeFacts* node : facts.brokers()) {
    if (!node->config) continue;
    if (const auto value = node->config->number("min.insync.replicas"))
      of_brokers_[id_of(*node->config)] = *value;
  }
}

std::optional<std::int64_t> MinIsr::of(const sim::Topic& topic,
                                       const sim::Partition& partition) const {
  const auto own =
      image_.configs().value({sim::ConfigResourceType::Topic, topic.name()}, "min.insync.replicas");
  std::optional<std::int64_t> strictest = own ? integer_of(*own) : std::nullopt;
  if (!strictest) {
    for (const sim::BrokerId replica : partition.replicas) {
      const auto theirs = of_brokers_.find(replica);
      if (theirs != of_brokers_.end()) strictest = std::max(strictest.value_or(0), theirs->second);
    }
  }
  if (strictest)
    strictest = std::min(*strictest, static_cast<std::int64_t>(partition.replicas.size()));
  return strictest;
}

}  // namespace migrate
