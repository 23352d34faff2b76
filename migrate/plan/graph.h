#pragma once

#include <string>
#include <vector>

#include "migrate/plan/plan.pb.h"
#include "sim/base/problem.h"

// The steps of a plan as a graph: an edge from each step to those that wait for it.
namespace migrate {

// Puts the steps in an order in which they can be taken, the one they stand in as far as it is one.
// A Usage problem, with the steps in question, for an id that is there twice, a step that waits for
// one that is not there, steps that wait for each other, and a way back that leads nowhere.
sim::Expected<void> order_steps(zk2kraft::Plan& plan, const std::string& source);

// Steps that can be taken now: not done, and all that they wait for is, however far back. Of the
// way on which the cluster is: ways back are none of them, unless it is on one (R1, R2). Needs the
// order of order_steps.
std::vector<const zk2kraft::PlanStep*> ready_steps(const zk2kraft::Plan& plan);

// Graphviz' language, a cluster for each stage.
std::string draw(const zk2kraft::Plan& plan);

}  // namespace migrate
