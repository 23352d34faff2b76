#include "zk/acl.h"

#include <algorithm>
#include <utility>

namespace zk {

AclList open_acl_unsafe() {
  return {{kAllPerms, "world", "anyone"}};
}
AclList read_acl_unsafe() {
  return {{static_cast<std::int32_t>(Perm::Read), "world", "anyone"}};
}
AclList creator_all(std::string scheme, std::string id) {
  return {{kAllPerms, std::move(scheme), std::move(id)}};
}

std::string describe(const AclList& list) {
  constexpr std::pair<Perm, char> kLetters[] = {{Perm::Create, 'c'},
                                                {Perm::Delete, 'd'},
                                                {Perm::Read, 'r'},
                                                {Perm::Write, 'w'},
                                                {Perm::Admin, 'a'}};
  std::string text;
  for (const Acl& acl : list) {
    if (!text.empty()) text += ',';
    text += acl.scheme + ':' + acl.id + ':';
    for (const auto& [perm, letter] : kLetters) {
      if (acl.allows(perm)) text += letter;
    }
  }
  return text;
}

AclId AclCache::use(const AclList& list) {
  const auto known = ids_.find(list);
  if (known != ids_.end()) {
    ++entries_.at(known->second).uses;
    return known->second;
  }
  const AclId id(++last_id_);
  entries_.emplace(id, Entry{list, 1});
  ids_.emplace(list, id);
  return id;
}

bool AclCache::use(AclId id) {
  if (id == kOpenUnsafeAclId) return true;
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return false;
  ++entry->second.uses;
  return true;
}

void AclCache::release(AclId id) {
  const auto entry = entries_.find(id);
  if (entry == entries_.end() || --entry->second.uses > 0) return;
  ids_.erase(entry->second.list);
  entries_.erase(entry);
}

const AclList* AclCache::find(AclId id) const {
  static const AclList open = open_acl_unsafe();
  if (id == kOpenUnsafeAclId) return &open;
  const auto entry = entries_.find(id);
  return entry == entries_.end() ? nullptr : &entry->second.list;
}

void AclCache::add_unused(AclId id, AclList list) {
  // A server that reads an id twice keeps the later list, and one that reads a list twice the later
  // id.
  last_id_ = std::max(last_id_, id.value());
  ids_[list] = id;
  entries_[id] = Entry{std::move(list), 0};
}

void AclCache::purge_unused() {
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    if (entry->second.uses > 0) {
      ++entry;
      continue;
    }
    const auto id = ids_.find(entry->second.list);
    if (id != ids_.end() && id->second == entry->first) ids_.erase(id);
    entry = entries_.erase(entry);
  }
}

}  // namespace zk
