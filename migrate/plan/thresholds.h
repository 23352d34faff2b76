#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "migrate/plan/stage.h"

// When to look twice and when to stop, as data: metrics of Kafka 3.9 by their MBeans, and what they
// may say while a step is taken (product list b.4). The one table of it: a plan says it in words,
// `render --monitoring` as Prometheus rules. Where the list names no source the value is ours: an
// editable default.
namespace migrate {

enum class LimitLevel : std::uint8_t {
  Warn,
  Abort,  // stop, and ask whether to go back
};

struct Limit {
  LimitLevel level = LimitLevel::Warn;
  std::string_view words;  // "above 0 for a minute"
  std::string_view why;    // the reason for it, and who says so
  // As a rule of Prometheus. No name: no rule by itself can tell.
  std::string_view alert = {};       // "KraftMigrationMirrorLags"
  std::string_view expression = {};  // of PromQL; {} and {0} stand for the metric's name
  std::string_view lasting = {};     // "5m"; empty: at once
  std::string_view summary = {};     // what has happened then
};

struct Threshold {
  std::string_view id;    // "zk-write-behind-lag"
  std::string_view bean;  // "kafka.controller:type=KafkaController,name=ZkWriteBehindLag"
  std::string_view attribute;
  std::string_view where;  // who has it: "the active controller"
  std::string_view expect;
  std::span<const Limit> limits;
  Stage first = Stage::Prepare;  // the stages, of the way forward, in which it is watched
  Stage last = Stage::Prepare;
};
std::span<const Threshold> thresholds();

// The MBean, with the attribute where it is not the only one.
std::string metric_of(const Threshold& threshold);
// The limits of a level in words; empty: it has none.
std::string words_of(const Threshold& threshold, LimitLevel level);
std::string reasons_of(const Threshold& threshold);

// On a way back as in the stage whose roll it undoes.
bool is_watched(const Threshold& threshold, Stage stage);

}  // namespace migrate
