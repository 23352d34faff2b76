#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "migrate/check/evidence.h"
#include "migrate/check/groups.h"
#include "sim/kafka/security/acl_authorizer.h"
#include "sim/kafka/security/java_order.h"
#include "sim/kafka/security/standard_authorizer.h"
#include "zk/acl_store.h"
#include "zk/znodes.h"

// What the same ACLs come to in ZooKeeper mode and in KRaft. Nothing is deduced from how ACLs look:
// both authorizers are asked what each ACL was made for, and what they say is compared.
//
//   ACLs of the store that leads ─┬─► AclAuthorizer ──────┐
//                                 └─► StandardAuthorizer ─┴─► witnesses: each ACL's own request
namespace migrate {
namespace {

using enum sim::AuthorizationOutcome;
using sim::AclResourceType;
using sim::AuthorizationOutcome;
using sim::PatternType;
using sim::ResourcePattern;

// Somebody whom no ACL names, at a host that none names.
constexpr std::string_view kStranger = "somebody";

// A request that an ACL is about.
struct Witness {
  sim::RequestContext context;
  sim::Action action;
};

Witness witness_of(const sim::Acl& acl, std::string_view name) {
  auto principal = sim::parse_kafka_principal(acl.principal);
  if (!principal) principal = {.type = "User", .name = std::string(kStranger)};
  if (principal->name == sim::kWildcard) principal->name = kStranger;
  const bool names_one =
      acl.operation > sim::AclOperation::All && acl.operation <= sim::AclOperation::DescribeTokens;
  return {.context = {*std::move(principal), acl.host},
          .action = {.operation = names_one ? acl.operation : sim::AclOperation::Read,
                     .resource = {.resource_type = acl.resource_type,
                                  .pattern_type = PatternType::Literal,
                                  .name = std::string(name)}}};
}

std::string describe(const Witness& witness) {
  const auto& [operation, resource] = witness.action;
  return fmt::format("{} {} {} '{}'", to_string(witness.context.principal), sim::name_of(operation),
                     sim::name_of(resource.resource_type), resource.name);
}

bool is_wildcard(const sim::Acl& acl) {
  return acl.pattern_type == PatternType::Literal && acl.resource_name == sim::kWildcard;
}

// KRaft's walk comes to such names after "*".
bool is_before_wildcard(std::string_view name) {
  return !name.empty() && sim::java_compare(name, sim::kWildcard) < 0;
}

// Names at which KRaft's walk and its second start at "*" meet.
bool is_at_wildcard(std::string_view name) {
  return is_before_wildcard(name) || (name.size() > 1 && name.starts_with(sim::kWildcard));
}

// Each ACL's own request; and of those about all resources, the requests for names at "*" that ACLs
// of their type name.
std::vector<std::pair<const sim::Acl*, Witness>> witnesses(const sim::AclsPart& acls) {
  std::map<AclResourceType, std::set<std::string>> at_wildcard;
  for (const sim::Acl& acl : acls.acls) {
    if (is_at_wildcard(acl.resource_name)) at_wildcard[acl.resource_type].insert(acl.resource_name);
  }
  std::vector<std::pair<const sim::Acl*, Witness>> all;
  for (const sim::Acl& acl : acls.acls) {
    if (!is_wildcard(acl)) {
      all.emplace_back(&acl, witness_of(acl, acl.resource_name));
      continue;
    }
    const auto names = at_wildcard.find(acl.resource_type);
    if (names == at_wildcard.end()) continue;
    for (const std::string& name : names->second) all.emplace_back(&acl, witness_of(acl, name));
  }
  return all;
}

// ── The cluster ─────────────────────────────────────────────────────────────────────────────────

// Kafka's own authorizers decide, as far as known.
bool decides_itself(const ClusterFacts& facts) {
  bool known = false;
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config) continue;
    known = true;
    const std::string name = node.config->text("authorizer.class.name");
    if (name.ends_with(".AclAuthorizer") || name.ends_with(".StandardAuthorizer")) return true;
  }
  return !known;
}

template <class Authorizer>
typename Authorizer::Config settings_of(const ClusterFacts& facts) {
  for (const NodeFacts* node : facts.brokers()) {
    if (!node->config) continue;
    const auto config = Authorizer::configure(node->config->value(sim::kSuperUsers),
                                              node->config->value(sim::kAllowEveryoneIfNoAclFound));
    if (config) return *config;  // else the broker does not start, which K01 and C09 look at
  }
  return {};
}

