#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/kafka/consumer_client.h"

namespace sim {

struct ConsumerConfig {
  std::string group;
  NodeId self{};
  AddressBook brokers;
  std::vector<std::string> topics;  // empty: all that are not Kafka's own
  Duration commit_interval{1'000'000'000};
  Duration fetch_max_wait{500'000'000};  // fetch.max.wait.ms
  std::int32_t max_records = 500;        // of one partition in one fetch
  Instant start;
};

// A consumer that is alone in its group and commits by hand what it has processed (at-least-once:
// process, then commit; brokers.md §3.6), a process of its own. Processing takes it no time: what
// is fetched is processed. It starts where the group has committed, else at the beginning. What
// programs do otherwise is `ClientApplication`'s.
class Consumer {
 public:
  explicit Consumer(ConsumerConfig config);

  Effects step(Instant now, Input input, Choices& choices);
  std::optional<Instant> deadline() const;
  void digest_into(Digest& digest) const;

  std::int64_t consumed() const { return consumed_; }
  std::int64_t commits() const { return commits_; }
  // -1: not known yet.
  Offset position(const TopicPartition& id) const;

 private:
  void consume(Context& context);
  void hear_of_commits(Instant now);
  void commit_if_due(Instant now);

  ConsumerConfig config_;
  ConsumerClient client_;
  std::uint32_t last_serial_ = 0;
  Instant next_commit_;
  std::int64_t consumed_ = 0;
  std::int64_t commits_ = 0;
};

}  // namespace sim
