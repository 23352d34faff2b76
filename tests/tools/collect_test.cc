#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "migrate/config/definitions.h"
#include "migrate/pseudonym/names.h"
#include "tests/tools/command_line.h"
#include "tools/source/collection.h"
#include "tools/source/fleet.h"

// `tools/collect` on a machine's files laid out below a folder, and what `check` makes of its
// folder.
//
//   scratch/root/etc/broker-1.properties          the configurations
//   scratch/root/var/lib/sample/broker-1/…        the log directories that they name
//   scratch/root/var/lib/zookeeper/version-2      ZooKeeper's
//   scratch/root/opt/libs/kafka_2.13-3.9.1.jar
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using tests::contains;
using tests::contents;
using tests::golden;
using tests::golden_files_in;
using tests::run;
using tools::ExitCode;

struct Shell {
  int code = 0;
  std::string out;
};

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

bool is_installed(const std::string& program) {
  return std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0;
}

// The shells that nodes may have; what is not installed here is left out.
std::vector<std::string> shells() {
  std::vector<std::string> found{"sh"};
  if (is_installed("dash")) found.push_back("dash");
  if (is_installed("busybox")) found.push_back("busybox sh");
  return found;
}

class Machine {
 public:
  // A captured cluster, all of it on one machine.
  explicit Machine(const std::string& captured = "sample/p4-dual-write") {
    const fs::path from = golden(captured);
    for (const auto& entry : fs::directory_iterator(from)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("zk-")) {
        fs::create_directories(root() / "var/lib/zookeeper");
        fs::copy(entry.path() / "version-2", root() / "var/lib/zookeeper/version-2",
                 fs::copy_options::recursive);
        write(root() / "var/lib/zookeeper/myid", "1\n");
        write(root() / "etc/zoo.cfg", "dataDir=/var/lib/zookeeper\nclientPort=2181\n");
      } else if (entry.is_directory()) {
        fs::create_directories(disks());
        fs::copy(entry.path(), disks() / name, fs::copy_options::recursive);
      } else if (name.ends_with(".meta.properties")) {
        const fs::path disk = disks() / name.substr(0, name.find('.'));
        fs::create_directories(disk);
        fs::copy(entry.path(), disk / "meta.properties");
      } else if (name.ends_with(".properties")) {
        fs::create_directories(root() / "etc");
        write(root() / "etc" / name, contents(entry.path()));
      }
    }
    write(root() / "opt/libs/kafka_2.13-3.9.1.jar", "");
    write(root() / "opt/libs/zookeeper-3.8.4.jar", "");
    write(scratch_.path() / "salt", "a salt of more than sixteen bytes");
  }

  fs::path root() const { return scratch_.path() / "root"; }
  fs::path disks() const { return root() / "var/lib/sample"; }
  fs::path etc(const std::string& name) const { return root() / "etc" / name; }
  fs::path out() const { return scratch_.path() / "what was collected"; }
  const fs::path& scratch() const { return scratch_.path(); }

  Shell collect(const std::string& more = "", const std::string& shell = "sh") const {
    const std::string said = (scratch_.path() / "said").string();
    std::string command = shell + " " ZK2KRAFT_SOURCE_DIR "/tools/collect --root '" +
                          root().string() + "' --libs '" + (root() / "opt/libs").string() +
                          "' --salt-file '" + (scratch_.path() / "salt").string() + "' --out '" +
                          out().string() + "'";
    for (const auto& entry : fs::directory_iterator(root() / "etc"))
      command += " --config '" + entry.path().string() + "'";
    const int status = std::system((command + " " + more + " >'" + said + "' 2>&1").c_str());
    return {WEXITSTATUS(status), contents(said)};
  }

 private:
  tests::ScratchFolder scratch_;
};

// Ids, severities and objects of what `check` finds, and the phase.
std::set<std::string> found_by_check(const json& report) {
  std::set<std::string> found{report["phase"].get<std::string>()};
  for (const json& check : report["checks"]) {
    for (const json& finding : check["findings"])
      found.insert(check["id"].get<std::string>() + " " + finding["object"].get<std::string>());
  }
  return found;
}
// A capture says nothing of the software; what tools/collect reads from the jars' names adds the
// known bugs of that release.
std::set<std::string> with_versions(std::set<std::string> found) {
  found.insert("A08 release 3.9.1");
  return found;
}
json check_of(const fs::path& fleet) {
  return json::parse(run({"check", fleet.string(), "--output", "json"}).out);
}

