#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "migrate/config/definitions.h"
#include "migrate/config/validation_rules.h"

// Rules about listeners. Kafka compares a listener's name, which it puts into capitals, with the
// words of controller.listener.names as they stand.
namespace migrate::rules {
namespace {

bool is_named(const std::vector<Listener>& listeners, const std::string& name) {
  return std::ranges::count(listeners, name, &Listener::name) > 0;
}

constexpr const char* kNames = "controller.listener.names";

}  // namespace

Refusal no_control_plane(const NodeConfig& config) {
  const auto name = config.value("control.plane.listener.name");
  if (!name) return std::nullopt;
  return fmt::format("control.plane.listener.name is {}, which KRaft mode does not know", *name);
}

Refusal controller_listener_named(const NodeConfig& config) {
  if (!config.controller_listener_names().empty()) return std::nullopt;
  return "controller.listener.names is empty";
}

Refusal no_controller_listener_named(const NodeConfig& config) {
  if (config.controller_listener_names().empty()) return std::nullopt;
  return fmt::format(
      "controller.listener.names is {} on a broker in ZooKeeper mode whose migration flag is off",
      config.text(kNames));
}

Refusal no_controller_listener(const NodeConfig& config) {
  const auto listeners = config.listeners();
  if (!listeners) return std::nullopt;
  for (const std::string& name : config.controller_listener_names()) {
    if (is_named(*listeners, name))
      return fmt::format("listeners has {}, which controller.listener.names gives to controllers",
                         name);
  }
  return std::nullopt;
}

Refusal controller_protocols_known(const NodeConfig& config) {
  const auto protocols = config.protocol_map();
  if (!protocols) return std::nullopt;
  for (const std::string& name : config.controller_listener_names()) {
    if (!protocols->contains(in_capitals(name)))
      return fmt::format("listener.security.protocol.map does not name {}", name);
  }
  return std::nullopt;
}

Refusal only_controller_listeners(const NodeConfig& config) {
  const auto listeners = config.listeners();
  const auto controllers = config.advertised_controller_listeners();
  if (!listeners || !controllers || listeners->size() == controllers->size()) return std::nullopt;
  return fmt::format("listeners has {} names, and {} of them are controllers'", listeners->size(),
                     controllers->size());
}

Refusal has_controller_listener(const NodeConfig& config) {
  const auto controllers = config.advertised_controller_listeners();
  if (!controllers || !controllers->empty()) return std::nullopt;
  return fmt::format("controller.listener.names={} names none of listeners={}", config.text(kNames),
                     config.text("listeners"));
}

Refusal controller_listeners_listed(const NodeConfig& config) {
  const auto listeners = config.listeners();
  if (!listeners) return std::nullopt;
  for (const std::string& name : config.controller_listener_names()) {
    if (!is_named(*listeners, name))
      return fmt::format("{} is not in listeners={}", name, config.text("listeners"));
  }
  return std::nullopt;
}

Refusal advertises(const NodeConfig& config) {
  const auto advertised = config.advertised_broker_listeners();
  if (!advertised || !advertised->empty()) return std::nullopt;
  return "no listener is left for clients and brokers";
}

Refusal inter_broker_advertised(const NodeConfig& config) {
  const auto name = config.inter_broker_listener_name();
  const auto advertised = config.advertised_broker_listeners();
  if (!name || !advertised || is_named(*advertised, *name)) return std::nullopt;
  return fmt::format("brokers are to use the listener {}, which is not advertised", *name);
}

Refusal advertised_listened(const NodeConfig& config) {
  const auto listeners = config.listeners();
  const auto advertised = config.advertised_broker_listeners();
  if (!listeners || !advertised) return std::nullopt;
  for (const Listener& each : *advertised) {
    if (!is_named(*listeners, each.name))
      return fmt::format("{} is advertised and not in listeners={}", each.name,
                         config.text("listeners"));
  }
  return std::nullopt;
}

Refusal routable(const NodeConfig& config) {
  for (const auto& advertised :
       {config.advertised_broker_listeners(), config.advertised_controller_listeners()}) {
    if (!advertised) continue;
    for (const Listener& each : *advertised) {
      if (each.host == "0.0.0.0")
        return fmt::format("{} would be advertised as 0.0.0.0, which nobody can reach", each.name);
    }
  }
  return std::nullopt;
}

Refusal control_plane(const NodeConfig& config) {
  if (!config.value("control.plane.listener.name")) return std::nullopt;
  const auto name = config.control_plane_listener_name();
  if (!name) return name.error();
  const auto advertised = config.advertised_broker_listeners();
  if (!advertised) return std::nullopt;
  if (!is_named(*advertised, **name))
    return fmt::format("control.plane.listener.name {} is not advertised", **name);
  const auto between = config.inter_broker_listener_name();
  if (between && *between == **name)
    return fmt::format("control.plane.listener.name and the inter-broker listener are both {}",
                       **name);
  return std::nullopt;
}

Refusal listeners_readable(const NodeConfig& config) {
  const auto listeners = config.listeners();
  return listeners ? std::nullopt : Refusal(listeners.error());
}

Refusal advertised_readable(const NodeConfig& config) {
  if (!config.value("advertised.listeners")) return std::nullopt;
  const auto listeners = config.advertised_listeners();
  return listeners ? std::nullopt : Refusal(listeners.error());
}

Refusal inter_broker_found(const NodeConfig& config) {
  const auto protocol = config.inter_broker_protocol();
  return protocol ? std::nullopt : Refusal(protocol.error());
}

Refusal early_start(const NodeConfig& config) {
  const auto listeners = config.listeners();
  if (!listeners || !config.value("early.start.listeners")) return std::nullopt;
  for (const std::string& name : csv_list_of(config.text("early.start.listeners"))) {
    if (!is_named(*listeners, name)) return fmt::format("{} is not in listeners", name);
  }
  return std::nullopt;
}

}  // namespace migrate::rules
