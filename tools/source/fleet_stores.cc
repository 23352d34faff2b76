#include "tools/source/fleet_stores.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "kraft/disk/metadata_dir.h"
#include "kraft/disk/segment_reader.h"
#include "tools/source/node_files.h"
#include "zk/disk/data_directory.h"

namespace tools {
namespace {

namespace fs = std::filesystem;

struct StoresInFleet {
  std::vector<std::string> zookeeper;
  std::vector<std::string> kraft;
  std::vector<std::string> of_brokers;
};

bool is_of(const fs::path& folder, Store store, SourceKind wanted) {
  const auto kind = kind_of_source(folder.string(), store);
  return kind && *kind == wanted;
}

// A fleet is a folder of machines, of nodes, of log directories: no deeper.
void find_stores(const fs::path& folder, bool of_broker, int depth, StoresInFleet& found) {
  constexpr int kDeepest = 4;
  if (is_of(folder, Store::ZooKeeper, SourceKind::ZooKeeperDirectory)) {
    found.zookeeper.push_back(folder.string());
    return;
  }
  if (is_of(folder, Store::KRaft, SourceKind::MetadataDirectory)) {
    (of_broker ? found.of_brokers : found.kraft).push_back(folder.string());
    return;
  }
  if (depth == kDeepest) return;
  for (const fs::path& entry : entries_of(folder)) {
    if (!is_folder(entry)) continue;
    const bool broker = of_broker || entry.filename().string().starts_with("broker");
    find_stores(entry, broker, depth + 1, found);
  }
}

// How far a store reaches; of a damaged one as far as it can be read.
using Reach = std::pair<std::int64_t, std::int64_t>;

Reach reach_of_zookeeper(const std::string& folder) {
  const auto directory = zk::disk::DataDirectory::find(folder);
  std::int64_t last = -1;
  if (!directory) return {last, 0};
  if (!directory->snapshots.empty()) last = directory->snapshots.front().zxid.value();
  if (directory->logs.empty()) return {last, 0};
  auto reader = zk::disk::LogReader::open(directory->logs.back().path);
  while (reader) {
    const auto entry = reader->next();
    if (!entry || !*entry) break;
    last = std::max(last, (*entry)->txn.header.zxid.value());
  }
  return {last, 0};
}

Reach reach_of_log(const std::string& folder) {
  const auto directory = kraft::open_metadata_dir(folder);
  Reach last{-1, -1};
  if (!directory) return last;
  for (const kraft::CheckpointFile& each : directory->checkpoints)
    last = std::max(last, Reach{each.id.epoch.value(), each.id.offset.value()});
  if (directory->segments.empty()) return last;
  auto reader = kraft::SegmentReader::open(directory->segments.back().path,
                                           kraft::SegmentReader::Depth::Headers);
  kraft::RecordBatch batch;
  while (reader && reader->next(batch)) {
    last = std::max(last, Reach{batch.header.partition_leader_epoch.value(),
                                batch.header.next_offset().value()});
  }
  return last;
}

// The first of those that reach furthest.
template <class ReachOf>
std::string furthest(const std::vector<std::string>& stores, ReachOf&& reach_of) {
  if (stores.size() == 1) return stores.front();
  std::vector<Reach> reaches;
  for (const std::string& store : stores) reaches.push_back(reach_of(store));
  const auto best = std::ranges::max_element(reaches);
  return stores[static_cast<std::size_t>(best - reaches.begin())];
}

}  // namespace

sim::Expected<std::string> store_meant_by(const std::string& argument, Store store) {
  if (!is_folder(argument) || kind_of_source(argument, store)) return argument;
  StoresInFleet found;
  find_stores(argument, false, 0, found);
  if (found.kraft.empty()) found.kraft = found.of_brokers;
  if (store == Store::Either && !found.zookeeper.empty() && !found.kraft.empty()) {
    std::vector<std::string> named;
    for (const std::string& each : found.zookeeper) named.push_back(each + " (ZooKeeper)");
    for (const std::string& each : found.kraft) named.push_back(each + " (KRaft)");
    return sim::refused(sim::Severity::Usage, argument, "this fleet holds both stores",
                        fmt::format("Name one or more of {}.", fmt::join(named, ", ")));
  }
  if (store != Store::KRaft && !found.zookeeper.empty())
    return furthest(found.zookeeper, reach_of_zookeeper);
  if (store != Store::ZooKeeper && !found.kraft.empty()) return furthest(found.kraft, reach_of_log);
  return argument;
}

}  // namespace tools