TEST(Collect, MakesASourceOfWhichCheckSaysWhatItSaysOfTheFilesThemselves) {
  for (const std::string captured :
       {"sample/p0-zookeeper", "sample/p3-hybrid-changed", "sample/p4-dual-write",
        "failover/p4-dual-write", "copy_killed/p3-hybrid", "gz/p3-hybrid"}) {
    const Machine machine(captured);
    const Shell ran = machine.collect();
    ASSERT_EQ(ran.code, 0) << captured << ran.out;
    const auto checked = run({"check", machine.out().string(), "--output", "json"});
    const json report = json::parse(checked.out);
    EXPECT_EQ(found_by_check(report), with_versions(found_by_check(check_of(golden(captured)))))
        << captured;
    EXPECT_EQ(checked.err, "") << captured;
  }
}

TEST(Collect, IsTheSameUnderEveryShell) {
  const Machine machine;
  std::string first;
  for (const std::string& shell : shells()) {
    fs::remove_all(machine.out());
    const Shell ran = machine.collect("", shell);
    EXPECT_EQ(ran.code, 0) << shell << ran.out;
    std::string sums;
    const auto collection = tools::read_manifest(machine.out());
    ASSERT_TRUE(collection) << shell;
    for (const auto& file : collection->files) sums += file.path + " " + file.sha256 + "\n";
    if (first.empty()) first = sums;
    EXPECT_EQ(sums, first) << shell;
  }
}

TEST(Collect, LeavesNoSecretInATextFileAndKeepsItsLines) {
  const Machine machine;
  const std::string file = machine.etc("broker-1.properties").string();
  std::ofstream(file, std::ios::app)
      << "ssl.key.password = swordfish-1\n"
         "# old: ssl.keystore.password=swordfish-2\n"
         "#ssl.truststore.password=swordfish-3\n"
         "listener.name.x.plain.sasl.jaas.config=org.apache.kafka.Plain required \\\n"
         "    username=\"kafka\" password=\"swordfish-4\" \\\n"
         "    user_alice=\"swordfish-5\";\n"
         "config.providers.vault.param.token:swordfish-6\r\n"
         "confluent.basic.auth.credentials swordfish-7\n"
         "some.url=https://me:swordfish-8@host/path\n"
         "ssl.keystore.password=${file:/etc/secrets:keystore}\n"
         "password.encoder.iterations=4096\n"
         "after.all=visible\n";
  write(machine.disks() / "logs/server.log",
        "[2026-11-23 08:45:25,253] INFO ssl.key.password = [hidden]\n"
        "[2026-11-23 08:45:25,254] WARN password=hunter2-unseen, id=7\n"
        "[2026-11-23 08:45:25,255] WARN bad value swordfish-1 for it\n");
  const Shell ran = machine.collect("--log-dir '" + (machine.disks() / "logs").string() + "'");
  ASSERT_EQ(ran.code, 0) << ran.out;
  for (const fs::path& each : golden_files_in(machine.out(), "")) {
    if (contains(each.string(), "version-2") || contains(each.string(), "cluster_metadata"))
      continue;
    for (const char* secret : {"swordfish", "hunter2", "token-secret-of-the-sample"})
      EXPECT_FALSE(contains(contents(each), secret)) << each << " holds " << secret;
  }
  const std::string config = contents(machine.out() / "broker-1/server.properties");
  EXPECT_EQ(std::ranges::count(config, '\n'), std::ranges::count(contents(file), '\n'));
  EXPECT_TRUE(contains(config, "ssl.keystore.password=${file:/etc/secrets:keystore}\n")) << config;
  EXPECT_TRUE(contains(config, "password.encoder.iterations=4096\nafter.all=visible\n")) << config;
  const std::string log = contents(machine.out() / "broker-1/logs/server.log");
  EXPECT_TRUE(contains(log, "ssl.key.password = [hidden]\n")) << log;
  EXPECT_TRUE(contains(log, "password=REDACTED, id=7\n")) << log;
}

