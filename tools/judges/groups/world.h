#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/kafka/group_coordinator.h"

namespace judge {

using Json = nlohmann::json;

constexpr std::int32_t kPartitions = 2;  // of `__consumer_offsets`
constexpr std::int64_t kStartMs = 1'000'000;

sim::Instant at_ms(std::int64_t ms);
std::string hex(sim::ByteView bytes);

// Our coordinator over logs that answer at once or when they are told: what `Replicas`, `Clock` and
// `Sequence` are on Kafka's side. What it does at each step is gathered in the words of
// Sequence.java.
class World {
 public:
  World(std::uint64_t seed, sim::GroupConfig config);

  // Begins a step: its appends end as `outcome` says, "PARKED" or the name of an error.
  void begin_step(std::string outcome);
  // Ends it: what is due at this very instant happens, too. Returns what was seen.
  Json end_step();

  std::int64_t now_ms() const { return now_ms_; }
  const sim::GroupCoordinator& coordinator() const { return coordinator_; }
  // Writes whose fate is open, by their numbers.
  std::vector<std::size_t> undecided() const;
  std::optional<std::int64_t> next_due_ms() const;

  void advance_to(std::int64_t ms);
  void decide(std::size_t write, sim::ErrorCode error);
  void begin_load(std::int32_t partition) { coordinator_.load(sim::PartitionId{partition}); }
  void finish_load(std::int32_t partition);
  void unload(std::int32_t partition);
  void cleanup();
  void partitions_deleted(const std::vector<sim::TopicPartition>& partitions);

  // Requests that are answered by a GroupReply; the answer bears the number.
  void ask(std::int32_t request, const auto& body) {
    act([&](sim::GroupContext& context) {
      coordinator_.handle(context, {.correlation = sim::CorrelationId{request}}, body);
    });
  }
  void fetch(std::int32_t request, const sim::OffsetFetchRequest& body);
  void list(std::int32_t request, const sim::ListGroupsRequest& body);
  void describe(std::int32_t request, const std::string& group);
  void remove(std::int32_t request, const sim::DeleteGroupsRequest& body);
  void remove_offsets(std::int32_t request, const sim::OffsetDeleteRequest& body);

  // The join answers so far: what clients know of themselves.
  struct Joined {
    std::string group;
    std::string member_id;
    std::optional<std::string> instance_id;
    std::vector<sim::JoinGroupRequestProtocol> protocols;
  };
  const std::vector<Joined>& joined() const { return joined_; }
  // What a JoinGroup asked, so that its answer can be kept.
  void remember_join(std::int32_t request, const sim::JoinGroupRequest& body) {
    asked_.emplace_back(request, body);
  }

 private:
  struct Write {
    std::uint64_t id = 0;
    sim::Offset record{-1};
    bool decided = false;
  };
  using Log = std::vector<std::pair<sim::Offset, sim::GroupRecords>>;

  void act(const auto& what) {
    sim::GroupEffects effects;
    sim::GroupContext context{at_ms(now_ms_), choices_, effects};
    what(context);
    perform(std::move(effects));
  }
  void perform(sim::GroupEffects effects);
  void written(sim::PartitionId partition, const sim::GroupRecords& records);
  void answer(std::int32_t request, const auto& body);
  Json group_states() const;

  sim::Choices choices_;
  sim::GroupCoordinator coordinator_;
  std::int64_t now_ms_ = kStartMs;
  std::vector<Log> logs_;
  std::vector<Write> writes_;
  std::string outcome_ = "NONE";
  Json seen_;
  std::vector<Joined> joined_;
  std::vector<std::pair<std::int32_t, sim::JoinGroupRequest>> asked_;
};

// The member ids that a world of this seed gives out, as 32 hexadecimal digits each.
std::vector<std::string> member_ids(std::uint64_t seed, std::size_t count);

}  // namespace judge
