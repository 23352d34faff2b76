#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "sim/base/bytes.h"

// Pseudonyms for the names in a cluster's metadata.
//
//   orders          ─► qfxkua           letters become other letters, digits other digits,
//   orders.eu-1     ─► qfxkua.tz-7      and what stands between them stays;
//   ord (PREFIXED)  ─► qfx              so a prefix of a name becomes a prefix of its pseudonym
//
// Each character is replaced within its class by a permutation that depends on the key and on all
// characters before it (as Crypto-PAn does with addresses). So two names share exactly the prefix
// that their pseudonyms share, no two names get the same one, lengths stay, and a name that Kafka
// or ZooKeeper refuses gets a pseudonym that they refuse. Every kind of name is treated alike:
// User:alice and the client id alice stay equal.
//
// Kept: what has a meaning to Kafka or to every machine: "*", <default>, internal topics and their
// prefixes from "__" on, kafka-cluster, ANONYMOUS, localhost and loopback addresses. Ids of
// topics, clusters, directories and nodes are kept as well: they are numbers and name nobody.
namespace migrate {

// How a value begins that stands in a secret's place: behind it the fingerprint of a salt or key, a
// colon, and a hash (tools/collect, and below).
constexpr std::string_view kRedacted = "REDACTED:";

class Pseudonyms {
 public:
  // 32 bytes that only who has the key can tell: HMAC-SHA-256.
  using KeyedHash = std::function<std::array<std::uint8_t, 32>(std::string_view)>;
  explicit Pseudonyms(KeyedHash hash) : hash_(std::move(hash)) {}

  // A topic, user, group, client, transactional id, host, address, rack, token.
  std::string name(std::string_view original);
  // "User:alice": the type stays.
  std::string principal(std::string_view original);
  // A name as Kafka writes it into a path of ZooKeeper (zk/sanitizer.h).
  std::string sanitized(std::string_view original);
  std::string sanitized_principal(std::string_view original);
  // "host:9092", "LISTENER://host:9092", "3000@host:9092", "[::1]:9092/chroot", comma-separated.
  std::string endpoints(std::string_view original);
  // "users/alice/clients/app" as in /config/changes.
  std::string entity_path(std::string_view original);
  // "orders-0", "orders-0.0123…-delete".
  std::string partition_directory(std::string_view original);
  // A path of a file system or of ZooKeeper, name by name.
  std::string path(std::string_view original);
  // Text that nobody understands here: every word, but for numbers, true and false.
  std::string words(std::string_view original);
  // Text for people: words that are known names or addresses, by what was asked before.
  std::string known_words(std::string_view original);

  // As many bytes; equal secrets stay equal.
  sim::Bytes secret(sim::ByteView original);
  // In Base64; nothing that is no Base64 stays.
  std::string base64_secret(std::string_view original);
  // "REDACTED:<fingerprint of the key>:<hash>".
  std::string redacted(std::string_view original);

 private:
  template <class Rename>
  std::string sanitized_by(std::string_view original, Rename&& rename);
  std::string by_character(std::string_view original);
  char replaced(std::string_view before, char original, std::string_view alphabet);
  std::string address(std::string_view original);
  bool is_known(std::string_view name) const;
  std::string known_word(std::string_view word);

  KeyedHash hash_;
  std::map<std::string, std::string, std::less<>> known_;
};

// What is never renamed: "__consumer_offsets", "<default>", "localhost", …
bool is_kept_name(std::string_view name);

}  // namespace migrate