TEST(Collect, EqualSecretsHaveEqualHashesWithTheSameSaltAlone) {
  const Machine machine;
  const auto hash_in = [&](const std::string& node) {
    const std::string text = contents(machine.out() / node / "server.properties");
    const std::size_t at = text.find("delegation.token.secret.key=");
    return text.substr(at, text.find('\n', at) - at);
  };
  ASSERT_EQ(machine.collect().code, 0);
  EXPECT_EQ(hash_in("broker-1"), hash_in("controller-3000"));
  EXPECT_TRUE(contains(hash_in("broker-1"), migrate::kRedacted));
  const std::string before = hash_in("broker-1");
  fs::remove_all(machine.out());
  write(machine.scratch() / "salt", "another salt, long enough as well");
  ASSERT_EQ(machine.collect().code, 0);
  EXPECT_NE(hash_in("broker-1"), before);
  EXPECT_FALSE(contains(contents(machine.out() / "manifest.jsonl"), "another salt"));
}

// ConfigDef's type PASSWORD, with and without a listener's prefix.
TEST(Collect, KnowsEveryPasswordOfKafkas) {
  const Machine machine;
  std::ofstream file(machine.etc("broker-1.properties"), std::ios::app);
  int number = 0;
  for (const auto& definition : migrate::config_definitions()) {
    if (definition.type != migrate::ConfigType::Password) continue;
    file << definition.name << "=swordfish-" << ++number << "\n";
    file << "listener.name.external." << definition.name << "=swordfish-" << ++number << "\n";
  }
  file.close();
  ASSERT_GT(number, 10);
  ASSERT_EQ(machine.collect().code, 0);
  EXPECT_FALSE(contains(contents(machine.out() / "broker-1/server.properties"), "swordfish"));
}

TEST(Collect, SaysWhichBinaryFilesHoldSecrets) {
  const Machine machine;
  ASSERT_EQ(machine.collect().code, 0);
  const auto collection = tools::read_manifest(machine.out());
  ASSERT_TRUE(collection);
  std::set<std::string> held;
  for (const auto& file : collection->files) {
    if (file.secrets != "held") continue;
    held.insert(file.path);
    if (file.path == "zookeeper-1/version-2/log.1") {
      EXPECT_TRUE(contains(*file.holds, "SCRAM credentials")) << *file.holds;
    }
  }
  EXPECT_EQ(held,
            (std::set<std::string>{
                "controller-3000/log-dir-1/__cluster_metadata-0/00000000000000000000.log",
                "controller-3000/log-dir-1/bootstrap.checkpoint", "zookeeper-1/version-2/log.1"}));
}

TEST(Collect, ListsWhatLiesInLogDirectories) {
  const Machine machine;
  write(machine.disks() / "broker-1/orders-0/00000000000000000000.log", "0123456789");
  write(machine.disks() / "broker-1/orders-0/partition.metadata",
        "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ");
  fs::create_directories(machine.disks() /
                         "broker-1/logs-1.0123456789abcdef0123456789abcdef-delete");
  fs::create_directories(machine.disks() / "broker-1/lost+found");
  ASSERT_EQ(machine.collect().code, 0);
  EXPECT_EQ(contents(machine.out() / "broker-1/log-dir-1/partitions"),
            "0\t-\tlogs-1.0123456789abcdef0123456789abcdef-delete\n"
            "53\tAAAAAAAAAAAAAAAAAAAAAQ\torders-0\n");
}

TEST(Collect, TakesTheNewestSnapshotsAndEveryLogSince) {
  const Machine machine;
  const fs::path folder = machine.root() / "var/lib/zookeeper/version-2";
  for (const char* name : {"snapshot.a", "snapshot.1f", "snapshot.100", "snapshot.2ff", "log.9",
                           "log.20", "log.f0", "log.101", "log.300", "snapshot.2ff.tmp"})
    write(folder / name, "");
  const auto version_2 = [&] {
    std::set<std::string> names;
    for (const auto& each : fs::directory_iterator(machine.out() / "zookeeper-1/version-2"))
      names.insert(each.path().filename().string());
    return names;
  };
  ASSERT_EQ(machine.collect().code, 0);
  EXPECT_EQ(version_2(),
            (std::set<std::string>{"snapshot.1f", "snapshot.100", "snapshot.2ff", "log.9", "log.20",
                                   "log.f0", "log.101", "log.300"}));
  fs::remove_all(machine.out());
  ASSERT_EQ(machine.collect("--all").code, 0);
  EXPECT_EQ(version_2().size(), 11U);
}

