#include "migrate/driver.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "migrate/notice.h"
#include "sim/base/match.h"
#include "sim/kafka/delta.h"
#include "tests/zk/naive_server.h"

// What `tools/conformance driver` found: requests of the driver that Kafka's sends in another
// order, or not at all after an error.
namespace migrate {
namespace {

using tests::NaiveServer;
using zk::ErrorCode;

const sim::BrokerId kSelf(3000);

// One driver over a ZooKeeper that answers at once; what it asked for is kept, and may be refused.
class Bench {
 public:
  Bench() {
    server.put("/controller_epoch", "5");
    drive([](Driver& it, Driver::Context context) { it.start(context); });
  }

  void elect(std::int32_t epoch) {
    drive([&](Driver& it, Driver::Context context) {
      it.on_controller_change(context, {kSelf, sim::RaftEpoch(epoch)});
    });
  }
  void publish(const std::vector<sim::Record>& records, std::int64_t offset) {
    auto delta = std::make_shared<sim::MetadataDelta>(image);
    for (const sim::Record& record : records) EXPECT_TRUE(delta->replay(record));
    image = delta->apply({sim::Offset(offset), sim::RaftEpoch(1), 0});
    drive([&](Driver& it, Driver::Context context) {
      it.on_metadata_update(context, delta, image, false);
    });
  }
  void load_snapshot() {
    auto delta = std::make_shared<sim::MetadataDelta>(image);
    drive([&](Driver& it, Driver::Context context) {
      it.on_metadata_update(context, delta, image, true);
    });
  }
  void poll() {
    drive([](Driver& it, Driver::Context context) { it.start(context); });
  }

  NaiveServer server;
  std::map<std::string, ErrorCode> refuse;  // by path
  std::vector<std::string> asked;
  std::vector<EventFailed> failures;
  sim::MetadataImage image;
  Driver driver{{.node_id = kSelf,
                 .static_voters = {},
                 .password_secret = std::nullopt,
                 .mirror_defects = {},
                 .defects = {}}};

 private:
  template <class Call>
  void drive(Call&& call) {
    DriverActions actions;
    const auto context = [&] { return Driver::Context{sim::Instant(1), 0, choices_, actions}; };
    call(driver, context());
    for (std::size_t i = 0; i < actions.size(); ++i) {
      const DriverAction action = actions[i];
      if (const auto* const batch = std::get_if<ZkBatch>(&action)) {
        std::vector<zk::Response> responses;
        for (const zk::Request& request : batch->requests) {
          const std::string path(zk::path_of(request));
          asked.push_back(path);
          const auto refused = refuse.find(path);
          responses.push_back(refused == refuse.end() ? server.answer(request)
                                                      : zk::Response{.error = refused->second});
        }
        driver.on_zk_answer(context(), batch->ticket, std::move(responses));
      } else if (const auto* const notice = std::get_if<sim::Payload>(&action)) {
        if (const auto* const failed = notice->get_if<EventFailed>()) failures.push_back(*failed);
      }
    }
  }

  sim::Choices choices_{1};
};

sim::Record broker() {
  return sim::RegisterBrokerRecord{.broker_id = sim::BrokerId(1), .is_migrating_zk_broker = true};
}
std::vector<sim::Record> quorum(sim::ZkMigrationState state) {
  return {sim::FeatureLevelRecord{"metadata.version", 14}, sim::ZkMigrationStateRecord{state},
          broker()};
}

TEST(Driver, CreatesItsTopLevelZnodesOneByOneAndAnErrorEndsThat) {
  Bench bench;
  ASSERT_EQ(bench.driver.state(), MigrationDriverState::Inactive);
  const std::vector<std::string> first{"/consumers", "/brokers/ids", "/brokers", "/brokers/ids",
                                       "/brokers/topics"};
  EXPECT_EQ(std::vector(bench.asked.begin(), bench.asked.begin() + 5), first)
      << "a missing parent, when it is found missing";

  bench.asked.clear();
  bench.refuse["/admin/delete_topics"] = ErrorCode::SessionExpired;
  bench.elect(2);
  EXPECT_EQ(bench.asked.back(), "/admin/delete_topics");
  ASSERT_EQ(bench.failures.size(), 1u);
  EXPECT_EQ(bench.driver.state(), MigrationDriverState::Inactive)
      << "an election is forgotten (MB-05)";
}

TEST(Driver, ReadsNamesOfTopicsBeforeThoseToBeDeletedAndStopsAtAnError) {
  Bench bench;
  bench.publish(quorum(sim::ZkMigrationState::PreMigration), 3);
  bench.elect(2);
  ASSERT_EQ(bench.driver.state(), MigrationDriverState::WaitForBrokers)
      << "no broker is in ZooKeeper";
  bench.server.put("/brokers/ids/1", "{}");
  bench.refuse["/brokers/topics"] = ErrorCode::SessionExpired;
  bench.poll();
  EXPECT_EQ(bench.asked.back(), "/brokers/topics");
  EXPECT_FALSE(bench.failures.at(0).unhandled);
}

TEST(Driver, IsWokenByASnapshotWhateverIsInIt) {
  Bench bench;
  bench.publish(quorum(sim::ZkMigrationState::PreMigration), 3);
  bench.elect(2);
  ASSERT_EQ(bench.driver.state(), MigrationDriverState::WaitForBrokers);
  bench.asked.clear();
  bench.load_snapshot();
  EXPECT_EQ(bench.asked, std::vector<std::string>{"/brokers/ids"});
}

TEST(Driver, LooksWhoIsTheControllerAlsoWithoutAControllerEpoch) {
  Bench bench;
  bench.server.erase("/controller_epoch");
  bench.server.put("/brokers/ids/1", "{}");
  bench.publish(quorum(sim::ZkMigrationState::PreMigration), 3);
  bench.elect(2);
  ASSERT_EQ(bench.driver.state(), MigrationDriverState::BecomeController);
  EXPECT_EQ(bench.asked.back(), "/controller");
  ASSERT_FALSE(bench.failures.empty());
  EXPECT_TRUE(bench.failures.back().unhandled);
}

TEST(Driver, ElectedAnewWithoutBeingToldThatItWasNotHasNoClaimAndSaysSo) {
  Bench bench;
  bench.server.put("/migration",
                   zk::encode(zk::MigrationZnode{
                       kSelf, sim::RaftEpoch(1), {sim::RaftEpoch(1), sim::Offset(2)}}));
  bench.publish(quorum(sim::ZkMigrationState::Migration), 3);
  bench.elect(2);
  ASSERT_EQ(bench.driver.state(), MigrationDriverState::DualWrite);
  bench.elect(3);
  ASSERT_EQ(bench.driver.state(), MigrationDriverState::DualWrite)
      << "an illegal transition (migration.md §2.3)";
  bench.failures.clear();
  bench.publish({sim::ProducerIdsRecord{.next_producer_id = sim::ProducerId(1000)}}, 4);
  ASSERT_EQ(bench.failures.size(), 1u);
  EXPECT_EQ(bench.failures[0].event, "MetadataChangeEvent");
  EXPECT_TRUE(bench.failures[0].unhandled);
}

}  // namespace
}  // namespace migrate
