#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "sim/base/bytes.h"
#include "zk/txn.h"

namespace zk::disk {

// Why the bytes of a transaction make no sense, and at which of them.
struct TxnProblem {
  std::uint64_t offset = 0;  // in the payload
  std::string what;
};

// The payload of a log entry: header, type, body, and the tree's digest where the leader added it
// (zookeeper.md §3.4, §3.5; SerializeUtils.deserializeTxn).
std::expected<LoggedTxn, TxnProblem> decode_txn(sim::ByteView payload);

// The inverse, byte for byte. One exception: a `create` from before 3.4, which had no
// parentCVersion, is written with one.
sim::Bytes encode_txn(const LoggedTxn& txn);

}  // namespace zk::disk
