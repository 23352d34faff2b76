#include "scenarios/workload.h"

#include <fmt/format.h>

#include <utility>

#include "scenarios/durations.h"
#include "scenarios/notices.h"

namespace scenarios {
namespace {

constexpr sim::Duration kRequestTimeout{30'000'000'000};

AdminTask create_topic(const zk2kraft::Topic& topic) {
  sim::CreatableTopic wanted{
      .name = topic.name(),
      .num_partitions = topic.partitions() == 0 ? 1 : topic.partitions(),
      .replication_factor = static_cast<std::int16_t>(
          topic.replication_factor() == 0 ? -1 : topic.replication_factor())};
  for (const auto& [key, value] : topic.configs()) wanted.configs.emplace_back(key, value);
  return {fmt::format("create topic {}", topic.name()),
          sim::CreateTopicsRequest{.topics = {std::move(wanted)}, .timeout = kRequestTimeout}};
}

AdminTask alter_config(const zk2kraft::AlterConfig& alter) {
  using enum sim::ConfigResourceType;
  sim::AlterConfigsResource resource{
      .resource_type = Broker,
      .resource_name = alter.broker() == "<default>" ? "" : alter.broker()};
  std::string whose = "broker " + alter.broker();
  if (!alter.topic().empty()) {
    resource.resource_type = Topic;
    resource.resource_name = alter.topic();
    whose = "topic " + alter.topic();
  } else if (!alter.client_metrics().empty()) {
    resource.resource_type = ClientMetrics;
    resource.resource_name = alter.client_metrics();
    whose = "client metrics " + alter.client_metrics();
  }
  resource.configs.push_back(
      {.name = alter.key(),
       .config_operation =
           alter.value().empty() ? sim::ConfigOperation::Delete : sim::ConfigOperation::Set,
       .value = alter.value().empty() ? std::nullopt : std::optional(alter.value())});
  return {fmt::format("set {} of {}", alter.key(), whose),
          sim::IncrementalAlterConfigsRequest{.resources = {std::move(resource)}}};
}

sim::Expected<AdminTask> alter_quota(const zk2kraft::AlterQuota& alter, const sim::Place& place) {
  sim::QuotaOperation operation{.key = alter.key(), .remove = alter.value().empty()};
  if (!operation.remove) {
    const auto value = sim::QuotaValue::parse(alter.value());
    if (!value) {
      return std::unexpected(sim::Problem{
          sim::Severity::Usage, place, fmt::format("'{}' is no value of a quota.", alter.value()),
          "Write a number: 1048576."});
    }
    operation.value = *value;
  }
  sim::QuotaEntry entry{.entity = {{.entity_type = "client-id", .entity_name = alter.client_id()}},
                        .ops = {operation}};
  return AdminTask{fmt::format("{} {} of client {}", operation.remove ? "remove" : "set",
                               alter.key(), alter.client_id()),
                   sim::AlterClientQuotasRequest{.entries = {std::move(entry)}}};
}

AdminTask create_partitions(const zk2kraft::MorePartitions& wanted) {
  sim::CreatePartitionsRequest request{.timeout = kRequestTimeout};
  request.topics.push_back({.name = wanted.topic(), .count = wanted.count()});
  return {fmt::format("give {} {} partitions", wanted.topic(), wanted.count()), std::move(request)};
}

AdminTask reassign(const zk2kraft::Reassign& wanted) {
  std::vector<sim::BrokerId> replicas;
  for (const std::int32_t id : wanted.replicas()) replicas.emplace_back(id);
  sim::AlterPartitionReassignmentsRequest request{.timeout = kRequestTimeout};
  request.partitions.push_back(
      {{wanted.topic(), sim::PartitionId(wanted.partition())}, std::move(replicas)});
  return {fmt::format("reassign {}-{}", wanted.topic(), wanted.partition()), std::move(request)};
}

}  // namespace

sim::Expected<AdminTask> admin_task(const zk2kraft::Change& wanted, const sim::Place& place) {
  switch (wanted.request_case()) {
    case zk2kraft::Change::kCreateTopic:
      return create_topic(wanted.create_topic());
    case zk2kraft::Change::kDeleteTopic:
      return AdminTask{fmt::format("delete topic {}", wanted.delete_topic()),
                       sim::DeleteTopicsRequest{.topic_names = {wanted.delete_topic()},
                                                .timeout = kRequestTimeout}};
    case zk2kraft::Change::kAlterConfig:
      return alter_config(wanted.alter_config());
    case zk2kraft::Change::kAlterQuota:
      return alter_quota(wanted.alter_quota(), place);
    case zk2kraft::Change::kReassign:
      return reassign(wanted.reassign());
    case zk2kraft::Change::kCreatePartitions:
      return create_partitions(wanted.create_partitions());
    case zk2kraft::Change::REQUEST_NOT_SET:
      break;
  }
  return std::unexpected(sim::Problem{sim::Severity::Usage, place,
                                      "a change of the workload says not what to change.",
                                      "Add create_topic, create_partitions, delete_topic, "
                                      "alter_config, alter_quota or reassign."});
}

sim::Expected<Workload> Workload::plan(const zk2kraft::Scenario& scenario, const Cluster& cluster,
                                       const sim::Place& place) {
  Workload workload(cluster);
  workload.waits_for_rest_ = !scenario.operator_().rest().empty();
  for (std::size_t i = 0; i < cluster.consumers().size(); ++i) {
    if (const auto phase = cluster.planned_consumers()[i].from_phase)
      workload.starts_.push_back({.node = cluster.consumers()[i],
                                  .phase = *phase,
                                  .after = cluster.planned_consumers()[i].after});
  }
  for (const zk2kraft::Workload& entry : scenario.workload()) {
    if (!entry.has_change()) continue;
    const zk2kraft::Change& wanted = entry.change();
    Change change{.to_controllers = wanted.to_controllers()};
    auto task = admin_task(wanted, place);
    if (!task) return std::unexpected(task.error());
    change.task = *std::move(task);
    const zk2kraft::When& when = wanted.when();
    if (!when.phase().empty()) {
      const auto phase = parse_step(when.phase(), place);
      if (!phase) return std::unexpected(phase.error());
      change.phase = *phase;
      change.nth = when.nth() == 0 ? 1 : when.nth();
    } else if (!when.on().empty()) {
      if (const auto known = check_notice(when.on(), place); !known)
        return std::unexpected(known.error());
      change.notice = when.on();
      change.node = when.node();
      change.nth = when.nth() == 0 ? 1 : when.nth();
    } else {
      change.at = sim::Instant(0) + parse_duration(when.at()).value_or(sim::Duration(0));
    }
    change.after = parse_duration(when.after()).value_or(sim::Duration(0));
    workload.changes_.push_back(std::move(change));
  }
  return workload;
}

void Workload::on(const sim::Occurrence& occurrence, const sim::World& world) {
  if (occurrence.kind != sim::OccurrenceKind::Noticed || waits_for_rest_) return;
  for (Change& change : changes_) {
    if (change.notice.empty() || change.due || occurrence.payload->name() != change.notice)
      continue;
    if (!change.node.empty() && world.name_of(occurrence.node) != change.node) continue;
    if (++change.seen == change.nth) change.due = world.now() + change.after;
  }
}

void Workload::rest(sim::Instant now) {
  if (!std::exchange(waits_for_rest_, false)) return;
  for (Change& change : changes_) {
    if (change.at) change.at = now + (*change.at - sim::Instant(0));
  }
}

void Workload::look(sim::World& world, const Operator& person) {
  for (Start& start : starts_) {
    if (start.given || person.times_begun(start.phase) == 0) continue;
    if (!start.due) start.due = world.now() + start.after;
    if (world.now() < *start.due) continue;
    start.given = true;
    world.poke(start.node, sim::Payload::of(sim::StartClient{}));
  }
  for (Change& change : changes_) {
    if (change.given) continue;
    if (waits_for_rest_ && !change.phase) continue;
    if (change.at && world.now() >= *change.at) change.due = *change.at + change.after;
    const bool begun =
        change.phase && person.times_begun(*change.phase) >= static_cast<std::size_t>(change.nth);
    if (begun && !change.due) change.due = world.now() + change.after;
    if (!change.due || world.now() < *change.due) continue;
    change.given = true;
    world.poke(change.to_controllers ? controller_admin_.value() : admin_,
               sim::Payload::of(change.task));
  }
}

}  // namespace scenarios
