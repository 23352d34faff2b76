#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/digest.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/records.h"
#include "zk/migration_reader_values.h"
#include "zk/migration_reads.h"
#include "zk/request.h"

// The copy: Kafka's znodes turned into metadata records (ZkMigrationClient.readAllMetadata,
// migration.md §3.3, §3.4). A machine that asks for batches of reads and is given their answers, so
// that the migration driver runs it against an ensemble, simulated or real, and a reader of files
// runs it against a tree that it holds (zk/tree_reader.h). Both get the same records, for there is
// no second way from znodes to records.
//
//   topics ─► broker configs ─► quotas and SCRAM ─► producer id ─► ACLs ─► delegation tokens
//
// Where Kafka follows the order of a hash set (topics, configs, partitions, entities, entries of an
// ACL) this follows the order of names and numbers: Kafka promises none, and a seed must give one.
namespace zk {

// One list as Kafka hands it to its consumer; the driver's buffer never splits it.
using RecordList = std::vector<sim::Record>;

// A copyable value. Loop: send `requests()` together, wait for all answers, hand them to `advance`.
class MigrationRead {
 public:
  explicit MigrationRead(ReadOptions options);

  // The batch to send now; paths are relative to the chroot. Empty exactly when done or failed.
  const std::vector<Request>& requests() const { return requests_; }
  // Answers in the order of the requests; CONNECTIONLOSS must have been retried by the caller.
  // Returns the lists that are now complete: append them before reading on, as the driver does.
  // `new_acl_id` is asked once for each entry of an ACL.
  std::vector<RecordList> advance(std::vector<Response> responses,
                                  const std::function<sim::Uuid()>& new_acl_id);

  bool done() const { return !reading_.failed() && requests_.empty(); }
  // Why the copy cannot go on; the driver aborts the transaction then. Only in the manner of the
  // driver.
  const std::optional<UnreadableZnode>& failure() const { return reading_.failure(); }
  const ReadReport& report() const { return reading_.report(); }
  void digest_into(sim::Digest& digest) const;

 private:
  enum class Family : std::uint8_t {
    Topics,
    BrokerConfigs,
    Users,
    Clients,
    UserClients,
    Ips,
    ProducerId,
    Acls,
    Tokens,
    None,
  };
  void begin(Family family);
  void ask();
  // The lists of the family that has been read.
  void topics(std::vector<RecordList>& lists);
  void broker_configs(std::vector<RecordList>& lists);
  void quotas(std::string_view entity_type, std::vector<RecordList>& lists);
  void user_client_quotas(std::vector<RecordList>& lists);
  void producer_id(std::vector<RecordList>& lists);
  void acls(const std::function<sim::Uuid()>& new_acl_id, std::vector<RecordList>& lists);
  void delegation_tokens(std::vector<RecordList>& lists);

  ZnodeReading reading_;
  Family family_ = Family::Topics;
  std::variant<TopicsRead, FolderRead, UserClientsRead, AclsRead, ZnodeRead> read_;
  std::vector<Request> requests_;
  std::uint64_t history_ = 0;  // digest of all answers
};

}  // namespace zk
