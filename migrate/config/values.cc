#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "migrate/config/definitions.h"
#include "sim/base/check.h"

// How Kafka reads the value of a config: by its type, then by its bounds (ConfigDef.parseType and
// its validators).
namespace migrate {
namespace {

// MetadataVersion.VERSIONS of 3.9 and, before them, those of ZooKeeper mode, ascending.
constexpr std::array<std::string_view, 57> kProtocolVersions{
    "0.8.0",      "0.8.1",      "0.8.2",      "0.9.0",      "0.10.0-IV0", "0.10.0-IV1",
    "0.10.1-IV0", "0.10.1-IV1", "0.10.1-IV2", "0.10.2-IV0", "0.11.0-IV0", "0.11.0-IV1",
    "0.11.0-IV2", "1.0-IV0",    "1.1-IV0",    "2.0-IV0",    "2.0-IV1",    "2.1-IV0",
    "2.1-IV1",    "2.1-IV2",    "2.2-IV0",    "2.2-IV1",    "2.3-IV0",    "2.3-IV1",
    "2.4-IV0",    "2.4-IV1",    "2.5-IV0",    "2.6-IV0",    "2.7-IV0",    "2.7-IV1",
    "2.7-IV2",    "2.8-IV0",    "2.8-IV1",    "3.0-IV0",    "3.0-IV1",    "3.1-IV0",
    "3.2-IV0",    "3.3-IV0",    "3.3-IV1",    "3.3-IV2",    "3.3-IV3",    "3.4-IV0",
    "3.5-IV0",    "3.5-IV1",    "3.5-IV2",    "3.6-IV0",    "3.6-IV1",    "3.6-IV2",
    "3.7-IV0",    "3.7-IV1",    "3.7-IV2",    "3.7-IV3",    "3.7-IV4",    "3.8-IV0",
    "3.9-IV0",    "4.0-IV0",    "4.0-IV1",
};

constexpr std::string_view kLatestProduction = "3.9-IV0";

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool equal_ignoring_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

// Digits with an optional point and exponent; Double.parseDouble takes odder things, too.
bool is_decimal(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  const std::string_view mantissa = text.substr(0, text.find_first_of("eE"));
  if (mantissa.find_first_of("0123456789") == std::string_view::npos) return false;
  if (mantissa.find_first_not_of("0123456789.") != std::string_view::npos) return false;
  if (std::ranges::count(mantissa, '.') > 1) return false;
  return mantissa.size() == text.size() || integer_of(text.substr(mantissa.size() + 1)).has_value();
}

std::pair<std::int64_t, std::int64_t> range_of(ConfigType type) {
  if (type == ConfigType::Short)
    return {std::numeric_limits<std::int16_t>::min(), std::numeric_limits<std::int16_t>::max()};
  if (type == ConfigType::Int)
    return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
  return {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
}

std::optional<std::string> why_no_number(const ConfigDefinition& definition,
                                         std::string_view value) {
  const auto number = integer_of(value);
  const auto [least, most] = range_of(definition.type);
  if (!number || *number < least || *number > most)
    return fmt::format("'{}' is not a whole number from {} to {}", value, least, most);
  // ConfigDef's LambdaValidator: -1 stands for the codec's own default.
  if (definition.name == "compression.gzip.level" && (*number < 1 || *number > 9) && *number != -1)
    return fmt::format("{} is neither -1 nor from 1 to 9", *number);
  if (definition.at_least && *number < *definition.at_least)
    return fmt::format("{} is less than {}", *number, *definition.at_least);
  if (definition.at_most && *number > *definition.at_most)
    return fmt::format("{} is more than {}", *number, *definition.at_most);
  return std::nullopt;
}

bool is_one_of(std::string_view value, std::string_view choices) {
  while (true) {
    const std::size_t bar = choices.find('|');
    if (value == choices.substr(0, bar)) return true;
    if (bar == std::string_view::npos) return false;
    choices.remove_prefix(bar + 1);
  }
}

std::optional<std::string> why_not_one_of(std::string_view value, std::string_view choices) {
  if (choices.empty() || is_one_of(value, choices)) return std::nullopt;
  return fmt::format("'{}' is none of {}", value, choices);
}

}  // namespace

const ConfigDefinition* find_definition(std::string_view name) {
  const auto all = config_definitions();
  const auto at = std::ranges::lower_bound(all, name, {}, &ConfigDefinition::name);
  return at != all.end() && at->name == name ? &*at : nullptr;
}

std::string_view trimmed(std::string_view text) {
  const auto kept = [](char c) { return static_cast<unsigned char>(c) > ' '; };
  while (!text.empty() && !kept(text.front())) text.remove_prefix(1);
  while (!text.empty() && !kept(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string> list_of(std::string_view value) {
  std::vector<std::string> parts;
  value = trimmed(value);
  if (value.empty()) return parts;
  while (true) {
    const std::size_t comma = value.find(',');
    std::string_view part = value.substr(0, comma);
    if (comma != std::string_view::npos) {
      while (!part.empty() && is_space(part.back())) part.remove_suffix(1);
    }
    parts.emplace_back(part);
    if (comma == std::string_view::npos) return parts;
    value.remove_prefix(comma + 1);
    while (!value.empty() && is_space(value.front())) value.remove_prefix(1);
  }
}

std::vector<std::string> csv_list_of(std::string_view value) {
  std::vector<std::string> parts = list_of(value);
  std::erase(parts, "");
  return parts;
}

std::optional<std::int64_t> integer_of(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<int> protocol_version(std::string_view text) {
  // Of a release with a patch level the release counts: "3.6.1" is "3.6", "0.10.2.1" is "0.10.2".
  int dots = text.starts_with("0.") ? 3 : 2;
  std::size_t end = 0;
  while (end < text.size() && (text[end] != '.' || --dots > 0)) ++end;
  const std::string_view name = text.substr(0, end);
  std::optional<int> found;
  bool released = true;  // what is no release yet has no short name
  for (std::size_t i = 0; i < kProtocolVersions.size(); ++i) {
    const std::string_view each = kProtocolVersions[i];
    if (each == name || (released && each.substr(0, each.find('-')) == name))
      found = static_cast<int>(i);
    released = released && each != kLatestProduction;
  }
  return found;
}

std::optional<std::string> why_invalid(const ConfigDefinition& definition, std::string_view value) {
  value = trimmed(value);
  switch (definition.type) {
    case ConfigType::Boolean:
      if (equal_ignoring_case(value, "true") || equal_ignoring_case(value, "false"))
        return std::nullopt;
      return fmt::format("'{}' is neither true nor false", value);
    case ConfigType::Short:
    case ConfigType::Int:
    case ConfigType::Long:
      return why_no_number(definition, value);
    case ConfigType::Double:
      return is_decimal(value) ? std::nullopt
                               : std::optional(fmt::format("'{}' is not a number", value));
    case ConfigType::List:
      for (const std::string& part : list_of(value)) {
        if (auto why = why_not_one_of(part, definition.one_of)) return why;
      }
      return std::nullopt;
    case ConfigType::String:
      if (definition.name == "inter.broker.protocol.version" ||
          definition.name == "log.message.format.version") {
        if (!protocol_version(value)) return fmt::format("'{}' is no version of Kafka", value);
      }
      return why_not_one_of(value, definition.one_of);
    case ConfigType::Class:
    case ConfigType::Password:
      return std::nullopt;
  }
  sim::unreachable("a config is of one of these types");
}

}  // namespace migrate
