#include "scenarios/initial.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/base/digest.h"
#include "zk/migration_reader_tree.h"
#include "zk/paths.h"
#include "zk/znodes.h"

namespace scenarios {
namespace {

constexpr std::int32_t kDefaultBrokers = 3;

sim::Problem wrong(const sim::Place& place, std::string what, std::string remedy) {
  return {sim::Severity::Usage, place, std::move(what), std::move(remedy)};
}

// An id that names the same thing in every run.
sim::Uuid uuid_of(std::string_view kind, std::string_view name) {
  const std::uint64_t hash = sim::hash_name(fmt::format("{}/{}", kind, name));
  return {static_cast<std::int64_t>(hash), static_cast<std::int64_t>(sim::Digest::mix(hash))};
}

// Writes znodes as one transaction each, in the order of the calls.
class TreeWriter {
 public:
  void create(std::string path, zk::Data data) {
    zk::TxnHeader header{.zxid = zk::Zxid::of(1, ++counter_),
                         .time = zk::WallTime(Initial::kWallClockAtZeroMs)};
    zk::CreateTxn txn{
        .path = std::move(path), .data = std::move(data), .acl = zk::open_acl_unsafe()};
    txn.parent_cversion = zk::ChildVersion(-1);
    database.apply(header, txn);
  }
  zk::Database database;

