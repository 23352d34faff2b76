#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace sim {

// Base of what `Ref` points to: the count of its holders. The count is not atomic, for a world and all
// its copies live on one thread (see Payload).
class Counted {
 public:
  Counted() = default;
  // A copy of a counted object is a new object that nobody holds yet.
  Counted(const Counted&) {}
  Counted& operator=(const Counted&) { return *this; }
  std::uint32_t holders() const { return holders_; }

 protected:
  ~Counted() = default;

 private:
  template <class T>
  friend class Ref;
  mutable std::uint32_t holders_ = 0;
};

// Shared ownership of an immutable T in one word: what the persistent structures of the image are linked
// with. Copying costs a count. Equality of two Refs is identity of what they point to.
//
// T may say how it is destroyed, if not by `delete`: `static void dispose(const T*)`.
template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(const T* target) : target_(target) { hold(); }
  Ref(const Ref& other) : target_(other.target_) { hold(); }
  Ref(Ref&& other) noexcept : target_(std::exchange(other.target_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(target_, other.target_);
    return *this;
  }
  ~Ref() { release(); }

  explicit operator bool() const { return target_ != nullptr; }
  const T& operator*() const { return *target_; }
  const T* operator->() const { return target_; }
  const T* get() const { return target_; }
  // True if nobody else holds the target: then it may be changed in place, and no one can tell.
  bool sole_holder() const { return target_ != nullptr && target_->holders() == 1; }
  // The target, to be changed. Requires `sole_holder()`.
  T& unshared() const { return *const_cast<T*>(target_); }

  friend bool operator==(const Ref& a, const Ref& b) { return a.target_ == b.target_; }

 private:
  void hold() const {
    if (target_ != nullptr) ++target_->holders_;
  }
  void release() const {
    if (target_ == nullptr || --target_->holders_ != 0) return;
    if constexpr (requires { T::dispose(target_); }) {
      T::dispose(target_);
    } else {
      delete target_;
    }
  }
  const T* target_ = nullptr;
};

template <class T, class... Args>
Ref<T> make_ref(Args&&... args) {
  return Ref<T>(new T(std::forward<Args>(args)...));
}

}  // namespace sim
