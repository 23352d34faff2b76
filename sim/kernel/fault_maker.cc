#include "sim/kernel/fault_maker.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "sim/base/check.h"

namespace sim {
namespace {

constexpr Site kCount{"faults.count"};
constexpr Site kFamily{"faults.family"};
constexpr Site kVariant{"faults.variant"};
constexpr Site kTarget{"faults.target"};
constexpr Site kPeer{"faults.peer"};
constexpr Site kTime{"faults.time"};
constexpr Site kOutage{"faults.outage"};
constexpr Site kTrigger{"faults.trigger"};
constexpr Site kNth{"faults.nth"};
constexpr Site kStrength{"faults.strength"};

// A fault, what cures it, and whom it harms meanwhile.
struct Disturbance {
  std::vector<Fault> faults;
  std::vector<Fault> cures;  // empty: it passes by itself
  std::vector<Target> harmed;
  Instant begin;
  Instant end;  // never: nobody knows, for it begins with a notice
};

class Maker {
 public:
  Maker(ChoiceSource source, const FaultBudget& budget, const FaultLimits& limits)
      : source_(source), budget_(budget), limits_(limits) {
    for (const FaultGroup& group : budget.groups) {
      nodes_.insert(nodes_.end(), group.members.begin(), group.members.end());
    }
    std::ranges::sort(nodes_);
    nodes_.erase(std::ranges::unique(nodes_).begin(), nodes_.end());
    check(!nodes_.empty(), "a budget names the nodes that may be harmed");
    if (limits_.families.empty()) {
      for (std::uint64_t family = 0; family < kFaultFamilies; ++family) {
        limits_.families.push_back(static_cast<FaultFamily>(family));
      }
    }
  }

  FaultPlan make() {
    const std::uint64_t count = pick(kCount, 0, limits_.at_most);
    for (serial_ = 1; serial_ <= count; ++serial_) add_one();
    return std::move(plan_);
  }

 private:
  std::uint64_t pick(Site site, std::uint64_t low, std::uint64_t high) {
    return source_.pick(site, serial_, low, high);
  }
  template <class T>
  const T& one_of(Site site, const std::vector<T>& from) {
    return from[pick(site, 0, from.size() - 1)];
  }
  // A time span in steps of the grain: few values, so that an enumerator ends and shrunk plans read well.
  Duration span(Site site, Duration low, Duration high) {
    const Duration grain = limits_.shortest;
    const std::int64_t steps = (high - low).nanoseconds() / grain.nanoseconds();
    return low +
           grain * static_cast<std::int64_t>(
                       pick(site, 0, static_cast<std::uint64_t>(std::max<std::int64_t>(0, steps))));
  }

  void add_one() {
    const Duration outage = span(kOutage, limits_.shortest, limits_.longest);
    Disturbance made = draw(one_of(kFamily, limits_.families), outage);
    const std::uint64_t trigger = pick(kTrigger, 0, limits_.notices.size());
    When when;
    if (trigger == 0) {
      made.begin = limits_.from + span(kTime, Duration{}, limits_.until - limits_.from);
      made.end = made.begin + outage;
      when = At{made.begin};
    } else {
      made.begin = limits_.from;
      made.end = Instant::never();
      when = On{.notice = limits_.notices[trigger - 1],
                .nth = static_cast<std::uint32_t>(pick(kNth, 1, limits_.nth_at_most))};
    }
    if (limits_.within_budget && !affordable(made)) return;
    write(made, when, outage);
    made_.push_back(std::move(made));
  }

  Disturbance draw(FaultFamily family, Duration outage) {
    const Target target = one_of(kTarget, nodes_);
    switch (family) {
      case FaultFamily::Process:
        return {{CrashProcess{target}}, {Restart{target, IfRunning::Leave}}, {target}, {}, {}};
      case FaultFamily::Machine: {
        std::vector<Fault> faults{CrashMachine{target}};
        if (pick(kVariant, 0, 1) == 1) faults.insert(faults.begin(), TearTail{target});
        return {faults, {Restart{target, IfRunning::Leave}}, {target}, {}, {}};
      }
      case FaultFamily::Disk: {
        const std::uint64_t variant = pick(kVariant, 0, limits_.lose_disks ? 1 : 0);
        if (variant == 1)
          return {{LoseDisk{target}}, {Restart{target, IfRunning::Leave}}, {target}, {}, {}};
        return {{StallDisk{target, outage}}, {}, {target}, {}, {}};
      }
      case FaultFamily::Pause:
        return {{Pause{target, outage}}, {}, {target}, {}, {}};
      case FaultFamily::Network:
        return draw_cut(target);
      case FaultFamily::Traffic:
        return draw_traffic(target, outage);
      case FaultFamily::Clock:
        return draw_clock(target);
    }
    unreachable("a fault belongs to one of the families");
  }

