#pragma once

#include <string>
#include <vector>

#include "migrate/render/render.h"

// Rendered nodes in the words of those who manage files for people.
namespace migrate {

// host_vars/NODE.yml: every config of the node in a dictionary under the variable that the
// profile's playbooks read (cp-ansible: kafka_broker_custom_properties), or, for one's own,
// kafka_properties; and what the rendering removed, because a playbook that merges keeps it.
std::string ansible_variables(const RenderedNode& node, Profile profile);

// What Strimzi 0.45 is told to bring a cluster to the phase, in the order in which it takes it:
// node pools, then one annotation after another, each with the state to wait for. The operator
// renders the nodes' files itself. `cluster` and `space` are names of the Kafka resource and its
// namespace, `storage` the size of a controller's volume ("20Gi").
struct StrimziNames {
  std::string cluster;
  std::string space;
  std::string storage;
};
std::string strimzi_steps(Phase phase, std::size_t controllers, const StrimziNames& names);

}  // namespace migrate
