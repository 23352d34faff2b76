#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kafka/record_enums.h"

// What both authorizers speak of: who asks, for what, and what an ACL says (brokers.md §5.4). How
// each of the two decides is in `acl_authorizer.h` (ZooKeeper mode) and `standard_authorizer.h`
// (KRaft).
namespace sim {

// Matches every name of a resource type, every principal of type User, every host.
inline constexpr std::string_view kWildcard = "*";

// org.apache.kafka.common.security.auth.KafkaPrincipal
struct KafkaPrincipal {
  std::string type;
  std::string name;
  auto operator<=>(const KafkaPrincipal&) const = default;
};
std::string to_string(const KafkaPrincipal& principal);  // "User:alice"
// SecurityUtils.parseKafkaPrincipal: the type ends at the first colon, the name is the rest, and
// either may be empty. Nothing if there is no colon.
std::optional<KafkaPrincipal> parse_kafka_principal(std::string_view text);

// What ACLs are about (org.apache.kafka.common.resource.ResourcePattern).
struct ResourcePattern {
  AclResourceType resource_type = AclResourceType::Unknown;
  PatternType pattern_type = PatternType::Literal;
  std::string name;
  auto operator<=>(const ResourcePattern&) const = default;
};

// org.apache.kafka.common.acl.AccessControlEntry
struct AccessControlEntry {
  std::string principal;
  std::string host;
  AclOperation operation = AclOperation::Unknown;
  AclPermissionType permission_type = AclPermissionType::Unknown;
  auto operator<=>(const AccessControlEntry&) const = default;
};

// A resource and one entry about it: AclBinding to Kafka, and to rpc_admin.h, which has it flat.
struct ResourceAcl {
  ResourcePattern pattern;
  AccessControlEntry entry;
  auto operator<=>(const ResourceAcl&) const = default;
};

// As much of an AuthorizableRequestContext as decides.
struct RequestContext {
  KafkaPrincipal principal;
  std::string host;  // as InetAddress.getHostAddress prints it: 10.0.0.1, 0:0:0:0:0:0:0:1
  bool operator==(const RequestContext&) const = default;
};

// org.apache.kafka.server.authorizer.Action. Brokers ask about literal resources alone.
struct Action {
  AclOperation operation = AclOperation::Unknown;
  ResourcePattern resource;
  bool operator==(const Action&) const = default;
};

// What comes of asking an authorizer.
enum class AuthorizationOutcome : std::uint8_t {
  Allowed,
  Denied,
  NotReady,      // AuthorizerNotReadyException: retriable
  Throws,        // any other exception: the client sees UNKNOWN_SERVER_ERROR
  NeverReturns,  // the request handler's thread is lost until the process restarts
};

// Why (StandardAuthorizerData.MatchingRule).
enum class AuthorizationRule : std::uint8_t {
  SuperUser,
  MatchingAcl,
  NoAcls,   // no ACL is about the resource: allow.everyone.if.no.acl.found decides
  NoMatch,  // ACLs are about the resource, and none of them is about this request
  None,     // it never came to a rule
};

struct Authorization {
  AuthorizationOutcome outcome = AuthorizationOutcome::Denied;
  AuthorizationRule rule = AuthorizationRule::None;
  // With MatchingAcl; lives as long as the authorizer is not changed.
  const ResourceAcl* acl = nullptr;
  std::string_view exception = {};  // with Throws: what Kafka throws

  bool allowed() const { return outcome == AuthorizationOutcome::Allowed; }
};
std::string_view name_of(AuthorizationOutcome outcome);

// True if an ALLOW of `granted` allows `asked` (AclOperation's inheritance). It does not hold for
// DENY.
bool implies(AclOperation granted, AclOperation asked);

// AclEntry.supportedOperations: what tools let one grant on such a resource. Neither authorizer
// looks at it.
std::vector<AclOperation> supported_operations(AclResourceType type);

// SecurityUtils.authorizeByResourceTypeCheckArgs: what it throws, or nothing.
std::optional<std::string_view> refusal_of_resource_type(AclOperation operation,
                                                         AclResourceType type);

// Why a binding cannot be created, or nothing. The broker refuses some before it asks its
// authorizer (AclApis); of the rest AclAuthorizer.createAcls refuses less or more than
// AclControlManager.validateNewAcl.
std::optional<std::string> why_broker_refuses(const ResourceAcl& binding);
std::optional<std::string> why_acl_authorizer_refuses(const ResourceAcl& binding);
std::optional<std::string> why_acl_control_manager_refuses(const ResourceAcl& binding);

// The settings of an authorizer, as each of the two reads them.
inline constexpr std::string_view kSuperUsers = "super.users";
inline constexpr std::string_view kAllowEveryoneIfNoAclFound = "allow.everyone.if.no.acl.found";

// Java's String.trim: what is not above U+0020 goes, at both ends.
std::string_view java_trim(std::string_view text);
// Java's String.split of one character: nothing that is empty stands at the end, but "" is one
// empty piece.
std::vector<std::string_view> java_split(std::string_view text, char at);

}  // namespace sim
