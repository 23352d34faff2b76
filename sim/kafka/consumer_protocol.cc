#include "sim/kafka/consumer_protocol.h"

#include <algorithm>
#include <utility>

#include "sim/kafka/record_wire.h"

namespace sim {
namespace {

// Read as `as`, or as the version it says.
template <class Message>
std::optional<Embedded<Message>> decode_message(ByteView bytes,
                                                std::optional<std::int16_t> as = {}) {
  WireReader in(bytes);
  Embedded<Message> embedded;
  if (!in.fixed(embedded.version)) return std::nullopt;
  const auto version =
      as.value_or(std::clamp<std::int16_t>(embedded.version, 0, Message::kHighestVersion));
  if (!read_struct(in, embedded.message, {version, false})) return std::nullopt;
  return embedded;
}

template <class Message>
std::optional<Message> without_version(std::optional<Embedded<Message>> embedded) {
  if (!embedded) return std::nullopt;
  return std::move(embedded->message);
}

template <class Message>
Bytes encode_message(const Message& message) {
  ByteWriter out;
  out.i16(Message::kHighestVersion);
  write_struct(out, message, {Message::kHighestVersion, false});
  return out.take();
}

}  // namespace

std::optional<Embedded<ConsumerProtocolSubscription>> decode_embedded_subscription(ByteView bytes) {
  return decode_message<ConsumerProtocolSubscription>(bytes);
}

std::optional<Embedded<ConsumerProtocolAssignment>> decode_embedded_assignment(ByteView bytes) {
  return decode_message<ConsumerProtocolAssignment>(bytes);
}

std::optional<ConsumerProtocolSubscription> decode_subscription(ByteView bytes) {
  return without_version(decode_embedded_subscription(bytes));
}

std::optional<ConsumerProtocolAssignment> decode_assignment(ByteView bytes) {
  return without_version(decode_embedded_assignment(bytes));
}

Bytes encode(const ConsumerProtocolSubscription& subscription) {
  return encode_message(subscription);
}

Bytes encode(const ConsumerProtocolAssignment& assignment) {
  return encode_message(assignment);
}

std::optional<std::vector<std::string>> subscribed_topics(ByteView bytes) {
  auto read = without_version(decode_message<ConsumerProtocolSubscription>(bytes, std::int16_t{0}));
  if (!read) return std::nullopt;
  return std::move(read->topics);
}

std::vector<AssignedTopic> by_topic(const std::vector<TopicPartition>& partitions) {
  std::vector<AssignedTopic> topics;
  for (const TopicPartition& id : partitions) {
    const auto known = std::ranges::find(topics, id.topic, &AssignedTopic::topic);
    AssignedTopic& topic =
        known == topics.end() ? topics.emplace_back(AssignedTopic{.topic = id.topic}) : *known;
    topic.partitions.push_back(id.partition);
  }
  return topics;
}

std::vector<TopicPartition> partitions_of(const std::vector<AssignedTopic>& topics) {
  std::vector<TopicPartition> partitions;
  for (const AssignedTopic& topic : topics) {
    for (const PartitionId partition : topic.partitions)
      partitions.push_back({topic.topic, partition});
  }
  return partitions;
}

}  // namespace sim
