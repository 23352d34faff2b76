#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <utility>

#include "sim/base/check.h"
#include "zk/base64.h"
#include "zk/paths.h"
#include "zk/sanitizer.h"
#include "zk/znodes.h"
#include "zk/znodes_json.h"

// ACLs, delegation tokens and SCRAM credentials.
namespace zk {
namespace {

// org.apache.kafka.common.utils.SecurityUtils: CLUSTER_ACTION is ClusterAction in a znode.
std::string pascal_case(std::string_view name) {
  std::string result;
  bool capitalize = true;
  for (const char c : name) {
    if (c == '_') {
      capitalize = true;
    } else {
      result += capitalize || c < 'A' || c > 'Z' ? c : static_cast<char>(c - 'A' + 'a');
      capitalize = false;
    }
  }
  return result;
}

// String.toUpperCase(Locale.ROOT), as far as the result can be a word in ASCII: a few letters
// beyond it have capitals in it.
std::string to_upper(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kOthers{{
      {"\u00df", "SS"},
      {"\u0131", "I"},
      {"\u017f", "S"},
      {"\ufb00", "FF"},
      {"\ufb01", "FI"},
      {"\ufb02", "FL"},
      {"\ufb03", "FFI"},
      {"\ufb04", "FFL"},
      {"\ufb05", "ST"},
      {"\ufb06", "ST"},
  }};
  std::string result;
  while (!text.empty()) {
    const auto other = std::ranges::find_if(
        kOthers, [&](const auto& each) { return text.starts_with(each.first); });
    if (other != kOthers.end()) {
      result += other->second;
      text.remove_prefix(other->first.size());
    } else {
      const char c = text.front();
      result += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      text.remove_prefix(1);
    }
  }
  return result;
}

bool same_word(std::string_view a, std::string_view b) {
  return to_upper(a) == to_upper(b);
}

// The enumerator in [1, last] with this name in Pascal case, whatever the case of the text; else
// Unknown.
template <class Enum>
Enum named(std::string_view word, Enum last) {
  for (int code = 1; code <= static_cast<int>(last); ++code) {
    const auto value = static_cast<Enum>(code);
    if (same_word(pascal_case(sim::name_of(value)), word)) return value;
  }
  return Enum::Unknown;
}

// The same by Kafka's own spelling, as enum names stand in notifications: TRANSACTIONAL_ID.
template <class Enum>
Enum spelled(std::string_view word, Enum last) {
  for (int code = 1; code <= static_cast<int>(last); ++code) {
    const auto value = static_cast<Enum>(code);
    if (same_word(sim::name_of(value), word)) return value;
  }
  return Enum::Unknown;
}

// "Type:name" with a type and a colon, or Kafka throws (SecurityUtils.parseKafkaPrincipal).
bool is_principal(std::string_view text) {
  return text.find(':') != std::string_view::npos;
}

std::string principal_of(JsonFields& read, std::string_view sanitized) {
  auto principal = desanitize(sanitized);
  if (!principal || !is_principal(*principal)) {
    read.complain(fmt::format("'{}' is no principal", sanitized));
    return {};
  }
  return *std::move(principal);
}

}  // namespace

sim::AclResourceType resource_type_of(std::string_view path_element) {
  return named(path_element, sim::AclResourceType::User);
}

std::string path_element_of(sim::AclResourceType type) {
  return pascal_case(sim::name_of(type));
}

std::string acl_path(const ResourcePattern& resource) {
  const std::string_view store =
      resource.pattern_type == sim::PatternType::Literal ? paths::kAcls : paths::kPrefixedAcls;
  return fmt::format("{}/{}/{}", store, path_element_of(resource.resource_type), resource.name);
}

std::string_view acl_change_path(const ResourcePattern& resource) {
  return resource.pattern_type == sim::PatternType::Literal ? paths::kAclChangePrefix
                                                            : paths::kExtendedAclChangePrefix;
}

std::string encode_acl_change(const ResourcePattern& resource) {
  if (resource.pattern_type == sim::PatternType::Literal) {
    return fmt::format("{}:{}", sim::name_of(resource.resource_type), resource.name);
  }
  return JsonWriter()
      .begin('{')
      .key("version")
      .number(1)
      .key("resourceType")
      .text(sim::name_of(resource.resource_type))
      .key("name")
      .text(resource.name)
      .key("patternType")
      .text(sim::name_of(resource.pattern_type))
      .end('}')
      .take();
}

Parsed<ResourcePattern> parse_acl_change(std::string_view data) {
  const std::size_t colon = data.find(':');
  if (colon == std::string_view::npos) return unreadable("it is not of the form TYPE:name");
  return ResourcePattern{
      .resource_type = spelled(data.substr(0, colon), sim::AclResourceType::User),
      .pattern_type = sim::PatternType::Literal,
      .name = std::string(data.substr(colon + 1))};
}

Parsed<ResourcePattern> parse_extended_acl_change(std::string_view data) {
  const auto json = parse_json(data);
  if (!json) return not_json();
  JsonFields read(*json);
  if (const std::int32_t version = read.i32("version"); version > 1) {
    return unreadable(fmt::format("version {} of an ACL change is not supported", version));
  }
  ResourcePattern resource{
      .resource_type = spelled(read.text("resourceType"), sim::AclResourceType::User),
      .pattern_type = spelled(read.text("patternType"), sim::PatternType::Prefixed),
      .name = read.text("name")};
  if (read.complaint()) return unreadable(*read.complaint());
  return resource;
}

Parsed<std::vector<AclEntry>> parse_acls(std::string_view data) {
  std::vector<AclEntry> entries;
  if (data.empty()) return entries;
  const auto json = parse_json(data);
  if (!json) return std::unexpected(Unreadable{"it is no JSON", false});
  JsonFields read(*json);
  if (const std::int32_t version = read.i32("version"); !read.complaint() && version != 1) {
    return unreadable(fmt::format("version {} of an ACL znode is not supported", version));
  }
  for (const nlohmann::json& element : read.array("acls")) {
    JsonFields acl(element, "an entry");
    AclEntry entry{
        .principal = acl.text("principal"),
        .host = acl.text("host"),
        .operation = named(acl.text("operation"), sim::AclOperation::DescribeTokens),
        .permission_type = named(acl.text("permissionType"), sim::AclPermissionType::Allow)};
    if (!acl.complaint() && !is_principal(entry.principal)) {
      acl.complain(fmt::format("'{}' is no principal", entry.principal));
    }
    // Words that are unknown are UNKNOWN, but ANY is for filters (AccessControlEntry's
    // constructor).
    if (entry.operation == sim::AclOperation::Any) acl.complain("the operation must not be ANY");
    if (entry.permission_type == sim::AclPermissionType::Any) {
      acl.complain("the permission type must not be ANY");
    }
    if (acl.complaint()) read.complain(*acl.complaint());
    entries.push_back(std::move(entry));
  }
  if (read.complaint()) return unreadable(*read.complaint());
  std::ranges::sort(entries);
  const auto repeated = std::ranges::unique(entries);
  entries.erase(repeated.begin(), repeated.end());
  return entries;
}

std::string encode(const std::vector<AclEntry>& acls) {
  JsonWriter json;
  json.begin('{').key("acls").begin('[');
  for (const AclEntry& acl : acls) {
    json.begin('{')
        .key("principal")
        .text(acl.principal)
        .key("permissionType")
        .text(pascal_case(sim::name_of(acl.permission_type)))
        .key("host")
        .text(acl.host)
        .key("operation")
        .text(pascal_case(sim::name_of(acl.operation)))
        .end('}');
  }
  return json.end(']').key("version").number(1).end('}').take();
}

Parsed<DelegationTokenZnode> parse_delegation_token(std::string_view data) {
  const auto json = parse_json(data);
  if (!json) return std::unexpected(Unreadable{"it is no JSON", false});
  JsonFields read(*json);
  const std::int32_t version = read.i32("version");
  if (!read.complaint() && (version < 1 || version > 3)) {
    return unreadable(fmt::format("version {} of a delegation token is not supported", version));
  }
  DelegationTokenZnode token{.token_id = read.text("tokenId"),
                             .owner = principal_of(read, read.text("owner")),
                             .issue_timestamp_ms = read.i64("issueTimestamp"),
                             .expiry_timestamp_ms = read.i64("expiryTimestamp"),
                             .max_timestamp_ms = read.i64("maxTimestamp")};
  token.token_requester =
      version >= 3 ? principal_of(read, read.text("tokenRequester")) : token.owner;
  for (const std::string& renewer : read.texts("renewers")) {
    token.renewers.push_back(principal_of(read, renewer));
  }
  if (read.complaint()) return unreadable(*read.complaint());
  return token;
}

std::string encode(const DelegationTokenZnode& znode) {
  std::vector<std::string> renewers;
  for (const std::string& renewer : znode.renewers) renewers.push_back(sanitize(renewer));
  return JsonWriter()
      .begin('{')
      .key("issueTimestamp")
      .number(znode.issue_timestamp_ms)
      .key("renewers")
      .texts(renewers)
      .key("tokenRequester")
      .text(sanitize(znode.token_requester))
      .key("tokenId")
      .text(znode.token_id)
      .key("owner")
      .text(sanitize(znode.owner))
      .key("expiryTimestamp")
      .number(znode.expiry_timestamp_ms)
      .key("maxTimestamp")
      .number(znode.max_timestamp_ms)
      .key("version")
      .number(3)
      .end('}')
      .take();
}

sim::Bytes delegation_token_hmac(std::string_view token_id, std::string_view secret) {
  sim::Bytes mac(EVP_MAX_MD_SIZE);
  unsigned int size = 0;
  const auto message = sim::as_bytes(token_id);
  sim::check(secret.size() <= std::numeric_limits<int>::max(), "a secret is short");
  HMAC(EVP_sha512(), secret.data(), static_cast<int>(secret.size()), message.data(), message.size(),
       mac.data(), &size);
  mac.resize(size);
  return mac;
}

Parsed<ScramCredential> parse_scram_credential(std::string_view text) {
  // The value is secret: no complaint repeats it.
  std::map<std::string_view, std::string_view> parts;
  // Java's split drops what is empty at the end.
  while (text.ends_with(',')) text.remove_suffix(1);
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return unreadable("a part of the SCRAM credential is not of the form key=value");
    }
    parts.insert_or_assign(part.substr(0, equals), part.substr(equals + 1));
  }
  constexpr std::array<std::string_view, 4> kKeys{"salt", "stored_key", "server_key", "iterations"};
  if (parts.size() != kKeys.size() ||
      !std::ranges::all_of(kKeys, [&](std::string_view key) { return parts.contains(key); })) {
    return unreadable("a SCRAM credential has exactly salt, stored_key, server_key and iterations");
  }
  auto salt = base64_decode(parts["salt"]);
  auto stored_key = base64_decode(parts["stored_key"]);
  auto server_key = base64_decode(parts["server_key"]);
  const auto iterations = parse_i32(parts["iterations"]);
  if (!salt || !stored_key || !server_key || !iterations) {
    return unreadable(
        "a part of the SCRAM credential is no base64, or the iterations are no number");
  }
  return ScramCredential{.salt = *std::move(salt),
                         .stored_key = *std::move(stored_key),
                         .server_key = *std::move(server_key),
                         .iterations = *iterations};
}

std::string encode(const ScramCredential& credential) {
  return fmt::format("salt={},stored_key={},server_key={},iterations={}",
                     base64_encode(credential.salt), base64_encode(credential.stored_key),
                     base64_encode(credential.server_key), credential.iterations);
}

}  // namespace zk
