#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "sim/kernel/occurrence.h"
#include "sim/kernel/world.h"
#include "zk/gateway.h"
#include "zk/live/client.h"
#include "zk/live/connect_options.h"

// Stands outside of a world behind its zk::Gateway: hears what the gateway asks for, asks a running ensemble through the
// C client, and tells the gateway what comes back. All decisions are made inside; nothing is retried here.
namespace scenarios::live {

class LiveEnsemble : public sim::Observer {
 public:
  // What became of sessions, for the account of a run.
  struct Counts {
    std::uint64_t sessions = 0;
    std::uint64_t expired = 0;
    std::uint64_t connections_lost = 0;
    std::uint64_t requests = 0;
  };
  // Told of each session that is made, lost, found again or over, in words.
  using Tell = std::function<void(const std::string& what)>;

  // `session_timeout` of `options` is not used: each client of the world asks for its own.
  LiveEnsemble(zk::live::ConnectOptions options, sim::NodeId gateway, Tell tell);
  ~LiveEnsemble() override;
  LiveEnsemble(const LiveEnsemble&) = delete;
  LiveEnsemble& operator=(const LiveEnsemble&) = delete;

  // While the world runs: does what its gateway asks for.
  void on(const sim::Occurrence& occurrence, const sim::World& world) override;
  // Tells the gateway what has come; true if anything has. Between two runs of the world.
  bool deliver(sim::World& world);
  // Until something comes, or the time is over.
  void wait(std::chrono::microseconds limit);
  // Ends all sessions, and with them their ephemerals.
  void close();

  const Counts& counts() const { return counts_; }

 private:
  struct Session {
    // Until it stands: to connect may take seconds, and the world goes on meanwhile.
    std::future<sim::Expected<zk::live::Client>> opening;
    std::optional<zk::live::Client> client;
    std::string who;  // of the world's nodes
    bool connected = true;
  };

  void want(const zk::SessionWanted& wanted, std::string who);
  bool deliver(sim::World& world, zk::GatewayTicket ticket, Session& session);
  void take(sim::World& world, zk::GatewayTicket ticket, Session& session, zk::ClientEvent event);
  void tell_state(Session& session, zk::SessionState state);
  void arrived();

  zk::live::ConnectOptions options_;
  sim::NodeId gateway_;
  Tell tell_;
  Counts counts_;
  std::map<zk::GatewayTicket, Session> sessions_;
  std::mutex mutex_;
  std::condition_variable something_arrived_;
  bool arrived_ = false;
};

}  // namespace scenarios::live
