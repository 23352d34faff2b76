#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "sim/base/digest.h"
#include "sim/base/finger.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/rpc_fetch.h"

// The asking side of incremental fetch sessions (KIP-227; org.apache.kafka.clients
// .FetchSessionHandler): one per leader that is fetched from. It keeps what the leader was told, so
// that a request names only partitions whose position has changed, are new, or are wanted no more.
//
//            full request            response with a session id
//   no session ─────────► asked ────────────────────────────────► session: incremental requests
//        ▲                  │  response without                         │
//        │◄─────────────────┘                                           │
//        │   FETCH_SESSION_ID_NOT_FOUND: ask for a new one              │
//        └──────────────────────────────────────────────────────────────┘
//            any other error, a lost connection, a response that names what was not asked for:
//            the same, and the next request closes the old session first
//
// Kafka's handler is handed all positions for each request and looks for those that changed. Here
// the owner says which those may be (`touch`), so that a request costs what has changed.
namespace sim {

class FetchSessionHandler {
 public:
  // What to ask of one partition.
  struct Position {
    Uuid topic_id;
    FetchPartition fetch;
    bool operator==(const Position&) const = default;
    static constexpr auto fields(auto&& visit) {
      return visit(field("topicId", &Position::topic_id), field("fetch", &Position::fetch));
    }
  };

  // The partition may have to be asked for otherwise than it was, or for the first time, or no
  // more: the next `build` looks.
  void touch(const TopicPartition& id) { touched_.push_back(id); }

  // The next request; session and partitions are set, the rest is the caller's. `position(id)`
  // gives an `std::optional<Position>` for a touched partition; none: not to be fetched now. None
  // if there is nothing to fetch and nothing to take back. One request at a time: its response or
  // its loss comes before the next `build`.
  template <class PositionOf>
  std::optional<FetchRequest> build(PositionOf&& position) {
    std::ranges::sort(touched_);
    const auto again = std::ranges::unique(touched_);
    touched_.erase(again.begin(), again.end());
    Changes changes;
    Finger asked(asked_);
    for (const TopicPartition& id : touched_) set(id, position(id), asked, changes);
    touched_.clear();
    return next_request(std::move(changes));
  }

  // `visit(id, position, data)` for each partition in a response that was of use: what was last
  // asked of it, and the answer.
  template <class Visit>
  void for_each_answer(const FetchResponse& response, Visit&& visit) const {
    Finger asked(asked_);
    for (const FetchTopicResponse& topic : response.responses) {
      for (const FetchPartitionData& data : topic.partitions) {
        const auto known = asked.find({topic.topic, data.partition_index});
        if (known != asked_.end()) visit(known->first, known->second, data);
      }
    }
  }

  // Whether the partitions in the response may be used. False: an error, or a response that does
  // not fit the request; what comes next is a full request.
  bool handle_response(const FetchResponse& response);
  // The request or its response was lost.
  void handle_error();

  const FetchMetadata& next_metadata() const { return next_; }
  void digest_into(Digest& digest) const;

 private:
  using Asked = std::map<TopicPartition, Position>;
  // Of one request, in order of name.
  struct Changes {
    std::vector<Asked::const_iterator> changed;
    std::vector<TopicPartition> forgotten;
  };
  void set(const TopicPartition& id, std::optional<Position> position, Finger<Asked>& asked,
           Changes& changes);
  std::optional<FetchRequest> next_request(Changes changes);
  bool fits(const FetchResponse& response) const;

  FetchMetadata next_{kNoFetchSession, FetchMetadata::kInitialEpoch};
  Asked asked_;
  std::vector<TopicPartition> touched_;  // as they came; some perhaps twice
};

}  // namespace sim
