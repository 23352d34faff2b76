#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/check/facts.h"
#include "sim/base/problem.h"
#include "sim/base/properties.h"

// The small files of one node in a fleet (fleet.h): each read to a fact, or to a problem.
namespace tools {

constexpr std::string_view kServerName = "server.properties";
constexpr std::string_view kOverridesName = "overrides.properties";  // --override, of a process
constexpr std::string_view kSystemName = "system.properties";        // -D, of a process
constexpr std::string_view kEnsembleName = "zoo.cfg";
constexpr std::string_view kMetaName = "meta.properties";
constexpr std::string_view kVersionName = "version";

// What stands against what was read.
struct ReadingNotes {
  std::vector<std::string> doubts;     // a sentence each
  std::vector<sim::Problem> problems;  // files that cannot be read
};

// Nothing, and a problem, where a file cannot be read. Lines that Java reads otherwise than their
// author meant become doubts.
std::optional<sim::PropertiesFile> read_config(const std::filesystem::path& file,
                                               ReadingNotes& notes);
// meta.properties, and the listing `partitions` beside it if there is one.
std::optional<migrate::LogDirectory> read_log_directory(const std::filesystem::path& file,
                                                        ReadingNotes& notes);
// The first line of a file that may be missing.
std::optional<std::string> read_line(const std::filesystem::path& file, ReadingNotes& notes);

// What tools/collect puts beside the configuration; empty where it did not.
struct Surroundings {
  std::optional<std::string> software;
  std::optional<std::string> java;
  std::vector<std::string> jars;
  std::vector<migrate::LogExcerpt> logs;
};
Surroundings read_surroundings(const std::filesystem::path& folder, ReadingNotes& notes);

// Sorted by name; empty where the folder cannot be listed.
std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder);
bool is_folder(const std::filesystem::path& path);
bool is_file(const std::filesystem::path& path);

}  // namespace tools
