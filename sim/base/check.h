#pragma once

#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sim {

// What cannot happen, happened. Thrown by `check`; only the runner and the property harness catch it,
// and they print seed, digest and the last events.
class Bug : public std::logic_error {
 public:
  Bug(std::string_view what_must_be_true, std::source_location where);
  const std::source_location& where() const { return where_; }

 private:
  std::source_location where_;
};

[[noreturn]] void fail_check(std::string_view what_must_be_true, std::source_location where);

// States what must be true; always on. For wrong input from a person use `std::expected`, for a
// protocol that says no use an answer: `check` is for the impossible alone.
inline void check(bool condition, std::string_view what_must_be_true,
                  std::source_location where = std::source_location::current()) {
  if (!condition) [[unlikely]] {
    fail_check(what_must_be_true, where);
  }
}

[[noreturn]] inline void unreachable(std::string_view why,
                                     std::source_location where = std::source_location::current()) {
  fail_check(why, where);
}

}  // namespace sim
