#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sim/base/bytes.h"
#include "sim/kafka/image.h"
#include "sim/kafka/record_enums.h"

// What SCRAM computes (RFC 5802 §3, ScramFormatter), with the hash of the mechanism, which must be
// known.
namespace sim {

// ScramMechanism.minIterations and maxIterations, of both mechanisms. Whoever sets a credential is
// held to both, an exchange to the least alone.
inline constexpr std::int32_t kLeastScramIterations = 4096;
inline constexpr std::int32_t kMostScramIterations = 16384;

Bytes scram_hmac(ScramMechanism mechanism, const Bytes& key, std::string_view text);
Bytes scram_hash(ScramMechanism mechanism, const Bytes& content);

// Hi of RFC 5802 (PBKDF2), or nothing for an empty password, which Java's HMAC refuses.
std::optional<Bytes> salted_password(ScramMechanism mechanism, std::string_view password,
                                     ByteView salt, std::int32_t iterations);

// What a server keeps of a password: two keys from which neither the password nor its salted form
// can be had.
struct ScramKeys {
  Bytes stored_key;
  Bytes server_key;
  bool operator==(const ScramKeys&) const = default;
};
ScramKeys scram_keys(ScramMechanism mechanism, const Bytes& salted_password);

// ScramFormatter.generateCredential. Requires a password.
ScramCredential generate_credential(ScramMechanism mechanism, std::string user,
                                    std::string_view password, Bytes salt, std::int32_t iterations);

}  // namespace sim
