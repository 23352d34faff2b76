#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "sim/base/bytes.h"

// Passwords as they stand in /config/brokers (org.apache.kafka.security.EncryptingPasswordEncoder,
// zookeeper.md §5.7): a comma-separated list of key:value with everything but the secret in it.
namespace zk {

// True for a config whose value Kafka 3.9 encrypts in ZooKeeper, with or without a listener prefix
// (DynamicBrokerConfig.isPasswordConfig: the name *ends* with that of a dynamic password config).
bool is_password_config(std::string_view name);

// True when the text has the form of an encoded password: all keys that decoding needs are there.
bool looks_encoded(std::string_view text);

// What password.encoder.* says on the node that encodes; the defaults are Kafka's.
struct PasswordEncoding {
  std::string key_factory_algorithm = "PBKDF2WithHmacSHA512";
  std::string cipher_algorithm = "AES/CBC/PKCS5Padding";
  int key_length_bits = 128;
  int iterations = 4096;
};

// Salt and initialization vector of one encoding. Kafka draws them at random for each; here the
// caller does, so that the bytes are reproducible. Kafka's salt has 256 bytes, its vector 16 (12
// for GCM).
struct PasswordNonce {
  sim::Bytes salt;
  sim::Bytes initialization_vector;
};

// The plain password, or a sentence that says why not: a part is missing, an algorithm is unknown,
// or the secret is wrong (padding, tag, or the length that stands in the text disagrees). AES in
// CBC, CFB, CFB8, OFB, CTR, ECB and GCM modes, DES-EDE in CBC mode; PBKDF2 with HMAC of SHA-1 and
// SHA-2.
std::expected<std::string, std::string> decode_password(std::string_view encoded,
                                                        std::string_view secret);

// The inverse. Requires a nonce of the sizes the cipher wants (false: a sentence). Keys come in the
// order in which Kafka's map gives them; readers accept any.
std::expected<std::string, std::string> encode_password(std::string_view password,
                                                        std::string_view secret,
                                                        const PasswordEncoding& encoding,
                                                        const PasswordNonce& nonce);

}  // namespace zk
