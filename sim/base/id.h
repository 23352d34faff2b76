#pragma once

#include <compare>
#include <concepts>
#include <cstdint>

namespace sim {

// A number that only names something: comparable, printable, never added to. `Tag` keeps ids of
// different things apart; there is no implicit conversion to or from the representation.
template <class Tag, std::integral Rep = std::int32_t>
class Id {
 public:
  using Representation = Rep;
  constexpr Id() = default;
  explicit constexpr Id(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }
  friend constexpr auto operator<=>(const Id&, const Id&) = default;

 private:
  Rep value_{};
};

// A number that counts: epochs, offsets, zxids. It has a successor and distances, nothing more.
template <class Tag, std::integral Rep = std::int64_t>
class Ordinal {
 public:
  using Representation = Rep;
  constexpr Ordinal() = default;
  explicit constexpr Ordinal(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }
  constexpr Ordinal next() const { return Ordinal(static_cast<Rep>(value_ + 1)); }
  constexpr Ordinal plus(Rep distance) const {
    return Ordinal(static_cast<Rep>(value_ + distance));
  }
  // How far this lies behind `later`; negative when `later` is in fact earlier.
  constexpr Rep distance_to(Ordinal later) const { return static_cast<Rep>(later.value_ - value_); }
  friend constexpr auto operator<=>(const Ordinal&, const Ordinal&) = default;

 private:
  Rep value_{};
};

template <class T>
concept StrongNumber = requires(const T number) {
  typename T::Representation;
  { number.value() } -> std::same_as<typename T::Representation>;
};

}  // namespace sim
