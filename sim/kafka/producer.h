#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/kafka/producer_client.h"

namespace sim {

struct ProducerConfig {
  std::string name;
  NodeId self{};
  AddressBook brokers;
  std::vector<std::string> topics;  // empty: all that are not Kafka's own
  Duration interval{10'000'000};    // between two batches
  std::int32_t records_per_batch = 1;
  Instant start;
  Instant stop =
      Instant::never();           // no new batches from here on; unanswered ones are still retried
  RecordToken first_token{0};     // give each producer of a world a range of its own
  std::size_t max_pending = 100;  // batches under way at a time; stands for buffer.memory
};

// An idempotent producer with acks=all, a process of its own. It sends a batch to one partition
// after the other, one at a time for each partition, and retries until the broker says yes. Each
// record bears a token of its own.
//
// Simplified: retries for ever (no delivery.timeout.ms).
class Producer {
 public:
  explicit Producer(ProducerConfig config);

  Effects step(Instant now, Input input, Choices& choices);
  std::optional<Instant> deadline() const;
  void digest_into(Digest& digest) const;

  std::int64_t acknowledged() const { return acknowledged_; }
  std::int64_t sent() const { return config_.first_token.distance_to(next_token_); }
  std::size_t pending() const { return client_.partitions_pending(); }

 private:
  void make_batch(Context& context);

  ProducerConfig config_;
  ProducerClient client_;
  std::uint32_t last_serial_ = 0;
  bool ready_ = false;
  Instant next_batch_;
  TopicPartition last_partition_;
  RecordToken next_token_;
  std::int64_t acknowledged_ = 0;
};

}  // namespace sim
