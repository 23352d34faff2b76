#include "migrate/driver_state.h"

#include <algorithm>

#include "sim/base/check.h"

namespace migrate {
namespace {

using enum MigrationDriverState;

// migration.md §2.3, row by row; "any except UNINITIALIZED to INACTIVE" is spelled out.
constexpr std::pair<MigrationDriverState, MigrationDriverState> kLegal[] = {
    {Uninitialized, Inactive},
    {Inactive, WaitForControllerQuorum},
    {WaitForControllerQuorum, Inactive},
    {WaitForControllerQuorum, WaitForBrokers},
    {WaitForControllerQuorum, BecomeController},
    {WaitForBrokers, Inactive},
    {WaitForBrokers, BecomeController},
    {BecomeController, Inactive},
    {BecomeController, ZkMigration},
    {BecomeController, SyncKraftToZk},
    {ZkMigration, Inactive},
    {ZkMigration, SyncKraftToZk},
    {SyncKraftToZk, Inactive},
    {SyncKraftToZk, KraftControllerToBrokerComm},
    {KraftControllerToBrokerComm, Inactive},
    {KraftControllerToBrokerComm, DualWrite},
    {DualWrite, Inactive},
};

}  // namespace

std::string_view name_of(MigrationDriverState state) {
  switch (state) {
    case Uninitialized:
      return "UNINITIALIZED";
    case Inactive:
      return "INACTIVE";
    case WaitForControllerQuorum:
      return "WAIT_FOR_CONTROLLER_QUORUM";
    case WaitForBrokers:
      return "WAIT_FOR_BROKERS";
    case BecomeController:
      return "BECOME_CONTROLLER";
    case ZkMigration:
      return "ZK_MIGRATION";
    case SyncKraftToZk:
      return "SYNC_KRAFT_TO_ZK";
    case KraftControllerToBrokerComm:
      return "KRAFT_CONTROLLER_TO_BROKER_COMM";
    case DualWrite:
      return "DUAL_WRITE";
  }
  sim::unreachable("the driver has nine states");
}

bool is_legal_transition(MigrationDriverState from, MigrationDriverState to) {
  return from == to || std::ranges::find(kLegal, std::pair{from, to}) != std::end(kLegal);
}

std::span<const std::pair<MigrationDriverState, MigrationDriverState>> legal_transitions() {
  return kLegal;
}

}  // namespace migrate
