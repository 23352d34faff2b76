#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace migrate {

// The states of KRaftMigrationDriver in Kafka 3.5 to 3.9 (MigrationDriverState; migration.md §2.2).
//
//   UNINITIALIZED ─► INACTIVE ─► WAIT_FOR_CONTROLLER_QUORUM ─► WAIT_FOR_BROKERS ─► BECOME_CONTROLLER
//                       ▲                  │      └───── already MIGRATION ─────────►  │      │
//                       │◄── refused ──────┘                                           ▼      │
//                       │                                         ZK_MIGRATION (copy) ─┘      │ offset > 0
//      lost leadership, │                                                │                    │
//      from anywhere ───┘                                                ▼                    ▼
//                          DUAL_WRITE ◄── KRAFT_CONTROLLER_TO_BROKER_COMM ◄── SYNC_KRAFT_TO_ZK
enum class MigrationDriverState : std::uint8_t {
  Uninitialized,
  Inactive,
  WaitForControllerQuorum,
  WaitForBrokers,
  BecomeController,
  ZkMigration,
  SyncKraftToZk,
  KraftControllerToBrokerComm,
  DualWrite,
};

// Kafka's own spelling: "WAIT_FOR_BROKERS".
std::string_view name_of(MigrationDriverState state);

// Whether Kafka may go from one state to the other (migration.md §2.3). Staying is always legal. In Kafka
// an illegal transition raises IllegalStateException and the driver stays where it was.
bool is_legal_transition(MigrationDriverState from, MigrationDriverState to);

// The two states in which metadata changes are written to ZooKeeper.
constexpr bool allows_dual_write(MigrationDriverState state) {
  return state == MigrationDriverState::KraftControllerToBrokerComm ||
         state == MigrationDriverState::DualWrite;
}

// Every legal pair of different states, for tests and coverage.
std::span<const std::pair<MigrationDriverState, MigrationDriverState>> legal_transitions();

}  // namespace migrate