TEST(Collect, TakesCommittedOffsetsWhenAskedAndNotOtherwise) {
  const Machine machine("sample/p4-dual-write");
  const fs::path groups = golden("offsets/killed/data");
  fs::path log_directory;
  for (const auto& entry : fs::recursive_directory_iterator(machine.disks())) {
    const bool of_broker = contains(entry.path().string(), "broker-1");
    if (of_broker && entry.path().filename() == "meta.properties")
      log_directory = entry.path().parent_path();
  }
  ASSERT_FALSE(log_directory.empty());
  for (const auto& entry : fs::directory_iterator(groups)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("__consumer_offsets-") || name == "replication-offset-checkpoint")
      fs::copy(entry.path(), log_directory / name, fs::copy_options::recursive);
  }
  fs::create_directories(log_directory / "__consumer_offsets-9.0123-delete");
  std::ofstream(log_directory / "__consumer_offsets-3/00000000000000000000.index") << "an index";
  ASSERT_EQ(machine.collect().code, 0);
  EXPECT_EQ(run({"inspect", "--groups", machine.out().string()}).code, ExitCode::Malformed);
  fs::remove_all(machine.out());
  const Shell ran = machine.collect("--offsets");
  ASSERT_EQ(ran.code, 0) << ran.out;
  const auto equal = run({"diff", "--offsets", log_directory.string(), machine.out().string()});
  EXPECT_TRUE(contains(equal.out, "verdict: good")) << equal.out << equal.err;
  EXPECT_TRUE(tests::golden_files_in(machine.out(), ".index").empty());
  const auto checked = run({"check", machine.out().string(), "--output", "json"});
  EXPECT_EQ(checked.err, "");
}

// The log cleaner merges two segments into the first while the folder is copied: the second is
// gone, and what it said stands in a file that had been copied before.
TEST(Collect, SegmentsThatAreMergedMeanwhileAreCopiedAnew) {
  for (const std::string& shell : shells()) {
    const Machine machine;
    const fs::path partition = machine.disks() / "broker-1/__consumer_offsets-0";
    ASSERT_TRUE(fs::is_directory(partition.parent_path()));
    for (const char* segment :
         {"00000000000000000000.log", "00000000000000000007.log", "00000000000000000009.log"})
      write(partition / segment, segment);
    write(machine.scratch() / "bin/cp",
          "#!/bin/sh\nPATH=${PATH#*:}\ncp \"$@\" || exit\ncase $2 in\n"
          "*/__consumer_offsets-0/00000000000000000007.log)\n"
          "  echo merged >\"${2%/*}/00000000000000000000.log\"\n"
          "  rm -f \"$2\" \"${2%/*}/00000000000000000009.log\" ;;\nesac\n");
    fs::permissions(machine.scratch() / "bin/cp", fs::perms::owner_all);
    const Shell ran = machine.collect(
        "--offsets", "PATH='" + (machine.scratch() / "bin").string() + "':$PATH " + shell);
    EXPECT_EQ(ran.code, 0) << shell << ": " << ran.out;
    const auto copied = golden_files_in(machine.out(), ".log");
    const auto of_groups = [](const fs::path& file) {
      return contains(file.parent_path().string(), "__consumer_offsets-0");
    };
    ASSERT_EQ(std::ranges::count_if(copied, of_groups), 1) << shell;
    EXPECT_EQ(contents(*std::ranges::find_if(copied, of_groups)), "merged\n") << shell;
    EXPECT_FALSE(contains(contents(machine.out() / "manifest.jsonl"), "00000000000000000007.log"));
  }
}

