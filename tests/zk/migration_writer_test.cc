#include "zk/migration_writer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "sim/kafka/compare.h"
#include "sim/kafka/delta.h"
#include "tests/zk/naive_server.h"
#include "zk/migration_reader.h"
#include "zk/paths.h"

namespace {

using Kind = zk::MirrorFailure::Kind;

// A cluster in ZooKeeper mode that a KRaft controller has just claimed.
struct Cluster {
  Cluster() {
    for (const char* path : {"/brokers",
                             "/brokers/ids",
                             "/brokers/topics",
                             "/admin",
                             "/admin/delete_topics",
                             "/config",
                             "/config/changes",
                             "/config/topics",
                             "/config/brokers",
                             "/config/users",
                             "/config/clients",
                             "/config/ips",
                             "/latest_producer_id_block",
                             "/kafka-acl",
                             "/kafka-acl-changes",
                             "/kafka-acl-extended",
                             "/kafka-acl-extended/prefixed",
                             "/kafka-acl-extended-changes",
                             "/delegation_token",
                             "/delegation_token/tokens"}) {
      server.put(path);
    }
    for (const char* type :
         {"Topic", "Group", "Cluster", "TransactionalId", "DelegationToken", "User"}) {
      server.put(fmt::format("/kafka-acl/{}", type));
      server.put(fmt::format("/kafka-acl-extended/prefixed/{}", type));
    }
    server.put("/controller_epoch", "5");
    server.put("/migration", encode(context.migration));
  }

  // The writer's end; adopts what it adopted, as the driver does.
  zk::MirrorWriter mirror(zk::MirrorWriter writer) {
    server.run(writer);
    context = writer.context();
    return writer;
  }
  zk::MirrorWriter reconcile(const sim::MetadataImage& image) {
    return mirror(zk::MirrorWriter::snapshot(image, context, options));
  }
  zk::MirrorWriter apply(const sim::MetadataDelta& delta) {
    return mirror(zk::MirrorWriter::delta(delta, context, options));
  }

  // What the copy would make of it now.
  sim::MetadataImage image() {
    zk::MigrationRead read(
        {.manner = zk::ReadManner::Driver, .password_secret = options.password_secret});
    sim::MetadataDelta delta{sim::MetadataImage()};
    std::int64_t acls = 0;
    while (!read.requests().empty()) {
      std::vector<zk::Response> responses;
      for (const zk::Request& request : read.requests())
        responses.push_back(server.answer(request));
      for (const auto& list :
           read.advance(std::move(responses), [&] { return sim::Uuid(7, ++acls); })) {
        for (const sim::Record& record : list) EXPECT_TRUE(delta.replay(record));
      }
    }
    EXPECT_FALSE(read.failure()) << read.failure()->path << ": " << read.failure()->why;
    return delta.apply({});
  }

