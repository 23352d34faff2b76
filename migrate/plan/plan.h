#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "migrate/check/check.h"
#include "migrate/plan/layout.h"
#include "migrate/plan/plan.pb.h"

// The plan of one cluster's migration: from where it stands, by the rolls that are due, to what
// Kafka 4.x asks, with the ways back.
//
//   ClusterFacts ─► who (layout.h) ─► in which order (roll.h) ─► the steps (steps.h) ─► Plan
//               └─► what blocks (check) and what it rests on (inputs.h) ──────────────┘
//
// Reference: migration.md §1; product list b.3, b.4, b.7.
namespace migrate {

struct PlanOptions {
  std::vector<Voter> controllers;    // where there are none yet
  std::string controller_listener;   // "CONTROLLER:PLAINTEXT", for those
  std::string controller_log_dir;    // theirs; empty: what render takes by itself
  std::size_t at_once = 1;           // brokers that may be down together
  std::vector<std::string> windows;  // when changes are allowed: "Sat 2026-12-05 22:00"
};

// Never fails: what is not known is in `missing` and `questions`, what stands in the way in
// `blocked_by`. The steps are in an order in which they can be taken.
zk2kraft::Plan make_plan(const ClusterFacts& facts, const PlanOptions& options);

}  // namespace migrate
