#pragma once

#include <span>
#include <string_view>

#include "migrate/plan/stage.h"

// When to look twice and when to stop, as data: metrics of Kafka 3.9 by their MBeans, and what they
// may say while a step is taken (product list b.4). Where the list names no source the value is
// ours: an editable default.
namespace migrate {

struct Threshold {
  std::string_view id;      // "zk-write-behind-lag"
  std::string_view metric;  // "kafka.controller:type=KafkaController,name=ZkWriteBehindLag"
  std::string_view where;   // who has it: "the active controller"
  std::string_view expect;
  std::string_view warn;   // may be empty
  std::string_view abort;  // may be empty: never a reason to stop
  std::string_view reason;
  Stage first = Stage::Prepare;  // the stages, of the way forward, in which it is watched
  Stage last = Stage::Prepare;
};
std::span<const Threshold> thresholds();

// On a way back as in the stage whose roll it undoes.
bool is_watched(const Threshold& threshold, Stage stage);

}  // namespace migrate
