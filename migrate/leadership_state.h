#pragma once

#include <cstdint>

#include "sim/base/described.h"
#include "sim/kafka/ids.h"
#include "zk/stat.h"
#include "zk/znodes.h"

namespace migrate {

// "Version not known": distinct from ZooKeeper's "any version" (-1), so that a version that was
// never learned can not degrade into an unconditional write (migration.md §0.3).
constexpr zk::DataVersion kUnknownZkVersion{-2};

// What a driver knows of the migration's leadership (ZkMigrationLeadershipState, migration.md
// §0.3). The first four are what `/migration` holds; the rest lives in memory. A value: every step
// makes a new one.
struct LeadershipState {
  sim::BrokerId kraft_controller_id = sim::kNoBroker;
  sim::RaftEpoch kraft_controller_epoch{-1};
  // Highest KRaft offset reflected in ZooKeeper, and the epoch of the record there.
  sim::OffsetAndEpoch kraft_metadata{sim::RaftEpoch(-1), sim::Offset(-1)};
  // Version of `/migration` that the next conditional write expects.
  zk::DataVersion migration_zk_version = kUnknownZkVersion;
  // The value that this node wrote to `/controller_epoch`, and its version right after: the claim.
  sim::ControllerEpoch zk_controller_epoch{-1};
  zk::DataVersion zk_controller_epoch_zk_version = kUnknownZkVersion;

  // What `/migration` shall hold.
  zk::MigrationZnode znode() const {
    return {kraft_controller_id, kraft_controller_epoch, kraft_metadata};
  }
  // This single test decides between copying and only synchronising.
  bool initial_migration_complete() const { return kraft_metadata.offset > sim::Offset(0); }
  bool claimed() const { return zk_controller_epoch_zk_version != kUnknownZkVersion; }

  LeadershipState with_kraft_controller(sim::BrokerId id, sim::RaftEpoch epoch) const {
    LeadershipState state = *this;
    state.kraft_controller_id = id;
    state.kraft_controller_epoch = epoch;
    return state;
  }
  LeadershipState with_unknown_zk_controller() const {
    return with_zk_controller(sim::ControllerEpoch(-1), kUnknownZkVersion);
  }
  LeadershipState with_zk_controller(sim::ControllerEpoch epoch, zk::DataVersion zk_version) const {
    LeadershipState state = *this;
    state.zk_controller_epoch = epoch;
    state.zk_controller_epoch_zk_version = zk_version;
    return state;
  }
  LeadershipState with_kraft_metadata(sim::OffsetAndEpoch reflected) const {
    LeadershipState state = *this;
    state.kraft_metadata = reflected;
    return state;
  }
  LeadershipState with_migration_zk_version(zk::DataVersion version) const {
    LeadershipState state = *this;
    state.migration_zk_version = version;
    return state;
  }

  bool operator==(const LeadershipState&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(
        field("kraftControllerId", &LeadershipState::kraft_controller_id),
        field("kraftControllerEpoch", &LeadershipState::kraft_controller_epoch),
        field("kraftMetadata", &LeadershipState::kraft_metadata),
        field("migrationZkVersion", &LeadershipState::migration_zk_version),
        field("zkControllerEpoch", &LeadershipState::zk_controller_epoch),
        field("zkControllerEpochZkVersion", &LeadershipState::zk_controller_epoch_zk_version));
  }
};

}  // namespace migrate