TEST(Collect, WritesNothingIntoAServersFoldersNorOverWhatIsThere) {
  const Machine machine;
  const Shell inside =
      machine.collect("--out '" + (machine.disks() / "broker-1/collected").string() + "'");
  EXPECT_EQ(inside.code, 3);
  EXPECT_TRUE(contains(inside.out, "belongs to a server")) << inside.out;
  write(machine.out() / "mine", "");
  const Shell over = machine.collect();
  EXPECT_EQ(over.code, 3);
  EXPECT_TRUE(contains(over.out, "not empty")) << over.out;
  EXPECT_FALSE(fs::exists(machine.disks() / "broker-1/collected"));
}

// A process that looks like a broker's, for as long as this lives.
class RunningBroker {
 public:
  RunningBroker(const fs::path& folder, const std::string& words) {
    const std::string pid = (folder / "pid").string();
    const std::string command =
        "cd '" + folder.string() + "' && exec -a java bash -c 'sleep 60; :' " + words;
    (void)!std::system(
        ("bash -c \"" + command + "\" >/dev/null 2>&1 & echo $! >'" + pid + "'").c_str());
    pid_ = std::stoi(contents(pid));
  }
  RunningBroker(const RunningBroker&) = delete;
  RunningBroker& operator=(const RunningBroker&) = delete;
  ~RunningBroker() { ::kill(pid_, SIGTERM); }

 private:
  int pid_ = 0;
};

// What a running process was told besides its file counts as it counts for Kafka.
TEST(Collect, FindsARunningBrokerWithTheOverridesOfItsCommandLine) {
  const tests::ScratchFolder scratch;
  write(scratch.path() / "server.properties",
        "broker.id=4711\nzookeeper.connect=zk:2181\nlog.dirs=/nowhere\n");
  write(scratch.path() / "data/meta.properties", "version=0\nbroker.id=4712\n");
  const RunningBroker broker(
      scratch.path(),
      "-Dzookeeper.client.secure=true -cp libs kafka.Kafka server.properties "
      "--override broker.id=4712 --override log.dirs=" +
          (scratch.path() / "data").string() + " --override ssl.key.password=so-secret");
  const fs::path out = scratch.path() / "out";
  const std::string command =
      "sh " ZK2KRAFT_SOURCE_DIR "/tools/collect --out '" + out.string() + "' >/dev/null 2>&1";
  for (int attempt = 0; attempt < 50 && !fs::exists(out / "broker-4712"); ++attempt) {
    fs::remove_all(out);
    (void)!std::system(command.c_str());
  }
  ASSERT_TRUE(fs::exists(out / "broker-4712/log-dir-1/meta.properties"));
  EXPECT_FALSE(contains(contents(out / "broker-4712/overrides.properties"), "so-secret"));
  const auto seen = tools::open_fleet({(out / "broker-4712").string()}, {});
  ASSERT_TRUE(seen.has_value());
  const migrate::NodeConfig& config = *seen->facts.nodes.front().config;
  EXPECT_EQ(config.node_id(), 4712);
  EXPECT_EQ(config.log_dirs(), std::vector<std::string>{(scratch.path() / "data").string()});
  EXPECT_TRUE(config.flag("zookeeper.ssl.client.enable"));
}

TEST(Collect, SaysWhatIsMissingAndLeavesTheRest) {
  const Machine machine;
  fs::remove_all(machine.disks() / "broker-2");
  const Shell ran = machine.collect();
  EXPECT_EQ(ran.code, 2);
  EXPECT_TRUE(contains(ran.out, "broker-2: there is no such log directory")) << ran.out;
  const auto checked = run({"check", machine.out().string(), "--output", "json"});
  EXPECT_TRUE(contains(checked.out, "was not collected: there is no such log directory"));
}

