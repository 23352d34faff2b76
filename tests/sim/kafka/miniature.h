#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/core/core.h"

namespace sim {

// A world in miniature for tests of single machines: processes, connections with a constant delay,
// and files. No losses but those that a test asks for; the kernel proper is for the whole.
class Miniature {
 public:
  struct Process {
    virtual ~Process() = default;
    virtual Effects step(Instant at, Input input, Choices& draws) = 0;
    virtual std::optional<Instant> deadline() const = 0;
  };
  template <class C>
  struct Hosting final : Process {
    explicit Hosting(C hosted) : core(std::move(hosted)) {}
    Effects step(Instant at, Input input, Choices& draws) override {
      return core.step(at, std::move(input), draws);
    }
    std::optional<Instant> deadline() const override { return core.deadline(); }
    C core;
  };

  explicit Miniature(std::uint64_t seed = 1) : choices(seed) {}

  template <class C>
  C& add(NodeId node, C core) {
    auto hosting = std::make_unique<Hosting<C>>(std::move(core));
    C& at = hosting->core;
    processes_[node] = std::move(hosting);
    ++lives_[node];
    queue_.emplace(now, Event{node, lives_[node], Wake{}});
    return at;
  }
  // Process crash: connections break, what it wrote stays.
  void kill(NodeId node) {
    processes_.erase(node);
    ++lives_[node];
    for (auto it = open_.begin(); it != open_.end();) {
      if (it->second.first != node && it->second.second != node) {
        ++it;
        continue;
      }
      const NodeId other = it->second.first == node ? it->second.second : it->second.first;
      post(other, sim::Disconnected{it->first, node});
      it = open_.erase(it);
    }
  }
  bool running(NodeId node) const { return processes_.contains(node); }
  // Cuts both ways between two nodes, or heals.
  void cut(NodeId a, NodeId b) {
    cuts_.insert(std::minmax(a, b));
    for (auto it = open_.begin(); it != open_.end();) {
      if (std::minmax(it->second.first, it->second.second) != std::minmax(a, b)) {
        ++it;
        continue;
      }
      post(a, sim::Disconnected{it->first, b});
      post(b, sim::Disconnected{it->first, a});
      it = open_.erase(it);
    }
  }
  void heal(NodeId a, NodeId b) { cuts_.erase(std::minmax(a, b)); }

  void run_for(Duration duration) { run_until(now + duration); }
  void run_until(Instant end) {
    while (true) {
      Instant next = queue_.empty() ? Instant::never() : queue_.begin()->first;
      NodeId sleeper{};
      bool wake = false;
      for (const auto& [node, process] : processes_) {
        const auto due = process->deadline();
        if (!due || std::max(*due, now) >= next) continue;
        next = std::max(*due, now);
        sleeper = node;
        wake = true;
      }
      if (next > end) break;
      check(++steps < 5'000'000, "a miniature world comes to rest");
      now = next;
      if (wake) {
        deliver({sleeper, lives_[sleeper], Wake{}});
      } else {
        const Event event = std::move(queue_.begin()->second);
        queue_.erase(queue_.begin());
        deliver(event);
      }
    }
    now = end;
  }
  // Hands a message to a node as if the operator had sent it.
  void post(NodeId node, Input input) {
    queue_.emplace(now + delay, Event{node, lives_[node], std::move(input)});
  }

  Instant now;
  Duration delay{1'000'000};
  Choices choices;
  std::vector<Payload> notices;
  std::function<void(const Payload&)> on_notice;
  std::map<NodeId, std::map<File, std::vector<Payload>>> files;
  std::uint64_t steps = 0;

  Durable durable(NodeId node) const {
    Durable kept;
    const auto found = files.find(node);
    if (found == files.end()) return kept;
    for (const auto& [file, entries] : found->second) kept.files[file] = {.entries = entries};
    return kept;
  }
  template <class T>
  std::vector<T> noticed() const {
    std::vector<T> found;
    for (const Payload& notice : notices) {
      if (const T* value = notice.get_if<T>()) found.push_back(*value);
    }
    return found;
  }

 private:
  struct Event {
    NodeId node{};
    std::uint64_t life = 0;
    Input input;
  };
  void deliver(const Event& event) {
    const auto process = processes_.find(event.node);
    if (process == processes_.end() || lives_[event.node] != event.life) return;
    if (const auto* received = std::get_if<Received>(&event.input)) {
      if (received->over != kDatagram && !open_.contains(received->over)) return;
    }
    perform(event.node, process->second->step(now, event.input, choices));
  }
  void perform(NodeId self, Effects effects) {
    for (Effect& effect : effects) {
      if (auto* send = std::get_if<Send>(&effect)) {
        if (send->over != kDatagram && !open_.contains(send->over)) continue;
        if (cuts_.contains(std::minmax(self, send->to))) continue;
        const Duration travel = send->to == self ? Duration{} : delay;
        queue_.emplace(now + travel, Event{send->to, lives_[send->to],
                                           Received{self, send->over, std::move(send->message)}});
      } else if (auto* notify = std::get_if<Notify>(&effect)) {
        notices.push_back(notify->notice);
        if (on_notice) on_notice(notices.back());
      } else if (auto* append = std::get_if<Append>(&effect)) {
        files[self][append->file].push_back(std::move(append->entry));
      } else if (auto* replace = std::get_if<Replace>(&effect)) {
        files[self][replace->file] = {std::move(replace->content)};
      } else if (auto* connect = std::get_if<Connect>(&effect)) {
        if (!running(connect->to) || cuts_.contains(std::minmax(self, connect->to))) {
          post(self, sim::Disconnected{connect->connection, connect->to});
          continue;
        }
        open_[connect->connection] = {self, connect->to};
        post(connect->to, Connected{connect->connection, self});
        post(self, Connected{connect->connection, connect->to});
      } else if (auto* disconnect = std::get_if<sim::Disconnect>(&effect)) {
        const auto open = open_.find(disconnect->connection);
        if (open == open_.end()) continue;
        const NodeId other = open->second.first == self ? open->second.second : open->second.first;
        post(other, sim::Disconnected{open->first, self});
        open_.erase(open);
      }
    }
  }

  std::map<NodeId, std::unique_ptr<Process>> processes_;
  std::map<NodeId, std::uint64_t> lives_;
  std::multimap<Instant, Event> queue_;
  std::map<ConnectionId, std::pair<NodeId, NodeId>> open_;
  std::set<std::pair<NodeId, NodeId>> cuts_;
};

}  // namespace sim
