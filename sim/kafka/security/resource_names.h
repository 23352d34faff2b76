#pragma once

#include <functional>
#include <set>
#include <string_view>
#include <vector>

#include "sim/kafka/security/acl.h"

namespace sim {

// The names of ACLs that are alike but for the name, as authorizeByResourceType compares what
// allows with what denies: an allowed name is of no use if a denied one is the same, or a denied
// prefix begins it. Holds views of what it is given.
class ResourceNames {
 public:
  // Of a pattern type that is neither LITERAL nor PREFIXED Kafka takes no notice.
  void add(const ResourceAcl& acl) {
    const ResourcePattern& pattern = acl.pattern;
    if (pattern.pattern_type == PatternType::Literal) literals_.insert(pattern.name);
    if (pattern.pattern_type == PatternType::Prefixed) prefixes_.insert(pattern.name);
    if (pattern.pattern_type == PatternType::Literal ||
        pattern.pattern_type == PatternType::Prefixed)
      acls_.push_back(&acl);
  }

  // The first of these that `denied` does not cover, or null. Every resource counts as more than
  // any denial covers: that all of them are denied must have been looked at before.
  const ResourceAcl* first_not_within(const ResourceNames& denied) const {
    for (const ResourceAcl* acl : acls_) {
      const bool literal = acl->pattern.pattern_type == PatternType::Literal;
      const std::string_view name = acl->pattern.name;
      if (literal && name == kWildcard) return acl;
      if (literal && denied.literals_.contains(name)) continue;
      if (!denied.begins(name)) return acl;
    }
    return nullptr;
  }

 private:
  bool begins(std::string_view name) const {
    for (std::size_t length = 1; length <= name.size(); ++length) {
      if (prefixes_.contains(name.substr(0, length))) return true;
    }
    return false;
  }

  std::set<std::string_view> literals_;
  std::set<std::string_view> prefixes_;
  std::vector<const ResourceAcl*> acls_;
};

}  // namespace sim
