#include "tools/source/source.h"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <system_error>
#include <utility>

#include "sim/base/check.h"
#include "tools/source/fleet_stores.h"
#include "tools/source/zookeeper_source.h"

namespace tools {
namespace {

namespace fs = std::filesystem;

std::unexpected<sim::Problem> usage(const std::string& argument, std::string what,
                                    std::string remedy) {
  return std::unexpected(sim::Problem{.severity = sim::Severity::Usage,
                                      .place = {.source = argument},
                                      .what = std::move(what),
                                      .remedy = std::move(remedy)});
}

sim::Expected<std::optional<sim::Offset>> offset_in(const std::string& argument,
                                                    const SourceOptions& options) {
  if (!options.at) return std::nullopt;
  const auto number = *options.at == "claim" ? std::nullopt : parse_position(*options.at);
  if (number) return sim::Offset(*number);
  return usage(argument, fmt::format("--at {} is no offset of a metadata log", *options.at),
               "Give a number; only a ZooKeeper data directory knows --at claim.");
}

sim::Expected<OpenSource> open_metadata_source(SourceKind kind, const std::string& argument,
                                               const SourceOptions& options) {
  const auto until = offset_in(argument, options);
  if (!until) return std::unexpected(until.error());
  if (*until && kind == SourceKind::MetadataFile) {
    return usage(argument, "--at needs the whole log, and this is one file of it",
                 "Give the __cluster_metadata-0 that it comes from.");
  }
  auto loaded = kind == SourceKind::MetadataFile
                    ? kraft::load_metadata_file(argument)
                    : kraft::load_metadata(argument, {.until = *until});
  if (!loaded) return std::unexpected(std::move(loaded).error());
  return MetadataSource{
      .kind = kind,
      .described =
          *until ? fmt::format("{} as of offset {}", argument, (*until)->value()) : argument,
      .path = argument,
      .until = *until,
      .loaded = *std::move(loaded)};
}

}  // namespace

std::optional<std::int64_t> parse_position(std::string_view text) {
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  if (hexadecimal) text.remove_prefix(2);
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, hexadecimal ? 16 : 10);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

sim::Expected<OpenSource> open_source(const std::string& given, const SourceOptions& options) {
  const auto meant = store_meant_by(given, options.store);
  if (!meant) return std::unexpected(meant.error());
  const std::string& argument = *meant;
  const auto kind = kind_of_source(argument, options.store);
  if (!kind) return std::unexpected(kind.error());
  switch (*kind) {
    case SourceKind::ZooKeeperDirectory:
      return open_zookeeper_directory(argument, options);
    case SourceKind::ZooKeeperSnapshot:
      return open_zookeeper_snapshot(argument, options);
    case SourceKind::LiveEnsemble:
      return open_live_ensemble(argument, options);
    case SourceKind::MetadataDirectory:
    case SourceKind::MetadataFile:
      return open_metadata_source(*kind, argument, options);
  }
  sim::unreachable("a source is of one of these kinds");
}

sim::Expected<ZooKeeperSource> open_zookeeper(const std::string& given, SourceOptions options) {
  options.store = Store::ZooKeeper;
  const auto meant = store_meant_by(given, options.store);
  if (!meant) return std::unexpected(meant.error());
  const std::string& argument = *meant;
  const auto kind = kind_of_source(argument, options.store);
  if (!kind) return std::unexpected(kind.error());
  if (*kind == SourceKind::MetadataDirectory || *kind == SourceKind::MetadataFile) {
    return usage(argument,
                 fmt::format("a ZooKeeper source is wanted here, and this is a {}", name_of(*kind)),
                 "Give a ZooKeeper data directory or host:port[,host:port…][/chroot].");
  }
  auto opened = open_source(argument, options);
  if (!opened) return std::unexpected(std::move(opened).error());
  return std::get<ZooKeeperSource>(*std::move(opened));
}

sim::Expected<MetadataSource> open_metadata(const std::string& given, SourceOptions options) {
  options.store = Store::KRaft;
  const auto meant = store_meant_by(given, options.store);
  if (!meant) return std::unexpected(meant.error());
  const std::string& argument = *meant;
  const auto kind = kind_of_source(argument, options.store);
  if (!kind) return std::unexpected(kind.error());
  if (*kind != SourceKind::MetadataDirectory && *kind != SourceKind::MetadataFile) {
    return usage(
        argument,
        fmt::format("a KRaft metadata log is wanted here, and this is a {}", name_of(*kind)),
        "Give a controller's __cluster_metadata-0, or the log directory that holds it.");
  }
  auto opened = open_source(argument, options);
  if (!opened) return std::unexpected(std::move(opened).error());
  return std::get<MetadataSource>(*std::move(opened));
}

sim::Expected<std::string> first_line(const fs::path& path, std::string_view of) {
  std::ifstream file(path);
  std::string line;
  if (fs::is_directory(path) || !file) {
    return usage(path.string(), fmt::format("this file with {} cannot be read", of),
                 fmt::format("Give a file whose first line is {}, readable by you alone.", of));
  }
  std::getline(file, line);
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty()) {
    return usage(path.string(), fmt::format("the first line of this file, {}, is empty", of),
                 fmt::format("Write {} into its first line.", of));
  }
  return line;
}

sim::Expected<std::string> read_secret(const fs::path& path) {
  return first_line(path, "password.encoder.secret");
}

scenarios::SourceTree to_source_tree(ZooKeeperSource source) {
  return {.database = std::move(source.database),
          .root = std::move(source.root),
          .described = std::move(source.described),
          .password_secret = std::move(source.password_secret),
          .at_claim = source.at_claim,
          .log_dirs = std::move(source.log_dirs)};
}

}  // namespace tools
