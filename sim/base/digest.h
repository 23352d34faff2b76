#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace sim {

// A stable 64-bit hash of a sequence of values: the same on every compiler, optimisation level and
// byte order. It names states; it is no defence against an adversary.
class Digest {
 public:
  constexpr Digest() = default;
  explicit constexpr Digest(std::uint64_t start) : state_(mix(start ^ kStart)) {}

  constexpr void add(std::uint64_t word) { state_ = mix(state_ ^ word) + kIncrement; }
  // Length first, so that ("ab","c") and ("a","bc") differ.
  void add(std::string_view text) {
    add(static_cast<std::uint64_t>(text.size()));
    while (text.size() >= 8) {
      add(load(text.data(), 8));
      text.remove_prefix(8);
    }
    if (!text.empty()) add(load(text.data(), text.size()));
  }
  constexpr std::uint64_t value() const { return mix(state_); }

  // A bijective mixing of 64 bits (the finaliser of splitmix64).
  static constexpr std::uint64_t mix(std::uint64_t x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9ULL;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebULL;
    x ^= x >> 31;
    return x;
  }

 private:
  static std::uint64_t load(const char* bytes, std::size_t count) {
    std::uint64_t word = 0;  // assembled byte by byte: the same value on every byte order
    for (std::size_t i = 0; i < count; ++i) {
      word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return word;
  }
  static constexpr std::uint64_t kStart = 0x2545f4914f6cdd1dULL;
  static constexpr std::uint64_t kIncrement = 0x9e3779b97f4a7c15ULL;
  std::uint64_t state_ = kStart;
};

// The hash of a name, at compile time where the name is a literal.
constexpr std::uint64_t hash_name(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return Digest::mix(hash);
}

}  // namespace sim
