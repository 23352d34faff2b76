#include "tools/judges/groups/steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "sim/kafka/consumer_protocol.h"
#include "tools/judges/peer/peer.h"

namespace judge {
namespace {

using tools::Draw;

constexpr std::array<const char*, 4> kGroups{"orders", "audit", "connect-sink", ""};
constexpr std::array<const char*, 7> kRefusals{"NOT_ENOUGH_REPLICAS",  "NOT_LEADER_OR_FOLLOWER",
                                               "KAFKA_STORAGE_ERROR",  "UNKNOWN_TOPIC_OR_PARTITION",
                                               "MESSAGE_TOO_LARGE",    "INVALID_REQUEST",
                                               "RECORD_LIST_TOO_LARGE"};
const std::array<sim::ErrorCode, 8> kFates{sim::ErrorCode::None,
                                           sim::ErrorCode::None,
                                           sim::ErrorCode::None,
                                           sim::ErrorCode::None,
                                           sim::ErrorCode::None,
                                           sim::ErrorCode::RequestTimedOut,
                                           sim::ErrorCode::NotEnoughReplicasAfterAppend,
                                           sim::ErrorCode::NotLeaderOrFollower};

sim::Duration ms(std::int64_t count) {
  return sim::Duration(count * 1'000'000);
}

Json json_of(const std::optional<std::string>& text) {
  return text ? Json(*text) : Json(nullptr);
}

Json json_of(const std::vector<sim::TopicPartition>& partitions) {
  Json all = Json::array();
  for (const auto& id : partitions) all.push_back({id.topic, id.partition.value()});
  return all;
}

// One step: what it asks, drawn and done.
class Step {
 public:
  Step(World& world, Draw draw, std::int32_t& requests, std::int32_t& epochs, Tally& tally)
      : world_(world), draw_(draw), requests_(requests), epochs_(epochs), tally_(tally) {}

  Json perform() {
    if (!draw_.one_in(3)) return what_a_client_would();
    const std::size_t kind = draw_.below(100);
    if (kind < 20) return advance();
    if (kind < 28) return written();
    if (kind < 31) return unload_or_load();
    if (kind < 32) return cleanup();
    if (kind < 33) return partitions_deleted();
    return request();
  }

  Json load(std::int32_t partition, std::size_t during) {
    Json step{{"do", "load"}, {"partition", partition}, {"epoch", ++epochs_}};
    step["during"] = Json::array();
    world_.begin_load(partition);
    for (std::size_t i = 0; i < during; ++i) {
      step["during"].push_back(request());
    }
    world_.finish_load(partition);
    return step;
  }

 private:
  // What brings the first group on its way: without this few would ever be stable.
  Json what_a_client_would() {
    group_ = kGroups[draw_.one_in(8) ? 1 + draw_.below(2) : 0];
    if (!world_.undecided().empty() && draw_.one_in(3)) return written();
    const sim::GroupMetadata* group = world_.coordinator().group(group_);
    if (!world_.coordinator().leads(sim::group_partition(group_, kPartitions)))
      return unload_or_load();
    if (group != nullptr && group->is(sim::GroupState::Stable)) return stay_stable();
    if (group != nullptr && group->is(sim::GroupState::CompletingRebalance) && !draw_.one_in(5))
      return number([&] { return sync(); });
    const bool has_joined = group != nullptr && group->awaiting_join() > 0;
    if (has_joined && draw_.one_in(3)) return advance();
    return number([&] { return join(); });
  }

  Json stay_stable() {
    const std::size_t kind = draw_.below(12);
    if (kind < 3) return number([&] { return heartbeat(); });
    if (kind < 6) return number([&] { return commit(); });
    if (kind < 7) return number([&] { return sync(); });
    if (kind < 9) return number([&] { return join(); });
    if (kind < 10) return number([&] { return fetch(); });
    if (kind < 11) return number([&] { return remove_offsets(); });
    return number([&] { return describe(); });
  }

  // A request of the group that is chosen already.
  Json number(const auto& make) {
    request_ = ++requests_;
    Json step = make();
    step["request"] = request_;
    return step;
  }

  Json advance() {
    constexpr std::array<std::int64_t, 8> kSpans{1,      500,    3000,   6000,
                                                 10'000, 30'000, 60'000, 300'000};
    std::int64_t span = draw_.of(kSpans);
    if (const auto due = world_.next_due_ms(); due && !draw_.one_in(3))
      span = std::max<std::int64_t>(0, *due - world_.now_ms() - (draw_.one_in(4) ? 1 : 0));
    world_.advance_to(world_.now_ms() + span);
    return {{"do", "advance"}, {"ms", span}};
  }

