#include "migrate/render/monitoring.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/base/check.h"

namespace migrate {
namespace {

using enum AlertLevel;

constexpr std::string_view kState = "kafka.controller:type=KafkaController,name=ZkMigrationState";
constexpr std::string_view kLeft =
    "kafka.controller:type=KafkaController,name=MigratingZkBrokerCount";
constexpr std::string_view kLag = "kafka.controller:type=KafkaController,name=ZkWriteBehindLag";
constexpr std::string_view kRaft = "kafka.server:type=raft-metrics";
constexpr std::string_view kBrokerMetadata = "kafka.server:type=broker-metadata-metrics";
constexpr std::string_view kEvents =
    "kafka.controller:type=ControllerEventManager,name=EventQueueTimeMs";
constexpr std::string_view kZooKeeper =
    "kafka.server:type=ZooKeeperClientMetrics,name=ZooKeeperRequestLatencyMs";

constexpr AlertRule kAlerts[]{
    {"KraftMigrationStateLost", Abort, kState, "Value", "{} == 0", "1m",
     "a controller says that there is no migration",
     "a controller that ever led without the flag ends in state 0 for good (B09)"},
    {"KraftMigrationFinalised", Warn, kState, "Value", "{} == 3", "",
     "the way back is over: state 3",
     "unless S7 has begun, somebody restarted a controller without the flag (migration.md §1.4)"},
    {"KraftMigrationCopyStands", Warn, kState, "Value",
     "max({0}) == 2 and count({0} == 2) > 0 and changes(max({0})[10m:1m]) == 0", "30m",
     "controllers have waited in state 2 for half an hour",
     "they wait for brokers without a limit: a broker that is gone but still in an assignment "
     "blocks for ever (migration.md §6.4)"},
    {"KraftMigrationBrokersStand", Warn, kLeft, "Value",
     "max({0}) > 0 and changes(max({0})[30m:1m]) == 0", "30m",
     "brokers are still in ZooKeeper mode, and their number does not fall",
     "in hybrid mode this may be meant; during the roll it falls by one with each restart "
     "(docs/ops)"},
    {"KraftMigrationBrokerWentBack", Abort, kLeft, "Value", "delta(max({0})[15m:1m]) > 0", "",
     "a broker has registered in ZooKeeper mode again",
     "it never rises but while brokers enter the migration or go back (docs/ops)"},
    {"KraftMigrationMirrorLags", Warn, kLag, "Value", "{} > 0", "60s", "ZooKeeper is behind KRaft",
     "short peaks are sound, a minute is not (KAFKA-15532)"},
    {"KraftMigrationMirrorStands", Abort, kLag, "Value",
     "min_over_time({0}[10m]) > 0 and "
     "deriv({0}[10m]) > 0",
     "10m", "ZooKeeper falls further and further behind",
     "the way back would lose what is not mirrored"},
    {"KraftMigrationSlowReconcile", Warn,
     "kafka.controller:type=KafkaController,name=ZkWriteSnapshotTimeMs", "99thPercentile",
     "{} > 60000", "", "writing all of the metadata to ZooKeeper took over a minute",
     "it grows with topics: three times what was rehearsed is too much (KAFKA-15196)"},
    {"KraftMigrationSlowMirror", Warn,
     "kafka.controller:type=KafkaController,name=ZkWriteDeltaTimeMs", "99thPercentile", "{} > 1000",
     "5m", "writing one change to ZooKeeper takes over a second",
     "a change is a few znodes (KAFKA-15196)"},
    {"KraftMigrationHeartbeatTimedOut", Warn,
     "kafka.controller:type=KafkaController,name=TimedOutBrokerHeartbeatCount", "Value",
     "increase({}[5m]) > 0", "", "a broker's heartbeat waited too long in the controller's queue",
     "the next one fences the broker (KAFKA-15441)"},
    {"KraftMigrationBrokerFenced", Abort,
     "kafka.controller:type=KafkaController,name=FencedBrokerCount", "Value", "max({}) > 0", "10m",
     "a broker is fenced for longer than a restart takes",
     "outside of its own restart no broker is fenced (KAFKA-15019)"},
    {"KraftMigrationEventsTimedOut", Warn,
     "kafka.controller:type=KafkaController,name=EventQueueOperationsTimedOutCount", "Value",
     "increase({}[5m]) > 0", "", "the controller dropped work that waited too long",
     "in a sound cluster none is (docs/ops)"},
    {"KraftMigrationEventsWait", Warn, kEvents, "99thPercentile", "{} > 1000", "2m",
     "the controller's events wait over a second", "the copy shares the queue with heartbeats"},
    {"KraftMigrationEventsWaitLong", Abort, kEvents, "99thPercentile", "{} > 4500", "2m",
     "the controller's events wait for half of broker.session.timeout.ms (9000)",
     "at all of it brokers are fenced"},
    {"KraftMigrationElections", Warn,
     "kafka.controller:type=KafkaController,name=NewActiveControllersCount", "Value",
     "increase(max({})[10m:1m]) > 2", "", "controllers were elected again and again",
     "each election raises the epoch, and the way back needs /controller_epoch above it "
     "(KAFKA-20488)"},
    {"KraftMigrationEpochRose", Warn, kRaft, "current-epoch", "delta(max({})[10m:1m]) > 2", "",
     "KRaft's epoch rose by more than two in ten minutes",
     "ask zk2kraft gate rollback: above /controller_epoch it closes (KAFKA-20488)"},
    {"KraftMigrationSlowElection", Warn, kRaft, "election-latency-max", "{} > 1000", "",
     "an election of controllers took over a second", "nobody leads for as long (docs/ops)"},
    {"KraftMigrationSlowCommit", Warn, kRaft, "commit-latency-max", "{} > 200", "5m",
     "committing metadata takes over 200 ms",
     "100 ms are sound; a copy waits for a commit for each batch (docs/ops)"},
    {"KraftMigrationMetadataError", Abort,
     "kafka.controller:type=KafkaController,name=MetadataErrorCount", "Value", "{} > 0", "",
     "a controller met an error in its metadata", "it is never sound (docs/ops)"},
    {"KraftMigrationLoadError", Abort, kBrokerMetadata, "metadata-load-error-count", "{} > 0", "",
     "a broker could not load metadata", "it is never sound (docs/ops)"},
    {"KraftMigrationApplyError", Abort, kBrokerMetadata, "metadata-apply-error-count", "{} > 0", "",
     "a broker could not apply metadata", "it is never sound (docs/ops)"},
    {"KraftMigrationBrokerLags", Warn, kBrokerMetadata, "last-applied-record-lag-ms", "{} > 5000",
     "1m", "a broker's metadata are over five seconds old", "a second is sound (docs/ops)"},
    {"KraftMigrationBrokerLagsLong", Abort, kBrokerMetadata, "last-applied-record-lag-ms",
     "{} > 60000", "1m", "a broker's metadata are over a minute old",
     "it serves a cluster that is no more (docs/ops)"},
    {"KraftMigrationUnderReplicated", Warn,
     "kafka.server:type=ReplicaManager,name=UnderReplicatedPartitions", "Value", "{} > 0", "10m",
     "partitions have been under-replicated for longer than a restart",
     "restart no other broker: one more could be one too many"},
    {"KraftMigrationUnderMinIsr", Warn,
     "kafka.server:type=ReplicaManager,name=UnderMinIsrPartitionCount", "Value", "{} > 0", "1m",
     "producers with acks=all are refused", "restart no other broker"},
    {"KraftMigrationOffline", Abort,
     "kafka.controller:type=KafkaController,name=OfflinePartitionsCount", "Value", "max({}) > 0",
     "1m", "partitions have no leader", "no restart of one broker may lead to this"},
    {"KraftMigrationZooKeeperSlow", Warn, kZooKeeper, "99thPercentile", "{} > 100", "5m",
     "ZooKeeper answers in over 100 ms", "10 ms are sound"},
    {"KraftMigrationZooKeeperVerySlow", Abort, kZooKeeper, "99thPercentile", "{} > 1000", "5m",
     "ZooKeeper answers in over a second", "sessions and claims will be lost"},
};

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool upper = c >= 'A' && c <= 'Z';
    out += upper ? static_cast<char>(c | 0x20) : c == '-' ? '_' : c;
  }
  return out;
}

