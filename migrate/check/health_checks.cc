#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "migrate/check/evidence.h"
#include "migrate/check/groups.h"
#include "migrate/check/min_isr.h"

// Whether the cluster can bear rolling restarts, by what the store that leads says of partitions.
namespace migrate {
namespace {

using Leading = ClusterFacts::Store;

// Where it is missing, the check is told so.
Leading leading(const ClusterFacts& facts, Verdicts& verdicts) {
  Leading store = facts.leading_store();
  if (store.image == nullptr)
    verdicts.unknown(facts.kraft_leads() ? "a controller's metadata log" : "ZooKeeper's files");
  return store;
}

template <class Visit>
void for_each_partition(const Leading& leading, Visit&& visit) {
  if (leading.image == nullptr) return;
  for (const auto& topic : leading.image->topics()) {
    for (const auto& [id, partition] : topic.partitions()) visit(topic, id, partition);
  }
}

Evidence in_store(const Leading& leading, const sim::Partition& partition) {
  return {leading.source,
          fmt::format("replicas [{}], isr [{}], leader {}", joined(partition.replicas),
                      joined(partition.isr), partition.leader.value())};
}

void fully_replicated(const ClusterFacts& facts, Verdicts& verdicts) {
  const Leading store = leading(facts, verdicts);
  for_each_partition(
      store, [&](const sim::Topic& topic, sim::PartitionId id, const sim::Partition& partition) {
        if (partition.isr.size() >= partition.replicas.size()) return;
        verdicts.find(fmt::format("partition {}-{}", topic.name(), id.value()),
                      fmt::format("{} of {} replicas are in sync", partition.isr.size(),
                                  partition.replicas.size()),
                      {in_store(store, partition)});
      });
}

void online(const ClusterFacts& facts, Verdicts& verdicts) {
  const Leading store = leading(facts, verdicts);
  for_each_partition(
      store, [&](const sim::Topic& topic, sim::PartitionId id, const sim::Partition& partition) {
        if (partition.leader != sim::kNoBroker) return;
        verdicts.find(fmt::format("partition {}-{}", topic.name(), id.value()), "it has no leader",
                      {in_store(store, partition)});
      });
}

void survives_one_restart(const ClusterFacts& facts, Verdicts& verdicts) {
  const Leading store = leading(facts, verdicts);
  if (store.image == nullptr) return;
  const MinIsr min_isrs(facts, *store.image);
  for (const auto& topic : store.image->topics()) {
    for (const auto& [id, partition] : topic.partitions()) {
      const auto replicas = static_cast<std::int64_t>(partition.replicas.size());
      const auto min_isr = min_isrs.of(topic, partition);
      if (replicas > 1 && (!min_isr || *min_isr < replicas)) continue;
      verdicts.find(
          fmt::format("partition {}-{}", topic.name(), id.value()),
          replicas <= 1
              ? std::string("it has one replica: each roll takes it offline for a restart")
              : fmt::format("min.insync.replicas asks for all {} replicas: producers with acks=all "
                            "fail while any of its brokers restarts",
                            replicas),
          {in_store(store, partition)});
    }
  }
}

void led_by_preferred(const ClusterFacts& facts, Verdicts& verdicts) {
  const Leading store = leading(facts, verdicts);
  std::size_t all = 0;
  std::size_t elsewhere = 0;
  for_each_partition(
      store, [&](const sim::Topic&, sim::PartitionId, const sim::Partition& partition) {
        ++all;
        if (!partition.replicas.empty() && partition.leader != partition.replicas.front())
          ++elsewhere;
      });
  if (elsewhere * 10 <= all) return;
  verdicts.find(
      "leadership",
      fmt::format("{} of {} partitions are not led by their preferred replica", elsewhere, all),
      {{store.source, "leader is not the first replica"}});
}

constexpr std::array kHealthChecks{
    Check{"E01", kW, kRolls, kNothing, "partition", "every replica is in sync",
          "A roll takes one more away: below min.insync.replicas writes fail, below one the "
          "partition is offline.",
          "Wait for it, or find out why it does not catch up:\n"
          "  kafka-topics --bootstrap-server $BOOTSTRAP --describe --under-replicated-partitions",
          "product list E01", "", &fully_replicated},
    Check{"E02", kE, kRolls, kNothing, "partition", "every partition has a leader",
          "The migration moves what is there; a partition that is offline stays so, and hides what "
          "the roll breaks.",
          "Bring its replicas' brokers up:\n"
          "  kafka-topics --bootstrap-server $BOOTSTRAP --describe --unavailable-partitions",
          "product list E02", "", &online},
    Check{"E03", kW, kRolls, kNothing, "partition",
          "every partition bears the restart of one broker",
          "Three rolls of all brokers are ahead.",
          "Add replicas, or lower min.insync.replicas of the topic for the time:\n"
          "  kafka-configs --bootstrap-server $BOOTSTRAP --entity-type topics --entity-name NAME "
          "--alter "
          "--add-config min.insync.replicas=N",
          "product list E03", "", &survives_one_restart},
    Check{"E14", kI, kRolls, kNothing, "cluster", "leaders that are not where they are preferred",
          "Rolls hurt more where leadership is skewed.",
          "kafka-leader-election --bootstrap-server $BOOTSTRAP --election-type preferred "
          "--all-topic-partitions",
          "product list E14", "", &led_by_preferred},
};

}  // namespace

std::span<const Check> health_checks() {
  return kHealthChecks;
}

}  // namespace migrate
