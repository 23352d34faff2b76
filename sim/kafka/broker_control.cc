// What controllers say to a broker, and what it makes of it: acceptance rules of migration.md §5.5,
// full requests §5.6, roles brokers.md §1.9.
#include <algorithm>
#include <charconv>
#include <utility>

#include "sim/kafka/broker.h"
#include "sim/kafka/broker_notice.h"

namespace sim {

// The checks that look at the header alone. The epoch of a request that passes is remembered, in
// memory only: a broker that has just started accepts whom it hears first.
ErrorCode Broker::check_header(Context& context, const ControlHeader& header,
                               std::string_view request) {
  const BrokerEpoch own = header.is_kraft_controller ? epochs_.kraft : epochs_.zk;
  ErrorCode error = ErrorCode::None;
  if (header.is_kraft_controller && !config_.hears_kraft_controllers) {
    error = ErrorCode::UnknownServerError;  // IllegalStateException
  } else if (header.broker_epoch != kNoBrokerEpoch && header.broker_epoch < own) {
    error = ErrorCode::StaleBrokerEpoch;
  } else if (header.controller_epoch < controller_epoch_ &&
             !config_.behaviour.accept_stale_leader_and_isr) {
    error = ErrorCode::StaleControllerEpoch;
  }
  if (error == ErrorCode::None) {
    controller_epoch_ = std::max(controller_epoch_, header.controller_epoch);
    return error;
  }
  context.notify(Payload::of(ControlRequestRefused{.broker = config_.id,
                                                   .request = std::string(request),
                                                   .error = error,
                                                   .controller_epoch = header.controller_epoch,
                                                   .known_epoch = controller_epoch_}));
  return error;
}

ReplicaRules Broker::rules(const std::string& topic) const {
  const auto own = min_insync_.find(topic);
  return {
      .self = config_.id,
      .min_insync_replicas = own == min_insync_.end() ? config_.min_insync_replicas : own->second,
      .lag_time_max = config_.replica_lag_time_max,
      .metadata = metadata_,
      .behaviour = config_.behaviour};
}

void Broker::set_min_insync_replicas(const std::string& topic, std::optional<std::int32_t> value) {
  if (value) {
    min_insync_[topic] = *value;
  } else {
    min_insync_.erase(topic);
  }
}

// ── LeaderAndIsr
// ────────────────────────────────────────────────────────────────────────────────────

LeaderAndIsrResponse Broker::leader_and_isr(Context& context, const LeaderAndIsrRequest& request) {
  LeaderAndIsrResponse response;
  response.error_code = check_header(context, request.header, LeaderAndIsrRequest::kName);
  if (response.error_code != ErrorCode::None) return response;
  if (request.type == ControlRequestType::Full && request.header.is_kraft_controller &&
      !config_.behaviour.full_leader_and_isr_leaves_strays) {
    std::vector<TopicPartition> strays;
    response.error_code = stray_replicas(request, strays);
    if (response.error_code != ErrorCode::None) return response;
    for (const TopicPartition& stray : strays) stop(context, stray, true, true);
  }
  for (const LeaderAndIsrTopicState& topic : request.topic_states) {
    for (const LeaderAndIsrPartitionState& state : topic.partition_states) {
      response.partition_errors.push_back({{topic.topic_name, state.partition_index},
                                           apply_state(context, topic.topic_name, topic.topic_id,
                                                       state, request.header.is_kraft_controller)});
    }
  }
  return response;
}

// Local logs that a full request does not name, or names with another topic id
// (LogManager.findStrayReplicas).
ErrorCode Broker::stray_replicas(const LeaderAndIsrRequest& request,
                                 std::vector<TopicPartition>& found) const {
  std::map<TopicPartition, Uuid> named;
  for (const LeaderAndIsrTopicState& topic : request.topic_states) {
    for (const LeaderAndIsrPartitionState& state : topic.partition_states) {
      named[{topic.topic_name, state.partition_index}] = topic.topic_id;
    }
  }
  for (const auto& [id, hosted] : hosted_) {
    if (hosted.partition.log().topic_id().is_zero()) return ErrorCode::UnknownServerError;
    const auto known = named.find(id);
    const bool is_namesake = known != named.end() && config_.behaviour.full_requests_go_by_name;
    if (known == named.end() ||
        (known->second != hosted.partition.log().topic_id() && !is_namesake)) {
      found.push_back(id);
    }
  }
  return ErrorCode::None;
}

ErrorCode Broker::check_state(const Hosted* hosted, Uuid topic_id,
                              const LeaderAndIsrPartitionState& state, bool kraft) const {
  if (std::ranges::find(state.replicas, config_.id) == state.replicas.end()) {
    return ErrorCode::UnknownTopicOrPartition;
  }
  if (hosted == nullptr) return ErrorCode::None;
  const Uuid known = hosted->partition.log().topic_id();
  if (!topic_id.is_zero() && !known.is_zero() && known != topic_id) {
    return ErrorCode::InconsistentTopicId;
  }
  if (config_.behaviour.accept_stale_leader_and_isr) return ErrorCode::None;
  const LeaderEpoch current = hosted->partition.leader_epoch();
  // KAFKA-16121: KRaft reassigns without a new leader epoch; the partition epoch decides then.
  const bool same_is_news = kraft && !config_.behaviour.same_leader_epoch_is_ignored;
  if (state.leader_epoch < current) return ErrorCode::StaleControllerEpoch;
  if (state.leader_epoch == current && !same_is_news) return ErrorCode::StaleControllerEpoch;
  return ErrorCode::None;
}

ErrorCode Broker::apply_state(Context& context, const std::string& topic, Uuid topic_id,
                              const LeaderAndIsrPartitionState& state, bool kraft) {
  const TopicPartition id{topic, state.partition_index};
  const ErrorCode error = check_state(find(id), topic_id, state, kraft);
  if (error != ErrorCode::None) return error;
  become(context, host(context, id, topic_id), state);
  return ErrorCode::None;
}

Broker::Hosted& Broker::host(Context& context, const TopicPartition& id, Uuid topic_id) {
  if (Hosted* known = find(id)) {
    if (known->partition.log().topic_id().is_zero() && !topic_id.is_zero()) {
      known->partition.log().assign_topic_id(topic_id, context.effects);
    }
    return *known;
  }
  File file = next_file_;
  if (free_files_.empty()) {
    check(next_file_.value() < UINT16_MAX, "a broker has a file for each of its logs");
    next_file_ = File(static_cast<File::Representation>(next_file_.value() + 1));
  } else {
    file = free_files_.back();
    free_files_.pop_back();
  }
  if (hosted_.empty()) next_lag_check_ = context.now + config_.replica_lag_time_max / 2;
  return hosted_
      .emplace(
          id, Hosted{.partition = HostedPartition(ReplicaLog(file, id, topic_id, context.effects))})
      .first->second;
}

void Broker::become(Context& context, Hosted& hosted, const LeaderAndIsrPartitionState& state) {
  const TopicPartition id = hosted.partition.id();
  if (state.partition_epoch < hosted.partition.partition_epoch() &&
      !config_.behaviour.accept_stale_leader_and_isr) {
    return;
  }
  stir(hosted);
  const bool led = hosted.partition.leads();
  if (state.leader == config_.id) {
    const LeaderEpoch led_in = led ? hosted.partition.leader_epoch() : LeaderEpoch{-1};
    hosted.partition.make_leader(context, state, rules(id.topic));
    unfollow(hosted);
    if (id.topic == kGroupMetadataTopic && !led) load_groups(context, hosted);
    if (id.topic == kTransactionStateTopic && led_in != hosted.partition.leader_epoch())
      load_transactions(context, hosted);
    checkpoint_due_ = true;
  } else {
    const bool restart = hosted.partition.make_follower(context, state, rules(id.topic));
    if (id.topic == kGroupMetadataTopic && led) unload_groups(context, hosted);
    if (id.topic == kTransactionStateTopic && led) unload_transactions(context, hosted);
    hosted.fetch_failed = hosted.fetch_failed && !restart;
    if (restart) {
      hosted.fetch_not_before = kLongAgo;
      unfollow(hosted);
      const bool in_sync = std::ranges::find(state.isr, config_.id) != state.isr.end();
      const bool fetches = !shutting_down_ || (config_.kraft_mode && in_sync);
      if (fetches && hosted.partition.leader().value() >= 0)
        follow(hosted, hosted.partition.leader());
    } else if (hosted.fetched_from.value() >= 0) {
      fetchers_.at(hosted.fetched_from).touch(id);  // its log may have been given a topic id
    }
  }
  after_change(context, hosted);
}

// ── UpdateMetadata
// ──────────────────────────────────────────────────────────────────────────────────

UpdateMetadataResponse Broker::update_metadata(Context& context,
                                               const UpdateMetadataRequest& request) {
  const ErrorCode error = check_header(context, request.header, UpdateMetadataRequest::kName);
  if (error != ErrorCode::None) return {error};
  const auto before = metadata_.controller();
  const std::vector<std::string> deleted = metadata_.update(request, config_.behaviour);
  forget_offsets(context, {deleted.begin(), deleted.end()});
  if (metadata_.controller() != before) {
    const CachedController now = metadata_.controller().value_or(CachedController{});
    context.notify(Payload::of(CachedControllerChanged{config_.id, now.id, now.kraft}));
  }
  return {};
}

// ── StopReplica
// ─────────────────────────────────────────────────────────────────────────────────────

StopReplicaResponse Broker::stop_replica(Context& context, const StopReplicaRequest& request) {
  StopReplicaResponse response;
  response.error_code = check_header(context, request.header, StopReplicaRequest::kName);
  if (response.error_code != ErrorCode::None) return response;
  for (const StopReplicaTopicState& topic : request.topic_states) {
    for (const StopReplicaPartitionState& state : topic.partition_states) {
      const TopicPartition id{topic.topic_name, state.partition_index};
      const Hosted* hosted = find(id);
      const bool any_epoch = state.leader_epoch.value() < 0;  // deletion, or a request of old
      ErrorCode error = ErrorCode::None;
      if (hosted != nullptr && !any_epoch &&
          state.leader_epoch < hosted->partition.leader_epoch()) {
        error = ErrorCode::FencedLeaderEpoch;
      } else if (hosted != nullptr) {
        stop(context, id, state.delete_partition, false);
      }
      response.partition_errors.push_back({id, error});
    }
  }
  return response;
}

void Broker::stop(Context& context, const TopicPartition& id, bool erase, bool stray) {
  Hosted& hosted = hosted_.at(id);
  unfollow(hosted);
  stir(hosted);
  hosted.partition.stop();
  if (id.topic == kGroupMetadataTopic) unload_groups(context, hosted);
  if (id.topic == kTransactionStateTopic) unload_transactions(context, hosted);
  after_change(context, hosted);
  context.notify(Payload::of(ReplicaStopped{config_.id, id, erase && !stray, stray}));
  if (!erase) return;
  hosted.partition.log().remove(stray, context.effects);
  free_files_.push_back(hosted.partition.log().file());
  isr_queue_.erase(id);
  hosted_.erase(id);
}

// ── KRaft: a new image
// ──────────────────────────────────────────────────────────────────────────────

void Broker::read_topic_configs(const MetadataImage& image) {
  min_insync_.clear();
  for (const ResourceConfigs& configs : image.configs().resources) {
    if (configs.resource.type != ConfigResourceType::Topic) continue;
    const auto value = configs.values.find("min.insync.replicas");
    if (value == configs.values.end()) continue;
    std::int32_t parsed = 0;
    const std::string& text = value->second;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), parsed);
    if (result.ec == std::errc() && parsed > 0) min_insync_[configs.resource.name] = parsed;
  }
}

