// PHOLD: every node answers each message with one to a random node, after a random delay. Here
// through the whole kernel: links, payloads, occurrences, the run's digest. Printed beside the same
// exchange on a bare std::priority_queue in the same run, which is what a simulator cannot be
// faster than without effort.

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <queue>
#include <vector>

#include "sim/kernel/world.h"

namespace {

using sim::Choices;
using sim::Duration;
using sim::Effects;
using sim::Instant;
using sim::NodeId;

constexpr int kRepetitions = 3;
constexpr std::uint32_t kMessagesPerNode = 10;
const sim::Distribution kDelay =
    sim::Distribution::exponential(Duration(100'000), Duration(900'000));

struct Job {
  std::uint64_t n = 0;
  static constexpr std::string_view kName = "phold.Job";
  static constexpr auto fields(auto&& visit) { return visit(sim::field("n", &Job::n)); }
};

class Player {
 public:
  Player(NodeId self, std::uint32_t nodes) : self_(self), nodes_(nodes) {}
  Effects step(Instant /*now*/, sim::Input input, Choices& choices) {
    Effects effects;
    if (auto* const received = std::get_if<sim::Received>(&input)) {
      pass_on(std::move(received->message), choices, effects);
    } else {
      started_ = true;
      for (std::uint32_t i = 0; i < kMessagesPerNode; ++i) {
        pass_on(sim::Payload::of(Job{i}), choices, effects);
      }
    }
    return effects;
  }
  std::optional<Instant> deadline() const {
    return started_ ? std::nullopt : std::optional(Instant{});
  }
  void digest_into(sim::Digest& digest) const { digest.add(self_.value()); }

 private:
  void pass_on(sim::Payload job, Choices& choices, Effects& effects) {
    const std::uint64_t other = choices.pick(sim::Site{"phold.to"}, self_.value(), 1, nodes_ - 1);
    const NodeId to{static_cast<std::uint32_t>((self_.value() + other) % nodes_)};
    effects.push_back(sim::Send{sim::kMainLane, to, sim::kDatagram, std::move(job)});
  }
  NodeId self_;
  std::uint32_t nodes_;
  bool started_ = false;
};

double seconds_since(std::clock_t begin) {
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

double kernel(std::uint32_t nodes, std::uint64_t events) {
  sim::WorldOptions options;
  options.link.delay = kDelay;
  sim::World world(1, options);
  for (std::uint32_t node = 0; node < nodes; ++node) {
    world.add<Player>(fmt::format("n{}", node),
                      [node, nodes](Instant, const sim::Durable&, sim::Incarnation) {
                        return Player(NodeId{node}, nodes);
                      });
  }
  const auto go_on = [&](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) world.step();
  };
  go_on(events / 2);
  const std::clock_t begin = std::clock();
  go_on(events);
  return static_cast<double>(events) / seconds_since(begin);
}

double bare(std::uint32_t nodes, std::uint64_t events) {
  struct Later {
    bool operator()(const sim::Event& a, const sim::Event& b) const {
      return a.time != b.time ? a.time > b.time : a.tag > b.tag;
    }
  };
  std::priority_queue<sim::Event, std::vector<sim::Event>, Later> queue;
  Choices choices(1);
  std::uint32_t arrivals = 0;
  const auto send = [&](Instant now, std::uint32_t from) {
    const std::uint64_t other = choices.pick(sim::Site{"phold.to"}, from, 1, nodes - 1);
    const auto to = static_cast<std::uint32_t>((from + other) % nodes);
    const Duration delay = choices.sample(sim::Site{"network.delay"}, from, kDelay);
    queue.push({now + delay, to, 0, arrivals++, {}});
  };
  for (std::uint32_t node = 0; node < nodes; ++node) {
    for (std::uint32_t i = 0; i < kMessagesPerNode; ++i) send(Instant{}, node);
  }
  const auto go_on = [&](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const sim::Event event = queue.top();
      queue.pop();
      send(event.time, event.target);
    }
  };
  go_on(events / 2);
  const std::clock_t begin = std::clock();
  go_on(events);
  return static_cast<double>(events) / seconds_since(begin);
}

}  // namespace

int main() {
  fmt::print("PHOLD, {} messages a node, median of {}\n", kMessagesPerNode, kRepetitions);
  fmt::print("{:>6} {:>16} {:>22} {:>7}\n", "nodes", "kernel, events/s", "bare priority_queue",
             "ratio");
  for (const std::uint32_t nodes : {10U, 1'000U}) {
    std::vector<double> ours;
    std::vector<double> rival;
    for (int i = 0; i < kRepetitions; ++i) {
      ours.push_back(kernel(nodes, 2'000'000));
      rival.push_back(bare(nodes, 2'000'000));
    }
    std::ranges::sort(ours);
    std::ranges::sort(rival);
    fmt::print("{:>6} {:>16.0f} {:>22.0f} {:>6.2f}x\n", nodes, ours[kRepetitions / 2],
               rival[kRepetitions / 2], ours[kRepetitions / 2] / rival[kRepetitions / 2]);
  }
}
