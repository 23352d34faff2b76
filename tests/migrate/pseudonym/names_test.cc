#include "migrate/pseudonym/names.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "migrate/pseudonym/settings.h"
#include "migrate/pseudonym/znodes.h"
#include "sim/base/digest.h"
#include "zk/sanitizer.h"

namespace {

using migrate::Pseudonyms;

Pseudonyms pseudonyms(std::uint64_t key = 1) {
  return Pseudonyms([key](std::string_view text) {
    std::array<std::uint8_t, 32> hash{};
    for (std::size_t i = 0; i < hash.size(); ++i) {
      sim::Digest digest(key * 64 + i);
      digest.add(text);
      hash[i] = static_cast<std::uint8_t>(digest.value());
    }
    return hash;
  });
}

enum class Kind {
  Lower,
  Upper,
  Digit,
  Other
};
Kind kind_of(char c) {
  if (c >= 'a' && c <= 'z') return Kind::Lower;
  if (c >= 'A' && c <= 'Z') return Kind::Upper;
  return c >= '0' && c <= '9' ? Kind::Digit : Kind::Other;
}

rc::Gen<std::string> names() {
  return rc::gen::container<std::string>(
      rc::gen::elementOf(std::string("abcxyzABCXYZ0189._-*/:%@= ")));
}

bool is_address(const std::string& text) {
  return std::ranges::count(text, '.') == 3 || std::ranges::count(text, ':') >= 2;
}

RC_GTEST_PROP(PseudonymNames, HaveTheLengthAndTheKindsOfCharactersOfTheOriginal, ()) {
  const std::string name = *names();
  RC_PRE(!is_address(name));
  const std::string other = pseudonyms().name(name);
  RC_ASSERT(other.size() == name.size());
  for (std::size_t i = 0; i < name.size(); ++i) {
    RC_ASSERT(kind_of(other[i]) == kind_of(name[i]));
    RC_ASSERT((other[i] == name[i]) == (kind_of(name[i]) == Kind::Other));
  }
}

RC_GTEST_PROP(PseudonymNames, ShareThePrefixThatTheOriginalsShare, ()) {
  const std::string prefix = *names();
  const std::string a = prefix + *names();
  const std::string b = prefix + *names();
  RC_PRE(!is_address(prefix) && !is_address(a) && !is_address(b));
  auto made = pseudonyms();
  const std::string pa = made.name(a);
  const std::string pb = made.name(b);
  const auto shared = [](const std::string& x, const std::string& y) {
    return std::ranges::mismatch(x, y).in1 - x.begin();
  };
  RC_ASSERT(shared(pa, pb) == shared(a, b));
  RC_ASSERT(pa.starts_with(made.name(prefix)));
}

RC_GTEST_PROP(PseudonymNames, AreTheSameInAPathOfZooKeepers, ()) {
  const std::string name = *names();
  RC_PRE(!is_address(name));
  auto made = pseudonyms();
  RC_ASSERT(zk::desanitize(made.sanitized(zk::sanitize(name))) == made.name(name));
}

TEST(PseudonymNames, OfInternalTopicsAndTheirPrefixesAreKept) {
  auto made = pseudonyms();
  for (const char* kept :
       {"", "*", "<default>", "__consumer_offsets", "__transaction_state", "__", "__consumer_",
        "localhost", "127.0.0.1", "0.0.0.0", "::1", "kafka-cluster", "ANONYMOUS"})
    EXPECT_EQ(made.name(kept), kept);
  EXPECT_NE(made.name("__confluent"), "__confluent");
  EXPECT_NE(made.name("consumer_offsets"), "consumer_offsets");
  EXPECT_EQ(made.principal("User:ANONYMOUS"), "User:ANONYMOUS");
  EXPECT_EQ(made.principal("User:*"), "User:*");
}

TEST(PseudonymNames, DependOnTheKey) {
  EXPECT_EQ(pseudonyms(1).name("orders"), pseudonyms(1).name("orders"));
  EXPECT_NE(pseudonyms(1).name("orders"), pseudonyms(2).name("orders"));
}

TEST(PseudonymNames, OfAddressesAreAddressesOfOneNetwork) {
  auto made = pseudonyms();
  const std::string a = made.name("10.1.2.3");
  const std::string b = made.name("10.1.2.4");
  EXPECT_NE(a, "10.1.2.3");
  EXPECT_EQ(a.substr(0, a.rfind('.')), b.substr(0, b.rfind('.')));
  EXPECT_EQ(made.endpoints("PLAINTEXT://10.1.2.3:9092,CONTROLLER://:9093"),
            "PLAINTEXT://" + a + ":9092,CONTROLLER://:9093");
  EXPECT_EQ(made.endpoints("3000@kafka-1:9093, 3001@10.1.2.4:9093/kafka"),
            "3000@" + made.name("kafka-1") + ":9093, 3001@" + b + ":9093/" + made.name("kafka"));
}

TEST(PseudonymNames, AreFoundInTextForPeople) {
  auto made = pseudonyms();
  made.name("orders");
  made.name("CN=web,O=Acme");
  EXPECT_EQ(made.known_words("orders-7 of /brokers/topics/orders. reorders by CN=web,O=Acme"),
            made.name("orders") + "-7 of /brokers/topics/" + made.name("orders") +
                ". reorders by " + made.name("CN=web,O=Acme"));
}

TEST(PseudonymSettings, KeepWhatKafkaDefinesAndReplaceWhatNames) {
  auto made = pseudonyms();
  const auto value = [&](const char* key, const char* text) {
    return migrate::pseudonymous_value(made, key, text);
  };
  EXPECT_EQ(value("inter.broker.protocol.version", "3.9-IV0"), "3.9-IV0");
  EXPECT_EQ(value("cleanup.policy", "compact,delete"), "compact,delete");
  EXPECT_EQ(value("authorizer.class.name", "kafka.security.authorizer.AclAuthorizer"),
            "kafka.security.authorizer.AclAuthorizer");
  EXPECT_EQ(value("authorizer.class.name", "com.acme.Authorizer"),
            made.name("com.acme.Authorizer"));
  EXPECT_EQ(value("broker.rack", "eu-1"), made.name("eu-1"));
  EXPECT_EQ(value("early.start.listeners", "CONTROLLER"), "CONTROLLER");
  EXPECT_EQ(value("super.users", "User:alice;User:CN=a,O=b"),
            "User:" + made.name("alice") + ";User:" + made.name("CN=a,O=b"));
  EXPECT_EQ(value("ssl.key.password", "swordfish"), value("ssl.key.password", "swordfish"));
  EXPECT_TRUE(value("ssl.key.password", "swordfish").starts_with("REDACTED:"));
  EXPECT_EQ(value("ssl.key.password", "${env:KEY}"), "${env:KEY}");
  EXPECT_EQ(value("acme.quota", "true"), "true");
  EXPECT_EQ(value("controller_mutation_rate", "1.0E-7"), "1.0E-7");
  EXPECT_EQ(value("min.cleanable.dirty.ratio", "-1.5e+3"), "-1.5e+3");
  EXPECT_NE(value("acme.owner", "1.0Eve"), "1.0Eve");
}

TEST(PseudonymSettings, KeepTheLinesOfAFile) {
  auto made = pseudonyms();
  const auto file = sim::PropertiesFile::parse(
      "# Acme's\nlog.dirs=/data/acme,\\\n   /data/b\n\nnode.id=7\r\n", "f");
  ASSERT_TRUE(file);
  const std::string text = migrate::pseudonymous_properties(made, *file);
  EXPECT_EQ(std::ranges::count(text, '\n'), 5);
  const auto again = sim::PropertiesFile::parse(text, "g");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->find("node.id")->line, 5U);
  EXPECT_EQ(again->get("log.dirs"), made.path("/data/acme") + "," + made.path("/data/b"));
  EXPECT_EQ(text.find("cme"), std::string::npos);
}

