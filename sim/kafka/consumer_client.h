#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kafka/client_metadata.h"
#include "sim/kafka/leader_fetcher.h"

namespace sim {

// Where to begin where the group has committed nothing, or the log no longer has what it committed
// (auto.offset.reset). `Beginning` is offset 0 without asking anybody, and the leader's log start
// when that is gone.
enum class OffsetReset : std::uint8_t {
  Beginning,
  Earliest,
  Latest,
  None
};
constexpr std::string_view name_of(OffsetReset reset) {
  switch (reset) {
    case OffsetReset::Beginning:
      return "beginning";
    case OffsetReset::Earliest:
      return "earliest";
    case OffsetReset::Latest:
      return "latest";
    case OffsetReset::None:
      return "none";
  }
  unreachable("there are four ways to reset");
}

struct ConsumerClientConfig {
  std::string group;
  NodeId self{};
  AddressBook brokers;
  std::vector<std::string> topics;       // empty: all that are not Kafka's own
  Duration fetch_max_wait{500'000'000};  // fetch.max.wait.ms
  std::int32_t max_records = 500;        // of one partition in one fetch
  OffsetReset reset = OffsetReset::Beginning;
  IsolationLevel isolation_level = IsolationLevel::ReadUncommitted;
  // Positions kept outside of Kafka (seek on assignment). With it the coordinator is never asked
  // where to begin; a partition that it does not name begins where `reset` says.
  std::optional<std::map<TopicPartition, Offset>> stored_positions;
};

// What KafkaConsumer does below poll(): positions, fetch sessions (one per leader, KIP-227), the
// records fetched and not yet polled, and the requests to the group's coordinator. What is done
// with records, and when positions are committed, is its owner's: `Consumer`, `ClientApplication`.
//
//   metadata ─► position? ── OffsetFetch / ListOffsets ─► fetch ─► buffer ─► take() moves position
//
// Of what it fetches markers are never polled, and with read_committed batches of aborted transactions
// are not, either; positions go past both.
//
// Simplified: it names its partitions itself (assign, not subscribe): no JoinGroup, no rebalance;
// positions are not validated against leader epochs (KIP-320); one request of the coordinator's
// kind at a time, so a commit waits for the answer to the one before it.
class ConsumerClient {
 public:
  struct Position {
    Offset next{-1};  // -1: asked of the coordinator, or of the leader
    Offset committed{-1};
    LeaderEpoch last_epoch{-1};
    Instant not_before;
    ClientMetadata::Leader leader;  // whom it is fetched from; -1: nobody
    bool resets = false;            // the leader is to be asked where its log begins or ends
    std::int32_t buffered = 0;      // records fetched and not taken
    Instant paused_until = kLongAgo;
    static constexpr auto fields(auto&& visit) {
      using P = Position;
      return visit(field("next", &P::next), field("committed", &P::committed),
                   field("lastEpoch", &P::last_epoch), field("notBefore", &P::not_before),
                   field("leader", &P::leader), field("resets", &P::resets),
                   field("buffered", &P::buffered), field("pausedUntil", &P::paused_until));
    }
  };
  struct Fetched {
    TopicPartition id;
    LogBatch batch;
    BrokerId leader{-1};  // which served it
    Offset next{};        // behind it, and behind what is not to be polled
    static constexpr auto fields(auto&& visit) {
      return visit(field("id", &Fetched::id), field("batch", &Fetched::batch),
                   field("leader", &Fetched::leader));
    }
  };
  // The answer to a commit. Not None: what did not succeed may have succeeded all the same.
  struct Committed {
    std::vector<OffsetCommitPartition> partitions;
    ErrorCode error = ErrorCode::None;
  };
  // A partition got its first position, or a new one because the old one is gone.
  struct Positioned {
    TopicPartition id;
    Offset offset{};
    enum class From : std::uint8_t {
      Committed,
      Stored,
      Reset
    } from = From::Committed;
  };

