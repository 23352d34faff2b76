#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/kafka/client_metadata.h"
#include "sim/kafka/leader_fetcher.h"

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
// process, then commit; brokers.md §3.6), a process of its own. It starts where the group has
// committed, else at the beginning. It fetches in incremental sessions, one per leader (KIP-227).
//
// Simplified: it names its partitions itself (assign, not subscribe): no JoinGroup, no rebalance;
// positions are not validated against leader epochs (KIP-320).
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
  struct Position {
    Offset next{-1};  // -1: asked of the coordinator
    Offset committed{-1};
    LeaderEpoch last_epoch{-1};
    Instant not_before;
    ClientMetadata::Leader leader;  // whom it is fetched from; -1: nobody
    static constexpr auto fields(auto&& visit) {
      using P = Position;
      return visit(field("next", &P::next), field("committed", &P::committed),
                   field("lastEpoch", &P::last_epoch), field("notBefore", &P::not_before),
                   field("leader", &P::leader));
    }
  };
  void run(Context& context);
  void run_coordinator(Context& context);
  void run_fetches(Context& context);
  std::optional<FetchSessionHandler::Position> fetch_position(Instant now, BrokerId leader,
                                                              const TopicPartition& id);
  void touch(const TopicPartition& id, const Position& position);
  void on_metadata(Context& context);
  void on_fetched(Context& context, BrokerId leader, const FetchResponse& response);
  void on_partition_fetched(Context& context, BrokerId leader, const TopicPartition& id,
                            const FetchPartitionData& data);
  void on_offsets(Context& context, const OffsetFetchResponse& response);
  void on_committed(Context& context, const OffsetCommitResponse& response);
  void lose_coordinator(Instant now);
  void on_lost(Context& context, CorrelationId correlation);

  ConsumerConfig config_;
  NetworkClient network_;
  ClientMetadata metadata_;
  std::uint32_t last_serial_ = 0;
  std::map<TopicPartition, Position> positions_;
  std::set<TopicPartition> without_position_;  // the coordinator is to be asked
  std::map<BrokerId, LeaderFetcher> fetchers_;
  std::optional<BrokerId> coordinator_;
  // One request of the coordinator's kind at a time: find it, fetch offsets, commit.
  std::optional<CorrelationId> coordinating_;
  std::vector<OffsetCommitPartition> committing_;
  Instant coordinate_not_before_;
  Instant next_commit_;
  std::int64_t consumed_ = 0;
  std::int64_t commits_ = 0;
};

}  // namespace sim
