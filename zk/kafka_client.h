#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "zk/client.h"
#include "zk/request.h"

// How Kafka uses a ZooKeeper session (kafka.zookeeper.ZooKeeperClient, KafkaZkClient; zookeeper.md §5.11,
// migration.md §2.6): batches of pipelined requests, at most ten unanswered; what a lost connection left
// unanswered is sent again, for ever; after an expiry a new session is opened by itself. It is not safe to repeat
// a conditional write whose first try was applied, and Kafka does it all the same: the answer is then
// BadVersion (MB-03, MB-04).
namespace zk {

// All requests of a batch are answered, in their order. An answer is never ConnectionLoss; SessionExpired says
// that the session ended before the request was known to be answered.
struct BatchDone {
  CallId batch;
  std::vector<Response> responses;
};
// A new session stands in the place of an expired one: ephemerals and watches of the old one are gone.
struct SessionRenewed {};
using KafkaClientEvent = std::variant<BatchDone, WatchFired, SessionRenewed>;
using KafkaClientEvents = std::vector<KafkaClientEvent>;

class KafkaClient {
 public:
  static constexpr std::size_t kMaxInFlight = 10;  // zookeeper.max.in.flight.requests

  explicit KafkaClient(ClientConfig config) : config_(config), client_(std::move(config)) {}

  // Queues a batch behind those submitted before. Requires requests, and an id that is not in use.
  // `watching` goes for all reads of the batch.
  [[nodiscard]] KafkaClientEvents submit(ClientContext context, CallId batch,
                                         std::vector<Request> requests,
                                         Watching watching = Watching::No);
  // Ends the session: what is open is lost without an answer.
  void close(ClientContext context);

  bool owns(const sim::Input& input) const { return client_.owns(input); }
  // Requires owns(input), or a Wake.
  [[nodiscard]] KafkaClientEvents handle(ClientContext context, const sim::Input& input);
  std::optional<sim::Instant> deadline() const;

  SessionState state() const { return client_.state(); }
  const Client& client() const { return client_; }
  SessionId session() const { return client_.session(); }
  void digest_into(sim::Digest& digest) const;

 private:
  struct Batch {
    std::vector<Request> requests;
    std::vector<std::optional<Response>> responses;
    Watching watching = Watching::No;
    std::size_t answered = 0;
  };
  struct Slot {
    CallId batch;
    std::size_t index = 0;
    auto operator<=>(const Slot&) const = default;
  };
  void pump(ClientContext& context, KafkaClientEvents& events);
  void take(ClientContext& context, std::vector<ClientEvent> arrived, KafkaClientEvents& events);
  void settle(const Slot& slot, Response response, KafkaClientEvents& events);
  void renew(ClientContext& context, KafkaClientEvents& events);

  ClientConfig config_;
  Client client_;
  std::map<CallId, Batch> batches_;
  std::deque<Slot> queue_;  // to be sent, oldest first
  // By the number under which the session client knows them.
  std::map<CallId, Slot> in_flight_;
  std::uint64_t last_call_ = 0;
  bool renewed_ = false;  // a new session is being opened
};

}  // namespace zk
