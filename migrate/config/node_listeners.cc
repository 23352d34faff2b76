#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "migrate/config/definitions.h"
#include "migrate/config/node_config.h"

// Listeners, as KafkaConfig derives them from five configs (KafkaConfig, CoreUtils,
// SocketServerConfigs of 3.9).
namespace migrate {
namespace {

constexpr std::string_view kHostCharacters =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-%._:";
constexpr std::string_view kDigits = "0123456789";

bool is_protocol(std::string_view name) {
  return name == "PLAINTEXT" || name == "SSL" || name == "SASL_PLAINTEXT" || name == "SASL_SSL";
}

// "host:port", the host possibly in brackets; the port may be negative where Kafka says so.
std::optional<std::pair<std::string, std::int64_t>> host_and_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (port.find_first_not_of(kDigits, port.starts_with('-') ? 1 : 0) != std::string_view::npos)
    return std::nullopt;
  if (host.starts_with('[')) host.remove_prefix(1);
  if (host.ends_with(']')) host.remove_suffix(1);
  const auto number = integer_of(port);
  if (!number || host.find_first_not_of(kHostCharacters) != std::string_view::npos)
    return std::nullopt;
  return std::pair{std::string(host), *number};
}

// The groups of listeners that claim one port, which only an IPv4 and an IPv6 address may.
bool is_ipv6(const std::string& host) {
  return host.find(':') != std::string::npos;
}
bool is_ipv4(const std::string& host) {
  return !host.empty() && host.find_first_not_of("0123456789.") == std::string::npos;
}
bool may_share(const std::vector<const Listener*>& sharing) {
  return sharing.size() == 2 && ((is_ipv4(sharing[0]->host) && is_ipv6(sharing[1]->host)) ||
                                 (is_ipv6(sharing[0]->host) && is_ipv4(sharing[1]->host)));
}

std::optional<std::string> why_clashing(const std::vector<Listener>& listeners) {
  std::map<std::int64_t, std::vector<const Listener*>> by_port;
  for (const Listener& each : listeners) {
    if (each.port != 0) by_port[each.port].push_back(&each);
  }
  for (const auto& [port, sharing] : by_port) {
    if (sharing.size() > 1 && !may_share(sharing))
      return fmt::format("{} and {} both have port {}", sharing[0]->name, sharing[1]->name, port);
  }
  return std::nullopt;
}

}  // namespace

bool is_host_and_port(std::string_view text) {
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos)
    text.remove_prefix(scheme + 3);
  const auto parsed = host_and_port(text);
  return parsed && parsed->second >= 0;
}

std::vector<std::string> NodeConfig::controller_listener_names() const {
  std::vector<std::string> names;
  std::string value = text("controller.listener.names");
  // String.split: not even blanks are taken away; empty parts at the end are.
  while (value.ends_with(',')) value.pop_back();
  for (std::size_t at = 0; !value.empty();) {
    const std::size_t comma = value.find(',', at);
    names.push_back(value.substr(at, comma - at));
    if (comma == std::string::npos) break;
    at = comma + 1;
  }
  return names;
}

ReadConfig<std::map<std::string, std::string>> NodeConfig::protocol_map() const {
  std::map<std::string, std::string> protocols;
  for (const std::string& pair : list_of(text("listener.security.protocol.map"))) {
    const std::size_t colon = pair.rfind(':');
    if (colon == std::string::npos)
      return std::unexpected(fmt::format("'{}' is no pair NAME:PROTOCOL", pair));
    const std::string_view name = trimmed(std::string_view(pair).substr(0, colon));
    const std::string protocol = in_capitals(trimmed(std::string_view(pair).substr(colon + 1)));
    if (name.empty()) return std::unexpected(fmt::format("'{}' names no listener", pair));
    if (!is_protocol(protocol))
      return std::unexpected(fmt::format("'{}' is no security protocol", protocol));
    protocols[in_capitals(name)] = protocol;
  }
  if (!in_kraft_mode() || has("listener.security.protocol.map")) return protocols;
  // By default a controller's listener is PLAINTEXT, unless anything secure is in use.
  const auto secure = [](std::string_view name) {
    return name != "PLAINTEXT" && is_protocol(name);
  };
  std::vector<std::string> all = controller_listener_names();
  for (const std::string& each : csv_list_of(text("listeners")))
    all.push_back(in_capitals(std::string_view(each).substr(0, each.find(':'))));
  if (std::ranges::any_of(all, secure)) return protocols;
  for (const std::string& name : controller_listener_names()) {
    if (name != "PLAINTEXT") protocols[name] = "PLAINTEXT";
  }
  return protocols;
}

