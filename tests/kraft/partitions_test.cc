#include <gtest/gtest.h>

#include "cluster.h"

// Who holds a partition and who leads it, when somebody asks for it: reassignment, ElectLeaders, directories that
// fail (ReplicationControlManager; kraft.md §3.6, §3.8, §3.9).
namespace kraft::test {
namespace {

using Ids = std::vector<BrokerId>;

Ids ids(std::initializer_list<std::int32_t> values) {
  Ids out;
  for (const std::int32_t value : values) out.emplace_back(value);
  return out;
}

const sim::TopicPartition kOrders{"orders", sim::PartitionId(0)};

// Five brokers, and one partition on some of them.
struct Partitions : testing::Test {
  Partitions() : cluster({.brokers = 5}, 21) { EXPECT_TRUE(cluster.all_brokers_running()); }

  void create(Ids replicas, std::vector<sim::ConfigEntry> configs = {}) {
    const auto answer = cluster.ask(
        sim::CreateTopicsRequest{.topics = {{.name = "orders",
                                             .assignments = {{sim::PartitionId(0), replicas}},
                                             .configs = std::move(configs)}}});
    ASSERT_TRUE(answer && answer->topics.front().error_code == ErrorCode::None);
  }
  sim::Partition orders() {
    cluster.bench.run_for(200_ms);  // until the image has it
    return *cluster.image().topics().find("orders")->partition(sim::PartitionId(0));
  }
  ErrorCode reassign(std::optional<Ids> replicas) {
    const auto answer = cluster.ask(
        sim::AlterPartitionReassignmentsRequest{.partitions = {{kOrders, std::move(replicas)}}});
    return answer ? answer->responses.front().error_code : ErrorCode::RequestTimedOut;
  }
  ErrorCode elect(sim::ElectionType type) {
    const auto answer = cluster.ask(
        sim::ElectLeadersRequest{.election_type = type, .partitions = std::vector{kOrders}});
    return answer ? answer->replica_election_results.front().error_code
                  : ErrorCode::RequestTimedOut;
  }
  // What the leader asks for as replicas fall behind and catch up.
  ErrorCode alter_isr(Ids isr) {
    const sim::Partition now = orders();
    sim::AlterPartitionData data{.partition_index = kOrders.partition,
                                 .leader_epoch = now.leader_epoch,
                                 .new_isr_with_epochs = {},
                                 .partition_epoch = now.partition_epoch};
    for (const BrokerId id : isr) data.new_isr_with_epochs.push_back({.broker_id = id});
    const auto answer = cluster.ask(sim::AlterPartitionRequest{
        .broker_id = now.leader,
        .broker_epoch = cluster.image().cluster().broker(now.leader)->broker_epoch,
        .topics = {
            {.topic_id = cluster.image().topics().find("orders")->id(), .partitions = {data}}}});
    return answer ? answer->topics.front().partitions.front().error_code
                  : ErrorCode::RequestTimedOut;
  }
  void lose(std::size_t broker) {
    cluster.bench.crash(cluster.process_of(broker));
    ASSERT_TRUE(cluster.bench.run_until(20_s, [&] { return cluster.fenced(broker); }));
  }
  Cluster cluster;
};

// ── Reassignment ──

TEST_F(Partitions, AReassignmentAddsFirstAndRemovesWhenTheNewOnesAreInSync) {
  create(ids({0, 1, 2}));
  EXPECT_EQ(reassign(ids({3, 4, 0})), ErrorCode::None);
  sim::Partition now = orders();
  EXPECT_EQ(now.replicas, ids({3, 4, 0, 1, 2}));
  EXPECT_EQ(now.adding_replicas, ids({3, 4}));
  EXPECT_EQ(now.removing_replicas, ids({1, 2}));
  EXPECT_EQ(now.leader, BrokerId(0));

  EXPECT_EQ(alter_isr(ids({0, 1, 2, 3})), ErrorCode::None);
  EXPECT_EQ(orders().adding_replicas, ids({3, 4}));
  EXPECT_EQ(alter_isr(ids({0, 1, 2, 3, 4})), ErrorCode::None);
  now = orders();
  EXPECT_EQ(now.replicas, ids({3, 4, 0}));
  EXPECT_EQ(now.isr, ids({0, 3, 4}));
  EXPECT_TRUE(now.adding_replicas.empty());
  EXPECT_TRUE(now.removing_replicas.empty());
  EXPECT_EQ(now.leader, BrokerId(0));
  EXPECT_EQ(cluster.violations, std::vector<Violation>{});
}

TEST_F(Partitions, AReassignmentThatTakesTheLeaderAwayTellsItThatANewOneWasElected) {
  create(ids({0, 1}));
  EXPECT_EQ(reassign(ids({1, 2})), ErrorCode::None);
  EXPECT_EQ(alter_isr(ids({0, 1, 2})), ErrorCode::NewLeaderElected);
  EXPECT_EQ(orders().leader, BrokerId(1));
  EXPECT_EQ(orders().replicas, ids({1, 2}));
}

TEST_F(Partitions, ANewOrderOfTheSameReplicasIsDoneAtOnce) {
  create(ids({0, 1, 2}));
  const auto epoch = orders().leader_epoch;
  EXPECT_EQ(reassign(ids({2, 1, 0})), ErrorCode::None);
  EXPECT_EQ(orders().replicas, ids({2, 1, 0}));
  EXPECT_EQ(orders().leader, BrokerId(0));
  EXPECT_EQ(orders().leader_epoch, epoch);
}

TEST_F(Partitions, FewerReplicasAreDoneAtOnceAndRaiseTheLeaderEpoch) {
  create(ids({0, 1, 2}));
  const auto epoch = orders().leader_epoch;
  EXPECT_EQ(reassign(ids({0})), ErrorCode::None);
  EXPECT_EQ(orders().replicas, ids({0}));
  EXPECT_EQ(orders().isr, ids({0}));
  EXPECT_EQ(orders().leader_epoch, epoch.plus(1));
}

// With all that it lists, old and new, a request names nothing to add or to remove; Kafka then leaves both lists.
TEST_F(Partitions, WhoAsksForOldAndNewReplicasTogetherLeavesTheReassignmentInFlight) {
  create(ids({0, 1}));
  EXPECT_EQ(reassign(ids({2, 0})), ErrorCode::None);
  const sim::Partition before = orders();
  EXPECT_EQ(before.replicas, ids({2, 0, 1}));
  EXPECT_EQ(reassign(ids({2, 0, 1})), ErrorCode::None);
  EXPECT_EQ(orders(), before);
}

TEST_F(Partitions, AReassignmentIsCancelledToWhatWasBefore) {
  create(ids({0, 1}));
  EXPECT_EQ(reassign(std::nullopt), ErrorCode::NoReassignmentInProgress);
  EXPECT_EQ(reassign(ids({2, 3})), ErrorCode::None);
  EXPECT_EQ(alter_isr(ids({0, 1, 2})), ErrorCode::None);
  EXPECT_EQ(reassign(std::nullopt), ErrorCode::None);
  EXPECT_EQ(orders().replicas, ids({0, 1}));
  EXPECT_EQ(orders().isr, ids({0, 1}));
  EXPECT_TRUE(orders().adding_replicas.empty());
}

TEST_F(Partitions, ACancellationThatWouldLoseDataNeedsLeaveForUncleanElections) {
  create(ids({0}));
  EXPECT_EQ(reassign(ids({1, 2})), ErrorCode::None);
  EXPECT_EQ(alter_isr(ids({0, 1})), ErrorCode::None);
  lose(0);
  ASSERT_EQ(orders().isr, ids({1}));
  EXPECT_EQ(reassign(std::nullopt), ErrorCode::InvalidReplicaAssignment);
  const auto answer = cluster.ask(sim::IncrementalAlterConfigsRequest{
      .resources = {{.resource_name = "orders",
                     .configs = {{.name = "unclean.leader.election.enable", .value = "true"}}}}});
  ASSERT_TRUE(answer);
  EXPECT_EQ(reassign(std::nullopt), ErrorCode::None);
  EXPECT_EQ(orders().replicas, ids({0}));
  EXPECT_EQ(orders().isr, ids({0}));
}

TEST_F(Partitions, AnAssignmentNamesRegisteredBrokersOnceEach) {
  create(ids({0, 1}));
  EXPECT_EQ(reassign(Ids{}), ErrorCode::InvalidReplicaAssignment);
  EXPECT_EQ(reassign(ids({1, 1})), ErrorCode::InvalidReplicaAssignment);
  EXPECT_EQ(reassign(ids({1, 77})), ErrorCode::InvalidReplicaAssignment);
  const auto answer = cluster.ask(sim::AlterPartitionReassignmentsRequest{
      .partitions = {{{"nothing", sim::PartitionId(0)}, ids({1})},
                     {{"orders", sim::PartitionId(1)}, ids({1})}}});
  ASSERT_TRUE(answer);
  for (const auto& result : answer->responses)
    EXPECT_EQ(result.error_code, ErrorCode::UnknownTopicOrPartition);
}

TEST_F(Partitions, AReassignmentElectsNobodyUncleanlyWhateverTheTopicAllows) {
  create(ids({0}), {{"unclean.leader.election.enable", "true"}});
  lose(0);
  ASSERT_FALSE(orders().has_leader());
  EXPECT_EQ(reassign(ids({1, 2})), ErrorCode::None);
  EXPECT_FALSE(orders().has_leader());
  EXPECT_EQ(orders().isr, ids({0}));
}

// ── ElectLeaders ──

TEST_F(Partitions, ThePreferredLeaderIsElectedWhenItIsInSyncAgain) {
  create(ids({0, 1, 2}));
  EXPECT_EQ(elect(sim::ElectionType::Preferred), ErrorCode::ElectionNotNeeded);
  lose(0);
  ASSERT_EQ(orders().leader, BrokerId(1));
  EXPECT_EQ(elect(sim::ElectionType::Preferred), ErrorCode::PreferredLeaderNotAvailable);
  cluster.bench.start(cluster.process_of(0));
  ASSERT_TRUE(cluster.all_brokers_running());
  EXPECT_EQ(elect(sim::ElectionType::Preferred), ErrorCode::PreferredLeaderNotAvailable);
  EXPECT_EQ(alter_isr(ids({0, 1, 2})), ErrorCode::None);
  EXPECT_EQ(elect(sim::ElectionType::Preferred), ErrorCode::None);
  EXPECT_EQ(orders().leader, BrokerId(0));
}

TEST_F(Partitions, AnUncleanElectionTakesALivingReplicaOutsideTheIsrAndMarksItRecovering) {
  create(ids({0, 1}));
  EXPECT_EQ(elect(sim::ElectionType::Unclean), ErrorCode::ElectionNotNeeded);
  EXPECT_EQ(alter_isr(ids({0})), ErrorCode::None);
  lose(0);
  ASSERT_FALSE(orders().has_leader());
  EXPECT_EQ(elect(sim::ElectionType::Preferred), ErrorCode::PreferredLeaderNotAvailable);
  EXPECT_EQ(elect(sim::ElectionType::Unclean), ErrorCode::None);
  const sim::Partition now = orders();
  EXPECT_EQ(now.leader, BrokerId(1));
  EXPECT_EQ(now.isr, ids({1}));
  EXPECT_EQ(now.leader_recovery_state, sim::LeaderRecoveryState::Recovering);
}

TEST_F(Partitions, WithNoLivingReplicaNoElectionHelps) {
  create(ids({0}));
  lose(0);
  EXPECT_EQ(elect(sim::ElectionType::Unclean), ErrorCode::EligibleLeadersNotAvailable);
}

TEST_F(Partitions, AnElectionForAllTellsOnlyOfThoseThatNeededOne) {
  create(ids({0, 1}));
  ASSERT_EQ(cluster.create_topic("calm", 1, 1), ErrorCode::None);
  const auto answer = cluster.ask(sim::ElectLeadersRequest{.partitions = std::nullopt});
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->replica_election_results.empty());
}

// ── Directories ──

// A broker that is nothing but what the test sends for it: broker 9.
struct Directories : Partitions {
  const sim::Uuid first{7, 91};
  const sim::Uuid second{7, 92};
  sim::BrokerEpoch epoch{-1};

