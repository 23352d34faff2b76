#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/described.h"
#include "sim/kafka/application/dead_letter.h"
#include "sim/kafka/error.h"
#include "sim/kafka/rpc_groups.h"
#include "sim/kafka/rpc_transactions.h"

// What client programs say of themselves: the points at which a fault can strike ("crash consumer-1
// on client.Processed 3"), and what checkers and the account of brokers.md §4.6 are made of.
// (That poll() returned records is "client.Consumed", that a commit is durable "client.Committed".)
namespace sim {

// A partition begins, or begins anew, to be read there.
struct ClientPositionSet {
  static constexpr std::string_view kName = "client.PositionSet";
  static constexpr std::string_view kRule = "brokers.md §2.6";
  std::string group;
  TopicPartition topic_partition;
  Offset offset{};
  std::string from;  // "committed", "stored", "reset"
  bool operator==(const ClientPositionSet&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = ClientPositionSet;
    return visit(field("group", &N::group), field("topicPartition", &N::topic_partition),
                 field("offset", &N::offset), field("from", &N::from));
  }
};

// The side effect of the record was executed, once more.
struct ClientProcessed {
  static constexpr std::string_view kName = "client.Processed";
  static constexpr std::string_view kRule = "brokers.md §3.6";
  std::string group;
  RecordOrigin origin;
  std::int32_t attempt = 1;
  bool operator==(const ClientProcessed&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = ClientProcessed;
    return visit(field("group", &N::group), field("origin", &N::origin),
                 field("attempt", &N::attempt));
  }
};

// Deserialisation or processing failed.
struct ClientRecordFailed {
  static constexpr std::string_view kName = "client.RecordFailed";
  static constexpr std::string_view kRule = "brokers.md §4.1";
  std::string group;
  RecordOrigin origin;
  std::string stage;
  std::string exception;
  std::string message;
  std::int32_t attempt = 1;
  bool operator==(const ClientRecordFailed&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = ClientRecordFailed;
    return visit(field("group", &N::group), field("origin", &N::origin), field("stage", &N::stage),
                 field("exception", &N::exception), field("message", &N::message),
                 field("attempt", &N::attempt));
  }
};

// The payload of a bad record was written down.
struct ClientPayloadLogged {
  static constexpr std::string_view kName = "client.PayloadLogged";
  static constexpr std::string_view kRule = "brokers.md §4.2";
  std::string group;
  RecordOrigin origin;
  std::string key;
  std::string hex;
  std::string text;
  bool operator==(const ClientPayloadLogged&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = ClientPayloadLogged;
    return visit(field("group", &N::group), field("origin", &N::origin), field("key", &N::key),
                 field("hex", &N::hex), field("text", &N::text));
  }
};

// The record was passed over on purpose.
struct ClientSkipped {
  static constexpr std::string_view kName = "client.Skipped";
  static constexpr std::string_view kRule = "brokers.md §4.2";
  std::string group;
  RecordOrigin origin;
  bool operator==(const ClientSkipped&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("group", &ClientSkipped::group), field("origin", &ClientSkipped::origin));
  }
};

// A letter about the record is made and not yet sent.
struct ClientDeadLettering {
  static constexpr std::string_view kName = "client.DeadLettering";
  static constexpr std::string_view kRule = "brokers.md §4.3";
  std::string group;
  RecordOrigin origin;
  std::string topic;
  std::vector<std::pair<std::string, std::string>> headers;
  bool operator==(const ClientDeadLettering&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = ClientDeadLettering;
    return visit(field("group", &N::group), field("origin", &N::origin), field("topic", &N::topic),
                 field("headers", &N::headers));
  }
};

// It was handed to the producer: from now on it may come into the topic at any time.
struct ClientDeadLetterSent {
  static constexpr std::string_view kName = "client.DeadLetterSent";
  static constexpr std::string_view kRule = "brokers.md §4.3";
  std::string group;
  RecordOrigin origin;
  std::string topic;
  RecordToken token{-1};  // the letter's own
  bool operator==(const ClientDeadLetterSent&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = ClientDeadLetterSent;
    return visit(field("group", &N::group), field("origin", &N::origin), field("topic", &N::topic),
                 field("token", &N::token));
  }
};

