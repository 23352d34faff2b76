#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/check.h"
#include "tests/contracts/port.h"
#include "tests/zk/server_bench.h"

// Three simulated servers, and the simulated client.
namespace contracts {

inline sim::Duration duration_of(std::chrono::milliseconds time) {
  return sim::Duration(time.count() * 1'000'000);
}

class SimulatedSession : public Session {
 public:
  SimulatedSession(std::shared_ptr<zk::bench::Bench> bench, sim::NodeId node)
      : bench_(std::move(bench)), node_(node) {}

  zk::CallId submit(zk::Request request, zk::Watching watching) override {
    return bench_->submit(node_, std::move(request), watching);
  }
  zk::Response wait(zk::CallId call) override {
    const bool answered = bench_->run_until([&] { return bench_->reply(node_, call).has_value(); });
    sim::check(answered, "every call is answered within a minute");
    return *bench_->reply(node_, call);
  }
  std::vector<zk::WatchedEvent> fired(std::size_t at_least) override {
    bench_->run_until([&] { return bench_->watches_fired(node_).size() >= taken_ + at_least; });
    std::vector<zk::WatchedEvent> all = bench_->watches_fired(node_);
    all.erase(all.begin(),
              all.begin() + static_cast<std::ptrdiff_t>(std::exchange(taken_, all.size())));
    return all;
  }
  zk::SessionId id() const override { return bench_->client(node_).client.session(); }
  void close() override {
    const zk::SessionId session = id();
    bench_->world.poke(node_, sim::Payload::of(zk::bench::TestClose{}));
    bench_->run_until([&] {
      const zk::Server* const leader = bench_->server(bench_->leader());
      return leader != nullptr && !leader->database().session_timeouts_ms.contains(session);
    });
  }

 private:
  std::shared_ptr<zk::bench::Bench> bench_;
  sim::NodeId node_;
  std::size_t taken_ = 0;
};

class SimulatedEnsemble : public Ensemble {
 public:
  std::unique_ptr<Session> session(SessionOptions options) override {
    const std::string name = "client-" + std::to_string(++sessions_);
    const sim::NodeId node =
        bench_->add_client(name, duration_of(options.timeout), {}, std::move(options.chroot));
    return std::make_unique<SimulatedSession>(bench_, node);
  }
  void silence() override { bench_->apply(sim::Isolate{"zk-1,zk-2,zk-3"}); }
  void speak() override { bench_->apply(sim::Heal{}); }
  void pass(std::chrono::milliseconds time) override { bench_->run(duration_of(time)); }

 private:
  // As the live server's: sessions of less than twice a tick are not granted.
  std::shared_ptr<zk::bench::Bench> bench_ = std::make_shared<zk::bench::Bench>(
      zk::bench::BenchOptions{.tick_time = sim::Duration(200'000'000)});
  int sessions_ = 0;
};

}  // namespace contracts
