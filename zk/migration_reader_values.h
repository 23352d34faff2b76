#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/kafka/ids.h"
#include "sim/kafka/quota_value.h"
#include "sim/kafka/records.h"
#include "zk/migration_reads.h"
#include "zk/znodes.h"

// From the bytes of single znodes to what they mean for the metadata, with one rule for all that
// cannot be read. The copy (zk/migration_reader.h) makes records of it, the reconciliation
// (zk/migration_writer.h) compares it with an image.
namespace zk {

// What to do with a znode that cannot be read.
enum class ReadManner : std::uint8_t {
  Driver,  // as the migration driver: where Kafka throws, reading fails, and where it does not, it
           // goes on
  Reader,  // as a person wants it: name it in the report and go on with the next
};

// What former releases of Kafka made of znodes (migration.md §6.8, §7.1); none is in 3.9.1.
struct ReadDefects {
  // KAFKA-15552: the block of producer ids that is in use counts as the next one.
  bool current_producer_id_block_is_next = false;
  // KAFKA-16222: names of users and clients stay URL-encoded, and <default> is a name without letters.
  bool entity_names_stay_encoded = false;
  bool operator==(const ReadDefects&) const = default;
};

struct ReadOptions {
  ReadManner manner = ReadManner::Reader;
  ReadDefects defects = {};
  // password.encoder.secret. Without it encoded passwords are carried as they stand, as a
  // controller without a secret does.
  std::optional<std::string> password_secret;
  bool operator==(const ReadOptions&) const = default;
};

struct UnreadableZnode {
  std::string path;
  std::string why;                 // a sentence without the path
  bool kafka_throws = true;        // false: Kafka takes it for empty or absent and says nothing
  std::optional<ErrorCode> error;  // of the server, which refused; absent: of what the znode holds
  bool operator==(const UnreadableZnode&) const = default;
};

// A config whose value stayed encoded: no secret was given, or it does not fit.
struct EncodedPassword {
  std::string path;
  std::string config;
  std::string why;
  bool operator==(const EncodedPassword&) const = default;
};

struct ReadReport {
  std::vector<UnreadableZnode> unreadable;
  std::vector<EncodedPassword> encoded_passwords;
  // Configs whose password was decoded, by path and name.
  std::vector<std::pair<std::string, std::string>> decoded_passwords;
  // Config znodes without a single config: KRaft knows no such thing.
  std::vector<std::string> empty_configs;
  std::vector<std::string> topics_pending_deletion;           // not copied, sorted
  std::vector<sim::TopicPartition> partitions_without_state;  // copied with ISR = replicas (MB-18)
  std::set<sim::BrokerId> brokers_named;  // in assignments and by broker configs; registered or not
  bool operator==(const ReadReport&) const = default;
};

struct TopicMetadata {
  std::string name;
  sim::Uuid id;
  ConfigZnode config;
  std::vector<sim::PartitionRecord> partitions;  // by number
};

struct ScramUser {
  std::string name;
  sim::ScramMechanism mechanism = sim::ScramMechanism::Unknown;
  ScramCredential credential;
};

// A znode below /config/{users,clients,ips}: SCRAM credentials first, then quotas, as Kafka visits
// them.
struct QuotaMetadata {
  std::vector<sim::EntityData> entity;
  std::vector<ScramUser> credentials;
  std::map<std::string, sim::QuotaValue> quotas;
};

// Interprets znode after znode and keeps the account of what could not be. Each function returns
// nothing when there is nothing to use: the znode is absent, or it cannot be read. `failed` then
// tells whether the caller must stop.
class ZnodeReading {
 public:
  explicit ZnodeReading(ReadOptions options) : options_(std::move(options)) {}

  std::optional<TopicMetadata> topic(const TopicsRead::Topic& topic);
  // An absent znode is an empty map.
  std::optional<ConfigZnode> config(const ZnodeAnswer& answer);
  // `user` and `client` (or `ip`) as the znodes are named. Only `with_credentials` looks for SCRAM
  // keys.
  std::optional<QuotaMetadata> quota(
      const ZnodeAnswer& answer,
      const std::vector<std::pair<std::string_view, std::string>>& entity, bool with_credentials);
  std::optional<ProducerIdBlockZnode> producer_id_block(const ZnodeAnswer& answer);
  std::optional<std::vector<AclEntry>> acls(const ZnodeAnswer& answer);
  std::optional<DelegationTokenZnode> delegation_token(const ZnodeAnswer& answer);
  void errors(const std::vector<ReadError>& errors);
  // In the manner of the driver a refused read is the end of reading, whatever else was to be
  // asked; true then. NoNode is an answer.
  bool refused(const std::vector<Request>& requests, const std::vector<Response>& responses);
  void unreadable(std::string path, Unreadable why, std::optional<ErrorCode> error = std::nullopt);

  bool failed() const { return failure_.has_value(); }
  const std::optional<UnreadableZnode>& failure() const { return failure_; }
  const ReadReport& report() const { return report_; }
  ReadReport& report() { return report_; }
  const ReadOptions& options() const { return options_; }
  // Where the next block of producer ids begins.
  sim::ProducerId next_producer_id(const ProducerIdBlockZnode& block) const;

 private:
  bool has_data(const ZnodeAnswer& answer);
  std::optional<sim::PartitionRecord> partition(const TopicsRead::Topic& topic, sim::PartitionId id,
                                                const TopicZnode::Assignment& assignment);
  void decode_passwords(const std::string& path, ConfigZnode& config);

  PartitionStateReader states_;
  ReadOptions options_;
  ReadReport report_;
  std::optional<UnreadableZnode> failure_;
};

}  // namespace zk
