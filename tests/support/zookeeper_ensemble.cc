#include "tests/support/zookeeper_ensemble.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "sim/base/check.h"
#include "tests/support/loopback.h"

namespace tests {

namespace fs = std::filesystem;

namespace {

// Below the ports that systems give to outgoing connections, so that a server that was killed finds its own again; each
// process looks elsewhere first.
std::uint16_t port_to_come_back_to() {
  constexpr unsigned kFirst = 12'000;
  constexpr unsigned kCount = 20'000;
  static unsigned next = static_cast<unsigned>(getpid()) * 97U % kCount;
  for (unsigned tried = 0; tried < kCount; ++tried) {
    next = (next + 1) % kCount;
    const auto port = static_cast<std::uint16_t>(kFirst + next);
    const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = loopback(port);
    const bool free =
        bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    close(descriptor);
    if (free) return port;
  }
  sim::unreachable("one of twenty thousand ports is free");
}

}  // namespace

ZooKeeperEnsemble::ZooKeeperEnsemble(const fs::path& folder, const fs::path& data_dir)
    : folder_(folder), servers_(kServers) {
  for (std::size_t i = 0; i < kServers; ++i) {
    const fs::path own = folder_ / fmt::format("zk-{}", i + 1);
    fs::create_directories(own);
    if (!data_dir.empty())
      fs::copy(data_dir / "version-2", own / "version-2", fs::copy_options::recursive);
    for (const auto& entry : fs::recursive_directory_iterator(own))
      fs::permissions(entry.path(), fs::perms::owner_all, fs::perm_options::add);
    std::ofstream(own / "myid") << i + 1 << '\n';
    ports_.push_back(port_to_come_back_to());
    const std::uint16_t peers = port_to_come_back_to();
    peers_ += fmt::format("server.{}=127.0.0.1:{}:{}\n", i + 1, peers, port_to_come_back_to());
  }
  for (std::size_t i = 0; i < kServers; ++i) start(i);
  for (const auto& server : servers_) server->wait_until_it_serves();
}

void ZooKeeperEnsemble::start(std::size_t server) {
  servers_[server] = std::make_unique<ZooKeeperServer>(
      folder_ / fmt::format("zk-{}", server + 1),
      ZooKeeperServer::Options{
          .class_path = "",
          .more_config =
              "tickTime=200\ninitLimit=50\nsyncLimit=25\nmaxSessionTimeout=60000\n" + peers_,
          .port = ports_[server],
          .one_of_several = true});
}

std::string ZooKeeperEnsemble::hosts() const {
  std::string hosts;
  for (const std::uint16_t port : ports_)
    hosts += fmt::format("{}127.0.0.1:{}", hosts.empty() ? "" : ",", port);
  return hosts;
}

std::size_t ZooKeeperEnsemble::leader() const {
  using namespace std::chrono_literals;
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (std::chrono::steady_clock::now() < deadline) {
    for (std::size_t i = 0; i < kServers; ++i) {
      if (servers_[i]->answer_to("srvr").find("Mode: leader") != std::string::npos) return i;
    }
    std::this_thread::sleep_for(50ms);
  }
  sim::unreachable("an ensemble has a leader within half a minute");
}

std::size_t ZooKeeperEnsemble::kill_leader() {
  const std::size_t victim = leader();
  servers_[victim]->kill_at_once();
  return victim;
}

void ZooKeeperEnsemble::restart(std::size_t server) {
  servers_.at(server).reset();
  start(server);
  servers_[server]->wait_until_it_serves();
}

}  // namespace tests
