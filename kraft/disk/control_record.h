#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/bytes.h"
#include "sim/base/problem.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/record_fields.h"
#include "sim/kafka/uuid.h"

// What the Raft layer itself writes into a metadata log or checkpoint: records of control batches,
// which take offsets but are invisible to the controller (ControlRecordType, ControlRecordUtils;
// kraft.md §6.5). The key of such a record names its type, its value is the bare message. Names and
// fields are Kafka's.
namespace kraft {

struct Voter {
  sim::BrokerId voter_id;
  sim::Uuid voter_directory_id;
  sim::UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const Voter&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::wire("voterId", &Voter::voter_id),
                 sim::wire("voterDirectoryId", &Voter::voter_directory_id, {.since = 1}));
  }
};

// The first record of every epoch.
struct LeaderChangeMessage {
  static constexpr std::string_view kName = "LeaderChangeMessage";
  static constexpr std::int16_t kControlType = 2;
  static constexpr std::int16_t kHighestVersion = 1;  // 3.9 writes 0
  std::int16_t version = 0;
  sim::BrokerId leader_id;
  std::vector<Voter> voters;
  std::vector<Voter> granting_voters;
  sim::UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const LeaderChangeMessage&) const = default;
  static constexpr auto fields(auto&& visit) {
    using M = LeaderChangeMessage;
    return visit(sim::wire("version", &M::version), sim::wire("leaderId", &M::leader_id),
                 sim::wire("voters", &M::voters), sim::wire("grantingVoters", &M::granting_voters));
  }
};

// The first record of every checkpoint.
struct SnapshotHeaderRecord {
  static constexpr std::string_view kName = "SnapshotHeader";
  static constexpr std::int16_t kControlType = 3;
  static constexpr std::int16_t kHighestVersion = 0;
  std::int16_t version = 0;
  std::int64_t last_contained_log_timestamp = 0;  // ms; append time of the last batch contained
  sim::UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const SnapshotHeaderRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    using M = SnapshotHeaderRecord;
    return visit(sim::wire("version", &M::version),
                 sim::wire("lastContainedLogTimestamp", &M::last_contained_log_timestamp));
  }
};

// The last record of every checkpoint.
struct SnapshotFooterRecord {
  static constexpr std::string_view kName = "SnapshotFooter";
  static constexpr std::int16_t kControlType = 4;
  static constexpr std::int16_t kHighestVersion = 0;
  std::int16_t version = 0;
  sim::UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const SnapshotFooterRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::wire("version", &SnapshotFooterRecord::version));
  }
};

struct KRaftVersionRecord {
  static constexpr std::string_view kName = "KRaftVersion";
  static constexpr std::int16_t kControlType = 5;
  static constexpr std::int16_t kHighestVersion = 0;
  std::int16_t version = 0;
  std::int16_t kraft_version = 0;
  sim::UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const KRaftVersionRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::wire("version", &KRaftVersionRecord::version),
                 sim::wire("kRaftVersion", &KRaftVersionRecord::kraft_version));
  }
};

struct VoterEndpoint {
  std::string name;
  std::string host;
  std::uint16_t port = 0;
  sim::UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const VoterEndpoint&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::wire("name", &VoterEndpoint::name), sim::wire("host", &VoterEndpoint::host),
                 sim::wire("port", &VoterEndpoint::port));
  }
};

struct KRaftVersionFeature {
  std::int16_t min_supported_version = 0;
  std::int16_t max_supported_version = 0;
  sim::UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const KRaftVersionFeature&) const = default;
  static constexpr auto fields(auto&& visit) {
    using F = KRaftVersionFeature;
    return visit(sim::wire("minSupportedVersion", &F::min_supported_version),
                 sim::wire("maxSupportedVersion", &F::max_supported_version));
  }
};

// A voter as VotersRecord.json describes it.
struct DynamicVoter {
  sim::BrokerId voter_id;
  sim::Uuid voter_directory_id;
  std::vector<VoterEndpoint> endpoints;
  KRaftVersionFeature kraft_version_feature;
  sim::UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const DynamicVoter&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::wire("voterId", &DynamicVoter::voter_id),
                 sim::wire("voterDirectoryId", &DynamicVoter::voter_directory_id),
                 sim::wire("endpoints", &DynamicVoter::endpoints),
                 sim::wire("kRaftVersionFeature", &DynamicVoter::kraft_version_feature));
  }
};

struct VotersRecord {
  static constexpr std::string_view kName = "KRaftVoters";
  static constexpr std::int16_t kControlType = 6;
  static constexpr std::int16_t kHighestVersion = 0;
  std::int16_t version = 0;
  std::vector<DynamicVoter> voters;
  sim::UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const VotersRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::wire("version", &VotersRecord::version),
                 sim::wire("voters", &VotersRecord::voters));
  }
};

using ControlRecord = std::variant<LeaderChangeMessage, SnapshotHeaderRecord, SnapshotFooterRecord,
                                   KRaftVersionRecord, VotersRecord>;

struct KeyAndValue {
  sim::Bytes key;
  sim::Bytes value;
};
// Each record is written in the version that its first field states.
KeyAndValue encode_control_record(const ControlRecord& record);

// `Unknown` where the type or version is not Kafka 3.9's, `Malformed` where the bytes are not such
// a message. Offsets count from the start of the value.
sim::Expected<ControlRecord> decode_control_record(sim::ByteView key, sim::ByteView value);

// "LEADER_CHANGE(2)", as kafka-dump-log names the type of a control record; "UNKNOWN(9)" else.
std::string control_type_name(std::int16_t type);
// The type in a control record's key; -1 where the key holds none.
std::int16_t control_type(sim::ByteView key);

}  // namespace kraft
