#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/kafka/image.h"
#include "sim/kafka/records.h"

// A deliberately naive image: sorted maps of plain values, and the replay rules written down a second time as
// plainly as they can be. And a source of random records that mostly make sense together.
namespace sim::testing {

struct NaiveImage {
  int metadata_version = 1;
  ZkMigrationState migration = ZkMigrationState::None;
  std::int64_t next_producer_id = -1;
  std::map<std::string, int> features;
  std::map<int, BrokerRegistration> brokers;
  std::map<int, ControllerRegistration> controllers;
  std::map<std::string, Uuid> topics;
  std::map<std::pair<std::string, int>, Partition> partitions;
  std::map<std::tuple<int, std::string, std::string>, std::string> configs;
  std::map<std::pair<QuotaEntity, std::string>, QuotaValue> quotas;
  std::map<std::pair<int, std::string>, ScramCredential> scram;
  std::map<Uuid, Acl> acls;
  std::map<std::string, DelegationToken> tokens;
  bool operator==(const NaiveImage&) const = default;

  static NaiveImage of(const MetadataImage& image);
  // False, and nothing changed, if the record contradicts what is there.
  bool replay(const Record& record);
};

// A random record; topics, partitions, brokers, keys come from small ranges so that records meet. Those
// that refer to something prefer what `known` holds.
Record random_record(const NaiveImage& known);
// Records that replay one after another on `image`, which they change. Some that do not replay are tried
// on the way and left out.
std::vector<Record> random_history(NaiveImage& image, int most_records);

}  // namespace sim::testing
