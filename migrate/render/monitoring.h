#pragma once

#include <string>
#include <string_view>

#include "migrate/render/render.h"

// What to watch during a migration, and when to stop: the thresholds of plans as Prometheus rules.
namespace migrate {

// The name under which jmx_exporter's usual Kafka rules, in lower case, show an attribute:
// "kafka_controller_kafkacontroller_zkmigrationstate".
std::string exported_name(std::string_view bean, std::string_view attribute);

// A file for rule_files of prometheus.yml. Its first lines, as comments, are the rules of
// jmx_exporter that give these names.
std::string monitoring_rules(const RenderedFleet& fleet);

}  // namespace migrate
