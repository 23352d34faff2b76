#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/kafka/client_metadata.h"

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

// An idempotent producer with acks=all (KafkaProducer; brokers.md §2.2, §2.3): a process of its
// own. It sends a batch to one partition after the other, one at a time for each partition, and
// retries until the broker says yes. Each record bears a token of its own; "client.Acknowledged"
// tells which are acknowledged.
//
// Simplified: retries for ever (no delivery.timeout.ms); one request in flight per partition, not
// five per connection; the epoch is bumped for one partition when its sequence is out of order for
// good.
class Producer {
 public:
  explicit Producer(ProducerConfig config);

  Effects step(Instant now, Input input, Choices& choices);
  std::optional<Instant> deadline() const;
  void digest_into(Digest& digest) const;

  std::int64_t acknowledged() const { return acknowledged_; }
  std::int64_t sent() const { return config_.first_token.distance_to(next_token_); }
  std::size_t pending() const { return pending_.size(); }

 private:
  struct Pending {
    LogBatch batch;
    LeaderEpoch leader_epoch{-1};
    std::optional<CorrelationId> in_flight;
    Instant not_before;
  };
  struct Sequence {
    std::int16_t epoch = 0;
    std::int32_t next = 0;
    static constexpr auto fields(auto&& visit) {
      return visit(field("epoch", &Sequence::epoch), field("next", &Sequence::next));
    }
  };
  void make_batch(Context& context);
  void send_due(Context& context);
  void on_answer(Context& context, CorrelationId correlation, const ProduceResponse& response);
  void on_lost(Context& context, CorrelationId correlation);
  void retry(Context& context, const TopicPartition& id, Pending& pending, ErrorCode error);

  ProducerConfig config_;
  NetworkClient network_;
  ClientMetadata metadata_;
  std::uint32_t last_serial_ = 0;
  ProducerId producer_id_{-1};
  std::optional<CorrelationId> id_asked_;
  Instant next_id_attempt_;
  Instant next_batch_;
  TopicPartition last_partition_;
  std::map<TopicPartition, Pending> pending_;
  std::map<TopicPartition, Sequence> sequences_;
  RecordToken next_token_;
  std::int64_t acknowledged_ = 0;
};

}  // namespace sim
