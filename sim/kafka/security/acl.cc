#include "sim/kafka/security/acl.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/check.h"

namespace sim {

std::string to_string(const KafkaPrincipal& principal) {
  return fmt::format("{}:{}", principal.type, principal.name);
}

std::optional<KafkaPrincipal> parse_kafka_principal(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return KafkaPrincipal{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

std::string_view name_of(AuthorizationOutcome outcome) {
  switch (outcome) {
    using enum AuthorizationOutcome;
    case Allowed:
      return "ALLOWED";
    case Denied:
      return "DENIED";
    case NotReady:
      return "NOT_READY";
    case Throws:
      return "THROWS";
    case NeverReturns:
      return "NEVER_RETURNS";
  }
  unreachable("an outcome has a name");
}

bool implies(AclOperation granted, AclOperation asked) {
  using enum AclOperation;
  if (granted == asked || granted == All) return true;
  if (asked == Describe)
    return granted == Read || granted == Write || granted == Delete || granted == Alter;
  return asked == DescribeConfigs && granted == AlterConfigs;
}

std::vector<AclOperation> supported_operations(AclResourceType type) {
  using enum AclOperation;
  switch (type) {
    case AclResourceType::Topic:
      return {Read, Write, Create, Describe, Delete, Alter, DescribeConfigs, AlterConfigs};
    case AclResourceType::Group:
      return {Read, Describe, Delete};
    case AclResourceType::Cluster:
      return {Create,          ClusterAction, DescribeConfigs, AlterConfigs,
              IdempotentWrite, Alter,         Describe};
    case AclResourceType::TransactionalId:
      return {Describe, Write};
    case AclResourceType::DelegationToken:
      return {Describe};
    case AclResourceType::User:
      return {CreateTokens, DescribeTokens};
    case AclResourceType::Unknown:
    case AclResourceType::Any:
      break;
  }
  return {};
}

std::optional<std::string_view> refusal_of_resource_type(AclOperation operation,
                                                         AclResourceType type) {
  if (type == AclResourceType::Any)
    return "Must specify a non-filter resource type for authorizeByResourceType";
  if (type == AclResourceType::Unknown) return "Unknown resource type";
  if (operation == AclOperation::Any)
    return "Must specify a non-filter operation type for authorizeByResourceType";
  if (operation == AclOperation::Unknown) return "Unknown operation type";
  return std::nullopt;
}

std::optional<std::string> why_broker_refuses(const ResourceAcl& binding) {
  if (binding.pattern.resource_type == AclResourceType::Cluster &&
      binding.pattern.name != "kafka-cluster")
    return "The only valid name for the CLUSTER resource is kafka-cluster";
  if (binding.pattern.name.empty()) return "Invalid empty resource name";
  return std::nullopt;
}

std::optional<std::string> why_acl_authorizer_refuses(const ResourceAcl& binding) {
  const auto& [pattern, entry] = binding;
  if (pattern.resource_type == AclResourceType::Unknown ||
      pattern.pattern_type == PatternType::Unknown || entry.operation == AclOperation::Unknown ||
      entry.permission_type == AclPermissionType::Unknown)
    return "ACL binding contains unknown elements";
  if (pattern.name.find('/') != std::string::npos)
    return fmt::format("ACL binding contains invalid resource name: {}", pattern.name);
  if (!parse_kafka_principal(entry.principal))
    return fmt::format("expected a string in format principalType:principalName but got {}",
                       entry.principal);
  return std::nullopt;
}

std::optional<std::string> why_acl_control_manager_refuses(const ResourceAcl& binding) {
  const auto& [pattern, entry] = binding;
  if (pattern.resource_type <= AclResourceType::Any)
    return fmt::format("Invalid resourceType {}", name_of(pattern.resource_type));
  if (pattern.pattern_type != PatternType::Literal && pattern.pattern_type != PatternType::Prefixed)
    return fmt::format("Invalid patternType {}", name_of(pattern.pattern_type));
  if (entry.operation <= AclOperation::Any)
    return fmt::format("Invalid operation {}", name_of(entry.operation));
  if (entry.permission_type != AclPermissionType::Deny &&
      entry.permission_type != AclPermissionType::Allow)
    return fmt::format("Invalid permissionType {}", name_of(entry.permission_type));
  if (pattern.name.empty()) return "Resource name should not be empty";
  return std::nullopt;
}

std::string_view java_trim(std::string_view text) {
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= 0x20; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> java_split(std::string_view text, char at) {
  if (text.empty()) return {text};
  std::vector<std::string_view> pieces;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(at, from), text.size());
    pieces.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  while (!pieces.empty() && pieces.back().empty()) pieces.pop_back();
  return pieces;
}

}  // namespace sim
