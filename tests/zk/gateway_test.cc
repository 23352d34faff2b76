#include "zk/gateway.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/kernel/world.h"
#include "tests/zk/server_bench.h"

// A gateway with a client in front of it, and this test in the place of the ensemble outside.
namespace zk {
namespace {

using namespace sim::literals;
using bench::ClientNode;

class GatewayTest : public testing::Test, private sim::Observer {
 protected:
  static constexpr sim::NodeId kDoor{0};
  static constexpr sim::NodeId kClient{1};
  static constexpr SessionId kSession{0x1234};

  void SetUp() override {
    world_.add<Gateway>("ensemble", [](sim::Instant, const sim::Durable&, sim::Incarnation) {
      return Gateway(kDoor);
    });
    world_.add<ClientNode>("client", [](sim::Instant, const sim::Durable&, sim::Incarnation) {
      return ClientNode({.self = kClient,
                         .servers = {kDoor},
                         .session_timeout = 6_s,
                         .chroot = "",
                         .identities = {}});
    });
    run(3_s);
    ASSERT_EQ(wanted_.size(), 1U);
    EXPECT_EQ(wanted_[0].timeout_ms, 6000);
    EXPECT_EQ(wanted_[0].client, kClient);
  }
  void run(sim::Duration time) {
    world_.run_until(world_.now() + time, {.observers = {this}, .resolve = {}});
  }
  template <class Told>
  void tell(Told told) {
    world_.poke(kDoor, sim::Payload::of(std::move(told)));
    run(50_ms);
  }
  void make_session() { tell(SessionMade{wanted_.back().ticket, kSession, 6000}); }
  CallId submit(Request request, Watching watching = Watching::No) {
    const CallId call(++last_call_);
    world_.poke(kClient, sim::Payload::of(bench::TestSubmit{call, std::move(request), watching}));
    run(50_ms);
    return call;
  }
  void answer(std::size_t nth, ErrorCode error) {
    tell(RequestAnswered{forwarded_.at(nth).ticket, forwarded_.at(nth).call, {.error = error}});
  }
  const ClientNode& client() const { return world_.core<ClientNode>(kClient); }
  std::vector<WatchedEvent> fired() const {
    std::vector<WatchedEvent> all;
    for (const ClientEvent& event : client().events) {
      if (const auto* const one = std::get_if<WatchFired>(&event)) all.push_back(one->event);
    }
    return all;
  }

  sim::World world_{1};
  std::vector<SessionWanted> wanted_;
  std::vector<RequestForwarded> forwarded_;
  std::vector<SessionDropped> dropped_;

