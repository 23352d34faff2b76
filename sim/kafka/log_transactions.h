#pragma once

#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "sim/base/described.h"
#include "sim/kafka/ids.h"

// What the log of one partition knows of transactions beside its producers (ProducerStateManager's ongoing and
// unreplicated transactions, TransactionIndex; brokers.md §2.5). Derived from the log on leaders and followers
// alike, so it goes back with the log. Empty, and costs nothing, where nobody writes in transactions.
//
//   first batch ──► open ──► marker ──► undecided until the marker is below the high watermark ──► decided
//                     └─────────── the last stable offset lies before it ───────────┘
namespace sim {

// A range that readers of committed data pass over, as a fetch response names it: batches of this producer from there
// to its next ABORT marker.
struct AbortedTransaction {
  ProducerId producer_id{-1};
  Offset first_offset{};
  bool operator==(const AbortedTransaction&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("producerId", &AbortedTransaction::producer_id),
                 field("firstOffset", &AbortedTransaction::first_offset));
  }
};

class LogTransactions {
 public:
  // The producer's first transactional batch since its last marker begins there.
  void begin(ProducerId producer, Offset first);
  // A marker at this offset ends what the producer began at `first`.
  enum class Outcome : std::uint8_t {
    Commit,
    Abort
  };
  void complete(ProducerId producer, Offset first, Offset marker, Outcome outcome);
  // Markers below it are decided for good.
  void on_high_watermark(Offset high_watermark) {
    if (!unreplicated_.empty()) forget_replicated(high_watermark);
  }
  void clear();

  // Where the oldest transaction begins that is open, or whose marker is not below the high watermark.
  std::optional<Offset> first_unstable() const;
  // The aborted transactions that a reader of [from, below) has to know.
  std::vector<AbortedTransaction> aborted(Offset from, Offset below) const;
  // By first offset.
  const boost::container::flat_map<Offset, ProducerId>& open() const { return open_; }

 private:
  // An entry of the transaction index.
  struct Aborted {
    ProducerId producer{-1};
    Offset first{};
    Offset last{};         // its marker
    Offset last_stable{};  // no later entry begins before this
  };
  void forget_replicated(Offset high_watermark);

  boost::container::flat_map<Offset, ProducerId> open_;      // by first offset
  boost::container::flat_map<Offset, Offset> unreplicated_;  // markers by first offset
  std::vector<Aborted> aborted_;                             // in the order of their markers
};

}  // namespace sim
