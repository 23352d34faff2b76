#include "sim/kafka/security/scram_messages.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

#include "sim/base/check.h"

namespace sim {
namespace {

bool letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
// [\x01-\x7F&&[^,]]: a byte beyond ASCII is none of these, so names with umlauts are refused.
bool value_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x01 && byte <= 0x7F && c != ',';
}
bool printable_char(char c) {
  return c >= 0x21 && c <= 0x7E && c != ',';
}
bool base64_char(char c) {
  return letter(c) || (c >= '0' && c <= '9') || c == '/' || c == '+';
}

bool is_value(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, value_char);
}
bool is_printable(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, printable_char);
}
bool is_value_safe(std::string_view text) {
  return is_value(text) && text.find('=') == text.npos;
}
bool is_sasl_name(std::string_view text) {
  if (!is_value(text)) return false;
  for (std::size_t at = text.find('='); at != text.npos; at = text.find('=', at + 1)) {
    const std::string_view escape = text.substr(at, 3);
    if (escape != "=2C" && escape != "=3D") return false;
  }
  return true;
}
bool is_base64(std::string_view text) {
  if (text.size() % 4 != 0) return false;
  if (text.ends_with("=="))
    text.remove_suffix(2);
  else if (text.ends_with('='))
    text.remove_suffix(1);
  return std::ranges::all_of(text, base64_char);
}
bool is_extension(std::string_view text) {
  const std::size_t equals = text.find('=');
  return equals != text.npos && equals > 0 && std::ranges::all_of(text.substr(0, equals), letter) &&
         is_value(text.substr(equals + 1));
}

std::string encoded(const Bytes& bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

// Requires `is_base64`. Bits that the last character has too many are dropped, as Java drops them.
Bytes decoded(std::string_view text) {
  Bytes bytes(text.size() / 4 * 3);
  const int length =
      EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  check(length == static_cast<int>(bytes.size()), "what is base64 can be decoded");
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  bytes.resize(bytes.size() - padding);
  return bytes;
}

// The parts of a message, none of which can hold a comma; read from the front and from the back.
class Parts {
 public:
  explicit Parts(std::string_view message) {
    for (;;) {
      const std::size_t comma = message.find(',');
      parts_.push_back(message.substr(0, comma));
      if (comma == message.npos) return;
      message.remove_prefix(comma + 1);
    }
  }
  // What stands behind `key` in the first part that is left, if it is such a part.
  std::optional<std::string_view> next(std::string_view key, bool (*is)(std::string_view)) {
    if (first_ >= parts_.size() || !parts_[first_].starts_with(key)) return std::nullopt;
    const std::string_view value = parts_[first_].substr(key.size());
    if (!is(value)) return std::nullopt;
    ++first_;
    return value;
  }
  std::optional<std::string_view> last(std::string_view key, bool (*is)(std::string_view)) {
    if (first_ >= parts_.size() || !parts_.back().starts_with(key)) return std::nullopt;
    const std::string_view value = parts_.back().substr(key.size());
    if (!is(value)) return std::nullopt;
    parts_.pop_back();
    return value;
  }
  // The rest, or nothing if one of it is no extension.
  std::optional<std::vector<std::string_view>> extensions() const {
    std::vector<std::string_view> rest(parts_.begin() + static_cast<std::ptrdiff_t>(first_),
                                       parts_.end());
    if (!std::ranges::all_of(rest, is_extension)) return std::nullopt;
    return rest;
  }

 private:
  std::vector<std::string_view> parts_;
  std::size_t first_ = 0;
};

bool is_empty(std::string_view text) {
  return text.empty();
}
bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Stable: keys of one bucket stay as they were put in.
void into_buckets(ScramExtensions& extensions, std::uint32_t buckets) {
  const auto bucket = [&](const std::pair<std::string, std::string>& extension) {
    std::uint32_t hash = 0;  // String.hashCode; names are ASCII
    for (const char c : extension.first) hash = 31 * hash + static_cast<unsigned char>(c);
    return (hash ^ (hash >> 16)) & (buckets - 1);
  };
  std::ranges::stable_sort(extensions, {}, bucket);
}

}  // namespace

ScramExtensions in_hash_map_order(ScramExtensions extensions) {
  // A map that is copied is as large as it must be (HashMap.putMapEntries).
  std::uint32_t buckets = 1;
  while (buckets < static_cast<std::uint32_t>(extensions.size() * 4 / 3 + 1)) buckets *= 2;
  into_buckets(extensions, buckets);
  return extensions;
}

// ── Client first ────────────────────────────────────────────────────────────────────────────────

