#pragma once

#include <string>
#include <vector>

#include "migrate/check/facts.h"
#include "migrate/plan/layout.h"
#include "migrate/plan/plan.pb.h"

// What a plan rests on, so that it can say when the cluster is no longer the one that it was made
// for: who the brokers are, where the replicas lie, what the nodes' files ask for. What the
// migration itself changes (leaders, ISRs, the keys that its stages set and remove, software) is
// left out: taking a step of a plan does not make it stale. Values of secrets are left out, too.
namespace migrate {

// Each input with its digest, then the digest of all.
void describe_inputs(const ClusterFacts& facts, const Layout& layout, zk2kraft::Plan& plan);

// What became of the inputs of a plan, a sentence each. Empty: the plan holds.
struct Staleness {
  std::vector<std::string> changed;
  std::vector<std::string> unknown;  // what the plan rests on and the files do not show
};
Staleness compare_inputs(const zk2kraft::Plan& plan, const zk2kraft::Plan& now);

// Whether the stages of a migration set, change or remove this config.
bool is_changed_by_migration(std::string_view key);

}  // namespace migrate
