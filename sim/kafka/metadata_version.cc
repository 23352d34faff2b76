#include "sim/kafka/metadata_version.h"

#include <algorithm>
#include <array>

namespace sim {
namespace {

using enum MetadataVersion;

constexpr std::array<MetadataVersionInfo, 23> kVersions{{
    {V3_0_IV1, "3.0-IV1", true},  {V3_1_IV0, "3.1-IV0", false}, {V3_2_IV0, "3.2-IV0", true},
    {V3_3_IV0, "3.3-IV0", false}, {V3_3_IV1, "3.3-IV1", true},  {V3_3_IV2, "3.3-IV2", true},
    {V3_3_IV3, "3.3-IV3", true},  {V3_4_IV0, "3.4-IV0", true},  {V3_5_IV0, "3.5-IV0", false},
    {V3_5_IV1, "3.5-IV1", false}, {V3_5_IV2, "3.5-IV2", true},  {V3_6_IV0, "3.6-IV0", false},
    {V3_6_IV1, "3.6-IV1", true},  {V3_6_IV2, "3.6-IV2", true},  {V3_7_IV0, "3.7-IV0", true},
    {V3_7_IV1, "3.7-IV1", false}, {V3_7_IV2, "3.7-IV2", true},  {V3_7_IV3, "3.7-IV3", false},
    {V3_7_IV4, "3.7-IV4", false}, {V3_8_IV0, "3.8-IV0", false}, {V3_9_IV0, "3.9-IV0", false},
    {V4_0_IV0, "4.0-IV0", true},  {V4_0_IV1, "4.0-IV1", false},
}};

// "3.6.1" and "3.6" are the release "3.6".
std::string_view release_of(std::string_view name) {
  const std::size_t first = name.find('.');
  if (first == std::string_view::npos) return name;
  return name.substr(0, name.find('.', first + 1));
}

}  // namespace

std::span<const MetadataVersionInfo> metadata_versions() {
  return kVersions;
}

std::string describe(MetadataVersion version) {
  const auto level = level_of(version);
  if (level >= 1 && static_cast<std::size_t>(level) <= kVersions.size()) {
    return std::string(kVersions[static_cast<std::size_t>(level) - 1].name);
  }
  return "level " + std::to_string(level);
}

std::optional<MetadataVersion> parse_metadata_version(std::string_view name) {
  const auto exact = std::ranges::find(kVersions, name, &MetadataVersionInfo::name);
  if (exact != kVersions.end()) return exact->version;
  if (name.find('-') != std::string_view::npos) return std::nullopt;
  const std::string prefix = std::string(release_of(name)) + "-";
  std::optional<MetadataVersion> last;
  for (const MetadataVersionInfo& info : kVersions) {
    if (info.name.starts_with(prefix)) last = info.version;
  }
  return last;
}

std::optional<MetadataVersion> metadata_version_of_level(std::int16_t level) {
  if (level < 1 || static_cast<std::size_t>(level) > kVersions.size()) return std::nullopt;
  return static_cast<MetadataVersion>(level);
}

}  // namespace sim
