#include "zk/migration_reader_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/base/check.h"
#include "sim/base/described.h"
#include "sim/base/digest.h"
#include "sim/base/match.h"
#include "sim/kafka/delta.h"
#include "zk/paths.h"
#include "zk/znodes_json.h"

namespace zk {
namespace {

// Reads single znodes of a tree and notes what is wrong with them.
class ViewReader {
 public:
  ViewReader(const Tree& tree, std::string_view root, ClusterView& view)
      : tree_(tree), root_(root == "/" ? "" : root), view_(view) {}

  std::string absolute(std::string_view path) const { return fmt::format("{}{}", root_, path); }
  std::optional<Stat> stat(std::string_view path) const { return tree_.stat(absolute(path)); }
  std::vector<std::string> children(std::string_view path) const {
    return tree_.children(absolute(path));
  }
  // The parsed znode; nothing if it is absent, has no data, or cannot be read.
  template <class T>
  std::optional<T> read(std::string_view path, Parsed<T> (*parse)(std::string_view)) {
    const Znode* const znode = tree_.find(absolute(path));
    if (znode == nullptr || !znode->data || znode->data->empty()) return std::nullopt;
    Parsed<T> parsed = parse(*znode->data);
    if (parsed) return *std::move(parsed);
    note(path, parsed.error());
    return std::nullopt;
  }
  void note(std::string_view path, const Unreadable& why) {
    view_.unreadable.push_back({std::string(path), why.why, why.kafka_throws});
  }

