#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "migrate/driver_state.h"
#include "migrate/leadership_state.h"
#include "sim/base/described.h"
#include "sim/kafka/ids.h"

// What the migration driver lets observers know. Faults are planned on these names, so they do not
// change.
namespace migrate {

struct StateChanged {
  static constexpr std::string_view kName = "migrate.StateChanged";
  static constexpr std::string_view kRule = "migration.md §2.3";
  sim::BrokerId node;
  MigrationDriverState from = MigrationDriverState::Uninitialized;
  MigrationDriverState to = MigrationDriverState::Uninitialized;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("node", &StateChanged::node), field("from", &StateChanged::from),
                 field("to", &StateChanged::to));
  }
};

// `/controller` and `/controller_epoch` are this node's.
struct Claimed {
  static constexpr std::string_view kName = "migrate.Claimed";
  static constexpr std::string_view kRule = "migration.md §2.7";
  sim::BrokerId node;
  sim::RaftEpoch kraft_epoch;
  sim::ControllerEpoch zk_controller_epoch;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("node", &Claimed::node), field("kraftEpoch", &Claimed::kraft_epoch),
                 field("zkControllerEpoch", &Claimed::zk_controller_epoch));
  }
};

struct CopyBegan {
  static constexpr std::string_view kName = "migrate.CopyBegan";
  static constexpr std::string_view kRule = "migration.md §3.3";
  sim::BrokerId node;
  static constexpr auto fields(auto&& visit) { return visit(sim::field("node", &CopyBegan::node)); }
};
// A batch of the copy is committed; `nth` counts from 1 within one copy.
struct CopyBatch {
  static constexpr std::string_view kName = "migrate.CopyBatch";
  static constexpr std::string_view kRule = "migration.md §3.3 step 3";
  sim::BrokerId node;
  std::int32_t nth = 0;
  std::int32_t records = 0;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("node", &CopyBatch::node), field("nth", &CopyBatch::nth),
                 field("records", &CopyBatch::records));
  }
};
// EndTransaction is committed; `/migration` does not say so yet.
struct CopyCompleted {
  static constexpr std::string_view kName = "migrate.CopyCompleted";
  static constexpr std::string_view kRule = "migration.md §3.3 step 5";
  sim::BrokerId node;
  sim::OffsetAndEpoch end;
  std::int32_t records = 0;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("node", &CopyCompleted::node), field("end", &CopyCompleted::end),
                 field("records", &CopyCompleted::records));
  }
};
struct CopyAborted {
  static constexpr std::string_view kName = "migrate.CopyAborted";
  static constexpr std::string_view kRule = "migration.md §3.6";
  sim::BrokerId node;
  std::string why;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("node", &CopyAborted::node), sim::field("why", &CopyAborted::why));
  }
};

// A full reconciliation wrote everything. Operations by Kafka's name of their type.
struct Reconciled {
  static constexpr std::string_view kName = "migrate.Reconciled";
  static constexpr std::string_view kRule = "migration.md §4.3";
  sim::BrokerId node;
  std::map<std::string, std::int32_t> operations;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("node", &Reconciled::node),
                 sim::field("operations", &Reconciled::operations));
  }
};
// One publication stands in ZooKeeper and in `/migration`.
struct Mirrored {
  static constexpr std::string_view kName = "migrate.Mirrored";
  static constexpr std::string_view kRule = "migration.md §4.2";
  sim::BrokerId node;
  sim::OffsetAndEpoch up_to;
  std::int32_t operations = 0;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("node", &Mirrored::node), field("upTo", &Mirrored::up_to),
                 field("operations", &Mirrored::operations));
  }
};

// What Kafka would have logged of an event that failed. `unhandled`: a fault, not a ZooKeeper error
// that "will be retried" (which only events driven by polls really are).
struct EventFailed {
  static constexpr std::string_view kName = "migrate.EventFailed";
  static constexpr std::string_view kRule = "migration.md §2.5";
  sim::BrokerId node;
  std::string event;
  std::string why;
  bool unhandled = false;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("node", &EventFailed::node), field("event", &EventFailed::event),
                 field("why", &EventFailed::why), field("unhandled", &EventFailed::unhandled));
  }
};

}  // namespace migrate
