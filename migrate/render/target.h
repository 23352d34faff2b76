#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/check/facts.h"
#include "migrate/config/node_config.h"
#include "migrate/plan/layout.h"

// What all nodes of a cluster must agree on before one of their files can be rendered: found in the
// files of those that have it, or said by a person; never guessed.
namespace migrate {

enum class RemarkKind : std::uint8_t {
  Note,      // worth knowing
  Question,  // nobody can decide it but a person; the rendered file leaves it open
  Problem,   // the rendered file would be refused, or do harm
};
std::string_view name_of(RemarkKind kind);  // "question"

struct Remark {
  RemarkKind kind = RemarkKind::Note;
  std::string node;    // "broker-1"; empty: the cluster
  std::string key;     // of the config; may be empty
  std::string what;    // a sentence
  std::string remedy;  // a sentence; may be empty
  bool operator==(const Remark&) const = default;
};

// What a person says.
struct RenderOptions {
  std::vector<Voter> controllers;  // the quorum to be
  struct ListenerName {
    std::string name;
    std::string protocol;
  };
  std::optional<ListenerName> controller_listener;
  std::string controller_log_dir = "/var/lib/kafka/metadata";
  std::optional<std::string> protocol_version;  // inter.broker.protocol.version in ZooKeeper mode
  // The cluster's files as they were in ZooKeeper mode: what a way back restores.
  const ClusterFacts* before = nullptr;
};

// What several files say of one config.
struct Said {
  std::optional<std::string> value;  // what they agree on; nothing: they do not, or none has it
  bool differs = false;
  std::string by;  // "broker-1/server.properties", the first that has it
};

struct RenderTarget {
  // ── The quorum ────────────────────────────────────────────────────────────────────────────────
  std::vector<Voter> controllers;                           // as far as anybody names them
  std::optional<std::string> quorum_voters;                 // controller.quorum.voters
  std::optional<std::string> bootstrap_servers;             // controller.quorum.bootstrap.servers
  std::optional<std::string> controller_listeners;          // controller.listener.names
  std::map<std::string, std::string> controller_protocols;  // of each of them
  std::string controller_log_dir;                           // of controllers made anew
  bool controllers_are_asked_for = false;  // a person named them: those without a file are made

  // ── What brokers have, for controllers ────────────────────────────────────────────────────────
  std::optional<std::string> inter_broker_listener;
  std::string inter_broker_protocol;
  std::vector<std::string> super_users;  // of all nodes that authorize, together

  // ── What is looked up ─────────────────────────────────────────────────────────────────────────
  std::vector<NodeConfig> brokers;  // their files, without dynamic configs
  std::vector<NodeConfig> existing_controllers;
  std::map<std::int64_t, NodeConfig> before;  // brokers in ZooKeeper mode, by id
  std::optional<std::string> protocol_version;

  // What the brokers' files say: as it stands there, or what is in force, defaults included.
  Said brokers_say(std::string_view key) const;
  Said in_force_on_brokers(std::string_view key) const;
  // What a broker in ZooKeeper mode had of a config that KRaft mode takes away: by its own file of
  // before, or else by the files of those that are in ZooKeeper mode, or else, of ZooKeeper's
  // address and secrets, by the controllers'. Nothing known: no value and `by` empty.
  Said remembered(std::int64_t broker, std::string_view key) const;
  std::vector<std::string> keys_remembered(std::int64_t broker) const;
};

struct TargetFound {
  RenderTarget target;
  std::vector<Remark> remarks;
};
// Requires files of brokers for most of it; what is missing is asked for where it matters.
TargetFound find_target(const ClusterFacts& facts, const RenderOptions& options);

// "CONTROLLER:SASL_SSL". The sentence says what is wrong.
std::expected<RenderOptions::ListenerName, std::string> parse_controller_listener(
    std::string_view text);

}  // namespace migrate
