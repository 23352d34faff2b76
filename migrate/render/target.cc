#include "migrate/render/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "migrate/config/definitions.h"
#include "sim/base/check.h"

namespace migrate {
namespace {

constexpr std::string_view kVoters = "controller.quorum.voters";
constexpr std::string_view kBootstrap = "controller.quorum.bootstrap.servers";
constexpr std::string_view kControllerListeners = "controller.listener.names";

// What all that have the key say. `read` gives a file's value, or nothing.
template <class Read>
Said said_by(const std::vector<const NodeConfig*>& files, Read read) {
  Said said;
  for (const NodeConfig* file : files) {
    const std::optional<std::string> value = read(*file);
    if (!value) continue;
    if (said.by.empty()) {
      said.by = file->file().source();
      said.value = value;
    } else if (said.value != value) {
      said.differs = true;
    }
  }
  if (said.differs) said.value.reset();
  return said;
}

std::vector<const NodeConfig*> pointers_to(const std::vector<NodeConfig>& files) {
  std::vector<const NodeConfig*> pointers;
  for (const NodeConfig& file : files) pointers.push_back(&file);
  return pointers;
}

std::vector<const NodeConfig*> in_zookeeper_mode(const std::vector<NodeConfig>& brokers) {
  std::vector<const NodeConfig*> files;
  for (const NodeConfig& broker : brokers) {
    if (!broker.in_kraft_mode()) files.push_back(&broker);
  }
  return files;
}

// What controllers have as brokers in ZooKeeper mode had it.
bool is_shared_with_controllers(std::string_view key) {
  return key.starts_with("zookeeper.") && !key.starts_with("zookeeper.metadata.migration.");
}

class TargetFinder {
 public:
  TargetFinder(const ClusterFacts& facts, const RenderOptions& options)
      : facts_(facts), options_(options) {}

  TargetFound find() && {
    gather_files();
    find_quorum();
    find_listeners();
    find_inter_broker();
    find_super_users();
    target_.controller_log_dir = options_.controller_log_dir;
    target_.protocol_version = options_.protocol_version;
    return std::move(found_);
  }

 private:
  void ask(RemarkKind kind, std::string_view key, std::string what, std::string remedy) {
    found_.remarks.push_back({kind, "", std::string(key), std::move(what), std::move(remedy)});
  }

  void gather_files() {
    for (const NodeFacts& node : facts_.nodes) {
      if (!node.config) continue;
      auto& files = node.is_controller() ? target_.existing_controllers : target_.brokers;
      files.push_back(node.config->at_start());
    }
    if (options_.before == nullptr) return;
    for (const NodeFacts& node : options_.before->nodes) {
      if (node.config && node.is_broker() && !node.config->in_kraft_mode())
        target_.before.emplace(id_by(node), node.config->at_start());
    }
  }

  static std::int64_t id_by(const NodeFacts& node) {
    if (node.config->node_id() >= 0) return node.config->node_id();
    for (const LogDirectory& directory : node.log_directories) {
      if (directory.node_id) return directory.node_id->value();
    }
    return -1;
  }

  // Controllers are asked first: theirs is the quorum that runs.
  Said quorum_says(std::string_view key) const {
    const auto read = [&](const NodeConfig& file) {
      const auto value = file.value(key);
      return value && !value->empty() ? value : std::nullopt;
    };
    const Said theirs = said_by(pointers_to(target_.existing_controllers), read);
    if (!theirs.by.empty()) return theirs;
    return said_by(pointers_to(target_.brokers), read);
  }

  void find_quorum() {
    for (const std::string_view key : {kVoters, kBootstrap}) {
      const Said said = quorum_says(key);
      if (said.differs)
        ask(RemarkKind::Problem, key, fmt::format("files disagree about {}", key),
            "Make them the same on every controller first.");
      (key == kVoters ? target_.quorum_voters : target_.bootstrap_servers) = said.value;
    }
    if (target_.quorum_voters) read_voters(*target_.quorum_voters);
    if (!options_.controllers.empty()) take_controllers();
    if (!target_.quorum_voters && !target_.bootstrap_servers)
      ask(RemarkKind::Question, kVoters, "no file names the controllers",
          "Name them: --controllers 3000@HOST:9093,3001@HOST:9093,3002@HOST:9093.");
  }

  void read_voters(const std::string& text) {
    auto voters = parse_controllers(text);
    if (voters)
      target_.controllers = *std::move(voters);
    else if (references_in(text).empty())
      ask(RemarkKind::Problem, kVoters, voters.error(), "");
  }

  void take_controllers() {
    std::string voters;
    for (const Voter& each : options_.controllers)
      voters += fmt::format("{}{}@{}", voters.empty() ? "" : ",", each.id.value(), each.endpoint);
    const bool other = target_.quorum_voters && target_.controllers != options_.controllers;
    if (other || (target_.bootstrap_servers && !target_.quorum_voters)) {
      ask(RemarkKind::Problem, kVoters,
          fmt::format("--controllers is {}, and the files' quorum is {}", voters,
                      target_.quorum_voters.value_or(target_.bootstrap_servers.value_or(""))),
          "A quorum does not change during a migration: leave --controllers out.");
      return;
    }
    target_.controllers = options_.controllers;
    target_.quorum_voters = voters;
    target_.controllers_are_asked_for = true;
  }

