#include "zk/message.h"

#include "sim/base/digest.h"

namespace zk {

std::string_view name_of(PeerState state) {
  switch (state) {
    case PeerState::Looking:
      return "LOOKING";
    case PeerState::Following:
      return "FOLLOWING";
    case PeerState::Leading:
      return "LEADING";
  }
  return "unknown";
}

std::string_view name_of(SyncMode mode) {
  switch (mode) {
    case SyncMode::Diff:
      return "DIFF";
    case SyncMode::Trunc:
      return "TRUNC";
    case SyncMode::Snap:
      return "SNAP";
  }
  return "unknown";
}

std::string_view name_of(Asked asked) {
  switch (asked) {
    case Asked::Operation:
      return "operation";
    case Asked::NewSession:
      return "createSession";
    case Asked::EndOfSession:
      return "closeSession";
    case Asked::Barrier:
      return "sync";
  }
  return "unknown";
}

std::uint64_t password_of(SessionId session) {
  constexpr std::uint64_t kSuperSecret = 0xB3415C00;  // ZooKeeperServer.superSecret
  return sim::Digest::mix(static_cast<std::uint64_t>(session.value()) ^ kSuperSecret);
}

}  // namespace zk
