#include "sim/kafka/fetch_session.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "sim/kafka/fetch_session_handler.h"
#include "tests/sim/kafka/scripted_cluster.h"

namespace sim {
namespace {

using namespace literals;

constexpr BrokerId kFetcher{2};

TopicPartition part(int index) {
  return {"orders", PartitionId{index}};
}

// What one leader has, the fetcher's progress in it, and the two sides of the session between them.
struct FetchedLeader {
  struct Log {
    std::int64_t end = 0;
    std::int64_t high_watermark = 0;
    bool leads = true;
  };
  // What the fetcher has learned of a partition.
  struct Learned {
    std::int64_t end = 0;
    std::int64_t high_watermark = -1;
    bool error = false;
  };

  explicit FetchedLeader(FetchSessionCache::Config with = {}) : config(with), cache(with) {}

  void want(int index) {
    wanted.insert(part(index));
    handler.touch(part(index));
  }
  // What was learned stays: the fetcher's log.
  void want_no_more(int index) {
    wanted.erase(part(index));
    handler.touch(part(index));
  }
  void change(int index, const Log& log) {
    logs[part(index)] = log;
    for (const auto& [slot, session] : cache.sessions()) cache.at(slot).stir(part(index));
  }
  void restart() { cache = FetchSessionCache(config); }

  std::optional<FetchRequest> request() {
    auto built = handler.build([&](const TopicPartition& id) {
      using Position = FetchSessionHandler::Position;
      if (!wanted.contains(id)) return std::optional<Position>();
      return std::optional(
          Position{.topic_id = {},
                   .fetch = {.partition = id.partition, .fetch_offset = Offset{learned[id].end}}});
    });
    if (built) built->replica_id = kFetcher;
    return built;
  }
  FetchResponse respond(const FetchRequest& request) {
    Context context{now, choices, effects, serial};
    const auto opened = cache.open(context, BrokerId{1}, ++last_slot, request);
    if (!opened) return {.error_code = opened.error()};
    FetchSession& session = cache.at(*opened);
    FetchResponse response{.session_id = session.id()};
    session.visit_unsettled([&](const TopicPartition& id, FetchSession::Cached& cached) {
      const Log& log = logs[id];
      FetchPartitionData data{.partition_index = id.partition,
                              .high_watermark = Offset{log.high_watermark},
                              .log_start_offset = Offset{0}};
      const std::int64_t from = cached.asked.fetch_offset.value();
      if (!log.leads) data.error_code = ErrorCode::NotLeaderOrFollower;
      if (log.leads && from < log.end) {
        data.records.push_back(
            {.base_offset = Offset{from}, .count = static_cast<std::int32_t>(log.end - from)});
      }
      if (FetchSession::tell(cached, data)) response.responses.push_back({id.topic, {}, {data}});
      return log.leads && from == log.end && log.end == log.high_watermark;
    });
    cache.finish(*opened);
    return response;
  }
  // False: the response was of no use, and the next request is a full one.
  bool learn(const FetchResponse& response) {
    if (!handler.handle_response(response)) return false;
    for (const FetchTopicResponse& topic : response.responses) {
      for (const FetchPartitionData& data : topic.partitions) {
        const TopicPartition id{topic.topic, data.partition_index};
        Learned& now_known = learned[id];
        now_known.error = data.error_code != ErrorCode::None;
        now_known.high_watermark = data.high_watermark.value();
        for (const LogBatch& batch : data.records) now_known.end = batch.next_offset().value();
        handler.touch(id);
      }
    }
    return true;
  }
  bool exchange() {
    const auto built = request();
    return !built || learn(respond(*built));
  }
  // As after a fetch of everything: nothing is known late or wrong.
  bool up_to_date() {
    return std::ranges::all_of(wanted, [&](const TopicPartition& id) {
      const Log& log = logs[id];
      const Learned& known = learned[id];
      if (known.error == log.leads) return false;
      return !log.leads || (known.end == log.end && known.high_watermark == log.high_watermark);
    });
  }