// It is acknowledged.
struct ClientDeadLettered {
  static constexpr std::string_view kName = "client.DeadLettered";
  static constexpr std::string_view kRule = "brokers.md §4.3";
  std::string group;
  RecordOrigin origin;
  TopicPartition topic_partition;
  Offset offset{};
  bool operator==(const ClientDeadLettered&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = ClientDeadLettered;
    return visit(field("group", &N::group), field("origin", &N::origin),
                 field("topicPartition", &N::topic_partition), field("offset", &N::offset));
  }
};

// It could not be written, or nobody knows whether it was; and what the program does about it.
struct ClientDeadLetterFailed {
  static constexpr std::string_view kName = "client.DeadLetterFailed";
  static constexpr std::string_view kRule = "brokers.md §4.2";
  std::string group;
  RecordOrigin origin;
  std::string topic;
  ErrorCode error = ErrorCode::None;
  std::string then;  // "fail", "drop", "spool"
  bool operator==(const ClientDeadLetterFailed&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = ClientDeadLetterFailed;
    return visit(field("group", &N::group), field("origin", &N::origin), field("topic", &N::topic),
                 field("error", &N::error), field("then", &N::then));
  }
};

// It stands in the program's own spool, synced.
struct ClientSpooled {
  static constexpr std::string_view kName = "client.Spooled";
  static constexpr std::string_view kRule = "brokers.md §4.2";
  std::string group;
  RecordOrigin origin;
  bool operator==(const ClientSpooled&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("group", &ClientSpooled::group), field("origin", &ClientSpooled::origin));
  }
};

// The program is about to commit, and has not asked yet.
struct ClientCommitting {
  static constexpr std::string_view kName = "client.Committing";
  static constexpr std::string_view kRule = "brokers.md §3.6";
  std::string group;
  std::string how;  // "sync", "async", "auto", "close"
  std::vector<OffsetCommitPartition> offsets;
  bool operator==(const ClientCommitting&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = ClientCommitting;
    return visit(field("group", &N::group), field("how", &N::how), field("offsets", &N::offsets));
  }
};

// A result was handed to the producer inside of a transaction: it counts if that is committed.
struct ClientOutputSent {
  static constexpr std::string_view kName = "client.OutputSent";
  static constexpr std::string_view kRule = "brokers.md §2.5";
  std::string group;
  RecordOrigin origin;
  std::string topic;
  RecordToken token{-1};  // the result's own
  std::string transactional_id;
  ProducerIdAndEpoch producer;
  bool operator==(const ClientOutputSent&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = ClientOutputSent;
    return visit(field("group", &N::group), field("origin", &N::origin), field("topic", &N::topic),
                 field("token", &N::token), field("transactionalId", &N::transactional_id),
                 field("producer", &N::producer));
  }
};

// A commit failed, or nobody knows whether it succeeded.
struct ClientCommitFailed {
  static constexpr std::string_view kName = "client.CommitFailed";
  static constexpr std::string_view kRule = "brokers.md §3.6";
  std::string group;
  std::string how;
  ErrorCode error = ErrorCode::None;
  bool retried = false;
  bool operator==(const ClientCommitFailed&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = ClientCommitFailed;
    return visit(field("group", &N::group), field("how", &N::how), field("error", &N::error),
                 field("retried", &N::retried));
  }
};

// The committed offset has gone past a record that could not be used.
struct ClientPassedBadRecord {
  static constexpr std::string_view kName = "client.PassedBadRecord";
  static constexpr std::string_view kRule = "brokers.md §4.3";
  std::string group;
  RecordOrigin origin;
  bool operator==(const ClientPassedBadRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = ClientPassedBadRecord;
    return visit(field("group", &N::group), field("origin", &N::origin));
  }
};

// The program is no more: an exception escaped, or the process died. What it remembered is lost.
struct ClientStopped {
  static constexpr std::string_view kName = "client.Stopped";
  static constexpr std::string_view kRule = "brokers.md §4.1";
  std::string group;
  std::string why;
  bool restarts = false;
  bool operator==(const ClientStopped&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = ClientStopped;
    return visit(field("group", &N::group), field("why", &N::why), field("restarts", &N::restarts));
  }
};

}  // namespace sim
