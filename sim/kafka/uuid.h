#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sim/base/digest.h"

namespace sim {

// Kafka's 128-bit id (org.apache.kafka.common.Uuid), written as 22 characters of unpadded base64url.
// Orders as Java does: both halves as signed numbers, the most significant first.
class Uuid {
 public:
  constexpr Uuid() = default;
  constexpr Uuid(std::int64_t most, std::int64_t least) : most_(most), least_(least) {}
  // The id, or nothing if this is not 22 base64url characters (padding of "==" is accepted, as Java does).
  static std::optional<Uuid> parse(std::string_view text);

  constexpr std::int64_t most() const { return most_; }
  constexpr std::int64_t least() const { return least_; }
  constexpr bool is_zero() const { return most_ == 0 && least_ == 0; }
  friend constexpr auto operator<=>(const Uuid&, const Uuid&) = default;

  std::string describe() const;
  void digest_into(Digest& digest) const {
    digest.add(static_cast<std::uint64_t>(most_));
    digest.add(static_cast<std::uint64_t>(least_));
  }

 private:
  std::int64_t most_ = 0;
  std::int64_t least_ = 0;
};

// Reserved ids: KRaft's own topic, and the three directories that are none (DirectoryId).
constexpr Uuid kMetadataTopicId{0, 1};
constexpr Uuid kMigratingDirectory{0, 0};
constexpr Uuid kUnassignedDirectory{0, 1};
constexpr Uuid kLostDirectory{0, 2};

}  // namespace sim
