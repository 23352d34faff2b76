#include "tests/support/relay.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <vector>

#include "sim/base/check.h"
#include "tests/support/loopback.h"

namespace tests {

Relay::Relay(std::uint16_t server_port)
    : server_port_(server_port), listener_(socket(AF_INET, SOCK_STREAM, 0)), port_(0) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  const bool listens = bind(listener_, any, size) == 0 && listen(listener_, 16) == 0 &&
                       getsockname(listener_, any, &size) == 0;
  sim::check(listens, "the loopback has a free port");
  port_ = ntohs(address.sin_port);
  worker_ = std::thread([this] { work(); });
}

Relay::~Relay() {
  stop_ = true;
  worker_.join();
  for (const auto& [end, other] : other_end_) close(end);
  close(listener_);
}

std::string Relay::address() const {
  return fmt::format("127.0.0.1:{}", port_);
}

void Relay::work() {
  constexpr int kLookMs = 5;  // how soon a change of `blocked_` or `stop_` is seen
  while (!stop_) {
    if (blocked_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(kLookMs));
      continue;
    }
    std::vector<pollfd> ends{{listener_, POLLIN, 0}};
    for (const auto& [end, other] : other_end_) ends.push_back({end, POLLIN, 0});
    if (poll(ends.data(), ends.size(), kLookMs) <= 0 || blocked_) continue;
    if (ends.front().revents != 0) accept_one();
    for (std::size_t at = 1; at < ends.size(); ++at) {
      const auto pair = other_end_.find(ends[at].fd);
      if (ends[at].revents == 0 || pair == other_end_.end()) continue;
      if (!carry(pair->first, pair->second)) close_both(pair->first);
    }
  }
}

void Relay::accept_one() {
  const int client = accept(listener_, nullptr, nullptr);
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = loopback(server_port_);
  if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    close(server);
    close(client);
    return;
  }
  other_end_[client] = server;
  other_end_[server] = client;
}

bool Relay::carry(int from, int to) {
  std::array<char, 16384> buffer{};
  const ssize_t count = recv(from, buffer.data(), buffer.size(), 0);
  for (ssize_t sent = 0; sent < count;) {
    const ssize_t more =
        send(to, buffer.data() + sent, static_cast<std::size_t>(count - sent), MSG_NOSIGNAL);
    if (more <= 0) return false;
    sent += more;
  }
  return count > 0;
}

void Relay::close_both(int end) {
  const int other = other_end_.at(end);
  other_end_.erase(end);
  other_end_.erase(other);
  close(end);
  close(other);
}

}  // namespace tests
