#include "migrate/config/validation_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "migrate/config/definitions.h"

namespace migrate::rules {
namespace {

constexpr std::string_view kProtocol = "inter.broker.protocol.version";
constexpr std::int64_t kMebibyte = 1024 * 1024;

bool at_least(const NodeConfig& config, std::string_view version) {
  const auto is = protocol_version(config.text(kProtocol));
  return !is || *is >= *protocol_version(version);
}

}  // namespace

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, blank));
    text.remove_prefix(std::min(blank + 1, text.size()));
  }
  return words;
}

Refusal values_taken(const NodeConfig& config) {
  std::vector<std::string> wrong;
  for (const std::string& key : config.file().keys()) {
    const ConfigDefinition* definition = find_definition(key);
    if (definition == nullptr || config.is_unresolved(key)) continue;
    if (const auto why = why_invalid(*definition, *config.file().get(key)))
      wrong.push_back(
          fmt::format("{} (line {}): {}", key, config.place_of(key).line.value_or(0), *why));
  }
  if (wrong.empty()) return std::nullopt;
  return fmt::format("{}", fmt::join(wrong, "; "));
}

Refusal same_id(const NodeConfig& config) {
  const auto node = config.number("node.id");
  const auto broker = config.number("broker.id");
  if (!node || !broker || *node == *broker) return std::nullopt;
  return fmt::format("node.id is {} and broker.id {}", *node, *broker);
}

Refusal zookeeper_named(const NodeConfig& config) {
  if (config.value("zookeeper.connect")) return std::nullopt;
  return "zookeeper.connect is not set, and without process.roles this is a broker in ZooKeeper "
         "mode";
}

Refusal zookeeper_named_for_migration(const NodeConfig& config) {
  if (!config.migration_enabled() || config.value("zookeeper.connect")) return std::nullopt;
  return "zookeeper.metadata.migration.enable is true and zookeeper.connect is not set";
}

Refusal id_explicit(const NodeConfig& config) {
  if (config.node_id() >= 0) return std::nullopt;
  return config.has("node.id") ? fmt::format("the id is {}", config.node_id())
                               : "no id is set: neither node.id nor broker.id";
}

Refusal id_in_range(const NodeConfig& config) {
  const std::int64_t id = config.node_id();
  if (!config.flag("broker.id.generation.enable")) {
    if (id >= 0) return std::nullopt;
    return fmt::format("broker.id is {}, and ids are not generated", id);
  }
  const auto most = config.number("reserved.broker.max.id");
  if (!most || (id >= -1 && id <= *most)) return std::nullopt;
  return fmt::format(
      "broker.id {} is above reserved.broker.max.id {}, where generated ids begin; set "
      "broker.id.generation.enable=false",
      id, *most);
}

Refusal retention_not_zero(const NodeConfig& config) {
  for (const std::string_view name :
       {"log.retention.ms", "log.retention.minutes", "log.retention.hours"}) {
    if (!config.value(name)) continue;
    const auto number = config.number(name);
    if (number && *number == 0) return fmt::format("{} is 0", name);
    return std::nullopt;
  }
  return std::nullopt;
}

Refusal has_log_dir(const NodeConfig& config) {
  if (!config.log_dirs().empty()) return std::nullopt;
  return "log.dirs names no directory";
}

Refusal cleaner_buffer(const NodeConfig& config) {
  const auto buffer = config.number("log.cleaner.dedupe.buffer.size");
  const auto threads = config.number("log.cleaner.threads");
  if (!buffer || !threads || *threads <= 0 || *buffer / *threads > kMebibyte) return std::nullopt;
  return fmt::format("{} bytes for {} threads", *buffer, *threads);
}

Refusal fetch_wait(const NodeConfig& config) {
  const auto wait = config.number("replica.fetch.wait.max.ms");
  for (const std::string_view name : {"replica.socket.timeout.ms", "replica.lag.time.max.ms"}) {
    const auto limit = config.number(name);
    if (wait && limit && *wait > *limit)
      return fmt::format("replica.fetch.wait.max.ms {} is above {} {}", *wait, name, *limit);
  }
  return std::nullopt;
}

Refusal quorum_named(const NodeConfig& config) {
  if (!config.list("controller.quorum.voters").empty() ||
      !config.list("controller.quorum.bootstrap.servers").empty())
    return std::nullopt;
  return "neither controller.quorum.bootstrap.servers nor controller.quorum.voters names a "
         "controller";
}

