#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/described.h"
#include "sim/base/id.h"

// Who may do what with a znode. zookeeper.md §1.7.
namespace zk {

// Bits of `Acl::perms`.
enum class Perm : std::int32_t {
  Read = 1,
  Write = 2,
  Create = 4,
  Delete = 8,
  Admin = 16
};
constexpr std::int32_t kAllPerms = 31;

// A set of permissions for one identity: ("world", "anyone"), ("digest", "user:base64"), ("sasl",
// principal)...
struct Acl {
  std::int32_t perms = 0;
  std::string scheme;
  std::string id;
  auto operator<=>(const Acl&) const = default;
  constexpr bool allows(Perm perm) const { return (perms & static_cast<std::int32_t>(perm)) != 0; }
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("perms", &Acl::perms), field("scheme", &Acl::scheme), field("id", &Acl::id));
  }
};

// A znode's ACL. Order counts: ZooKeeper compares the lists element by element.
using AclList = std::vector<Acl>;

AclList open_acl_unsafe();  // world:anyone:ALL
AclList read_acl_unsafe();  // world:anyone:READ
AclList creator_all(std::string scheme, std::string id);

// "world:anyone:cdrwa", comma-separated: as zkCli prints them.
std::string describe(const AclList& list);

// Where a tree keeps the lists that its znodes share. A number is given to each list at first use,
// from 1 upwards, and is part of the bytes of a snapshot (ReferenceCountedACLCache).
struct AclIdTag {};
using AclId = sim::Id<AclIdTag, std::int64_t>;
// world:anyone:ALL, in no cache: what the znodes of a brand-new tree have.
constexpr AclId kOpenUnsafeAclId{-1};
// A list that is not known (yet): see disk/snapshot.h. Never in a file.
constexpr AclId kLostAclId{-2};

class AclCache {
 public:
  // The number of this list, one more znode using it.
  AclId use(const AclList& list);
  // One more znode uses the list of this number. False when there is no such list.
  bool use(AclId id);
  // One znode less; forgets the list when it was the last.
  void release(AclId id);
  // The list, or null when a number stands for none: a damaged snapshot.
  const AclList* find(AclId id) const;

  // As read from a snapshot: a list nobody uses yet.
  void add_unused(AclId id, AclList list);
  // Forgets the lists that nobody uses, as a server does after it read a snapshot.
  void purge_unused();

  struct Entry {
    AclList list;
    std::int64_t uses = 0;
    bool operator==(const Entry&) const = default;
  };
  const std::map<AclId, Entry>& entries() const { return entries_; }
  bool operator==(const AclCache&) const = default;

 private:
  std::map<AclId, Entry> entries_;
  std::map<AclList, AclId> ids_;
  std::int64_t last_id_ = 0;
};

}  // namespace zk
