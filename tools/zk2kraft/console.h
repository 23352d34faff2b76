#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace tools {

// Colours for people: on a terminal, unless NO_COLOR is set or TERM is dumb. Result goes to stdout.
enum class Colour {
  None,
  Red,
  Green,
  Yellow,
  Blue,
  Dim,
  Bold
};
bool stdout_has_colour();
// The text in the colour, or as it is where colours are off.
std::string coloured(std::string_view text, Colour colour);

// A progress line on stderr, with rate and time left, for work longer than two seconds. Silent where stderr
// is no terminal, and always erased at the end.
class Progress {
 public:
  // `total` 0: unknown.
  Progress(std::string what, std::string unit, std::uint64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void update(std::uint64_t done);

 private:
  using Clock = std::chrono::steady_clock;
  std::string what_;
  std::string unit_;
  std::uint64_t total_;
  Clock::time_point begun_ = Clock::now();
  Clock::time_point shown_ = begun_;
  bool visible_ = false;
};

}  // namespace tools
