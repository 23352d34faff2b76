#include "sim/kafka/scram.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string_view>

#include "sim/base/check.h"

namespace sim {
namespace {

Bytes hmac(const EVP_MD* hash, const Bytes& key, std::string_view text) {
  Bytes out(static_cast<std::size_t>(EVP_MD_get_size(hash)));
  unsigned int size = 0;
  const auto* const made = HMAC(hash, key.data(), static_cast<int>(key.size()),
                                reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), &size);
  check(made != nullptr && size == out.size(), "libcrypto computes an HMAC");
  return out;
}

Bytes digest_of(const EVP_MD* hash, const Bytes& content) {
  Bytes out(static_cast<std::size_t>(EVP_MD_get_size(hash)));
  const int done = EVP_Digest(content.data(), content.size(), out.data(), nullptr, hash, nullptr);
  check(done == 1, "libcrypto computes a hash");
  return out;
}

}  // namespace

ScramKeys scram_keys(ScramMechanism mechanism, const Bytes& salted_password) {
  check(mechanism != ScramMechanism::Unknown, "the mechanism is known");
  const EVP_MD* const hash = mechanism == ScramMechanism::ScramSha256 ? EVP_sha256() : EVP_sha512();
  return {.stored_key = digest_of(hash, hmac(hash, salted_password, "Client Key")),
          .server_key = hmac(hash, salted_password, "Server Key")};
}

}  // namespace sim