  tests::NaiveServer server;
  zk::MirrorOptions options;
  zk::MirrorContext context{.migration = {.kraft_controller_id = sim::BrokerId(3000),
                                          .kraft_controller_epoch = sim::RaftEpoch(9),
                                          .kraft_metadata = {sim::RaftEpoch(9), sim::Offset(50)}},
                            .migration_zk_version = zk::DataVersion(0),
                            .controller_epoch_zk_version = zk::DataVersion(0)};
};

sim::MetadataDelta replay(const sim::MetadataImage& base, const std::vector<sim::Record>& records) {
  sim::MetadataDelta delta(base);
  for (const sim::Record& record : records) {
    const auto replayed = delta.replay(record);
    EXPECT_TRUE(replayed) << replayed.error().what;
  }
  return delta;
}
sim::MetadataImage image_of(const std::vector<sim::Record>& records) {
  return replay({}, records).apply({});
}

// What differs, but for what ZooKeeper does not hold: epochs of partitions, and the form of
// producer ids.
std::vector<std::string> differences(const sim::MetadataImage& zookeeper,
                                     const sim::MetadataImage& kraft) {
  std::vector<std::string> found;
  for (const auto& each :
       sim::compare(zookeeper, kraft,
                    {.families = sim::Families::mirrored().without(sim::Family::ProducerIds),
                     .ignore_acl_ids = true})) {
    if (!each.path.ends_with("/partitionEpoch") && !each.path.ends_with("/directories")) {
      found.push_back(sim::describe(each));
    }
  }
  return found;
}

// ── Vocabulary of small clusters ──

sim::TopicRecord topic(const std::string& name, std::int64_t id) {
  return {.name = name, .topic_id = sim::Uuid(1, id)};
}
sim::PartitionRecord in_topic(std::int64_t topic_id, int id, std::vector<sim::BrokerId> replicas) {
  return {.partition_id = sim::PartitionId(id),
          .topic_id = sim::Uuid(1, topic_id),
          .replicas = replicas,
          .isr = replicas,
          .leader = replicas.front(),
          .leader_epoch = sim::LeaderEpoch(3),
          .partition_epoch = sim::PartitionEpoch(0)};
}
const std::vector kTwo{sim::BrokerId(1), sim::BrokerId(2)};
const std::vector kOther{sim::BrokerId(2), sim::BrokerId(3)};
sim::ConfigRecord config(sim::ConfigResourceType type, const std::string& name,
                         const std::string& key, std::optional<std::string> value) {
  return {.resource_type = type, .resource_name = name, .name = key, .value = std::move(value)};
}
sim::ClientQuotaRecord quota(std::vector<sim::EntityData> entity, const std::string& key,
                             double value, bool remove = false) {
  return {
      .entity = std::move(entity), .key = key, .value = sim::QuotaValue(value), .remove = remove};
}
sim::EntityData of(const std::string& type, std::optional<std::string> name) {
  return {.entity_type = type, .entity_name = std::move(name)};
}
sim::UserScramCredentialRecord scram(const std::string& user, int iterations) {
  return {.name = user,
          .mechanism = sim::ScramMechanism::ScramSha512,
          .salt = {1, 2, 3},
          .stored_key = {4},
          .server_key = {5},
          .iterations = iterations};
}
sim::AccessControlEntryRecord acl(int id, const std::string& name, sim::PatternType pattern,
                                  const std::string& who) {
  return {.id = sim::Uuid(2, id),
          .resource_type = sim::AclResourceType::Topic,
          .resource_name = name,
          .pattern_type = pattern,
          .principal = who,
          .host = "*",
          .operation = sim::AclOperation::Read,
          .permission_type = sim::AclPermissionType::Allow};
}
sim::DelegationTokenRecord token(const std::string& id, std::int64_t expiry) {
  return {.owner = "User:a b",
          .requester = "User:c",
          .renewers = {"User:d"},
          .issue_timestamp = 1,
          .max_timestamp = 9,
          .expiration_timestamp = expiry,
          .token_id = id};
}

const auto kTopicConfig = sim::ConfigResourceType::Topic;
const auto kBrokerConfig = sim::ConfigResourceType::Broker;

std::vector<sim::Record> everything() {
  return {topic("a", 1),
          in_topic(1, 0, kTwo),
          in_topic(1, 1, kOther),
          topic("b", 2),
          in_topic(2, 0, kTwo),
          config(kTopicConfig, "a", "retention.ms", "1"),
          config(kBrokerConfig, "", "log.cleaner.threads", "2"),
          config(kBrokerConfig, "1", "listener.name.x.ssl.key.password", "pä:ss,word"),
          quota({of("user", "al ice")}, "producer_byte_rate", 8192),
          quota({of("user", std::nullopt)}, "request_percentage", 1e-5),
          quota({of("user", "al ice"), of("client-id", "x/y")}, "consumer_byte_rate", 7),
          quota({of("client-id", std::nullopt)}, "controller_mutation_rate", 100),
          quota({of("ip", "127.0.0.1")}, "connection_creation_rate", 5),
          scram("al ice", 4096),
          scram("bob@x", 8192),
          acl(1, "a", sim::PatternType::Literal, "User:z"),
          acl(2, "a", sim::PatternType::Literal, "User:y"),
          acl(3, "pre", sim::PatternType::Prefixed, "User:z"),
          token("t1", 5),
          sim::ProducerIdsRecord{.broker_id = sim::BrokerId(1),
                                 .next_producer_id = sim::ProducerId(4000)}};
}

// ── The reconciliation ──

TEST(Reconciliation, WritesAnEmptyZooKeeperFullAndIsReadBackTheSame) {
  Cluster cluster;
  cluster.options.password_secret = "secret";
  const auto image = image_of(everything());
  const auto writer = cluster.reconcile(image);
  EXPECT_TRUE(writer.finished()) << writer.failure()->what;
  EXPECT_EQ(differences(cluster.image(), image), std::vector<std::string>{});
  EXPECT_EQ(writer.counts().at("CreateTopic"), 2);
  EXPECT_EQ(writer.counts().at("UpdateAcl"), 2);
  const std::string broker = *cluster.server.find("/config/brokers/1")->data;
  EXPECT_EQ(broker.find("pä:ss"), std::string::npos) << "passwords are not written in clear text";
  EXPECT_EQ(*cluster.server.find("/config/users/<default>")->data,
            R"({"version":1,"config":{"request_percentage":"1.0E-5"}})");
  EXPECT_EQ(*cluster.server.find("/latest_producer_id_block")->data,
            R"({"version":1,"broker":-1,"block_start":"4000","block_end":"4999"})");
}

TEST(Reconciliation, OfWhatAgreesWritesOnlyWhatKafkaAlwaysWrites) {
  Cluster cluster;
  const auto image = image_of(everything());
  cluster.reconcile(image);
  const auto again = cluster.reconcile(image);
  EXPECT_EQ(again.counts(),
            (std::map<std::string, int>{
                {"UpdateClientQuota", 6}, {"UpdateDelegationToken", 1}, {"UpdateProducerId", 1}}));
}

TEST(Reconciliation, RemovesWhatOnlyZooKeeperHas) {
  Cluster cluster;
  cluster.reconcile(image_of(everything()));
  cluster.server.put("/admin/delete_topics/b");
  const auto writer = cluster.reconcile(image_of({}));
  EXPECT_TRUE(writer.finished()) << writer.failure()->what;
  EXPECT_EQ(differences(cluster.image(), image_of({})), std::vector<std::string>{});
  EXPECT_EQ(cluster.server.find("/brokers/topics/a"), nullptr);
  EXPECT_EQ(cluster.server.find("/brokers/topics/b"), nullptr)
      << "unmarked first, then an unknown topic";
  EXPECT_EQ(writer.counts().at("DeletePendingTopicDeletion"), 1);
  EXPECT_NE(cluster.server.find("/config/users/al%20ice"), nullptr) << "quota znodes stay, empty";
}

TEST(Reconciliation, OfATopicCreatedHalfNeverEnds) {  // MB-10
  Cluster cluster;
  const auto image = image_of(everything());
  cluster.reconcile(image);
  cluster.server.erase("/brokers/topics/a/partitions/1/state");
  const auto first = cluster.reconcile(image);
  ASSERT_TRUE(first.failure());
  EXPECT_EQ(first.failure()->kind, Kind::ZooKeeper);
}

TEST(Reconciliation, LosesATopicDeletedAndCreatedAgainUnderItsName) {  // MB-08
  Cluster cluster;
  cluster.reconcile(image_of({topic("a", 1), in_topic(1, 0, kTwo)}));
  cluster.reconcile(image_of({topic("a", 2), in_topic(2, 0, kTwo)}));
  EXPECT_EQ(cluster.server.find("/brokers/topics/a"), nullptr);
}

TEST(Reconciliation, StopsAtAConfigOfAResourceThatZooKeeperDoesNotKnow) {  // MB-11
  Cluster cluster;
  const auto image =
      image_of({config(sim::ConfigResourceType::ClientMetrics, "m", "k", "v"), token("t1", 5)});
  const auto writer = cluster.reconcile(image);
  ASSERT_TRUE(writer.failure());
  EXPECT_EQ(writer.failure()->kind, Kind::Unexpected);
  EXPECT_EQ(cluster.server.find("/delegation_token/tokens/t1"), nullptr);
  cluster.options.defects.unknown_config_throws = false;
  EXPECT_TRUE(cluster.reconcile(image).finished());
}

// ── Deltas ──

TEST(Delta, OfANewTopicIsThreeMultisAndTwoForEachPartition) {
  Cluster cluster;
  const auto delta = replay({}, {topic("a", 1), in_topic(1, 0, kTwo), in_topic(1, 1, kTwo)});
  const auto writer = zk::MirrorWriter::delta(delta, cluster.context, cluster.options);
  EXPECT_EQ(writer.requests().size(), 3u + 2u * 2u);
  cluster.mirror(writer);
  EXPECT_EQ(cluster.context.migration_zk_version, zk::DataVersion(1))
      << "moved once, by the last of them";
  EXPECT_EQ(*cluster.server.find("/brokers/topics/a/partitions/0/state")->data,
            R"({"controller_epoch":9,"leader":1,"version":1,"leader_epoch":3,"isr":[1,2]})");
}

TEST(Delta, OfARemovedLastQuotaThrowsAndTheZnodeKeepsIt) {  // MB-12
  Cluster cluster;
  const std::vector<sim::Record> before{
      quota({of("ip", "1.2.3.4")}, "connection_creation_rate", 5)};
  cluster.reconcile(image_of(before));
  const auto delta =
      replay(image_of(before),
             {quota({of("ip", "1.2.3.4")}, "connection_creation_rate", 5, true), token("t1", 5)});
  const auto writer = cluster.apply(delta);
  ASSERT_TRUE(writer.failure());
  EXPECT_EQ(writer.failure()->kind, Kind::Unexpected);
  EXPECT_EQ(cluster.server.find("/delegation_token/tokens/t1"), nullptr)
      << "what comes after it is skipped";
  EXPECT_EQ(cluster.image().client_quotas().entities.size(), 1u);
  cluster.options.defects.quota_removal_throws = false;
  EXPECT_TRUE(cluster.apply(delta).finished());
  EXPECT_EQ(cluster.image().client_quotas().entities.size(), 0u);
}

TEST(Delta, IsRefusedAfterAnotherClaimAndAfterAnotherWriter) {
  const auto delta = replay({}, {topic("a", 1), in_topic(1, 0, kTwo)});
  Cluster claimed;
  claimed.context.controller_epoch_zk_version = zk::DataVersion(4);
  EXPECT_EQ(claimed.apply(delta).failure()->kind, Kind::ControllerMoved);
  Cluster written;
  written.context.migration_zk_version = zk::DataVersion(7);
  EXPECT_EQ(written.apply(delta).failure()->kind, Kind::AnotherController);
  EXPECT_EQ(written.server.find("/brokers/topics/a"), nullptr);
}

TEST(Delta, ThatFailsAfterItsLastMultiLeavesTheVersionBehind) {  // MB-04
  Cluster cluster;
  cluster.server.put("/config/topics/a", R"({"version":1,"config":{}})");
  const auto failed = cluster.apply(replay({}, {topic("a", 1), in_topic(1, 0, kTwo)}));
  ASSERT_TRUE(failed.failure());
  EXPECT_NE(cluster.server.find("/brokers/topics/a"), nullptr) << "created all the same";
  EXPECT_EQ(cluster.apply(replay({}, {token("t", 1)})).failure()->kind, Kind::AnotherController);
}

TEST(Delta, OfAConfigAnnouncesItOutsideTheFence) {
  Cluster cluster;
  cluster.server.put("/config/topics/a", R"({"version":1,"config":{}})");
  cluster.server.requests = 0;
  cluster.apply(replay({}, {config(kTopicConfig, "a", "retention.ms", "1")}));
  EXPECT_EQ(cluster.server.requests, 3) << "the multi, a create that fails, the notification";
  EXPECT_EQ(cluster.server.children("/config/changes").size(), 1u);
  EXPECT_EQ(*cluster.server.find("/config/changes/config_change_1000000000")->data,
            R"({"version":2,"entity_path":"topics/a"})");
}

TEST(Delta, OfADeletedTopicWithoutConfigsAsksForNone) {
  Cluster cluster;
  const std::vector<sim::Record> before{topic("a", 1), in_topic(1, 0, kTwo)};
  cluster.reconcile(image_of(before));
  cluster.apply(replay(image_of(before), {sim::RemoveTopicRecord{.topic_id = sim::Uuid(1, 1)}}));
  EXPECT_EQ(cluster.context.migration_zk_version, zk::DataVersion(2))
      << "one for creating it, one for deleting it";
  EXPECT_TRUE(cluster.server.children("/config/changes").empty());
}

// Runs a writer; requests for this path are refused.
zk::MirrorWriter refused(Cluster& cluster, zk::MirrorWriter writer, const std::string& path,
                         zk::ErrorCode error) {
  while (!writer.requests().empty()) {
    std::vector<zk::Response> responses;
    for (const zk::Request& request : writer.requests()) {
      responses.push_back(zk::path_of(request) == path ? zk::Response{.error = error}
                                                       : cluster.server.answer(request));
    }
    writer.advance(std::move(responses));
  }
  return writer;
}

TEST(Reconciliation, EndsWithTheFirstReadThatIsRefused) {
  Cluster cluster;
  cluster.server.put("/brokers/topics/a",
                     R"({"partitions":{},"topic_id":"AAAAAAAAAAAAAAAAAAAAAQ","version":3})");
  const auto reconcile = [&](const std::string& path) {
    return refused(cluster, zk::MirrorWriter::snapshot({}, cluster.context, cluster.options), path,
                   zk::ErrorCode::SessionExpired);
  };
  // iterateTopics alone makes something that is retried of it (ZkMigrationClient.wrapZkException).
  EXPECT_EQ(reconcile("/brokers/topics").failure()->kind, Kind::ZooKeeper);
  EXPECT_EQ(reconcile("/brokers/topics/a").failure()->kind, Kind::ZooKeeper);
  EXPECT_NE(cluster.server.find("/brokers/topics/a"), nullptr) << "nothing was written";
  for (const char* const path : {"/admin/delete_topics", "/config/brokers", "/config/topics",
                                 "/config/users", "/kafka-acl"}) {
    const auto writer = reconcile(path);
    ASSERT_TRUE(writer.failure()) << path;
    EXPECT_EQ(writer.failure()->kind, Kind::Unexpected) << path;
  }
}

TEST(Reconciliation, OfAPendingDeletionIsAFaultWhereOtherWritesAreRetried) {
  Cluster cluster;
  cluster.server.put("/admin/delete_topics/a");
  cluster.server.erase("/migration");
  EXPECT_EQ(cluster.reconcile({}).failure()->kind, Kind::Unexpected);
  Cluster other;
  other.server.erase("/migration");
  EXPECT_EQ(other.apply(replay({}, {topic("a", 1), in_topic(1, 0, kTwo)})).failure()->kind,
            Kind::ZooKeeper);
}

TEST(Delta, OfADeletedTopicWhoseZnodesCannotBeListedTriesAllTheSame) {
  Cluster cluster;
  const std::vector<sim::Record> before{topic("a", 1), in_topic(1, 0, kTwo)};
  cluster.reconcile(image_of(before));
  const auto delta =
      replay(image_of(before), {sim::RemoveTopicRecord{.topic_id = sim::Uuid(1, 1)}});
  const auto writer =
      refused(cluster, zk::MirrorWriter::delta(delta, cluster.context, cluster.options),
              "/brokers/topics/a/partitions", zk::ErrorCode::SessionExpired);
  ASSERT_TRUE(writer.failure());
  EXPECT_EQ(writer.failure()->kind, Kind::ZooKeeper);
  EXPECT_EQ(cluster.server.find("/config/topics/a"), nullptr) << "deleted, though the topic stays";
  EXPECT_NE(cluster.server.find("/brokers/topics/a"), nullptr);
}

TEST(QuotaText, IsAWholeNumberForRatesAndJavasDoubleForPercentages) {
  const auto text = [](const char* type, const char* key, double value) {
    return zk::quota_text({{type, std::string("x")}}, key, sim::QuotaValue(value)).value_or("none");
  };
  EXPECT_EQ(text("user", "producer_byte_rate", 1048576), "1048576");
  EXPECT_EQ(text("user", "producer_byte_rate", 0.0), "0");
  EXPECT_EQ(text("user", "producer_byte_rate", 7.9999999), "8");
  EXPECT_EQ(text("user", "producer_byte_rate", 8.0000001), "8");
  EXPECT_EQ(text("user", "producer_byte_rate", 8.5), "none");
  EXPECT_EQ(text("user", "producer_byte_rate", 1e-9), "0");
  EXPECT_EQ(text("user", "producer_byte_rate", 1e-5), "none");
  EXPECT_EQ(text("user", "producer_byte_rate", -5), "none");
  EXPECT_EQ(text("user", "producer_byte_rate", 9007199254740993.0), "9007199254740992");
  EXPECT_EQ(text("user", "producer_byte_rate", 9223372036854775808.0), "9223372036854775807");
  EXPECT_EQ(text("user", "producer_byte_rate", 1e30), "none");
  EXPECT_EQ(text("ip", "connection_creation_rate", 2147483647.0), "2147483647");
  EXPECT_EQ(text("ip", "connection_creation_rate", 2147483648.0), "none");
  EXPECT_EQ(text("ip", "producer_byte_rate", 1), "none");
  EXPECT_EQ(text("client-id", "request_percentage", 150.5), "150.5");
}

// ── Whatever happens, in whatever order ──

// A few names, so that things meet; ids are never used twice.
sim::Record any_change(const sim::MetadataImage& image, std::int64_t& last_id) {
  const int which = *rc::gen::inRange(0, 9);
  const int n = *rc::gen::inRange(1, 4);
  const std::string name = fmt::format("n {}", n);
  const std::string topic_name = fmt::format("t{}", n);
  const sim::Topic* const there = image.topics().find(topic_name);
  switch (which) {
    case 0:
      if (there != nullptr) return sim::RemoveTopicRecord{.topic_id = there->id()};
      return topic(topic_name, ++last_id);
    case 1:
    case 2:
      if (there == nullptr) return topic(topic_name, ++last_id);
      return in_topic(there->id().least(), *rc::gen::inRange(0, 3),
                      *rc::gen::element(kTwo, kOther));
    case 3:
      // Only topics that are there have configs.
      return config(there != nullptr ? kTopicConfig : kBrokerConfig,
                    there != nullptr ? topic_name : std::to_string(n), "retention.ms",
                    *rc::gen::element(std::optional<std::string>(), std::optional<std::string>("1"),
                                      std::optional<std::string>("2")));
    case 4: {
      const auto entity =
          *rc::gen::element(std::vector{of("user", name)}, std::vector{of("user", std::nullopt)},
                            std::vector{of("client-id", name)},
                            std::vector{of("user", name), of("client-id", std::nullopt)});
      const sim::QuotaEntity key = sim::quota_entity(quota(entity, "", 0));
      const auto* held = image.client_quotas().find(key);
      const bool remove = held != nullptr && held->values.contains("producer_byte_rate") &&
                          *rc::gen::arbitrary<bool>();
      return quota(entity, "producer_byte_rate", *rc::gen::inRange(1, 9), remove);
    }
    case 5:
      return scram(name, *rc::gen::inRange(4096, 4100));
    case 6: {
      for (const sim::Acl& held : image.acls().acls) {
        if (held.principal == "User:" + name)
          return sim::RemoveAccessControlEntryRecord{.id = held.id};
      }
      return acl(static_cast<int>(++last_id), *rc::gen::element<std::string>("x", "y"),
                 *rc::gen::element(sim::PatternType::Literal, sim::PatternType::Prefixed),
                 "User:" + name);
    }
    case 7:
      if (image.tokens().find(name) != nullptr)
        return sim::RemoveDelegationTokenRecord{.token_id = name};
      return token(name, n);
    default:
      return sim::ProducerIdsRecord{.broker_id = sim::BrokerId(1),
                                    .next_producer_id = sim::ProducerId(n * 1000)};
  }
}

RC_GTEST_PROP(Mirror, SaysWhatTheImageSaysAfterAnyDeltas, ()) {
  Cluster cluster;
  cluster.options.defects.quota_removal_throws = false;
  sim::MetadataImage image;
  std::int64_t last_id = 0;
  const int deltas = *rc::gen::inRange(1, 6);
  for (int i = 0; i < deltas; ++i) {
    sim::MetadataDelta delta(image);
    const int changes = *rc::gen::inRange(1, 8);
    for (int k = 0; k < changes; ++k)
      RC_ASSERT(delta.replay(any_change(delta.apply({}), last_id)).has_value());
    image = delta.apply({});
    const auto writer = cluster.apply(delta);
    if (writer.failure()) RC_FAIL(writer.failure()->what);
    RC_ASSERT(differences(cluster.image(), image) == std::vector<std::string>{});
  }
  const auto writer = cluster.reconcile(image);
  if (writer.failure()) RC_FAIL(writer.failure()->what);
  RC_ASSERT(differences(cluster.image(), image) == std::vector<std::string>{});
}

}  // namespace
