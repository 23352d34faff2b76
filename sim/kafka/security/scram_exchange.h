#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "sim/base/bytes.h"
#include "sim/base/choices.h"
#include "sim/kafka/image.h"
#include "sim/kafka/record_enums.h"
#include "sim/kafka/security/scram_messages.h"

// SCRAM between a client and a broker, with real keys (RFC 5802, RFC 7677; ScramSaslClient and
// ScramSaslServer of Kafka 3.9). Both sides are values: a message in, a message or an error out.
//
//   ScramSaslClient                                                 ScramSaslServer
//     start ─────────── n,,n=alice,r=C ─────────────────────────────►  looks up alice
//     PBKDF2 ◄───────── r=CS,s=salt,i=4096 ──────────────────────────  proposes
//       └────────────── c=biws,r=CS,p=proof ────────────────────────►  is it the proof?
//     complete ◄─────── v=signature ─────────────────────────────────  complete
//
// An unknown user and a wrong password are told apart by the server's log alone: to the client both
// are a failed authentication.
namespace sim {

enum class SaslErrorKind : std::uint8_t {
  Sasl,                // SaslException: the client sees the broker's standard words
  SaslAuthentication,  // SaslAuthenticationException: the client sees these words
  IllegalSaslState,
  IllegalArgument,  // escapes both classes; the exchange is as it was before
};
struct SaslError {
  SaslErrorKind kind = SaslErrorKind::Sasl;
  std::string message;
  bool operator==(const SaslError&) const = default;
};
template <class T>
using SaslResult = std::expected<T, SaslError>;

// 130 random bits in base 36, as ScramFormatter.secureRandomString writes nonces and salts.
// `entity` names the connection.
std::string scram_nonce(Choices& choices, std::uint64_t entity);

struct ScramLogin {
  std::string user;
  std::string password;
  // JAAS option tokenauth: user and password are a delegation token's id and HMAC.
  ScramExtensions extensions = {};
};

class ScramSaslClient {
 public:
  ScramSaslClient(ScramMechanism mechanism, ScramLogin login, std::string nonce);

  // The client-first message.
  SaslResult<std::string> start();
  // The answer to the server's message; empty once complete.
  SaslResult<std::string> evaluate_challenge(std::string_view challenge);
  bool complete() const { return state_ == State::Complete; }

 private:
  enum class State : std::uint8_t {
    SendClientFirst,
    ReceiveServerFirst,
    ReceiveServerFinal,
    Complete,
    Failed
  };
  SaslResult<std::string> finish(std::string_view challenge);
  SaslResult<std::string> answer(std::string_view challenge);
  std::unexpected<SaslError> fail(std::string message);

  ScramMechanism mechanism_;
  ScramLogin login_;
  ClientFirstMessage first_;
  State state_ = State::SendClientFirst;
  std::string auth_message_;
  Bytes salted_password_;
};

// What a broker knows of a name (ScramServerCallbackHandler over its credential cache, or its token
// cache).
struct ScramIdentity {
  std::optional<ScramCredential> credential;
  // Of tokens alone: whom it stands for, and until when.
  std::optional<std::string> token_owner = {};
  std::optional<std::int64_t> token_expiry_timestamp_ms = {};
};
enum class ScramName : std::uint8_t {
  User,
  TokenId
};
using ScramDirectory = std::function<ScramIdentity(std::string_view name, ScramName kind)>;

class ScramSaslServer {
 public:
  ScramSaslServer(ScramMechanism mechanism, std::string nonce);

  // The answer to the client's message. `directory` is asked once, for the first.
  SaslResult<std::string> evaluate_response(std::string_view response,
                                            const ScramDirectory& directory);
  bool complete() const { return state_ == State::Complete; }
  // Who it is. Requires `complete()`.
  const std::string& authorization_id() const;
  // The end of the session, for a token.
  const std::optional<std::int64_t>& token_expiry_timestamp_ms() const {
    return token_expiry_timestamp_ms_;
  }

 private:
  enum class State : std::uint8_t {
    ReceiveClientFirst,
    ReceiveClientFinal,
    Complete,
    Failed
  };
  SaslResult<std::string> propose(std::string_view response, const ScramDirectory& directory);
  SaslResult<std::string> verify(std::string_view response);

  ScramMechanism mechanism_;
  std::string nonce_;
  State state_ = State::ReceiveClientFirst;
  ClientFirstMessage client_first_;
  ServerFirstMessage server_first_;
  ScramCredential credential_;
  std::string authorization_id_;
  std::optional<std::int64_t> token_expiry_timestamp_ms_;
};

}  // namespace sim
