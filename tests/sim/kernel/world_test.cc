#include "sim/kernel/world.h"

#include <gtest/gtest.h>

#include "sim/kernel/trace.h"
#include "tests/sim/kernel/puppet.h"

namespace sim {
namespace {

using namespace sim::literals;
using puppet::acting;
using puppet::heard;
using puppet::listening;
using puppet::Puppet;
using puppet::word;
using Texts = std::vector<std::string>;

constexpr Instant at(Duration duration) {
  return Instant{} + duration;
}

// What the operator says to a "speaker" it sends on to node 1 as a datagram.
Host<Puppet>::Factory speaker(NodeId to) {
  return acting([to](const Puppet::Context& context) {
    Effects effects;
    if (!context.text().empty())
      effects.push_back(Send{kMainLane, to, kDatagram, word(context.text())});
    return effects;
  });
}

TEST(World, DeliversWhatIsSent) {
  World world(1);
  const NodeId speaking = world.add<Puppet>("speaker", speaker(NodeId{1}));
  const NodeId ear = world.add<Puppet>("ear", listening());
  world.poke(speaking, word("hello"));
  EXPECT_EQ(world.run_until(at(1_s)), StopReason::Idle);
  EXPECT_EQ(heard(world, ear), Texts{});  // the poke came before the process had started
  world.poke(speaking, word("hello"));
  world.run_until(at(2_s));
  EXPECT_EQ(heard(world, ear), Texts{"'hello' from 0"});
  EXPECT_EQ(world.now(), at(2_s));
}

TEST(World, DeliversToItselfAtOnceAndInOrder) {
  World world(1);
  const NodeId self =
      world.add<Puppet>("self", acting([](const Puppet::Context& context) {
                          Effects effects;
                          if (context.text() == "go") {
                            effects.push_back(Send{kMainLane, NodeId{0}, kDatagram, word("a")});
                            effects.push_back(Send{kMainLane, NodeId{0}, kDatagram, word("b")});
                          }
                          return effects;
                        }));
  world.run_until(at(1_ms));
  world.poke(self, word("go"));
  world.run_until(at(1_ms));
  EXPECT_EQ(heard(world, self), (Texts{"'go' from operator", "'a' from 0", "'b' from 0"}));
}

TEST(World, EveryOccurrenceNamesAnEarlierOneThatCausedIt) {
  World world(7);
  const NodeId speaking = world.add<Puppet>("speaker", speaker(NodeId{1}));
  world.add<Puppet>("ear", listening());
  std::vector<TraceRecord> trace;
  TraceSink sink([&](TraceRecord record, const World&) { trace.push_back(std::move(record)); });
  const Watch watch{.observers = {&sink}};
  world.run_until(at(1_ms), watch);
  world.apply(Poke{"speaker", word("hello")}, watch);
  world.run_until(at(1_s), watch);
  ASSERT_EQ(trace.size(), 6u);  // two starts, the fault, its arrival, the sending, the arrival
  for (std::size_t i = 0; i < trace.size(); ++i) {
    EXPECT_EQ(trace[i].id.value(), i + 1);
    EXPECT_LT(trace[i].cause, trace[i].id);
  }
  EXPECT_EQ(trace[5].kind, OccurrenceKind::Received);
  EXPECT_EQ(trace[5].cause, trace[4].id);
  EXPECT_EQ(trace[4].cause, trace[3].id);
  EXPECT_EQ(trace[3].cause, trace[2].id);
  EXPECT_EQ(trace[3].node, speaking);
}

}  // namespace
}  // namespace sim