// Null, and said to be unknown: the store that leads was not given.
const sim::AclsPart* acls_of(const ClusterFacts& facts, Verdicts& verdicts) {
  const sim::MetadataImage* image = facts.leading_store().image;
  if (image == nullptr)
    verdicts.unknown(facts.kraft_leads() ? "a controller's metadata log" : "ZooKeeper's files");
  return image == nullptr ? nullptr : &image->acls();
}

Evidence where_it_stands(const ClusterFacts& facts, const sim::Acl& acl) {
  const std::string says = fmt::format("{} {} to {} from {}", sim::name_of(acl.permission_type),
                                       sim::name_of(acl.operation), acl.principal, acl.host);
  if (!facts.kraft_leads())
    return at_znode(zk::acl_path({acl.resource_type, acl.pattern_type, acl.resource_name}), says);
  return in_log(*facts.latest(),
                fmt::format("AccessControlEntryRecord {}: {}", acl.id.describe(), says));
}

std::string object_of(const sim::Acl& acl) {
  return fmt::format("ACLs of {} {} '{}'", sim::name_of(acl.resource_type),
                     sim::name_of(acl.pattern_type), acl.resource_name);
}

// ── N19 ─────────────────────────────────────────────────────────────────────────────────────────

std::string end_of(const sim::Authorization& said) {
  return said.outcome == NeverReturns ? "never returns, and a request handler's thread with it"
                                      : fmt::format("fails with {}", said.exception);
}

// Resources whose request has ended already are not warned of once more.
void warn_of_names_before_wildcard(const ClusterFacts& facts, const sim::AclsPart& acls,
                                   std::set<ResourcePattern> seen, Verdicts& verdicts) {
  for (const sim::Acl& acl : acls.acls) {
    if (!is_before_wildcard(acl.resource_name)) continue;
    if (!seen.insert({acl.resource_type, acl.pattern_type, acl.resource_name}).second) continue;
    verdicts.warn(object_of(acl),
                  fmt::format("its name sorts before '*': in KRaft a request for another name that "
                              "begins with '{}' costs a request handler's thread, or fails",
                              acl.resource_name.front()),
                  {where_it_stands(facts, acl)});
  }
}

void standard_authorizer_answers(const ClusterFacts& facts, Verdicts& verdicts) {
  const sim::AclsPart* acls = acls_of(facts, verdicts);
  if (acls == nullptr || !decides_itself(facts)) return;
  const auto authorizer =
      sim::StandardAuthorizer::of(settings_of<sim::StandardAuthorizer>(facts), *acls);
  if (!authorizer) {
    verdicts.find("ACLs", "KRaft's authorizer cannot load them",
                  {{facts.leading_store().source, authorizer.error()}});
    return;
  }
  std::set<ResourcePattern> seen;
  for (const auto& [acl, witness] : witnesses(*acls)) {
    const auto said = authorizer->authorize(witness.context, witness.action);
    if (said.outcome != Throws && said.outcome != NeverReturns) continue;
    if (!seen.insert({acl->resource_type, acl->pattern_type, acl->resource_name}).second) continue;
    verdicts.find(object_of(*acl),
                  fmt::format("in KRaft the request that it is made for {}", end_of(said)),
                  {where_it_stands(facts, *acl), {"StandardAuthorizer", describe(witness)}});
  }
  warn_of_names_before_wildcard(facts, *acls, std::move(seen), verdicts);
}

// ── N20 ─────────────────────────────────────────────────────────────────────────────────────────

void same_decisions_of_requests(const ClusterFacts& facts, const sim::AclsPart& acls,
                                const sim::AclAuthorizer& zookeeper,
                                const sim::StandardAuthorizer& kraft, Verdicts& verdicts) {
  std::set<std::string> said_of;
  for (const auto& [acl, witness] : witnesses(acls)) {
    if (!sim::parse_kafka_principal(acl->principal)) continue;  // D05
    const auto before = zookeeper.authorize(witness.context, witness.action);
    const auto after = kraft.authorize(witness.context, witness.action);
    if (before.outcome == after.outcome || after.outcome == Throws || after.outcome == NeverReturns)
      continue;  // N19
    // What no znode can hold is not for ZooKeeper mode to decide (N02).
    if (!zk::is_znode_name(acl->resource_name)) continue;
    const std::string asked = describe(witness);
    if (!said_of.insert(asked).second) continue;
    verdicts.find(
        fmt::format("{} {}", sim::name_of(acl->resource_type), witness.action.resource.name),
        fmt::format("{}: {} in ZooKeeper mode, {} in KRaft", asked, sim::name_of(before.outcome),
                    sim::name_of(after.outcome)),
        {where_it_stands(facts, *acl)});
  }
}

