#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

// Who runs a cluster's nodes: each distribution and operator has floors, keys and hazards of its
// own (product list, Confluent's, CFK's, Strimzi's and MSK's documents).
namespace migrate {

struct ClusterFacts;

enum class Profile : std::uint8_t {
  Apache,
  Confluent,  // Confluent Platform, run by hand
  Cfk,        // Confluent for Kubernetes
  CpAnsible,  // Confluent Platform by its playbooks
  Strimzi,    // Strimzi, AMQ Streams
  Msk,        // Amazon MSK
};
inline constexpr int kProfileCount = 6;

std::string_view name_of(Profile profile);  // "cp-ansible"
std::optional<Profile> parse_profile(std::string_view name);

// Confluent Platform, by whatever means it is run.
bool is_confluent(Profile profile);
// Nodes are pods, and their files are an operator's.
bool is_operated(Profile profile);

// By what only one of them writes into server.properties; where nothing tells, Apache.
Profile guess_profile(const ClusterFacts& facts);

}  // namespace migrate
