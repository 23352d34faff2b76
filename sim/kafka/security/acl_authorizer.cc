#include "sim/kafka/security/acl_authorizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/base/check.h"
#include "sim/base/digest.h"
#include "sim/kafka/security/java_order.h"
#include "sim/kafka/security/resource_names.h"

namespace sim {
namespace {

constexpr std::string_view kOnlyLiteral =
    "IllegalArgumentException: Only literal resources are supported";

// The session's principal is compared with the ACL's type and name for an action, and as text for a
// resource type.
bool is_about(const AccessControlEntry& entry, const KafkaPrincipal& principal) {
  const std::string_view text = entry.principal;
  if (text == "User:*") return true;
  const std::size_t colon = text.find(':');
  return text.substr(0, colon) == principal.type && text.substr(colon + 1) == principal.name;
}

bool is_about_host(const AccessControlEntry& entry, std::string_view host) {
  return entry.host == kWildcard || entry.host == host;
}

bool equal_ignoring_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

}  // namespace

ResourceAcls::ResourceAcls(ResourcePattern pattern, const std::vector<AccessControlEntry>& entries)
    : resource(std::move(pattern)) {
  acls.reserve(entries.size());
  for (const AccessControlEntry& entry : entries) {
    check(entry.principal.find(':') != std::string::npos, "a principal of a znode has a colon");
    acls.push_back({.pattern = resource, .entry = entry});
  }
}

std::uint64_t ResourceAcls::digest() const {
  Digest digest;
  digest.add(static_cast<std::uint64_t>(resource.resource_type));
  digest.add(static_cast<std::uint64_t>(resource.pattern_type));
  digest.add(resource.name);
  for (const ResourceAcl& acl : acls) {
    digest.add(acl.entry.principal);
    digest.add(acl.entry.host);
    digest.add(static_cast<std::uint64_t>(acl.entry.operation));
    digest.add(static_cast<std::uint64_t>(acl.entry.permission_type));
  }
  return digest.value();
}

std::strong_ordering AclAuthorizer::Position::operator<=>(const Position& other) const {
  if (const auto order = resource_type <=> other.resource_type; order != 0) return order;
  if (const auto order = pattern_type <=> other.pattern_type; order != 0) return order;
  return java_compare(other.name, name);
}

AclAuthorizer::Position AclAuthorizer::position_of(const ResourceAcls& acls) {
  return {acls.resource.resource_type, acls.resource.pattern_type, acls.resource.name};
}

std::expected<AclAuthorizer::Config, std::string> AclAuthorizer::configure(
    std::optional<std::string_view> super_users, std::optional<std::string_view> allow_everyone) {
  Config config;
  if (super_users && !super_users->empty()) {
    // Unlike StandardAuthorizer's, an empty piece ("User:a;;User:b") is an error.
    for (const std::string_view each : java_split(*super_users, ';')) {
      const std::string_view user = java_trim(each);
      auto principal = parse_kafka_principal(user);
      if (!principal) {
        return std::unexpected(fmt::format(
            "expected a string in format principalType:principalName but got {}", user));
      }
      config.super_users.insert(*std::move(principal));
    }
  }
  if (!allow_everyone) return config;
  // Scala's toBoolean: unlike StandardAuthorizer's, what is neither "true" nor "false" is an error.
  const std::string_view allow = java_trim(*allow_everyone);
  config.allow_everyone_if_no_acl_found = equal_ignoring_case(allow, "true");
  if (!config.allow_everyone_if_no_acl_found && !equal_ignoring_case(allow, "false")) {
    return std::unexpected(fmt::format("For input string: \"{}\"", allow));
  }
  return config;
}

void AclAuthorizer::update_cache(const ResourcePattern& resource,
                                 const std::vector<AccessControlEntry>& entries) {
  if (entries.empty()) {
    acl_cache_.erase(Position{resource.resource_type, resource.pattern_type, resource.name});
  } else {
    acl_cache_.emplace(resource, entries);
  }
}

// AclAuthorizer.matchingAcls: the ACLs about a resource, those of prefixes first, then of "*", then
// of the name.
struct AclAuthorizer::Matching {
  std::vector<const ResourceAcls*> sources;

