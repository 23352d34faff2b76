#include "sim/kafka/log_transactions.h"

#include <algorithm>

#include "sim/base/check.h"

namespace sim {

void LogTransactions::begin(ProducerId producer, Offset first) {
  check(open_.emplace(first, producer).second, "a batch begins one transaction");
}

void LogTransactions::complete(ProducerId producer, Offset first, Offset marker, Outcome outcome) {
  check(open_.erase(first) == 1, "what a marker ends was open");
  unreplicated_.emplace(first, marker);
  if (outcome == Outcome::Commit) return;
  const Offset last_stable = open_.empty() ? marker.next() : open_.begin()->first;
  aborted_.push_back({producer, first, marker, last_stable});
}

void LogTransactions::forget_replicated(Offset high_watermark) {
  for (auto entry = unreplicated_.begin(); entry != unreplicated_.end();) {
    entry = entry->second < high_watermark ? unreplicated_.erase(entry) : std::next(entry);
  }
}

void LogTransactions::clear() {
  open_.clear();
  unreplicated_.clear();
  aborted_.clear();
}

std::optional<Offset> LogTransactions::first_unstable() const {
  if (open_.empty() && unreplicated_.empty()) return std::nullopt;
  if (open_.empty()) return unreplicated_.begin()->first;
  if (unreplicated_.empty()) return open_.begin()->first;
  return std::min(open_.begin()->first, unreplicated_.begin()->first);
}

// TransactionIndex.collectAbortedTxns.
std::vector<AbortedTransaction> LogTransactions::aborted(Offset from, Offset below) const {
  std::vector<AbortedTransaction> found;
  for (auto entry = std::ranges::lower_bound(aborted_, from, {}, &Aborted::last);
       entry != aborted_.end(); ++entry) {
    if (entry->first < below) found.push_back({entry->producer, entry->first});
    if (entry->last_stable >= below) break;
  }
  return found;
}

}  // namespace sim
