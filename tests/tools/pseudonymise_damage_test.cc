#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kraft/disk/record_batch.h"
#include "tests/tools/command_line.h"
#include "tests/tools/pseudonymise.h"
#include "zk/disk/recovery.h"
#include "zk/disk/snapshot.h"
#include "zk/disk/txn_log.h"
#include "zk/password.h"
#include "zk/znodes.h"

// `zk2kraft pseudonymise` where files are not as a server leaves them that was stopped in peace:
// torn ends, damage, a chroot, passwords that are encoded.
namespace {

namespace fs = std::filesystem;
using tests::checked;
using tests::contains;
using tests::contents;
using tests::golden;
using tests::golden_files_in;
using tests::Shared;
using tools::ExitCode;

constexpr const char* kTelling = "torn-and-telling";
constexpr const char* kMetadataLog =
    "controller-3000/__cluster_metadata-0/00000000000000000000.log";

std::string text_of(const sim::Bytes& bytes) {
  return {bytes.begin(), bytes.end()};
}
void write_bytes(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

void expect_nowhere(const fs::path& folder, const std::string& name) {
  for (const fs::path& file : golden_files_in(folder, ""))
    EXPECT_FALSE(contains(file.string() + contents(file), name)) << file << " holds " << name;
}

// ── Torn ends ───────────────────────────────────────────────────────────────────────────────────

// Half of a transaction, with a name in it, where the server's disk was full or its machine went
// down: in ZooKeeper's log before the zeros that it preallocates.
void tear_zookeepers_log(const fs::path& log) {
  std::string bytes = contents(log);
  bytes.resize(bytes.find_last_not_of('\0') + 1);
  const auto entry = text_of(zk::disk::encode_entry(
      {.header = {.zxid = zk::Zxid(0x7fff)},
       .txn = zk::CreateTxn{.path = fmt::format("/brokers/topics/{}", kTelling),
                            .data = std::string(64, 'x'),
                            .acl = zk::open_acl_unsafe(),
                            .parent_cversion = zk::ChildVersion(1)},
       .digest = {}}));
  write_bytes(log, bytes + entry.substr(0, entry.size() - 60));
}

// Half of a batch, at the end of a controller's segment.
void tear_metadata_log(const fs::path& log) {
  const std::vector<sim::VersionedRecord> records{
      {sim::TopicRecord{.name = kTelling, .topic_id = sim::Uuid{3, 4}}, 0}, {sim::NoOpRecord{}, 0}};
  sim::ByteWriter out;
  kraft::write_batch(out, kraft::data_batch(sim::Offset(90'000), sim::RaftEpoch(9), 1, records));
  const std::string batch = text_of(out.take());
  write_bytes(log, contents(log) + batch.substr(0, batch.size() - 6));
}

TEST(PseudonymiseTorn, EndsStayTornAndTellNothing) {
  const Shared shared;
  const fs::path fleet = shared.folder().copy_of("sample/p4-dual-write", "fleet");
  tear_zookeepers_log(fleet / "zk-1/version-2/log.1");
  tear_metadata_log(fleet / kMetadataLog);
  ASSERT_TRUE(contains(contents(fleet / "zk-1/version-2/log.1"), kTelling));
  ASSERT_TRUE(contains(contents(fleet / kMetadataLog), kTelling));
  const auto ran = shared.pseudonymise(fleet);
  ASSERT_EQ(ran.code, ExitCode::Good) << ran.err;
  expect_nowhere(shared.out(), kTelling);
  EXPECT_EQ(checked(shared.out()), checked(fleet));
  const auto end_of = [](const fs::path& folder) {
    const auto recovered = zk::disk::recover(folder / "zk-1");
    EXPECT_TRUE(recovered);
    return std::pair(recovered->last_zxid, recovered->warnings.size());
  };
  EXPECT_EQ(end_of(shared.out()), end_of(fleet));
}

// ── Damage ──────────────────────────────────────────────────────────────────────────────────────

void flip(const fs::path& file, std::size_t at) {
  std::string bytes = contents(file);
  ASSERT_LT(at, bytes.size()) << file;
  bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
  write_bytes(file, bytes);
}

TEST(PseudonymiseDamaged, BatchesAndTransactionsAreRefusedWithTheirPlaceAndNothingIsWritten) {
  for (const char* file : {"zk-1/version-2/log.1", kMetadataLog}) {
    const Shared shared;
    const fs::path fleet = shared.folder().copy_of("sample/p4-dual-write", "fleet");
    flip(fleet / file, 1000);
    const auto ran = shared.pseudonymise(fleet);
    EXPECT_EQ(ran.code, ExitCode::Malformed) << file << ran.err;
    EXPECT_TRUE(contains(ran.err, fs::path(file).filename().string())) << ran.err;
    EXPECT_FALSE(fs::exists(shared.out())) << file;
  }
}

// As a server that starts on these files does: an older one, or the log alone, serves.
TEST(PseudonymiseDamaged, ASnapshotThatWasHalfWrittenIsLeftOutAndNamed) {
  const Shared shared;
  const fs::path fleet = shared.folder().copy_of("sample/p4-dual-write", "fleet");
  write_bytes(fleet / "zk-1/version-2/snapshot.40",
              contents(fleet / "zk-1/version-2/snapshot.0").substr(0, 30) + kTelling);
  const auto ran = shared.pseudonymise(fleet);
  EXPECT_EQ(ran.code, ExitCode::Unknown) << ran.err;
  EXPECT_TRUE(contains(ran.err, "snapshot.40")) << ran.err;
  EXPECT_FALSE(fs::exists(shared.out() / "zk-1/version-2/snapshot.40"));
  expect_nowhere(shared.out(), kTelling);
  EXPECT_EQ(checked(shared.out()).findings, checked(fleet).findings);
}

// Groups and members are in them, and nobody renames those yet.
TEST(PseudonymiseOffsets, AreLeftOutAndNamed) {
  const Shared shared;
  const fs::path fleet = shared.folder().copy_of("sample/p4-dual-write", "fleet");
  fs::create_directories(fleet / "broker-1/log-dir-1");
  fs::copy(golden("offsets/zstd/data/__consumer_offsets-0"),
           fleet / "broker-1/log-dir-1/__consumer_offsets-0");
  const auto ran = shared.pseudonymise(fleet);
  EXPECT_EQ(ran.code, ExitCode::Good) << ran.err;
  EXPECT_TRUE(contains(ran.err, "__consumer_offsets-0/00000000000000000000.log was left out"))
      << ran.err;
  EXPECT_FALSE(fs::exists(shared.out() / "broker-1/log-dir-1/__consumer_offsets-0"));
}

// ── Trees of one's own making ───────────────────────────────────────────────────────────────────

// A fleet like the captured one, with another tree in ZooKeeper.
fs::path fleet_with(const Shared& shared, const std::function<void(zk::Database&)>& change) {
  const fs::path fleet = shared.folder().copy_of("sample/p0-zookeeper", "fleet");
  auto recovered = zk::disk::recover(fleet / "zk-1");
  EXPECT_TRUE(recovered);
  change(recovered->database);
  fs::remove_all(fleet / "zk-1");
  fs::create_directories(fleet / "zk-1/version-2");
  EXPECT_TRUE(zk::disk::write_snapshot(recovered->database, fleet / "zk-1/version-2"));
  return fleet;
}

zk::TxnHeader next_of(const zk::Tree& tree) {
  return {.zxid = tree.last_processed_zxid().next(), .time = zk::WallTime(1'700'000'000'000)};
}

void create(zk::Tree& tree, const std::string& path, const zk::Data& data) {
  const zk::Znode* const parent =
      tree.find(path.substr(0, std::max<std::size_t>(path.rfind('/'), 1)));
  ASSERT_NE(parent, nullptr) << path;
  tree.apply(next_of(tree), zk::CreateTxn{.path = path,
                                          .data = data,
                                          .acl = zk::open_acl_unsafe(),
                                          .parent_cversion = parent->stat.cversion.next()});
}

void replace_in(const fs::path& file, const std::string& what, const std::string& by) {
  std::string text = contents(file);
  const std::size_t at = text.find(what);
  ASSERT_NE(at, std::string::npos) << file;
  write_bytes(file, text.replace(at, what.size(), by));
}

// The chroot is a name too, and one in znodes and in zookeeper.connect.
TEST(PseudonymiseChroot, IsRenamedInTheTreeAndInTheFilesAlike) {
  const Shared shared;
  const fs::path fleet = fleet_with(shared, [](zk::Database& database) {
    zk::Tree tree;
    create(tree, "/prodigal", "");
    create(tree, "/prodigal/kafka-eu", "");
    database.tree.for_each([&](std::string_view path, const zk::Znode& znode) {
      if (path != "/" && !path.starts_with("/zookeeper"))
        create(tree, "/prodigal/kafka-eu" + std::string(path), znode.data);
    });
    database.tree = std::move(tree);
  });
  for (const int broker : {1, 2, 3})
    replace_in(fleet / fmt::format("broker-{}.properties", broker), "127.0.0.1:22001",
               "127.0.0.1:22001/prodigal/kafka-eu");
  const auto before = checked(fleet);
  EXPECT_FALSE(before.findings.contains("C10"));
  const auto ran = shared.pseudonymise(fleet);
  ASSERT_EQ(ran.code, ExitCode::Good) << ran.err;
  EXPECT_EQ(checked(shared.out()), before);
  for (const char* name : {"prodigal", "kafka-eu"}) expect_nowhere(shared.out(), name);
  const auto root_of = [](const fs::path& folder) {
    const auto inspected = tests::run({"inspect", (folder / "zk-1").string(), "--output", "json"});
    EXPECT_EQ(inspected.code, ExitCode::Good) << inspected.err;
    return nlohmann::json::parse(inspected.out).at("root").get<std::string>();
  };
  EXPECT_EQ(root_of(fleet), "/prodigal/kafka-eu");
  const std::string renamed = root_of(shared.out());
  EXPECT_TRUE(contains(contents(shared.out() / "broker-1.properties"), "22001" + renamed))
      << renamed;
}

// ── Encoded passwords ───────────────────────────────────────────────────────────────────────────

constexpr const char* kEncoderSecret = "the secret of the encoder";
constexpr const char* kEncodedPassword = "hunter2-in-the-clear";
constexpr const char* kKeystorePassword = "listener.name.a.ssl.keystore.password";

fs::path fleet_with_password(const Shared& shared, const std::string& secret_in_files) {
  const fs::path fleet = fleet_with(shared, [](zk::Database& database) {
    const auto encoded = zk::encode_password(
        kEncodedPassword, kEncoderSecret, {},
        {.salt = sim::Bytes(256, 7), .initialization_vector = sim::Bytes(16, 9)});
    ASSERT_TRUE(encoded);
    const zk::Znode* const znode = database.tree.find("/config/brokers/1");
    ASSERT_NE(znode, nullptr);
    auto config = zk::parse_config(*znode->data);
    ASSERT_TRUE(config);
    config->emplace(kKeystorePassword, *encoded);
    database.tree.apply(next_of(database.tree),
                        zk::SetDataTxn{.path = "/config/brokers/1",
                                       .data = zk::encode(*config),
                                       .version = znode->stat.version.next()});
  });
  for (const int broker : {1, 2, 3})
    std::ofstream(fleet / fmt::format("broker-{}.properties", broker), std::ios::app)
        << "password.encoder.secret=" << secret_in_files << "\n";
  return fleet;
}

std::string encoded_in(const fs::path& fleet) {
  const auto recovered = zk::disk::recover(fleet / "zk-1");
  if (!recovered) return {};
  const auto config = zk::parse_config(*recovered->database.tree.find("/config/brokers/1")->data);
  return config && config->contains(kKeystorePassword) ? config->at(kKeystorePassword) : "";
}

TEST(PseudonymisePasswords, CannotBeDecodedByWhoKnowsTheSecret) {
  const Shared shared;
  const fs::path fleet = fleet_with_password(shared, kEncoderSecret);
  EXPECT_EQ(zk::decode_password(encoded_in(fleet), kEncoderSecret).value_or(""), kEncodedPassword);
  const auto ran = shared.pseudonymise(fleet);
  ASSERT_EQ(ran.code, ExitCode::Good) << ran.err;
  const std::string after = encoded_in(shared.out());
  EXPECT_TRUE(zk::looks_encoded(after)) << after;
  EXPECT_NE(zk::decode_password(after, kEncoderSecret).value_or(""), kEncodedPassword);
  expect_nowhere(shared.out(), kEncoderSecret);
  expect_nowhere(shared.out(), kEncodedPassword);
}

// Whoever collected the files has the secret replaced already: nobody can tell what is encoded,
// before and after. Where the secret stood in the files, what it alone could tell is unknown after
// it.
TEST(PseudonymisePasswords, AreJudgedAsBeforeButForWhatTheSecretAloneTells) {
  const Shared shared;
  const fs::path collected = fleet_with_password(shared, "REDACTED:00112233:44556677");
  ASSERT_EQ(shared.pseudonymise(collected).code, ExitCode::Good);
  EXPECT_EQ(checked(shared.out()), checked(collected));
  EXPECT_TRUE(checked(collected).unknown.contains("D16"));

  const Shared plain;
  const fs::path fleet = fleet_with_password(plain, kEncoderSecret);
  ASSERT_EQ(plain.pseudonymise(fleet).code, ExitCode::Good);
  const auto before = checked(fleet);
  auto after = checked(plain.out());
  EXPECT_EQ(after.findings, before.findings);
  EXPECT_EQ(after.unknown.erase("D16"), 1U);
  EXPECT_EQ(after.unknown, before.unknown);
}

}  // namespace