  void find_listeners() {
    const Said said = quorum_says(kControllerListeners);
    if (said.differs)
      ask(RemarkKind::Problem, kControllerListeners,
          "files disagree about controller.listener.names", "Make them the same first.");
    if (said.value) {
      target_.controller_listeners = said.value;
      for (const std::string& name : list_of(*said.value)) find_protocol(in_capitals(name));
      return;
    }
    if (!options_.controller_listener) {
      ask(RemarkKind::Question, kControllerListeners, "no file names the controllers' listener",
          "Name it with its security: --controller-listener "
          "CONTROLLER:PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL.");
      return;
    }
    target_.controller_listeners = options_.controller_listener->name;
    target_.controller_protocols[in_capitals(options_.controller_listener->name)] =
        options_.controller_listener->protocol;
  }

  void find_protocol(const std::string& listener) {
    const auto read = [&](const NodeConfig& file) -> std::optional<std::string> {
      const auto map = file.protocol_map();
      if (!map || !map->contains(listener)) return std::nullopt;
      return map->at(listener);
    };
    Said said = said_by(pointers_to(target_.existing_controllers), read);
    if (said.by.empty()) said = said_by(pointers_to(target_.brokers), read);
    if (said.value)
      target_.controller_protocols[listener] = *said.value;
    else if (options_.controller_listener)
      target_.controller_protocols[listener] = options_.controller_listener->protocol;
    else
      ask(RemarkKind::Question, "listener.security.protocol.map",
          fmt::format(
              "no file says, or files disagree, how the controllers' listener {} is secured",
              listener),
          fmt::format("Say it: --controller-listener {}:PROTOCOL.", listener));
  }

  void find_inter_broker() {
    std::set<std::string> names;
    std::set<std::string> protocols;
    for (const NodeConfig& broker : target_.brokers) {
      const auto name = broker.inter_broker_listener_name();
      const auto protocol = broker.inter_broker_protocol();
      if (name && protocol) {
        names.insert(*name);
        protocols.insert(*protocol);
      }
    }
    if (names.size() > 1 || protocols.size() > 1)
      return ask(RemarkKind::Problem, "inter.broker.listener.name",
                 "brokers disagree about their inter-broker listener: controllers dial them all by "
                 "one name",
                 "Make it the same on all brokers first.");
    if (names.empty()) return;
    target_.inter_broker_listener = *names.begin();
    target_.inter_broker_protocol = *protocols.begin();
  }

  // Nodes talk to each other as super users: each must know those of the other side (C09).
  void find_super_users() {
    std::vector<std::string> users;
    bool authorizes = false;
    for (const auto* files : {&target_.brokers, &target_.existing_controllers}) {
      for (const NodeConfig& file : *files) {
        if (file.text("authorizer.class.name").empty()) continue;
        authorizes = true;
        for (const std::string& user : file.super_users()) {
          if (std::ranges::find(users, user) == users.end()) users.push_back(user);
        }
      }
    }
    if (authorizes) target_.super_users = std::move(users);
  }

  const ClusterFacts& facts_;
  const RenderOptions& options_;
  TargetFound found_;
  RenderTarget& target_ = found_.target;
};

}  // namespace

std::string_view name_of(RemarkKind kind) {
  switch (kind) {
    case RemarkKind::Note:
      return "note";
    case RemarkKind::Question:
      return "question";
    case RemarkKind::Problem:
      return "problem";
  }
  sim::unreachable("a remark is one of these");
}

Said RenderTarget::brokers_say(std::string_view key) const {
  return said_by(pointers_to(brokers),
                 [&](const NodeConfig& file) { return file.file().get(key); });
}

Said RenderTarget::in_force_on_brokers(std::string_view key) const {
  return said_by(pointers_to(brokers), [&](const NodeConfig& file) { return file.value(key); });
}

Said RenderTarget::remembered(std::int64_t broker, std::string_view key) const {
  if (const auto own = before.find(broker); own != before.end())
    return {.value = own->second.file().get(key), .by = own->second.file().source()};
  const auto read = [&](const NodeConfig& file) { return file.file().get(key); };
  const auto peers = in_zookeeper_mode(brokers);
  if (!peers.empty()) {
    Said said = said_by(peers, read);
    if (said.by.empty()) said.by = peers.front()->file().source();
    return said;
  }
  if (!is_shared_with_controllers(key)) return {};
  return said_by(pointers_to(existing_controllers), read);
}

std::vector<std::string> RenderTarget::keys_remembered(std::int64_t broker) const {
  std::set<std::string> keys;
  const auto take = [&](const NodeConfig& file) {
    for (std::string& key : file.file().keys()) keys.insert(std::move(key));
  };
  const auto peers = in_zookeeper_mode(brokers);
  if (const auto own = before.find(broker); own != before.end())
    take(own->second);
  else if (!peers.empty())
    std::ranges::for_each(peers, [&](const NodeConfig* peer) { take(*peer); });
  else
    std::ranges::for_each(existing_controllers, take);
  return {keys.begin(), keys.end()};
}

TargetFound find_target(const ClusterFacts& facts, const RenderOptions& options) {
  return TargetFinder(facts, options).find();
}

std::expected<RenderOptions::ListenerName, std::string> parse_controller_listener(
    std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  RenderOptions::ListenerName listener{std::string(text.substr(0, colon)),
                                       in_capitals(text.substr(std::min(colon + 1, text.size())))};
  constexpr std::array<std::string_view, 4> kProtocols{"PLAINTEXT", "SSL", "SASL_PLAINTEXT",
                                                       "SASL_SSL"};
  if (listener.name.empty() || std::ranges::find(kProtocols, listener.protocol) == kProtocols.end())
    return std::unexpected(
        fmt::format("'{}' is not NAME:PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL", text));
  return listener;
}

}  // namespace migrate
