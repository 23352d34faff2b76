#include "zk/disk/recovery.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "zk/disk/snapshot.h"
#include "zk/disk/txn_log.h"

// What a server meets when it starts: torn tails, gaps, damaged and fuzzy snapshots, missing files.
namespace zk::disk {
namespace {

namespace fs = std::filesystem;
using Kind = Warning::Kind;

class Recover : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::temp_directory_path() / ("zk2kraft-recover-" + std::to_string(::getpid()) + "-" +
                                     testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "version-2");
    data_ = folder_ / "version-2";
  }
  void TearDown() override { fs::remove_all(folder_); }

  // Applies a creation of "/n<zxid>" below the database and returns it as a server logs it.
  LoggedTxn create(Database& database, std::int64_t zxid) {
    const auto cversion = database.tree.find("/")->stat.cversion.next();
    LoggedTxn txn{.header = {.client_id = SessionId(1), .zxid = Zxid(zxid), .time = WallTime(zxid)},
                  .txn = CreateTxn{.path = "/n" + std::to_string(zxid),
                                   .data = std::string("data"),
                                   .acl = open_acl_unsafe(),
                                   .parent_cversion = cversion},
                  .digest = std::nullopt};
    database.apply(txn.header, txn.txn);
    txn.digest = TxnDigest{2, static_cast<std::int64_t>(database.tree.digest())};
    return txn;
  }
  // Transactions first..last in one log file, applied to `database`.
  void log(Database& database, std::int64_t first, std::int64_t last) {
    LogWriter writer(data_, 8192);
    for (std::int64_t zxid = first; zxid <= last; ++zxid) {
      ASSERT_TRUE(writer.append(create(database, zxid)));
    }
    ASSERT_TRUE(writer.flush());
  }
  void snapshot(const Database& database, const SnapshotFormat& format = {}) {
    const auto written = write_snapshot(database, data_, format);
    ASSERT_TRUE(written) << sim::describe(written.error());
  }
  void flip(const fs::path& file, std::int64_t offset) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(offset);
    const char byte = static_cast<char>(stream.get() ^ 0x55);
    stream.seekp(offset);
    stream.put(byte);
  }
  static std::vector<Kind> kinds(const Recovery& recovery) {
    std::vector<Kind> found;
    for (const Warning& warning : recovery.warnings) found.push_back(warning.kind);
    return found;
  }

  fs::path folder_;
  fs::path data_;
};

TEST_F(Recover, EveryPackingAndEveryServersTailReadsTheSame) {
  Database database;
  database.session_timeouts_ms[SessionId(77)] = 18000;
  for (std::int64_t zxid = 1; zxid <= 2000; ++zxid) create(database, zxid);
  for (const Compression compression :
       {Compression::None, Compression::Gzip, Compression::Snappy}) {
    for (const bool digest : {false, true}) {
      for (const bool last_zxid : {false, true}) {
        fs::remove_all(data_);
        fs::create_directories(data_);
        snapshot(database, {compression, digest, last_zxid});
        for (const fs::path& path : {data_, folder_}) {
          const auto recovered = recover(path);
          ASSERT_TRUE(recovered) << sim::describe(recovered.error());
          EXPECT_TRUE(recovered->database.tree.same_content(database.tree));
          EXPECT_EQ(recovered->database.session_timeouts_ms, database.session_timeouts_ms);
          EXPECT_EQ(recovered->last_zxid, Zxid(2000));
          EXPECT_EQ(recovered->digests_verified, digest ? 1U : 0U);
          EXPECT_TRUE(recovered->warnings.empty());
        }
      }
    }
  }
}

TEST_F(Recover, ReadsAsOfAnyZxidThatTheLogsCover) {
  Database database;
  snapshot(database);
  log(database, 1, 10);
  snapshot(database);
  log(database, 11, 20);
  for (const std::int64_t at : {0, 1, 5, 10, 11, 20}) {
    const auto recovered = recover(folder_, {.at = Zxid(at)});
    ASSERT_TRUE(recovered) << sim::describe(recovered.error());
    EXPECT_EQ(recovered->last_zxid, Zxid(at));
    EXPECT_EQ(recovered->database.tree.size(), 4U + static_cast<std::size_t>(at));
    EXPECT_TRUE(recovered->warnings.empty());
  }
  const auto beyond = recover(folder_, {.at = Zxid(21)});
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().severity, sim::Severity::Unknown);
  EXPECT_NE(beyond.error().what.find("0x14"), std::string::npos) << beyond.error().what;
}

