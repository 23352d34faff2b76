// The classical HOLD: with a fixed number of events pending, take the earliest and put one back a
// random increment later. Printed beside std::priority_queue in the same run, for a time says
// nothing on another machine. The rival pops the same order: its record carries a sequence number
// in the space that ours leaves unused, so both are 24 bytes.

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <queue>
#include <string_view>
#include <vector>

#include "sim/base/check.h"
#include "sim/base/digest.h"
#include "sim/base/distribution.h"
#include "sim/kernel/event_queue.h"

namespace {

using sim::Digest;
using sim::Distribution;
using sim::Duration;
using sim::Event;
using sim::Instant;

constexpr int kRepetitions = 5;

struct Later {
  bool operator()(const Event& a, const Event& b) const {
    return a.time != b.time ? a.time > b.time : a.tag > b.tag;
  }
};
class PriorityQueue {
 public:
  void push(Event event) {
    event.tag = arrivals_++;
    queue_.push(event);
  }
  Event pop() {
    const Event event = queue_.top();
    queue_.pop();
    return event;
  }

 private:
  std::priority_queue<Event, std::vector<Event>, Later> queue_;
  std::uint32_t arrivals_ = 0;
};

// Increments are drawn beforehand: the queue is measured, not the distribution.
std::vector<Duration> increments(const Distribution& distribution) {
  std::vector<Duration> drawn(1 << 12);
  std::uint64_t random = 1;
  for (Duration& one : drawn)
    one = distribution.sample(random = Digest::mix(random + 0x9e3779b97f4a7c15ULL));
  return drawn;
}

struct Measured {
  double nanoseconds_per_hold;
  std::uint64_t order;  // folds what was popped: the two must agree
};

template <class Queue>
Measured hold(std::size_t pending, const std::vector<Duration>& drawn) {
  Queue queue;
  std::size_t next = 0;
  const auto increment = [&] { return drawn[next++ % (1 << 12)]; };
  for (std::uint32_t i = 0; i < pending; ++i) queue.push({Instant{} + increment(), 0, i, 0, {}});
  const auto run = [&](std::size_t holds) {
    std::uint64_t order = 0;
    for (std::size_t i = 0; i < holds; ++i) {
      Event event = queue.pop();
      order = order * 31 + event.slot;
      event.time = event.time + increment();
      queue.push(event);
    }
    return order;
  };
  run(3 * pending);  // to the steady state
  const std::size_t holds = std::max<std::size_t>(1'000'000, 2 * pending);
  // Processor time: on a busy machine the wall clock would measure its other tenants.
  const std::clock_t begin = std::clock();
  const std::uint64_t order = run(holds);
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  return {seconds * 1e9 / static_cast<double>(holds), order};
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Row {
  double ours;
  double rival;
};

Row measure(std::size_t pending, const Distribution& distribution) {
  const std::vector<Duration> drawn = increments(distribution);
  std::vector<double> ours;
  std::vector<double> rival;
  for (int i = 0; i < kRepetitions; ++i) {
    const Measured a = hold<sim::EventQueue>(pending, drawn);
    const Measured b = hold<PriorityQueue>(pending, drawn);
    sim::check(a.order == b.order, "both queues pop the same order");
    ours.push_back(a.nanoseconds_per_hold);
    rival.push_back(b.nanoseconds_per_hold);
  }
  return {median(ours), median(rival)};
}

}  // namespace

// hold_benchmark [MOST [all]]: up to MOST pending; `all` adds sizes and delays without a budget.
int main(int argc, char** argv) {
  struct Mix {
    const char* name;
    Distribution distribution;
  };
  const Duration mean(1'000'000);
  std::vector<Mix> mixes = {
      {"exponential", Distribution::exponential(Duration(0), mean)},
      // Nine near and one a thousand times as far: messages and time-outs.
      {"bimodal", Distribution::bimodal(mean / 100, mean * 10, {1, 10})},
  };
  std::vector<std::size_t> sizes = {100, 10'000, 1'000'000};
  const std::size_t most = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000;
  if (argc > 2 && std::string_view(argv[2]) == "all") {
    sizes = {100, 1'000, 10'000, 100'000, 1'000'000};
    mixes.push_back({"uniform", Distribution::uniform(Duration(0), mean * 2)});
    mixes.push_back({"constant", Distribution::constant(mean)});
    mixes.push_back({"half far", Distribution::bimodal(mean / 100, mean * 10, {1, 2})});
    mixes.push_back({"rarely far", Distribution::bimodal(mean / 1'000, mean * 1'000, {1, 100})});
    mixes.push_back({"outliers", Distribution::bimodal(mean / 10, mean * 10'000, {1, 1'000})});
  }
  fmt::print("HOLD, median of {}; ratio to std::priority_queue in the same run\n", kRepetitions);
  fmt::print("{:>9}  {:<12} {:>8} {:>8} {:>7} {:>16}\n", "pending", "increments", "ns/hold",
             "rival", "ratio", "vs exponential");
  for (const std::size_t pending : sizes) {
    if (pending > most) break;
    double exponential = 0;
    for (const Mix& mix : mixes) {
      const Row row = measure(pending, mix.distribution);
      if (exponential == 0) exponential = row.ours;
      fmt::print("{:>9}  {:<12} {:>8.1f} {:>8.1f} {:>6.1f}x {:>15.2f}x\n", pending, mix.name,
                 row.ours, row.rival, row.rival / row.ours, row.ours / exponential);
    }
  }
}
