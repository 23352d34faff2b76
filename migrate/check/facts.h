#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "migrate/check/profile.h"
#include "migrate/config/node_config.h"
#include "migrate/phase.h"
#include "sim/base/properties.h"
#include "sim/kafka/image.h"
#include "sim/kafka/uuid.h"
#include "zk/migration_reader_tree.h"
#include "zk/tree.h"

// All that is known of a cluster, whoever read it: what a check may look at. Each part may be
// missing, and what is missing is never taken for good.
//
//   ZooKeeper's files ──► ZooKeeperFacts ─┐
//   metadata logs     ──► MetadataFacts  ─┼─► ClusterFacts ──► checks
//   a node's files    ──► NodeFacts      ─┘      + the phase
namespace migrate {

// A directory of a partition in a log directory, as its name says: "orders-0", or with what Kafka
// does to it: "orders-0.<32 digits>-delete", "…-future", "…-stray".
struct PartitionDirectory {
  std::string name;
  std::uint64_t bytes = 0;
  std::optional<sim::Uuid> topic_id;  // of its partition.metadata; none: there is no such file
};

// A log directory's meta.properties, and what else is known of the directory.
struct LogDirectory {
  std::string file;
  std::int32_t version = 0;
  std::optional<sim::BrokerId> node_id;
  std::optional<std::string> cluster_id;
  std::optional<sim::Uuid> directory_id;
  std::optional<std::string> path;                            // on the node: "/var/lib/kafka/data"
  std::optional<std::vector<PartitionDirectory>> partitions;  // sorted by name
  std::optional<std::uint64_t> kib_free;                      // of its file system
};

// The end of a log that the node's software wrote, from the beginning of a line.
struct LogExcerpt {
  std::string file;
  std::string text;
};

struct NodeFacts {
  std::string name;                  // of its folder: "broker-1"
  std::optional<NodeConfig> config;  // its server.properties
  std::vector<LogDirectory> log_directories;
  std::optional<std::string> host;      // the machine that its files were collected on
  std::optional<std::string> software;  // "3.9.1"
  std::optional<std::string> java;      // "17.0.12"
  std::vector<std::string> jars;        // names: "kafka_2.13-3.9.1.jar"
  std::vector<LogExcerpt> logs;
  bool has_metadata_log = false;  // a __cluster_metadata-0 lies in its folder

  // By its configuration; without one, by its name ("controller-3000").
  bool is_controller() const;
  bool is_broker() const;
};

// A member of the ensemble, by the files on its machine.
struct ZooKeeperServerFacts {
  std::string name;  // of its folder: "zookeeper-1"
  std::optional<std::string> host;
  std::optional<sim::PropertiesFile> config;  // its zoo.cfg
  std::optional<std::int64_t> id;             // its myid
  std::optional<std::string> software;        // "3.8.4"
  std::optional<std::string> java;
  std::vector<std::string> jars;
  std::vector<LogExcerpt> logs;
};

struct ZooKeeperFacts {
  std::string source;
  std::string root;  // the cluster's chroot, "" for none
  zk::Tree tree;
  zk::ClusterView view;
  sim::MetadataImage image;  // what a copy would make of it
  zk::ReadReport report;
  bool secret_known = false;  // password.encoder.secret was at hand