TEST_F(Recover, SaysSoWhenTheStateIsFromBeforeTheOldestSnapshot) {
  Database database;
  for (std::int64_t zxid = 1; zxid <= 10; ++zxid) create(database, zxid);
  snapshot(database);
  log(database, 11, 12);
  const auto before = recover(folder_, {.at = Zxid(9)});
  ASSERT_FALSE(before);
  EXPECT_EQ(before.error().severity, sim::Severity::Unknown);
  EXPECT_NE(before.error().what.find("0xa"), std::string::npos) << before.error().what;
}

//  snapshot.4 was written while 5 and 6 were applied: it holds /n6 but not /n5.
TEST_F(Recover, AFuzzySnapshotBecomesExactByReplay) {
  Database database;
  LogWriter writer(data_);
  for (std::int64_t zxid = 1; zxid <= 4; ++zxid) {
    ASSERT_TRUE(writer.append(create(database, zxid)));
  }
  Database fuzzy = database;
  std::vector<LoggedTxn> later;
  for (std::int64_t zxid = 5; zxid <= 8; ++zxid) later.push_back(create(database, zxid));
  for (const LoggedTxn& txn : later) ASSERT_TRUE(writer.append(txn));
  ASSERT_TRUE(writer.flush());

  fuzzy.apply(later[1].header, later[1].txn);
  fuzzy.tree.set_last_processed_zxid(Zxid(4));
  Snapshot snapshot = snapshot_of(fuzzy, {});
  Database at_the_end;  // the digest is of the state when writing ended: after 6
  for (std::int64_t zxid = 1; zxid <= 6; ++zxid) create(at_the_end, zxid);
  snapshot.digest = ZxidDigest{Zxid(6), 2, at_the_end.tree.digest()};
  ASSERT_TRUE(write_file(data_ / "snapshot.4", encode_snapshot(snapshot)));

  const auto recovered = recover(folder_);
  ASSERT_TRUE(recovered) << sim::describe(recovered.error());
  EXPECT_TRUE(recovered->database.tree.same_content(database.tree));
  EXPECT_EQ(recovered->digests_verified, 3U) << "6, 7 and 8; before 6 there is nothing to compare";
  EXPECT_TRUE(recovered->warnings.empty());
  // As of 5 this snapshot will not do: it has something of 6.
  const auto at_five = recover(folder_, {.at = Zxid(5)});
  ASSERT_FALSE(at_five);
}

TEST_F(Recover, FallsBackToAnOlderSnapshotWhenTheNewestIsDamaged) {
  Database database;
  snapshot(database);
  log(database, 1, 10);
  snapshot(database);
  log(database, 11, 12);
  flip(data_ / "snapshot.a", 300);
  const auto recovered = recover(folder_);
  ASSERT_TRUE(recovered) << sim::describe(recovered.error());
  EXPECT_EQ(recovered->snapshot_zxid, Zxid(0));
  EXPECT_EQ(recovered->last_zxid, Zxid(12));
  EXPECT_EQ(kinds(*recovered), std::vector<Kind>{Kind::SkippedSnapshot});
  EXPECT_FALSE(recovered->casts_doubt());
  EXPECT_TRUE(recovered->database.tree.same_content(database.tree));

  flip(data_ / "snapshot.0", 100);
  const auto none = recover(folder_);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().severity, sim::Severity::Malformed);
  EXPECT_NE(none.error().what.find("none of the snapshots"), std::string::npos);
}

