#include "kraft/disk/node_files.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "kraft/disk/segment_reader.h"
#include "sim/base/properties.h"

namespace kraft {
namespace {

using sim::Problem;
using sim::Severity;

std::unexpected<Problem> malformed(const std::string& source, std::string what,
                                   std::optional<std::uint32_t> line = {}) {
  return std::unexpected(
      Problem{.severity = Severity::Malformed,
              .place = {.source = source, .offset = {}, .line = line, .column = {}},
              .what = std::move(what),
              .remedy = "Take the file from a copy made while the process was stopped."});
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::string_view> next_line(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

sim::Expected<std::string> read_small_file(const std::filesystem::path& file) {
  constexpr std::size_t kMost = 1U << 20;
  auto window = sim::ByteWindow::open(file);
  if (!window) return std::unexpected(std::move(window).error());
  if (window->size() > kMost) {
    return malformed(
        file.string(),
        fmt::format("the file has {} bytes; such a file has a few hundred", window->size()));
  }
  return std::string(sim::as_text(window->peek(kMost)));
}

sim::Expected<MetaProperties> parse_meta_properties(std::string_view text,
                                                    const std::string& source) {
  const auto file = sim::PropertiesFile::parse(text, source);
  if (!file) return std::unexpected(file.error());
  const auto value = [&](const char* key) -> const std::string* {
    const auto* entry = file->find(key);
    return entry == nullptr ? nullptr : &entry->value;
  };
  MetaProperties properties;
  properties.version = 0;  // as Kafka takes a file without one
  if (const std::string* version = value("version")) {
    const auto parsed = number<std::int32_t>(*version);
    if (!parsed || *parsed < 0 || *parsed > 1) {
      return malformed(source, fmt::format("version is '{}'; 0 and 1 are known", *version));
    }
    properties.version = *parsed;
  }
  const char* const id_key = properties.version == 0 ? "broker.id" : "node.id";
  if (const std::string* id = value(id_key)) {
    const auto parsed = number<std::int32_t>(*id);
    if (!parsed) return malformed(source, fmt::format("{} is '{}', not a number", id_key, *id));
    properties.node_id = sim::BrokerId(*parsed);
  } else if (properties.version == 1) {
    return malformed(source, "node.id is missing, which version 1 must have");
  }
  if (const std::string* cluster = value("cluster.id")) {
    properties.cluster_id = *cluster;
  } else if (properties.version == 1) {
    return malformed(source, "cluster.id is missing, which version 1 must have");
  }
  if (const std::string* directory = value("directory.id")) {
    properties.directory_id = sim::Uuid::parse(*directory);
    if (!properties.directory_id) {
      return malformed(source, fmt::format("directory.id is '{}', not an id of Kafka", *directory));
    }
  }
  return properties;
}

std::string to_text(const MetaProperties& properties) {
  std::string text = "#\n";
  const auto line = [&](std::string_view key, const std::string& value) {
    fmt::format_to(std::back_inserter(text), "{}={}\n", key, sim::stored_value(value));
  };
  if (properties.node_id) {
    line(properties.version == 0 ? "broker.id" : "node.id",
         std::to_string(properties.node_id->value()));
  }
  if (properties.directory_id) line("directory.id", properties.directory_id->describe());
  line("version", std::to_string(properties.version));
  if (properties.cluster_id) line("cluster.id", *properties.cluster_id);
  return text;
}

sim::Expected<QuorumStateData> parse_quorum_state(std::string_view text,
                                                  const std::string& source) {
  // Kafka reads the first line alone.
  const std::string_view first = next_line(text).value_or(std::string_view{});
  const auto json = nlohmann::json::parse(first, nullptr, false);
  if (!json.is_object()) return malformed(source, "the first line is not a JSON object", 1);
  bool well_typed = true;
  const auto integer = [&](const nlohmann::json& object, const char* key, std::int64_t fallback) {
    if (!object.is_object()) {
      well_typed = false;
      return fallback;
    }
    const auto found = object.find(key);
    if (found == object.end()) return fallback;
    well_typed = well_typed && found->is_number_integer();
    return found->is_number_integer() ? found->get<std::int64_t>() : fallback;
  };
  QuorumStateData state;
  const std::int64_t version = integer(json, "data_version", -1);
  if (version < 0 || version > 1) {
    return malformed(source, fmt::format("data_version is {}; 0 and 1 are known", version), 1);
  }
  state.data_version = static_cast<std::int16_t>(version);
  state.leader_id = sim::BrokerId(static_cast<std::int32_t>(integer(json, "leaderId", -1)));
  state.leader_epoch = sim::RaftEpoch(static_cast<std::int32_t>(integer(json, "leaderEpoch", -1)));
  state.voted_id = sim::BrokerId(static_cast<std::int32_t>(integer(json, "votedId", -1)));
  state.applied_offset = integer(json, "appliedOffset", 0);
  if (const auto cluster = json.find("clusterId"); cluster != json.end() && cluster->is_string()) {
    state.cluster_id = cluster->get<std::string>();
  }
  if (const auto directory = json.find("votedDirectoryId"); directory != json.end()) {
    const auto parsed = directory->is_string() ? sim::Uuid::parse(directory->get<std::string>())
                                               : std::optional<sim::Uuid>{};
    well_typed = well_typed && parsed.has_value();
    state.voted_directory_id = parsed.value_or(sim::Uuid{});
  }
  if (const auto voters = json.find("currentVoters"); voters != json.end() && voters->is_array()) {
    for (const nlohmann::json& voter : *voters) {
      state.current_voters.emplace_back(static_cast<std::int32_t>(integer(voter, "voterId", -1)));
    }
  }
  if (!well_typed)
    return malformed(source, "a field holds a value of another type than Kafka writes", 1);
  return state;
}

std::string to_text(const QuorumStateData& state) {
  if (state.data_version == 1) {
    return fmt::format(
        R"({{"leaderId":{},"leaderEpoch":{},"votedId":{},"votedDirectoryId":"{}","data_version":1}})",
        state.leader_id.value(), state.leader_epoch.value(), state.voted_id.value(),
        state.voted_directory_id.describe());
  }
  std::string voters;
  for (const sim::BrokerId voter : state.current_voters) {
    fmt::format_to(std::back_inserter(voters), R"({}{{"voterId":{}}})", voters.empty() ? "" : ",",
                   voter.value());
  }
  return fmt::format(
      R"({{"clusterId":{},"leaderId":{},"leaderEpoch":{},"votedId":{},"appliedOffset":{},)"
      R"("currentVoters":[{}],"data_version":0}})",
      nlohmann::json(state.cluster_id).dump(), state.leader_id.value(), state.leader_epoch.value(),
      state.voted_id.value(), state.applied_offset, voters);
}

sim::Expected<std::vector<EpochEntry>> parse_leader_epochs(std::string_view text,
                                                           const std::string& source) {
  const auto version = next_line(text);
  if (!version || *version != "0") return malformed(source, "the version in line 1 is not 0", 1);
  const auto count_line = next_line(text);
  const auto count = count_line ? number<std::uint32_t>(*count_line) : std::nullopt;
  if (!count) return malformed(source, "line 2 does not say how many entries follow", 2);
  std::vector<EpochEntry> entries;
  std::uint32_t line_number = 2;
  while (const auto line = next_line(text)) {
    ++line_number;
    const std::size_t blank = line->find(' ');
    if (blank == std::string_view::npos)
      return malformed(source, "not an epoch and an offset", line_number);
    const auto epoch = number<std::int32_t>(line->substr(0, blank));
    const auto offset = number<std::int64_t>(line->substr(blank + 1));
    if (!epoch || !offset) return malformed(source, "not an epoch and an offset", line_number);
    entries.push_back({.epoch = sim::RaftEpoch(*epoch), .start_offset = sim::Offset(*offset)});
  }
  if (entries.size() != *count) {
    return malformed(
        source, fmt::format("{} entries are announced, {} are there", *count, entries.size()), 2);
  }
  return entries;
}

std::string to_text(const std::vector<EpochEntry>& entries) {
  std::string text = fmt::format("0\n{}\n", entries.size());
  for (const EpochEntry& entry : entries) {
    fmt::format_to(std::back_inserter(text), "{} {}\n", entry.epoch.value(),
                   entry.start_offset.value());
  }
  return text;
}

sim::Expected<sim::Uuid> parse_partition_metadata(std::string_view text,
                                                  const std::string& source) {
  if (next_line(text).value_or("") != "version: 0")
    return malformed(source, "line 1 is not 'version: 0'", 1);
  constexpr std::string_view kKey = "topic_id: ";
  const std::string_view line = next_line(text).value_or("");
  const auto id =
      line.starts_with(kKey) ? sim::Uuid::parse(line.substr(kKey.size())) : std::nullopt;
  if (!id) return malformed(source, "line 2 is not 'topic_id: ' with an id", 2);
  return *id;
}

std::string partition_metadata_text(const sim::Uuid& topic_id) {
  return fmt::format("version: 0\ntopic_id: {}", topic_id.describe());
}

}  // namespace kraft