  void register_with(std::vector<sim::Uuid> directories) {
    const auto answer =
        cluster.ask(sim::BrokerRegistrationRequest{.broker_id = BrokerId(9),
                                                   .cluster_id = "test-cluster",
                                                   .incarnation_id = sim::Uuid(9, 9),
                                                   .features = {{"metadata.version", 1, 21}},
                                                   .log_dirs = std::move(directories)});
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->error_code, ErrorCode::None);
    epoch = answer->broker_epoch;
    heartbeat({});
  }
  void heartbeat(std::vector<sim::Uuid> offline) {
    const auto answer = cluster.ask(sim::BrokerHeartbeatRequest{
        .broker_id = BrokerId(9),
        .broker_epoch = epoch,
        .current_metadata_offset = cluster.node(*cluster.active()).replica().high_watermark(),
        .offline_log_dirs = std::move(offline)});
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->error_code, ErrorCode::None);
  }
};

TEST_F(Directories, ReplicasInAFailedDirectoryLeaveIsrAndLeadership) {
  register_with({first});
  create(ids({9, 1}));
  ASSERT_EQ(orders().directory_of(BrokerId(9)), first);
  ASSERT_EQ(orders().leader, BrokerId(9));
  register_with({first, second});
  heartbeat({first});
  EXPECT_EQ(orders().leader, BrokerId(1));
  EXPECT_EQ(orders().isr, ids({1}));
  EXPECT_EQ(cluster.image().cluster().broker(BrokerId(9))->log_dirs, std::vector{second});
  EXPECT_FALSE(cluster.image().cluster().broker(BrokerId(9))->fenced);
}

TEST_F(Directories, AReplicaInAFailedDirectoryIsNeverElectedAndWhatStandsElsewhereStays) {
  register_with({first});
  create(ids({9, 1}));
  register_with({first, second});
  heartbeat({second});
  EXPECT_EQ(orders().leader, BrokerId(9));
  heartbeat({first, second});
  lose(1);
  EXPECT_EQ(orders().isr, ids({1}));
}

}  // namespace
}  // namespace kraft::test
