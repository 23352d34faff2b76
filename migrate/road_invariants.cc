#include "migrate/road_invariants.h"

#include <fmt/format.h>

#include <algorithm>

#include "zk/migration_reader_tree.h"
#include "zk/paths.h"
#include "zk/znodes.h"

namespace migrate {
namespace {

// A NoOpRecord twice a second: the mirror may be this much behind a committed log in a quiet
// cluster.
constexpr std::int64_t kMostLag = 60;

const zk::Controller* controller_of(const RunningBroker& broker) {
  return broker.core == nullptr ? nullptr : broker.core->controller();
}

const BrokerNode* find(const std::vector<RunningBroker>& brokers, sim::BrokerId id) {
  const auto found = std::ranges::find(brokers, id, &RunningBroker::id);
  return found == brokers.end() ? nullptr : found->core;
}

bool runs(const std::vector<RunningBroker>& brokers, sim::BrokerId id) {
  const BrokerNode* const core = find(brokers, id);
  return core != nullptr && core->broker() != nullptr;
}

// Calls visit(topic partition, replicas, state, version of its znode) for each partition of the
// tree that has a state.
template <class Visit>
void for_each_state(const zk::Tree& tree, const std::string& root, Visit visit) {
  for (const std::string& name : tree.children(root + std::string(zk::paths::kTopics))) {
    const zk::Znode* const topic = tree.find(root + zk::paths::topic(name));
    const auto assigned = topic == nullptr
                              ? zk::Parsed<zk::TopicZnode>(std::unexpected(zk::Unreadable{}))
                              : zk::parse_topic(topic->data.value_or(""));
    if (!assigned) continue;
    for (const auto& [id, assignment] : assigned->partitions) {
      const zk::Znode* const znode = tree.find(root + zk::paths::partition_state(name, id));
      if (znode == nullptr) continue;
      const auto state = zk::parse_partition_state(znode->data.value_or(""));
      if (state) visit(sim::TopicPartition{name, id}, *state, znode->stat.version);
    }
  }
}

}  // namespace

Violations check_authority(sim::BrokerId kraft_controller, const zk::Tree& tree,
                           const std::string& root, const std::vector<RunningBroker>& brokers,
                           CameToPower who, MigrationMemory& memory) {
  const zk::ClusterView view = zk::cluster_view(tree, root);
  if (!view.controller || view.controller->znode.is_kraft()) return {};
  const BrokerNode* const core = find(brokers, view.controller->znode.broker);
  if (core == nullptr || core->controller() == nullptr || !core->controller()->ready()) return {};
  // A log that remembers a former attempt is told when its controller claims (MB-02); until then
  // nobody obeys it.
  if (who == CameToPower::KRaftController) return {};
  memory.two_ruled = true;
  return {{"migration.S17", fmt::format("controller {} is active with MIGRATION in its log, and so "
                                        "is broker {}, whom /controller names",
                                        kraft_controller.value(), core->id().value())}};
}

Violations check_claimant(const Claimed& claim, sim::ZkMigrationState state,
                          MigrationMemory& memory) {
  memory.astray.clear();
  const bool from_a_broker =
      memory.authority.former_office && !memory.authority.former_office->is_kraft();
  if (state != sim::ZkMigrationState::Migration || !from_a_broker) return {};
  memory.astray = memory.two_ruled ? "MB-13" : "MB-02";
  return {{memory.astray,
           fmt::format("controller {}, whose log says MIGRATION, claims /controller from broker {}",
                       claim.node.value(), memory.authority.former_office->broker.value())}};
}

Violations check_reconciler(sim::BrokerId node, sim::ZkMigrationState state,
                            MigrationMemory& memory) {
  if (state != sim::ZkMigrationState::PreMigration) return {};
  memory.astray = "MB-01";
  return {{"MB-01",
           fmt::format("controller {} has copied nothing, its log is in PRE_MIGRATION, and it goes "
                       "to write that over ZooKeeper",
                       node.value())}};
}

Violations check_isr_at_copy(const sim::MetadataImage& image, const zk::Tree& tree,
                             const std::string& root, const std::vector<RunningBroker>& brokers) {
  Violations found;
  for (const sim::Topic& topic : image.topics()) {
    for (const auto& [number, partition] : topic.partitions()) {
      const sim::TopicPartition id{topic.name(), number};
      if (!runs(brokers, partition.leader)) continue;
      const sim::HostedPartition* const led =
          find(brokers, partition.leader)->broker()->partition(id);
      if (led == nullptr || !led->leads()) continue;
      for (const sim::BrokerId member : partition.isr) {
        if (!runs(brokers, member)) continue;
        const sim::HostedPartition* const held = find(brokers, member)->broker()->partition(id);
        const sim::Offset end = held == nullptr ? sim::Offset(0) : held->log().end_offset();
        if (end >= led->log().high_watermark()) continue;
        const bool assumed =
            tree.find(root + zk::paths::partition_state(topic.name(), number)) == nullptr;
        found.push_back(
            {assumed ? "MB-18" : "migration.S11",
             fmt::format(
                 "broker {} is copied into the ISR of {}-{}, and has {} of {} committed records",
                 member.value(), topic.name(), number.value(), end.value(),
                 led->log().high_watermark().value())});
      }
    }
  }
  return found;
}

Violations check_block(std::int64_t first, std::int32_t count, MigrationMemory& memory) {
  Violations found;
  const std::int64_t end = first + count;
  const auto after = memory.producer_ids.lower_bound(end);
  if (after != memory.producer_ids.begin() && std::prev(after)->second > first) {
    found.push_back(
        {"migration.S13",
         fmt::format("producer ids {} to {} are given out, and {} to {} were before", first,
                     end - 1, std::prev(after)->first, std::prev(after)->second - 1)});
  }
  memory.producer_ids[first] = std::max(memory.producer_ids[first], end);
  return found;
}

Violations check_committed(const zk::Committed& notice, const std::string& root,
                           sim::Offset committed, const MigrationMemory& memory) {
  const auto* const set = std::get_if<zk::SetDataTxn>(&notice.txn.as<zk::LoggedTxn>().txn);
  if (set == nullptr || set->path != root + std::string(zk::paths::kMigration)) return {};
  const auto written = zk::parse_migration(set->data.value_or(""));
  if (!written || written->kraft_metadata.offset <= memory.authority.checkpoint) return {};
  if (written->kraft_metadata.offset < committed) return {};
  return {{"migration.S6",
           fmt::format("/migration says that offset {} is mirrored; the quorum has committed {}",
                       written->kraft_metadata.offset.value(), committed.value())}};
}

Violations check_way_back(const zk::Tree& tree, const std::string& root,
                          const std::vector<RunningBroker>& brokers) {
  Violations found;
  const zk::ClusterView view = zk::cluster_view(tree, root);
  if (!view.controller || view.controller->znode.is_kraft()) return found;
  const sim::ControllerEpoch epoch = view.controller_epoch.value_or(sim::ControllerEpoch(0));
  for (const RunningBroker& broker : brokers) {
    const zk::Controller* const controller = controller_of(broker);
    if (controller == nullptr) continue;
    const bool named = broker.id == view.controller->znode.broker;
    if (controller->ready() == named) continue;
    found.push_back(
        {"migration.L8", fmt::format("/controller names broker {}, and broker {} {}",
                                     view.controller->znode.broker.value(), broker.id.value(),
                                     named ? "does not rule" : "rules, too")});
  }
  for_each_state(
      tree, root,
      [&](const sim::TopicPartition& id, const zk::PartitionStateZnode& state,
          zk::DataVersion version) {
        const std::string where = fmt::format("{}-{}", id.topic, id.partition.value());
        const auto lives = [&](sim::BrokerId broker) {
          return view.brokers.contains(broker) && runs(brokers, broker);
        };
        if (!lives(state.leader)) {
          const bool could = std::ranges::any_of(state.isr, lives);
          if (!could) return;
          const bool too_new = state.controller_epoch > epoch;
          found.push_back({too_new ? "KAFKA-20488" : "migration.L8",
                           fmt::format("{} has no leader, though a broker of its ISR lives; its "
                                       "state has controller epoch {}, "
                                       "/controller_epoch is {}",
                                       where, state.controller_epoch.value(), epoch.value())});
          return;
        }
        const sim::HostedPartition* const held =
            find(brokers, state.leader)->broker()->partition(id);
        if (held != nullptr && held->leads() && held->leader_epoch() == state.leader_epoch) return;
        const bool skips = held != nullptr && held->partition_epoch().value() > version.value();
        found.push_back(
            {skips ? "MB-14" : "migration.L8",
             fmt::format("broker {} shall lead {} in epoch {}, and does not{}",
                         state.leader.value(), where, state.leader_epoch.value(),
                         skips ? fmt::format(": it remembers partition epoch {}, and is told {}",
                                             held->partition_epoch().value(), version.value())
                               : "")});
      });
  return found;
}

Violations check_refusal(const zk::ZkElectionRefused& refused, const zk::Tree& tree,
                         const std::string& root) {
  const zk::ClusterView view = zk::cluster_view(tree, root);
  if (!view.controller_epoch || refused.written_by <= *view.controller_epoch) return {};
  return {
      {"KAFKA-20488",
       fmt::format("broker {}, controller with epoch {}, elects nobody for {}-{}, whose state "
                   "bears epoch {}",
                   refused.controller.value(), refused.epoch.value(), refused.topic_partition.topic,
                   refused.topic_partition.partition.value(), refused.written_by.value())}};
}

std::set<sim::TopicPartition> leaderless(const sim::MetadataImage& image) {
  std::set<sim::TopicPartition> found;
  const auto unfenced = [&](sim::BrokerId id) {
    const sim::BrokerRegistration* const registration = image.cluster().broker(id);
    return registration != nullptr && !registration->fenced;
  };
  for (const sim::Topic& topic : image.topics()) {
    for (const auto& [number, partition] : topic.partitions()) {
      if (!partition.has_leader() && std::ranges::any_of(partition.isr, unfenced))
        found.insert({topic.name(), number});
    }
  }
  return found;
}

Violations check_knowledge(const sim::MetadataImage& image, std::string_view why,
                           const std::set<sim::TopicPartition>& copied_leaderless,
                           const std::vector<RunningBroker>& brokers) {
  Violations found;
  const auto unfenced = [&](sim::BrokerId id) {
    const sim::BrokerRegistration* const registration = image.cluster().broker(id);
    return registration != nullptr && !registration->fenced && runs(brokers, id);
  };
  for (const sim::Topic& topic : image.topics()) {
    for (const auto& [number, partition] : topic.partitions()) {
      const sim::TopicPartition id{topic.name(), number};
      if (partition.leader == sim::kNoBroker && std::ranges::any_of(partition.isr, unfenced)) {
        found.push_back({copied_leaderless.contains(id) ? "MB-28" : "migration.L5",
                         fmt::format("{}-{} has no leader, though a broker of its ISR is unfenced",
                                     topic.name(), number.value())});
      }
      for (const RunningBroker& broker : brokers) {
        if (!unfenced(broker.id) || broker.core->mode() != BrokerMode::Migrating) continue;
        const auto known = broker.core->broker()->metadata().partition(id);
        if (known && known->leader == partition.leader &&
            known->leader_epoch >= partition.leader_epoch) {
          const sim::HostedPartition* const held = broker.core->broker()->partition(id);
          const bool leads =
              held != nullptr && held->leads() && held->leader_epoch() == partition.leader_epoch;
          if (leads && held->partition_epoch() < partition.partition_epoch)
            found.push_back(
                {std::string(why.empty() ? "migration.L4" : why),
                 fmt::format("broker {} leads {}-{} by partition epoch {}, and knows nothing of {}",
                             broker.id.value(), topic.name(), number.value(),
                             held->partition_epoch().value(), partition.partition_epoch.value())});
          continue;
        }
        found.push_back(
            {std::string(why.empty() ? "migration.L4" : why),
             fmt::format("broker {} does not know that broker {} leads {}-{} in epoch {}",
                         broker.id.value(), partition.leader.value(), topic.name(), number.value(),
                         partition.leader_epoch.value())});
      }
    }
  }
  return found;
}

Violations check_leftovers(const sim::MetadataImage& image, std::string_view why,
                           const std::set<sim::BrokerId>& told,
                           const std::vector<RunningBroker>& brokers) {
  Violations found;
  for (const RunningBroker& broker : brokers) {
    if (broker.core == nullptr || broker.core->broker() == nullptr ||
        broker.core->mode() != BrokerMode::Migrating)
      continue;
    const std::string name(!why.empty()               ? why
                           : told.contains(broker.id) ? "migration.L4"
                                                      : "MB-26");
    for (const std::string& topic : broker.core->broker()->metadata().topic_names()) {
      if (image.topics().find(topic) != nullptr) continue;
      found.push_back(
          {name, fmt::format("broker {} still tells clients of topic {}, which was deleted",
                             broker.id.value(), topic)});
    }
    broker.core->broker()->for_each_partition([&](const sim::HostedPartition& hosted) {
      const sim::TopicPartition& id = hosted.id();
      const sim::Topic* const topic = image.topics().find(id.topic);
      const auto partition = topic == nullptr ? std::nullopt : topic->partition(id.partition);
      const sim::Uuid known = hosted.log().topic_id();
      const bool is_namesake = topic != nullptr && !known.is_zero() && known != topic->id();
      if (partition && partition->has_replica(broker.id) && !is_namesake) return;
      found.push_back({name, fmt::format("broker {} keeps a replica of {}-{}{}, which is not its",
                                         broker.id.value(), id.topic, id.partition.value(),
                                         is_namesake ? " of a former topic" : "")});
    });
  }
  return found;
}

Violations check_lag(const Driver& driver, sim::Offset committed, std::string_view why) {
  const std::int64_t lag = committed.value() - driver.leadership().kraft_metadata.offset.value();
  if (lag <= kMostLag || !driver.idle()) return {};
  return {{std::string(why.empty() ? "migration.L3" : why),
           fmt::format("/migration is {} offsets behind what is committed, and the driver is idle",
                       lag)}};
}

}  // namespace migrate
