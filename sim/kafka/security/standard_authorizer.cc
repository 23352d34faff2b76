#include "sim/kafka/security/standard_authorizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/base/digest.h"
#include "sim/kafka/security/java_order.h"
#include "sim/kafka/security/resource_names.h"

namespace sim {
namespace {

// ResourceType.fromCode and its kin: a number that 3.9 does not know is UNKNOWN.
template <class Enum>
Enum known(Enum value, Enum last) {
  return value < Enum{} || value > last ? Enum{} : value;
}

constexpr std::string_view kNoColon = "IllegalStateException: Could not parse principal";
constexpr std::string_view kNotLiteral =
    "IllegalArgumentException: Only literal resources are supported";
constexpr std::string_view kOutOfBounds = "StringIndexOutOfBoundsException";
constexpr std::string_view kNoBinding = "IllegalArgumentException: an ACL holds ANY or MATCH";

// True if the request's principal is one that the ACL names.
bool names(const StandardAcl& acl, const KafkaPrincipal& principal) {
  const std::string_view text = acl.binding.entry.principal;
  const std::string_view type = text.substr(0, *acl.colon);
  const std::string_view name = text.substr(*acl.colon + 1);
  return (type == principal.type && name == principal.name) ||
         (type == "User" && name == kWildcard);
}

bool names_host(const AccessControlEntry& entry, std::string_view host) {
  return entry.host == kWildcard || entry.host == host;
}

// ResourceAcl's constructors refuse what only a filter may say.
bool is_binding(const ResourceAcl& binding) {
  return binding.pattern.resource_type != AclResourceType::Any &&
         binding.pattern.pattern_type != PatternType::Any &&
         binding.pattern.pattern_type != PatternType::Match &&
         binding.entry.operation != AclOperation::Any &&
         binding.entry.permission_type != AclPermissionType::Any;
}

ResourceAcl binding_of(const Acl& record) {
  return {.pattern = {.resource_type = known(record.resource_type, AclResourceType::User),
                      .pattern_type = known(record.pattern_type, PatternType::Prefixed),
                      .name = record.resource_name},
          .entry = {.principal = record.principal,
                    .host = record.host,
                    .operation = known(record.operation, AclOperation::DescribeTokens),
                    .permission_type = known(record.permission_type, AclPermissionType::Allow)}};
}

}  // namespace

StandardAcl::StandardAcl(ResourceAcl acl) : binding(std::move(acl)) {
  const std::size_t at = binding.entry.principal.find(':');
  if (at != std::string::npos) colon = at;
}

std::uint64_t StandardAcl::digest() const {
  Digest digest;
  digest.add(static_cast<std::uint64_t>(binding.pattern.resource_type));
  digest.add(static_cast<std::uint64_t>(binding.pattern.pattern_type));
  digest.add(binding.pattern.name);
  digest.add(binding.entry.principal);
  digest.add(binding.entry.host);
  digest.add(static_cast<std::uint64_t>(binding.entry.operation));
  digest.add(static_cast<std::uint64_t>(binding.entry.permission_type));
  return digest.value();
}

std::strong_ordering StandardAcl::operator<=>(const StandardAcl& other) const {
  const auto& [pattern, entry] = binding;
  const auto& [their_pattern, theirs] = other.binding;
  const StandardAclPosition here{pattern.resource_type, pattern.name, pattern.pattern_type};
  if (const auto order = here <=> other; order != 0) return order;
  if (const auto order = entry.operation <=> theirs.operation; order != 0) return order;
  if (const auto order = java_compare(entry.principal, theirs.principal); order != 0) return order;
  if (const auto order = java_compare(entry.host, theirs.host); order != 0) return order;
  return entry.permission_type <=> theirs.permission_type;
}

std::strong_ordering StandardAclPosition::operator<=>(const StandardAcl& acl) const {
  const ResourcePattern& other = acl.binding.pattern;
  if (const auto order = resource_type <=> other.resource_type; order != 0) return order;
  if (const auto order = java_compare(other.name, name); order != 0) return order;
  return pattern_type <=> other.pattern_type;
}

std::strong_ordering StandardAclType::operator<=>(const StandardAcl& acl) const {
  const auto order = resource_type <=> acl.binding.pattern.resource_type;
  return order == 0 ? std::strong_ordering::less : order;
}

// ── Configuration and ACLs ──────────────────────────────────────────────────────────────────────

std::expected<StandardAuthorizer::Config, std::string> StandardAuthorizer::configure(
    std::optional<std::string_view> super_users, std::optional<std::string_view> allow_everyone) {
  Config config;
  for (const std::string_view each : java_split(super_users.value_or(""), ';')) {
    const std::string_view user = java_trim(each);
    if (user.empty()) continue;
    if (!parse_kafka_principal(user)) {
      return std::unexpected(
          fmt::format("expected a string in format principalType:principalName but got {}", user));
    }
    config.super_users.emplace(user);
  }
  // Boolean.parseBoolean: what is not "true" in some case is false.
  const std::string_view allow = java_trim(allow_everyone.value_or(""));
  constexpr std::string_view kTrue = "true";
  config.allow_everyone_if_no_acl_found = std::ranges::equal(
      allow, kTrue, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
  return config;
}

std::expected<StandardAuthorizer, std::string> StandardAuthorizer::of(Config config,
                                                                      const AclsPart& acls) {
  StandardAuthorizer authorizer(std::move(config));
  for (const Acl& acl : acls.acls) {
    if (auto added = authorizer.index(acl); !added) return std::unexpected(added.error());
  }
  authorizer.acls_by_id_ = acls;
  authorizer.complete_initial_load();
  return authorizer;
}

std::expected<void, std::string> StandardAuthorizer::add_acl(const Acl& record) {
  if (acls_by_id_.find(record.id) != nullptr) {
    return std::unexpected(fmt::format("An ACL with ID {} already exists.", record.id.describe()));
  }
  if (auto indexed = index(record); !indexed) return indexed;
  acls_by_id_.acls.emplace(record);
  return {};
}

std::expected<void, std::string> StandardAuthorizer::index(const Acl& record) {
  StandardAcl acl(binding_of(record));
  if (acls_.contains(acl)) {
    return std::unexpected(
        fmt::format("Unable to add the ACL with ID {} to aclsByResource", record.id.describe()));
  }
  acls_.emplace(std::move(acl));
  return {};
}

std::expected<void, std::string> StandardAuthorizer::remove_acl(Uuid id) {
  const Acl* const record = acls_by_id_.find(id);
  if (record == nullptr) {
    return std::unexpected(fmt::format("ID {} not found in aclsById.", id.describe()));
  }
  const bool known = acls_.erase(StandardAcl(binding_of(*record)));
  check(known, "an ACL that is known by its id stands among the ACLs in order");
  acls_by_id_.acls.erase(id);
  return {};
}

// ── Decisions ───────────────────────────────────────────────────────────────────────────────────

// MatchingRuleBuilder, and what the walk needs to know.
struct StandardAuthorizer::Search {
  const RequestContext& context;
  const Action& action;
  const StandardAcl* deny = nullptr;   // the first
  const StandardAcl* allow = nullptr;  // the last
  bool has_resource_acls = false;
  bool never_returns = false;
  std::string_view exception = {};

  bool over() const { return deny != nullptr || never_returns || !exception.empty(); }

  // StandardAuthorizerData.findResult, of an ACL that is about the resource.
  void look_at(const StandardAcl& acl) {
    has_resource_acls = true;
    if (!acl.colon) {
      exception = kNoColon;
      return;
    }
    const AccessControlEntry& entry = acl.binding.entry;
    if (!names(acl, context.principal) || !names_host(entry, context.host)) return;
    // What is neither ALLOW nor DENY, because a znode had a word that Kafka does not know, counts
    // as DENY here.
    const bool allows = entry.permission_type == AclPermissionType::Allow;
    const bool about_operation =
        allows ? implies(entry.operation, action.operation)
               : entry.operation == AclOperation::All || entry.operation == action.operation;
    if (about_operation) (allows ? allow : deny) = &acl;
  }
};

// StandardAuthorizerData.checkSection: from `from` on through all ACLs of the type whose names are
// prefixes of the resource's; where a name is none, on to the next that can be one.
void StandardAuthorizer::check_section(StandardAclPosition from, Search& search) const {
  const ResourcePattern& resource = search.action.resource;
  auto at = acls_.lower_bound(from);
  while (at != acls_.end() && !search.over()) {
    const ResourcePattern& pattern = at->binding.pattern;
    if (pattern.resource_type != resource.resource_type) return;
    const bool literal = pattern.pattern_type == PatternType::Literal;
    if (std::string_view(resource.name).starts_with(pattern.name)) {
      // Kafka skips "*" as well here, where the resource's name begins with it.
      if (!literal || pattern.name.size() == resource.name.size()) search.look_at(*at);
      ++at;
    } else if (literal && pattern.name == kWildcard) {
      search.look_at(*at);
      ++at;
    } else {
      // The position's name is cut to what both have in common. In the walk from "*" on it is not
      // the resource's name: it may be too short to be cut, and cut to itself it leads back to
      // where the walk has come from.
      const CommonPrefix same = common_prefix(resource.name, pattern.name);
      const std::size_t units = common_prefix(from.name, from.name).units;
      if (same.units > units) {
        search.exception = kOutOfBounds;
        return;
      }
      if (same.bytes == from.name.size()) {
        search.never_returns = true;
        return;
      }
      from.name = from.name.substr(0, same.bytes);
      at = acls_.lower_bound(from);
    }
  }
}

Authorization StandardAuthorizer::authorize(const RequestContext& context,
                                            const Action& action) const {
  using enum AuthorizationOutcome;
  if (action.resource.pattern_type != PatternType::Literal) {
    return {.outcome = Throws, .exception = kNotLiteral};
  }
  if (config_.super_users.contains(to_string(context.principal))) {
    return {.outcome = Allowed, .rule = AuthorizationRule::SuperUser};
  }
  if (!loading_complete_) return {.outcome = NotReady};

  Search search{.context = context, .action = action};
  const AclResourceType type = action.resource.resource_type;
  check_section({type, action.resource.name, PatternType::Unknown}, search);
  if (!search.over()) check_section({type, kWildcard, PatternType::Literal}, search);

  if (search.never_returns) return {.outcome = NeverReturns};
  if (!search.exception.empty()) return {.outcome = Throws, .exception = search.exception};
  const auto by_acl = [](AuthorizationOutcome outcome, const StandardAcl& acl) {
    return Authorization{
        .outcome = outcome, .rule = AuthorizationRule::MatchingAcl, .acl = &acl.binding};
  };
  if (search.deny != nullptr) return by_acl(Denied, *search.deny);
  if (search.allow != nullptr) return by_acl(Allowed, *search.allow);
  if (search.has_resource_acls) return {.outcome = Denied, .rule = AuthorizationRule::NoMatch};
  return {.outcome = config_.allow_everyone_if_no_acl_found ? Allowed : Denied,
          .rule = AuthorizationRule::NoAcls};
}

// Authorizer.authorizeByResourceType, which StandardAuthorizer does not override.
Authorization StandardAuthorizer::authorize_by_resource_type(const RequestContext& context,
                                                             AclOperation operation,
                                                             AclResourceType type) const {
  using enum AuthorizationOutcome;
  if (const auto refusal = refusal_of_resource_type(operation, type)) {
    return {.outcome = Throws, .exception = *refusal};
  }
  // A name of Kafka's choice, for the sake of super users; whoever may use a resource of that name
  // passes as well.
  const Authorization hardcode = authorize(
      context, {.operation = operation, .resource = {.resource_type = type, .name = "hardcode"}});
  if (hardcode.outcome != Denied) return hardcode;
  if (!std::ranges::all_of(acls_, [](const StandardAcl& acl) { return is_binding(acl.binding); })) {
    return {.outcome = Throws, .exception = kNoBinding};
  }

  ResourceNames denied;
  ResourceNames allowed;
  for (auto at = acls_.lower_bound(StandardAclType{type}); at != acls_.end(); ++at) {
    const auto& [pattern, entry] = at->binding;
    if (pattern.resource_type != type) break;
    if (!names_host(entry, context.host)) continue;
    if (!at->colon) return {.outcome = Throws, .exception = kNoColon};
    if (!names(*at, context.principal)) continue;
    if (entry.operation != operation && entry.operation != AclOperation::All) continue;
    if (entry.permission_type == AclPermissionType::Deny) {
      if (pattern.pattern_type == PatternType::Literal && pattern.name == kWildcard) {
        return {.outcome = Denied, .rule = AuthorizationRule::MatchingAcl, .acl = &at->binding};
      }
      denied.add(at->binding);
    } else if (entry.permission_type == AclPermissionType::Allow) {
      allowed.add(at->binding);
    }
  }
  const ResourceAcl* const acl = allowed.first_not_within(denied);
  if (acl == nullptr) return {.outcome = Denied, .rule = AuthorizationRule::NoMatch};
  return {.outcome = Allowed, .rule = AuthorizationRule::MatchingAcl, .acl = acl};
}

}  // namespace sim
