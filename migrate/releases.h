#pragma once

#include <array>
#include <compare>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// Releases of Kafka as nodes name them, and what each of them does wrong in a migration (migration.md §6.8, §7.1). One
// table for all: `check` warns of what a cluster's release has, and the simulation of a release has it switched on.
namespace migrate {

struct Release {
  int major = 0;
  int minor = 0;
  int patch = 0;
  auto operator<=>(const Release&) const = default;
};
std::string describe(const Release& release);  // "3.9.1"

// "3.9.1", "3.9", "3.9.1-SNAPSHOT"; and Confluent Platform's "7.9.1-ccs", which is Kafka 3.9.1 (its
// 5.x is 2.x, and its 8.x is 4.x). Nothing for what begins with no release.
std::optional<Release> release_of(std::string_view text);

// Releases that can migrate and whose behaviour is known, oldest first: 3.4.0 to 3.9.1.
std::span<const Release> releases_that_migrate();

struct KnownBug {
  std::string_view
      id;  // "KAFKA-16171", or "MB-04" for one that is read in the code and has no issue
  std::string_view symptom;
  Release since;  // the first release that has it
  // The first release of each line that has it no more, ascending; the rest is zero. None: it is in all later ones.
  std::array<Release, 3> fixed{};
  bool harmless = false;  // a check of its own judges whether it hits this cluster

  bool is_in(const Release& release) const;
  bool is_fixed_somewhere() const { return fixed.front() != Release{}; }
  // "3.5.0 on, fixed in 3.7.1, 3.8.0".
  std::string describe_releases() const;
};
// Sorted by id.
std::span<const KnownBug> known_bugs();
const KnownBug* find_known_bug(std::string_view id);

}  // namespace migrate
