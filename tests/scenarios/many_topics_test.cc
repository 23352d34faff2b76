#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "scenarios/disk_files.h"
#include "sim/kafka/rpc.h"
#include "tests/scenarios/runs.h"
#include "zk/migration_reader_tree.h"

// Clusters of very many topics: what is right with ten is right with a thousand, and what a run
// does grows with the cluster and no faster. Growth is counted in events and in what messages name,
// so that it is the same on every machine.
namespace scenarios {
namespace {

zk2kraft::Scenario with_topics(int topics, int partitions) {
  zk2kraft::Scenario made;
  made.set_why("Many topics, and nothing goes wrong.");
  made.mutable_cluster()->set_zookeepers(1);
  made.mutable_cluster()->set_controllers(1);
  made.mutable_cluster()->set_brokers(3);
  for (int i = 0; i < topics; ++i) {
    zk2kraft::Topic& topic = *made.mutable_cluster()->add_topics();
    topic.set_name(fmt::format("topic-of-many-{:05}", i));
    topic.set_partitions(partitions);
    topic.set_replication_factor(2);
  }
  made.add_workload()->mutable_producer()->set_topic("topic-of-many-00000");
  made.mutable_operator_()->set_goal("S7");
  made.mutable_operator_()->set_patience("1s");
  made.set_time_limit("60m");
  return made;
}

// What the copy would make of ZooKeeper's tree when a controller says that its copy is complete.
class TreeAtTheCopy : public sim::Observer {
 public:
  void on(const sim::Occurrence& occurrence, const sim::World& world) override {
    if (occurrence.kind != sim::OccurrenceKind::Noticed ||
        occurrence.payload->name() != "migrate.CopyCompleted")
      return;
    for (std::uint32_t node = 0; node < world.node_count(); ++node) {
      const auto* const server = world.core_if<zk::Server>(sim::NodeId(node));
      if (server == nullptr) continue;
      for (const zk::RecordList& list : zk::copy_of(server->database().tree, "", {}).lists) {
        records.insert(list.begin(), list.end());
      }
    }
  }
  std::multiset<sim::Record> records;
};

TEST(ManyTopics, AThousandAreMigratedAndTheCopyHoldsEachOfThem) {
  const std::filesystem::path disks =
      std::filesystem::path(testing::TempDir()) / "many_topics_test";
  std::filesystem::remove_all(disks);
  TreeAtTheCopy tree;
  RunOptions options;
  options.observers = {&tree};
  options.at_end = [&](const sim::World& world, const Cluster& cluster) {
    const auto written = write_disk_files(world, cluster, disks);
    EXPECT_TRUE(written) << (written ? "" : sim::describe(written.error()));
  };
  const zk2kraft::Scenario of = with_topics(1000, 1);
  const Outcome outcome = run(of, from_nothing(of), options);
  EXPECT_EQ(outcome.verdict, Verdict::Good) << why(outcome);
  EXPECT_TRUE(outcome.phases.contains(Phase::S7));
  const auto copied = tests::committed_copy(disks / "controller-3000" / "__cluster_metadata-0");
  const auto count = [&]<class Body>(Body*) {
    return std::ranges::count_if(
        copied, [](const sim::Record& record) { return std::holds_alternative<Body>(record); });
  };
  EXPECT_EQ(count(static_cast<sim::TopicRecord*>(nullptr)), 1000);
  EXPECT_EQ(count(static_cast<sim::PartitionRecord*>(nullptr)), 1000);
  EXPECT_TRUE(copied == tree.records)
      << copied.size() << " records committed, " << tree.records.size() << " in the tree";
  std::filesystem::remove_all(disks);
}

// How many partitions the messages between brokers, and from controllers to them, speak of.
class PartitionsNamed : public sim::Observer {
 public:
  void on(const sim::Occurrence& occurrence, const sim::World&) override {
    if (occurrence.kind != sim::OccurrenceKind::Sent) return;
    const sim::Payload& message = *occurrence.payload;
    if (const auto* fetch = message.get_if<sim::Request<sim::FetchRequest>>()) {
      for (const sim::FetchTopic& topic : fetch->body.topics) named += topic.partitions.size();
      named += fetch->body.forgotten.size();
    } else if (const auto* fetched = message.get_if<sim::Response<sim::FetchResponse>>()) {
      for (const sim::FetchTopicResponse& topic : fetched->body.responses)
        named += topic.partitions.size();
    } else if (const auto* states = message.get_if<sim::Request<sim::LeaderAndIsrRequest>>()) {
      for (const auto& topic : states->body.topic_states) named += topic.partition_states.size();
    } else if (const auto* metadata = message.get_if<sim::Request<sim::UpdateMetadataRequest>>()) {
      for (const auto& topic : metadata->body.topic_states) named += topic.partition_states.size();
    }
  }
  std::size_t named = 0;
};

TEST(ManyTopics, WhatARunDoesGrowsWithTheTopicsAndNoFaster) {
  std::uint64_t events_before = 0;
  std::size_t named_before = 0;
  for (const int topics : {100, 200, 400}) {
    PartitionsNamed partitions;
    const zk2kraft::Scenario of = with_topics(topics, 1);
    const Outcome outcome = run(of, from_nothing(of), {.observers = {&partitions}});
    EXPECT_EQ(outcome.verdict, Verdict::Good) << why(outcome);
    EXPECT_GT(partitions.named, static_cast<std::size_t>(topics));
    if (events_before > 0) {
      EXPECT_LE(outcome.events, events_before * 22 / 10) << topics << " topics";
      EXPECT_LE(partitions.named, named_before * 22 / 10) << topics << " topics";
    }
    events_before = outcome.events;
    named_before = partitions.named;
  }
}

}  // namespace
}  // namespace scenarios