 private:
  const Tree& tree_;
  std::string root_;
  ClusterView& view_;
};

void read_brokers(ViewReader& read, ClusterView& view) {
  for (const std::string& name : read.children(paths::kBrokerIds)) {
    const std::string path = paths::child(paths::kBrokerIds, name);
    const auto id = parse_i32(name);
    if (!id) {
      read.note(path, {"its name is no broker id", true});
      continue;
    }
    const auto stat = read.stat(path);
    auto znode = read.read(path, parse_broker);
    if (!znode || !stat) continue;
    view.brokers.emplace(sim::BrokerId(*id),
                         ClusterView::Broker{.znode = *std::move(znode),
                                             .epoch = sim::BrokerEpoch(stat->czxid.value()),
                                             .session = stat->ephemeral_owner});
  }
}

// Ids of ACLs that are the same at every reading of the same entry, and differ between entries.
sim::Uuid acl_id_of(const sim::AccessControlEntryRecord& entry) {
  sim::Digest digest;
  sim::digest_into(digest, entry);
  const std::uint64_t most = digest.value();
  digest.add(std::uint64_t{1});
  return {static_cast<std::int64_t>(most), static_cast<std::int64_t>(digest.value())};
}

}  // namespace

Response answer(const Tree& tree, std::string_view root, const Request& request) {
  const std::string path = fmt::format("{}{}", root == "/" ? "" : root, path_of(request));
  Response response{.zxid = tree.last_processed_zxid()};
  const Znode* const znode = tree.find(path);
  if (znode == nullptr) {
    response.error = ErrorCode::NoNode;
    return response;
  }
  const Stat stat = tree.stat(*znode);
  if (std::holds_alternative<GetData>(request)) {
    response.result = GotData{znode->data, stat};
  } else if (std::holds_alternative<GetChildren>(request)) {
    response.result = GotChildren{tree.children(path), stat};
  } else {
    sim::check(std::holds_alternative<Exists>(request), "a tree answers reads alone");
    response.result = stat;
  }
  return response;
}

TreeCopy copy_of(const Tree& tree, std::string_view root, const ReadOptions& options) {
  TreeCopy copy;
  MigrationRead read(options);
  while (!read.requests().empty()) {
    std::vector<Response> responses;
    responses.reserve(read.requests().size());
    for (const Request& request : read.requests()) responses.push_back(answer(tree, root, request));
    for (RecordList& list : read.advance(std::move(responses), [] { return sim::Uuid(); })) {
      copy.lists.push_back(std::move(list));
    }
  }
  for (RecordList& list : copy.lists) {
    for (sim::Record& record : list) {
      auto* const acl = std::get_if<sim::AccessControlEntryRecord>(&record);
      if (acl != nullptr) acl->id = acl_id_of(*acl);
    }
  }
  copy.report = read.report();
  copy.failure = read.failure();
  return copy;
}

TreeImage zk_to_image(const Tree& tree, std::string_view root, const ReadOptions& options) {
  TreeCopy copy = copy_of(tree, root, options);
  sim::MetadataDelta delta{sim::MetadataImage()};
  for (const RecordList& list : copy.lists) {
    for (const sim::Record& record : list) {
      const auto replayed = delta.replay(record);
      // Two topics of one id, or a state that no image can hold.
      if (!replayed)
        copy.report.unreadable.push_back({std::string(paths::kTopics), replayed.error().what});
    }
  }
  return {.image = delta.apply({}), .report = std::move(copy.report)};
}

std::set<sim::BrokerId> brokers_out_of_sync(const Tree& tree, std::string_view root) {
  std::set<sim::BrokerId> found;
  ClusterView unreadable;
  ViewReader read(tree, root, unreadable);
  PartitionStateReader states;
  const auto state_of = [&](const std::string& path) -> const PartitionStateZnode* {
    const Znode* const znode = tree.find(read.absolute(path));
    if (znode == nullptr || !znode->data) return nullptr;
    const auto& state = states.read(*znode->data);
    return state ? &*state : nullptr;
  };
  for (const std::string& name : read.children(paths::kTopics)) {
    const auto topic = read.read(paths::topic(name), parse_topic);
    if (!topic) continue;
    for (const auto& [id, assignment] : topic->partitions) {
      const PartitionStateZnode* const state = state_of(paths::partition_state(name, id));
      const bool led = state != nullptr && state->leader != sim::BrokerId(-1);
      for (const sim::BrokerId replica : assignment.replicas) {
        if (!led || std::ranges::find(state->isr, replica) == state->isr.end())
          found.insert(replica);
      }
    }
  }
  return found;
}

ClusterView cluster_view(const Tree& tree, std::string_view root) {
  ClusterView view;
  ViewReader read(tree, root, view);
  view.cluster_id = read.read(paths::kClusterId, parse_cluster_id);
  if (auto znode = read.read(paths::kController, parse_controller)) {
    const Stat stat = *read.stat(paths::kController);
    view.controller = {
        .znode = *znode, .version = stat.version, .ephemeral = stat.ephemeral_owner != kNoSession};
  }
  view.controller_epoch = read.read(paths::kControllerEpoch, parse_controller_epoch);
  if (const auto stat = read.stat(paths::kControllerEpoch)) {
    view.controller_epoch_version = stat->version;
  }
  if (auto znode = read.read(paths::kMigration, parse_migration)) {
    view.migration = {.znode = *znode, .version = read.stat(paths::kMigration)->version};
  }
  view.feature = read.read(paths::kFeature, parse_feature);
  read_brokers(read, view);
  view.topics_pending_deletion = read.children(paths::kDeleteTopics);
  view.legacy_reassignment =
      read.read(paths::kReassignPartitions, parse_reassignment).value_or(ReassignmentZnode{});
  view.preferred_replica_election =
      read.read(paths::kPreferredReplicaElection, parse_partition_list)
          .value_or(std::vector<sim::TopicPartition>{});
  PartitionStateReader states;
  tree.for_each_below(read.absolute(paths::kTopics), [&](std::string_view path,
                                                         const Znode& znode) {
    if (!path.ends_with("/state") || !znode.data) return;
    const auto& state = states.read(*znode.data);
    if (!state) return;  // the copy's report names it
    const auto highest = view.highest_partition_controller_epoch.value_or(state->controller_epoch);
    view.highest_partition_controller_epoch = std::max(highest, state->controller_epoch);
  });
  return view;
}

}  // namespace zk