  Json written() {
    const auto open = world_.undecided();
    if (open.empty()) return request();
    const std::size_t write = draw_.one_in(3) ? draw_.of(open) : open.front();
    const sim::ErrorCode error = draw_.of(kFates);
    world_.decide(write, error);
    return {{"do", "written"}, {"write", write}, {"error", name_of(error)}};
  }

  Json unload_or_load() {
    const auto partition = static_cast<std::int32_t>(draw_.below(kPartitions));
    if (!world_.coordinator().leads(sim::PartitionId{partition}))
      return load(partition, draw_.below(4));
    if (draw_.one_in(2)) return request();
    world_.unload(partition);
    return {{"do", "unload"}, {"partition", partition}, {"epoch", ++epochs_}};
  }

  Json cleanup() {
    world_.cleanup();
    return {{"do", "cleanup"}};
  }

  Json partitions_deleted() {
    const auto gone = partitions();
    world_.partitions_deleted(gone);
    return {{"do", "partitionsDeleted"}, {"partitions", json_of(gone)}};
  }

  // ── Requests ──

  Json request() {
    const std::size_t kind = draw_.below(67);
    group_ = kGroups[draw_.one_in(60) ? 3 : draw_.one_in(3) ? 1 + draw_.below(2) : 0];
    request_ = ++requests_;
    Json step = kind < 24   ? join()
                : kind < 39 ? sync()
                : kind < 46 ? heartbeat()
                : kind < 51 ? leave()
                : kind < 60 ? commit()
                : kind < 63 ? fetch()
                : kind < 64 ? describe()
                : kind < 65 ? list()
                : kind < 66 ? remove()
                            : remove_offsets();
    step["request"] = request_;
    return step;
  }

  void count(const char* what) {
    const auto partition = sim::group_partition(group_, kPartitions);
    const sim::GroupMetadata* group = world_.coordinator().group(group_);
    const std::string state = world_.coordinator().is_loading(partition) ? "loading"
                              : !world_.coordinator().leads(partition)   ? "not here"
                              : group == nullptr                         ? "no group"
                                                 : std::string(name_of(group->state));
    ++tally_[fmt::format("{} × {}", what, state)];
  }

  std::vector<sim::TopicPartition> partitions() {
    std::vector<sim::TopicPartition> some;
    for (const char* topic : {"t0", "t1"}) {
      for (std::int32_t index = 0; index < 2; ++index) {
        if (draw_.one_in(3)) some.push_back({topic, sim::PartitionId{index}});
      }
    }
    if (some.empty()) some.push_back({"t0", sim::PartitionId{0}});
    return some;
  }

  // A member that the coordinator knows, else one that it once knew, else none.
  struct Who {
    std::string member_id;
    std::optional<std::string> instance_id;
    std::vector<sim::JoinGroupRequestProtocol> protocols;
  };
  Who somebody(bool leader_first) {
    const sim::GroupMetadata* group = world_.coordinator().group(group_);
    Who who;
    if (group != nullptr && !group->members.empty() && !draw_.one_in(6)) {
      const auto chosen =
          group->members.begin() + static_cast<std::ptrdiff_t>(draw_.below(group->members.size()));
      who.member_id = chosen->first;
      if (leader_first && group->leader_id && draw_.one_in(2)) who.member_id = *group->leader_id;
      const sim::MemberMetadata* member = group->members.find(who.member_id);
      who.instance_id = member->group_instance_id;
      who.protocols = member->supported_protocols;
    } else if (group != nullptr && !group->pending_members.empty() && !draw_.one_in(4)) {
      who.member_id = *group->pending_members.begin();
    } else {
      std::vector<World::Joined> former;
      for (const auto& each : world_.joined()) {
        if (each.group == group_ || draw_.one_in(8)) former.push_back(each);
      }
      if (!former.empty()) {
        const auto& each = draw_.of(former);
        who = {each.member_id, each.instance_id, each.protocols};
      }
    }
    if (draw_.one_in(20)) who.instance_id = draw_.one_in(3) ? std::nullopt : instance();
    return who;
  }

  std::optional<std::string> instance() { return draw_.one_in(2) ? "blue" : "red"; }

