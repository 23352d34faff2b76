// Who may do what, and who is who: ACLs and SCRAM credentials (AclControlManager, ScramControlManager).

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "kraft/area.h"
#include "sim/kafka/scram.h"
#include "sim/kafka/security/acl.h"

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

// AclApis.handleCreateAcls first, which controllers answer by as well, then the manager itself.
std::optional<std::string> why_refused(const sim::AclBinding& asked) {
  const sim::ResourceAcl acl{
      .pattern = {asked.resource_type, asked.resource_pattern_type, asked.resource_name},
      .entry = {asked.principal, asked.host, asked.operation, asked.permission_type}};
  auto why = sim::why_broker_refuses(acl);
  return why ? why : sim::why_acl_control_manager_refuses(acl);
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
  return (filter.resource_type == sim::AclResourceType::Any ||
          filter.resource_type == acl.resource_type) &&
         name_matches(filter, acl) &&
         (filter.principal.empty() || filter.principal == acl.principal) &&
         (filter.host.empty() || filter.host == acl.host) &&
         (filter.operation == sim::AclOperation::Any || filter.operation == acl.operation) &&
         (filter.permission_type == sim::AclPermissionType::Any ||
          filter.permission_type == acl.permission_type);
}

// Of a filter nothing may be of a kind that this version does not know.
bool unknown(const sim::AclBinding& filter) {
  return filter.resource_type == sim::AclResourceType::Unknown ||
         filter.resource_pattern_type == sim::PatternType::Unknown ||
         filter.operation == sim::AclOperation::Unknown ||
         filter.permission_type == sim::AclPermissionType::Unknown;
}

}  // namespace

Decision<sim::CreateAclsResponse> decide(Desk& desk, const sim::CreateAclsRequest& request) {
  Decision<sim::CreateAclsResponse> out{.response = {}};
  std::vector<sim::AclBinding> present;
  for (const sim::Acl& acl : desk.image().acls().acls) present.push_back(binding_of(acl));
  for (const sim::AclBinding& asked : request.creations) {
    if (auto why = why_refused(asked)) {
      out.response.results.push_back({"", ErrorCode::InvalidRequest, *std::move(why)});
      continue;
    }
    out.response.results.push_back({"", ErrorCode::None, ""});
    if (std::ranges::find(present, asked) != present.end())
      continue;  // there already: nothing to write
    present.push_back(asked);
    sim::AccessControlEntryRecord record;
    record.id =
        random_uuid(desk.choices, kAclId, static_cast<std::uint64_t>(desk.settings.id.value()));
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
    if (unknown(filter)) {
      out.response.filter_results.push_back(
          {"", ErrorCode::InvalidRequest, "The filter is unknown."});
      continue;
    }
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

namespace {

// What is wrong with altering this user's credential, or None.
ErrorCode check_scram(const Desk& desk, const std::string& user, sim::ScramMechanism mechanism) {
  if (!desk.supports(sim::MetadataGate::Scram)) return ErrorCode::UnsupportedVersion;
  if (user.empty()) return ErrorCode::UnacceptableCredential;
  return mechanism == sim::ScramMechanism::Unknown ? ErrorCode::UnsupportedSaslMechanism
                                                   : ErrorCode::None;
}

ErrorCode check_scram(const Desk& desk, const sim::ScramCredentialDeletion& deletion) {
  const ErrorCode error = check_scram(desk, deletion.name, deletion.mechanism);
  if (error != ErrorCode::None) return error;
  const bool known = desk.image().scram().find(deletion.mechanism, deletion.name) != nullptr;
  return known ? ErrorCode::None : ErrorCode::ResourceNotFound;
}

ErrorCode check_scram(const Desk& desk, const sim::ScramCredentialUpsertion& upsertion) {
  const ErrorCode error = check_scram(desk, upsertion.name, upsertion.mechanism);
  if (error != ErrorCode::None) return error;
  const bool legal = upsertion.iterations >= sim::kLeastScramIterations &&
                     upsertion.iterations <= sim::kMostScramIterations;
  return legal ? ErrorCode::None : ErrorCode::UnacceptableCredential;
}

sim::Record record_of(const sim::ScramCredentialDeletion& deletion) {
  sim::RemoveUserScramCredentialRecord record;
  record.name = deletion.name;
  record.mechanism = deletion.mechanism;
  return record;
}

sim::Record record_of(const sim::ScramCredentialUpsertion& upsertion) {
  sim::ScramKeys keys = sim::scram_keys(upsertion.mechanism, upsertion.salted_password);
  sim::UserScramCredentialRecord record;
  record.name = upsertion.name;
  record.mechanism = upsertion.mechanism;
  record.salt = upsertion.salt;
  record.stored_key = std::move(keys.stored_key);
  record.server_key = std::move(keys.server_key);
  record.iterations = upsertion.iterations;
  return record;
}

}  // namespace

// One answer a user: whoever is named twice is not altered at all, whatever the mechanisms.
Decision<sim::AlterUserScramCredentialsResponse> decide(
    Desk& desk, const sim::AlterUserScramCredentialsRequest& request) {
  Decision<sim::AlterUserScramCredentialsResponse> out{.response = {}};
  std::map<std::string, int> named;
  for (const auto& deletion : request.deletions) ++named[deletion.name];
  for (const auto& upsertion : request.upsertions) ++named[upsertion.name];
  std::map<std::string, sim::AdminResult> refused;
  const auto alter = [&](const auto& alteration) {
    ErrorCode error = check_scram(desk, alteration);
    // The first of several is refused for its own reason, if it has one.
    if (error == ErrorCode::None && named[alteration.name] > 1)
      error = ErrorCode::DuplicateResource;
    if (error != ErrorCode::None) {
      refused.try_emplace(alteration.name, sim::AdminResult{alteration.name, error, ""});
      return;
    }
    out.response.results.push_back({alteration.name, ErrorCode::None, ""});
    out.records.push_back(desk.versioned(record_of(alteration)));
  };
  std::ranges::for_each(request.deletions, alter);
  std::ranges::for_each(request.upsertions, alter);
  for (auto& [user, result] : refused) out.response.results.push_back(std::move(result));
  return out;
}

}  // namespace kraft
