#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

// Where a migration stands: the one vocabulary of every verb. The names of others (Kafka's
// documents, KIP-866, the operators) map to it; see migrate/check/README.md.
namespace migrate {

enum class Phase : std::uint8_t {
  S0,  // ZooKeeper alone
  S1,  // controllers are up, and wait
  S2,  // brokers restart with the migration flag
  S3,  // the copy
  S4,  // hybrid: KRaft leads, brokers are in ZooKeeper mode
  S5,  // brokers restart in KRaft mode
  S6,  // dual write with every broker in KRaft mode
  S7,  // controllers restart without the flag: the point of no return is in here
  S8,  // finalised
  R1,  // on the way back: brokers restart in ZooKeeper mode, the flag on
  R2,  // on the way back: controllers are gone, a broker leads, leftovers may remain
};
inline constexpr int kPhaseCount = 11;

std::string_view name_of(Phase phase);  // "S4"
std::string_view explain(Phase phase);  // "hybrid: …"
std::optional<Phase> parse_phase(std::string_view name);

// A set of phases.
class Phases {
 public:
  constexpr Phases() = default;
  constexpr Phases(std::initializer_list<Phase> phases) {
    for (const Phase phase : phases) bits_ = static_cast<std::uint16_t>(bits_ | bit(phase));
  }
  static constexpr Phases from(Phase first, Phase last) {
    Phases phases;
    for (int i = static_cast<int>(first); i <= static_cast<int>(last); ++i)
      phases.bits_ = static_cast<std::uint16_t>(phases.bits_ | bit(static_cast<Phase>(i)));
    return phases;
  }
  constexpr bool contains(Phase phase) const { return (bits_ & bit(phase)) != 0; }
  constexpr Phases operator|(Phases other) const {
    Phases both;
    both.bits_ = static_cast<std::uint16_t>(bits_ | other.bits_);
    return both;
  }

 private:
  static constexpr std::uint16_t bit(Phase phase) {
    return static_cast<std::uint16_t>(1U << static_cast<unsigned>(phase));
  }
  std::uint16_t bits_ = 0;
};

}  // namespace migrate
