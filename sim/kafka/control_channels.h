#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "sim/kafka/client.h"
#include "sim/kafka/control_batch.h"
#include "sim/kafka/ids.h"

// The queues from a controller of either kind to its brokers (ControllerChannelManager, RequestSendThread;
// zookeeper.md §6.13, migration.md §5.2): one queue and one request in flight per broker. A request that is lost
// is sent again, for as long as the broker has a channel; answers with an error are not.
namespace sim {

// The answer to a control request, for controllers that look at answers (StopReplica of a deletion).
struct ControlAnswer {
  BrokerId from;
  std::variant<LeaderAndIsrResponse, UpdateMetadataResponse, StopReplicaResponse> body;
};

class ControlChannels {
 public:
  explicit ControlChannels(NetworkClient::Config config) : network_(config) {}

  // From now on exactly these brokers have channels. `generation` tells lives of one broker apart: where it
  // changes the old channel goes, with all it held, and a new one comes.
  void set_brokers(Context& context, const std::map<BrokerId, BrokerEpoch>& generations,
                   const AddressBook& addresses);
  // Queues in order. What is for a broker without a channel is dropped.
  void enqueue(Context& context, std::vector<ControlRequest> requests);

  // Answers, connection events, wakes; ignores what is not its own.
  std::vector<ControlAnswer> handle(Context& context, const Input& input);
  std::optional<Instant> deadline() const;
  // Requests that wait or are under way.
  std::size_t backlog() const;
  void digest_into(Digest& digest) const;

 private:
  struct Channel {
    NodeId node;
    BrokerEpoch generation;
    std::deque<ControlRequest> queue;  // the first is the one in flight
    std::optional<CorrelationId> in_flight;
    Instant not_before{0};
  };
  void pump(Context& context, Channel& channel);
  template <class Response>
  bool take(const Received& received, std::vector<ControlAnswer>& answers, Context& context);
  void lost(Context& context, const std::vector<CorrelationId>& correlations);

  NetworkClient network_;
  std::map<BrokerId, Channel> channels_;
};

}  // namespace sim
