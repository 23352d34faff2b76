#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "migrate/check/check.h"
#include "tests/migrate/check/world.h"

// ACLs that mean something else in KRaft (N19, N20): what is certain blocks, what hangs on a client
// that nobody knows is a warning, and what both authorizers decide alike is left alone.
namespace {

using migrate::CheckSeverity;
using migrate::Finding;
using migrate::Outcome;
using migrate::Phase;
using tests::World;

std::vector<Finding> findings(std::string_view id, const World& world) {
  return migrate::run_check(*migrate::find_check(id), world.facts()).findings;
}

std::string entry(const std::string& principal, const std::string& permission = "Allow",
                  const std::string& operation = "Read") {
  return R"({"principal":")" + principal + R"(","permissionType":")" + permission +
         R"(","operation":")" + operation + R"(","host":"*"})";
}
std::string acls(const std::string& entries) {
  return R"({"version":1,"acls":[)" + entries + "]}";
}

bool says(const std::vector<Finding>& all, std::string_view text) {
  return std::ranges::any_of(
      all, [&](const Finding& finding) { return finding.what.find(text) != std::string::npos; });
}

// One name before "*" waits for a client that asks for another one.
TEST(KRaftsAuthorizer, ANameBeforeTheWildcardIsAWarning) {
  World world(Phase::S0);
  world.znode("/kafka-acl/Group/$Default", acls(entry("User:a")));
  const auto found = findings("N19", world);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().severity, CheckSeverity::Warning);
  EXPECT_EQ(found.front().object, "ACLs of GROUP LITERAL '$Default'");
  EXPECT_EQ(found.front().evidence.front().where, "/kafka-acl/Group/$Default");
}

// Two that begin alike meet each other: $audit stands before $Default, and a request for $Default
// never gets past it.
TEST(KRaftsAuthorizer, TwoNamesBeforeTheWildcardThatMeetBlock) {
  World world(Phase::S0);
  world.znode("/kafka-acl/Group/$Default", acls(entry("User:a")));
  world.znode("/kafka-acl/Group/$audit", acls(entry("User:a")));
  const auto found = findings("N19", world);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(std::ranges::all_of(
      found, [](const Finding& each) { return each.severity == CheckSeverity::Error; }));
  EXPECT_TRUE(says(found, "never returns"));
  World more_alike(Phase::S0);
  more_alike.znode("/kafka-acl/Group/$Default", acls(entry("User:a")));
  more_alike.znode("/kafka-acl/Group/$Daily", acls(entry("User:a")));
  EXPECT_TRUE(says(findings("N19", more_alike), "StringIndexOutOfBoundsException"));
}

TEST(KRaftsAuthorizer, NamesOfOtherTypesOrBeginningsDoNotMeet) {
  World world(Phase::S0);
  world.znode("/kafka-acl/Group/$Default", acls(entry("User:a")));
  world.znode("/kafka-acl/Group/#audit", acls(entry("User:a")));
  world.znode("/kafka-acl/TransactionalId/$audit", acls(entry("User:a")));
  for (const Finding& each : findings("N19", world))
    EXPECT_EQ(each.severity, CheckSeverity::Warning) << each.object << ": " << each.what;
}

// ZooKeeper mode does not read such an ACL, and D05 speaks of it; in KRaft it can be created, and
// stops whoever asks for the resource.
TEST(KRaftsAuthorizer, APrincipalWithoutATypeStopsWhoLooksAtIt) {
  World before(Phase::S0);
  before.znode("/kafka-acl/Group/g", acls(entry("a")));
  EXPECT_TRUE(findings("N19", before).empty());
  World kraft(Phase::S6);
  kraft.record(sim::AccessControlEntryRecord{.id = sim::Uuid{1, 2},
                                             .resource_type = sim::AclResourceType::Group,
                                             .resource_name = "g",
                                             .pattern_type = sim::PatternType::Literal,
                                             .principal = "a",
                                             .host = "*",
                                             .operation = sim::AclOperation::Read,
                                             .permission_type = sim::AclPermissionType::Allow});
  EXPECT_TRUE(says(findings("N19", kraft), "Could not parse principal"));
}

TEST(KRaftsAuthorizer, DoesNotMatterWhereAnotherOneDecides) {
  World world(Phase::S0);
  world.znode("/kafka-acl/Group/$Default", acls(entry("User:a")));
  world.set_all("broker", "authorizer.class.name", "com.example.Authorizer");
  EXPECT_TRUE(findings("N19", world).empty());
}

TEST(BothAuthorizers, DisagreeAboutAWordThatKafkaDoesNotKnow) {
  World world(Phase::S0);
  world.znode("/kafka-acl/Group/g", acls(entry("User:a") + "," + entry("User:a", "Perhaps")));
  const auto found = findings("N20", world);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().what,
            "User:a READ GROUP 'g': ALLOWED in ZooKeeper mode, DENIED in KRaft");
  EXPECT_EQ(found.front().severity, CheckSeverity::Warning);
}

// A denial to all that does not reach names beginning with "*": somebody may more in KRaft.
TEST(BothAuthorizers, DisagreeAboutADenialToAll) {
  World world(Phase::S0);
  world.znode("/kafka-acl/Group/*", acls(entry("User:b", "Deny")));
  world.znode("/kafka-acl/Group/*star", acls(entry("User:b")));
  EXPECT_TRUE(says(findings("N20", world), "DENIED in ZooKeeper mode, ALLOWED in KRaft"));
}

TEST(BothAuthorizers, SuperUsersMayEitherWay) {
  World world(Phase::S0);
  world.znode("/kafka-acl/Group/g",
              acls(entry("User:admin") + "," + entry("User:admin", "Perhaps")));
  EXPECT_TRUE(findings("N20", world).empty());
}

// Whoever has no ACL may write to most topics, and gets no producer id: KRaft asks about a topic
// "hardcode", which has ACLs of somebody else.
TEST(BothAuthorizers, DisagreeAboutProducersWithoutAcls) {
  World world(Phase::S0);
  world.znode("/kafka-acl-extended/prefixed/Topic/har", acls(entry("User:b", "Allow", "Write")));
  EXPECT_TRUE(findings("N20", world).empty());
  world.set_all("broker", "allow.everyone.if.no.acl.found", "true");
  const auto found = findings("N20", world);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().object, "idempotent producers");
  // With an ACL of all topics such a producer may write to none.
  world.znode("/kafka-acl/Topic/*", acls(entry("User:b", "Allow", "Write")));
  EXPECT_TRUE(findings("N20", world).empty());
}

TEST(BothAuthorizers, AreUnknownWithoutTheStoreThatLeads) {
  for (const char* id : {"N19", "N20"}) {
    EXPECT_EQ(
        migrate::run_check(*migrate::find_check(id), World(Phase::S0).without_zookeeper().facts())
            .outcome,
        Outcome::Unknown);
    EXPECT_EQ(migrate::run_check(*migrate::find_check(id), World(Phase::S6).without_log().facts())
                  .outcome,
              Outcome::Unknown);
  }
}

}  // namespace
