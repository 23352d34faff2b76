#include "sim/kafka/security/principal_mapping.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

std::string ssl(std::string_view rules, std::string_view name) {
  const auto mapper = sim::SslPrincipalMapper::from_rules(rules);
  if (!mapper) return "refused: " + mapper.error();
  const auto mapped = mapper->get_name(name);
  return mapped ? *mapped : "failed: " + mapped.error().what;
}

std::string kerberos(const std::vector<std::string>& rules, std::string_view principal) {
  const auto namer = sim::KerberosShortNamer::from_unparsed_rules("EXAMPLE.COM", rules);
  if (!namer) return "refused: " + namer.error();
  const auto name = sim::KerberosName::parse(principal);
  if (!name) return "failed: " + name.error().what;
  const auto mapped = namer->short_name(*name);
  return mapped ? *mapped : "failed: " + mapped.error().what;
}

// The rules that Kafka's documentation shows (security, "Customizing SSL User Name").
constexpr auto kDocumented =
    "RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/"
    ",RULE:^CN=(.*?),OU=(.*?),O=(.*?),L=(.*?),ST=(.*?),C=(.*?)$/$1@$2/L,"
    "RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/L,DEFAULT";

TEST(SslPrincipalMapping, FollowsTheDocumentedRules) {
  EXPECT_EQ(
      ssl(kDocumented, "CN=serviceuser,OU=ServiceUsers,O=Unknown,L=Unknown,ST=Unknown,C=Unknown"),
      "serviceuser");
  EXPECT_EQ(ssl(kDocumented, "CN=adminUser,OU=Admin,O=Unknown,L=Unknown,ST=Unknown,C=Unknown"),
            "adminuser@admin");
  EXPECT_EQ(ssl(kDocumented, "OU=x,CN=Bob"), "bob");
  EXPECT_EQ(ssl(kDocumented, "O=nobody"), "O=nobody");
}

TEST(SslPrincipalMapping, WithoutRulesTheNameStays) {
  EXPECT_EQ(sim::SslPrincipalMapper::from_rules(std::nullopt)->get_name("CN=a").value(), "CN=a");
  EXPECT_EQ(ssl("RULE:^CN=(b)$/$1/", "CN=a"), "failed: No rules apply to CN=a");
}

TEST(SslPrincipalMapping, CommasInsideOfARuleSeparateNothing) {
  EXPECT_EQ(ssl(" RULE:^CN=(.*?),OU=.*$/$1,x/U , DEFAULT ", "CN=a,OU=b"), "A,X");
}

TEST(SslPrincipalMapping, EveryMatchIsReplacedAndAnEmptyOneAtTheEndCounts) {
  EXPECT_EQ(ssl("RULE:.*/x/", "CN=a"), "xx");
}

TEST(SslPrincipalMapping, ReferencesBeyondTheGroupsAreLiteralOrAreNot) {
  EXPECT_EQ(ssl("RULE:^CN=(.*)$/$1@$4/", "CN=a"), "a@$4");
  EXPECT_EQ(ssl("RULE:^CN=(.*)$/$12/", "CN=a"), "a2");
  // The second of two gets its backslash one place too early.
  EXPECT_EQ(ssl("RULE:^CN=(.*)$/$4$5/", "CN=a"), "failed: No group 5");
  EXPECT_EQ(ssl("RULE:^CN=.*$/$1/", "CN=a"), "failed: No group 1");
}

TEST(SslPrincipalMapping, RefusesWhatIsNoRule) {
  for (const char* wrong :
       {"RULE:a/b", "RULE:a/b/X", "default", "RULE:(/x/", "DEFAULT x", "RULE:\\y/x/"}) {
    EXPECT_TRUE(ssl(wrong, "a").starts_with("refused: ")) << wrong;
  }
}

TEST(KerberosMapping, FollowsRulesInTheirOrder) {
  const std::vector<std::string> rules{"RULE:[2:$1@$0](kafka@.*)s/@.*//",
                                       "RULE:[1:$1]s/^(.*)-dev$/$1/L", "DEFAULT"};
  EXPECT_EQ(kerberos(rules, "kafka/broker1@EXAMPLE.COM"), "kafka");
  EXPECT_EQ(kerberos(rules, "Alice-dev@OTHER"), "alice");
  EXPECT_EQ(kerberos(rules, "hdfs/dn7@EXAMPLE.COM"), "hdfs");
  EXPECT_EQ(kerberos(rules, "hdfs/dn7@OTHER"), "failed: No rules apply to hdfs@OTHER");
  EXPECT_EQ(kerberos(rules, "bob"), "bob");
}

TEST(KerberosMapping, AnAnswerThatIsNoSimpleNameEndsTheSearch) {
  EXPECT_EQ(kerberos({"RULE:[1:$1@$0]", "DEFAULT"}, "alice@EXAMPLE.COM"),
            "failed: Non-simple name alice@EXAMPLE.COM after auth_to_local rule");
}

TEST(KerberosMapping, ReplacesOnceOrAlways) {
  EXPECT_EQ(kerberos({"RULE:[1:$1]s/a/b/"}, "aaa@R"), "baa");
  EXPECT_EQ(kerberos({"RULE:[1:$1]s/a/b/g"}, "aaa@R"), "bbb");
  EXPECT_EQ(kerberos({"RULE:[1:$1]s/a/b/g/U"}, "aaa@R"), "BBB");
}

TEST(KerberosMapping, RefusesAndFailsAsKafkaDoes) {
  for (const char* wrong : {"", "RULE:[1]", "RULE:[:$1]", "RULE:[1:$1]s/a", "RULE:[1:$1](()",
                            "RULE:[1:$1]/X", "default"}) {
    EXPECT_TRUE(kerberos({wrong}, "a@R").starts_with("refused: ")) << wrong;
  }
  EXPECT_TRUE(kerberos({"RULE:[1:$2]"}, "a@R").starts_with("failed: index 2"));
  EXPECT_EQ(kerberos({"DEFAULT"}, "a/b/c@R"), "failed: Malformed Kerberos name: a/b/c@R");
}

}  // namespace
