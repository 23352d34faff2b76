// A leader's ISR: proposing changes and asking the controller for them (AlterPartitionManager,
// brokers.md §1.5, §1.6).
#include <algorithm>
#include <utility>

#include "sim/kafka/broker.h"
#include "sim/kafka/broker_notice.h"

namespace sim {

// The isr-expiration task, every half of replica.lag.time.max.ms.
void Broker::check_lagging(Context& context) {
  next_lag_check_ = context.now + config_.replica_lag_time_max / 2;
  for (auto& [id, hosted] : hosted_) {
    if (!hosted.partition.leads()) continue;
    if (hosted.partition.maybe_shrink_isr(context.now, rules(id.topic))) propose_isr(id);
  }
}

// One request at a time, with all that is pending; it waits as long as nobody acts as controller.
// Simplified: an IBP below 2.7-IV2, where leaders write the ISR to ZooKeeper themselves, is not
// modelled.
void Broker::send_alter_partition(Context& context) {
  if (!controller_ || isr_in_flight_ || isr_queue_.empty() || context.now < isr_not_before_) return;
  AlterPartitionRequest request{.broker_id = config_.id, .broker_epoch = controller_->broker_epoch};
  isr_asked_.clear();
  for (const TopicPartition& id : std::exchange(isr_queue_, {})) {
    const Hosted* hosted = find(id);
    if (hosted == nullptr || !hosted->partition.pending_isr()) continue;
    if (request.topics.empty() || request.topics.back().topic_name != id.topic) {
      request.topics.push_back({id.topic, hosted->partition.log().topic_id(), {}});
    }
    // Member epochs are a thing of KRaft: ZooKeeper-mode leaders do not know them (KIP-903).
    AlterPartitionData data = hosted->partition.alter_partition(
        config_.kraft_mode ? epochs_.kraft : kNoBrokerEpoch, rules(id.topic));
    request.topics.back().partitions.push_back(std::move(data));
    isr_asked_.push_back(id);
  }
  if (isr_asked_.empty()) return;
  isr_in_flight_ = network_.send(context, controller_->node, std::move(request));
}

void Broker::on_alter_partition(Context& context, const AlterPartitionResponse& response) {
  isr_in_flight_.reset();
  if (response.error_code != ErrorCode::None) {
    isr_queue_.insert(isr_asked_.begin(), isr_asked_.end());
    isr_not_before_ = context.now + Duration{50'000'000};
    return;
  }
  // Versions from 2 on name topics by id alone; the request knows which it asked for.
  std::map<std::pair<Uuid, PartitionId>, const TopicPartition*> by_id;
  for (const TopicPartition& id : isr_asked_) {
    const Hosted* const hosted = find(id);
    if (hosted != nullptr) by_id[{hosted->partition.log().topic_id(), id.partition}] = &id;
  }
  for (const AlterPartitionTopicResult& topic : response.topics) {
    for (const AlterPartitionResult& result : topic.partitions) {
      TopicPartition id{topic.topic_name, result.partition_index};
      if (!std::ranges::binary_search(isr_asked_, id)) {
        if (topic.topic_id.is_zero()) continue;
        const auto asked = by_id.find({topic.topic_id, result.partition_index});
        if (asked == by_id.end()) continue;
        id = *asked->second;
      }
      if (Hosted* const hosted = find(id)) on_altered(context, *hosted, result);
    }
  }
}

void Broker::on_altered(Context& context, Hosted& hosted, const AlterPartitionResult& result) {
  HostedPartition& partition = hosted.partition;
  const TopicPartition& id = partition.id();
  const std::size_t before = partition.committed_isr().size();
  stir(hosted);
  switch (partition.on_alter_partition(result)) {
    case HostedPartition::IsrOutcome::Committed:
      if (partition.committed_isr().size() < before) {
        context.notify(
            Payload::of(IsrShrunk{config_.id, id, partition.leader_epoch(),
                                  partition.partition_epoch(), partition.committed_isr()}));
      } else {
        context.notify(
            Payload::of(IsrExpanded{config_.id, id, partition.leader_epoch(),
                                    partition.partition_epoch(), partition.committed_isr()}));
      }
      partition.maybe_advance_high_watermark(context.now, rules(id.topic));
      after_change(context, hosted);
      break;
    case HostedPartition::IsrOutcome::Retry:
      propose_isr(id);
      isr_not_before_ = context.now + Duration{50'000'000};
      break;
    case HostedPartition::IsrOutcome::Ignored:
    case HostedPartition::IsrOutcome::Reverted:
    case HostedPartition::IsrOutcome::Waiting:
      break;
  }
}

}  // namespace sim
