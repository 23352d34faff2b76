#include "zk/acl_store.h"

#include <map>
#include <string>
#include <utility>

#include "zk/migration_reader_tree.h"
#include "zk/migration_reads.h"
#include "zk/prep.h"

namespace zk {

std::expected<std::vector<StoredAcls>, UnreadableZnode> load_all_acls(const Tree& tree,
                                                                      std::string_view root) {
  AclsRead read;
  for (auto requests = read.ask(); !requests.empty(); requests = read.ask()) {
    std::vector<Response> responses;
    responses.reserve(requests.size());
    for (const Request& request : requests) responses.push_back(answer(tree, root, request));
    read.take(std::move(responses));
  }
  std::vector<StoredAcls> stored;
  for (const AclsRead::Acls& each : read.acls()) {
    if (each.resource.resource_type == sim::AclResourceType::Any) {
      return std::unexpected(
          UnreadableZnode{each.answer.path, "ACLs cannot be about resources of type ANY"});
    }
    // One that went away between the names and the look has no ACLs.
    if (!each.answer.data) continue;
    auto entries = parse_acls(*each.answer.data);
    if (!entries && entries.error().kafka_throws) {
      return std::unexpected(UnreadableZnode{each.answer.path, std::move(entries.error().why)});
    }
    if (!entries) continue;  // no JSON at all is no ACLs, to Kafka
    stored.push_back({each.resource, *std::move(entries)});
  }
  return stored;
}

std::expected<sim::AclAuthorizer, UnreadableZnode> acl_authorizer(
    const Tree& tree, std::string_view root, sim::AclAuthorizer::Config config) {
  auto stored = load_all_acls(tree, root);
  if (!stored) return std::unexpected(std::move(stored.error()));
  sim::AclAuthorizer authorizer(std::move(config));
  for (const StoredAcls& each : *stored) authorizer.update_cache(each.resource, each.entries);
  return authorizer;
}

bool is_znode_name(std::string_view name) {
  return !name.contains('/') && is_valid_path(std::string("/").append(name));
}

sim::AclAuthorizer acl_authorizer(const sim::AclsPart& acls, sim::AclAuthorizer::Config config) {
  std::map<ResourcePattern, std::vector<AclEntry>> znodes;
  for (const sim::Acl& acl : acls.acls) {
    if (!is_znode_name(acl.resource_name) || !sim::parse_kafka_principal(acl.principal)) continue;
    znodes[{acl.resource_type, acl.pattern_type, acl.resource_name}].push_back(
        {.principal = acl.principal,
         .host = acl.host,
         .operation = acl.operation,
         .permission_type = acl.permission_type});
  }
  sim::AclAuthorizer authorizer(std::move(config));
  for (const auto& [resource, entries] : znodes) authorizer.update_cache(resource, entries);
  return authorizer;
}

}  // namespace zk
