#pragma once

#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "sim/core/core.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/rpc.h"

namespace sim {

// What a machine inside a process needs of the process while it handles one input.
struct Context {
  Instant now;
  Choices& choices;
  Effects& effects;
  std::uint32_t& last_serial;  // of the connections that this process opened; shared by all in it

  void notify(Payload notice) { effects.push_back(Notify{std::move(notice)}); }
};

// Which process stands behind a broker or controller id: what DNS is to real clients. Ids without
// an entry cannot be reached.
using AddressBook = boost::container::flat_map<BrokerId, NodeId>;

// Before every instant that a clock can show.
inline constexpr Instant kLongAgo{INT64_MIN / 4};

// What clients wait before they ask again: retry.backoff.ms.
inline constexpr Duration kRetryBackoff{100'000'000};

// Requests to other processes over connections that this side opens
// (org.apache.kafka.clients.NetworkClient): one connection per peer, opened when first needed,
// requests in order, answers matched by correlation id. What is lost with a connection, or not
// answered in time, is reported as lost: its outcome is unknown. Requests to the own process travel
// as datagrams to self and are never lost.
//
// Simplified: no limit of requests in flight (callers keep their own), no ApiVersions round trip,
// no authentication.
class NetworkClient {
 public:
  struct Config {
    NodeId self{};
    Duration reconnect_backoff{50'000'000};         // reconnect.backoff.ms
    Duration reconnect_backoff_max{1'000'000'000};  // reconnect.backoff.max.ms
    Duration request_timeout{30'000'000'000};       // request.timeout.ms
  };
  explicit NetworkClient(Config config) : config_(config) {}

  // Sends now, or as soon as a connection stands. The caller keeps the id to know the answer by.
  template <RequestBody Body>
  CorrelationId send(Context& context, NodeId to, Body body) {
    return send(context, to, std::move(body), config_.request_timeout);
  }
  // The same with a patience of its own, as JoinGroup has it.
  template <RequestBody Body>
  CorrelationId send(Context& context, NodeId to, Body body, Duration timeout) {
    last_correlation_ = last_correlation_.next();
    transmit(context, to, last_correlation_,
             Payload::of(Request<Body>{last_correlation_, std::move(body)}), timeout);
    return last_correlation_;
  }
  // The answer in this message to a request of this client still waited for; each is given once.
  template <class ResponseBody>
  const Response<ResponseBody>* answer(const Received& received) {
    const auto* response = received.message.get_if<Response<ResponseBody>>();
    if (response == nullptr || !settle(received, response->correlation)) return nullptr;
    return response;
  }

  // Connection events and wakes. Returns the requests that are lost, oldest first; ignores what is
  // not this client's.
  std::vector<CorrelationId> handle(Context& context, const Input& input);
  // Forgets a peer: closes its connection; returns what was waited for.
  std::vector<CorrelationId> close(Context& context, NodeId peer);
  // Closes all connections and forgets what was waited for: the client that had them is no more.
  void close_all(Context& context);
  std::optional<Instant> deadline() const;
  std::size_t in_flight() const;
  void digest_into(Digest& digest) const;

 private:
  struct InFlight {
    CorrelationId correlation{};
    Instant expires;
    Payload message;  // until sent
  };
  struct Peer {
    ConnectionId connection;  // serial 0: none open
    bool connected = false;
    Instant next_attempt;
    Duration backoff{};
    std::deque<InFlight> in_flight;  // by age; those not yet sent are at the end
    // When the first of them has been waited for too long. Requires that there are some.
    Instant expires() const;
  };
  void transmit(Context& context, NodeId to, CorrelationId correlation, Payload message,
                Duration timeout);
  void connect(Context& context, NodeId to, Peer& peer);
  void lose(Context& context, Peer& peer, std::vector<CorrelationId>& lost);
  bool settle(const Received& received, CorrelationId correlation);

  Config config_;
  CorrelationId last_correlation_{0};
  std::map<NodeId, Peer> peers_;
};

}  // namespace sim
