#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/bytes.h"

// The four messages of SCRAM as Kafka 3.9 writes and reads them (ScramMessages; RFC 5802 §7). What
// is read is the whole message or nothing: Kafka matches regular expressions, and what they drop
// (reserved and unknown extensions) is missing from what it signs, so a peer that sends them fails
// at its proof.
namespace sim {

// In the order in which Kafka's hash map gives them back, which is how they are written and signed.
using ScramExtensions = std::vector<std::pair<std::string, std::string>>;
// Puts extensions, each name once and in the order of the map that they come from, into that order.
ScramExtensions in_hash_map_order(ScramExtensions extensions);

// n,[a=authzid],[m=…,]n=name,r=nonce[,extensions]
struct ClientFirstMessage {
  std::string sasl_name;  // with "=" and "," escaped
  std::string nonce;
  std::string authorization_id = {};
  ScramExtensions extensions = {};

  static std::optional<ClientFirstMessage> parse(std::string_view message);
  std::string bare() const;  // what is signed
  std::string text() const;
  bool operator==(const ClientFirstMessage&) const = default;
};

// [m=…,]r=nonce,s=salt,i=iterations[,extensions]
struct ServerFirstMessage {
  std::string nonce;
  Bytes salt;
  std::int32_t iterations = 0;

  static std::optional<ServerFirstMessage> parse(std::string_view message);
  std::string text() const;
  bool operator==(const ServerFirstMessage&) const = default;
};

// c=channel binding,r=nonce[,extensions],p=proof
struct ClientFinalMessage {
  Bytes channel_binding;
  std::string nonce;
  Bytes proof = {};

  static std::optional<ClientFinalMessage> parse(std::string_view message);
  std::string without_proof() const;  // what is signed
  std::string text() const;
  bool operator==(const ClientFinalMessage&) const = default;
};

// e=error, or v=signature[,extensions]
struct ServerFinalMessage {
  std::string error = {};
  Bytes signature = {};

  static std::optional<ServerFinalMessage> parse(std::string_view message);
  std::string text() const;
  bool operator==(const ServerFinalMessage&) const = default;
};

// "=" is =3D and "," is =2C in a name.
std::string sasl_name(std::string_view user);
// Nothing if an "=" is left that is no escape.
std::optional<std::string> user_of(std::string_view name);

}  // namespace sim