TEST(Collect, LeavesNothingHalfWrittenAndADryRunNothingAtAll) {
  const Machine machine;
  const Shell dry = machine.collect("--dry-run");
  EXPECT_EQ(dry.code, 0);
  EXPECT_TRUE(contains(dry.out, "zookeeper-1/version-2/log.1")) << dry.out;
  for (const char* wrong :
       {"--logs many", "--role king", "--no-such-option", "--salt-file /dev/null"})
    EXPECT_EQ(machine.collect(wrong).code, 3) << wrong;
  for (const auto& entry : fs::directory_iterator(machine.scratch()))
    EXPECT_FALSE(contains(entry.path().filename().string(), "collected")) << entry.path();
  ASSERT_EQ(machine.collect("--tar").code, 0);
  EXPECT_TRUE(fs::exists(machine.out().string() + ".tar"));
  EXPECT_FALSE(fs::exists(machine.out()));
  const auto checked = run({"check", machine.out().string() + ".tar"});
  EXPECT_EQ(checked.code, ExitCode::Usage);
  EXPECT_TRUE(contains(checked.err, "tar -xf")) << checked.err;
}

class Collected : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(machine.collect().code, 0); }
  tests::Ran check() const { return run({"check", machine.out().string()}); }
  Machine machine;
};

TEST_F(Collected, AChangedFileIsFoundByItsChecksum) {
  const fs::path file = machine.out() / "zookeeper-1/version-2/log.1";
  std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
  stream.seekp(-1, std::ios::end);
  stream.put('x');
  stream.close();
  const auto ran = check();
  EXPECT_EQ(ran.code, ExitCode::Malformed);
  EXPECT_TRUE(contains(ran.err, "log.1: its SHA-256 is ")) << ran.err;
}

TEST_F(Collected, AFileThatIsGoneIsNamed) {
  fs::remove(machine.out() / "broker-1/version");
  const auto ran = check();
  EXPECT_EQ(ran.code, ExitCode::Malformed);
  EXPECT_TRUE(contains(ran.err, "broker-1/version: the manifest names this file")) << ran.err;
}

TEST_F(Collected, AnAddedFileIsDoubted) {
  write(machine.out() / "broker-1/extra", "");
  const auto ran = check();
  EXPECT_EQ(ran.code, ExitCode::Unknown);
  EXPECT_TRUE(contains(ran.out, "broker-1/extra is not named by the manifest")) << ran.out;
}

TEST_F(Collected, ADamagedManifestIsMalformedWithItsLine) {
  std::ofstream(machine.out() / "manifest.jsonl", std::ios::app) << "{\n";
  const auto ran = check();
  EXPECT_EQ(ran.code, ExitCode::Malformed);
  EXPECT_TRUE(contains(ran.err, "manifest.jsonl:")) << ran.err;
  std::ofstream(machine.out() / "manifest.jsonl")
      << R"({"kind":"collection","format":1,"tool":"t"})" << "\n"
      << R"({"kind":"file","path":"../../etc/passwd"})" << "\n";
  EXPECT_TRUE(contains(check().err, "names no file of this folder"));
}

TEST_F(Collected, OtherVerbsFindTheStoreThatTheyNeed) {
  const std::string fleet = machine.out().string();
  const auto diff = run({"diff", "--from", fleet, "--to", fleet});
  const auto named =
      run({"diff", "--from", fleet + "/zookeeper-1", "--to", fleet + "/controller-3000/log-dir-1"});
  EXPECT_EQ(diff.code, named.code) << diff.err;
  EXPECT_EQ(diff.out, named.out);
  const auto inspect = run({"inspect", fleet});
  EXPECT_EQ(inspect.code, ExitCode::Usage);
  EXPECT_TRUE(contains(inspect.err, "holds both stores")) << inspect.err;
}

TEST(Fleet, OfSeveralControllersTheOneWhoseLogEndsLastIsMeant) {
  const std::string fleet = golden("failover/p3-after-failover").string();
  const auto ran = run({"diff", "--from", fleet, "--to", fleet, "--output", "json"});
  EXPECT_FALSE(contains(ran.out, "controller-3000")) << "its log ends early";
  EXPECT_TRUE(contains(ran.out, "controller-3001")) << ran.out << ran.err;
}

// As Ansible fetches them: a folder for each machine.
TEST_F(Collected, SeveralMachinesAreOneCluster) {
  const fs::path fleet = machine.scratch() / "fleet";
  fs::create_directories(fleet);
  fs::rename(machine.out(), fleet / "host-1");
  const auto report = check_of(fleet);
  EXPECT_EQ(found_by_check(report),
            with_versions(found_by_check(check_of(golden("sample/p4-dual-write")))));
}

}  // namespace
