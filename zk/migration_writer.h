#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sim/base/digest.h"
#include "sim/kafka/delta.h"
#include "sim/kafka/image.h"
#include "zk/migration_reader_values.h"
#include "zk/migration_reads.h"
#include "zk/migration_writer_operation.h"
#include "zk/password.h"

// The mirror: what a KRaft controller writes to ZooKeeper so that it says what the image says
// (KRaftMigrationZkWriter, migration.md §4.2, §4.3). Two ways lead there: a delta's changes,
// written as they are; or, after a claim, everything in ZooKeeper read, compared with the image,
// and the differences written.
//
//   topics ─► configs ─► quotas and SCRAM ─► producer id ─► ACLs ─► delegation tokens ─► finished
//
// Each family's reads and writes are done before the next begins. The offset in /migration is not
// written here: that is the driver's last step, after this has finished.
namespace zk {

// Behaviours of Kafka's writer that are defects. Those that are on are there in 3.9.1.
struct MirrorDefects {
  bool quota_removal_throws =
      true;  // MB-12: NullPointerException when an entity loses its last quota
  bool unknown_config_throws =
      true;  // MB-11: a config of another resource type ends the reconciliation
  // MB-08: new topics are created before those are deleted whose names they have. Off: after them.
  bool topics_created_before_deleted = true;
  // MB-10: a partition without a state znode is set, not created. Off: it is created first.
  bool missing_states_are_set = true;
  // KAFKA-20488: partitions' states bear the Raft epoch as controller_epoch. Off: the claim's.
  bool states_bear_raft_epoch = true;
  // KAFKA-16003: a topic that is created in KRaft has a config znode only if it has configs.
  bool topics_get_no_config_znode = false;
  bool operator==(const MirrorDefects&) const = default;
};

struct MirrorOptions {
  std::optional<std::string>
      password_secret;  // password.encoder.secret; without it passwords stay plain
  PasswordEncoding password_encoding;
  // Salts and initialization vectors follow from it and from what is encoded.
  std::uint64_t nonce_seed = 0;
  // zookeeper.set.acl: new znodes belong to their creator, others read what is not sensitive.
  bool set_acl = false;
  MirrorDefects defects;
  ReadDefects read_defects;
};

// A copyable value. Loop: send `requests()` together, hand all answers to `advance` (CONNECTIONLOSS
// must have been retried by the caller, as Kafka's client does). Sorted where Kafka follows the
// order of a hash map.
class MirrorWriter {
 public:
  // handleDelta: `delta` leads from the previous image to the one to be mirrored.
  static MirrorWriter delta(const sim::MetadataDelta& delta, const MirrorContext& context,
                            const MirrorOptions& options);
  // handleSnapshot: reads all of ZooKeeper, family by family.
  static MirrorWriter snapshot(const sim::MetadataImage& image, const MirrorContext& context,
                               const MirrorOptions& options);

  const std::vector<Request>& requests() const { return requests_; }  // empty: finished or failed
  void advance(std::vector<Response> responses);

  bool finished() const { return requests_.empty() && !failure_; }
  // What Kafka throws. What was written before it stays written; what comes after it is skipped.
  const std::optional<MirrorFailure>& failure() const { return failure_; }
  // With the version of /migration as far as it has been adopted.
  const MirrorContext& context() const { return context_; }
  // Operations that succeeded, by type: what Kafka logs as "Made the following ZK writes".
  const std::map<std::string, int>& counts() const { return counts_; }
  // What succeeded since this was last asked, in order: "Created Topic orders, ID …".
  std::vector<std::string> take_operations_done() { return std::exchange(done_, {}); }
  void digest_into(sim::Digest& digest) const;

 private:
  enum class Stage : std::uint8_t {
    Delta,
    PendingDeletions,
    Topics,
    BrokerConfigs,
    TopicConfigs,
    Users,
    Clients,
    UserClients,
    Ips,
    ProducerId,
    Acls,
    TokensWritten,
    TokenNames,
    Finished,
  };
  using Read =
      std::variant<std::monostate, FolderRead, TopicsRead, UserClientsRead, AclsRead, ZnodeRead>;

  MirrorWriter(Stage stage, const sim::MetadataImage& image, const MirrorContext& context,
               const MirrorOptions& options);
  // Until there is something to send: ends operations, begins the next, begins the next stage.
  void proceed();
  void begin_stage();
  void read_complete();
  void fail(MirrorFailure failure);
  void fail_as_reading_did();

  void reconcile_topics();
  void reconcile_configs();
  void collect_quotas(const FolderRead& read, std::string_view entity_type);
  void collect_user_client_quotas(const UserClientsRead& read);
  void compare_quota(const QuotaMetadata& metadata);
  void reconcile_quotas();
  void reconcile_producer_id(const ZnodeRead& read);
  void reconcile_acls(const AclsRead& read);
  void reconcile_token_names(const FolderRead& read);

  Stage stage_;
  std::shared_ptr<const sim::MetadataImage> image_;
  MirrorContext context_;
  std::shared_ptr<const MirrorOptions> options_;
  ZnodeReading reading_;
  Read read_;
  // Collected by earlier reads of a family that needs several.
  std::vector<TopicMetadata> topics_;
  std::map<sim::ConfigResource, ConfigZnode> configs_;
  std::set<sim::QuotaEntity> changed_entities_;
  std::set<std::optional<std::string>> changed_users_;

  std::deque<MirrorOperation> operations_;
  std::optional<OperationRun> running_;
  std::vector<Request> requests_;
  std::optional<MirrorFailure> failure_;
  std::map<std::string, int> counts_;
  std::vector<std::string> done_;
};

// The text of a quota as ZooKeeper mode writes it: rates as integers, percentages as Java doubles.
// Nothing if a rate is no whole number, or the key is none of this entity's (Kafka throws).
std::optional<std::string> quota_text(const sim::QuotaEntity& entity, const std::string& key,
                                      sim::QuotaValue value);

}  // namespace zk
