#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/problem.h"

// What `tools/collect` made on one machine: folders of nodes, and manifest.jsonl, which names every
// file with its checksum. A JSON object a line, each with a "kind":
//
//   collection  format 1, tool, host, time, salt (its fingerprint), complete "yes" or "no"
//   node        name, role, config
//   directory   path in the collection, from, kib, kib_free
//   file        path, bytes, sha256, from, secrets "none", "replaced" or "held", holds
//   missing     path, why
namespace tools {

constexpr std::string_view kManifestName = "manifest.jsonl";

struct CollectedFile {
  std::string path;  // in the collection
  std::uint64_t bytes = 0;
  std::string sha256;                // lower-case hexadecimal
  std::string from;                  // on the machine
  std::string secrets = "none";      // "none", "replaced", "held"
  std::optional<std::string> holds;  // which, where they are held
};

struct CollectedDirectory {
  std::string path;
  std::string from;
  std::uint64_t kib = 0;
  std::uint64_t kib_free = 0;
};

struct CollectedNode {
  std::string name;
  std::string role;  // "broker", "controller", "combined", "zookeeper"
  std::string config;
};

struct MissingFile {
  std::string path;
  std::string why;
};

struct Collection {
  std::filesystem::path folder;
  std::string tool;
  std::string host;
  std::string time;  // ISO 8601, UTC
  std::string salt;  // fingerprint: secrets of two collections compare only if it is the same
  bool complete = true;
  std::vector<CollectedNode> nodes;
  std::vector<CollectedDirectory> directories;
  std::vector<CollectedFile> files;
  std::vector<MissingFile> missing;
};

// Whether a manifest lies in the folder.
bool is_collection(const std::filesystem::path& folder);

// Reads a manifest. Malformed, with the line, where it is none; Unknown where it is of a later
// format.
sim::Expected<Collection> read_manifest(const std::filesystem::path& folder);
// The manifest's text; reading it again gives the same collection.
std::string manifest_text(const Collection& collection);

// Files that are not as the manifest says: gone, of another size, of another checksum; Malformed
// each. Reads them all.
std::vector<sim::Problem> verify(const Collection& collection);
// Files that the manifest does not name.
std::vector<std::string> unnamed_files(const Collection& collection);

// A whole file of any size. Malformed where it cannot be read.
sim::Expected<std::string> read_file(const std::filesystem::path& file);
// Lower-case hexadecimal.
std::string sha256_of(std::string_view bytes);

}  // namespace tools
