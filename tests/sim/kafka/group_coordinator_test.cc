#include "sim/kafka/group_coordinator.h"

#include <gtest/gtest.h>
// rapidcheck after gtest.
#include <rapidcheck/gtest.h>

#include "tests/sim/kafka/group_bench.h"

namespace sim {
namespace {

using namespace literals;

// ── Joining
// ─────────────────────────────────────────────────────────────────────────────────────────

TEST(GroupCoordinator, ANewMemberComesBackWithTheIdItWasGiven) {
  GroupBench bench;
  const auto first = bench.told(bench.joining());
  EXPECT_EQ(first.error_code, ErrorCode::MemberIdRequired);
  EXPECT_TRUE(first.member_id.starts_with("app-"));
  EXPECT_EQ(bench.state(), GroupState::Empty);
  const auto request = bench.ask(bench.joining(first.member_id));
  EXPECT_EQ(bench.state(), GroupState::PreparingRebalance);
  bench.run_for(3_s);
  EXPECT_EQ(bench.answer<JoinGroupResponse>(request)->generation_id, 1);
}

TEST(GroupCoordinator, WhoDoesNotComeBackWithItsIdIsForgottenAfterItsSession) {
  GroupBench bench;
  const std::string id = bench.told(bench.joining()).member_id;
  bench.run_for(10_s);
  EXPECT_EQ(bench.told(bench.joining(id)).error_code, ErrorCode::UnknownMemberId);
}

// The first rebalance waits three seconds, and again as long as somebody new has come meanwhile.
TEST(GroupCoordinator, TheFirstRebalanceWaitsForThoseWhoComeLater) {
  GroupBench bench;
  const auto [first, first_join] = bench.join_anew();
  bench.run_for(2_s);
  const auto [second, second_join] = bench.join_anew();
  bench.run_for(1_s);
  EXPECT_FALSE(bench.answer<JoinGroupResponse>(first_join));
  bench.run_for(3_s);
  EXPECT_EQ(bench.answer<JoinGroupResponse>(first_join)->generation_id, 1);
  EXPECT_EQ(bench.answer<JoinGroupResponse>(second_join)->generation_id, 1);
  EXPECT_EQ(bench.metadata()->members.size(), 2U);
}

TEST(GroupCoordinator, AGroupIsNotLargerThanItMayBe) {
  GroupBench bench({.group_max_size = 2});
  bench.stable(2);
  EXPECT_EQ(bench.told(bench.joining()).error_code, ErrorCode::GroupMaxSizeReached);
  EXPECT_EQ(bench.state(), GroupState::Stable);
}

TEST(GroupCoordinator, MembersHaveAnAssignorInCommonAndVoteForIt) {
  GroupBench bench;
  const auto with = [&](std::vector<std::string> names) {
    auto request = bench.joining();
    request.api_version = 3;
    request.protocols.clear();
    for (const std::string& name : names) request.protocols.push_back({name, {}});
    return request;
  };
  bench.ask(with({"range", "sticky"}));
  EXPECT_EQ(bench.told(with({"roundrobin"})).error_code, ErrorCode::InconsistentGroupProtocol);
  bench.ask(with({"sticky", "roundrobin", "range"}));
  bench.ask(with({"sticky", "range"}));
  bench.run_for(10_s);
  EXPECT_EQ(bench.metadata()->protocol_name, "sticky");
}

// ── Assignments, heartbeats, leaving
// ────────────────────────────────────────────────────────────────

TEST(GroupCoordinator, EverybodyWaitsUntilTheAssignmentIsInTheLog) {
  GroupBench bench;
  std::vector<std::string> ids{bench.join_anew().first, bench.join_anew().first};
  bench.run_for(6_s);
  const std::string leader = *bench.metadata()->leader_id;
  const std::string follower = ids[0] == leader ? ids[1] : ids[0];
  bench.parked = true;
  const auto following = bench.ask(bench.syncing(follower));
  const auto leading = bench.ask(bench.leading(leader));
  EXPECT_FALSE(bench.answer<SyncGroupResponse>(leading));
  EXPECT_EQ(bench.state(), GroupState::CompletingRebalance);
  bench.decide_all(ErrorCode::None);
  EXPECT_EQ(bench.state(), GroupState::Stable);
  EXPECT_EQ(bench.answer<SyncGroupResponse>(following)->assignment.size(), 1U);
}

TEST(GroupCoordinator, AnAssignmentThatIsNotWrittenMakesTheGroupRebalance) {
  GroupBench bench;
  bench.join_anew();
  bench.run_for(3_s);
  bench.parked = true;
  const auto request = bench.ask(bench.leading(*bench.metadata()->leader_id));
  bench.decide_all(ErrorCode::RequestTimedOut);
  EXPECT_EQ(bench.answer<SyncGroupResponse>(request)->error_code, ErrorCode::RebalanceInProgress);
  EXPECT_EQ(bench.state(), GroupState::PreparingRebalance);
}

TEST(GroupCoordinator, AMemberThatFallsSilentGoesAndTheOthersRebalance) {
  GroupBench bench;
  const auto ids = bench.stable(2);
  bench.run_for(6_s);
  EXPECT_EQ(bench.told(bench.beating(ids[0])).error_code, ErrorCode::None);
  bench.run_for(5_s);
  EXPECT_FALSE(bench.metadata()->has(ids[1]));
  EXPECT_EQ(bench.told(bench.beating(ids[0])).error_code, ErrorCode::RebalanceInProgress);
  const auto again = bench.told(bench.joining(ids[0]));
  EXPECT_EQ(again.generation_id, 2);
  EXPECT_EQ(again.leader, ids[0]);
}

TEST(GroupCoordinator, WhoDoesNotAskForItsAssignmentGoesAfterTheRebalanceTimeout) {
  GroupBench bench;
  std::vector<std::string> ids{bench.join_anew().first, bench.join_anew().first};
  bench.run_for(6_s);
  const std::string leader = *bench.metadata()->leader_id;
  const std::string lazy = ids[0] == leader ? ids[1] : ids[0];
  bench.ask(bench.leading(leader));
  for (int i = 0; i < 12; ++i) {
    bench.ask(bench.beating(lazy));
    bench.ask(bench.beating(leader));
    bench.run_for(5_s);
  }
  EXPECT_FALSE(bench.metadata()->has(lazy));
  EXPECT_EQ(bench.state(), GroupState::PreparingRebalance);
}

TEST(GroupCoordinator, TheLastOneToLeaveEmptiesTheGroupAndTheLogHearsOfIt) {
  GroupBench bench;
  const auto ids = bench.stable(1);
  EXPECT_EQ(bench.told(LeaveGroupRequest{bench.group, {{ids[0], {}}}}).members.at(0).error_code,
            ErrorCode::None);
  EXPECT_EQ(bench.state(), GroupState::Empty);
  const auto& last = std::get<GroupMetadataEntry>(bench.log.back().records.at(0));
  EXPECT_EQ(last.value->generation, 2);
  EXPECT_TRUE(last.value->members.empty());
}

// ── Static members
// ──────────────────────────────────────────────────────────────────────────────────

struct StaticMembers : ::testing::Test {
  GroupBench bench;
  JoinGroupRequest joining(const std::string& member_id = {}) const {
    auto request = bench.joining(member_id);
    request.group_instance_id = "blue";
    return request;
  }
  std::string settle() {
    bench.ask(joining());
    bench.run_for(3_s);
    const std::string id = *bench.metadata()->leader_id;
    auto sync = bench.leading(id);
    sync.group_instance_id = "blue";
    bench.ask(sync);
    return id;
  }
};

TEST_F(StaticMembers, OneThatIsStartedAnewTakesItsPlaceWithoutARebalance) {
  const std::string old = settle();
  const auto again = bench.told(joining());
  EXPECT_EQ(again.error_code, ErrorCode::None);
  EXPECT_EQ(again.generation_id, 1);
  EXPECT_TRUE(again.skip_assignment);
  EXPECT_NE(again.member_id, old);
  EXPECT_EQ(bench.state(), GroupState::Stable);
}

TEST_F(StaticMembers, ItsFormerSelfIsFenced) {
  const std::string old = settle();
  bench.ask(joining());
  auto beat = bench.beating(old);
  beat.group_instance_id = "blue";
  EXPECT_EQ(bench.told(beat).error_code, ErrorCode::FencedInstanceId);
  auto commit = bench.committing(old, 7);
  commit.group_instance_id = "blue";
  EXPECT_EQ(bench.told(commit).partitions.at(0).error_code, ErrorCode::FencedInstanceId);
  EXPECT_EQ(bench.committed(), Offset{-1});
}

TEST_F(StaticMembers, WhatCannotBeWrittenIsTakenBack) {
  const std::string old = settle();
  bench.parked = true;
  const auto request = bench.ask(joining());
  bench.decide_all(ErrorCode::NotEnoughReplicasAfterAppend);
  EXPECT_EQ(bench.answer<JoinGroupResponse>(request)->error_code,
            ErrorCode::CoordinatorNotAvailable);
  EXPECT_TRUE(bench.metadata()->has(old));
}

// ── Failover
// ────────────────────────────────────────────────────────────────────────────────────────

TEST(GroupCoordinator, AfterAFailoverTheLastStoredGenerationIsStableAgain) {
  GroupBench bench;
  const auto ids = bench.stable(2);
  bench.ask(bench.committing(ids[0], 40));
  bench.ask(bench.joining(ids[0]));  // the leader wants another assignment: not stored
  EXPECT_EQ(bench.state(), GroupState::PreparingRebalance);
  bench.fail_over();
  bench.finish_load();
  EXPECT_EQ(bench.state(), GroupState::Stable);
  EXPECT_EQ(bench.metadata()->generation_id, 1);
  EXPECT_EQ(bench.metadata()->leader_id, ids[0]);
  EXPECT_EQ(bench.committed(), Offset{40});
  EXPECT_EQ(bench.told(bench.beating(ids[1])).error_code, ErrorCode::None);
  bench.run_for(10_s);
  EXPECT_FALSE(bench.metadata()->has(ids[0]));  // it said nothing since
}

TEST(GroupCoordinator, WhoeverWaitsIsToldThatTheCoordinatorHasMoved) {
  GroupBench bench;
  const auto [id, request] = bench.join_anew();
  bench.fail_over();
  EXPECT_EQ(bench.answer<JoinGroupResponse>(request)->error_code, ErrorCode::NotCoordinator);
}

TEST(GroupCoordinator, WhileItLoadsHeartbeatsAreAnsweredBlindlyAndSyncsMustRejoin) {
  GroupBench bench;
  const auto ids = bench.stable(1);
  const auto beat = bench.beating(ids[0]);
  const auto sync = bench.syncing(ids[0]);
  const auto commit = bench.committing(ids[0], 1);
  bench.fail_over();
  EXPECT_EQ(bench.told(beat).error_code, ErrorCode::None);
  EXPECT_EQ(bench.told(sync).error_code, ErrorCode::RebalanceInProgress);
  EXPECT_EQ(bench.told(commit).partitions.at(0).error_code, ErrorCode::CoordinatorLoadInProgress);
  EXPECT_EQ(bench.told(bench.joining()).error_code, ErrorCode::CoordinatorLoadInProgress);
  EXPECT_EQ(bench.coordinator().handle(OffsetFetchRequest{bench.group}).error_code,
            ErrorCode::CoordinatorLoadInProgress);
  bench.finish_load();
  EXPECT_EQ(bench.told(commit).partitions.at(0).error_code, ErrorCode::None);
}

// ── Offsets
// ─────────────────────────────────────────────────────────────────────────────────────────

TEST(GroupCoordinator, ACommitIsValidatedInKafkasOrder) {
  GroupBench bench;
  const auto error = [&](const OffsetCommitRequest& request) {
    return bench.told(request).partitions.at(0).error_code;
  };
  OffsetCommitRequest stale = bench.committing("", 1);
  stale.generation_id_or_member_epoch = 3;
  EXPECT_EQ(error(stale), ErrorCode::IllegalGeneration);  // there is no such group
  EXPECT_EQ(error(bench.committing("", 1)), ErrorCode::None);
  const auto ids = bench.stable(1);
  EXPECT_EQ(error(bench.committing("", 2)), ErrorCode::UnknownMemberId);  // only members now
  EXPECT_EQ(error(bench.committing("nobody", 2)), ErrorCode::UnknownMemberId);
  stale = bench.committing(ids[0], 2);
  stale.generation_id_or_member_epoch = 0;
  EXPECT_EQ(error(stale), ErrorCode::IllegalGeneration);
  EXPECT_EQ(bench.committed(), Offset{1});
  EXPECT_EQ(error(bench.committing(ids[0], 2)), ErrorCode::None);
  EXPECT_EQ(bench.committed(), Offset{2});
}

TEST(GroupCoordinator, WhileOthersJoinTheFormerGenerationMayStillCommitAndBeforeItSyncsItMayNot) {
  GroupBench bench;
  const auto ids = bench.stable(1);
  bench.join_anew();
  EXPECT_EQ(bench.state(), GroupState::PreparingRebalance);
  EXPECT_EQ(bench.told(bench.committing(ids[0], 5)).partitions.at(0).error_code, ErrorCode::None);
  bench.ask(bench.joining(ids[0]));
  EXPECT_EQ(bench.state(), GroupState::CompletingRebalance);
  EXPECT_EQ(bench.told(bench.committing(ids[0], 6)).partitions.at(0).error_code,
            ErrorCode::RebalanceInProgress);
  EXPECT_EQ(bench.committed(), Offset{5});
}

TEST(GroupCoordinator, APendingCommitMakesAnOffsetUnstable) {
  GroupBench bench;
  bench.told(bench.committing("", 1));
  bench.parked = true;
  bench.ask(bench.committing("", 2));
  const auto fetched = [&](bool stable) {
    return bench.coordinator()
        .handle(OffsetFetchRequest{bench.group, std::vector{bench.orders0}, stable})
        .partitions.at(0);
  };
  EXPECT_EQ(fetched(true).error_code, ErrorCode::UnstableOffsetCommit);
  EXPECT_EQ(fetched(false).committed_offset, Offset{1});
  bench.decide_all(ErrorCode::None);
  EXPECT_EQ(fetched(true).committed_offset, Offset{2});
}

TEST(GroupCoordinator, OffsetsOfALeftGroupExpireFromTheTimeItWasLeft) {
  GroupBench bench({.offsets_retention = 3'600_s});
  const auto ids = bench.stable(1);
  bench.told(bench.committing(ids[0], 9));
  bench.told(LeaveGroupRequest{bench.group, {{ids[0], {}}}});
  bench.run_for(3'000_s);
  EXPECT_EQ(bench.committed(), Offset{9});
  bench.run_for(1'200_s);
  EXPECT_EQ(bench.metadata(), nullptr);
  const auto& tombstones = bench.log.back().records;
  ASSERT_EQ(tombstones.size(), 2U);
  EXPECT_FALSE(std::get<OffsetCommitEntry>(tombstones[0]).value);
  EXPECT_FALSE(std::get<GroupMetadataEntry>(tombstones[1]).value);
  bench.fail_over();
  bench.finish_load();
  EXPECT_EQ(bench.metadata(), nullptr);
}

TEST(GroupCoordinator, OffsetsOfATopicThatIsReadDoNotExpire) {
  GroupBench bench({.group_max_session_timeout = 86'400_s, .offsets_retention = 60_s});
  auto request = bench.joining();
  request.api_version = 3;
  request.session_timeout = 86'000_s;
  bench.ask(request);
  bench.run_for(3_s);
  const std::string id = *bench.metadata()->leader_id;
  bench.ask(bench.leading(id));
  auto commit = bench.committing(id, 1);
  commit.partitions.push_back({.topic_partition = {"left", PartitionId{0}}});
  bench.told(commit);
  bench.run_for(1'200_s);
  EXPECT_EQ(bench.committed(), Offset{1});
  EXPECT_EQ(bench.metadata()->offsets.size(), 1U);
}

TEST(GroupCoordinator, ATopicThatIsDeletedTakesItsOffsetsAlong) {
  GroupBench bench;
  bench.told(bench.committing("", 1));
  GroupEffects effects;
  Choices choices(1);
  GroupContext context{bench.now, choices, effects};
  bench.coordinator().on_partitions_deleted(context, {bench.orders0});
  EXPECT_EQ(bench.metadata(), nullptr);
  EXPECT_TRUE(std::holds_alternative<GroupTombstones>(effects.back()));
}

// ── Properties
// ──────────────────────────────────────────────────────────────────────────────────────

// Small cases are made by shrinking alone: at rapidcheck's first sizes all draws would be 0.
int drawn_below(int end) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, end));
}

// What holds between any two steps, whatever clients and logs do.
void check_group(const GroupMetadata& group) {
  RC_ASSERT(group.members.empty() == !group.leader_id.has_value());
  RC_ASSERT((!group.leader_id || group.has(*group.leader_id)));
  RC_ASSERT(group.delayed_join.has_value() == group.is(GroupState::PreparingRebalance));
  RC_ASSERT((!group.delayed_sync || !group.is(GroupState::PreparingRebalance)));
  RC_ASSERT((!group.is(GroupState::Empty) || group.members.empty()));
  for (const auto& [id, member] : group.members) {
    RC_ASSERT((!member.awaiting_sync || group.is(GroupState::CompletingRebalance)));
    // Who is neither waiting nor has a timer would never be missed.
    RC_ASSERT((member.session || member.awaiting_join || member.awaiting_sync));
    RC_ASSERT(
        (!member.group_instance_id || group.static_member_id(*member.group_instance_id) == id));
  }
}

// Random members, some of them static, of whom some forget, hurry, or come back from the past; a log
// that is slow, refuses, and survives the coordinator.
class RandomGroup {
 public:
  void step() {
    const auto kind = drawn_below(26);
    bench_.parked = drawn_below(4) == 0;
    if (kind < 7) join();
    if (kind >= 7 && kind < 11) sync();
    if (kind >= 11 && kind < 14) commit();
    if (kind == 14) bench_.ask(HeartbeatRequest{bench_.group, generation(), somebody()});
    if (kind == 15) bench_.ask(LeaveGroupRequest{bench_.group, {{somebody(), {}}}});
    if (kind == 16) pass(drawn_below(20));
    if (kind == 17) bench_.decide_all(ErrorCode::None);
    if (kind == 18) bench_.decide_all(ErrorCode::NotEnoughReplicasAfterAppend);
    if (kind == 19 && drawn_below(3) == 0) fail_over();
    if (kind > 19) cooperate();
    RC_LOG() << "step " << kind << (bench_.parked ? " with slow writes" : "") << ": "
             << name_of(bench_.state()) << '\n';
    if (bench_.metadata() != nullptr) check_group(*bench_.metadata());
  }
  GroupBench& bench() { return bench_; }
  int refused_commits = 0;

 private:
  std::string somebody() {
    if (bench_.metadata() != nullptr && !bench_.metadata()->members.empty() && drawn_below(5) > 0) {
      const auto at = drawn_below(static_cast<int>(bench_.metadata()->members.size()));
      const auto& [id, member] = *(bench_.metadata()->members.begin() + at);
      // Who waits to join does nothing else; a static member does not know its new id yet.
      const bool is_known = !member.awaiting_join;
      return is_known ? id : "nobody";
    }
    return ids_.empty()
               ? "nobody"
               : ids_[static_cast<std::size_t>(drawn_below(static_cast<int>(ids_.size())))];
  }
  std::int32_t generation() {
    const std::int32_t present =
        bench_.metadata() == nullptr ? 0 : bench_.metadata()->generation_id;
    return present - (drawn_below(5) == 0 ? 1 : 0);
  }
  void join() {
    JoinGroupRequest request = bench_.joining();
    if (drawn_below(4) == 0) request.group_instance_id = "blue";
    if (drawn_below(2) == 0) {
      request.member_id = somebody();
      request.group_instance_id.reset();
      if (bench_.metadata() != nullptr && bench_.metadata()->has(request.member_id))
        request.group_instance_id =
            bench_.metadata()->members.find(request.member_id)->group_instance_id;
    }
    const auto asked = bench_.ask(request);
    const auto answer = bench_.answer<JoinGroupResponse>(asked);
    if (answer && !answer->member_id.empty()) ids_.push_back(answer->member_id);
    if (answer && answer->error_code == ErrorCode::MemberIdRequired)
      bench_.ask(bench_.joining(answer->member_id));
  }
  void sync() {
    if (bench_.metadata() == nullptr) return;
    const std::string id = somebody();
    SyncGroupRequest request =
        bench_.metadata()->is_leader(id) ? bench_.leading(id) : bench_.syncing(id);
    request.generation_id = generation();
    bench_.ask(request);
  }
  // All members do what the group waits for.
  void cooperate() {
    if (bench_.metadata() == nullptr) return;
    std::vector<std::pair<std::string, std::optional<std::string>>> members;
    for (const auto& [id, member] : bench_.metadata()->members) {
      if (!member.awaiting_join && !member.awaiting_sync)
        members.emplace_back(id, member.group_instance_id);
    }
    for (const auto& [id, instance] : members) {
      if (bench_.state() == GroupState::PreparingRebalance) {
        JoinGroupRequest request = bench_.joining(id);
        request.group_instance_id = instance;
        bench_.ask(request);
      } else if (bench_.state() == GroupState::CompletingRebalance) {
        bench_.ask(bench_.metadata()->is_leader(id) ? bench_.leading(id) : bench_.syncing(id));
      } else {
        bench_.ask(bench_.beating(id));
      }
    }
    pass(3);
  }
  // A write is decided within offsets.commit.timeout.ms, which is less than any session.
  void pass(int seconds) {
    undecided_for_ += seconds;
    if (undecided_for_ > 4) {
      bench_.decide_all(ErrorCode::RequestTimedOut);
      undecided_for_ = 0;
    }
    bench_.run_for(Duration{seconds * 1'000'000'000LL});
  }
  // broker.P16: what is of the past never takes effect.
  void commit() {
    const std::string id = drawn_below(6) == 0 ? "" : somebody();
    OffsetCommitRequest request{.group_id = bench_.group,
                                .generation_id_or_member_epoch = id.empty() ? -1 : generation(),
                                .member_id = id,
                                .partitions = {{.topic_partition = bench_.orders0,
                                                .committed_offset = Offset{++last_offset_}}}};
    const GroupMetadata* group = bench_.metadata();
    const bool is_member = group != nullptr && group->has(id) &&
                           request.generation_id_or_member_epoch == group->generation_id;
    const bool is_simple = request.generation_id_or_member_epoch < 0 &&
                           (group == nullptr || group->is(GroupState::Empty));
    const std::size_t written = bench_.log.size();
    bench_.ask(request);
    if (is_member || is_simple) return;
    ++refused_commits;
    RC_ASSERT(bench_.log.size() == written);
    RC_ASSERT(bench_.committed() != Offset{last_offset_});
  }
  void fail_over() {
    bench_.decide_all(ErrorCode::NotLeaderOrFollower);
    bench_.fail_over();
    bench_.finish_load();
    RC_ASSERT((bench_.metadata() == nullptr || bench_.state() == GroupState::Stable ||
               bench_.state() == GroupState::Empty));
  }

  GroupBench bench_;
  std::vector<std::string> ids_;
  std::int64_t last_offset_ = 0;
  int undecided_for_ = 0;  // seconds, at most
};

RC_GTEST_PROP(GroupCoordinator, KeepsItsOrderWhateverMembersAndLogsDo, ()) {
  RandomGroup group;
  const int steps = 10 + drawn_below(110);
  for (int i = 0; i < steps; ++i) group.step();
  RC_TAG(std::string(name_of(group.bench().state())),
         group.refused_commits > 0 ? "with commits of the past" : "without");
}

// broker.L7: once members do what they should and nothing fails, the group ends Stable.
RC_GTEST_PROP(GroupCoordinator, BecomesStableOnceItsMembersAre, ()) {
  RandomGroup random;
  const int steps = drawn_below(80);
  for (int i = 0; i < steps; ++i) random.step();
  GroupBench& bench = random.bench();
  bench.parked = false;
  bench.decide_all(ErrorCode::None);
  const std::string id = bench.join_anew().first;
  // The others are never heard of again: static ones go with their sessions, all within minutes.
  for (int second = 0; second < 400; ++second) {
    bench.run_for(1_s);
    const GroupMetadata* group = bench.metadata();
    RC_ASSERT((group != nullptr && group->has(id)));
    const MemberMetadata* member = group->members.find(id);
    if (group->is(GroupState::PreparingRebalance) && !member->awaiting_join)
      bench.ask(bench.joining(id));
    if (group->is(GroupState::CompletingRebalance) && !member->awaiting_sync)
      bench.ask(group->is_leader(id) ? bench.leading(id) : bench.syncing(id));
    if (!member->awaiting_join && !member->awaiting_sync) bench.ask(bench.beating(id));
  }
  RC_ASSERT(bench.state() == GroupState::Stable);
  RC_ASSERT(bench.metadata()->members.size() == 1U);
}

// ── Commits in transactions (brokers.md §2.5) ───────────────────────────────────────────────────

TxnOffsetCommitRequest in_transaction(const GroupBench& bench, std::int64_t offset) {
  return {.transactional_id = "billing-1",
          .group_id = bench.group,
          .producer = {ProducerId{7}, 0},
          .partitions = {{.topic_partition = bench.orders0, .committed_offset = Offset{offset}}}};
}

ErrorCode fetched(GroupBench& bench) {
  return bench.coordinator()
      .handle(OffsetFetchRequest{.group_id = bench.group, .partitions = {{bench.orders0}}})
      .partitions.front()
      .error_code;
}

TEST(GroupCoordinator, ACommitInATransactionCountsWhenAMarkerSaysSo) {
  for (const TransactionResult result : {TransactionResult::Commit, TransactionResult::Abort}) {
    GroupBench bench;
    bench.told(bench.committing("", 3));
    EXPECT_EQ(bench.told(in_transaction(bench, 10)).partitions.front().error_code, ErrorCode::None);
    EXPECT_EQ(bench.committed(), Offset{3});
    EXPECT_EQ(fetched(bench), ErrorCode::UnstableOffsetCommit) << "whoever starts anew waits";
    bench.coordinator().on_transaction_completed(PartitionId{0}, ProducerId{8}, result);
    EXPECT_EQ(fetched(bench), ErrorCode::UnstableOffsetCommit) << "that was another producer's";
    bench.coordinator().on_transaction_completed(PartitionId{0}, ProducerId{7}, result);
    EXPECT_EQ(fetched(bench), ErrorCode::None);
    EXPECT_EQ(bench.committed(), Offset{result == TransactionResult::Commit ? 10 : 3});
  }
}

TEST(GroupCoordinator, OfPlainAndTransactionalCommitsTheLaterInTheLogCounts) {
  GroupBench bench;
  bench.told(in_transaction(bench, 10));
  bench.told(bench.committing("", 3));
  bench.coordinator().on_transaction_completed(PartitionId{0}, ProducerId{7},
                                               TransactionResult::Commit);
  EXPECT_EQ(bench.committed(), Offset{3});
}

TEST(GroupCoordinator, AFailedCommitInATransactionIsPendingNoMore) {
  GroupBench bench;
  bench.parked = true;
  const auto request = bench.ask(in_transaction(bench, 10));
  bench.decide_all(ErrorCode::NotEnoughReplicas);
  EXPECT_EQ(bench.answer<TxnOffsetCommitResponse>(request)->partitions.front().error_code,
            ErrorCode::CoordinatorNotAvailable);
  EXPECT_EQ(fetched(bench), ErrorCode::None);
}

TEST(GroupCoordinator, AMemberOfThePastCommitsNothingInATransaction) {
  GroupBench bench;
  bench.stable(1);
  TxnOffsetCommitRequest request = in_transaction(bench, 10);
  request.generation_id = bench.metadata()->generation_id;
  request.member_id = "gone";
  EXPECT_EQ(bench.told(request).partitions.front().error_code, ErrorCode::UnknownMemberId);
  request.member_id = *bench.metadata()->leader_id;
  --request.generation_id;
  EXPECT_EQ(bench.told(request).partitions.front().error_code, ErrorCode::IllegalGeneration);
  ++request.generation_id;
  EXPECT_EQ(bench.told(request).partitions.front().error_code, ErrorCode::None);
  EXPECT_EQ(bench.told(in_transaction(bench, 11)).partitions.front().error_code, ErrorCode::None)
      << "who does not say who it is is not fenced (before KIP-447)";
}

// A log of plain commits, commits in transactions and markers, read by the next coordinator.
TEST(GroupCoordinator, WhatALogSaysOfTransactionsIsKnownAfterAFailover) {
  const auto commit = [](std::int64_t offset) {
    return GroupRecords{{OffsetCommitEntry{{"billing", "orders", PartitionId{0}},
                                           OffsetCommitValue{.offset = Offset{offset}}}}};
  };
  const GroupRecords plain = commit(3), first = commit(10), second = commit(20), open = commit(30);
  using enum BatchKind;
  const std::vector<GroupLogEntry> log{{Offset{0}, &plain},
                                       {Offset{1}, &first, TransactionalData, ProducerId{7}},
                                       {Offset{2}, nullptr, CommitMarker, ProducerId{7}},
                                       {Offset{3}, &second, TransactionalData, ProducerId{8}},
                                       {Offset{4}, nullptr, AbortMarker, ProducerId{8}},
                                       {Offset{5}, &open, TransactionalData, ProducerId{9}}};
  GroupBench bench;
  GroupCoordinator next(BrokerId{2}, {});
  next.set_partition_count(1);
  next.load(PartitionId{0});
  GroupEffects effects;
  Choices choices(1);
  GroupContext context{bench.now, choices, effects};
  next.finish_load(context, PartitionId{0}, log);
  EXPECT_EQ(next.committed_offset("billing", bench.orders0), Offset{10});
  EXPECT_TRUE(next.group("billing")->has_pending_commit(bench.orders0));
  next.on_transaction_completed(PartitionId{0}, ProducerId{9}, TransactionResult::Commit);
  EXPECT_EQ(next.committed_offset("billing", bench.orders0), Offset{30});
}

}  // namespace
}  // namespace sim
