#pragma once

#include <expected>
#include <string_view>
#include <vector>

#include "sim/kafka/image.h"
#include "sim/kafka/security/acl_authorizer.h"
#include "zk/migration_reader_values.h"
#include "zk/tree.h"
#include "zk/znodes.h"

// Where ACLs live in ZooKeeper mode: /kafka-acl/<Type>/<name> for literal patterns,
// /kafka-acl-extended/prefixed/<Type>/<name> for prefixes, each znode all ACLs of its resource
// (brokers.md §5.5).
namespace zk {

struct StoredAcls {
  ResourcePattern resource;
  std::vector<AclEntry> entries;
  bool operator==(const StoredAcls&) const = default;
};

// All of them, in the order of their znodes (AclAuthorizer.loadAllAcls). Types that Kafka does not
// know are left out, as Kafka leaves them out with a warning. An error is the first znode that
// Kafka cannot read.
std::expected<std::vector<StoredAcls>, UnreadableZnode> load_all_acls(const Tree& tree,
                                                                      std::string_view root);

// What a broker that starts on this tree decides by. With an error it does not start.
std::expected<sim::AclAuthorizer, UnreadableZnode> acl_authorizer(
    const Tree& tree, std::string_view root, sim::AclAuthorizer::Config config);

// What a broker of ZooKeeper mode decides by where these are the ACLs: copied, or mirrored. Those
// that no znode can hold, or whose principal has no type, stay out.
sim::AclAuthorizer acl_authorizer(const sim::AclsPart& acls, sim::AclAuthorizer::Config config);

// Whether the mirror can write ACLs about a resource of this name: it becomes a znode's.
bool is_znode_name(std::string_view name);

}  // namespace zk