ReadConfig<std::vector<Listener>> NodeConfig::endpoints(std::string_view name,
                                                        bool distinct_ports) const {
  const auto protocols = protocol_map();
  if (!protocols) return std::unexpected(protocols.error());
  std::vector<Listener> listeners;
  for (const std::string& entry : csv_list_of(text(name))) {
    const std::size_t scheme = entry.rfind("://");
    const auto address = scheme == std::string::npos
                             ? std::nullopt
                             : host_and_port(std::string_view(entry).substr(scheme + 3));
    if (!address) return std::unexpected(fmt::format("'{}' is not NAME://host:port", entry));
    Listener listener{.name = in_capitals(entry.substr(0, scheme)),
                      .protocol = "",
                      .host = address->first,
                      .port = address->second};
    const auto protocol = protocols->find(listener.name);
    if (protocol == protocols->end()) {
      return std::unexpected(
          fmt::format("listener.security.protocol.map does not name {}", listener.name));
    }
    listener.protocol = protocol->second;
    const bool twice = std::ranges::count(listeners, listener.name, &Listener::name) > 0;
    if (twice) return std::unexpected(fmt::format("{} is named twice", listener.name));
    listeners.push_back(std::move(listener));
  }
  if (distinct_ports) {
    if (const auto why = why_clashing(listeners)) return std::unexpected(*why);
  }
  return listeners;
}

ReadConfig<std::vector<Listener>> NodeConfig::listeners() const {
  return endpoints("listeners", true);
}

ReadConfig<std::vector<Listener>> NodeConfig::advertised_listeners() const {
  return value("advertised.listeners") ? endpoints("advertised.listeners", false) : listeners();
}

ReadConfig<std::vector<Listener>> NodeConfig::advertised_broker_listeners() const {
  auto all = advertised_listeners();
  if (!all) return all;
  const auto controllers = controller_listener_names();
  const auto control_plane = control_plane_listener_name();
  std::erase_if(*all, [&](const Listener& each) {
    // KAFKA-17788: while migrating, the control plane's listener is advertised even if it is a
    // controller's, too.
    const bool kept = migration_enabled() && control_plane && *control_plane == each.name;
    return std::ranges::count(controllers, each.name) > 0 && !kept;
  });
  return all;
}

ReadConfig<std::vector<Listener>> NodeConfig::advertised_controller_listeners() const {
  const auto advertised = advertised_listeners();
  if (!advertised) return advertised;
  const auto own = listeners();
  if (!own) return own;
  const auto names = controller_listener_names();
  std::vector<Listener> result;
  for (const std::string& name : names) {
    for (const auto* from : {&*advertised, &*own}) {
      const auto found = std::ranges::find_if(*from, [&](const Listener& each) {
        return each.name == in_capitals(name) && std::ranges::count(names, each.name) > 0;
      });
      if (found == from->end()) continue;
      result.push_back(*found);
      break;
    }
  }
  return result;
}

ReadConfig<std::string> NodeConfig::inter_broker_listener_name() const {
  if (const auto name = value("inter.broker.listener.name")) {
    if (has("security.inter.broker.protocol"))
      return std::unexpected("only one of it and security.inter.broker.protocol may be set");
    return in_capitals(*name);
  }
  return in_capitals(text("security.inter.broker.protocol"));
}

ReadConfig<std::string> NodeConfig::inter_broker_protocol() const {
  const auto name = inter_broker_listener_name();
  if (!name || !value("inter.broker.listener.name")) return name;
  const auto protocols = protocol_map();
  if (!protocols) return std::unexpected(protocols.error());
  const auto found = protocols->find(*name);
  if (found == protocols->end())
    return std::unexpected(fmt::format("listener.security.protocol.map does not name {}", *name));
  return found->second;
}

ReadConfig<std::optional<std::string>> NodeConfig::control_plane_listener_name() const {
  const auto name = value("control.plane.listener.name");
  if (!name) return std::nullopt;
  const auto protocols = protocol_map();
  if (!protocols) return std::unexpected(protocols.error());
  const std::string capitals = in_capitals(*name);
  if (!protocols->contains(capitals)) {
    return std::unexpected(
        fmt::format("listener.security.protocol.map does not name {}", capitals));
  }
  return capitals;
}

ReadConfig<std::vector<Voter>> NodeConfig::voters() const {
  std::vector<Voter> voters;
  for (const std::string& entry : list("controller.quorum.voters")) {
    const std::size_t at = entry.find('@');
    const auto id = integer_of(std::string_view(entry).substr(0, at));
    if (at == std::string::npos || !id || !is_host_and_port(entry.substr(at + 1)))
      return std::unexpected(fmt::format("'{}' is not id@host:port", entry));
    voters.push_back(
        {.id = sim::BrokerId(static_cast<std::int32_t>(*id)), .endpoint = entry.substr(at + 1)});
  }
  return voters;
}

std::set<sim::BrokerId> NodeConfig::voter_ids() const {
  std::set<sim::BrokerId> ids;
  for (const Voter& voter : voters().value_or(std::vector<Voter>{})) ids.insert(voter.id);
  return ids;
}

}  // namespace migrate
