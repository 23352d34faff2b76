#include "tests/support/golden.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>

#include "sim/base/check.h"
#include "sim/base/digest.h"

namespace tests {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kSample = "sample";
const fs::path kSourceDir = ZK2KRAFT_SOURCE_DIR;
const fs::path kBinaryDir = ZK2KRAFT_BINARY_DIR;

// Unpacks beside the target and renames, so that the target is complete whenever it exists: of
// several processes that start at once each unpacks its own copy, the first to rename wins, the
// rest tidy up.
void unpack(const fs::path& archive, const fs::path& target) {
  const fs::path part = target.string() + fmt::format(".{}.part", ::getpid());
  fs::create_directories(part);
  const std::string command = fmt::format("tar -xJf '{}' -C '{}'", archive.string(), part.string());
  sim::check(std::system(command.c_str()) == 0, "tar unpacks " + archive.string());
  std::error_code taken;
  fs::rename(part, target, taken);
  if (taken) fs::remove_all(part);
  sim::check(fs::exists(target), "a golden archive is unpacked at " + target.string());
}

// The folder's name carries the archive's digest: a changed archive is unpacked anew.
fs::path unpacked(const std::string& cluster) {
  const fs::path archive = kSourceDir / "tests/golden" / (cluster + ".tar.xz");
  sim::check(fs::exists(archive), "a golden cluster has its archive: " + archive.string());
  sim::Digest digest;
  digest.add(contents(archive));
  const fs::path target =
      kBinaryDir / "golden" / fmt::format("{}-{:016x}", cluster, digest.value());
  if (!fs::exists(target)) unpack(archive, target);
  return target / cluster;
}

}  // namespace

std::vector<std::string> golden_clusters() {
  return {"copy_killed", "failover", "gz", "rollback_hybrid", std::string(kSample)};
}

fs::path golden(std::string_view name) {
  const std::size_t slash = name.find('/');
  const std::string cluster(name.substr(0, slash));
  const fs::path root = cluster == kSample ? kSourceDir / "scenarios/sample" : unpacked(cluster);
  const fs::path path =
      slash == std::string_view::npos ? root : root / fs::path(name.substr(slash + 1));
  sim::check(fs::exists(path), "a golden file exists: " + path.string());
  return path;
}

std::vector<fs::path> golden_files_in(const fs::path& folder, std::string_view suffix) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().string().ends_with(suffix)) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<fs::path> golden_files(std::string_view suffix) {
  std::vector<fs::path> found;
  for (const std::string& cluster : golden_clusters()) {
    const std::vector<fs::path> files = golden_files_in(golden(cluster), suffix);
    found.insert(found.end(), files.begin(), files.end());
  }
  return found;
}

std::string contents(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace tests
