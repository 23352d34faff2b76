#include "zk/acl_store.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "zk/txn.h"

// A tree as brokers leave it: one znode for each resource.
namespace {

using sim::AclOperation;
using sim::AclResourceType;
using sim::AuthorizationOutcome;

zk::Tree tree_with(const std::map<std::string, std::string>& znodes) {
  zk::Tree tree;
  std::int64_t zxid = 0;
  const auto create = [&](const std::string& path, const std::string& data) {
    if (tree.find(path) != nullptr) return;
    const zk::TxnHeader header{.zxid = zk::Zxid(++zxid)};
    // As a version, -1 means one more than before.
    tree.apply(header,
               zk::CreateTxn{.path = path, .data = data, .parent_cversion = zk::ChildVersion(-1)});
    EXPECT_NE(tree.find(path), nullptr) << path;
  };
  for (const auto& [path, data] : znodes) {
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      create(path.substr(0, slash), "");
    }
    create(path, data);
  }
  return tree;
}

std::string one(const std::string& permission, const std::string& operation,
                const std::string& principal) {
  return R"({"version":1,"acls":[{"principal":")" + principal + R"(","permissionType":")" +
         permission + R"(","operation":")" + operation + R"(","host":"*"}]})";
}

AuthorizationOutcome may_alice(const sim::AclAuthorizer& authorizer, AclOperation operation,
                               const std::string& topic) {
  return authorizer
      .authorize({{"User", "alice"}, "10.0.0.1"},
                 {.operation = operation,
                  .resource = {.resource_type = AclResourceType::Topic, .name = topic}})
      .outcome;
}

TEST(AclStore, ABrokerDecidesByTheZnodesOfItsChroot) {
  const auto tree =
      tree_with({{"/kafka/kafka-acl/Topic/orders", one("Allow", "Read", "User:alice")},
                 {"/kafka/kafka-acl-extended/prefixed/Topic/pay", one("Allow", "All", "User:*")},
                 {"/kafka-acl/Topic/elsewhere", one("Allow", "All", "User:*")}});
  const auto authorizer = zk::acl_authorizer(tree, "/kafka", {});
  ASSERT_TRUE(authorizer.has_value());
  EXPECT_EQ(may_alice(*authorizer, AclOperation::Describe, "orders"),
            AuthorizationOutcome::Allowed);
  EXPECT_EQ(may_alice(*authorizer, AclOperation::Write, "payments"), AuthorizationOutcome::Allowed);
  EXPECT_EQ(may_alice(*authorizer, AclOperation::Read, "elsewhere"), AuthorizationOutcome::Denied);
}

TEST(AclStore, WordsThatKafkaDoesNotKnowAreReadAndMatchNothing) {
  const auto tree = tree_with({{"/kafka-acl/Topic/orders", one("Alow", "Read", "User:alice")},
                               {"/kafka-acl/Sprocket/orders", one("Allow", "Read", "User:alice")}});
  const auto stored = zk::load_all_acls(tree, "");
  ASSERT_TRUE(stored.has_value());
  ASSERT_EQ(stored->size(), 1U);
  EXPECT_EQ(stored->front().entries.front().permission_type, sim::AclPermissionType::Unknown);
}

TEST(AclStore, ABrokerDoesNotStartOnAPrincipalWithoutAType) {
  const auto tree = tree_with({{"/kafka-acl/Topic/orders", one("Allow", "Read", "alice")}});
  const auto authorizer = zk::acl_authorizer(tree, "", {});
  ASSERT_FALSE(authorizer.has_value());
  EXPECT_EQ(authorizer.error().path, "/kafka-acl/Topic/orders");
}

TEST(AclStore, WhatIsNoJsonIsNoAcls) {
  const auto authorizer =
      zk::acl_authorizer(tree_with({{"/kafka-acl/Topic/orders", "{"}}), "",
                         {.super_users = {}, .allow_everyone_if_no_acl_found = true});
  ASSERT_TRUE(authorizer.has_value());
  EXPECT_EQ(may_alice(*authorizer, AclOperation::Read, "orders"), AuthorizationOutcome::Allowed);
}

}  // namespace
