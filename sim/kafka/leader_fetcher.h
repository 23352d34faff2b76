#pragma once

#include <optional>
#include <set>
#include <utility>

#include "sim/kafka/client.h"
#include "sim/kafka/fetch_session_handler.h"

namespace sim {

// What a follower or consumer keeps for one leader that it fetches from: the session with it, the
// one request under way, and the partitions that wait for their time outside of the session.
struct LeaderFetcher {
  FetchSessionHandler session;
  std::set<std::pair<Instant, TopicPartition>> delayed;  // out of the session until then
  std::optional<CorrelationId> in_flight;
  Instant not_before = kLongAgo;  // never: there is nothing to ask until something is touched

  // See FetchSessionHandler::touch.
  void touch(const TopicPartition& id) {
    session.touch(id);
    if (not_before == Instant::never()) not_before = kLongAgo;
  }
  void delay(Instant until, const TopicPartition& id) {
    delayed.emplace_hint(delayed.end(), until, id);
  }

  // The next request, as FetchSessionHandler::build makes it. `position(id)` calls `delay` for what
  // is not to be fetched yet, and answers none. Requires that no request is under way.
  template <class PositionOf>
  std::optional<FetchRequest> next_request(Instant now, PositionOf&& position) {
    while (!delayed.empty() && delayed.begin()->first <= now) {
      session.touch(delayed.begin()->second);
      delayed.erase(delayed.begin());
    }
    auto request = session.build(position);
    if (!request) not_before = delayed.empty() ? Instant::never() : delayed.begin()->first;
    return request;
  }

  void digest_into(Digest& digest) const {
    sim::digest_into(digest, in_flight);
    sim::digest_into(digest, not_before);
    session.digest_into(digest);
  }
};

}  // namespace sim
