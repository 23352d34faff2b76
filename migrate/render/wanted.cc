#include "migrate/render/wanted.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "migrate/config/definitions.h"
#include "migrate/releases.h"

namespace migrate::wanted {
namespace {

constexpr std::string_view kAclAuthorizerClass = "kafka.security.authorizer.AclAuthorizer";
constexpr std::string_view kStandardAuthorizerClass =
    "org.apache.kafka.metadata.authorizer.StandardAuthorizer";
constexpr std::string_view kMapKey = "listener.security.protocol.map";

bool kraft(const Rendering& rendering) {
  return rendering.shape >= TargetShape::KRaftBroker;
}

Wanted of_known(const std::optional<std::string>& value) {
  return value ? Wanted::of(*value) : Wanted::leave();
}

// "3.9" of "3.9.1": the protocol version of a release.
std::optional<std::string> line_of(const NodeFacts* node) {
  if (node == nullptr || !node->software) return std::nullopt;
  const std::string& version = *node->software;
  const std::size_t dot = version.find('.');
  if (dot == std::string::npos) return std::nullopt;
  const std::string line = version.substr(0, version.find('.', dot + 1));
  // Confluent Platform counts otherwise, and a version unknown to Kafka 3.9 is none of ours.
  return migrate::protocol_version(line) ? std::optional(line) : std::nullopt;
}

// The pairs of a listener.security.protocol.map as they are written.
struct MapPair {
  std::string name;  // in capitals
  std::string text;  // "CONTROLLER:SSL"
};
std::vector<MapPair> pairs_of(std::string_view map) {
  std::vector<MapPair> pairs;
  for (std::string& pair : csv_list_of(map)) {
    const std::size_t colon = std::min(pair.rfind(':'), pair.size());
    pairs.push_back({in_capitals(trimmed(std::string_view(pair).substr(0, colon))), pair});
  }
  return pairs;
}
std::string map_of(const std::vector<MapPair>& pairs) {
  std::string text;
  for (const MapPair& pair : pairs) text += (text.empty() ? "" : ",") + pair.text;
  return text;
}

// What the node must know the security of.
std::map<std::string, std::string> listeners_needed(const Rendering& rendering) {
  std::map<std::string, std::string> needed = rendering.target.controller_protocols;
  if (!is_broker(rendering.shape) && rendering.target.inter_broker_listener)
    needed[*rendering.target.inter_broker_listener] = rendering.target.inter_broker_protocol;
  return needed;
}

// The pairs that the node's file of before had, by name. Empty where nobody gave that file.
std::map<std::string, std::string> pairs_of_before(const Rendering& rendering) {
  std::map<std::string, std::string> pairs;
  const auto id = id_of_node(rendering.now, rendering.node);
  const auto file = id ? rendering.target.before.find(*id) : rendering.target.before.end();
  if (file == rendering.target.before.end()) return pairs;
  for (const MapPair& pair : pairs_of(file->second.file().get(kMapKey).value_or("")))
    pairs.emplace(pair.name, pair.text);
  return pairs;
}

// Without the controllers' listeners, which only the migration needs, but for those that were there
// before it. What people have written themselves may look like Kafka's default; what we have
// written goes as a whole.
Wanted map_without_controllers(const Rendering& rendering) {
  const auto own = rendering.now.controller_listener_names();
  const auto before = pairs_of_before(rendering);
  auto pairs = pairs_of(rendering.now.text(kMapKey));
  for (MapPair& pair : pairs) {
    const auto was = before.find(pair.name);
    if (was != before.end()) pair.text = was->second;
  }
  std::set<std::string> used;
  for (const std::string& each : csv_list_of(rendering.now.text("listeners")))
    used.insert(in_capitals(std::string_view(each).substr(0, each.find(':'))));
  std::erase_if(pairs, [&](const MapPair& pair) {
    if (used.contains(pair.name) || before.contains(pair.name)) return false;
    return std::ranges::any_of(
        own, [&](const std::string& name) { return in_capitals(trimmed(name)) == pair.name; });
  });
  const std::string map = map_of(pairs);
  if (rendering.added && map == find_definition(kMapKey)->default_value) return Wanted::remove();
  return map == map_of(pairs_of(rendering.now.text(kMapKey))) ? Wanted::leave() : Wanted::of(map);
}

}  // namespace

Wanted role(const Rendering& rendering) {
  return Wanted::of(is_broker(rendering.shape) ? "broker" : "controller");
}

Wanted migration_flag(const Rendering& rendering) {
  return rendering.now.migration_enabled() ? Wanted::leave() : Wanted::of("true");
}

// ZooKeeper gives ids above reserved.broker.max.id; as a broker's own such an id is refused while
// ids are generated (KafkaConfig, K05).
Wanted generation(const Rendering& rendering) {
  const auto id = id_of_node(rendering.now, rendering.node);
  const auto most = rendering.now.number("reserved.broker.max.id");
  const bool generates = rendering.now.flag("broker.id.generation.enable");
  if (id && most && generates && *id > *most) return Wanted::of("false");
  if (!rendering.now.in_kraft_mode() || !id) return Wanted::leave();
  return of_known(rendering.target.remembered(*id, "broker.id.generation.enable").value);
}

Wanted protocol_version(const Rendering& rendering) {
  constexpr std::string_view kVersion = "inter.broker.protocol.version";
  const NodeConfig& now = rendering.now;
  if (rendering.target.protocol_version) return Wanted::of(*rendering.target.protocol_version);
  if (now.in_kraft_mode()) {
    const auto id = id_of_node(now, rendering.node);
    const Said before = id ? rendering.target.remembered(*id, kVersion) : Said{};
    if (before.by.empty() || before.differs)
      rendering.remark(RemarkKind::Question, kVersion,
                       "no file tells which inter.broker.protocol.version brokers had in "
                       "ZooKeeper mode",
                       "Say it with --protocol-version, or give the files of before with "
                       "--before.");
    return of_known(before.value);
  }
  // Before the migration begins it is raised to the software's (migration.md §1.2); once it has
  // begun it must not change (§6.5).
  const auto line = line_of(rendering.node);
  const auto is = migrate::protocol_version(now.text(kVersion));
  const bool may_change =
      rendering.shape == TargetShape::ZooKeeperBroker && !now.migration_enabled();
  if (!may_change || !line || !is || !now.has(kVersion) || *is >= *migrate::protocol_version(*line))
    return Wanted::leave();
  return Wanted::of(*line);
}

Wanted quorum_voters(const Rendering& rendering) {
  const bool by_servers = !rendering.now.list("controller.quorum.bootstrap.servers").empty() &&
                          !rendering.target.bootstrap_servers;
  return by_servers ? Wanted::leave() : of_known(rendering.target.quorum_voters);
}

Wanted bootstrap_servers(const Rendering& rendering) {
  return of_known(rendering.target.bootstrap_servers);
}

Wanted controller_listeners(const Rendering& rendering) {
  return of_known(rendering.target.controller_listeners);
}

// How one logs in to controllers; who does not know it would try GSSAPI.
Wanted controller_mechanism(const Rendering& rendering) {
  constexpr std::string_view kMechanism = "sasl.mechanism.controller.protocol";
  const auto is_sasl = [](const auto& each) { return each.second.starts_with("SASL_"); };
  if (std::ranges::none_of(rendering.target.controller_protocols, is_sasl) ||
      rendering.now.has(kMechanism))
    return Wanted::leave();
  for (const auto* files : {&rendering.target.existing_controllers, &rendering.target.brokers}) {
    for (const NodeConfig& file : *files) {
      if (const auto value = file.file().get(kMechanism)) return Wanted::of(*value);
    }
  }
  rendering.remark(RemarkKind::Question, kMechanism,
                   "the controllers' listener asks for SASL, and no file says by which mechanism",
                   "Set sasl.mechanism.controller.protocol and its JAAS configuration in one "
                   "broker's file, and render again.");
  return Wanted::leave();
}

Wanted protocol_map(const Rendering& rendering) {
  if (rendering.shape == TargetShape::ZooKeeperBroker)
    return rendering.now.has(kMapKey) ? map_without_controllers(rendering) : Wanted::leave();
  const auto known = rendering.now.protocol_map();
  if (!known) return Wanted::leave();  // the file's own error, which a rule names
  std::vector<MapPair> pairs = pairs_of(rendering.now.text(kMapKey));
  bool changed = false;
  for (const auto& [name, protocol] : listeners_needed(rendering)) {
    const auto found = known->find(name);
    if (found != known->end() && found->second == protocol) continue;
    changed = true;
    std::erase_if(pairs, [&](const MapPair& pair) { return pair.name == name; });
    pairs.push_back({name, fmt::format("{}:{}", name, protocol)});
  }
  return changed ? Wanted::of(map_of(pairs)) : Wanted::leave();
}

// Controllers dial brokers in ZooKeeper mode at this listener (KAFKA-15670, C04).
Wanted inter_broker_listener(const Rendering& rendering) {
  const auto& theirs = rendering.target.inter_broker_listener;
  const auto own = rendering.now.inter_broker_listener_name();
  if (!theirs || (own && *own == *theirs)) return Wanted::leave();
  return Wanted::of(*theirs);
}

// Beside inter.broker.listener.name it is refused.
Wanted inter_broker_security(const Rendering& rendering) {
  return inter_broker_listener(rendering).kind == Wanted::Kind::Value ? Wanted::remove()
                                                                      : Wanted::leave();
}

Wanted authorizer(const Rendering& rendering) {
  constexpr std::string_view kAuthorizer = "authorizer.class.name";
  std::string is = rendering.now.text(kAuthorizer);
  const bool missing = is.empty() && !is_broker(rendering.shape);
  if (missing) {
    const Said brokers = rendering.target.brokers_say(kAuthorizer);
    // In the middle of a roll brokers have both, and each of the two means the other.
    const auto standard =
        std::ranges::any_of(rendering.target.brokers, [&](const NodeConfig& broker) {
          const std::string theirs = broker.text(kAuthorizer);
          return theirs == kAclAuthorizerClass || theirs == kStandardAuthorizerClass;
        });
    is = standard ? std::string(kStandardAuthorizerClass) : brokers.value.value_or("");
    if (brokers.differs && !standard)
      rendering.remark(RemarkKind::Question, kAuthorizer, "brokers have different authorizers",
                       "Set the controllers' in their files.");
  }
  if (is == kAclAuthorizerClass && kraft(rendering)) is = kStandardAuthorizerClass;
  if (is == kStandardAuthorizerClass && !kraft(rendering)) is = kAclAuthorizerClass;
  if (!is.empty() && kraft(rendering) && is != kStandardAuthorizerClass)
    rendering.remark(RemarkKind::Note, kAuthorizer,
                     fmt::format("{} is not Kafka's own: it must work in KRaft mode too", is), "");
  return is == rendering.now.text(kAuthorizer) ? Wanted::leave() : Wanted::of(is);
}

// Confluent's role bindings lie in ZooKeeper's ACLs or in KRaft's (C08).
Wanted rule_providers(const Rendering& rendering) {
  constexpr std::string_view kProviders = "confluent.authorizer.access.rule.providers";
  if (!rendering.now.has(kProviders)) return Wanted::leave();
  auto providers = rendering.now.list(kProviders);
  std::ranges::replace(providers, kraft(rendering) ? "ZK_ACL" : "KRAFT_ACL",
                       kraft(rendering) ? "KRAFT_ACL" : "ZK_ACL");
  if (providers == rendering.now.list(kProviders)) return Wanted::leave();
  return Wanted::of(fmt::format("{}", fmt::join(providers, ",")));
}

Wanted super_users(const Rendering& rendering) {
  const std::vector<std::string>& all = rendering.target.super_users;
  if (all.empty() || std::ranges::is_permutation(all, rendering.now.super_users()))
    return Wanted::leave();
  return Wanted::of(fmt::format("{}", fmt::join(all, ";")));
}

}  // namespace migrate::wanted
