#pragma once

#include <cstdint>
#include <string>

namespace zk::live {

// Why a connection may have failed, found out by plain sockets after the fact: for a message that
// helps.
enum class Probe : std::uint8_t {
  UnknownHost,  // none of the names has an address
  NobodyListens,
  Listens,
  SpeaksTls
};

// Tries each host of "host:port,…[/chroot]" for at most two seconds; the most telling answer wins.
Probe probe(const std::string& hosts);

}  // namespace zk::live
