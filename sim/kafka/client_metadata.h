#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/kafka/client.h"
#include "sim/kafka/rpc.h"

namespace sim {

// What a client knows of its cluster (org.apache.kafka.clients.Metadata): who leads what. Any
// broker may be asked, and what it says may be old: information of a lower leader epoch than the
// one known is dropped, unless the topic is a new one of the same name (brokers.md §2.1).
class ClientMetadata {
 public:
  struct Leader {
    BrokerId id{-1};
    LeaderEpoch epoch{-1};
    bool operator==(const Leader&) const = default;
    static constexpr auto fields(auto&& visit) {
      return visit(field("id", &Leader::id), field("epoch", &Leader::epoch));
    }
  };
  // `topics` empty: all that are not Kafka's own.
  ClientMetadata(const AddressBook& brokers, std::vector<std::string> topics, std::uint64_t entity)
      : brokers_(brokers), topics_(std::move(topics)), entity_(entity) {}

  // Wants newer metadata, at the next `run`.
  void expire(Instant now) { next_refresh_ = std::min(next_refresh_, std::max(now, not_before_)); }
  // Asks a random broker if it is time to.
  void run(Context& context, NetworkClient& network);
  // True if this was an answer to its question.
  bool handle(Context& context, NetworkClient& network, const Received& received);
  bool on_lost(Instant now, CorrelationId correlation);
  Instant deadline() const { return asked_ ? Instant::never() : next_refresh_; }

  bool known() const { return !leaders_.empty(); }
  const std::map<TopicPartition, Leader>& leaders() const { return leaders_; }
  // The leader, if there is one and it can be reached.
  std::optional<Leader> leader(const TopicPartition& id) const;
  std::optional<NodeId> node(BrokerId broker) const;
  NodeId any_broker(Context& context) const;
  void digest_into(Digest& digest) const;

 private:
  void learn(const MetadataTopic& topic);
  AddressBook brokers_;
  std::vector<std::string> topics_;
  std::uint64_t entity_;
  std::map<TopicPartition, Leader> leaders_;
  std::map<std::string, Uuid> topic_ids_;
  std::optional<CorrelationId> asked_;
  Instant next_refresh_;
  Instant not_before_;
};

}  // namespace sim