TEST_F(Recover, ATornTailIsTheEndOfItsFileOnly) {
  Database database;
  snapshot(database);
  log(database, 1, 10);
  const fs::path first = data_ / "log.1";
  auto reader = LogReader::open(first);
  std::uint64_t last_entry = 0;
  for (auto entry = reader->next(); entry && entry->has_value(); entry = reader->next()) {
    last_entry = (*entry)->offset;
  }
  fs::resize_file(first, last_entry + 20);
  const auto torn = recover(folder_);
  ASSERT_TRUE(torn) << sim::describe(torn.error());
  EXPECT_EQ(torn->last_zxid, Zxid(9));
  EXPECT_EQ(kinds(*torn), std::vector<Kind>{Kind::TornTail});
  EXPECT_EQ(torn->warnings.front().place.offset, last_entry);

  // The server started again without transaction 10 and gave the number anew.
  Database restarted;
  for (std::int64_t zxid = 1; zxid <= 9; ++zxid) create(restarted, zxid);
  log(restarted, 10, 12);
  const auto on = recover(folder_);
  ASSERT_TRUE(on) << sim::describe(on.error());
  EXPECT_EQ(on->last_zxid, Zxid(12));
  EXPECT_EQ(kinds(*on), std::vector<Kind>{Kind::TornTail});
}

TEST_F(Recover, AGapIsNamedAndClosesTheWayToCertainty) {
  Database database;
  snapshot(database);
  log(database, 1, 5);
  for (std::int64_t zxid = 6; zxid <= 7; ++zxid) create(database, zxid);
  log(database, 8, 10);
  const auto recovered = recover(folder_);
  ASSERT_TRUE(recovered) << sim::describe(recovered.error());
  EXPECT_EQ(recovered->last_zxid, Zxid(10));
  EXPECT_EQ(kinds(*recovered), (std::vector<Kind>{Kind::Gap, Kind::DigestMismatch}));
  EXPECT_TRUE(recovered->casts_doubt());
  EXPECT_TRUE(recover(folder_, {.at = Zxid(5)}));
  const auto behind = recover(folder_, {.at = Zxid(9)});
  ASSERT_FALSE(behind);
  EXPECT_EQ(behind.error().severity, sim::Severity::Unknown);
}

TEST_F(Recover, AnEpochBeginsWithOneAndIsNoGap) {
  Database database;
  snapshot(database);
  log(database, 1, 3);
  log(database, Zxid::of(1, 1).value(), Zxid::of(1, 2).value());
  const auto recovered = recover(folder_);
  ASSERT_TRUE(recovered) << sim::describe(recovered.error());
  EXPECT_TRUE(recovered->warnings.empty());
  EXPECT_EQ(recovered->last_zxid, Zxid::of(1, 2));
}

TEST_F(Recover, ADamagedEntryStopsAServerAndIsNamedWithFileAndOffset) {
  Database database;
  snapshot(database);
  log(database, 1, 10);
  auto reader = LogReader::open(data_ / "log.1");
  std::uint64_t sixth = 0;
  for (int i = 0; i < 6; ++i) sixth = (*reader->next())->offset;
  flip(data_ / "log.1", static_cast<std::int64_t>(sixth) + 30);
  const auto damaged = recover(folder_);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().severity, sim::Severity::Malformed);
  EXPECT_EQ(damaged.error().place.source, (data_ / "log.1").string());
  EXPECT_EQ(damaged.error().place.offset, sixth);
  EXPECT_NE(damaged.error().what.find("up to 0x5"), std::string::npos) << damaged.error().what;
  EXPECT_TRUE(recover(folder_, {.at = Zxid(5)}))
      << "what comes before the damage is still readable";
}

TEST_F(Recover, ATreeThatIsNotTheLeadersIsNoticed) {
  Database database;
  snapshot(database);
  LogWriter writer(data_);
  for (std::int64_t zxid = 1; zxid <= 5; ++zxid) {
    LoggedTxn txn = create(database, zxid);
    if (zxid >= 3) txn.digest->tree_digest += 1;
    ASSERT_TRUE(writer.append(txn));
  }
  ASSERT_TRUE(writer.flush());
  const auto recovered = recover(folder_);
  ASSERT_TRUE(recovered);
  EXPECT_EQ(kinds(*recovered), std::vector<Kind>{Kind::DigestMismatch});
  EXPECT_NE(recovered->warnings.front().what.find("0x3"), std::string::npos);
}

