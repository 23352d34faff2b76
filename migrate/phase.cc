#include "migrate/phase.h"

#include <array>

namespace migrate {
namespace {

struct Said {
  std::string_view name;
  std::string_view meaning;
};
constexpr std::array<Said, kPhaseCount> kSaid{{
    {"S0", "ZooKeeper alone; no controller has started to migrate"},
    {"S1", "controllers are up and wait for brokers"},
    {"S2", "brokers restart with the migration flag"},
    {"S3", "a KRaft controller has claimed the cluster, and copies it"},
    {"S4", "hybrid: KRaft leads, every broker is in ZooKeeper mode"},
    {"S5", "brokers restart in KRaft mode"},
    {"S6", "dual write: every broker is in KRaft mode, ZooKeeper is still written"},
    {"S7", "controllers restart without the flag: no way back from here"},
    {"S8", "finalised: ZooKeeper is written no more"},
    {"R1", "on the way back: brokers restart in ZooKeeper mode with the flag"},
    {"R2", "back: no KRaft controller leads, and what it left may still be there"},
}};

}  // namespace

std::string_view name_of(Phase phase) {
  return kSaid.at(static_cast<std::size_t>(phase)).name;
}

std::string_view explain(Phase phase) {
  return kSaid.at(static_cast<std::size_t>(phase)).meaning;
}

std::optional<Phase> parse_phase(std::string_view name) {
  for (std::size_t i = 0; i < kSaid.size(); ++i) {
    if (kSaid.at(i).name == name) return static_cast<Phase>(i);
  }
  return std::nullopt;
}

}  // namespace migrate
