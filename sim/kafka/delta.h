#pragma once

#include <boost/container/flat_set.hpp>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "sim/base/problem.h"
#include "sim/kafka/image.h"
#include "sim/kafka/image_partition.h"
#include "sim/kafka/records.h"

namespace sim {

// What a delta did to one topic that is still there.
struct TopicChange {
  std::string name;
  // A TopicRecord stands in the delta: the topic began without partitions, whatever it was in the base.
  bool is_new = false;
  boost::container::flat_set<PartitionId> partitions;  // that some record named
};

// What the records of a delta named, by family, in canonical order: touched, not necessarily different (a
// config set to the value that it had is named here, and Kafka's migration driver writes its znode again).
// What became of each is in the delta's `now()`, what it was in its `base()`.
struct MetadataChanges {
  bool metadata_version = false;
  bool zk_migration_state = false;
  std::set<std::string> features;  // without metadata.version
  std::set<BrokerId> brokers;      // registered, changed, or unregistered
  std::set<BrokerId> controllers;
  std::map<Uuid, TopicChange> topics;          // that exist after the delta
  std::map<Uuid, std::string> deleted_topics;  // that the base had, by id with their names
  std::map<ConfigResource, std::set<std::string>> configs;
  std::map<QuotaEntity, std::set<std::string>> client_quotas;
  std::set<std::pair<ScramMechanism, std::string>> scram;
  std::set<Uuid> acls;
  std::set<std::string> tokens;
  bool producer_ids = false;

  bool any_topic() const { return !topics.empty() || !deleted_topics.empty(); }
  bool any_node() const { return !brokers.empty() || !controllers.empty(); }
  bool any() const;
};

// The way from one image to the next: records are replayed, one by one, on a copy of the base (Kafka's
// MetadataDelta; kraft.md §4.2, §5.1). Used for a run of log records, or for the records of a snapshot, ended
// by `finish_snapshot`. A value: copying it branches the replay.
class MetadataDelta {
 public:
  explicit MetadataDelta(const MetadataImage& base) : base_(base), now_(base.parts()) {}

  // Replays one record by Kafka's rules. If the record contradicts what is there (an unknown topic or
  // partition, another broker epoch, something to remove that is not there), or is one that only a log's
  // reader can deal with (the three transaction records), the delta stays as it was and the answer is a
  // Problem at `place`.
  Expected<void> replay(const Record& record, const Place& place = {});

  // To be called after the records of a snapshot: what the base had and the snapshot did not name is removed.
  void finish_snapshot();

  // The image that the delta leads to. It costs a copy; the delta can go on.
  MetadataImage apply(Provenance provenance) const { return {now_, provenance}; }

  const MetadataImage& base() const { return base_; }
  const ImageParts& now() const { return now_; }
  const MetadataChanges& changes() const { return changes_; }
  // True if some record, or the end of a snapshot, named anything.
  bool empty() const { return !changes_.any(); }

  // The partition as it was before this delta, nothing if it is new or its topic is.
  std::optional<Partition> partition_before(Uuid topic, PartitionId id) const;

 private:
  using Outcome = std::expected<void, ReplayError>;
  Outcome replay_one(const TopicRecord& record);
  Outcome replay_one(const PartitionRecord& record);
  Outcome replay_one(const PartitionChangeRecord& record);
  Outcome replay_one(const RemoveTopicRecord& record);
  Outcome replay_one(const ConfigRecord& record);
  Outcome replay_one(const ClientQuotaRecord& record);
  Outcome replay_one(const RegisterBrokerRecord& record);
  Outcome replay_one(const UnregisterBrokerRecord& record);
  Outcome replay_one(const FenceBrokerRecord& record);
  Outcome replay_one(const UnfenceBrokerRecord& record);
  Outcome replay_one(const BrokerRegistrationChangeRecord& record);
  Outcome replay_one(const RegisterControllerRecord& record);
  Outcome replay_one(const FeatureLevelRecord& record);
  Outcome replay_one(const ZkMigrationStateRecord& record);
  Outcome replay_one(const ProducerIdsRecord& record);
  Outcome replay_one(const UserScramCredentialRecord& record);
  Outcome replay_one(const RemoveUserScramCredentialRecord& record);
  Outcome replay_one(const DelegationTokenRecord& record);
  Outcome replay_one(const RemoveDelegationTokenRecord& record);
  Outcome replay_one(const AccessControlEntryRecord& record);
  Outcome replay_one(const RemoveAccessControlEntryRecord& record);
  Outcome replay_one(const NoOpRecord&) { return {}; }
  Outcome replay_one(const BeginTransactionRecord& record);
  Outcome replay_one(const EndTransactionRecord& record);
  Outcome replay_one(const AbortTransactionRecord& record);

  // The registration, if its epoch is the one that a record was written for.
  std::expected<BrokerRegistration, ReplayError> registered(BrokerId id, BrokerEpoch epoch) const;
  void put_broker(BrokerRegistration registration);
  TopicChange& change_of(const Topic& topic);
  void remove_topic(Uuid id);
  void remove_configs(const ConfigResource& resource);
  void finish_topics();
  void finish_configs();
  void finish_quotas();

  MetadataImage base_;
  ImageParts now_;
  MetadataChanges changes_;
};

}  // namespace sim
