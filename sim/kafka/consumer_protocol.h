#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/bytes.h"
#include "sim/kafka/records_groups.h"

// The words that consumers of a classic group exchange through a coordinator that does not read
// them (ConsumerProtocol): a version, then a subscription or an assignment.
namespace sim {

constexpr std::string_view kConsumerProtocolType = "consumer";

template <class Message>
struct Embedded {
  std::int16_t version = 0;  // as it stands in the bytes
  Message message;
};

// Nothing where they cannot be read. Versions after 3 are read as 3.
std::optional<Embedded<ConsumerProtocolSubscription>> decode_embedded_subscription(ByteView bytes);
std::optional<Embedded<ConsumerProtocolAssignment>> decode_embedded_assignment(ByteView bytes);
std::optional<ConsumerProtocolSubscription> decode_subscription(ByteView bytes);
std::optional<ConsumerProtocolAssignment> decode_assignment(ByteView bytes);

// In the highest version, as the Java client writes them.
Bytes encode(const ConsumerProtocolSubscription& subscription);
Bytes encode(const ConsumerProtocolAssignment& assignment);

// The topics of a subscription of any version, read as the coordinator reads them: as version 0,
// which all others begin with (GroupMetadata.computeSubscribedTopics).
std::optional<std::vector<std::string>> subscribed_topics(ByteView bytes);

// Partitions as an assignment lists them, by topic, and back.
std::vector<AssignedTopic> by_topic(const std::vector<TopicPartition>& partitions);
std::vector<TopicPartition> partitions_of(const std::vector<AssignedTopic>& topics);

}  // namespace sim