TEST_F(Recover, ATransactionThatDoesNotFitIsNoticed) {
  Database database;
  snapshot(database);
  LogWriter writer(data_);
  ASSERT_TRUE(writer.append(create(database, 1)));
  ASSERT_TRUE(writer.append({.header = {.zxid = Zxid(2)}, .txn = DeleteTxn{"/never"}}));
  ASSERT_TRUE(writer.flush());
  const auto recovered = recover(folder_);
  ASSERT_TRUE(recovered);
  EXPECT_EQ(kinds(*recovered), std::vector<Kind>{Kind::UnexpectedError});
}

TEST_F(Recover, ReplayShowsEveryTransactionWithTheTreeAfterIt) {
  Database database;
  snapshot(database);
  log(database, 1, 10);
  snapshot(database);
  log(database, 11, 20);
  std::vector<std::int64_t> seen;
  const auto visit = [&](const Replayed& replayed) {
    seen.push_back(replayed.txn.header.zxid.value());
    EXPECT_EQ(replayed.after.tree.last_processed_zxid(), replayed.txn.header.zxid);
    EXPECT_EQ(replayed.applied.changes.size(), 1U);
    return seen.back() == 13 ? Visit::Stop : Visit::Continue;
  };
  const auto all = replay(folder_, std::nullopt, visit);
  ASSERT_TRUE(all);
  EXPECT_EQ(seen.size(), 13U);
  EXPECT_EQ(all->last_zxid, Zxid(13));
  seen.clear();
  ASSERT_TRUE(replay(folder_, Zxid(12), visit));
  EXPECT_EQ(seen, (std::vector<std::int64_t>{11, 12, 13})) << "begins after the nearest snapshot";

  std::vector<std::int64_t> listed;
  const auto transactions = read_transactions(folder_, Zxid(9), [&](const LogEntry& entry) {
    listed.push_back(entry.txn.header.zxid.value());
    return Visit::Continue;
  });
  ASSERT_TRUE(transactions);
  EXPECT_EQ(listed.front(), 9);
  EXPECT_EQ(listed.back(), 20);
}

TEST_F(Recover, EachKindOfWrongFolderHasItsOwnMessage) {
  const auto message = [](const fs::path& path) {
    const auto recovered = recover(path);
    EXPECT_FALSE(recovered) << path;
    return recovered ? std::string() : sim::describe(recovered.error());
  };
  EXPECT_NE(message(folder_ / "nowhere").find("no such file or folder"), std::string::npos);
  EXPECT_NE(message(folder_).find("is empty"), std::string::npos);
  std::ofstream(data_ / "notes.txt") << "hello";
  EXPECT_NE(message(folder_).find("no ZooKeeper data directory"), std::string::npos);
  EXPECT_NE(message(data_ / "notes.txt").find("this is a file"), std::string::npos);
  Database database;
  log(database, 1, 3);
  EXPECT_NE(message(folder_).find("but no snapshot"), std::string::npos);
  const auto trusting = recover(folder_, {.trust_empty_snapshot = true});
  ASSERT_TRUE(trusting);
  EXPECT_EQ(trusting->last_zxid, Zxid(3));
}

TEST_F(Recover, LogsMayStandInAFolderOfTheirOwn) {
  Database database;
  snapshot(database);
  log(database, 1, 3);
  fs::create_directories(folder_ / "logs/version-2");
  fs::rename(data_ / "log.1", folder_ / "logs/version-2/log.1");
  const auto recovered = recover(folder_, {.log_path = folder_ / "logs"});
  ASSERT_TRUE(recovered) << sim::describe(recovered.error());
  EXPECT_EQ(recovered->last_zxid, Zxid(3));
}

TEST_F(Recover, AnEmptyLogIsNoHindrance) {
  Database database;
  snapshot(database);
  log(database, 1, 3);
  std::ofstream(data_ / "log.4");
  const auto recovered = recover(folder_);
  ASSERT_TRUE(recovered) << sim::describe(recovered.error());
  EXPECT_EQ(kinds(*recovered), std::vector<Kind>{Kind::EmptyLog});
}

}  // namespace
}  // namespace zk::disk