std::optional<ClientFirstMessage> ClientFirstMessage::parse(std::string_view message) {
  Parts parts(message);
  if (!parts.next("n", is_empty)) return std::nullopt;
  ClientFirstMessage first;
  if (const auto id = parts.next("a=", is_sasl_name))
    first.authorization_id = *id;
  else if (!parts.next("", is_empty))
    return std::nullopt;
  parts.next("m=", is_value);
  const auto name = parts.next("n=", is_sasl_name);
  const auto nonce = name ? parts.next("r=", is_printable) : std::nullopt;
  const auto extensions = nonce ? parts.extensions() : std::nullopt;
  if (!extensions) return std::nullopt;
  first.sasl_name = *name;
  first.nonce = *nonce;
  for (const std::string_view each : *extensions) {
    const std::size_t equals = each.find('=');
    const std::string key(each.substr(0, equals));
    const auto known =
        std::ranges::find(first.extensions, key, &std::pair<std::string, std::string>::first);
    if (known != first.extensions.end())
      known->second = each.substr(equals + 1);
    else
      first.extensions.emplace_back(key, each.substr(equals + 1));
  }
  // Collected in a map that starts with 16 buckets and doubles, and that is copied then.
  std::uint32_t buckets = 16;
  while (first.extensions.size() > buckets / 4 * 3) buckets *= 2;
  into_buckets(first.extensions, buckets);
  first.extensions = in_hash_map_order(std::move(first.extensions));
  return first;
}

std::string ClientFirstMessage::bare() const {
  std::string text = fmt::format("n={},r={}", sasl_name, nonce);
  for (const auto& [key, value] : extensions) text += fmt::format(",{}={}", key, value);
  return text;
}

std::string ClientFirstMessage::text() const {
  return fmt::format("n,{},{}", authorization_id, bare());
}

// ── Server first ────────────────────────────────────────────────────────────────────────────────

std::optional<ServerFirstMessage> ServerFirstMessage::parse(std::string_view message) {
  Parts parts(message);
  parts.next("m=", is_value);
  const auto nonce = parts.next("r=", is_printable);
  const auto salt = nonce ? parts.next("s=", is_base64) : std::nullopt;
  const auto iterations = salt ? parts.next("i=", is_number) : std::nullopt;
  if (!iterations || !parts.extensions()) return std::nullopt;
  ServerFirstMessage first{.nonce = std::string(*nonce), .salt = decoded(*salt)};
  const auto read = std::from_chars(iterations->data(), iterations->data() + iterations->size(),
                                    first.iterations);
  if (read.ec != std::errc() || first.iterations <= 0) return std::nullopt;
  return first;
}

std::string ServerFirstMessage::text() const {
  return fmt::format("r={},s={},i={}", nonce, encoded(salt), iterations);
}

// ── Client final, server final ──────────────────────────────────────────────────────────────────

std::optional<ClientFinalMessage> ClientFinalMessage::parse(std::string_view message) {
  Parts parts(message);
  const auto channel = parts.next("c=", is_base64);
  const auto nonce = channel ? parts.next("r=", is_printable) : std::nullopt;
  const auto proof = nonce ? parts.last("p=", is_base64) : std::nullopt;
  if (!proof || !parts.extensions()) return std::nullopt;
  return ClientFinalMessage{decoded(*channel), std::string(*nonce), decoded(*proof)};
}

std::string ClientFinalMessage::without_proof() const {
  return fmt::format("c={},r={}", encoded(channel_binding), nonce);
}

std::string ClientFinalMessage::text() const {
  return fmt::format("{},p={}", without_proof(), encoded(proof));
}

std::optional<ServerFinalMessage> ServerFinalMessage::parse(std::string_view message) {
  if (message.starts_with("e=") && is_value_safe(message.substr(2))) {
    return ServerFinalMessage{.error = std::string(message.substr(2))};
  }
  Parts parts(message);
  const auto signature = parts.next("v=", is_base64);
  if (!signature || !parts.extensions()) return std::nullopt;
  return ServerFinalMessage{.signature = decoded(*signature)};
}

std::string ServerFinalMessage::text() const {
  return error.empty() ? fmt::format("v={}", encoded(signature)) : fmt::format("e={}", error);
}

std::string sasl_name(std::string_view user) {
  std::string name;
  for (const char c : user) {
    if (c == '=')
      name += "=3D";
    else if (c == ',')
      name += "=2C";
    else
      name += c;
  }
  return name;
}

std::optional<std::string> user_of(std::string_view name) {
  std::string user;
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (name[at] != '=') {
      user += name[at];
      continue;
    }
    const std::string_view escape = name.substr(at, 3);
    if (escape != "=3D" && escape != "=2C") return std::nullopt;
    user += escape == "=3D" ? '=' : ',';
    at += 2;
  }
  return user;
}

}  // namespace sim
