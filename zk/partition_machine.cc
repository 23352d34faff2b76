#include "zk/partition_machine.h"

#include <algorithm>

namespace zk {
namespace {

// The first replica in order that may lead and is in this ISR; all replicas if no ISR is given.
sim::BrokerId first_live(const std::vector<sim::BrokerId>& assignment, const LiveBrokers& brokers,
                         const std::vector<sim::BrokerId>* isr) {
  for (const sim::BrokerId replica : assignment) {
    if (brokers.may_lead(replica) && (isr == nullptr || contains(*isr, replica))) return replica;
  }
  return sim::kNoBroker;
}

}  // namespace

std::optional<LeaderAndIsr> initial_leader(const std::vector<sim::BrokerId>& assignment,
                                           const LiveBrokers& brokers) {
  LeaderAndIsr made{.leader = first_live(assignment, brokers, nullptr)};
  if (made.leader == sim::kNoBroker) return std::nullopt;
  std::ranges::copy_if(assignment, std::back_inserter(made.isr),
                       [&](sim::BrokerId replica) { return brokers.may_lead(replica); });
  return made;
}

std::optional<LeaderAndIsr> elect_after_change(const LeaderAndIsr& now,
                                               const std::vector<sim::BrokerId>& assignment,
                                               const LiveBrokers& brokers, bool unclean_allowed) {
  const auto alive = [&](sim::BrokerId broker) {
    return brokers.live.contains(broker) || brokers.shutting_down.contains(broker);
  };
  LeaderAndIsr next = now;
  std::erase_if(next.isr, [&](sim::BrokerId member) { return !alive(member); });
  if (!alive(now.leader)) {
    next.leader = first_live(assignment, brokers, &next.isr);
    if (next.leader == sim::kNoBroker && unclean_allowed) {
      next.leader = first_live(assignment, brokers, nullptr);
      if (next.leader != sim::kNoBroker) {
        next.isr = {next.leader};
        next.recovery = sim::LeaderRecoveryState::Recovering;
      }
    }
  }
  // The last member stays, dead as it is: it may be the only one with all that was acknowledged.
  if (next.isr.empty()) next.isr = {contains(now.isr, now.leader) ? now.leader : now.isr.back()};
  if (next == now) return std::nullopt;
  next.leader_epoch = now.leader_epoch.next();
  return next;
}

std::optional<LeaderAndIsr> elect_for_shutdown(const LeaderAndIsr& now,
                                               const std::vector<sim::BrokerId>& assignment,
                                               const LiveBrokers& brokers, sim::BrokerId leaving) {
  LeaderAndIsr next = now;
  std::erase_if(next.isr, [&](sim::BrokerId member) {
    return member == leaving || brokers.shutting_down.contains(member);
  });
  if (next.isr.empty()) return std::nullopt;
  if (now.leader == leaving) {
    next.leader = first_live(assignment, brokers, &next.isr);
    if (next.leader == sim::kNoBroker) return std::nullopt;
  }
  if (next == now) return std::nullopt;
  next.leader_epoch = now.leader_epoch.next();
  return next;
}

std::optional<LeaderAndIsr> elect_preferred(const LeaderAndIsr& now,
                                            const std::vector<sim::BrokerId>& assignment,
                                            const LiveBrokers& brokers) {
  if (assignment.empty() || assignment.front() == now.leader) return std::nullopt;
  const sim::BrokerId preferred = assignment.front();
  if (!brokers.may_lead(preferred) || std::ranges::find(now.isr, preferred) == now.isr.end())
    return std::nullopt;
  LeaderAndIsr next = now;
  next.leader = preferred;
  next.leader_epoch = now.leader_epoch.next();
  return next;
}

}  // namespace zk
