#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "sim/base/check.h"
#include "sim/base/described.h"
#include "sim/base/digest.h"

namespace sim {

// What may travel: a struct with a table of fields and a name that never changes ("raft.Vote").
// Notices also say which rule they follow: `static constexpr std::string_view kRule = "kraft.md §1.6"`.
// A message may say how many bytes it weighs on a wire or disk: `std::size_t wire_bytes() const`.
template <class T>
concept Message = Named<T> && Described<T> && std::copy_constructible<T>;

// What the kernel, a trace or a checker may ask of a payload without knowing its type.
struct PayloadType {
  std::string_view name;
  std::string_view rule;  // empty unless a notice
  std::string (*describe)(const void*);
  void (*digest_into)(const void*, Digest&);
  std::size_t (*wire_bytes)(const void*);
  void (*destroy)(void*);
  std::size_t size;         // bytes of the block, header included
  std::uint64_t name_hash;  // hash_name(name)
};

namespace payload_pool {
// Blocks by size class from a free list of this thread: no trip to the allocator in steady state.
void* allocate(std::size_t bytes);
void release(void* block, std::size_t bytes);
}  // namespace payload_pool

// An immutable typed value, shared by all who hold it: message, disk entry or notice. Copying costs a
// count; the count is not atomic, for a world and all its copies live on one thread (campaigns run
// worlds in parallel as processes). The only shared thing in a world.
class Payload {
 public:
  Payload() = default;
  template <Message T>
  static Payload of(T value) {
    static_assert(alignof(T) <= alignof(std::max_align_t));
    static_assert(std::is_nothrow_move_constructible_v<T>);
    void* const block = payload_pool::allocate(sizeof(Block<T>));
    return Payload(new (block) Block<T>{{1, &kType<T>}, std::move(value)});
  }
  Payload(const Payload& other) : header_(other.header_) {
    if (header_ != nullptr) ++header_->references;
  }
  Payload(Payload&& other) noexcept : header_(std::exchange(other.header_, nullptr)) {}
  Payload& operator=(Payload other) noexcept {
    std::swap(header_, other.header_);
    return *this;
  }
  ~Payload() {
    if (header_ != nullptr && --header_->references == 0) header_->type->destroy(header_);
  }

  explicit operator bool() const { return header_ != nullptr; }
  // The value, or null if this holds another type or nothing.
  template <Message T>
  const T* get_if() const {
    if (header_ == nullptr || header_->type != &kType<T>) return nullptr;
    return &static_cast<const Block<T>*>(header_)->value;
  }
  // The value. Requires that this holds a T.
  template <Message T>
  const T& as() const {
    const T* value = get_if<T>();
    check(value != nullptr, "the payload holds the type that it is read as");
    return *value;
  }
  // Requires a value, like all below.
  const PayloadType& type() const {
    check(header_ != nullptr, "an empty payload has no type");
    return *header_->type;
  }
  std::string_view name() const { return type().name; }
  std::string describe() const {
    return header_ == nullptr ? std::string("nothing") : type().describe(header_);
  }
  void digest_into(Digest& digest) const {
    if (header_ == nullptr) {
      digest.add(std::uint64_t{0});
    } else {
      digest.add(type().name_hash);
      type().digest_into(header_, digest);
    }
  }
  std::size_t wire_bytes() const { return type().wire_bytes(header_); }
  // True when both hold the very same block: a shortcut, not an equality.
  bool same_block(const Payload& other) const { return header_ == other.header_; }

 private:
  struct Header {
    std::uint32_t references;
    const PayloadType* type;
  };
  template <class T>
  struct Block : Header {
    T value;
  };
  explicit Payload(Header* header) : header_(header) {}

  template <class T>
  static constexpr std::string_view rule_of() {
    if constexpr (requires {
                    { T::kRule } -> std::convertible_to<std::string_view>;
                  }) {
      return T::kRule;
    } else {
      return {};
    }
  }
  template <class T>
  static const T& value_in(const void* header) {
    return static_cast<const Block<T>*>(static_cast<const Header*>(header))->value;
  }
  template <class T>
  static constexpr PayloadType kType{
      T::kName,
      rule_of<T>(),
      [](const void* block) { return describe_value(value_in<T>(block)); },
      [](const void* block, Digest& digest) { sim::digest_into(digest, value_in<T>(block)); },
      [](const void* block) -> std::size_t {
        if constexpr (requires(const T value) {
                        { value.wire_bytes() } -> std::convertible_to<std::size_t>;
                      }) {
          return value_in<T>(block).wire_bytes();
        } else {
          return sizeof(T);
        }
      },
      [](void* header) {
        auto* const block = static_cast<Block<T>*>(static_cast<Header*>(header));
        block->~Block<T>();
        payload_pool::release(block, sizeof(Block<T>));
      },
      sizeof(Block<T>),
      hash_name(T::kName)};

  Header* header_ = nullptr;
};

}  // namespace sim
