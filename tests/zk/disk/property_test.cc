#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <fstream>

#include "tests/zk/random_txns.h"
#include "zk/disk/recovery.h"
#include "zk/disk/snapshot.h"
#include "zk/disk/txn_codec.h"
#include "zk/disk/txn_log.h"

namespace zk::disk {
namespace {

namespace fs = std::filesystem;

// A folder that is gone when the property is.
struct Scratch {
  Scratch() {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Scratch() { fs::remove_all(path); }
  fs::path path = fs::temp_directory_path() / ("zk2kraft-property-" + std::to_string(::getpid()));
};

std::vector<LoggedTxn> with_digests(const std::vector<LoggedTxn>& txns) {
  std::vector<LoggedTxn> result = txns;
  Database database;
  for (LoggedTxn& txn : result) {
    database.apply(txn.header, txn.txn);
    // ZooKeeper adds none to an error.
    if (type_of(txn.txn) != TxnType::Error) {
      txn.digest = TxnDigest{2, static_cast<std::int64_t>(database.tree.digest())};
    }
  }
  return result;
}

// As servers since 3.6 write them. Without the list a znode that changed hands while a snapshot was
// written can survive a replay with a wrong cversion: ZooKeeper's own weakness.
std::vector<LoggedTxn> with_paths_to_delete(std::vector<LoggedTxn> txns) {
  Database database;
  for (LoggedTxn& txn : txns) {
    if (auto* close = std::get_if<CloseSessionTxn>(&txn.txn)) {
      const auto paths = database.tree.ephemerals_of(txn.header.client_id);
      close->paths_to_delete.emplace(paths.begin(), paths.end());
    }
    database.apply(txn.header, txn.txn);
  }
  return txns;
}

RC_GTEST_PROP(TxnCodec, EveryTransactionIsReadAsItWasWritten, ()) {
  for (const LoggedTxn& txn : with_digests(*gen_txns())) {
    const sim::Bytes bytes = encode_txn(txn);
    const auto decoded = decode_txn(bytes);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(*decoded == txn);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      decode_txn(sim::ByteView(bytes).first(length));  // whatever it says, it returns
    }
  }
}

RC_GTEST_PROP(DataDirectory, WhatIsWrittenIsRecovered, ()) {
  const std::vector<LoggedTxn> txns = with_digests(*gen_txns());
  const auto snapshot_after = *rc::gen::inRange<std::size_t>(0, txns.size() + 1);
  const auto roll_after = *rc::gen::inRange<std::size_t>(0, txns.size() + 1);
  const SnapshotFormat format{
      .compression = *rc::gen::element(Compression::None, Compression::Gzip, Compression::Snappy),
      .with_digest = *rc::gen::arbitrary<bool>(),
      .with_last_processed_zxid = *rc::gen::arbitrary<bool>()};
  const Scratch scratch;
  Database database;
  LogWriter writer(scratch.path, *rc::gen::element<std::uint64_t>(0, 8192));
  RC_ASSERT(write_snapshot(database, scratch.path, format).has_value());
  for (std::size_t i = 0; i < txns.size(); ++i) {
    if (i == roll_after) writer.roll();
    RC_ASSERT(writer.append(txns[i]).has_value());
    database.apply(txns[i].header, txns[i].txn);
    if (i + 1 == snapshot_after) {
      RC_ASSERT(write_snapshot(database, scratch.path, format).has_value());
    }
  }
  RC_ASSERT(writer.flush().has_value());
  const auto recovered = recover(scratch.path);
  RC_ASSERT(recovered.has_value());
  RC_ASSERT(recovered->database.tree.same_content(database.tree));
  RC_ASSERT(recovered->database.tree.digest() == database.tree.digest());
  RC_ASSERT(recovered->database.session_timeouts_ms == database.session_timeouts_ms);
  RC_ASSERT(!recovered->casts_doubt());
}

// How a server writes a snapshot: znode by znode from the root down, each with the list of its
// children as they are at that moment, while transactions go on (DataTree.serializeNode).
class FuzzyWalk {
 public:
  FuzzyWalk(Database& database, const std::vector<LoggedTxn>& txns, std::size_t next)
      : database_(database), txns_(txns), next_(next) {}

  Snapshot take() {
    Snapshot snapshot = snapshot_of(database_, {.with_digest = false});
    snapshot.nodes.clear();
    walk("", snapshot.nodes);
    snapshot.digest = ZxidDigest{database_.tree.last_processed_zxid(), 2, database_.tree.digest()};
    return snapshot;
  }
  std::size_t next() const { return next_; }

