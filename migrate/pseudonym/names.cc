#include "migrate/pseudonym/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "zk/base64.h"
#include "zk/sanitizer.h"

namespace migrate {
namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";

// Topics whose names Kafka itself knows.
constexpr std::array<std::string_view, 4> kInternalTopics{
    "__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_plain(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_beyond_ascii(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}
bool is_number(std::string_view word) {
  return std::ranges::all_of(word, [](char c) { return is_digit(c) || c == '.' || c == '-'; }) &&
         std::ranges::count(word, '.') <= 1;
}

std::optional<std::array<int, 4>> octets_of(std::string_view text) {
  std::array<int, 4> octets{};
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const std::size_t end = i == 3 ? text.size() : text.find('.');
    if (end == std::string_view::npos || end == 0 || end > 3) return std::nullopt;
    const auto [at, error] = std::from_chars(text.data(), text.data() + end, octets[i]);
    if (error != std::errc() || at != text.data() + end || octets[i] > 255) return std::nullopt;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return octets;
}

bool is_ipv6(std::string_view text) {
  return std::ranges::count(text, ':') >= 2 && std::ranges::all_of(text, [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' ||
                  c == '.';
         });
}

// Splits at a character and calls for each part; puts the parts together again.
template <class Part>
std::string joined(std::string_view text, char at, Part&& part) {
  std::string result;
  while (true) {
    const std::size_t end = text.find(at);
    result += part(text.substr(0, end));
    if (end == std::string_view::npos) return result;
    result += at;
    text.remove_prefix(end + 1);
  }
}

// Maximal runs of what `belongs` go through `part`; the rest stays.
template <class Belongs, class Part>
std::string runs(std::string_view text, Belongs&& belongs, Part&& part) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && belongs(text[end])) ++end;
    if (end > at) {
      result += part(text.substr(at, end - at));
      at = end;
    } else {
      result += text[at++];
    }
  }
  return result;
}

}  // namespace

bool is_kept_name(std::string_view name) {
  return name.empty() || name == "<default>" || name == "kafka-cluster" || name == "ANONYMOUS" ||
         name == "localhost" || std::ranges::find(kInternalTopics, name) != kInternalTopics.end();
}

// Never the character itself: no name of letters or digits keeps even one of them. Where internal
// topics go on with a character, that one is fixed, and the others change among themselves.
char Pseudonyms::replaced(std::string_view before, char original, std::string_view alphabet) {
  std::string others(alphabet);
  if (before.starts_with("__")) {
    for (const std::string_view topic : kInternalTopics) {
      if (topic.size() > before.size() && topic.starts_with(before))
        std::erase(others, topic[before.size()]);
    }
  }
  const std::size_t at = others.find(original);
  if (at == std::string::npos) return original;
  const auto hash = hash_(fmt::format("character {} {}", alphabet.front(), before));
  const std::size_t draw = hash[0] | (std::size_t{hash[1]} << 8U);
  return others[(at + 1 + draw % (others.size() - 1)) % others.size()];
}

std::string Pseudonyms::by_character(std::string_view original) {
  std::string result;
  const bool hexadecimal = is_ipv6(original);
  for (std::size_t i = 0; i < original.size(); ++i) {
    const std::string_view before = original.substr(0, i);
    const char c = original[i];
    if (is_digit(c)) {
      result += replaced(before, c, kDigits);
    } else if (is_plain(c)) {
      const std::string_view alphabet = c >= 'a' ? kLower : kUpper;
      result += replaced(before, c, hexadecimal ? alphabet.substr(0, 6) : alphabet);
    } else if (is_beyond_ascii(c) && i + 1 < original.size() && i > 0 &&
               is_beyond_ascii(original[i + 1])) {
      result += c;
    } else if (is_beyond_ascii(c) && i > 0 && is_beyond_ascii(original[i - 1])) {
      // The last byte of a character in UTF-8: another one of the same 64, but for blocks in which
      // some are control characters or none (U+0080, U+FFC0).
      const std::string_view lead = original.substr(i - 1, 1);
      const auto hash = hash_(fmt::format("byte {}", before));
      const auto low = static_cast<unsigned>(static_cast<unsigned char>(c)) & 0x3fU;
      const bool kept = lead == "\xc2" || lead == "\xbf";
      result += kept ? c : static_cast<char>(0x80U | ((low + 1 + hash[0] % 63) & 0x3fU));
    } else {
      result += c;
    }
  }
  return result;
}

