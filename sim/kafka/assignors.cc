#include "sim/kafka/assignors.h"

#include <algorithm>
#include <set>
#include <utility>

namespace sim {
namespace {

// AbstractPartitionAssignor.MemberInfo.compareTo.
std::vector<AssignorMember> in_order(std::vector<AssignorMember> members) {
  std::ranges::sort(members, {}, [](const AssignorMember& member) {
    return std::pair(!member.group_instance_id,
                     member.group_instance_id.value_or(member.member_id));
  });
  return members;
}

bool subscribes(const AssignorMember& member, const std::string& topic) {
  return std::ranges::find(member.topics, topic) != member.topics.end();
}

GroupAssignment nothing_for(const std::vector<AssignorMember>& members) {
  GroupAssignment assignment;
  for (const AssignorMember& member : members) assignment[member.member_id];
  return assignment;
}

}  // namespace

GroupAssignment assign_range(const std::vector<AssignorMember>& members,
                             const PartitionCounts& counts) {
  GroupAssignment assignment = nothing_for(members);
  const std::vector<AssignorMember> ordered = in_order(members);
  for (const auto& [topic, count] : counts) {
    std::vector<std::string> readers;
    for (const AssignorMember& member : ordered) {
      if (subscribes(member, topic)) readers.push_back(member.member_id);
    }
    if (readers.empty()) continue;
    const auto reader_count = static_cast<std::int32_t>(readers.size());
    std::int32_t next = 0;
    for (std::int32_t i = 0; i < reader_count; ++i) {
      const std::int32_t share = count / reader_count + (i < count % reader_count ? 1 : 0);
      for (std::int32_t taken = 0; taken < share; ++taken, ++next) {
        assignment[readers[static_cast<std::size_t>(i)]].push_back({topic, PartitionId{next}});
      }
    }
  }
  return assignment;
}

GroupAssignment assign_round_robin(const std::vector<AssignorMember>& members,
                                   const PartitionCounts& counts) {
  GroupAssignment assignment = nothing_for(members);
  const std::vector<AssignorMember> ordered = in_order(members);
  std::set<std::string> topics;
  for (const AssignorMember& member : members)
    topics.insert(member.topics.begin(), member.topics.end());
  std::size_t next = 0;
  for (const std::string& topic : topics) {
    const auto known = counts.find(topic);
    if (known == counts.end()) continue;
    for (std::int32_t index = 0; index < known->second; ++index) {
      while (!subscribes(ordered[next], topic)) next = (next + 1) % ordered.size();
      assignment[ordered[next].member_id].push_back({topic, PartitionId{index}});
      next = (next + 1) % ordered.size();
    }
  }
  return assignment;
}

std::optional<GroupAssignment> assign(std::string_view assignor,
                                      const std::vector<AssignorMember>& members,
                                      const PartitionCounts& counts) {
  if (assignor == "range") return assign_range(members, counts);
  if (assignor == "roundrobin") return assign_round_robin(members, counts);
  return std::nullopt;
}

}  // namespace sim