// A producer without IDEMPOTENT_WRITE must be allowed to write to some topic. With
// allow.everyone.if.no.acl.found AclAuthorizer says yes to all whom nothing denies it; KRaft asks
// about a topic "hardcode" (Authorizer.authorizeByResourceType), and then about ACLs alone.
void same_decisions_of_producers(const ClusterFacts& facts, const sim::AclsPart& acls,
                                 const sim::AclAuthorizer& zookeeper,
                                 const sim::StandardAuthorizer& kraft, Verdicts& verdicts) {
  const sim::RequestContext stranger{{"User", std::string(kStranger)}, std::string(sim::kWildcard)};
  const auto may_write = [&](const auto& authorizer) {
    return authorizer.authorize_by_resource_type(stranger, sim::AclOperation::Write,
                                                 AclResourceType::Topic);
  };
  const auto before = may_write(zookeeper);
  const auto after = may_write(kraft);
  if (before.outcome == after.outcome) return;
  // With an ACL of all topics nobody writes who has none, whatever this question's answer is.
  const bool all_have_acls = std::ranges::any_of(acls.acls, [](const sim::Acl& acl) {
    return acl.resource_type == AclResourceType::Topic && is_wildcard(acl);
  });
  if (all_have_acls) return;
  std::vector<Evidence> evidence;
  for (const NodeFacts* node : facts.brokers()) {
    if (node->config && evidence.empty())
      evidence.push_back(at_config(*node->config, sim::kAllowEveryoneIfNoAclFound));
  }
  verdicts.find("idempotent producers",
                fmt::format("to write to some topic is {} in ZooKeeper mode, and {} in KRaft, to "
                            "who has no ACL: a producer id is refused",
                            sim::name_of(before.outcome), sim::name_of(after.outcome)),
                std::move(evidence));
}

void authorizers_agree(const ClusterFacts& facts, Verdicts& verdicts) {
  const sim::AclsPart* acls = acls_of(facts, verdicts);
  if (acls == nullptr || !decides_itself(facts)) return;
  const auto kraft =
      sim::StandardAuthorizer::of(settings_of<sim::StandardAuthorizer>(facts), *acls);
  if (!kraft) return;  // N19
  const sim::AclAuthorizer zookeeper =
      zk::acl_authorizer(*acls, settings_of<sim::AclAuthorizer>(facts));
  same_decisions_of_requests(facts, *acls, zookeeper, *kraft, verdicts);
  same_decisions_of_producers(facts, *acls, zookeeper, *kraft, verdicts);
}

constexpr std::array kAuthorizerChecks{
    Check{"N19", kE, kEveryPhase, kNothing, "ACL",
          "KRaft's authorizer comes to an answer about every ACL",
          "StandardAuthorizer of 3.9 goes round for ever, or throws, over a name that sorts before "
          "'*', those that begin with a blank or one of !\"#$%&'(), where another ACL's name "
          "begins alike. ZooKeeper mode has no such trouble; brokers in KRaft mode and "
          "controllers lose request handlers until they are restarted.",
          "Rename these groups or transactional ids, and remove their ACLs before a node with "
          "StandardAuthorizer serves clients:\n"
          "  kafka-acls --bootstrap-server $BOOTSTRAP --remove --group '$audit' …\n"
          "What a client will meet:\n"
          "  zk2kraft inspect SOURCE --can 'READ:GROUP:$audit' --principal User:NAME",
          "StandardAuthorizerData.checkSection, brokers.md §5.4", "", &standard_authorizer_answers},
    Check{"N20", kW, kRolls, kNothing, "ACL",
          "both authorizers decide the same by the cluster's ACLs",
          "AclAuthorizer and StandardAuthorizer read the same ACLs differently: a word that Kafka "
          "does not know is nothing to the one and a denial to the other; '*' covers names that "
          "begin with '*' for the one alone; what a producer without ACLs may is asked in another "
          "way. Somebody may more, or less, after the migration.",
          "Say with ACLs of their own what these principals may, and see that both agree:\n"
          "  zk2kraft inspect SOURCE --can OPERATION:TYPE:NAME --principal TYPE:NAME",
          "AclAuthorizer, StandardAuthorizerData, brokers.md §5.4", "", &authorizers_agree},
};

}  // namespace

std::span<const Check> authorizer_checks() {
  return kAuthorizerChecks;
}

}  // namespace migrate
