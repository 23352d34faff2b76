#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "sim/base/check.h"
#include "tests/contracts/port.h"
#include "tests/support/relay.h"
#include "tests/support/zookeeper_server.h"
#include "zk/live/client.h"

// A real server, and the C client.
namespace contracts {

class LiveSession : public Session {
 public:
  explicit LiveSession(zk::live::Client client)
      : client_(std::move(client)), id_(client_.session()) {}

  zk::CallId submit(zk::Request request, zk::Watching watching) override {
    const zk::CallId call(++last_call_);
    client_.submit(call, std::move(request), watching);
    return call;
  }
  zk::Response wait(zk::CallId call) override {
    while (!replies_.contains(call))
      sim::check(receive(), "every call is answered within a minute");
    return replies_.at(call);
  }
  std::vector<zk::WatchedEvent> fired(std::size_t at_least) override {
    while (fired_.size() < at_least && receive()) {
    }
    return std::exchange(fired_, {});
  }
  zk::SessionId id() const override { return id_; }
  void close() override { client_.close(); }

 private:
  bool receive() {
    const auto event = client_.next(std::chrono::minutes(1));
    if (!event) return false;
    if (const auto* const reply = std::get_if<zk::Reply>(&*event))
      replies_[reply->call] = reply->response;
    if (const auto* const watch = std::get_if<zk::WatchFired>(&*event))
      fired_.push_back(watch->event);
    return true;
  }

  zk::live::Client client_;
  zk::SessionId id_;
  std::uint64_t last_call_ = 0;
  std::map<zk::CallId, zk::Response> replies_;
  std::vector<zk::WatchedEvent> fired_;
};

// One server for all tests of the process: to start one takes seconds.
class LiveServer {
 public:
  static LiveServer& instance() {
    static LiveServer server;
    return server;
  }
  const tests::ZooKeeperServer& server() const { return *server_; }

 private:
  LiveServer() {
    std::filesystem::remove_all(folder_);
    const tests::ZooKeeperServer::Options options{
        .class_path = "", .more_config = "tickTime=200\nmaxSessionTimeout=60000\n"};
    server_ = std::make_unique<tests::ZooKeeperServer>(folder_, options);
  }
  ~LiveServer() {
    server_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("zk2kraft-contracts-" + std::to_string(::getpid()));
  std::unique_ptr<tests::ZooKeeperServer> server_;
};

class LiveEnsemble : public Ensemble {
 public:
  std::unique_ptr<Session> session(SessionOptions options) override {
    auto client = zk::live::Client::open({.hosts = relay_.address(),
                                          .chroot = options.chroot,
                                          .digest_auth = std::nullopt,
                                          .session_timeout = options.timeout});
    sim::check(client.has_value(), client ? "" : sim::describe(client.error()));
    return std::make_unique<LiveSession>(*std::move(client));
  }
  void silence() override { relay_.block(); }
  void speak() override { relay_.unblock(); }
  void pass(std::chrono::milliseconds time) override { std::this_thread::sleep_for(time); }

 private:
  tests::Relay relay_{LiveServer::instance().server().port()};
};

}  // namespace contracts
