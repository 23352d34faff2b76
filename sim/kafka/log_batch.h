#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/base/described.h"
#include "sim/core/payload.h"
#include "sim/kafka/ids.h"

namespace sim {

// The identity of an application record: given once by the producer that sent it, never reused in a
// world. Checkers follow records by it; brokers carry it and never look at it.
struct RecordTokenTag {};
using RecordToken = Ordinal<RecordTokenTag, std::int64_t>;

// Whether a batch is part of a transaction, and what a control batch says of it (RecordBatch.isTransactional,
// ControlRecordType).
enum class BatchKind : std::uint8_t {
  Data,
  TransactionalData,
  CommitMarker,
  AbortMarker
};
constexpr std::string_view name_of(BatchKind kind) {
  switch (kind) {
    case BatchKind::Data:
      return "data";
    case BatchKind::TransactionalData:
      return "transactional";
    case BatchKind::CommitMarker:
      return "COMMIT";
    case BatchKind::AbortMarker:
      return "ABORT";
  }
  return "";
}

// A record batch as logs and wires carry it: `count` records at consecutive offsets. What the
// records say is a run of tokens (an application's; record i is `first_token` + i), or one `value`
// (a coordinator's record, count 1), or both (a dead letter, count 1). A batch is split by nothing but a checker: logs
// truncate between batches, never within (LocalLog.truncateTo). A marker has neither tokens nor value, and takes one offset.
struct LogBatch {
  Offset base_offset{};
  LeaderEpoch leader_epoch{-1};
  std::int32_t count = 0;
  std::int32_t base_sequence = -1;       // -1: a coordinator's, or not idempotent
  CoordinatorEpoch coordinator_epoch{};  // of a marker
  ProducerId producer_id{-1};            // -1: not idempotent
  std::int16_t producer_epoch = -1;
  BatchKind kind = BatchKind::Data;
  RecordToken first_token{-1};
  Payload value;

  Offset next_offset() const { return base_offset.plus(count); }
  Offset last_offset() const { return base_offset.plus(count - 1); }
  std::int32_t last_sequence() const { return base_sequence < 0 ? -1 : base_sequence + count - 1; }
  bool is_control() const {
    return kind == BatchKind::CommitMarker || kind == BatchKind::AbortMarker;
  }
  bool is_transactional() const { return kind != BatchKind::Data; }
  // The token of the record at this offset. Requires that the batch holds the offset and tokens.
  RecordToken token_at(Offset offset) const {
    return first_token.plus(base_offset.distance_to(offset));
  }
  // Equal content; values are compared by their digests.
  bool operator==(const LogBatch& other) const;
  static constexpr auto fields(auto&& visit) {
    return visit(field("baseOffset", &LogBatch::base_offset),
                 field("partitionLeaderEpoch", &LogBatch::leader_epoch),
                 field("count", &LogBatch::count), field("baseSequence", &LogBatch::base_sequence),
                 field("producerId", &LogBatch::producer_id),
                 field("producerEpoch", &LogBatch::producer_epoch),
                 field("firstToken", &LogBatch::first_token), field("value", &LogBatch::value),
                 sparse_field("kind", &LogBatch::kind),
                 sparse_field("coordinatorEpoch", &LogBatch::coordinator_epoch));
  }
};

}  // namespace sim