  FetchSessionCache::Config config;
  FetchSessionCache cache;
  FetchSessionHandler handler;
  std::map<TopicPartition, Log> logs;
  std::map<TopicPartition, Learned> learned;
  std::set<TopicPartition> wanted;
  Instant now{0};
  Choices choices{1};
  Effects effects;
  std::uint32_t serial = 0;
  FetchSessionCache::Slot last_slot = 0;
};

std::size_t partitions_in(const FetchRequest& request) {
  std::size_t count = 0;
  for (const FetchTopic& topic : request.topics) count += topic.partitions.size();
  return count;
}

TEST(FetchSession, TheFirstRequestNamesAllPartitionsAndTheNextOnesWhatHasChanged) {
  FetchedLeader leader;
  for (int i = 0; i < 5; ++i) leader.want(i);
  const auto first = leader.request();
  EXPECT_EQ(first->metadata, (FetchMetadata{kNoFetchSession, FetchMetadata::kInitialEpoch}));
  EXPECT_EQ(partitions_in(*first), 5U);
  const FetchResponse all = leader.respond(*first);
  EXPECT_EQ(all.responses.size(), 5U);
  ASSERT_TRUE(leader.learn(all));

  const auto idle = leader.request();
  EXPECT_EQ(idle->metadata, (FetchMetadata{all.session_id, FetchSessionEpoch{1}}));
  EXPECT_EQ(partitions_in(*idle), 0U);
  const FetchResponse nothing = leader.respond(*idle);
  EXPECT_TRUE(nothing.responses.empty());
  ASSERT_TRUE(leader.learn(nothing));

  leader.change(3, {.end = 7});
  const FetchResponse news = leader.respond(*leader.request());
  ASSERT_EQ(news.responses.size(), 1U);
  ASSERT_TRUE(leader.learn(news));
  const auto moved = leader.request();
  ASSERT_EQ(partitions_in(*moved), 1U);
  EXPECT_EQ(moved->topics[0].partitions[0].fetch_offset, Offset{7});
}

TEST(FetchSession, WhatIsWantedNoMoreIsForgottenAndNeverSpokenOfAgain) {
  FetchedLeader leader;
  for (int i = 0; i < 3; ++i) leader.want(i);
  ASSERT_TRUE(leader.exchange());
  leader.want_no_more(1);
  const auto request = leader.request();
  EXPECT_EQ(request->forgotten, std::vector{part(1)});
  ASSERT_TRUE(leader.learn(leader.respond(*request)));
  leader.change(1, {.end = 4});
  EXPECT_TRUE(leader.respond(*leader.request()).responses.empty());
}

TEST(FetchSession, WhenNothingIsLeftTheLeaderEndsTheSession) {
  FetchedLeader leader;
  leader.want(0);
  ASSERT_TRUE(leader.exchange());
  leader.want_no_more(0);
  const FetchResponse last = leader.respond(*leader.request());
  EXPECT_EQ(last.session_id, kNoFetchSession);
  ASSERT_TRUE(leader.learn(last));
  EXPECT_EQ(leader.cache.cached(), 0U);
  EXPECT_TRUE(leader.cache.sessions().empty());
  EXPECT_FALSE(leader.request().has_value());
}

TEST(FetchSession, ALeaderThatHasRestartedKnowsNoSessionAndIsAskedForANewOne) {
  FetchedLeader leader;
  leader.want(0);
  ASSERT_TRUE(leader.exchange());
  leader.restart();
  const FetchResponse refused = leader.respond(*leader.request());
  EXPECT_EQ(refused.error_code, ErrorCode::FetchSessionIdNotFound);
  EXPECT_FALSE(leader.learn(refused));
  const auto full = leader.request();
  EXPECT_EQ(full->metadata, (FetchMetadata{kNoFetchSession, FetchMetadata::kInitialEpoch}));
  EXPECT_EQ(partitions_in(*full), 1U);
}

TEST(FetchSession, ALostResponseEndsTheSessionAndTheNextRequestClosesIt) {
  FetchedLeader leader;
  leader.want(0);
  ASSERT_TRUE(leader.exchange());
  const FetchSessionId old = leader.handler.next_metadata().session_id;
  leader.change(0, {.end = 5, .high_watermark = 2});
  leader.respond(*leader.request());  // lost on its way: the leader takes it for told
  leader.handler.handle_error();
  const auto full = leader.request();
  EXPECT_EQ(full->metadata, (FetchMetadata{old, FetchMetadata::kInitialEpoch}));
  ASSERT_TRUE(leader.learn(leader.respond(*full)));
  EXPECT_TRUE(leader.up_to_date());
  EXPECT_EQ(leader.cache.cached(), 1U);
  EXPECT_NE(leader.handler.next_metadata().session_id, old);
}

TEST(FetchSession, ARequestOfAnotherEpochIsRefused) {
  FetchedLeader leader;
  leader.want(0);
  ASSERT_TRUE(leader.exchange());
  const auto request = leader.request();
  ASSERT_TRUE(leader.learn(leader.respond(*request)));
  const FetchResponse repeated = leader.respond(*request);
  EXPECT_EQ(repeated.error_code, ErrorCode::InvalidFetchSessionEpoch);
  EXPECT_FALSE(leader.learn(repeated));
  EXPECT_TRUE(leader.handler.next_metadata().is_full());
}

TEST(FetchSession, AResponseThatDoesNotFitTheRequestIsNotUsed) {
  FetchedLeader leader;
  leader.want(0);
  leader.want(1);
  FetchResponse partial = leader.respond(*leader.request());
  partial.responses.pop_back();
  EXPECT_FALSE(leader.learn(partial));
  ASSERT_TRUE(leader.exchange());
  FetchResponse foreign = leader.respond(*leader.request());
  foreign.responses.push_back({"orders", {}, {{.partition_index = PartitionId{9}}}});
  EXPECT_FALSE(leader.learn(foreign));
  EXPECT_EQ(leader.handler.next_metadata().epoch, FetchMetadata::kInitialEpoch);
}

TEST(FetchSession, AnErrorIsRepeatedAndAfterItTheHighWatermarkIsNewsAgain) {
  FetchedLeader leader;
  leader.want(0);
  leader.change(0, {.leads = false});
  ASSERT_TRUE(leader.exchange());
  const FetchResponse repeated = leader.respond(*leader.request());
  EXPECT_EQ(repeated.responses.size(), 1U);
  ASSERT_TRUE(leader.learn(repeated));
  leader.change(0, {.leads = true});
  ASSERT_TRUE(leader.exchange());
  EXPECT_TRUE(leader.up_to_date());
}

TEST(FetchSession, AFullCacheMakesRoomForFollowersAndForNobodyElse) {
  FetchedLeader leader({.max_entries = 1});
  Context context{leader.now, leader.choices, leader.effects, leader.serial};
  const FetchMetadata ask{kNoFetchSession, FetchMetadata::kInitialEpoch};
  const auto session_of = [&](BrokerId replica) {
    const FetchRequest request{
        .replica_id = replica, .metadata = ask, .topics = {{"orders", {}, {{}}}}};
    const auto slot = leader.cache.open(context, BrokerId{1}, ++leader.last_slot, request);
    const FetchSessionId id = leader.cache.at(*slot).id();
    leader.cache.finish(*slot);
    return id;
  };
  EXPECT_NE(session_of(kConsumerReplica), kNoFetchSession);
  EXPECT_EQ(session_of(kConsumerReplica), kNoFetchSession);
  EXPECT_NE(session_of(kFetcher), kNoFetchSession);
  EXPECT_EQ(session_of(kFetcher), kNoFetchSession);
  context.now = Instant{0} + 121_s;  // unused for long
  EXPECT_NE(session_of(kConsumerReplica), kNoFetchSession);
  EXPECT_EQ(leader.cache.cached(), 1U);
}

TEST(FetchSession, AfterTheLargestEpochComesOne) {
  EXPECT_EQ(FetchMetadata::next_epoch(FetchSessionEpoch{INT32_MAX}), FetchSessionEpoch{1});
  EXPECT_EQ(FetchMetadata::next_epoch(FetchMetadata::kFinalEpoch), FetchMetadata::kFinalEpoch);
}

// Whatever is appended, lost, restarted, forgotten and wanted again: a response that is used leaves
// the fetcher where a fetch of everything would have left it.
RC_GTEST_PROP(FetchSessionProperty, TellsWhatFullFetchesWouldTell, ()) {
  FetchedLeader leader;
  for (const int op : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 400))) {
    const int index = op % 4;
    FetchedLeader::Log log = leader.logs[part(index)];
    switch (op / 4 % 10) {
      case 0:
      case 1:
        leader.change(index, {log.end + 1, log.high_watermark, log.leads});
        break;
      case 2:
        leader.change(index, {log.end, log.end, log.leads});
        break;
      case 3:
        leader.change(index, {log.end, log.high_watermark, !log.leads});
        break;
      case 4:
        leader.want(index);
        break;
      case 5:
        leader.want_no_more(index);
        break;
      case 6:
        leader.restart();
        break;
      case 7:  // the request arrives and the response does not, or neither
        if (const auto request = leader.request()) {
          if (index < 2) leader.respond(*request);
          leader.handler.handle_error();
        }
        break;
      default:
        // Records are delivered and then told of; errors of the session cost one exchange.
        if (leader.exchange()) RC_ASSERT(leader.up_to_date());
    }
  }
  leader.exchange();
  RC_ASSERT(leader.exchange());
  RC_ASSERT(leader.up_to_date());
}

