#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/kafka/image.h"
#include "tests/tools/command_line.h"
#include "tests/tools/pseudonymise.h"
#include "tools/source/source.h"
#include "zk/disk/recovery.h"

// `zk2kraft pseudonymise` on captured clusters: what every verb says stays, what names somebody
// goes.
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using tests::checked;
using tests::contains;
using tests::contents;
using tests::golden;
using tests::golden_files_in;
using tests::run;
using tests::Shared;
using tools::ExitCode;

// Numbers and structure without the names, in an order that does not depend on them.
json shape(const json& value) {
  if (value.is_string()) return "";
  if (value.is_array()) {
    std::vector<std::string> elements;
    for (const json& each : value) elements.push_back(shape(each).dump());
    std::ranges::sort(elements);
    return elements;
  }
  if (value.is_object()) {
    json members = json::object();
    for (const auto& [key, member] : value.items()) members[key] = shape(member);
    return members;
  }
  return value;
}

const std::vector<std::string> kCaptures{
    "sample/p0-zookeeper",      "sample/p3-hybrid",
    "sample/p3-hybrid-changed", "sample/p4-dual-write",
    "sample/p5-finalised",      "failover/p3-after-failover",
    "failover/p4-dual-write",   "rollback_hybrid/p6-rolled-back",
    "copy_killed/p2-killed",    "copy_killed/p3-hybrid",
    "copy_killed/p3-restarted", "gz/p3-hybrid-changed",
    "gz/p4-dual-write"};

class Pseudonymised : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Golden, Pseudonymised, testing::ValuesIn(kCaptures));

TEST_P(Pseudonymised, ChecksInspectsAndDiffersAsBefore) {
  const Shared shared;
  const fs::path original = golden(GetParam());
  const auto ran = shared.pseudonymise(original);
  ASSERT_EQ(ran.code, ExitCode::Good) << ran.err;
  EXPECT_EQ(checked(shared.out()), checked(original));
  std::optional<std::string> zookeeper;
  std::optional<std::string> controller;
  for (const auto& entry : fs::directory_iterator(original)) {
    if (!entry.is_directory()) continue;
    const std::string name = entry.path().filename().string();
    (name.starts_with("zk-") ? zookeeper : controller) = name;
    const auto before = run({"inspect", entry.path().string(), "--output", "json", "--topics"});
    const auto after =
        run({"inspect", (shared.out() / name).string(), "--output", "json", "--topics"});
    EXPECT_EQ(after.code, before.code) << name << after.err;
    EXPECT_EQ(shape(json::parse(after.out)), shape(json::parse(before.out))) << name;
  }
  if (!zookeeper || !controller) return;
  const auto diff = [&](const fs::path& folder) {
    return run({"diff", "--from", (folder / *zookeeper).string(), "--to",
                (folder / *controller).string(), "--output", "json"});
  };
  const auto before = diff(original);
  const auto after = diff(shared.out());
  EXPECT_EQ(after.code, before.code) << after.err;
  EXPECT_EQ(shape(json::parse(after.out)), shape(json::parse(before.out)));
}

TEST_P(Pseudonymised, HasEveryDigestOfZooKeepersRight) {
  const Shared shared;
  const fs::path original = golden(GetParam()) / "zk-1";
  if (!fs::exists(original)) GTEST_SKIP() << "no ZooKeeper in this capture";
  ASSERT_EQ(shared.pseudonymise(original).code, ExitCode::Good);
  const auto all = [](const zk::disk::Replayed&) { return zk::disk::Visit::Continue; };
  for (const bool from_the_beginning : {true, false}) {
    const auto recovered = [&](const fs::path& folder) {
      return from_the_beginning ? zk::disk::replay(folder, std::nullopt, all)
                                : zk::disk::recover(folder);
    };
    const auto before = recovered(original);
    const auto after = recovered(shared.out());
    ASSERT_TRUE(before && after);
    EXPECT_GT(after->digests_verified, 0U);
    EXPECT_EQ(after->digests_verified, before->digests_verified);
    EXPECT_EQ(after->last_zxid, before->last_zxid);
    EXPECT_FALSE(after->casts_doubt());
  }
}

// Every topic with a name that no bytes have by chance, and who and what else the clusters' own
// files name.
std::vector<std::string> names_in(const fs::path& fleet) {
  std::vector<std::string> names{"alice",
                                 "carol",
                                 "mallory",
                                 "example.org",
                                 "app-1",
                                 "10.0.0.9",
                                 "batch%20job",
                                 "CN=web",
                                 "CN%3Dweb",
                                 "Acme",
                                 "token-secret-of-the-sample"};
  for (const auto& entry : fs::directory_iterator(fleet)) {
    if (!entry.is_directory()) continue;
    const auto source = tools::open_source(entry.path().string());
    if (!source) continue;
    const auto image = std::holds_alternative<tools::MetadataSource>(*source)
                           ? std::get<tools::MetadataSource>(*source).loaded.image
                           : sim::MetadataImage();
    for (const sim::Topic& topic : image.topics()) {
      if (topic.name().size() > 3 && !topic.name().starts_with("__")) names.push_back(topic.name());
    }
  }
  return names;
}