 private:
  void on(const sim::Occurrence& occurrence, const sim::World&) override {
    if (occurrence.kind != sim::OccurrenceKind::Noticed) return;
    if (const auto* const wanted = occurrence.payload->get_if<SessionWanted>())
      wanted_.push_back(*wanted);
    if (const auto* const request = occurrence.payload->get_if<RequestForwarded>())
      forwarded_.push_back(*request);
    if (const auto* const dropped = occurrence.payload->get_if<SessionDropped>())
      dropped_.push_back(*dropped);
  }
  std::uint64_t last_call_ = 0;
};

TEST_F(GatewayTest, AClientWaitsUntilItsSessionIsMade) {
  EXPECT_EQ(client().client.state(), SessionState::Disconnected);
  make_session();
  EXPECT_EQ(client().client.state(), SessionState::Connected);
  EXPECT_EQ(client().client.session(), kSession);
}

TEST_F(GatewayTest, AClientThatIsRefusedASessionTriesAgain) {
  tell(SessionRefused{wanted_[0].ticket});
  run(3_s);
  ASSERT_EQ(wanted_.size(), 2U);
  EXPECT_NE(wanted_[0].ticket, wanted_[1].ticket);
  make_session();
  EXPECT_EQ(client().client.state(), SessionState::Connected);
}

// A client library may refuse one by itself, at once; a server answers in order, and the client would take another order
// for a broken connection.
TEST_F(GatewayTest, AnswersComeInTheOrderOfTheRequests) {
  make_session();
  const CallId first = submit(GetData{"/a"});
  const CallId second = submit(GetData{"no path"});
  answer(1, ErrorCode::BadArguments);
  EXPECT_TRUE(client().replies.empty());
  answer(0, ErrorCode::NoNode);
  EXPECT_EQ(client().replies.at(first).error, ErrorCode::NoNode);
  EXPECT_EQ(client().replies.at(second).error, ErrorCode::BadArguments);
  EXPECT_EQ(client().client.state(), SessionState::Connected);
}

TEST_F(GatewayTest, ALostConnectionLosesWhatIsOpenAndKeepsTheSession) {
  make_session();
  const CallId lost = submit(SetData{"/a", "1"});
  tell(SessionTold{wanted_[0].ticket, SessionState::Disconnected});
  EXPECT_EQ(client().replies.at(lost).error, ErrorCode::ConnectionLoss);
  run(2_s);
  EXPECT_EQ(client().client.state(), SessionState::Disconnected) << "as long as it is so outside";
  answer(0, ErrorCode::Ok);
  EXPECT_EQ(client().replies.at(lost).error, ErrorCode::ConnectionLoss) << "too late";
  tell(SessionTold{wanted_[0].ticket, SessionState::Connected});
  run(2_s);
  EXPECT_EQ(client().client.state(), SessionState::Connected);
  EXPECT_EQ(client().client.session(), kSession);
  EXPECT_EQ(wanted_.size(), 1U);
}

TEST_F(GatewayTest, AnAnswerThatIsConnectionLossIsALostConnection) {
  make_session();
  const CallId lost = submit(SetData{"/a", "1"});
  const CallId behind = submit(SetData{"/b", "1"});
  answer(0, ErrorCode::ConnectionLoss);
  EXPECT_EQ(client().replies.at(lost).error, ErrorCode::ConnectionLoss);
  EXPECT_EQ(client().replies.at(behind).error, ErrorCode::ConnectionLoss);
  EXPECT_EQ(client().client.state(), SessionState::Disconnected);
}

// The C client keeps watches over its own reconnections, and may tell of one before our client is back.
TEST_F(GatewayTest, AWatchThatFiresWhileTheClientIsAwayIsToldWhenItIsBack) {
  make_session();
  submit(Exists{"/a"}, Watching::Yes);
  answer(0, ErrorCode::NoNode);
  tell(SessionTold{wanted_[0].ticket, SessionState::Disconnected});
  tell(WatchTold{wanted_[0].ticket,
                 {WatchedEventType::NodeCreated, KeeperState::SyncConnected, "/a"}});
  EXPECT_TRUE(fired().empty());
  tell(SessionTold{wanted_[0].ticket, SessionState::Connected});
  run(2_s);
  ASSERT_EQ(fired().size(), 1U);
  EXPECT_EQ(fired()[0].path, "/a");
}

TEST_F(GatewayTest, ASessionThatIsOverOutsideIsOver) {
  make_session();
  const CallId open = submit(GetData{"/a"});
  tell(SessionTold{wanted_[0].ticket, SessionState::Expired});
  run(2_s);
  EXPECT_EQ(client().replies.at(open).error, ErrorCode::ConnectionLoss);
  EXPECT_EQ(client().client.state(), SessionState::Expired);
  ASSERT_EQ(dropped_.size(), 1U);
  EXPECT_EQ(world_.core<Gateway>(kDoor).sessions(), 0U);
}

TEST_F(GatewayTest, ASessionThatItsClientClosesIsDropped) {
  make_session();
  world_.poke(kClient, sim::Payload::of(bench::TestClose{}));
  run(1_s);
  ASSERT_EQ(dropped_.size(), 1U);
  EXPECT_EQ(dropped_[0].ticket, wanted_[0].ticket);
}

// Nobody would end it outside, where whoever holds it goes on pinging: its ephemerals would stay for ever.
TEST_F(GatewayTest, TheSessionOfAClientThatDiedEndsAfterItsTimeout) {
  make_session();
  world_.apply(sim::CrashProcess{"client"});
  run(5_s);
  EXPECT_TRUE(dropped_.empty());
  run(2_s);
  ASSERT_EQ(dropped_.size(), 1U);
  EXPECT_EQ(world_.core<Gateway>(kDoor).sessions(), 0U);
}

TEST_F(GatewayTest, ASessionThatComesTooLateIsDropped) {
  world_.apply(sim::CrashProcess{"client"});
  run(1_s);
  make_session();
  ASSERT_EQ(dropped_.size(), 1U);
  EXPECT_EQ(dropped_[0].ticket, wanted_[0].ticket);
}

TEST_F(GatewayTest, NobodyResumesASessionThatIsNotHis) {
  make_session();
  const sim::NodeId other =
      world_.add<ClientNode>("other", [](sim::Instant, const sim::Durable&, sim::Incarnation) {
        return ClientNode({.self = sim::NodeId(2),
                           .servers = {kDoor},
                           .session_timeout = 6_s,
                           .chroot = "",
                           .identities = {},
                           .resume = SessionId(0x999)});
      });
  run(3_s);
  EXPECT_EQ(world_.core<ClientNode>(other).client.state(), SessionState::Expired);
  EXPECT_EQ(client().client.state(), SessionState::Connected);
}

}  // namespace
}  // namespace zk
