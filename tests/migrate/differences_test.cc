#include "migrate/differences.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "sim/kafka/delta.h"
#include "sim/kafka/records.h"
#include "tests/migrate/golden_stores.h"
#include "tests/support/golden.h"
#include "zk/disk/recovery.h"

namespace {

using migrate::Tolerance;
using migrate::Verdict;

std::string said(const migrate::DiffReport& report) {
  std::string text =
      fmt::format("{}, checkpoint {}@{}, log ends {}@{}\n", migrate::name_of(report.verdict),
                  report.checkpoint.offset.value(), report.checkpoint.epoch.value(),
                  report.kraft_end.offset.value(), report.kraft_end.epoch.value());
  for (const auto& each : report.different) text += "  different " + sim::describe(each) + '\n';
  for (const auto& each : report.pending) text += "  pending " + sim::describe(each) + '\n';
  for (const auto& each : report.unknown)
    text += fmt::format("  unknown {}: {}\n", each.path, each.why);
  return text;
}

std::map<Tolerance, int> tolerances(const migrate::DiffReport& report) {
  std::map<Tolerance, int> counts;
  for (const auto& each : report.tolerated) ++counts[each.why];
  return counts;
}

// ── Captured clusters: a ZooKeeper and a controller that lived when both were copied ──

struct Pair {
  std::string phase;
  std::string controller;
};
void PrintTo(const Pair& pair, std::ostream* out) {
  *out << pair.phase << " " << pair.controller;
}

class CapturedStores : public testing::TestWithParam<Pair> {};

TEST_P(CapturedStores, SayTheSameUpToWhatIsTolerated) {
  const auto tree = tests::zookeeper_tree(tests::golden(GetParam().phase + "/zk-1"));
  const auto report =
      tests::diff_stores(tree, tests::golden(GetParam().phase + "/" + GetParam().controller));
  EXPECT_EQ(report.verdict, Verdict::Equal) << said(report);
  for (const auto& count : report.counts) {
    // What a kind lacks on one side alone would be a difference, but for quotas left behind.
    if (count.kind != sim::Family::ClientQuotas) {
      EXPECT_EQ(count.left, count.right) << sim::name_of(count.kind);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryHybridPhase, CapturedStores,
                         testing::Values(Pair{"sample/p3-hybrid", "controller-3000"},
                                         Pair{"sample/p3-hybrid-changed", "controller-3000"},
                                         Pair{"sample/p4-dual-write", "controller-3000"},
                                         Pair{"gz/p3-hybrid", "controller-3000"},
                                         Pair{"gz/p3-hybrid-changed", "controller-3000"},
                                         Pair{"gz/p4-dual-write", "controller-3000"},
                                         Pair{"copy_killed/p3-hybrid", "controller-3000"},
                                         Pair{"copy_killed/p3-restarted", "controller-3000"},
                                         Pair{"rollback_hybrid/p3-hybrid", "controller-3000"},
                                         Pair{"failover/p3-hybrid", "controller-3000"},
                                         Pair{"failover/p3-hybrid", "controller-3001"},
                                         Pair{"failover/p3-hybrid", "controller-3002"},
                                         Pair{"failover/p3-after-failover", "controller-3001"},
                                         Pair{"failover/p3-after-failover", "controller-3002"},
                                         Pair{"failover/p4-dual-write", "controller-3000"},
                                         Pair{"failover/p4-dual-write", "controller-3001"},
                                         Pair{"failover/p4-dual-write", "controller-3002"}));

TEST(Differences, ALogThatEndsBelowTheOffsetInMigrationIsBehind) {
  const auto tree = tests::zookeeper_tree(tests::golden("failover/p3-after-failover/zk-1"));
  const auto report =
      tests::diff_stores(tree, tests::golden("failover/p3-after-failover/controller-3000"));
  EXPECT_EQ(report.verdict, Verdict::Behind) << said(report);
}

TEST(Differences, OneByteOfOneConfigIsNamed) {
  auto recovery = zk::disk::recover(tests::golden("sample/p3-hybrid/zk-1"));
  ASSERT_TRUE(recovery);
  zk::Tree& tree = recovery->database.tree;
  const zk::Znode* const znode = tree.find("/config/topics/audit.log");
  ASSERT_NE(znode, nullptr);
  std::string data = *znode->data;
  const std::size_t digit = data.find("1073741824");
  ASSERT_NE(digit, std::string::npos);
  data[digit] = '2';
  tree.apply({.zxid = tree.last_processed_zxid().next()},
             zk::SetDataTxn{
                 .path = "/config/topics/audit.log", .data = data, .version = zk::DataVersion(9)});
  const auto report = tests::diff_stores(tree, tests::golden("sample/p3-hybrid/controller-3000"));
  EXPECT_EQ(report.verdict, Verdict::Different);
  ASSERT_EQ(report.different.size(), 1u) << said(report);
  EXPECT_EQ(report.different[0].path, "configs/TOPIC/audit.log/retention.bytes");
  EXPECT_EQ(report.different[0].left, "2073741824");
  EXPECT_EQ(report.different[0].right, "1073741824");
}

// ── Made-up images: each rule by itself ──

sim::MetadataImage image_of(const std::vector<sim::Record>& records, std::int64_t offset = 100) {
  sim::MetadataDelta delta{sim::MetadataImage()};
  for (const sim::Record& record : records) EXPECT_TRUE(delta.replay(record));
  return delta.apply(
      {.last_contained_offset = sim::Offset(offset), .last_contained_epoch = sim::RaftEpoch(1)});
}

const zk::MigrationZnode kMirroredTo100{.kraft_controller_id = sim::BrokerId(3000),
                                        .kraft_controller_epoch = sim::RaftEpoch(1),
                                        .kraft_metadata = {sim::RaftEpoch(1), sim::Offset(100)}};

migrate::DiffReport diff(const sim::MetadataImage& zookeeper, const sim::MetadataImage& checkpoint,
                         const sim::MetadataImage& end, const zk::ReadReport& report = {}) {
  return migrate::differences({.zookeeper = zookeeper,
                               .report = report,
                               .migration = kMirroredTo100,
                               .kraft_at_checkpoint = checkpoint,
                               .kraft_at_end = end});
}

sim::ConfigRecord config(std::string topic, std::string value) {
  return {.resource_type = sim::ConfigResourceType::Topic,
          .resource_name = std::move(topic),
          .name = "retention.ms",
          .value = std::move(value)};
}

TEST(Differences, AMirroredProducerIdBlockEndsAThousandIdsLater) {
  const auto next = [](std::int64_t id) {
    return image_of({sim::ProducerIdsRecord{.broker_id = sim::BrokerId(1),
                                            .next_producer_id = sim::ProducerId(id)}});
  };
  const auto tolerated = diff(next(3000), next(2000), next(2000));
  EXPECT_EQ(tolerated.verdict, Verdict::Equal) << said(tolerated);
  EXPECT_EQ(tolerances(tolerated), (std::map<Tolerance, int>{{Tolerance::ProducerIdBlock, 1}}));
  EXPECT_EQ(diff(next(3001), next(2000), next(2000)).verdict, Verdict::Different);
}

TEST(Differences, AChangeAboveTheCheckpointIsPendingMirroredOrNot) {
  const auto old_value = image_of({config("a", "1")});
  const auto new_value = image_of({config("a", "2")}, 200);
  const auto not_yet = diff(old_value, old_value, new_value);
  EXPECT_EQ(not_yet.verdict, Verdict::Equal);
  ASSERT_EQ(not_yet.pending.size(), 1u) << said(not_yet);
  const auto already = diff(new_value, old_value, new_value);
  EXPECT_EQ(already.verdict, Verdict::Equal);
  EXPECT_EQ(already.pending.size(), 1u) << said(already);
  // What neither image ever said is no change on its way.
  EXPECT_EQ(diff(image_of({config("b", "1")}), old_value, new_value).verdict, Verdict::Different);
}

TEST(Differences, TheLastQuotaOfAClientStaysBehindAndThatOfAUserMustNot) {
  const auto quota = [](const std::string& type) {
    return image_of({sim::ClientQuotaRecord{.entity = {{.entity_type = type, .entity_name = "x"}},
                                            .key = "producer_byte_rate",
                                            .value = sim::QuotaValue(1.0)}});
  };
  const auto none = image_of({});
  const auto client = diff(quota("client-id"), none, none);
  EXPECT_EQ(client.verdict, Verdict::Equal) << said(client);
  EXPECT_EQ(tolerances(client), (std::map<Tolerance, int>{{Tolerance::QuotaLeftBehind, 1}}));
  EXPECT_EQ(diff(quota("user"), none, none).verdict, Verdict::Different);
}

TEST(Differences, AQuotaThatTheLogNeverRemovedIsNotLeftBehind) {
  const auto zookeeper =
      image_of({sim::ClientQuotaRecord{.entity = {{.entity_type = "ip", .entity_name = "::1"}},
                                       .key = "connection_creation_rate",
                                       .value = sim::QuotaValue(1.0)}});
  const auto none = image_of({});
  const zk::ReadReport report;
  migrate::DiffInput input{.zookeeper = zookeeper,
                           .report = report,
                           .migration = kMirroredTo100,
                           .kraft_at_checkpoint = none,
                           .kraft_at_end = none};
  input.quotas_removed.emplace();
  EXPECT_EQ(migrate::differences(input).verdict, Verdict::Different);
  input.quotas_removed->insert(sim::QuotaEntity{{"ip", std::string("::1")}});
  EXPECT_EQ(migrate::differences(input).verdict, Verdict::Equal);
}

// Seen on real Kafka 3.9.1 (tools/conformance migration, seed 9): a restarted controller mirrors
// the configs that a deleted topic had, for the topic that has its name now.
TEST(Differences, AConfigThatTheTopicsPredecessorHadIsTolerated) {
  const sim::TopicRecord topic{.name = "orders", .topic_id = sim::Uuid{1, 2}};
  const sim::ConfigRecord config{.resource_type = sim::ConfigResourceType::Topic,
                                 .resource_name = "orders",
                                 .name = "max.message.bytes",
                                 .value = "900"};
  const auto zookeeper = image_of({topic, config});
  const auto kraft = image_of({topic});
  const zk::ReadReport report;
  migrate::DiffInput input{.zookeeper = zookeeper,
                           .report = report,
                           .migration = kMirroredTo100,
                           .kraft_at_checkpoint = kraft,
                           .kraft_at_end = kraft};
  EXPECT_EQ(migrate::differences(input).verdict, Verdict::Different);
  auto& deleted = input.configs_of_deleted_topics[{sim::ConfigResourceType::Topic, "orders"}];
  deleted["max.message.bytes"] = "800";
  EXPECT_EQ(migrate::differences(input).verdict, Verdict::Different);
  deleted["max.message.bytes"] = "900";
  const auto tolerated = migrate::differences(input);
  EXPECT_EQ(tolerated.verdict, Verdict::Equal) << said(tolerated);
  EXPECT_EQ(tolerances(tolerated),
            (std::map<Tolerance, int>{{Tolerance::ConfigOfDeletedTopic, 1}}));
}

TEST(Differences, AnEncodedPasswordIsUnknownWithoutItsSecretAndToleratedWithIt) {
  const auto broker = [](const std::string& value) {
    return image_of({sim::ConfigRecord{.resource_type = sim::ConfigResourceType::Broker,
                                       .resource_name = "1",
                                       .name = "listener.name.x.ssl.key.password",
                                       .value = value}});
  };
  zk::ReadReport carried;
  carried.encoded_passwords.push_back(
      {"/config/brokers/1", "listener.name.x.ssl.key.password", "no secret was given"});
  const auto without = diff(broker("encoded"), broker("plain"), broker("plain"), carried);
  EXPECT_EQ(without.verdict, Verdict::Unknown);
  ASSERT_EQ(without.unknown.size(), 1u);
  EXPECT_EQ(without.unknown[0].path, "configs/BROKER/1/listener.name.x.ssl.key.password");

  zk::ReadReport decoded;
  decoded.decoded_passwords.emplace_back("/config/brokers/1", "listener.name.x.ssl.key.password");
  const auto with = diff(broker("plain"), broker("plain"), broker("plain"), decoded);
  EXPECT_EQ(with.verdict, Verdict::Equal);
  EXPECT_EQ(tolerances(with), (std::map<Tolerance, int>{{Tolerance::EncodedPassword, 1}}));
  EXPECT_EQ(diff(broker("other"), broker("plain"), broker("plain"), decoded).verdict,
            Verdict::Different);
}

TEST(Differences, AnUnreadableZnodeMakesTheVerdictUnknownAndADifferenceOutweighsIt) {
  zk::ReadReport report;
  report.unreadable.push_back({"/config/topics/a", "it is no JSON", false});
  const auto same = image_of({config("b", "1")});
  EXPECT_EQ(diff(same, same, same, report).verdict, Verdict::Unknown);
  EXPECT_EQ(diff(image_of({}), same, same, report).verdict, Verdict::Different);
}

}  // namespace
