#include <cstddef>
#include <cstdint>

#include "sim/base/check.h"
#include "zk/disk/txn_codec.h"
#include "zk/disk/txn_log.h"
#include "zk/tree.h"

// Any bytes at all as a transaction log, and as the payload of one entry (where no checksum
// protects the decoder): every transaction that can be read can be written, and applied to a tree.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace zk::disk;
  const sim::ByteView bytes(data, size);
  zk::Database database;
  auto reader = LogReader::of(Input::of(bytes), "fuzz");
  while (reader) {
    const auto entry = reader->next();
    if (!entry || !entry->has_value()) break;
    database.apply((*entry)->txn.header, (*entry)->txn.txn);
  }
  if (const auto txn = decode_txn(bytes)) {
    const auto again = decode_txn(encode_txn(*txn));
    sim::check(again && *again == *txn, "a transaction is written as it was read");
    database.apply(txn->header, txn->txn);
  }
  return 0;
}
