#include "migrate/plan/stage.h"

#include <fmt/format.h>

#include <algorithm>

#include "migrate/config/node_config.h"
#include "sim/base/check.h"

namespace migrate {
namespace {

struct StageRow {
  std::string_view name;
  Phase phase;
  std::optional<TargetShape> makes;
  std::string_view explained;
};

// In the order of the enum.
constexpr std::array<StageRow, kStageCount> kStages{
    StageRow{"prepare", Phase::S0, {}, "what blocks is cured, and what would be missed is saved"},
    StageRow{"upgrade", Phase::S0, TargetShape::ZooKeeperBroker,
             "the bridge release and its protocol version"},
    StageRow{"controllers", Phase::S1, TargetShape::MigratingController,
             "the quorum comes up and waits"},
    StageRow{"migration-mode", Phase::S2, TargetShape::MigratingBroker,
             "brokers restart with the migration flag"},
    StageRow{"copy", Phase::S3, {}, "KRaft claims the cluster and copies it, by itself"},
    StageRow{"hybrid", Phase::S4, {}, "KRaft leads brokers in ZooKeeper mode"},
    StageRow{"kraft-mode", Phase::S5, TargetShape::KRaftBroker, "brokers restart in KRaft mode"},
    StageRow{"soak", Phase::S6, {}, "dual write, and the last way back"},
    StageRow{"finalise", Phase::S7, TargetShape::FinalController,
             "controllers restart without the flag: no way back"},
    StageRow{"clean-up", Phase::S8, {}, "ZooKeeper goes out of service"},
    StageRow{"towards-4", Phase::S8, {}, "what Kafka 4.x asks"},
    StageRow{"back-to-migration-mode", Phase::R1, TargetShape::MigratingBroker,
             "way back: brokers restart in ZooKeeper mode, with the flag"},
    StageRow{"back-to-zookeeper", Phase::R2, TargetShape::ZooKeeperBroker,
             "way back: ZooKeeper leads again, the flag goes"},
};

constexpr std::array<std::string_view, kTargetShapes.size()> kShapeNames{
    "zookeeper-broker", "migrating-broker", "kraft-broker", "migrating-controller",
    "final-controller"};

const StageRow& row_of(Stage stage) {
  return kStages.at(static_cast<std::size_t>(stage));
}

}  // namespace

std::string_view name_of(TargetShape shape) {
  return kShapeNames.at(static_cast<std::size_t>(shape));
}

std::optional<TargetShape> parse_target_shape(std::string_view name) {
  const auto* const at = std::ranges::find(kShapeNames, name);
  if (at == kShapeNames.end()) return std::nullopt;
  return kTargetShapes.at(static_cast<std::size_t>(at - kShapeNames.begin()));
}

bool is_broker(TargetShape shape) {
  return shape < TargetShape::MigratingController;
}

std::optional<TargetShape> target_shape_of(const NodeConfig& config) {
  switch (config.shape()) {
    case NodeShape::ZooKeeperBroker:
      return TargetShape::ZooKeeperBroker;
    case NodeShape::MigratingBroker:
      return TargetShape::MigratingBroker;
    case NodeShape::KRaftBroker:
      return TargetShape::KRaftBroker;
    case NodeShape::Controller:
      return config.migration_enabled() ? TargetShape::MigratingController
                                        : TargetShape::FinalController;
    case NodeShape::Combined:
      return std::nullopt;
  }
  sim::unreachable("a shape is one of these");
}

std::string_view name_of(Stage stage) {
  return row_of(stage).name;
}

std::string_view explain(Stage stage) {
  return row_of(stage).explained;
}

std::optional<Stage> parse_stage(std::string_view name) {
  const auto* const at = std::ranges::find(kStages, name, &StageRow::name);
  if (at == kStages.end()) return std::nullopt;
  return static_cast<Stage>(at - kStages.begin());
}

Phase phase_of(Stage stage) {
  return row_of(stage).phase;
}

bool is_way_back(Stage stage) {
  return stage >= Stage::BackToMigrationMode;
}

std::optional<TargetShape> shape_made_by(Stage stage) {
  return row_of(stage).makes;
}

std::string render_command(Stage stage, std::string_view node) {
  const std::string_view phase = name_of(phase_of(stage));
  return fmt::format("zk2kraft render $FLEET --phase {} --node {} -o rendered/{}{}", phase, node,
                     phase, is_way_back(stage) ? " --before $FLEET.before" : "");
}

}  // namespace migrate
