#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kafka/security/acl.h"

// Random ACLs and requests: half of them tell a row of the truth table of brokers.md §5.4 with
// other names, the rest are drawn from few names so that they meet, and a few are such as no tool
// would write.
namespace tools {

struct AclQuestion {
  sim::RequestContext context;
  sim::AclOperation operation = sim::AclOperation::Read;
  sim::AclResourceType type = sim::AclResourceType::Topic;
  std::optional<std::string> name;  // none: of the resource type
  std::string row = {};             // of the truth table, if it tells one
  std::string expected = {};        // what that row says
  bool operator==(const AclQuestion&) const = default;
};

struct AclCase {
  std::optional<std::string> super_users;
  std::optional<std::string> allow_everyone;
  bool loaded = true;  // StandardAuthorizer has had its initial load
  bool through_zookeeper = false;
  std::vector<sim::ResourceAcl> acls;
  std::vector<AclQuestion> questions;
};

AclCase make_case(std::uint64_t seed, std::uint64_t set);

struct TruthTableRow {
  std::string_view id;
  std::string_view story;
};
inline constexpr std::array<TruthTableRow, 27> kTruthTable{{
    {"1", "no ACL on matching patterns: denied"},
    {"1e", "the same with allow.everyone: allowed"},
    {"2r", "ALLOW READ: READ allowed"},
    {"2d", "ALLOW READ: DESCRIBE allowed"},
    {"2w", "ALLOW READ: WRITE denied"},
    {"3", "ALLOW READ and DENY READ: READ denied"},
    {"4d", "ALLOW ALL on a prefix, DENY WRITE to all on one name: WRITE to that name denied"},
    {"4a", "the same: WRITE to another name allowed"},
    {"5", "DENY READ: DESCRIBE denied, as nothing allows it"},
    {"5e", "the same with allow.everyone: denied, as there is an ACL"},
    {"6", "ALLOW READ to somebody else, allow.everyone: READ denied"},
    {"7", "DENY ALL to all on *: a super user is allowed"},
    {"8d", "ALLOW WRITE from one host: from another denied"},
    {"8a", "the same: from that host allowed"},
    {"9d", "ALLOW ALTER: ALTER_CONFIGS denied"},
    {"9a", "ALLOW ALTER: DESCRIBE allowed"},
    {"10a", "ALLOW ALTER_CONFIGS: DESCRIBE_CONFIGS allowed"},
    {"10d", "ALLOW ALTER_CONFIGS: DESCRIBE denied"},
    {"11d", "ALLOW READ on *, DENY ALL on a prefix: READ below the prefix denied"},
    {"11a", "the same: READ elsewhere allowed"},
    {"12", "prefix * does not match another name: denied"},
    {"12e", "the same with allow.everyone: allowed"},
    {"i-w", "ALLOW WRITE: DESCRIBE allowed"},
    {"i-de", "ALLOW DELETE: DESCRIBE allowed"},
    {"i-ac", "ALLOW READ: DESCRIBE_CONFIGS denied"},
    {"u", "ALLOW to User:*: allowed to anyone of type User or not"},
    {"all", "ALLOW ALL: every operation allowed"},
}};

}  // namespace tools
