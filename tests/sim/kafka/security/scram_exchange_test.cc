#include "sim/kafka/security/scram_exchange.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "sim/kafka/scram.h"

namespace {

using sim::Bytes;
using sim::SaslErrorKind;
using sim::ScramMechanism;

Bytes bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

// A broker that knows one user and one token.
struct Broker {
  sim::ScramCredential credential;
  std::string token = {};
  sim::ScramIdentity operator()(std::string_view name, sim::ScramName kind) const {
    if (kind == sim::ScramName::TokenId && name == token) return {credential, "owner", 1234};
    if (kind == sim::ScramName::User && name == credential.name) return {credential};
    return {};
  }
};

Broker broker(ScramMechanism mechanism, const std::string& user, const std::string& password) {
  return {sim::generate_credential(mechanism, user, password, bytes("salt"), 4096)};
}

// Both sides talk until one of them fails; how it ended.
std::string talk(sim::ScramSaslClient client, sim::ScramSaslServer server,
                 const sim::ScramDirectory& directory) {
  auto message = client.start();
  for (int round = 0; round < 2; ++round) {
    message = server.evaluate_response(*message, directory);
    if (!message) return "server: " + message.error().message;
    message = client.evaluate_challenge(*message);
    if (!message) return "client: " + message.error().message;
  }
  return client.complete() && server.complete() ? "authenticated " + server.authorization_id()
                                                : "unfinished";
}

// RFC 7677 §3, message by message.
TEST(Scram, TellsTheExampleOfRfc7677) {
  const std::string server_first =
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
  const std::string client_final =
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+"
      "Ute9ytag9zjfMHgsqmmiz7AndVQ=";
  const std::string server_final = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
  const auto salt = sim::ServerFirstMessage::parse(server_first)->salt;
  const Broker known{
      sim::generate_credential(ScramMechanism::ScramSha256, "user", "pencil", salt, 4096)};

  sim::ScramSaslClient client(ScramMechanism::ScramSha256, {.user = "user", .password = "pencil"},
                              "rOprNGfwEbeRWgbNEkqO");
  sim::ScramSaslServer server(ScramMechanism::ScramSha256, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
  EXPECT_EQ(client.start(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  EXPECT_EQ(server.evaluate_response("n,,n=user,r=rOprNGfwEbeRWgbNEkqO", known), server_first);
  EXPECT_EQ(client.evaluate_challenge(server_first), client_final);
  EXPECT_EQ(server.evaluate_response(client_final, known), server_final);
  EXPECT_EQ(client.evaluate_challenge(server_final), "");
  EXPECT_TRUE(client.complete() && server.complete());
  EXPECT_EQ(server.authorization_id(), "user");
}

// RFC 5802 §5 is of SHA-1, which Kafka has not: its messages are read and written, its proofs
// cannot be computed.
TEST(Scram, ReadsAndWritesTheMessagesOfRfc5802) {
  const std::string client_first = "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL";
  const std::string server_first =
      "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
  const std::string client_final =
      "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=";
  const std::string server_final = "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=";
  EXPECT_EQ(sim::ClientFirstMessage::parse(client_first).value().text(), client_first);
  EXPECT_EQ(sim::ServerFirstMessage::parse(server_first).value().text(), server_first);
  EXPECT_EQ(sim::ClientFinalMessage::parse(client_final).value().text(), client_final);
  EXPECT_EQ(sim::ServerFinalMessage::parse(server_final).value().text(), server_final);
}

TEST(Scram, AuthenticatesWithBothMechanismsAndAnyName) {
  for (const auto mechanism : {ScramMechanism::ScramSha256, ScramMechanism::ScramSha512}) {
    for (const std::string user : {"alice", "CN=app,OU=it", "=2C", ","}) {
      EXPECT_EQ(talk({mechanism, {.user = user, .password = "secret"}, "c"}, {mechanism, "s"},
                     broker(mechanism, user, "secret")),
                "authenticated " + user);
    }
  }
}

TEST(Scram, TellsAWrongPasswordFromAnUnknownUserInTheServerAlone) {
  const auto known = broker(ScramMechanism::ScramSha512, "alice", "secret");
  EXPECT_EQ(talk({ScramMechanism::ScramSha512, {.user = "alice", .password = "wrong"}, "c"},
                 {ScramMechanism::ScramSha512, "s"}, known),
            "server: Invalid client credentials");
  EXPECT_EQ(talk({ScramMechanism::ScramSha512, {.user = "bob", .password = "secret"}, "c"},
                 {ScramMechanism::ScramSha512, "s"}, known),
            "server: Authentication failed: Invalid user credentials");
}

TEST(Scram, ATokenStandsForItsOwner) {
  auto known = broker(ScramMechanism::ScramSha256, "token-id", "hmac");
  known.token = "token-id";
  const sim::ScramLogin login{
      .user = "token-id", .password = "hmac", .extensions = {{"tokenauth", "true"}}};
  EXPECT_EQ(
      talk({ScramMechanism::ScramSha256, login, "c"}, {ScramMechanism::ScramSha256, "s"}, known),
      "authenticated owner");
  known.token = "another";
  EXPECT_EQ(
      talk({ScramMechanism::ScramSha256, login, "c"}, {ScramMechanism::ScramSha256, "s"}, known),
      "server: Token Authentication failed: Invalid tokenId : token-id");
}

TEST(Scram, RefusesWhatKafkaRefuses) {
  const auto known = broker(ScramMechanism::ScramSha256, "alice", "secret");
  const auto first = [&](std::string_view message) {
    return sim::ScramSaslServer(ScramMechanism::ScramSha256, "s").evaluate_response(message, known);
  };
  EXPECT_TRUE(first("n,,n=alice,r=c").has_value());
  EXPECT_TRUE(first("n,a=alice,m=reserved,n=alice,r=c,ext=1").has_value());
  EXPECT_EQ(first("n,a=bob,n=alice,r=c").error().kind, SaslErrorKind::SaslAuthentication);
  for (const char* wrong : {"y,,n=alice,r=c", "n,n=alice,r=c", "n,,n=al=ice,r=c",
                            "n,,n=b\xC3\xB6rk,r=c", "n,,n=alice,r=c,1=x", "n,,n=alice,r="}) {
    EXPECT_EQ(first(wrong).error().kind, SaslErrorKind::Sasl) << wrong;
  }
  EXPECT_FALSE(sim::ServerFirstMessage::parse("r=cs,s=AAAA,i=0").has_value());
  EXPECT_FALSE(sim::ServerFirstMessage::parse("r=cs,s=AAAA,i=99999999999").has_value());
  EXPECT_FALSE(sim::ServerFirstMessage::parse("r=cs,s=AAA,i=4096").has_value());
}

TEST(Scram, AProofOfTheWrongLengthEscapesAndAFailedExchangeStaysFailed) {
  const auto known = broker(ScramMechanism::ScramSha256, "alice", "secret");
  sim::ScramSaslServer server(ScramMechanism::ScramSha256, "s");
  ASSERT_TRUE(server.evaluate_response("n,,n=alice,r=c", known).has_value());
  EXPECT_EQ(server.evaluate_response("c=biws,r=cs,p=AAAA", known).error().kind,
            SaslErrorKind::IllegalArgument);
  EXPECT_EQ(server.evaluate_response("c=biws,r=x,p=AAAA", known).error().kind, SaslErrorKind::Sasl);
  EXPECT_EQ(server.evaluate_response("c=biws,r=cs,p=AAAA", known).error().kind,
            SaslErrorKind::IllegalSaslState);
}

TEST(Scram, TheClientWantsEnoughIterationsAndItsOwnNonce) {
  const auto challenged = [](std::string_view challenge) {
    sim::ScramSaslClient client(ScramMechanism::ScramSha256,
                                {.user = "alice", .password = "secret"}, "c");
    EXPECT_TRUE(client.start().has_value());
    return client.evaluate_challenge(challenge);
  };
  EXPECT_TRUE(challenged("r=cs,s=AAAA,i=4096").has_value());
  EXPECT_FALSE(challenged("r=cs,s=AAAA,i=4095").has_value());
  EXPECT_FALSE(challenged("r=xs,s=AAAA,i=4096").has_value());
}

TEST(Scram, NoncesFollowFromTheSeed) {
  sim::Choices one(1);
  sim::Choices again(1);
  const std::string nonce = sim::scram_nonce(one, 7);
  EXPECT_EQ(nonce, sim::scram_nonce(again, 7));
  EXPECT_NE(nonce, sim::scram_nonce(one, 7));
  EXPECT_LE(nonce.size(), 26U);
  EXPECT_EQ(nonce.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz"), std::string::npos);
}

}  // namespace
