#include "zk/stat.h"

#include <fmt/format.h>

#include "sim/base/check.h"

namespace zk {
namespace {

constexpr std::uint64_t kExtendedMask = 0xff00'0000'0000'0000;
constexpr std::int64_t kTtlLimit = std::int64_t{1} << 40;

}  // namespace

std::string describe(Zxid zxid) {
  return fmt::format("0x{:x}", static_cast<std::uint64_t>(zxid.value()));
}

OwnerKind owner_kind(SessionId owner) {
  if (owner == kNoSession) return OwnerKind::Persistent;
  if (owner == kContainerOwner) return OwnerKind::Container;
  // Simplified: a server that runs without zookeeper.extendedTypesEnabled takes these for sessions
  // of a server with id 255, which the others forbid.
  const auto bits = static_cast<std::uint64_t>(owner.value());
  return (bits & kExtendedMask) == kExtendedMask ? OwnerKind::Ttl : OwnerKind::Ephemeral;
}

SessionId ttl_owner(std::int64_t ttl_ms) {
  sim::check(ttl_ms > 0 && ttl_ms < kTtlLimit, "a TTL is between 1 ms and 2^40 - 1 ms");
  return SessionId(static_cast<std::int64_t>(kExtendedMask | static_cast<std::uint64_t>(ttl_ms)));
}

std::int64_t ttl_ms(SessionId owner) {
  sim::check(owner_kind(owner) == OwnerKind::Ttl, "only a TTL znode has a TTL");
  return owner.value() & (kTtlLimit - 1);
}

Stat shown(const PersistedStat& stat, std::int32_t data_length, std::int32_t num_children) {
  const bool has_session = owner_kind(stat.ephemeral_owner) == OwnerKind::Ephemeral;
  // Java's int arithmetic wraps around.
  const auto twice = 2 * static_cast<std::uint32_t>(stat.cversion.value());
  return {.czxid = stat.czxid,
          .mzxid = stat.mzxid,
          .ctime = stat.ctime,
          .mtime = stat.mtime,
          .version = stat.version,
          .cversion = ChildVersion(
              static_cast<std::int32_t>(twice - static_cast<std::uint32_t>(num_children))),
          .aversion = stat.aversion,
          .ephemeral_owner = has_session ? stat.ephemeral_owner : kNoSession,
          .data_length = data_length,
          .num_children = num_children,
          .pzxid = stat.pzxid};
}

}  // namespace zk