std::string_view part(std::string_view bean, std::string_view label) {
  const std::size_t at = bean.find(label);
  if (at == std::string_view::npos) return {};
  bean.remove_prefix(at + label.size());
  return bean.substr(0, bean.find(','));
}

// {} and {0}: the name.
std::string with_name(std::string_view expression, const std::string& name) {
  std::string out;
  while (!expression.empty()) {
    const bool is_name = expression.starts_with("{}") || expression.starts_with("{0}");
    out += is_name ? name : std::string(1, expression.front());
    expression.remove_prefix(is_name ? expression.find('}') + 1 : 1);
  }
  return out;
}

std::string quoted_yaml(std::string_view text) {
  std::string out = "\"";
  for (const char c : text)
    out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "\"";
}

// Rules of jmx_exporter for exactly these attributes: what they do not name it need not read.
std::string exporter_rules() {
  std::string out =
      "# jmx_exporter, on every node; these rules give the names below:\n"
      "#   lowercaseOutputName: true\n#   rules:\n";
  std::set<std::string> beans;
  for (const AlertRule& rule : kAlerts) {
    const std::string domain(rule.bean.substr(0, rule.bean.find(':')));
    const std::string type(part(rule.bean, "type="));
    const std::string name(part(rule.bean, "name="));
    const std::string key =
        name.empty() ? fmt::format("type={}", type) : fmt::format("type={}, name={}", type, name);
    const bool quantile = rule.attribute.ends_with("Percentile");
    const std::string line =
        fmt::format("#   - pattern: '{}<{}><>{}'\n#     name: {}\n{}", domain, key,
                    quantile ? "99thPercentile" : rule.attribute,
                    name.empty() ? fmt::format("{}_{}_{}", domain, type, rule.attribute)
                                 : fmt::format("{}_{}_{}", domain, type, name),
                    quantile ? "#     labels: {quantile: '0.99'}\n" : "");
    std::string tidy = line;
    const std::size_t at = tidy.find("name: ", tidy.find("#     name: "));
    for (std::size_t i = at; i < tidy.find('\n', at); ++i) {
      if (tidy[i] == '.' || tidy[i] == '-') tidy[i] = '_';
    }
    if (beans.insert(tidy).second) out += tidy;
  }
  return out;
}

}  // namespace

