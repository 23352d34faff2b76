#include "sim/kafka/log_batch.h"

namespace sim {

bool LogBatch::operator==(const LogBatch& other) const {
  const auto numbers = [](const LogBatch& batch) {
    return std::tuple{batch.base_offset,   batch.leader_epoch, batch.count,
                      batch.base_sequence, batch.producer_id,  batch.producer_epoch,
                      batch.first_token,   batch.kind,         batch.coordinator_epoch};
  };
  if (numbers(*this) != numbers(other)) return false;
  return value.same_block(other.value) || digest_of(value) == digest_of(other.value);
}

}  // namespace sim
