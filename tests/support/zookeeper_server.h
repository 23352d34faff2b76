#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <sys/types.h>

namespace tests {

// A real Apache ZooKeeper server on the loopback, for as long as this lives. It works on `data_dir`
// (the folder that holds version-2, or an empty one) and writes to it: give it a copy.
class ZooKeeperServer {
 public:
  struct Options {
    // Of the server's jars; empty: Debian's package.
    std::string class_path;
    std::string more_config;      // further lines of zoo.cfg
    std::uint16_t port = 0;       // for clients; 0: any that is free
    bool one_of_several = false;  // more_config has server.N lines: it serves when a quorum runs
  };
  // Starts it and, unless it is one of several, waits until it serves. Throws sim::Bug with the
  // server's last words when it does not.
  explicit ZooKeeperServer(const std::filesystem::path& data_dir);
  ZooKeeperServer(const std::filesystem::path& data_dir, const Options& options);
  ZooKeeperServer(const ZooKeeperServer&) = delete;
  ZooKeeperServer& operator=(const ZooKeeperServer&) = delete;
  ~ZooKeeperServer();

  // Whether Java and the server's jars are on this machine. Tests skip themselves where they are
  // not.
  static bool is_installed();

  void wait_until_it_serves();
  bool serves() const { return answer_to("srvr").find("Mode: ") != std::string::npos; }
  // Ends the process at once, as a machine does that loses its power.
  void kill_at_once();

  std::uint16_t port() const { return port_; }
  std::string address() const;  // "127.0.0.1:port"
  // What it says to a four-letter word, such as "mntr"; empty when it does not answer.
  std::string answer_to(const char* four_letter_word) const;
  // Freezes and thaws the process: a server that does not answer.
  void pause() const;
  void resume() const;

 private:
  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  pid_t process_ = -1;
};

// A port on the loopback that nobody listens on just now.
std::uint16_t free_port();

}  // namespace tests