 private:
  void walk(const std::string& path, std::vector<SnapshotNode>& nodes) {
    const Znode* znode = database_.tree.find(path);
    if (znode == nullptr) return;  // deleted since its parent was written
    nodes.push_back({path, znode->data, znode->acl, znode->stat});
    for (const std::string& child : database_.tree.children(path)) {
      for (int more = *rc::gen::inRange(0, 4); more > 0 && next_ < txns_.size(); --more) {
        database_.apply(txns_[next_].header, txns_[next_].txn);
        ++next_;
      }
      walk(path + "/" + child, nodes);
    }
  }
  Database& database_;
  const std::vector<LoggedTxn>& txns_;
  std::size_t next_;
};

RC_GTEST_PROP(DataDirectory, ASnapshotTakenWhileTheServerWorksReplaysToTheSameTree, ()) {
  const std::vector<LoggedTxn> txns = with_digests(with_paths_to_delete(*gen_txns()));
  const Scratch scratch;
  LogWriter writer(scratch.path);
  for (const LoggedTxn& txn : txns) RC_ASSERT(writer.append(txn).has_value());
  RC_ASSERT(writer.flush().has_value());
  const auto begins = *rc::gen::inRange<std::size_t>(0, txns.size() + 1);
  Database database;
  for (std::size_t i = 0; i < begins; ++i) database.apply(txns[i].header, txns[i].txn);
  const Zxid name = database.tree.last_processed_zxid();
  FuzzyWalk walk(database, txns, begins);
  const Snapshot snapshot = walk.take();
  RC_CLASSIFY(walk.next() > begins, "fuzzy");
  RC_ASSERT(
      write_file(scratch.path / snapshot_name(name, Compression::None), encode_snapshot(snapshot))
          .has_value());
  for (std::size_t i = walk.next(); i < txns.size(); ++i)
    database.apply(txns[i].header, txns[i].txn);

  const auto recovered = recover(scratch.path);
  RC_ASSERT(recovered.has_value());
  RC_ASSERT(recovered->database.tree.same_content(database.tree));
  RC_ASSERT(recovered->database.session_timeouts_ms == database.session_timeouts_ms);
  for (const Warning& warning : recovered->warnings) RC_LOG() << describe(warning) << "\n";
  RC_ASSERT(recovered->warnings.empty());
}

// Whatever is damaged, the reader answers: with the right tree, with doubts, or with a Problem that
// has a place.
RC_GTEST_PROP(DataDirectory, RandomDamageNeverCrashesAndIsNeverSilent, ()) {
  const std::vector<LoggedTxn> txns = with_digests(*gen_txns());
  const Scratch scratch;
  Database database;
  LogWriter writer(scratch.path);
  RC_ASSERT(write_snapshot(database, scratch.path).has_value());
  for (const LoggedTxn& txn : txns) {
    RC_ASSERT(writer.append(txn).has_value());
    database.apply(txn.header, txn.txn);
  }
  RC_ASSERT(writer.flush().has_value());
  const fs::path victim = *rc::gen::arbitrary<bool>() && !writer.files().empty()
                              ? writer.files().front()
                              : scratch.path / "snapshot.0";
  std::fstream stream(victim, std::ios::in | std::ios::out | std::ios::binary);
  const auto size = static_cast<std::int64_t>(fs::file_size(victim));
  const auto where = *rc::gen::inRange<std::int64_t>(0, size);
  stream.seekg(where);
  const int before = stream.get();
  const int after = before ^ *rc::gen::inRange(1, 256);
  stream.seekp(where);
  stream.put(static_cast<char>(after));
  stream.close();
  const bool cut = *rc::gen::arbitrary<bool>();
  if (cut) fs::resize_file(victim, static_cast<std::uintmax_t>(where) + 1);

  const auto recovered = recover(scratch.path);
  if (!recovered) {
    RC_TAG("refused");
    RC_ASSERT(!recovered.error().place.source.empty());
    RC_ASSERT(!recovered.error().what.empty());
  } else if (recovered->last_zxid == database.tree.last_processed_zxid()) {
    RC_TAG("harmless");  // the header's dbid, for one
    RC_ASSERT(recovered->database.tree.same_content(database.tree));
  } else {
    RC_TAG("cut short");
    // A file cut where an entry begins looks whole; so does one with a few zeros more, as a
    // checksum begins.
    RC_ASSERT(!recovered->warnings.empty() || cut);
  }
}

}  // namespace
}  // namespace zk::disk
