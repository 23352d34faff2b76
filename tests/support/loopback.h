#pragma once

#include <netinet/in.h>

#include <cstdint>

namespace tests {

// 127.0.0.1 at a port; 0 lets the kernel choose one.
inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace tests
