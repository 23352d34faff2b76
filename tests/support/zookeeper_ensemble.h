#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/zookeeper_server.h"

namespace tests {

// Three real Apache ZooKeeper servers on the loopback that are one ensemble, for as long as this lives, with ticks of a
// fifth of a second. Each begins with a copy of the same data.
class ZooKeeperEnsemble {
 public:
  static constexpr std::size_t kServers = 3;

  // `data_dir` holds a version-2; empty: an ensemble without any znode. Everything is written below `folder`.
  ZooKeeperEnsemble(const std::filesystem::path& folder, const std::filesystem::path& data_dir);

  std::string hosts() const;  // "127.0.0.1:1,127.0.0.1:2,127.0.0.1:3"
  // Whoever leads now; waits for one.
  std::size_t leader() const;
  // Kills the leader, and returns which it was; the others elect another.
  std::size_t kill_leader();
  // Starts one that was killed, on its own disk.
  void restart(std::size_t server);
  const ZooKeeperServer& server(std::size_t server) const { return *servers_.at(server); }

 private:
  void start(std::size_t server);

  std::filesystem::path folder_;
  std::string peers_;  // server.N lines
  std::vector<std::uint16_t> ports_;
  std::vector<std::unique_ptr<ZooKeeperServer>> servers_;
};

}  // namespace tests
