#pragma once

#include <cstdint>
#include <string_view>

// Which configs a running broker takes from ZooKeeper's /config/brokers or from KRaft's records
// instead of its file (kafka.server.DynamicBrokerConfig of 3.9).
namespace migrate {

// Of /config/brokers/<default>, or of /config/brokers/ID.
enum class DynamicLevel : std::uint8_t {
  Cluster,
  Broker,
};

// Whether a node with this dynamic config uses it. What Kafka knows and cannot change at run time
// it ignores with a line in its log, and so it does with a listener's config at the level of the
// cluster, and with a security config without a listener's prefix
// (DynamicBrokerConfig.fromPersistentProps). Configs that Kafka does not know are a plugin's, and
// pass.
bool is_in_force(std::string_view name, DynamicLevel level);

}  // namespace migrate
