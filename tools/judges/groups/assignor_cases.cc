#include "tools/judges/groups/assignor_cases.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/kafka/assignors.h"
#include "tools/judges/peer/peer.h"

namespace judge {

Json assignor_case(std::uint64_t seed) {
  tools::Draw draw(seed);
  Json members = Json::array();
  for (std::size_t i = 0; i < 1 + draw.below(7); ++i) {
    Json topics = Json::array();
    for (const char* topic : {"a", "b", "c", "gone"}) {
      if (!draw.one_in(3)) topics.push_back(topic);
    }
    const bool is_static = draw.one_in(3);
    members.push_back(
        {fmt::format("member-{}-{}", draw.below(1000), i),
         is_static ? Json(fmt::format("instance-{}-{}", draw.below(1000), i)) : Json(nullptr),
         topics});
  }
  Json counts = Json::object();
  for (const char* topic : {"a", "b", "c", "unread"}) {
    if (!draw.one_in(6)) counts[topic] = 1 + draw.below(12);
  }
  return {{"assignor", draw.one_in(2) ? "range" : "roundrobin"},
          {"members", members},
          {"counts", counts}};
}

std::optional<std::string> assigned_otherwise(const Json& answered) {
  std::vector<sim::AssignorMember> members;
  for (const Json& member : answered["members"]) {
    members.push_back(
        {member[0].get<std::string>(),
         member[1].is_null() ? std::nullopt : std::optional(member[1].get<std::string>()),
         member[2].get<std::vector<std::string>>()});
  }
  const auto ours = sim::assign(answered["assignor"].get<std::string>(), members,
                                answered["counts"].get<sim::PartitionCounts>());
  Json told = Json::object();
  for (const auto& [member, partitions] : *ours) {
    std::vector<std::string> names;
    for (const auto& id : partitions)
      names.push_back(fmt::format("{}-{}", id.topic, id.partition.value()));
    std::ranges::sort(names);
    told[member] = names;
  }
  if (told == answered["assignment"]) return std::nullopt;
  return fmt::format("{}: ours {}", answered.dump(), told.dump());
}

}  // namespace judge
