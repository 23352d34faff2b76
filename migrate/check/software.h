#pragma once

#include <compare>
#include <optional>
#include <string_view>

// Releases of Kafka, as nodes name them.
namespace migrate {

struct Release {
  int major = 0;
  int minor = 0;
  int patch = 0;
  auto operator<=>(const Release&) const = default;
};

// "3.9.1", "3.9", "3.9.1-SNAPSHOT"; and Confluent Platform's "7.9.1-ccs", which is Kafka 3.9.1 (its
// 5.x is 2.x, and its 8.x is 4.x). Nothing for what begins with no release.
std::optional<Release> release_of(std::string_view text);

}  // namespace migrate