 private:
  std::uint32_t counter_ = 0;
};

// The next transaction of a tree that exists.
zk::TxnHeader next_transaction(const zk::Tree& tree) {
  const zk::Zxid last = tree.last_processed_zxid();
  return {.zxid = zk::Zxid::of(last.epoch(), last.counter() + 1),
          .time = zk::WallTime(Initial::kWallClockAtZeroMs)};
}

// Whether it is there or not.
void put(zk::Database& database, const std::string& path, std::string data) {
  const zk::TxnHeader header = next_transaction(database.tree);
  if (const zk::Znode* const there = database.tree.find(path)) {
    const zk::DataVersion version = there->stat.version.next();
    database.apply(header, zk::SetDataTxn{path, std::move(data), version});
  } else {
    database.apply(header, zk::CreateTxn{.path = path,
                                         .data = std::move(data),
                                         .acl = zk::open_acl_unsafe(),
                                         .parent_cversion = zk::ChildVersion(-1)});
  }
}

template <class T>
std::optional<T> read(const Initial& initial, const std::string& path,
                      zk::Parsed<T> (*parse)(std::string_view)) {
  const zk::Znode* const znode = initial.database.tree.find(initial.chroot + path);
  if (znode == nullptr || !znode->data) return std::nullopt;
  auto parsed = parse(*znode->data);
  return parsed ? std::optional(*std::move(parsed)) : std::nullopt;
}

void put_earlier_attempt(const zk2kraft::EarlierAttempt& attempt, Initial& initial) {
  constexpr std::int32_t kController = 3000;
  constexpr std::int64_t kOffset = 1000;
  const auto or_usual = [](auto value, auto usual) { return value == 0 ? usual : value; };
  const zk::MigrationZnode left{
      .kraft_controller_id = sim::BrokerId(or_usual(attempt.controller_id(), kController)),
      .kraft_controller_epoch = sim::RaftEpoch(or_usual(attempt.controller_epoch(), 1)),
      .kraft_metadata = {.epoch = sim::RaftEpoch(or_usual(attempt.metadata_epoch(), 1)),
                         .offset = sim::Offset(or_usual(attempt.metadata_offset(), kOffset))}};
  put(initial.database, initial.chroot + std::string(zk::paths::kMigration), zk::encode(left));
}

sim::Expected<void> put_ghost(const zk2kraft::GhostReplica& wanted, Initial& initial,
                              const sim::Place& place) {
  const sim::BrokerId ghost(wanted.broker());
  if (wanted.broker() <= 0 ||
      std::ranges::find(initial.brokers, ghost, &InitialBroker::id) != initial.brokers.end()) {
    return std::unexpected(wrong(place,
                                 fmt::format("broker {} cannot be a ghost.", wanted.broker()),
                                 "Name an id that no broker of the cluster has."));
  }
  std::string name = wanted.topic();
  for (const std::string& each :
       initial.database.tree.children(initial.chroot + std::string(zk::paths::kTopics))) {
    if (name.empty() && !each.starts_with("__")) name = each;
  }
  auto topic = read(initial, zk::paths::topic(name), zk::parse_topic);
  const sim::PartitionId id(wanted.partition());
  if (name.empty() || !topic || !topic->partitions.contains(id) ||
      topic->partitions[id].replicas.empty()) {
    return std::unexpected(
        wrong(place,
              fmt::format("there is no partition {}-{} that could have a ghost.", name, id.value()),
              "Name a topic that is there, and one of its partitions."));
  }
  std::vector<sim::BrokerId>& replicas = topic->partitions[id].replicas;
  const sim::BrokerId replaced = replicas.back();
  replicas.back() = ghost;
  put(initial.database, initial.chroot + zk::paths::topic(name), zk::encode(*topic));
  // Who is no more is out of sync, and where nobody is left the last leader stays in the ISR.
  if (auto state = read(initial, zk::paths::partition_state(name, id), zk::parse_partition_state)) {
    std::erase(state->isr, replaced);
    if (state->leader == replaced)
      state->leader = state->isr.empty() ? sim::BrokerId(-1) : state->isr.front();
    if (state->isr.empty()) state->isr.push_back(ghost);
    put(initial.database, initial.chroot + zk::paths::partition_state(name, id),
        zk::encode(*state));
  }
  return {};
}

struct TopicPlan {
  std::string name;
  std::vector<std::vector<sim::BrokerId>> replicas;
  std::map<std::string, std::string> configs;
};

sim::Expected<TopicPlan> plan_topic(const zk2kraft::Topic& topic,
                                    const std::vector<sim::BrokerId>& brokers, std::size_t offset,
                                    const sim::Place& place) {
  TopicPlan plan{.name = topic.name()};
  if (plan.name.empty())
    return std::unexpected(wrong(place, "a topic has no name.", "Give it one: name: \"orders\"."));
  for (const auto& [key, value] : topic.configs()) plan.configs.emplace(key, value);
  if (!topic.assignment().empty()) {
    for (const zk2kraft::Replicas& replicas : topic.assignment()) {
      std::vector<sim::BrokerId>& list = plan.replicas.emplace_back();
      for (const std::int32_t id : replicas.broker()) {
        if (std::ranges::find(brokers, sim::BrokerId(id)) == brokers.end()) {
          return std::unexpected(wrong(
              place,
              fmt::format("topic {} has a replica on broker {}, which is none.", plan.name, id),
              "Name brokers of the cluster."));
        }
        list.emplace_back(id);
      }
    }
    return plan;
  }
  const std::size_t partitions =
      topic.partitions() > 0 ? static_cast<std::size_t>(topic.partitions()) : 1;
  const std::size_t factor = topic.replication_factor() > 0
                                 ? static_cast<std::size_t>(topic.replication_factor())
                                 : std::min<std::size_t>(3, brokers.size());
  if (factor > brokers.size()) {
    return std::unexpected(
        wrong(place,
              fmt::format("topic {} wants {} replicas of each partition, and there are {} brokers.",
                          plan.name, factor, brokers.size()),
              "Lower replication_factor or raise brokers."));
  }
  for (std::size_t p = 0; p < partitions; ++p) {
    std::vector<sim::BrokerId>& list = plan.replicas.emplace_back();
    for (std::size_t r = 0; r < factor; ++r)
      list.push_back(brokers[(offset + p + r) % brokers.size()]);
  }
  return plan;
}

void write_topic(TreeWriter& tree, const TopicPlan& plan) {
  zk::TopicZnode znode{.topic_id = uuid_of("topic", plan.name)};
  for (std::size_t p = 0; p < plan.replicas.size(); ++p) {
    znode.partitions[sim::PartitionId(static_cast<std::int32_t>(p))].replicas = plan.replicas[p];
  }
  tree.create(zk::paths::config(zk::paths::kTopicEntity, plan.name),
              zk::encode(zk::ConfigZnode(plan.configs)));
  tree.create(zk::paths::topic(plan.name), zk::encode(znode));
  tree.create(zk::paths::partitions(plan.name), std::nullopt);
  for (const auto& [id, assignment] : znode.partitions) {
    tree.create(zk::paths::partition(plan.name, id), std::nullopt);
    const zk::PartitionStateZnode state{.leader = assignment.replicas.front(),
                                        .leader_epoch = sim::LeaderEpoch(0),
                                        .isr = assignment.replicas,
                                        .controller_epoch = sim::ControllerEpoch(1)};
    tree.create(zk::paths::partition_state(plan.name, id), zk::encode(state));
  }
}

// What every cluster in ZooKeeper mode has, made by its first broker.
void write_foundation(TreeWriter& tree, const std::string& cluster_id) {
  for (const char* path :
       {"/consumers", "/brokers", "/brokers/ids", "/brokers/topics", "/config", "/config/changes",
        "/admin", "/admin/delete_topics", "/brokers/seqid", "/isr_change_notification",
        "/latest_producer_id_block", "/log_dir_event_notification", "/config/topics",
        "/config/clients", "/config/users", "/config/brokers", "/config/ips", "/cluster"}) {
    tree.create(path, std::nullopt);
  }
  tree.create(std::string(zk::paths::kClusterId), zk::encode_cluster_id(cluster_id));
}

std::vector<sim::ListenerAddress> plain_listener(sim::BrokerId id) {
  return {{.name = "PLAINTEXT",
           .host = fmt::format("broker-{}", id.value()),
           .port = 9092,
           .security_protocol = sim::SecurityProtocol::Plaintext}};
}

}  // namespace

sim::Expected<Initial> initial_from_topology(const zk2kraft::Cluster& cluster,
                                             const sim::Place& place) {
  Initial initial{.described = "topology"};
  const std::int32_t count = cluster.brokers() == 0 ? kDefaultBrokers : cluster.brokers();
  if (count < 0)
    return std::unexpected(wrong(place, "the cluster has a negative number of brokers.", ""));
  const std::int32_t first = cluster.first_broker_id() == 0 ? 1 : cluster.first_broker_id();
  std::vector<sim::BrokerId> ids;
  for (std::int32_t i = 0; i < count; ++i) {
    const sim::BrokerId id(first + i);
    ids.push_back(id);
    InitialBroker broker{.id = id, .listeners = plain_listener(id)};
    if (cluster.racks_size() > 0) broker.rack = cluster.racks(i % cluster.racks_size());
    broker.log_dirs = {uuid_of("log.dir", fmt::to_string(id.value()))};
    initial.brokers.push_back(std::move(broker));
  }
  initial.cluster_id = uuid_of("cluster", "zk2kraft").describe();
  TreeWriter tree;
  write_foundation(tree, initial.cluster_id);
  std::set<std::string> names;
  std::size_t offset = 0;
  for (const zk2kraft::Topic& topic : cluster.topics()) {
    const auto plan = plan_topic(topic, ids, offset++, place);
    if (!plan) return std::unexpected(plan.error());
    if (!names.insert(plan->name).second) {
      return std::unexpected(wrong(place, fmt::format("topic {} is there twice.", plan->name), ""));
    }
    write_topic(tree, *plan);
  }
  initial.database = std::move(tree.database);
  return initial;
}

sim::Expected<Initial> initial_from_source(SourceTree source) {
  const zk::ClusterView view = zk::cluster_view(source.database.tree, source.root);
  const sim::Place place{.source = source.described};
  Initial initial{.beginning = source.at_claim ? Beginning::BeforeClaim : Beginning::ZooKeeperMode,
                  .chroot = source.root == "/" ? "" : source.root,
                  .cluster_id = view.cluster_id.value_or(""),
                  .password_secret = source.password_secret,
                  .described = source.described};
  if (!source.at_claim && view.controller && view.controller->znode.is_kraft()) {
    return std::unexpected(wrong(
        place,
        fmt::format("/controller names KRaft controller {}: this cluster has begun to migrate.",
                    view.controller->znode.broker.value()),
        "Add --at claim to begin with the tree that was copied, or take files from before the "
        "migration."));
  }
  if (view.controller && view.controller->znode.is_kraft()) {
    initial.quorum_epoch = *view.controller->znode.kraft_controller_epoch;
  }
  if (view.brokers.empty()) {
    return std::unexpected(
        wrong(place, "no broker is registered under /brokers/ids, so there is nobody to simulate.",
              "Take the files while the brokers run, or name a moment when they did: --at ZXID."));
  }
  for (const auto& [id, registered] : view.brokers) {
    if (registered.znode.endpoints.empty()) {
      return std::unexpected(
          wrong(place,
                fmt::format("broker {} is registered without endpoints, so nobody could reach it.",
                            id.value()),
                "Look at /brokers/ids in the source: a broker writes its listeners there when it "
                "starts."));
    }
    InitialBroker broker{.id = id, .rack = registered.znode.rack};
    for (const auto& endpoint : registered.znode.endpoints) {
      broker.listeners.push_back({.name = endpoint.listener,
                                  .host = endpoint.host,
                                  .port = static_cast<std::uint16_t>(endpoint.port),
                                  .security_protocol = endpoint.security_protocol});
    }
    const auto dirs = source.log_dirs.find(id);
    broker.log_dirs = dirs != source.log_dirs.end()
                          ? dirs->second
                          : std::vector<sim::Uuid>{uuid_of("log.dir", fmt::to_string(id.value()))};
    if (source.at_claim) {
      broker.session = registered.session;
      broker.zk_epoch = registered.epoch;
    }
    initial.brokers.push_back(std::move(broker));
  }
  if (!source.at_claim) {
    // Sessions of processes that are not simulated would only expire.
    zk::Database& database = source.database;
    for (const zk::SessionId session : database.tree.ephemeral_owners()) {
      zk::TxnHeader header = next_transaction(database.tree);
      header.client_id = session;
      database.apply(header, zk::CloseSessionTxn{});
    }
    database.session_timeouts_ms.clear();
  }
  initial.database = std::move(source.database);
  return initial;
}

sim::Expected<void> leave_behind(const zk2kraft::Cluster& cluster, Initial& initial,
                                 const sim::Place& place) {
  if (cluster.has_earlier_attempt()) put_earlier_attempt(cluster.earlier_attempt(), initial);
  for (const zk2kraft::GhostReplica& ghost : cluster.ghost_replicas()) {
    if (auto put = put_ghost(ghost, initial, place); !put) return put;
  }
  return {};
}

sim::Expected<void> add_spare_brokers(const zk2kraft::Cluster& cluster, Initial& initial,
                                      const sim::Place& place) {
  if (cluster.spare_brokers() < 0)
    return std::unexpected(wrong(place, "spare_brokers is negative.", ""));
  std::int64_t next = initial.brokers.empty() ? 1 : initial.brokers.back().id.value() + 1LL;
  if (next + cluster.spare_brokers() > INT32_MAX)
    return std::unexpected(wrong(place, "above the brokers there are no ids left for spares.",
                                 "Give the others lower ids."));
  for (std::int32_t i = 0; i < cluster.spare_brokers(); ++i, ++next) {
    const sim::BrokerId id(static_cast<std::int32_t>(next));
    InitialBroker broker{.id = id, .listeners = plain_listener(id), .spare = true};
    if (cluster.racks_size() > 0)
      broker.rack = cluster.racks(static_cast<int>(initial.brokers.size()) % cluster.racks_size());
    broker.log_dirs = {uuid_of("log.dir", fmt::to_string(id.value()))};
    initial.brokers.push_back(std::move(broker));
  }
  return {};
}

}  // namespace scenarios
