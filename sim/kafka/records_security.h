#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/bytes.h"
#include "sim/kafka/record_enums.h"
#include "sim/kafka/record_fields.h"
#include "sim/kafka/uuid.h"

// The metadata records about SCRAM credentials, delegation tokens and ACLs. Fields stand in the
// order of Kafka's schemas.
namespace sim {

struct UserScramCredentialRecord {
  static constexpr std::string_view kName = "UserScramCredentialRecord";
  static constexpr std::int16_t kApiKey = 11;
  static constexpr std::int16_t kHighestVersion = 0;
  std::string name;
  ScramMechanism mechanism = ScramMechanism::Unknown;
  Bytes salt;
  Bytes stored_key;
  Bytes server_key;
  std::int32_t iterations = 0;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const UserScramCredentialRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = UserScramCredentialRecord;
    return visit(wire("name", &R::name), wire("mechanism", &R::mechanism), wire("salt", &R::salt),
                 wire("storedKey", &R::stored_key), wire("serverKey", &R::server_key),
                 wire("iterations", &R::iterations));
  }
};

struct RemoveUserScramCredentialRecord {
  static constexpr std::string_view kName = "RemoveUserScramCredentialRecord";
  static constexpr std::int16_t kApiKey = 22;
  static constexpr std::int16_t kHighestVersion = 0;
  std::string name;
  ScramMechanism mechanism = ScramMechanism::Unknown;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const RemoveUserScramCredentialRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(wire("name", &RemoveUserScramCredentialRecord::name),
                 wire("mechanism", &RemoveUserScramCredentialRecord::mechanism));
  }
};

struct DelegationTokenRecord {
  static constexpr std::string_view kName = "DelegationTokenRecord";
  static constexpr std::int16_t kApiKey = 10;
  static constexpr std::int16_t kHighestVersion = 0;
  std::string owner;      // a principal: "User:alice"
  std::string requester;  // a principal
  std::vector<std::string> renewers;
  std::int64_t issue_timestamp = 0;  // milliseconds since 1970, as the two below
  std::int64_t max_timestamp = 0;
  std::int64_t expiration_timestamp = 0;
  std::string token_id;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const DelegationTokenRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = DelegationTokenRecord;
    return visit(
        wire("owner", &R::owner), wire("requester", &R::requester), wire("renewers", &R::renewers),
        wire("issueTimestamp", &R::issue_timestamp), wire("maxTimestamp", &R::max_timestamp),
        wire("expirationTimestamp", &R::expiration_timestamp), wire("tokenId", &R::token_id));
  }
};

struct RemoveDelegationTokenRecord {
  static constexpr std::string_view kName = "RemoveDelegationTokenRecord";
  static constexpr std::int16_t kApiKey = 26;
  static constexpr std::int16_t kHighestVersion = 0;
  std::string token_id;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const RemoveDelegationTokenRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(wire("tokenId", &RemoveDelegationTokenRecord::token_id));
  }
};

struct AccessControlEntryRecord {
  static constexpr std::string_view kName = "AccessControlEntryRecord";
  static constexpr std::int16_t kApiKey = 18;
  static constexpr std::int16_t kHighestVersion = 0;
  Uuid id;
  AclResourceType resource_type = AclResourceType::Unknown;
  std::string resource_name;
  PatternType pattern_type = PatternType::Unknown;
  std::string principal;
  std::string host;
  AclOperation operation = AclOperation::Unknown;
  AclPermissionType permission_type = AclPermissionType::Unknown;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const AccessControlEntryRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = AccessControlEntryRecord;
    return visit(wire("id", &R::id), wire("resourceType", &R::resource_type),
                 wire("resourceName", &R::resource_name), wire("patternType", &R::pattern_type),
                 wire("principal", &R::principal), wire("host", &R::host),
                 wire("operation", &R::operation), wire("permissionType", &R::permission_type));
  }
};

struct RemoveAccessControlEntryRecord {
  static constexpr std::string_view kName = "RemoveAccessControlEntryRecord";
  static constexpr std::int16_t kApiKey = 19;
  static constexpr std::int16_t kHighestVersion = 0;
  Uuid id;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const RemoveAccessControlEntryRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(wire("id", &RemoveAccessControlEntryRecord::id));
  }
};

}  // namespace sim
