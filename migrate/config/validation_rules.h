#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/config/node_config.h"

// The rules of validation.cc, one function each: why Kafka refuses, or nothing. What a rule needs
// and cannot be read is another rule's matter, so each says nothing then.
namespace migrate::rules {

using Refusal = std::optional<std::string>;

std::vector<std::string_view> words_of(std::string_view text);

Refusal values_taken(const NodeConfig& config);
Refusal same_id(const NodeConfig& config);
Refusal zookeeper_named(const NodeConfig& config);
Refusal zookeeper_named_for_migration(const NodeConfig& config);
Refusal id_explicit(const NodeConfig& config);
Refusal id_in_range(const NodeConfig& config);
Refusal retention_not_zero(const NodeConfig& config);
Refusal has_log_dir(const NodeConfig& config);
Refusal cleaner_buffer(const NodeConfig& config);
Refusal fetch_wait(const NodeConfig& config);
Refusal quorum_named(const NodeConfig& config);
Refusal a_voter(const NodeConfig& config);
Refusal not_a_voter(const NodeConfig& config);
Refusal protocol_migrates(const NodeConfig& config);
Refusal protocol_knows_directories(const NodeConfig& config);
Refusal protocol_is_kraft(const NodeConfig& config);
Refusal sasl_mechanism(const NodeConfig& config);
Refusal queue_has_room(const NodeConfig& config);
Refusal connections_per_ip(const NodeConfig& config);
Refusal failed_authentication(const NodeConfig& config);
Refusal roles_once(const NodeConfig& config);
Refusal rebalance_protocols(const NodeConfig& config);
Refusal voters_readable(const NodeConfig& config);
Refusal bootstrap_readable(const NodeConfig& config);

// Of listeners (validation_listeners.cc).
Refusal no_control_plane(const NodeConfig& config);
Refusal controller_listener_named(const NodeConfig& config);
Refusal no_controller_listener_named(const NodeConfig& config);
Refusal no_controller_listener(const NodeConfig& config);
Refusal controller_protocols_known(const NodeConfig& config);
Refusal only_controller_listeners(const NodeConfig& config);
Refusal has_controller_listener(const NodeConfig& config);
Refusal controller_listeners_listed(const NodeConfig& config);
Refusal advertises(const NodeConfig& config);
Refusal inter_broker_advertised(const NodeConfig& config);
Refusal advertised_listened(const NodeConfig& config);
Refusal routable(const NodeConfig& config);
Refusal control_plane(const NodeConfig& config);
Refusal listeners_readable(const NodeConfig& config);
Refusal advertised_readable(const NodeConfig& config);
Refusal inter_broker_found(const NodeConfig& config);
Refusal early_start(const NodeConfig& config);

}  // namespace migrate::rules
