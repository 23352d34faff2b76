#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "kraft/disk/metadata_image.h"
#include "kraft/disk/metadata_writer.h"
#include "sim/kafka/image_records.h"
#include "tests/tools/command_line.h"
#include "zk/disk/recovery.h"
#include "zk/disk/snapshot.h"
#include "zk/password.h"
#include "zk/znodes.h"

// A dynamic broker config that is a password: encoded in ZooKeeper, plain in the metadata log of a
// controller that had the secret when it copied.
namespace {

using tests::contains;
using tests::golden;
using tests::run;
using tools::ExitCode;

constexpr const char* kConfigPath = "/config/brokers/1";
constexpr const char* kPasswordConfig = "ssl.keystore.password";
constexpr const char* kSecret = "the secret of the encoder";
constexpr const char* kPassword = "hunter2-in-the-clear";

class PasswordInBothStores : public testing::Test {
 protected:
  // The sample in hybrid, with one more config in ZooKeeper…
  std::filesystem::path zookeeper() const {
    auto recovery = zk::disk::recover(golden("sample/p3-hybrid/zk-1"));
    EXPECT_TRUE(recovery);
    zk::Tree& tree = recovery->database.tree;
    const zk::Znode* const znode = tree.find(kConfigPath);
    EXPECT_NE(znode, nullptr);
    auto config = zk::parse_config(*znode->data);
    EXPECT_TRUE(config);
    const auto encoded = zk::encode_password(
        kPassword, kSecret, {},
        {.salt = sim::Bytes(256, 7), .initialization_vector = sim::Bytes(16, 9)});
    EXPECT_TRUE(encoded);
    config->emplace(kPasswordConfig, *encoded);
    tree.apply(
        {.zxid = tree.last_processed_zxid().next()},
        zk::SetDataTxn{
            .path = kConfigPath, .data = zk::encode(*config), .version = zk::DataVersion(99)});
    std::filesystem::create_directories(scratch_.path() / "zk/version-2");
    EXPECT_TRUE(zk::disk::write_snapshot(recovery->database, scratch_.path() / "zk/version-2"));
    return scratch_.path() / "zk";
  }

  // … and with its value in a checkpoint.
  std::filesystem::path kraft(const std::string& password) const {
    const auto loaded = kraft::load_metadata(golden("sample/p3-hybrid/controller-3000"));
    EXPECT_TRUE(loaded);
    kraft::CheckpointContent content{.id = {.epoch = loaded->log.epoch, .offset = loaded->log.end}};
    EXPECT_TRUE(sim::to_records(loaded->image, [&](sim::VersionedRecord record) {
                  content.records.push_back(std::move(record));
                }).empty());
    content.records.push_back(
        {.record = sim::ConfigRecord{.resource_type = sim::ConfigResourceType::Broker,
                                     .resource_name = "1",
                                     .name = kPasswordConfig,
                                     .value = password},
         .version = 0});
    const auto folder = scratch_.path() / "controller";
    auto writer = kraft::MetadataDirWriter::create(folder, {.node_id = sim::BrokerId(3000)});
    EXPECT_TRUE(writer);
    EXPECT_TRUE(writer->checkpoint(content));
    return folder;
  }

  std::string secret_file(const std::string& secret) const {
    const auto file = scratch_.path() / "secret.txt";
    std::ofstream(file) << secret << "\nanything below the first line\n";
    return file.string();
  }

  tests::ScratchFolder scratch_;
};

TEST_F(PasswordInBothStores, WithoutItsSecretTheVerdictIsUnknown) {
  const auto ran = run({"diff", "--from", zookeeper().string(), "--to", kraft(kPassword).string()});
  EXPECT_EQ(ran.code, ExitCode::Unknown) << ran.out << ran.err;
  EXPECT_TRUE(contains(ran.out, "configs/BROKER/1/ssl.keystore.password")) << ran.out;
  EXPECT_TRUE(contains(ran.out, "verdict: unknown")) << ran.out;
  EXPECT_FALSE(contains(ran.out, kPassword));
  const auto inspected = run({"inspect", zookeeper().string()});
  EXPECT_TRUE(contains(inspected.out, "ssl.keystore.password in /config/brokers/1"))
      << inspected.out;
}

TEST_F(PasswordInBothStores, WithItsSecretTheyAreEqual) {
  const auto ran = run({"diff", "--from", zookeeper().string(), "--to", kraft(kPassword).string(),
                        "--secret", secret_file(kSecret)});
  EXPECT_EQ(ran.code, ExitCode::Good) << ran.out << ran.err;
  EXPECT_TRUE(contains(ran.out, "tolerated: encoded password (1)")) << ran.out;
  EXPECT_FALSE(contains(ran.out, kPassword)) << ran.out;
}

TEST_F(PasswordInBothStores, AnotherPasswordIsADifferenceThatIsNotShown) {
  const auto ran = run({"diff", "--from", zookeeper().string(), "--to",
                        kraft("quite-another").string(), "--secret", secret_file(kSecret)});
  EXPECT_EQ(ran.code, ExitCode::Finding) << ran.out << ran.err;
  EXPECT_TRUE(contains(ran.out, "configs/BROKER/1/ssl.keystore.password: \"(a password)\"") ||
              contains(ran.out, "configs/BROKER/1/ssl.keystore.password: (a password)"))
      << ran.out;
  EXPECT_FALSE(contains(ran.out, kPassword)) << ran.out;
  EXPECT_FALSE(contains(ran.out, "quite-another")) << ran.out;
}

TEST_F(PasswordInBothStores, AWrongSecretDecodesNothing) {
  const auto ran = run({"diff", "--from", zookeeper().string(), "--to", kraft(kPassword).string(),
                        "--secret", secret_file("not the secret")});
  EXPECT_EQ(ran.code, ExitCode::Unknown) << ran.out << ran.err;
}

}  // namespace