  std::int32_t generation() {
    const sim::GroupMetadata* group = world_.coordinator().group(group_);
    const std::int32_t present = group == nullptr ? 0 : group->generation_id;
    return draw_.one_in(12) ? present + static_cast<std::int32_t>(draw_.below(3)) - 1 : present;
  }

  sim::Bytes metadata(bool is_consumer) {
    if (!is_consumer) return sim::Bytes(1 + draw_.below(2), static_cast<std::uint8_t>(7));
    if (draw_.one_in(40)) return sim::Bytes(draw_.below(5), std::uint8_t{0});
    sim::ConsumerProtocolSubscription subscription;
    for (const char* topic : {"t0", "t1"}) {
      if (!draw_.one_in(3)) subscription.topics.emplace_back(topic);
    }
    return sim::encode(subscription);
  }

  std::vector<sim::JoinGroupRequestProtocol> protocols(bool is_consumer) {
    std::vector<std::string> names{"range", "roundrobin", "cooperative-sticky"};
    if (!is_consumer) names = {"compatible", "default", "range"};
    std::vector<sim::JoinGroupRequestProtocol> chosen;
    if (draw_.one_in(60)) return chosen;
    const std::size_t from = draw_.below(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string& name = names[(from + i) % names.size()];
      if (chosen.empty() || !draw_.one_in(3)) chosen.push_back({name, metadata(is_consumer)});
    }
    return chosen;
  }

