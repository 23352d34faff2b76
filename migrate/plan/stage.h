#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "migrate/phase.h"

// The two vocabularies that a plan's steps and rendered configurations share: at what stage a step
// stands, and what a node is made by it.
namespace migrate {

class NodeConfig;

// What a node is to become: the columns of the property matrix (product list b.6). NodeShape
// (migrate/config) is what a process is by its file, where both kinds of controllers are one.
enum class TargetShape : std::uint8_t {
  ZooKeeperBroker,      // S0, and the end of the way back
  MigratingBroker,      // in ZooKeeper mode with the flag: S2 to S4, R1
  KRaftBroker,          // from S5 on
  MigratingController,  // with the flag and zookeeper.connect: S1 to S6
  FinalController,      // without both: from S7 on
};
inline constexpr std::array kTargetShapes{
    TargetShape::ZooKeeperBroker, TargetShape::MigratingBroker, TargetShape::KRaftBroker,
    TargetShape::MigratingController, TargetShape::FinalController};

std::string_view name_of(TargetShape shape);  // "kraft-broker"
std::optional<TargetShape> parse_target_shape(std::string_view name);
bool is_broker(TargetShape shape);
// What the node is now; nothing for combined mode, which no migration passes through.
std::optional<TargetShape> target_shape_of(const NodeConfig& config);

// The parts of a plan, in the order of the way forward, then of the way back.
enum class Stage : std::uint8_t {
  Prepare,              // S0: what blocks is cured, backups are taken
  Upgrade,              // S0: software and inter.broker.protocol.version
  Controllers,          // S1: controllers are formatted and started
  MigrationMode,        // S2: brokers restart with the flag
  Copy,                 // S3: by itself
  Hybrid,               // S4: the copy is verified
  KRaftMode,            // S5: brokers restart with process.roles=broker
  Soak,                 // S6
  Finalise,             // S7: controllers restart without the flag; the point of no return
  CleanUp,              // S8: ZooKeeper goes
  TowardsFour,          // S8: what Kafka 4.x asks
  BackToMigrationMode,  // R1: brokers restart in ZooKeeper mode with the flag
  BackToZooKeeper,      // R2: controllers stop, a broker leads, brokers restart without the flag
};
inline constexpr int kStageCount = 13;

std::string_view name_of(Stage stage);  // "kraft-mode"
std::string_view explain(Stage stage);  // "brokers restart in KRaft mode"
std::optional<Stage> parse_stage(std::string_view name);
// The phase in which the cluster is while the stage's steps are taken.
Phase phase_of(Stage stage);
bool is_way_back(Stage stage);
// What brokers, resp. controllers, are when the stage is done; nothing where it restarts none.
std::optional<TargetShape> shape_made_by(Stage stage);

// The command that writes the node's file for a stage: "zk2kraft render $FLEET --phase S5 --node
// broker-1 -o rendered/S5", a folder for each phase. $FLEET is the SOURCE of the plan,
// $FLEET.before what it was before the migration.
std::string render_command(Stage stage, std::string_view node);

}  // namespace migrate
