#include "zk/password.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "sim/base/utf8.h"
#include "zk/base64.h"
#include "zk/znodes_order.h"

namespace zk {
namespace {

constexpr std::string_view kKeyFactoryAlgorithm = "keyFactoryAlgorithm";
constexpr std::string_view kCipherAlgorithm = "cipherAlgorithm";
constexpr std::string_view kKeyLength = "keyLength";
constexpr std::string_view kSalt = "salt";
constexpr std::string_view kIterations = "iterations";
constexpr std::string_view kInitializationVector = "initializationVector";
constexpr std::string_view kAuthenticationTagLength = "authenticationTagLength";
constexpr std::string_view kEncryptedPassword = "encryptedPassword";
constexpr std::string_view kPasswordLength = "passwordLength";

// Far above what any configuration uses, low enough that a damaged znode cannot keep us busy for
// minutes.
constexpr int kMostIterations = 10'000'000;

template <class T>
using Outcome = std::expected<T, std::string>;
using Parameters = std::map<std::string, std::string, std::less<>>;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

// org.apache.kafka.server.util.Csv.parseCsvMap: the last colon of each part separates.
Outcome<Parameters> parse_parameters(std::string_view text) {
  Parameters parameters;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::size_t colon = part.rfind(':');
    if (colon == std::string_view::npos) {
      return std::unexpected("it is no list of key:value parts, so it is not an encoded password");
    }
    parameters.insert_or_assign(std::string(trimmed(part.substr(0, colon))),
                                std::string(trimmed(part.substr(colon + 1))));
  }
  return parameters;
}

// Reads parameters and remembers the first that is missing or wrong.
class ParameterReader {
 public:
  explicit ParameterReader(const Parameters& parameters) : parameters_(parameters) {}

  std::string_view text(std::string_view key) {
    const auto found = parameters_.find(key);
    if (found != parameters_.end()) return found->second;
    complain(fmt::format("the encoded password has no '{}'", key));
    return {};
  }
  int number(std::string_view key) {
    const std::string_view digits = text(key);
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size() || value < 0) {
      complain(fmt::format("'{}' of the encoded password is no number", key));
    }
    return value;
  }
  sim::Bytes bytes(std::string_view key) {
    auto decoded = base64_decode(text(key));
    if (!decoded) complain(fmt::format("'{}' of the encoded password is no base64", key));
    return decoded ? *std::move(decoded) : sim::Bytes{};
  }
  const std::optional<std::string>& complaint() const { return complaint_; }

 private:
  void complain(std::string what) {
    if (!complaint_) complaint_ = std::move(what);
  }
  const Parameters& parameters_;
  std::optional<std::string> complaint_;
};

const EVP_MD* digest_of_key_factory(std::string_view algorithm) {
  constexpr std::array<std::pair<std::string_view, const EVP_MD* (*)()>, 5> kDigests{{
      {"PBKDF2WithHmacSHA1", EVP_sha1},
      {"PBKDF2WithHmacSHA224", EVP_sha224},
      {"PBKDF2WithHmacSHA256", EVP_sha256},
      {"PBKDF2WithHmacSHA384", EVP_sha384},
      {"PBKDF2WithHmacSHA512", EVP_sha512},
  }};
  for (const auto& [name, digest] : kDigests) {
    if (name == algorithm) return digest();
  }
  return nullptr;
}

// Java's transformation "AES/CBC/PKCS5Padding" as OpenSSL calls it.
struct Cipher {
  const EVP_CIPHER* cipher = nullptr;
  bool authenticated = false;
  bool padded = false;
  // Java pads for stream modes too when it is told to; OpenSSL never does.
  bool padded_by_hand = false;
};

struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
};
using FetchedCipher = std::unique_ptr<EVP_CIPHER, FreeCipher>;

Outcome<std::pair<FetchedCipher, Cipher>> find_cipher(std::string_view transformation,
                                                      int key_bits) {
  const std::size_t first = std::min(transformation.find('/'), transformation.size());
  const std::string_view algorithm = transformation.substr(0, first);
  const std::string_view rest = transformation.substr(std::min(first + 1, transformation.size()));
  const std::size_t second = std::min(rest.find('/'), rest.size());
  // "AES" alone means ECB with padding in Java.
  const std::string_view mode = rest.empty() ? "ECB" : rest.substr(0, second);
  const std::string_view padding =
      rest.empty() ? "PKCS5Padding" : rest.substr(std::min(second + 1, rest.size()));
  std::string name;
  if (algorithm == "AES") {
    name = fmt::format("AES-{}-{}", key_bits, mode == "CFB8" ? "CFB8" : mode);
  } else if (algorithm == "DESede" && mode == "CBC") {
    name = "DES-EDE3-CBC";
  }
  FetchedCipher cipher(name.empty() ? nullptr : EVP_CIPHER_fetch(nullptr, name.c_str(), nullptr));
  if (cipher == nullptr) {
    return std::unexpected(fmt::format("the cipher '{}' with a key of {} bits is not supported",
                                       transformation, key_bits));
  }
  const bool blocks = mode == "CBC" || mode == "ECB";
  const bool padded = padding != "NoPadding";
  const Cipher found{cipher.get(), mode == "GCM", padded && blocks,
                     padded && !blocks && mode != "GCM" && mode != "CTR"};
  return std::pair{std::move(cipher), found};
}

