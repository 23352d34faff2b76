#pragma once

#include <cstdint>
#include <string>

#include "sim/base/described.h"
#include "sim/base/id.h"

// ZooKeeper's numbers, each with its own type, and the two records of a znode's history that they
// make: what a server stores (`PersistedStat`) and what it shows to clients (`Stat`). zookeeper.md
// §1.2, §1.3.
namespace zk {

// Position of a transaction in the one order of an ensemble: the leader's epoch above, a counter
// below. Compared as a signed number, like ZooKeeper does.
struct ZxidTag {};
class Zxid : public sim::Ordinal<ZxidTag, std::int64_t> {
 public:
  using Ordinal::Ordinal;
  constexpr Zxid(Ordinal from) : Ordinal(from) {}  // NOLINT: next() and plus() stay zxids
  static constexpr Zxid of(std::uint32_t epoch, std::uint32_t counter) {
    return Zxid(static_cast<std::int64_t>((std::uint64_t{epoch} << 32) | counter));
  }
  constexpr std::uint32_t epoch() const {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(value()) >> 32);
  }
  constexpr std::uint32_t counter() const { return static_cast<std::uint32_t>(value()); }
};
// "0x1f3": as ZooKeeper prints a zxid, without padding.
std::string describe(Zxid zxid);

// 64 bits; the topmost byte is the id of the server that opened the session.
struct SessionIdTag {};
using SessionId = sim::Id<SessionIdTag, std::int64_t>;
constexpr SessionId kNoSession{0};

// Milliseconds since 1970, stamped by the leader into a transaction.
struct WallTimeTag {};
using WallTime = sim::Ordinal<WallTimeTag, std::int64_t>;

// How often a znode's data was set. Wraps from the largest to the smallest number and skips -1.
struct DataVersionTag {};
using DataVersion = sim::Ordinal<DataVersionTag, std::int32_t>;
// Stored: how many children were ever created. Shown: creations plus deletions.
struct ChildVersionTag {};
using ChildVersion = sim::Ordinal<ChildVersionTag, std::int32_t>;
// How often a znode's ACL was set.
struct AclVersionTag {};
using AclVersion = sim::Ordinal<AclVersionTag, std::int32_t>;

// In a request: whatever the version is.
constexpr DataVersion kAnyVersion{-1};

// What a server stores about a znode, in the order of the record `StatPersisted` (60 bytes).
struct PersistedStat {
  Zxid czxid;  // created by
  Zxid mzxid;  // data last set by; setACL changes no zxid
  WallTime ctime;
  WallTime mtime;
  DataVersion version;
  ChildVersion cversion;  // creations of children only
  AclVersion aversion;
  SessionId ephemeral_owner;  // a session, none, or an encoded container or TTL: see `owner_kind`
  Zxid pzxid;                 // a child was last created or deleted by; at first the czxid
  auto operator<=>(const PersistedStat&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("czxid", &PersistedStat::czxid), field("mzxid", &PersistedStat::mzxid),
                 field("ctime", &PersistedStat::ctime), field("mtime", &PersistedStat::mtime),
                 field("version", &PersistedStat::version),
                 field("cversion", &PersistedStat::cversion),
                 field("aversion", &PersistedStat::aversion),
                 field("ephemeralOwner", &PersistedStat::ephemeral_owner),
                 field("pzxid", &PersistedStat::pzxid));
  }
};

// What clients see, in the order of the record `Stat` (68 bytes).
struct Stat {
  Zxid czxid;
  Zxid mzxid;
  WallTime ctime;
  WallTime mtime;
  DataVersion version;
  ChildVersion cversion;  // 2 * stored - children: creations plus deletions
  AclVersion aversion;
  SessionId ephemeral_owner;  // 0 for persistent znodes, containers and TTL znodes
  std::int32_t data_length = 0;
  std::int32_t num_children = 0;
  Zxid pzxid;
  auto operator<=>(const Stat&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(
        field("czxid", &Stat::czxid), field("mzxid", &Stat::mzxid), field("ctime", &Stat::ctime),
        field("mtime", &Stat::mtime), field("version", &Stat::version),
        field("cversion", &Stat::cversion), field("aversion", &Stat::aversion),
        field("ephemeralOwner", &Stat::ephemeral_owner), field("dataLength", &Stat::data_length),
        field("numChildren", &Stat::num_children), field("pzxid", &Stat::pzxid));
  }
};

// What the 64 bits of an ephemeral owner say about a znode (zookeeper.md §1.4, EphemeralType).
enum class OwnerKind : std::uint8_t {
  Persistent,
  Ephemeral,
  Container,
  Ttl
};
OwnerKind owner_kind(SessionId owner);
constexpr SessionId kContainerOwner{INT64_MIN};
// Requires 0 < ttl_ms < 2^40.
SessionId ttl_owner(std::int64_t ttl_ms);
// The TTL of a TTL znode. Requires owner_kind(owner) == Ttl.
std::int64_t ttl_ms(SessionId owner);

// The stat that clients see of a znode with these children and this much data.
Stat shown(const PersistedStat& stat, std::int32_t data_length, std::int32_t num_children);

}  // namespace zk
