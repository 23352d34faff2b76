#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scenarios/fault_targets.h"
#include "scenarios/live/drive.h"
#include "scenarios/live/ensemble.h"
#include "scenarios/narrator.h"
#include "sim/kernel/world.h"

// One run of drive.h, from a world that stands to its end: the script, look by look, and the clock.
namespace scenarios::live {

class DriveRun : public sim::Observer {
 public:
  DriveRun(const DriveOptions& options, const Cluster& cluster, std::vector<AdminTask> changes,
           sim::World& world, const sim::FaultPlan& plan);

  // Until all that was asked for has come, the time is over, or somebody interrupts. What has happened is told in
  // `outcome`.
  void run(DriveOutcome& outcome);

  void on(const sim::Occurrence& occurrence, const sim::World& world) override;

 private:
  using Clock = std::chrono::steady_clock;
  enum class Step : std::uint8_t {
    Forward,
    Change,       // the admin's client has one to do
    Mirror,       // the change is made, and not yet in ZooKeeper
    Stop,         // controllers are down, their last requests pass by
    ClearZnodes,  // the shell deletes /controller and /migration
    StopBrokers,
    Elect,  // brokers are back in ZooKeeper mode
    Done
  };

  // drive_run.cc
  void look();
  void look_after_processes();
  void forward();
  void next_change();
  void mirror();
  void hear(const sim::Payload& notice);
  void tell(Column column, std::string who, std::string what) const;
  sim::Instant elapsed() const;
  std::string waiting_for() const;
  const migrate::Driver* driver() const;
  bool brokers_know_the_controller() const;
  // drive_back.cc
  void stop_controllers();
  void clear_znodes();
  void stop_brokers();
  void elect();

  const DriveOptions& options_;
  const Cluster& cluster_;
  std::vector<AdminTask> changes_;
  sim::World& world_;
  LiveEnsemble ensemble_;
  Narrator narrator_;
  VictimMemory victims_;
  sim::Watch watch_;
  DriveOutcome* outcome_ = nullptr;
  const Clock::time_point began_ = Clock::now();

  Step step_ = Step::Forward;
  bool attention_ = false;  // something has happened that the script waits for
  std::set<std::string_view> passed_;
  std::size_t next_change_ = 0;
  std::optional<sim::Offset> to_mirror_;
  std::optional<sim::Instant> since_;
  std::size_t edits_open_ = 0;
  bool brokers_asked_ = false;
  std::map<sim::NodeId, sim::Instant> exited_;
  std::vector<std::uint32_t> hooks_seen_;
};

}  // namespace scenarios::live