Outcome<sim::Bytes> derive_key(std::string_view secret, std::string_view key_factory,
                               sim::ByteView salt, int iterations, int key_bits) {
  const EVP_MD* const digest = digest_of_key_factory(key_factory);
  if (digest == nullptr) {
    return std::unexpected(fmt::format("the key factory '{}' is not supported", key_factory));
  }
  if (iterations < 1 || iterations > kMostIterations || key_bits < 8 || key_bits > 4096 ||
      salt.empty() || secret.size() > std::numeric_limits<int>::max()) {
    return std::unexpected(
        "iterations, key length or salt of the encoded password are out of range");
  }
  sim::Bytes key(static_cast<std::size_t>(key_bits) / 8);
  if (PKCS5_PBKDF2_HMAC(secret.data(), static_cast<int>(secret.size()), salt.data(),
                        static_cast<int>(salt.size()), iterations, digest,
                        static_cast<int>(key.size()), key.data()) != 1) {
    return std::unexpected("the key could not be derived");
  }
  return key;
}

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

enum class Direction {
  Decrypt = 0,
  Encrypt = 1
};

// One pass of the cipher over `input`. In GCM the tag is the end of the cipher text, as in Java.
std::optional<sim::Bytes> run_cipher(Direction direction, const Cipher& cipher, sim::ByteView key,
                                     sim::ByteView vector, std::size_t tag_size,
                                     sim::ByteView input) {
  const std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context(EVP_CIPHER_CTX_new());
  const auto as_int = [](std::size_t size) { return static_cast<int>(size); };
  sim::Bytes tag(tag_size);
  if (direction == Direction::Decrypt) {
    if (input.size() < tag_size) return std::nullopt;
    std::ranges::copy(input.last(tag_size), tag.begin());
    input = input.first(input.size() - tag_size);
  }
  const int encrypt = static_cast<int>(direction);
  auto* const ctx = context.get();
  if (EVP_CipherInit_ex(ctx, cipher.cipher, nullptr, nullptr, nullptr, encrypt) != 1)
    return std::nullopt;
  if (key.size() != static_cast<std::size_t>(EVP_CIPHER_CTX_get_key_length(ctx)))
    return std::nullopt;
  if (cipher.authenticated) {
    if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, as_int(vector.size()), nullptr) != 1) {
      return std::nullopt;
    }
  } else if (vector.size() < static_cast<std::size_t>(EVP_CIPHER_CTX_get_iv_length(ctx))) {
    return std::nullopt;
  }
  if (EVP_CipherInit_ex(ctx, nullptr, nullptr, key.data(), vector.data(), encrypt) != 1) {
    return std::nullopt;
  }
  EVP_CIPHER_CTX_set_padding(ctx, cipher.padded ? 1 : 0);
  if (direction == Direction::Decrypt && cipher.authenticated &&
      EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, as_int(tag.size()), tag.data()) != 1) {
    return std::nullopt;
  }
  sim::Bytes output(input.size() + 2 * EVP_MAX_BLOCK_LENGTH);
  int written = 0;
  int finished = 0;
  if (EVP_CipherUpdate(ctx, output.data(), &written, input.data(), as_int(input.size())) != 1 ||
      EVP_CipherFinal_ex(ctx, output.data() + written, &finished) != 1) {
    return std::nullopt;
  }
  output.resize(static_cast<std::size_t>(written + finished));
  if (direction == Direction::Encrypt && cipher.authenticated) {
    if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, as_int(tag.size()), tag.data()) != 1) {
      return std::nullopt;
    }
    output.insert(output.end(), tag.begin(), tag.end());
  }
  return output;
}

// PKCS #5 padding to AES blocks, for the modes in which OpenSSL does not do it.
constexpr std::size_t kBlock = 16;

sim::Bytes padded(sim::ByteView plain) {
  sim::Bytes bytes(plain.begin(), plain.end());
  const std::size_t count = kBlock - plain.size() % kBlock;
  bytes.insert(bytes.end(), count, static_cast<std::uint8_t>(count));
  return bytes;
}

bool strip_padding(sim::Bytes& bytes) {
  const std::size_t count = bytes.empty() ? 0 : bytes.back();
  if (count == 0 || count > kBlock || count > bytes.size()) return false;
  const auto tail = sim::ByteView(bytes).last(count);
  if (!std::ranges::all_of(tail, [&](std::uint8_t byte) { return byte == count; })) return false;
  bytes.resize(bytes.size() - count);
  return true;
}

constexpr int kGcmTagBits = 128;

}  // namespace

