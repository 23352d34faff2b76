#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/digest.h"
#include "zk/request.h"
#include "zk/znodes.h"

// One logical write of the mirror ("create topic orders") and how it becomes requests: fenced by
// the epoch of the claim and by /migration, tried again where a znode is missing, announced where
// brokers in ZooKeeper mode must hear of it (KafkaZkClient.retryMigrationRequestsUntilConnected and
// the classes in kafka.zk.migration; migration.md §2.9, §4.2).
namespace zk {

// What the migration driver knows of its place in ZooKeeper (ZkMigrationLeadershipState).
struct MirrorContext {
  MigrationZnode
      migration;  // what each operation writes to /migration: the offset is still the old one
  DataVersion migration_zk_version{-2};         // -2: unknown, which no znode ever matches
  DataVersion controller_epoch_zk_version{-2};  // of /controller_epoch right after the claim
  sim::ControllerEpoch controller_epoch{0};     // the claim's
  bool operator==(const MirrorContext&) const = default;
};

struct MirrorFailure {
  enum class Kind : std::uint8_t {
    ControllerMoved,    // ControllerMovedException: /controller_epoch has another version
    AnotherController,  // RuntimeException: /migration has another version, "another KRaft
                        // controller writes"
    ZooKeeper,          // MigrationClientException around a KeeperException, or raised by a client
    Authentication,     // MigrationClientAuthException: no retry will help
    Unexpected,  // any other exception: a defect of Kafka, or content that it does not expect
  };
  Kind kind = Kind::ZooKeeper;
  std::string what;
  bool operator==(const MirrorFailure&) const = default;
};

// Each request becomes a multi of [check /controller_epoch, check /migration, request]; the last
// one's second operation writes /migration instead, and so moves its version by one. The multis are
// sent together: none waits for another, and the failure of one does not stop the next. Requires
// creates, deletes and setDatas, and a claim (a version of /controller_epoch that is not negative).
std::vector<Request> fence(const std::vector<Request>& requests, const MirrorContext& context);

struct Unfenced {
  std::vector<ErrorCode> codes;  // of each request
  DataVersion migration_zk_version;
};
// What became of the fenced requests, or the failure that Kafka throws for them.
std::expected<Unfenced, MirrorFailure> unfence(const std::vector<Response>& responses,
                                               const MirrorContext& context);

// When the codes of an operation's requests are a success, and what then.
enum class Acceptance : std::uint8_t {
  AllOk,
  OkOrNodeExists,  // partitions of an existing topic: its folder may be there
  TopicCreated,    // all Ok; if the topic's znode was there, done without adopting the version
  LastOk,          // a topic's deletion: what is below may have gone already
  Whatever,        // the producer id: Kafka never looks
  OkOrAbsent,      // NoNode: done, the version is not adopted, nothing is announced
  AclDeleted,      // Ok and NoNode alike
  AclWritten,      // anything but NoNode
};

struct MirrorOperation {
  std::string type;               // "CreateTopic": Kafka's names, as they are counted in its log
  std::string what;               // "Created Topic orders, ID …"
  std::vector<Request> requests;  // to be fenced
  Acceptance acceptance = Acceptance::AllOk;
  // All znodes below are listed first and deleted, the deepest first, before `requests`.
  std::optional<std::string> delete_below;
  // If the one request answers NoNode: create this folder (unfenced, parents as needed) and send
  // `create`.
  std::optional<std::string> folder_to_create;
  std::optional<Request> create;
  // Announcement after success, outside the fence.
  std::optional<Request> notification;
  std::optional<std::string> notification_folder;  // made sure of before; its failure counts then
  // A KeeperException reaches the driver as it is, and so as a fault: of the clients' methods,
  // three do not wrap theirs.
  bool unwrapped = false;
  // Kafka throws before it sends anything.
  std::optional<MirrorFailure> throws;
};

// An operation under way: a copyable value. Loop: send `requests()` together, hand the answers to
// `advance`.
class OperationRun {
 public:
  // `context` is adopted and kept up to date until the operation ends.
  OperationRun(MirrorOperation operation, const MirrorContext& context);

  const std::vector<Request>& requests() const { return requests_; }  // empty: ended
  void advance(const std::vector<Response>& responses);

  bool ended() const { return requests_.empty(); }
  const std::optional<MirrorFailure>& failure() const { return failure_; }
  // After the end. The version of /migration is adopted on success alone: what was written before a
  // failure has moved it all the same, and every later write of this leader fails on that (MB-04).
  const MirrorContext& context() const { return context_; }
  const MirrorOperation& operation() const { return operation_; }
  void digest_into(sim::Digest& digest) const;

 private:
  enum class Step : std::uint8_t {
    List,
    Write,
    CreateFolder,
    WriteAgain,
    NotificationFolder,
    Notify,
    Ended
  };
  void send(Step step, std::vector<Request> requests);
  void send_fenced(Step step, const std::vector<Request>& requests);
  void end();
  void fail(MirrorFailure failure);
  void listed(const Response& response);
  void list_next();
  void wrote(const std::vector<Response>& responses);
  void accept(const Unfenced& unfenced);
  void succeed(const Unfenced& unfenced);
  void notify();
  // One answer of the creation of a folder with its parents; true when the folder is there.
  bool folder_advanced(const Response& response);
  void create_folder(Step step, const std::string& path);

  MirrorOperation operation_;
  MirrorContext context_;
  Step step_ = Step::Ended;
  std::vector<Request> requests_;
  std::optional<MirrorFailure> failure_;
  // Depth-first listing: what is still to be listed, and what was found, parents before children.
  std::vector<std::string> to_list_;
  std::vector<std::string> found_;
  std::vector<std::string> folders_;  // to be created, the deepest at the back
};

// What an error of ZooKeeper means to the migration client (ZkMigrationClient.wrapZkException).
MirrorFailure zookeeper_failure(ErrorCode error, std::string_view path);

}  // namespace zk
