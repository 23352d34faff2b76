#include "sim/kafka/fetch_session_handler.h"

namespace sim {
namespace {

void add_to(FetchRequest& request, const TopicPartition& id,
            const FetchSessionHandler::Position& position) {
  if (request.topics.empty() || request.topics.back().topic != id.topic) {
    request.topics.push_back({.topic = id.topic, .topic_id = position.topic_id});
  }
  request.topics.back().partitions.push_back(position.fetch);
}

}  // namespace

void FetchSessionHandler::set(const TopicPartition& id, std::optional<Position> position,
                              Finger<Asked>& asked, Changes& changes) {
  const auto at = asked.lower_bound(id);
  const bool known = at != asked_.end() && at->first == id;
  if (!position) {
    if (!known) return;
    asked.erase(at);
    changes.forgotten.push_back(id);
  } else if (!known) {
    changes.changed.push_back(asked_.emplace_hint(at, id, std::move(*position)));
  } else if (at->second != *position) {
    at->second = std::move(*position);
    changes.changed.push_back(at);
  }
}

std::optional<FetchRequest> FetchSessionHandler::next_request(Changes changes) {
  if (next_.is_full()) changes.forgotten.clear();
  if (asked_.empty() && changes.forgotten.empty()) return std::nullopt;
  FetchRequest request{.metadata = next_};
  if (next_.is_full()) {
    for (const auto& [id, position] : asked_) add_to(request, id, position);
  } else {
    for (const auto& changed : changes.changed) add_to(request, changed->first, changed->second);
    request.forgotten = std::move(changes.forgotten);
  }
  return request;
}

// Nothing that was not asked for; and all that was, if the request was full.
bool FetchSessionHandler::fits(const FetchResponse& response) const {
  std::size_t answered = 0;
  Finger asked(asked_);
  for (const FetchTopicResponse& topic : response.responses) {
    for (const FetchPartitionData& data : topic.partitions) {
      if (asked.find({topic.topic, data.partition_index}) == asked_.end()) return false;
      ++answered;
    }
  }
  return !next_.is_full() || answered == asked_.size();
}

bool FetchSessionHandler::handle_response(const FetchResponse& response) {
  constexpr FetchMetadata kInitial{kNoFetchSession, FetchMetadata::kInitialEpoch};
  if (response.error_code == ErrorCode::FetchSessionIdNotFound) {
    next_ = kInitial;
    return false;
  }
  if (response.error_code != ErrorCode::None) {
    next_ = next_.next_close_existing();
    return false;
  }
  if (!fits(response)) {
    next_ = next_.is_full() ? kInitial : next_.next_close_existing();
    return false;
  }
  if (response.session_id == kNoFetchSession) {
    next_ = kInitial;
  } else if (next_.is_full()) {
    next_ = {response.session_id, FetchMetadata::next_epoch(FetchMetadata::kInitialEpoch)};
  } else {
    next_ = next_.next_incremental();
  }
  return true;
}

void FetchSessionHandler::handle_error() {
  next_ = next_.next_close_existing();
}

void FetchSessionHandler::digest_into(Digest& digest) const {
  sim::digest_into(digest, next_);
  sim::digest_into(digest, asked_);
  sim::digest_into(digest, touched_);
}

}  // namespace sim
