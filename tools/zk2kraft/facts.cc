#include "tools/zk2kraft/facts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sim/base/check.h"
#include "sim/base/match.h"

namespace tools {
namespace {

using nlohmann::ordered_json;

// "none", or the first few of many.
std::string listed(const std::vector<std::string>& names, std::size_t most = 12) {
  if (names.empty()) return "none";
  const std::vector<std::string> first(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(most, names.size())));
  return fmt::format("{}{}", fmt::join(first, ", "),
                     names.size() > most ? fmt::format(", … ({} in all)", names.size()) : "");
}

template <class Table, class Name>
std::vector<std::string> names_in(const Table& table, const Name& name) {
  std::vector<std::string> names;
  for (const auto& each : table) names.push_back(name(each));
  return names;
}

void add_list(Facts& facts, std::string key, std::string label,
              const std::vector<std::string>& names) {
  facts.add(std::move(key), std::move(label), ordered_json(names),
            names.empty() ? "none" : fmt::format("{}: {}", names.size(), listed(names)));
}

// ── What both stores hold ───────────────────────────────────────────────────────────────────────

std::uint64_t configs_of(const sim::MetadataImage& image, sim::ConfigResourceType type) {
  std::uint64_t total = 0;
  for (const sim::ResourceConfigs& resource : image.configs().resources) {
    if (resource.resource.type == type) total += resource.values.size();
  }
  return total;
}

void add_metadata(Facts& facts, const sim::MetadataImage& image) {
  const auto count = [&](std::string key, std::string label, std::uint64_t number) {
    facts.add(std::move(key), std::move(label), number, std::to_string(number));
  };
  count("topics", "topics", image.topics().size());
  count("partitions", "partitions", image.topics().partition_count());
  count("topicConfigs", "topic configs", configs_of(image, sim::ConfigResourceType::Topic));
  count("brokerConfigs", "broker configs", configs_of(image, sim::ConfigResourceType::Broker));
  std::uint64_t quotas = 0;
  for (const sim::ClientQuota& quota : image.client_quotas().entities)
    quotas += quota.values.size();
  count("quotas", "quotas", quotas);
  add_list(facts, "scramUsers", "SCRAM users",
           names_in(image.scram().credentials, [](const auto& each) {
             return fmt::format("{} ({})", each.name, sim::name_of(each.mechanism));
           }));
  count("acls", "ACL entries", image.acls().acls.size());
  count("delegationTokens", "delegation tokens", image.tokens().tokens.size());
  const std::int64_t next = image.producer_ids().next_producer_id.value();
  facts.add(
      "nextProducerId", "producer ids",
      image.producer_ids().known() ? ordered_json(next) : ordered_json(),
      image.producer_ids().known() ? fmt::format("next block from {}", next) : "none given out");
  facts.add("digest", "digest of the image", fmt::format("{:016x}", image.digest()));
}

// ── ZooKeeper ───────────────────────────────────────────────────────────────────────────────────

void add_origin(Facts& facts, const ZooKeeperSource& source) {
  facts.add("kind", "source", std::string(name_of(source.kind)));
  facts.add("zxid", "as of", zk::describe(source.zxid));
  if (source.live) {
    facts.add("consistent", "consistent", source.live->consistent,
              source.live->consistent
                  ? fmt::format("yes, proven in {} passes", source.live->rounds)
                  : "no: znodes changed until the end: " + listed(source.live->unsettled));
    return;
  }
  ordered_json files = ordered_json::array();
  std::vector<std::string> lines;
  for (const auto& file : source.files) {
    files.push_back({{"path", file.path.string()}, {"transactions", file.transactions}});
    lines.push_back(file.transactions == 0
                        ? file.path.filename().string()
                        : fmt::format("{} ({} transactions)", file.path.filename().string(),
                                      file.transactions));
  }
  facts.add("files", "files read", std::move(files), listed(lines));
}

void add_control(Facts& facts, const zk::ClusterView& view) {
  facts.add("phase", "phase", phase_of(view));
  if (view.controller) {
    const auto& znode = view.controller->znode;
    facts.add("controller", "controller",
              {{"id", znode.broker.value()},
               {"kraft", znode.is_kraft()},
               {"kraftEpoch", znode.kraft_controller_epoch.value_or(sim::RaftEpoch(-1)).value()}},
              znode.is_kraft()
                  ? fmt::format("{}, a KRaft controller of epoch {}", znode.broker.value(),
                                znode.kraft_controller_epoch->value())
                  : fmt::format("{}, a broker", znode.broker.value()));
  } else {
    facts.add("controller", "controller", ordered_json(), "none");
  }
  if (view.controller_epoch) {
    const std::int64_t epoch = view.controller_epoch->value();
    facts.add("controllerEpoch", "controller epoch", epoch, std::to_string(epoch));
  }
  if (!view.migration) {
    facts.add("migration", "migration", ordered_json(), "no /migration znode: not begun");
    return;
  }
  const zk::MigrationZnode& znode = view.migration->znode;
  facts.add("migration", "migration",
            {{"complete", znode.initial_migration_complete()},
             {"controller", znode.kraft_controller_id.value()},
             {"offset", znode.kraft_metadata.offset.value()},
             {"epoch", znode.kraft_metadata.epoch.value()}},
            znode.initial_migration_complete()
                ? fmt::format("copied; mirrored up to offset {} of epoch {} by controller {}",
                              znode.kraft_metadata.offset.value(),
                              znode.kraft_metadata.epoch.value(), znode.kraft_controller_id.value())
                : "prepared, nothing copied");
}

void add_trouble(Facts& facts, const ZooKeeperSource& source, const zk::ReadReport& report) {
  std::vector<std::string> warnings;
  for (const auto& warning : source.warnings) warnings.push_back(zk::disk::describe(warning));
  if (source.live) {
    for (const auto& each : source.live->unreadable) {
      warnings.push_back(fmt::format("{} could not be read: {}", each.path, why_refused(each)));
    }
  }
  const auto lines = [](const std::vector<std::string>& all) {
    return fmt::format("{}", fmt::join(all, "\n"));
  };
  if (!warnings.empty()) facts.add("warnings", "warnings", ordered_json(warnings), lines(warnings));
  std::vector<std::string> unreadable;
  for (const auto& each : report.unreadable)
    unreadable.push_back(fmt::format("{}: {}", each.path, each.why));
  for (const auto& each : source.view.unreadable)
    unreadable.push_back(fmt::format("{}: {}", each.path, each.why));
  if (!unreadable.empty())
    facts.add("unreadableZnodes", "unreadable znodes", ordered_json(unreadable), lines(unreadable));
  std::vector<std::string> encoded;
  for (const auto& each : report.encoded_passwords) {
    encoded.push_back(fmt::format("{} in {}: {}", each.config, each.path, each.why));
  }
  if (!encoded.empty())
    facts.add("undecodedPasswords", "encoded passwords", ordered_json(encoded), lines(encoded));
  if (!source.view.topics_pending_deletion.empty()) {
    add_list(facts, "topicsPendingDeletion", "being deleted", source.view.topics_pending_deletion);
  }
}

Facts facts_of_zookeeper(const ZooKeeperSource& source, const SourceImage& image) {
  Facts facts;
  add_origin(facts, source);
  facts.add("clusterId", "cluster",
            source.view.cluster_id ? ordered_json(*source.view.cluster_id) : ordered_json(),
            source.view.cluster_id.value_or("unknown"));
  facts.add("root", "chroot", source.root.empty() ? "/" : source.root);
  add_control(facts, source.view);
  std::vector<std::string> brokers;
  for (const auto& [id, broker] : source.view.brokers) {
    brokers.push_back(broker.znode.rack
                          ? fmt::format("{} (rack {})", id.value(), *broker.znode.rack)
                          : std::to_string(id.value()));
  }
  add_list(facts, "brokers", "brokers registered", brokers);
  add_metadata(facts, image.image);
  const std::size_t znodes = source.database.tree.size();
  facts.add("znodes", "znodes", znodes, std::to_string(znodes));
  if (!source.live) {
    const std::size_t sessions = source.database.session_timeouts_ms.size();
    facts.add("sessions", "sessions", sessions, std::to_string(sessions));
  }
  add_trouble(facts, source, image.report);
  return facts;
}

// ── KRaft ───────────────────────────────────────────────────────────────────────────────────────

std::string where(const sim::OffsetAndEpoch& id) {
  return fmt::format("offset {} of epoch {}", id.offset.value(), id.epoch.value());
}

void add_log(Facts& facts, const MetadataSource& source) {
  const kraft::MetadataLogRead& log = source.loaded.log;
  facts.add("checkpoint", "checkpoint",
            log.checkpoint ? ordered_json{{"offset", log.checkpoint->offset.value()},
                                          {"epoch", log.checkpoint->epoch.value()}}
                           : ordered_json(),
            log.checkpoint ? where(*log.checkpoint) : "none read");
  facts.add("endOffset", "log ends before", log.end.value(),
            fmt::format("offset {}, epoch {}; {} records in {} batches read", log.end.value(),
                        log.epoch.value(), log.records, log.batches));
  if (source.kind == SourceKind::MetadataDirectory) {
    const std::int64_t uncertain = log.end.value() - log.committed_at_least.value();
    facts.add("committedAtLeast", "surely committed", log.committed_at_least.value(),
              uncertain > 0 ? fmt::format("below offset {}; the {} records above may or may not be",
                                          log.committed_at_least.value(), uncertain)
                            : "all of it");
  }
  if (const auto& open = source.loaded.open_transaction) {
    facts.add(
        "openTransaction", "open transaction",
        {{"begin", open->begin.value()},
         {"name", open->name.value_or("")},
         {"records", open->records}},
        fmt::format("{} from offset {} on: {} records, not applied",
                    open->name.value_or("without a name"), open->begin.value(), open->records));
  }
}

void add_nodes(Facts& facts, const sim::MetadataImage& image) {
  ordered_json brokers = ordered_json::array();
  std::vector<std::string> lines;
  for (const sim::BrokerRegistration& broker : image.cluster().brokers) {
    brokers.push_back({{"id", broker.broker_id.value()},
                       {"fenced", broker.fenced},
                       {"migratingZkBroker", broker.is_migrating_zk_broker}});
    lines.push_back(fmt::format("{}{}{}", broker.broker_id.value(), broker.fenced ? " fenced" : "",
                                broker.is_migrating_zk_broker ? " (ZooKeeper mode)" : ""));
  }
  facts.add("brokers", "brokers registered", std::move(brokers),
            lines.empty() ? "none" : fmt::format("{}: {}", lines.size(), listed(lines)));
  add_list(facts, "controllers", "controllers",
           names_in(image.cluster().controllers,
                    [](const auto& each) { return std::to_string(each.controller_id.value()); }));
}

void add_trouble(Facts& facts, const kraft::LoadedMetadata& loaded) {
  std::vector<std::string> warnings;
  for (const auto* problems : {&loaded.log.problems, &loaded.problems}) {
    for (const sim::Problem& problem : *problems) warnings.push_back(sim::describe(problem));
  }
  if (loaded.log.torn_tail) warnings.push_back(sim::describe(loaded.log.torn_tail->problem));
  if (!warnings.empty()) {
    facts.add("warnings", "warnings", ordered_json(warnings),
              fmt::format("{}", fmt::join(warnings, "\n")));
  }
  if (loaded.log.damage) facts.add("damage", "damage", sim::describe(*loaded.log.damage));
}

Facts facts_of_metadata(const MetadataSource& source) {
  Facts facts;
  const sim::MetadataImage& image = source.loaded.image;
  facts.add("kind", "source", std::string(name_of(source.kind)));
  if (const auto& node = source.loaded.node) {
    if (node->cluster_id) facts.add("clusterId", "cluster", *node->cluster_id);
    if (node->node_id) {
      facts.add("nodeId", "of node", node->node_id->value(),
                std::to_string(node->node_id->value()));
    }
  }
  facts.add("phase", "phase", phase_of(source.loaded));
  facts.add("migrationState", "migration state",
            std::string(sim::name_of(image.features().zk_migration_state)));
  facts.add("metadataVersion", "metadata.version",
            sim::describe(image.features().metadata_version));
  std::vector<std::string> features;
  for (const sim::FeatureLevel& feature : image.features().finalized) {
    features.push_back(fmt::format("{}={}", feature.name, feature.level));
  }
  if (!features.empty()) add_list(facts, "features", "features", features);
  add_log(facts, source);
  add_nodes(facts, image);
  add_metadata(facts, image);
  add_trouble(facts, source.loaded);
  return facts;
}

}  // namespace

