#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/kafka/membership.h"

namespace sim {

// What a member heard: for tests, in the order of time.
struct MemberHeard {
  static constexpr std::string_view kName = "test.MemberHeard";
  static constexpr std::string_view kRule = "brokers.md §3.3";
  NodeId node{};
  std::int32_t generation_id = -1;
  std::string what;  // "assigned", "revoking", "lost", "failed"
  std::vector<TopicPartition> partitions;
  static constexpr auto fields(auto&& visit) {
    using M = MemberHeard;
    return visit(field("node", &M::node), field("generationId", &M::generation_id),
                 field("what", &M::what), field("partitions", &M::partitions));
  }
};

// A process that is a member of a group and reads nothing.
class MemberProcess {
 public:
  MemberProcess(NodeId self, const AddressBook& brokers, MembershipConfig config)
      : self_(self),
        network_({.self = self}),
        metadata_(brokers, config.topics, self.value()),
        membership_(std::move(config)) {}

  Effects step(Instant now, Input input, Choices& choices) {
    Effects effects;
    Context context{now, choices, effects, last_serial_};
    for (const CorrelationId lost : network_.handle(context, input)) {
      if (!metadata_.on_lost(now, lost)) membership_.on_lost(now, lost);
    }
    if (const auto* received = std::get_if<Received>(&input)) {
      if (!metadata_.handle(context, network_, *received))
        membership_.handle(context, network_, metadata_, *received);
    }
    metadata_.run(context, network_);
    if (metadata_.known()) {
      membership_.run(context, network_, metadata_);
      hear(context);
      if (!stalled) membership_.poll(context, network_, metadata_);
      hear(context);
    }
    return effects;
  }
  std::optional<Instant> deadline() const {
    Instant due = metadata_.deadline();
    if (const auto network = network_.deadline()) due = std::min(due, *network);
    if (metadata_.known()) {
      if (const auto beat = membership_.deadline()) due = std::min(due, *beat);
      if (const auto poll = membership_.poll_deadline(); poll && !stalled)
        due = std::min(due, *poll);
    }
    if (due == Instant::never()) return std::nullopt;
    return due;
  }
  const Membership& membership() const { return membership_; }

  bool stalled = false;  // the application does not poll

 private:
  void hear(Context& context) {
    while (const auto event = membership_.take_event()) {
      MemberHeard heard{self_, membership_.generation_id(), {}, {}};
      if (const auto* assigned = std::get_if<PartitionsAssigned>(&*event)) {
        heard.what = "assigned";
        heard.partitions = assigned->partitions;
      } else if (const auto* revoking = std::get_if<PartitionsRevoking>(&*event)) {
        heard.what = "revoking";
        heard.partitions = revoking->partitions;
        membership_.revoked();
      } else if (const auto* lost = std::get_if<PartitionsLost>(&*event)) {
        heard.what = "lost";
        heard.partitions = lost->partitions;
      } else {
        heard.what = "failed";
      }
      context.notify(Payload::of(std::move(heard)));
    }
  }

  NodeId self_;
  NetworkClient network_;
  ClientMetadata metadata_;
  Membership membership_;
  std::uint32_t last_serial_ = 0;
};

}  // namespace sim