std::span<const AlertRule> alert_rules() {
  return kAlerts;
}

std::string exported_name(std::string_view bean, std::string_view attribute) {
  std::string name = lower(bean.substr(0, bean.find(':'))) + "_" + lower(part(bean, "type="));
  std::ranges::replace(name, '.', '_');
  const std::string_view own = part(bean, "name=");
  if (own.empty()) return name + "_" + lower(attribute);
  name += "_" + lower(own);
  if (attribute.ends_with("Percentile")) name += "{quantile=\"0.99\"}";
  return name;
}

std::string monitoring_rules(const RenderedFleet& fleet) {
  const auto brokers = std::ranges::count_if(
      fleet.nodes, [](const RenderedNode& node) { return is_broker(node.shape); });
  std::string out = fmt::format(
      "# A migration from ZooKeeper to KRaft of {} brokers: what to watch. Metrics are those of "
      "Kafka 3.9.1.\n"
      "# severity abort: restart nobody, and ask zk2kraft gate rollback. Edit the thresholds to "
      "your rehearsal.\n{}groups:\n  - name: kraft-migration\n    rules:\n",
      brokers, exporter_rules());
  for (const AlertRule& rule : kAlerts) {
    out += fmt::format(
        "      - alert: {}\n        expr: {}\n", rule.name,
        quoted_yaml(with_name(rule.expression, exported_name(rule.bean, rule.attribute))));
    if (!rule.lasting.empty()) out += fmt::format("        for: {}\n", rule.lasting);
    out += fmt::format(
        "        labels: {{severity: {}}}\n        annotations:\n          summary: {}\n"
        "          description: {}\n          mbean: {}\n",
        rule.level == Warn ? "warn" : "abort", quoted_yaml(rule.summary), quoted_yaml(rule.why),
        quoted_yaml(fmt::format("{} {}", rule.bean, rule.attribute)));
  }
  return out;
}

}  // namespace migrate
