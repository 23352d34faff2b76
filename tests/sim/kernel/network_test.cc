// Two processes, "a" (0) and "b" (1). The operator's word "open N" makes a connect to b, "close N"
// disconnect, "N:text" say it over that connection, and a word without a number goes as a datagram.

#include <gtest/gtest.h>

#include <set>

#include "sim/kernel/world.h"
#include "tests/sim/kernel/puppet.h"

namespace sim {
namespace {

using namespace sim::literals;
using puppet::heard;
using puppet::Puppet;
using puppet::word;
using Texts = std::vector<std::string>;

constexpr NodeId a{0};
constexpr NodeId b{1};

Effects talk(const puppet::Puppet::Context& context) {
  const auto* const received = std::get_if<Received>(&context.input);
  if (received == nullptr || received->from != kOperator) return {};
  const std::string text = context.text();
  const auto number = [&](std::size_t at) {
    return ConnectionId{a, static_cast<std::uint32_t>(std::stoul(text.substr(at)))};
  };
  const bool opener = context.self.heard.front() != "'b' from operator";
  Effects effects;
  if (text.starts_with("open ")) {
    effects.push_back(Connect{kMainLane, number(5), b});
  } else if (text.starts_with("close ")) {
    effects.push_back(Disconnect{kMainLane, number(6)});
  } else if (const std::size_t colon = text.find(':'); colon != std::string::npos) {
    effects.push_back(Send{kMainLane, opener ? b : a, number(0), word(text.substr(colon + 1))});
  } else if (text != "b") {
    effects.push_back(Send{kMainLane, b, kDatagram, word(text)});
  }
  return effects;
}

class Network : public ::testing::Test {
 protected:
  Network() : world_(11) {
    world_.add<Puppet>("a", puppet::acting(talk));
    world_.add<Puppet>("b", puppet::acting(talk));
    run(1_ms);
    say(b, "b");  // so that it knows who it is
  }
  void run(Duration duration) { world_.run_until(world_.now() + duration); }
  void say(NodeId node, std::string text) {
    world_.poke(node, word(std::move(text)));
    run(50_ms);
  }
  // What the node heard, without the operator's words.
  Texts news(NodeId node) {
    Texts texts = heard(world_, node);
    std::erase_if(texts, [](const std::string& text) { return text.ends_with("operator"); });
    return texts;
  }
  World world_;
};

TEST_F(Network, BothEndsLearnOfAConnection) {
  say(a, "open 1");
  EXPECT_EQ(news(a), Texts{"connected 0/1 to 1"});
  EXPECT_EQ(news(b), Texts{"connected 0/1 to 0"});
  say(b, "1:hello");
  EXPECT_EQ(news(a).back(), "'hello' from 1");
}

TEST_F(Network, WhatWasSentBeforeClosingArrivesBeforeTheClose) {
  say(a, "open 1");
  world_.poke(a, word("1:last"));
  say(a, "close 1");
  EXPECT_EQ(news(b), (Texts{"connected 0/1 to 0", "'last' from 0", "disconnected 0/1 from 0"}));
  EXPECT_EQ(news(a), Texts{"connected 0/1 to 1"});  // who closes is not told
}

TEST_F(Network, ADeadProcessRefusesConnections) {
  world_.apply(CrashProcess{"b"});
  say(a, "open 1");
  EXPECT_EQ(news(a), Texts{"disconnected 0/1 from 1"});
}

TEST_F(Network, ConnectingToACutOffMachineTimesOut) {
  world_.apply(Isolate{"b"});
  say(a, "open 1");
  EXPECT_EQ(news(a), Texts{});
  run(10_s);
  EXPECT_EQ(news(a), Texts{"disconnected 0/1 from 1"});
  EXPECT_EQ(news(b), Texts{});
}

TEST_F(Network, ACrashedProcessClosesItsConnectionsAndACrashedMachineDoesNot) {
  say(a, "open 1");
  world_.apply(CrashMachine{"b"});
  run(20_s);
  EXPECT_EQ(news(a), Texts{"connected 0/1 to 1"});
  world_.apply(Restart{"b"});
  run(1_s);
  EXPECT_EQ(news(a), (Texts{"connected 0/1 to 1", "disconnected 0/1 from 1"}));
  say(a, "open 2");
  world_.apply(CrashProcess{"b"});
  run(1_s);
  EXPECT_EQ(news(a).back(), "disconnected 0/2 from 1");
}

TEST_F(Network, DataStallsBehindACutAndFlowsAfterHealing) {
  say(a, "open 1");
  world_.apply(CutLink{"a", "b", Direction::OneWay});
  say(a, "1:one");
  say(a, "1:two");
  say(b, "1:back");
  EXPECT_EQ(news(a).back(), "'back' from 1");
  run(5_s);
  EXPECT_EQ(news(b), Texts{"connected 0/1 to 0"});
  world_.apply(Heal{});
  run(1_s);
  EXPECT_EQ(news(b), (Texts{"connected 0/1 to 0", "'one' from 0", "'two' from 0"}));
}

TEST_F(Network, AConnectionThatStallsTooLongIsGivenUpByBothEnds) {
  say(a, "open 1");
  world_.apply(Isolate{"b"});
  say(a, "1:lost");
  run(31_s);
  EXPECT_EQ(news(a).back(), "disconnected 0/1 from 1");
  EXPECT_EQ(news(b), Texts{"connected 0/1 to 0"});
  world_.apply(Heal{});
  run(1_s);
  EXPECT_EQ(news(b), (Texts{"connected 0/1 to 0", "disconnected 0/1 from 0"}));
}

TEST_F(Network, DatagramsDoNotPassACut) {
  world_.apply(CutLink{"a", "b"});
  say(a, "gone");
  world_.apply(Heal{"a", "b"});
  say(a, "here");
  EXPECT_EQ(news(b), Texts{"'here' from 0"});
}

TEST_F(Network, AStalledLinkDeliversLateAndLosesNothing) {
  world_.apply(StallLink{"a", "b", 2_s});
  say(a, "late");
  EXPECT_EQ(news(b), Texts{});
  run(2_s);
  EXPECT_EQ(news(b), Texts{"'late' from 0"});
}

TEST_F(Network, AResetReachesBothEndsAtOnceAndLosesWhatIsInFlight) {
  say(a, "open 1");
  world_.poke(a, word("1:lost"));
  world_.step();
  world_.apply(ResetConnections{"a", "b"});
  run(Duration(0));
  EXPECT_EQ(news(a).back(), "disconnected 0/1 from 1");
  EXPECT_EQ(news(b).back(), "disconnected 0/1 from 0");
  run(1_s);
  EXPECT_EQ(news(b).size(), 2u);
}

TEST_F(Network, ANumberUsedAgainByALaterLifeIsAnotherConnection) {
  say(a, "open 1");
  world_.apply(CrashMachine{"a"});
  world_.apply(Restart{"a"});
  world_.poke(a, word("open 1"));
  run(1_s);
  EXPECT_EQ(news(b),
            (Texts{"connected 0/1 to 0", "disconnected 0/1 from 0", "connected 0/1 to 0"}));
  say(b, "1:for the new life");
  EXPECT_EQ(news(a), (Texts{"connected 0/1 to 1", "'for the new life' from 1"}));
}

TEST_F(Network, ADatagramIsNotDeliveredToALaterLife) {
  world_.poke(a, word("old"));
  world_.step();
  world_.apply(CrashProcess{"b"});
  world_.apply(Restart{"b"});
  run(1_s);
  EXPECT_EQ(news(b), Texts{});
}

TEST_F(Network, APausedProcessHearsEverythingInOrderWhenItResumes) {
  say(a, "open 1");
  world_.apply(Pause{"b", 3_s});
  say(a, "1:one");
  say(a, "two");
  say(a, "1:three");
  EXPECT_EQ(news(b), Texts{"connected 0/1 to 0"});
  run(3_s);
  EXPECT_EQ(news(b),
            (Texts{"connected 0/1 to 0", "'one' from 0", "'two' from 0", "'three' from 0"}));
}

TEST_F(Network, ASlowLinkDelays) {
  world_.apply(SlowLink{"a", "b", Distribution::constant(1_s)});
  say(a, "slow");
  EXPECT_EQ(news(b), Texts{});
  run(1_s);
  EXPECT_EQ(news(b), Texts{"'slow' from 0"});
}

TEST_F(Network, DatagramsAreLostDoubledAndOvertakenButConnectionsAreNot) {
  say(a, "open 1");
  world_.apply(Loss{"a", "b", {3, 10}});
  world_.apply(Duplicate{"a", "b", {3, 10}});
  world_.apply(Reorder{"a", "b", {3, 10}});
  Texts over;
  for (int i = 0; i < 200; ++i) {
    const std::string text = std::to_string(i);
    world_.poke(a, word("1:c" + text));
    world_.poke(a, word("d" + text));
    over.push_back("'c" + text + "' from 0");
  }
  run(100_s);
  Texts connection = news(b);
  Texts datagrams = connection;
  std::erase_if(connection, [](const std::string& text) { return !text.starts_with("'c"); });
  std::erase_if(datagrams, [](const std::string& text) { return !text.starts_with("'d"); });
  EXPECT_EQ(connection, over);
  std::set<std::string> distinct(datagrams.begin(), datagrams.end());
  EXPECT_GT(distinct.size(), 100u);
  EXPECT_LT(distinct.size(), 180u);              // some were lost
  EXPECT_GT(datagrams.size(), distinct.size());  // some were doubled
}

TEST_F(Network, BandwidthHoldsBackWhatFollows) {
  LinkProfile narrow{.delay = Distribution::constant(1_ms), .bytes_per_second = 1'000};
  world_.build_link(a, b, narrow);
  for (int i = 0; i < 10; ++i) world_.poke(a, word("x"));
  run(Duration(0));
  run(100_ms);
  const std::size_t early = news(b).size();
  EXPECT_LT(early, 10u);
  run(10_s);
  EXPECT_EQ(news(b).size(), 10u);
}

}  // namespace
}  // namespace sim
