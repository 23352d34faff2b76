#include "sim/kafka/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "sim/kafka/image_text.h"

namespace sim {
namespace {

using image_text::Secrets;

// A part of a path: what would end it or confuse a reader is percent-encoded.
std::string part(std::string_view raw) {
  std::string out;
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '/' || c == '%' || byte < 0x20 || byte == 0x7f) {
      out += fmt::format("%{:02X}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

template <class Value>
std::string rendered(const Value& value) {
  std::string out;
  image_text::put_value(out, value, Secrets::Hashed);
  return out;
}

Family family_of(ConfigResourceType type) {
  if (type == ConfigResourceType::Topic) return Family::TopicConfigs;
  if (type == ConfigResourceType::Broker) return Family::BrokerConfigs;
  return Family::OtherConfigs;
}

// The lists of a partition whose order means nothing.
constexpr std::array kSets{&Partition::isr, &Partition::removing_replicas,
                           &Partition::adding_replicas, &Partition::eligible_leader_replicas,
                           &Partition::last_known_elr};

// The partition with these lists sorted.
Partition without_order(Partition partition) {
  for (const auto list : kSets) std::ranges::sort(partition.*list);
  return partition;
}

bool differ_in_sets(const Partition& left, const Partition& right) {
  return std::ranges::any_of(kSets, [&](auto list) { return left.*list != right.*list; });
}

class Comparison {
 public:
  Comparison(const MetadataImage& left, const MetadataImage& right, const CompareOptions& options)
      : left_(left), right_(right), options_(options) {}

  std::vector<Difference> run() && {
    if (wants(Family::Features)) features();
    const ClusterPart& left_nodes = left_.cluster();
    const ClusterPart& right_nodes = right_.cluster();
    entries(
        Family::Brokers, left_nodes.brokers, right_nodes.brokers,
        [](const BrokerRegistration& b) { return fmt::format("brokers/{}", b.broker_id.value()); });
    entries(Family::Controllers, left_nodes.controllers, right_nodes.controllers,
            [](const ControllerRegistration& c) {
              return fmt::format("controllers/{}", c.controller_id.value());
            });
    if (wants(Family::Topics) || wants(Family::Partitions)) topics();
    configs();
    if (wants(Family::ClientQuotas)) client_quotas();
    entries(Family::Scram, left_.scram().credentials, right_.scram().credentials,
            [](const ScramCredential& c) {
              return fmt::format("scram/{}/{}", image_text::name_or_number(c.mechanism),
                                 part(c.name));
            });
    if (wants(Family::ProducerIds)) {
      number(Family::ProducerIds, "producerIds/next", left_.producer_ids().next_producer_id.value(),
             right_.producer_ids().next_producer_id.value());
    }
    acls();
    entries(Family::DelegationTokens, left_.tokens().tokens, right_.tokens().tokens,
            [](const DelegationToken& token) { return "tokens/" + part(token.token_id); });
    // A million differences of partitions alone are in order.
    if (!std::ranges::is_sorted(found_, {}, &Difference::kind))
      std::ranges::stable_sort(found_, {}, &Difference::kind);
    return std::move(found_);
  }

 private:
  using Side = std::optional<std::string>;
  bool wants(Family family) const { return options_.families.contains(family); }
  void add(Family kind, std::string path, Side left, Side right) {
    found_.push_back({std::move(path), kind, std::move(left), std::move(right)});
  }
  void number(Family kind, std::string path, std::int64_t left, std::int64_t right) {
    if (left != right) add(kind, std::move(path), std::to_string(left), std::to_string(right));
  }

  // Each field in which two values of one key differ.
  template <class Value>
  void fields(Family kind, const std::string& path, const Value& left, const Value& right) {
    const auto compare_field = [&](const auto& f) {
      if (left.*(f.member) == right.*(f.member)) return;
      add(kind, fmt::format("{}/{}", path, f.name), rendered(left.*(f.member)),
          rendered(right.*(f.member)));
    };
    Value::fields([&](const auto&... f) { (compare_field(f), ...); });
  }

  // A value on both sides, or on one.
  template <class Value>
  void value(Family kind, const std::string& path, const Value* left, const Value* right) {
    if (left != nullptr && right != nullptr) {
      fields(kind, path, *left, *right);
    } else {
      add(kind, path, left != nullptr ? Side(rendered(*left)) : std::nullopt,
          right != nullptr ? Side(rendered(*right)) : std::nullopt);
    }
  }

  template <class Value, auto kKey, class PathOf>
  void entries(Family kind, const Table<Value, kKey>& left, const Table<Value, kKey>& right,
               PathOf&& path_of) {
    if (!wants(kind)) return;
    Table<Value, kKey>::for_each_difference(left, right, [&](const Value* a, const Value* b) {
      value<Value>(kind, path_of(a != nullptr ? *a : *b), a, b);
    });
  }

  // The values that two holders (a resource's configs, an entity's quotas) have under the same
  // keys; a holder that is null has none.
  template <class Holder, class Render>
  void keyed_values(Family kind, const std::string& path, const Holder* left, const Holder* right,
                    Render&& render) {
    using Value = typename decltype(Holder::values)::mapped_type;
    std::map<std::string_view, std::pair<const Value*, const Value*>> sides;
    if (left != nullptr) {
      for (const auto& [key, held] : left->values) sides[key].first = &held;
    }
    if (right != nullptr) {
      for (const auto& [key, held] : right->values) sides[key].second = &held;
    }
    const auto side = [&](const Value* held) {
      return held != nullptr ? Side(render(*held)) : std::nullopt;
    };
    for (const auto& [key, both] : sides) {
      const auto& [a, b] = both;
      if (a != nullptr && b != nullptr && *a == *b) continue;
      add(kind, path + part(key), side(a), side(b));
    }
  }

  void features();
  void topics();
  void topic(const Topic* left, const Topic* right);
  void configs();
  void client_quotas();
  void acls();
  void acls_without_ids();

  const MetadataImage& left_;
  const MetadataImage& right_;
  const CompareOptions& options_;
  std::vector<Difference> found_;
};

void Comparison::features() {
  const FeaturesPart& left = left_.features();
  const FeaturesPart& right = right_.features();
  number(Family::Features, fmt::format("features/{}", kMetadataVersionFeature),
         level_of(left.metadata_version), level_of(right.metadata_version));
  if (left.zk_migration_state != right.zk_migration_state) {
    add(Family::Features, "features/zkMigrationState",
        image_text::name_or_number(left.zk_migration_state),
        image_text::name_or_number(right.zk_migration_state));
  }
  entries(Family::Features, left.finalized, right.finalized,
          [](const FeatureLevel& feature) { return "features/" + part(feature.name); });
}

void Comparison::topics() {
  TopicsPart::for_each_difference(left_.topics(), right_.topics(),
                                  [&](const Topic* a, const Topic* b) { topic(a, b); });
}

void Comparison::topic(const Topic* left, const Topic* right) {
  const bool on_both = left != nullptr && right != nullptr;
  const std::string path = "topics/" + part(left != nullptr ? left->name() : right->name());
  if (wants(Family::Topics)) {
    const auto summary = [](const Topic* topic) -> Side {
      if (topic == nullptr) return std::nullopt;
      return fmt::format("id={}, {} partitions", topic->id().describe(), topic->partition_count());
    };
    if (!on_both) {
      add(Family::Topics, path, summary(left), summary(right));
    } else if (left->id() != right->id()) {
      add(Family::Topics, path + "/id", left->id().describe(), right->id().describe());
    }
  }
  if (!wants(Family::Partitions) || (!on_both && wants(Family::Topics))) return;
  Topic::for_each_difference(
      left, right, [&](PartitionId id, const Partition* a, const Partition* b) {
        const std::string where = fmt::format("{}/partitions/{}", path, id.value());
        if (on_both && a != nullptr && b != nullptr && options_.ignore_isr_order &&
            differ_in_sets(*a, *b)) {
          fields(Family::Partitions, where, without_order(*a), without_order(*b));
        } else {
          value(Family::Partitions, where, a, b);
        }
      });
}

void Comparison::configs() {
  using Resources = decltype(ConfigsPart::resources);
  Resources::for_each_difference(
      left_.configs().resources, right_.configs().resources,
      [&](const ResourceConfigs* a, const ResourceConfigs* b) {
        const ConfigResource& resource = (a != nullptr ? a : b)->resource;
        const Family kind = family_of(resource.type);
        if (!wants(kind)) return;
        const std::string path =
            fmt::format("configs/{}/{}/", image_text::name_or_number(resource.type),
                        resource.name.empty() ? "<default>" : part(resource.name));
        keyed_values(kind, path, a, b, [](const std::string& config) { return config; });
      });
}

void Comparison::client_quotas() {
  using Entities = decltype(ClientQuotasPart::entities);
  Entities::for_each_difference(left_.client_quotas().entities, right_.client_quotas().entities,
                                [&](const ClientQuota* a, const ClientQuota* b) {
                                  const QuotaEntity& entity = (a != nullptr ? a : b)->entity;
                                  const std::string path = fmt::format(
                                      "quotas/{}/", part(image_text::of_entity(entity)));
                                  keyed_values(Family::ClientQuotas, path, a, b,
                                               [](QuotaValue quota) { return quota.describe(); });
                                });
}

void Comparison::acls() {
  if (options_.ignore_acl_ids) {
    if (wants(Family::Acls)) acls_without_ids();
    return;
  }
  entries(Family::Acls, left_.acls().acls, right_.acls().acls,
          [](const Acl& acl) { return "acls/" + acl.id.describe(); });
}

// ACLs by what they say. What both images share cannot differ and is not even collected; the rest
// may say the same under another id, or what a shared one says.
void Comparison::acls_without_ids() {
  const auto anonymous = [](Acl acl) {
    acl.id = Uuid();
    return acl;
  };
  const auto said_by = [&](const AclsPart& acls) {
    std::set<Acl> said;
    for (const Acl& acl : acls.acls) said.insert(anonymous(acl));
    return said;
  };
  if (left_.acls().acls.same_root(right_.acls().acls)) return;
  const std::set<Acl> left = said_by(left_.acls());
  const std::set<Acl> right = said_by(right_.acls());
  const auto report = [&](const Acl& acl, bool on_left) {
    const std::string path = fmt::format(
        "acls/{}/{}/{}/{}", image_text::name_or_number(acl.resource_type),
        image_text::name_or_number(acl.pattern_type), part(acl.resource_name), part(acl.principal));
    const std::string entry =
        fmt::format("{} {} from {}", image_text::name_or_number(acl.permission_type),
                    image_text::name_or_number(acl.operation), acl.host);
    add(Family::Acls, path, on_left ? Side(entry) : std::nullopt,
        on_left ? std::nullopt : Side(entry));
  };
  for (const Acl& acl : left) {
    if (!right.contains(acl)) report(acl, true);
  }
  for (const Acl& acl : right) {
    if (!left.contains(acl)) report(acl, false);
  }
}

}  // namespace

std::string_view name_of(Family family) {
  switch (family) {
    case Family::Features:
      return "features";
    case Family::Brokers:
      return "brokers";
    case Family::Controllers:
      return "controllers";
    case Family::Topics:
      return "topics";
    case Family::Partitions:
      return "partitions";
    case Family::TopicConfigs:
      return "topic configs";
    case Family::BrokerConfigs:
      return "broker configs";
    case Family::OtherConfigs:
      return "other configs";
    case Family::ClientQuotas:
      return "client quotas";
    case Family::Scram:
      return "SCRAM credentials";
    case Family::ProducerIds:
      return "producer ids";
    case Family::Acls:
      return "ACLs";
    case Family::DelegationTokens:
      return "delegation tokens";
  }
  unreachable("a family is one of those above");
}

std::string describe(const Difference& difference) {
  const auto side = [](const std::optional<std::string>& value) -> std::string_view {
    return value ? std::string_view(*value) : "absent";
  };
  return fmt::format("{}: {} vs {}", difference.path, side(difference.left),
                     side(difference.right));
}

std::vector<Difference> compare(const MetadataImage& left, const MetadataImage& right,
                                const CompareOptions& options) {
  return Comparison(left, right, options).run();
}

}  // namespace sim