bool is_password_config(std::string_view name) {
  constexpr std::array<std::string_view, 7> kDynamicPasswordConfigs{
      "ssl.keystore.password",   "ssl.key.password",
      "ssl.keystore.key",        "ssl.keystore.certificate.chain",
      "ssl.truststore.password", "ssl.truststore.certificates",
      "sasl.jaas.config",
  };
  return std::ranges::any_of(kDynamicPasswordConfigs,
                             [&](std::string_view config) { return name.ends_with(config); });
}

bool looks_encoded(std::string_view text) {
  const auto parameters = parse_parameters(text);
  return parameters && parameters->contains(kEncryptedPassword) && parameters->contains(kSalt) &&
         parameters->contains(kIterations) && parameters->contains(kCipherAlgorithm);
}

std::expected<std::string, std::string> decode_password(std::string_view encoded,
                                                        std::string_view secret) {
  const auto parameters = parse_parameters(encoded);
  if (!parameters) return std::unexpected(parameters.error());
  ParameterReader read(*parameters);
  const std::string_view transformation = read.text(kCipherAlgorithm);
  const int key_bits = read.number(kKeyLength);
  const int iterations = read.number(kIterations);
  const int length = read.number(kPasswordLength);
  const sim::Bytes salt = read.bytes(kSalt);
  const sim::Bytes encrypted = read.bytes(kEncryptedPassword);
  const std::string_view key_factory = read.text(kKeyFactoryAlgorithm);
  const bool needs_vector = transformation.find("/ECB/") == std::string_view::npos;
  const sim::Bytes vector = needs_vector ? read.bytes(kInitializationVector) : sim::Bytes{};
  const bool gcm = transformation.starts_with("AES/GCM/");
  const int tag_bits = gcm ? read.number(kAuthenticationTagLength) : 0;
  if (read.complaint()) return std::unexpected(*read.complaint());
  if (tag_bits % 8 != 0 || tag_bits > kGcmTagBits) {
    return std::unexpected(
        "the authentication tag of the encoded password has an impossible length");
  }

  const auto cipher = find_cipher(transformation, key_bits);
  if (!cipher) return std::unexpected(cipher.error());
  const auto key = derive_key(secret, key_factory, salt, iterations, key_bits);
  if (!key) return std::unexpected(key.error());
  auto plain = run_cipher(Direction::Decrypt, cipher->second, *key, vector,
                          static_cast<std::size_t>(tag_bits) / 8, encrypted);
  if (plain && cipher->second.padded_by_hand && !strip_padding(*plain)) plain.reset();
  if (!plain) return std::unexpected("the secret does not fit, or the encrypted bytes are damaged");
  std::string password = sim::valid_utf8(std::string(sim::as_text(*plain)));
  if (sim::java_length(password) != static_cast<std::size_t>(length)) {
    return std::unexpected("the secret does not fit: the decoded password has another length");
  }
  return password;
}

std::expected<std::string, std::string> encode_password(std::string_view password,
                                                        std::string_view secret,
                                                        const PasswordEncoding& encoding,
                                                        const PasswordNonce& nonce) {
  const auto cipher = find_cipher(encoding.cipher_algorithm, encoding.key_length_bits);
  if (!cipher) return std::unexpected(cipher.error());
  const auto key = derive_key(secret, encoding.key_factory_algorithm, nonce.salt,
                              encoding.iterations, encoding.key_length_bits);
  if (!key) return std::unexpected(key.error());
  const bool gcm = cipher->second.authenticated;
  const auto encrypted =
      run_cipher(Direction::Encrypt, cipher->second, *key, nonce.initialization_vector,
                 gcm ? kGcmTagBits / 8 : 0,
                 cipher->second.padded_by_hand ? padded(sim::as_bytes(password))
                                               : sim::Bytes(password.begin(), password.end()));
  if (!encrypted) return std::unexpected("the initialization vector does not fit the cipher");

  // In the order in which Kafka puts them into its map.
  std::vector<std::pair<std::string_view, std::string>> put{
      {kKeyFactoryAlgorithm, encoding.key_factory_algorithm},
      {kCipherAlgorithm, encoding.cipher_algorithm},
      {kKeyLength, std::to_string(encoding.key_length_bits)},
      {kSalt, base64_encode(nonce.salt)},
      {kIterations, std::to_string(encoding.iterations)},
      {kEncryptedPassword, base64_encode(*encrypted)},
      {kPasswordLength, std::to_string(sim::java_length(password))},
      {kInitializationVector, base64_encode(nonce.initialization_vector)},
  };
  if (gcm) put.emplace_back(kAuthenticationTagLength, std::to_string(kGcmTagBits));
  std::vector<std::string> keys;
  for (const auto& [name, value] : put) keys.emplace_back(name);
  std::string encoded;
  for (const std::string& name : hash_map_order(std::move(keys), WithinBucket::AsGiven)) {
    const auto found = std::ranges::find(put, name, [](const auto& each) { return each.first; });
    encoded += fmt::format("{}{}:{}", encoded.empty() ? "" : ",", name, found->second);
  }
  return encoded;
}

}  // namespace zk
