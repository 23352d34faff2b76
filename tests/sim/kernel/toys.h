#pragma once

#include <cstdint>
#include <optional>

#include "sim/kernel/world.h"

// Small cores that behave like real ones: connections that are opened again, logs that are synced
// before they are acknowledged, deadlines that move.
namespace sim::toys {

struct Ping {
  std::uint64_t n = 0;
  static constexpr std::string_view kName = "toy.Ping";
  static constexpr auto fields(auto&& visit) { return visit(field("n", &Ping::n)); }
};
struct Pong {
  std::uint64_t n = 0;
  static constexpr std::string_view kName = "toy.Pong";
  static constexpr auto fields(auto&& visit) { return visit(field("n", &Pong::n)); }
};
struct Acknowledged {
  std::uint64_t n = 0;
  static constexpr std::string_view kName = "toy.Acknowledged";
  static constexpr std::string_view kRule = "README.md of sim/kernel";
  static constexpr auto fields(auto&& visit) { return visit(field("n", &Acknowledged::n)); }
};

constexpr File kLog{0};

// Sends numbers to a keeper, one at a time, over a connection that it opens again when it is lost.
class Client {
 public:
  Client(Instant now, NodeId self, NodeId keeper) : self_(self), keeper_(keeper), deadline_(now) {}
  Effects step(Instant now, Input input, Choices& choices) {
    Effects effects;
    if (std::holds_alternative<Wake>(input)) {
      connection_ = {self_, ++serial_};
      effects.push_back(Connect{kMainLane, connection_, keeper_});
      deadline_.reset();
    } else if (std::holds_alternative<Connected>(input)) {
      send(effects);
    } else if (const auto* const received = std::get_if<Received>(&input)) {
      acknowledged = received->message.as<Pong>().n;
      effects.push_back(Notify{Payload::of(Acknowledged{acknowledged})});
      send(effects);
    } else if (std::holds_alternative<Disconnected>(input)) {
      deadline_ = now + choices.uniform(Site{"toy.retry"}, self_.value(), Duration(1'000'000),
                                        Duration(100'000'000));
    }
    return effects;
  }
  std::optional<Instant> deadline() const { return deadline_; }
  void digest_into(Digest& digest) const {
    digest.add(acknowledged);
    sim::digest_into(digest, connection_);
    sim::digest_into(digest, deadline_);
  }

  std::uint64_t acknowledged = 0;

 private:
  void send(Effects& effects) {
    effects.push_back(Send{kMainLane, keeper_, connection_, Payload::of(Ping{acknowledged + 1})});
  }
  NodeId self_;
  NodeId keeper_;
  ConnectionId connection_;
  std::uint32_t serial_ = 0;
  std::optional<Instant> deadline_;
};

// Writes numbers to its log and acknowledges what is durable.
class Keeper {
 public:
  explicit Keeper(const Durable& disk) {
    const FileContent& log = disk.at(kLog);
    if (!log.entries.empty()) kept = log.entries.back().as<Ping>().n;
  }
  Effects step(Instant /*now*/, Input input, Choices& /*choices*/) {
    Effects effects;
    const auto* const received = std::get_if<Received>(&input);
    if (received == nullptr) return effects;
    const std::uint64_t n = received->message.as<Ping>().n;
    if (n > kept) {
      kept = n;
      effects.push_back(Append{kLog, received->message});
      if (n > 100) effects.push_back(DropBefore{kLog, n - 100});
    }
    effects.push_back(Sync{kMainLane, kLog});
    effects.push_back(Send{kMainLane, received->from, received->over, Payload::of(Pong{n})});
    return effects;
  }
  std::optional<Instant> deadline() const { return std::nullopt; }
  void digest_into(Digest& digest) const { digest.add(kept); }

  std::uint64_t kept = 0;
};

// Three clients, each with a keeper: "client-1" … "keeper-3".
inline World clients_and_keepers(std::uint64_t seed) {
  // A slow disk: few events a second, so that properties can afford many worlds.
  World world(seed, {.fsync = Distribution::uniform(Duration(10'000'000), Duration(30'000'000))});
  for (std::uint32_t pair = 0; pair < 3; ++pair) {
    const NodeId client{2 * pair};
    const NodeId keeper{2 * pair + 1};
    world.add<Client>("client-" + std::to_string(pair + 1),
                      [client, keeper](Instant now, const Durable&, Incarnation) {
                        return Client(now, client, keeper);
                      });
    world.add<Keeper>("keeper-" + std::to_string(pair + 1),
                      [](Instant, const Durable& disk, Incarnation) { return Keeper(disk); });
  }
  return world;
}

}  // namespace sim::toys
