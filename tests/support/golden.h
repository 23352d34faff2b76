#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

// Real clusters' files for tests: what Apache Kafka 3.9.1 and ZooKeeper 3.8.4 had on disk, phase by
// phase, beside what their own tools said of the same bytes. tests/golden/README.md lists them.
namespace tests {

// Every golden cluster, sorted: "copy_killed", "failover", "gz", "rollback_hybrid", "sample".
std::vector<std::string> golden_clusters();

// The path of a golden file or folder: golden("failover/p4-dual-write/controller-3001"). The first
// call unpacks the cluster into the build directory; parallel test processes may do so at the same
// time. "sample/…" stands unpacked in scenarios/sample. Treat what is returned as read-only and
// copy what a test damages. A name that does not exist is a bug of the test, said as such.
std::filesystem::path golden(std::string_view name);

// Every file below a folder, or below all golden clusters, whose name ends so, sorted:
// golden_files(".dump-log.txt").
std::vector<std::filesystem::path> golden_files_in(const std::filesystem::path& folder,
                                                   std::string_view suffix);
std::vector<std::filesystem::path> golden_files(std::string_view suffix);

// The bytes of a file; none if there is no such file.
std::string contents(const std::filesystem::path& file);

}  // namespace tests