  Json join() {
    count("JoinGroup");
    constexpr std::array<std::int64_t, 6> kSessions{6000, 10'000, 10'000, 45'000, 45'000, 300'000};
    constexpr std::array<std::int64_t, 6> kRebalances{1000, 5000, 30'000, 60'000, 60'000, 300'000};
    constexpr std::array<std::int16_t, 5> kVersions{9, 9, 9, 5, 3};
    const bool is_consumer = (group_ == "connect-sink") == draw_.one_in(12);
    sim::JoinGroupRequest body{.api_version = draw_.of(kVersions),
                               .client_id = draw_.one_in(2) ? "app" : "consumer-1",
                               .client_host = "/127.0.0.1",
                               .group_id = group_,
                               .session_timeout = ms(draw_.of(kSessions)),
                               .rebalance_timeout = ms(draw_.of(kRebalances)),
                               .protocol_type = is_consumer ? "consumer" : "connect",
                               .protocols = protocols(is_consumer)};
    if (draw_.one_in(50)) body.session_timeout = ms(draw_.one_in(2) ? 5999 : 1'800'001);
    if (draw_.one_in(80)) body.protocol_type.clear();
    const sim::GroupMetadata* group = world_.coordinator().group(group_);
    if (group != nullptr && !group->static_members.empty() && draw_.one_in(6)) {
      // A static member that was started anew: with what it had, or with something else.
      const auto& [instance_id, member_id] = *group->static_members.begin();
      body.group_instance_id = instance_id;
      if (!draw_.one_in(3)) body.protocols = group->members.find(member_id)->supported_protocols;
    } else if (draw_.one_in(3)) {  // somebody new
      if (draw_.one_in(3)) body.group_instance_id = instance();
    } else {
      const Who who = somebody(true);
      body.member_id = who.member_id;
      body.group_instance_id = who.instance_id;
      if (!who.protocols.empty() && !draw_.one_in(4)) body.protocols = who.protocols;
    }
    world_.remember_join(request_, body);
    world_.ask(request_, body);
    Json listed = Json::array();
    for (const auto& protocol : body.protocols)
      listed.push_back({protocol.name, hex(protocol.metadata)});
    return {{"do", "join"},
            {"group", body.group_id},
            {"member", body.member_id},
            {"instance", json_of(body.group_instance_id)},
            {"version", body.api_version},
            {"client", body.client_id},
            {"host", body.client_host},
            {"session", body.session_timeout.milliseconds()},
            {"rebalance", body.rebalance_timeout.milliseconds()},
            {"type", body.protocol_type},
            {"protocols", listed}};
  }

  Json sync() {
    count("SyncGroup");
    const Who who = somebody(true);
    const sim::GroupMetadata* group = world_.coordinator().group(group_);
    sim::SyncGroupRequest body{.group_id = group_,
                               .generation_id = generation(),
                               .member_id = who.member_id,
                               .group_instance_id = who.instance_id};
    if (group != nullptr && draw_.one_in(2)) {
      body.protocol_type =
          draw_.one_in(15) ? std::optional<std::string>("connect") : group->protocol_type;
      body.protocol_name =
          draw_.one_in(15) ? std::optional<std::string>("default") : group->protocol_name;
    }
    if (group != nullptr && (group->is_leader(who.member_id) || draw_.one_in(10))) {
      for (const auto& [id, member] : group->members) {
        if (draw_.one_in(6)) continue;
        body.assignments.push_back({id, sim::Bytes(1 + draw_.below(3), std::uint8_t{9})});
      }
      if (draw_.one_in(10)) body.assignments.push_back({"nobody", {1}});
    }
    world_.ask(request_, body);
    Json assignments = Json::array();
    for (const auto& each : body.assignments)
      assignments.push_back({each.member_id, hex(each.assignment)});
    return {{"do", "sync"},
            {"group", group_},
            {"generation", body.generation_id},
            {"member", body.member_id},
            {"instance", json_of(body.group_instance_id)},
            {"type", json_of(body.protocol_type)},
            {"protocol", json_of(body.protocol_name)},
            {"assignments", assignments}};
  }

  Json heartbeat() {
    count("Heartbeat");
    const Who who = somebody(false);
    const sim::HeartbeatRequest body{.group_id = group_,
                                     .generation_id = generation(),
                                     .member_id = who.member_id,
                                     .group_instance_id = who.instance_id};
    world_.ask(request_, body);
    return {{"do", "heartbeat"},
            {"group", group_},
            {"generation", body.generation_id},
            {"member", body.member_id},
            {"instance", json_of(body.group_instance_id)}};
  }

  Json leave() {
    count("LeaveGroup");
    sim::LeaveGroupRequest body{.group_id = group_};
    for (std::size_t i = 0; i < 1 + (draw_.one_in(3) ? draw_.below(3) : 0); ++i) {
      Who who = somebody(false);
      if (draw_.one_in(6)) who = {"", instance(), {}};
      body.members.push_back({who.member_id, who.instance_id});
    }
    world_.ask(request_, body);
    Json members = Json::array();
    for (const auto& member : body.members)
      members.push_back({member.member_id, json_of(member.group_instance_id)});
    return {{"do", "leave"}, {"group", group_}, {"members", members}};
  }

  Json commit() {
    count("OffsetCommit");
    sim::OffsetCommitRequest body{.group_id = group_};
    if (!draw_.one_in(4)) {
      const Who who = somebody(false);
      body.member_id = who.member_id;
      body.group_instance_id = who.instance_id;
      body.generation_id_or_member_epoch = draw_.one_in(15) ? -1 : generation();
    }
    for (const auto& id : partitions()) {
      body.partitions.push_back(
          {.topic_partition = id,
           .committed_offset = sim::Offset{static_cast<std::int64_t>(draw_.below(100))},
           .committed_leader_epoch = sim::LeaderEpoch{draw_.one_in(2) ? -1 : 3},
           .committed_metadata = std::string(draw_.one_in(8) ? 65 : draw_.below(2), 'm')});
    }
    world_.ask(request_, body);
    Json offsets = Json::array();
    for (const auto& part : body.partitions) {
      offsets.push_back({part.topic_partition.topic, part.topic_partition.partition.value(),
                         part.committed_offset.value(), part.committed_leader_epoch.value(),
                         part.committed_metadata});
    }
    return {{"do", "commit"},
            {"group", group_},
            {"generation", body.generation_id_or_member_epoch},
            {"member", body.member_id},
            {"instance", json_of(body.group_instance_id)},
            {"offsets", offsets}};
  }

  Json fetch() {
    count("OffsetFetch");
    sim::OffsetFetchRequest body{.group_id = group_, .require_stable = !draw_.one_in(3)};
    if (draw_.one_in(2)) body.partitions = partitions();
    world_.fetch(request_, body);
    return {{"do", "fetch"},
            {"group", group_},
            {"stable", body.require_stable},
            {"partitions", body.partitions ? json_of(*body.partitions) : Json(nullptr)}};
  }

  Json describe() {
    count("DescribeGroups");
    world_.describe(request_, group_);
    return {{"do", "describe"}, {"group", group_}};
  }

  Json list() {
    ++tally_["ListGroups"];
    sim::ListGroupsRequest body;
    if (draw_.one_in(2)) body.states_filter = {"stable", "EMPTY"};
    world_.list(request_, body);
    return {{"do", "list"}, {"states", body.states_filter}};
  }

  Json remove() {
    count("DeleteGroups");
    sim::DeleteGroupsRequest body{{group_}};
    if (draw_.one_in(3)) body.groups_names.emplace_back("audit");
    world_.remove(request_, body);
    return {{"do", "delete"}, {"groups", body.groups_names}};
  }

  Json remove_offsets() {
    count("OffsetDelete");
    const sim::OffsetDeleteRequest body{group_, partitions()};
    world_.remove_offsets(request_, body);
    return {{"do", "offsetDelete"}, {"group", group_}, {"partitions", json_of(body.partitions)}};
  }

  World& world_;
  Draw draw_;
  std::int32_t& requests_;
  std::int32_t& epochs_;
  Tally& tally_;
  std::string group_;
  std::int32_t request_ = 0;
};

void count_errors(const Json& seen, Tally& tally) {
  for (const Json& answer : seen["answers"]) {
    if (!answer.contains("error")) continue;
    const auto error = static_cast<sim::ErrorCode>(answer["error"].get<std::int16_t>());
    const char* what = answer.contains("skip")         ? "JoinGroup"
                       : answer.contains("assignment") ? "SyncGroup"
                                                       : "other";
    ++tally[fmt::format("answer {} {}", what, name_of(error))];
    if (answer.contains("skip") && answer["skip"].get<bool>())
      ++tally["answer JoinGroup skips the assignment"];
  }
}

}  // namespace

Name Name::parse(const std::string& text) {
  Name name;
  const char* const end = text.data() + text.size();
  const char* at = text.data() + std::min<std::size_t>(1, text.size());
  at = std::from_chars(at, end, name.seed).ptr;
  if (end - at < 2) return name;
  for (at += 2; at < end; ++at) {
    std::size_t step = 0;
    at = std::from_chars(at, end, step).ptr;
    name.without.insert(step);
  }
  return name;
}

std::string Name::describe() const {
  std::string text = fmt::format("s{}", seed);
  if (!without.empty()) text += fmt::format("-w{}", fmt::join(without, "."));
  return text;
}

std::size_t step_count(std::uint64_t seed) {
  return 24 + Draw(seed).below(60);
}

Performed perform(const Name& name) {
  constexpr std::array<std::int64_t, 3> kDelays{0, 3000, 3000};
  constexpr std::array<std::int32_t, 4> kSizes{2, 3, 1000, 1000};
  Draw draw(name.seed ^ 0xc0f1);
  const std::int64_t delay = draw.of(kDelays);
  const std::int32_t size = draw.of(kSizes);
  const std::int64_t retention_minutes = draw.one_in(2) ? 1 : 10080;
  sim::GroupConfig config{.group_max_size = size,
                          .group_initial_rebalance_delay = ms(delay),
                          .offset_metadata_max_bytes = 64,
                          .offsets_retention = ms(retention_minutes * 60'000),
                          .offsets_retention_check_interval = {}};
  Performed performed;
  World world(name.seed, config);
  std::int32_t requests = 0;
  std::int32_t epochs = 0;
  Json steps = Json::array();
  performed.seen = Json::array();
  const auto take = [&](const std::string& outcome, const auto& act) {
    world.begin_step(outcome);
    Json step = act();
    step["append"] = outcome;
    steps.push_back(std::move(step));
    performed.seen.push_back(world.end_step());
    count_errors(performed.seen.back(), performed.tally);
  };
  for (std::int32_t partition = 0; partition < kPartitions; ++partition) {
    take("NONE", [&] {
      return Step(world, Draw(0), requests, epochs, performed.tally).load(partition, 0);
    });
  }
  for (std::size_t i = 0; i < step_count(name.seed); ++i) {
    if (name.without.contains(i)) continue;
    Draw own(name.seed * 1000 + i);
    const std::string outcome = own.one_in(5)    ? "PARKED"
                                : own.one_in(16) ? own.of(kRefusals)
                                                 : "NONE";
    take(outcome, [&] { return Step(world, own, requests, epochs, performed.tally).perform(); });
  }
  performed.tally["requests"] = requests;
  performed.tally[fmt::format("length {}", requests)] = 1;
  performed.sequence = {{"name", name.describe()},
                        {"start", kStartMs},
                        {"partitions", kPartitions},
                        {"uuids", member_ids(name.seed, steps.size() * 4)},
                        {"config",
                         {{"group.initial.rebalance.delay.ms", std::to_string(delay)},
                          {"group.max.size", std::to_string(size)},
                          {"offset.metadata.max.bytes", "64"},
                          {"offsets.retention.minutes", std::to_string(retention_minutes)}}},
                        {"steps", std::move(steps)}};
  return performed;
}

}  // namespace judge
