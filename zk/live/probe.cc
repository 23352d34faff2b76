#include "zk/live/probe.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace zk::live {
namespace {

// A TLS 1.2 ClientHello with one cipher suite and no extensions: enough for any TLS server to
// answer with a record, be it a ServerHello or an alert.
constexpr std::array<std::uint8_t, 50> client_hello() {
  std::array<std::uint8_t, 50> bytes{0x16, 0x03, 0x01, 0x00, 0x2d,  // handshake record of 45 bytes
                                     0x01, 0x00, 0x00, 0x29,        // ClientHello of 41 bytes
                                     0x03, 0x03};      // TLS 1.2; then 32 bytes of "random"
  const std::array<std::uint8_t, 7> tail{0x00,         // no session id
                                         0x00, 0x02,   // two bytes of cipher suites
                                         0xc0, 0x2f,   // ECDHE-RSA-AES128-GCM-SHA256
                                         0x01, 0x00};  // no compression
  std::copy(tail.begin(), tail.end(), bytes.begin() + 43);
  return bytes;
}

struct HostPort {
  std::string host;
  std::string port;
};

std::vector<HostPort> split(std::string_view hosts) {
  hosts = hosts.substr(0, hosts.find('/'));
  std::vector<HostPort> found;
  while (!hosts.empty()) {
    const std::size_t comma = hosts.find(',');
    std::string_view one = hosts.substr(0, comma);
    hosts = comma == std::string_view::npos ? std::string_view() : hosts.substr(comma + 1);
    const std::size_t colon = one.rfind(':');
    if (colon == std::string_view::npos) continue;
    std::string_view host = one.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    found.push_back({std::string(host), std::string(one.substr(colon + 1))});
  }
  return found;
}

Probe probe_socket(int descriptor, const addrinfo& address) {
  const timeval limit{.tv_sec = 2, .tv_usec = 0};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  if (connect(descriptor, address.ai_addr, address.ai_addrlen) != 0) return Probe::NobodyListens;
  constexpr auto kHello = client_hello();
  std::uint8_t first = 0;
  const bool answered = send(descriptor, kHello.data(), kHello.size(), MSG_NOSIGNAL) > 0 &&
                        recv(descriptor, &first, 1, 0) == 1;
  const bool is_tls_record = first == 0x15 || first == 0x16;  // alert, handshake
  return answered && is_tls_record ? Probe::SpeaksTls : Probe::Listens;
}

Probe probe_host(const HostPort& target) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* addresses = nullptr;
  if (getaddrinfo(target.host.c_str(), target.port.c_str(), &hints, &addresses) != 0) {
    return Probe::UnknownHost;
  }
  Probe best = Probe::NobodyListens;
  for (const addrinfo* address = addresses; address != nullptr; address = address->ai_next) {
    const int descriptor = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
    if (descriptor < 0) continue;
    best = std::max(best, probe_socket(descriptor, *address));
    close(descriptor);
  }
  freeaddrinfo(addresses);
  return best;
}

}  // namespace

Probe probe(const std::string& hosts) {
  Probe best = Probe::UnknownHost;
  for (const HostPort& target : split(hosts)) best = std::max(best, probe_host(target));
  return best;
}

}  // namespace zk::live
