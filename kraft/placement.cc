#include "kraft/placement.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace kraft {

namespace {

constexpr sim::Site kStart{"placement.start"};
constexpr sim::Site kShuffle{"placement.shuffle"};

std::size_t pick_below(sim::Choices& choices, sim::Site site, std::size_t bound) {
  return bound <= 1 ? 0 : static_cast<std::size_t>(choices.pick(site, 0, 0, bound - 1));
}

template <class T>
void shuffle(std::vector<T>& list, sim::Choices& choices) {
  for (std::size_t i = list.size(); i > 1; --i)
    std::swap(list[i - 1], list[pick_below(choices, kShuffle, i)]);
}

// Brokers of one rack and state, taken in turn; each new epoch begins one place further.
struct BrokerList {
  std::vector<BrokerId> brokers;
  int epoch = 0;
  std::size_t index = 0;
  std::size_t offset = 0;

  void start(sim::Choices& choices) {
    std::ranges::sort(brokers);
    offset = pick_below(choices, kStart, brokers.size());
  }
  std::optional<BrokerId> next(int at_epoch) {
    if (brokers.empty()) return std::nullopt;
    if (epoch != at_epoch) {
      epoch = at_epoch;
      index = 0;
      offset = (offset + 1) % brokers.size();
    }
    if (index >= brokers.size()) return std::nullopt;
    return brokers[(index++ + offset) % brokers.size()];
  }
  void reshuffle(sim::Choices& choices) {
    shuffle(brokers, choices);
    epoch = 0;
    index = 0;
    offset = 0;
  }
};

struct Rack {
  BrokerList fenced;
  BrokerList unfenced;
  std::optional<BrokerId> next(int epoch) {
    if (const auto broker = unfenced.next(epoch)) return broker;
    return fenced.next(epoch);
  }
};

class RackList {
 public:
  RackList(const std::vector<UsableBroker>& usable, sim::Choices& choices) : choices_(choices) {
    std::map<std::optional<std::string>, Rack> by_name;
    for (const UsableBroker& broker : usable) {
      Rack& rack = by_name[broker.rack];
      (broker.fenced ? rack.fenced : rack.unfenced).brokers.push_back(broker.id);
      unfenced_ += !broker.fenced;
    }
    for (auto& [name, rack] : by_name) {
      rack.fenced.start(choices);
      rack.unfenced.start(choices);
      racks_.push_back(std::move(rack));
    }
    offset_ = pick_below(choices, kStart, racks_.size());
  }
  std::size_t unfenced() const { return unfenced_; }

  std::vector<BrokerId> place(std::size_t replication_factor) {
    reshuffle_after_a_round();
    std::vector<BrokerId> replicas;
    std::size_t leader_rack = 0;
    for (std::size_t i = 0; i < racks_.size(); ++i) {
      const std::size_t rack = (offset_ + i) % racks_.size();
      if (const auto leader = racks_[rack].unfenced.next(epoch_)) {
        replicas.push_back(*leader);
        leader_rack = rack;
        break;
      }
    }
    // The leader's rack is passed over once, so that the second replica stands elsewhere if it can.
    bool skipped = racks_.size() <= 1;
    for (std::size_t rack = offset_; replicas.size() < replication_factor;
         rack = (rack + 1) % racks_.size()) {
      if (!skipped && rack == leader_rack) {
        skipped = true;
        continue;
      }
      if (const auto replica = racks_[rack].next(epoch_)) replicas.push_back(*replica);
    }
    ++epoch_;
    offset_ = (offset_ + 1) % racks_.size();
    return replicas;
  }

 private:
  void reshuffle_after_a_round() {
    if (epoch_ != static_cast<int>(unfenced_) || racks_.size() <= 1) return;
    shuffle(racks_, choices_);
    for (Rack& rack : racks_) {
      rack.fenced.reshuffle(choices_);
      rack.unfenced.reshuffle(choices_);
    }
    epoch_ = 0;
  }

  sim::Choices& choices_;
  std::vector<Rack> racks_;
  std::size_t unfenced_ = 0;
  std::size_t offset_ = 0;
  int epoch_ = 0;
};

}  // namespace

std::expected<std::vector<std::vector<BrokerId>>, std::string> place_replicas(
    const std::vector<UsableBroker>& usable, std::int32_t partitions,
    std::int16_t replication_factor, sim::Choices& choices) {
  if (replication_factor <= 0) {
    return std::unexpected(
        fmt::format("Invalid replication factor {}: the replication factor must be positive.",
                    replication_factor));
  }
  const auto wanted = static_cast<std::size_t>(replication_factor);
  RackList racks(usable, choices);
  if (racks.unfenced() == 0) return std::unexpected("All brokers are currently fenced.");
  if (wanted > usable.size()) {
    return std::unexpected(
        fmt::format("The target replication factor of {} cannot be reached because only {} "
                    "broker(s) are registered.",
                    wanted, usable.size()));
  }
  std::vector<std::vector<BrokerId>> out;
  for (std::int32_t i = 0; i < partitions; ++i) out.push_back(racks.place(wanted));
  return out;
}

}  // namespace kraft
