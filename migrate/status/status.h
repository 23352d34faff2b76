#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "migrate/check/check.h"
#include "migrate/status/driver_guess.h"

// Where a cluster stands by copies of its files: the phase (already in the facts), the driver's
// state, what was seen of both stores, and whether it is stuck.
//
//   ClusterFacts ─► guess_driver ─┐
//               ─► standing      ─┼─► Status ─► verdict: healthy, at risk, wedged, unknown
//               ─► wedges        ─┘
namespace migrate {

// What was seen of the claims, the epochs, the copy's progress and the registrations: the rows that
// a person compares with her own eyes. Places are znodes and logs; what is missing is said so.
std::vector<Evidence> standing(const ClusterFacts& facts);

// A hazard that was seen to have happened, or that is set like a trap (migration.md §7.2).
enum class WedgeKind : std::uint8_t {
  Stuck,     // nothing goes on until somebody acts
  Trap,      // it goes on, and stops at the next failover or restart of a controller
  Destroys,  // metadata is overwritten, or will be as soon as a controller starts
};
std::string_view name_of(WedgeKind kind);  // "stuck"

struct Wedge {
  std::string_view hazard;  // "MB-04", "KAFKA-19480"
  WedgeKind kind = WedgeKind::Stuck;
  const Check* check = nullptr;  // that found it: its why and fix
  Finding finding;
};

enum class StatusVerdict : std::uint8_t {
  Healthy,
  AtRisk,   // a trap is set
  Wedged,   // stuck, or destroying
  Unknown,  // something is missing that could show a wedge, or the state
};
std::string_view name_of(StatusVerdict verdict);  // "at risk"

struct Status {
  DriverGuess driver;
  std::vector<Evidence> seen;
  std::vector<Wedge> wedges;
  std::vector<std::string> missing;  // without it a wedge may be there; each once
  StatusVerdict verdict() const;
};

// For the phase in the facts.
Status status_of(const ClusterFacts& facts);

}  // namespace migrate
