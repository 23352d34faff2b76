#include "sim/kernel/injector.h"

#include <algorithm>

#include "sim/base/check.h"
#include "sim/base/match.h"

namespace sim {

std::vector<Injector::Due> Injector::add(const FaultPlan& plan, Instant now) {
  std::vector<Due> due;
  for (const PlannedFault& planned : plan) {
    check(std::ranges::none_of(
              entries_, [&](const Entry& entry) { return entry.planned.name == planned.name; }),
          "planned faults have names of their own");
    entries_.push_back({planned, FaultFate::Waiting, 0, {}});
    if (const auto* const at = std::get_if<At>(&planned.when)) {
      entries_.back().fate = FaultFate::Due;
      due.push_back({static_cast<std::uint32_t>(entries_.size() - 1), std::max(now, at->time)});
    }
  }
  for (const PlannedFault& planned : plan) {
    const auto* const after = std::get_if<After>(&planned.when);
    check(after == nullptr || std::ranges::any_of(entries_,
                                                  [&](const Entry& entry) {
                                                    return entry.planned.name == after->another;
                                                  }),
          "a fault waits for another fault of its plan");
  }
  listen_again();
  return due;
}

void Injector::listen_again() {
  listening_.clear();
  for (const Entry& entry : entries_) {
    if (entry.fate != FaultFate::Waiting) continue;
    if (const auto* const on = std::get_if<On>(&entry.planned.when)) {
      listening_.push_back(hash_name(on->notice));
    }
  }
}

bool Injector::listens_to(const PayloadType& type) const {
  return std::ranges::find(listening_, type.name_hash) != listening_.end();
}

std::vector<Injector::Due> Injector::noticed(const Payload& notice, Instant now,
                                             const std::function<bool(const Target&)>& is_node) {
  std::vector<Due> due;
  for (std::uint32_t index = 0; index < entries_.size(); ++index) {
    Entry& entry = entries_[index];
    const auto* const on = std::get_if<On>(&entry.planned.when);
    if (on == nullptr || entry.fate != FaultFate::Waiting || on->notice != notice.name()) continue;
    if (!on->node.empty() && !is_node(on->node)) continue;
    if (!on->containing.empty() && !notice.describe().contains(on->containing)) continue;
    if (++entry.seen < on->nth) continue;
    entry.fate = FaultFate::Due;
    due.push_back({index, now + on->delay, on->delay == Duration{}});
  }
  if (!due.empty()) listen_again();
  return due;
}

std::vector<Injector::Due> Injector::applied(std::uint32_t index, Instant now) {
  entries_[index].fate = FaultFate::Applied;
  std::vector<Due> due;
  for (std::uint32_t waiting = 0; waiting < entries_.size(); ++waiting) {
    Entry& entry = entries_[waiting];
    const auto* const after = std::get_if<After>(&entry.planned.when);
    if (after == nullptr || entry.fate != FaultFate::Waiting ||
        after->another != entries_[index].planned.name) {
      continue;
    }
    entry.fate = FaultFate::Due;
    due.push_back({waiting, now + after->delay, after->delay == Duration{}});
  }
  return due;
}

void Injector::misfired(std::uint32_t index, std::string why) {
  entries_[index].fate = FaultFate::Misfired;
  entries_[index].why = std::move(why);
}

std::vector<FaultReport> Injector::reports() const {
  std::vector<FaultReport> reports;
  for (const Entry& entry : entries_) {
    FaultReport report{entry.planned.name, describe(entry.planned), entry.fate, entry.why};
    if (entry.fate == FaultFate::Waiting) {
      report.why = match(
          entry.planned.when, [](const At&) { return std::string("its time did not come"); },
          [&](const On& on) {
            return "the run saw " + std::to_string(entry.seen) + " of " + std::to_string(on.nth) +
                   " notices " + on.notice;
          },
          [](const After& after) { return after.another + " was not applied"; });
    } else if (entry.fate == FaultFate::Due) {
      report.why = "the run ended before its time";
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

void Injector::digest_into(Digest& digest) const {
  for (const Entry& entry : entries_) {
    digest.add(std::string_view(entry.planned.name));
    digest.add(static_cast<std::uint64_t>(entry.fate) << 32 | entry.seen);
  }
}

}  // namespace sim
