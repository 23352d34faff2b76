#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sim/core/core.h"
#include "sim/kernel/world.h"
#include "zk/client.h"
#include "zk/invariants.h"
#include "zk/notice.h"
#include "zk/server.h"

// A small world of ZooKeeper servers and clients for tests: built, faulted and looked at in a line
// each. Every notice and every event is checked against the ensemble's invariants.
namespace zk::bench {

using namespace sim::literals;

struct TestSubmit {
  static constexpr std::string_view kName = "test.Submit";
  CallId call;
  Request request;
  Watching watching = Watching::No;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("call", &TestSubmit::call), field("request", &TestSubmit::request),
                 field("watching", &TestSubmit::watching));
  }
};
struct TestClose {
  static constexpr std::string_view kName = "test.Close";
  static constexpr auto fields(auto&& visit) { return visit(); }
};

// A process that is nothing but a client and remembers what it was told.
class ClientNode {
 public:
  explicit ClientNode(ClientConfig config) : client(std::move(config)) {}
  sim::Effects step(sim::Instant now, sim::Input input, sim::Choices& choices) {
    sim::Effects effects;
    const ClientContext context{now, choices, effects, last_serial};
    if (const auto* const received = std::get_if<sim::Received>(&input);
        received != nullptr && received->from == sim::kOperator) {
      if (const auto* const submit = received->message.get_if<TestSubmit>()) {
        remember(client.submit(context, submit->call, submit->request, submit->watching));
      } else {
        remember(client.close(context));
      }
    } else if (std::holds_alternative<sim::Wake>(input) || client.owns(input)) {
      remember(client.handle(context, input));
    }
    return effects;
  }
  std::optional<sim::Instant> deadline() const { return client.deadline(); }
  void digest_into(sim::Digest& digest) const { client.digest_into(digest); }

  Client client;
  std::uint32_t last_serial = 0;
  std::vector<ClientEvent> events;  // all of them, in order
  std::map<CallId, Response> replies;

 private:
  void remember(std::vector<ClientEvent> more) {
    for (ClientEvent& event : more) {
      if (const auto* const reply = std::get_if<Reply>(&event))
        replies[reply->call] = reply->response;
      events.push_back(std::move(event));
    }
  }
};

struct BenchOptions {
  int servers = 3;
  std::uint64_t seed = 1;
  ServerBehaviour behaviour = {};
  std::map<int, sim::Durable> disks = {};  // by myid
  std::uint64_t snap_count = 100'000;
  std::size_t commit_log_count = 500;
  sim::Duration tick_time = ServerConfig{}.tick_time;
  sim::WorldOptions world = {};
};

class Bench : private sim::Observer {
 public:
  explicit Bench(const BenchOptions& options = {}) : world(options.seed, options.world) {
    for (int id = 1; id <= options.servers; ++id) {
      ensemble_.push_back({ServerId(id), sim::NodeId(static_cast<std::uint32_t>(id - 1))});
    }
    for (int id = 1; id <= options.servers; ++id) {
      ServerConfig config{.myid = ServerId(id), .ensemble = ensemble_};
      config.behaviour = options.behaviour;
      config.tick_time = options.tick_time;
      config.snap_count = options.snap_count;
      config.commit_log_count = options.commit_log_count;
      sim::NodeOptions node;
      if (const auto disk = options.disks.find(id); disk != options.disks.end())
        node.disk = disk->second;
      world.add<Server>(
          "zk-" + std::to_string(id),
          [config](sim::Instant, const sim::Durable& disk, sim::Incarnation) {
            return Server(config, disk);
          },
          std::move(node));
    }
  }

  // A client with a session, of a running ensemble.
  sim::NodeId add_client(std::string name, sim::Duration timeout = 6_s,
                         std::vector<int> servers = {}, std::string chroot = "") {
    run_until([&] { return all_serve(); }, 5_s);
    ClientConfig config{.self = sim::NodeId(static_cast<std::uint32_t>(world.node_count())),
                        .servers = {},
                        .session_timeout = timeout,
                        .chroot = std::move(chroot),
                        .identities = {}};
    for (const Peer& peer : ensemble_) {
      const bool wanted =
          servers.empty() || std::ranges::find(servers, peer.server.value()) != servers.end();
      if (wanted) config.servers.push_back(peer.node);
    }
    const sim::NodeId made = world.add<ClientNode>(
        std::move(name), [config](sim::Instant, const sim::Durable&, sim::Incarnation) {
          return ClientNode(config);
        });
    run_until([&] {
      const ClientNode* const node = world.core_if<ClientNode>(made);
      return node != nullptr && node->client.state() == SessionState::Connected;
    });
    return made;
  }

  void run(sim::Duration time) {
    world.run_until(world.now() + time, {.observers = {this}, .resolve = {}});
  }
  template <class Condition>
  bool run_until(Condition condition, sim::Duration limit = 60_s) {
    if (condition()) return true;
    return world.run_until(world.now() + limit, {.observers = {this}, .resolve = {}},
                           [&](const sim::World&) { return condition(); }) ==
           sim::StopReason::Condition;
  }
  void apply(const sim::Fault& fault) { world.apply(fault, {.observers = {this}, .resolve = {}}); }

