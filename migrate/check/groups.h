#pragma once

#include <span>
#include <string_view>

#include "migrate/check/check.h"

// The groups of the registry, one file each. The letters of the ids are those of the list of checks
// that they come from: A versions, B identity, C configuration, D ZooKeeper's content, E health, F
// whatever else lives by the cluster, G rollback, H finalisation, K what Kafka itself refuses, N
// seen on real clusters and checked by nobody else.
namespace migrate {

// So that a row of a registry fits a line.
inline constexpr auto kE = CheckSeverity::Error;
inline constexpr auto kW = CheckSeverity::Warning;
inline constexpr auto kI = CheckSeverity::Information;

inline constexpr std::string_view kProtocol = "inter.broker.protocol.version";

inline constexpr Phases kEveryPhase = Phases::from(Phase::S0, Phase::R2);
// A migration is planned, or has begun, and ZooKeeper still says what is copied.
inline constexpr Phases kBeforeCopy = Phases::from(Phase::S0, Phase::S2);
// KRaft leads and mirrors to ZooKeeper.
inline constexpr Phases kMirrored = Phases::from(Phase::S4, Phase::S6) | Phases{Phase::R1};

inline constexpr Phases kToS6 = Phases::from(Phase::S0, Phase::S6);
// From the day the controllers are there.
inline constexpr Phases kWithControllers = Phases::from(Phase::S1, Phase::S6);
// Brokers are still to be restarted.
inline constexpr Phases kRolls = kToS6 | Phases{Phase::R1, Phase::R2};

std::span<const Check> rule_checks();        // K
std::span<const Check> identity_checks();    // A, B
std::span<const Check> config_checks();      // C
std::span<const Check> zookeeper_checks();   // D
std::span<const Check> health_checks();      // E
std::span<const Check> hazard_checks();      // N
std::span<const Check> authorizer_checks();  // more of N
std::span<const Check> gate_checks();        // G, H
std::span<const Check> way_checks();         // more of G, H
std::span<const Check> feature_checks();     // more of A
std::span<const Check> topology_checks();    // more of B, E
std::span<const Check> security_checks();    // more of C
std::span<const Check> key_checks();         // more of C, F
std::span<const Check> content_checks();     // more of D, F
std::span<const Check> question_checks();    // of every group: what a person must say

}  // namespace migrate
