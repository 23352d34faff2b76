#include "tools/zk2kraft/console.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace tools {
namespace {

bool terminal_with_colour(int descriptor) {
  const char* const no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* const term = std::getenv("TERM");
  if (term == nullptr || std::string_view(term) == "dumb") return false;
  return isatty(descriptor) == 1;
}

}  // namespace

bool stdout_has_colour() {
  static const bool has = terminal_with_colour(STDOUT_FILENO);
  return has;
}

std::string coloured(std::string_view text, Colour colour) {
  if (colour == Colour::None || !stdout_has_colour()) return std::string(text);
  constexpr const char* codes[] = {"0", "31", "32", "33", "34", "2", "1"};
  return fmt::format("\x1b[{}m{}\x1b[0m", codes[static_cast<std::size_t>(colour)], text);
}

Progress::Progress(std::string what, std::string unit, std::uint64_t total)
    : what_(std::move(what)), unit_(std::move(unit)), total_(total) {}

Progress::~Progress() {
  if (visible_) fmt::print(stderr, "\r\x1b[K");
}

void Progress::update(std::uint64_t done) {
  using namespace std::chrono_literals;
  const Clock::time_point now = Clock::now();
  if (now - begun_ < 2s || now - shown_ < 200ms || isatty(STDERR_FILENO) != 1) return;
  shown_ = now;
  visible_ = true;
  const double seconds = std::chrono::duration<double>(now - begun_).count();
  const double rate = static_cast<double>(done) / seconds;
  if (total_ == 0) {
    fmt::print(stderr, "\r\x1b[K{}: {} {}, {:.0f}/s", what_, done, unit_, rate);
  } else {
    const double left = rate > 0 ? static_cast<double>(total_ - std::min(done, total_)) / rate : 0;
    fmt::print(stderr, "\r\x1b[K{}: {} of {} {} ({:.0f} %), {:.0f}/s, {:.0f} s left", what_, done,
               total_, unit_, 100.0 * static_cast<double>(done) / static_cast<double>(total_), rate,
               left);
  }
  std::fflush(stderr);
}

}  // namespace tools
