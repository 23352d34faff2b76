#include "migrate/config/node_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include "migrate/config/definitions.h"
#include "sim/base/check.h"

namespace migrate {
namespace {

// Each of the two stands in for the other where that is absent.
std::string_view synonym_of(std::string_view name) {
  if (name == "node.id") return "broker.id";
  if (name == "broker.id") return "node.id";
  return {};
}

// The system property that KafkaConfig looks at where ZooKeeper's TLS is not configured
// (ZkConfigs.ZK_SSL_CONFIG_TO_SYSTEM_PROPERTY_MAP). The one of host names says the opposite of its
// config, and is left out.
std::string_view system_property_of(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> kProperties[]{
      {"zookeeper.ssl.client.enable", "zookeeper.client.secure"},
      {"zookeeper.clientCnxnSocket", "zookeeper.clientCnxnSocket"},
      {"zookeeper.ssl.keystore.location", "zookeeper.ssl.keyStore.location"},
      {"zookeeper.ssl.keystore.password", "zookeeper.ssl.keyStore.password"},
      {"zookeeper.ssl.keystore.type", "zookeeper.ssl.keyStore.type"},
      {"zookeeper.ssl.truststore.location", "zookeeper.ssl.trustStore.location"},
      {"zookeeper.ssl.truststore.password", "zookeeper.ssl.trustStore.password"},
      {"zookeeper.ssl.truststore.type", "zookeeper.ssl.trustStore.type"},
      {"zookeeper.ssl.protocol", "zookeeper.ssl.protocol"},
      {"zookeeper.ssl.enabled.protocols", "zookeeper.ssl.enabledProtocols"},
      {"zookeeper.ssl.cipher.suites", "zookeeper.ssl.ciphersuites"},
      {"zookeeper.ssl.crl.enable", "zookeeper.ssl.crl"},
      {"zookeeper.ssl.ocsp.enable", "zookeeper.ssl.ocsp"}};
  for (const auto& [config, property] : kProperties) {
    if (config == name) return property;
  }
  return {};
}

bool is_true(std::string_view text) {
  return in_capitals(trimmed(text)) == "TRUE";
}

}  // namespace

std::string in_capitals(std::string_view text) {
  std::string capitals(text);
  for (char& c : capitals) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return capitals;
}

std::string_view name_of(NodeShape shape) {
  switch (shape) {
    case NodeShape::ZooKeeperBroker:
      return "ZooKeeper broker";
    case NodeShape::MigratingBroker:
      return "migrating broker";
    case NodeShape::KRaftBroker:
      return "KRaft broker";
    case NodeShape::Controller:
      return "controller";
    case NodeShape::Combined:
      return "combined broker and controller";
  }
  sim::unreachable("a node has one of these shapes");
}

NodeConfig::NodeConfig(sim::PropertiesFile file, CommandLine command_line)
    : file_(std::move(file)), command_line_(std::move(command_line)) {
  for (std::string& name : list("config.providers")) providers_.insert(std::move(name));
}

NodeShape NodeConfig::shape() const {
  const auto roles = list("process.roles");
  const bool broker = std::ranges::count(roles, "broker") > 0;
  const bool controller = std::ranges::count(roles, "controller") > 0;
  if (broker && controller) return NodeShape::Combined;
  if (controller) return NodeShape::Controller;
  if (broker) return NodeShape::KRaftBroker;
  return migration_enabled() ? NodeShape::MigratingBroker : NodeShape::ZooKeeperBroker;
}

bool NodeConfig::in_kraft_mode() const {
  return !list("process.roles").empty();
}

bool NodeConfig::migration_enabled() const {
  return flag("zookeeper.metadata.migration.enable");
}

std::int64_t NodeConfig::node_id() const {
  return number("node.id").value_or(-1);
}

NodeConfig::Entry NodeConfig::entry(std::string_view name) const {
  for (const std::string_view each : {name, synonym_of(name)}) {
    if (each.empty()) continue;
    for (const sim::PropertiesFile* file : {&command_line_.overrides, &file_}) {
      if (const auto* element = file->find(each)) return {file, element};
    }
  }
  const sim::PropertiesFile* const system = &command_line_.system;
  if (const std::string_view property = system_property_of(name); !property.empty()) {
    if (const auto* element = system->find(property)) return {system, element};
  }
  return {};
}

void NodeConfig::set_dynamic(const std::string& name, std::string value, std::string source) {
  dynamic_[name] = {std::move(value), std::move(source)};
}

std::vector<std::string> NodeConfig::dynamic_names() const {
  std::vector<std::string> names;
  for (const auto& [name, each] : dynamic_) names.push_back(name);
  return names;
}

const NodeConfig::Dynamic* NodeConfig::dynamic(std::string_view name) const {
  const auto found = dynamic_.find(name);
  return found == dynamic_.end() ? nullptr : &found->second;
}

bool NodeConfig::has(std::string_view name) const {
  return dynamic(name) != nullptr || entry(name).element != nullptr;
}

std::optional<std::string> NodeConfig::value(std::string_view name) const {
  if (const Dynamic* found = dynamic(name)) return std::string(trimmed(found->value));
  if (const auto* found = entry(name).element) return std::string(trimmed(found->value));
  const ConfigDefinition* definition = find_definition(name);
  if (definition == nullptr || definition->default_value == nullptr) return std::nullopt;
  return definition->default_value;
}

bool NodeConfig::flag(std::string_view name) const {
  return is_true(text(name));
}

std::optional<std::int64_t> NodeConfig::number(std::string_view name) const {
  return integer_of(text(name));
}

std::vector<std::string> NodeConfig::list(std::string_view name) const {
  return list_of(text(name));
}

std::vector<std::string> NodeConfig::super_users() const {
  std::vector<std::string> users;
  const std::string text = this->text("super.users");
  for (const auto part : std::views::split(std::string_view(text), ';')) {
    const std::string user(trimmed(std::string_view(part)));
    if (!user.empty() && std::ranges::find(users, user) == users.end()) users.push_back(user);
  }
  return users;
}

sim::Place NodeConfig::place_of(std::string_view name) const {
  if (const Dynamic* found = dynamic(name)) return {.source = found->source};
  const auto [file, element] = entry(name);
  if (element == nullptr) return {.source = file_.source()};
  return {.source = file->source(), .line = element->line};
}

bool NodeConfig::is_unresolved(std::string_view name) const {
  const Dynamic* overriding = dynamic(name);
  const auto* found = entry(name).element;
  if (overriding == nullptr && found == nullptr) return false;
  const std::string& text = overriding != nullptr ? overriding->value : found->value;
  return std::ranges::any_of(references_in(text), [&](const ConfigReference& reference) {
    return providers_.contains(reference.provider);
  });
}

std::vector<std::string> NodeConfig::log_dirs() const {
  return csv_list_of(value("log.dirs").value_or(text("log.dir")));
}

std::string NodeConfig::metadata_log_dir() const {
  if (const auto own = value("metadata.log.dir")) return *own;
  const auto dirs = log_dirs();
  return dirs.empty() ? "" : dirs.front();
}

std::optional<NodeConfig::ZooKeeperAddress> NodeConfig::zookeeper() const {
  const auto connect = value("zookeeper.connect");
  if (!connect) return std::nullopt;
  ZooKeeperAddress address;
  const std::size_t slash = std::min(connect->find('/'), connect->size());
  address.chroot = connect->substr(slash);
  while (address.chroot.ends_with('/')) address.chroot.pop_back();
  for (std::string& server : csv_list_of(connect->substr(0, slash))) {
    // ZooKeeper's ConnectStringParser: 2181 where none is said.
    const bool has_port =
        server.find(':', server.rfind(']') == std::string::npos ? 0 : server.rfind(']')) !=
        std::string::npos;
    address.servers.insert(has_port ? std::move(server) : server + ":2181");
  }
  return address;
}

}  // namespace migrate