Refusal a_voter(const NodeConfig& config) {
  const auto ids = config.voter_ids();
  const sim::BrokerId self(static_cast<std::int32_t>(config.node_id()));
  if (ids.empty() || ids.contains(self)) return std::nullopt;
  return fmt::format("the id {} of this controller is not in controller.quorum.voters={}",
                     self.value(), config.text("controller.quorum.voters"));
}

Refusal not_a_voter(const NodeConfig& config) {
  const sim::BrokerId self(static_cast<std::int32_t>(config.node_id()));
  if (!config.voter_ids().contains(self)) return std::nullopt;
  return fmt::format("the id {} of this broker is in controller.quorum.voters={}", self.value(),
                     config.text("controller.quorum.voters"));
}

Refusal protocol_migrates(const NodeConfig& config) {
  if (at_least(config, "3.4-IV0")) return std::nullopt;
  return fmt::format("{} is {}", kProtocol, config.text(kProtocol));
}

Refusal protocol_knows_directories(const NodeConfig& config) {
  const auto dirs = config.log_dirs();
  if (dirs.size() < 2 || at_least(config, "3.7-IV2")) return std::nullopt;
  return fmt::format("there are {} log directories and {} is {}", dirs.size(), kProtocol,
                     config.text(kProtocol));
}

Refusal protocol_is_kraft(const NodeConfig& config) {
  if (!config.has(kProtocol) || at_least(config, "3.0-IV1")) return std::nullopt;
  return fmt::format("{} is {}", kProtocol, config.text(kProtocol));
}

Refusal sasl_mechanism(const NodeConfig& config) {
  const auto protocol = config.inter_broker_protocol();
  const auto listener = config.inter_broker_listener_name();
  if (!protocol || !listener || !protocol->starts_with("SASL_")) return std::nullopt;
  std::string own = fmt::format("listener.name.{}.sasl.enabled.mechanisms", *listener);
  std::ranges::transform(own, own.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  const std::string_view name =
      config.has(own) ? std::string_view(own) : std::string_view("sasl.enabled.mechanisms");
  const std::string mechanism = config.text("sasl.mechanism.inter.broker.protocol");
  if (std::ranges::count(config.list(name), mechanism) > 0) return std::nullopt;
  return fmt::format("{} is not in {}={}", mechanism, name, config.text(name));
}

Refusal queue_has_room(const NodeConfig& config) {
  const auto queued = config.number("queued.max.request.bytes");
  const auto most = config.number("socket.request.max.bytes");
  if (!queued || !most || *queued <= 0 || *queued >= *most) return std::nullopt;
  return fmt::format("queued.max.request.bytes {} is below socket.request.max.bytes {}", *queued,
                     *most);
}

Refusal connections_per_ip(const NodeConfig& config) {
  if (config.number("max.connections.per.ip") != 0 ||
      !config.text("max.connections.per.ip.overrides").empty())
    return std::nullopt;
  return "max.connections.per.ip is 0 and nothing overrides it";
}

Refusal failed_authentication(const NodeConfig& config) {
  const auto idle = config.number("connections.max.idle.ms");
  const auto delay = config.number("connection.failed.authentication.delay.ms");
  if (!idle || !delay || *idle < 0 || *delay < *idle) return std::nullopt;
  return fmt::format(
      "connection.failed.authentication.delay.ms {} is not below "
      "connections.max.idle.ms {}",
      *delay, *idle);
}

Refusal roles_once(const NodeConfig& config) {
  const auto roles = config.list("process.roles");
  if (std::set<std::string>(roles.begin(), roles.end()).size() == roles.size()) return std::nullopt;
  return fmt::format("process.roles is {}", config.text("process.roles"));
}

Refusal rebalance_protocols(const NodeConfig& config) {
  const auto protocols = config.list("group.coordinator.rebalance.protocols");
  if (std::ranges::count(protocols, "classic") == 0)
    return "group.coordinator.rebalance.protocols lacks classic";
  if (std::ranges::count(protocols, "consumer") > 0 && !config.in_kraft_mode())
    return "the rebalance protocol consumer needs KRaft mode";
  return std::nullopt;
}

Refusal voters_readable(const NodeConfig& config) {
  const auto voters = config.voters();
  return voters ? std::nullopt : Refusal(voters.error());
}

Refusal bootstrap_readable(const NodeConfig& config) {
  for (const std::string& each : config.list("controller.quorum.bootstrap.servers")) {
    if (!is_host_and_port(each)) return fmt::format("'{}' is not host:port", each);
  }
  return std::nullopt;
}

}  // namespace migrate::rules
