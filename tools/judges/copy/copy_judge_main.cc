#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kraft/disk/metadata_dir.h"
#include "kraft/disk/migration_transaction.h"
#include "sim/base/described.h"
#include "zk/cluster_root.h"
#include "zk/disk/recovery.h"
#include "zk/migration_reader_claim.h"
#include "zk/migration_reader_tree.h"

// Our side of `tools/conformance copy`: whether our copy of a tree is the one that real Kafka made
// of it.
//
//   copy_judge CLUSTER                   ours: what the reader of files makes of CLUSTER/zk-1
//   copy_judge CLUSTER CONTROLLER        ours: what is in that controller's log, as a simulated run
//   left it
//   copy_judge REAL CONTROLLER           the same beside a real controller's folder
//
// CLUSTER is a folder that CopyJudge left: zk-1/version-2, said, and controller-3000 unless Kafka
// failed. Then ours must fail in the same stage, and at the znode that was damaged if one was. Exit
// codes: 0 agreed, 1 not, 4 unreadable input.
namespace {

namespace fs = std::filesystem;
using Said = std::map<std::string, std::string>;

constexpr int kDisagreed = 1;
constexpr int kMalformed = 4;
constexpr std::size_t kMostShown = 8;

template <class T>
T value_or_exit(sim::Expected<T> expected) {
  if (expected) return *std::move(expected);
  fmt::print("{}\n", sim::describe(expected.error()));
  std::exit(kMalformed);
}

Said read_said(const fs::path& file) {
  Said said;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (equals != std::string::npos) said.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  return said;
}

std::string value_of(const Said& said, const std::string& key) {
  const auto found = said.find(key);
  return found == said.end() ? std::string() : found->second;
}

// ZkMigrationClient's method that reads this znode.
std::string_view stage_of(std::string_view path) {
  if (path.starts_with("/config/brokers")) return "migrateBrokerConfigs";
  for (const std::string_view folder : {"/config/users", "/config/clients", "/config/ips"}) {
    if (path.starts_with(folder)) return "migrateClientQuotas";
  }
  if (path.starts_with("/latest_producer_id_block")) return "migrateProducerId";
  if (path.starts_with("/kafka-acl")) return "migrateAcls";
  if (path.starts_with("/delegation_token")) return "migrateDelegationTokens";
  return "migrateTopics";
}

zk::Tree tree_that_was_copied(const fs::path& data_dir, const std::string& root, bool at_claim) {
  std::optional<zk::Zxid> at;
  if (at_claim) {
    zk::ClaimFinder finder(root, zk::Tree());
    const auto replayed =
        zk::disk::replay(data_dir, std::nullopt, [&](const zk::disk::Replayed& each) {
          return finder.take(each.txn.header, each.txn.txn) ? zk::disk::Visit::Continue
                                                            : zk::disk::Visit::Stop;
        });
    if (!replayed) value_or_exit<zk::Zxid>(std::unexpected(replayed.error()));
    at = value_or_exit(finder.found({.source = data_dir.string()}));
  }
  auto recovery = value_or_exit(zk::disk::recover(data_dir, {.at = at}));
  for (const zk::disk::Warning& warning : recovery.warnings)
    fmt::print("  warning: {}\n", describe(warning));
  return std::move(recovery.database.tree);
}

sim::Record comparable(sim::Record record) {
  if (auto* const acl = std::get_if<sim::AccessControlEntryRecord>(&record))
    acl->id = {};  // drawn at random
  return record;
}

std::multiset<sim::Record> log_copy(const fs::path& controller) {
  const auto dir = value_or_exit(kraft::open_metadata_dir(controller));
  std::multiset<sim::Record> copy;
  for (const sim::Record& record : value_or_exit(kraft::migration_transaction(dir)))
    copy.insert(comparable(record));
  return copy;
}

void show(std::string_view whose, const std::vector<sim::Record>& records) {
  for (std::size_t i = 0; i < std::min(records.size(), kMostShown); ++i) {
    fmt::print("  only {}: {}\n", whose,
               std::visit([](const auto& each) { return sim::describe_value(each); }, records[i]));
  }
  if (records.size() > kMostShown) fmt::print("  … and {} more\n", records.size() - kMostShown);
}

int compare(const std::multiset<sim::Record>& ours, const std::multiset<sim::Record>& kafkas) {
  std::vector<sim::Record> only_ours;
  std::vector<sim::Record> only_kafkas;
  std::ranges::set_difference(ours, kafkas, std::back_inserter(only_ours));
  std::ranges::set_difference(kafkas, ours, std::back_inserter(only_kafkas));
  show("ours", only_ours);
  show("Kafka's", only_kafkas);
  if (only_ours.empty() && only_kafkas.empty()) fmt::print("agreed: {} records\n", kafkas.size());
  return only_ours.empty() && only_kafkas.empty() ? 0 : kDisagreed;
}

int disagreed(const std::string& how) {
  fmt::print("  {}\n", how);
  return kDisagreed;
}

int judge_tree(const fs::path& cluster, const Said& said) {
  const std::string failed = value_of(said, "failed");
  const std::string root = value_of(said, "chroot") == "/" ? "" : value_of(said, "chroot");
  const zk::Tree tree = tree_that_was_copied(cluster / "zk-1", root, said.contains("brokers"));
  const auto found = zk::cluster_root(tree, std::nullopt, {.source = cluster.string()});
  if (said.contains("neighbour") == found.has_value() || (found && *found != root))
    return disagreed(fmt::format("the cluster's root was not found: {}",
                                 found ? *found : sim::describe(found.error())));

  zk::ReadOptions options{.manner = zk::ReadManner::Driver};
  if (said.contains("secret")) options.password_secret = value_of(said, "secret");
  const zk::TreeCopy copy = zk::copy_of(tree, root, options);
  if (!failed.empty()) {
    if (!copy.failure)
      return disagreed(fmt::format("Kafka fails, ours does not: {}", value_of(said, "exception")));
    const std::string what = fmt::format("{}: {}", copy.failure->path, copy.failure->why);
    if (stage_of(copy.failure->path) != failed)
      return disagreed(fmt::format("Kafka fails in {} ({}), ours at {}", failed,
                                   value_of(said, "exception"), what));
    fmt::print("agreed: Kafka fails ({}), ours at {}\n", value_of(said, "exception"), what);
    return 0;
  }
  if (copy.failure)
    return disagreed(
        fmt::format("ours fails, Kafka does not: {}: {}", copy.failure->path, copy.failure->why));
  std::vector<std::int32_t> brokers;
  for (const sim::BrokerId id : copy.report.brokers_named) brokers.push_back(id.value());
  const std::string named = fmt::format("[{}]", fmt::join(brokers, ", "));
  if (named != value_of(said, "brokers"))
    return disagreed(fmt::format("brokers that the metadata names: ours {}, Kafka's {}", named,
                                 value_of(said, "brokers")));
  if (said.contains("unwritable")) {
    fmt::print("agreed: Kafka cannot write what it read ({})\n", value_of(said, "unwritable"));
    return 0;
  }
  std::multiset<sim::Record> ours;
  for (const zk::RecordList& list : copy.lists) {
    for (const sim::Record& record : list) ours.insert(comparable(record));
  }
  return compare(ours, log_copy(cluster / "controller-3000"));
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2 && count != 3) {
    fmt::print(stderr, "usage: copy_judge CLUSTER | copy_judge CLUSTER|REAL CONTROLLER\n");
    return 3;
  }
  const fs::path cluster = arguments[1];
  const Said said = read_said(cluster / "said");
  if (count == 3)
    return compare(log_copy(arguments[2]),
                   log_copy(said.empty() ? cluster : cluster / "controller-3000"));
  if (said.empty()) {
    fmt::print("{}: there is no file 'said'\n", cluster.string());
    return kMalformed;
  }
  return judge_tree(cluster, said);
}
