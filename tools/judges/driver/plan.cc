#include "tools/judges/driver/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

#include "zk/txn.h"

namespace judge {
namespace {

using migrate::MigrationDriverState;

// Of which kind the next step of this controller is, by weight, in the order of Kind.
std::array<int, kKinds> weights(const World& world, int node) {
  using enum MigrationDriverState;
  //                          Boot Kill Poll Leader Publish Snapshot Change Outside
  if (!world.alive(node)) return {20, 0, 0, 0, 0, 0, 0, 2};
  if (!world.installed(node)) return {0, 1, 20, 2, 0, 0, 0, 3};
  if (!world.published(node)) return {0, 1, 3, 4, 20, 0, 2, 2};
  switch (world.state(node)) {
    case Uninitialized:
    case Inactive:
      return {0, 1, 1, 20, world.behind(node) ? 3 : 0, 1, 2, 2};
    case WaitForControllerQuorum:
      return {0, 1, 6, 2, 4, 1, 8, 2};
    case WaitForBrokers:
      return {0, 1, 8, 2, 4, 1, 8, 8};
    case BecomeController:
      return {0, 1, 12, 3, 1, 1, 1, 3};
    case ZkMigration:
      return {0, 1, 14, 2, 1, 1, 1, 1};
    case SyncKraftToZk:
    case KraftControllerToBrokerComm:
      return {0, 1, 10, 2, world.behind(node) ? 16 : 1, 2, 2, 2};
    case DualWrite:
      return {0, 1, 1, 2, world.behind(node) ? 8 : 0, 3, 30, 5};
  }
  return {};
}

Kind drawn(Dice& dice, const std::array<int, kKinds>& weights) {
  int total = 0;
  for (const int weight : weights) total += weight;
  int left = dice.between(0, total - 1);
  for (int kind = 0; kind < kKinds; ++kind) {
    left -= weights[static_cast<std::size_t>(kind)];
    if (left < 0) return static_cast<Kind>(kind);
  }
  return Kind::Poll;
}

int any_fault(Dice& dice) {
  using enum zk::ErrorCode;
  constexpr zk::ErrorCode kFaults[] = {SessionExpired,
                                       SessionExpired,
                                       ConnectionLoss,
                                       ConnectionLoss,
                                       NoAuth,
                                       AuthFailed,
                                       SessionClosedRequireSaslAuth,
                                       OperationTimeout,
                                       BadVersion};
  return static_cast<int>(dice.one_of(kFaults));
}

Interruption any_interruption(Dice& dice, int node, const World::Counts& counts) {
  Interruption interruption;
  const bool at_commit = counts.commits > 0 && (counts.requests == 0 || dice.one_in(2));
  interruption.at = at_commit ? Interruption::At::Commit : Interruption::At::Request;
  interruption.nth = static_cast<int>(
      dice.below(static_cast<std::uint64_t>(at_commit ? counts.commits : counts.requests)));
  // The last requests are as interesting as all others together, and so are those of a claim, where
  // others may come in between.
  const bool at_claim = !at_commit && counts.claim && dice.one_in(3);
  if (at_claim) {
    interruption.nth = std::min(*counts.claim + dice.between(0, 3), counts.requests - 1);
  } else if (!at_commit && dice.one_in(3)) {
    interruption.nth = std::max(0, counts.requests - 1 - dice.between(0, 4));
  }
  if (dice.one_in(at_claim ? 3 : 2)) {
    if (at_commit) {
      interruption.outcome = dice.one_in(3) ? "never" : "fail";
    } else {
      interruption.fault = any_fault(dice);
      const bool may_apply =
          *interruption.fault == static_cast<int>(zk::ErrorCode::SessionExpired) ||
          *interruption.fault == static_cast<int>(zk::ErrorCode::ConnectionLoss) ||
          *interruption.fault == static_cast<int>(zk::ErrorCode::OperationTimeout);
      interruption.applied = may_apply && dice.one_in(2);
    }
    return interruption;
  }
  constexpr Kind kOwn[] = {Kind::Leader, Kind::Leader,  Kind::Leader,
                           Kind::Change, Kind::Publish, Kind::Poll};
  constexpr Kind kOthers[] = {Kind::Leader, Kind::Poll, Kind::Poll, Kind::Change, Kind::Publish};
  Step step{.seed = dice.bits()};
  const int who = dice.between(0, 2);
  step.kind = who == 0 ? Kind::Outside : who == 1 ? dice.one_of(kOwn) : dice.one_of(kOthers);
  step.node = who == 2 ? 1 - node : node;
  interruption.step = std::make_shared<const Step>(std::move(step));
  return interruption;
}

}  // namespace

std::vector<Step> plan_of(std::uint64_t seed) {
  World world(seed);
  Dice dice(~seed);
  std::vector<Step> plan;
  const int length = dice.between(24, 56);
  // How unruly the world is.
  constexpr std::uint64_t kOneIn[] = {3, 5, 9, 1000};
  const std::uint64_t unruly = dice.one_of(kOneIn);
  int node = 0;
  while (static_cast<int>(plan.size()) < length) {
    if (dice.one_in(8) || !world.alive(node)) node = dice.between(0, World::kNodes - 1);
    Step step{
        .kind = drawn(dice, weights(world, node)), .node = node, .seed = dice.bits(), .during = {}};
    World tried = world;
    if (tried.perform(step).is_null()) continue;
    const World::Counts counts = tried.counts(node);
    if (step.kind != Kind::Outside && counts.requests + counts.commits > 0 && dice.one_in(unruly)) {
      step.during.push_back(any_interruption(dice, node, counts));
      if (dice.one_in(4)) step.during.push_back(any_interruption(dice, node, counts));
      world.perform(step);
    } else {
      world = std::move(tried);
    }
    plan.push_back(std::move(step));
  }
  return plan;
}

Without Without::parse(const std::string& text) {
  Without without;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc()) continue;
    (end != word.data() + word.size() ? without.interruptions : without.steps).insert(number);
  }
  return without;
}

std::string Without::describe() const {
  std::vector<std::string> words;
  for (const std::size_t number : steps) words.push_back(std::to_string(number));
  for (const std::size_t number : interruptions) words.push_back(fmt::format("{}d", number));
  return fmt::format("{}", fmt::join(words, ","));
}

std::vector<Step> reduced(const std::vector<Step>& plan, const Without& without) {
  std::vector<Step> left;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (without.steps.contains(i)) continue;
    left.push_back(plan[i]);
    if (without.interruptions.contains(i)) left.back().during.clear();
  }
  return left;
}

Performed perform(std::uint64_t seed, const std::vector<Step>& plan, const std::string& name) {
  World world(seed);
  Performed performed{.sequence = world.beginning(name), .seen = {}};
  // The tree as it was planted is no change.
  (void)world.take_seen();
  for (const Step& step : plan) {
    Json said = world.perform(step);
    if (said.is_null()) continue;
    performed.sequence["steps"].push_back(std::move(said));
    performed.seen.push_back(world.take_seen());
  }
  return performed;
}

}  // namespace judge
