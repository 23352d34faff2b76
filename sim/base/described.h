#pragma once

#include <fmt/format.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "sim/base/digest.h"
#include "sim/base/id.h"
#include "sim/base/time.h"

// One table of fields per struct, and everything that walks a struct walks that table: digest and
// description here, binary and JSON codecs elsewhere.
//
//   struct Vote {
//     Epoch epoch;
//     NodeId candidate;
//     static constexpr auto fields(auto&& visit) {
//       return visit(field("epoch", &Vote::epoch), field("candidate", &Vote::candidate));
//     }
//   };
namespace sim {

template <class Struct, class Member>
struct Field {
  std::string_view name;
  Member Struct::* member;
};

template <class Struct, class Member>
constexpr Field<Struct, Member> field(std::string_view name, Member Struct::* member) {
  return {name, member};
}

// A field that came later than those beside it, or that few values use: where it is empty or zero, whoever
// hashes or describes the struct passes it by, so that such a value says what it said before.
template <class Struct, class Member>
struct SparseField : Field<Struct, Member> {
  bool is_set(const Struct& value) const { return value.*(this->member) != Member{}; }
};

template <class Struct, class Member>
constexpr SparseField<Struct, Member> sparse_field(std::string_view name, Member Struct::* member) {
  return {{name, member}};
}

// The simplest visitor: how many fields there are.
struct CountFields {
  constexpr std::size_t operator()(const auto&... fields) const { return sizeof...(fields); }
};

// A struct with fields(visit), which calls visit once, with all of its fields. A call and not a
// tuple, because a tuple of every message's fields would be made in every translation unit that
// sees the message.
template <class T>
concept Described = requires {
  { T::fields(CountFields{}) } -> std::same_as<std::size_t>;
};

// A type with its own idea of text or hash: Payload, Uuid, QuotaValue.
template <class T>
concept SelfDescribed = requires(const T value, Digest& digest) {
  { value.describe() } -> std::convertible_to<std::string>;
  value.digest_into(digest);
};

template <class T>
struct IsVariant : std::false_type {};
template <class... Ts>
struct IsVariant<std::variant<Ts...>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsPair : std::false_type {};
template <class A, class B>
struct IsPair<std::pair<A, B>> : std::true_type {};

// An alternative, or any struct, may carry `static constexpr std::string_view kName`.
template <class T>
concept Named = requires {
  { T::kName } -> std::convertible_to<std::string_view>;
};

template <class T>
void digest_into(Digest& digest, const T& value);

template <class Struct, class AnyField>
void digest_field(Digest& digest, const Struct& value, const AnyField& field) {
  digest_into(digest, value.*(field.member));
}
template <class Struct, class Member>
void digest_field(Digest& digest, const Struct& value, const SparseField<Struct, Member>& field) {
  if (!field.is_set(value)) return;
  digest.add(field.name);
  digest_into(digest, value.*(field.member));
}

template <class T>
void digest_into(Digest& digest, const T& value) {
  if constexpr (SelfDescribed<T>) {
    value.digest_into(digest);
  } else if constexpr (Described<T>) {
    T::fields([&](const auto&... f) { (digest_field(digest, value, f), ...); });
  } else if constexpr (StrongNumber<T>) {
    digest.add(static_cast<std::uint64_t>(value.value()));
  } else if constexpr (std::same_as<T, Instant> || std::same_as<T, Duration>) {
    digest.add(static_cast<std::uint64_t>(value.nanoseconds()));
  } else if constexpr (std::is_enum_v<T> || std::integral<T>) {
    digest.add(static_cast<std::uint64_t>(value));
  } else if constexpr (std::convertible_to<T, std::string_view>) {
    digest.add(std::string_view(value));
  } else if constexpr (std::same_as<T, std::monostate>) {
    digest.add(std::uint64_t{0});
  } else if constexpr (IsOptional<T>::value) {
    digest.add(static_cast<std::uint64_t>(value.has_value()));
    if (value) digest_into(digest, *value);
  } else if constexpr (IsVariant<T>::value) {
    digest.add(static_cast<std::uint64_t>(value.index()));
    std::visit([&](const auto& alternative) { digest_into(digest, alternative); }, value);
  } else if constexpr (IsPair<T>::value) {
    digest_into(digest, value.first);
    digest_into(digest, value.second);
  } else if constexpr (std::ranges::sized_range<const T>) {
    digest.add(static_cast<std::uint64_t>(std::ranges::size(value)));
    for (const auto& element : value) digest_into(digest, element);
  } else {
    static_assert(sizeof(T) == 0, "give this type fields(visit), or describe() and digest_into()");
  }
}

template <class T>
std::uint64_t digest_of(const T& value) {
  Digest digest;
  digest_into(digest, value);
  return digest.value();
}

// Whether whoever describes the value leaves the field out.
template <class Struct, class AnyField>
bool is_passed_by(const Struct&, const AnyField&) {
  return false;
}
template <class Struct, class Member>
bool is_passed_by(const Struct& value, const SparseField<Struct, Member>& field) {
  return !field.is_set(value);
}

template <class T>
void describe_to(std::string& out, const T& value) {
  if constexpr (SelfDescribed<T>) {
    out += value.describe();
  } else if constexpr (Described<T>) {
    if constexpr (Named<T>) out += T::kName;
    out += '{';
    std::string_view separator;
    const auto describe_field = [&](const auto& f) {
      if (is_passed_by(value, f)) return;
      out += separator;
      out += f.name;
      out += '=';
      describe_to(out, value.*(f.member));
      separator = " ";
    };
    T::fields([&](const auto&... f) { (describe_field(f), ...); });
    out += '}';
  } else if constexpr (StrongNumber<T>) {
    fmt::format_to(std::back_inserter(out), "{}", value.value());
  } else if constexpr (std::same_as<T, Instant> || std::same_as<T, Duration>) {
    out += sim::describe(value);
  } else if constexpr (std::is_enum_v<T>) {
    if constexpr (requires {
                    { name_of(value) } -> std::convertible_to<std::string_view>;
                  }) {
      out += name_of(value);
    } else {
      fmt::format_to(std::back_inserter(out), "{}", static_cast<std::int64_t>(value));
    }
  } else if constexpr (std::same_as<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::integral<T>) {
    fmt::format_to(std::back_inserter(out), "{}", value);
  } else if constexpr (std::convertible_to<T, std::string_view>) {
    out += '"';
    out += std::string_view(value);
    out += '"';
  } else if constexpr (std::same_as<T, std::monostate>) {
    out += "none";
  } else if constexpr (IsOptional<T>::value) {
    if (value) {
      describe_to(out, *value);
    } else {
      out += "none";
    }
  } else if constexpr (IsVariant<T>::value) {
    std::visit([&](const auto& alternative) { describe_to(out, alternative); }, value);
  } else if constexpr (IsPair<T>::value) {
    describe_to(out, value.first);
    out += ':';
    describe_to(out, value.second);
  } else if constexpr (std::ranges::sized_range<const T>) {
    out += '[';
    std::string_view separator;
    for (const auto& element : value) {
      out += separator;
      describe_to(out, element);
      separator = ",";
    }
    out += ']';
  } else {
    static_assert(sizeof(T) == 0, "give this type fields(visit), or describe() and digest_into()");
  }
}

// "Vote{epoch=3 candidate=2}": for traces and failures, not for parsing.
template <class T>
std::string describe_value(const T& value) {
  std::string out;
  describe_to(out, value);
  return out;
}

}  // namespace sim
