#include "migrate/check/profile.h"

#include <array>
#include <utility>

#include "migrate/check/facts.h"

namespace migrate {
namespace {

constexpr std::array<std::pair<Profile, std::string_view>, kProfileCount> kNames{
    {{Profile::Apache, "apache"},
     {Profile::Confluent, "confluent"},
     {Profile::Cfk, "cfk"},
     {Profile::CpAnsible, "cp-ansible"},
     {Profile::Strimzi, "strimzi"},
     {Profile::Msk, "msk"}}};

// What a line gives away: a key or a value that contains both. Operators name mounts and providers
// after themselves.
struct Sign {
  Profile profile;
  std::string_view part;
  std::string_view other = {};

  bool is_in(std::string_view text) const {
    return text.find(part) != std::string_view::npos && text.find(other) != std::string_view::npos;
  }
};
constexpr std::array kSigns{
    Sign{Profile::Strimzi, "strimzi"},
    Sign{Profile::Msk, ".kafka.", ".amazonaws.com"},
    Sign{Profile::Cfk, "/mnt/sslcerts/"},
    Sign{Profile::Cfk, "/mnt/secrets/"},
    Sign{Profile::CpAnsible, "/var/ssl/private/kafka_"},
    Sign{Profile::Confluent, "confluent."},
};

}  // namespace

std::string_view name_of(Profile profile) {
  return kNames[static_cast<std::size_t>(profile)].second;
}

std::optional<Profile> parse_profile(std::string_view name) {
  for (const auto& [profile, known] : kNames) {
    if (known == name) return profile;
  }
  return std::nullopt;
}

bool is_confluent(Profile profile) {
  return profile == Profile::Confluent || profile == Profile::Cfk || profile == Profile::CpAnsible;
}

bool is_operated(Profile profile) {
  return profile == Profile::Cfk || profile == Profile::Strimzi;
}

Profile guess_profile(const ClusterFacts& facts) {
  // The first sign in the list that any line of any file shows: from the special to the general.
  for (const Sign& sign : kSigns) {
    for (const NodeFacts& node : facts.nodes) {
      if (!node.config) continue;
      for (const auto& element : node.config->file().elements()) {
        if (sign.is_in(element.key) || sign.is_in(element.value)) return sign.profile;
      }
    }
  }
  return Profile::Apache;
}

}  // namespace migrate
