#pragma once

#include <span>
#include <string>
#include <string_view>

#include "migrate/render/render.h"

// What to watch during a migration, and when to stop: thresholds with their reasons (product list
// b.4), as Prometheus rules.
namespace migrate {

enum class AlertLevel : std::uint8_t {
  Warn,
  Abort,  // stop, and ask whether to go back
};

struct AlertRule {
  std::string_view name;  // "KraftMigrationMirrorLags"
  AlertLevel level = AlertLevel::Warn;
  std::string_view bean;  // of Kafka 3.9.1: "kafka.controller:type=KafkaController,name=…"
  std::string_view attribute;
  std::string_view expression;  // of PromQL; {} stands for the metric's name
  std::string_view lasting;     // "5m"; empty: at once
  std::string_view summary;
  std::string_view why;  // the reason for the threshold, and who says so
};
std::span<const AlertRule> alert_rules();

// The name under which jmx_exporter's usual Kafka rules, in lower case, show an attribute:
// "kafka_controller_kafkacontroller_zkmigrationstate".
std::string exported_name(std::string_view bean, std::string_view attribute);

// A file for rule_files of prometheus.yml. Its first lines, as comments, are the rules of
// jmx_exporter that give these names.
std::string monitoring_rules(const RenderedFleet& fleet);

}  // namespace migrate