nlohmann::ordered_json Facts::to_json() const {
  ordered_json object = ordered_json::object();
  for (const Fact& fact : facts_) object[fact.key] = fact.value;
  return object;
}

std::string Facts::to_text() const {
  constexpr std::size_t kIndent = 2;
  constexpr std::size_t kGap = 2;
  std::size_t width = 0;
  for (const Fact& fact : facts_) width = std::max(width, fact.label.size());
  std::string text;
  for (const Fact& fact : facts_) {
    std::string_view rest = fact.text;
    std::string_view label = fact.label;
    while (true) {
      const std::size_t end = rest.find('\n');
      text += fmt::format("{:{}}{:<{}}{}\n", "", kIndent, label, width + kGap, rest.substr(0, end));
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
      label = {};
    }
  }
  return text;
}

std::string phase_of(const zk::ClusterView& view) {
  const bool kraft = view.controller && view.controller->znode.is_kraft();
  const bool copied = view.migration && view.migration->znode.initial_migration_complete();
  if (!view.migration)
    return "S0 (ZooKeeper mode; controllers that do not migrate yet leave no trace here)";
  if (!copied) {
    return kraft ? "S3 (a KRaft controller has claimed the cluster; the copy is not over)"
                 : "S1-S2 (controllers are up; nothing is claimed or copied)";
  }
  if (!view.controller) return "S4-S6 or R2 (copied; no controller holds /controller now)";
  if (!kraft) return "R2 (rolled back: a broker leads again, and /migration is still there)";
  return view.brokers.empty() ? "S6-S8 (dual write, or finalised: no broker is in ZooKeeper mode)"
                              : "S4-S5 (hybrid: KRaft leads, brokers are still in ZooKeeper mode)";
}

