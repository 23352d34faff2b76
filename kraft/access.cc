// Who may do what, and who is who: ACLs and SCRAM credentials (AclControlManager, ScramControlManager).

#include <algorithm>
#include <set>

#include "kraft/area.h"

namespace kraft {

namespace {

constexpr sim::Site kAclId{"controller.acl_id"};

sim::AclBinding binding_of(const sim::Acl& acl) {
  return {.resource_type = acl.resource_type,
          .resource_name = acl.resource_name,
          .resource_pattern_type = acl.pattern_type,
          .principal = acl.principal,
          .host = acl.host,
          .operation = acl.operation,
          .permission_type = acl.permission_type};
}

bool complete(const sim::AclBinding& acl) {
  return acl.resource_type > sim::AclResourceType::Any && acl.operation > sim::AclOperation::Any &&
         acl.permission_type > sim::AclPermissionType::Any && !acl.resource_name.empty() &&
         (acl.resource_pattern_type == sim::PatternType::Literal ||
          acl.resource_pattern_type == sim::PatternType::Prefixed);
}

// MATCH finds every pattern that covers the name: the literal, the wildcard, and its prefixes.
bool name_matches(const sim::AclBinding& filter, const sim::AclBinding& acl) {
  using sim::PatternType;
  if (filter.resource_pattern_type == PatternType::Match && !filter.resource_name.empty()) {
    if (acl.resource_pattern_type == PatternType::Prefixed) {
      return filter.resource_name.starts_with(acl.resource_name);
    }
    return acl.resource_name == filter.resource_name || acl.resource_name == "*";
  }
  const bool any_pattern = filter.resource_pattern_type == PatternType::Any ||
                           filter.resource_pattern_type == PatternType::Match;
  return (any_pattern || filter.resource_pattern_type == acl.resource_pattern_type) &&
         (filter.resource_name.empty() || filter.resource_name == acl.resource_name);
}

bool matches(const sim::AclBinding& filter, const sim::AclBinding& acl) {
  return (filter.resource_type == sim::AclResourceType::Any || filter.resource_type == acl.resource_type) &&
         name_matches(filter, acl) &&
         (filter.principal.empty() || filter.principal == acl.principal) &&
         (filter.host.empty() || filter.host == acl.host) &&
         (filter.operation == sim::AclOperation::Any || filter.operation == acl.operation) &&
         (filter.permission_type == sim::AclPermissionType::Any ||
          filter.permission_type == acl.permission_type);
}

}  // namespace

Decision<sim::CreateAclsResponse> decide(Desk& desk, const sim::CreateAclsRequest& request) {
  Decision<sim::CreateAclsResponse> out{.response = {}};
  std::vector<sim::AclBinding> present;
  for (const sim::Acl& acl : desk.image().acls().acls) present.push_back(binding_of(acl));
  for (const sim::AclBinding& asked : request.creations) {
    if (!complete(asked)) {
      out.response.results.push_back({"", ErrorCode::InvalidRequest, "The ACL is not complete."});
      continue;
    }
    out.response.results.push_back({"", ErrorCode::None, ""});
    if (std::ranges::find(present, asked) != present.end()) continue;  // there already: nothing to write
    present.push_back(asked);
    sim::AccessControlEntryRecord record;
    record.id = random_uuid(desk.choices, kAclId, static_cast<std::uint64_t>(desk.settings.id.value()));
    record.resource_type = asked.resource_type;
    record.resource_name = asked.resource_name;
    record.pattern_type = asked.resource_pattern_type;
    record.principal = asked.principal;
    record.host = asked.host;
    record.operation = asked.operation;
    record.permission_type = asked.permission_type;
    out.records.push_back(desk.versioned(std::move(record)));
  }
  return out;
}

Decision<sim::DeleteAclsResponse> decide(Desk& desk, const sim::DeleteAclsRequest& request) {
  Decision<sim::DeleteAclsResponse> out{.response = {}};
  std::set<sim::Uuid> removed;
  for (const sim::AclBinding& filter : request.filters) {
    for (const sim::Acl& acl : desk.image().acls().acls) {
      if (matches(filter, binding_of(acl))) removed.insert(acl.id);
    }
    out.response.filter_results.push_back({"", ErrorCode::None, ""});
  }
  for (const sim::Uuid id : removed) {
    sim::RemoveAccessControlEntryRecord record;
    record.id = id;
    out.records.push_back(desk.versioned(std::move(record)));
  }
  return out;
}

// Simplified: the caller gives the derived keys as its salted password; the controller does not run HMAC.
Decision<sim::AlterUserScramCredentialsResponse> decide(
    Desk& desk, const sim::AlterUserScramCredentialsRequest& request) {
  Decision<sim::AlterUserScramCredentialsResponse> out{.response = {}};
  const bool supported = desk.supports(sim::MetadataGate::Scram);
  for (const auto& deletion : request.deletions) {
    const bool known = desk.image().scram().find(deletion.mechanism, deletion.name) != nullptr;
    const ErrorCode error = !supported ? ErrorCode::UnsupportedVersion
                            : known    ? ErrorCode::None
                                       : ErrorCode::ResourceNotFound;
    out.response.results.push_back({deletion.name, error, ""});
    if (error != ErrorCode::None) continue;
    sim::RemoveUserScramCredentialRecord record;
    record.name = deletion.name;
    record.mechanism = deletion.mechanism;
    out.records.push_back(desk.versioned(std::move(record)));
  }
  for (const auto& upsertion : request.upsertions) {
    const bool legal = !upsertion.name.empty() && upsertion.iterations >= 4096 && upsertion.iterations <= 16384;
    const ErrorCode error = !supported ? ErrorCode::UnsupportedVersion
                            : legal    ? ErrorCode::None
                                       : ErrorCode::UnacceptableCredential;
    out.response.results.push_back({upsertion.name, error, ""});
    if (error != ErrorCode::None) continue;
    sim::UserScramCredentialRecord record;
    record.name = upsertion.name;
    record.mechanism = upsertion.mechanism;
    record.salt = upsertion.salt;
    record.stored_key = upsertion.salted_password;
    record.server_key = upsertion.salted_password;
    record.iterations = upsertion.iterations;
    out.records.push_back(desk.versioned(std::move(record)));
  }
  return out;
}

}  // namespace kraft