TEST(PseudonymZnodes, RenameKafkasNamesAndNothingElse) {
  auto made = pseudonyms();
  migrate::PseudonymousZnodes znodes(made, {"/prod/kafka", ""});
  EXPECT_EQ(znodes.path("/brokers/topics/orders/partitions/0/state"),
            "/brokers/topics/" + made.name("orders") + "/partitions/0/state");
  EXPECT_EQ(znodes.path("/prod/kafka/config/users/a%2Cb/clients/<default>"),
            "/" + made.name("prod") + "/" + made.name("kafka") + "/config/users/" +
                made.sanitized("a%2Cb") + "/clients/<default>");
  EXPECT_EQ(znodes.path("/kafka-acl-extended/prefixed/Topic/ord"),
            "/kafka-acl-extended/prefixed/Topic/" + made.name("ord"));
  for (const char* kept : {"/", "/zookeeper/config", "/brokers/ids/1", "/controller",
                           "/config/changes/config_change_0000000001", "/config/brokers/<default>"})
    EXPECT_EQ(znodes.path(kept), kept);
  const auto data = [&](const char* path, const char* text) {
    return *znodes.data(path, std::string(text));
  };
  EXPECT_EQ(
      data(
          "/kafka-acl/Topic/orders",
          R"({"version":1,"acls":[{"principal":"User:bob","permissionType":"Allow","host":"*"}]})"),
      R"({"version":1,"acls":[{"principal":"User:)" + made.name("bob") +
          R"(","permissionType":"Allow","host":"*"}]})");
  EXPECT_EQ(
      data("/config/changes/config_change_0000000001",
           R"({"version":2,"entity_path":"users/alice/clients/<default>"})"),
      R"({"version":2,"entity_path":"users/)" + made.name("alice") + R"(/clients/<default>"})");
  // What Kafka cannot read stays what Kafka cannot read.
  EXPECT_EQ(data("/config/topics/orders", R"({"version":1,)").find(R"({")"), 0U);
  EXPECT_EQ(data("/controller_epoch", "4"), "4");
}

}  // namespace
