#include "tools/source/draft.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <utility>

namespace tools {

namespace fs = std::filesystem;

Draft::Draft(fs::path place)
    : place_(std::move(place)),
      draft_(place_.parent_path() / fmt::format(".{}.{}", place_.filename().string(), ::getpid())) {
}

Draft::Draft(Draft&& other) noexcept
    : place_(std::move(other.place_)), draft_(std::exchange(other.draft_, {})) {}

Draft::~Draft() {
  std::error_code ignored;
  if (!draft_.empty()) fs::remove(draft_, ignored);
}

std::error_code Draft::write(std::string_view bytes, MayRead who) const {
  std::error_code error;
  std::ofstream out(draft_, std::ios::binary | std::ios::trunc);
  if (who == MayRead::Owner)
    fs::permissions(draft_, fs::perms::owner_read | fs::perms::owner_write, error);
  out << bytes;
  out.close();
  return out ? std::error_code() : std::make_error_code(std::errc::io_error);
}

std::error_code Draft::keep() {
  std::error_code error;
  fs::rename(draft_, place_, error);
  if (!error) draft_.clear();
  return error;
}

}  // namespace tools
