#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/scenario.pb.h"
#include "sim/base/problem.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/metadata_version.h"
#include "sim/kafka/rpc_control.h"
#include "sim/kafka/uuid.h"
#include "zk/stat.h"
#include "zk/tree.h"

// What a simulated cluster is at the beginning, whoever said so: a topology in a scenario file, or the files of a
// real cluster. From here on there is one road (cluster.h).
namespace scenarios {

// A broker as it is registered, or will be.
struct InitialBroker {
  sim::BrokerId id;
  std::vector<sim::ListenerAddress> listeners;
  std::optional<std::string> rack;
  std::vector<sim::Uuid> log_dirs;  // directory.id of each log directory; one at least
  // At the claim: the session that it holds and the epoch (czxid) of its znode.
  zk::SessionId session = zk::kNoSession;
  sim::BrokerEpoch zk_epoch{-1};
  bool spare = false;  // does not run at the beginning, and is registered nowhere
};

enum class Beginning : std::uint8_t {
  // S0: ZooKeeper mode, nobody has heard of a quorum. Sessions and ephemerals of a source are dropped.
  ZooKeeperMode,
  // S2 done: brokers migrate, are registered in ZooKeeper and hold their sessions; the quorum is empty. No one
  // writes Kafka's tree before the claim.
  BeforeClaim,
};

struct Initial {
  Beginning beginning = Beginning::ZooKeeperMode;
  zk::Database database;  // of every server of the ensemble
  std::string chroot;     // "" or "/kafka"
  std::string cluster_id;
  std::vector<InitialBroker> brokers;  // by id
  std::optional<std::string> password_secret;
  // Epoch of the quorum before its first election. At a claim that follows another one it is that one's: a lower
  // one could never claim (migration.md §2.7).
  sim::RaftEpoch quorum_epoch{0};
  std::string described;  // where it comes from: "topology" or the source's path
  // What the wall clocks of all machines show when the run begins: 19 November 2024, 02:40 UTC.
  static constexpr std::int64_t kWallClockAtZeroMs = 1'731'984'000'000;
  std::int64_t wall_clock_at_zero_ms = kWallClockAtZeroMs;
};

// Problems are Usage: a topology that cannot be (no brokers, a replication factor above their number, …).
sim::Expected<Initial> initial_from_topology(const zk2kraft::Cluster& cluster,
                                             const sim::Place& place);

// A tree read from files or from a live ensemble. Requires the root of the cluster in it. A Problem if the
// tree cannot begin as asked: no brokers registered where they must be, a KRaft controller in /controller.
struct SourceTree {
  zk::Database database;
  std::string root;
  std::string described;
  std::optional<std::string> password_secret;
  bool at_claim = false;
  // log.dirs of a broker as the files of the source say; brokers not named have one.
  std::map<sim::BrokerId, std::vector<sim::Uuid>> log_dirs;
};
sim::Expected<Initial> initial_from_source(SourceTree source);

// Puts into the tree what a scenario says was not put right before: ghost replicas, the /migration of an earlier attempt.
// A Usage problem for a ghost that is none, and for a partition that is not there.
sim::Expected<void> leave_behind(const zk2kraft::Cluster& cluster, Initial& initial,
                                 const sim::Place& place);

// Adds the brokers that a scenario keeps back, with the ids above those there are. A Usage problem for a negative number, and
// where there are no more ids.
sim::Expected<void> add_spare_brokers(const zk2kraft::Cluster& cluster, Initial& initial,
                                      const sim::Place& place);

}  // namespace scenarios
