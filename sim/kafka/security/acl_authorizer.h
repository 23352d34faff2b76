#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kafka/persistent_tree.h"
#include "sim/kafka/security/acl.h"

namespace sim {

// All ACLs of one resource, as one znode holds them.
struct ResourceAcls : Counted {
  // An ACL whose principal has no colon cannot be here: Kafka does not read such a znode.
  ResourceAcls(ResourcePattern pattern, const std::vector<AccessControlEntry>& entries);

  ResourcePattern resource;
  std::vector<ResourceAcl> acls;
  std::uint64_t digest() const;
};

// kafka.security.authorizer.AclAuthorizer of Kafka 3.9: what a broker of ZooKeeper mode decides,
// from its copy of the znodes below /kafka-acl and /kafka-acl-extended (zk/acl_store.h reads them).
// A value: copies share their ACLs.
class AclAuthorizer {
 public:
  struct Config {
    std::set<KafkaPrincipal> super_users;
    bool allow_everyone_if_no_acl_found = false;
    bool operator==(const Config&) const = default;
  };
  // From the values of the two settings, or none. An error is what Kafka throws, and the broker
  // does not start.
  static std::expected<Config, std::string> configure(
      std::optional<std::string_view> super_users, std::optional<std::string_view> allow_everyone);

  explicit AclAuthorizer(Config config) : config_(std::move(config)) {}

  // What a change notification brings: the resource has these ACLs now, or none. Requires
  // principals with a colon.
  void update_cache(const ResourcePattern& resource,
                    const std::vector<AccessControlEntry>& entries);

  Authorization authorize(const RequestContext& context, const Action& action) const;
  Authorization authorize_by_resource_type(const RequestContext& context, AclOperation operation,
                                           AclResourceType type) const;

  const Config& config() const { return config_; }
  std::uint64_t digest() const { return acl_cache_.digest(); }

 private:
  // AclAuthorizer.ResourceOrdering: by type and pattern type, then names from the last to the
  // first.
  struct Position {
    AclResourceType resource_type;
    PatternType pattern_type;
    std::string_view name;
    std::strong_ordering operator<=>(const Position& other) const;
    bool operator==(const Position& other) const = default;
  };
  static Position position_of(const ResourceAcls& acls);

  struct Matching;
  Matching matching_acls(const ResourcePattern& resource) const;

  Config config_;
  PersistentTree<ResourceAcls, &AclAuthorizer::position_of> acl_cache_;
};

}  // namespace sim