// Octet by octet, so that networks stay networks. Loopback, 0.0.0.0 and what no host has are kept.
std::string Pseudonyms::address(std::string_view original) {
  auto octets = *octets_of(original);
  const int first = octets[0];
  if (first == 127 || first == 0 || first > 223) return std::string(original);
  std::string before = "octet";
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const auto hash = hash_(before);
    const int draw = hash[0] | (int{hash[1]} << 8);
    before += fmt::format(".{}", octets[i]);
    if (i > 0) {
      octets[i] = (octets[i] + 1 + draw % 255) % 256;
    } else {
      // 1 to 223 without 127: 222 of them.
      const int index = first < 127 ? first - 1 : first - 2;
      const int other = (index + 1 + draw % 221) % 222;
      octets[i] = other < 126 ? other + 1 : other + 2;
    }
  }
  return fmt::format("{}.{}.{}.{}", octets[0], octets[1], octets[2], octets[3]);
}

std::string Pseudonyms::name(std::string_view original) {
  if (is_kept_name(original)) return std::string(original);
  const auto known = known_.find(original);
  if (known != known_.end()) return known->second;
  std::string pseudonym;
  if (original == "::1" || original == "::") {
    pseudonym = original;
  } else {
    pseudonym = octets_of(original) ? address(original) : by_character(original);
  }
  known_.emplace(original, pseudonym);
  return pseudonym;
}

bool Pseudonyms::is_known(std::string_view name) const {
  return known_.contains(name);
}

std::string Pseudonyms::principal(std::string_view original) {
  const std::size_t colon = original.find(':');
  if (colon == std::string_view::npos) return name(original);
  return std::string(original.substr(0, colon + 1)) + name(original.substr(colon + 1));
}

template <class Rename>
std::string Pseudonyms::sanitized_by(std::string_view original, Rename&& rename) {
  if (is_kept_name(original)) return std::string(original);
  const auto plain = zk::desanitize(original);
  if (plain && zk::sanitize(*plain) == original) return zk::sanitize(rename(*plain));
  // Not as Kafka writes it: what follows a '%' stays as wrong as it is.
  std::string result;
  for (std::size_t at = 0; at < original.size();) {
    const std::size_t percent = std::min(original.find('%', at), original.size());
    result += rename(original.substr(at, percent - at));
    result += original.substr(percent, 3);
    at = percent + std::min<std::size_t>(3, original.size() - percent);
  }
  return result;
}

std::string Pseudonyms::sanitized(std::string_view original) {
  return sanitized_by(original, [&](std::string_view plain) { return name(plain); });
}

std::string Pseudonyms::sanitized_principal(std::string_view original) {
  return sanitized_by(original, [&](std::string_view plain) { return principal(plain); });
}

std::string Pseudonyms::endpoints(std::string_view original) {
  return joined(original, ',', [&](std::string_view one) {
    const std::size_t begin = one.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return std::string(one);
    std::string result(one.substr(0, begin));
    one.remove_prefix(begin);
    const auto keep_up_to = [&](std::string_view mark) {
      const std::size_t at = one.find(mark);
      if (at == std::string_view::npos) return;
      result += one.substr(0, at + mark.size());
      one.remove_prefix(at + mark.size());
    };
    keep_up_to("://");
    keep_up_to("@");
    std::size_t end = one.find_first_of(":/ \t");
    if (one.starts_with('[') && one.find(']') != std::string_view::npos) {
      end = one.find(']');
      result += '[';
      result += name(one.substr(1, end - 1));
    } else {
      result += name(one.substr(0, end));
    }
    if (end == std::string_view::npos) return result;
    one.remove_prefix(end);
    const std::size_t slash = std::min(one.find('/'), one.size());
    result += one.substr(0, slash);
    return result + path(one.substr(slash));
  });
}

