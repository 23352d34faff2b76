#include "migrate/plan/roll.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>

#include "migrate/check/min_isr.h"

namespace migrate {
namespace {

using RackOf = std::map<sim::BrokerId, std::string>;

// Of each broker its partitions, as indices; of each partition what it bears.
struct Load {
  std::map<sim::BrokerId, std::vector<std::size_t>> of_broker;
  std::vector<std::int64_t> bears;  // brokers down at once
};

class Roll {
 public:
  Roll(const ClusterFacts& facts, const Layout& layout) : layout_(layout) {
    for (const LaidOutNode& broker : layout.brokers) racks_[broker.id] = broker.rack;
    std::set<std::string> known;
    for (const auto& [id, rack] : racks_) known.insert(rack);
    known.erase("");
    several_racks_ = known.size() > 1;
    if (const sim::MetadataImage* image = leading_image(facts)) read(facts, *image);
  }

  RollPlan plan(std::size_t at_once) {
    RollPlan plan;
    std::vector<std::int64_t> down(load_.bears.size(), 0);
    for (const LaidOutNode* broker : in_order()) {
      const bool joins = !plan.waves.empty() && plan.waves.back().brokers.size() < at_once &&
                         plan.waves.back().rack == broker->rack && bears(broker->id, down);
      if (!joins) {
        std::ranges::fill(down, 0);
        plan.waves.push_back({.brokers = {}, .rack = broker->rack});
      }
      plan.waves.back().brokers.push_back(broker->id);
      for (const std::size_t partition : load_.of_broker[broker->id]) ++down[partition];
    }
    plan.min_isr_unknown = unknown_;
    for (auto& [key, hazard] : hazards_) plan.hazards.push_back(std::move(hazard));
    return plan;
  }

 private:
  void read(const ClusterFacts& facts, const sim::MetadataImage& image) {
    const MinIsr min_isr(facts, image);
    for (const sim::Topic& topic : image.topics()) {
      for (const auto& [id, partition] : topic.partitions()) {
        const auto replicas = static_cast<std::int64_t>(partition.replicas.size());
        const auto known = min_isr.of(topic, partition);
        if (!known && replicas > 1) ++unknown_;
        // What nobody tells may be as strict as can be: such partitions miss nobody but in a wave
        // of one.
        const std::int64_t asked = known.value_or(replicas);
        for (const sim::BrokerId replica : partition.replicas)
          load_.of_broker[replica].push_back(load_.bears.size());
        load_.bears.push_back(std::max<std::int64_t>(0, std::min(replicas - asked, replicas - 1)));
        judge(topic.name(), id, partition, known.value_or(1));
      }
    }
  }

  void judge(const std::string& topic, sim::PartitionId id, const sim::Partition& partition,
             std::int64_t asked) {
    const auto replicas = static_cast<std::int64_t>(partition.replicas.size());
    const auto in_sync = static_cast<std::int64_t>(partition.isr.size());
    if (replicas <= 1) {
      add(HazardKind::Offline, topic, id,
          "it has one replica: nobody can read or write while its broker restarts");
    } else if (asked >= replicas) {
      add(HazardKind::WritesRefused, topic, id,
          fmt::format("min.insync.replicas asks for all {} replicas: acks=all is refused while one "
                      "of them restarts",
                      replicas));
    } else if (in_sync - 1 < asked) {
      add(HazardKind::NotInSync, topic, id,
          fmt::format("{} of {} replicas are in sync, and {} must be: wait for the others before a "
                      "roll begins",
                      in_sync, replicas, asked));
    }
    if (several_racks_ && replicas > 1 && in_one_rack(partition))
      add(HazardKind::OneRack, topic, id,
          fmt::format("all its replicas are in rack {}", racks_[partition.replicas.front()]));
  }

  bool in_one_rack(const sim::Partition& partition) {
    const std::string& first = racks_[partition.replicas.front()];
    return !first.empty() && std::ranges::all_of(partition.replicas, [&](sim::BrokerId replica) {
      return racks_[replica] == first;
    });
  }

  void add(HazardKind kind, const std::string& topic, sim::PartitionId id, std::string what) {
    RollHazard& hazard = hazards_[{kind, topic, what}];
    hazard.kind = kind;
    hazard.topic = topic;
    hazard.what = std::move(what);
    hazard.partitions.push_back(id);
  }

  bool bears(sim::BrokerId broker, const std::vector<std::int64_t>& down) {
    return std::ranges::all_of(load_.of_broker[broker], [&](std::size_t partition) {
      return down[partition] == 0 || down[partition] < load_.bears[partition];
    });
  }

  std::vector<const LaidOutNode*> in_order() const {
    std::vector<const LaidOutNode*> brokers;
    for (const LaidOutNode& broker : layout_.brokers) brokers.push_back(&broker);
    const auto leads = [&](const LaidOutNode& broker) {
      return layout_.zookeeper_controller == broker.id;
    };
    std::string last_rack;
    for (const LaidOutNode* broker : brokers) {
      if (leads(*broker)) last_rack = broker->rack;
    }
    std::ranges::sort(brokers, {}, [&](const LaidOutNode* broker) {
      const bool in_last_rack = !broker->rack.empty() && broker->rack == last_rack;
      return std::tuple(in_last_rack || leads(*broker), broker->rack, leads(*broker), broker->id);
    });
    return brokers;
  }

  const Layout& layout_;
  RackOf racks_;
  bool several_racks_ = false;
  Load load_;
  std::uint64_t unknown_ = 0;
  std::map<std::tuple<HazardKind, std::string, std::string>, RollHazard> hazards_;
};

}  // namespace

std::string_view name_of(HazardKind kind) {
  switch (kind) {
    case HazardKind::Offline:
      return "offline";
    case HazardKind::WritesRefused:
      return "writes-refused";
    case HazardKind::NotInSync:
      return "not-in-sync";
    case HazardKind::OneRack:
      return "one-rack";
  }
  return "";
}

RollPlan plan_roll(const ClusterFacts& facts, const Layout& layout, std::size_t at_once) {
  return Roll(facts, layout).plan(std::max<std::size_t>(1, at_once));
}

std::string ranges_of(const std::vector<sim::PartitionId>& partitions) {
  std::string text;
  for (std::size_t begin = 0; begin < partitions.size();) {
    std::size_t end = begin;
    while (end + 1 < partitions.size() &&
           partitions[end + 1].value() == partitions[end].value() + 1)
      ++end;
    text += fmt::format("{}{}", text.empty() ? "" : ",", partitions[begin].value());
    if (end > begin) text += fmt::format("-{}", partitions[end].value());
    begin = end + 1;
  }
  return text;
}

}  // namespace migrate