  explicit ConsumerClient(ConsumerClientConfig config);

  // Connections, answers. What they bring is in the buffer and in the `take_` functions after it.
  void handle(Context& context, const Input& input);
  // Sends what is due.
  void run(Context& context);
  std::optional<Instant> deadline() const;

  // The oldest batch that may be polled, or null.
  const Fetched* front(Instant now) const;
  // Takes its first `count` records; the position moves behind them. Requires that there are so
  // many.
  Fetched take(Instant now, std::int32_t count);
  // When a paused partition's records may be polled; never: nothing waits for that.
  Instant resumes_at() const;

  // What was fetched from there is dropped, and fetching goes on at `offset`.
  void seek(const TopicPartition& id, Offset offset);
  // Its records are not polled until then.
  void pause(const TopicPartition& id, Instant until);
  const std::map<TopicPartition, Position>& positions() const { return positions_; }

  // Queues a commit; answers come in the order of the calls.
  void commit(std::vector<OffsetCommitPartition> partitions);
  std::size_t commits_open() const { return commits_.size(); }
  // From when on a commit that is asked for now would be sent at once; none: something comes first.
  std::optional<Instant> commits_from() const;
  std::optional<Committed> take_committed();
  std::vector<Positioned> take_positioned() { return std::exchange(positioned_, {}); }
  // A partition without a position under reset `none`: poll() throws.
  const std::optional<TopicPartition>& without_offset() const { return without_offset_; }

  // The connections are closed; nothing may be asked of it afterwards.
  void close(Context& context) { network_.close_all(context); }
  void digest_into(Digest& digest) const;

 private:
  struct Commit {
    std::vector<OffsetCommitPartition> partitions;
    bool sent = false;
  };
  void run_coordinator(Context& context);
  void run_resets(Context& context);
  void run_fetches(Context& context);
  std::optional<FetchSessionHandler::Position> fetch_position(Instant now, BrokerId leader,
                                                              const TopicPartition& id);
  void touch(const TopicPartition& id, const Position& position);
  void begin_at(Context& context, const TopicPartition& id, Offset offset, Positioned::From from);
  void reset(const TopicPartition& id, Position& position);
  void drop_buffered(const TopicPartition& id, Position& position);
  void on_metadata(Context& context);
  void on_fetched(Context& context, BrokerId leader, const FetchResponse& response);
  void on_partition_fetched(Context& context, BrokerId leader, const TopicPartition& id,
                            const FetchPartitionData& data);
  // Whether batches are to be polled, one after the other.
  class Visibility;
  std::deque<Fetched>::iterator last_fetched(const TopicPartition& id);
  Offset fetched_end(const TopicPartition& id, const Position& position);
  void on_offsets(Context& context, const OffsetFetchResponse& response);
  void on_listed(Context& context, const ListOffsetsResponse& response);
  void on_committed(Context& context, const OffsetCommitResponse& response);
  void lose_coordinator(Instant now);
  void fail_commit(ErrorCode error);
  void on_lost(Context& context, CorrelationId correlation);

  ConsumerClientConfig config_;
  NetworkClient network_;
  ClientMetadata metadata_;
  std::map<TopicPartition, Position> positions_;
  std::set<TopicPartition> without_position_;  // the coordinator is to be asked
  std::map<BrokerId, LeaderFetcher> fetchers_;
  std::deque<Fetched> buffer_;  // as it came
  std::optional<BrokerId> coordinator_;
  // One request of the coordinator's kind at a time: find it, fetch offsets, commit.
  std::optional<CorrelationId> coordinating_;
  Instant coordinate_not_before_;
  std::deque<Commit> commits_;
  std::deque<Committed> committed_;
  std::vector<Positioned> positioned_;
  std::optional<CorrelationId> listing_;
  Instant list_not_before_ = kLongAgo;
  std::optional<TopicPartition> without_offset_;
};

}  // namespace sim