TEST_P(Pseudonymised, HoldsNoNameAndNoSecretOfTheOriginal) {
  const Shared shared;
  const fs::path original = golden(GetParam());
  ASSERT_EQ(shared.pseudonymise(original).code, ExitCode::Good);
  const auto names = names_in(original);
  std::size_t in_original = 0;
  for (const fs::path& file : golden_files_in(original, "")) {
    const std::string bytes = contents(file);
    for (const std::string& name : names) in_original += contains(bytes, name) ? 1U : 0U;
  }
  if (in_original == 0) GTEST_SKIP() << "all names of this capture are short";
  for (const fs::path& file : golden_files_in(shared.out(), "")) {
    const std::string bytes = file.string() + contents(file);
    for (const std::string& name : names)
      EXPECT_FALSE(contains(bytes, name)) << file << " holds " << name;
  }
}

TEST(Pseudonymise, GivesTheSameBytesForTheSameKeyAndOthersForAnother) {
  const Shared shared;
  const fs::path original = golden("sample/p4-dual-write");
  ASSERT_EQ(shared.pseudonymise(original, "a").code, ExitCode::Good);
  ASSERT_EQ(shared.pseudonymise(original, "b").code, ExitCode::Good);
  ASSERT_EQ(run({"pseudonymise", original.string(), "-o", (shared.scratch() / "c").string()}).code,
            ExitCode::Good);
  std::size_t different = 0;
  for (const fs::path& file : golden_files_in(shared.scratch() / "a", "")) {
    const fs::path name = file.lexically_relative(shared.scratch() / "a");
    EXPECT_EQ(contents(file), contents(shared.scratch() / "b" / name)) << name;
    different += contents(file) == contents(shared.scratch() / "c" / name) ? 0U : 1U;
  }
  EXPECT_GT(different, 5U);
}

TEST(Pseudonymise, RenamesACollectionWithItsManifest) {
  const Shared shared;
  const auto fleet = shared.folder().copy_of("sample/p4-dual-write", "fleet");
  const fs::path broker = fleet / "kafka-7.example.org" / "broker-1";
  fs::create_directories(broker / "log-dir-1");
  fs::create_directories(broker / "logs");
  fs::rename(fleet / "broker-1.properties", broker / "server.properties");
  fs::rename(fleet / "broker-1.meta.properties", broker / "log-dir-1" / "meta.properties");
  std::ofstream(broker / "log-dir-1" / "partitions") << "10\t-\torders-0\n";
  std::ofstream(broker / "logs" / "server.log") << "orders-0 on kafka-7.example.org\n";
  std::ofstream(broker.parent_path() / "manifest.jsonl")
      << R"({"kind":"collection","format":1,"tool":"t","host":"kafka-7.example.org","time":"now","salt":"s"})"
      << "\n";
  // The manifest names nothing yet: each file is doubted, and renamed all the same.
  const auto ran = shared.pseudonymise(fleet);
  ASSERT_EQ(ran.code, ExitCode::Good) << ran.err;
  for (const fs::path& file : golden_files_in(shared.out(), "")) {
    for (const char* name : {"example.org", "orders"})
      EXPECT_FALSE(contains(file.string() + contents(file), name)) << file;
  }
  EXPECT_EQ(checked(shared.out()), checked(fleet));
}

TEST(Pseudonymise, WritesWholeOrNotAtAll) {
  const Shared shared;
  const fs::path damaged = shared.folder().copy_of("sample/p4-dual-write", "damaged");
  const fs::path log = damaged / "controller-3000/__cluster_metadata-0/00000000000000000000.log";
  std::fstream stream(log, std::ios::binary | std::ios::in | std::ios::out);
  stream.seekp(200);
  stream.put('\x7f');
  stream.close();
  EXPECT_EQ(shared.pseudonymise(damaged).code, ExitCode::Malformed);
  fs::remove_all(damaged);
  for (const auto& entry : fs::directory_iterator(shared.scratch()))
    EXPECT_EQ(entry.path().filename(), "key");
}

TEST(Pseudonymise, RefusesWhatItCannotDo) {
  const Shared shared;
  const fs::path source = golden("sample/p0-zookeeper");
  EXPECT_EQ(run({"pseudonymise"}).code, ExitCode::Usage);
  EXPECT_EQ(run({"pseudonymise", source.string()}).code, ExitCode::Usage);
  EXPECT_EQ(shared.pseudonymise("/no/such/folder").code, ExitCode::Usage);
  EXPECT_EQ(shared.pseudonymise(shared.scratch(), "inside").code, ExitCode::Usage);
  EXPECT_EQ(
      run({"pseudonymise", source.string(), "-o", shared.out().string(), "--key-file", "/dev/null"})
          .code,
      ExitCode::Usage);
  fs::create_directories(shared.out() / "mine");
  EXPECT_EQ(shared.pseudonymise(source).code, ExitCode::Usage);
  EXPECT_EQ(shared.pseudonymise(golden("sample/logs"), "logs").code, ExitCode::Malformed);
}

}  // namespace
