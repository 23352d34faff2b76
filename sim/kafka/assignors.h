#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kafka/ids.h"

// Who of a group reads what: the leader's work (org.apache.kafka.clients.consumer.RangeAssignor,
// RoundRobinAssignor). Pure functions; members are taken in the order of Kafka: static ones first,
// by instance id, then the others by member id.
//
// Simplified: no sticky and no cooperative assignor; racks are not looked at.
namespace sim {

struct AssignorMember {
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::vector<std::string> topics;  // that it subscribes to
};
// Topics that exist, with their partitions.
using PartitionCounts = std::map<std::string, std::int32_t>;
// By member id; who gets nothing is there, too.
using GroupAssignment = std::map<std::string, std::vector<TopicPartition>>;

// Of each topic a run of neighbouring partitions, the first members one more if it does not come out
// even.
GroupAssignment assign_range(const std::vector<AssignorMember>& members,
                             const PartitionCounts& counts);
// All partitions of all topics, dealt out in turn to those who subscribe.
GroupAssignment assign_round_robin(const std::vector<AssignorMember>& members,
                                   const PartitionCounts& counts);

// By the name in JoinGroup: "range", "roundrobin"; nothing for any other.
std::optional<GroupAssignment> assign(std::string_view assignor,
                                      const std::vector<AssignorMember>& members,
                                      const PartitionCounts& counts);

}  // namespace sim
