#include "migrate/check/software.h"

#include <array>
#include <charconv>

namespace migrate {

std::optional<Release> release_of(std::string_view text) {
  std::array<int, 3> parts{};
  std::size_t count = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (count < parts.size()) {
    const auto [next, error] = std::from_chars(at, end, parts[count]);
    if (error != std::errc()) break;
    ++count;
    at = next;
    if (at == end || *at != '.') break;
    ++at;
  }
  if (count < 2) return std::nullopt;
  // Confluent Platform 5 to 8 are Kafka 2 to 4; 5.x counts from 5.0 = 2.0, 6.x from 6.0 = 2.6.
  switch (parts[0]) {
    case 5:
      return Release{2, parts[1], parts[2]};
    case 6:
      return Release{2, parts[1] + 6, parts[2]};
    case 7:
      return Release{3, parts[1], parts[2]};
    case 8:
      return Release{4, parts[1], parts[2]};
    default:
      return Release{parts[0], parts[1], parts[2]};
  }
}

}  // namespace migrate
