#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/live/ensemble.h"
#include "sim/base/check.h"
#include "tests/contracts/live_port.h"
#include "tests/contracts/port.h"
#include "tests/contracts/simulated_port.h"
#include "tests/zk/server_bench.h"
#include "zk/gateway.h"

// A real server, and the simulated client: a world whose ensemble is a zk::Gateway, run beside the clock.
namespace contracts {

// The world and what stands outside of it; shared with the sessions, which outlive the ensemble in some tests.
class GatewayWorld {
 public:
  explicit GatewayWorld(std::string hosts)
      : ensemble_({.hosts = std::move(hosts)}, kDoor, [](const std::string&) {}) {
    world.add<zk::Gateway>("ensemble", [](sim::Instant, const sim::Durable&, sim::Incarnation) {
      return zk::Gateway(kDoor);
    });
  }
  sim::NodeId add_client(const SessionOptions& options) {
    const zk::ClientConfig config{
        .self = sim::NodeId(static_cast<std::uint32_t>(world.node_count())),
        .servers = {kDoor},
        .session_timeout = duration_of(options.timeout),
        .chroot = options.chroot,
        .identities = {}};
    const sim::NodeId made = world.add<zk::bench::ClientNode>(
        "client-" + std::to_string(world.node_count()),
        [config](sim::Instant, const sim::Durable&, sim::Incarnation) {
          return zk::bench::ClientNode(config);
        });
    const bool connected = run_until([&] {
      const auto* const node = world.core_if<zk::bench::ClientNode>(made);
      return node != nullptr && node->client.state() == zk::SessionState::Connected;
    });
    sim::check(connected, "a session stands within a minute");
    return made;
  }
  const zk::bench::ClientNode& client(sim::NodeId node) const {
    return world.core<zk::bench::ClientNode>(node);
  }
  // False if it does not hold in time.
  bool run_until(const std::function<bool()>& condition,
                 std::chrono::milliseconds limit = std::chrono::minutes(1)) {
    const auto end = Clock::now() + limit;
    while (!condition()) {
      if (Clock::now() > end) return false;
      const auto elapsed =
          std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - began_);
      world.run_until(sim::Instant(elapsed.count()), {.observers = {&ensemble_}, .resolve = {}});
      if (!ensemble_.deliver(world)) ensemble_.wait(std::chrono::milliseconds(1));
    }
    return true;
  }

  sim::World world{1};

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr sim::NodeId kDoor{0};
  scenarios::live::LiveEnsemble ensemble_;
  Clock::time_point began_ = Clock::now();
};

class GatewaySession : public Session {
 public:
  GatewaySession(std::shared_ptr<GatewayWorld> world, sim::NodeId node)
      : world_(std::move(world)), node_(node) {}

  zk::CallId submit(zk::Request request, zk::Watching watching) override {
    const zk::CallId call(++last_call_);
    world_->world.poke(node_,
                       sim::Payload::of(zk::bench::TestSubmit{call, std::move(request), watching}));
    return call;
  }
  zk::Response wait(zk::CallId call) override {
    const bool answered =
        world_->run_until([&] { return world_->client(node_).replies.contains(call); });
    sim::check(answered, "every call is answered within a minute");
    return world_->client(node_).replies.at(call);
  }
  std::vector<zk::WatchedEvent> fired(std::size_t at_least) override {
    world_->run_until([&] { return all_fired().size() >= taken_ + at_least; });
    std::vector<zk::WatchedEvent> all = all_fired();
    all.erase(all.begin(),
              all.begin() + static_cast<std::ptrdiff_t>(std::exchange(taken_, all.size())));
    return all;
  }
  zk::SessionId id() const override { return world_->client(node_).client.session(); }
  void close() override {
    const auto sessions = [&] {
      return world_->world.core<zk::Gateway>(sim::NodeId(0)).sessions();
    };
    const std::size_t before = sessions();
    world_->world.poke(node_, sim::Payload::of(zk::bench::TestClose{}));
    world_->run_until([&] { return sessions() < before; });
  }

 private:
  std::vector<zk::WatchedEvent> all_fired() const {
    std::vector<zk::WatchedEvent> all;
    for (const zk::ClientEvent& event : world_->client(node_).events) {
      if (const auto* const one = std::get_if<zk::WatchFired>(&event)) all.push_back(one->event);
    }
    return all;
  }

  std::shared_ptr<GatewayWorld> world_;
  sim::NodeId node_;
  std::uint64_t last_call_ = 0;
  std::size_t taken_ = 0;
};

class GatewayEnsemble : public Ensemble {
 public:
  std::unique_ptr<Session> session(SessionOptions options) override {
    return std::make_unique<GatewaySession>(world_, world_->add_client(options));
  }
  void silence() override { relay_.block(); }
  void speak() override { relay_.unblock(); }
  void pass(std::chrono::milliseconds time) override {
    world_->run_until([] { return false; }, time);
  }

 private:
  tests::Relay relay_{LiveServer::instance().server().port()};
  std::shared_ptr<GatewayWorld> world_ = std::make_shared<GatewayWorld>(relay_.address());
};

}  // namespace contracts
