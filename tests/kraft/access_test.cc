#include <gtest/gtest.h>

#include "cluster.h"
#include "sim/kafka/scram.h"

// ACLs, SCRAM credentials and client quotas as a controller takes them (AclControlManager, ScramControlManager,
// ClientQuotaControlManager).
namespace kraft::test {
namespace {

struct Access : testing::Test {
  Access() : cluster({.controllers = 1, .brokers = 0}, 31) { EXPECT_TRUE(cluster.activate()); }
  const sim::MetadataImage& image() {
    cluster.bench.run_for(200_ms);
    return cluster.image();
  }
  template <class Results>
  static std::vector<ErrorCode> errors(const Results& results) {
    std::vector<ErrorCode> out;
    for (const sim::AdminResult& result : results) out.push_back(result.error_code);
    return out;
  }
  Cluster cluster;
};

// ── ACLs ──

sim::AclBinding acl(std::string topic, sim::PatternType pattern = sim::PatternType::Literal) {
  return {.resource_type = sim::AclResourceType::Topic,
          .resource_name = std::move(topic),
          .resource_pattern_type = pattern,
          .principal = "User:alice",
          .host = "*",
          .operation = sim::AclOperation::Read,
          .permission_type = sim::AclPermissionType::Allow};
}

struct Acls : Access {
  std::vector<ErrorCode> create(std::vector<sim::AclBinding> acls) {
    const auto answer = cluster.ask(sim::CreateAclsRequest{.creations = std::move(acls)});
    return answer ? errors(answer->results) : std::vector<ErrorCode>{};
  }
  std::vector<ErrorCode> remove(sim::AclBinding filter) {
    const auto answer = cluster.ask(sim::DeleteAclsRequest{.filters = {std::move(filter)}});
    return answer ? errors(answer->filter_results) : std::vector<ErrorCode>{};
  }
};

TEST_F(Acls, AnAclThatIsThereIsNotWrittenAgain) {
  EXPECT_EQ(create({acl("orders"), acl("orders")}),
            (std::vector{ErrorCode::None, ErrorCode::None}));
  EXPECT_EQ(create({acl("orders")}), std::vector{ErrorCode::None});
  EXPECT_EQ(image().acls().acls.size(), 1U);
}

TEST_F(Acls, OnlyWhatIsCompleteIsCreated) {
  sim::AclBinding any_operation = acl("a");
  any_operation.operation = sim::AclOperation::Any;
  EXPECT_EQ(create({acl(""), acl("a", sim::PatternType::Match), any_operation,
                    acl("b", sim::PatternType::Prefixed)}),
            (std::vector{ErrorCode::InvalidRequest, ErrorCode::InvalidRequest,
                         ErrorCode::InvalidRequest, ErrorCode::None}));
  EXPECT_EQ(image().acls().acls.size(), 1U);
}

TEST_F(Acls, ARefusalSaysWhatKafkaSays) {
  sim::AclBinding cluster_of_another_name = acl("my-cluster");
  cluster_of_another_name.resource_type = sim::AclResourceType::Cluster;
  const auto answer = cluster.ask(sim::CreateAclsRequest{
      .creations = {cluster_of_another_name, acl(""), acl("a", sim::PatternType::Any)}});
  ASSERT_TRUE(answer.has_value());
  ASSERT_EQ(answer->results.size(), 3U);
  EXPECT_EQ(answer->results[0].error_code, ErrorCode::InvalidRequest);
  EXPECT_EQ(answer->results[0].error_message,
            "The only valid name for the CLUSTER resource is kafka-cluster");
  EXPECT_EQ(answer->results[1].error_message, "Invalid empty resource name");
  EXPECT_EQ(answer->results[2].error_message, "Invalid patternType ANY");
  EXPECT_TRUE(image().acls().acls.empty());
}

TEST_F(Acls, AMatchingFilterFindsLiteralsWildcardsAndPrefixes) {
  create({acl("orders"), acl("*"), acl("ord", sim::PatternType::Prefixed),
          acl("pay", sim::PatternType::Prefixed)});
  EXPECT_EQ(remove(acl("orders", sim::PatternType::Match)), std::vector{ErrorCode::None});
  ASSERT_EQ(image().acls().acls.size(), 1U);
  EXPECT_EQ(image().acls().acls.begin()->resource_name, "pay");
}

TEST_F(Acls, AFilterOfAnUnknownKindRemovesNothing) {
  create({acl("orders")});
  sim::AclBinding unknown = acl("orders");
  unknown.operation = sim::AclOperation::Unknown;
  EXPECT_EQ(remove(unknown), std::vector{ErrorCode::InvalidRequest});
  EXPECT_EQ(image().acls().acls.size(), 1U);
}

// ── SCRAM ──

sim::Bytes bytes_of(std::initializer_list<unsigned> values) {
  return sim::Bytes(values.begin(), values.end());
}

// RFC 7677's user and password ("user", "pencil"), salted 4096 times.
const sim::Bytes kSalted =
    bytes_of({0xc4, 0xa4, 0x95, 0x10, 0x32, 0x3a, 0xb4, 0xf9, 0x52, 0xca, 0xc1,
              0xfa, 0x99, 0x44, 0x19, 0x39, 0xe7, 0x8e, 0xa7, 0x4d, 0x6b, 0xe8,
              0x1d, 0xdf, 0x70, 0x96, 0xe8, 0x75, 0x13, 0xdc, 0x61, 0x5d});

struct Scram : Access {
  std::map<std::string, ErrorCode> alter(std::vector<sim::ScramCredentialDeletion> deletions,
                                         std::vector<sim::ScramCredentialUpsertion> upsertions) {
    const auto answer = cluster.ask(sim::AlterUserScramCredentialsRequest{
        .deletions = std::move(deletions), .upsertions = std::move(upsertions)});
    std::map<std::string, ErrorCode> out;
    if (!answer) return out;
    for (const sim::AdminResult& result : answer->results) {
      EXPECT_TRUE(out.emplace(result.name, result.error_code).second)
          << "two answers for " << result.name;
    }
    return out;
  }
  static sim::ScramCredentialUpsertion upsertion(std::string user, std::int32_t iterations = 4096) {
    return {.name = std::move(user),
            .mechanism = sim::ScramMechanism::ScramSha256,
            .iterations = iterations,
            .salt = {1, 2, 3},
            .salted_password = kSalted};
  }
};

TEST_F(Scram, TheLogHoldsKeysThatAreDerivedFromTheSaltedPassword) {
  EXPECT_EQ(alter({}, {upsertion("user")}),
            (std::map<std::string, ErrorCode>{{"user", ErrorCode::None}}));
  const auto* credential = image().scram().find(sim::ScramMechanism::ScramSha256, "user");
  ASSERT_NE(credential, nullptr);
  EXPECT_EQ(credential->stored_key,
            bytes_of({0x58, 0x6e, 0x5d, 0xf2, 0x83, 0xe6, 0xdc, 0xeb, 0x5c, 0x3e, 0x79,
                      0x1d, 0x8b, 0x85, 0x28, 0xec, 0x19, 0x1e, 0x66, 0x40, 0x45, 0xce,
                      0x97, 0x17, 0x92, 0xe2, 0xe6, 0xb5, 0xbb, 0x13, 0xe2, 0xa6}));
  EXPECT_EQ(credential->server_key,
            sim::scram_keys(sim::ScramMechanism::ScramSha256, kSalted).server_key);
  EXPECT_EQ(sim::scram_keys(sim::ScramMechanism::ScramSha512, kSalted).stored_key.size(), 64U);
}

TEST_F(Scram, EachCredentialIsRefusedForItsOwnReason) {
  sim::ScramCredentialUpsertion unknown = upsertion("mechanism");
  unknown.mechanism = sim::ScramMechanism::Unknown;
  EXPECT_EQ(alter({{"nobody", sim::ScramMechanism::ScramSha256}},
                  {upsertion("few", 4095), upsertion("many", 16385), upsertion(""), unknown,
                   upsertion("fine", 16384)}),
            (std::map<std::string, ErrorCode>{{"nobody", ErrorCode::ResourceNotFound},
                                              {"few", ErrorCode::UnacceptableCredential},
                                              {"many", ErrorCode::UnacceptableCredential},
                                              {"", ErrorCode::UnacceptableCredential},
                                              {"mechanism", ErrorCode::UnsupportedSaslMechanism},
                                              {"fine", ErrorCode::None}}));
  EXPECT_EQ(image().scram().credentials.size(), 1U);
}

TEST_F(Scram, WhoIsAlteredTwiceInOneRequestIsNotAlteredAtAll) {
  ASSERT_EQ(alter({}, {upsertion("alice")})["alice"], ErrorCode::None);
  EXPECT_EQ(alter({{"alice", sim::ScramMechanism::ScramSha256}},
                  {upsertion("alice", 8192), upsertion("bob")}),
            (std::map<std::string, ErrorCode>{{"alice", ErrorCode::DuplicateResource},
                                              {"bob", ErrorCode::None}}));
  const auto* alice = image().scram().find(sim::ScramMechanism::ScramSha256, "alice");
  ASSERT_NE(alice, nullptr);
  EXPECT_EQ(alice->iterations, 4096);
}

// ── Quotas ──

struct Quotas : Access {
  using Entity = std::vector<sim::EntityData>;
  static Entity user(std::string name) {
    return {{.entity_type = "user", .entity_name = std::move(name)}};
  }
  static sim::QuotaOperation set(std::string key, double value) {
    return {.key = std::move(key), .value = sim::QuotaValue(value)};
  }
  std::vector<ErrorCode> alter(std::vector<sim::QuotaEntry> entries) {
    const auto answer = cluster.ask(sim::AlterClientQuotasRequest{.entries = std::move(entries)});
    return answer ? errors(answer->entries) : std::vector<ErrorCode>{};
  }
  ErrorCode alter(Entity entity, sim::QuotaOperation op) {
    return alter({{std::move(entity), {std::move(op)}}}).at(0);
  }
};

TEST_F(Quotas, AreSetAndRemovedAndAnEntityWithoutAnyIsGone) {
  EXPECT_EQ(alter(user("alice"), set("producer_byte_rate", 1024)), ErrorCode::None);
  EXPECT_EQ(alter({{.entity_type = "user"}, {.entity_type = "client-id", .entity_name = "app"}},
                  set("request_percentage", 12.5)),
            ErrorCode::None);
  EXPECT_EQ(image().client_quotas().entities.size(), 2U);
  EXPECT_EQ(alter(user("alice"), {.key = "producer_byte_rate", .value = {}, .remove = true}),
            ErrorCode::None);
  EXPECT_EQ(alter(user("nobody"), {.key = "whatever", .value = {}, .remove = true}),
            ErrorCode::None);
  EXPECT_EQ(image().client_quotas().entities.size(), 1U);
}

TEST_F(Quotas, AnEntityIsAUserAClientOrBothOrAnAddressAlone) {
  const sim::QuotaOperation rate = set("producer_byte_rate", 1);
  EXPECT_EQ(alter(Entity{}, rate), ErrorCode::InvalidRequest);
  EXPECT_EQ(alter({{.entity_type = "group", .entity_name = "g"}}, rate), ErrorCode::InvalidRequest);
  EXPECT_EQ(alter(user(""), rate), ErrorCode::InvalidRequest);
  EXPECT_EQ(alter({{.entity_type = "user", .entity_name = "a"},
                   {.entity_type = "user", .entity_name = "b"}},
                  rate),
            ErrorCode::InvalidRequest);
  EXPECT_EQ(alter({{.entity_type = "ip", .entity_name = "127.0.0.1"},
                   {.entity_type = "user", .entity_name = "a"}},
                  set("connection_creation_rate", 1)),
            ErrorCode::InvalidRequest);
  EXPECT_EQ(alter({{.entity_type = "ip", .entity_name = "127.0.0.1"}},
                  set("connection_creation_rate", 1)),
            ErrorCode::None);
}

TEST_F(Quotas, AKeyBelongsToItsEntityAndItsValueIsAboveZeroAndWholeWhereItCounts) {
  EXPECT_EQ(alter(user("a"), set("connection_creation_rate", 1)), ErrorCode::InvalidRequest);
  EXPECT_EQ(alter({{.entity_type = "ip"}}, set("producer_byte_rate", 1)),
            ErrorCode::InvalidRequest);
  EXPECT_EQ(alter(user("a"), set("producer_byte_rate", 0)), ErrorCode::InvalidRequest);
  EXPECT_EQ(alter(user("a"), set("producer_byte_rate", -1)), ErrorCode::InvalidRequest);
  EXPECT_EQ(alter(user("a"), set("producer_byte_rate", 1.5)), ErrorCode::InvalidRequest);
  EXPECT_EQ(alter(user("a"), set("producer_byte_rate", 1e19)), ErrorCode::InvalidRequest);
  EXPECT_EQ(alter({{.entity_type = "ip"}}, set("connection_creation_rate", 2147483648.0)),
            ErrorCode::InvalidRequest);
  EXPECT_EQ(alter(user("a"), set("controller_mutation_rate", 0.1)), ErrorCode::None);
}

TEST_F(Quotas, AnEntityThatIsNamedTwiceKeepsItsFirstAlterationAndHearsOfAnError) {
  EXPECT_EQ(alter({{user("a"), {set("producer_byte_rate", 1)}},
                   {user("a"), {set("producer_byte_rate", 2)}}}),
            (std::vector{ErrorCode::InvalidRequest, ErrorCode::InvalidRequest}));
  ASSERT_EQ(image().client_quotas().entities.size(), 1U);
  EXPECT_EQ(image().client_quotas().entities.begin()->values.begin()->second, sim::QuotaValue(1.0));
  EXPECT_EQ(alter({{user("b"), {set("producer_byte_rate", 1), set("producer_byte_rate", 2)}}}),
            std::vector{ErrorCode::InvalidRequest});
}

}  // namespace
}  // namespace kraft::test
