#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "sim/base/digest.h"
#include "sim/base/distribution.h"
#include "sim/base/time.h"

namespace sim {

// Where in the code a random choice is asked for: "raft.election_timeout". The name is part of
// saved scenarios; renaming a site changes the stories that name it.
struct Site {
  std::string_view name;
  std::uint64_t hash;
  consteval explicit Site(const char* literal) : name(literal), hash(hash_name(literal)) {}
};

// The name of one choice: its site, the entity it is made for (a node, a link, a topic), and how many
// times that pair was asked before (`k`, from 0).
struct ChoiceName {
  std::string site;
  std::uint64_t entity = 0;
  std::uint64_t k = 0;
  auto operator<=>(const ChoiceName&) const = default;
};

// Answers every random question of a world. The answer to (site, entity, k) depends on the seed and on
// that name alone, never on what else was asked: so a saved override keeps its meaning when other code
// asks more, and two regimes can be run on the same tape. A value: copying it copies the counters.
//
// No allocation once the number of distinct (site, entity) pairs has stopped growing.
class Choices {
 public:
  explicit Choices(std::uint64_t seed) : seed_(seed) {}

  std::uint64_t seed() const { return seed_; }

  // 64 uniformly random bits. Not overridable: use it only for what no story would want to pin.
  std::uint64_t bits(Site site, std::uint64_t entity);
  // Uniform in [low, high], both included. Requires low <= high.
  std::uint64_t pick(Site site, std::uint64_t entity, std::uint64_t low, std::uint64_t high);
  Duration uniform(Site site, std::uint64_t entity, Duration low, Duration high);
  Duration sample(Site site, std::uint64_t entity, const Distribution& distribution);
  bool chance(Site site, std::uint64_t entity, Ratio probability);

  // Fixes the answer to one choice: the value for `pick`, nanoseconds for `uniform` and `sample`, 0 or 1
  // for `chance`. Values outside the asked range are clamped into it (never for `sample`). Copies
  // made earlier are not affected.
  void override_with(const ChoiceName& name, std::uint64_t value);
  // The overrides that no question has met yet, in order of name: a story that pins a choice which never
  // came is a story that no longer tells what it says.
  std::vector<ChoiceName> unmet_overrides() const;

  // How often `entity` asked at `site` so far.
  std::uint64_t times_asked(Site site, std::uint64_t entity) const;
  void digest_into(Digest& digest) const;

 private:
  struct Counter {
    std::uint64_t key = 0;  // 0: free
    std::uint64_t times = 0;
  };
  struct Answer {
    std::uint64_t bits;
    std::optional<std::uint64_t> fixed;
  };
  Answer ask(Site site, std::uint64_t entity);
  Counter& counter(std::uint64_t key);
  void grow();

  std::uint64_t seed_;
  // Open addressing, power-of-two size, looked up and never iterated in an order that matters.
  std::vector<Counter> counters_;
  std::size_t used_ = 0;
  // By (site hash, entity, k).
  std::map<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>,
           std::pair<ChoiceName, std::uint64_t>>
      overrides_;
};

}  // namespace sim
