#include "sim/kernel/event_queue.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "sim/base/digest.h"
#include "sim/base/distribution.h"
#include "tests/sim/kernel/reference_queues.h"

namespace sim {
namespace {

// One thing to do to a queue.
struct Action {
  enum class Kind {
    Push,
    Pop,
    Peek,
    Copy
  };
  Kind kind;
  std::uint64_t delay;  // of a push, behind the last popped time
};
void showValue(const Action& action, std::ostream& out) {
  out << (action.kind == Action::Kind::Push   ? "push +" + std::to_string(action.delay)
          : action.kind == Action::Kind::Pop  ? "pop"
          : action.kind == Action::Kind::Peek ? "peek"
                                              : "copy");
}

// Delays of every magnitude from 0 to hours, with many equal ones.
rc::Gen<std::uint64_t> delays() {
  return rc::gen::oneOf(rc::gen::just<std::uint64_t>(0), rc::gen::inRange<std::uint64_t>(0, 4),
                        rc::gen::inRange<std::uint64_t>(0, 1'000),
                        rc::gen::map(rc::gen::inRange<std::uint64_t>(0, 40),
                                     [](std::uint64_t ms) { return ms * 1'000'000; }),
                        rc::gen::map(rc::gen::pair(rc::gen::inRange<unsigned>(0, 43),
                                                   rc::gen::arbitrary<std::uint64_t>()),
                                     [](const auto& of) { return of.second >> (63 - of.first); }));
}

rc::Gen<std::vector<Action>> workloads() {
  using Kind = Action::Kind;
  const auto action = rc::gen::build<Action>(
      rc::gen::set(&Action::kind,
                   rc::gen::weightedElement<Kind>(
                       {{12, Kind::Push}, {8, Kind::Pop}, {2, Kind::Peek}, {1, Kind::Copy}})),
      rc::gen::set(&Action::delay, delays()));
  return rc::gen::scale(8.0, rc::gen::container<std::vector<Action>>(action));
}

// The three queues side by side; the real one also through copies.
class Trio {
 public:
  void push(std::uint64_t delay) {
    const Event event{Instant(static_cast<std::int64_t>(now_ + delay)), 0, serial_++, 0,
                      EventKind::Deliver};
    queue_.push(event);
    heap_.push(event);
    radix_.push(event);
  }
  void pop() {
    if (heap_.empty()) return;
    const Event expected = heap_.pop();
    RC_ASSERT(queue_.next_time() == expected.time);
    RC_ASSERT(queue_.pop().slot == expected.slot);
    RC_ASSERT(radix_.pop().slot == expected.slot);
    now_ = static_cast<std::uint64_t>(expected.time.nanoseconds());
  }
  void peek() {
    if (!queue_.empty()) queue_.next_time();
  }
  void copy() {
    EventQueue copied = queue_;
    const std::vector<Event> order = queue_.in_order();
    RC_ASSERT(order.size() == queue_.size());
    queue_ = copied;  // go on with the copy; what is done to the original must not show
    for (const Event& event : order) RC_ASSERT(copied.pop() == event);
  }
  void drain() {
    while (!heap_.empty()) pop();
    RC_ASSERT(queue_.empty());
    RC_ASSERT(radix_.empty());
  }

 private:
  EventQueue queue_;
  reference::HeapQueue heap_;
  reference::RadixQueue radix_;
  std::uint64_t now_ = 0;
  std::uint32_t serial_ = 0;
};

RC_GTEST_PROP(EventQueue, PopsTheOrderOfAStableHeapAndOfARadixHeap, ()) {
  Trio trio;
  for (const Action& action : *workloads()) {
    switch (action.kind) {
      case Action::Kind::Push:
        trio.push(action.delay);
        break;
      case Action::Kind::Pop:
        trio.pop();
        break;
      case Action::Kind::Peek:
        trio.peek();
        break;
      case Action::Kind::Copy:
        trio.copy();
        break;
    }
  }
  trio.drain();
}

// What simulations wait for: messages, time-outs, both, rare far ones, and many at one instant.
rc::Gen<Distribution> mixes() {
  return rc::gen::map(rc::gen::pair(rc::gen::inRange(0, 6), rc::gen::inRange(0, 38)),
                      [](const auto& of) {
                        const Duration mean(std::int64_t{1} << of.second);
                        switch (of.first) {
                          case 0:
                            return Distribution::exponential(Duration(0), mean);
                          case 1:
                            return Distribution::bimodal(mean, mean * 1'000, {1, 10});
                          case 2:
                            return Distribution::bimodal(mean, mean * 30, {1, 2});
                          case 3:
                            return Distribution::bimodal(mean / 10, mean * 100'000, {1, 500});
                          case 4:
                            return Distribution::uniform(Duration(0), mean * 2);
                          default:
                            return Distribution::constant(mean);
                        }
                      });
}

// As simulations use a queue: pop one, push one, for long, at one density.
RC_GTEST_PROP(EventQueue, PopsTheSameOrderWhileItIsHeldAtOneSize, ()) {
  const auto pending = *rc::gen::inRange(1, 3'000);
  const Distribution distribution = *mixes();
  std::uint64_t random = *rc::gen::arbitrary<std::uint64_t>();
  const auto delay = [&] {
    random = Digest::mix(random + 0x9e3779b97f4a7c15ULL);
    return static_cast<std::uint64_t>(distribution.sample(random).nanoseconds());
  };
  Trio trio;
  for (int i = 0; i < pending; ++i) trio.push(delay());
  for (int i = 0; i < 4'000; ++i) {
    trio.pop();
    trio.push(delay());
  }
  trio.drain();
}

TEST(EventQueue, KeepsTheOrderOfArrivalAmongManyEqualTimes) {
  EventQueue queue;
  for (std::uint32_t i = 0; i < 5'000; ++i) queue.push({Instant(123'456'789), 0, i, 0, {}});
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    ASSERT_EQ(queue.pop().slot, i);
    if (i < 100) queue.push({Instant(123'456'789), 0, 5'000 + i, 0, {}});
  }
  for (std::uint32_t i = 0; i < 100; ++i) ASSERT_EQ(queue.pop().slot, 5'000 + i);
}

TEST(EventQueue, TakesNearEventsAfterAFarOneWasLookedAt) {
  EventQueue queue;
  queue.push({Instant(3'600'000'000'000), 0, 1'000, 0, {}});
  EXPECT_EQ(queue.next_time(), Instant(3'600'000'000'000));
  for (std::uint32_t i = 0; i < 1'000; ++i) queue.push({Instant(1'000 - i), 0, i, 0, {}});
  for (std::uint32_t i = 1'000; i-- > 0;) ASSERT_EQ(queue.pop().slot, i);
  EXPECT_EQ(queue.pop().slot, 1'000u);
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace sim
