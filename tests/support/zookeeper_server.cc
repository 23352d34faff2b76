#include "tests/support/zookeeper_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>

#include "sim/base/check.h"
#include "tests/support/loopback.h"

namespace tests {
namespace fs = std::filesystem;
namespace {

// Its manifest names everything else that it needs.
constexpr const char* kDebianJar = "/usr/share/java/zookeeper.jar";
constexpr const char* kJava = "/usr/bin/java";

}  // namespace

std::uint16_t free_port() {
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  const bool bound = bind(descriptor, any, size) == 0 && getsockname(descriptor, any, &size) == 0;
  close(descriptor);
  sim::check(bound, "the loopback has a free port");
  return ntohs(address.sin_port);
}

bool ZooKeeperServer::is_installed() {
  return fs::exists(kDebianJar) && fs::exists(kJava);
}

ZooKeeperServer::ZooKeeperServer(const fs::path& data_dir) : ZooKeeperServer(data_dir, Options{}) {}

ZooKeeperServer::ZooKeeperServer(const fs::path& data_dir, const Options& options)
    : folder_(data_dir), port_(options.port == 0 ? free_port() : options.port) {
  fs::create_directories(folder_);
  const fs::path config = folder_ / "zoo.cfg";
  const fs::path log = folder_ / "server.log";
  std::ofstream(config) << fmt::format(
      "dataDir={}\nclientPort={}\nclientPortAddress=127.0.0.1\ntickTime=1000\n"
      "4lw.commands.whitelist=*\nadmin.enableServer=false\nmaxClientCnxns=0\n{}",
      folder_.string(), port_, options.more_config);
  const std::string class_path = options.class_path.empty() ? kDebianJar : options.class_path;
  process_ = fork();
  sim::check(process_ >= 0, "a process can be started");
  if (process_ == 0) {
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execl(kJava, "java", "-Xmx160m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
          "-Dzookeeper.preAllocSize=64", "-Dzookeeper.extendedTypesEnabled=true",
          "-Dzookeeper.4lw.commands.whitelist=*", "-Dzookeeper.admin.enableServer=false", "-cp",
          class_path.c_str(),
          options.one_of_several ? "org.apache.zookeeper.server.quorum.QuorumPeerMain"
                                 : "org.apache.zookeeper.server.ZooKeeperServerMain",
          config.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  if (!options.one_of_several) wait_until_it_serves();
}

void ZooKeeperServer::wait_until_it_serves() {
  using namespace std::chrono_literals;
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  // "This ZooKeeper instance is not currently serving requests" comes while it starts.
  while (!serves()) {
    const bool gone = waitpid(process_, nullptr, WNOHANG) == process_;
    if (gone || std::chrono::steady_clock::now() > deadline) {
      if (!gone) kill(process_, SIGKILL);
      process_ = -1;
      std::ifstream words(folder_ / "server.log");
      const std::string text{std::istreambuf_iterator<char>(words),
                             std::istreambuf_iterator<char>()};
      sim::unreachable("a ZooKeeper server starts; it said: " +
                       text.substr(text.size() - std::min<std::size_t>(text.size(), 2000)));
    }
    std::this_thread::sleep_for(100ms);
  }
}

ZooKeeperServer::~ZooKeeperServer() {
  if (process_ < 0) return;
  kill(process_, SIGCONT);
  kill(process_, SIGTERM);
  waitpid(process_, nullptr, 0);
}

void ZooKeeperServer::kill_at_once() {
  if (process_ < 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

std::string ZooKeeperServer::address() const {
  return fmt::format("127.0.0.1:{}", port_);
}
void ZooKeeperServer::pause() const {
  kill(process_, SIGSTOP);
}
void ZooKeeperServer::resume() const {
  kill(process_, SIGCONT);
}

std::string ZooKeeperServer::answer_to(const char* four_letter_word) const {
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  // While nobody listens yet, a connection may be given the very port that it is for, and then talks to
  // itself; and a server that is stopped in mid-answer would be waited for without end.
  const timeval limit{.tv_sec = 1, .tv_usec = 0};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  const sockaddr_in address = loopback(port_);
  std::string reply;
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
      send(descriptor, four_letter_word, 4, MSG_NOSIGNAL) == 4) {
    char buffer[1024];
    for (ssize_t count = 0; (count = recv(descriptor, buffer, sizeof(buffer), 0)) > 0;) {
      reply.append(buffer, static_cast<std::size_t>(count));
    }
  }
  close(descriptor);
  return reply;
}

}  // namespace tests
