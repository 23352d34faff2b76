#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Every config that a broker or a controller of Kafka 3.9 defines (kafka.server.KafkaConfig), as
// data: name, type, default, and which values it takes. `tools/conformance config` holds the table
// against the real one.
namespace migrate {

enum class ConfigType : std::uint8_t {
  Boolean,
  String,
  Short,
  Int,
  Long,
  Double,
  List,
  Class,
  Password,
};

struct ConfigDefinition {
  std::string_view name;
  ConfigType type = ConfigType::String;
  const char* default_value = nullptr;  // null: none
  std::optional<std::int64_t> at_least;
  std::optional<std::int64_t> at_most;
  std::string_view one_of = {};  // "a|b"; of a list, each element is one of these
};

// Sorted by name.
std::span<const ConfigDefinition> config_definitions();
// Null where Kafka knows no such config: plugins may.
const ConfigDefinition* find_definition(std::string_view name);

// Whether ConfigDef.parseType and the validator take the value, as Kafka reads it (trimmed); if
// not, why, as a sentence without the name. Simplified: classes are not looked for, bounds of
// doubles are not checked, and of the validators that no bounds can say only those of
// compression.gzip.level and the protocol versions are kept here; those of the quorum's addresses
// are rules (validation.h).
std::optional<std::string> why_invalid(const ConfigDefinition& definition, std::string_view value);

// String.trim.
std::string_view trimmed(std::string_view text);
// Parts between commas, without the blanks around them (ConfigDef's LIST): of "" none, of "a," two.
std::vector<std::string> list_of(std::string_view value);
// Csv.parseCsvList: as above, without the empty ones.
std::vector<std::string> csv_list_of(std::string_view value);
// Integer.parseInt and its like: an optional sign and digits. Nothing for what does not fit 64
// bits.
std::optional<std::int64_t> integer_of(std::string_view text);

// A value of inter.broker.protocol.version as an ordinal, by which versions compare; nothing for
// what Kafka refuses. "3.6" is the last of its release, "3.6.1" too.
std::optional<int> protocol_version(std::string_view text);

}  // namespace migrate
