#include "sim/kafka/client_metadata.h"

#include <algorithm>
#include <set>
#include <utility>

#include "sim/kafka/metadata_cache.h"

namespace sim {
namespace {

constexpr Duration kMaxAge{300'000'000'000};  // metadata.max.age.ms
constexpr Duration kBackoff{100'000'000};     // retry.backoff.ms

}  // namespace

NodeId ClientMetadata::any_broker(Context& context) const {
  static constexpr Site kBootstrap{"client.bootstrap"};
  check(!brokers_.empty(), "a client knows a broker to begin with");
  const auto at = context.choices.pick(kBootstrap, entity_, 0, brokers_.size() - 1);
  return brokers_.nth(static_cast<AddressBook::size_type>(at))->second;
}

void ClientMetadata::run(Context& context, NetworkClient& network) {
  if (asked_ || context.now < next_refresh_) return;
  MetadataRequest request;
  if (!topics_.empty()) request.topics = topics_;
  asked_ = network.send(context, any_broker(context), std::move(request));
}

bool ClientMetadata::handle(Context& context, NetworkClient& network, const Received& received) {
  const auto* answer = network.answer<MetadataResponse>(received);
  if (answer == nullptr) return false;
  if (asked_ != answer->correlation) return true;
  asked_.reset();
  not_before_ = context.now + kBackoff;
  std::set<std::string, std::less<>> named;
  for (const MetadataTopic& topic : answer->body.topics) {
    if (topic.error_code != ErrorCode::None || (topics_.empty() && topic.is_internal)) continue;
    named.insert(topic.name);
    learn(topic);
  }
  // A topic that the cluster no longer has; an answer without brokers is of one that knows nothing
  // yet.
  if (!answer->body.brokers.empty()) {
    std::erase_if(leaders_, [&](const auto& entry) { return !named.contains(entry.first.topic); });
  }
  const bool leaderless = leaders_.empty() || std::ranges::any_of(leaders_, [](const auto& entry) {
                            return entry.second.id.value() < 0;
                          });
  next_refresh_ = context.now + (leaderless ? kBackoff : kMaxAge);
  return true;
}

void ClientMetadata::learn(const MetadataTopic& topic) {
  Uuid& known_id = topic_ids_[topic.name];
  const bool same_topic = std::exchange(known_id, topic.topic_id) == topic.topic_id;
  for (const MetadataPartition& partition : topic.partitions) {
    Leader& known = leaders_[{topic.name, partition.partition_index}];
    if (!same_topic || partition.leader_epoch >= known.epoch) {
      known = {partition.leader_id, partition.leader_epoch};
    }
  }
}

bool ClientMetadata::on_lost(Instant now, CorrelationId correlation) {
  if (asked_ != correlation) return false;
  asked_.reset();
  next_refresh_ = not_before_ = now + kBackoff;
  return true;
}

std::optional<ClientMetadata::Leader> ClientMetadata::leader(const TopicPartition& id) const {
  const auto found = leaders_.find(id);
  if (found == leaders_.end() || !brokers_.contains(found->second.id)) return std::nullopt;
  return found->second;
}

std::optional<NodeId> ClientMetadata::node(BrokerId broker) const {
  const auto found = brokers_.find(broker);
  if (found == brokers_.end()) return std::nullopt;
  return found->second;
}

void ClientMetadata::digest_into(Digest& digest) const {
  sim::digest_into(digest, leaders_);
  sim::digest_into(digest, asked_);
  sim::digest_into(digest, next_refresh_);
}

}  // namespace sim
