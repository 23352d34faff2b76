#include "sim/kernel/fault.h"

#include <fmt/format.h>

#include <array>

#include "sim/base/match.h"

namespace sim {
namespace {

// In the order of the alternatives of `Fault`.
constexpr std::array<std::string_view, std::variant_size_v<Fault>> kKinds{
    "crash",      "crash_machine", "lose_disk", "restart",   "pause",   "cut",   "isolate",
    "heal",       "slow",          "lose",      "duplicate", "reorder", "reset", "stall",
    "stall_disk", "fill_disk",     "tear_tail", "skew",      "drift",   "poke"};

std::string link(const Target& from, const Target& to, Direction direction) {
  return fmt::format("{} {} {}", from, direction == Direction::OneWay ? "->" : "<->", to);
}

std::string text(Ratio ratio) {
  return fmt::format("{}/{}", ratio.numerator, ratio.denominator);
}

std::string text(const Distribution& distribution) {
  switch (distribution.shape()) {
    case Distribution::Shape::Constant:
      return describe(distribution.first());
    case Distribution::Shape::Uniform:
      return fmt::format("{}..{}", describe(distribution.first()), describe(distribution.second()));
    case Distribution::Shape::Exponential:
      return fmt::format("{}+exp({})", describe(distribution.first()),
                         describe(distribution.second()));
    case Distribution::Shape::Bimodal:
      return fmt::format("{}|{} with {}", describe(distribution.first()),
                         describe(distribution.second()), text(distribution.chance()));
  }
  unreachable("a distribution has one of four shapes");
}

// What follows the kind.
std::string details(const Fault& fault) {
  constexpr auto target = [](const auto& of) { return of.target; };
  constexpr auto lasting = [](const auto& of) {
    return fmt::format("{} for {}", of.target, describe(of.duration));
  };
  constexpr auto likely = [](const auto& of) {
    return fmt::format("{} {}", link(of.from, of.to, Direction::OneWay), text(of.probability));
  };
  return match(
      fault, [&](const CrashProcess& f) { return target(f); },
      [&](const CrashMachine& f) { return target(f); },
      [&](const LoseDisk& f) { return target(f); }, [&](const Restart& f) { return target(f); },
      [&](const Pause& f) { return lasting(f); },
      [&](const CutLink& f) { return link(f.from, f.to, f.direction); },
      [&](const Isolate& f) { return target(f); },
      [&](const Heal& f) { return link(f.from, f.to, Direction::BothWays); },
      [&](const SlowLink& f) {
        return fmt::format("{} by {}", link(f.from, f.to, Direction::OneWay), text(f.extra));
      },
      [&](const Loss& f) { return likely(f); }, [&](const Duplicate& f) { return likely(f); },
      [&](const Reorder& f) { return likely(f); },
      [&](const ResetConnections& f) { return link(f.from, f.to, Direction::BothWays); },
      [&](const StallLink& f) {
        return fmt::format("{} for {}", link(f.from, f.to, Direction::OneWay),
                           describe(f.duration));
      },
      [&](const StallDisk& f) { return lasting(f); },
      [&](const FullDisk& f) {
        return fmt::format("{}{}", f.target, f.space == Space::Free ? " no longer" : "");
      },
      [&](const TearTail& f) { return target(f); },
      [&](const SkewClock& f) { return fmt::format("{} by {}", f.target, describe(f.by)); },
      [&](const DriftClock& f) {
        return fmt::format("{} by {} ppb", f.target, f.parts_per_billion);
      },
      [&](const Poke& f) { return fmt::format("{} {}", f.target, f.message.describe()); });
}

}  // namespace

bool Poke::operator==(const Poke& other) const {
  return target == other.target &&
         (message.same_block(other.message) || digest_of(message) == digest_of(other.message));
}

std::string_view kind_of(const Fault& fault) {
  return kKinds.at(fault.index());
}
std::vector<std::string_view> fault_kinds() {
  return {kKinds.begin(), kKinds.end()};
}

std::vector<Target> targets_of(const Fault& fault) {
  return std::visit(
      [](const auto& of) -> std::vector<Target> {
        if constexpr (requires { of.target; }) {
          return {of.target};
        } else {
          return {of.from, of.to};
        }
      },
      fault);
}

std::string describe(const Fault& fault) {
  return fmt::format("{} {}", kind_of(fault), details(fault));
}

std::string describe(const When& when) {
  return match(
      when, [](const At& at) { return fmt::format("at {}", describe(at.time - Instant{})); },
      [](const On& on) {
        std::string text = fmt::format("on {}", on.notice);
        if (!on.containing.empty()) text += fmt::format(" containing '{}'", on.containing);
        if (!on.node.empty()) text += fmt::format(" of {}", on.node);
        if (on.nth != 1) text += fmt::format(" {}", on.nth);
        if (on.delay != Duration{}) text += fmt::format(" after {}", describe(on.delay));
        return text;
      },
      [](const After& after) {
        return fmt::format("{} after {}", describe(after.delay), after.another);
      });
}

std::string describe(const PlannedFault& planned) {
  return fmt::format("{}: {} {}", planned.name, describe(planned.fault), describe(planned.when));
}

std::string describe(const FaultPlan& plan) {
  std::string text;
  for (const PlannedFault& planned : plan) text += describe(planned) + '\n';
  return text;
}

}  // namespace sim
