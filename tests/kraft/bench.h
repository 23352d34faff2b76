#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "sim/base/choices.h"
#include "sim/base/match.h"
#include "sim/core/core.h"

// A workbench for cores: a few processes, datagrams with delay and cuts, disks with a durable part, lanes
// that a Sync holds back. Deliberately naive; the kernel is the real thing, this is what protocol tests
// need to be small.
namespace kraft::test {

template <class Core>
class Bench {
 public:
  // The last one says which of the node's lives begins, from 1.
  using Make = std::function<Core(sim::NodeId, sim::Instant, const sim::Durable&, std::uint32_t)>;
  Bench(std::size_t nodes, std::uint64_t seed, Make make) : choices_(seed), make_(std::move(make)) {
    for (std::uint32_t i = 0; i < nodes; ++i) {
      nodes_.push_back({});
      start(i);
    }
  }

  sim::Instant now() const { return now_; }
  sim::Choices& choices() { return choices_; }
  bool alive(std::size_t node) const { return nodes_[node].core.has_value(); }
  std::size_t size() const { return nodes_.size(); }
  Core& core(std::size_t node) { return *nodes_[node].core; }
  const Core& core(std::size_t node) const { return *nodes_[node].core; }
  const sim::Durable& disk(std::size_t node) const { return nodes_[node].durable; }
  const std::vector<std::pair<sim::NodeId, sim::Payload>>& notices() const { return notices_; }
  template <class Notice>
  const Notice* last_notice() const {
    for (auto at = notices_.rbegin(); at != notices_.rend(); ++at) {
      if (const auto* found = at->second.template get_if<Notice>()) return found;
    }
    return nullptr;
  }
  template <class Notice>
  std::size_t count() const {
    std::size_t n = 0;
    for (const auto& [node, notice] : notices_) n += notice.template get_if<Notice>() != nullptr;
    return n;
  }
  std::vector<std::string> exits() const { return exits_; }

  // Called after every event.
  std::function<void()> after_each = [] {};
  sim::Duration delay{1'000'000};
  sim::Duration jitter{2'000'000};
  sim::Duration fsync{3'000'000};
  // What was sent to the operator.
  std::vector<sim::Payload> operator_inbox;
  // Percent of messages lost.
  std::uint64_t loss = 0;

  void start(std::size_t i) {
    Node& node = nodes_[i];
    node.cache = node.durable;
    ++node.life;
    node.core.emplace(
        make_(sim::NodeId(static_cast<std::uint32_t>(i)), now_, node.durable, ++node.starts));
    node.lanes.clear();
  }
  // A machine crash: what was not synced is gone.
  void crash(std::size_t i) {
    nodes_[i].core.reset();
    ++nodes_[i].life;
  }
  // A process crash: the page cache survives.
  void kill(std::size_t i) {
    crash(i);
    nodes_[i].durable = nodes_[i].cache;
  }
  void lose_disk(std::size_t i) { nodes_[i].durable = {}; }
  void cut(std::size_t from, std::size_t to) { cuts_.insert({from, to}); }
  void isolate(std::size_t i) {
    for (std::size_t j = 0; j < nodes_.size(); ++j) {
      if (j == i) continue;
      cut(i, j);
      cut(j, i);
    }
  }
  void heal() { cuts_.clear(); }

  // Lets a test act on a core as the process around it would.
  template <class Act>
  void act(std::size_t i, Act&& action) {
    sim::Effects effects;
    action(*nodes_[i].core, effects);
    perform(i, effects);
  }
  void send(std::size_t to, sim::Payload message) {
    post(now_, to, nodes_[to].life, sim::kOperator, std::move(message));
  }

  void run_for(sim::Duration span) {
    run_until(now_ + span, [] { return false; });
  }
  // True if `done` came true by `limit`.
  bool run_until(sim::Instant limit, const std::function<bool()>& done) {
    while (!done()) {
      sim::Instant at = events_.empty() ? sim::Instant::never() : events_.begin()->first;
      std::optional<std::size_t> waking;
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (!alive(i)) continue;
        const auto deadline = std::max(now_, core(i).deadline().value_or(sim::Instant::never()));
        if (deadline < at) {
          at = deadline;
          waking = i;
        }
      }
      if (at > limit) {
        now_ = std::max(now_, limit);
        return false;
      }
      still_ = at == now_ ? still_ + 1 : 0;
      sim::check(still_ < 10'000, "time goes on: nobody asks to be woken for nothing");
      now_ = at;
      if (waking) {
        step(*waking, sim::Wake{});
      } else {
        const auto event = events_.begin()->second;
        events_.erase(events_.begin());
        event();
      }
      ++steps_;
      after_each();
    }
    return true;
  }
  bool run_until(sim::Duration span, const std::function<bool()>& done) {
    return run_until(now_ + span, done);
  }
  std::uint64_t steps() const { return steps_; }