std::string phase_of(const kraft::LoadedMetadata& metadata) {
  const sim::MetadataImage& image = metadata.image;
  const bool hybrid = std::ranges::any_of(
      names_in(image.cluster().brokers,
               [](const auto& broker) {
                 return std::string(broker.is_migrating_zk_broker ? "migrating" : "");
               }),
      [](const std::string& each) { return !each.empty(); });
  switch (image.features().zk_migration_state) {
    case sim::ZkMigrationState::Zookeeper:
    case sim::ZkMigrationState::None:
      return "none (this quorum has not been told of a migration)";
    case sim::ZkMigrationState::PreMigration:
      return metadata.open_transaction ? "S3 (the copy is under way, or was broken off)"
                                       : "S1-S2 (controllers are up; nothing is copied)";
    case sim::ZkMigrationState::Migration:
      return hybrid ? "S4-S5 (hybrid: brokers are still in ZooKeeper mode)"
                    : "S6 (dual write: all brokers are in KRaft mode)";
    case sim::ZkMigrationState::PostMigration:
      return "S7-S8 (finalised)";
  }
  return "unknown";
}

SourceImage image_of(const OpenSource& source) {
  return sim::match(
      source,
      [](const ZooKeeperSource& zookeeper) {
        auto read = zk::zk_to_image(zookeeper.database.tree, zookeeper.root,
                                    {.password_secret = zookeeper.password_secret});
        return SourceImage{std::move(read.image), std::move(read.report)};
      },
      [](const MetadataSource& metadata) { return SourceImage{metadata.loaded.image, {}}; });
}

Facts facts_of(const OpenSource& source, const SourceImage& image) {
  return sim::match(
      source,
      [&](const ZooKeeperSource& zookeeper) { return facts_of_zookeeper(zookeeper, image); },
      [](const MetadataSource& metadata) { return facts_of_metadata(metadata); });
}

}  // namespace tools
