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

void FetchSessionHandler::set(const TopicPartition& id, std::optional<Position> position) {
  const auto known = asked_.find(id);
  if (!position) {
    if (known == asked_.end()) return;
    asked_.erase(known);
    changed_.erase(id);
    forgotten_.insert(id);
  } else if (known == asked_.end() || known->second != *position) {
    asked_.insert_or_assign(known, id, std::move(*position));
    changed_.insert(id);
    forgotten_.erase(id);  // a change of what the session holds is as good as a new entry
  }
}

std::optional<FetchRequest> FetchSessionHandler::next_request() {
  if (next_.is_full()) forgotten_.clear();
  if (asked_.empty() && forgotten_.empty()) return std::nullopt;
  FetchRequest request{.metadata = next_};
  if (next_.is_full()) {
    for (const auto& [id, position] : asked_) add_to(request, id, position);
  } else {
    for (const TopicPartition& id : changed_) add_to(request, id, asked_.at(id));
    request.forgotten.assign(forgotten_.begin(), forgotten_.end());
  }
  changed_.clear();
  forgotten_.clear();
  return request;
}

const FetchSessionHandler::Position* FetchSessionHandler::asked(const TopicPartition& id) const {
  const auto found = asked_.find(id);
  return found == asked_.end() ? nullptr : &found->second;
}

// Nothing that was not asked for; and all that was, if the request was full.
bool FetchSessionHandler::fits(const FetchResponse& response) const {
  std::size_t answered = 0;
  for (const FetchTopicResponse& topic : response.responses) {
    for (const FetchPartitionData& data : topic.partitions) {
      if (!asked_.contains({topic.topic, data.partition_index})) return false;
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