  // A znode of this cluster, by its path in Kafka's terms; null where there is none.
  const zk::Znode* znode(std::string_view path) const {
    return tree.find(root + std::string(path));
  }
  std::vector<std::string> children(std::string_view path) const {
    return tree.children(root + std::string(path));
  }
};

// What a node knew last of the quorum: its quorum-state.
struct QuorumFacts {
  sim::RaftEpoch epoch;
  std::optional<sim::BrokerId> leader;  // none: it knows of no leader in that epoch
};

struct MetadataFacts {
  std::string source;
  std::optional<sim::BrokerId> node;  // whose log it is
  sim::MetadataImage image;
  sim::OffsetAndEpoch end{sim::RaftEpoch(-1),
                          sim::Offset(0)};        // of the log: one past the last record
  std::optional<sim::BrokerId> leader;            // of that epoch, as far as known
  std::optional<std::int64_t> records_of_leader;  // since it was elected, its first one left out
  std::optional<QuorumFacts> quorum;
  bool from_the_beginning = false;  // no checkpoint stands in for older records
  bool damaged = false;
  std::optional<std::string> open_transaction;  // its name; begun and not ended
  // The metadata as of /migration's offset, where the log reaches back to it.
  std::optional<sim::MetadataImage> at_checkpoint;
  std::optional<std::set<sim::QuotaEntity>> quotas_removed;  // up to there, if nothing is forgotten
  // What topics had when they were deleted, and nothing has set since; up to there.
  std::map<sim::ConfigResource, std::map<std::string, std::string>> configs_of_deleted_topics;
  // Brokers whose last unfencing lies in a transaction that was aborted, with its offset.
  std::map<sim::BrokerId, sim::Offset> unfenced_in_vain;
  // Brokers that were in KRaft mode and have registered in ZooKeeper mode again.
  std::set<sim::BrokerId> back_in_zookeeper_mode;
  std::optional<sim::Offset> migration_state_at;  // of the last ZkMigrationStateRecord, if known
};

// What a person said where no file tells.
struct Answer {
  bool yes = false;
  std::string reason;
  std::string where;  // "answers.txt:3"
};

struct ClusterFacts {
  std::optional<ZooKeeperFacts> zookeeper;
  std::vector<MetadataFacts> metadata;
  std::vector<NodeFacts> nodes;
  std::vector<ZooKeeperServerFacts> ensemble;
  Phase phase = Phase::S0;
  std::string phase_because;                           // a sentence
  Profile profile = Profile::Apache;                   // who runs the cluster's nodes
  std::map<std::string, Answer, std::less<>> answers;  // by the id of the check that asks

  // Whether KRaft's metadata are what counts in this phase, and ZooKeeper's a copy.
  bool kraft_leads() const { return phase >= Phase::S4 && phase != Phase::R2; }
  // The store that counts. Null: it was not given.
  struct Store {
    const sim::MetadataImage* image = nullptr;
    std::string source;
  };
  Store leading_store() const;
  // The log that ends last: by epoch, then by offset. Null without any.
  const MetadataFacts* latest() const;
  std::vector<const NodeFacts*> brokers() const;
  std::vector<const NodeFacts*> controllers() const;
  // The cluster's id as ZooKeeper says it, or else as the nodes' directories agree.
  std::optional<std::string> cluster_id() const;
};

// Static voters whose registration with the quorum does not say that they migrate: the driver waits
// for them. Nobody, where controllers do not register yet (before 3.7, migration.md §6.3).
std::set<sim::BrokerId> voters_not_ready(const ClusterFacts& facts,
                                         const sim::MetadataImage& image);

// Controllers whose files are without the migration flag.
std::vector<const NodeFacts*> controllers_without_flag(const ClusterFacts& facts);

// Whether the driver asks each voter if it migrates (ApiVersions), and waits for those that do not:
// so do 3.5 and 3.6, in which no controller registers (QuorumFeatures). False where the release of
// no controller is known.
bool driver_asks_voters(const ClusterFacts& facts);

// Lets dynamic broker configs win over the nodes' files, as they do on a running node: those of the
// store that leads in the facts' phase; what ZooKeeper has counts for controllers too, who get it
// with the copy. Again for another phase: replaces what it did before.
void apply_dynamic_configs(ClusterFacts& facts);

// Where the cluster stands by what is known of it, and why we think so. With nothing known: S0.
struct PhaseGuess {
  Phase phase = Phase::S0;
  std::string because;
};
PhaseGuess guess_phase(const ClusterFacts& facts);

}  // namespace migrate
