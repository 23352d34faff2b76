#include "sim/kafka/security/scram_exchange.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <utility>

#include "sim/base/check.h"
#include "sim/kafka/scram.h"

namespace sim {
namespace {

constexpr Site kNonce{"scram.nonce"};

// Requires equal lengths.
Bytes xored(Bytes a, const Bytes& b) {
  std::ranges::transform(a, b, a.begin(), std::bit_xor<std::uint8_t>());
  return a;
}

bool same(const Bytes& a, const Bytes& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string auth_message(const ClientFirstMessage& client_first,
                         const ServerFirstMessage& server_first,
                         const ClientFinalMessage& client_final) {
  return fmt::format("{},{},{}", client_first.bare(), server_first.text(),
                     client_final.without_proof());
}

bool equals_true(std::string_view text) {
  constexpr std::string_view kTrue = "true";
  return std::ranges::equal(text, kTrue,
                            [](char a, char b) { return (a | 0x20) == b && a >= 'A'; });
}

std::unexpected<SaslError> sasl_error(std::string message) {
  return std::unexpected(SaslError{SaslErrorKind::Sasl, std::move(message)});
}

}  // namespace

std::string scram_nonce(Choices& choices, std::uint64_t entity) {
  // BigInteger.toString(36) of 130 bits, by long division, the highest word first.
  std::array<std::uint32_t, 5> words{};
  words[0] = static_cast<std::uint32_t>(choices.bits(kNonce, entity) & 3);
  for (std::size_t i = 1; i < words.size(); i += 2) {
    const std::uint64_t bits = choices.bits(kNonce, entity);
    words[i] = static_cast<std::uint32_t>(bits >> 32);
    words[i + 1] = static_cast<std::uint32_t>(bits);
  }
  std::string text;
  do {
    std::uint64_t rest = 0;
    for (std::uint32_t& word : words) {
      rest = rest << 32 | word;
      word = static_cast<std::uint32_t>(rest / 36);
      rest %= 36;
    }
    text += "0123456789abcdefghijklmnopqrstuvwxyz"[rest];
  } while (std::ranges::any_of(words, [](std::uint32_t word) { return word != 0; }));
  std::ranges::reverse(text);
  return text;
}

// ── Client ──────────────────────────────────────────────────────────────────────────────────────

ScramSaslClient::ScramSaslClient(ScramMechanism mechanism, ScramLogin login, std::string nonce)
    : mechanism_(mechanism),
      login_(std::move(login)),
      first_{.sasl_name = sasl_name(login_.user),
             .nonce = std::move(nonce),
             .extensions = in_hash_map_order(login_.extensions)} {}

std::unexpected<SaslError> ScramSaslClient::fail(std::string message) {
  state_ = State::Failed;
  return sasl_error(std::move(message));
}

SaslResult<std::string> ScramSaslClient::start() {
  if (state_ != State::SendClientFirst) {
    return std::unexpected(SaslError{SaslErrorKind::IllegalSaslState, "the exchange has begun"});
  }
  state_ = State::ReceiveServerFirst;
  return first_.text();
}

SaslResult<std::string> ScramSaslClient::evaluate_challenge(std::string_view challenge) {
  switch (state_) {
    case State::SendClientFirst:
      return challenge.empty() ? start() : fail("Expected empty challenge");
    case State::ReceiveServerFirst:
      return answer(challenge);
    case State::ReceiveServerFinal:
      return finish(challenge);
    case State::Complete:
    case State::Failed:
      break;
  }
  return std::unexpected(
      SaslError{SaslErrorKind::IllegalSaslState, "Unexpected challenge in Sasl client state"});
}

SaslResult<std::string> ScramSaslClient::answer(std::string_view challenge) {
  const auto server_first = ServerFirstMessage::parse(challenge);
  if (!server_first) return fail("Invalid SCRAM server first message format");
  if (!server_first->nonce.starts_with(first_.nonce)) {
    return fail("Invalid server nonce: does not start with client nonce");
  }
  if (server_first->iterations < kLeastScramIterations) {
    return fail(fmt::format("Requested iterations {} is less than the minimum {} for {}",
                            server_first->iterations, kLeastScramIterations, name_of(mechanism_)));
  }
  auto salted =
      salted_password(mechanism_, login_.password, server_first->salt, server_first->iterations);
  if (!salted) return std::unexpected(SaslError{SaslErrorKind::IllegalArgument, "Empty key"});
  salted_password_ = *std::move(salted);
  // The client's gs2 header, as it was sent: no channel binding, no authorization id.
  constexpr std::string_view kHeader = "n,,";
  ClientFinalMessage client_final{.channel_binding = Bytes(kHeader.begin(), kHeader.end()),
                                  .nonce = server_first->nonce};
  auth_message_ = auth_message(first_, *server_first, client_final);
  const Bytes client_key = scram_hmac(mechanism_, salted_password_, "Client Key");
  const Bytes stored_key = scram_hash(mechanism_, client_key);
  client_final.proof = xored(client_key, scram_hmac(mechanism_, stored_key, auth_message_));
  state_ = State::ReceiveServerFinal;
  return client_final.text();
}

SaslResult<std::string> ScramSaslClient::finish(std::string_view challenge) {
  const auto server_final = ServerFinalMessage::parse(challenge);
  if (!server_final) return fail("Invalid SCRAM server final message format");
  if (!server_final->error.empty()) {
    return fail(fmt::format("Sasl authentication using {} failed with error: {}",
                            name_of(mechanism_), server_final->error));
  }
  const Bytes server_key = scram_keys(mechanism_, salted_password_).server_key;
  if (!same(server_final->signature, scram_hmac(mechanism_, server_key, auth_message_))) {
    return fail("Invalid server signature in server final message");
  }
  state_ = State::Complete;
  return {};
}

// ── Server ──────────────────────────────────────────────────────────────────────────────────────

ScramSaslServer::ScramSaslServer(ScramMechanism mechanism, std::string nonce)
    : mechanism_(mechanism), nonce_(std::move(nonce)) {}

const std::string& ScramSaslServer::authorization_id() const {
  check(complete(), "the exchange is complete");
  return authorization_id_;
}

SaslResult<std::string> ScramSaslServer::evaluate_response(std::string_view response,
                                                           const ScramDirectory& directory) {
  const auto answered = [&]() -> SaslResult<std::string> {
    switch (state_) {
      case State::ReceiveClientFirst:
        return propose(response, directory);
      case State::ReceiveClientFinal:
        return verify(response);
      case State::Complete:
      case State::Failed:
        break;
    }
    return std::unexpected(
        SaslError{SaslErrorKind::IllegalSaslState, "Unexpected challenge in Sasl server state"});
  }();
  if (!answered && answered.error().kind != SaslErrorKind::IllegalArgument) state_ = State::Failed;
  return answered;
}

SaslResult<std::string> ScramSaslServer::propose(std::string_view response,
                                                 const ScramDirectory& directory) {
  auto client_first = ClientFirstMessage::parse(response);
  if (!client_first) return sasl_error("Invalid SCRAM client first message format");
  client_first_ = *std::move(client_first);
  const auto user = user_of(client_first_.sasl_name);
  check(user.has_value(), "a name that was parsed can be unescaped");
  const bool token = std::ranges::any_of(client_first_.extensions, [](const auto& extension) {
    return extension.first == "tokenauth" && equals_true(extension.second);
  });
  ScramIdentity identity = directory(*user, token ? ScramName::TokenId : ScramName::User);
  if (token && !identity.token_owner) {
    return sasl_error(fmt::format("Token Authentication failed: Invalid tokenId : {}", *user));
  }
  authorization_id_ = token ? *identity.token_owner : *user;
  token_expiry_timestamp_ms_ = token ? identity.token_expiry_timestamp_ms : std::nullopt;
  if (!identity.credential) return sasl_error("Authentication failed: Invalid user credentials");
  credential_ = *std::move(identity.credential);
  // As the client wrote it: an escaped id is not unescaped, and so differs from its user's name.
  const std::string& id = client_first_.authorization_id;
  if (!id.empty() && id != *user) {
    return std::unexpected(SaslError{SaslErrorKind::SaslAuthentication,
                                     "Authentication failed: Client requested an authorization id "
                                     "that is different from username"});
  }
  if (credential_.iterations < kLeastScramIterations) {
    return sasl_error(fmt::format("Iterations {} is less than the minimum {} for {}",
                                  credential_.iterations, kLeastScramIterations,
                                  name_of(mechanism_)));
  }
  server_first_ = {.nonce = client_first_.nonce + nonce_,
                   .salt = credential_.salt,
                   .iterations = credential_.iterations};
  state_ = State::ReceiveClientFinal;
  return server_first_.text();
}

SaslResult<std::string> ScramSaslServer::verify(std::string_view response) {
  const auto client_final = ClientFinalMessage::parse(response);
  if (!client_final) return sasl_error("Invalid SCRAM client final message format");
  // Not the same: what ends with it. A longer one fails at the proof, unless the client signed it.
  if (!client_final->nonce.ends_with(server_first_.nonce)) {
    return sasl_error("Invalid client nonce in the final client message.");
  }
  const std::string message = auth_message(client_first_, server_first_, *client_final);
  const Bytes signature = scram_hmac(mechanism_, credential_.stored_key, message);
  if (client_final->proof.size() != signature.size()) {
    return std::unexpected(
        SaslError{SaslErrorKind::IllegalArgument, "Argument arrays must be of the same length"});
  }
  if (!same(scram_hash(mechanism_, xored(signature, client_final->proof)),
            credential_.stored_key)) {
    return sasl_error("Invalid client credentials");
  }
  const ServerFinalMessage server_final{
      .signature = scram_hmac(mechanism_, credential_.server_key, message)};
  credential_ = {};
  state_ = State::Complete;
  return server_final.text();
}

}  // namespace sim
