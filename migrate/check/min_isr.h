#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "migrate/check/facts.h"
#include "sim/kafka/image.h"

// What acks=all asks of a partition's ISR: the topic's own min.insync.replicas, or else that of the
// broker that leads.
namespace migrate {

class MinIsr {
 public:
  // The image must outlive it.
  MinIsr(const ClusterFacts& facts, const sim::MetadataImage& image);

  // A roll lets each replica lead, so the strictest of them counts. Never more than there are
  // replicas (Partition.effectiveMinIsr). Nothing where neither topic nor a replica's file tells.
  std::optional<std::int64_t> of(const sim::Topic& topic, const sim::Partition& partition) const;

 private:
  const sim::MetadataImage& image_;
  std::map<sim::BrokerId, std::int64_t> of_brokers_;
};

}  // namespace migrate
