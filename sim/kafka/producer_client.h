#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/kafka/client_metadata.h"
#include "sim/kafka/transaction_manager.h"

namespace sim {

struct ProducerClientConfig {
  std::string name;
  NodeId self{};
  AddressBook brokers;
  std::vector<std::string> topics;  // empty: all that are not Kafka's own
  bool idempotent = true;           // enable.idempotence
  std::string transactional_id;     // transactional.id: what is sent is part of transactions
  Duration transaction_timeout{60'000'000'000};  // transaction.timeout.ms
  // delivery.timeout.ms: from send() to an outcome. None: tries for ever.
  std::optional<Duration> delivery_timeout;
  Duration linger{};  // linger.ms: what is sent waits so long for company
};

// What KafkaProducer does below send(): acks=all, retries, the sequence numbers of an idempotent
// producer (brokers.md §2.2, §2.3), and its transactions (§2.5). What is sent, and what its failure
// means, is its owner's: `Producer`, `ClientApplication`. "client.Acknowledged" tells what is
// acknowledged.
//
// Simplified: one request in flight per partition, not five per connection; the epoch is bumped for
// one partition when its sequence is out of order for good, or when a batch expired whose outcome
// is unknown.
class ProducerClient {
 public:
  // What became of a batch. RequestTimedOut: it may be in the log, or come there yet.
  // TransactionAbortable: it was dropped, for its transaction is being aborted.
  struct Sent {
    TopicPartition id;
    LogBatch batch;
    Offset base_offset{-1};
    ErrorCode error = ErrorCode::None;
  };

  explicit ProducerClient(ProducerClientConfig config);

  // Connections and answers.
  void handle(Context& context, const Input& input);
  // Asks for metadata and, if idempotent, for a producer id. True: batches can be sent.
  bool prepare(Context& context);
  // Queues a batch of `count` records: offsets, epoch and sequence are given later. Of a transactional
  // producer it requires that a transaction is open.
  void send(Context& context, const TopicPartition& id, LogBatch batch);
  // Sends what is due. Requires that prepare() said yes.
  void send_due(Context& context);
  std::optional<Sent> take_sent();

  std::optional<Instant> deadline() const;
  bool has_pending(const TopicPartition& id) const { return pending_.contains(id); }
  std::size_t partitions_pending() const { return pending_.size(); }
  const ClientMetadata& metadata() const { return metadata_; }
  // Asks for metadata soon: a topic is to be written to that is not known.
  void want_metadata(Instant now) { metadata_.expire(now); }
  // Requires a transactional producer: begin, send_offsets, commit, abort, and how that goes.
  TransactionManager& transactions() { return *transactions_; }
  const TransactionManager& transactions() const { return *transactions_; }
  // 0: the topic is not known.
  std::int32_t partition_count(const std::string& topic) const;
  void close(Context& context) { network_.close_all(context); }
  void digest_into(Digest& digest) const;

 private:
  struct Pending {
    LogBatch batch;
    LeaderEpoch leader_epoch{-1};
    std::optional<CorrelationId> in_flight;
    Instant not_before;
    Instant expires = Instant::never();
    bool has_sequence = false;
    bool was_sent = false;
  };
  struct Sequence {
    std::int16_t epoch = 0;
    std::int32_t next = 0;
    static constexpr auto fields(auto&& visit) {
      return visit(field("epoch", &Sequence::epoch), field("next", &Sequence::next));
    }
  };
  using Queues = std::map<TopicPartition, std::deque<Pending>>;
  bool ready() const {
    if (transactions_) return transactions_->state() != TransactionManager::State::Initializing;
    return !config_.idempotent || producer_id_.value() >= 0;
  }
  // Whether the first batch of the partition may leave, as far as its transaction is concerned.
  bool may_send(const TopicPartition& id) const;
  void run_transactions(Context& context);
  void drop_undrained(Context& context);
  void number(const TopicPartition& id, Pending& pending);
  void expire(Context& context);
  void finish(Queues::iterator queue, Offset base_offset, ErrorCode error);
  void fail(Context& context, Queues::iterator queue, ErrorCode error);
  void begin_anew(const TopicPartition& id, Pending* resent);
  void on_answer(Context& context, CorrelationId correlation, const ProduceResponse& response);
  void on_lost(Context& context, CorrelationId correlation);
  void retry(Context& context, const TopicPartition& id, Pending& pending, ErrorCode error);

  ProducerClientConfig config_;
  NetworkClient network_;
  ClientMetadata metadata_;
  std::optional<TransactionManager> transactions_;
  ProducerId producer_id_{-1};
  std::int16_t producer_epoch_ = 0;
  std::optional<CorrelationId> id_asked_;
  Instant next_id_attempt_;
  Queues pending_;  // no queue is empty
  std::map<TopicPartition, Sequence> sequences_;
  std::deque<Sent> sent_;
};

}  // namespace sim
