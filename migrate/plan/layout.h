#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/check/facts.h"
#include "migrate/plan/stage.h"

// Who takes part in a migration: the brokers and controllers of this cluster, by whatever tells of
// them, and those controllers that are still to be provisioned.
namespace migrate {

// "3000@c1.example:9093,3001@…", as controller.quorum.voters has it. The sentence says what is
// wrong.
std::expected<std::vector<Voter>, std::string> parse_controllers(std::string_view text);

struct LaidOutNode {
  std::string name;  // of its folder, or "broker-4" where there is none
  sim::BrokerId id;
  std::string host;  // as whoever copied the files said, or else as its listeners say; "" where
                     // nothing tells: a loopback address does not
  std::string rack;
  std::optional<TargetShape> shape;  // now
  bool exists = true;                // false: a controller to be provisioned
};

struct Layout {
  std::vector<LaidOutNode> brokers;                   // ordered by id
  std::vector<LaidOutNode> controllers;               // ordered by id; never empty
  bool controllers_assumed = false;                   // nobody said who they will be: placeholders
  std::optional<sim::BrokerId> zookeeper_controller;  // the broker that leads now
  std::optional<sim::BrokerId> active_controller;     // of the quorum, as far as the logs tell
};
// `wanted` is who the controllers will be, and counts only where there are none.
Layout lay_out(const ClusterFacts& facts, const std::vector<Voter>& wanted);

// What /controller_epoch is raised to on the way back, with the controllers stopped: above every
// epoch that partitions and controllers show, and those that elections may add until then. The next
// controller has one more; brokers and partitions refuse one below what they know (KAFKA-20488).
std::int64_t safe_controller_epoch(const ClusterFacts& facts);

// The image of the store that leads in the facts' phase, or of the other one where that is missing.
// Null without any.
const sim::MetadataImage* leading_image(const ClusterFacts& facts);

}  // namespace migrate
