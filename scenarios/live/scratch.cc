#include "scenarios/live/scratch.h"

#include <fmt/format.h>

#include <thread>
#include <utility>

#include "zk/live/client.h"
#include "zk/live/read_tree.h"
#include "zk/paths.h"
#include "zk/znodes.h"

namespace scenarios::live {
namespace {

using std::chrono::milliseconds;

std::string address(const zk::live::ConnectOptions& options) {
  return options.hosts + options.chroot;
}

sim::Problem no_marker(const zk::live::ConnectOptions& options, std::string what) {
  return {.severity = sim::Severity::Usage,
          .place = {.source = address(options) + std::string(kMarkerPath)},
          .what = std::move(what),
          .remedy = fmt::format("This verb overwrites what a cluster keeps there. If this is an "
                                "ensemble to be played with, say so "
                                "in it: zkCli.sh -server {} create {} {}",
                                address(options), kMarkerPath, kMarkerContent)};
}

// Puts a registration into our own copy of the tree, for those who begin with what is registered.
void add_registration(zk::Database& database, sim::BrokerId id, const zk::BrokerZnode& znode) {
  const zk::Zxid last = database.tree.last_processed_zxid();
  database.apply({.zxid = zk::Zxid::of(last.epoch(), last.counter() + 1)},
                 zk::CreateTxn{.path = zk::paths::broker(id),
                               .data = zk::encode(znode),
                               .acl = zk::open_acl_unsafe(),
                               .parent_cversion = zk::ChildVersion(-1)});
}

zk::BrokerZnode invented_registration(sim::BrokerId id) {
  zk::BrokerZnode znode;
  znode.endpoints.push_back({.listener = "PLAINTEXT",
                             .security_protocol = sim::SecurityProtocol::Plaintext,
                             .host = fmt::format("broker-{}", id.value()),
                             .port = 9092});
  return znode;
}

}  // namespace

sim::Expected<void> check_marker(const zk::live::ConnectOptions& options) {
  auto client = zk::live::Client::open(options);
  if (!client) return std::unexpected(std::move(client).error());
  const zk::CallId call(1);
  client->submit(call, zk::GetData{std::string(kMarkerPath)});
  std::optional<zk::Response> response;
  while (!response) {
    auto event = client->next(options.session_timeout);
    if (!event) {
      return sim::refused(sim::Severity::Malformed, address(options),
                          "the ensemble does not answer.", "Has it a quorum?");
    }
    if (auto* const reply = std::get_if<zk::Reply>(&*event)) response = std::move(reply->response);
  }
  if (response->error == zk::ErrorCode::NoNode)
    return std::unexpected(no_marker(options, "nothing there says that it may be written to."));
  if (!response->ok()) {
    return sim::refused(sim::Severity::Unknown, address(options) + std::string(kMarkerPath),
                        fmt::format("it cannot be read: {}.", zk::name_of(response->error)),
                        "Give credentials that may: --auth digest:USER:PASSWORD.");
  }
  const auto& got = std::get<zk::GotData>(response->result);
  if (got.data != kMarkerContent) {
    return std::unexpected(
        no_marker(options, fmt::format("it does not hold the words {}.", kMarkerContent)));
  }
  return {};
}

sim::Expected<zk::Tree> read_whole(const zk::live::ConnectOptions& options) {
  auto read = zk::live::read_tree({.connect = options});
  if (!read) return std::unexpected(std::move(read).error());
  if (!read->unreadable.empty()) {
    return sim::refused(
        sim::Severity::Unknown, address(options) + read->unreadable.front().path,
        fmt::format("it may not be read: {}.", zk::name_of(read->unreadable.front().error)),
        "Give credentials that may read and write everything: --auth digest:USER:PASSWORD.");
  }
  if (!read->consistent) {
    return sim::refused(sim::Severity::Unknown, address(options),
                        "the ensemble never rests: somebody else is writing to it.",
                        "Stop whoever that is.");
  }
  return std::move(read->tree);
}

sim::Expected<FoundCluster> find_cluster(const zk::live::ConnectOptions& options,
                                         std::chrono::seconds patience,
                                         const std::function<void(const std::string&)>& tell,
                                         const std::function<bool()>& interrupted) {
  FoundCluster found;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  bool told = false;
  while (true) {
    auto tree = read_whole(options);
    if (!tree) return std::unexpected(std::move(tree).error());
    found.tree = *std::move(tree);
    found.view = zk::cluster_view(found.tree, "");
    if (!found.view.cluster_id) {
      return sim::refused(sim::Severity::Unknown, address(options),
                          "there is no Kafka cluster: /cluster/id is missing.",
                          "Name the chroot that it lives under: --zk HOST:PORT/kafka. To fill an "
                          "ensemble, start its "
                          "servers on copies of a data directory.");
    }
    for (const auto& [id, broker] : found.view.brokers) found.registered.emplace(id, broker);
    const bool controller_lives = found.view.controller && found.view.controller->ephemeral;
    if (found.view.brokers.empty() && !controller_lives) return found;
    if (std::chrono::steady_clock::now() > deadline || interrupted()) break;
    if (!std::exchange(told, true)) {
      tell(fmt::format("{} brokers are registered; waiting until their sessions are over",
                       found.view.brokers.size()));
    }
    std::this_thread::sleep_for(milliseconds(500));
  }
  return sim::refused(
      sim::Severity::Usage, address(options) + std::string(zk::paths::kBrokerIds),
      "brokers live on this ensemble: their sessions do not end.",
      "Stop them, or take another ensemble; with a session timeout above a minute, wait longer: "
      "--wait 5m.");
}

sim::Expected<Initial> initial_of(const FoundCluster& found, const std::string& described,
                                  std::optional<std::string> password_secret) {
  SourceTree source{.database = {.tree = found.tree, .session_timeouts_ms = {}},
                    .root = "",
                    .described = described,
                    .password_secret = std::move(password_secret),
                    .at_claim = true,
                    .log_dirs = {}};
  const zk::TreeImage image = zk::zk_to_image(found.tree, "", {});
  for (const auto& [id, broker] : found.registered)
    add_registration(source.database, id, broker.znode);
  for (const sim::BrokerId id : image.report.brokers_named) {
    if (!found.registered.contains(id))
      add_registration(source.database, id, invented_registration(id));
  }
  auto initial = initial_from_source(std::move(source));
  if (!initial) return initial;
  for (InitialBroker& broker : initial->brokers) {
    broker.session = zk::kNoSession;
    broker.zk_epoch = sim::BrokerEpoch(-1);
  }
  initial->wall_clock_at_zero_ms =
      std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  return initial;
}

}  // namespace scenarios::live
