#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <thread>

namespace tests {

// A way on the loopback to a server that can be blocked: while it is, connections stay open and nothing gets through, as
// on a network that drops everything. What was under way arrives once it is free again.
class Relay {
 public:
  explicit Relay(std::uint16_t server_port);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay();

  std::string address() const;  // "127.0.0.1:port"
  void block() { blocked_ = true; }
  void unblock() { blocked_ = false; }

 private:
  void work();
  void accept_one();
  // Carries what has arrived to the other end; false when this end is closed.
  static bool carry(int from, int to);
  void close_both(int end);

  std::uint16_t server_port_;
  int listener_;
  std::uint16_t port_;
  std::map<int, int> other_end_;  // of each connection, both ways
  std::atomic<bool> blocked_{false};
  std::atomic<bool> stop_{false};
  std::thread worker_;
};

}  // namespace tests