  Disturbance draw_cut(const Target& target) {
    const std::uint64_t variant = nodes_.size() == 1 ? 0 : pick(kVariant, 0, 2);
    if (variant == 0) return {{Isolate{target}}, {Heal{target, "*"}}, {target}, {}, {}};
    const Target peer = other_than(target);
    const Direction direction = variant == 1 ? Direction::BothWays : Direction::OneWay;
    // Without the target, all others still reach each other.
    return {{CutLink{target, peer, direction}}, {Heal{target, peer}}, {target}, {}, {}};
  }

  Disturbance draw_traffic(const Target& target, Duration outage) {
    const auto strength = static_cast<std::int64_t>(pick(kStrength, 1, 5));
    const Ratio probability{static_cast<std::uint64_t>(strength), 10};
    const Heal heal{target, "*"};
    switch (pick(kVariant, 0, 5)) {
      case 0:
        return {{ResetConnections{target, "*"}}, {}, {}, {}, {}};
      case 1:
        // Constant, for that is what a line of a scenario file can say.
        return {{SlowLink{target, "*", Distribution::constant(limits_.shortest * strength / 10)}},
                {heal},
                {},
                {},
                {}};
      case 2:
        return {{StallLink{target, "*", outage}}, {}, {target}, {}, {}};
      case 3:
        return {{Loss{target, "*", probability}}, {heal}, {target}, {}, {}};
      case 4:
        return {{Duplicate{target, "*", probability}}, {heal}, {}, {}, {}};
      default:
        return {{Reorder{target, "*", probability}}, {heal}, {}, {}, {}};
    }
  }

  Disturbance draw_clock(const Target& target) {
    const auto strength = static_cast<std::int64_t>(pick(kStrength, 1, 10));
    switch (pick(kVariant, 0, 2)) {
      case 0:
        return {{SkewClock{target, limits_.shortest * strength}}, {}, {target}, {}, {}};
      case 1:
        return {{SkewClock{target, limits_.shortest * -strength}}, {}, {target}, {}, {}};
      default:
        return {
            {DriftClock{target, strength * 10'000'000}}, {DriftClock{target, 0}}, {target}, {}, {}};
    }
  }

  Target other_than(const Target& target) {
    const std::uint64_t at = pick(kPeer, 0, nodes_.size() - 2);
    const Target& found = nodes_[at];
    return found >= target ? nodes_[at + 1] : found;
  }

  // Counts, for each group, whom this and all overlapping disturbances harm.
  bool affordable(const Disturbance& made) const {
    return std::ranges::all_of(budget_.groups, [&](const FaultGroup& group) {
      std::vector<Target> harmed;
      const auto count = [&](const Disturbance& by) {
        for (const Target& target : by.harmed) {
          const bool member = std::ranges::find(group.members, target) != group.members.end();
          if (member && std::ranges::find(harmed, target) == harmed.end()) harmed.push_back(target);
        }
      };
      count(made);
      if (harmed.empty()) return true;
      for (const Disturbance& earlier : made_) {
        if (earlier.begin <= made.end && made.begin <= earlier.end) count(earlier);
      }
      return group.members.size() >= harmed.size() + group.minimum_healthy;
    });
  }

  void write(const Disturbance& made, const When& when, Duration outage) {
    const std::string name = fmt::format("fault-{}", serial_);
    for (std::size_t i = 0; i < made.faults.size(); ++i) {
      // All of one disturbance strike together: each right after the one before it.
      const std::string own = i == 0 ? name : fmt::format("{}.{}", name, i + 1);
      const When own_when = i == 0 ? when : When{After{name, Duration{}}};
      plan_.push_back({own, own_when, made.faults[i]});
    }
    for (const Fault& cure : made.cures) {
      plan_.push_back({name + ".cure", After{name, outage}, cure});
    }
  }

  ChoiceSource source_;
  const FaultBudget& budget_;
  FaultLimits limits_;
  std::vector<Target> nodes_;
  std::uint64_t serial_ = 0;
  std::vector<Disturbance> made_;
  FaultPlan plan_;
};

}  // namespace

FaultPlan make_faults(ChoiceSource source, const FaultBudget& budget, const FaultLimits& limits) {
  return Maker(source, budget, limits).make();
}

}  // namespace sim
