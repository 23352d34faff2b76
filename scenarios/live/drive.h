#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/differences.h"
#include "migrate/notice.h"
#include "scenarios/admin.h"
#include "scenarios/fault_text.h"
#include "scenarios/live/ensemble.h"
#include "scenarios/runner.h"
#include "scenarios/scenario.pb.h"
#include "sim/base/problem.h"
#include "zk/live/connect_options.h"

// The migration driver on a running scratch ensemble. The world is the simulated one, controllers and migrating brokers,
// but for its ensemble: that is real, behind a zk::Gateway; and its clock is the wall's.
//
//   check the marker ─► read the cluster ─► controllers and brokers start ─► claim ─► copy ─► dual write ─► changes
//                                                                              │        │         │            │
//                                                               (until: here it stops, or) ─► roll back ─► compare
//
// A run that ends early, by a signal or because it was asked to, ends as a controller that is killed: what ZooKeeper was
// asked for is done or is not, the controllers' disks are kept, and another run goes on as their next life.
namespace scenarios::live {

enum class Until : std::uint8_t {
  Claim,
  Copy,  // complete, and noted in /migration
  DualWrite
};
std::string_view name_of(Until until);
std::optional<Until> parse_until(std::string_view name);

// Something that happens outside of the world when its moment has come; the world stands still meanwhile.
struct Hook {
  sim::On moment;
  std::function<void()> act;
};

struct DriveOptions {
  zk::live::ConnectOptions zookeeper;  // with the chroot, if there is one
  // Of it: what runs (`cluster`), changes (`workload`), faults. What it says of brokers, topics and servers of
  // ZooKeeper is the ensemble's.
  zk2kraft::Scenario scenario;
  sim::Place place;  // of the scenario
  Until until = Until::DualWrite;
  bool roll_back = false;
  // Where the controllers' disks are kept; none: they are lost with the run.
  std::optional<std::filesystem::path> disks;
  std::optional<std::string> password_secret;
  std::vector<FaultDirective> more_faults;
  std::vector<Hook> hooks;
  std::uint64_t seed = 1;
  sim::Duration time_limit{300'000'000'000};
  std::chrono::seconds patience{60};  // with what is registered by processes that have gone
  std::function<void(const TimelineLine&)> on_line = [](const TimelineLine&) {};
  std::function<bool()> interrupted = [] { return false; };
};

struct DriveOutcome {
  bool interrupted = false;
  bool reached = false;  // all that was asked for
  std::string stuck_at;  // what it waited for when the time was over
  std::vector<migrate::Claimed> claims;
  std::uint32_t copies_begun = 0;
  std::optional<migrate::CopyCompleted> copied;
  std::int32_t batches = 0;  // of the last copy
  std::map<std::string, std::int32_t> reconciled;
  std::vector<AdminDone> changes;
  std::uint64_t failed_events = 0;
  // Of the active controller at the end; none after a way back.
  migrate::MigrationDriverState driver = migrate::MigrationDriverState::Uninitialized;
  // Dual write alone: whether ZooKeeper says what the quorum says.
  std::optional<migrate::DiffReport> differences;
  std::string not_compared;                 // why that could not be found out
  std::optional<sim::BrokerId> back_under;  // after a way back: the broker that is controller
  LiveEnsemble::Counts zookeeper;
  sim::Duration took;
  std::vector<std::filesystem::path> disks;

  bool changes_refused() const;
};

// A Problem if it could not begin. What is wrong with the scenario is said before anything is asked of the ensemble, and
// the marker is looked for before anything is written to it.
sim::Expected<DriveOutcome> drive(const DriveOptions& options);

}  // namespace scenarios::live
