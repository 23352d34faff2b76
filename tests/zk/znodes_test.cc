#include "zk/znodes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/support/golden.h"
#include "zk/disk/recovery.h"
#include "zk/sanitizer.h"

// Both ways between znodes and values: byte for byte what real Kafka wrote, and whatever Kafka
// reads.
namespace {

// ── What real brokers and controllers wrote ──

template <class T>
std::string again(zk::Parsed<T> (*parse)(std::string_view), const std::string& data) {
  const auto value = parse(data);
  if (!value) return "unreadable: " + value.error().why;
  return zk::encode(*value);
}

// The bytes that our writer makes of what our reader read; nothing for znodes without data or of no
// such kind.
std::optional<std::string> written_again(std::string_view path, const std::string& data) {
  const auto below = [&](std::string_view prefix) { return path.starts_with(prefix); };
  if (below("/brokers/ids/")) return again(zk::parse_broker, data);
  if (below("/brokers/topics/") && path.ends_with("/state"))
    return again(zk::parse_partition_state, data);
  if (below("/brokers/topics/")) return again(zk::parse_topic, data);
  if (below("/config/changes/"))
    return zk::encode_config_change(zk::parse_config_change(data).value());
  if (below("/config/")) return again(zk::parse_config, data);
  if (path == "/controller") return again(zk::parse_controller, data);
  if (path == "/controller_epoch") {
    return zk::encode_controller_epoch(zk::parse_controller_epoch(data).value());
  }
  if (path == "/migration") return again(zk::parse_migration, data);
  if (path == "/cluster/id") return zk::encode_cluster_id(zk::parse_cluster_id(data).value());
  if (path == "/feature") return again(zk::parse_feature, data);
  if (path == "/latest_producer_id_block") return again(zk::parse_producer_id_block, data);
  if (below("/delegation_token/tokens/")) return again(zk::parse_delegation_token, data);
  if (below("/kafka-acl-changes/"))
    return zk::encode_acl_change(zk::parse_acl_change(data).value());
  if (below("/kafka-acl-extended-changes/")) {
    return zk::encode_acl_change(zk::parse_extended_acl_change(data).value());
  }
  return std::nullopt;
}

class CapturedZnodes : public testing::TestWithParam<const char*> {};

TEST_P(CapturedZnodes, ComeOutByteForByteAsTheyWentIn) {
  const auto recovery = zk::disk::recover(tests::golden(GetParam()));
  ASSERT_TRUE(recovery) << sim::describe(recovery.error());
  std::map<std::string, int> kinds;
  recovery->database.tree.for_each([&](std::string_view path, const zk::Znode& znode) {
    if (!znode.data || znode.data->empty()) return;
    const auto written = written_again(path, *znode.data);
    if (!written) return;
    ++kinds[std::string(path.substr(0, path.find('/', 1)))];
    EXPECT_EQ(*written, *znode.data) << path;
  });
  EXPECT_GE(kinds.size(), 5u);
}

INSTANTIATE_TEST_SUITE_P(OfEveryPhase, CapturedZnodes,
                         testing::Values("sample/p0-zookeeper/zk-1",
                                         "sample/p3-hybrid-changed/zk-1",
                                         "sample/p4-dual-write/zk-1", "failover/p4-dual-write/zk-1",
                                         "rollback_hybrid/p6-rolled-back/zk-1",
                                         "copy_killed/p3-restarted/zk-1", "gz/p4-dual-write/zk-1"));

// ── What older and other writers left ──

TEST(BrokerZnode, IsReadInAllItsVersions) {
  const auto one =
      zk::parse_broker(R"({"version":1,"host":"a","port":9092,"jmx_port":9999,"timestamp":"5"})");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->endpoints, (std::vector<zk::BrokerZnode::Endpoint>{
                                {"PLAINTEXT", sim::SecurityProtocol::Plaintext, "a", 9092}}));
  const auto two = zk::parse_broker(
      R"({"jmx_port":-1,"endpoints":["SSL://h-1.x:9093","plaintext://[::1]:9092"],"version":2,"host":null,"port":-1})");
  ASSERT_TRUE(two) << two.error().why;
  EXPECT_EQ(two->endpoints[0].security_protocol, sim::SecurityProtocol::Ssl);
  EXPECT_EQ(two->endpoints[1].host, "::1");
  EXPECT_EQ(two->endpoints[1].listener, "PLAINTEXT");
  const auto five = zk::parse_broker(
      R"({"version":5,"endpoints":["EXT://a:1"],"listener_security_protocol_map":{"EXT":"SASL_SSL"},)"
      R"("rack":"r","jmx_port":1,"features":{"f":{"min_version":1,"max_version":3}},"more":[1]})");
  ASSERT_TRUE(five) << five.error().why;
  EXPECT_EQ(five->endpoints[0].security_protocol, sim::SecurityProtocol::SaslSsl);
  EXPECT_EQ(five->rack, "r");
  EXPECT_EQ(five->features.at("f").max, 3);
  EXPECT_FALSE(zk::parse_broker(R"({"version":2,"endpoints":["INT://a:1"],"jmx_port":1})"))
      << "a listener whose name is no protocol needs a map";
}

TEST(TopicZnode, IsReadWithoutTheKeysOfLaterVersions) {
  const auto one = zk::parse_topic(R"({"version":1,"partitions":{"1":[2,3],"0":[1,2]}})");
  ASSERT_TRUE(one);
  EXPECT_FALSE(one->topic_id);
  EXPECT_EQ(one->partitions.at(sim::PartitionId(1)).replicas,
            (std::vector{sim::BrokerId(2), sim::BrokerId(3)}));
  const auto two = zk::parse_topic(
      R"({"version":2,"partitions":{"0":[3,1]},"adding_replicas":{"0":[3]},"removing_replicas":{"0":[1]}})");
  ASSERT_TRUE(two);
  EXPECT_EQ(two->partitions.at(sim::PartitionId(0)).adding_replicas, std::vector{sim::BrokerId(3)});
  EXPECT_FALSE(zk::parse_topic("{")) << "no JSON";
  EXPECT_FALSE(zk::parse_topic(R"({"partitions":{"x":[1]}})"));
  EXPECT_FALSE(zk::parse_topic(R"({"partitions":{"0":["1"]}})"))
      << "Kafka converts no text to numbers";
}

TEST(PartitionStateZnode, NamesTheRecoveryStateOnlyWhenThereIsOne) {
  zk::PartitionStateZnode state{.leader = sim::BrokerId(1),
                                .leader_epoch = sim::LeaderEpoch(7),
                                .isr = {sim::BrokerId(1)},
                                .controller_epoch = sim::ControllerEpoch(2)};
  EXPECT_EQ(encode(state),
            R"({"controller_epoch":2,"leader":1,"version":1,"leader_epoch":7,"isr":[1]})");
  state.leader_recovery_state = sim::LeaderRecoveryState::Recovering;
  EXPECT_EQ(zk::parse_partition_state(encode(state)), state);
}

TEST(PartitionStateZnode, ThatIsNoJsonIsAbsentToKafkaAndOneWithoutLeaderIsNot) {
  EXPECT_EQ(zk::parse_partition_state("leader").error().kafka_throws, false);
  EXPECT_EQ(zk::parse_partition_state("{}").error().kafka_throws, true);
}

TEST(ConfigZnode, IsEmptyToKafkaWhereverItIsNoObjectAndRefusedWhereAValueIsNoText) {
  EXPECT_EQ(zk::parse_config("{}"), zk::ConfigZnode{});
  EXPECT_EQ(zk::parse_config("[]"), zk::ConfigZnode{});
  EXPECT_EQ(zk::parse_config(""), zk::ConfigZnode{});
  EXPECT_EQ(zk::parse_config(R"({"version":1,"config":{"a":"b"}} trailing)"),
            (zk::ConfigZnode{{"a", "b"}}));
  EXPECT_EQ(zk::parse_config("{").error().kafka_throws, false);
  EXPECT_EQ(zk::parse_config(R"({"config":{"a":1}})").error().kafka_throws, true);
}

TEST(ControllerZnode, BelongsToKraftWhenItsEpochSaysSo) {
  EXPECT_FALSE(zk::parse_controller(R"({"version":1,"brokerid":1,"timestamp":"9"})")->is_kraft());
  EXPECT_FALSE(zk::parse_controller(
                   R"({"version":2,"brokerid":1,"timestamp":"9","kraftControllerEpoch":-1})")
                   ->is_kraft());
  EXPECT_TRUE(
      zk::parse_controller(R"({"version":2,"brokerid":1,"timestamp":"9","kraftControllerEpoch":0})")
          ->is_kraft());
}

TEST(ConfigChange, IsReadInBothVersions) {
  EXPECT_EQ(zk::parse_config_change(R"({"version":1,"entity_type":"topics","entity_name":"a"})"),
            "topics/a");
  EXPECT_EQ(zk::parse_config_change(R"({"version":2,"entity_path":"users/a/clients/b"})"),
            "users/a/clients/b");
}

TEST(Acls, AreReadInAnyCaseAndUnknownWordsAreUnknown) {
  const auto acls = zk::parse_acls(
      R"({"version":1,"acls":[{"principal":"User:a","permissionType":"ALLOW","operation":"describeconfigs","host":"*"},)"
      R"({"principal":"User:b","permissionType":"Deny","operation":"Levitate","host":"*"}]})");
  ASSERT_TRUE(acls) << acls.error().why;
  EXPECT_EQ(acls->at(0).operation, sim::AclOperation::DescribeConfigs);
  EXPECT_EQ(acls->at(1).operation, sim::AclOperation::Unknown);
  EXPECT_FALSE(zk::parse_acls(
      R"({"version":1,"acls":[{"principal":"a","permissionType":"Allow","operation":"All","host":"*"}]})"));
  EXPECT_EQ(zk::parse_acls(""), std::vector<zk::AclEntry>{});
  EXPECT_EQ(zk::path_element_of(zk::resource_type_of("transactionalid")), "TransactionalId");
}

TEST(DelegationToken, OfAnEarlierVersionWasRequestedByItsOwner) {
  const auto token = zk::parse_delegation_token(
      R"({"version":1,"owner":"User%3Aa","renewers":["User%3Ab%40c"],"issueTimestamp":1,"maxTimestamp":3,"expiryTimestamp":2,"tokenId":"t"})");
  ASSERT_TRUE(token) << token.error().why;
  EXPECT_EQ(token->token_requester, "User:a");
  EXPECT_EQ(token->renewers, std::vector<std::string>{"User:b@c"});
}

TEST(FeatureZnode, IsReadInBothVersions) {
  EXPECT_EQ(
      zk::parse_feature(
          R"({"version":1,"status":1,"features":{"f":{"min_version_level":1,"max_version_level":2}}})")
          ->features.at("f"),
      2);
  EXPECT_FALSE(
      zk::parse_feature(R"({"version":1,"status":1,"features":{"f":{"max_version_level":2}}})"));
  EXPECT_EQ(
      zk::parse_feature(R"({"version":2,"status":0,"features":{"f":{"max_version_level":2}}})")
          ->status,
      0);
}

TEST(Sanitizer, EncodesAsJavaDoes) {
  EXPECT_EQ(zk::sanitize("CN=web,O=Ac me*+~é"), "CN%3Dweb%2CO%3DAc%20me%2A%2B%7E%C3%A9");
  EXPECT_EQ(zk::sanitize("a.b-c_d9"), "a.b-c_d9");
  EXPECT_EQ(zk::desanitize("a+b%2f"), "a b/");
  EXPECT_EQ(zk::desanitize("a%2"), std::nullopt);
  EXPECT_EQ(zk::desanitize("%FF"), "\xEF\xBF\xBD");
}

TEST(ScramCredential, HasExactlyItsFourParts) {
  const std::string text = "salt=AQI=,stored_key=Aw==,server_key=BA==,iterations=4096";
  const auto credential = zk::parse_scram_credential(text);
  ASSERT_TRUE(credential);
  EXPECT_EQ(credential->salt, (sim::Bytes{1, 2}));
  EXPECT_EQ(encode(*credential), text);
  EXPECT_FALSE(zk::parse_scram_credential(text + ",more=1"));
  EXPECT_FALSE(zk::parse_scram_credential("salt=AQI="));
  EXPECT_FALSE(zk::parse_scram_credential("salt"));
}

// ── Anything that can be held can be written and read again ──

RC_GTEST_PROP(Znodes, ConfigsSurviveWritingWhateverTheirTextsHold,
              (const std::map<std::string, std::string>& raw)) {
  zk::ConfigZnode config;
  for (const auto& [key, value] : raw) {
    // What is no UTF-8 cannot stand in JSON; the names and values of a cluster are text.
    config.emplace(zk::desanitize(zk::sanitize(key)).value(),
                   zk::desanitize(zk::sanitize(value)).value());
  }
  RC_ASSERT(zk::parse_config(zk::encode(config)).value() == config);
}

RC_GTEST_PROP(Znodes, SanitizedNamesHoldNothingThatZooKeeperRefusesAndComeBack,
              (const std::string& raw)) {
  const std::string name = zk::desanitize(zk::sanitize(raw)).value();
  const std::string sanitized = zk::sanitize(name);
  for (const char c : sanitized) RC_ASSERT(c > ' ' && c < 0x7f && c != '/');
  RC_ASSERT(zk::desanitize(sanitized) == name);
}

RC_GTEST_PROP(Znodes, TopicsSurviveWriting, ()) {
  const auto brokers = [] {
    std::vector<sim::BrokerId> ids;
    for (const int id : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 2000)))
      ids.emplace_back(id);
    return ids;
  };
  zk::TopicZnode topic;
  if (*rc::gen::arbitrary<bool>())
    topic.topic_id =
        sim::Uuid(*rc::gen::arbitrary<std::int64_t>(), *rc::gen::arbitrary<std::int64_t>());
  const int partitions = *rc::gen::inRange(0, 60);
  for (int i = 0; i < partitions; ++i) {
    topic.partitions[sim::PartitionId(i)] = {brokers(), brokers(), brokers()};
  }
  RC_ASSERT(zk::parse_topic(zk::encode(topic)).value() == topic);
}

RC_GTEST_PROP(Znodes, NoTextMakesAReaderFail, (const std::string& text)) {
  (void)zk::parse_broker(text);
  (void)zk::parse_topic(text);
  (void)zk::parse_partition_state(text);
  (void)zk::parse_config(text);
  (void)zk::parse_acls(text);
  (void)zk::parse_delegation_token(text);
  (void)zk::parse_migration(text);
  (void)zk::parse_producer_id_block(text);
  (void)zk::parse_feature(text);
  (void)zk::parse_scram_credential(text);
}

}  // namespace
