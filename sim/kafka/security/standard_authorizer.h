#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "sim/kafka/image.h"
#include "sim/kafka/persistent_tree.h"
#include "sim/kafka/security/acl.h"

namespace sim {

// An ACL where StandardAuthorizer holds it. The order is Kafka's (StandardAcl.compareTo): by
// resource type, then names from the last to the first, so that a name's prefixes come after it.
struct StandardAcl : Counted {
  explicit StandardAcl(ResourceAcl acl);

  ResourceAcl binding;
  // Where the principal's type ends. Without a colon the ACL can be stored, and not be looked at:
  // Kafka throws then.
  std::optional<std::size_t> colon;

  std::uint64_t digest() const;
  std::strong_ordering operator<=>(const StandardAcl& other) const;
  bool operator==(const StandardAcl& other) const { return binding == other.binding; }
};

// Before each ACL of this type, name and pattern type, and after all that the order puts before
// those.
struct StandardAclPosition {
  AclResourceType resource_type;
  std::string_view name;
  PatternType pattern_type;
  std::strong_ordering operator<=>(const StandardAcl& acl) const;
};

// Before all ACLs of this type.
struct StandardAclType {
  AclResourceType resource_type;
  std::strong_ordering operator<=>(const StandardAcl& acl) const;
};

// org.apache.kafka.metadata.authorizer.StandardAuthorizer of Kafka 3.9: what a broker or controller
// of KRaft decides, from the ACLs of its metadata log. A value: copies share their ACLs.
//
//   AclsPart of an image ─► of ─┐                      ┌─► authorize
//   records ──► add_acl, remove_acl ─► ACLs in order ──┤
//   configs ──► configure ──────┘                      └─► authorize_by_resource_type
//
// It decides by walking its ACLs as Kafka's does, not by asking the rule of brokers.md §5.4 of
// each: the two are one but for names that sort before "*" and names that begin with it, where
// Kafka's walk skips the wildcard, throws, or goes round for ever.
class StandardAuthorizer {
 public:
  struct Config {
    std::set<std::string, std::less<>> super_users;  // as text: "User:alice"
    bool allow_everyone_if_no_acl_found = false;
    bool operator==(const Config&) const = default;
  };
  // From the values of the two settings, or none. An error is what Kafka throws, and the process
  // does not start.
  static std::expected<Config, std::string> configure(
      std::optional<std::string_view> super_users, std::optional<std::string_view> allow_everyone);

  explicit StandardAuthorizer(Config config) : config_(std::move(config)) {}
  // Loaded from an image. An error if two records of the image say the same: Kafka's snapshot load
  // fails then.
  static std::expected<StandardAuthorizer, std::string> of(Config config, const AclsPart& acls);

  // An error if the id is known, or another id has the same ACL.
  std::expected<void, std::string> add_acl(const Acl& record);
  std::expected<void, std::string> remove_acl(Uuid id);
  // Before it, all but super users are told to come again.
  void complete_initial_load() { loading_complete_ = true; }

  Authorization authorize(const RequestContext& context, const Action& action) const;
  // Whether the operation is allowed on at least one resource of the type. 3.9 asks it of WRITE on
  // topics alone, when a producer without IDEMPOTENT_WRITE wants an id.
  Authorization authorize_by_resource_type(const RequestContext& context, AclOperation operation,
                                           AclResourceType type) const;

  const Config& config() const { return config_; }
  std::size_t acl_count() const { return acls_by_id_.acls.size(); }
  std::uint64_t digest() const { return acls_.digest(); }

 private:
  static const StandardAcl& self(const StandardAcl& acl) { return acl; }
  using AclsByResource = PersistentTree<StandardAcl, &StandardAuthorizer::self>;

  struct Search;
  std::expected<void, std::string> index(const Acl& record);
  void check_section(StandardAclPosition from, Search& search) const;

  Config config_;
  bool loading_complete_ = false;
  AclsByResource acls_;
  AclsPart acls_by_id_;  // as records: shared with the image they came from
};

}  // namespace sim