std::string Pseudonyms::entity_path(std::string_view original) {
  std::string type;
  return joined(original, '/', [&](std::string_view part) {
    const std::string of = std::exchange(type, "");
    if (of.empty()) {
      type = part;
      return std::string(part);
    }
    if (of == "brokers" || of == "broker-loggers") return std::string(part);
    return of == "topics" || of == "ips" ? name(part) : sanitized(part);
  });
}

std::string Pseudonyms::partition_directory(std::string_view original) {
  const std::size_t dot = original.rfind('.');
  const bool marked = original.ends_with("-delete") || original.ends_with("-future") ||
                      original.ends_with("-stray");
  const std::string_view plain =
      marked && dot != std::string_view::npos ? original.substr(0, dot) : original;
  const std::size_t dash = plain.rfind('-');
  if (dash == std::string_view::npos || !is_number(plain.substr(dash + 1))) return name(original);
  return name(plain.substr(0, dash)) + std::string(original.substr(dash));
}

std::string Pseudonyms::path(std::string_view original) {
  return joined(original, '/', [&](std::string_view part) {
    return part == "." || part == ".." ? std::string(part) : name(part);
  });
}

std::string Pseudonyms::words(std::string_view original) {
  return runs(
      original,
      [](char c) { return is_plain(c) || is_beyond_ascii(c) || c == '-' || c == '_' || c == '.'; },
      [&](std::string_view word) {
        if (is_number(word) || word == "true" || word == "false" || word == "null")
          return std::string(word);
        return name(word);
      });
}

std::string Pseudonyms::known_word(std::string_view word) {
  if (word.empty()) return {};
  if (is_known(word) || octets_of(word)) return name(word);
  if (word.back() == '.' || word.back() == '-')
    return known_word(word.substr(0, word.size() - 1)) + word.back();
  const std::size_t dash = word.rfind('-');
  if (dash != std::string_view::npos && is_known(word.substr(0, dash)))
    return partition_directory(word);
  const auto plain = word.find('%') == std::string_view::npos ? std::nullopt : zk::desanitize(word);
  return plain && is_known(*plain) ? sanitized(word) : std::string(word);
}

std::string Pseudonyms::known_words(std::string_view original) {
  const auto belongs = [](char c) {
    return is_plain(c) || is_beyond_ascii(c) || c == '-' || c == '_' || c == '.' || c == '%';
  };
  // Names with other characters in them first, the longest before its parts.
  std::vector<std::pair<std::string_view, std::string_view>> odd;
  for (const auto& [known, pseudonym] : known_) {
    if (known.size() > 2 && !std::ranges::all_of(known, belongs))
      odd.emplace_back(known, pseudonym);
  }
  std::ranges::stable_sort(odd, {}, [](const auto& pair) { return ~pair.first.size(); });
  std::string text(original);
  for (const auto& [known, pseudonym] : odd) {
    for (std::size_t at = text.find(known); at != std::string::npos;
         at = text.find(known, at + pseudonym.size()))
      text.replace(at, known.size(), pseudonym);
  }
  return runs(text, belongs, [&](std::string_view word) { return known_word(word); });
}

sim::Bytes Pseudonyms::secret(sim::ByteView original) {
  sim::Bytes result;
  for (int block = 0; result.size() < original.size(); ++block) {
    const auto hash = hash_(fmt::format("secret {} {}", block, sim::as_text(original)));
    const std::size_t count = std::min(hash.size(), original.size() - result.size());
    result.insert(result.end(), hash.begin(), hash.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return result;
}

std::string Pseudonyms::base64_secret(std::string_view original) {
  const auto bytes = zk::base64_decode(original);
  return bytes ? zk::base64_encode(secret(*bytes)) : words(original);
}

std::string Pseudonyms::redacted(std::string_view original) {
  const auto hexadecimal = [](std::span<const std::uint8_t> bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
    return text;
  };
  const auto fingerprint = hash_("fingerprint");
  const auto hash = hash_(fmt::format("redacted {}", original));
  return fmt::format("{}{}:{}", kRedacted, hexadecimal(std::span(fingerprint).first(4)),
                     hexadecimal(std::span(hash).first(16)));
}

}  // namespace migrate
