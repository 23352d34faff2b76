#include "sim/kafka/scram.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <utility>

#include "sim/base/check.h"

namespace sim {
namespace {

const EVP_MD* hash_of(ScramMechanism mechanism) {
  check(mechanism != ScramMechanism::Unknown, "the mechanism is known");
  return mechanism == ScramMechanism::ScramSha256 ? EVP_sha256() : EVP_sha512();
}

Bytes room_for(const EVP_MD* hash) {
  return Bytes(static_cast<std::size_t>(EVP_MD_get_size(hash)));
}

}  // namespace

Bytes scram_hmac(ScramMechanism mechanism, const Bytes& key, std::string_view text) {
  const EVP_MD* const hash = hash_of(mechanism);
  Bytes out = room_for(hash);
  const auto* const made = HMAC(hash, key.data(), static_cast<int>(key.size()),
                                as_bytes(text).data(), text.size(), out.data(), nullptr);
  check(made != nullptr, "libcrypto computes an HMAC");
  return out;
}

Bytes scram_hash(ScramMechanism mechanism, const Bytes& content) {
  const EVP_MD* const hash = hash_of(mechanism);
  Bytes out = room_for(hash);
  const int done = EVP_Digest(content.data(), content.size(), out.data(), nullptr, hash, nullptr);
  check(done == 1, "libcrypto computes a hash");
  return out;
}

std::optional<Bytes> salted_password(ScramMechanism mechanism, std::string_view password,
                                     ByteView salt, std::int32_t iterations) {
  if (password.empty()) return std::nullopt;
  const EVP_MD* const hash = hash_of(mechanism);
  Bytes salted = room_for(hash);
  const int done =
      PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt.data(),
                        static_cast<int>(salt.size()), std::max(iterations, 1), hash,
                        static_cast<int>(salted.size()), salted.data());
  check(done == 1, "libcrypto derives a key");
  return salted;
}

ScramKeys scram_keys(ScramMechanism mechanism, const Bytes& salted_password) {
  return {.stored_key = scram_hash(mechanism, scram_hmac(mechanism, salted_password, "Client Key")),
          .server_key = scram_hmac(mechanism, salted_password, "Server Key")};
}

ScramCredential generate_credential(ScramMechanism mechanism, std::string user,
                                    std::string_view password, Bytes salt,
                                    std::int32_t iterations) {
  const auto salted = salted_password(mechanism, password, salt, iterations);
  check(salted.has_value(), "a credential is made from a password");
  ScramKeys keys = scram_keys(mechanism, *salted);
  return {.name = std::move(user),
          .mechanism = mechanism,
          .salt = std::move(salt),
          .stored_key = std::move(keys.stored_key),
          .server_key = std::move(keys.server_key),
          .iterations = iterations};
}

}  // namespace sim