// TopicDelta.localChanges: what became of the partitions that this broker has a replica of.
void Broker::publish(Context& context, const MetadataImage& image) {
  const MetadataImage before = metadata_.image();
  metadata_.publish(image);
  if (!before.configs().resources.same_root(image.configs().resources)) read_topic_configs(image);
  std::set<std::string> deleted;
  const auto mine = [&](const Partition* partition) {
    return partition != nullptr && partition->has_replica(config_.id);
  };
  TopicsPart::for_each_difference(
      before.topics(), image.topics(), [&](const Topic* old_topic, const Topic* new_topic) {
        const bool replaced =
            old_topic != nullptr && new_topic != nullptr && old_topic->id() != new_topic->id();
        if (replaced || new_topic == nullptr) deleted.insert(old_topic->name());
        const auto on_change = [&](PartitionId index, const Partition* was, const Partition* is) {
          const TopicPartition id{(new_topic != nullptr ? new_topic : old_topic)->name(), index};
          if (mine(was) && !mine(is) && find(id) != nullptr) stop(context, id, true, false);
          if (!mine(is)) return;
          const Hosted* hosted = find(id);
          // Another topic of the same name left its log here.
          if (hosted != nullptr && !hosted->partition.log().topic_id().is_zero() &&
              hosted->partition.log().topic_id() != new_topic->id()) {
            stop(context, id, true, true);
          }
          become(context, host(context, id, new_topic->id()),
                 {.partition_index = index,
                  .leader = is->leader,
                  .leader_epoch = is->leader_epoch,
                  .isr = is->isr,
                  .partition_epoch = is->partition_epoch,
                  .replicas = is->replicas,
                  .adding_replicas = is->adding_replicas,
                  .removing_replicas = is->removing_replicas,
                  .leader_recovery_state = is->leader_recovery_state});
        };
        if (replaced) {
          Topic::for_each_difference(old_topic, nullptr, on_change);
          Topic::for_each_difference(nullptr, new_topic, on_change);
        } else {
          Topic::for_each_difference(old_topic, new_topic, on_change);
        }
      });
  forget_offsets(context, deleted);
  run_fetchers(context);
  send_alter_partition(context);
}

}  // namespace sim
