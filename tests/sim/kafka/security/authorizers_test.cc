#include <fmt/format.h>
#include <gtest/gtest.h>
// After gtest.
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kafka/security/acl_authorizer.h"
#include "sim/kafka/security/java_order.h"
#include "sim/kafka/security/standard_authorizer.h"

namespace {

using sim::AclOperation;
using sim::AclPermissionType;
using sim::AclResourceType;
using sim::AuthorizationOutcome;
using sim::PatternType;
using sim::ResourceAcl;
using enum AuthorizationOutcome;

// ── A small language for ACLs ───────────────────────────────────────────────────────────────────

ResourceAcl acl(AclPermissionType permission, AclOperation operation, std::string principal,
                PatternType pattern, std::string name, std::string host = "*",
                AclResourceType type = AclResourceType::Topic) {
  return {.pattern = {type, pattern, std::move(name)},
          .entry = {.principal = std::move(principal),
                    .host = std::move(host),
                    .operation = operation,
                    .permission_type = permission}};
}
ResourceAcl allow(AclOperation operation, std::string principal, std::string name,
                  std::string host = "*") {
  return acl(AclPermissionType::Allow, operation, std::move(principal), PatternType::Literal,
             std::move(name), std::move(host));
}
ResourceAcl deny(AclOperation operation, std::string principal, std::string name) {
  return acl(AclPermissionType::Deny, operation, std::move(principal), PatternType::Literal,
             std::move(name));
}
ResourceAcl prefixed(ResourceAcl of) {
  of.pattern.pattern_type = PatternType::Prefixed;
  return of;
}

sim::Acl record_of(const ResourceAcl& of, std::int64_t id) {
  return {.id = sim::Uuid(7, id),
          .resource_type = of.pattern.resource_type,
          .resource_name = of.pattern.name,
          .pattern_type = of.pattern.pattern_type,
          .principal = of.entry.principal,
          .host = of.entry.host,
          .operation = of.entry.operation,
          .permission_type = of.entry.permission_type};
}

struct Settings {
  std::string super_users = {};
  bool everyone = false;
};

sim::StandardAuthorizer standard(const std::vector<ResourceAcl>& acls,
                                 const Settings& settings = {}) {
  sim::StandardAuthorizer authorizer(
      sim::StandardAuthorizer::configure(settings.super_users, settings.everyone ? "true" : "false")
          .value());
  std::int64_t id = 0;
  for (const ResourceAcl& each : acls)
    EXPECT_TRUE(authorizer.add_acl(record_of(each, ++id)).has_value());
  authorizer.complete_initial_load();
  return authorizer;
}

sim::AclAuthorizer zookeeper(const std::vector<ResourceAcl>& acls, const Settings& settings = {}) {
  sim::AclAuthorizer authorizer(
      sim::AclAuthorizer::configure(settings.super_users, settings.everyone ? "true" : "false")
          .value());
  std::map<sim::ResourcePattern, std::vector<sim::AccessControlEntry>> znodes;
  for (const ResourceAcl& each : acls) znodes[each.pattern].push_back(each.entry);
  for (const auto& [resource, entries] : znodes) authorizer.update_cache(resource, entries);
  return authorizer;
}

sim::RequestContext from(std::string_view principal, std::string host = "10.0.0.1") {
  return {sim::parse_kafka_principal(principal).value(), std::move(host)};
}
sim::Action to(AclOperation operation, std::string name,
               AclResourceType type = AclResourceType::Topic) {
  return {.operation = operation, .resource = {.resource_type = type, .name = std::move(name)}};
}

constexpr auto kAlice = "User:alice";

// What both say, where they must agree.
AuthorizationOutcome both(const std::vector<ResourceAcl>& acls, AclOperation operation,
                          const std::string& name, const Settings& settings = {},
                          const std::string& host = "10.0.0.1") {
  const auto kraft =
      standard(acls, settings).authorize(from(kAlice, host), to(operation, name)).outcome;
  const auto zk =
      zookeeper(acls, settings).authorize(from(kAlice, host), to(operation, name)).outcome;
  EXPECT_EQ(kraft, zk) << "the two authorizers disagree about " << name;
  return kraft;
}

// ── The truth table of brokers.md §5.4, row by row ──────────────────────────────────────────────

using enum AclOperation;

TEST(Authorizers, DenyWithoutAclsUnlessEveryoneMay) {
  EXPECT_EQ(both({}, Read, "orders"), Denied);
  EXPECT_EQ(both({}, Read, "orders", {.everyone = true}), Allowed);
}

TEST(Authorizers, ReadImpliesDescribeAndNotWrite) {
  const std::vector acls{allow(Read, kAlice, "orders")};
  EXPECT_EQ(both(acls, Read, "orders"), Allowed);
  EXPECT_EQ(both(acls, Describe, "orders"), Allowed);
  EXPECT_EQ(both(acls, Write, "orders"), Denied);
}

TEST(Authorizers, DenyWinsOverAllow) {
  EXPECT_EQ(both({allow(Read, kAlice, "orders"), deny(Read, kAlice, "orders")}, Read, "orders"),
            Denied);
  const std::vector acls{prefixed(allow(All, kAlice, "a")), deny(Write, "User:*", "ab")};
  EXPECT_EQ(both(acls, Write, "ab"), Denied);
  EXPECT_EQ(both(acls, Write, "ac"), Allowed);
}

TEST(Authorizers, ADenialOfReadDeniesNoDescribeButIsAnAcl) {
  EXPECT_EQ(both({deny(Read, kAlice, "orders")}, Describe, "orders", {.everyone = true}), Denied);
  EXPECT_EQ(
      both({deny(Read, kAlice, "orders"), allow(Describe, kAlice, "orders")}, Describe, "orders"),
      Allowed);
}

TEST(Authorizers, AnAclOfSomebodyElseEndsTheFreedomOfAll) {
  EXPECT_EQ(both({allow(Read, "User:bob", "orders")}, Read, "orders", {.everyone = true}), Denied);
}

TEST(Authorizers, SuperUsersMayWhatIsDeniedToAll) {
  EXPECT_EQ(
      both({deny(All, "User:*", "*")}, Write, "orders", {.super_users = "User:bob;User:alice"}),
      Allowed);
}

TEST(Authorizers, HostsAreComparedAsText) {
  const std::vector acls{allow(Write, kAlice, "orders", "10.0.0.1")};
  EXPECT_EQ(both(acls, Write, "orders", {}, "10.0.0.1"), Allowed);
  EXPECT_EQ(both(acls, Write, "orders", {}, "10.0.0.2"), Denied);
}

TEST(Authorizers, AlterImpliesDescribeAndAlterConfigsDescribeConfigs) {
  EXPECT_EQ(both({allow(Alter, kAlice, "o")}, AlterConfigs, "o"), Denied);
  EXPECT_EQ(both({allow(Alter, kAlice, "o")}, Describe, "o"), Allowed);
  EXPECT_EQ(both({allow(AlterConfigs, kAlice, "o")}, DescribeConfigs, "o"), Allowed);
  EXPECT_EQ(both({allow(AlterConfigs, kAlice, "o")}, Describe, "o"), Denied);
}

TEST(Authorizers, AWildcardAllowsAndAPrefixDenies) {
  const std::vector acls{allow(Read, kAlice, "*"), prefixed(deny(All, kAlice, "sec"))};
  EXPECT_EQ(both(acls, Read, "secret"), Denied);
  EXPECT_EQ(both(acls, Read, "open"), Allowed);
}

TEST(Authorizers, AsAPrefixTheWildcardIsACharacter) {
  EXPECT_EQ(both({prefixed(allow(Read, kAlice, "*"))}, Read, "foo"), Denied);
}

TEST(Authorizers, SayWhichAclDecided) {
  const auto authorizer = standard({allow(Read, kAlice, "orders"), deny(Read, "User:*", "orders")});
  const auto said = authorizer.authorize(from(kAlice), to(Read, "orders"));
  ASSERT_EQ(said.rule, sim::AuthorizationRule::MatchingAcl);
  EXPECT_EQ(said.acl->entry.principal, "User:*");
}

// ── Where the two differ ────────────────────────────────────────────────────────────────────────

TEST(Authorizers, AWordThatKafkaDoesNotKnowIsNothingInZooKeeperModeAndADenialInKRaft) {
  const std::vector acls{
      allow(Read, kAlice, "orders"),
      acl(AclPermissionType::Unknown, Read, kAlice, PatternType::Literal, "orders")};
  EXPECT_EQ(zookeeper(acls).authorize(from(kAlice), to(Read, "orders")).outcome, Allowed);
  EXPECT_EQ(standard(acls).authorize(from(kAlice), to(Read, "orders")).outcome, Denied);
}

TEST(Authorizers, TheWildcardIsSkippedInKRaftForNamesThatBeginWithIt) {
  const std::vector acls{allow(Read, kAlice, "*")};
  EXPECT_EQ(zookeeper(acls).authorize(from(kAlice), to(Read, "*star")).outcome, Allowed);
  EXPECT_EQ(standard(acls).authorize(from(kAlice), to(Read, "*star")).outcome, Denied);
}

// Names before "*" are those that begin with a blank or one of !"#$%&'(). Topics cannot, groups
// can.
TEST(Authorizers, KRaftGoesRoundForEverOverANameBeforeTheWildcard) {
  const auto group = [](std::string name) {
    return acl(AclPermissionType::Allow, Read, kAlice, PatternType::Literal, std::move(name), "*",
               AclResourceType::Group);
  };
  const auto asks = [](const auto& authorizer, const char* name) {
    return authorizer.authorize(from(kAlice), to(Read, name, AclResourceType::Group)).outcome;
  };
  const std::vector acls{group("$Default")};
  EXPECT_EQ(asks(standard(acls), "$audit"), NeverReturns);
  EXPECT_EQ(asks(standard(acls), "$Daily"), Throws);
  EXPECT_EQ(asks(standard(acls), "$Default"), Allowed);
  EXPECT_EQ(asks(standard(acls), "#audit"), Denied);
  EXPECT_EQ(asks(zookeeper(acls), "$audit"), Denied);
}

TEST(Authorizers, SuperUsersAreTextInKRaftAndPrincipalsInZooKeeperMode) {
  const sim::RequestContext odd{.principal = {"User:x", "y"}, .host = "10.0.0.1"};
  EXPECT_EQ(standard({}, {.super_users = "User:x:y"}).authorize(odd, to(Read, "o")).outcome,
            Allowed);
  EXPECT_EQ(zookeeper({}, {.super_users = "User:x:y"}).authorize(odd, to(Read, "o")).outcome,
            Denied);
}

TEST(Authorizers, SettingsThatKRaftTakesMayStopABrokerOfZooKeeperMode) {
  EXPECT_TRUE(sim::StandardAuthorizer::configure("User:a;;User:b", "yes").has_value());
  EXPECT_FALSE(sim::AclAuthorizer::configure("User:a;;User:b", "true").has_value());
  EXPECT_FALSE(sim::AclAuthorizer::configure("User:a", "yes").has_value());
  EXPECT_FALSE(sim::StandardAuthorizer::configure("alice", std::nullopt).has_value());
}

TEST(Authorizers, OfAResourceTypeKRaftFollowsImplicationsAndTheFreedomOfAll) {
  const auto type = [](const auto& authorizer, AclOperation operation) {
    return authorizer.authorize_by_resource_type(from(kAlice), operation, AclResourceType::Topic)
        .outcome;
  };
  const std::vector reads{allow(Read, kAlice, "*")};
  EXPECT_EQ(type(standard(reads), Describe), Allowed);
  EXPECT_EQ(type(zookeeper(reads), Describe), Denied);
  const std::vector of_bob{allow(Write, "User:bob", "*")};
  EXPECT_EQ(type(standard(of_bob, {.everyone = true}), Write), Denied);
  EXPECT_EQ(type(zookeeper(of_bob, {.everyone = true}), Write), Allowed);
}

TEST(Authorizers, OfAResourceTypeADominantDenialCounts) {
  const auto type = [](const std::vector<ResourceAcl>& acls) {
    const auto kraft = standard(acls)
                           .authorize_by_resource_type(from(kAlice), Write, AclResourceType::Topic)
                           .outcome;
    EXPECT_EQ(kraft, zookeeper(acls)
                         .authorize_by_resource_type(from(kAlice), Write, AclResourceType::Topic)
                         .outcome);
    return kraft;
  };
  EXPECT_EQ(type({allow(Write, kAlice, "orders")}), Allowed);
  EXPECT_EQ(type({allow(Write, kAlice, "orders"), deny(Write, kAlice, "orders")}), Denied);
  EXPECT_EQ(type({allow(Write, kAlice, "orders"), prefixed(deny(All, "User:*", "ord"))}), Denied);
  EXPECT_EQ(type({prefixed(allow(Write, kAlice, "orders")), deny(Write, kAlice, "orders")}),
            Allowed);
  EXPECT_EQ(type({allow(Write, kAlice, "*"), prefixed(deny(All, "User:*", "ord"))}), Allowed);
  EXPECT_EQ(type({allow(Write, kAlice, "*"), deny(All, "User:*", "*")}), Denied);
}

// ── Loading ─────────────────────────────────────────────────────────────────────────────────────

TEST(Authorizers, KRaftTellsAllButSuperUsersToWaitUntilItIsLoaded) {
  const sim::StandardAuthorizer authorizer(
      sim::StandardAuthorizer::configure("User:root", std::nullopt).value());
  EXPECT_EQ(authorizer.authorize(from(kAlice), to(Read, "o")).outcome, NotReady);
  EXPECT_EQ(authorizer.authorize(from("User:root"), to(Read, "o")).outcome, Allowed);
}

TEST(Authorizers, APrincipalWithoutAColonCanBeStoredInKRaftAndStopsWhoLooksAtIt) {
  const std::vector acls{allow(Read, "alice", "orders")};
  EXPECT_EQ(standard(acls).authorize(from(kAlice), to(Read, "orders")).outcome, Throws);
  EXPECT_EQ(standard(acls).authorize(from(kAlice), to(Read, "other")).outcome, Denied);
  EXPECT_TRUE(sim::why_acl_authorizer_refuses(acls[0]).has_value());
  EXPECT_FALSE(sim::why_acl_control_manager_refuses(acls[0]).has_value());
}

TEST(Authorizers, TwoIdsOfOneAclAreAnErrorInKRaft) {
  auto authorizer = standard({allow(Read, kAlice, "orders")});
  EXPECT_FALSE(authorizer.add_acl(record_of(allow(Read, kAlice, "orders"), 2)).has_value());
  EXPECT_FALSE(authorizer.add_acl(record_of(allow(Read, kAlice, "other"), 1)).has_value());
  EXPECT_TRUE(authorizer.remove_acl(sim::Uuid(7, 1)).has_value());
  EXPECT_FALSE(authorizer.remove_acl(sim::Uuid(7, 1)).has_value());
  EXPECT_EQ(authorizer.authorize(from(kAlice), to(Read, "orders")).outcome, Denied);
}

// ── Properties ──────────────────────────────────────────────────────────────────────────────────

// The decision function of brokers.md §5.4, ACL by ACL.
AuthorizationOutcome naive(const std::vector<ResourceAcl>& acls, const sim::RequestContext& who,
                           const sim::Action& what, bool everyone) {
  bool any = false;
  bool allowed = false;
  for (const ResourceAcl& each : acls) {
    if (each.pattern.resource_type != what.resource.resource_type) continue;
    const bool literal = each.pattern.pattern_type == PatternType::Literal;
    const bool about = literal ? each.pattern.name == what.resource.name || each.pattern.name == "*"
                               : what.resource.name.starts_with(each.pattern.name);
    if (!about) continue;
    any = true;
    const bool mine =
        each.entry.principal == to_string(who.principal) || each.entry.principal == "User:*";
    if (!mine || (each.entry.host != "*" && each.entry.host != who.host)) continue;
    if (each.entry.permission_type == AclPermissionType::Deny) {
      if (each.entry.operation == what.operation || each.entry.operation == All) return Denied;
    } else if (sim::implies(each.entry.operation, what.operation)) {
      allowed = true;
    }
  }
  if (!any) return everyone ? Allowed : Denied;
  return allowed ? Allowed : Denied;
}

rc::Gen<std::string> a_name() {
  return rc::gen::map(rc::gen::container<std::string>(rc::gen::element('a', 'b')),
                      [](std::string text) { return text.substr(0, 4) + "a"; });
}
rc::Gen<ResourceAcl> an_acl() {
  return rc::gen::apply(
      [](bool allows, int operation, int who, bool literal, std::string name, bool host,
         bool star) {
        constexpr std::array kWho{"User:alice", "User:bob", "User:*"};
        return acl(allows ? AclPermissionType::Allow : AclPermissionType::Deny,
                   static_cast<AclOperation>(operation), kWho.at(static_cast<std::size_t>(who)),
                   literal ? PatternType::Literal : PatternType::Prefixed,
                   star && literal ? "*" : std::move(name), host ? "10.0.0.2" : "*");
      },
      rc::gen::arbitrary<bool>(), rc::gen::inRange(2, 12), rc::gen::inRange(0, 3),
      rc::gen::arbitrary<bool>(), a_name(), rc::gen::arbitrary<bool>(), rc::gen::arbitrary<bool>());
}

RC_GTEST_PROP(AuthorizersProperty, BothDecideAsTheRuleOfTheReference, ()) {
  auto acls = *rc::gen::container<std::vector<ResourceAcl>>(an_acl());
  std::ranges::sort(acls);
  acls.erase(std::ranges::unique(acls).begin(), acls.end());
  const Settings settings{.everyone = *rc::gen::arbitrary<bool>()};
  const auto kraft = standard(acls, settings);
  const auto zk = zookeeper(acls, settings);
  for (int n = 0; n < 10; ++n) {
    const auto who = from(kAlice, *rc::gen::element<std::string>("10.0.0.1", "10.0.0.2"));
    const auto what = to(static_cast<AclOperation>(*rc::gen::inRange(2, 12)), *a_name());
    const auto expected = naive(acls, who, what, settings.everyone);
    RC_CLASSIFY(expected == Allowed, "allowed");
    RC_ASSERT(kraft.authorize(who, what).outcome == expected);
    RC_ASSERT(zk.authorize(who, what).outcome == expected);
  }
}

RC_GTEST_PROP(AuthorizersProperty, ChangesLeadToWhatASnapshotLeadsTo, ()) {
  auto acls = *rc::gen::container<std::vector<ResourceAcl>>(an_acl());
  std::ranges::sort(acls);
  acls.erase(std::ranges::unique(acls).begin(), acls.end());
  auto changed = standard(acls);
  std::vector<ResourceAcl> left;
  for (std::size_t i = 0; i < acls.size(); ++i) {
    if (*rc::gen::arbitrary<bool>())
      left.push_back(acls[i]);
    else
      RC_ASSERT(changed.remove_acl(sim::Uuid(7, static_cast<std::int64_t>(i) + 1)).has_value());
  }
  RC_ASSERT(changed.acl_count() == left.size());
  RC_ASSERT(changed.digest() == standard(left).digest());
}

// ── Java's strings ──────────────────────────────────────────────────────────────────────────────

std::u16string utf16(std::u32string_view text) {
  std::u16string units;
  for (const char32_t point : text) {
    if (point < 0x10000) {
      units += static_cast<char16_t>(point);
    } else {
      units += static_cast<char16_t>(0xD800 + ((point - 0x10000) >> 10));
      units += static_cast<char16_t>(0xDC00 + ((point - 0x10000) & 0x3FF));
    }
  }
  return units;
}
std::string utf8(std::u32string_view text) {
  std::string bytes;
  for (const char32_t point : text) {
    const auto tail = [&](int shift) {
      bytes += static_cast<char>(0x80 | ((point >> shift) & 0x3F));
    };
    if (point < 0x80) {
      bytes += static_cast<char>(point);
    } else if (point < 0x800) {
      bytes += static_cast<char>(0xC0 | (point >> 6));
      tail(0);
    } else if (point < 0x10000) {
      bytes += static_cast<char>(0xE0 | (point >> 12));
      tail(6);
      tail(0);
    } else {
      bytes += static_cast<char>(0xF0 | (point >> 18));
      tail(12);
      tail(6);
      tail(0);
    }
  }
  return bytes;
}

RC_GTEST_PROP(JavaOrderProperty, IsTheOrderOfUtf16Units, ()) {
  const auto text = rc::gen::container<std::u32string>(rc::gen::element<char32_t>(
      U'a', 0xE9, 0xD7FF, 0xE000, 0xFFEE, 0x10000, 0x103FF, 0x10400, 0x1F600, 0x1F601, 0x10FFFF));
  const std::u32string a = *text;
  const std::u32string b = *text;
  const auto expected = utf16(a) <=> utf16(b);
  RC_ASSERT((sim::java_compare(utf8(a), utf8(b)) < 0) == (expected < 0));
  RC_ASSERT((sim::java_compare(utf8(a), utf8(b)) == 0) == (expected == 0));
  const std::u16string a16 = utf16(a);
  const std::u16string b16 = utf16(b);
  const auto same = static_cast<std::size_t>(std::ranges::mismatch(a16, b16).in1 - a16.begin());
  RC_ASSERT(sim::common_prefix(utf8(a), utf8(b)).units == same);
}

}  // namespace
