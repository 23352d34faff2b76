#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace zk::live {

// Where and how to connect.
struct ConnectOptions {
  std::string hosts;                       // "host:port[,host:port…][/chroot]", IPv6 in brackets
  std::string chroot;                      // appended to a chroot in `hosts`; empty or "/a/b"
  std::optional<std::string> digest_auth;  // "user:password"
  std::chrono::milliseconds session_timeout{30'000};
  std::chrono::milliseconds connect_timeout{15'000};
};

// What a person can do whose ensemble this client cannot talk to (no TLS, no SASL).
extern const char* const kCopyFilesInstead;

}  // namespace zk::live
