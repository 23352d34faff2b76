#include "tools/zk2kraft/groups_report.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "sim/kafka/disk/group_record_codec.h"
#include "sim/kafka/metadata_cache.h"
#include "tools/zk2kraft/console.h"

namespace tools {
namespace {

using nlohmann::ordered_json;
using sim::GroupKind;
using sim::LastCommit;
using sim::StoredGroup;
using sim::StoredGroupState;
using sim::TopicPartition;

// ── What a group is, in the terms of its protocol ───────────────────────────────────────────────

struct ShownMember {
  std::string id;
  std::optional<std::string> instance_id;
  std::string client_id;
  std::string client_host;
  std::optional<std::int32_t> session_timeout_ms;
  std::int32_t rebalance_timeout_ms = -1;
  std::optional<std::int32_t> epoch;  // of the new protocol
  std::vector<std::string> topics;    // subscribed
  std::vector<std::string> assigned;  // "topic-0"
};

struct ShownPending {
  sim::ProducerId producer;
  std::int16_t producer_epoch = -1;
  TopicPartition partition;
  LastCommit commit;
};

struct ShownGroup {
  std::string name;
  sim::PartitionId in_partition{};
  const StoredGroup* stored = nullptr;
  GroupKind kind = GroupKind::Simple;
  StoredGroupState state = StoredGroupState::Empty;
  std::vector<ShownMember> members;
  std::vector<ShownPending> pending;
};

std::string text_of(const TopicPartition& partition) {
  return fmt::format("{}-{}", partition.topic, partition.partition.value());
}

ShownMember shown(const sim::GroupMember& member, bool is_consumer) {
  ShownMember told{.id = member.member_id,
                   .instance_id = member.group_instance_id,
                   .client_id = member.client_id,
                   .client_host = member.client_host,
                   .session_timeout_ms = member.session_timeout,
                   .rebalance_timeout_ms = member.rebalance_timeout,
                   .epoch = {},
                   .topics = {},
                   .assigned = {}};
  if (!is_consumer) return told;
  if (const auto subscription = sim::decode_subscription(member.subscription))
    told.topics = subscription->topics;
  if (const auto assignment = sim::decode_assignment(member.assignment)) {
    for (const sim::AssignedTopic& topic : assignment->assigned_partitions) {
      for (const sim::PartitionId id : topic.partitions)
        told.assigned.push_back(text_of({.topic = topic.topic, .partition = id}));
    }
  }
  std::ranges::sort(told.assigned);
  return told;
}

// Ids become names by what the group has written down of its topics.
std::vector<std::string> named(const std::vector<sim::TopicIdPartitions>& assigned,
                               const StoredGroup& group) {
  std::map<sim::Uuid, std::string> names;
  if (group.subscription && group.subscription->value) {
    for (const sim::SubscribedTopic& topic : group.subscription->value->topics)
      names[topic.topic_id] = topic.topic_name;
  }
  std::vector<std::string> texts;
  for (const sim::TopicIdPartitions& topic : assigned) {
    const auto name = names.find(topic.topic_id);
    for (const sim::PartitionId id : topic.partitions) {
      texts.push_back(
          text_of({.topic = name == names.end() ? topic.topic_id.describe() : name->second,
                   .partition = id}));
    }
  }
  std::ranges::sort(texts);
  return texts;
}

ShownMember shown(const std::string& id, const sim::ModernMember& member,
                  const StoredGroup& group) {
  const auto& metadata = *member.metadata->value;
  ShownMember told{.id = id,
                   .instance_id = metadata.instance_id,
                   .client_id = metadata.client_id,
                   .client_host = metadata.client_host,
                   .session_timeout_ms = {},
                   .rebalance_timeout_ms = metadata.rebalance_timeout_ms,
                   .epoch = {},
                   .topics = metadata.subscribed_topic_names,
                   .assigned = {}};
  if (member.current && member.current->value) {
    told.epoch = member.current->value->member_epoch;
    told.assigned = named(member.current->value->assigned_partitions, group);
  }
  return told;
}

void add_members(ShownGroup& group) {
  const StoredGroup& stored = *group.stored;
  if (group.kind == GroupKind::Classic) {
    const bool is_consumer = stored.classic->value->protocol_type == sim::kConsumerProtocolType;
    for (const sim::GroupMember& member : stored.classic->value->members)
      group.members.push_back(shown(member, is_consumer));
  }
  if (group.kind == GroupKind::Consumer) {
    for (const auto& [id, member] : stored.members) {
      if (member.metadata && member.metadata->value)
        group.members.push_back(shown(id, member, stored));
    }
  }
  std::ranges::sort(group.members, {}, &ShownMember::id);
}

std::vector<ShownGroup> groups_of(const OffsetsSource& source,
                                  const std::vector<std::string>& wanted) {
  static const StoredGroup none;
  std::vector<ShownGroup> shown_groups;
  for (const OffsetsPartition& partition : source.partitions) {
    const sim::GroupsImage& image = partition.best().read.image;
    std::map<std::string, ShownGroup> groups;
    const auto add = [&](const std::string& name, const StoredGroup& stored) -> ShownGroup& {
      ShownGroup& group = groups[name];
      group.name = name;
      group.in_partition = partition.id;
      group.stored = &stored;
      group.kind = stored.kind();
      group.state = stored.state();
      return group;
    };
    for (const auto& [name, stored] : image.groups()) add_members(add(name, stored));
    for (const auto& [producer, open] : image.open_transactions()) {
      for (const auto& [key, commit] : open.commits) {
        const StoredGroup* const stored = image.find(key.first);
        ShownGroup& group = add(key.first, stored == nullptr ? none : *stored);
        // A coordinator makes a group of a commit that is not decided yet.
        if (group.state == StoredGroupState::Dead) group.state = StoredGroupState::Empty;
        group.pending.push_back({.producer = producer,
                                 .producer_epoch = open.producer_epoch,
                                 .partition = key.second,
                                 .commit = commit});
      }
    }
    for (auto& [name, group] : groups) {
      if (wanted.empty() || std::ranges::find(wanted, name) != wanted.end())
        shown_groups.push_back(std::move(group));
    }
  }
  std::ranges::sort(shown_groups, {}, [](const ShownGroup& group) {
    return std::tie(group.name, group.in_partition);
  });
  return shown_groups;
}

// ── JSON ────────────────────────────────────────────────────────────────────────────────────────

template <class T>
ordered_json value_or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

ordered_json group_json(const ShownGroup& group) {
  ordered_json json{{"kind", "group"},
                    {"group", group.name},
                    {"type", sim::name_of(group.kind)},
                    {"state", sim::name_of(group.state)},
                    {"offsetsPartition", group.in_partition.value()}};
  const StoredGroup& stored = *group.stored;
  if (group.kind == GroupKind::Classic) {
    const sim::GroupMetadataValue& value = *stored.classic->value;
    json["protocolType"] = value.protocol_type;
    json["protocol"] = value_or_null(value.protocol);
    json["generation"] = value.generation;
    json["leader"] = value_or_null(value.leader);
    json["currentStateTimestamp"] = value.current_state_timestamp;
    json["version"] = stored.classic->version;
  } else {
    json["protocolType"] = group.kind == GroupKind::Consumer
                               ? ordered_json(sim::kConsumerProtocolType)
                               : ordered_json();
    json["protocol"] = ordered_json();
  }
  if (group.kind == GroupKind::Consumer) {
    for (const auto& [id, member] : stored.members) {
      if (member.metadata && member.metadata->value && member.metadata->value->server_assignor)
        json["protocol"] = *member.metadata->value->server_assignor;
    }
    json["groupEpoch"] = stored.epoch->value->epoch;
    json["assignmentEpoch"] = stored.target_epoch && stored.target_epoch->value
                                  ? ordered_json(stored.target_epoch->value->assignment_epoch)
                                  : ordered_json();
  }
  json["members"] = group.members.size();
  json["offsets"] = stored.committed();
  json["pendingOffsets"] = group.pending.size();
  return json;
}

ordered_json member_json(const ShownGroup& group, const ShownMember& member) {
  ordered_json json{{"kind", "member"},
                    {"group", group.name},
                    {"memberId", member.id},
                    {"groupInstanceId", value_or_null(member.instance_id)},
                    {"clientId", member.client_id},
                    {"clientHost", member.client_host},
                    {"sessionTimeoutMs", value_or_null(member.session_timeout_ms)},
                    {"rebalanceTimeoutMs", member.rebalance_timeout_ms}};
  if (member.epoch) json["memberEpoch"] = *member.epoch;
  json["topics"] = member.topics;
  json["assignment"] = member.assigned;
  return json;
}

ordered_json commit_json(std::string_view kind, const std::string& group,
                         const TopicPartition& partition, const LastCommit& commit) {
  ordered_json json{{"kind", kind},
                    {"group", group},
                    {"topic", partition.topic},
                    {"partition", partition.partition.value()}};
  if (commit.value) {
    json["offset"] = commit.value->offset.value();
    json["leaderEpoch"] = commit.value->leader_epoch.value();
    json["metadata"] = commit.value->metadata;
    json["commitTimestamp"] = commit.value->commit_timestamp;
    if (commit.value->expire_timestamp >= 0)
      json["expireTimestamp"] = commit.value->expire_timestamp;
    json["version"] = commit.version;
  }
  json["record"] = {{"offset", commit.place.offset.value()},
                    {"leaderEpoch", commit.place.epoch.value()},
                    {"timestamp", commit.place.timestamp}};
  return json;
}

ordered_json partition_json(const OffsetsPartition& partition) {
  const sim::GroupLogRead& read = partition.best().read;
  ordered_json json{{"kind", "partition"},
                    {"offsetsPartition", partition.id.value()},
                    {"replica", partition.best().node},
                    {"directory", read.directory.string()},
                    {"replicas", partition.replicas.size()},
                    {"logStart", read.start.value()},
                    {"logEnd", read.end.value()},
                    {"leaderEpoch", read.epoch.value()},
                    {"committedBelow", partition.committed_below
                                           ? ordered_json(partition.committed_below->value())
                                           : ordered_json()},
                    {"segments", read.segments},
                    {"batches", read.batches},
                    {"records", read.records},
                    {"oldMessages", read.old_messages},
                    {"compressed", read.compressed},
                    {"openTransactions", read.image.open_transactions().size()},
                    {"tornTail", read.torn_tail.has_value()}};
  json["disagreements"] = partition.disagreements;
  return json;
}

// Every line that there is, in the order: partitions; then each group with its members and offsets.
void each_line(const OffsetsSource& source, const GroupsAsked& asked,
               const std::function<void(const ordered_json&)>& sink) {
  for (const OffsetsPartition& partition : source.partitions) sink(partition_json(partition));
  for (const ShownGroup& group : groups_of(source, asked.groups)) {
    if (group.state != StoredGroupState::Dead) sink(group_json(group));
    for (const ShownMember& member : group.members) sink(member_json(group, member));
    const sim::ExpiryRule rule = group.stored->expiry_rule();
    for (const auto& [partition, commit] : group.stored->offsets) {
      ordered_json json =
          commit_json(commit.value ? "offset" : "tombstone", group.name, partition, commit);
      if (commit.value)
        json["expiresAt"] =
            value_or_null(rule.expires_at(partition.topic, *commit.value, asked.retention_ms));
      sink(json);
    }
    for (const ShownPending& pending : group.pending) {
      ordered_json json = commit_json("pending", group.name, pending.partition, pending.commit);
      json["producerId"] = pending.producer.value();
      json["producerEpoch"] = pending.producer_epoch;
      sink(json);
    }
  }
}

std::string json_line(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

// One object, its arrays line by line, so that no capture is in memory as JSON.
void print_json(const OffsetsSource& source, const GroupsAsked& asked) {
  fmt::print("{{\n  \"path\": {},\n  \"clusterIds\": {},\n  \"lines\": [",
             json_line(source.described), json_line(source.cluster_ids));
  std::string_view separator = "\n    ";
  each_line(source, asked, [&](const ordered_json& line) {
    fmt::print("{}{}", separator, json_line(line));
    separator = ",\n    ";
  });
  fmt::print("\n  ]\n}}\n");
}

// ── For people ──────────────────────────────────────────────────────────────────────────────────

void print_offsets_topic(const OffsetsSource& source) {
  std::uint64_t records = 0;
  std::uint64_t open = 0;
  std::uint64_t old_messages = 0;
  std::size_t replicas = 0;
  std::map<std::string, std::uint64_t> compressed;
  for (const OffsetsPartition& partition : source.partitions) {
    const sim::GroupLogRead& read = partition.best().read;
    records += read.records;
    open += read.image.open_transactions().size();
    old_messages += read.old_messages;
    replicas += partition.replicas.size();
    for (const auto& [codec, batches] : read.compressed) compressed[codec] += batches;
  }
  fmt::print("  offsets topic       {} partitions in {} replicas, {} records, the latest of {}\n",
             source.partitions.size(), replicas, records, time_text(source.last_timestamp()));
  for (const auto& [codec, batches] : compressed)
    fmt::print("  compressed          {} batches by {}\n", batches, codec);
  if (old_messages > 0)
    fmt::print("  old messages        {} of the formats before Kafka 0.11\n", old_messages);
  if (open > 0) fmt::print("  open transactions   {}: what they commit does not count yet\n", open);
}

std::string heading_of(const ShownGroup& group) {
  const StoredGroup& stored = *group.stored;
  std::string text = fmt::format("{}, {}", sim::name_of(group.kind), sim::name_of(group.state));
  if (group.kind == GroupKind::Classic) {
    const sim::GroupMetadataValue& value = *stored.classic->value;
    text += fmt::format(", protocol {} {}, generation {}", value.protocol_type,
                        value.protocol.value_or("-"), value.generation);
    if (value.current_state_timestamp >= 0)
      text += fmt::format(", since {}", time_text(value.current_state_timestamp));
  }
  if (group.kind == GroupKind::Consumer)
    text += fmt::format(", group epoch {}", stored.epoch->value->epoch);
  return text + fmt::format(", {} members, {} offsets, in partition {}", group.members.size(),
                            stored.committed(), group.in_partition.value());
}

void print_member(const ShownMember& member) {
  fmt::print("    member {}{}, {} at {}, topics [{}], assigned [{}]\n", member.id,
             member.instance_id ? fmt::format(" (static, {})", *member.instance_id) : "",
             member.client_id, member.client_host, fmt::join(member.topics, " "),
             fmt::join(member.assigned, " "));
}

void print_commit(const sim::ExpiryRule& rule, const TopicPartition& partition,
                  const LastCommit& commit, std::int64_t retention_ms) {
  if (!commit.value) {
    fmt::print("    {:<40} {:>12}  deleted {}\n", text_of(partition), "-",
               time_text(commit.place.timestamp));
    return;
  }
  const auto expires = rule.expires_at(partition.topic, *commit.value, retention_ms);
  fmt::print("    {:<40} {:>12}  epoch {}, committed {}, expires {}{}\n", text_of(partition),
             commit.value->offset.value(), commit.value->leader_epoch.value(),
             time_text(commit.value->commit_timestamp),
             expires ? time_text(*expires) : "never as it is",
             commit.value->metadata.empty() ? "" : fmt::format(", \"{}\"", commit.value->metadata));
}

void print_text(const OffsetsSource& source, const GroupsAsked& asked) {
  fmt::print("{}\n", coloured(source.described, Colour::Bold));
  print_offsets_topic(source);
  const auto groups = groups_of(source, asked.groups);
  std::map<std::pair<GroupKind, StoredGroupState>, std::size_t> counts;
  for (const ShownGroup& group : groups) ++counts[{group.kind, group.state}];
  for (const auto& [what, count] : counts)
    fmt::print("  {:<19} {} {}\n", fmt::format("groups {}", sim::name_of(what.second)), count,
               sim::name_of(what.first));
  for (const ShownGroup& group : groups) {
    fmt::print("\n  {}  {}\n",
               coloured(group.name.empty() ? "(the empty name)" : group.name, Colour::Bold),
               heading_of(group));
    for (const ShownMember& member : group.members) print_member(member);
    const sim::ExpiryRule rule = group.stored->expiry_rule();
    for (const auto& [partition, commit] : group.stored->offsets)
      print_commit(rule, partition, commit, asked.retention_ms);
    for (const ShownPending& pending : group.pending) {
      fmt::print("    {:<40} {:>12}  pending, of producer {} epoch {} since {}\n",
                 text_of(pending.partition),
                 pending.commit.value ? pending.commit.value->offset.value() : -1,
                 pending.producer.value(), pending.producer_epoch,
                 time_text(pending.commit.place.timestamp));
    }
  }
}

}  // namespace

std::string time_text(std::int64_t timestamp_ms) {
  // What no calendar of four digits reaches is shown as the number it is.
  constexpr std::int64_t kLast = 253402300799999;
  if (timestamp_ms < 0) return "-";
  if (timestamp_ms > kLast) return std::to_string(timestamp_ms);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(static_cast<std::time_t>(timestamp_ms / 1000)),
                     timestamp_ms % 1000);
}

ExitCode report_soundness(const OffsetsSource& source) {
  ExitCode code = ExitCode::Good;
  for (const sim::Problem& problem : source.problems) code = worse(code, report(problem));
  for (const OffsetsPartition& partition : source.partitions) {
    for (const OffsetsReplica& replica : partition.replicas) {
      for (const sim::Problem& problem : replica.read.damage) code = worse(code, report(problem));
      for (const sim::Problem& problem : replica.read.unknown) code = worse(code, report(problem));
      // How a running or killed broker's log looks: said, but nothing is wrong with what was read.
      if (replica.read.torn_tail) report(replica.read.torn_tail->problem);
    }
    for (const std::string& disagreement : partition.disagreements) {
      code = worse(
          code,
          report({.severity = sim::Severity::Unknown,
                  .place = {.source = fmt::format("{}-{}", sim::kGroupMetadataTopic,
                                                  partition.id.value())},
                  .what = disagreement,
                  .remedy = fmt::format(
                      "{} was believed: it has the highest leader epoch, or of those the longest "
                      "log.",
                      partition.best().node)}));
    }
  }
  return code;
}

ExitCode show_groups(const OffsetsSource& source, const GroupsAsked& asked) {
  switch (asked.format) {
    case OutputFormat::Text:
    case OutputFormat::Junit:
      print_text(source, asked);
      break;
    case OutputFormat::Json:
      print_json(source, asked);
      break;
    case OutputFormat::JsonLines:
      each_line(source, asked,
                [](const ordered_json& line) { fmt::print("{}\n", json_line(line)); });
      break;
  }
  return report_soundness(source);
}

void add_retention_option(po::options_description& options) {
  options.add_options()(
      "retention-minutes", po::value<std::int64_t>()->value_name("N")->default_value(10080),
      "offsets.retention.minutes of the brokers: when a committed offset may expire");
}

sim::Expected<std::int64_t> retention_ms(const po::variables_map& arguments) {
  const std::int64_t minutes = arguments["retention-minutes"].as<std::int64_t>();
  constexpr std::int64_t kMost = 100LL * 366 * 24 * 60;
  if (minutes <= 0 || minutes > kMost) {
    return sim::refused(sim::Severity::Usage, "--retention-minutes",
                        fmt::format("{} is no time in minutes", minutes),
                        "Give offsets.retention.minutes of the brokers, at most a hundred years.");
  }
  return minutes * 60 * 1000;
}

}  // namespace tools
