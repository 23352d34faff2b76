#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kafka/ids.h"
#include "sim/kafka/image.h"
#include "zk/migration_reader.h"
#include "zk/request.h"
#include "zk/tree.h"
#include "zk/znodes.h"

// The copy and the image from a tree that one holds: of a data directory, of a live ensemble read
// as a whole, or of a simulated server. `root` is the chroot of the cluster, "" or "/" for none.
namespace zk {

// What a server with this tree answers to a getData, getChildren or exists (no permissions are
// looked at). The paths of the requests are relative to `root`. Requires one of those three.
Response answer(const Tree& tree, std::string_view root, const Request& request);

struct TreeCopy {
  std::vector<RecordList> lists;  // as the driver hands them to its consumer
  ReadReport report;
  std::optional<UnreadableZnode> failure;  // in the manner of the driver alone
};
// The records that the copy would make of this tree. ACL ids follow from what each entry says.
TreeCopy copy_of(const Tree& tree, std::string_view root, const ReadOptions& options);

struct TreeImage {
  sim::MetadataImage image;
  ReadReport report;
};
// The image that the copy would make: the nine mirrored families, without registrations and
// features. What cannot be read is in the report and not in the image.
TreeImage zk_to_image(const Tree& tree, std::string_view root, const ReadOptions& options);

// Brokers that are assigned a partition without a leader, or one whose ISR lacks them. Empty: every
// replica is in sync. What cannot be read is left out, as the copy leaves it out. Costs a look at
// each partition's znodes and keeps nothing of them: for those who ask often.
std::set<sim::BrokerId> brokers_out_of_sync(const Tree& tree, std::string_view root);

// What a tree says of its cluster besides the metadata that is copied.
struct ClusterView {
  struct Controller {
    ControllerZnode znode;
    DataVersion version;
    bool ephemeral = false;
  };
  struct Broker {
    BrokerZnode znode;
    sim::BrokerEpoch epoch;  // czxid
    SessionId session;
  };
  struct Migration {
    MigrationZnode znode;
    DataVersion version;
  };
  std::optional<std::string> cluster_id;
  std::optional<Controller> controller;
  std::optional<sim::ControllerEpoch> controller_epoch;
  std::optional<DataVersion> controller_epoch_version;  // the fencing token
  std::optional<Migration> migration;
  std::optional<FeatureZnode> feature;
  std::map<sim::BrokerId, Broker> brokers;  // registered
  std::vector<std::string> topics_pending_deletion;
  ReassignmentZnode legacy_reassignment;
  std::vector<sim::TopicPartition> preferred_replica_election;
  // The highest controller_epoch in any partition's state (KAFKA-20488: above /controller_epoch
  // after dual writes by a KRaft controller with a high Raft epoch).
  std::optional<sim::ControllerEpoch> highest_partition_controller_epoch;
  std::vector<UnreadableZnode> unreadable;
};
ClusterView cluster_view(const Tree& tree, std::string_view root);

}  // namespace zk
