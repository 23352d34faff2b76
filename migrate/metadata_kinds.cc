#include "migrate/metadata_kinds.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sim/base/check.h"

namespace migrate {
namespace {

using sim::Family;

constexpr std::array<std::pair<Family, std::string_view>, sim::kFamilies> kWords{{
    {Family::Features, "features"},
    {Family::Brokers, "brokers"},
    {Family::Controllers, "controllers"},
    {Family::Topics, "topics"},
    {Family::Partitions, "partitions"},
    {Family::TopicConfigs, "topic-configs"},
    {Family::BrokerConfigs, "broker-configs"},
    {Family::OtherConfigs, "other-configs"},
    {Family::ClientQuotas, "client-quotas"},
    {Family::Scram, "scram-credentials"},
    {Family::ProducerIds, "producer-ids"},
    {Family::Acls, "acls"},
    {Family::DelegationTokens, "delegation-tokens"},
}};

constexpr auto kKinds = [] {
  std::array<Family, sim::kFamilies> kinds{};
  for (std::size_t i = 0; i < kinds.size(); ++i) kinds[i] = kWords[i].first;
  return kinds;
}();

std::uint64_t configs_of(const sim::MetadataImage& image, Family kind) {
  const auto is_meant = [&](sim::ConfigResourceType type) {
    if (type == sim::ConfigResourceType::Topic) return kind == Family::TopicConfigs;
    if (type == sim::ConfigResourceType::Broker) return kind == Family::BrokerConfigs;
    return kind == Family::OtherConfigs;
  };
  std::uint64_t total = 0;
  for (const sim::ResourceConfigs& resource : image.configs().resources) {
    if (is_meant(resource.resource.type)) total += resource.values.size();
  }
  return total;
}

std::uint64_t count(const sim::MetadataImage& image, Family kind) {
  switch (kind) {
    case Family::Features:
      return image.features().finalized.size() + 2;  // metadata.version and the migration's state
    case Family::Brokers:
      return image.cluster().brokers.size();
    case Family::Controllers:
      return image.cluster().controllers.size();
    case Family::Topics:
      return image.topics().size();
    case Family::Partitions:
      return image.topics().partition_count();
    case Family::TopicConfigs:
    case Family::BrokerConfigs:
    case Family::OtherConfigs:
      return configs_of(image, kind);
    case Family::ClientQuotas: {
      std::uint64_t total = 0;
      for (const sim::ClientQuota& quota : image.client_quotas().entities)
        total += quota.values.size();
      return total;
    }
    case Family::Scram:
      return image.scram().credentials.size();
    case Family::ProducerIds:
      return image.producer_ids().known() ? 1 : 0;
    case Family::Acls:
      return image.acls().acls.size();
    case Family::DelegationTokens:
      return image.tokens().tokens.size();
  }
  sim::unreachable("a kind is one of those above");
}

}  // namespace

std::span<const Family> all_kinds() {
  return kKinds;
}

std::string_view word_of(Family kind) {
  const auto row = std::ranges::find(kWords, kind, &decltype(kWords)::value_type::first);
  sim::check(row != kWords.end(), "every kind has its word");
  return row->second;
}

std::optional<Family> kind_of_word(std::string_view word) {
  const auto row = std::ranges::find(kWords, word, &decltype(kWords)::value_type::second);
  if (row == kWords.end()) return std::nullopt;
  return row->first;
}

sim::Families only(std::span<const Family> kinds) {
  sim::Families chosen = sim::Families::all();
  for (const Family kind : kKinds) {
    if (std::ranges::find(kinds, kind) == kinds.end()) chosen = chosen.without(kind);
  }
  return chosen;
}

bool overlap(sim::Families a, sim::Families b) {
  return std::ranges::any_of(kKinds,
                             [&](Family kind) { return a.contains(kind) && b.contains(kind); });
}

sim::Families kinds_of_znode(std::string_view path) {
  const auto below = [&](std::string_view folder) {
    return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
  };
  if (below("/brokers/topics")) return {Family::Topics, Family::Partitions};
  if (below("/brokers/ids")) return {Family::Brokers};
  if (below("/config/topics")) return {Family::TopicConfigs};
  if (below("/config/brokers")) return {Family::BrokerConfigs};
  // SCRAM credentials and quotas of a user stand in one znode.
  if (below("/config/users")) return {Family::ClientQuotas, Family::Scram};
  if (below("/config/clients") || below("/config/ips")) return {Family::ClientQuotas};
  if (below("/latest_producer_id_block")) return {Family::ProducerIds};
  if (below("/kafka-acl") || below("/kafka-acl-extended")) return {Family::Acls};
  if (below("/delegation_token")) return {Family::DelegationTokens};
  return sim::Families::all();
}

std::vector<KindCount> count_kinds(const sim::MetadataImage& left, const sim::MetadataImage& right,
                                   sim::Families kinds) {
  std::vector<KindCount> counts;
  for (const Family kind : kKinds) {
    if (kinds.contains(kind)) counts.push_back({kind, count(left, kind), count(right, kind)});
  }
  return counts;
}

}  // namespace migrate
