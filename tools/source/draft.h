#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <system_error>

// A file that is written beside its place and becomes the file at once, or goes: who looks at the
// place sees the old file or the new one, and never half of it.
namespace tools {

enum class MayRead : std::uint8_t {
  Everyone,  // as the umask says
  Owner,     // it holds secrets
};

class Draft {
 public:
  explicit Draft(std::filesystem::path place);
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  Draft(Draft&& other) noexcept;
  Draft& operator=(Draft&&) = delete;
  ~Draft();

  // What went wrong, if anything.
  std::error_code write(std::string_view bytes, MayRead who) const;
  // Puts it in its place. What went wrong, if anything; then it goes with this object.
  std::error_code keep();
  const std::filesystem::path& place() const { return place_; }

 private:
  std::filesystem::path place_;
  std::filesystem::path draft_;  // empty: kept
};

}  // namespace tools
