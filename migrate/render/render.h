#pragma once

#include <optional>
#include <string>
#include <vector>

#include "migrate/plan/stage.h"
#include "migrate/render/edit.h"
#include "migrate/render/target.h"

// The configuration of each node in each phase, from its own file: comments, order and everything
// that the migration does not touch kept as they are.
//
//   ClusterFacts ─► find_target ─► RenderTarget ─┐
//   a node's file + TargetShape ─────────────────┼─► render_node ─► file, changes, remarks
//   property_matrix ─────────────────────────────┘        └─► judged by KafkaConfig's rules
namespace migrate {

struct RenderedNode {
  std::string name;  // "broker-1"
  TargetShape shape = TargetShape::ZooKeeperBroker;
  std::optional<std::string> before;  // the file's bytes; nothing: the node is made anew
  std::string source;                 // where that file was read
  sim::PropertiesFile after;
  std::vector<Change> changes;
  std::vector<Remark> remarks;

  bool is_changed() const { return before != after.text(); }
  // No problem and no question: the file is what the node shall start with.
  bool is_final() const;
};

// The node's file as the shape wants it. It is judged by Kafka's rules for that shape: what they
// refuse is a Problem that names the rule; what only the node itself can resolve is a Note.
// Requires node.config.
RenderedNode render_node(const NodeFacts& node, TargetShape shape, const RenderTarget& target);

// A controller that has no file yet, from what the brokers' files say of ZooKeeper, security and
// defaults. What differs between brokers is asked for.
RenderedNode make_controller(const Voter& controller, TargetShape shape,
                             const RenderTarget& target);

// What nodes are when the phase's steps are done. No controllers: none runs.
struct PhaseShapes {
  TargetShape brokers = TargetShape::ZooKeeperBroker;
  std::optional<TargetShape> controllers;
};
PhaseShapes shapes_in(Phase phase);

struct RenderedFleet {
  Phase phase = Phase::S0;
  RenderTarget target;
  std::vector<RenderedNode> nodes;  // brokers, then controllers, by name
  std::vector<Remark> remarks;      // of the cluster
};
// Every node with a file, and the controllers asked for that have none. `facts` are those of the
// cluster as it is.
RenderedFleet render_fleet(const ClusterFacts& facts, Phase phase, const RenderOptions& options);

}  // namespace migrate
