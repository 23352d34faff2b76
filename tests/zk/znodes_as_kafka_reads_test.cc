#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "zk/migration_reader_tree.h"
#include "zk/producer_id_block.h"
#include "zk/sanitizer.h"
#include "zk/tree.h"
#include "zk/znodes.h"
#include "zk/znodes_json.h"

// Where Kafka's own reader and ours once disagreed, each found by `tools/conformance copy` on a
// random tree and cut down to one znode.
namespace {

TEST(JsonAsJacksonReadsIt, GoesOnAfterADocumentButNotInsideAWordOrNumber) {
  EXPECT_TRUE(zk::parse_json("{} x"));
  EXPECT_TRUE(zk::parse_json("[1]]"));
  EXPECT_TRUE(zk::parse_json("1 x"));
  EXPECT_TRUE(zk::parse_json("null,"));
  EXPECT_FALSE(zk::parse_json("1x"));
  EXPECT_FALSE(zk::parse_json("nullable"));
  EXPECT_FALSE(zk::parse_json("{\"a\":1"));
}

TEST(JsonAsJacksonReadsIt, HasNumbersBeyondTheRangeOfDoubles) {
  const auto json =
      zk::parse_json(R"({"leader":1e400,"a":2,"huge":-1)" + std::string(400, '0') + "}");
  ASSERT_TRUE(json);
  EXPECT_FALSE((*json)["leader"].is_number_integer());
  EXPECT_FALSE((*json)["huge"].is_number_integer());
  EXPECT_EQ((*json)["a"], 2);
  EXPECT_FALSE(zk::parse_json(R"({"a":01e400})")) << "and is as strict as ever about their form";
  EXPECT_FALSE(zk::parse_json(R"({"a":1e400e})"));
}

TEST(JsonAsJacksonReadsIt, TakesHalfASurrogatePairAndLeavesTextAlone) {
  const auto json =
      zk::parse_json(R"({"a":"x\ud800y","b":"\udc00","c":"\ud83d\ude00","d":"\\ud800 1e400"})");
  ASSERT_TRUE(json);
  EXPECT_EQ((*json)["a"], "x?y");
  EXPECT_EQ((*json)["b"], "?");
  EXPECT_EQ((*json)["c"], "\xF0\x9F\x98\x80");
  EXPECT_EQ((*json)["d"], "\\ud800 1e400");
}

TEST(PartitionStateZnode, WithANumberThatIsTooLargeIsRefusedAndNotTakenForAbsent) {
  const auto state = zk::parse_partition_state(
      R"({"controller_epoch":1,"leader":1e400,"version":1,"leader_epoch":5,"isr":[2]})");
  ASSERT_FALSE(state);
  EXPECT_TRUE(state.error().kafka_throws);
}

TEST(PartitionStateZnode, HasARecoveryStateOfOneByte) {
  const auto state = [](const char* recovery) {
    return zk::parse_partition_state(
        R"({"controller_epoch":1,"leader":2,"leader_epoch":5,"isr":[2],"leader_recovery_state":)" +
        std::string(recovery) + "}");
  };
  EXPECT_EQ(state("257").value().leader_recovery_state, sim::LeaderRecoveryState::Recovering);
  EXPECT_FALSE(state("2"));
}

TEST(TopicZnode, NeedsObjectsWhereReplicasMoveEvenWithoutPartitions) {
  EXPECT_TRUE(zk::parse_topic(R"({"topic_id":"AAAAAAAAAAAAAAAAAAAAAQ"})"));
  EXPECT_FALSE(zk::parse_topic(R"({"topic_id":"AAAAAAAAAAAAAAAAAAAAAQ","adding_replicas":null})"));
}

TEST(Acls, AreNeverAboutAnyOperationOrPermission) {
  const auto parse = [](std::string_view operation, std::string_view permission) {
    return zk::parse_acls(R"({"version":1,"acls":[{"principal":"User:a","host":"*","operation":")" +
                          std::string(operation) + R"(","permissionType":")" +
                          std::string(permission) + "\"}]}");
  };
  EXPECT_TRUE(parse("Read", "Allow"));
  EXPECT_TRUE(parse("Nonsense", "Nonsense"));
  EXPECT_FALSE(parse("any", "Allow"));
  EXPECT_FALSE(parse("Read", "Any"));
}

TEST(Acls, HaveOperationsInTheCaseOfJavaEvenBeyondAscii) {
  const auto acls = zk::parse_acls(
      "{\"version\":1,\"acls\":[{\"principal\":\"User:a\",\"host\":\"*\",\"operation\":"
      "\"De\u017fcr\u0131be\","
      "\"permissionType\":\"Allow\"}]}");
  ASSERT_TRUE(acls);
  EXPECT_EQ(acls->front().operation, sim::AclOperation::Describe);
}

TEST(ScramCredential, MayEndInCommas) {
  const std::string credential = "salt=YQ==,stored_key=Yg==,server_key=Yw==,iterations=4096";
  EXPECT_TRUE(zk::parse_scram_credential(credential + ",,"));
  EXPECT_FALSE(zk::parse_scram_credential("," + credential));
}

TEST(Sanitizer, TakesASignInAnEscapeAsJavaDoes) {
  EXPECT_EQ(zk::desanitize("%+5"), "\x05");
  EXPECT_EQ(zk::desanitize("%-0"), std::string(1, '\0'));
  EXPECT_FALSE(zk::desanitize("%-1"));
  EXPECT_FALSE(zk::desanitize("%zz"));
}

TEST(ProducerIdBlock, MayHaveAnySizeThatIsAnIntAndWrapsAround) {
  const auto block = [](const char* start, const char* end) {
    return zk::parse_producer_id_block(R"({"version":1,"broker":1,"block_start":")" +
                                       std::string(start) + R"(","block_end":")" + end + "\"}");
  };
  EXPECT_TRUE(block("0", "999"));
  EXPECT_TRUE(block("5000", "999")) << "Kafka does not look at the order";
  EXPECT_TRUE(block("0", "-1"));
  EXPECT_FALSE(block("0", "2147483647")) << "a size of 2^31";
  EXPECT_FALSE(block("1000", "-2147483648000"));
  EXPECT_EQ(zk::next_producer_id(block("0", "999").value()), sim::ProducerId(1000));
  EXPECT_EQ(zk::next_producer_id(block("9223372036854774808", "9223372036854775807").value()),
            sim::ProducerId(std::numeric_limits<std::int64_t>::min()));
}

TEST(CopyOfATree, EndsAtAnAclOnResourcesOfTypeAny) {
  zk::Tree tree;
  zk::Zxid zxid{0};
  for (const char* path : {"/kafka-acl", "/kafka-acl/Any", "/kafka-acl/Any/x"}) {
    zxid = zxid.next();
    tree.apply({.zxid = zxid},
               zk::CreateTxn{.path = path, .parent_cversion = zk::ChildVersion(-1)});
  }
  const auto copy = zk::copy_of(tree, "", {.manner = zk::ReadManner::Driver});
  ASSERT_TRUE(copy.failure);
  EXPECT_EQ(copy.failure->path, "/kafka-acl/Any/x");
}

}  // namespace
