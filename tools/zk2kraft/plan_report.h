#pragma once

#include <string>

#include "migrate/plan/plan.pb.h"

// A plan for people: what blocks it, what its rolls cannot keep, and the steps by stage.
namespace tools {

enum class PlanDetail {
  Brief,  // the steps' titles
  All,    // with commands, gates and thresholds
};

void print_plan(const zk2kraft::Plan& plan, PlanDetail detail);

// The text that is written with -o, and its JSON.
std::string plan_text(const zk2kraft::Plan& plan);
std::string plan_json(const zk2kraft::Plan& plan);

}  // namespace tools
