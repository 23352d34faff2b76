#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "migrate/config/config_reference.h"
#include "sim/base/problem.h"
#include "sim/base/properties.h"
#include "sim/kafka/ids.h"

// The configuration of one node: what is in force when Kafka 3.9 starts with this
// server.properties, defaults and derived values included, and where each value stands.
namespace migrate {

// What a process with this configuration is. The four of a migration, and combined mode, which no
// migration passes through.
enum class NodeShape : std::uint8_t {
  ZooKeeperBroker,  // no process.roles, no migration flag
  MigratingBroker,  // no process.roles, zookeeper.metadata.migration.enable=true
  KRaftBroker,      // process.roles=broker
  Controller,       // process.roles=controller
  Combined,         // process.roles=broker,controller
};
std::string_view name_of(NodeShape shape);  // "migrating broker"

struct Listener {
  std::string name;      // in capitals, as Kafka compares names
  std::string protocol;  // "SASL_SSL"
  std::string host;      // empty: any address
  std::int64_t port = 0;
  bool operator==(const Listener&) const = default;
};

struct Voter {
  sim::BrokerId id;
  std::string endpoint;  // "host:port"
  bool operator==(const Voter&) const = default;
};

// What Kafka would not read, as a sentence without the config's name.
template <class T>
using ReadConfig = std::expected<T, std::string>;

class NodeConfig {
 public:
  // What a process is told besides its file. Without it the file alone counts.
  struct CommandLine {
    sim::PropertiesFile overrides;  // --override: wins over the file (kafka.Kafka.getPropsFromArgs)
    sim::PropertiesFile system;     // -D: stands in for ZooKeeper's TLS where nothing else says it
  };
  explicit NodeConfig(sim::PropertiesFile file) : NodeConfig(std::move(file), CommandLine()) {}
  NodeConfig(sim::PropertiesFile file, CommandLine command_line);

  const sim::PropertiesFile& file() const { return file_; }
  const sim::PropertiesFile& overrides() const { return command_line_.overrides; }
  // A dynamic config that is in force on the node (dynamic.h); `source` says where it stands. It
  // wins over the file. The last one of a name counts.
  void set_dynamic(const std::string& name, std::string value, std::string source);
  bool has_dynamic() const { return !dynamic_.empty(); }
  std::vector<std::string> dynamic_names() const;
  // What the process starts with. Dynamic configs come after Kafka's validation.
  NodeConfig at_start() const { return NodeConfig(file_, command_line_); }
  NodeShape shape() const;
  bool is_broker() const { return shape() != NodeShape::Controller; }
  bool in_kraft_mode() const;      // process.roles is set
  bool migration_enabled() const;  // the flag, in whatever shape
  // node.id or broker.id, each standing in for the other (KafkaConfig.populateSynonyms); -1:
  // neither.
  std::int64_t node_id() const;

  // ── Single values ─────────────────────────────────────────────────────────────────────────────

  // Whether somebody has set it: the file has the key (or its synonym, of the two ids), or it is
  // dynamic.
  bool has(std::string_view name) const;
  // What is in force, trimmed: dynamic, of the file, or the default. Nothing: null, or unknown to
  // Kafka and set nowhere.
  std::optional<std::string> value(std::string_view name) const;
  // The same with null for empty.
  std::string text(std::string_view name) const { return value(name).value_or(""); }
  bool flag(std::string_view name) const;  // false for what is no boolean
  std::optional<std::int64_t> number(std::string_view name) const;
  std::vector<std::string> list(std::string_view name) const;
  // super.users, between semicolons; each once, in their order (StandardAuthorizer, AclAuthorizer).
  std::vector<std::string> super_users() const;
  // File and line of the value in force, or where a dynamic one stands; the file alone where it is
  // a default.
  sim::Place place_of(std::string_view name) const;
  // Whether the value depends on what only the node itself can look up: it holds a reference to a
  // provider that the file configures (config.providers).
  bool is_unresolved(std::string_view name) const;

  // ── What Kafka derives ────────────────────────────────────────────────────────────────────────

  std::vector<std::string> log_dirs() const;  // log.dirs, or else log.dir
  std::string metadata_log_dir() const;       // metadata.log.dir, or else the first of them
  std::vector<std::string> controller_listener_names() const;
  // listener.security.protocol.map, with what KRaft mode adds to the default.
  ReadConfig<std::map<std::string, std::string>> protocol_map() const;
  ReadConfig<std::vector<Listener>> listeners() const;
  ReadConfig<std::vector<Listener>> advertised_listeners() const;  // or else the listeners
  // Those that brokers and clients, resp. controllers, are told of.
  ReadConfig<std::vector<Listener>> advertised_broker_listeners() const;
  ReadConfig<std::vector<Listener>> advertised_controller_listeners() const;
  ReadConfig<std::string> inter_broker_listener_name() const;
  ReadConfig<std::string> inter_broker_protocol() const;
  ReadConfig<std::optional<std::string>> control_plane_listener_name() const;
  ReadConfig<std::vector<Voter>> voters() const;  // controller.quorum.voters, in its order
  std::set<sim::BrokerId> voter_ids() const;      // empty where they cannot be read
  bool has_static_quorum() const { return !voter_ids().empty(); }
  // Of zookeeper.connect: "a:2181,b:2181" sorted, and the chroot, "" for none.
  struct ZooKeeperAddress {
    std::set<std::string> servers;
    std::string chroot;
    bool operator==(const ZooKeeperAddress&) const = default;
  };
  std::optional<ZooKeeperAddress> zookeeper() const;

 private:
  struct Entry {
    const sim::PropertiesFile* file = nullptr;
    const sim::PropertiesFile::Element* element = nullptr;  // null: there is none
  };
  Entry entry(std::string_view name) const;
  ReadConfig<std::vector<Listener>> endpoints(std::string_view name, bool distinct_ports) const;

  struct Dynamic {
    std::string value;
    std::string source;
  };
  const Dynamic* dynamic(std::string_view name) const;

  sim::PropertiesFile file_;
  CommandLine command_line_;
  std::set<std::string> providers_;
  std::map<std::string, Dynamic, std::less<>> dynamic_;
};

// "A,B:3000" as a host and port in any way that Kafka accepts: "[::1]:9093", "host:9093".
bool is_host_and_port(std::string_view text);
std::string in_capitals(std::string_view text);

}  // namespace migrate