  const ResourceAcl* find(const RequestContext& context, AclPermissionType permission,
                          const auto& about_operation) const {
    for (const ResourceAcls* source : sources) {
      for (const ResourceAcl& acl : source->acls) {
        const AccessControlEntry& entry = acl.entry;
        if (entry.permission_type == permission && about_operation(entry.operation) &&
            is_about(entry, context.principal) && is_about_host(entry, context.host))
          return &acl;
      }
    }
    return nullptr;
  }
};

AclAuthorizer::Matching AclAuthorizer::matching_acls(const ResourcePattern& resource) const {
  Matching matching;
  const AclResourceType type = resource.resource_type;
  const std::string_view name = resource.name;
  // Kafka looks from the name down to its first character, so that an empty prefix begins the empty
  // name alone.
  std::string_view from = name;
  for (auto at = acl_cache_.lower_bound(Position{type, PatternType::Prefixed, from});
       at != acl_cache_.end();) {
    const ResourcePattern& pattern = at->resource;
    if (pattern.resource_type != type || pattern.pattern_type != PatternType::Prefixed) break;
    if (pattern.name.empty() && !name.empty()) break;
    if (name.starts_with(pattern.name)) {
      matching.sources.push_back(&*at);
      ++at;
      continue;
    }
    // No name between this one and what both have in common begins the resource's.
    from = from.substr(0, common_prefix(from, pattern.name).bytes);
    at = acl_cache_.lower_bound(Position{type, PatternType::Prefixed, from});
  }
  for (const std::string_view each : {kWildcard, name}) {
    const auto* const literal = acl_cache_.find(Position{type, PatternType::Literal, each});
    if (literal != nullptr) matching.sources.push_back(literal);
  }
  return matching;
}

Authorization AclAuthorizer::authorize(const RequestContext& context, const Action& action) const {
  using enum AuthorizationOutcome;
  if (action.resource.pattern_type != PatternType::Literal) {
    return {.outcome = Throws, .exception = kOnlyLiteral};
  }
  if (config_.super_users.contains(context.principal)) {
    return {.outcome = Allowed, .rule = AuthorizationRule::SuperUser};
  }
  const Matching acls = matching_acls(action.resource);
  if (acls.sources.empty()) {
    return {.outcome = config_.allow_everyone_if_no_acl_found ? Allowed : Denied,
            .rule = AuthorizationRule::NoAcls};
  }
  const auto* const deny = acls.find(context, AclPermissionType::Deny, [&](AclOperation operation) {
    return operation == action.operation || operation == AclOperation::All;
  });
  if (deny != nullptr) {
    return {.outcome = Denied, .rule = AuthorizationRule::MatchingAcl, .acl = deny};
  }
  const auto* const allow =
      acls.find(context, AclPermissionType::Allow,
                [&](AclOperation operation) { return implies(operation, action.operation); });
  if (allow != nullptr) {
    return {.outcome = Allowed, .rule = AuthorizationRule::MatchingAcl, .acl = allow};
  }
  return {.outcome = Denied, .rule = AuthorizationRule::NoMatch};
}

Authorization AclAuthorizer::authorize_by_resource_type(const RequestContext& context,
                                                        AclOperation operation,
                                                        AclResourceType type) const {
  using enum AuthorizationOutcome;
  if (const auto refusal = refusal_of_resource_type(operation, type)) {
    return {.outcome = Throws, .exception = *refusal};
  }
  if (config_.super_users.contains(context.principal)) {
    return {.outcome = Allowed, .rule = AuthorizationRule::SuperUser};
  }
  const std::string principal = to_string(context.principal);
  ResourceNames denied;
  ResourceNames allowed;
  const ResourceAcl* all_denied = nullptr;
  for (auto at = acl_cache_.lower_bound(Position{type, PatternType::Unknown, ""});
       at != acl_cache_.end() && at->resource.resource_type == type; ++at) {
    for (const ResourceAcl& acl : at->acls) {
      const AccessControlEntry& entry = acl.entry;
      if (entry.principal != principal && entry.principal != "User:*") continue;
      if (!is_about_host(entry, context.host)) continue;
      if (entry.operation != operation && entry.operation != AclOperation::All) continue;
      if (entry.permission_type == AclPermissionType::Allow) allowed.add(acl);
      if (entry.permission_type != AclPermissionType::Deny) continue;
      denied.add(acl);
      const bool literal = at->resource.pattern_type == PatternType::Literal;
      if (literal && at->resource.name == kWildcard && all_denied == nullptr) all_denied = &acl;
    }
  }
  if (all_denied != nullptr) {
    return {.outcome = Denied, .rule = AuthorizationRule::MatchingAcl, .acl = all_denied};
  }
  // Unlike with StandardAuthorizer, whether there are ACLs does not matter here.
  if (config_.allow_everyone_if_no_acl_found) {
    return {.outcome = Allowed, .rule = AuthorizationRule::NoAcls};
  }
  const ResourceAcl* const acl = allowed.first_not_within(denied);
  if (acl == nullptr) return {.outcome = Denied, .rule = AuthorizationRule::NoMatch};
  return {.outcome = Allowed, .rule = AuthorizationRule::MatchingAcl, .acl = acl};
}

}  // namespace sim
