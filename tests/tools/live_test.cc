#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "tests/support/zookeeper_server.h"
#include "tests/tools/command_line.h"
#include "zk/live/client.h"

// Ensembles that do not let everyone in, each a real server: what a person is told to do.
namespace tools {
namespace {

namespace fs = std::filesystem;
using tests::contains;
using tests::run;

class GuardedServer : public testing::Test {
 protected:
  void SetUp() override {
    if (!tests::ZooKeeperServer::is_installed())
      GTEST_SKIP() << "needs the Debian package zookeeper";
  }
  std::unique_ptr<tests::ZooKeeperServer> start(const tests::ZooKeeperServer::Options& options) {
    return std::make_unique<tests::ZooKeeperServer>(scratch_.copy_of("sample/p3-hybrid/zk-1", "zk"),
                                                    options);
  }
  tests::ScratchFolder scratch_;
};

TEST_F(GuardedServer, ThatDemandsSaslPointsToItsFiles) {
  const auto server =
      start({.class_path = "",
             .more_config =
                 "sessionRequireClientSASLAuth=true\n"
                 "authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider\n"});
  const auto ran = run({"inspect", server->address()});
  EXPECT_EQ(ran.code, ExitCode::Malformed);
  EXPECT_TRUE(contains(ran.err, "demand SASL")) << ran.err;
  EXPECT_TRUE(contains(ran.err, "snapshot.* files of <dataDir>/version-2 and the log.* files"))
      << ran.err;
}

// A port that speaks TLS. The server has a plain port as well, by which it is known when it is ready.
TEST_F(GuardedServer, ThatSpeaksTlsPointsToItsFiles) {
  std::string class_path = "/usr/share/java/zookeeper.jar";
  for (const char* part : {"buffer", "codec", "common", "handler", "resolver", "transport",
                           "transport-native-unix-common", "transport-native-epoll"}) {
    const std::string jar = std::string("/usr/share/java/netty-") + part + ".jar";
    if (!fs::exists(jar)) GTEST_SKIP() << "needs the Debian package libnetty-java";
    class_path += ":" + jar;
  }
  const fs::path keys = scratch_.path() / "keys.p12";
  const std::string make =
      "keytool -genkeypair -alias server -keyalg RSA -validity 2 -dname CN=localhost -storetype "
      "PKCS12"
      " -storepass changeit -keystore " +
      keys.string() + " >/dev/null 2>&1";
  if (std::system(make.c_str()) != 0) GTEST_SKIP() << "needs keytool, of a Java runtime";
  const std::uint16_t port = tests::free_port();
  const auto server =
      start({.class_path = class_path,
             .more_config =
                 "secureClientPort=" + std::to_string(port) +
                 "\nsecureClientPortAddress=127.0.0.1\n"
                 "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\n"
                 "ssl.clientAuth=none\nssl.keyStore.password=changeit\nssl.keyStore.location=" +
                 keys.string() + "\n"});
  const auto ran = run({"inspect", "127.0.0.1:" + std::to_string(port)});
  EXPECT_EQ(ran.code, ExitCode::Malformed);
  EXPECT_TRUE(contains(ran.err, "speaks TLS (a secureClientPort)")) << ran.err;
  EXPECT_TRUE(contains(ran.err, "snapshot.* files of <dataDir>/version-2 and the log.* files"))
      << ran.err;
}

TEST_F(GuardedServer, ShowsProtectedZnodesToWhoHasTheCredentials) {
  const auto server = start({});
  const std::string kProtected = "/config/topics";
  {
    auto owner = zk::live::Client::open(
        {.hosts = server->address(), .chroot = "", .digest_auth = "kafka:secret"});
    ASSERT_TRUE(owner) << sim::describe(owner.error());
    const auto ask = [&](zk::Request request) {
      owner->submit(zk::CallId(1), std::move(request));
      for (;;) {
        const auto event = owner->next(std::chrono::seconds(30));
        ASSERT_TRUE(event);
        if (const auto* const reply = std::get_if<zk::Reply>(&*event)) {
          EXPECT_EQ(reply->response.error, zk::ErrorCode::Ok);
          return;
        }
      }
    };
    // "auth" stands for whoever asks: the server writes digest:kafka:<hash>.
    ask(zk::SetAcl{.path = kProtected, .acl = {{zk::kAllPerms, "auth", ""}}});
  }
  const auto stranger = run({"inspect", server->address()});
  EXPECT_EQ(stranger.code, ExitCode::Unknown) << stranger.out;
  EXPECT_TRUE(contains(stranger.out, kProtected + " could not be read")) << stranger.out;
  EXPECT_TRUE(contains(stranger.out, "--auth digest:USER:PASSWORD")) << stranger.out;

  const auto owner = run({"inspect", "--auth", "digest:kafka:secret", server->address()});
  EXPECT_EQ(owner.code, ExitCode::Good) << owner.out << owner.err;
  std::ofstream(scratch_.path() / "auth") << "kafka:secret\n";
  const std::string from_file = "digest:@" + (scratch_.path() / "auth").string();
  EXPECT_EQ(run({"inspect", "--auth", from_file, server->address()}).out, owner.out);
  const auto other = run({"inspect", "--auth", "digest:kafka:wrong", server->address()});
  EXPECT_EQ(other.code, ExitCode::Unknown) << other.out;
}

TEST(Credentials, AreDigestAndWellFormed) {
  const auto sasl = run({"inspect", "--auth", "sasl:kafka", "127.0.0.1:1"});
  EXPECT_EQ(sasl.code, ExitCode::Usage);
  EXPECT_TRUE(contains(sasl.err, "only the scheme digest")) << sasl.err;
  EXPECT_TRUE(contains(sasl.err, "snapshot.*")) << sasl.err;
  for (const char* auth : {"digest:", "digest:kafka", "digest::secret", "digest:@/no/such/file"}) {
    const auto ran = run({"inspect", "--auth", auth, "127.0.0.1:1"});
    EXPECT_EQ(ran.code, ExitCode::Usage) << auth;
    EXPECT_TRUE(contains(ran.err, "USER:PASSWORD")) << ran.err;
  }
}

TEST(DataLogDir, HoldsTheLogsOfAServerThatKeepsThemApart) {
  const tests::ScratchFolder scratch;
  const fs::path whole = tests::golden("sample/p3-hybrid/zk-1");
  const fs::path data = scratch.copy_of("sample/p3-hybrid/zk-1", "data");
  const fs::path logs = scratch.path() / "logs" / "version-2";
  fs::create_directories(logs);
  for (const auto& file : fs::directory_iterator(data / "version-2")) {
    if (file.path().filename().string().starts_with("log."))
      fs::rename(file.path(), logs / file.path().filename());
  }
  const auto canonical = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"inspect", "--canonical"});
    return run(words);
  };
  const auto expected = canonical({whole.string()});
  EXPECT_GT(expected.out.size(), 1000u);
  for (const fs::path& dir : {logs, logs.parent_path()}) {
    const auto ran = canonical({"--data-log-dir", dir.string(), data.string()});
    EXPECT_EQ(ran.code, ExitCode::Good) << ran.err;
    EXPECT_EQ(ran.out, expected.out);
    EXPECT_EQ(canonical({"--at", "claim", "--data-log-dir", dir.string(), data.string()}).out,
              canonical({"--at", "claim", whole.string()}).out);
  }
  EXPECT_EQ(canonical({"--data-log-dir", (scratch.path() / "none").string(), data.string()}).code,
            ExitCode::Usage);
  EXPECT_EQ(canonical({"--data-log-dir", logs.string(), "127.0.0.1:1"}).code, ExitCode::Usage);
}

}  // namespace
}  // namespace tools
