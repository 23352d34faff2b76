#include "kraft/disk/metadata_dir.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

namespace kraft {
namespace {

namespace fs = std::filesystem;
using sim::Problem;
using sim::Severity;

constexpr std::size_t kOffsetDigits = 20;
constexpr std::size_t kEpochDigits = 10;
constexpr std::string_view kSegmentSuffix = ".log";
constexpr std::string_view kCheckpointSuffix = ".checkpoint";

// A number written with leading zeros to a fixed width.
template <class Number>
std::optional<Number> padded(std::string_view text, std::size_t digits) {
  if (text.size() != digits || text.find_first_not_of("0123456789") != std::string_view::npos)
    return {};
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

std::unexpected<Problem> wrong(Severity severity, const fs::path& path, std::string what,
                               std::string remedy) {
  return std::unexpected(
      Problem{.severity = severity,
              .place = {.source = path.string(), .offset = {}, .line = {}, .column = {}},
              .what = std::move(what),
              .remedy = std::move(remedy)});
}

// The text of a small file handed to its parser; a missing file is none, an unreadable one a problem.
template <class Parser>
auto small_file(const fs::path& file, Parser parse, std::vector<Problem>& problems)
    -> std::optional<typename decltype(parse(std::string_view{}, std::string{}))::value_type> {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return std::nullopt;
  auto text = read_small_file(file);
  if (!text) {
    problems.push_back(std::move(text).error());
    return std::nullopt;
  }
  auto parsed = parse(*text, file.string());
  if (!parsed) {
    problems.push_back(std::move(parsed).error());
    return std::nullopt;
  }
  return *std::move(parsed);
}

void add_file(MetadataDir& dir, const fs::directory_entry& entry) {
  std::error_code ignored;
  const std::string name = entry.path().filename().string();
  const std::uint64_t size = entry.is_regular_file(ignored) ? entry.file_size(ignored) : 0;
  if (const auto base = parse_segment_name(name)) {
    dir.segments.push_back({.base = *base, .path = entry.path(), .size = size});
  } else if (const auto id = parse_checkpoint_name(name)) {
    dir.checkpoints.push_back({.id = *id, .path = entry.path(), .size = size});
  }
}

}  // namespace

std::string segment_name(sim::Offset base) {
  return fmt::format("{:0{}}{}", base.value(), kOffsetDigits, kSegmentSuffix);
}

std::string checkpoint_name(const sim::OffsetAndEpoch& id) {
  return fmt::format("{:0{}}-{:0{}}{}", id.offset.value(), kOffsetDigits, id.epoch.value(),
                     kEpochDigits, kCheckpointSuffix);
}

std::optional<sim::Offset> parse_segment_name(std::string_view name) {
  if (!name.ends_with(kSegmentSuffix)) return std::nullopt;
  name.remove_suffix(kSegmentSuffix.size());
  const auto base = padded<std::int64_t>(name, kOffsetDigits);
  return base ? std::optional(sim::Offset(*base)) : std::nullopt;
}

std::optional<sim::OffsetAndEpoch> parse_checkpoint_name(std::string_view name) {
  if (!name.ends_with(kCheckpointSuffix)) return std::nullopt;
  name.remove_suffix(kCheckpointSuffix.size());
  if (name.size() != kOffsetDigits + 1 + kEpochDigits || name[kOffsetDigits] != '-')
    return std::nullopt;
  const auto offset = padded<std::int64_t>(name.substr(0, kOffsetDigits), kOffsetDigits);
  const auto epoch = padded<std::int32_t>(name.substr(kOffsetDigits + 1), kEpochDigits);
  if (!offset || !epoch) return std::nullopt;
  return sim::OffsetAndEpoch{.epoch = sim::RaftEpoch(*epoch), .offset = sim::Offset(*offset)};
}

sim::Expected<MetadataDir> open_metadata_dir(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    return wrong(Severity::Usage, path,
                 fs::exists(path, error) ? "this is not a directory" : "there is no such directory",
                 "Give a controller's __cluster_metadata-0, or the log directory that holds it.");
  }
  MetadataDir dir;
  dir.path = fs::is_directory(path / kMetadataPartition, error) ? path / kMetadataPartition : path;
  fs::directory_iterator entries(dir.path, error);
  if (error) {
    return wrong(Severity::Malformed, dir.path,
                 "the directory cannot be listed: " + error.message(),
                 "Read it as the user that Kafka runs as.");
  }
  for (const fs::directory_entry& entry : entries) add_file(dir, entry);
  if (dir.segments.empty() && dir.checkpoints.empty()) {
    return wrong(
        Severity::Unknown, dir.path, "there is neither a log segment nor a checkpoint here",
        "Give a controller's __cluster_metadata-0, or the log directory that holds it; it is "
        "metadata.log.dir, or else the first of log.dirs.");
  }
  std::ranges::sort(dir.segments, {}, &SegmentFile::base);
  std::ranges::sort(dir.checkpoints, {}, [](const CheckpointFile& file) {
    return std::pair(file.id.offset, file.id.epoch);
  });
  dir.quorum_state = small_file(dir.path / "quorum-state", parse_quorum_state, dir.problems);
  dir.leader_epochs =
      small_file(dir.path / "leader-epoch-checkpoint", parse_leader_epochs, dir.problems);
  dir.meta_properties = small_file(fs::absolute(dir.path).parent_path() / "meta.properties",
                                   parse_meta_properties, dir.problems);
  return dir;
}

}  // namespace kraft