  const Server* server(int id) const { return world.core_if<Server>(node(id)); }
  static sim::NodeId node(int id) { return sim::NodeId(static_cast<std::uint32_t>(id - 1)); }
  static std::string name(int id) { return "zk-" + std::to_string(id); }
  // The established leader, 0 if there is none.
  int leader() const {
    int found = 0;
    for (const Peer& peer : ensemble_) {
      const Server* const one = server(peer.server.value());
      if (one == nullptr || !one->is_established()) continue;
      if (found == 0 || one->epoch() > server(found)->epoch()) found = peer.server.value();
    }
    return found;
  }
  bool all_serve() const {
    return std::ranges::all_of(ensemble_, [&](const Peer& peer) {
      const Server* const one = server(peer.server.value());
      return one != nullptr && one->serves();
    });
  }
  bool all_serve_the_same() const {
    if (!all_serve() || leader() == 0) return false;
    const Server& first = *server(leader());
    if (first.leading()->outstanding() != 0) return false;
    return std::ranges::all_of(ensemble_, [&](const Peer& peer) {
      const Server& one = *server(peer.server.value());
      // A snapshot of a leader that has not written yet is named <epoch,0>: its receiver seems to
      // be ahead.
      return one.database().tree.same_content(first.database().tree) &&
             one.history().last_logged() >= first.history().last_logged();
    });
  }
  const ClientNode& client(sim::NodeId id) const { return world.core<ClientNode>(id); }

  CallId submit(sim::NodeId client, Request request, Watching watching = Watching::No) {
    const CallId call(++last_call_);
    world.poke(client, sim::Payload::of(TestSubmit{call, std::move(request), watching}));
    return call;
  }
  std::optional<Response> reply(sim::NodeId client, CallId call) const {
    const ClientNode* const node = world.core_if<ClientNode>(client);
    if (node == nullptr) return std::nullopt;
    const auto found = node->replies.find(call);
    return found == node->replies.end() ? std::nullopt : std::optional(found->second);
  }
  // Submits and waits for the answer.
  Response call(sim::NodeId client, Request request, Watching watching = Watching::No) {
    const CallId id = submit(client, std::move(request), watching);
    const bool answered = run_until([&] { return reply(client, id).has_value(); });
    sim::check(answered, "every call is answered within a minute");
    return *reply(client, id);
  }
  std::vector<WatchedEvent> watches_fired(sim::NodeId client_node) const {
    std::vector<WatchedEvent> fired;
    for (const ClientEvent& event : client(client_node).events) {
      if (const auto* const one = std::get_if<WatchFired>(&event)) fired.push_back(one->event);
    }
    return fired;
  }

  // Where everyone stands, for failures.
  std::string standing() const {
    std::string text;
    for (const Peer& peer : ensemble_) {
      const Server* const one = server(peer.server.value());
      text += name(peer.server.value()) + ": ";
      text += one == nullptr
                  ? std::string("down")
                  : fmt::format(
                        "{} {} of {} epoch {} logged {} processed {} serves {} vote {} tree {:x}",
                        name_of(one->state()), one->zab_state(), one->leader().value(),
                        one->epoch().value(), describe(one->history().last_logged()),
                        describe(one->history().last_processed()), one->serves(),
                        sim::describe_value(one->election().vote()), one->database().tree.digest());
      text += "\n";
    }
    for (const std::string& exit : exits) text += "exited: " + exit + "\n";
    return text;
  }
  // Everything at rest: every server serves the same. False after a minute.
  bool settle() {
    return run_until([&] { return all_serve_the_same(); }, 120_s);
  }

  template <class Notice>
  std::vector<Notice> notices() const {
    std::vector<Notice> found;
    for (const sim::Payload& notice : all_notices) {
      if (const auto* const one = notice.get_if<Notice>()) found.push_back(*one);
    }
    return found;
  }

  sim::World world;
  EnsembleMemory memory;
  Violations violations;
  std::vector<std::string> exits;
  std::vector<sim::Payload> all_notices;

 private:
  void on(const sim::Occurrence& occurrence, const sim::World&) override {
    if (occurrence.kind == sim::OccurrenceKind::Exited) exits.emplace_back(occurrence.text);
    if (occurrence.kind != sim::OccurrenceKind::Noticed) return;
    all_notices.push_back(*occurrence.payload);
    for (Violation& found : check_notice(*occurrence.payload, memory))
      violations.push_back(std::move(found));
  }
  void after_event(const sim::World& now) override {
    std::vector<const Server*> servers;
    for (const Peer& peer : ensemble_) servers.push_back(now.core_if<Server>(peer.node));
    if (violations.size() > 100) return;
    for (Violation& found : check_servers(servers)) violations.push_back(std::move(found));
  }

  std::vector<Peer> ensemble_;
  std::uint64_t last_call_ = 0;
};

}  // namespace zk::bench