 private:
  struct Node {
    std::optional<Core> core;
    std::uint64_t life = 0;  // changes with each start and each crash
    std::uint32_t starts = 0;
    sim::Durable durable;
    sim::Durable cache;
    std::map<sim::Lane, sim::Instant> lanes;  // when the lane is free
  };

  void step(std::size_t i, sim::Input input) {
    if (!alive(i)) return;
    const sim::Effects effects = core(i).step(now_, std::move(input), choices_);
    perform(i, effects);
  }
  void post(sim::Instant at, std::size_t to, std::uint64_t life, sim::NodeId from,
            sim::Payload message) {
    events_.emplace(at, [this, to, life, from, message = std::move(message)] {
      if (nodes_[to].life == life || from != sim::NodeId(static_cast<std::uint32_t>(to))) {
        step(to, sim::Received{from, sim::kDatagram, message});
      }
    });
  }
  void perform(std::size_t i, const sim::Effects& effects) {
    Node& node = nodes_[i];
    const auto free = [&](sim::Lane lane) { return std::max(now_, node.lanes[lane]); };
    for (const sim::Effect& effect : effects) {
      sim::match(
          effect,
          [&](const sim::Send& send) {
            const std::size_t to = send.to.value();
            if (to >= nodes_.size()) return operator_inbox.push_back(send.message);
            if (to == i) return post(free(send.lane), to, node.life, send.to, send.message);
            static constexpr sim::Site kDelay{"bench.delay"};
            static constexpr sim::Site kLoss{"bench.loss"};
            const bool lost = choices_.pick(kLoss, i * 16 + to, 0, 99) < loss;
            const auto after = choices_.uniform(kDelay, i * 16 + to, delay, delay + jitter);
            const sim::Instant at = free(send.lane) + after;
            const auto message = send.message;
            const auto life = node.life;
            if (lost) return;
            events_.emplace(at, [this, i, to, message, life] {
              if (nodes_[i].life != life && at_crash_lost_) return;
              if (cuts_.contains({i, to})) return;
              step(to, sim::Received{sim::NodeId(static_cast<std::uint32_t>(i)), sim::kDatagram,
                                     message});
            });
          },
          [&](const sim::Notify& notify) {
            notices_.emplace_back(sim::NodeId(static_cast<std::uint32_t>(i)), notify.notice);
          },
          [&](const sim::Append& append) {
            node.cache.files[append.file].entries.push_back(append.entry);
          },
          [&](const sim::Sync& sync) {
            node.lanes[sync.lane] = free(sync.lane) + fsync;
            const auto life = node.life;
            const auto frozen = node.cache;
            events_.emplace(node.lanes[sync.lane], [this, i, life, frozen, files = sync.files] {
              if (nodes_[i].life != life) return;
              for (const auto& [file, content] : frozen.files) {
                if (files.contain(file)) nodes_[i].durable.files[file] = content;
              }
            });
          },
          [](const sim::Connect&) {}, [](const sim::Disconnect&) {},
          [&](const sim::Replace& replace) {
            node.cache.files[replace.file].entries = {replace.content};
          },
          [&](const sim::Truncate& truncate) {
            node.cache.files[truncate.file].entries.resize(truncate.entries);
          },
          [&](const sim::DropBefore& drop) {
            auto& file = node.cache.files[drop.file];
            const auto gone = std::min<std::uint64_t>(drop.first - file.first, file.entries.size());
            file.entries.erase(file.entries.begin(),
                               file.entries.begin() + static_cast<std::ptrdiff_t>(gone));
            file.first = drop.first;
          },
          [&](const sim::Exit& exit) {
            exits_.push_back(exit.reason);
            node.core.reset();
            ++node.life;
            node.durable = node.cache;
          });
      if (!node.core) return;
    }
  }

  sim::Instant now_;
  sim::Choices choices_;
  Make make_;
  std::vector<Node> nodes_;
  std::multimap<sim::Instant, std::function<void()>> events_;
  std::set<std::pair<std::size_t, std::size_t>> cuts_;
  std::vector<std::pair<sim::NodeId, sim::Payload>> notices_;
  std::vector<std::string> exits_;
  std::uint64_t steps_ = 0;
  std::uint64_t still_ = 0;  // steps since time last moved
  bool at_crash_lost_ = true;
};

}  // namespace kraft::test
