#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <variant>
#include <vector>

#include "sim/kafka/client.h"
#include "sim/kafka/ids.h"
#include "zk/kafka_client.h"
#include "zk/znodes.h"

// How a broker lives on ZooKeeper (KafkaServer's part of it, KafkaZkClient.registerBroker;
// zookeeper.md §5.4): one session, shared by all in the process; Kafka's persistent paths made if
// missing; the ephemeral /brokers/ids/N, made anew after each expiry, whose czxid is the broker's
// epoch.
//
//              session          paths made             created, or mine already
//   Connecting ───────► Preparing ──────► Registering ─────────────────────────► Registered
//        ▲                                     │ of another session
//        │ session renewed                     ▼
//        └──────────────────────────────── Refused: the process shall end
namespace zk {

struct BrokerLinkConfig {
  sim::BrokerId id{-1};
  BrokerZnode registration;
  std::string cluster_id;  // written if /cluster/id is missing; empty: not looked at
  ClientConfig session;
};

// The broker is registered, for the first time or anew.
struct BrokerRegistered {
  sim::BrokerEpoch epoch{-1};
};
// NODEEXISTS: a broker of this id lives in another session. Startup ends here.
struct BrokerRefused {};
// The session ended and a new one stands: ephemerals and watches are gone, open calls were answered
// SessionExpired. Registration follows by itself.
struct SessionReplaced {};
using LinkEvent =
    std::variant<BrokerRegistered, BrokerRefused, SessionReplaced, BatchDone, WatchFired>;

class BrokerLink {
 public:
  explicit BrokerLink(BrokerLinkConfig config)
      : config_(std::move(config)), client_(config_.session) {}

  // Takes an input if it is the session's, or a wake. Call `next` until it is empty after it, and
  // after every submit.
  void handle(sim::Context& context, const sim::Input& input);
  std::optional<LinkEvent> next(sim::Context& context);
  // For the others in the process: a batch of calls of theirs, answered by BatchDone with this id.
  CallId submit(sim::Context& context, std::vector<Request> requests,
                Watching watching = Watching::No);
  // Leaves in good order: the session ends and with it the registration.
  void close(sim::Context& context);

  std::optional<sim::Instant> deadline() const { return client_.deadline(); }
  bool registered() const { return phase_ == Phase::Registered; }
  // czxid of the current registration, -1 before.
  sim::BrokerEpoch epoch() const { return epoch_; }
  sim::BrokerId id() const { return config_.id; }
  const KafkaClient& session() const { return client_; }
  void digest_into(sim::Digest& digest) const;

 private:
  enum class Phase : std::uint8_t {
    Connecting,
    Preparing,
    Registering,
    Registered,
    Refused
  };
  void begin(sim::Context& context);
  void register_broker(sim::Context& context);
  std::optional<LinkEvent> on_answer(sim::Context& context, const BatchDone& done);
  std::optional<LinkEvent> on_registration(sim::Context& context, const BatchDone& done);

  BrokerLinkConfig config_;
  KafkaClient client_;
  Phase phase_ = Phase::Connecting;
  bool begun_ = false;
  std::optional<CallId> own_call_;
  std::uint64_t last_call_ = 0;
  // The session in which the znode was last made, to recognise an orphan of our own (KAFKA-7165).
  SessionId registered_in_{};
  sim::BrokerEpoch epoch_{-1};
  std::deque<KafkaClientEvent> inbox_;
};

inline ClientContext client_context(sim::Context& context) {
  return {context.now, context.choices, context.effects, context.last_serial};
}

}  // namespace zk