// ── In brokers
// ──────────────────────────────────────────────────────────────────────────────────────

// A minute of silence is longer than replica.lag.time.max.ms. A follower that fetched all the while
// has lagged no longer than since the first record that it could not fetch.
TEST(FetchSessionsOfBrokers, FollowersOfAQuietPartitionCountAsCaughtUpUntilTheLastFetch) {
  ScriptedCluster cluster(3);
  cluster.create("orders", 1, {1, 2, 3});
  cluster.world.add(NodeId{200}, Producer({.name = "producer",
                                           .self = NodeId{200},
                                           .brokers = cluster.book,
                                           .topics = {"orders"},
                                           .start = Instant{0} + 61_s}));
  cluster.world.run_until(Instant{0} + 60_s);
  cluster.world.cut(NodeId{1}, NodeId{3});
  cluster.world.run_until(Instant{0} + 85_s);  // a check of the ISR comes every 15 s
  EXPECT_EQ(cluster.state(part(0)).isr.size(), 3U);
  cluster.world.run_until(Instant{0} + 120_s);
  EXPECT_EQ(cluster.state(part(0)).isr.size(), 2U);
}

TEST(FetchSessionsOfBrokers, AfterLeadersMoveAndEitherSideRestartsAllReplicasAreEqual) {
  ScriptedCluster cluster(3);
  cluster.create("orders", 6, {1, 2, 3});
  cluster.world.add(NodeId{200}, Producer({.name = "producer",
                                           .self = NodeId{200},
                                           .brokers = cluster.book,
                                           .topics = {"orders"},
                                           .stop = Instant{0} + 30_s}));
  cluster.world.run_for(2_s);
  for (int i = 0; i < 6; i += 2) cluster.elect(part(i), 2);
  cluster.world.run_for(2_s);
  for (const int id : {3, 2, 1}) {
    cluster.world.kill(NodeId{static_cast<std::uint32_t>(id)});
    cluster.fail_over(id);
    cluster.world.run_for(1_s);
    cluster.start(id);
    cluster.come_back(id);
    cluster.world.run_for(5_s);
  }
  cluster.world.run_until(Instant{0} + 40_s);
  for (int i = 0; i < 6; ++i) {
    const HostedPartition* const leader =
        cluster.broker(cluster.state(part(i)).leader.value()).partition(part(i));
    EXPECT_EQ(cluster.state(part(i)).isr.size(), 3U);
    EXPECT_GT(leader->log().end_offset().value(), 100);
    for (const int id : {1, 2, 3}) {
      const ReplicaLog& log = cluster.broker(id).partition(part(i))->log();
      EXPECT_EQ(log.end_offset(), leader->log().end_offset());
      EXPECT_EQ(log.high_watermark(), leader->log().end_offset());
    }
  }
}

}  // namespace
}  // namespace sim
